"""Functions with plateaus and jumps."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from problems import functions
from problems.traps.ground import Builder, ellipsoid, moved, sphere, through, turned

__all__ = ["TABLE"]


def _grid(z: Any, width: float) -> Any:
    """The nearest multiple of a width."""
    return width * np.floor(z / width + 0.5)


def _stepped_ellipsoid(z: Any) -> Any:
    return functions.ellipsoid(_grid(z, 1.0))


def _fine_ellipsoid(z: Any) -> Any:
    return functions.ellipsoid(_grid(z, 0.1))


def _half(z: Any) -> Any:
    """Every second variable in steps."""
    return functions.sphere(z[..., 0::2]) + functions.sphere(_grid(z[..., 1::2], 0.5))


def _tilted(z: Any) -> Any:
    """Plateaus with a slope of 1e-4 along the first variable."""
    return np.maximum(1e-4 * np.abs(z[..., 0]), functions.sphere(_grid(z, 0.5)))


def _wall(z: Any) -> Any:
    """A sphere that jumps by 100 where the first variable passes its best value."""
    return functions.sphere(z) + np.where(z[..., 0] > 0.0, 100.0, 0.0)


def _terraces(z: Any) -> Any:
    """A sphere that jumps by 1 for each variable that is more than 1 away."""
    return functions.sphere(z) + np.where(np.abs(z) > 1.0, 1.0, 0.0).sum(-1)


def _rounded_down(f: Any, width: float) -> Any:
    return width * np.floor(f / width)


def _doubling(f: Any) -> Any:
    """The power of 2 below."""
    return np.where(f > 0.0, np.exp2(np.floor(np.log2(f + 1e-300))), 0.0)


_flat = {"differentiable": False}

TABLE: dict[str, Builder] = {
    "step-sphere": moved(functions.step, **_flat),
    "step-ellipsoid": moved(_stepped_ellipsoid, **_flat),
    "step-ellipsoid-turned": turned(_stepped_ellipsoid, **_flat),
    "step-ellipsoid-fine": turned(_fine_ellipsoid, **_flat),
    "half-steps": moved(_half),
    "tilted-steps": turned(_tilted, **_flat),
    "wall": moved(_wall),
    "terraces": moved(_terraces),
    "values-by-1": through(ellipsoid, partial(_rounded_down, width=1.0), **_flat),
    "values-by-doubling": through(sphere, _doubling, **_flat),
}
