"""Finite elements for plane trusses, and the ten-bar truss.

A bar of area A between two joints has the stiffness E A / L along its direction c. With B, whose columns are the
directions as they act on the free displacements, K = B diag(E A / L) B^T, K u = p, and the stress in a bar is
E / L (B^T u). All of it for a stack of designs, so that a population is solved in one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray


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


# Areas of 42 American standard sections, square inches (Rajeev & Krishnamoorthy 1992, J. Structural Engineering 118).
SECTIONS: FloatArray = np.array(
    [
        *(1.62, 1.80, 1.99, 2.13, 2.38, 2.62, 2.63, 2.88, 2.93, 3.09, 3.13, 3.38, 3.47, 3.55),
        *(3.63, 3.84, 3.87, 3.88, 4.18, 4.22, 4.49, 4.59, 4.80, 4.97, 5.12, 5.74, 7.22, 7.97),
        *(11.5, 13.5, 13.9, 14.2, 15.5, 16.0, 16.9, 18.8, 19.9, 22.0, 22.9, 26.5, 30.0, 33.5),
    ]
)


def chosen_sections(x: Any) -> FloatArray:
    """Areas of the sections with numbers x, from 0; what is no number of a section becomes the nearest one."""
    return SECTIONS[np.clip(np.rint(x), 0, SECTIONS.size - 1).astype(np.intp)]


def ten_bar_discrete(x: Any) -> Any:
    """Weight in pounds of the ten-bar truss made of the sections with numbers x, 0 to 41."""
    return ten_bar(chosen_sections(x))


def ten_bar_discrete_limits(x: Any) -> Any:
    """`ten_bar_limits` of the sections with numbers x."""
    return ten_bar_limits(chosen_sections(x))
