"""When a run ends, and what its end means: one table of criteria.

Each criterion has a name, a default threshold and a meaning, from which `success` and `status` of a result follow
wherever a run was made: by ask and tell, `es.minimize`, restarts, a stack of runs.

=============== ======== ========= ==================================================================================
criterion       default  means     what the message says
=============== ======== ========= ==================================================================================
ftarget         off      target    the target was reached
maxfevals       off      budget    the budget of evaluations is spent
maxiter         off      budget    the budget of iterations is spent
maxtime         off      budget    the time is spent
lowest          -inf     target    the value is -inf, below which there is none
nofinite        30       failed    the objective gave no finite value
nogradient      30       failed    the objective gave no finite gradient
tolfun          1e-12    converged values of f no longer differ
tolfunhist      1e-12    converged the best value no longer changes
tolflatfitness  10       failed    the function is flat where it was sampled
resolution      none     converged values of f differ by no more than its precision
settled         1e-12    converged no other category and no whole number next to its own is better
stagnation      1        failed    neither best nor median values get better
volumestagnation 1        converged the hypervolume no longer grows
tolx            1e-12    converged the steps are small
tolfacupx       10000    failed    the steps grew: sigma0 was much too small, or the function has no minimum
noeffectcoord   0.2      converged a step in a coordinate is lost in rounding
noeffectaxis    0.1      converged a step along a principal axis is lost in rounding
conditioncov    1e+14    failed    the condition number of the covariance matrix is at the limit of double precision
smallsteps      none     failed    steps were lost in rounding from the start: sigma0 is too small for x0
elsewhere       none     failed    the search came to rest at a worse place than its best point
unanswered      none     failed    points beside the best one never came back, so one of them may be better
drift           none     failed    the steps shrank while the mean still moved: sigma0 does not hold the optimum
endless         none     failed    f tends to a limit far out, where steps stay long: no minimum without bounds
tolgrad         1e-10    converged the gradient is small
stationary      none     failed    the gradient vanishes at x0, maybe a maximum or saddle: begin beside it
tolrate         0.0001   converged smaller steps bring nothing more
tolimprovement  1e-05    converged no improvement is expected
steep           none     failed    smaller steps bring nothing more, and the gradient is not small
tolfeasible     none     converged the best feasible value no longer changes
infeasible      none     failed    the search came to rest where no point is feasible
converged       none     converged the solver has converged
solver          none     failed    the solver has ended without convergence
unbounded       none     failed    the values fell to -inf on the way to infinity: there is no minimum
coupled         none     failed    the function is no sum over its coordinates
restarts        none     neutral   so many restarts were made
callback        none     stopped   the callback raised StopIteration
=============== ======== ========= ==================================================================================

A default of "off" needs a threshold from the caller, one of "none" has no threshold: others tell of it. A name that is
not in the table (`opt.end("enough")`) means "stopped". What only looks like a criterion of convergence is told of by
another row: tolfun on a plateau and tolimprovement on a constant by tolflatfitness, noeffectcoord where steps never
became smaller by smallsteps, tolrate on a slope by steep, tolgrad of a rule that saw no slope by stationary (rules
and solvers begin again beside x0), -inf at a point beyond 1e30 by unbounded, tolfun and tolgrad far out by endless;
and tolflatfitness where f has no more digits by resolution. Of all that a run has met the first of these decides:

========== ======= ====== ===========================================================================================
means      success status
========== ======= ====== ===========================================================================================
(no value) False   2      no value was finite, or no point feasible
target     True    0      the value that was asked for
stopped    False   99     somebody outside ended the run
budget     False   1      evaluations, iterations or time are spent
converged  True    0      nothing more is to be gained here; False and 2 where `ftarget` was asked for
failed     False   2      an end without a minimum
========== ======= ====== ===========================================================================================

A run that has not ended has status 1. Thresholds that compare values of f or lengths in x are relative wherever an
absolute one would mislead for functions of a small or large scale. Sources: Hansen, The CMA Evolution Strategy: A
Tutorial (arXiv:1604.00772), appendix B.3, and Auger & Hansen (CEC 2005).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.criteria import COMMON, COVARIANCE, CRITERIA, DISTRIBUTION, LIMITS, ROWS, VALUES_OF_F, Criterion
from es.core.watched import Watched
from problems.numbers import numbers

__all__ = [
    "COMMON", "COVARIANCE", "CRITERIA", "DISTRIBUTION", "LIMITS", "MEANINGS", "Watch", "ending", "table",
]  # fmt: skip

RARELY = 20  # iterations at least between looks at a decomposition

# What an end means, in the order in which they decide: success, status.
MEANINGS: dict[str, tuple[bool, int]] = {
    "target": (True, 0),
    "stopped": (False, 99),
    "budget": (False, 1),
    "converged": (True, 0),
    "failed": (False, 2),
    "neutral": (False, 2),
}


# Looking -------------------------------------------------------------------------------------------


class Watch:
    """The criteria that are on, sorted by how often they are looked at, so that most looks cost next to nothing.

    Parameters
    ----------
    opt : Optimizer
    given : mapping or None
        Thresholds of the caller's by name; None switches a criterion off.

    Attributes
    ----------
    thresholds : dict
        A number for each criterion that is on, or an array with one per run of the stack.
    given : frozenset of str
        Names that the caller has set.

    Raises
    ------
    ValueError
        If a name is not among the criteria of the method (with the closest ones), or a threshold is no number.
    """

    def __init__(self, opt: Watched, given: Mapping[str, Any] | None) -> None:
        chosen: dict[str, Any] = {name: CRITERIA[name].default for name in opt.criteria}
        if not isinstance(given, Mapping | None):
            raise ValueError(f"stop must be a mapping of criteria and their thresholds, got {str(given)[:40]!r}")
        for name, value in (given or {}).items():
            if not isinstance(name, str):
                raise ValueError(f"stop must have names of criteria as keys, got {name!r}")
            if name not in chosen:
                near = difflib.get_close_matches(name, opt.criteria, 3) or opt.criteria
                raise ValueError(
                    f"stop has no criterion {name!r} for {type(opt).__name__}: did you mean {' or '.join(near)}?"
                )
            chosen[name] = _threshold(name, value, opt.runs)
        self.given = frozenset(given or {})
        self._by_default: set[str] = set()
        budgets = {"maxfevals", "maxiter", "maxtime"}
        if opt.evaluations_per_variable is not None and not budgets & set(given or {}):
            chosen["maxfevals"] = opt.evaluations_per_variable * opt.n
            self._by_default.add("maxfevals")
        self.thresholds = {name: value for name, value in chosen.items() if value is not None}
        self._every = max(5, opt.n // 20)
        self._sort()

    def _sort(self) -> None:
        looks: Any = {"always": [], "odd": [], "often": [], "rarely": []}
        for name, threshold in self.thresholds.items():
            row = CRITERIA[name]
            unreachable = name in ("maxfevals", "maxiter") and np.isposinf(threshold).all()
            if row.test is not None and not unreachable:
                always = row.look == "always" or (row.look == "odd" and name in self.given)
                for look in ("always", "odd") if always else (row.look,):
                    looks[look].append((row, threshold, row.test))
        self._calm, self._always, self._often, self._rarely = looks.values()

    def is_default(self, name: str) -> bool:
        """Whether a criterion is on because the method has a default end, not by the caller."""
        return name in self._by_default

    def lift(self, name: str) -> None:
        """Switch a criterion off, unless the caller has switched it on."""
        if name in self._by_default:
            del self.thresholds[name]
            self._by_default.discard(name)
            self._sort()

    def switch_off(self, names: Iterable[str], but: frozenset[str] | None = None) -> None:
        """Switch criteria off, except those that the caller has set: of a search within a method, `but`."""
        for name in set(names) - (self.given if but is None else but):
            self.thresholds.pop(name, None)
        self._sort()

    def take(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these runs only."""
        of_each = {name: t[rows] for name, t in self.thresholds.items() if isinstance(t, np.ndarray)}
        if of_each:
            self.thresholds |= of_each
            self._sort()

    def __call__(self, opt: Watched) -> dict[int, dict[str, float]]:
        """Runs that have met a criterion now, each with the figures of what it met."""
        found: dict[int, dict[str, float]] = {}
        said: dict[Any, Any] = {}
        nit, alone = opt.nit, opt.runs is None
        due = self._always
        if not alone:
            due, opt.book.odd = self._always if opt.book.odd else self._calm, False
        # No test reacts to less than a few iterations, and a decomposition of C to less than a change of C.
        if nit and nit % self._every == 0:
            due = due + self._often
        if nit and self._rarely and nit % max(RARELY, opt.rare_interval) == 0:
            due = due + self._rarely
        for criterion, threshold, test in due:
            met, figure = test(opt, threshold)
            if met if alone or isinstance(met, bool) else np.count_nonzero(met):
                _note(found, criterion, opt, threshold, met, figure, said)
        return found


