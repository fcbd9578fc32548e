"""What strategies with one step size and no covariance matrix share."""

from __future__ import annotations

from es.core.arrays import FloatArray
from es.parts.invariances import ALL
from es.parts.strategy import Strategy


class Isotropic(Strategy):
    """Steps sigma s z: one step size for all coordinates, which keep the proportions s that `sigma0` gave them.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size; at the start the largest of sigma0.
    """

    claims = ALL
    cost = "n popsize"

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return (self.sigma / self.scale0.max(-1))[..., None] * self.scale0

    def _sample(self, z: FloatArray) -> FloatArray:
        return self.stds[..., None, :] * z

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return y / self.stds[..., None, :]
