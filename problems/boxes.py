"""Box bounds in one form: `scipy.optimize.Bounds`, or the pairs that `scipy.optimize.minimize` also takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray, numbers, unmasked


class Box:
    """Lower and upper limits of the variables, broadcast to n entries and checked once.

    Carries `lb` and `ub` like `scipy.optimize.Bounds`, which `Objective.bounds` makes from it; that class costs an
    import of `scipy.optimize` (a tenth of a second), so it is put off until somebody asks.
    """

    __slots__ = ("lb", "ub")

    def __init__(self, lb: npt.ArrayLike, ub: npt.ArrayLike, n: int | None = None) -> None:
        lower, upper = numbers("the lower bounds", lb), numbers("the upper bounds", ub)
        if lower.ndim > 1 or upper.ndim > 1 or (min(lower.size, upper.size) not in (1, max(lower.size, upper.size))):
            raise ValueError(f"bounds must hold one number per variable, got shapes {lower.shape} and {upper.shape}")
        if not lower.size:
            raise ValueError("bounds must hold one number per variable, got none")
        size = max(lower.size, upper.size) if n is None or max(lower.size, upper.size) > 1 else n
        if n is not None and size != n:
            raise ValueError(f"bounds must have n={n} entries or be scalars, got {size} of them")
        self.lb: FloatArray = np.broadcast_to(lower, (size,)).copy()
        self.ub: FloatArray = np.broadcast_to(upper, (size,)).copy()
        if np.isnan(self.lb).any() or np.isnan(self.ub).any():
            raise ValueError("bounds must not hold NaN: write -inf or inf (None in pairs) where a side is open")
        if (self.lb == np.inf).any() or (self.ub == -np.inf).any():
            raise ValueError("bounds must leave room for a number, got inf as a lower or -inf as an upper one")
        wrong = np.flatnonzero(self.lb > self.ub)
        if wrong.size:
            i = int(wrong[0])
            raise ValueError(f"bounds must have lower <= upper, got {self.lb[i]} > {self.ub[i]} in coordinate {i}")

    @property
    def finite(self) -> bool:
        """Whether every side is a finite number."""
        return bool(np.isfinite(self.lb).all() and np.isfinite(self.ub).all())


def as_box(bounds: Any, n: int | None = None) -> Box | None:
    """Bring any accepted form of bounds to a `Box`.

    Parameters
    ----------
    bounds : None, scipy.optimize.Bounds, Box, or iterable of (low, high)
        None in a pair stands for an open side, as in SciPy.
    n : int, optional
        Number of variables; scalars and one-entry limits are spread to it.

    Returns
    -------
    Box or None

    Raises
    ------
    ValueError
        Wrong number of entries, NaN, or a lower limit above the upper one.

    Examples
    --------
    >>> as_box([(-1, 1), (0, None)]).ub
    array([ 1., inf])
    """
    if bounds is None:
        return None
    unmasked("bounds", bounds)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        return Box(bounds.lb, bounds.ub, n)
    try:
        pairs = [tuple(pair) for pair in bounds] if isinstance(bounds, Iterable) else [()]
        low, high = [a for a, _ in pairs], [b for _, b in pairs]
        lower = np.array([-np.inf if a is None else float(a) for a in low])
        upper = np.array([np.inf if b is None else float(b) for b in high])
    except OverflowError:
        raise ValueError("bounds must hold numbers below 1.8e308, got an integer of more digits") from None
    except (TypeError, ValueError):
        raise ValueError(
            f"bounds must be scipy.optimize.Bounds or one (low, high) pair per variable, got {bounds!r}"
        ) from None
    if not pairs:
        raise ValueError("bounds must have a (low, high) pair for each variable, got none")
    if n is not None and len(pairs) != n:
        raise ValueError(f"bounds must have n={n} (low, high) pairs, got {len(pairs)}")
    return Box(lower, upper, n)
