"""What each strategy claims not to depend on, tested for every strategy of the registry."""

import numpy as np
import pytest

from es.registry import get_method
from tests.es.table import CONVERGING, NAMES, claiming, ellipsoid, rosenbrock, rotation

N, GENERATIONS = 6, 60


class Turned(np.random.Generator):
    """A generator whose normal vectors are turned by a rotation."""

    def __init__(self, seed, R):
        super().__init__(np.random.PCG64(seed))
        self.R = R

    def standard_normal(self, *args, **kwargs):
        z = super().standard_normal(*args, **kwargs)
        if z.shape[-1:] == (len(self.R),):
            z[...] = z @ self.R.T
        return z


def trajectory(name, f, x0, sigma0, rng=3, prepare=None, permute=None, **options):
    opt = get_method(name)(x0, sigma0, rng=rng, **options)
    if prepare is not None:
        prepare(opt)
    points, values = [], []
    for _ in range(GENERATIONS):
        x = opt.ask()
        fx = f(x)
        points.append(x)
        values.append(np.sort(fx))
        if permute is not None:
            order = permute.permutation(len(x))
            x, fx = x[order], fx[order]
        opt.tell(x, fx)
    return np.array(points), np.array(values)


def start():
    return np.linspace(0.5, 2, N)


@pytest.mark.parametrize("name", claiming("translation"))
def test_translation(name):
    shift = np.arange(N) * 4.0 - 8.0
    plain, values = trajectory(name, ellipsoid, start(), 0.5)
    moved, shifted_values = trajectory(name, lambda x: ellipsoid(x - shift), start() + shift, 0.5)
    # Rounding grows along a run, as the order of nearly equal points may turn: the first generations decide.
    np.testing.assert_allclose(moved[:20] - shift, plain[:20], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(shifted_values[:20], values[:20], rtol=1e-6)


@pytest.mark.parametrize("name", claiming("scaling"))
def test_scaling(name):
    # A power of two changes no mantissa: bit for bit the same run.
    plain, _ = trajectory(name, ellipsoid, start(), 0.5)
    scaled, _ = trajectory(name, lambda x: ellipsoid(x * 1024), start() / 1024, 0.5 / 1024)
    np.testing.assert_array_equal(scaled * 1024, plain)


@pytest.mark.parametrize("name", claiming("monotone"))
def test_monotone_transforms(name):
    plain, _ = trajectory(name, rosenbrock, start(), 0.5)
    for g in (np.sqrt, lambda f: 1e6 + np.log1p(f), lambda f: -1e300 / (1e3 + f)):
        ranks_kept, _ = trajectory(name, lambda x, g=g: g(rosenbrock(x)), start(), 0.5)
        # The transform may make two values equal, which changes the order: up to there bits are the same.
        same = (ranks_kept == plain).all((1, 2))
        assert same[:25].all()


@pytest.mark.parametrize("name", claiming("permutation"))
@pytest.mark.parametrize("f", [ellipsoid, lambda x: np.floor(ellipsoid(x) / 10)], ids=["distinct", "ties"])
def test_permutation(name, f):
    plain, _ = trajectory(name, f, start(), 0.5)
    permuted, _ = trajectory(name, f, start(), 0.5, permute=np.random.default_rng(0))
    np.testing.assert_array_equal(permuted, plain)


@pytest.mark.parametrize("name", claiming("rotation"))
def test_rotation(name):
    R = rotation(N)
    plain, values = trajectory(name, ellipsoid, start(), 0.5)

    def turn(opt):
        opt.A = R @ opt.A

    if hasattr(get_method(name)([0.0]), "A"):
        # The factor carries the rotation: the same z give rotated steps.
        turned, turned_values = trajectory(name, lambda x: ellipsoid(x @ R), R @ start(), 0.5, prepare=turn)
    else:
        turned, turned_values = trajectory(name, lambda x: ellipsoid(x @ R), R @ start(), 0.5, rng=Turned(3, R))
    np.testing.assert_allclose(turned[:20] @ R, plain[:20], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(turned_values[:20], values[:20], rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in claiming("rotation") if name in CONVERGING])
def test_rotation_costs_nothing(name):
    """Evaluations to 1e-6 on a rotated ellipsoid of condition 1e3 are those of the axis-parallel one."""
    R = rotation(N)
    used = []
    for f in (lambda x: ellipsoid(x, 1e3), lambda x: ellipsoid(x @ R, 1e3)):
        opt = get_method(name)(np.full((9, N), 2.0), 1.0, rng=5, stop={"ftarget": 1e-6, "maxfevals": 40_000})
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, f(x))
        used.append(np.median([result.nfev if result.fun <= 1e-6 else np.inf for result in opt.results]))
    assert np.isfinite(used).all()
    assert 0.75 < used[1] / used[0] < 1.33


@pytest.mark.parametrize("name", NAMES)
def test_claims_are_known(name):
    known = {"rotation", "translation", "scaling", "monotone", "permutation"}
    assert get_method(name).claims <= known
    assert "permutation" in get_method(name).claims
