"""MAP-CMA: the mean moves with the path of the covariance matrix too, as with momentum.

Hamano, Shirakawa and Nomura, Natural gradient interpretation of rank-one update in CMA-ES (PPSN 2024,
arXiv:2406.16506): the update of rank one is the natural gradient of a prior on the distribution, and maximising the
posterior in the place of the expected value adds a term to the update of the mean as well:

    m += c_m sigma (y_w + c1 / (r cmu) p_c),   c_m = 1 / (1 + c1 / (r cmu)).

That is a mixture: with c_m = r cmu / (r cmu + c1) of the step of CMA-ES and the rest of the path. h_sigma is always 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems.numbers import number


def as_momentum(given: Any, n: int) -> float | None:
    """r of the formulas for n variables, None where there is no momentum.

    Raises ValueError if it is neither True nor False nor a positive number.
    """
    if given is True or given is False or given is None or isinstance(given, np.bool_):
        return float(n) if given else None
    r = number("momentum", given)
    if not 0 < r < np.inf:
        raise ValueError(f"momentum must be True, False or a positive number, the r of MAP-CMA, got {given!r}")
    return r


def with_momentum(step: FloatArray, path: FloatArray, c1: Any, cmu: Any, r: float) -> FloatArray:
    """Step of the mean (..., n), from that of (42) and the path sigma p_c (..., n) of (45).

    c1 and cmu may be one for each run, (runs,).
    """
    of_samples, total = np.asarray(r * cmu), np.asarray(r * cmu + c1)
    share = np.where(total > 0, of_samples / np.where(total > 0, total, 1.0), 1.0)[..., None]
    return share * step + (1 - share) * path
