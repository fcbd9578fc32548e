"""The table of the criteria that can end a run: a row each, with the test that it names (`es.core.looks`).

What they mean for a result, and how they are looked at, is in `es.core.stopping`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from es.core import looks


@dataclass(frozen=True)
class Criterion:
    """A row of the table.

    Attributes
    ----------
    name : str
    default : float or None
        Threshold unless the caller gives one; None: off.
    means : str
        A key of `es.core.stopping.MEANINGS`.
    says : str
        What the message of the result says.
    test : callable or None
        `test(opt, threshold) -> (met, figure)`, each a number for one run or an array over stacked runs. None: others
        tell of it.
    look : {"always", "odd", "often", "rarely"}
        In every iteration (of stacked runs where something was not finite), every few, or as rarely as the covariance
        matrix changes.
    doubts : tuple of (callable, str)
        `doubt(opt, threshold) -> bool or array`: whether the run only looks as if it had met the criterion, and the
        name of the row that says what it has met instead.
    of_maximum : str
        What the message says where f is maximised, if that is something else.
    """

    name: str
    default: float | None
    means: str
    says: str
    test: Callable[..., looks.Outcome] | None = None
    look: str = "often"
    doubts: tuple[tuple[Callable[[Any, Any], Any], str], ...] = ()
    of_maximum: str = ""


PLACE = ((looks.drifting, "drift"), (looks.elsewhere, "elsewhere"))
DRIFT = (*PLACE, (looks.plateau, "tolflatfitness"), (looks.falling, "drift"), (looks.rough, "stagnation"))
VALUES = (*PLACE, (looks.coarse, "tolflatfitness"), (looks.endless, "endless"))
STEPS = ((looks.unshrunk, "smallsteps"), *DRIFT)

ROWS = (
    Criterion("ftarget", None, "target", "the target was reached", looks.reached, "always"),
    Criterion("maxfevals", None, "budget", "the budget of evaluations is spent", looks.evaluations, "always"),
    Criterion("maxiter", None, "budget", "the budget of iterations is spent", looks.iterations, "always"),
    Criterion("maxtime", None, "budget", "the time is spent", looks.seconds, "always"),
    Criterion(
        "lowest", -math.inf, "target", "the value is -inf, below which there is none", looks.reached, "odd",
        doubts=((looks.runaway, "unbounded"),), of_maximum="the value is inf, above which there is none",
    ),
    Criterion("nofinite", 30, "failed", "the objective gave no finite value", looks.without_value, "odd"),
    Criterion("nogradient", 30, "failed", "the objective gave no finite gradient", looks.without_gradient, "odd"),
    Criterion("tolfun", 1e-12, "converged", "values of f no longer differ", looks.range_of_values, doubts=VALUES),
    Criterion("tolfunhist", 1e-12, "converged", "the best value no longer changes", looks.range_of_best, doubts=VALUES),
    Criterion(
        "tolflatfitness", 10, "failed", "the function is flat where it was sampled", looks.flat,
        doubts=((looks.fading, "endless"), (looks.resolved, "resolution")),
    ),
    Criterion("resolution", None, "converged", "values of f differ by no more than its precision"),
    Criterion(
        "settled", 1e-12, "converged", "no other category and no whole number next to its own is better", looks.settled
    ),
    Criterion("stagnation", 1.0, "failed", "neither best nor median values get better", looks.stagnating),
    Criterion("volumestagnation", 1.0, "converged", "the hypervolume no longer grows", looks.stagnating),
    Criterion("tolx", 1e-12, "converged", "the steps are small", looks.small_steps, doubts=DRIFT),
    Criterion(
        "tolfacupx", 1e4, "failed", "the steps grew: sigma0 was much too small, or the function has no minimum",
        looks.large_steps, of_maximum="the steps grew: sigma0 was much too small, or the function has no maximum",
    ),
    Criterion(
        "noeffectcoord", 0.2, "converged", "a step in a coordinate is lost in rounding",
        looks.lost_in_coordinates, doubts=STEPS,
    ),
    Criterion(
        "noeffectaxis", 0.1, "converged", "a step along a principal axis is lost in rounding",
        looks.lost_along_axes, "rarely", doubts=STEPS,
    ),
    Criterion(
        "conditioncov", 1e14, "failed",
        "the condition number of the covariance matrix is at the limit of double precision", looks.condition, "rarely",
    ),
    Criterion("smallsteps", None, "failed", "steps were lost in rounding from the start: sigma0 is too small for x0"),
    Criterion("elsewhere", None, "failed", "the search came to rest at a worse place than its best point"),
    Criterion("unanswered", None, "failed", "points beside the best one never came back, so one of them may be better"),
    Criterion("drift", None, "failed", "the steps shrank while the mean still moved: sigma0 does not hold the optimum"),
    Criterion(
        "endless", None, "failed", "f tends to a limit far out, where steps stay long: no minimum without bounds",
        of_maximum="f tends to a limit far out, where steps stay long: no maximum without bounds",
    ),
    Criterion(
        "tolgrad", 1e-10, "converged", "the gradient is small", looks.small_gradient,
        doubts=((looks.unmoved, "stationary"), (looks.higher, "elsewhere"), (looks.outbound, "endless")),
    ),
    Criterion(
        "stationary", None, "failed", "the gradient vanishes at x0, maybe a maximum or saddle: begin beside it",
        of_maximum="the gradient vanishes at x0, maybe a minimum or saddle: begin beside it",
    ),
    Criterion(
        "tolrate", 1e-4, "converged", "smaller steps bring nothing more", looks.worn_rate,
        doubts=((looks.steep, "steep"), (looks.gone, "tolfacupx")),
    ),
    Criterion(
        "tolimprovement", 1e-5, "converged", "no improvement is expected", looks.small_improvement, "always",
        doubts=((looks.constant, "tolflatfitness"),),
    ),
    Criterion("steep", None, "failed", "smaller steps bring nothing more, and the gradient is not small"),
    Criterion("tolfeasible", None, "converged", "the best feasible value no longer changes"),
    Criterion("infeasible", None, "failed", "the search came to rest where no point is feasible"),
    Criterion("converged", None, "converged", "the solver has converged"),
    Criterion("solver", None, "failed", "the solver has ended without convergence"),
    Criterion(
        "unbounded", None, "failed", "the values fell to -inf on the way to infinity: there is no minimum",
        of_maximum="the values rose to inf on the way to infinity: there is no maximum",
    ),
    Criterion("coupled", None, "failed", "the function is no sum over its coordinates"),
    Criterion("restarts", None, "neutral", "so many restarts were made"),
    Criterion("callback", None, "stopped", "the callback raised StopIteration"),
)  # fmt: skip
CRITERIA: dict[str, Criterion] = {row.name: row for row in ROWS}

VALUES_OF_F = ("ftarget", "lowest", "unbounded")  # rows whose figure is the best value
LIMITS = ("ftarget", "maxfevals", "maxiter", "maxtime")
COMMON = (*LIMITS, "lowest", "nofinite", "nogradient")
DISTRIBUTION = (*COMMON, "tolfun", "tolfunhist", "tolflatfitness", "stagnation", "tolx", "tolfacupx", "noeffectcoord")
COVARIANCE = (*DISTRIBUTION, "noeffectaxis", "conditioncov")
