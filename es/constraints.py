"""Nonlinear constraints by an augmented Lagrangian that adapts to the run.

The strategy ranks points by h(x) = f(x) + sum_k phi_k(x) in place of f, after Atamna, Auger and Hansen, Linearly
convergent evolution strategies via augmented Lagrangian constraint handling (FOGA 2017), equations (2) to (6) there,
for g_k(x) <= 0:

    phi = gamma g + omega g^2 / 2   where gamma + omega g >= 0,   - gamma^2 / (2 omega)   elsewhere,

and without the distinction for equalities. gamma approaches the Lagrange multipliers, omega is kept as small as the
convergence of g allows. An evolution strategy on h then converges as fast as on an unconstrained problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

EQUALITY = 1e-6  # largest |h(x)| at which an equality counts as kept
TOLFEASIBLE = 1e-10  # relative improvement that counts as one

# h changes with its coefficients, so criteria that compare its values over time mean nothing.
OFF: dict[str, None] = {"tolfun": None, "tolfunhist": None, "stagnation": None, "tolflatfitness": None}


class Constraints:
    """All constraints of a problem as one function g, with g(x) <= 0 or, for equalities, g(x) = 0.

    Parameters
    ----------
    given : constraint or sequence of them
        `scipy.optimize.NonlinearConstraint`, `LinearConstraint`, or SciPy's older dicts with "type", "fun" and "args".
    n : int
        Number of variables.

    Attributes
    ----------
    ncev : int
        Points at which the constraints have been evaluated.

    Raises
    ------
    ValueError
        If one is of another kind.
    """

    def __init__(self, given: Any, n: int) -> None:
        self.n = n
        self.slack = 0.0  # largest g(x) at which an inequality counts as kept
        self.ncev = 0
        self._parts = [_normal_form(one, n) for one in listed(given)]
        self._equality: BoolArray | None = None

    def __call__(self, x: FloatArray) -> FloatArray:
        """g at the points x (k, n): shape (k, m). A constraint that raises or is not finite counts as violated."""
        self.ncev += len(x)
        return np.array([self._at(row) for row in x])

    def _at(self, x: FloatArray) -> FloatArray:
        parts = [part(x) for part in self._parts]
        if self._equality is None:
            self._equality = np.concatenate([equality for _, equality in parts])
        return np.concatenate([g for g, _ in parts])

    @property
    def equality(self) -> BoolArray:
        """Which entries of g are equalities, (m,); known after the first call."""
        if self._equality is None:
            raise RuntimeError("equality is known after the first call of the constraints only")
        return self._equality

    def violation(self, g: FloatArray) -> FloatArray:
        """Sum of what g (k, m) violates, (k,); 0 where the point is feasible."""
        size = np.where(self.equality, np.abs(g), g)
        over = np.where(size <= np.where(self.equality, EQUALITY, self.slack), 0.0, size)
        total: FloatArray = np.where(np.isnan(over), np.inf, over).sum(-1)
        return total


class FeasibleOnly:
    """Tells feasible points from others, for methods that keep constraints themselves.

    Attributes
    ----------
    least : (float, ndarray)
        The least violation so far, and where.
    """

    def __init__(self, constraints: Constraints) -> None:
        self.constraints = constraints
        self.least: tuple[float, FloatArray] = (np.inf, np.zeros(constraints.n))

    def __call__(self, x: FloatArray, f: FloatArray) -> dict[str, Any]:
        """Keywords of `tell` for points x (k, n) with values f (k,)."""
        return {"feasible": self._watch(x, self.constraints(x)) == 0.0}

    def _watch(self, x: FloatArray, g: FloatArray) -> FloatArray:
        violation = self.constraints.violation(g)
        if violation.min() < self.least[0]:
            self.least = (float(violation.min()), x[violation.argmin()].copy())
        return violation

    def stop(self) -> dict[str, float]:
        """Reasons to end; none."""
        return {}

    def report(self) -> dict[str, Any]:
        """Fields of the result: `ncev`, evaluations of the constraints; `violation` at x; x if none was feasible."""
        violation, x = self.least
        fields = {"ncev": self.constraints.ncev, "violation": violation}
        return fields if violation == 0 else {**fields, "x": x.copy()}

    def state_dict(self) -> dict[str, Any]:
        """State as arrays."""
        return {"least": np.array(self.least[0]), "least_x": self.least[1], "ncev": np.array(self.constraints.ncev)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.least = (float(state["least"]), np.array(state["least_x"]))
        self.constraints._at(self.least[1])  # which of them are equalities is known after a call
        self.constraints.ncev = int(state["ncev"])


class AugmentedLagrangian(FeasibleOnly):
    """Ranks a population by h and adapts the coefficients, once per generation.

    Ends the run (`tolfeasible`) when the best feasible value has stopped to get better.

    Parameters
    ----------
    constraints : Constraints
    opt : Optimizer
        The strategy whose mean is followed.

    Attributes
    ----------
    gamma, omega : ndarray, shape (m,)
        Coefficients of the linear and the quadratic part; zero for constraints that nothing has violated yet.
    streak : ndarray, shape (m,)
        Generations in a row in which omega grew.
    """

    k1, k2, damping = 3.0, 5.0, 5.0  # FOGA 2017, section 5
    change = 1.15  # of omega at the most: 2^(1/(5 n)) there, which is slow for n > 1 (Hansen, in pycma, takes 1.15 too)

    def __init__(self, constraints: Constraints, opt: Any) -> None:
        super().__init__(constraints)
        self._opt = opt
        self.gamma = self.omega = self.streak = np.zeros(0)
        self._g: FloatArray | None = None  # at the last mean
        self._seen: tuple[FloatArray, FloatArray] | None = None  # f and g of the last generation
        self._best = (
            np.inf,
            0.0,
        )  # value by which the best feasible one is judged, and generations since it was reached

    def __call__(self, x: FloatArray, f: FloatArray) -> dict[str, Any]:
        """Keywords of `tell` for points x (k, n) with values f (k,)."""
        g = self.constraints(x)
        if not self.gamma.size:
            self.gamma, self.omega, self.streak = (np.zeros(g.shape[1]) for _ in range(3))
        violation = self._watch(x, g)
        self._follow(np.where(violation == 0.0, f, np.inf))
        g = np.where(np.isfinite(g), g, np.nan)
        self._adapt(f, g)
        self._begin(f, g)
        self._seen = (f, g)
        return {"rank_by": self.lagrangian(f, g), "feasible": violation == 0.0}

    def lagrangian(self, f: FloatArray, g: FloatArray) -> FloatArray:
        """h for values f (k,) and constraints g (k, m); NaN where g is."""
        inactive = ~self.constraints.equality & (self.gamma + self.omega * g < 0)
        safe = np.where(self.omega > 0, self.omega, 1.0)
        phi = np.where(inactive, -(self.gamma**2) / (2 * safe), g * (self.gamma + 0.5 * self.omega * g))
        h: FloatArray = f + phi.sum(-1)
        return h

    def _follow(self, feasible: FloatArray) -> None:
        value, age = self._best
        low = float(np.min(feasible, initial=np.inf, where=np.isfinite(feasible)))
        if low == np.inf:
            return  # a search that is on its way outside has not come to rest
        tolerance = TOLFEASIBLE * abs(value) if np.isfinite(value) else 0.0
        self._best = (low, 0.0) if low < value - tolerance else (value, age + 1.0)

    def stop(self) -> dict[str, float]:
        """`tolfeasible`: generations with feasible points since the best value improved by 1e-10 of itself, if many."""
        value, age = self._best
        n, popsize = self.constraints.n, self._opt.popsize
        patience = 30 + 10 * n + 100 * n / popsize
        return {"tolfeasible": age} if np.isfinite(value) and age > patience else {}

    def again(self) -> None:
        """Judge progress afresh, for a restart."""
        self._best = (np.inf, 0.0)

    def _begin(self, f: FloatArray, g: FloatArray) -> None:
        """First coefficients of constraints that are violated for the first time: from the spreads of f and g."""
        met = self.constraints.equality | (g > 0).any(0)
        new = met & (self.omega == 0)
        spread_f = _spread(f[np.isfinite(f)])
        if not new.any() or not spread_f > 0:
            return
        spread_g = np.array([_spread(column[np.isfinite(column)]) for column in g.T])
        new &= spread_g > 0
        n = self.constraints.n
        ratio = spread_f / np.where(spread_g > 0, spread_g, 1.0)
        self.omega = np.where(new, 0.4 * ratio / (n * np.where(spread_g > 0, spread_g, 1.0)), self.omega)
        self.gamma = np.where(new & ~self.constraints.equality, ratio / n, self.gamma)

    def _adapt(self, f: FloatArray, g: FloatArray) -> None:
        """Algorithm 1 of FOGA 2017, lines 7 to 13, at the mean that this generation was sampled from."""
        now = self.constraints(self._opt.x_mean[None])[0]
        now = np.where(np.isfinite(now), now, 0.0)
        last, self._g = self._g, now
        if last is None or self._seen is None or not self.omega.any():
            return
        progress = abs(_level(self.lagrangian(f, g)) - _level(self.lagrangian(*self._seen)))
        grow = self.omega * now**2 < self.k1 * progress / self.constraints.n
        grow |= self.k2 * np.abs(now - last) < np.abs(last)
        gamma = self.gamma + self.omega / self.damping * now
        self.gamma = np.where(self.constraints.equality, gamma, np.maximum(gamma, 0.0))
        # Not in the paper: growth that goes on and on speeds up, for a search that has come to rest outside of the
        # feasible region contracts by the generation while omega is on its way over orders of magnitude.
        self.streak = np.where(grow, self.streak + 1, 0)
        faster = np.clip(self.streak / 5, 1.0, 8.0)
        self.omega = self.omega * np.where(grow, self.change ** (0.25 * faster), 1 / self.change)

    def state_dict(self) -> dict[str, Any]:
        """State as arrays."""
        f, g = (np.zeros(0), np.zeros((0, self.gamma.size))) if self._seen is None else self._seen
        return {
            **super().state_dict(),
            "gamma": self.gamma,
            "omega": self.omega,
            "streak": self.streak,
            "at_mean": np.zeros(0) if self._g is None else self._g,
            "f": f,
            "g": g,
            "best": np.array(self._best),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        super().load_state_dict(state)
        self.gamma, self.omega, self.streak = (np.array(state[name]) for name in ("gamma", "omega", "streak"))
        self._g = np.array(state["at_mean"]) if np.size(state["at_mean"]) else None
        self._seen = (np.array(state["f"]), np.array(state["g"])) if np.size(state["f"]) else None
        self._best = (float(state["best"][0]), float(state["best"][1]))


def judge_for(given: Any, cls: Any, opt: Any, n: int) -> FeasibleOnly | None:
    """What judges the points of a run under constraints; None where there are none.

    Raises
    ------
    ValueError
        If the method neither ranks points nor keeps constraints itself.
    """
    if not listed(given):
        return None
    constraints = Constraints(given, n)
    if getattr(cls, "takes_constraints", False):
        constraints.slack = EQUALITY  # such solvers end on the border, to within rounding on either side
        return FeasibleOnly(constraints)
    if cls.kind != "strategy":
        raise ValueError(f"constraints cannot be kept by {cls.__name__}: take 'cmaes', 'slsqp' or 'trust-constr'")
    return AugmentedLagrangian(constraints, opt)


def listed(given: Any) -> list[Any]:
    """One constraint or several as a list."""
    return list(given) if isinstance(given, list | tuple) else [given]


def _normal_form(one: Any, n: int) -> Callable[[FloatArray], tuple[FloatArray, BoolArray]]:
    """A function of x that gives g and which of its entries are equalities."""
    if isinstance(one, Mapping) and callable(one.get("fun")) and one.get("type") in ("eq", "ineq"):
        fun, args, equality = one["fun"], tuple(one.get("args", ())), one["type"] == "eq"

        def from_dict(x: FloatArray) -> tuple[FloatArray, BoolArray]:
            value = np.atleast_1d(np.asarray(fun(x.copy(), *args), dtype=float))
            return (value if equality else -value), np.full(value.shape, equality)

        return from_dict
    if not (hasattr(one, "lb") and hasattr(one, "ub") and (hasattr(one, "A") or callable(getattr(one, "fun", None)))):
        kind = type(one).__name__
        raise ValueError(
            f"constraints must be NonlinearConstraint, LinearConstraint or dicts with type and fun, got {kind}"
        )
    fun = (lambda x, A=one.A: A @ x) if hasattr(one, "A") else one.fun

    def two_sided(x: FloatArray) -> tuple[FloatArray, BoolArray]:
        value = np.atleast_1d(np.asarray(fun(x.copy()), dtype=float))
        lb, ub = np.broadcast_to(one.lb, value.shape), np.broadcast_to(one.ub, value.shape)
        same = lb == ub
        low, high = np.isfinite(lb) & ~same, np.isfinite(ub) & ~same
        g = np.concatenate([(value - lb)[same], (lb - value)[low], (value - ub)[high]])
        return g, np.arange(g.size) < same.sum()

    return two_sided


def _spread(values: FloatArray) -> float:
    """Interquartile range."""
    if values.size < 2:
        return 0.0
    low, high = np.percentile(values, [25, 75])
    return float(high - low)


def _level(h: FloatArray) -> float:
    """Mean of the better half."""
    finite = np.sort(h[np.isfinite(h)])
    return float(finite[: max(1, len(finite) // 2)].mean()) if finite.size else 0.0
