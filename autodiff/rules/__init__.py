"""How NumPy's functions are differentiated: one table per subject, read by :mod:`autodiff.recording`."""

from autodiff.rules import (
    calculus,
    constant,
    eigenvalues,
    elementwise,
    factorisations,
    fft,
    gamma_quotients,
    indexing,
    joining,
    linalg,
    norms,
    polynomials,
    products,
    reductions,
    shaping,
    sorting,
    special,
    statistics,
)

__all__ = [
    "calculus", "constant", "eigenvalues", "elementwise", "factorisations", "fft", "gamma_quotients", "indexing",
    "joining", "linalg", "norms", "polynomials", "products", "reductions", "shaping", "sorting", "special",
    "statistics",
]  # fmt: skip
