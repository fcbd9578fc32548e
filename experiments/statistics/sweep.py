"""Sweeps: outcome of every setting, and how much each parameter matters."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from es.core.arrays import FloatArray
from experiments.records import digest
from experiments.statistics.cells import (
    Cell,
    StudyLike,
    collect,
    make_cell,
    method_label,
    problem_label,
    problem_targets,
    setting_of,
)
from experiments.statistics.runtimes import expected_runtime
from experiments.statistics.tests import coco_scores


@dataclass(frozen=True)
class SweepTable:
    """All settings of one method on one problem."""

    problem: str
    method: str
    parameters: list[str]  # swept ones of the method that take more than one value here
    settings: list[dict[str, Any]]  # value per parameter
    cells: list[Cell]  # the trials of each setting
    ert: FloatArray  # (settings,): to the final target; inf where no trial reached it
    gaps: FloatArray  # (settings,): median gap at the end of the trials

    @property
    def solved(self) -> bool:
        """Whether enough settings reach the target to compare them by ERT: a quarter of them."""
        return bool(np.isfinite(self.ert).mean() >= 0.25)

    @property
    def outcome(self) -> FloatArray:
        """What the figures show per setting: the ERT where `solved`, else the median gap, not less than the target."""
        return self.ert if self.solved else np.maximum(self.gaps, self.cells[0].targets.final)

    def order(self, index: int) -> tuple[float, float]:
        """Key that puts better settings first: by ERT where `solved`, else by median gap; ties by the other."""
        pair = (float(self.ert[index]), float(self.gaps[index]))
        return pair if self.solved else (pair[1], pair[0])

    @property
    def best(self) -> int:
        """Index of the best setting in the sense of `order`."""
        return min(range(len(self.settings)), key=self.order)

    def subset(self, places: Sequence[int], cells: Sequence[Cell]) -> SweepTable:
        """The table of some settings, with other trials of theirs."""
        settings = [self.settings[k] for k in places]
        return SweepTable(self.problem, self.method, self.parameters, settings, list(cells), *_measures(cells))

    def column(self, parameter: str) -> list[Any]:
        """Value of the parameter in each setting, None where it does not apply."""
        return [setting.get(parameter) for setting in self.settings]


def sweep_tables(study: StudyLike) -> list[SweepTable]:
    """Sort the trials of a sweep by problem, method and setting; parameters of problems make separate problems."""
    groups: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for trial in study.trials:
        place = (problem_label(trial), method_label(trial))
        # Values may be lists and tables, in each other too, so a setting goes by the digest of all of it.
        groups.setdefault(place, {}).setdefault(digest(setting_of(trial)), []).append(trial)
    targets = problem_targets(study)
    tables = []
    for (problem, method), by_setting in groups.items():
        settings, cells = [], []
        for trials in by_setting.values():
            cell = make_cell(problem, method, trials, targets[problem])
            if cell.costs:
                settings.append(setting_of(trials[0]))
                cells.append(cell)
        if not cells:
            continue
        names = list(dict.fromkeys(name for setting in settings for name in setting))
        names = [name for name in names if len({digest(setting.get(name)) for setting in settings}) > 1]
        if names:
            tables.append(SweepTable(problem, method, names, settings, cells, *_measures(cells)))
    return tables


class Selected(NamedTuple):
    """What stands for a method on a problem in a comparison."""

    cell: Cell  # the trials that are shown
    setting: dict[str, Any]  # of a swept method the best of its settings, else empty
    tried: int  # settings among which it was chosen
    chosen_on: int  # repeats on which it was chosen, which are not shown, unless there is only one


def best_cells(study: StudyLike, tables: Sequence[SweepTable] | None = None) -> list[Selected]:
    """One cell per problem and method; of swept methods the best setting, chosen on one half of the repeats and shown
    on the other.

    The best of twenty settings looks better than it is on the trials on which it was chosen, and more so the more there
    were.  Every other repeat, from the first on, is for the choice.  ``tables`` are those of `sweep_tables`, where they
    are known already.
    """
    found = sweep_tables(study) if tables is None else tables
    swept = {(table.problem, table.method): table for table in found}
    return [_select(cell, swept.get((cell.problem, cell.method))) for cell in collect(study)]


def _select(cell: Cell, table: SweepTable | None) -> Selected:
    if table is None:
        return Selected(cell, {}, 1, 0)
    seeds = sorted({seed for one in table.cells for seed in one.seeds})
    halves = (set(seeds[::2]), set(seeds[1::2]))
    parts = [[part(one, half) for one in table.cells] for half in halves]
    usable = [k for k in range(len(table.cells)) if all(half[k].costs for half in parts)]
    if usable:
        trial = table.subset(usable, [parts[0][k] for k in usable])
        best = usable[trial.best]
        shown = parts[1][best]
    else:
        best, halves = table.best, (set(seeds), set(seeds))
        shown = replace(table.cells[best], biased=True)
    setting = {name: table.settings[best].get(name) for name in table.parameters}
    return Selected(shown, setting, len(table.cells), len(halves[0]))


def part(cell: Cell, seeds: Container[int]) -> Cell:
    """The trials of a cell with these numbers of repeats."""
    kept = [k for k, seed in enumerate(cell.seeds) if seed in seeds]
    arrays = {name: getattr(cell, name)[kept] for name in ("budgets", "final", "scores", "seconds", "allowed")}
    costs, gaps = [cell.costs[k] for k in kept], [cell.gaps[k] for k in kept]
    return replace(cell, costs=costs, gaps=gaps, seeds=tuple(cell.seeds[k] for k in kept), **arrays)


def selection_notes(selected: Sequence[Selected]) -> list[str]:
    """Sentences for captions: which methods stand with the best of how many settings, chosen how."""
    found: dict[str, list[Selected]] = {}
    for one in selected:
        if one.tried > 1:
            found.setdefault(one.cell.method, []).append(one)
    notes = []
    for method, ones in found.items():
        tried = sorted({one.tried for one in ones})
        count = f"{tried[0]}" if len(tried) == 1 else f"{tried[0]} to {tried[-1]}"
        chosen, shown = max(one.chosen_on for one in ones), max(len(one.cell.costs) for one in ones)
        how = (
            "chosen on the very trials that are shown, so that it looks better than it is; no test is made of it"
            if any(one.cell.biased for one in ones)
            else f"chosen on {chosen} repeat{'s' * (chosen > 1)} and shown on the {shown} other{'s' * (shown > 1)}"
        )
        notes.append(f"{method}: the best of {count} settings on each problem, {how}.")
    return notes


def setting_text(setting: Mapping[str, Any]) -> str:
    """A setting in few words; "default" for one without a value, as that of trials from before a sweep is.

    Examples
    --------
    >>> setting_text({"method.sigma0": 0.30000001, "method.popsize": 12})
    'sigma0=0.3, popsize=12'
    >>> setting_text({"method.sigma0": None})
    'default'
    """
    said = {name: value for name, value in setting.items() if value is not None}
    return ", ".join(f"{short_name(name)}={value_text(value)}" for name, value in said.items()) or "default"


def short_name(path: str) -> str:
    """Last part of a parameter path: ``sigma0`` of ``method.sigma0``."""
    return path.rpartition(".")[2]


def value_text(value: Any) -> str:
    """A parameter value in few words."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _measures(cells: Sequence[Cell]) -> tuple[FloatArray, FloatArray]:
    """ERT to the final target, and median gap, of each cell."""
    ert = [float(expected_runtime(cell.final_times, cell.budgets)) for cell in cells]
    return np.array(ert), np.array([float(np.median(cell.final_gaps)) for cell in cells])


