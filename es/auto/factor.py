"""Steps and updates of a quasi-Newton method in coordinates of the factor S of its inverse Hessian, H^-1 = S S^T."""

from __future__ import annotations

import numpy as np

from es.core.arrays import FloatArray

EIGEN_UP_TO = 60  # variables; above, the product form, whose cost is n^2


def update(S: FloatArray, slope: FloatArray, p: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The BFGS update S L of the factor, and the slopes L^T slope along its columns.

    p is the step and q the change of the slopes, both in coordinates of S, and
    L L^T = (I - p q^T / p.q)(I - q p^T / p.q) + p p^T / p.q, Nocedal and Wright (2006), (6.17). Up to 60 variables the
    columns of L are its eigenvectors, so that what is known of the curvature stays in columns of its own and
    differences along the others do not mix with it (on the discus, n = 10, that takes a third of the evaluations).
    Above, the product form of Brodlie, Gourlay and Greenstadt (1973).

    Examples
    --------
    >>> p, q = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    >>> L, _ = update(np.eye(2), q, p, q)
    >>> bool(np.allclose(L @ L.T @ q, p))
    True
    """
    n, pq, pp = len(p), float(p @ q), float(p @ p)
    if n > EIGEN_UP_TO:
        v = (np.sqrt(pq / pp) * p - q) / pq
        return S + np.outer(S @ p, v), slope + v * float(p @ slope)
    A = np.eye(n) - np.outer(p, q) / pq
    w, V = np.linalg.eigh(A @ A.T + np.outer(p, p) / pq)
    L: FloatArray = V * np.sqrt(np.maximum(w, 1e-300))
    return S @ L, L.T @ slope


def active_step(
    S: FloatArray, slope: FloatArray, x: FloatArray, lb: FloatArray, ub: FloatArray, width: FloatArray
) -> FloatArray:
    """The step p, in coordinates of S, to the minimum of the model slope . p + p . p / 2 inside the bounds.

    `slope` is along the columns of S, and the step at most half the width (n,) in any coordinate. Coordinates are held
    at bounds and let go by the primal-dual active set method (Hintermueller, Ito and Kunisch, SIAM J. Optim. 13, 2003);
    where it cycles, the free step is cut at the first bound.

    Examples
    --------
    >>> x, low, high = np.zeros(2), np.array([-1.0, -1.0]), np.array([1.0, 3.0])
    >>> active_step(np.eye(2), np.array([-2.0, -1.5]), x, low, high, 20 * np.ones(2))
    array([1. , 1.5])
    """
    free = -slope
    d = S @ free
    longest = float(np.max(np.abs(d) / width))
    if longest > 0.5:
        free, d = free * (0.5 / longest), d * (0.5 / longest)
    y = x + d
    held, low = (y < lb) | (y > ub), y < lb
    if not held.any():
        return free
    for _ in range(10):
        A = S[held]
        goal = np.where(low, lb, ub)[held] - x[held]
        try:
            force = np.linalg.solve(A @ A.T, goal - A @ free)
        except np.linalg.LinAlgError:
            break
        p: FloatArray = free + A.T @ force
        y = x + S @ p
        keep = np.zeros(len(x), dtype=bool)
        keep[held] = np.where(low[held], force > 0, force < 0)
        below, above = (y < lb) & ~held, (y > ub) & ~held
        after = keep | below | above
        if np.array_equal(after, held):
            return p
        low = np.where(held, low, below)
        held = after
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(d != 0, np.where(d > 0, ub - x, x - lb) / np.abs(d), np.inf)
    return free * float(min(1.0, part[part > 0].min(initial=1.0)))
