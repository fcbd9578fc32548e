"""What criteria can look at: the figures of an optimizer, or of a run of the driver."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.core.book import Book
from es.core.traces import Traces


class Spent(Protocol):
    """What limits look at: the optimizer, or the books of a run of the driver."""

    nit: int

    @property
    def nfev(self) -> Any:
        """Evaluations."""

    @property
    def f_best(self) -> Any:
        """Least value so far."""

    @property
    def seconds(self) -> float:
        """Since the run began."""


class Watched(Spent, Protocol):
    """What criteria look at: an optimizer of one run or of stacked runs; see `es.core.optimizer.Optimizer`."""

    n: int
    runs: int | None
    popsize: int
    active: npt.NDArray[np.intp]
    mean: FloatArray
    scale0: FloatArray
    dtype: Any
    traces: Traces
    book: Book
    generations_without_value: Any
    generations_without_gradient: Any
    criteria: ClassVar[tuple[str, ...]]
    evaluations_per_variable: ClassVar[float | None]

    @property
    def x_best(self) -> FloatArray:
        """Where the least value was found."""

    @property
    def batch(self) -> tuple[int, ...]:
        """() for one run, (active runs,) for stacked ones."""

    @property
    def rare_interval(self) -> int:
        """Iterations between looks at what needs a decomposition."""


class Distribution(Watched, Protocol):
    """An optimizer that samples; see `es.parts.strategy.Strategy`."""

    @property
    def units(self) -> FloatArray:
        """What each coordinate is measured in."""

    def once(self, figure: str) -> Any:
        """`stds`, `growth` (of them since the start), `axis_ratio` or its bound, computed once an iteration."""

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns, each times its standard deviation, in the caller's x."""
