"""Whole numbers under a Gaussian: how they are sampled, centred, and kept within reach, as in CatCMA with margin.

Hamano, Saito, Nomura, Uchida and Shirakawa, CatCMA with margin: stochastic optimization for mixed-variable black-box
optimization (GECCO 2025, arXiv:2504.07884). A sample v = m + stretch * y is rounded where it is evaluated. Two things
beside that keep a whole number from freezing once the steps are shorter than the distance to its neighbours:

* Centring. Of the selected points those that lie on another whole number than the mean are moved onto it, and the
  others towards the middle of their cell by as much as this bias allows, so that rounding errors do not pull the mean.
* The margin. After each update mean and stretch are corrected so that a least probability remains on both sides, and
  where no selected point has left the cell of the mean, no more than before.

Everything is over the last axis, one entry for each integer coordinate; stacked runs have a leading axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from es.core.arrays import BoolArray, FloatArray, IntArray
from problems.boxes import Box
from problems.numbers import numbers

Levels = Mapping[int, FloatArray]
SURE = 1e-8  # probabilities are kept this far from 0 and 1/2, where quantiles are infinite or 0
SPARSE = 1e-6  # a cell of the mean with less has nothing to correct, and no quantiles that could be told apart


def as_whole(integrality: npt.ArrayLike | None, n: int) -> BoolArray:
    """Which of n coordinates take whole numbers only, by an array that is not zero there.

    Raises ValueError if it has another shape than (n,).
    """
    whole = np.zeros(n, dtype=bool) if integrality is None else numbers("integrality", integrality) != 0
    if whole.shape != (n,):
        raise ValueError(f"integrality must have shape ({n},), got {whole.shape}")
    return whole


def as_levels(levels: Mapping[int, npt.ArrayLike] | None, n: int) -> dict[int, FloatArray]:
    """The values, in their order, of each of n coordinates that has only some.

    Raises ValueError if it names another coordinate, or values are not finite or none.
    """
    found = {int(i): np.unique(numbers("levels", values)) for i, values in (levels or {}).items()}
    for i, values in found.items():
        if not 0 <= i < n or not values.size or not np.isfinite(values).all():
            raise ValueError(f"levels must give finite values of coordinates below {n}, got {values} of {i}")
    return found


@dataclass(frozen=True)
class Cells:
    """The whole numbers from `low` to `high` (m,), either of which may be infinite."""

    low: FloatArray
    high: FloatArray

    @classmethod
    def within(cls, box: Box | None, places: IntArray) -> Cells:
        """Those that bounds leave to coordinates at these places. Raises ValueError if one of them is left none."""
        if box is None:
            return cls(np.full(places.size, -np.inf), np.full(places.size, np.inf))
        low, high = np.ceil(box.lb[places]), np.floor(box.ub[places])
        if (low > high).any():
            i = int(places[low > high][0])
            raise ValueError(f"bounds must leave a whole number to coordinate {i}, got [{box.lb[i]}, {box.ub[i]}]")
        return cls(low, high)

    def rounded(self, v: FloatArray) -> FloatArray:
        """The whole number of the cell that v lies in."""
        return np.clip(np.rint(v), self.low, self.high)

    def borders(self, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Where the cell of v begins and ends; infinite at the ends of the range."""
        centre = self.rounded(v)
        below = np.where(centre > self.low, centre - 0.5, -np.inf)
        return below, np.where(centre < self.high, centre + 0.5, np.inf)


def centred(cells: Cells, v: FloatArray, mean: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The selected points v (..., mu, m) with their integers centred, and whether any has left the cell of the mean."""
    whole = cells.rounded(v)
    left = whole != cells.rounded(mean)[..., None, :]
    to_middle = whole - v
    bias = np.where(left, to_middle, 0.0).sum(-2)  # what jumping onto the whole numbers has added
    against = ~left & (to_middle * bias[..., None, :] < 0)
    moves = np.where(against, to_middle, 0.0).sum(-2)
    share = np.minimum(1.0, -bias / np.where(moves == 0, np.inf, moves))
    moved = v + np.where(left, to_middle, np.where(against, share[..., None, :] * to_middle, 0.0))
    return moved, left.any(-2)


def kept_margin(
    cells: Cells, mean: FloatArray, std: FloatArray, mutation: FloatArray, success: BoolArray, alpha: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, factor of the standard deviation, and probability of another integer, once the margin is kept.

    All but alpha, the least probability, are (..., m): mean and standard deviation of the Gaussian, with the stretch;
    the probability of another integer than that of the mean after the last update; whether a selected point had another
    one.
    """
    std = np.maximum(std, 1e-300)
    below, above = cells.borders(mean)
    middle, edge = np.isfinite(below) & np.isfinite(above), np.isfinite(below) != np.isfinite(above)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what is infinite drops out below
        at_edge = _at_edge(cells, mean, std, below, above, mutation, success, alpha)
        inside = _inside(below, above, mean, std, mutation, success, alpha)
    pick: Any = lambda i, else_: np.where(edge, at_edge[i], np.where(middle, inside[i], else_))  # noqa: E731
    return pick(0, mean), pick(1, 1.0), pick(2, mutation)


def _quantile(p: FloatArray | float) -> Any:
    """Distance in standard deviations beyond which a normal number lies with probability p."""
    return -ndtri(np.clip(p, SURE, 0.5 - SURE))


def _at_edge(
    cells: Cells, mean: FloatArray, std: FloatArray, below: FloatArray, above: FloatArray, old: FloatArray,
    success: BoolArray, alpha: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """In the first and the last cell, which have one border: the mean comes as near to it as the probability says."""
    border, side = np.where(np.isfinite(below), below, above), np.where(np.isfinite(below), 1.0, -1.0)
    mutation = np.maximum(ndtr(-np.abs(mean - border) / std), alpha)
    mutation = np.clip(np.where(success, mutation, np.minimum(mutation, old)), SURE, 0.5 - SURE)
    factor = np.maximum(1.0, np.abs(cells.rounded(mean) - border) / (std * _quantile(alpha)))
    return border + side * factor * std * _quantile(mutation), factor, mutation


def _inside(
    below: FloatArray, above: FloatArray, mean: FloatArray, std: FloatArray, old: FloatArray, success: BoolArray,
    alpha: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """In a cell between two others: both sides keep at least alpha / 2; what is too much is taken from all alike."""
    down, up = ndtr((below - mean) / std), ndtr((mean - above) / std)
    stay = 1.0 - down - up
    sparse, leave = stay < SPARSE, down + up
    down, up = np.maximum(down, alpha / 2), np.maximum(up, alpha / 2)
    stay = np.where(success, stay, np.maximum(stay, 1.0 - old))
    least = np.where(success, 1.5 * alpha, alpha + 1.0 - old)  # of the three together
    free = down + up + stay - least
    share = (1.0 - down - up - stay) / np.where(free > 0, free, np.inf)
    down, up = (np.clip(p + share * (p - alpha / 2), SURE, 0.5 - SURE) for p in (down, up))
    a, b = _quantile(down), _quantile(up)
    factor = (above - below) / ((a + b) * std)
    centre = (below * b + above * a) / (a + b)
    return np.where(sparse, mean, centre), np.where(sparse, 1.0, factor), np.where(sparse, leave, down + up)
