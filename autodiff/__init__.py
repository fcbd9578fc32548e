"""Reverse-mode automatic differentiation of plain NumPy code.

Write a function with NumPy, and get its gradient from :func:`value_and_grad` (or ``jacobian``, ``hessian``, ``hvp``,
...); or mark arrays with ``tensor(x, requires_grad=True)``, compute, and call ``backward()``. Both are the same
machinery: :mod:`autodiff.core` explains it.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> def rosenbrock(x):
...     return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)
>>> value, gradient = ad.value_and_grad(rosenbrock)(np.array([0.0, 1.0]))
>>> gradient
array([ -2., 200.])
>>> ad.grad(rosenbrock)(np.zeros((5, 3))).shape
(5, 3)
"""

from autodiff import nn, optim, rules, scipy, special
from autodiff.check import check_grads
from autodiff.checkpoint import checkpoint, checkpoint_sequential
from autodiff.contract import check_rule
from autodiff.conv import conv2d, conv_transpose2d
from autodiff.creation import array, c_, full, r_
from autodiff.debugging import debug
from autodiff.eager import no_grad
from autodiff.exits import LostGradient
from autodiff.graph import draw_graph, graph_dot, graph_text
from autodiff.jacobians import check_rows, elementwise_grad, hessian, hvp, jacobian, jvp
from autodiff.losses import softmax_cross_entropy
from autodiff.memory import keep_freed_memory
from autodiff.pool import avg_pool2d, max_pool2d
from autodiff.primitive import custom_vjp, primitive
from autodiff.tensor import SPARSE, Tensor, asarray, tensor
from autodiff.transforms import grad, value_and_grad, vjp

keep_freed_memory()


def _teach_sparse() -> None:
    from autodiff.scipy import sparse

    sparse.teach()


SPARSE.append(_teach_sparse)  # loading it takes longer than all of this package

__all__ = [
    "LostGradient", "Tensor", "array", "asarray", "avg_pool2d", "c_", "check_grads", "check_rows", "check_rule",
    "checkpoint", "checkpoint_sequential", "conv2d", "conv_transpose2d", "custom_vjp", "debug", "draw_graph",
    "elementwise_grad", "full", "grad", "graph_dot", "graph_text", "hessian", "hvp", "jacobian", "jvp", "max_pool2d",
    "nn", "no_grad", "optim", "primitive", "r_", "rules", "scipy", "softmax_cross_entropy", "special", "tensor",
    "value_and_grad", "vjp",
]  # fmt: skip
