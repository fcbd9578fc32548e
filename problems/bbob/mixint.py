"""The bbob-mixint suite: f1 to f24 with four fifths of the variables integer (Tusar, Brockhoff & Hansen 2019)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from problems.bbob.frames import Frame, Landscape
from problems.bbob.largescale import LargeFrame
from problems.bbob.recipe import Recipe
from problems.bbob.suite import finish
from problems.bbob.transforms import round_half_up
from problems.numbers import FloatArray

# Values per variable in each fifth of the variables; 0 stands for a continuous one
LEVELS = (2, 4, 8, 16, 0)
# Factors that make the functions about equally hard, f1 to f24
_FACTORS = (
    *(1.0, 1e-3, 1e-1, 1e-1, 1.0),
    *(1e-2, 1.0, 1e-2, 1e-2, 1e-3),
    *(1e-2, 1e-4, 1e-1, 1.0, 1e-1),
    *(1.0, 10.0, 1.0, 10.0, 1e-1),
    *(1.0, 1.0, 10.0, 1e-1),
)
# The suite takes the functions of bbob-largescale from this n on
_LARGE = 50


def levels(n: int) -> NDArray[np.int64]:
    """Number of values of each variable, shape (n,); 0 for the continuous ones."""
    return np.repeat(LEVELS, n // len(LEVELS))


def mixint_frame(function: int, n: int, instance: int) -> Frame:
    """Random parts: those of bbob, or of bbob-largescale for many variables."""
    return (Frame if n < _LARGE else LargeFrame).of(function, n, instance)


def finish_mixint(function: int, frame: Frame) -> Landscape:
    """The continuous function behind a grid.

    Integer v of 0..k-1 stands for the v-th of k equidistant points in (-4, 4), moved so that the point nearest to the
    optimum of the continuous function lies on it.
    """
    inner = finish(function, frame)
    factor, value = _FACTORS[function - 1], inner.value
    count = levels(frame.n)
    discrete = count > 0
    top = np.where(discrete, count - 1.0, 1.0)
    low = -4.0 + 8.0 / (count + 1.0)
    step = -2.0 * low / top
    best = np.clip(round_half_up((inner.x_opt - low) / step + 1e-7), 0.0, top)
    start = np.where(discrete, inner.x_opt - step * best, 0.0)

    def rounded(v: FloatArray) -> FloatArray:
        inside = start + step * np.clip(round_half_up(v), 0.0, top)
        return factor * value(np.where(discrete, inside, v))

    x_opt = np.where(discrete, best, inner.x_opt)
    return replace(inner, value=rounded, x_opt=x_opt, f_opt=factor * inner.f_opt, differentiable=False)


mixint = Recipe(mixint_frame, finish_mixint)
