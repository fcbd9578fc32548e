"""Random search."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from es.core.arrays import FloatArray, IntArray, search_widths
from es.core.optimizer import Optimizer
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.sampling import plain


class RandomSearch(Optimizer):
    """Random search: learns nothing; the baseline that every method must beat.

    Uniform between bounds where both are finite and at most 1e8 max(1, |x0|) apart, else normal around x0 with
    standard deviation `sigma0`, at the nearest point of the box. It ends after 1000 n evaluations unless a
    budget is given. Source: Brooks, A discussion of random methods for seeking maxima (Operations Research 6, 1958);
    Bergstra & Bengio (JMLR 13, 2012). Parameters: see `Optimizer`.

    Examples
    --------
    >>> opt = RandomSearch([0.5, 0.5], bounds=[(0, 1), (0, 1)], rng=1, stop={"maxfevals": 1000})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 0.1)
    True
    """

    evaluations_per_variable = 1000
    paper = "Brooks, Operations Research 6 (1958)"
    cost = "n popsize"
    good_for = "a baseline; functions of which few variables matter"
    claims = ALL_BUT_ROTATION
    default_popsize = 32
    takes_late_points = True

    def _candidates(self, k: int) -> FloatArray:
        z = plain(self._streams, self.batch, k, self.n)
        x: Any = self.mean[..., None, :] + self.scale0[..., None, :] * z
        if self.box is not None:
            width = search_widths(self.box, self.mean)[..., None, :]
            closed = np.isfinite(width)
            low, width = np.where(closed, self.box.lb, 0.0), np.where(closed, width, 0.0)
            x = np.clip(np.where(closed, low + ndtr(z) * width, x), self.box.lb, self.box.ub)
        return np.asarray(x)

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        """Nothing."""
