"""The loop: ask, evaluate, tell, until there is a reason to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from es.core.arrays import FloatArray
from es.core.limits import Limits
from es.evaluation.evaluate import Evaluator
from es.run.differences import Differences, Slopes
from es.run.history import History
from es.run.restarts import Restarts


class Reports(Protocol):
    """What is told of each iteration; `es.run.report.Reporter` is one."""

    decode: Any
    sign: float

    def __call__(self, run: Run) -> bool:
        """Report an iteration; False ends the run."""


class Keeps(Protocol):
    """What saves a run; `es.run.checkpoint.Checkpoint` is one."""

    path: Path

    def resume(self, run: Run) -> None:
        """Take over the state of a saved run, if there is one."""

    def keep(self, run: Run, *, now: bool = False) -> bool:
        """Save the state if it is time to; whether it was."""

    def keep_cut(self, run: Run) -> Callable[[], None]:
        """Save the state before a population that the budget cuts; what is returned saves the one after it as well."""


class Begins(Protocol):
    """Points that a run begins with; `es.run.given.Given` is one."""

    first: FloatArray

    def begin(self, run: Any) -> None:
        """Tell of the points whose values are known."""

    def evaluate_first(self, run: Any) -> None:
        """Evaluate points before all others, and tell of them."""


class Run:
    """One run of an optimizer on an objective: the loop, and the parts that it plays together.

    Parameters
    ----------
    opt : Optimizer
    evaluate : Evaluator
    limits : Limits
        Budget, time and target.
    reporter : Reports
        Callback and progress line.
    method : str
        Name for the result.
    ranking_rule : callable or None
        `ranking_rule(x, f)` gives keywords of `tell`: `rank_by` and `feasible` (constraints), `f` (noise).
    checkpoint : Keeps or None
    differences : Differences or None
        Where gradients come from differences of values; `evaluate` then works on `differences.evaluated`.
    """

    def __init__(
        self,
        opt: Any,
        evaluate: Evaluator,
        limits: Limits,
        reporter: Reports,
        *,
        method: str = "",
        ranking_rule: Any = None,
        checkpoint: Keeps | None = None,
        differences: Differences | None = None,
    ) -> None:
        self.opt = opt
        self.differences = differences
        self.ledger = evaluate.ledger if differences is None else differences.ledger
        self.evaluate = evaluate
        self.limits = limits
        self.reporter = reporter
        self.method = method or type(opt).__name__
        self.ranking_rule = ranking_rule
        self.checkpoint = checkpoint
        self.given: Begins | None = None
        self.reports: Any = None  # what takes in what the objective tells besides values; `es.run.reports.Reports`
        self.history = History()
        self.nit = 0
        self.stop: dict[str, float] = {}

    def go(self) -> None:
        """Ask, evaluate, tell, until there is a reason to stop."""
        if self.checkpoint is not None:
            self.checkpoint.resume(self)
        if self._begun():
            return
        drive = getattr(self.opt, "drive", None)
        if drive is None:
            while self.turn():
                pass
        else:
            drive(self.turn)  # a solver of SciPy, which owns a loop of its own
            if not self.stop and self._stopped(self.f_best) and self.checkpoint is not None:
                self.checkpoint.keep(self, now=True)

    def hand_over(self, opt: Any, method: str) -> None:
        """Go on with another optimizer, which is told of the points that are being evaluated."""
        self.opt, self.method = opt, method
        self.history = History()

    def _begun(self) -> bool:
        """Tell of what the caller knows and evaluate what the caller wants first; True if the run has ended by then."""
        if self.given is None:
            return self._stopped(self.f_best)
        self.given.begin(self)
        if self._stopped(self.f_best):
            return True
        before, wanted = self.limits.nfev, len(self.given.first)
        after = self._keep_cut(not self.nit and self.limits.room(wanted) < wanted)
        self.given.evaluate_first(self)
        stopped = self._stopped(self.f_best)
        if stopped and self.limits.nfev > before:
            self._keep(after, now=True)
        return stopped

    def _keep_cut(self, cut: bool) -> Callable[[], None] | None:
        """Save the run where the budget cuts what is evaluated next; returned is what saves it after that."""
        return self.checkpoint.keep_cut(self) if cut and self.checkpoint is not None else None

    def _keep(self, after: Callable[[], None] | None, *, now: bool) -> None:
        """Save the run, at once where it has ended."""
        if after is not None:
            after()
        elif self.checkpoint is not None:
            self.checkpoint.keep(self, now=now)

    def book_iteration(self, f: FloatArray) -> float:
        """Count an iteration, of points with values f (k,), and report it; the least value so far."""
        self.nit += not self.opt.unfinished
        best = float(self.opt.f_best)
        self.history.add(self.nit, self.limits.nfev, f if f.ndim == 1 else np.array([best]), best, self.opt)
        if not self.reporter(self):
            self.stop["callback"] = float(self.nit)
        return best

    def turn(self) -> bool:
        """One turn of the loop: ask, evaluate, tell; False when there is a reason to stop."""
        opt, limits = self.opt, self.limits
        by_differences = self.differences if opt.wants_gradient else None
        cut = False
        if limits.maxfevals is not None:
            wanted = opt.popsize * (1 if by_differences is None else by_differences.most)
            cut = limits.room(wanted) < wanted
        after = self._keep_cut(cut)
        x = opt.ask()
        if by_differences is None:
            tell = opt.tell
            if limits.maxfevals is not None and (room := limits.room(len(x))) < len(x):
                x = x[:room]  # maxfevals is never passed, not even inside a population
                tell = tell if room >= opt.least_rows else opt.record
            f, g = self._with_gradients(x) if opt.wants_gradient else self.evaluate(x)
            if self.opt is not opt:  # what came back has shown that another one is needed
                tell, g = self.opt.tell, None
            if self.ranking_rule is None:
                tell(x, f, g)
            else:
                tell(x, **{"f": f, "g": g, **self.ranking_rule(x, f)})
        else:
            f = self._with_differences(x, by_differences)
        best = self.book_iteration(f)
        stopped = self._stopped(best)
        self._keep(after, now=stopped)
        return not stopped

    def _with_gradients(self, x: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Values and gradients of x."""
        try:
            return self.evaluate(x, gradients=True)
        except (RuntimeError, TypeError) as error:
            by_autodiff = self.ledger.objective.jac is None
            if by_autodiff and (isinstance(error, TypeError) or type(error).__name__ == "LostGradient"):
                cure = "where autodiff cannot follow fun, jac='2-point' takes differences"
                error.args = (f"{error}; {cure}",)
            raise

    def _with_differences(self, x: FloatArray, differences: Differences) -> FloatArray:
        """Evaluate points with those beside them as one batch and tell of them; the values of the points."""
        opt, rule, points = self.opt, self.ranking_rule, differences.around(x)
        found = self._with_longer(differences, differences.read(self._values_of(points)))
        told = len(x) if found.g is not None else 0  # of a batch that the budget cut short nothing is learnt
        beside, values = found.points[told:], found.f[told:]
        if len(beside):
            # Under constraints a point beside another is there for its slope and never the best.
            opt.note(beside, values, feasible=None if rule is None else np.zeros(len(beside), dtype=bool))
        if found.g is not None:
            f = found.f[:told]
            opt.tell(x, **{"f": f, "g": found.g, **({} if rule is None else rule(x, f))})
        return found.f[: len(x)]

    def _values_of(self, points: FloatArray) -> FloatArray:
        """Of as many points as the budget allows."""
        return self.evaluate(points[: self.limits.room(len(points))])[0]

    def _with_longer(self, differences: Differences, found: Slopes) -> Slopes:
        """What was found, with the points of longer differences where others are lost; no gradient without budget."""
        if found.g is None:
            return found
        asking = differences.following(found)
        try:
            points = next(asking)
            while True:
                values = self._values_of(points) if self.limits.room(1) else np.empty(0)
                more = np.concatenate([found.points, points[: len(values)]])
                found = Slopes(more, np.concatenate([found.f, values]), None)
                if len(values) < len(points):
                    return found
                points = asking.send(values)
        except StopIteration as end:
            return found._replace(g=end.value)

    def again(self, x: FloatArray) -> FloatArray:
        """Values of points that have been evaluated before, fewer than asked for where the budget ends."""
        x = x[: self.limits.room(len(x))]
        return self.evaluate(x)[0] if len(x) else np.empty(0)

    @property
    def f_best(self) -> float:
        """Least value so far, of feasible points where there are constraints."""
        return float(self.opt.f_best)

    @property
    def parts(self) -> dict[str, Any]:
        """What has a state to be saved, by name."""
        parts = {"optimizer": self.opt, "ledger": self.ledger, "history": self.history}
        if self.reports is not None:
            parts["reports"] = self.reports
        return parts if self.ranking_rule is None else {**parts, "ranking_rule": self.ranking_rule}

    def _stopped(self, best: float) -> bool:
        if self.limits.on:
            self.stop.update(self.limits.reached(self.nit, best))
        if not self.stop:
            self.stop = self.opt.stop()
            if self.stop and self.ranking_rule is not None:
                self.stop = self.ranking_rule.judged(self.stop)
        if not self.stop and self.ranking_rule is not None:
            reasons = self.ranking_rule.stop()
            if reasons and hasattr(self.opt, "checked"):
                reasons = self.opt.checked(reasons)
            if reasons and isinstance(self.opt, Restarts):
                self.ranking_rule.again()
                for name, figure in reasons.items():
                    self.opt.end(name, figure)  # the present run; the next tell begins another
            else:
                self.stop.update(reasons)
        return bool(self.stop)
