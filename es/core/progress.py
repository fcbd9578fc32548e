"""What can be read off an optimizer while it runs and when it has ended: counts, the best, its spread, results."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core import stopping
from es.core.arrays import FloatArray, IntArray
from es.core.book import Book
from es.core.lagrangian import NO_POINT
from es.core.traces import Traces

if TYPE_CHECKING:
    from es.core.result import Result


class Progress:
    """The figures of an `Optimizer`, one of each for a run, or one per active run of a stack."""

    n: int
    runs: int | None
    active: IntArray
    popsize: int
    mean: FloatArray
    scale0: FloatArray
    nit: int
    book: Book
    traces: Traces
    dtype: np.dtype[Any]
    _watch: stopping.Watch
    _streams: list[np.random.Generator]
    _seeds: list[Any]
    _reasons: dict[int, dict[str, float]]
    _ended: dict[int, dict[str, Any]]
    _looked: int
    _figures: dict[str, Any]
    _figures_of: int
    _opened: float
    _was_unclean: bool

    # What the book counts.
    nfev = property(attrgetter("book.nfev"), doc="Points evaluated, a number or one per active run.")
    njev = property(attrgetter("book.njev"), doc="Gradients evaluated, a number or one per active run.")
    n_failed = property(attrgetter("book.n_failed"), doc="Points without a value, a number or one per active run.")
    f_best = property(attrgetter("book.f_best"), doc="Least value so far, per active run; inf before the first.")

    @property
    def x_best(self) -> FloatArray:
        """Where it was found, (n,) or (active runs, n)."""
        return self.book.x_best

    @property
    def x_mean(self) -> FloatArray:
        """Centre of the search in the caller's coordinates, (n,) or (active runs, n)."""
        return self.mean.copy()

    @property
    def result(self) -> Result:
        """Result of the run.

        Returns
        -------
        es.Result
            `x`, `fun`: the best evaluated point and value (x0 and NaN if no value was finite); `mean`: centre of the
            search; `stop`, `message`, `status`, `success`: why it ended; `nfev`, `njev`, `nit`, `n_failed`; `seed`.

        Raises
        ------
        ValueError
            For stacked runs, which have `results`.
        """
        if self.runs is not None:
            raise ValueError(f"result is of a single run, got {self.runs} stacked runs: use results")
        return self.results[0]

    @property
    def results(self) -> list[Result]:
        """The result of each run, ended or not, in the order of x0."""
        from es.core.result import Result

        rows = {int(run): row for row, run in enumerate(self.active)}
        return [
            Result(_copied(self._ended[run]) if run in self._ended else self._summary(run, rows[run]))
            for run in range(self.runs or 1)
        ]

    def ended(self, run: int) -> Mapping[str, Any] | None:
        """What the result of a stacked run says that has ended; None of one that goes on."""
        return self._ended.get(run)

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        """What the result of a run says, read from row `row` of the state."""
        counts = self.book.of(row)
        wanted, found = "ftarget" in self._watch.thresholds, not math.isnan(counts["fun"])
        spent: Any = {name: counts[name] for name in ("nfev", "n_failed")}
        more = self._told_report()
        instead = NO_POINT if more.get("violation") else ""
        return {
            **counts,
            **more,
            **stopping.ending(self._reasons.get(run, {}), found=found, wanted=wanted, instead=instead, **spent),
            "mean": self.x_mean.copy() if self.runs is None else self.once("x_mean")[row].copy(),
            "nit": self.nit,
            "seed": self._seeds[run],
        }

    def _told_report(self) -> dict[str, Any]:
        """Further fields of the result."""
        return {}

    # The distribution ------------------------------------------------------------------------------

    @property
    def units(self) -> FloatArray:
        """What each coordinate is measured in, (n,) or (active runs, n): sigma0, relative to its largest entry."""
        return self.scale0 / self.scale0.max(-1, keepdims=True)

    @property
    def stds(self) -> Any:
        """Standard deviation of each coordinate, (n,) or (active runs, n); None where a method does not sample."""
        return None

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis, per run; None where a method does not sample."""
        return None

    @property
    def axis_ratio_bound(self) -> Any:
        """What `axis_ratio` is at most, for criteria: itself, where a method knows nothing that is found sooner."""
        return self.once("axis_ratio")

    @property
    def growth(self) -> Any:
        """Largest ratio of a standard deviation to what it was at the start, per run."""
        return (self.once("stds") / self.scale0).max(-1)

    def once(self, figure: str) -> Any:
        """`x_mean`, `stds`, `growth`, `axis_ratio` or its bound, made once an iteration however many look at it."""
        if self._figures_of != self.nit:
            self._figures, self._figures_of = {}, self.nit
        if figure not in self._figures:
            self._figures[figure] = getattr(self, figure)
        return self._figures[figure]

    @property
    def unfinished(self) -> bool:
        """Whether what was told last is a part of an iteration, of which more will be asked."""
        return False

    # The run ---------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """Time since the run began, before it was saved and loaded included."""
        return time.monotonic() - self._opened

    @property
    def seed(self) -> Any:
        """What would give the same random stream as `rng`; for stacked runs a list. None where a Generator came in."""
        return self._seeds[0] if self.runs is None else list(self._seeds)


def _copied(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a run that has ended, for a caller who may write into it."""
    return {name: value.copy() if isinstance(value, np.ndarray | dict) else value for name, value in summary.items()}
