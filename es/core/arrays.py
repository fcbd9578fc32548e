"""What the arguments of an optimizer must look like, and picking rows alike for one run and for stacked runs."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.boxes import Box
from problems.numbers import numbers, short, unmasked

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


def as_start(x0: Any, single: bool = False) -> FloatArray:
    """x0 as a fresh float array of shape (n,) or (runs, n); where it is of a `single` run a number is one of n = 1.

    Raises ValueError if it is empty, not real, not finite, or has another number of axes.
    """
    x = numbers("x0", x0)
    if single and not x.ndim:
        x = x[None]
    if single and x.ndim > 1:
        raise ValueError(f"x0 must have shape (n,), got {x.shape}: stacked runs have es.minimize_runs")
    if x.ndim not in (1, 2) or x.size == 0:
        raise ValueError(f"x0 must have shape (n,), or (runs, n) for stacked runs, got {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x0 must be finite, got NaN or inf in it")
    return x


def check_inside(x: FloatArray, box: Box | None, name: str = "x0") -> None:
    """Refuse points outside of the box, naming the first coordinate that is, with a ValueError."""
    if box is None or ((x >= box.lb) & (x <= box.ub)).all():
        return
    *row, i = (int(j) for j in np.argwhere((x < box.lb) | (x > box.ub))[0])
    value = x[(*row, i)]
    raise ValueError(f"{name} must lie within bounds, got {value} outside [{box.lb[i]}, {box.ub[i]}] in coordinate {i}")


def opened(box: Box | None, places: IntArray) -> Box | None:
    """The box without its bounds at these places; None where it then has none."""
    if box is None:
        return None
    lb, ub = box.lb.copy(), box.ub.copy()
    lb[places], ub[places] = -np.inf, np.inf
    return Box(lb, ub) if (np.isfinite(lb) | np.isfinite(ub)).any() else None


WIDEST = 1e8  # a box wider than this times max(1, |x0|) says nothing about where to search


def search_widths(box: Box | None, start: FloatArray) -> FloatArray:
    """Width of the box in each coordinate, in the shape of x0; inf where it is open, or so wide that open is meant."""
    if box is None:
        return np.full(start.shape, np.inf)
    width = np.broadcast_to(difference(box.ub, box.lb), start.shape)
    return np.where(width <= WIDEST * np.maximum(1.0, np.abs(start)), width, np.inf)


def _default_scale(start: FloatArray, box: Box | None) -> FloatArray:
    """0.3 of the width of the box; where that is not known, 0.3 of the largest of 1 and all |x0|.

    Coordinates that differ by more than a thousand are measured in different things: such a coordinate, unless it is
    0, has 0.3 max(1, |x0|) for itself, and a box tells nothing about the coordinates beside it.
    """
    size = np.abs(start)
    largest = size.max(-1, keepdims=True)
    if box is not None:
        width = search_widths(box, start)
        known = np.isfinite(width) & (width > 0)
        open_ones = np.where(known, 0.0, size).max(-1, keepdims=True)
        largest = np.where(1e3 * np.maximum(1.0, open_ones) < largest, open_ones, largest)
    own = (size > 0) & (1e3 * size < largest)
    unknown = np.maximum(1.0, np.where(own, size, largest))
    return 0.3 * (unknown if box is None else np.where(known, width, unknown))


def as_scale(sigma0: Any, start: FloatArray, box: Box | None) -> FloatArray:
    """Initial standard deviations, one per coordinate, in the shape of x0.

    Raises ValueError if they are not positive, or of a shape that does not say what belongs to which run and
    coordinate.
    """
    if sigma0 is None:
        return _default_scale(start, box)
    sigma = numbers("sigma0", sigma0)
    if not (sigma > 0).all():
        raise ValueError(f"sigma0 must be positive, got {short(sigma0)}")
    if not np.isfinite(sigma).all():
        raise ValueError(f"sigma0 must be finite, got {short(sigma0)}")
    if start.ndim == 2 and sigma.ndim == 1:
        if len(sigma) != len(start):
            raise ValueError(
                f"sigma0 of one axis must have one entry per run ({len(start)}), got {len(sigma)}: "
                "for one per coordinate give shape (1, n)"
            )
        sigma = sigma[:, None]
    try:
        return np.broadcast_to(sigma, start.shape).copy()
    except ValueError:
        raise ValueError(
            f"sigma0 must be a number or have the shape {start.shape} of x0, got shape {sigma.shape}"
        ) from None


def as_points(x: Any, dtype: np.dtype[Any]) -> FloatArray:
    """Points of the caller's in this precision. Raises ValueError if they are not real numbers, or masked."""
    if type(x) is np.ndarray and x.dtype.kind == "f":
        return x if x.dtype is dtype else x.astype(dtype, copy=False)
    return np.asarray(numbers("x", x), dtype=dtype)


