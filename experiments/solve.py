"""Run a trial's method on its problem, through a ledger that keeps its curve."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.build import build_problem, method_named
from experiments.curve import Curve, compact_curve
from experiments.deadline import Deadline
from experiments.records import streams
from problems import Feasible, Ledger, Objective

# Arguments of es.minimize; what else a method's table holds goes to `options`.
ARGUMENTS = ("sigma0", "popsize", "restarts", "maxiter", "on_error")

# A best point longer than this is not kept: it would be most of the journal.
LONGEST_X = 1000


class TargetReached(BaseException):
    """The noise-free value reached the target; no `Exception`, so that no method takes it for a failed evaluation."""


@dataclass(frozen=True)
class Terms:
    """What a trial's words come to: its method with arguments and options, objective, start, budget, target."""

    method: str
    arguments: dict[str, Any]
    options: dict[str, Any]
    objective: Objective
    n: int
    x0: npt.NDArray[np.float64]
    rng: np.random.SeedSequence
    maxcost: float
    maxfevals: int
    ftarget: float | None
    grad_cost: float

    @classmethod
    def of(cls, trial: Mapping[str, Any]) -> Terms:
        """Build the problem of a trial and draw its start point."""
        start_seed, method_seed = streams(trial)
        noise_seed = int(start_seed.spawn(1)[0].generate_state(1)[0])
        objective = build_problem(trial["problem"], noise_seed)
        n = objective.n
        if n is None:
            raise ValueError(f"problem {trial['problem']['label']!r} has no n of its own: give n")
        if objective.f_opt is not None and not np.isfinite(objective.f_opt):
            raise ValueError(f"f_opt of a problem must be finite, or None where it is not known, got {objective.f_opt}")
        grad_cost = float(trial["grad_cost"])
        maxcost = float(trial["maxcost"] if trial["maxcost"] is not None else trial["budget"] * n)
        # A gradient method pays 1 + grad_cost for each evaluation.
        method = trial["method"]["name"]
        each = 1.0 + grad_cost if method_named(method).wants_gradient else 1.0
        arguments, options = split_options(trial)
        return cls(
            method=method,
            arguments=arguments,
            options=options,
            objective=objective,
            n=n,
            x0=objective.x0(np.random.default_rng(start_seed)),
            rng=method_seed,
            maxcost=maxcost,
            maxfevals=max(1, int(maxcost / each)),
            ftarget=None if objective.f_opt is None else float(objective.f_opt + trial["precision"]),
            grad_cost=grad_cost,
        )


class Meter(Ledger):
    """The ledger of a trial: curve of noise-free values, deadline, and the end at the target on noisy problems.

    Under constraints only feasible points count; a trial that finds none has no curve.
    """

    def __init__(self, terms: Terms, deadline: Deadline) -> None:
        limits = terms.objective.constraints
        super().__init__(terms.objective, keep_trace=True, feasible=Feasible(limits) if limits else None)
        self.terms = terms
        self.deadline = deadline

    def record(self, x: Any, f: Any, *, gradients: int = 0) -> None:
        """Count, with noise-free values where the objective knows them."""
        self.deadline.check()
        noiseless = self.objective.noiseless if self.objective.noisy else None
        super().record(x, f if noiseless is None else self._quiet(np.array(x, dtype=np.float64)), gradients=gradients)
        ftarget = self.terms.ftarget
        if noiseless is not None and ftarget is not None and self.f_best <= ftarget:
            raise TargetReached

    def _quiet(self, x: Any) -> Any:
        """Values without noise at x of shape (..., n)."""
        fun = self.objective.noiseless
        if fun is None or self.objective.vectorized or x.ndim == 1:
            return fun(x) if fun is not None else None
        return np.array([fun(row) for row in x.reshape(-1, x.shape[-1])]).reshape(x.shape[:-1])

    def summary(self) -> dict[str, Any]:
        """Give what is known of the run, finished or not, as fields of its record."""
        found = self.x_best is not None
        counts = {"nfev": self.nfev, "njev": self.njev, "n_failed": self.n_failed}
        return outcome(self.terms, self.trace, self.x_best, float(self.f_best) if found else None, counts)


def outcome(
    terms: Terms, trace: Any, x: npt.NDArray[np.float64] | None, f: float | None, counts: Mapping[str, int]
) -> dict[str, Any]:
    """Give the fields of a record that follow from what was evaluated; no `x` and `f` where nothing was finite."""
    objective = terms.objective
    end = (counts["nfev"], counts["njev"])
    score = float(objective.score(x)) if x is not None and objective.score is not None else None
    return {
        "n": terms.n,
        "f_opt": objective.f_opt,
        "maxcost": terms.maxcost,
        "f": f,
        "x": x if x is not None and x.size <= LONGEST_X else None,
        **counts,
        "cost": counts["nfev"] + terms.grad_cost * counts["njev"],
        "score": score,
        "score_name": str(objective.score_name) if score is not None else None,
        "curve": Curve.packed(compact_curve(*trace, n=terms.n, f_opt=objective.f_opt, end=end)),
    }


class Evaluated(BaseException):
    """A rehearsal came to its first evaluation."""


def rehearse(trial: Mapping[str, Any]) -> None:
    """Do all of a trial that comes before its first evaluation, so that a mistake in the problem, the method or their
    options is raised before any work is done."""

    def stop(x: Any) -> Any:
        raise Evaluated

    meter = Meter(Terms.of(trial), Deadline(None))
    meter.objective = copy.copy(meter.objective)
    meter.objective.fun, meter.objective.jac = stop, None
    with contextlib.suppress(Evaluated):
        solve(meter)


def split_options(trial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a method's table into arguments of `es.minimize` and options of the method."""
    options = dict(trial["method"]["options"])
    return {name: options.pop(name) for name in ARGUMENTS if name in options}, options


def solve(meter: Meter) -> dict[str, Any]:
    """Run a trial's method through its meter; returns the fields that only the method knows."""
    from es.minimize import minimize

    terms = meter.terms
    try:
        result = minimize(
            meter,
            terms.x0,
            method=method_named(terms.method),
            maxfevals=terms.maxfevals,
            # On noisy problems the meter itself ends the run, at the noise-free value.
            ftarget=None if terms.objective.noisy else terms.ftarget,
            rng=np.random.default_rng(terms.rng),
            options=terms.options or None,
            **terms.arguments,
        )
    except TargetReached:
        return ending(terms, {"ftarget": terms.ftarget})
    return ending(terms, result.get("stop") or {})


def ending(terms: Terms, stop: Mapping[str, Any]) -> dict[str, Any]:
    """Give why a run stopped, as fields of its record; the same words for a single run and one of a stack."""
    figures = {str(name): float(value) for name, value in stop.items()}
    limits = {"ftarget": terms.ftarget, "maxfevals": float(terms.maxfevals)}
    figures |= {name: limit for name, limit in limits.items() if name in figures and limit is not None}
    return {"stop": figures, "message": ", ".join(figures)}
