"""Functions f1 to f5 of BBOB: separable (Hansen, Finck, Ros & Auger 2009, INRIA research report 6829)."""

import numpy as np

from problems.bbob.frames import Frame, Landscape, Map
from problems.bbob.transforms import PI, conditioning, dot, oscillate, sine_squared, squares, steps
from problems.numbers import FloatArray


def ripples(frame: Frame) -> Map:
    """Rastrigin's sum z^2 + 10 (1 - cos 2 pi z), with 1 - cos 2 pi z = 2 sin(pi z)^2, which keeps digits near 0."""
    weights, twenty = frame.full(frame.scale), np.array(20.0)

    def value(z: FloatArray) -> FloatArray:
        waves = sine_squared(PI * z)
        waves *= twenty
        waves += z * z
        return dot(weights, waves)

    return value


def sphere(frame: Frame) -> Landscape:
    """f1: |x - x_opt|^2."""
    x_opt, weights = frame.optimum(), frame.full(frame.scale)
    return Landscape(lambda x: squares(x - x_opt, weights), x_opt)


def ellipsoid(frame: Frame) -> Landscape:
    """f2: condition 1e6, oscillating."""
    x_opt, weights = frame.optimum(), frame.scale * 1e6 ** steps(frame.n)
    moved = frame.less(x_opt)
    return Landscape(lambda x: squares(oscillate(moved(x)), weights), x_opt)


def rastrigin(frame: Frame) -> Landscape:
    """f3: about 10^n local minima in a regular grid that is bent."""
    x_opt, value = frame.optimum(), ripples(frame)
    moved, scaled = frame.less(x_opt), frame.times(conditioning(frame.n, 10.0))
    bent = frame.bent(0.2 * steps(frame.n), oscillated=True)
    return Landscape(lambda x: value(scaled(bent(moved(x)))), x_opt)


def bueche_rastrigin(frame: Frame) -> Landscape:
    """f4: Rastrigin's with positive even coordinates stretched tenfold: deceptive.

    COCO's code, unlike the report, puts the even coordinates of the optimum on the positive side.
    """
    drawn = frame.optimum()
    even = np.arange(frame.n) % 2 == 0
    x_opt = np.where(even, np.abs(drawn), drawn)
    left = conditioning(frame.n, 10.0)
    right = np.where(even, 10.0 * left, left)
    ras, moved = ripples(frame), frame.less(x_opt)

    def value(x: FloatArray) -> FloatArray:
        t = oscillate(moved(x))
        return ras(t * np.where(t > 0.0, right, left))

    return Landscape(frame.penalise(value, 100.0), x_opt)


def linear_slope(frame: Frame) -> Landscape:
    """f5: linear down to the bound, flat beyond it."""
    sign = np.where(frame.optimum() < 0.0, -1.0, 1.0)
    slopes = frame.scale * 10.0 ** steps(frame.n)

    def value(x: FloatArray) -> FloatArray:
        return dot(slopes, 5.0 - np.minimum(sign * x, 5.0))

    return Landscape(value, 5.0 * sign)
