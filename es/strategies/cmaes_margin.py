"""Integer coordinates: CMA-ES with margin.

Hamano, Saito, Nomura and Shirakawa, CMA-ES with margin: lower-bounding marginal probability for mixed-integer black-box
optimization (GECCO 2022, arXiv:2205.13482). Points are sampled as ever and rounded where they are evaluated; after each
update, mean and scale of every integer coordinate are corrected so that at least a probability alpha = 1 / (n popsize)
stays on the integers beside the one that the mean lies on. Without that, a step size below one half freezes a
coordinate. The scale is a factor of its own (the paper's matrix A, `stretch` here) between sampling and rounding:
the strategy learns from the steps without it, or the mean of an integer coordinate would wander by its wide steps
for ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from es.core.arrays import FloatArray, opened
from es.parts.beside import Values
from es.parts.beside_samples import LooksBesideSamples
from es.parts.integers import Cells, as_whole
from es.strategies.cmaes import CMAES

SHORT = 1e-3  # a standard deviation of whole numbers with which the margin alone moves them


class RoundedCMAES(LooksBesideSamples, CMAES):
    """CMA-ES on points of which some coordinates are rounded, with a scale of their own: the base of what has a margin.

    Parameters
    ----------
    integrality, x0, sigma0, **common
        See `MarginCMAES`.

    Attributes
    ----------
    whole : ndarray of int
        Places of the integer coordinates.
    stretch : ndarray, shape (n,), or (runs, n)
        Factor of each coordinate between sampling and rounding; 1 where it is real.
    """

    # Invariances that move integer coordinates off the whole numbers hold for the others alone: claims are CMAES's.
    state_names = (*CMAES.state_names, "stretch")

    def __init__(
        self, x0: npt.ArrayLike, sigma0: npt.ArrayLike | None = None, *, integrality: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:  # fmt: skip
        self._integrality = integrality
        super().__init__(x0, sigma0, **common)

    def _prepare(self) -> None:
        self.whole = np.flatnonzero(as_whole(self._integrality, self.n))
        box, self._cells = self.box, Cells.within(self.box, self.whole)
        self.box = opened(box, self.whole)  # rounding keeps integer coordinates inside: only others need a handler
        self.stretch = np.ones(self.mean.shape)
        super()._prepare()
        self.box = box

    def _decode(self, u: FloatArray) -> FloatArray:
        x, j = super()._decode(u), self.whole
        if not j.size:
            return x
        x = np.array(x)
        mean, stretch = (a if u.ndim == a.ndim else a[..., None, :] for a in (self.mean[..., j], self.stretch[..., j]))
        x[..., j] = self._cells.rounded(mean + stretch * (u[..., j] - mean))
        return x

    def _encode(self, x: FloatArray) -> FloatArray:
        u, j = super()._encode(x), self.whole
        if not j.size:
            return u
        u = np.array(u)
        mean, stretch = (a if x.ndim == a.ndim else a[..., None, :] for a in (self.mean[..., j], self.stretch[..., j]))
        u[..., j] = mean + (x[..., j] - mean) / stretch
        return u

    def _values(self) -> Values:
        return super()._values().joined(self.whole, self._cells.low, self._cells.high, True)

    def _go_on_at(self, row: int, x: FloatArray) -> None:
        self._set_row("stretch", row, np.ones(self.n))
        super()._go_on_at(row, x)
        mean, stretch = self._of_row("mean", row).copy(), np.ones(self.n)
        mean[self.whole] = x[self.whole]
        stretch[self.whole] = SHORT / self._of_row("scale0", row)[self.whole]
        self._set_row("mean", row, mean)
        self._set_row("stretch", row, stretch)

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate before it is rounded, (n,) or (active runs, n)."""
        return super().stds * self.stretch


class MarginCMAES(RoundedCMAES):
    """CMA-ES with margin: integer coordinates beside real ones.

    Parameters
    ----------
    integrality : array_like, shape (n,), optional
        Non-zero where a coordinate takes whole numbers only. Default: nowhere, which is CMA-ES bit for bit.
    x0, sigma0, **common
        See `CMAES`. Bounds of integer coordinates are rounded inwards.

    Raises
    ------
    ValueError
        If `integrality` has another shape, or bounds leave a coordinate no whole number.

    Examples
    --------
    >>> opt = MarginCMAES([5.0, 5.0], 2.0, integrality=[1, 0], rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, ((x - [2, 0.5]) ** 2).sum(-1))
    >>> opt.result.x.round(6)
    array([2. , 0.5])
    """

    paper = "Hamano, Saito, Nomura and Shirakawa, arXiv:2205.13482"
    good_for = "integer and mixed-integer problems up to a few hundred variables"

    def _after(self) -> None:
        super()._after()
        if self.whole.size:
            self._keep_margin(1.0 / (self.n * self.popsize))

    def _keep_margin(self, alpha: float) -> None:
        """Correct mean and scale of the integer coordinates, section 4.2 of the paper."""
        j = self.whole
        m, s = self.mean[..., j], np.maximum(self.stds[..., j], 1e-300)
        below, above = self._cells.borders(m)
        with np.errstate(invalid="ignore"):  # infinite thresholds drop out in the np.where below
            # At the edge, where all integers lie on one side: the mean comes near enough to the next threshold (11).
            only = np.where(np.isfinite(below), below, above)
            edge = np.isfinite(below) != np.isfinite(above)
            reach = -ndtri(min(alpha, 0.49)) * s
            at_edge = only + np.sign(m - only) * np.minimum(np.abs(m - only), reach)
            # Between two integers: probabilities of leaving to both sides, raised to alpha / 2 (12 to 16).
            down, up = ndtr((below - m) / s), ndtr((m - above) / s)
            stay = 1.0 - down - up
            down1, up1 = np.maximum(down, alpha / 2), np.maximum(up, alpha / 2)
            excess = (1.0 - down1 - up1 - stay) / (down1 + up1 + stay - 1.5 * alpha)
            down2, up2 = down1 + excess * (down1 - alpha / 2), up1 + excess * (up1 - alpha / 2)
            a, b = -ndtri(np.minimum(down2, 0.5 - 1e-12)), -ndtri(np.minimum(up2, 0.5 - 1e-12))
            centre, scale = (below * b + above * a) / (a + b), (above - below) / (a + b)  # (17), (18)
        inner = np.isfinite(below) & np.isfinite(above)
        inner &= (down < alpha / 2) | (up < alpha / 2)
        self.mean[..., j] = np.where(edge, at_edge, np.where(inner, centre, m))
        self.stretch[..., j] *= np.where(inner, scale / s, 1.0)