def _note(
    found: dict[int, dict[str, float]], row: Criterion, opt: Watched, threshold: Any, met: Any, figure: Any, said: Any
) -> None:
    """Put runs that have met a criterion into `found`, under the name of what they have met.

    What doubts have `said` is kept there, for criteria with the same ones are often met together.
    """
    met, figures = np.broadcast_to(met, opt.batch or (1,)), np.broadcast_to(figure, opt.batch or (1,))
    names = np.full(met.shape, row.name, dtype=object)
    for doubt, other in reversed(row.doubts):
        key = doubt, np.asarray(threshold).tobytes()
        if key not in said:
            said[key] = np.broadcast_to(doubt(opt, threshold), met.shape)
        names[said[key]] = other
    for at in np.flatnonzero(met).tolist():
        found.setdefault(int(opt.active[at]), {})[str(names[at])] = float(figures[at])


def _threshold(name: str, value: Any, runs: int | None) -> Any:
    if value is None or value is False:
        return None
    number = numbers(f"stop[{name!r}]", value)
    if np.isnan(number).any() or number.shape not in ((), *([(runs,)] if runs else [])):
        raise ValueError(f"stop[{name!r}] must be a number, or one per stacked run, got {value!r}")
    return float(number) if number.ndim == 0 else number


# What an end means ---------------------------------------------------------------------------------