def parameter_importance(
    values: Mapping[str, Sequence[Any]], outcome: FloatArray, *, bins: int = 8
) -> dict[str, float]:
    """Share of the variance of the ranked outcome that each parameter explains by itself.

    The first-order effect of an analysis of variance with Kelley's correction (epsilon squared): the variance between
    the levels of one parameter, averaged over all others, less what chance would give. Numbers with many values are
    put into ``bins`` equally filled levels. What is missing to one is interaction between parameters, and noise.
    There is one value per trial of each parameter and of the outcome, where ``inf`` is allowed.

    Examples
    --------
    >>> shares = parameter_importance({"a": [0, 0, 1, 1] * 5, "b": [0, 1, 0, 1] * 5}, np.array([1.0, 2, 8, 9] * 5))
    >>> shares["a"] > 0.7 > shares["b"]
    True
    """
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(np.asarray(outcome, dtype=float)) - 1.0)  # ties share their mean rank
    total = float(((ranks - ranks.mean()) ** 2).sum())
    shares = {}
    for name, column in values.items():
        level = levels(column, bins)
        counts = np.bincount(level)
        average = np.bincount(level, weights=ranks) / np.maximum(counts, 1)
        within = float(((ranks - average[level]) ** 2).sum())
        groups = int((counts > 0).sum())
        free = ranks.size - groups
        if total == 0 or free <= 0:
            shares[name] = 0.0
            continue
        shares[name] = float(np.clip((total - within - (groups - 1) * within / free) / total, 0.0, 1.0))
    return shares


def levels(column: Sequence[Any], bins: int = 8) -> NDArray[np.intp]:
    """Level of each value: its place among the distinct values, or its quantile bin when numbers have more than
    ``bins``."""
    if is_numeric(column):
        numbers = np.asarray(column, dtype=float)
        distinct, inverse = np.unique(numbers, return_inverse=True)
        if distinct.size <= bins:
            return inverse.astype(np.intp)
        order = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
        return (order * bins // numbers.size).astype(np.intp)
    names = sorted({str(value) for value in column})
    return np.array([names.index(str(value)) for value in column], dtype=np.intp)


def is_numeric(column: Sequence[Any]) -> bool:
    """Whether all values are numbers (booleans are not)."""
    return all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in column)


def trial_scores(table: SweepTable) -> tuple[dict[str, list[Any]], FloatArray]:
    """Per trial of the table the parameter values, and one number, smaller is better: minus COCO's score."""
    times = np.concatenate([cell.final_times for cell in table.cells])
    scores = coco_scores(times, np.concatenate([cell.final_gaps for cell in table.cells]))
    columns = {
        name: [value for value, cell in zip(table.column(name), table.cells, strict=True) for _ in cell.costs]
        for name in table.parameters
    }
    return columns, -scores


def table_importance(table: SweepTable) -> dict[str, float]:
    """`parameter_importance` of a table's parameters, from its trials."""
    return parameter_importance(*trial_scores(table))
