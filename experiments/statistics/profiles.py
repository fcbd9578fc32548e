"""Data profiles and performance profiles: the shares of problems solved within a budget, absolute or relative."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from es.core.arrays import FloatArray


def relative_targets(first: ArrayLike, best: ArrayLike, tolerance: float) -> FloatArray:
    """Moré and Wild's convergence test: the value f_L + tau (f(x0) - f_L) to reach on each problem.

    Parameters
    ----------
    first : (problems,) array
        f(x0).
    best : (problems,) array
        f_L, the lowest value that any solver found within the budget.
    tolerance : float
        tau in (0, 1); 1e-3 and 1e-7 are usual.

    References
    ----------
    .. [1] J. J. Moré, S. M. Wild (2009). Benchmarking derivative-free optimization algorithms. SIAM J. Optim. 20, eq.
    2.2.

    Examples
    --------
    >>> relative_targets([101.0], [1.0], 0.1)
    array([11.])
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie between 0 and 1, got {tolerance}")
    start, low = np.asarray(first, dtype=float), np.asarray(best, dtype=float)
    if np.any(start < low):
        raise ValueError("first must not be below best: best is the lowest value of any solver")
    return np.asarray(low + tolerance * (start - low))


def data_profile(times: ArrayLike, dimensions: ArrayLike, at: ArrayLike) -> FloatArray:
    """Share of problems solved within ``at`` simplex gradients, d(a) = |{p: t_p / (n_p + 1) <= a}| / |P|.

    Parameters
    ----------
    times : (..., problems) array
        Evaluations until the convergence test held, ``inf`` where it never did; leading axes are solvers.
    dimensions : (problems,) array
        n_p.
    at : (points,) array
        Numbers of simplex gradients (n + 1 evaluations each).

    Returns
    -------
    (..., points) array

    References
    ----------
    .. [1] Moré and Wild (2009), eq. 2.9.

    Examples
    --------
    >>> data_profile([[30.0, np.inf], [60.0, 11.0]], [9, 10], [1.0, 3.0, 6.0])
    array([[0. , 0.5, 0.5],
           [0.5, 0.5, 1. ]])
    """
    scaled = _runtimes(times) / (np.asarray(dimensions, dtype=float) + 1)
    return _share(scaled, np.asarray(at, dtype=float))


def performance_profile(times: ArrayLike, at: ArrayLike) -> FloatArray:
    """Share of problems on which a solver is within the factor ``at`` of the fastest, rho_s(a) = |{p: r_ps <= a}| /
    |P|.

    Parameters
    ----------
    times : (solvers, problems) array
        Evaluations, ``inf`` for failures; a problem that no solver solves counts for none.
    at : (points,) array
        Factors >= 1.

    Returns
    -------
    (solvers, points) array

    References
    ----------
    .. [1] E. D. Dolan, J. J. Moré (2002). Benchmarking optimization software with performance profiles. Math.
    Program. 91.

    Examples
    --------
    >>> performance_profile([[10.0, np.inf, 5.0], [20.0, 7.0, 5.0]], [1.0, 2.0])
    array([[0.66666667, 0.66666667],
           [0.66666667, 1.        ]])
    """
    return _share(performance_ratios(times), np.asarray(at, dtype=float))


def performance_ratios(times: ArrayLike) -> FloatArray:
    """Runtime of each solver over the best one on the same problem, r_ps = t_ps / min_s t_ps; ``inf`` for failures.

    Shapes: (solvers, problems) in, the same out.
    """
    runtime = _runtimes(times)
    if runtime.ndim != 2:
        raise ValueError(f"times must have shape (solvers, problems), got {runtime.shape}")
    if np.any(runtime <= 0):
        raise ValueError("times must be positive")
    best = runtime.min(axis=0)
    return np.where(np.isfinite(runtime), runtime / np.where(np.isfinite(best), best, 1.0), np.inf)


def _runtimes(times: ArrayLike) -> FloatArray:
    """Evaluations with at least one problem on the last axis, none of them NaN."""
    runtime = np.asarray(times, dtype=float)
    if runtime.ndim < 1 or runtime.shape[-1] == 0:
        raise ValueError(f"times must have at least one problem on its last axis, got shape {runtime.shape}")
    if np.isnan(runtime).any():
        raise ValueError("times must not be NaN: write inf for a failure")
    return runtime


def _share(values: FloatArray, at: FloatArray) -> FloatArray:
    ordered = np.sort(values, axis=-1)
    flat = ordered.reshape(-1, ordered.shape[-1])
    counts = np.stack([np.searchsorted(row, at * (1 + 1e-12), side="right") for row in flat])
    return np.asarray(counts / ordered.shape[-1]).reshape(*ordered.shape[:-1], at.size)
