"""Second derivatives where there is none.

At 0 a norm has the subgradient 0, which is what an optimizer wants. But its second derivative does not exist, and the 0
that would follow from a constant 0 is wrong where the kink cancels, as in ``norm(x)**2``. It is NaN, with a warning.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import entrywise
from autodiff.tensor import Tensor


def no_second_derivative(out: Any, d: Any, kink: Any, name: str) -> Any:
    def vjp(g: Any) -> Any:
        spoiled = kink & (value_of(g) != 0)
        if spoiled.any():
            warnings.warn(
                f"{name} has no second derivative at 0, it is given as NaN: write its square as np.sum(x**2) or np.var,"
                " or keep away from 0",
                RuntimeWarning,
                stacklevel=2,
            )
        return np.where(spoiled, np.nan, 1).astype(d.dtype)[()] * g

    return vjp


@entrywise(no_second_derivative, None, None)
def _bent(d: Any, kink: Any, name: str) -> Any:
    return d


def bent(d: Any, kink: Any, name: str) -> Any:
    """The first derivative `d` of the function `name`, which has a kink where `kink` is true."""
    return _bent(d, np.asarray(kink), name) if type(d) is Tensor and np.any(kink) else d
