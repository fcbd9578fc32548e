"""What NumPy makes of values and its protocols cannot reach: ``np.array([x[0], x[1]])``, ``np.full``, ``np.r_``.

The functions here take tensors. With ``like=`` a tensor NumPy's own do too: ``np.full(3, t, like=t)`` and
``np.array([x[0], 2.0], like=x)`` arrive here.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> ad.grad(lambda x: np.prod(ad.array([x[0], 2.0, x[1]])))(np.array([3.0, 5.0]))
array([10.,  6.])
>>> ad.grad(lambda t: ad.full((2, 2), t).sum())(1.0)
np.float64(4.0)
>>> ad.grad(lambda x: (ad.r_[x, 0, x[::-1]] ** 2).sum())(np.array([1.0, 2.0]))
array([4., 8.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.registry import TRACED
from autodiff.tensor import Tensor, asarray


def array(object: Any, dtype: Any = None, *, ndmin: int = 0) -> Any:
    """As :func:`numpy.array`, of nested lists that may hold tensors.

    Parameters
    ----------
    object : array_like
        A tensor, an array, a number, or (nested) lists and tuples of them of equal shapes.
    dtype : data type, optional
        To convert to.
    ndmin : int
        Least number of axes; ones are put in front.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.grad(lambda x: np.linalg.det(ad.array([[x[0], 1.0], [2.0, x[1]]])))(np.array([3.0, 5.0]))
    array([5., 3.])
    """
    out = _stacked(object)
    if dtype is not None:
        out = out.astype(dtype)
    return np.reshape(out, (1,) * (ndmin - np.ndim(out)) + np.shape(out)) if np.ndim(out) < ndmin else out


def _stacked(item: Any) -> Any:
    if not isinstance(item, (list, tuple)):
        return asarray(item)
    parts = [_stacked(part) for part in item]
    return np.stack(parts) if any(type(part) is Tensor for part in parts) else np.array(item)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """As :func:`numpy.full`, where `fill_value` may be a tensor, which is broadcast to `shape`.

    Examples
    --------
    >>> import autodiff as ad
    >>> float(ad.grad(lambda t: ad.full(3, t).sum())(2.0))
    3.0
    """
    if type(fill_value) is not Tensor:
        return np.full(shape, fill_value, dtype)
    return np.broadcast_to(fill_value if dtype is None else fill_value.astype(dtype), shape)


class Concatenator:
    """``r_`` and ``c_``: arrays joined by indexing, as :data:`numpy.r_` and :data:`numpy.c_` do.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.grad(lambda x: (ad.r_[x, 0, x[::-1]] ** 2).sum())(np.array([1.0, 2.0]))
    array([4., 8.])
    >>> ad.grad(lambda x: (ad.c_[x, x**2] @ np.array([1.0, 3.0])).sum())(np.array([1.0, 2.0]))
    array([ 7., 13.])
    """

    def __init__(self, axis: int, ndmin: int, trans1d: int) -> None:
        self.axis, self.ndmin, self.trans1d = axis, ndmin, trans1d

    def __getitem__(self, key: Any) -> Any:
        items = list(key) if isinstance(key, tuple) else [key]
        axis, ndmin, trans1d = self.axis, self.ndmin, self.trans1d
        if isinstance(items[0], str):
            words = items.pop(0).split(",")
            try:
                numbers = [int(w) for w in words]
            except ValueError:
                raise ValueError(f"the first entry must be up to three integers, as in '0,2,1', got {words}") from None
            axis, ndmin, trans1d = numbers + [axis, ndmin, trans1d][len(numbers) :]
        return np.concatenate([self._part(item, ndmin, trans1d) for item in items], axis)

    def _part(self, item: Any, ndmin: int, trans1d: int) -> Any:
        if isinstance(item, slice):
            item = np.r_[item]
        item = _stacked(item)
        if np.ndim(item) == 0:
            return np.reshape(item, (1,) * max(ndmin, 1))
        missing = ndmin - np.ndim(item)
        if missing <= 0:
            return item
        before = trans1d if trans1d >= 0 else trans1d + missing + 1  # where the axes of the array come to stand
        return np.reshape(item, (1,) * before + np.shape(item) + (1,) * (missing - before))


r_ = Concatenator(0, 1, -1)
"""``ad.r_[x, 0, y]``: joined along the first axis, see :data:`numpy.r_`."""

c_ = Concatenator(-1, 2, 0)
"""``ad.c_[x, y]``: joined along the last axis, vectors as columns, see :data:`numpy.c_`."""


# with like= a tensor

TRACED[np.full] = lambda shape, fill_value, dtype=None, order="C", *, device=None: full(shape, fill_value, dtype)
TRACED[np.array] = lambda object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0: array(
    object, dtype, ndmin=ndmin
)
for fun in (np.asarray, np.asanyarray):
    TRACED[fun] = lambda a, dtype=None, order=None, *, copy=None, device=None: array(a, dtype)
