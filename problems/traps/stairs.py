"""Functions with plateaus and jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.functions import ellipsoid, sphere, step
from problems.traps import ground
from problems.traps.ground import Builder, Map, moved, through, turned


def _grid(z: Any, width: float) -> Any:
    """The nearest multiple of a width."""
    return width * np.floor(z / width + 0.5)


def _stepped_ellipsoid(width: float) -> Map:
    return lambda z: ellipsoid(_grid(z, width))


def _doubling(f: Any) -> Any:
    """The power of 2 below."""
    return np.where(f > 0.0, np.exp2(np.floor(np.log2(f + 1e-300))), 0.0)


_flat = {"differentiable": False}

TABLE: dict[str, Builder] = {
    "step-sphere": moved(step, **_flat),
    "step-ellipsoid": moved(_stepped_ellipsoid(1.0), **_flat),
    "step-ellipsoid-turned": turned(_stepped_ellipsoid(1.0), **_flat),
    "step-ellipsoid-fine": turned(_stepped_ellipsoid(0.1), **_flat),
    # every second variable in steps
    "half-steps": moved(lambda z: sphere(z[..., 0::2]) + sphere(_grid(z[..., 1::2], 0.5))),
    # plateaus with a slope of 1e-4 along the first variable
    "tilted-steps": turned(lambda z: np.maximum(1e-4 * np.abs(z[..., 0]), sphere(_grid(z, 0.5))), **_flat),
    # a jump by 100 where the first variable passes its best value, and by 1 for each variable more than 1 away
    "wall": moved(lambda z: sphere(z) + np.where(z[..., 0] > 0.0, 100.0, 0.0)),
    "terraces": moved(lambda z: sphere(z) + np.where(np.abs(z) > 1.0, 1.0, 0.0).sum(-1)),
    "values-by-1": through(ground.ellipsoid, np.floor, **_flat),
    "values-by-doubling": through(ground.sphere, _doubling, **_flat),
}
