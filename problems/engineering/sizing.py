"""The least weight of the ten-bar truss for a material and a shape of cross section: an engineering model to sweep.

Stresses and displacements of a truss go as 1 / s when all areas grow by s, and the load under which a bar buckles as
s^2. So a design that breaks a limit is made admissible by the least s that mends it, and what is minimised is the
weight after that: no constraints are left. The areas x then only say how the material is shared among the bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from problems.engineering.truss import TEN_BAR
from problems.numbers import FloatArray, chosen, fixed
from problems.objective import Objective

SAFETY = 1.5
SMALLEST, LARGEST = 0.1, 35.0


@dataclass(frozen=True)
class Material:
    """Young's modulus (ksi), density (pounds per cubic inch) and yield strength (ksi)."""

    modulus: float
    density: float
    strength: float


MATERIALS = {
    "steel-A36": Material(29e3, 0.284, 36.0),
    "steel-A514": Material(29e3, 0.284, 100.0),
    "aluminium-6061": Material(10e3, 0.098, 40.0),
    "aluminium-7075": Material(10.4e3, 0.101, 73.0),
    "titanium-6Al-4V": Material(16.5e3, 0.160, 128.0),
}
"""Typical values for structural grades (ASM Handbook, volumes 1 and 2)."""


def _tube(slenderness: float) -> float:
    """I / A^2 of a round tube with diameter over wall thickness = slenderness; 2 is the solid bar."""
    inner = 1.0 - 2.0 / slenderness
    return float((1.0 - inner**4) / (4.0 * np.pi * (1.0 - inner**2) ** 2))


SECTION_SHAPES = {"solid": _tube(2.0), "tube-10": _tube(10.0), "tube-20": _tube(20.0), "tube-40": _tube(40.0)}
"""Second moment of area over the area squared: round bars, and tubes by diameter over wall thickness."""


class Sizing:
    """Weight of the ten-bar truss with areas x, all of them scaled up so far that every limit is kept.

    Parameters
    ----------
    material : str
        A key of `MATERIALS`.
    section : str
        A key of `SECTION_SHAPES`.
    deflection : float
        Largest displacement of a joint, in inches.
    """

    def __init__(self, material: str, section: str, deflection: float) -> None:
        self.settings = (material, section, deflection)
        self.material = MATERIALS[chosen("material", material, MATERIALS)]
        self.shape = SECTION_SHAPES[chosen("section", section, SECTION_SHAPES)]
        if not deflection > 0:
            raise ValueError(f"deflection must be positive, got {deflection}")
        self.deflection = float(deflection)

    def ratios(self, x: Any) -> tuple[Any, Any, Any]:
        """Largest displacement, stress and square root of the compression, each over what is allowed: (...) each."""
        # the truss is that of the books, of modulus 1e4: its displacements go with 1 / modulus, its stresses do not
        u, stress = TEN_BAR.solve(x)
        moved = np.abs(u).max(-1) * (TEN_BAR.modulus / self.material.modulus / self.deflection)
        stressed = np.abs(stress).max(-1) * (SAFETY / self.material.strength)
        # Euler: a bar with hinged ends carries pi^2 E I / L^2
        limit = np.pi**2 * self.material.modulus * self.shape / (SAFETY * TEN_BAR.lengths**2)
        # what is below 1 % cannot decide, and the root would have no derivative at 0
        buckled = np.sqrt(np.maximum(-stress / (limit * x), 1e-4)).max(-1)
        return moved, stressed, buckled

    def scale(self, x: Any) -> Any:
        """Factor on all areas that makes the design admissible, at least 1."""
        moved, stressed, buckled = self.ratios(x)
        return np.maximum(np.maximum(np.maximum(moved, stressed), buckled), 1.0)

    def areas(self, x: Any) -> FloatArray:
        """Areas of the design that x leads to, square inches."""
        x = np.asarray(x, dtype=float)
        return np.asarray(x * self.scale(x)[..., None])

    def __call__(self, x: Any) -> Any:
        """Weight in pounds of designs x (..., 10)."""
        return TEN_BAR.weight(x) * (self.material.density / TEN_BAR.density) * self.scale(x)

    def __reduce__(self) -> tuple[Any, ...]:
        return Sizing, self.settings


def ten_bar_sizing(
    n: int | None = None, *, material: str = "aluminium-6061", section: str = "tube-20", deflection: float = 2.0
) -> Objective:
    """Find the areas of the lightest ten-bar truss made of one material and one shape of cross section.

    Parameters
    ----------
    n : int, optional
        Only to be checked: 10.
    material : {"steel-A36", "steel-A514", "aluminium-6061", "aluminium-7075", "titanium-6Al-4V"}
        Stiffness, density and strength; stresses stay below two thirds of the strength.
    section : {"solid", "tube-10", "tube-20", "tube-40"}
        Round bars, or tubes whose diameter is so many times their wall: the wider, the later they buckle.
    deflection : float
        Largest displacement of a joint, in inches.

    Returns
    -------
    Objective
        The weight in pounds, without constraints: see the module's text. Its gradient exists almost everywhere.

    Examples
    --------
    >>> light, heavy = (ten_bar_sizing(section=s)(np.full(10, 10.0)) for s in ("tube-20", "solid"))
    >>> light < heavy
    True
    """
    fixed("ten-bar-sizing", n, 10)
    return Objective(
        Sizing(material, section, deflection),
        10,
        vectorized=True,
        pure=True,
        bounds=[(SMALLEST, LARGEST)] * 10,
        sigma0=0.2 * (LARGEST - SMALLEST),
        name="ten-bar-sizing",
        differentiable=True,
        source="truss of Venkayya 1971, Computers & Structures 1; buckling after Euler 1744",
    )