def check_finite(x: FloatArray, name: str = "x") -> None:
    """Refuse NaN and inf, with a ValueError."""
    if not (math.isfinite(np.vdot(x, x)) or np.isfinite(x).all()):  # the sum of squares may be too large, x is not
        raise ValueError(f"{name} must be finite, got NaN or inf in it")


MANY = 2**48  # of anything; beyond what arrays can have


def as_count(value: Any, name: str = "popsize", least: int = 1) -> int:
    """A whole number, at least `least`; else a ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer | float) or not value == value // 1:
        raise ValueError(f"{name} must be a whole number, got {str(value)[:40]}")
    if value >= MANY:
        raise ValueError(f"{name} must be below {MANY}, got {short(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {str(value)[:40]}")
    return int(value)


def as_shape(name: str, value: Any, shape: tuple[int, ...], dtype: type = float) -> npt.NDArray[Any]:
    """An array of this shape and type; else a ValueError."""
    array: npt.NDArray[Any]
    if type(value) is np.ndarray and value.dtype == dtype:
        array = value
    elif dtype is float:
        array = numbers(name, value)
    else:
        unmasked(name, value)
        try:
            array = np.asarray(value, dtype=dtype)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must have shape {shape}, got {short(value)}") from None
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def pick(f: npt.NDArray[Any], order: IntArray) -> npt.NDArray[Any]:
    """Entries f (..., k) in the order (..., k) of each run."""
    return f.take(order if order.ndim == 1 else order + _first_places(*f.shape))


@lru_cache(maxsize=256)
def _first_places(runs: int, k: int) -> IntArray:
    """Where the k entries of each run begin among those of all, (runs, 1)."""
    places = k * np.arange(runs)[:, None]
    places.setflags(write=False)
    return places


def pick_rows(x: npt.NDArray[Any], order: IntArray) -> npt.NDArray[Any]:
    """Rows of x (..., k, n) in the order (..., j) of each run."""
    return x.take(order, 0) if order.ndim == 1 else pick_rows_of((x,), order)[0]


def pick_rows_of(arrays: tuple[npt.NDArray[Any], ...], order: IntArray) -> list[npt.NDArray[Any]]:
    """`pick_rows` of several arrays of the same number of rows."""
    if order.ndim == 1:
        return [x.take(order, 0) for x in arrays]
    runs, k = arrays[0].shape[:2]
    flat = order + _first_places(runs, k)
    return [x.reshape(runs * k, -1).take(flat, 0) for x in arrays]


def at_most(limit: float, x: Any) -> Any:
    """The smaller of the two, for a NumPy scalar (where np.minimum would take half a microsecond) or an array."""
    return min(limit, x) if x.ndim == 0 else np.minimum(limit, x)


def square(x: Any) -> Any:
    """x^2, in the bits of arrays for one run too: NumPy's power of one number may differ from them in the last."""
    return x * x


def times(a: FloatArray, b: FloatArray) -> FloatArray:
    """a @ b, through `dot` where there is no stack: for small matrices that takes two thirds of the time."""
    return a.dot(b) if b.ndim < 3 else a @ b


def difference(top: Any, bottom: Any) -> Any:
    """top - bottom, inf where either is not finite or their distance is beyond the largest number."""
    if isinstance(top, float):  # np.float64 is one, and ten times as fast without arrays
        return float(top) - float(bottom) if math.isfinite(top) and math.isfinite(bottom) else math.inf
    bounded = np.isfinite(top) & np.isfinite(bottom)
    with np.errstate(over="ignore"):
        return np.where(bounded, np.where(bounded, top, 0.0) - np.where(bounded, bottom, 0.0), np.inf)
