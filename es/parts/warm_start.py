"""Warm start: a first distribution from solutions of an earlier, similar problem."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, as_shape
from problems.numbers import number, numbers, short

SLACK = 1 + 1e-12  # 0.29 * 100 is 28.999999999999996, and 29 points are meant


def warm_start(
    x: npt.ArrayLike, f: npt.ArrayLike, *, gamma: float = 0.1, alpha: float = 0.1, scale: npt.ArrayLike | None = None
) -> dict[str, FloatArray]:
    """Mean and covariance matrix fitted to the good points of an earlier, similar problem.

    The normal distribution closest to a mixture of small ones around the good points. Source: Nomura, Watanabe,
    Akimoto, Ozaki & Onishi, Warm starting CMA-ES for hyperparameter optimization (AAAI 2021, arXiv:2012.06932),
    section 4.

    Parameters
    ----------
    x : array_like, shape (k, n)
        Evaluated points of the earlier problem.
    f : array_like, shape (k,)
        Their values; points without a finite one are left out.
    gamma : float
        Share of the points that are good, in (0, 1]: so many of those with a finite value, rounded down, at least one.
    alpha : float
        Standard deviation around each good point, in units of `scale`.
    scale : float or array_like, shape (n,), optional
        Width of the search space; default: the range of x in each coordinate.

    Returns
    -------
    dict
        `x0` (n,) and `covariance0` (n, n): arguments of `CMAES` and its kin.

    Raises
    ------
    ValueError
        If shapes do not fit, no value is finite, gamma, alpha or scale is out of range, or squares of widths are
        beyond the largest or least number.

    Examples
    --------
    >>> from es import CMAES
    >>> x = np.random.default_rng(0).uniform(-5, 5, (200, 2))
    >>> opt = CMAES(**warm_start(x, ((x - 2) ** 2).sum(-1)), rng=1)
    >>> bool(abs(opt.mean - 2).max() < 0.6)
    True
    """
    points = numbers("x", x)
    if points.ndim != 2 or points.size == 0 or not np.isfinite(points).all():
        raise ValueError(f"x must be finite, of shape (k, n), got shape {points.shape}")
    gamma, alpha = number("gamma", gamma), number("alpha", alpha)
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma must lie in (0, 1], got {gamma}: it is the share of good points")
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha must be positive and finite, got {alpha}")
    values = as_shape("f", f, points.shape[:1])
    with np.errstate(over="ignore"):
        width: FloatArray = np.ptp(points, axis=0) if scale is None else numbers("scale", scale)
    if scale is not None and width.shape not in ((), points.shape[1:]):
        raise ValueError(f"scale must be a number or have shape {points.shape[1:]}, got {width.shape}")
    if not (width > 0).all() or (scale is not None and not np.isfinite(width).all()):
        raise ValueError(
            f"scale must be positive and finite in each coordinate, got {short(width)}: give the width of the search"
        )
    good = np.isfinite(values)
    if not good.any():
        raise ValueError("f must have a finite value, got none")
    order = values[good].argsort(kind="stable")
    best = points[good][order[: max(1, int(gamma * good.sum() * SLACK))]]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        mean = best.mean(0)
        spread = (best - mean).T @ (best - mean) / len(best)
        # Mean and covariance matrix of the mixture (section 4.2): those of its parts, and of where they lie.
        covariance = np.diag(np.broadcast_to((alpha * width) ** 2, mean.shape)) + (spread + spread.T) / 2
    if not np.isfinite(covariance).all() or not (np.diag(covariance) > 0).all():
        raise ValueError(
            f"x must be in units in which squares of its widths are numbers, got {short(width)} with alpha={alpha}"
        )
    return {"x0": mean, "covariance0": covariance}
