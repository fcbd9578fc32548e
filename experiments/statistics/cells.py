"""From trial records to arrays: one `Cell` holds all trials of one method on one problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from es.core.arrays import FloatArray
from experiments.statistics.runtimes import default_targets, hitting_times

RELATIVE_TARGETS = (0.0, -5.0)
"""Exponents of the easiest and the hardest target for a problem without known optimum, as parts of the starting gap."""


class StudyLike(Protocol):
    """What the statistics read from a study."""

    @property
    def header(self) -> Mapping[str, Any]:
        """Labels of problems and methods, gradient cost, precision."""

    @property
    def trials(self) -> Sequence[Mapping[str, Any]]:
        """The trial records."""


@dataclass(frozen=True)
class Targets:
    """Target precisions of one problem, and what they are measured from.

    Attributes
    ----------
    reference : float
        f_opt where it is known, else the best value of any trial in the study.
    precisions : (targets,) array
        Differences to the reference, decreasing.
    known : bool
        Whether the reference is the known optimum.
    """

    reference: float
    precisions: FloatArray
    known: bool

    @property
    def final(self) -> float:
        """The hardest precision."""
        return float(self.precisions[-1])


@dataclass(frozen=True)
class Cell:
    """The trials of one method on one problem.

    Attributes
    ----------
    problem, method : str
        Labels.
    problem_name, method_name : str
        Registry names, without options.
    n : int
        Dimension.
    targets : Targets
        The same for all methods on the problem.
    costs, gaps : lists of arrays
        Per trial the best-so-far difference to ``targets.reference`` after each cost; evaluations with gradients
        charged.
    budgets : (trials,) array
        Cost that each trial spent.
    allowed : (trials,) array
        Cost that each trial was allowed; one that ended before its time has what it had then for the rest of it.
    seeds : tuple of int
        Number of the repeat of each trial.
    biased : bool
        Whether the cell was chosen as the best of several on these very trials; no test is made of it then.
    final : (trials,) array
        Best value of each trial (f itself), NaN where there is none.
    scores, seconds : (trials,) arrays
        The problem's own score (NaN where there is none), wall-clock time.
    failed : int
        Trials that ended in an error or a timeout, whether they count above or left no evaluation.
    """

    problem: str
    method: str
    problem_name: str
    method_name: str
    n: int
    targets: Targets
    costs: list[FloatArray]
    gaps: list[FloatArray]
    budgets: FloatArray
    final: FloatArray
    scores: FloatArray
    seconds: FloatArray
    failed: int
    allowed: FloatArray
    seeds: tuple[int, ...] = ()
    biased: bool = False

    @property
    def family(self) -> str:
        """The problem's label without its dimension."""
        return re.sub(r"\s*[\[(]?\bn\s*=\s*\d+[\])]?", "", self.problem).strip(" ,") or self.problem

    @property
    def title(self) -> str:
        """The problem's label with its dimension."""
        return self.problem if re.search(r"\bn\s*=", self.problem) else f"{self.problem} (n={self.n})"

    def times(self, precisions: FloatArray | None = None) -> FloatArray:
        """Runtimes (targets, trials) to reach the precisions (the cell's own by default), ``inf`` where never
        reached."""
        if precisions is None:
            return self._times
        return self._hits(np.atleast_1d(precisions))

    @property
    def final_times(self) -> FloatArray:
        """Runtimes (trials,) to the hardest of the cell's own precisions."""
        return np.asarray(self._times[-1])

    @property
    def final_gaps(self) -> FloatArray:
        """Gap of each trial at its end, ``inf`` where it had no value."""
        return np.array([float(np.nanmin(gap)) if gap.size else np.inf for gap in self.gaps])

    def gaps_at(self, cost: float) -> FloatArray:
        """Gap of each trial after a cost, ``inf`` where it had no value yet."""
        if cost not in self._gaps_at:
            pairs = zip(self.costs, self.gaps, strict=True)
            held = [gap[int(np.searchsorted(c, cost, side="right")) - 1] if c.size and c[0] <= cost else np.inf
                    for c, gap in pairs]  # fmt: skip
            self._gaps_at[cost] = np.where(np.isnan(held), np.inf, held)
        return self._gaps_at[cost]

    @cached_property
    def _gaps_at(self) -> dict[float, FloatArray]:
        return {}

    @cached_property
    def _times(self) -> FloatArray:
        return self._hits(self.targets.precisions)

    def _hits(self, precisions: FloatArray) -> FloatArray:
        if not self.costs:
            return np.empty((precisions.size, 0))
        wanted = precisions * (1 + 1e-12)
        return np.stack([hitting_times(c, g, wanted) for c, g in zip(self.costs, self.gaps, strict=True)], axis=1)


def problem_label(trial: Mapping[str, Any]) -> str:
    """Label of the problem of a trial record, with the swept parameters that make it another problem.

    Examples
    --------
    >>> problem_label({"problem": {"label": "sphere"}, "params": {"problem.n": 5, "method.sigma0": 0.1}})
    'sphere (n=5)'
    """
    label = str(trial["problem"]["label"])
    swept = {k.removeprefix("problem."): v for k, v in trial.get("params", {}).items() if of_problem(k)}
    # Of these the label tells the dimension alone: other words in it are the user's.
    words = ", ".join(f"{k}={v}" for k, v in swept.items() if not (k == "n" and f"(n={v})" in label))
    return f"{label} ({words})" if words else label


