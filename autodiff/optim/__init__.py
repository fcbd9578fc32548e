"""Update rules of gradient descent, schedules of their rates, and mini-batches, wherever the gradient comes from.

A rule turns a point and a gradient into the next point; it keeps its memory itself, as a dictionary of arrays. All of
them work entry by entry, so x may have any leading axes: ``x`` of shape (runs, n) is ``runs`` independent descents.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> rule, x = ad.optim.Adam(lr=0.1), np.array([1.0, -2.0])
>>> gradient = ad.grad(lambda x: np.sum(x * x))
>>> for _ in range(300):
...     x = rule.step(x, gradient(x))
>>> bool(np.all(np.abs(x) < 1e-6))
True
"""

from autodiff.optim.minibatches import batches
from autodiff.optim.rule import Rule, clip_by_norm, clip_by_value
from autodiff.optim.schedules import Constant, Cosine, Exponential, StepDecay, Warmup
from autodiff.optim.update_rules import SGD, Adagrad, Adam, AdamW, ClipUp, Momentum, Nesterov, RMSprop, rules

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "ClipUp", "Constant", "Cosine", "Exponential", "Momentum", "Nesterov", "RMSprop",
    "Rule", "StepDecay", "Warmup", "batches", "clip_by_norm", "clip_by_value", "rules",
]  # fmt: skip
