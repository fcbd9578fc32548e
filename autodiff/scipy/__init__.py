"""Functions of SciPy that take tensors, where NumPy's protocols cannot reach: the same names, the same arguments.

The ufuncs of ``scipy.special`` work on tensors as they are; functions of SciPy that turn their arguments into plain
arrays first do not. Their counterparts are here, room by room: ``from autodiff.scipy import linalg, stats``. They are
ordinary compositions of functions that have rules, so derivatives of every order follow, and on plain arrays they give
what SciPy gives.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> ad.grad(lambda mu: ad.scipy.stats.norm.logpdf(np.array([1.0, 3.0]), mu).sum())(0.0)
np.float64(4.0)
"""

from __future__ import annotations

import importlib
from typing import Any

ROOMS = ("fft", "integrate", "linalg", "ndimage", "signal", "sparse", "special", "stats")

__all__ = ["fft", "integrate", "linalg", "ndimage", "signal", "sparse", "special", "stats"]


def __getattr__(name: str) -> Any:
    """The rooms are imported when they are used: each brings a part of SciPy."""
    if name == "special":
        return importlib.import_module("autodiff.special")
    if name in ROOMS:
        return importlib.import_module(f"autodiff.scipy.{name}")
    raise AttributeError(f"autodiff.scipy has no room {name!r}, only {', '.join(ROOMS)}")
