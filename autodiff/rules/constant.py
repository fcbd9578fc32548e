"""Functions that say something about an array but not about its values, or whose value is piecewise constant.

They are called on the plain value inside a tensor and give plain arrays: there is no gradient to carry.
"""

from __future__ import annotations

import numpy as np

from autodiff.registry import CHECKED, CONSTANT

UFUNCS = (
    "floor ceil trunc rint floor_divide isnan isinf isfinite signbit equal not_equal less less_equal greater"
    " greater_equal logical_and logical_or logical_xor logical_not spacing"
)
FUNCTIONS = (
    "shape ndim size result_type can_cast min_scalar_type common_type iscomplexobj isrealobj isreal iscomplex "
    "zeros_like ones_like empty_like argmax argmin nanargmax nanargmin argsort argpartition lexsort argwhere "
    "nonzero flatnonzero count_nonzero searchsorted digitize allclose isclose array_equal array_equiv any all "
    "round around fix isposinf isneginf isin tril_indices_from triu_indices_from diag_indices_from array_repr "
    "array_str array2string may_share_memory shares_memory"
)

REFUSING = (
    "choose bincount interp gradient cov meshgrid linspace logspace geomspace"
    " take_along_axis rollaxis split array_split vsplit hsplit dsplit vander polyder polyint"
)

CHECKED.update(getattr(np, name) for name in REFUSING.split())
CHECKED.update((np.lib.stride_tricks.sliding_window_view, np.linalg.outer))

CONSTANT.update(getattr(np, name) for name in (UFUNCS + " " + FUNCTIONS).split() if hasattr(np, name))
CONSTANT.add(np.linalg.matrix_rank)
