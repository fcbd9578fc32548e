"""Classic test functions by name, with any of the transforms as options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from problems import functions, transforms
from problems.numbers import FloatArray, whole
from problems.objective import Objective
from problems.registry import register


@dataclass(frozen=True)
class Classic:
    """One row of the table of classic functions."""

    fun: Callable[..., Any]
    optimum: float | tuple[float, ...]
    """A best point: the value of all coordinates, or a pattern that repeats."""
    source: str
    box: tuple[float, float] = (-5.0, 5.0)
    """Limits of each coordinate: starts are drawn from it and pictures show it."""
    dims: tuple[int, int | None] = (1, None)
    """Least and largest n; None is without limit."""
    smooth: bool = True
    """Whether the gradient is continuous in the box, so that finite differences agree at every random point."""
    differentiable: bool = True
    start: Callable[[int, np.random.Generator], FloatArray] | None = None
    """Draws a start point of n variables; None draws it from the box."""

    def x_opt(self, n: int) -> FloatArray:
        """A best point in n variables."""
        return np.resize(np.atleast_1d(np.asarray(self.optimum)), n)


def _near_saddle(n: int, rng: np.random.Generator) -> FloatArray:
    """A start on the ridge: even coordinates from [-1, 1], odd ones within about 1e-4 of the saddle."""
    x = rng.uniform(-1.0, 1.0, n)
    x[1::2] *= 1e-4
    return x


_HILBERT = "Hilbert & Cohn-Vossen 1932, Anschauliche Geometrie, with a quartic bowl added"
_HIMMELBLAU = "Himmelblau 1972, Applied Nonlinear Programming"
_SCHWEFEL = "Schwefel 1981, Numerical Optimization"
_STEP = "De Jong 1975; Bäck 1996, Evolutionary Algorithms"
_JAMIL = "Jamil & Yang 2013, Int. J. Mathematical Modelling and Numerical Optimisation 4(2)"
_HANSEN = "Hansen & Ostermeier 2001, Evolutionary Computation 9(2)"
_LEVY = "Levy & Montalvo 1985, SIAM J. Scientific and Statistical Computing 6(1)"
_NESTEROV = "Nesterov 2004, Introductory Lectures on Convex Optimization, example 1.2.2"
_STYBLINSKI = "Styblinski & Tang 1990, Neural Networks 3(4)"

TABLE: dict[str, Classic] = {
    "sphere": Classic(functions.sphere, 0.0, "Rechenberg 1973, Evolutionsstrategie"),
    "ellipsoid": Classic(functions.ellipsoid, 0.0, _HANSEN),
    "discus": Classic(functions.discus, 0.0, _HANSEN),
    "cigar": Classic(functions.cigar, 0.0, _HANSEN),
    "different-powers": Classic(functions.different_powers, 0.0, _HANSEN),
    "rosenbrock": Classic(functions.rosenbrock, 1.0, "Rosenbrock 1960, The Computer Journal 3(3)", dims=(2, None)),
    "zakharov": Classic(functions.zakharov, 0.0, _JAMIL, box=(-5.0, 10.0)),
    "booth": Classic(functions.booth, (1.0, 3.0), _JAMIL, box=(-10.0, 10.0), dims=(2, 2)),
    "beale": Classic(functions.beale, (3.0, 0.5), _JAMIL, box=(-4.5, 4.5), dims=(2, 2)),
    "rastrigin": Classic(functions.rastrigin, 0.0, "Rastrigin 1974, Systems of Extremal Control", box=(-5.12, 5.12)),
    "ackley": Classic(functions.ackley, 0.0, "Ackley 1987, A Connectionist Machine", box=(-32.768, 32.768)),
    "griewank": Classic(functions.griewank, 0.0, "Griewank 1981, J. Optimization Theory 34(1)", box=(-600.0, 600.0)),
    "schwefel": Classic(functions.schwefel, 420.96874635998203, _SCHWEFEL, box=(-500.0, 500.0)),
    "levy": Classic(functions.levy, 1.0, _LEVY, box=(-10.0, 10.0)),
    "styblinski-tang": Classic(functions.styblinski_tang, -2.9035340277711771, _STYBLINSKI),
    "himmelblau": Classic(functions.himmelblau, (3.0, 2.0), _HIMMELBLAU, dims=(2, 2)),
    "x2-sin-x": Classic(functions.x2_sin_x, -8.0961636032229204, "y = x^2 sin x", box=(-10.0, 10.0), dims=(1, 1)),
    "saddle": Classic(functions.saddle, (0.0, 1.0), _NESTEROV, box=(-2.0, 2.0), dims=(2, None), start=_near_saddle),
    "monkey-saddle": Classic(functions.monkey_saddle, (-3.0, 0.0), _HILBERT, dims=(2, 2), start=_near_saddle),
    "step": Classic(functions.step, 0.0, _STEP, smooth=False, differentiable=False),
}


def make(
    function: str,
    n: int | None = None,
    *,
    seed: int | None = None,
    shifted: bool | float = False,
    rotated: bool = False,
    conditioned: float | bool = False,
    scaled: float | bool = False,
    noisy: float | bool = False,
) -> Objective:
    """A classic function with transforms, as `problems.get` makes it.

    Parameters
    ----------
    function : str
        A key of `TABLE`.
    n : int, optional
        Number of variables; 10, or what the function is defined for.
    seed : int, optional
        Draws shift, rotation and noise, each from a stream of its own; 0 if it is left out, so that one line of code
        always means one problem.
    shifted : bool or float
        True draws the optimum from the inner 80 % of the box; a number is the shift of each coordinate.
    rotated : bool
        Whether to turn the function about its optimum.
    conditioned, scaled, noisy : bool or float
        A factor for the condition number, a factor for the values, a standard deviation of noise on the values; True
        stands for 1e6, 1e3 and 1.

    Returns
    -------
    Objective

    Raises
    ------
    ValueError
        The function is not defined for that n, or an option is no number of its kind.

    Examples
    --------
    >>> make("himmelblau")([3.0, 2.0])
    0.0
    """
    row = TABLE[function]
    least, most = row.dims
    n = (most or 10) if n is None else n
    if n < least or (most is not None and n > most):
        allowed = f"n={least}" if least == most else f"n >= {least}" if most is None else f"n from {least} to {most}"
        raise ValueError(f"{function} is defined for {allowed}, got n={n}")
    low, high = row.box
    x_opt = row.x_opt(n)
    objective = Objective(
        row.fun,
        n,
        vectorized=True,
        pure=True,
        bounds=[row.box] * n,
        x0=None if row.start is None else partial(row.start, n),
        sigma0=0.3 * (high - low),
        x_opt=x_opt,
        f_opt=float(row.fun(x_opt)),  # the code's own value, so that f(x_opt) == f_opt to the last bit
        name=function,
        differentiable=row.differentiable,
        source=row.source,
    )
    # Each transform has its own stream, so that switching one on leaves the others as they were.
    streams = np.random.SeedSequence(0 if seed is None else whole("seed", seed)).spawn(3)
    if not isinstance(rotated, bool | np.bool_):
        raise ValueError(f"rotated must be True or False, got {rotated!r}")
    if conditioned is not False:
        objective = transforms.conditioned(objective, 1e6 if conditioned is True else conditioned)
    if rotated:
        objective = transforms.rotated(objective, streams[0])
    if shifted is not False:
        objective = transforms.shifted(objective, streams[1], shift=None if shifted is True else shifted)
    if scaled is not False:
        objective = transforms.scaled(objective, 1e3 if scaled is True else scaled)
    if noisy is not False:
        objective = transforms.noisy(objective, streams[2], std=1.0 if noisy is True else noisy)
    return objective


for _name, _row in TABLE.items():
    register(
        _name,
        partial(make, _name),
        tags=["classic"],
        smooth=_row.smooth,
        plane=_row.dims[0] <= 2 and (_row.dims[1] is None or _row.dims[1] >= 2),
    )
