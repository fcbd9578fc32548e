"""What the figures, tables and words of one report share, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from experiments.statistics.cells import Cell, StudyLike
from experiments.statistics.distributions import Distributions, distributions
from experiments.statistics.groups import by_dimension, by_group
from experiments.statistics.overall import overall_table
from experiments.statistics.ranking import Ranking, rank_methods
from experiments.statistics.summary import summary_rows
from experiments.statistics.sweep import Selected, SweepTable, best_cells, sweep_tables


class Analysis:
    """A study with what follows from its trials, if `quick` by fewer bootstrap samples; it can stand wherever a study
    is read."""

    def __init__(self, study: StudyLike, *, quick: bool = False) -> None:
        self.study = study
        self.quick = quick

    @classmethod
    def of(cls, study: StudyLike, *, quick: bool = False) -> Analysis:
        """The analysis of a study, or the one that it is already."""
        return study if isinstance(study, Analysis) else cls(study, quick=quick)

    @property
    def header(self) -> Mapping[str, Any]:
        """Labels of problems and methods, gradient cost, precision."""
        return self.study.header

    @property
    def trials(self) -> Sequence[Mapping[str, Any]]:
        """The trial records."""
        return self.study.trials

    @cached_property
    def tables(self) -> list[SweepTable]:
        """All settings of swept methods."""
        return sweep_tables(self.study)

    @cached_property
    def chosen(self) -> list[Selected]:
        """What stands for each method on each problem; some without any usable trial."""
        return best_cells(self.study, self.tables)

    @cached_property
    def cells(self) -> list[Cell]:
        """What is compared: of swept methods the best setting."""
        return [one.cell for one in self.chosen if one.cell.costs]

    @cached_property
    def ranking(self) -> Ranking | None:
        """Ranks and tests; None where there is one method alone."""
        return rank_methods(self.cells) if len({cell.method for cell in self.cells}) > 1 else None

    @cached_property
    def overall(self) -> list[dict[str, Any]]:
        """The methods over all problems, see `overall_table`."""
        return overall_table(self.cells, samples=200 if self.quick else 1000)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The results table, see `summary_table`."""
        return summary_rows(self.chosen, samples=500 if self.quick else 2000)

    @cached_property
    def groups(self) -> dict[str, dict[str, list[Cell]]]:
        """By name of figure the groups of cells that have a panel each: dimensions, groups of BBOB functions."""
        ways = {"ecdf-dimension": by_dimension(self.cells), "ecdf-group": by_group(self.cells)}
        return {name: groups for name, groups in ways.items() if len(groups) > 1}

    @cached_property
    def distributions(self) -> Distributions:
        """Runtime distributions over all problems, the group called ``""``, and over each of `groups`."""
        every = {"": self.cells} | {name: cells for groups in self.groups.values() for name, cells in groups.items()}
        samples = 50 if self.quick else int(np.clip(300_000 // max(1, len(self.trials)), 100, 200))
        return distributions(self.cells, every, samples=samples)
