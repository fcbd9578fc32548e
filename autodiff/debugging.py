"""Debug mode: look at every gradient and protect what the vjps remember."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autodiff import core
from autodiff.core import linked, pairs
from autodiff.operators import value_of
from autodiff.randomness import enclosed

_made = core.made
_lock = threading.Lock()
_active: list[list[Any]] = []


@contextmanager
def debug() -> Iterator[None]:
    """Context in which mistakes that are silent otherwise raise where they happen.

    A gradient that is not finite raises FloatingPointError with the name of the operation and its shape. Arrays that
    the derivatives of recorded operations will need are made read-only until the context ends, so that code which
    changes one in place raises at that line; one that was changed in another way, through a view that was made before,
    raises RuntimeError when the derivative comes to it. Slower by a factor of two or so. It holds for the whole
    process.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> with ad.debug(), np.errstate(divide="ignore"):
    ...     ad.grad(np.sqrt)(0.0)
    Traceback (most recent call last):
    FloatingPointError: the gradient of sqrt with respect to its traced argument 0, shape (), is not finite
    """
    frozen: list[Any] = []
    with _lock:
        _active.append(frozen)
        core.made = _made_checking  # looked up in the module at every operation
    try:
        yield
    finally:
        with _lock:
            _active.remove(frozen)
            if not _active:
                core.made = _made
        for array in frozen:
            array.setflags(write=True)


def _made_checking(kind: Any, out: Any, edges: Any, depth: int, op: Any, level: int) -> Any:
    """As :func:`autodiff.core.made`, with vjps that are watched."""
    result = _made(kind, out, edges, depth, op, level)
    node = result.node
    node.edges = linked(
        [(parent, _Checked(vjp, i, node.name, parent.shape)) for i, (parent, vjp) in enumerate(pairs(edges))]
    )
    return result


class _Checked:
    """A vjp that looks at what it remembers and at what it returns."""

    __slots__ = ("i", "marks", "name", "shape", "vjp")

    def __init__(self, vjp: Any, i: int, name: str, shape: tuple[int, ...]) -> None:
        self.vjp, self.i, self.name, self.shape = vjp, i, name, shape
        arrays = list(_arrays(vjp, depth=3))
        self.marks = [(array, _mark(array)) for array in arrays]
        for array in arrays:
            if array.flags.writeable and _active:
                array.setflags(write=False)
                _active[-1].append(array)

    @property
    def unchecked(self) -> Any:
        """The vjp itself, for the sweep that looks at what it returns when branches not taken have been left out."""
        return self.vjp

    def __call__(self, g: Any) -> Any:
        for array, mark in self.marks:
            if _mark(array) != mark:
                raise RuntimeError(
                    f"an array of shape {array.shape} that the gradient of {self.name} needs was changed after the"
                    " operation: make a new array each time"
                )
        d = self.vjp(g)
        self.check(d)
        return d

    def check(self, d: Any) -> None:
        """Raise if a gradient is not finite."""
        parts = d if isinstance(d, (list, tuple)) else (d,)
        for part in parts:
            plain = value_of(part)
            if plain is not None and not np.all(np.isfinite(plain)):
                place = f"traced argument {self.i}, shape {np.shape(plain) or self.shape}"
                raise FloatingPointError(f"the gradient of {self.name} with respect to its {place}, is not finite")


def _arrays(vjp: Any, depth: int) -> Iterator[Any]:
    """The arrays that a vjp remembers, in its closure or in those of functions in it."""
    for thing in enclosed(vjp):
        if type(thing) is np.ndarray:
            yield thing
        elif depth:
            yield from _arrays(thing, depth - 1)


def _mark(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).tobytes()) if array.dtype.kind != "O" else 0
