"""Several objectives: dominance, hypervolume, MO-CMA-ES."""

import numpy as np
import pytest

from es import state
from es.mocma import MOCMAES
from es.pareto import best_rows, fronts, hypervolume, keep_by_volume
from tests.es.table import rotation


def two_ellipsoids(x, n=5, condition=1e3):
    """ELLI of the paper: the Pareto set is the line between 0 and the first rotated axis, f_1^(1/2) + f_2^(1/2) = 1."""
    weights = condition ** (np.arange(n) / (n - 1))
    y = x @ rotation(n).T
    other = y.copy()
    other[..., 0] -= 1.0
    return np.stack([(weights * y**2).sum(-1), (weights * other**2).sum(-1)], axis=-1)


def go(opt, f, count):
    for _ in range(count):
        x = opt.ask()
        opt.tell(x, f(x))
    return opt


def test_fronts():
    f = np.array([[1.0, 4], [2, 2], [4, 1], [3, 3], [5, 5], [2, 2]])
    np.testing.assert_array_equal(fronts(f), [0, 0, 0, 1, 2, 0])


def test_hypervolume_by_counting():
    rng = np.random.default_rng(0)
    for m in (1, 2, 3, 4):
        f, points = rng.random((7, m)), rng.random((200_000, m))
        inside = (points[:, None] >= f[None]).all(-1).any(-1).mean()
        assert hypervolume(f, np.ones(m)) == pytest.approx(inside, abs=5e-3)
    assert hypervolume(np.full((1, 2), 2.0), np.ones(2)) == 0


def test_least_contributor_goes_first():
    f = np.array([[0.0, 3], [1, 1.5], [1.1, 1.4], [3, 0]])
    assert set(keep_by_volume(f, 3)) in ({0, 1, 3}, {0, 2, 3})
    assert set(best_rows(np.vstack([f, [[9.0, 9.0]]]), 4)) == {0, 1, 2, 3}


def test_reaches_the_front_of_rotated_ellipsoids():
    opt = go(MOCMAES(np.full(5, 1.0), 1.0, popsize=20, rng=1), two_ellipsoids, 600)
    front = opt.result.fun
    assert len(front) == 20 and opt.result.nfev == 12_000
    np.testing.assert_allclose(np.sqrt(front).sum(1), 1.0, atol=1e-2)
    assert np.median(np.sqrt(front).sum(1)) < 1.001
    best = np.linspace(0, 1, 20)
    ideal = hypervolume(np.stack([best**2, (1 - best) ** 2], axis=1), np.ones(2))
    assert hypervolume(front, np.ones(2)) > 0.99 * ideal


def test_bounds_and_failures():
    def f(x):
        assert (x >= 0.25).all() and (x <= 2).all()
        return np.where(x[:, :1] > 1.5, np.nan, two_ellipsoids(x))

    opt = go(MOCMAES(np.full(5, 1.0), 0.5, bounds=[(0.25, 2)] * 5, rng=1), f, 60)
    assert np.isfinite(opt.result.fun).all() and (opt.result.x >= 0.25).all()


def test_seeds_and_state(tmp_path):
    through, part = (MOCMAES(np.ones(5), 1.0, rng=0) for _ in range(2))
    go(through, two_ellipsoids, 40)
    go(part, two_ellipsoids, 15)
    state.save(tmp_path / "run.npz", part.state_dict())
    resumed = MOCMAES(np.ones(5), 1.0, rng=9)
    resumed.load_state_dict(state.load(tmp_path / "run.npz"))
    go(resumed, two_ellipsoids, 25)
    np.testing.assert_array_equal(resumed.result.fun, through.result.fun)


def test_wrong_calls():
    opt = MOCMAES(np.ones(2), 1.0, rng=0)
    with pytest.raises(ValueError, match="x must be the points of the last ask"):
        opt.tell(np.ones((20, 2)), np.ones((20, 2)))
    x = opt.ask()
    with pytest.raises(ValueError, match=r"f must have shape \(20, number of objectives\), got \(20,\)"):
        opt.tell(x, np.ones(20))
    with pytest.raises(ValueError, match="MO-CMA-ES is one run"):
        MOCMAES(np.ones((2, 2)))
