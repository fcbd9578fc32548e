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


class Held:
    """An array that was made read-only, and how many histories need it so."""

    __slots__ = ("array", "count")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.count = 0


_lock = threading.Lock()
_held: dict[int, Held] = {}  # by id of the array
_of_level: dict[int, list[Held]] = {}
_waiting: list[Any] = []  # views whose owner is needed longer than they are


def kept(array: Any, level: int) -> Any:
    """A plain `array` for a history at `level` to remember: a copy if it is small, the array itself, locked, if not.

    Eager histories (level 0) have no end that is known, so their arrays are copied whatever their size.
    """
    if array.size <= LARGE or level <= 0:
        return array.copy("K")
    part = array
    with _lock:
        while type(part) is ndarray:  # a view, and the array that owns its memory
            held = _held.get(id(part))
            if held is None and part.flags.writeable:
                held = _held[id(part)] = Held(part)
                part.flags.writeable = False
            if held is not None:
                held.count += 1
                _of_level.setdefault(level, []).append(held)
            part = part.base
    return array


def locked(level: int) -> bool:
    """Whether a history at `level` has made arrays read-only."""
    return level in _of_level


def release(level: int) -> None:
    """Give back the arrays of the histories at `level`, which are needed no more."""
    if level not in _of_level:
        return
    with _lock:
        for held in _of_level.pop(level, []):
            held.count -= 1
            if held.count == 0:
                del _held[id(held.array)]
                _waiting.append(held.array)
        left = len(_waiting) + 1
        while len(_waiting) < left:  # an owner first, then its views
            left = len(_waiting)
            _waiting[:] = [array for array in _waiting if not _unlocked(array)]


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
    """Gives back the arrays of a level when it goes away itself: for histories that a pull-back keeps."""

    __slots__ = ("level",)

    def __init__(self, level: int) -> None:
        self.level = level

    def __del__(self) -> None:
        release(self.level)
