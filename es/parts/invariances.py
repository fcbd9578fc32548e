"""Invariances that a strategy may claim (`claims`).

translation    f(x - a) from x0 + a takes the same path, moved by a
scaling        f(x / c) from c x0 with c sigma0 takes the same path, c times as large
rotation       f(R^T x) from R x0 takes the same path, turned by R, up to the samples that are drawn
monotone       g(f(x)) with increasing g takes the very same path
permutation    the order in which points are told does not matter
"""

from __future__ import annotations

ALL = frozenset({"rotation", "translation", "scaling", "monotone", "permutation"})
ALL_BUT_ROTATION = ALL - {"rotation"}
ALL_BUT_MONOTONE = ALL - {"monotone"}
