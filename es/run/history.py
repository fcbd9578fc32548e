"""What a run leaves behind for its plot: one record per iteration, thinned so that memory stays bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from es.core.arrays import FloatArray

MOST = 1000  # records kept; beyond it every other one is dropped and the stride doubles
NOTHING, FLOAT = np.empty(0), np.dtype(float)
COLUMNS = ("nit", "nfev", "best", "low", "median", "high", "sigma", "axis_ratio")
WIDEST = 200  # coordinates kept of mean and standard deviations, the first ones


class History:
    """Records of a run: evaluations, best and median values, step size, axis ratio, mean and standard deviations.

    `arrays()` gives them as arrays with one row per record. Iterations 1, 2, 3, ... are kept until there are `MOST`;
    then every second record goes and only every second iteration is kept from there on, and so forth.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._rows: list[tuple[float, ...]] = []
        self._means: list[FloatArray] = []
        self._stds: list[FloatArray] = []

    def add(self, nit: int, nfev: int, f: FloatArray, best: float, opt: Any) -> None:
        """Keep iteration `nit` if its turn has come."""
        if nit % self.stride:
            return
        sigma, ratio = opt.sigma, math.nan
        # The axis ratio takes a decomposition, so it is looked at as rarely as the stopping criteria look at it.
        if sigma is not None and nit % max(self.stride, opt.rare_interval, 20) == 0:
            ratio = _largest(opt.once("axis_ratio"))  # `once`: criteria may have looked at it too
        self._rows.append((nit, nfev, best, *_marks(f, opt.f_sorted), _largest(sigma), ratio))
        self._means.append(_first(opt.x_mean))
        self._stds.append(_first(opt.stds if sigma is None else opt.once("stds")))
        if len(self._rows) >= MOST:
            self.stride *= 2
            keep = [i for i, row in enumerate(self._rows) if int(row[0]) % self.stride == 0]
            self._rows = [self._rows[i] for i in keep]
            self._means = [self._means[i] for i in keep]
            self._stds = [self._stds[i] for i in keep]

    def arrays(self) -> dict[str, FloatArray]:
        """Arrays by name: nit, nfev, best, low, median, high, sigma, axis_ratio (k,), mean, stds (k, n)."""
        table = np.array(self._rows, dtype=float).reshape(len(self._rows), len(COLUMNS))
        columns = dict(zip(COLUMNS, table.T, strict=True))
        return {**columns, "mean": _stack(self._means), "stds": _stack(self._stds)}

    def state_dict(self) -> dict[str, Any]:
        """The records as arrays, for a checkpoint."""
        return {**self.arrays(), "stride": np.array(self.stride)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the records of a checkpoint."""
        self.stride = int(state["stride"])
        self._rows = [tuple(row) for row in np.column_stack([state[name] for name in COLUMNS]).tolist()]
        self._means = list(state["mean"])
        self._stds = list(state["stds"])


def _marks(f: FloatArray, ranked: FloatArray | None) -> tuple[float, float, float]:
    """Least, median and greatest of the finite values; NaN where there is none. `ranked`: f sorted, where it ranked."""
    if len(f) == 1:
        value = f.item(0)
        return (value, value, value) if math.isfinite(value) else (math.nan,) * 3
    if ranked is None or ranked.size != f.size:
        ranked = f.copy()
        ranked.sort()  # NaN goes last
    low, high = ranked.item(0), ranked.item(-1)
    if not -math.inf < low <= high < math.inf:
        ranked = ranked[np.isfinite(ranked)] if np.isfinite(ranked).any() else np.full(1, np.nan)
        low, high = ranked.item(0), ranked.item(-1)
    return low, ranked.item(len(ranked) // 2), high


def _largest(value: Any) -> float:
    """One number for a step size or an axis ratio, whether there is one, several or none."""
    if type(value) is np.float64 or type(value) is float:
        return value
    return np.nan if value is None else float(np.max(value))


def _first(x: Any) -> FloatArray:
    if x is None:
        return NOTHING
    if type(x) is np.ndarray and x.dtype is FLOAT and x.ndim == 1 and x.size <= WIDEST:
        return x.copy()
    return np.array(x, dtype=float).reshape(-1)[:WIDEST]


def _stack(rows: list[FloatArray]) -> FloatArray:
    """Rows of possibly different lengths (a restart may change the method) as one array, NaN where there is nothing."""
    widths = {len(row) for row in rows}
    if len(widths) < 2:
        return np.array(rows, dtype=float).reshape(len(rows), *widths or {0})
    out = np.full((len(rows), max(widths)), np.nan)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out
