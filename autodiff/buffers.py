"""Arrays that a history remembers, kept from changing before its derivatives have used them.

``for k in range(4): buffer[:] = k; s = s + np.sum(x * buffer)`` is right as a value, but the derivative of each product
needs its factor as it was. A plain array that goes into an operation is therefore copied if it is small, which costs
little, and the program gets the right gradient; a large one is made read-only until the differentiation is over, and
the program gets an error at the line that writes to it. (What is reached in another way, by a view made before or by
the closure of a derivative of the user's own, :func:`autodiff.debug` looks after.)
"""

from __future__ import annotations

import threading
from typing import Any

from numpy import ndarray

from autodiff.core import LARGE

UNDER_WAY: dict[int, Any] = {}
"""Levels of the differentiations that are running, in all threads -> the large arrays they need, None for none."""


class Held:
    """An array that was made read-only, and how many histories need it so."""

    __slots__ = ("array", "count")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.count = 0


_lock = threading.RLock()  # a collection inside may release what a pull-back kept
_held: dict[int, Held] = {}  # by id of the array
_waiting: list[Any] = []  # views whose owner is needed longer than they are


def kept(array: Any, level: int) -> Any:
    """A plain `array` for a history at `level` to remember: a copy if it is small, the array itself, locked, if not.

    Eager histories (level 0) have no end that is known, so their arrays are copied whatever their size.
    """
    if array.size <= LARGE or level not in UNDER_WAY:
        return array.copy() if array.ndim < 2 else array.copy("K")
    part = array
    with _lock:
        while type(part) is ndarray:  # a view, and the array that owns its memory
            held = _held.get(id(part))
            if held is None and part.flags.writeable:
                held = _held[id(part)] = Held(part)
                part.flags.writeable = False
            if held is not None:
                held.count += 1
                UNDER_WAY[level] = [*(UNDER_WAY[level] or ()), held]
            part = part.base
    return array


def release(helds: list[Held]) -> None:
    """Give back arrays that a history needs no more."""
    with _lock:
        for held in helds:
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

    __slots__ = ("helds",)

    def __init__(self, helds: list[Held]) -> None:
        self.helds = helds

    def __del__(self) -> None:
        release(self.helds)
