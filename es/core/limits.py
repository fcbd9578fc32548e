"""Budget, time and target of a run: the reasons to stop that have nothing to do with the method."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from es.core.criteria import CRITERIA, LIMITS
from es.core.watched import Spent
from problems.ledger import Ledger
from problems.numbers import number, numbers, short


@dataclass(eq=False)
class Limits:
    """What a run may use, counted from its own start, looked at by the criteria that optimizers have as well."""

    ledger: Ledger  # may have counted before: only what comes from here on is charged
    _: KW_ONLY
    maxfevals: float | None = None  # points to evaluate
    maxiter: float | None = None
    maxtime: float | None = None  # seconds
    ftarget: float | None = None  # a best value at or below it is the end
    nit: int = 0  # iterations at the last look
    f_best: float = math.inf  # the best value then

    def __post_init__(self) -> None:
        self.on = {name: limit for name in LIMITS if (limit := getattr(self, name)) is not None}
        self._nfev0, self._njev0, self._failed0 = self.ledger.nfev, self.ledger.njev, self.ledger.n_failed
        self._start = time.monotonic()

    @property
    def nfev(self) -> int:
        """Points evaluated by this run."""
        return self.ledger.nfev - self._nfev0

    @property
    def njev(self) -> int:
        """Gradients evaluated by this run."""
        return self.ledger.njev - self._njev0

    @property
    def n_failed(self) -> int:
        """Points of this run whose value was not finite."""
        return self.ledger.n_failed - self._failed0

    @property
    def seconds(self) -> float:
        """Time that the run has taken, before a resume included."""
        return time.monotonic() - self._start

    def resume(self, seconds: float) -> None:
        """Go on with a run that had taken this many seconds and whose ledger has been restored."""
        self._nfev0 = self._njev0 = self._failed0 = 0
        self._start = time.monotonic() - seconds

    def room(self, wanted: int) -> int:
        """How many of the wanted evaluations the budget still holds."""
        return wanted if self.maxfevals is None else int(min(wanted, self.maxfevals - self.nfev))

    def reached(self, nit: int, f_best: float) -> dict[str, float]:
        """The limits that are reached, each with its figure."""
        self.nit, self.f_best = nit, f_best
        return reached(self, self.on)


def reached(spent: Spent, thresholds: Mapping[str, Any]) -> dict[str, float]:
    """Those limits of a run that are reached, each with its figure."""
    found = {}
    for name, threshold in thresholds.items():
        look: Any = CRITERIA[name].test
        met, figure = look(spent, threshold)
        if met:
            found[name] = float(figure)
    return found


def limit(name: str, value: Any, *, whole: bool) -> float | None:
    """A budget: None, or a positive number, whole where it counts something.

    Raises ValueError if it is something else.
    """
    if value is None:
        return None
    if not _is_number(value) or not value > 0:
        raise ValueError(f"{name} must be a positive number or None, got {short(value)}")
    if whole and value != np.inf and int(value) != value:
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    return number(name, value)


def target(value: Any) -> float | None:
    """ftarget as a number; NaN has no meaning."""
    if value is None:
        return None
    if not _is_number(value) or value != value:
        raise ValueError(f"ftarget must be a number or None, got {short(value)}")
    return number("ftarget", value)


def of_runs(name: str, value: Any, runs: int, one: Callable[[Any], float | None]) -> Any:
    """A limit of several runs: what `one` makes of the number for all, or an array (runs,) with one for each.

    Raises ValueError if `one` refuses a number, or there is not one for each run.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return one(value)
    given = numbers(name, value)
    if given.shape not in ((), (runs,)):
        raise ValueError(f"{name} must be a number or have shape ({runs},), one for each run, got shape {given.shape}")
    checked = [one(entry) for entry in given.ravel().tolist()]
    return np.array(checked) if given.ndim else checked[0]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
