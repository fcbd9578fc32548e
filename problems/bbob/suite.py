"""The bbob and bbob-boxed suites: f1 to f24, for any number of variables from 2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from problems.bbob import gallagher, multimodal, separable, unimodal
from problems.bbob.frames import Frame, Landscape
from problems.bbob.largescale import LargeFrame
from problems.bbob.recipe import Recipe
from problems.numbers import FloatArray

FUNCTIONS: dict[int, Callable[[Frame], Landscape]] = {
    1: separable.sphere,
    2: separable.ellipsoid,
    3: separable.rastrigin,
    4: separable.bueche_rastrigin,
    5: separable.linear_slope,
    6: unimodal.attractive_sector,
    7: unimodal.step_ellipsoid,
    8: unimodal.rosenbrock,
    9: unimodal.rosenbrock_rotated,
    10: unimodal.ellipsoid_rotated,
    11: unimodal.discus,
    12: unimodal.bent_cigar,
    13: unimodal.sharp_ridge,
    14: unimodal.different_powers,
    15: multimodal.rastrigin_rotated,
    16: multimodal.weierstrass,
    17: partial(multimodal.schaffers, condition=10.0),
    18: partial(multimodal.schaffers, condition=1000.0),
    19: multimodal.griewank_rosenbrock,
    20: multimodal.schwefel,
    21: partial(gallagher.gallagher, peaks=101, half_width=5.0, first_condition=float(np.sqrt(1000.0))),
    22: partial(gallagher.gallagher, peaks=21, half_width=4.9, first_condition=1000.0),
    23: multimodal.katsuura,
    24: multimodal.lunacek_bi_rastrigin,
}


def boxed_frame(function: int, n: int, instance: int) -> Frame:
    """Random parts of the bbob-boxed suite: optima up to the bounds."""
    return Frame.of(function, n, instance, half_width=5.0, peak_shrink=1.0)


def finish(function: int, frame: Frame) -> Landscape:
    """The function as it is."""
    return replace(FUNCTIONS[function](frame), f_opt=frame.f_opt)


def finish_boxed(function: int, frame: Frame) -> Landscape:
    """Infinity beyond the bounds."""
    landscape = finish(function, frame)
    inner = landscape.value

    def value(x: FloatArray) -> FloatArray:
        return np.where(np.max(np.abs(x), axis=-1) > 5.0, np.inf, inner(x))

    return replace(landscape, value=value)


bbob = Recipe(Frame.of, finish)
largescale = Recipe(LargeFrame.of, finish)
boxed = Recipe(boxed_frame, finish_boxed)
