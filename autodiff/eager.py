"""The eager face: ``requires_grad``, ``backward()``, ``.grad``, as in PyTorch.

It is the same history and the same sweep as under :func:`autodiff.grad`, at level 0; a leaf's gradient is kept in its
node.
"""

from __future__ import annotations

import threading
from typing import Any, Self

import numpy as np
from numpy import ndarray

from autodiff.backward import gradients
from autodiff.collection import SLOWED, as_before
from autodiff.core import Leaf, Node
from autodiff.exits import LostGradient
from autodiff.operators import Operators, value_of


class Mode(threading.local):
    """Whether eager tensors of this thread record."""

    recording = True


EAGER = Mode()


class no_grad:
    """Context in which operations on eager tensors (``requires_grad=True``) leave no history, in this thread only.

    Functional transforms (:func:`autodiff.grad` and its kin) are not affected.

    Examples
    --------
    >>> import autodiff as ad
    >>> w = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> with ad.no_grad():
    ...     y = (w * w).sum()
    >>> y.requires_grad
    False
    """

    def __enter__(self) -> None:
        self._before = EAGER.recording
        EAGER.recording = False

    def __exit__(self, *exc_info: object) -> None:
        EAGER.recording = self._before


class Eager(Operators):
    """The part of a tensor that belongs to the eager face."""

    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """Whether a history is kept for this tensor."""
        return self.node is not None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Make this tensor a leaf that collects gradients in ``.grad`` (or an ordinary constant), and return it."""
        if self.level > 0:
            raise RuntimeError(
                "requires_grad_() has no use where a function is differentiated: x.detach() is a constant"
            )
        if self.node is not None and not isinstance(self.node, Leaf):
            raise RuntimeError(
                "requires_grad_() is for leaves; this tensor was computed from others: use x.detach() first"
            )
        if requires_grad and self.node is None:
            self.node, self.level = Leaf(self.inner), 0
        elif not requires_grad:
            self.node, self.level = None, -1
        return self

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this value; None for a leaf or a constant."""
        return None if isinstance(self.node, Leaf) else self.node

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor is a beginning of a history, not a result."""
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad(self) -> Any:
        """Gradient that :meth:`backward` has collected in this leaf, an array; None before the first call."""
        return self.node.grad if isinstance(self.node, Leaf) else None

    @grad.setter
    def grad(self, value: Any) -> None:
        if not isinstance(self.node, Leaf):
            raise RuntimeError("only a leaf (requires_grad=True) has a gradient to set")
        self.node.grad = value

    def backward(self, gradient: Any = None) -> None:
        """Add the gradient of this value with respect to each leaf to the leaf's ``.grad``.

        Parameters
        ----------
        gradient : array_like, optional
            Gradient to start from, of this tensor's shape; may be left out for a single number.
        """
        if self.node is None or self.level != 0:
            raise RuntimeError(
                "backward() needs a value computed from tensor(..., requires_grad=True); inside grad() it has no use"
            )
        if gradient is None:
            if self.size != 1:
                raise RuntimeError(
                    f"backward() of a value of shape {self.shape} needs gradient=, or reduce it with .sum() or .mean()"
                )
            gradient = np.ones(self.shape, self.dtype)[()]
        gradient = np.asarray(value_of(gradient))
        if gradient.dtype.kind == "c" and self.dtype.kind != "c":
            raise TypeError(f"gradient must be real like the value, {self.dtype}, got {gradient.dtype}")
        gradient = gradient.astype(self.dtype)[()]
        if gradient.shape != self.shape:
            raise ValueError(f"gradient must have the shape of the value, {self.shape}, got {gradient.shape}")
        for leaf, g in gradients([(self.node, gradient)]).items():
            if isinstance(leaf, Leaf) and g is not None:
                leaf.grad = np.array(g) if leaf.grad is None else leaf.grad + g
        if SLOWED:
            as_before()

    def detach(self) -> Self:
        """The same value without its history: a constant to every derivative. Its array is read-only."""
        return type(self).of(protected(value_of(self)), None, -1)

    @property
    def data(self) -> Any:
        """The value of an eager tensor as a plain array, which is read-only; assign another value to a leaf."""
        return protected(self._leaving("x.data"))

    @data.setter
    def data(self, value: Any) -> None:
        if self.level > 0 or not self.is_leaf:
            raise RuntimeError("only a leaf or a constant takes another value: a computed tensor is what it was made")
        value = np.array(value_of(value), dtype=self.dtype)[()]
        if value.shape != self.shape:
            raise ValueError(f"x.data must keep the shape of x, {self.shape}, got {value.shape}")
        self.inner = value

    def numpy(self) -> Any:
        """The value as a plain array (of a tensor without history; ``x.detach().numpy()`` otherwise)."""
        return np.asarray(self)

    def item(self) -> Any:
        """The value of an eager tensor of one entry as a Python number."""
        return self._leaving("x.item()").item()

    def tolist(self) -> Any:
        """The values of an eager tensor as nested Python lists."""
        return self._leaving("x.tolist()").tolist()

    def _leaving(self, call: str) -> Any:
        """The plain value; refused inside of a function that is being differentiated, where the gradient would stop."""
        if self.level > 0:
            raise LostGradient(
                f"{call} inside of a function that is differentiated would lose the gradient: leave it out (functions"
                f" and operators take x as it is), or write {call.replace('x.', 'x.detach().')} for the value alone"
            )
        return value_of(self)


def protected(value: Any) -> Any:
    """A view of an array that cannot be written to: histories remember arrays and not copies of them."""
    if type(value) is ndarray:
        value = value.view()
        value.flags.writeable = False
    return value
