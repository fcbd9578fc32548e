"""Functions f21 and f22 of BBOB: Gallagher's Gaussian peaks (Hansen et al. 2009, INRIA research report 6829)."""

from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob import legacy, transforms
from problems.bbob.frames import Frame, Landscape
from problems.bbob.products import multiply
from problems.numbers import FloatArray

ROOM = 25_000  # numbers in the exponents of all peaks that are made at a time
# From so many peaks, points, and points of one instance on it pays to find out which peaks matter
WORTH, MANY, CLOSE = 50, 200, 24
WIDE = 1.0  # half the width of a box that is too wide to leave few peaks
FARTHEST = 100.0  # from the middle of the peaks, in any variable: beyond that all of them are computed
ROUNDING = 1e-6  # more than what exponents within that lose by rounding


def gallagher(frame: Frame, peaks: int, half_width: float, first_condition: float) -> Landscape:
    """f21 (101 peaks) and f22 (21 peaks) of random place, height and condition.

    The value is T_osz(10 - max_k w_k exp(-1/(2n) sum_i C_ki (u - v_k)_i^2))^2 for u = Q x. The exponents of all peaks
    come from one product with the squares of u and u, and one exponential serves the highest of them. Points that lie
    close together, as a search has them in the end, need those of few peaks only (`Few`).

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
    few = Few(coefficients, constant)

    def value(x: FloatArray) -> FloatArray:
        u = turn(x)
        exponent = few(u) if type(u) in transforms.PLAIN else highest(coefficients, constant, u)
        gap = transforms.oscillate(10.0 - np.exp(exponent))
        gap *= gap
        return gap

    return Landscape(frame.penalise(value, 1.0), places, width=2.0)


def highest(coefficients: FloatArray, constant: FloatArray, u: FloatArray) -> FloatArray:
    """The greatest exponent of all peaks, (...) for u (..., n); parameters are those of `Few`."""
    coefficients = coefficients[:, 0] if coefficients.ndim == 4 else coefficients
    if type(u) not in transforms.PLAIN:
        return transforms.traced(_highest, coefficients, constant, u)
    return _highest(coefficients, constant, u)[0]


class Few:
    """The greatest exponent of all peaks, computed of few of them where that is sure to be enough.

    Around the middle m of the box that holds the points of an instance, u = m + d with |d_i| <= h_i, an exponent
    sum_i a_i u_i^2 + b_i u_i + c lies between e(m) - s - sum_i |a_i| h_i^2 and e(m) + s with
    s = sum_i |2 a_i m_i + b_i| h_i, for a_i < 0. A peak whose upper bound is below a lower bound of another one is not
    the highest. Where the others are among eight that BLAS takes together, these have the bits they have among all.

    Parameters
    ----------
    coefficients : ndarray, shape (2n, K), or (r, 1, 2n, K)
        Of u^2 and u, a column for each peak.
    constant : ndarray, shape (K,), or (r, 1, K)
    """

    def __init__(self, coefficients: FloatArray, constant: FloatArray) -> None:
        self.coefficients = coefficients.reshape(-1, *coefficients.shape[-2:])
        self.constant = constant.reshape(-1, 1, constant.shape[-1])
        width, peaks = coefficients.shape[-2:]
        self._may_do = peaks >= WORTH and _same_in_eights(width, peaks)

    def __call__(self, u: FloatArray) -> FloatArray:
        """Exponents (...) for u (..., n), of one instance or, (r, k, n), of r."""
        count, n = len(self.coefficients), u.shape[-1]
        shape, u = u.shape[:-1], u.reshape(count, -1, n)
        v = np.concatenate([u * u, u], axis=-1)
        if not self._may_do or u.shape[1] < CLOSE or v.size < MANY * 2 * n:
            return self._of_all(slice(None), v).reshape(shape)
        eight = self._eight(np.ascontiguousarray(u.transpose(0, 2, 1)))
        settled, wide = (eight >= 0).nonzero()[0], (eight < 0).nonzero()[0]
        if not settled.size:
            return self._of_all(slice(None), v).reshape(shape)
        exponents = np.empty(v.shape[:-1])
        if wide.size:
            exponents[wide] = self._of_all(wide, v[wide])
            v, eight = v[settled], eight[settled]
        rows, chosen = settled[:, None, None], 8 * eight[:, None, None] + np.arange(8)
        columns = self.coefficients[rows, np.arange(2 * n)[:, None], chosen]
        e = _exponents(columns, self.constant[rows, 0, chosen], v)
        e = np.maximum(e[..., :4], e[..., 4:])
        exponents[settled] = np.maximum(np.maximum(e[..., 0], e[..., 1]), np.maximum(e[..., 2], e[..., 3]))
        return exponents.reshape(shape)

    def _of_all(self, rows: Any, v: FloatArray) -> FloatArray:
        """Of all peaks of these instances, in parts that stay in the cache."""
        coefficients, constant = self.coefficients[rows], self.constant[rows]
        count, points = v.shape[:2]
        most = max(1, ROOM // constant.shape[-1])
        if count * points <= most:
            return _greatest(_exponents(coefficients, constant, v))[0]
        greatest = np.empty((count, points))
        step, among = max(1, most // points), min(points, most)
        for i in range(0, count, step):
            for j in range(0, points, among):
                part = slice(i, i + step), slice(j, j + among)
                greatest[part] = _greatest(_exponents(coefficients[part[0]], constant[part[0]], v[part]))[0]
        return greatest

    def _eight(self, u: FloatArray) -> NDArray[np.intp]:
        """For points (r, n, k): which eight peaks, by number, hold the highest of each instance; -1: not known."""
        low, high = np.minimum.reduce(u, -1), np.maximum.reduce(u, -1)
        nowhere = np.full(len(u), -1)
        if not max(-low.min(), high.max()) < FARTHEST:
            return nowhere
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        if half.max(-1).min() > WIDE:
            return nowhere
        n, peaks = middle.shape[-1], self.constant.shape[-1]
        a, b = self.coefficients[:, :n], self.coefficients[:, n:]
        slopes = a * (2.0 * middle[..., None])
        slopes += b
        slope, bend = (half[:, None] @ np.abs(slopes))[:, 0], ((half * half)[:, None] @ a)[:, 0]
        at = _exponents(self.coefficients, self.constant, np.concatenate([middle * middle, middle], -1)[:, None])[:, 0]
        possible = at + slope >= (at - slope + bend).max(-1, keepdims=True) - ROUNDING
        first, last = possible.argmax(-1) >> 3, (peaks - 1 - possible[:, ::-1].argmax(-1)) >> 3
        same = (first == last) & (last < peaks >> 3)  # what is left of the columns BLAS takes in other ways
        return np.where(same, first, nowhere)


def _highest(coefficients: FloatArray, constant: FloatArray, u: Any) -> transforms.Pair:
    greatest, peaks = _greatest(_exponents(coefficients, constant, np.concatenate([u * u, u], axis=-1)))

    def vjp(g: Any) -> Any:
        """By the squares of u and by u, which are weighed by the coefficients of the highest peak alone."""
        rows = (np.arange(len(coefficients))[:, None],) if coefficients.ndim > 2 else ()
        d = np.swapaxes(coefficients, -1, -2)[*rows, peaks] * g[..., None]
        squared, plain = d[..., : u.shape[-1]], d[..., u.shape[-1] :]
        return u * (squared + squared) + plain

    return greatest, (vjp,)


def _exponents(coefficients: FloatArray, constant: FloatArray, v: Any) -> Any:
    """Of all peaks, (..., K), for v = (u^2, u)."""
    exponents = multiply(coefficients, v)
    exponents += constant
    return exponents


def _greatest(exponents: Any) -> tuple[Any, Any]:
    """The greatest exponent of each point, and the peak that has it."""
    peaks = exponents.argmax(-1)  # five times as fast as np.max
    places = np.arange(0, exponents.size, exponents.shape[-1]) + peaks.ravel()
    return exponents.reshape(-1)[places].reshape(peaks.shape), peaks


@lru_cache
def _same_in_eights(width: int, peaks: int) -> bool:
    """Whether products with eight columns at a time have the bits of one with all, as where BLAS works by eights."""
    draw = np.random.default_rng(1)
    columns, v = draw.standard_normal((width, peaks)), draw.standard_normal((100, width))
    whole = multiply(columns, v)
    eights = [np.ascontiguousarray(columns[:, i : i + 8]) for i in range(0, peaks - 7, 8)]
    return all(np.array_equal(multiply(eight, v), whole[:, 8 * i : 8 * i + 8]) for i, eight in enumerate(eights))


@lru_cache(maxsize=64)  # a stack asks again for what each of its problems has drawn
def _peaks(
    peaks: int, half_width: float, first_condition: float, frame: Frame
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The place of the highest peak (n,), and of all peaks the coefficients of u^2 and u (2n, K) and the constant."""
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
    return places[0], np.ascontiguousarray(coefficients.T), constant
