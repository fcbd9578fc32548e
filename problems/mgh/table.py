"""The 35 problems of Moré, Garbow & Hillstrom 1981 in the order of their paper: sizes, standard starts, minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from problems.mgh import fits, small, variable
from problems.numbers import FloatArray

ByN = Callable[[int], FloatArray]


@dataclass(frozen=True)
class LeastSquares:
    """One problem: the sum of squares of m functions of n variables."""

    residuals: Callable[[Any, int], Any]
    """x of shape (..., n) and m -> (..., m)."""
    start: tuple[float, ...] | ByN
    """The standard start; a function of n where n is free."""
    x_opt: tuple[float, ...] | ByN | None = None
    """A best point, where it can be written down."""
    f_opt: float | dict[tuple[int, int], float] | Callable[[int, int], float] | None = None
    """The least value where `x_opt` does not tell it: for all n and m, for some, or as a function of them."""
    n: int = 0
    """Default number of variables where that is free."""
    sizes: tuple[Callable[[int], bool], str] = (lambda n: n >= 1, "at least 1")
    """Which n there are where that is free, and the same in words."""
    m: Callable[[int], int] = lambda n: n
    """Number of residuals, by default; it is free where `least_m` is not 0."""
    least_m: int = 0


def _penalty_1(n: int) -> FloatArray:
    """All x_i = t with a (t - 1) + 2 t (n t^2 - 1/4) = 0: the i-th derivative has no other unknown but x_i."""
    roots = np.roots([2.0 * n, 0.0, 1e-5 - 0.5, -1e-5])
    t = float(np.max(roots.real))
    for _ in range(3):  # to the last bit
        t -= (2.0 * n * t**3 + (1e-5 - 0.5) * t - 1e-5) / (6.0 * n * t * t + 1e-5 - 0.5)
    return np.full(n, t)


def _grid_start(n: int) -> FloatArray:
    t = variable.grid(n)
    return t * (t - 1.0)


def _repeated(*pattern: float) -> ByN:
    return lambda n: np.resize(np.array(pattern), n)


_EVEN = (lambda n: n >= 2 and n % 2 == 0, "even")
_FOURS = (lambda n: n >= 4 and n % 4 == 0, "a multiple of 4")
_TWO_UP = (lambda n: n >= 2, "at least 2")
_THREE_UP = (lambda n: n >= 3, "at least 3")

_CHEBYQUAD = {
    **{(n, n): 0.0 for n in (1, 2, 3, 4, 5, 6, 7, 9)},
    (8, 8): 3.51687372567793e-3,
    (10, 10): 6.50395480088229e-3,
}
_WATSON = {(6, 31): 2.28767005355235e-3, (9, 31): 1.39976013809272e-6, (12, 31): 4.72238110560741e-10}
_PENALTY_2 = {(4, 8): 9.37629300735544e-6, (10, 20): 2.93660537456746e-4}

# fmt: off
TABLE: dict[str, LeastSquares] = {
    "rosenbrock": LeastSquares(small.rosenbrock, (-1.2, 1.0), (1.0, 1.0)),
    "freudenstein-roth": LeastSquares(small.freudenstein_roth, (0.5, -2.0), (5.0, 4.0)),
    "powell-badly-scaled": LeastSquares(small.powell_badly_scaled, (0.0, 1.0),
        (1.0981593296998175e-05, 9.106146739866524)),
    "brown-badly-scaled": LeastSquares(small.brown_badly_scaled, (1.0, 1.0), (1e6, 2e-6)),
    "beale": LeastSquares(small.beale, (1.0, 1.0), (3.0, 0.5)),
    "jennrich-sampson": LeastSquares(small.jennrich_sampson, (0.3, 0.4), None, {(2, 10): 124.362182355615},
        m=lambda n: 10, least_m=2),
    "helical-valley": LeastSquares(small.helical_valley, (-1.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
    "bard": LeastSquares(fits.bard, (1.0, 1.0, 1.0), (0.08241055996182331, 1.1330360991135786, 2.3436951718326475)),
    "gaussian": LeastSquares(fits.gaussian, (0.4, 1.0, 0.0), (0.3989561378387565, 1.000019084487804, 0.0)),
    "meyer": LeastSquares(fits.meyer, (0.02, 4000.0, 250.0),
        (0.0056096364710256025, 6181.346346286742, 345.2236346241491)),
    "gulf": LeastSquares(small.gulf, (5.0, 2.5, 0.15), (50.0, 25.0, 1.5), m=lambda n: 99, least_m=3),
    "box": LeastSquares(small.box, (0.0, 10.0, 20.0), (1.0, 10.0, 1.0), m=lambda n: 10, least_m=3),
    "powell-singular": LeastSquares(small.powell_singular, (3.0, -1.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0)),
    "wood": LeastSquares(small.wood, (-3.0, -1.0, -3.0, -1.0), (1.0, 1.0, 1.0, 1.0)),
    "kowalik-osborne": LeastSquares(fits.kowalik_osborne, (0.25, 0.39, 0.415, 0.39),
        (0.19280693439633942, 0.19128233277825546, 0.12305650762655808, 0.13606233257444564)),
    "brown-dennis": LeastSquares(small.brown_dennis, (25.0, 5.0, -5.0, -1.0),
        (-11.594439904762204, 13.203630051207215, -0.40343948817685743, 0.23677877445573414), m=lambda n: 20),
    "osborne-1": LeastSquares(fits.osborne_1, (0.5, 1.5, -1.0, 0.01, 0.02),
        (0.3754100519305481, 1.9358468921475955, -1.4646871159151313, 0.012867534598351597, 0.022122699744875775)),
    "biggs-exp6": LeastSquares(small.biggs_exp6, (1.0, 2.0, 1.0, 1.0, 1.0, 1.0), (1.0, 10.0, 1.0, 5.0, 4.0, 3.0),
        m=lambda n: 13, least_m=6),
    "osborne-2": LeastSquares(fits.osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        (1.3099771546470778, 0.4315537946463978, 0.6336616989779967, 0.5994305347782992, 0.7541832264541882,
            0.9042885795234615, 1.3658118351251671, 4.823698818170654, 2.3986848660784728, 4.568874597724861,
            5.675341470591445)),
    "watson": LeastSquares(variable.watson, np.zeros, None, _WATSON, n=6, m=lambda n: 31,
        sizes=(lambda n: 2 <= n <= 31, "from 2 to 31")),
    "extended-rosenbrock": LeastSquares(variable.extended_rosenbrock, _repeated(-1.2, 1.0), np.ones, n=10, sizes=_EVEN),
    "extended-powell-singular": LeastSquares(small.powell_singular, _repeated(3.0, -1.0, 0.0, 1.0), np.zeros, n=12,
        sizes=_FOURS),
    "penalty-1": LeastSquares(variable.penalty_1, lambda n: np.arange(1.0, n + 1.0), _penalty_1, n=10),
    "penalty-2": LeastSquares(variable.penalty_2, lambda n: np.full(n, 0.5), None, _PENALTY_2, n=10, m=lambda n: 2 * n,
        sizes=_TWO_UP),
    "variably-dimensioned": LeastSquares(variable.variably_dimensioned, lambda n: 1.0 - np.arange(1.0, n + 1.0) / n,
        np.ones, n=10),
    "trigonometric": LeastSquares(variable.trigonometric, lambda n: np.full(n, 1.0 / n), np.zeros, n=10),
    "brown-almost-linear": LeastSquares(variable.brown_almost_linear, lambda n: np.full(n, 0.5), np.ones, n=10,
        sizes=_TWO_UP),
    "discrete-boundary-value": LeastSquares(variable.discrete_boundary_value, _grid_start, None, 0.0, n=10),
    "discrete-integral": LeastSquares(variable.discrete_integral, _grid_start, None, 0.0, n=10),
    "broyden-tridiagonal": LeastSquares(variable.broyden_tridiagonal, lambda n: np.full(n, -1.0), None, 0.0, n=10),
    "broyden-banded": LeastSquares(variable.broyden_banded, lambda n: np.full(n, -1.0), None, 0.0, n=10),
    "linear-full-rank": LeastSquares(variable.linear_full_rank, np.ones, lambda n: -np.ones(n), n=10, m=lambda n: 2 * n,
        least_m=1),
    "linear-rank-1": LeastSquares(variable.linear_rank_1, np.ones, None, lambda n, m: m * (m - 1) / (2 * (2 * m + 1)),
        n=10, m=lambda n: 2 * n, least_m=1),
    "linear-rank-1-zeros": LeastSquares(variable.linear_rank_1_zeros, np.ones, None,
        lambda n, m: (m * m + 3 * m - 6) / (2 * (2 * m - 3)), n=10, sizes=_THREE_UP, m=lambda n: 2 * n, least_m=1),
    "chebyquad": LeastSquares(variable.chebyquad, variable.grid, None, _CHEBYQUAD, n=8,
        m=lambda n: n, least_m=1),
}
# fmt: on
