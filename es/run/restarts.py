"""Restarts: when a method's own criteria end a run, another one begins, with a larger population or from another place.

IPOP doubles the population at each restart (Auger and Hansen, CEC 2005). BIPOP alternates between that regime and
one of small populations and small step sizes, and gives both the same budget (Hansen, GECCO workshop BBOB 2009).
Both work over any optimizer; one without a population (gradient methods, SciPy's solvers) is started from new points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import state as store
from es.core.arrays import search_widths
from es.core.book import Book
from es.core.saving import refusing
from es.core.streams import open_streams
from es.core.waiting import Keys, keys_of
from problems.numbers import short

MOST = 9  # restarts with a doubled population, unless told otherwise: 512 times the first one


class Restarts:
    """An optimizer that makes optimizers: ask and tell go to the present run, the best of all runs is kept.

    Parameters
    ----------
    make : callable
        `make(**changes)` gives a fresh optimizer; the changes are among x0, sigma0, popsize, rng and maxfevals.
    most : int
        Runs of the doubling regime after the first one.
    rng : None, int, SeedSequence or Generator

    Attributes
    ----------
    log : list of dict
        Runs that have ended: popsize, nfev, fun, stop.
    book : es.core.book.Book
        Counts and best of the runs that have ended.
    """

    kept: ClassVar[tuple[str, ...]] = ()  # further books, which are saved
    drive = None  # a loop of a solver's own would end with its first run

    def __init__(self, make: Callable[..., Any], *, most: int = MOST, rng: Any = None) -> None:
        if not isinstance(most, int | np.integer) or isinstance(most, bool) or most < 0:
            raise ValueError(f"restarts must be a number >= 0, 'ipop', 'bipop' or None, got {short(most)}")
        self._make = make
        self.most = int(most)
        (self._rng,), (self.seed,) = open_streams(rng, None)
        self.log: list[dict[str, Any]] = []
        self.large = 0  # runs of the doubling regime begun, after the first
        self._changes: dict[str, Any] = {"rng": self._draw()}
        self.inner = make(**self._changes)
        self._stop: dict[str, float] = {}
        # The first run fixes what the later ones are measured by.
        self._x0, self._scale0, self._popsize0 = self.inner.mean.copy(), self.inner.scale0.copy(), self.inner.popsize
        self._start = self.inner.x_mean
        self.book = Book(self.inner.x_best)
        self._foreseen: list[Any] = []  # runs to come
        self._seen_box: Any = None  # the last box, and whether it is one to search
        self._is_finite = False
        self._past: Keys = {}  # points that runs which have ended asked for, and that may still come

    def _next(self) -> dict[str, Any] | None:
        """What changes in the next run; None when there is to be none. IPOP: twice the population."""
        return self._doubled()

    def _doubled(self) -> dict[str, Any] | None:
        if self.large >= self.most:
            return None
        self.large += 1
        return {**self._elsewhere(), **self._sized(self._popsize0 * 2**self.large)}

    def _sized(self, popsize: int) -> dict[str, Any]:
        return {"popsize": int(popsize)} if self.inner.kind in ("strategy", "categorical") else {}

    def _elsewhere(self) -> dict[str, Any]:
        """A new start: uniform in a finite box, else around the first one, as in one that is too wide to search."""
        box = self.inner.box
        if box is not self._seen_box:
            self._seen_box, self._is_finite = box, bool(np.isfinite(search_widths(box, self._start)).all())
        if box is not None and self._is_finite:
            return {"x0": self._rng.uniform(box.lb, box.ub)}
        x = self._start + self._scale0 * self._rng.standard_normal(self._start.shape)
        return {"x0": x if box is None else np.clip(x, box.lb, box.ub)}

    def _draw(self) -> int:
        return int(self._rng.integers(2**63))

    def ask(self, k: int | None = None) -> Any:
        """Points of the present run."""
        return self.inner.ask(k)

    def tell(self, x: npt.ArrayLike, f: npt.ArrayLike, g: npt.ArrayLike | None = None, **more: Any) -> None:
        """Values for the present run; if its criteria are met, the next one begins.

        Points that an earlier run has asked for count, and are not learned from.
        """
        rest = (x, f, g, more) if not self._past else self._without_past(np.asarray(x), np.asarray(f), g, more)
        if rest is not None:
            self.inner.tell(*rest[:3], **rest[3])
        reasons = self.inner.stop()
        if reasons:
            self.go_on(reasons)

    def go_on(self, reasons: Mapping[str, float]) -> None:
        """Book the present run, which has ended for these reasons, and begin the next one, if there is to be one."""
        fun = float(self.inner.f_best)
        one = {"popsize": int(self.inner.popsize), "nfev": int(self.inner.nfev), "fun": fun, "stop": dict(reasons)}
        self.log.append(one)
        self.book.add(self.inner.book)
        (out,) = self.inner.outstanding()
        self._past |= out
        over = {"lowest", "unbounded"} & set(reasons)
        if self._foreseen and not over:
            self.inner = self._foreseen.pop(0)
            return
        changes = None if over else self._next()
        if changes is None:
            best = min(self.log, key=lambda run: run["fun"])  # how good the result is, its run says, not the last one
            self._stop = {**best["stop"], "restarts": float(len(self.log) - 1)}
        else:
            self._begin({**changes, "rng": self._draw()})

    def _without_past(
        self, x: Any, f: Any, g: Any, more: dict[str, Any]
    ) -> tuple[Any, Any, Any, dict[str, Any]] | None:
        """Count the points that an earlier run has asked for, and give the others; None if that is all."""
        if x.ndim != 2 or x.dtype.kind != "f" or f.shape != x.shape[:1]:
            return x, f, g, more  # for the present run to refuse
        (keys,) = keys_of(x)
        mine = np.array([key not in self._past for key in keys])
        if mine.all():
            return x, f, g, more
        for key in keys:
            self._past.pop(key, None)

        def of(rows: Any) -> dict[str, Any]:
            return {
                name: value if value is None or callable(value) else np.asarray(value)[rows]
                for name, value in more.items()
            }

        self.inner.note(x[~mine], f[~mine], feasible=of(~mine).get("feasible"))
        if not mine.any():
            return None
        return x[mine], f[mine], None if g is None else np.asarray(g)[mine], of(mine)

    def _begin(self, changes: dict[str, Any]) -> None:
        self._changes = changes
        self.inner = self._make(**changes)

    def stop(self) -> dict[str, float]:
        """Empty until the last run has ended."""
        return dict(self._stop)

    @property
    def f_best(self) -> float:
        """Least value of all runs."""
        return float(min(self.book.f_best, self.inner.f_best))

    @property
    def x_best(self) -> Any:
        """Where it was found."""
        return self.inner.x_best if self.inner.f_best < self.book.f_best else self.book.x_best

    def __getattr__(self, name: str) -> Any:
        # x_mean, sigma, stds, popsize, kind, ...: those of the present run. A half-made object must not recurse.
        if name.startswith("__") or "inner" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.inner, name)

    def state_dict(self) -> dict[str, Any]:
        """State as arrays: the present run's, how it was made, and the books."""
        inner = {f"inner.{name}": value for name, value in self.inner.state_dict().items()}
        made = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in self._changes.items()
        }
        past = {key.hex(): count for key, count in self._past.items()}
        books = {"made": made, "log": self.log, "large": self.large, "stop": self._stop, "past": past}
        books |= {name: getattr(self, name) for name in self.kept}
        return {
            **inner,
            **{f"book.{name}": value for name, value in self.book.state_dict().items()},
            "rng": np.array(store.generator_to_text(self._rng)),
            "books": store.pack(books),
        }

    @refusing
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken; ValueError if something is missing."""
        books = store.unpack(state["books"])
        self._begin({name: np.array(v) if isinstance(v, list) else v for name, v in books["made"].items()})
        self.inner.load_state_dict(store.below(state, "inner."))
        self.log, self.large, self._stop = books["log"], books["large"], books["stop"]
        self._past = {bytes.fromhex(key): count for key, count in books["past"].items()}
        for name in self.kept:
            setattr(self, name, books[name])
        self.book.load_state_dict(store.below(state, "book."))
        self._rng.bit_generator.state = store.generator_from_text(str(state["rng"])).bit_generator.state


class IPOP(Restarts):
    """Restarts with a population that doubles (Auger and Hansen, CEC 2005)."""

    def foresee(self, place: int) -> Any:
        """The run at this place after the present one, or None; no run depends on what one finds."""
        while len(self._foreseen) <= place and (changes := self._next()) is not None:
            self._foreseen.append(self._make(**changes, rng=self._draw()))
        return self._foreseen[place] if place < len(self._foreseen) else None


class BIPOP(Restarts):
    """Restarts in two regimes of equal budget (Hansen 2009): doubling populations, and small ones with small steps."""

    kept = ("used", "last_large", "regime")

    def __init__(self, make: Callable[..., Any], *, most: int = MOST, rng: Any = None) -> None:
        super().__init__(make, most=most, rng=rng)
        self.used = {"large": 0, "small": 0}
        self.last_large = 0
        self.regime = "small"  # the first run has the default population: it is charged there

    def _next(self) -> dict[str, Any] | None:
        used = self.log[-1]["nfev"]
        self.used[self.regime] += used
        if self.regime == "large" or self.last_large == 0:
            self.last_large = used
        if self.large > 0 and self.used["small"] < self.used["large"]:
            self.regime = "small"
            return self._small()
        self.regime = "large"
        return self._doubled()

    def _small(self) -> dict[str, Any]:
        """Popsize l0 (l_large / (2 l0))^(U^2), step size sigma0 10^(-2 V), half the budget of the last large run."""
        u, v = self._rng.uniform(size=2)
        popsize = self._popsize0 * (0.5 * 2**self.large) ** (u * u)
        changes = {**self._elsewhere(), **self._sized(max(2, int(popsize))), "sigma0": self._scale0 * 10 ** (-2 * v)}
        return {**changes, "maxfevals": max(1.0, self.last_large // 2)}


def with_restarts(make: Callable[..., Any], restarts: Any, rng: Any) -> Any:
    """The optimizer of a run: one of `make`, or restarts over it.

    Parameters
    ----------
    make : callable
    restarts : None, int, "ipop" or "bipop"
    rng : None, int, SeedSequence or Generator

    Raises
    ------
    ValueError
        If `restarts` is something else.
    """
    if restarts is None:
        return make(rng=rng)
    if isinstance(restarts, str):
        kinds: dict[str, type[Restarts]] = {"ipop": IPOP, "bipop": BIPOP}
        if restarts.lower() not in kinds:
            raise ValueError(f"restarts must be a number >= 0, 'ipop', 'bipop' or None, got {short(restarts)}")
        return kinds[restarts.lower()](make, rng=rng)
    return IPOP(make, most=restarts, rng=rng)
