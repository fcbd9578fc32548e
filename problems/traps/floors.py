"""Functions whose values end somewhere: noise, single precision, few digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems import functions
from problems.traps.ground import Builder, Map, ellipsoid, rosenbrock, sphere, through, turned


def _single(f: Any) -> Any:
    """f in single precision."""
    return np.asarray(f, dtype=np.float32).astype(np.float64)


def _digits(width: float) -> Map:
    return lambda f: width * np.rint(f / width)


def _rippled(z: Any) -> Any:
    """Waves of height 1e-6 and length 1e-4 on an ellipsoid, 0 at the best point."""
    return functions.ellipsoid(z) + 1e-6 * (np.sin(np.pi * 1e4 * z) ** 2).sum(-1)


_flat = {"differentiable": False}

TABLE: dict[str, Builder] = {
    "single-ellipsoid": through(ellipsoid, _single, **_flat),
    "single-rosenbrock": through(rosenbrock, _single, **_flat),
    "digits-ellipsoid-1e-6": through(ellipsoid, _digits(1e-6), **_flat),
    "digits-ellipsoid-1e-3": through(ellipsoid, _digits(1e-3), **_flat),
    "digits-rosenbrock-1e-6": through(rosenbrock, _digits(1e-6), **_flat),
    "ripples": turned(_rippled),
    "noise-relative-1e-6": through(ellipsoid, noise=(0.0, 1e-6)),
    "noise-relative-1e-4": through(ellipsoid, noise=(0.0, 1e-4)),
    "noise-relative-1e-2": through(ellipsoid, noise=(0.0, 1e-2)),
    "noise-1e-6": through(rosenbrock, noise=(1e-6, 0.0)),
    "noise-1e-3": through(ellipsoid, noise=(1e-3, 0.0)),
    "noise-1": through(sphere, noise=(1.0, 0.0)),
}
