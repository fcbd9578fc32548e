"""Searches written as loops that yield points and are sent their values, and that can be saved all the same.

A search with line searches, differences and doubts is read most easily as a loop: `f = yield x`. Python cannot save a
loop that is half way through, so a search is cut into iterations: what it knows between two iterations is in named
attributes, and the values that came since the last one are kept. Loading sets the attributes, begins the iteration
anew and sends it the values again, which brings it to the same point, bit for bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import state as store
from es.core.arrays import FloatArray

Asking = Generator[FloatArray, FloatArray, Any]


@dataclass(eq=False)
class Stepwise(ABC):
    """A search in iterations.

    A subclass is a dataclass, whose fields are what it is given. It sets the rest in `_open`, and gives `_iteration`, a
    generator that yields points (k, n) and is sent their values (k,), NaN and infinities among them. Where `slopes` is
    true while it yields, it is sent (k, 1 + n): values and gradients. What `_iteration` reads at its begin and changes
    at its end is named in `state_names`: arrays, which it replaces rather than changes in place, and numbers, texts and
    None.

    Attributes
    ----------
    asked : ndarray, shape (k, n), or None
        Points whose values are wanted; None when the search has ended.
    ended : str
        Why the search has ended, in one word; empty before.
    slopes : bool
        Whether the gradients at `asked` are wanted too.
    arguments : dict
        What it was made of, to be saved.
    """

    x: FloatArray  # (n,), where to begin, and from there on the best point so far
    f: float  # its value, NaN where it is not known yet

    state_names: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        self.arguments = {field.name: getattr(self, field.name) for field in fields(self)}
        self.n = len(self.x)
        self.x, self.f = self.x.copy(), float(self.f)
        self.asked: FloatArray | None = None
        self.ended = ""
        self.slopes = False
        self._told: list[FloatArray] = []
        self._kept: dict[str, Any] = {}
        self._loop: Asking
        self._open()
        self.start()

    @abstractmethod
    def _open(self) -> None:
        """Set what changes later."""

    @abstractmethod
    def _iteration(self) -> Asking:
        """One iteration: yields points and is sent their values."""

    def told_slopes(self, x: FloatArray) -> Asking:
        """Values and gradients (k, 1 + n) at points x (k, n); None where one is not finite."""
        self.slopes = True
        told = yield x
        self.slopes = False
        return told if np.isfinite(told).all() else None

    def start(self) -> None:
        """Begin: `asked` is then what is wanted first."""
        while not self.ended:
            self._begin()
            try:
                self.asked = next(self._loop)
                return
            except StopIteration:
                continue
        self.asked = None

    def _begin(self) -> None:
        self._kept = {name: getattr(self, name) for name in self.state_names}
        self._told = []
        self._loop = self._iteration()

    def tell(self, f: FloatArray) -> None:
        """The values of `asked`, in its order (or values and gradients, where `slopes` says so)."""
        self._told.append(f)
        try:
            self.asked = self._loop.send(f)
        except StopIteration:
            self.start()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled as it is saved, for the loop itself can be neither."""
        return _again, (type(self), self.arguments, self.state_dict())

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """What the search knew at the begin of the iteration, and the values that it was sent since."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        plain: dict[str, Any] = {"ended": self.ended, "sizes": [len(f) for f in self._told]}
        kept = {name: getattr(self, name) for name in self.state_names} if self.ended else self._kept
        for name, value in kept.items():
            if isinstance(value, np.ndarray):
                arrays[f"array.{name}"] = value.copy()
            else:
                plain[name] = value
        wide = [f for f in self._told if f.ndim == 2]
        narrow = [f for f in self._told if f.ndim == 1]
        plain["wide"] = [f.ndim == 2 for f in self._told]
        arrays["told"] = np.concatenate(narrow) if narrow else np.empty(0)
        arrays["slopes"] = np.concatenate(wide) if wide else np.empty((0, 0))
        arrays["plain"] = store.pack(plain)
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        plain = store.unpack(arrays["plain"])
        self.ended = plain.pop("ended")
        sizes, wide = plain.pop("sizes"), plain.pop("wide")
        for name in self.state_names:
            otherwise = plain.get(name, getattr(self, name, None))  # older versions saved fewer
            setattr(self, name, np.array(arrays[f"array.{name}"]) if f"array.{name}" in arrays else otherwise)
        if self.ended:
            self.asked = None
            return
        self.start()
        at = {False: 0, True: 0}
        source = {False: arrays["told"], True: arrays["slopes"]}
        for size, kind in zip(sizes, wide, strict=True):
            begin = at[kind]
            at[kind] += size
            self.tell(np.array(source[kind][begin : begin + size]))


def saved(search: Any, name: str) -> dict[str, npt.NDArray[Any]]:
    """The state of a search and what it was made of, as arrays under a name."""
    made = {f"made.{key}": np.asarray(value) for key, value in search.arguments.items() if value is not None}
    return {f"{name}.{key}": value for key, value in {**search.state_dict(), **made}.items()}


def restored(kind: type, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    """The search of this kind that was saved under a name, where it was; None where there was none."""
    mine = store.below(arrays, f"{name}.")
    made = {key: np.array(value) for key, value in store.below(mine, "made.").items()}
    if not made:
        return None
    return _again(kind, {key: value if value.ndim else value.item() for key, value in made.items()}, mine)


def _again(kind: type, arguments: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    """The search of this kind that was made of these arguments and has this state."""
    search = kind(**arguments)
    search.load_state_dict(arrays)
    return search
