"""Second derivatives where there is none.

At 0 a norm has the subgradient 0, which is what an optimizer wants. But its second derivative does not exist, and the 0
that would follow from a constant 0 is wrong where the kink cancels, as in ``norm(x)**2``. It is NaN, with a warning.
Derivatives along directions are first derivatives: they take the subgradient too.

Where two traced arguments of ``maximum`` are equal nothing is NaN, since there is a right answer wherever the choice
cancels, as in a hand-written log-sum-exp. But a warning says that a mean of both sides is what is differentiated again.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.primitive import entrywise
from autodiff.tensor import Tensor


def by_cotangent(out: Any, g: Any, slope: Any, kink: Any, name: str) -> Any:
    return lambda c: _unknown(c, slope, kink, name)


def by_direction(out: Any, g: Any, slope: Any, kink: Any, name: str) -> Any:
    """Along a direction that is not known yet nothing tells whether the slope at the kink is asked for."""
    return lambda c: c * without(slope, kink, name)


def by_slope(out: Any, g: Any, slope: Any, kink: Any, name: str) -> Any:
    return lambda c: c * g


def without(slope: Any, spoiled: Any, name: str, cure: str = "write its square as np.sum(x**2) or np.var, or ") -> Any:
    """The slope, NaN where it is asked for at a kink."""
    if not spoiled.any():
        return slope
    warnings.warn(
        f"{name} has no second derivative at 0, it is given as NaN: {cure}keep away from 0",
        RuntimeWarning,
        stacklevel=3,
    )
    return np.where(spoiled, np.asarray(np.nan, np.result_type(slope)), slope)


@entrywise(by_cotangent, by_slope, None, None)
def _bent(g: Any, slope: Any, kink: Any, name: str) -> Any:
    return g * slope


@entrywise(by_direction, by_slope, None, None)
def _unknown(g: Any, slope: Any, kink: Any, name: str) -> Any:
    """The product as well, but NaN where it asks for the slope at the kink; linear in g."""
    return g * without(slope, kink & (g != 0), name)


def bent(g: Any, slope: Any, x: Any, kink: Any, name: str) -> Any:
    """The cotangent `g` times the slope of the function `name` by `x`, which has a kink where `kink` is true.

    If `x` is not traced itself, the product is only differentiated by `g`, in which it is linear.
    """
    return _bent(g, slope, np.asarray(kink), name) if type(x) is Tensor and np.any(kink) else g * slope


def tied(g: Any, share: Any, x: Any, y: Any) -> Any:
    """The `share` of one of the arguments `x` and `y`; warns where they are equal and `g` is differentiated again."""
    if type(g) is Tensor and type(x) is Tensor and type(y) is Tensor and np.any(share == 0.5):
        warnings.warn(
            "arguments of a maximum or minimum are equal and share its gradient, so that second derivatives are those"
            " of their mean there: take np.where(x > y, x, y) for those of one side",
            RuntimeWarning,
            stacklevel=3,
        )
    return share