def ending(
    reasons: Mapping[str, float],
    *,
    found: bool,
    wanted: bool,
    nfev: int,
    n_failed: int,
    instead: str = "",
    sign: float = 1.0,
) -> dict[str, Any]:
    """The fields `success`, `status`, `message` and `stop` of a result, as the tables above say.

    Parameters
    ----------
    reasons : mapping
        Criteria that ended the run, with their figures.
    found : bool
        Whether a value was finite (and its point feasible).
    wanted : bool
        Whether `ftarget` was given: then nothing but the target is a success.
    nfev, n_failed : int
        For the message.
    instead : str
        What to say in the place of the sentence for `found=False`.
    sign : float
        -1 where the caller's function is maximised, and what was minimised is its negative.
    """
    reasons = {name: sign * figure if name in VALUES_OF_F else figure for name, figure in reasons.items()}
    met = [CRITERIA[name].means if name in CRITERIA else "stopped" for name in reasons]
    decides = min(met, key=list(MEANINGS).index, default="")
    says = "; ".join(_says(name, sign) for name, means in zip(reasons, met, strict=True) if means == decides)
    success, status = MEANINGS.get(decides, (False, 1))
    if not found and (nfev or success):
        success, status, says = False, 2, instead or "no finite value was found"
    elif decides == "converged" and wanted:
        success, status, says = False, 2, f"ended {'above' if sign > 0 else 'below'} ftarget: {says}"
    figures = ", ".join(f"{name} = {figure:.6g}" for name, figure in reasons.items())
    failures = f", {n_failed} of them failed" if n_failed else ""
    message = f"{says or 'not ended yet'}{f' ({figures})' if figures else ''} after {nfev} evaluations{failures}"
    return {"success": success, "status": status, "message": message, "stop": dict(reasons)}


def _says(name: str, sign: float) -> str:
    if name not in CRITERIA:
        return f"ended from outside: {name}"
    row = CRITERIA[name]
    return row.of_maximum if sign < 0 and row.of_maximum else row.says


def table() -> str:
    """The first table of the module's documentation, from the criteria themselves."""
    rule = f"{'=' * 15} {'=' * 8} {'=' * 9} {'=' * 82}"
    lines = [f"{'criterion':<15} {'default':<8} {'means':<9} what the message says"]
    for row in ROWS:
        default = f"{row.default:g}" if row.default is not None else "none" if row.test is None else "off"
        lines.append(f"{row.name:<15} {default:<8} {row.means:<9} {row.says}")
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])
