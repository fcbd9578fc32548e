"""Reverse-mode differentiation: the history of a value, and the sweep back through it.

A :class:`Node` remembers how a value was made: an edge to the node of every argument, and on each edge a function,
the *vjp* (vector-Jacobian product), that turns the gradient of the value into the gradient of that argument. For ``z
= x * y`` the edges of z's node are ``(node of x, lambda g: g * y)`` and ``(node of y, lambda g: g * x)``. Nothing
else is kept: a value that no vjp needs is freed as soon as the program drops it, and a node never refers to its own
value, so there are no reference cycles.

:func:`sweep` walks from the result to the leaves and applies the chain rule at every edge. A node's *depth*, the
length of the longest path to a leaf, orders the walk: whatever uses a value is deeper than the value itself, so the
gradient of a node is complete when its turn comes. The walk is a loop, not a recursion, so a history may have any
length, and gradients live in a table of the call, so there is nothing to reset and nothing to corrupt.

Values and the recording of operations are in :mod:`autodiff.tensor`. Reference: Griewank & Walther, Evaluating
Derivatives, 2nd edition, 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy import float64, ndarray

Vjp = Callable[[Any], Any]
Edge = tuple["Node", Vjp]


class Node:
    """How a value was made: edges to what it was made from, each with its vjp.

    Attributes
    ----------
    edges : tuple of (Node, vjp)
        The traced arguments; a leaf has none.
    spec : (shape, dtype), float64 or None
        What a gradient of the value must look like: its shape and type; the class ``numpy.float64`` for a single number
        of that type, the quickest thing to compare with; None for a tuple of values, whose gradient is a list with
        None where no gradient came.
    depth : int
        Length of the longest path to a leaf.
    op : function or str
        What made the value.
    """

    __slots__ = ("__weakref__", "depth", "edges", "op", "spec")

    def __init__(self, edges: tuple[Edge, ...], spec: Any, depth: int, op: Any) -> None:
        self.edges = edges
        self.spec = spec
        self.depth = depth
        self.op = op

    @property
    def name(self) -> str:
        """Name of the function that made the value."""
        return self.op if isinstance(self.op, str) else getattr(self.op, "__name__", str(self.op))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.spec[0] if type(self.spec) is tuple else ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the value."""
        return self.spec[1] if type(self.spec) is tuple else np.dtype(float64)

    @property
    def parents(self) -> tuple[Node, ...]:
        """The nodes of the traced arguments."""
        return tuple(parent for parent, _ in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name}>" if self.spec is None else f"<{self.name} {self.shape} {self.dtype}>"


class Leaf(Node):
    """The beginning of a history: an input. ``grad`` collects what :meth:`autodiff.Tensor.backward` brings to it."""

    __slots__ = ("grad",)

    def __init__(self, data: Any) -> None:
        super().__init__((), float64 if type(data) is float64 else (data.shape, data.dtype), 0, "leaf")
        self.grad: Any = None


def spec_of(data: Any) -> Any:
    """What a gradient of `data` must look like (see :class:`Node`)."""
    if type(data) is float64:
        return float64
    return None if type(data) is tuple else (data.shape, data.dtype)


by_depth = attrgetter("depth")


class Scatter:
    """The gradient of ``x[index]`` before it is placed: `g` at `index`, zero elsewhere.

    The sweep adds it into one buffer, so that a gradient put together from n slices costs n small additions, not n
    arrays of zeros. `g` is a plain array; `basic` says that the index is made of slices and integers only, so no
    entry repeats.
    """

    __slots__ = ("basic", "g", "index")

    def __init__(self, index: Any, g: Any, basic: bool) -> None:
        self.index, self.g, self.basic = index, g, basic

    def add_to(self, buffer: Any) -> None:
        """Add in place; repeated entries of an index array each count, which ``+=`` would not do."""
        if self.basic:
            buffer[self.index] += self.g
        else:
            np.add.at(buffer, self.index, self.g)

    def dense(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """The gradient as an array of its own."""
        out = np.zeros(shape, dtype)
        if self.basic:
            out[self.index] = self.g
        else:
            np.add.at(out, self.index, self.g)
        return out


def sweep(seeds: Sequence[tuple[Node, Any]]) -> dict[Node, Any]:
    """Gradients of the leaves below the seed nodes.

    Parameters
    ----------
    seeds : sequence of (Node, gradient)
        The results that are differentiated, each with the gradient it starts from (its cotangent).

    Returns
    -------
    dict
        Leaf -> gradient, of the leaf's shape and type. A leaf that no gradient reached is missing.
    """
    seen = {node for node, _ in seeds}
    nodes = list(seen)
    for node in nodes:  # the list grows while it is walked
        for parent, _ in node.edges:
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=by_depth, reverse=True)

    grads: dict[Node, Any] = {}
    owned: set[Node] = set()  # gradients that are arrays of this sweep's own: only these are added to in place
    for node, g in seeds:
        accumulate(node, g, grads, owned)
    for node in nodes:
        if not node.edges:
            continue
        g = grads.pop(node, None)
        if g is None:
            continue
        for parent, vjp in node.edges:
            d = vjp(g)
            spec = parent.spec
            if type(d) is not spec and (type(d) is not ndarray or (d.shape, d.dtype) != spec):
                d = conform(d, parent, node)
            if parent in grads or type(d) is Scatter:
                accumulate(parent, d, grads, owned)
            else:
                grads[parent] = d
    return grads


def accumulate(node: Node, d: Any, grads: dict[Node, Any], owned: set[Node]) -> None:
    """Add `d` to the gradient of `node`.

    A vjp may hand one array to several parents, so the first sum makes a new array; later ones are added to that in
    place.
    """
    if d is None:
        return
    total = grads.get(node)
    if type(total) is ndarray and node in owned and type(d) in (ndarray, Scatter):
        if type(d) is Scatter:
            d.add_to(total)
        else:
            total += d
        return
    if type(d) is Scatter:
        d = d.dense(node.shape, node.dtype)
        owned.add(node)
    elif total is None:
        grads[node] = d
        return
    if total is None:
        grads[node] = d
    elif type(d) is list:
        grads[node] = [b if a is None else a if b is None else a + b for a, b in zip(total, d, strict=True)]
    else:
        grads[node] = total + d
        owned.add(node)


def conform(d: Any, parent: Node, node: Node) -> Any:
    """Make the gradient `d`, which came along an edge of `node`, fit the value of `parent`, or say whose mistake it is.

    Broadcasting is undone here, once for all rules. A gradient in the wider type of the result is brought back to the
    argument's type; of a complex one a real argument receives the real part.
    """
    if d is None or parent.spec is None or type(d) is Scatter:
        return d
    shape, dtype = parent.shape, parent.dtype
    if d.shape != shape:
        extra = d.ndim - len(shape)
        if extra > 0:
            d = d.sum(axis=tuple(range(extra)))
        stretched = tuple(i for i, (a, b) in enumerate(zip(d.shape, shape, strict=False)) if a != b and b == 1)
        if stretched:
            d = d.sum(axis=stretched, keepdims=True)
        if d.shape != shape:
            raise ValueError(f"the rule of {node.name} gave a gradient of shape {d.shape} for a value of shape {shape}")
    if d.dtype != dtype:
        if d.dtype != node.dtype:
            raise ValueError(f"the rule of {node.name} gave a gradient of type {d.dtype} for a value of type {dtype}")
        if d.dtype.kind == "c" and dtype.kind != "c":
            d = np.real(d)
        d = d.astype(dtype)
    return d
