"""Several objectives: dominance, hypervolume, MO-CMA-ES by ask and tell."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from es.core import state
from es.parts.pareto import best_rows, contributions, fronts, hypervolume, keep_by_volume
from es.strategies.mo_cmaes import MOCMAES
from tests.es.table import rotation


def two_spheres(x):
    return np.stack([(x**2).sum(-1), ((x - 1) ** 2).sum(-1)], axis=-1)


def two_ellipsoids(x, n=5, condition=1e3):
    """ELLI of the paper: the Pareto set is the line between 0 and the first rotated axis, f_1^(1/2) + f_2^(1/2) = 1."""
    weights = condition ** (np.arange(n) / (n - 1))
    y = x @ rotation(n).T
    other = y.copy()
    other[..., 0] -= 1.0
    return np.stack([(weights * y**2).sum(-1), (weights * other**2).sum(-1)], axis=-1)


def go(opt, f, count=None):
    while not opt.stop() and (count is None or opt.nit < count):
        x = opt.ask()
        opt.tell(x, f(x))
    return opt


def test_fronts():
    f = np.array([[1.0, 4], [2, 2], [4, 1], [3, 3], [5, 5], [2, 2]])
    np.testing.assert_array_equal(fronts(f), [0, 0, 0, 1, 2, 0])


def test_hypervolume_by_counting():
    rng = np.random.default_rng(0)
    for m in (1, 2, 3, 4, 7):
        f, points = rng.random((7, m)), rng.random((200_000, m))
        inside = (points[:, None] >= f[None]).all(-1).any(-1).mean()
        assert hypervolume(f, np.ones(m)) == pytest.approx(inside, abs=5e-3)
    assert hypervolume(np.full((1, 2), 2.0), np.ones(2)) == 0


@pytest.mark.parametrize("m", [1, 2, 3])
def test_contributions_are_what_is_lost_without_a_row(m):
    rng = np.random.default_rng(m)
    f = rng.random((40, m))
    f = f[fronts(f) == 0][: 14 if m < 6 else 8]
    for rows in (f, np.vstack([f, f[:2]])):  # twins add nothing
        whole = hypervolume(rows, np.full(m, 1.5))
        lost = [whole - hypervolume(np.delete(rows, i, 0), np.full(m, 1.5)) for i in range(len(rows))]
        np.testing.assert_allclose(contributions(rows, np.full(m, 1.5)), lost, atol=1e-12)


@pytest.mark.parametrize("m", [4, 5, 6, 8])
def test_contributions_of_many_objectives_are_close_to_exact_ones(m):
    moocore = pytest.importorskip("moocore")
    f = np.random.default_rng(m).random((16, m))
    f /= np.linalg.norm(f, axis=1, keepdims=True)  # a front, convex seen from the reference
    exact = moocore.hv_contributions(f, ref=np.full(m, 2.0))
    found = contributions(f, np.full(m, 2.0))
    assert np.abs(found - exact).max() < 0.25 * exact.max()
    assert exact[found.argmin()] <= np.sort(exact)[3]  # what is dropped adds little
    volume = hypervolume(f, np.full(m, 2.0))
    assert volume == pytest.approx(moocore.hypervolume(f, ref=np.full(m, 2.0)), rel=3e-3)
    one = f[:1]
    np.testing.assert_allclose(contributions(one, np.full(m, 2.0)), np.prod(2.0 - one, axis=1))


@pytest.mark.parametrize("m", [4, 10])
def test_many_objectives_run(m):
    pytest.importorskip("moocore")
    corners = np.eye(m)

    def distances(x):
        return np.stack([((x - corner) ** 2).sum(-1) for corner in corners], axis=-1)

    opt = go(MOCMAES(np.full(m, 0.3), 0.3, popsize=12, rng=1), distances, count=3)
    early = opt.f_best  # minus the hypervolume
    go(opt, distances, count=25)
    assert opt.f_best < early < 0 and len(opt.result.fun) >= 5
    assert (distances(np.full(m, 1 / m)) < opt.result.reference).all()


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "moocore", None)
    with pytest.raises(ImportError, match=r"hypervolume of 4 objectives needs moocore: .*evotape\[objectives\]"):
        hypervolume(np.zeros((1, 4)), np.ones(4))


def test_least_contributor_goes_first():
    f = np.array([[0.0, 3], [1, 1.5], [1.1, 1.4], [3, 0]])
    assert set(keep_by_volume(f, 3)) in ({0, 1, 3}, {0, 2, 3})
    assert set(best_rows(np.vstack([f, [[9.0, 9.0]]]), 4)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(keep_by_volume(f * [1e-9, 1e9] + 5, 2), keep_by_volume(f, 2))


@pytest.mark.parametrize("seed", range(3))
def test_reaches_the_front_of_rotated_ellipsoids_with_the_best_spread(seed):
    opt = go(MOCMAES(np.full(5, 1.0), 1.0, popsize=20, rng=seed), two_ellipsoids, 600)
    values = opt.result.fun
    assert len(values) == 20 and opt.result.nfev == 12_000
    t = np.linspace(0, 1, 10_001)
    front = np.stack([t**2, (1 - t) ** 2], axis=1)
    distance = np.sqrt(((values[:, None] - front) ** 2).sum(-1)).min(1)
    assert distance.max() < 5e-3 and np.median(distance) < 2e-4
    # The selection measures volume up to one range beyond the worst, which is (2, 2) here: the most that 20 points of
    # the front f_1^(1/2) + f_2^(1/2) = 1 dominate is known from a search for the best 20.
    assert hypervolume(values, np.full(2, 2.0)) > 0.999 * 3.8158329


def test_three_objectives():
    centres = np.eye(3)

    def f(x):
        return ((x[..., None, :] - centres) ** 2).sum(-1)

    opt = go(MOCMAES(np.full(3, 2.0), 1.0, popsize=15, rng=1, reference=np.full(3, 3.0)), f, 200)
    x = opt.result.x
    assert len(x) == 15
    assert np.median(np.abs(x.sum(1) - 1)) < 0.1 and x.min() > -0.2  # the triangle between the centres
    assert opt.result.hypervolume > 0.98 * 20.268  # the most that was seen in long runs


def test_bounds_and_failures():
    def f(x):
        assert (x >= 0.25).all() and (x <= 2).all()
        return np.where(x[:, :1] > 1.5, np.nan, two_ellipsoids(x))

    opt = go(MOCMAES(np.full(5, 1.0), 0.5, bounds=[(0.25, 2)] * 5, rng=1), f, 60)
    assert np.isfinite(opt.result.fun).all() and (opt.result.x >= 0.25).all()
    np.testing.assert_array_equal(f(opt.result.x), opt.result.fun)
    assert 0 < opt.result.n_failed < opt.result.nfev == 1200


def test_nothing_finite():
    opt = go(MOCMAES(np.ones(3), 1.0, rng=1), lambda x: np.full((len(x), 1), np.nan), 10)
    x = opt.ask()
    opt.tell(x, two_spheres(x))  # what has failed so far says nothing about the number of objectives
    assert len(opt.result.fun) > 1
    result = go(MOCMAES(np.ones(3), 1.0, rng=1), lambda x: np.full((len(x), 2), np.nan)).result
    assert not result.success and result.status == 2 and "nofinite" in result.stop
    assert result.x.shape == (0, 3) and result.fun.shape == (0, 2) and result.n_failed == result.nfev


def test_stops_of_its_own():
    result = go(MOCMAES(np.full(3, 2.0), 1.0, popsize=8, rng=1), two_spheres).result
    assert result.success and result.nfev < 20_000
    ended = go(MOCMAES(np.full(3, 2.0), 1.0, rng=1, reference=[4, 4], stop={"ftarget": -9}), two_spheres).result
    assert ended.hypervolume >= 9 and "ftarget" in ended.stop
    np.testing.assert_array_equal(ended.reference, [4, 4])


def same(a, b):
    assert (a.nfev, a.nit, a.stop, a.hypervolume, a.message) == (b.nfev, b.nit, b.stop, b.hypervolume, b.message)
    for name in ("x", "fun", "mean", "reference"):
        np.testing.assert_array_equal(a[name], b[name])


def test_bits_do_not_depend_on_the_stack():
    draw = np.random.default_rng(0)
    x0, sigma0, seeds, stop = draw.standard_normal((4, 3)), np.array([0.1, 1, 2, 5]), [7, 8, 9, 10], {"maxfevals": 900}
    box = [(-3, 3)] * 3

    def f(x):
        return np.where(x[..., :1] > 2.5, np.nan, two_spheres(x))

    stacked = go(
        MOCMAES(x0, sigma0, bounds=box, popsize=9, rng=seeds, stop=stop | {"maxfevals": [900, 450, 90, 900]}), f
    )
    assert stacked.nit == 100
    for i, most in enumerate([900, 450, 90, 900]):
        alone = go(MOCMAES(x0[i], sigma0[i], bounds=box, popsize=9, rng=seeds[i], stop={"maxfevals": most}), f)
        same(alone.result, stacked.results[i])


@pytest.mark.parametrize("x0", [np.ones(5), np.ones((3, 5))], ids=["one", "stack"])
def test_continues_bit_for_bit(x0, tmp_path):
    def make():
        return MOCMAES(x0, 1.0, rng=0, bounds=[(-2, 2)] * 5, stop={"maxiter": 40})

    through, part, resumed = make(), make(), make()
    go(through, two_ellipsoids)
    go(part, two_ellipsoids, 15)
    x = part.ask()
    state.save(tmp_path / "run.npz", part.state_dict())
    resumed.load_state_dict(state.load(tmp_path / "run.npz"))
    resumed.tell(x, two_ellipsoids(x))
    go(resumed, two_ellipsoids)
    for a, b in zip(through.results, resumed.results, strict=True):
        same(a, b)
    ended = make()
    ended.load_state_dict(through.state_dict())
    for a, b in zip(through.results, ended.results, strict=True):
        same(a, b)


def test_rows_in_any_order_and_in_parts():
    shuffle = np.random.default_rng(0)
    plain, mixed = (MOCMAES(np.ones(4), 1.0, popsize=6, rng=3) for _ in range(2))
    for _ in range(30):
        x, y = plain.ask(), mixed.ask()
        order = shuffle.permutation(6)
        plain.tell(x, two_spheres(x))
        mixed.tell(y[order], two_spheres(y[order]))
    np.testing.assert_array_equal(plain.ask(), mixed.ask())
    ahead = np.concatenate([mixed.ask(), mixed.ask(4)])
    mixed.tell(ahead[3:], two_spheres(ahead[3:]))
    assert mixed.nfev == 187 and len(mixed.parents) == 6


def test_points_of_the_callers_own():
    opt = MOCMAES(np.full(3, 5.0), 0.5, popsize=6, rng=3)
    x = opt.ask()
    x[0], x[1] = 0.0, 1.0
    opt.tell(x, two_spheres(x))
    assert {0.0, 3.0} <= set(opt.result.fun[:, 0])
    assert np.isfinite(opt.ask()).all()
    go(opt, two_spheres, 50)
    assert opt.parents.max() < 1.2
    with pytest.raises(ValueError, match="x must be finite"):
        opt.tell(np.full((2, 3), np.nan), np.ones((2, 2)))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), m=st.integers(1, 4), popsize=st.integers(2, 6))
def test_any_values(data, m, popsize):
    """Whatever f says, ask keeps giving finite points, and no warning is raised."""
    opt = MOCMAES(np.zeros(2), 1.0, popsize=popsize, rng=0)
    odd = st.floats(allow_nan=True, allow_infinity=True)
    for _ in range(6):
        x = opt.ask()
        assert np.isfinite(x).all()
        opt.tell(x, data.draw(hnp.arrays(float, (popsize, m), elements=odd)))
        opt.stop()
    result = opt.result
    assert len(result.x) == len(result.fun) and (result.fun < np.inf).all()
    assert (result.fun == -np.inf).any() == ("lowest" in result.stop)


def test_invariances():
    """Translation, scaling, and rotation of the space; each objective may be scaled for itself."""
    x0, R, shift = np.linspace(0.5, 2, 5), rotation(5, 1), np.arange(5) * 4.0

    def trajectory(f, start, sigma0=0.5, turn=None):
        opt = MOCMAES(start, sigma0, popsize=8, rng=3)
        opt.A = opt.A if turn is None else turn @ opt.A
        points = []
        for _ in range(40):
            points.append(opt.ask())
            opt.tell(points[-1], f(points[-1]))
        return np.array(points)

    plain = trajectory(two_ellipsoids, x0)
    moved = trajectory(lambda x: two_ellipsoids(x - shift), x0 + shift)
    np.testing.assert_allclose(moved[:20] - shift, plain[:20], atol=1e-7)
    scaled = trajectory(lambda x: two_ellipsoids(x * 1024), x0 / 1024, 0.5 / 1024)
    np.testing.assert_array_equal(scaled * 1024, plain)
    np.testing.assert_array_equal(trajectory(lambda x: two_ellipsoids(x) * [2.0**9, 2.0**-30], x0), plain)
    turned = trajectory(lambda x: two_ellipsoids(x @ R), R @ x0, turn=R)
    np.testing.assert_allclose(turned[:20] @ R, plain[:20], atol=1e-6)


def test_wrong_calls():
    opt = MOCMAES(np.ones(2), 1.0, rng=0)
    x = opt.ask()
    with pytest.raises(ValueError, match=r"f must have shape \(20, number of objectives\), got \(20,\)"):
        opt.tell(x, np.ones(20))
    with pytest.raises(ValueError, match="rank_by must be None"):
        opt.tell(x, np.ones((20, 2)), rank_by=np.ones(20))
    opt.tell(x, two_spheres(x))
    with pytest.raises(ValueError, match=r"f must have shape \(20, 2\), got \(20, 3\)"):
        opt.tell(opt.ask(), np.ones((20, 3)))
    with pytest.raises(ValueError, match=r"f must have shape \(20, 3\), as reference has 3 objectives, got \(20, 2\)"):
        MOCMAES(np.ones(2), 1.0, reference=[1, 2, 3]).tell(x, two_spheres(x))
    with pytest.raises(ValueError, match="reference must be finite, of shape"):
        MOCMAES(np.ones(2), 1.0, reference=np.nan)
