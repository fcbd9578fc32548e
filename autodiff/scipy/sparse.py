"""Products with sparse matrices: ``A @ x``, ``x @ A``, ``A.dot(x)`` for a sparse array or matrix A of SciPy.

The matrix is a constant. SciPy's operators turn what they meet into a plain array and leave no way to say otherwise, so
they are wrapped, once, as soon as both ``scipy.sparse`` and a derivative are in use (:func:`teach`).

Examples
--------
>>> import numpy as np, scipy.sparse, autodiff as ad
>>> A = scipy.sparse.csr_array([[0.0, 2.0], [3.0, 0.0]])
>>> ad.grad(lambda x: ((A @ x) ** 2).sum())(np.array([1.0, 2.0]))
array([18., 16.])
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
import scipy.sparse

from autodiff.primitive import with_rule
from autodiff.tensor import Tensor, asarray

__all__ = ["matmul", "teach"]


@with_rule(None, lambda out, a, x: lambda g: _product(a.T, g))
def _product(a: Any, x: Any) -> Any:
    return a @ x


def matmul(a: Any, x: Any) -> Any:
    """``a @ x`` where one of the two is sparse and the other is an array or tensor of one or two axes."""
    dense = a if scipy.sparse.issparse(x) else x
    if np.ndim(dense) not in (1, 2):
        raise ValueError(f"a product with a sparse matrix takes arrays of 1 or 2 axes, got {np.ndim(dense)}")
    if dense is a:
        return _product(x.T, asarray(a)) if np.ndim(a) == 1 else _product(x.T, asarray(a).T).T
    return _product(a, asarray(x))


_taught: list[type] = []


def teach() -> None:
    """Let the operators of SciPy's sparse arrays take tensors."""
    if _taught:
        return
    formats = [k for k in vars(scipy.sparse).values() if isinstance(k, type) and hasattr(k, "__rmatmul__")]
    for kind in dict.fromkeys(ancestor for k in formats for ancestor in k.__mro__):
        for name in ("__matmul__", "__rmatmul__", "dot", "__mul__", "multiply"):
            if name in vars(kind) and kind is not object:
                setattr(kind, name, _taking_tensors(vars(kind)[name], name))
        _taught.append(kind)


def _taking_tensors(method: Any, name: str) -> Any:
    @wraps(method)
    def call(self: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        if type(other) is not Tensor:
            return method(self, other, *args, **kwargs)
        if name in ("__matmul__", "dot") or (name == "__mul__" and isinstance(self, scipy.sparse.spmatrix)):
            return matmul(self, other)
        if name == "__rmatmul__":
            return matmul(other, self)
        raise TypeError(
            "the entries of a sparse matrix times those of a traced array have no gradient rule: scale by"
            " scipy.sparse.diags_array of constants, or use A.toarray()"
        )

    return call
