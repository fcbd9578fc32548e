"""The gradient of ``x[index]``: a place in a buffer of the sweep, added to in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from autodiff.foreign import USUAL, refuse_masked
from autodiff.half import HALF

CHANGING = frozenset((ndarray, list))


class Place:
    """The vjp of ``x[index]``: the gradient at `index`, zero elsewhere.

    The sweep does not call it on plain arrays but adds into one buffer, so that a gradient put together from n slices
    costs n small additions, not n arrays of zeros.
    """

    __slots__ = ("basic", "index", "shape")
    basic: bool
    """Whether `index` is made of slices and integers alone."""
    index: Any
    shape: tuple[int, ...]

    def __call__(self, g: Any) -> Any:
        """The gradient as an array of its own, differentiable in `g`."""
        return scatter(g, self.index, self.shape)


def own_index(index: Any) -> Any:
    """`index` with copies of what the program may change later."""
    if type(index) is tuple:
        refuse_masked(index)
        return tuple([_copied(i) if type(i) in CHANGING else i for i in index])
    if type(index) in CHANGING:
        return _copied(index)
    if type(index) not in USUAL:
        refuse_masked((index,))
    return index


def _copied(index: Any) -> Any:
    copy = np.array(index)
    return copy.astype(np.intp) if not copy.size and type(index) is list else copy  # [] picks nothing


def place(out: Any, x: Any, index: Any) -> Place:
    """The maker of a :class:`Place`, filled here like a node. It keeps its own copy of an index that can change."""
    vjp = Place()
    vjp.shape = x.shape
    kind = type(index)
    if kind is int or kind is slice or (type(out) is ndarray and out.base is x):  # as a view of x is picked
        vjp.basic = True
        vjp.index = index
    else:
        vjp.basic = False
        vjp.index = own_index(index)
    return vjp


def scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` added at `index`. A tensor `g` takes the call over, as for functions of NumPy."""
    if not isinstance(g, (ndarray, np.generic)):
        return g.__array_function__(scatter, (type(g),), (g, index, shape), {})
    out = np.zeros(shape, g.dtype)
    add_at(out, index, g, fresh=True)
    return out


def add_at(buffer: Any, index: Any, g: Any, fresh: bool = False) -> None:
    """``buffer[index] += g``, where repeated entries of an index array each count; `fresh`: the buffer is zero yet.

    `buffer` owns its memory. Only slices and integers, which never name an entry twice, give a view of it.
    """
    view = buffer[index]
    if type(view) is not ndarray:
        buffer[index] = view + g
    elif view.base is not buffer:
        if buffer.dtype == HALF:  # which stops counting at 2048
            total = np.zeros(buffer.shape, np.float32)
            np.add.at(total, index, g)
            buffer += total.astype(buffer.dtype)
        else:
            np.add.at(buffer, index, g)
    elif fresh:
        view[...] = g
    else:
        view += g
