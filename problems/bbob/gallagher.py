"""Functions f21 and f22 of BBOB: Gallagher's Gaussian peaks (Hansen et al. 2009, INRIA research report 6829)."""

from functools import lru_cache, partial
from typing import Any

import numpy as np

from problems.bbob import legacy, transforms
from problems.bbob.frames import Frame, Landscape
from problems.numbers import FloatArray


def gallagher(frame: Frame, peaks: int, half_width: float, first_condition: float) -> Landscape:
    """f21 (101 peaks) and f22 (21 peaks) of random place, height and condition.

    The value is T_osz(10 - max_k w_k exp(-1/(2n) sum_i C_ki (u - v_k)_i^2))^2 for u = Q x. The exponents of all peaks
    come from one product with the squares of u and u, and one exponential serves the highest of them.

    Parameters
    ----------
    frame : Frame
    peaks : int
        Number of peaks K.
    half_width : float
        Peaks lie in [-half_width, half_width]^n.
    first_condition : float
        Condition of the highest peak; the others' go up to 1000.
    """
    places, coefficients, constant = frame.draw(partial(_peaks, peaks, half_width, first_condition))
    (turn,) = frame.rotations()

    def value(x: FloatArray) -> FloatArray:
        gap = transforms.oscillate(10.0 - np.exp(highest(coefficients, constant, turn(x))))
        gap *= gap
        return gap

    return Landscape(frame.penalise(value, 1.0), places, width=max(2.0, 0.35 * peaks / frame.n))


def highest(coefficients: FloatArray, constant: FloatArray, u: FloatArray) -> FloatArray:
    """The greatest exponent of all peaks, (...) for u (..., n)."""
    if type(u) not in transforms.PLAIN:
        return transforms.traced(_highest, coefficients, constant, u)
    return _highest(coefficients, constant, u)[0]


def _highest(coefficients: FloatArray, constant: FloatArray, u: Any) -> transforms.Pair:
    exponents = transforms.turn(coefficients, np.concatenate([u * u, u], axis=-1))
    exponents += constant
    peaks = np.argmax(exponents, axis=-1)  # five times as fast as np.max
    places = np.arange(0, exponents.size, exponents.shape[-1]) + peaks.ravel()

    def vjp(g: Any) -> Any:
        """By the squares of u and by u, which are weighed by the coefficients of the highest peak alone."""
        rows = (np.arange(len(coefficients))[:, None], 0) if coefficients.ndim > 2 else ()
        d = coefficients[*rows, peaks] * g[..., None]
        squared, plain = d[..., : u.shape[-1]], d[..., u.shape[-1] :]
        return u * (squared + squared) + plain

    return exponents.reshape(-1)[places].reshape(u.shape[:-1]), (vjp,)


@lru_cache(maxsize=64)  # a stack asks again for what each of its problems has drawn
def _peaks(
    peaks: int, half_width: float, first_condition: float, frame: Frame
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The place of the highest peak (n,), and of all peaks the coefficients of u^2 and u (K, 2n) and the constant."""
    n, seed = frame.n, frame.seed
    (turn,) = frame.rotations()
    order = np.argsort(legacy.uniform(peaks - 1, seed), kind="stable")
    condition = np.concatenate([[first_condition], 1000.0 ** (order / (peaks - 2.0))])
    ranks = [np.argsort(legacy.uniform(n, seed + 1000 * k), kind="stable") for k in range(peaks)]
    curvature = condition[:, None] ** (transforms.steps(n)[np.array(ranks)] - 0.5)
    height = np.concatenate([[10.0], 1.1 + 8.0 * np.arange(peaks - 1) / (peaks - 2.0)])
    places = 2.0 * half_width * legacy.uniform(n * peaks, seed).reshape(peaks, n) - half_width
    places[0] *= frame.peak_shrink

    turned = turn(places)
    coefficients = np.concatenate([curvature / (-2.0 * n), curvature * turned / n], axis=1)
    constant = np.log(height) - (curvature * turned**2).sum(-1) / (2.0 * n)
    return places[0], coefficients, constant
