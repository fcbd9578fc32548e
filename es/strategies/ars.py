"""ARS: augmented random search."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray
from es.parts.estimate import GradientEstimate
from es.parts.invariances import ALL_BUT_MONOTONE
from es.parts.samples import Samples
from es.parts.shaping import in_units


class ARS(GradientEstimate):
    """ARS: finite differences along random directions, of which the best few count, in units of the spread of f.

    Source: Mania, Guy & Recht, Simple random search provides a competitive approach to reinforcement learning
    (arXiv:1803.07055), algorithm 2, version V1-t. (V2 also normalises what a policy sees, which is the objective's
    to do.) The halvings after `patience` generations are no part of it.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, rule, lr, patience, sampling
        See `GradientEstimate`; the rule is plain descent unless another is given, and lr the paper's alpha.
    top : float
        Part of the directions that count, those with the best value at either end; 1: all (V1).
    """

    paper = "Mania et al., arXiv:1803.07055"
    good_for = "very many variables, policies"
    claims = ALL_BUT_MONOTONE
    default_rule = "sgd"

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, *, top: float = 0.5, **common: Any) -> None:
        if not 0 < top <= 1:
            raise ValueError(f"top must lie in (0, 1], got {top}")
        self.top = top
        super().__init__(x0, sigma0, **common)

    def _default_lr(self) -> Any:
        return 0.25 * self.sigma

    def _weights(self, samples: Samples, f: FloatArray, order: IntArray) -> FloatArray:
        return self._differences(samples, in_units(f))

    def _differences(self, samples: Samples, f: FloatArray) -> FloatArray:
        """Weights of the rows: +-(f(-) - f(+)) k / (2 b std) in a pair, 0 if the pair is not among the b best.

        A point without a partner counts as a pair whose other value is the mean.
        """
        mate = partners(samples)
        k, rows = f.shape[-1], np.arange(f.shape[-1])
        alone = mate == rows
        other = np.where(alone, f.mean(-1, keepdims=True), np.take_along_axis(f, mate, -1))
        first = np.where(alone, rows, np.minimum(mate, rows))
        # Directions best first, the two rows of a pair next to each other.
        order = np.lexsort((first, np.minimum(f, np.where(alone, f, other))))
        used = 2 * max(1, round(self.top * k / 2))
        chosen = np.zeros(f.shape, dtype=bool)
        np.put_along_axis(chosen, order[..., :used], True, -1)
        part = np.where(chosen, f, 0.0).sum(-1, keepdims=True) / chosen.sum(-1, keepdims=True)
        std = np.sqrt((np.where(chosen, f - part, 0.0) ** 2).sum(-1, keepdims=True) / chosen.sum(-1, keepdims=True))
        weights = np.where(chosen, other - f, 0.0) * (k / used)
        return np.where(std > 0, weights / np.where(std > 0, std, 1.0), 0.0)


def partners(samples: Samples) -> IntArray:
    """For each of k rows the row that is its negative, or itself if there is none: shape (..., k)."""
    z, k = samples.z, samples.k
    h, rows = z.shape[-2], np.arange(k)
    if h < k:
        mates = np.where(rows < h, np.where(rows + h < k, rows + h, rows), rows - h)
        return np.broadcast_to(mates, (*z.shape[:-2], k))
    mate = np.broadcast_to(rows, z.shape[:-1]).copy()
    for run in np.ndindex(z.shape[:-2]):
        waiting: dict[bytes, int] = {}
        for i, row in enumerate(z[run]):
            j = waiting.pop((-row).tobytes(), None)
            if j is None:
                waiting[row.tobytes()] = i
            else:
                mate[(*run, i)], mate[(*run, j)] = j, i
    return mate
