"""Numbers that a user hands over, read as what they are to be, or refused in a sentence that names the argument."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def unmasked(what: str, value: Any) -> None:
    """Refuse masked arrays: NumPy would go on with the numbers behind the mask."""
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"{what} must be a plain array, got a masked one: say what hidden entries are by .filled(...)")


def numbers(what: str, value: Any) -> FloatArray:
    """A new float64 array of real numbers that fit it; `what` names it in errors."""
    unmasked(what, value)
    try:
        array = np.array(value)
        if array.dtype.kind not in "fiubO" or (array.dtype.kind == "O" and any(v is None for v in array.flat)):
            raise TypeError
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(f"{what} must hold numbers below 1.8e308, got an integer of more digits") from None
    except (TypeError, ValueError):
        raise ValueError(f"{what} must hold real numbers, got {str(value)[:40]!r}") from None


def shape_of(what: str, value: Any) -> tuple[int, ...]:
    """The shape of an array, list or number; `what` names it where lists have unequal lengths."""
    try:
        return np.shape(value)
    except ValueError:
        raise ValueError(f"{what} must have rows of one length, got {short(value)}") from None


def number(what: str, value: Any) -> float:
    """A real number that fits a float; `what` names it in errors."""
    array = numbers(what, value)
    if array.ndim:
        raise ValueError(f"{what} must be a number, got an array of shape {array.shape}")
    return float(array)


def flag(what: str, value: Any) -> bool:
    """True or False, of Python's or NumPy's making; `what` names it in errors."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{what} must be True or False, got {short(value)}")
    return bool(value)


def whole(what: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> int:
    """An integer from `least` to `most`; `what` names it in errors."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value <= most:
        text = f"an integer from {least}" + (f" to {most}" if most < 2**63 - 1 else "")
        raise ValueError(f"{what} must be {text}, got {short(value)}")
    return int(value)


def short(value: Any) -> str:
    """A value that came in as part of a sentence: one line, and not all of it where it is long."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"a number of {int(math.log10(abs(value))) + 1} digits"  # repr refuses more than 4300
    text = " ".join((str if isinstance(value, np.ndarray | np.generic) else repr)(value).split())
    return text if len(text) <= 60 else f"{text[:60]}..."


def size(what: str, n: Any, where: str = "") -> int:
    """A number of variables; `what` names it in errors, and `where` what it is for."""
    try:
        whole = not isinstance(n, bool | str | bytes) and int(n) == n
    except (TypeError, ValueError, OverflowError, np.ma.MaskError):
        whole = False
    if not whole or not 1 <= n < 2**31:
        raise ValueError(f"{what} must be a positive integer{where}, got {short(n)}")
    return int(n)


def generator(what: str, rng: Any) -> np.random.Generator:
    """NumPy's generator of a seed; `what` names it in errors."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(
            f"{what} must be None, an integer from 0, a SeedSequence or a Generator, got {str(rng)[:40]!r}"
        ) from None


def chosen(what: str, name: str, table: Iterable[str]) -> str:
    """The name, if the table has it; `what` names it in errors, which say what the table has."""
    if name not in table:
        raise ValueError(f"{what} must be one of {', '.join(table)}, got {name!r}")
    return name


def fixed(what: str, n: int | None, size: int) -> None:
    """Refuse another number of variables than the one that a problem comes in; None is left out."""
    if n is not None and n != size:
        raise ValueError(f"{what} is defined for n={size}, got n={n}")


def columns(x: Any) -> list[Any]:
    """x_1, x_2, ... of x (..., n), each of shape (..., 1).

    Slices, not numbers: NumPy's powers of numbers and of arrays differ in the last bit, and a slice meets the m times
    of a measurement along the last axis.
    """
    return [x[..., i : i + 1] for i in range(x.shape[-1])]
