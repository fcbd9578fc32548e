"""Machine parts and a truss: constraints and integer variables as published, best-known designs checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from problems.engineering import designs, truss
from problems.engineering.sizing import ten_bar_sizing
from problems.numbers import FloatArray, fixed
from problems.objective import Objective
from problems.registry import register

__all__ = ["TABLE", "Design", "Limits", "make"]


@dataclass(frozen=True)
class Limits:
    """Constraints g(x) <= 0 with their Jacobian; x (..., n) -> (..., m)."""

    fun: Callable[[Any], Any]

    def __call__(self, x: Any) -> Any:
        """g at x."""
        return self.fun(x)

    def jac(self, x: FloatArray) -> FloatArray:
        """Jacobian (m, n) at one point x (n,), by one sweep over m copies of it, one for each constraint."""
        from autodiff import vjp

        count = self.fun(x).shape[-1]
        _, pull = vjp(self.fun, np.tile(x, (count, 1)))
        return np.asarray(pull(np.eye(count)), dtype=np.float64)


@dataclass(frozen=True)
class Design:
    """One row of the table."""

    cost: Callable[[Any], Any]
    limits: Callable[[Any], Any]
    box: tuple[tuple[float, float], ...]
    best: tuple[float, ...]
    """The best-known design, feasible to rounding."""
    source: str
    integers: tuple[int, ...] = ()
    """Which variables are integers."""
    differentiable: bool = True


TABLE: dict[str, Design] = {
    "welded-beam": Design(
        designs.welded_beam,
        designs.welded_beam_limits,
        ((0.1, 2.0), (0.1, 10.0), (0.1, 10.0), (0.1, 2.0)),
        (0.20572963978607946, 3.470488665628002, 9.036623910357634, 0.20572963978607946),
        "Ragsdell & Phillips 1976, J. Engineering for Industry 98; Coello Coello 2000, Computers in Industry 41",
    ),
    "pressure-vessel": Design(
        designs.pressure_vessel,
        designs.pressure_vessel_limits,
        ((1.0, 99.0), (1.0, 99.0), (10.0, 200.0), (10.0, 200.0)),
        (13.0, 7.0, 42.0984455958549, 176.6365958424394),
        "Sandgren 1990, J. Mechanical Design 112",
        integers=(0, 1),
    ),
    "tension-spring": Design(
        designs.tension_spring,
        designs.tension_spring_limits,
        ((0.05, 2.0), (0.25, 1.3), (2.0, 15.0)),
        (0.05168906108276376, 0.35671773979944084, 11.288965751613336),
        "Belegundu 1982; Arora 1989, Introduction to Optimum Design",
    ),
    "speed-reducer": Design(
        designs.speed_reducer,
        designs.speed_reducer_limits,
        ((2.6, 3.6), (0.7, 0.8), (17.0, 28.0), (7.3, 8.3), (7.3, 8.3), (2.9, 3.9), (5.0, 5.5)),
        (3.5, 0.7, 17.0, 7.3, 7.715319911478244, 3.3502146660964475, 5.286654464980217),
        "Golinski 1973, Mechanism and Machine Theory 8",
        integers=(2,),
    ),
    "ten-bar-truss": Design(
        truss.ten_bar,
        truss.ten_bar_limits,
        ((0.1, 35.0),) * 10,
        (
            30.521807023199123,
            0.1,
            23.19988836687439,
            15.222906679042985,
            0.1,
            0.5513555134936626,
            7.45720030490293,
            21.036428049950214,
            21.52844135658448,
            0.1,
        ),
        "Venkayya 1971, Computers & Structures 1; Haftka & Gürdal 1992, Elements of Structural Optimization",
    ),
    "ten-bar-truss-discrete": Design(
        truss.ten_bar_discrete,
        truss.ten_bar_discrete_limits,
        ((0.0, 41.0),) * 10,
        (41.0, 0.0, 38.0, 31.0, 0.0, 0.0, 27.0, 38.0, 37.0, 0.0),
        "Rajeev & Krishnamoorthy 1992, J. Structural Engineering 118(5); best design as in Li, Huang & Liu 2009, "
        "Computers & Structures 87",
        integers=tuple(range(10)),
        differentiable=False,
    ),
}


def make(name: str, n: int | None = None) -> Objective:
    """A design problem by name.

    Parameters
    ----------
    name : str
        A key of `TABLE`.
    n : int, optional
        Only to be checked: each problem has one size.

    Returns
    -------
    Objective
        With bounds, `constraints` (one `scipy.optimize.NonlinearConstraint`, g(x) <= 0) and `integrality`. `x_opt` and
        `f_opt` are the best known.

    Examples
    --------
    >>> spring = make("tension-spring")
    >>> round(spring.f_opt, 9)
    0.012665233
    """
    from scipy.optimize import NonlinearConstraint

    row = TABLE[name]
    size = len(row.box)
    fixed(name, n, size)
    low, high = np.array(row.box).T
    limits = Limits(row.limits)
    best = np.array(row.best)
    return Objective(
        row.cost,
        size,
        vectorized=True,
        pure=True,
        bounds=row.box,
        sigma0=0.2 * (high - low),
        constraints=NonlinearConstraint(limits, -np.inf, 0.0, jac=limits.jac if row.differentiable else "2-point"),
        integrality=[i in row.integers for i in range(size)] if row.integers else None,
        x_opt=best,
        f_opt=float(row.cost(best)),
        name=name,
        differentiable=row.differentiable,
        source=row.source,
    )


for _name in TABLE:
    register(_name, partial(make, _name), tags=["engineering"], smooth=TABLE[_name].differentiable, plane=False)
# Which limit decides may change within the steps of finite differences, so it does not count as smooth.
register("ten-bar-sizing", ten_bar_sizing, tags=["engineering"], plane=False)
