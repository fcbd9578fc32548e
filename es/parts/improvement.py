"""Expected improvement: how much better than the best so far a point is, on average.

Jones, Schonlau and Welch, Efficient global optimization of expensive black-box functions (Journal of Global
Optimization 13, 1998), (15): E max(0, best - f) = s h(z), z = (best - mean) / s, h(z) = phi(z) + z Phi(z). Its
logarithm does not vanish far away from where there is hope: Ament, Daulton, Eriksson, Balandat and Bakshy, Unexpected
improvements to expected improvement for Bayesian optimization (NeurIPS 2023), (9).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from es.core.arrays import FloatArray

FAR = -1e3  # from here on two terms of the expansion of Phi / phi are exact to ten digits
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def log_improvement(mean: Any, std: Any, best: float) -> Any:
    """Logarithm of the expected improvement, of any shape."""
    return np.log(std) + _log_h((best - mean) / std)


def log_improvement_with_slope(
    mean: float, std: float, by_mean: FloatArray, by_std: FloatArray, best: float
) -> tuple[float, FloatArray]:
    """The same at one point, and its slope from those of mean and standard deviation."""
    z = (best - mean) / std
    value = math.log(std) + float(_log_h(np.float64(z)))
    ratio = math.exp(float(log_ndtr(z)) - float(_log_h(np.float64(z))))  # h' / h, for h' = Phi
    return value, by_std / std - ratio * (by_mean + z * by_std) / std


def _log_h(z: Any) -> Any:
    density = -0.5 * z * z - HALF_LOG_2PI
    middle = np.clip(z, FAR, -1.0)
    with np.errstate(divide="ignore"):
        near = np.log(np.maximum(np.exp(density) + z * ndtr(z), 0.0))
        mills = math.sqrt(math.pi / 2) * erfcx(-middle / math.sqrt(2))  # Phi / phi
        far = density + np.log1p(middle * mills)
        square = np.minimum(z, FAR) ** 2
        end = density - np.log(square) + np.log1p(-3 / square)  # phi (1/z^2 - 3/z^4 + ...)
    return np.where(z > -1.0, near, np.where(z > FAR, far, end))
