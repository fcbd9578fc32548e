"""Functions f21 and f22 of BBOB: Gallagher's Gaussian peaks (Hansen et al. 2009, INRIA research report 6829)."""

from functools import lru_cache, partial
from typing import Any

import numpy as np

from problems.bbob import legacy, transforms
from problems.bbob.frames import Frame, Landscape
from problems.bbob.products import multiply
from problems.numbers import FloatArray

ROOM = 25_000  # numbers in the exponents of all peaks that are made at a time


def gallagher(frame: Frame, peaks: int, half_width: float, first_condition: float) -> Landscape:
    """f21 (101 peaks) and f22 (21 peaks) of random place, height and condition.

    The value is T_osz(10 - max_k w_k exp(-1/(2n) sum_i C_ki (u - v_k)_i^2))^2 for u = Q x. The exponents of all peaks
    come from one product with the squares of u, u and 1, and one exponential serves the highest of them.

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
    places, coefficients = frame.draw(partial(_peaks, peaks, half_width, first_condition))
    (turn,) = frame.rotations()

    def value(x: FloatArray) -> FloatArray:
        gap = transforms.oscillate(10.0 - np.exp(highest(coefficients, turn(x))))
        gap *= gap
        return gap

    return Landscape(frame.penalise(value, 1.0), places, width=2.0)


def highest(coefficients: FloatArray, u: FloatArray) -> FloatArray:
    """The greatest exponent of all peaks, made for as many points at a time as stay in the cache.

    Parameters
    ----------
    coefficients : ndarray, shape (2n + 1, K), or (r, 1, 2n + 1, K)
        Of u^2, u and 1, a column for each peak.
    u : ndarray, shape (..., n), or (r, k, n)

    Returns
    -------
    ndarray, shape (...), or (r, k)
    """
    coefficients = coefficients[:, 0] if coefficients.ndim == 4 else coefficients
    if type(u) not in transforms.PLAIN:
        return transforms.traced(_highest, coefficients, u)
    n, peaks = u.shape[-1], coefficients.shape[-1]
    most = max(1, ROOM // peaks)
    if u.size <= most * n:
        return _highest(coefficients, u)[0]
    coefficients = coefficients.reshape(-1, 2 * n + 1, peaks)
    count, shape = len(coefficients), u.shape[:-1]
    u = u.reshape(count, -1, n)
    greatest = np.empty(u.shape[:2])
    step, among = max(1, most // u.shape[1]), min(u.shape[1], most)
    for i in range(0, count, step):
        for j in range(0, u.shape[1], among):
            part = slice(i, i + step), slice(j, j + among)
            greatest[part] = _highest(coefficients[part[0]], u[part])[0]
    return greatest.reshape(shape)


def _terms(u: Any) -> Any:
    """The squares of u, u and 1 along the last axis."""
    *shape, n = u.shape
    if type(u) is not np.ndarray:
        return np.concatenate([u * u, u, np.ones((*shape, 1))], axis=-1)
    terms = np.empty((*shape, 2 * n + 1))
    np.multiply(u, u, out=terms[..., :n])
    terms[..., n:-1] = u
    terms[..., -1] = 1.0
    return terms


def _highest(coefficients: FloatArray, u: Any) -> transforms.Pair:
    exponents = multiply(coefficients, _terms(u))
    peaks = exponents.argmax(-1)  # five times as fast as np.max
    places = np.arange(0, exponents.size, exponents.shape[-1]) + peaks.ravel()

    def vjp(g: Any) -> Any:
        """By the squares of u and by u, which are weighed by the coefficients of the highest peak alone."""
        rows = (np.arange(len(coefficients))[:, None],) if coefficients.ndim > 2 else ()
        d = np.swapaxes(coefficients, -1, -2)[*rows, peaks] * g[..., None]
        squared, plain = d[..., : u.shape[-1]], d[..., u.shape[-1] : -1]
        return u * (squared + squared) + plain

    return exponents.reshape(-1)[places].reshape(u.shape[:-1]), (vjp,)


@lru_cache(maxsize=64)  # a stack asks again for what each of its problems has drawn
def _peaks(peaks: int, half_width: float, first_condition: float, frame: Frame) -> tuple[FloatArray, FloatArray]:
    """The place of the highest peak (n,), and of all peaks the coefficients of u^2, u and 1, (2n + 1, K)."""
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
    constant = np.log(height) - (curvature * turned**2).sum(-1) / (2.0 * n)
    coefficients = np.concatenate([curvature / (-2.0 * n), curvature * turned / n, constant[:, None]], axis=1)
    return places[0], np.ascontiguousarray(coefficients.T)
