"""Finite elements for plane trusses, and the ten-bar truss.

A bar of area A between two joints has the stiffness E A / L along its direction c. With B, whose columns are the
directions as they act on the free displacements, K = B diag(E A / L) B^T, K u = p, and the stress in a bar is
E / L (B^T u). All of it for a stack of designs, so that a population is solved in one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from problems.objective import FloatArray

__all__ = ["TEN_BAR", "Truss", "ten_bar", "ten_bar_limits"]


class Truss:
    """A plane truss under one load.

    Parameters
    ----------
    joints : array_like, shape (joints, 2)
        Positions.
    bars : array_like of int, shape (bars, 2)
        The joints at the two ends.
    fixed : sequence of int
        Joints that do not move.
    load : array_like, shape (joints, 2)
        Forces on the joints.
    modulus, density : float
        Young's modulus and weight per volume.
    """

    def __init__(
        self,
        joints: npt.ArrayLike,
        bars: npt.ArrayLike,
        fixed: list[int],
        load: npt.ArrayLike,
        modulus: float,
        density: float,
    ) -> None:
        position, ends = np.asarray(joints, dtype=float), np.asarray(bars)
        along = position[ends[:, 1]] - position[ends[:, 0]]
        self.lengths: FloatArray = np.hypot(along[:, 0], along[:, 1])
        direction = along / self.lengths[:, None]
        full = np.zeros((len(position), 2, len(ends)))
        for k, (start, end) in enumerate(ends.tolist()):
            full[start, :, k], full[end, :, k] = -direction[k], direction[k]
        free = np.setdiff1d(np.arange(len(position)), fixed)
        self.directions: FloatArray = full[free].reshape(-1, len(ends))
        self.load: FloatArray = np.asarray(load, dtype=float)[free].reshape(-1)
        self.modulus, self.density = modulus, density

    def weight(self, areas: Any) -> Any:
        """Weight of designs (..., bars) -> (...)."""
        return (self.density * self.lengths * areas).sum(-1)

    def solve(self, areas: Any) -> tuple[Any, Any]:
        """Displacements (..., 2 free joints) and stresses (..., bars), tension positive, of designs (..., bars)."""
        spring = self.modulus * areas / self.lengths
        stiffness = np.matmul(self.directions * spring[..., None, :], self.directions.T)
        u = np.linalg.solve(stiffness, np.broadcast_to(self.load[:, None], (*areas.shape[:-1], self.load.size, 1)))
        stretch = np.matmul(self.directions.T, u)[..., 0]
        return u[..., 0], self.modulus * stretch / self.lengths


# Six joints on two rows, bays of 360 inches, held at the left; 100 kip down at the two lower free joints.
TEN_BAR = Truss(
    joints=[(720, 360), (720, 0), (360, 360), (360, 0), (0, 360), (0, 0)],
    bars=[(4, 2), (2, 0), (5, 3), (3, 1), (2, 3), (0, 1), (4, 3), (5, 2), (2, 1), (3, 0)],
    fixed=[4, 5],
    load=[(0, 0), (0, -100.0), (0, 0), (0, -100.0), (0, 0), (0, 0)],
    modulus=1e4,
    density=0.1,
)
"""Units: inch, kip, ksi; density in pounds per cubic inch."""


def ten_bar(x: Any) -> Any:
    """Weight in pounds of the ten-bar truss with areas x in square inches.

    Venkayya 1971, Computers & Structures 1; load case 1 of Haftka & Gürdal 1992, Elements of Structural Optimization.
    """
    return TEN_BAR.weight(x)


def ten_bar_limits(x: Any) -> Any:
    """|displacement| <= 2 inches and |stress| <= 25 ksi, as shares of the limit minus one, g(x) <= 0."""
    u, stress = TEN_BAR.solve(x)
    return np.concatenate([u / 2.0 - 1.0, -u / 2.0 - 1.0, stress / 25.0 - 1.0, -stress / 25.0 - 1.0], axis=-1)
