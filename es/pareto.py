"""Several objectives: which points dominate, and the volume that they dominate."""

from __future__ import annotations

import numpy as np

from es.shapes import FloatArray, IntArray


def fronts(f: FloatArray) -> IntArray:
    """Rank of each row of f (k, m) by non-dominated sorting: 0 for those that no other row dominates, and so on.

    A row dominates another if it is nowhere larger and somewhere smaller.
    """
    dominates = np.asarray((f[:, None] <= f[None]).all(-1) & (f[:, None] < f[None]).any(-1))
    rank = np.full(len(f), -1)
    left = np.ones(len(f), dtype=bool)
    level = 0
    while left.any():
        front = left & ~dominates[left].any(0)
        rank[front] = level
        left &= ~front
        level += 1
    return rank


def hypervolume(f: FloatArray, reference: FloatArray) -> float:
    """Volume that the rows of f (k, m) dominate, up to the reference point (m,).

    Examples
    --------
    >>> hypervolume(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([3.0, 3.0]))
    3.0
    """
    f = f[(f < reference).all(1)]
    if len(f) == 0:
        return 0.0
    if f.shape[1] == 1:
        return float(reference[0] - f.min())
    f = f[f[:, -1].argsort(kind="stable")]
    heights = np.diff(np.append(f[:, -1], reference[-1]))
    if f.shape[1] == 2:
        widths = reference[0] - np.minimum.accumulate(f[:, 0])
        return float(widths @ heights)
    slices = [hypervolume(f[: i + 1, :-1], reference[:-1]) for i in range(len(f))]
    return float(np.array(slices) @ heights)


def keep_by_volume(f: FloatArray, count: int) -> IntArray:
    """The rows of a front f (k, m) that stay when the one that adds least volume is dropped until `count` are left.

    The best row of each objective stays as long as there is another one to drop.
    """
    kept = np.arange(len(f))
    while len(kept) > count:
        rows = f[kept]
        reference = rows.max(0) + 1 + np.ptp(rows, axis=0)
        whole = hypervolume(rows, reference)
        loss = np.array([whole - hypervolume(np.delete(rows, i, 0), reference) for i in range(len(rows))])
        if count > rows.shape[1]:
            loss[rows.argmin(0)] = np.inf
        kept = np.delete(kept, loss.argmin())
    return kept


def best_rows(f: FloatArray, count: int) -> IntArray:
    """The `count` best rows of f (k, m): whole fronts, and of the front that does not fit those of most volume."""
    rank = fronts(f)
    chosen: list[int] = []
    for level in range(int(rank.max()) + 1):
        front = np.flatnonzero(rank == level)
        room = count - len(chosen)
        if len(front) > room:
            # Rows of a front without finite values are all alike.
            front = front[keep_by_volume(f[front], room)] if np.isfinite(f[front]).all() else front[:room]
        chosen.extend(front.tolist())
        if len(chosen) == count:
            break
    return np.array(chosen, dtype=np.intp)
