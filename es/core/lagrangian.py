"""Nonlinear constraints by an augmented Lagrangian that adapts to the run.

The strategy ranks points by h(x) = f(x) + sum_k phi_k(x) in place of f, after Atamna, Auger and Hansen, Linearly
convergent evolution strategies via augmented Lagrangian constraint handling (FOGA 2017), equations (2) to (6) there,
for g_k(x) <= 0:

    phi = gamma g + omega g^2 / 2   where gamma + omega g >= 0,   - gamma^2 / (2 omega)   elsewhere,

and without the distinction for equalities. gamma approaches the Lagrange multipliers, omega is kept as small as the
convergence of g allows. An evolution strategy on h then converges as fast as on an unconstrained problem. How omega
changes, and at which point gamma looks, follows the later experience in Hansen's pycma 4.
`experiments/benchmarks/constraints.py` compares both: over linear constraints and problems of CEC 2006 with n <= 10 it
takes 0.89 times the evaluations of pycma to 1e-6 as well as to 1e-8, in the mean of the logarithms and without g08,
which has many optima: 9 of 15 runs find the best one (pycma 10), and all of 15 with three restarts. The rule of the
paper, with the mean as the point, took 2.3 times as many as pycma on the sphere with n = 10, m = 5; now 0.82.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray
from es.core.criteria import CRITERIA
from es.core.seen import Seen
from es.core.slope import STEEP, Recent, spread
from problems.constraints import Constraints

NO_POINT = "no feasible point was found, x has the least violation"
EPS = float(np.finfo(float).eps)
TOLFEASIBLE = 1e-10  # relative improvement that counts as one
AT_REST = 0.7  # of the patience, from where on generations vote
VOTERS = 5.0  # generations more of one kind than of the other decide whether the search has converged
WIDE = 1e-7  # of the best value: an interquartile range of f of a search that has not converged

# h changes with its coefficients, so criteria that compare its values over time mean nothing.
OFF: dict[str, None] = dict.fromkeys(("tolfun", "tolfunhist", "stagnation", "tolflatfitness", "settled"))


class FeasibleOnly:
    """Tells feasible points from others, for methods that keep constraints themselves.

    `least` is the least violation so far, and where it was.
    """

    def __init__(self, constraints: Constraints) -> None:
        self.constraints = constraints
        self.least: tuple[float, FloatArray] = (np.inf, np.zeros(constraints.n))

    def __call__(self, x: FloatArray, f: FloatArray, g: FloatArray | None = None) -> dict[str, Any]:
        """Keywords of `tell` for points x (k, n) with values f (k,); g (k, m) where it is known."""
        return {"feasible": self.watch(x, self.constraints(x) if g is None else g) == 0.0}

    def watch(self, x: FloatArray, g: FloatArray) -> FloatArray:
        """By how much points x (k, n) with constraints g (k, m) violate them, (k,); the least is kept."""
        violation = self.constraints.violation(g)
        if violation.min() < self.least[0]:
            self.least = (float(violation.min()), x[violation.argmin()].copy())
        return violation

    def judged(self, reasons: dict[str, float]) -> dict[str, float]:
        """The strategy's reasons to end, as they are to be understood under constraints."""
        return reasons

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

    Until a first point is feasible, points rank by how far they are from that: f may be undefined there, or lower
    than anywhere else. So they do again where all points of some generations in a row violate one inequality: f is
    then so low beyond it that the strategy comes to rest there sooner than omega grows. Ends the run (`tolfeasible`)
    when the best feasible value has stopped to get better; where h still slopes as steeply as f (`es.core.slope`), or
    the values are still far apart, the run goes on, and ends as `steep` if that lasts.

    Parameters
    ----------
    constraints : Constraints
    opt : Optimizer
        The strategy, of which the size of the population is needed.

    Attributes
    ----------
    gamma, omega : ndarray, shape (m,)
        Coefficients of the linear and the quadratic part; zero for constraints that nothing has violated yet.
    streak : ndarray, shape (m,)
        Generations in a row in which omega grew, or shrank: then negative.
    beyond : ndarray, shape (m,)
        Generations in a row in which every point violated the inequality.
    """

    damping = 5.0  # of gamma: FOGA 2017, section 5
    up, down = 0.35, 0.25  # exponents of the change of omega
    memory = 5  # generations that tell whether a constraint is kept most of the time, and n more

    def __init__(self, constraints: Constraints, opt: Any) -> None:
        super().__init__(constraints)
        self._opt = opt
        self.change = 2 ** (0.5 / constraints.n)  # of omega: 2^(1/(5 n)) in FOGA 2017, which is slow
        self.again()

    def again(self) -> None:
        """Begin afresh, for a restart."""
        self.gamma = self.omega = self.streak = self.parted = self.beyond = self._unit = np.zeros(0)
        self._seen = Seen(0)
        self._equality = np.zeros(0, dtype=bool)  # which constraints are treated as equalities
        self._recent = np.zeros((0, 0))  # g of the best points of the last generations
        self._begun, self._entered = 0, False  # generations in which they were set; a feasible point is known
        # The best feasible value, generations since it was reached, by how much that was better, range of first values.
        self._best = (np.inf, 0.0, np.inf, np.nan)
        self._recent_points = Recent(self.constraints.n)
        self._votes = 0.0  # of late generations, by whether they slope

    def __call__(self, x: FloatArray, f: FloatArray, g: FloatArray | None = None) -> dict[str, Any]:
        """Keywords of `tell` for points x (k, n) with values f (k,); g (k, m) where it is known."""
        if g is None:
            g = self.constraints(x)
        feasible = self.watch(x, g) == 0.0
        first = not self.gamma.size
        if first:
            self.gamma, self.omega, self.streak, self.parted, self.beyond = (np.zeros(g.shape[1]) for _ in range(5))
            self._recent, self._seen = np.zeros((0, g.shape[1])), Seen(g.shape[1])
        if getattr(self._opt, "rests", False):
            return {"rank_by": f.copy(), "feasible": feasible}  # points beside the best one, which are no sample
        g = self._as_seen(x, g)
        if first:
            self._unit = _spreads(g)
        self._entered = bool(self._entered or self._equality.any() or feasible.any())
        f = self._seen.values(f, feasible, self._entered)
        self._recent_points.add(x, f, g)
        self._follow(f, feasible)
        if not self._entered:
            return {"rank_by": self._outside(g), "feasible": feasible}
        g = np.where(np.isfinite(g), g, np.nan)
        violated_by_all = ~self._equality & ~(g <= 0).any(0)
        self.beyond = np.where(violated_by_all, self.beyond + 1, 0.0)
        if self.astray:
            return {"rank_by": self._outside(g), "feasible": feasible}
        self._adapt(f, g)
        self._begin(f, g)
        return {"rank_by": self.lagrangian(f, g), "feasible": feasible}

    def _as_seen(self, x: FloatArray, g: FloatArray) -> FloatArray:
        """g (k, m) at points x (k, n) as the Lagrangian sees it; what turns out to be stairs begins anew."""
        known = self._seen.stairs.copy()
        g = self._seen.constraints(x, g, self.constraints.equality, self.constraints.equality_slack)
        self._equality = self.constraints.equality & ~self._seen.stairs
        new = self._seen.stairs & ~known
        if new.any():
            for name in ("gamma", "omega", "streak", "parted"):
                setattr(self, name, np.where(new, 0.0, getattr(self, name)))
            self._recent = np.where(new, np.abs(self._recent), self._recent)
        return g

    @property
    def astray(self) -> bool:
        """Whether an inequality has been violated by all points for so long that this is no border to converge to."""
        return bool(self.beyond.max(initial=0.0) > self.memory + self.constraints.n)

    def lagrangian(self, f: FloatArray, g: FloatArray) -> FloatArray:
        """h for values f (k,) and constraints g (k, m); NaN where g is."""
        inactive = ~self._equality & (self.gamma + self.omega * g < 0)
        safe = np.where(self.omega > 0, self.omega, 1.0)
        phi = np.where(inactive, -(self.gamma**2) / (2 * safe), g * (self.gamma + 0.5 * self.omega * g))
        return f + phi.sum(-1)

    def _outside(self, g: FloatArray) -> FloatArray:
        """Squared distance from the feasible region for g (k, m), each constraint in units of its first spread."""
        over = np.maximum(np.where(np.isnan(g), np.inf, g), 0.0) / np.where(self._unit > 0, self._unit, 1.0)
        return np.asarray((over**2).sum(-1))

    def _follow(self, f: FloatArray, feasible: BoolArray) -> None:
        value, age, drop, span = self._best
        finite = f[np.isfinite(f)]
        span = float(np.ptp(finite)) if np.isnan(span) and finite.size else span
        low = float(np.min(f, initial=np.inf, where=feasible & np.isfinite(f)))
        if low == np.inf:
            return  # a search that is on its way outside has not come to rest
        size = abs(value) if np.isfinite(value) else 0.0
        better = low < value - max(TOLFEASIBLE * min(size, span), 50 * EPS * size)
        self._best = (low, 0.0, value - low, span) if better else (value, age + 1.0, drop, span)
        if better or age < AT_REST * self._patience:
            self._votes = 0.0
        else:
            slopes = self._wide or self._recent_points.slope(self._equality, self._opt.box) > STEEP
            self._votes = max(-VOTERS, self._votes + (1 if slopes else -1))

    @property
    def _wide(self) -> bool:
        """Whether values of the last generation are too far apart for a search that has converged."""
        value, _, _, span = self._best
        return self._recent_points.wide(WIDE, max(abs(value), 1e-5 * span))

    @property
    def _patience(self) -> float:
        """Generations without a better feasible value, after which the search has come to rest."""
        return 30 + 10 * self.constraints.n + 100 * self.constraints.n / float(self._opt.popsize)

    def judged(self, reasons: dict[str, float]) -> dict[str, float]:
        """`infeasible` or `steep` in the place of what ended a search that came to rest beyond a constraint, or not."""
        met = [CRITERIA[name].means for name in reasons if name in CRITERIA]
        if self.astray and ("converged" in met or "failed" in met):
            return {"infeasible": float(self.beyond.max())}
        if "converged" in met and "target" not in met and (self._votes >= VOTERS or self._wide):
            return {"steep": float(self._best[1])}
        return reasons

    def stop(self) -> dict[str, float]:
        """`tolfeasible`: generations with feasible points since the best value improved by 1e-10 of itself, if many.

        Or `steep`, where h sloped in most of the last of them, by as many as that took; or `tolflatfitness`, where f is
        the same at other points, and came down to that by a step that was no rounding.
        """
        value, age, drop, _ = self._best
        undecided = -VOTERS < self._votes < self._patience and age < 3 * self._patience
        if not np.isfinite(value) or age <= self._patience or undecided:
            return {}
        if self._recent_points.flat() and drop > 1e4 * EPS * abs(value):
            return {"tolflatfitness": age}
        return {"tolfeasible" if self._votes <= -VOTERS else "steep": age}

    def _begin(self, f: FloatArray, g: FloatArray) -> None:
        """First coefficients, from the spreads of f and g.

        They are set anew in each generation until the constraint parts one: violated by 10 to 90 % of its points.
        """
        n, equality = self.constraints.n, self._equality
        violated = (np.isnan(g) | (g > 0)).mean(0)
        spread_f, spread_g = spread(f), _spreads(g)
        new = (self.parted == 0) & (equality | (violated > 0.1)) & (spread_g > 0)
        if not new.any() or not spread_f > 0:
            return
        spread_g = np.where(spread_g > 0, spread_g, 1.0)
        gamma = spread_f / (n * spread_g)
        omega = 0.4 * gamma / spread_g
        # What was set before only falls where few points violate the constraint, and only grows where most do.
        falls = (self.omega == 0) | (omega < self.omega)
        omega = np.where(np.where(violated <= 0.6, falls, omega > self.omega), omega, self.omega)
        # The quadratic part is to matter at the farthest of these points.
        farthest = np.nanmax(np.abs(np.where(np.isnan(g), 0.0, g)), axis=0)
        weak = gamma * ~equality / np.where(farthest > 0, farthest, np.inf)
        self.omega = np.where(new, np.clip(weak, omega, 20 * omega), self.omega)
        self.gamma = np.where(new & ~equality, gamma, self.gamma)
        self._begun += 1
        self.parted = np.where(new & ((abs(violated - 0.5) < 0.4) | (self._begun > n + 2)), 1.0, self.parted)

    def _adapt(self, f: FloatArray, g: FloatArray) -> None:
        """Algorithm 1 of FOGA 2017, line 8, with the point of this generation that h ranks first; omega by its rule."""
        h = self.lagrangian(f, g)
        if not np.isfinite(h).any():
            return
        now = g[np.argmin(np.where(np.isfinite(h), h, np.inf))]
        self._recent = np.vstack([self._recent, now])[-(self.memory + self.constraints.n) :]
        equality, known = self._equality, self.omega > 0
        # A constraint that is inactive in the whole generation keeps its gamma.
        active = equality | (self.gamma + self.omega * now > 0)
        met = known & (active | (self.gamma + self.omega * g > 0).any(0))
        gamma = np.where(met, self.gamma + self.omega / self.damping * now, self.gamma)
        vanished = ~equality & (gamma < 0)
        self.gamma = np.where(vanished, 0.0, gamma)
        self._change(now, known & active & ~vanished)

    def _change(self, now: FloatArray, active: BoolArray) -> None:
        """Larger omega where g is on one side of 0 almost always, or violated now; smaller where it changes sides.

        That of an equality only grows: once it is too small for h to be convex across the constraint, gamma oscillates
        from side to side: 10,000 evaluations do not find the optimum of g03 of CEC 2006, n = 5, where now 2400 do.
        Changes speed up to nine times as fast when they keep their direction for more than n + 2 generations.
        """
        equality, n = self._equality, self.constraints.n
        kept = (self._recent < 0).mean(0) + 0.5 * (self._recent == 0).mean(0)
        one_sided = np.where(equality, np.maximum(kept, 1 - kept), kept)
        grow = active & ((~equality & (now > 0)) | (one_sided > 0.95))
        shrink = active & ~equality & ~grow & (now < 0) & (kept < 0.9)
        same = np.where(grow, np.maximum(self.streak, 0) + 1, np.where(shrink, np.minimum(self.streak, 0) - 1, 0))
        self.streak = np.where(same == 0, self.streak, same)
        faster = 1 + 8 * np.clip(np.abs(self.streak) / (n + 2) - 1, 0, 1)
        self.omega = self.omega * self.change ** (faster * np.where(grow, self.up, np.where(shrink, -self.down, 0.0)))

    def state_dict(self) -> dict[str, Any]:
        """State as arrays."""
        return {
            **super().state_dict(),
            **{name: getattr(self, name) for name in ("gamma", "omega", "streak", "parted", "beyond")},
            "unit": self._unit,
            "recent": self._recent,
            "begun": np.array([self._begun, self._entered]),
            "best": np.array([*self._best, self._votes]),
            **self._recent_points.state_dict(),
            **self._seen.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        super().load_state_dict(state)
        for name in ("gamma", "omega", "streak", "parted"):
            setattr(self, name, np.array(state[name]))
        self.beyond = np.array(state.get("beyond", np.zeros_like(self.gamma)))
        self._unit, self._recent = np.array(state["unit"]), np.array(state["recent"])
        self._begun, self._entered = int(state["begun"][0]), bool(state["begun"][1])
        *best, votes = state["best"].tolist() if len(state["best"]) > 2 else (*state["best"].tolist(), 0.0, np.nan, 0.0)
        self._best, self._votes = tuple(best), votes
        self._recent_points.load_state_dict(state)
        self._seen = Seen(self.gamma.size)
        self._seen.load_state_dict(state)


def _spreads(g: FloatArray) -> FloatArray:
    """Interquartile range of each constraint, g (k, m)."""
    return np.array([spread(column) for column in g.T])
