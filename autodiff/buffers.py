"""Arrays that a history remembers, kept from changing before its derivatives have used them.

``for k in range(4): buffer[:] = k; s = s + np.sum(x * buffer)`` is right as a value, but the derivative of each product
needs its factor as it was. A plain array that goes into an operation is therefore copied if it is small, or not so
large and few are, which costs half of what an operation with it costs, and the program gets the right gradient. A large
one is made read-only until the differentiation is over, and the program gets an error at the line that writes to it.
Views that were made before can still be written through, so a large array also gets a mark, a sum of its bits, that is
compared when it is used again and before the way back. It costs one more reading of the array each time; an array that
was read-only before, with all that it is a view of, is taken for constant and costs nothing.
(What the closure of a derivative of the user's own reaches :func:`autodiff.debug` looks after.)
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy import ndarray

from autodiff.core import LARGE

COPIED = 1 << 18  # entries up to which a copy costs less than two marks
COPIES = 1 << 20  # entries that a differentiation copies of such arrays


class Held:
    """An array that was made read-only, and how many histories need it so."""

    __slots__ = ("array", "count")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.count = 0


class Needed:
    """The large arrays that a differentiation needs: how many entries it has copied, what it holds, and its marks."""

    __slots__ = ("copied", "helds", "marks")

    def __init__(self) -> None:
        self.copied = 0
        self.helds: list[Held] = []
        self.marks: dict[Any, tuple[Any, Any]] = {}

    def watch(self, array: Any) -> None:
        """Mark an array that is used, or see that it is as it was."""
        key = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype)
        if key not in self.marks:
            self.marks[key] = array, mark(array)
        elif self.marks[key][1] != mark(array):
            raise ChangedArray

    def verify(self) -> None:
        """Raise if an array has changed since it was used."""
        for array, before in self.marks.values():
            if mark(array) != before:
                raise ChangedArray


class ChangedArray(ValueError):
    """An array was changed, by way of a view, that a history needs as it was."""

    def __init__(self) -> None:
        super().__init__(
            "an array is changed, through a view of it or of its memory, that an earlier operation on a traced value"
            " needs for its gradient: make a new array each time (or copy it before use)"
        )


UNDER_WAY: dict[int, Needed | None] = {}
"""Levels of the differentiations that are running, in all threads -> the large arrays they need, None for none."""

_lock = threading.RLock()  # a collection inside may release what a pull-back kept
_held: dict[int, Held] = {}  # by id of the array
_waiting: list[Any] = []  # views whose owner is needed longer than they are


def kept(array: Any, level: int) -> Any:
    """A plain `array` for a history at `level` to remember: a copy, or if it is large the array itself, locked.

    Eager histories (level 0) have no end that is known, so their arrays are copied whatever their size.
    """
    size = array.size
    if size <= LARGE or level not in UNDER_WAY:
        return array.copy() if array.ndim < 2 else array.copy("K")
    needed = UNDER_WAY[level] or Needed()
    owners = [array]  # a view, and the array that owns its memory
    while type(owners[-1].base) is ndarray:
        owners.append(owners[-1].base)
    with _lock:
        if not any(part.flags.writeable or id(part) in _held for part in owners):
            return array
        if size <= COPIED and needed.copied + size <= COPIES:
            needed.copied += size
            UNDER_WAY[level] = needed
            return array.copy("K")
        for part in owners:
            held = _held.get(id(part))
            if held is None and part.flags.writeable:
                held = _held[id(part)] = Held(part)
                part.flags.writeable = False
            if held is not None:
                held.count += 1
                needed.helds.append(held)
        UNDER_WAY[level] = needed
    needed.watch(array)
    return array


COLUMNS = 509  # a prime: what moves by rows of another length comes into another sum


def mark(array: Any) -> bytes:
    """The bits of an array in short: sums of its words in columns, which a change of one entry always changes."""
    if array.dtype.hasobject:
        return b""
    if not array.flags.forc:
        array = np.ascontiguousarray(array)
    words = array.reshape(-1, order="A").view(np.uint8)
    rows = len(words) // (8 * COLUMNS)
    n = rows * 8 * COLUMNS
    sums = np.add.reduce(words[:n].view(np.uint64).reshape(rows, COLUMNS), axis=0)
    return sums.tobytes() + words[n:].tobytes()


def release(needed: Needed) -> None:
    """Give back arrays that a history needs no more."""
    with _lock:
        for held in needed.helds:
            held.count -= 1
            if held.count == 0:
                del _held[id(held.array)]
                _waiting.append(held.array)
        locked, before = list(_waiting), -1
        _waiting.clear()
        while len(locked) != before:  # an owner first, then its views
            before = len(locked)
            locked = [array for array in locked if not _unlocked(array)]
        _waiting.extend(locked)


def _unlocked(array: Any) -> bool:
    """Make an array writeable again, unless another history needs it or its owner."""
    if id(array) in _held:
        return True
    try:
        array.flags.writeable = True
    except ValueError:  # its owner is still read-only
        return False
    return True


class Release:
    """Gives back arrays when it goes away itself: for histories that a pull-back keeps."""

    __slots__ = ("needed",)

    def __init__(self, needed: Needed) -> None:
        self.needed = needed

    def __del__(self) -> None:
        release(self.needed)
