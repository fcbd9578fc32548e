"""A run with restarts, leg by leg, and its books, whoever runs the legs.

A *leg* of a run goes from a start, or restart, to the end by the method's own criteria. `Restarts` decides what the
next leg is, as for a single run, and sees a `Leg` where it would see an optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray, as_scale
from es.core.book import Book
from es.core.stopping import ending
from es.run.arguments import Maker
from es.run.restarts import Restarts
from problems.boxes import Box
from problems.ledger import Trace

if TYPE_CHECKING:
    from es.core.result import Result


@dataclass(eq=False)
class Leg:
    """What `Restarts` sees in the place of an optimizer: how it starts, and at the end what came out.

    Attributes
    ----------
    kind : str
        Of the method.
    box : Box or None
    mean, scale0 : ndarray, shape (n,)
        Start and initial standard deviations.
    popsize : int
    rng : int or Generator
    maxfevals : float
        Budget of its own.
    decode : callable
        `decode()` is the start in the caller's coordinates, which a method that keeps bounds may see otherwise.
    """

    kind: str
    box: Box | None
    mean: FloatArray
    scale0: FloatArray
    popsize: int
    rng: Any
    maxfevals: float
    decode: Callable[[], FloatArray]

    def __post_init__(self) -> None:
        self.book = Book(self.mean)

    @property
    def x_mean(self) -> FloatArray:
        """Mean at the start, and once the leg has ended the last one."""
        return self.decode()

    @property
    def x_best(self) -> FloatArray:
        """The best point of the leg."""
        return self.book.x_best

    @property
    def f_best(self) -> float:
        """Its value."""
        return float(self.book.f_best)

    @property
    def nfev(self) -> int:
        """Evaluations of the leg."""
        return int(self.book.nfev)

    def outstanding(self) -> list[dict[bytes, int]]:
        """Points that were asked for and not told: none, for a stack is told all at once."""
        return [{}]

    def end(self, summary: Mapping[str, Any], mean: FloatArray | None) -> None:
        """Take over what came out, and the last mean where it is not that of the summary."""
        book, found = self.book, np.isfinite(summary["fun"]) or summary["fun"] == -np.inf
        book.nfev, book.njev, book.n_failed = summary["nfev"], summary["njev"], summary["n_failed"]
        if found:
            book.f_best, book.x_best = np.float64(summary["fun"]), summary["x"]
        last: FloatArray = summary["mean"] if mean is None else mean
        self.decode = lambda: last


class Course:
    """A run with restarts, leg by leg.

    Attributes
    ----------
    restarts : Restarts
        Its `inner` is the present `Leg`.
    nit : int
        Iterations of the legs that have ended.
    stop : dict
        Why it has ended; empty before.
    pieces : list of Trace
        Improvements, leg by leg.
    seconds : float
        When it ended.
    """

    def __init__(self, number: int, restarts: Restarts, seed: Any) -> None:
        self.number, self.restarts, self.seed = number, restarts, seed
        self.nit = 0
        self.stop: dict[str, float] = {}
        self.pieces: list[Trace] = []
        self.seconds = 0.0

    @property
    def leg(self) -> Leg:
        """The present one."""
        return self.restarts.inner

    def counts(self) -> dict[str, int]:
        """What all legs have used."""
        books = [self.restarts.book, *([] if self.restarts.stop() else [self.leg.book])]  # the last leg is in the first
        return {name: sum(int(getattr(book, name)) for book in books) for name in ("nfev", "njev", "n_failed")}

    def result(self, *, wanted: bool, method: str, first_error: str | None, keep_trace: bool) -> Result:
        """The result, with the fields of `es.minimize` but `history`."""
        from es.core.result import Result

        restarts, counts = self.restarts, self.counts()
        found = restarts.f_best < np.inf
        spent: Any = {"nfev": counts["nfev"], "n_failed": counts["n_failed"]}
        result = Result(
            x=np.array(restarts.x_best), fun=restarts.f_best if found else np.nan,
            **ending(self.stop, found=found, wanted=wanted, **spent), **counts, nit=self.nit,
            mean=np.array(restarts.x_mean), first_error=first_error, seconds=self.seconds, seed=self.seed,
            method=method,
        )  # fmt: skip
        if not isinstance(restarts, Once):
            result["restarts"] = restarts.log
        if keep_trace:
            columns = (
                zip(*self.pieces, strict=True) if self.pieces else ([np.empty(0, np.int64)],) * 2 + ([np.empty(0)],)
            )
            result["trace"] = Trace(*(np.concatenate(list(parts)) for parts in columns))
        return result


class Once(Restarts):
    """A run without restarts in the form of one with them: its only leg has all of its random stream."""

    def _draw(self) -> Any:
        return self._rng

    def go_on(self, reasons: Mapping[str, float]) -> None:
        """Book the leg; the run ends as it did."""
        self.book.add(self.inner.book)
        self._stop = dict(reasons)


class Spent:
    """What limits look at: the sums over the legs of a run."""

    def __init__(self, nfev: int, f_best: float, nit: int, seconds: float) -> None:
        self.nfev, self.f_best, self.nit, self.seconds = nfev, f_best, nit, seconds


def start_of(make: Maker, x0: Any = None, sigma0: Any = None) -> tuple[FloatArray, FloatArray]:
    """x0 and sigma0 of a leg, for each coordinate; None: those of the run."""
    start = np.array(make.fixed["x0"] if x0 is None else x0, dtype=float)
    return start, as_scale(make.fixed["sigma0"] if sigma0 is None else sigma0, start, make.fixed["bounds"])


class Legs:
    """Makes legs as `Maker` makes optimizers; the first one has this population size and mean."""

    def __init__(self, make: Maker, popsize: int, mean: FloatArray) -> None:
        self.make, self._popsize, self._mean = make, popsize, mean
        budget = (make.fixed.get("stop") or {}).get("maxfevals")
        by_default = make.cls.evaluations_per_variable
        if budget is None and by_default is not None and not make.budgeted:
            budget = by_default * mean.size
        self._maxfevals = np.inf if budget is None else float(budget)

    def __call__(
        self,
        *,
        rng: Any,
        x0: Any = None,
        sigma0: Any = None,
        popsize: int | None = None,
        maxfevals: float | None = None,
    ) -> Leg:
        """A leg with these arguments changed."""
        start, scale = start_of(self.make, x0, sigma0)

        def decode() -> FloatArray:
            mean: FloatArray = self._mean if x0 is None else self.make(x0=start, sigma0=scale, rng=rng).x_mean
            return mean

        return Leg(
            self.make.cls.kind, self.make.fixed["bounds"], start, scale, rng=rng, decode=decode,
            popsize=self._popsize if popsize is None else popsize,
            maxfevals=self._maxfevals if maxfevals is None else maxfevals,
        )  # fmt: skip