def of_problem(path: str) -> bool:
    """Whether a swept parameter makes another problem and not another setting of the method: a precision is what is
    asked for on a problem."""
    return path.startswith("problem.") or path == "precision"


def setting_of(trial: Mapping[str, Any]) -> dict[str, Any]:
    """The swept parameters of a trial record that are a setting of its method."""
    return {path: value for path, value in trial.get("params", {}).items() if not of_problem(path)}


def method_label(trial: Mapping[str, Any]) -> str:
    """Label of the method of a trial record."""
    return str(trial["method"]["label"])


def method_name(trial: Mapping[str, Any]) -> str:
    """Registry name of the method of a trial record."""
    return str(trial["method"]["name"])


def counts(trial: Mapping[str, Any]) -> bool:
    """Whether a trial enters the statistics: it ran to its end, or failed after at least one evaluation."""
    return trial["status"] == "ok" or (int(trial.get("nfev") or 0) > 0 and len(trial["curve"]["f"]) > 0)


def collect(study: StudyLike) -> list[Cell]:
    """Sort the trials of a study into cells, problems first, in the study's own order.

    Parameters
    ----------
    study : Study
        Anything with ``header`` and ``trials``.

    Returns
    -------
    list of Cell
        Only pairs with at least one recorded trial.
    """
    targets = problem_targets(study)
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for trial in study.trials:
        grouped.setdefault((problem_label(trial), method_label(trial)), []).append(trial)
    problems = in_order(study.header.get("problems", ()), [key[0] for key in grouped])
    methods = in_order(study.header.get("methods", ()), [key[1] for key in grouped])
    return [make_cell(p, m, grouped[p, m], targets[p]) for p in problems for m in methods if (p, m) in grouped]


def in_order(first: Sequence[str], present: Sequence[str]) -> list[str]:
    """The labels that are present, each once: those of ``first`` in its order, then the others as they came.

    Examples
    --------
    >>> in_order(["b", "a"], ["a", "c", "a", "b"])
    ['b', 'a', 'c']
    """
    here = set(present)
    return list(dict.fromkeys([label for label in first if label in here] + list(present)))


def starting_gap(curves: Iterable[ArrayLike]) -> tuple[float, float] | None:
    """Best value of any run, and the median gap between it and a run's first value; None where no run has a value."""
    finite = [f[np.isfinite(f)] for f in (np.asarray(curve, dtype=float) for curve in curves)]
    finite = [f for f in finite if f.size]
    if not finite:
        return None
    best = min(float(f.min()) for f in finite)
    return best, float(np.median([f[0] - best for f in finite]))


def problem_targets(study: StudyLike) -> dict[str, Targets]:
    """Targets of each problem: 10**2 ... its final precision above f_opt; without known optimum, parts of the starting
    gap.

    The precision is that of the trials; where they have none, that of the header.

    Without f_opt the reference is the best value that any trial of the study found, and the 51 targets are 10**0 to
    10**-5 (or what the header's ``relative_targets`` say) of the median gap between the first value of a trial and
    that reference (cf. Moré and Wild 2009, SIAM J. Optim. 20, eq. 2.2).
    """
    usual = float(study.header.get("precision") or 1e-8)
    exponents = study.header.get("relative_targets", RELATIVE_TARGETS)
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for trial in study.trials:
        grouped.setdefault(problem_label(trial), []).append(trial)
    result = {}
    for label, trials in grouped.items():
        optima = {float(t["f_opt"]) for t in trials if t.get("f_opt") is not None}
        if optima:  # instances differ in f_opt: gaps are taken per trial, the first value stands for the problem
            asked = [float(t["precision"]) for t in trials if t.get("precision")]
            last = float(np.log10(max(asked, default=usual)))
            result[label] = Targets(min(optima), default_targets(max(2.0, last + 1.0), last), True)
            continue
        best, gap = starting_gap(t["curve"]["f"] for t in trials if counts(t)) or (0.0, 1.0)
        result[label] = Targets(best, (gap if gap > 0 else 1.0) * default_targets(*exponents), False)
    return result


def make_cell(problem: str, method: str, trials: Sequence[Mapping[str, Any]], targets: Targets) -> Cell:
    """The cell of some trials of one method on one problem."""
    used = [t for t in trials if counts(t)]
    costs, gaps = [], []
    for trial in used:
        optimum = trial.get("f_opt")
        reference = targets.reference if optimum is None else float(optimum)
        costs.append(np.asarray(trial["curve"]["cost"], dtype=float))
        gaps.append(np.fmin.accumulate(np.asarray(trial["curve"]["f"], dtype=float) - reference))
    return Cell(
        problem=problem,
        method=method,
        problem_name=str(trials[0]["problem"]["name"]),
        method_name=method_name(trials[0]),
        n=int(trials[0]["n"]),
        targets=targets,
        costs=costs,
        gaps=gaps,
        budgets=_column(used, "cost"),
        final=_column(used, "f"),
        scores=_column(used, "score"),
        seconds=_column(used, "seconds"),
        failed=sum(t["status"] != "ok" for t in trials),
        allowed=np.fmax(_column(used, "maxcost"), _column(used, "cost")),
        seeds=tuple(int(t["seed"]) for t in used),
    )


def _column(trials: list[Mapping[str, Any]], key: str) -> FloatArray:
    return np.array([np.nan if t.get(key) is None else float(t[key]) for t in trials], dtype=float)
