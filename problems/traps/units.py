"""Functions in units of their own: offsets, factors, bent values, bounds that matter, and step sizes that are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems import functions
from problems.bbob.transforms import dot, turn
from problems.numbers import FloatArray
from problems.transforms import rotation
from problems.traps.ground import Builder, Ground, Map, ellipsoid, rastrigin, rosenbrock, sphere, through

# -- offsets and factors -----------------------------------------------------------------------------------------------


def _quarter(f: Any) -> Any:
    return np.sqrt(np.sqrt(f + 1e-300))  # NumPy's powers of numbers and of arrays differ in the last bit


def _far_away(n: int, rng: np.random.Generator) -> Ground:
    """Box and best point a million box widths away from the origin."""
    inner = ellipsoid(n, rng)
    centre = 1e7 * rng.choice([-1.0, 1.0], n)
    # the place as it is in double precision, so that the best point is one of the numbers there are
    x_opt = centre + inner.x_opt
    bounds = np.stack([centre - 5.0, centre + 5.0], -1)
    return Ground(lambda x: inner.value((x - x_opt) + inner.x_opt), x_opt, settings={"bounds": bounds})


def _mixed_units(n: int, rng: np.random.Generator) -> Ground:
    """Variables in units from 1e-6 to 1e6, in random order; bounds and step sizes go with them."""
    inner, units = rosenbrock(n, rng), rng.permutation(10.0 ** np.linspace(-6.0, 6.0, n))
    x_opt = inner.x_opt * units
    settings = {"bounds": np.stack([-5.0 * units, 5.0 * units], -1), "sigma0": 2.0 * units}
    return Ground(lambda x: inner.value((x - x_opt) / units + inner.x_opt), x_opt, settings=settings)


OFFSETS: dict[str, Builder] = {
    "offset-1e6": through(ellipsoid, lambda f: f + 1e6),
    "offset-1e12": through(rosenbrock, lambda f: f - 1e12),
    "factor-1e-12": through(rosenbrock, lambda f: 1e-12 * f),
    "factor-1e12": through(ellipsoid, lambda f: 1e12 * f),
    "quarter-power": through(ellipsoid, _quarter),
    "logarithm": through(rosenbrock, np.log1p),
    "far-away": _far_away,
    "mixed-units": _mixed_units,
}


# -- bounds ------------------------------------------------------------------------------------------------------------


def _bounded(x_opt: FloatArray, value: Any, low: Any, high: Any, **settings: Any) -> Ground:
    bounds = np.stack(np.broadcast_arrays(low, high, x_opt)[:2], -1)
    return Ground(value, x_opt, settings={"bounds": bounds, **settings})


def _plane(n: int, rng: np.random.Generator) -> Ground:
    """A plane: the best point is a corner."""
    slope = rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-1.0, 1.0, n)
    x_opt = -5.0 * np.sign(slope)
    return _bounded(x_opt, lambda x: dot(slope, x - x_opt), -5.0, 5.0)


def _behind_bounds(share: float, fun: Map) -> Builder:
    """A function whose own minimum lies up to 3 beyond the box in a share of the variables."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        place = rng.uniform(-4.0, 4.0, n)
        out = rng.permutation(n) < max(1, round(share * n))
        place = np.where(out, np.sign(place) * (5.0 + np.abs(place) * 0.75), place)
        return _bounded(np.clip(place, -5.0, 5.0), lambda x: fun(x - place), -5.0, 5.0)

    return build


def _turned_at_corner(n: int, rng: np.random.Generator) -> Ground:
    """A turned ellipsoid of condition 100 about a corner, with a slope out of the box that is steep enough."""
    x_opt = 5.0 * rng.choice([-1.0, 1.0], n)
    matrix = 10.0 ** np.linspace(0.0, 1.0, n)[:, None] * rotation(n, rng)

    def value(x: Any) -> Any:
        z = turn(matrix, x - x_opt)
        return (z * z).sum(-1) + np.abs(x - x_opt).sum(-1)

    return _bounded(x_opt, value, -5.0, 5.0)


def _fixed(n: int, rng: np.random.Generator) -> Ground:
    """The first variable is fixed; the others have their minimum for that value of it."""
    inner = sphere(n, rng)
    low, high = np.full(n, -5.0), np.full(n, 5.0)
    low[0] = high[0] = inner.x_opt[0]
    return _bounded(inner.x_opt, inner.value, low, high)


def _one_sided(n: int, rng: np.random.Generator) -> Ground:
    """A lower bound for each variable, the best value of every second one at it."""
    x_opt = rng.uniform(-4.0, 4.0, n)
    low = np.where(np.arange(n) % 2 == 0, x_opt, -5.0)
    place = np.where(np.arange(n) % 2 == 0, x_opt - 1.0, x_opt)
    start = np.maximum(low, rng.uniform(-4.0, 4.0, n))
    return _bounded(x_opt, lambda x: functions.ellipsoid(x - place), low, np.inf, x0=start)


def _endless(n: int, rng: np.random.Generator) -> Ground:
    """A box of +-1e15, by which somebody means that there is none."""
    inner = rosenbrock(n, rng)
    return _bounded(inner.x_opt, inner.value, -1e15, 1e15, x0=rng.uniform(-4.0, 4.0, n))


def _narrow(n: int, rng: np.random.Generator) -> Ground:
    """Every second variable in a range of 1e-6."""
    inner = sphere(n, rng)
    half = np.where(np.arange(n) % 2 == 0, 5e-7, 5.0)
    return _bounded(inner.x_opt, inner.value, inner.x_opt - half, inner.x_opt + half, sigma0=0.2 * half)


def _start_at_bound(n: int, rng: np.random.Generator) -> Ground:
    """The start is a corner, and the best point is inside."""
    inner = ellipsoid(n, rng)
    return _bounded(inner.x_opt, inner.value, -5.0, 5.0, x0=np.full(n, -5.0))


def _skewed(n: int, rng: np.random.Generator) -> Ground:
    """Ranges from [0, 1] to [0, 1000], the best point at a thousandth of each."""
    high = 10.0 ** np.linspace(0.0, 3.0, n)
    x_opt = 1e-3 * high * rng.uniform(0.5, 1.5, n)
    return _bounded(x_opt, lambda x: functions.rosenbrock((x - x_opt) / high + 1.0), 0.0, high, sigma0=0.2 * high)


BOUNDS: dict[str, Builder] = {
    "corner-plane": _plane,
    "corner-turned": _turned_at_corner,
    "face-sphere": _behind_bounds(0.1, functions.sphere),
    "face-ellipsoid": _behind_bounds(0.5, functions.ellipsoid),
    "fixed-variable": _fixed,
    "one-sided": _one_sided,
    "endless-box": _endless,
    "narrow-box": _narrow,
    "start-at-bound": _start_at_bound,
    "skewed-box": _skewed,
}


# -- step sizes --------------------------------------------------------------------------------------------------------


_BASES = {"sphere": sphere, "ellipsoid": ellipsoid, "rosenbrock": rosenbrock, "rastrigin": rastrigin}

# the step size is `factor` times what would be right
SIGMAS: dict[str, Builder] = {
    f"sigma0-{word}-{name}": through(builder, settings={"sigma0": 2.0 * factor})
    for word, factor in (("small", 1e-4), ("large", 1e3))
    for name, builder in _BASES.items()
}
