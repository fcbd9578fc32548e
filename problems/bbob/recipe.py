"""How a suite makes its functions of random parts: for one instance, and for several side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from problems.bbob.frames import Frame, Landscape


@dataclass(frozen=True)
class Recipe:
    """A suite of functions; both parts are functions of a module or class, so that it pickles by their names.

    Attributes
    ----------
    frame : callable
        `frame(function, n, instance)` -> the random parts of one instance.
    finish : callable
        `finish(function, frame)` -> Landscape, of one instance or, where the frame is a stack of them, of all.
    """

    frame: Callable[[int, int, int], Frame]
    finish: Callable[[int, Any], Landscape]


@lru_cache(maxsize=96)
def landscape(recipe: Recipe, function: int, n: int, instance: int) -> Landscape:
    """The landscape of one instance; the last ones are kept."""
    return recipe.finish(function, recipe.frame(function, n, instance))
