"""Whether f still falls, to first order, along a way that constraints and bounds leave open.

At an optimum the gradient of f is balanced by those of what is active, each with a multiplier >= 0 (Karush, Kuhn and
Tucker; Nocedal and Wright 2006, theorem 12.1). Gradients are not known here, but how values went up and down over the
points of the last generations is: a linear fit to them says the same, in the units of the distribution, and what the
fit leaves over says how far it is to be trusted. Near an optimum that is more than the slope, whatever the scales of x,
f and constraints; on a slope it is less the smaller the steps are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import BoolArray, FloatArray
from problems.boxes import Box

STEEP = 30.0  # times what a linear fit leaves over: a slope (0.01 to 1 at optima, 100 to 1e6 on slopes)
NEAR = 3.0  # standard deviations of a constraint, within which it counts as active
MOST = 100  # variables: beyond, only the last generation is kept, and no slope is told
ROUNDINGS = 16 * float(np.finfo(float).eps)


class Recent:
    """Points of the last generations with values of f and of the constraints g, as many as a linear fit needs."""

    def __init__(self, n: int) -> None:
        self._n, self._least = n, 2 * n + 12 if n <= MOST else 1
        self._parts: deque[tuple[FloatArray, FloatArray, FloatArray]] = deque()

    def add(self, x: FloatArray, f: FloatArray, g: FloatArray) -> None:
        """A generation: x (k, n), f (k,), g (k, m)."""
        self._parts.append((x.copy(), f.copy(), g.copy()))
        while sum(len(part[1]) for part in self._parts) - len(self._parts[0][1]) >= self._least:
            self._parts.popleft()

    def wide(self, part: float, size: float) -> bool:
        """Whether the interquartile range of the last values is more than a part of `size`."""
        return bool(self._parts) and spread(self._parts[-1][1]) > part * size

    def flat(self) -> bool:
        """Whether three quarters of the last generation have the same value at points that differ."""
        if not self._parts:
            return False
        x, f, _ = self._parts[-1]
        same = f == np.median(f)
        return bool(same.mean() >= 0.75 and np.ptp(x[same], axis=0).any())

    def slope(self, equality: BoolArray, box: Box | None) -> float:
        """Slope that is left, in units of what a linear fit leaves over; 0 where that cannot be told."""
        if not self._parts:
            return 0.0
        x, f, g = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        known = np.isfinite(f) & np.isfinite(g).all(-1)
        x, f, g = x[known], f[known], g[known]
        k, n = x.shape
        if k < n + 4 or n > MOST:
            return 0.0
        # Whole numbers have no slope: where few values occur a coordinate is held, as by an equality.
        few = np.array([2 * np.unique(column).size <= k for column in x.T])
        limits, held = [g, x[:, few]], [equality, np.ones(few.sum(), dtype=bool)]
        for side in () if box is None else (box.lb - x, x - box.ub):
            finite = np.isfinite(side).all(0) & ~few
            limits.append(side[:, finite])
            held.append(np.zeros(finite.sum(), dtype=bool))
        return _left(x, f, np.hstack(limits), np.concatenate(held))

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """State as arrays: the points of all generations below each other, with f and g beside them."""
        rows = [np.column_stack(part) for part in self._parts]
        return {
            "recent_points": np.concatenate(rows) if rows else np.empty((0, 0)),
            "recent_sizes": np.array([len(row) for row in rows], dtype=int),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken; an older state has no points."""
        n, ends = self._n, np.cumsum(state.get("recent_sizes", ())).astype(int)
        rows = np.split(np.array(state["recent_points"]), ends)[:-1] if ends.size else []
        self._parts = deque((row[:, :n], row[:, n], row[:, n + 1 :]) for row in rows)


def spread(values: FloatArray) -> float:
    """Interquartile range of the finite ones."""
    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return 0.0
    low, high = np.percentile(finite, [25, 75])
    return float(high - low)


def _left(x: FloatArray, f: FloatArray, g: FloatArray, equality: BoolArray) -> float:
    """The slope of f + sum_k lambda_k g_k with the multipliers that make it least, lambda_k >= 0 for inequalities."""
    from scipy.optimize import nnls

    spread = g.std(0)
    active = (spread > 0) & (equality | (g.max(0) > -NEAR * spread))
    g, equality = g[:, active] / spread[active], equality[active]
    x, f_in, g_in = x - x.mean(0), f - f.mean(), g - g.mean(0)
    widths = x.std(0)
    U, sizes, _ = np.linalg.svd(x / np.where(widths > 0, widths, 1.0), full_matrices=False)
    U = U[:, sizes > 1e-7 * sizes[0]]
    slope, normals = U.T @ f_in, U.T @ g_in
    both = np.hstack([normals, -normals[:, equality]])
    found, _ = nnls(both, -slope) if both.size else (np.zeros(0), 0.0)
    multipliers = found[: equality.size].copy()
    multipliers[equality] -= found[equality.size :]
    h = f_in + g_in @ multipliers
    along = U.T @ h
    rounding = ROUNDINGS * np.sqrt(len(f)) * (np.abs(f).max() + (np.abs(g) @ np.abs(multipliers)).max())
    return float(np.linalg.norm(along) / max(np.linalg.norm(h - U @ along), rounding, np.finfo(float).tiny))
