"""Whether a value is what an annotation says, for options that come from a file, a command line or a call."""

from __future__ import annotations

import math
import types
from typing import Any, Union, get_args, get_origin

import numpy as np

_WORDS = {bool: "True or False", int: "an integer", float: "a finite number", str: "text", type(None): "None"}


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that a type hint names: True for hints that say nothing about simple values.

    A bool is no number here, NaN and infinity are no options, and integers are those of 64 bits.

    Examples
    --------
    >>> fits(3, float), fits(True, int), fits("a", int | str), fits(float("nan"), float)
    (True, False, True, False)
    """
    if get_origin(hint) in (Union, types.UnionType):
        return any(fits(value, part) for part in get_args(hint))
    if hint not in _WORDS:
        return True
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    if hint is int:
        return hasattr(value, "__index__") and not isinstance(value, bool) and -(2**63) <= value < 2**63
    if hint is float:
        if isinstance(value, bool | np.bool_) or not (
            hasattr(value, "__index__") or isinstance(value, float | np.floating)
        ):
            return False
        try:
            return math.isfinite(value)
        except OverflowError:
            return False
    return isinstance(value, hint)


def in_words(hint: Any) -> str:
    """What a hint asks for.

    Examples
    --------
    >>> in_words(int | None)
    'an integer or None'
    """
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    words = [_WORDS.get(part, f"a {getattr(part, '__name__', part)}") for part in parts]
    return " or ".join(words)
