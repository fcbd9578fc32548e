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

A program made of small operations spends its time in this file, so it is written for speed: edges are linked tuples,
and objects are filled by whoever makes them, without a call of ``__init__``.

Values are in :mod:`autodiff.tensor`, the recording of operations in :mod:`autodiff.recording`, slices in
:mod:`autodiff.places`. Reference: Griewank & Walther, Evaluating Derivatives, 2nd edition, 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from operator import attrgetter
from typing import Any

import numpy as np
from numpy import float64, ndarray

from autodiff.half import HALF
from autodiff.places import Place, add_at

Vjp = Callable[[Any], Any]
Edges = tuple["Node", Vjp, Any]
"""(parent, vjp, the further edges or None)."""

FLOAT64 = np.dtype(float64)
PLAIN = frozenset((ndarray, float64, np.float32))
by_depth = attrgetter("depth")

SUMS: set[Any] = set()
"""Functions whose vjps may return less than the gradient: a number, or an array with axes of length 1, which NumPy
stretches where it meets an array."""

ELEMENTWISE: set[Any] = set()
"""Functions whose vjps are products with the gradient, entry by entry, and so may also be handed less than it."""

LARGE = 8192  # entries from which a read-only view costs less than a copy


class Node:
    """How a value was made: edges to what it was made from, each with its vjp.

    Attributes
    ----------
    edges : (Node, vjp, further edges) or None
        The traced arguments, as a linked list; None for a leaf.
    form : tuple of int, float64 or None
        The shape of the value, and of its gradient; the class ``numpy.float64`` for a single number of that type, the
        quickest thing to compare with; None for a tuple of values, whose gradient is a list with None where no gradient
        came.
    dtype : dtype or None
        Data type of the value, and of its gradient.
    depth : int
        Length of the longest path to a leaf.
    op : function or str
        What made the value.
    """

    __slots__ = ("__weakref__", "depth", "dtype", "edges", "form", "op")
    edges: Edges | None
    form: Any
    dtype: Any
    depth: int
    op: Any

    @property
    def name(self) -> str:
        """Name of the function that made the value."""
        return self.op if isinstance(self.op, str) else getattr(self.op, "__name__", str(self.op))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.form if type(self.form) is tuple else ()

    @property
    def parents(self) -> tuple[Node, ...]:
        """The nodes of the traced arguments."""
        return tuple(parent for parent, _ in pairs(self.edges))

    def __repr__(self) -> str:
        return f"<{self.name}>" if self.form is None else f"<{self.name} {self.shape} {self.dtype}>"


class Leaf(Node):
    """The beginning of a history: an input. ``grad`` collects what :meth:`autodiff.Tensor.backward` brings to it."""

    __slots__ = ("grad",)

    def __init__(self, data: Any) -> None:
        self.edges, self.depth, self.op = None, 0, "leaf"
        if type(data) is float64:
            self.form, self.dtype = float64, FLOAT64
        else:
            self.form, self.dtype = data.shape, data.dtype
        self.grad: Any = None


class Several:
    """Stands for a tuple of values in :func:`made`: it has neither shape nor type."""

    shape = dtype = None


def linked(edges: Sequence[tuple[Node, Vjp]]) -> Edges | None:
    """The edges as a node keeps them."""
    rest: Edges | None = None
    for parent, vjp in reversed(edges):
        rest = (parent, vjp, rest)
    return rest


def pairs(edges: Edges | None) -> Iterator[tuple[Node, Vjp]]:
    """The opposite of :func:`linked`."""
    while edges is not None:
        parent, vjp, edges = edges
        yield parent, vjp


def above(edges: Edges) -> int:
    """The depth of a value with these edges."""
    return 1 + max([parent.depth for parent, _ in pairs(edges)])


def made(kind: Any, out: Any, edges: Edges, depth: int, op: Any, level: int) -> Any:
    """The value `out` with a new node, as a tensor of class `kind`: the one place that every recorded value passes."""
    node = Node()
    node.edges = edges
    node.depth = depth
    node.op = op
    if type(out) is float64:
        node.form = float64
        node.dtype = FLOAT64
    else:
        node.form = out.shape
        node.dtype = out.dtype
    result = kind()
    result.inner = out
    result.node = node
    result.level = level
    return result


def pass_on(g: Any) -> Any:
    """The vjp of a sum: the gradient itself."""
    return g


def sweep(seeds: Sequence[tuple[Node, Any]]) -> dict[Node, Any]:
    """Gradients of the leaves below the seed nodes.

    Parameters
    ----------
    seeds : sequence of (Node, gradient)
        The results that are differentiated, each with the gradient it starts from (its cotangent).

    Returns
    -------
    dict
        Leaf -> gradient, of the leaf's shape and type; None where no gradient came.
    """
    grads: dict[Node, Any] = {}  # also which nodes have been seen: None where no gradient came yet
    owned: set[Node] = set()  # gradients that are arrays of this sweep's own: only these are added to in place
    single: set[Node] = set()  # gradients of half precision that are summed in single precision
    nodes: list[Node] = []
    for node, g in seeds:
        if node in grads:
            grads[node] = added(grads[node], g, node, owned, single)
        else:
            grads[node] = g
            if node.edges is not None:
                nodes.append(node)
    for node in nodes:  # the list grows while it is walked
        edges = node.edges
        while edges is not None:
            parent, _, edges = edges
            if parent not in grads:
                grads[parent] = None
                if parent.edges is not None:
                    nodes.append(parent)
    nodes.sort(key=by_depth, reverse=True)

    for node in nodes:
        g = grads.pop(node)
        if g is None:
            continue
        if single and node in single:
            g = g.astype(node.dtype)
        edges = node.edges
        while edges is not None:
            parent, vjp, edges = edges
            total = grads[parent]
            if type(vjp) is Place and type(g) in PLAIN and (total is None or type(total) is ndarray):
                buffer: Any = total
                if parent in owned:
                    if not vjp.basic:
                        add_at(buffer, vjp.index, g)
                    elif type(view := buffer[vjp.index]) is ndarray:
                        view += g
                    else:
                        buffer[vjp.index] = view + g
                    continue
                dtype = parent.dtype
                if dtype is HALF:
                    single.add(parent)
                    dtype = np.float32
                if total is None:
                    buffer = np.zeros(vjp.shape, dtype)
                else:
                    buffer = np.array(total if total.shape == vjp.shape else stretched(total, vjp.shape), dtype)
                grads[parent] = buffer
                owned.add(parent)
                if total is None and vjp.basic:
                    buffer[vjp.index] = g
                else:
                    add_at(buffer, vjp.index, g, fresh=total is None)
                continue
            d = g if vjp is pass_on else vjp(g)
            kind = type(d)
            if kind is ndarray:
                if d.shape != parent.form or d.dtype is not parent.dtype:
                    d = conform(d, parent, node)
            elif kind is not parent.form and not (
                kind is float64 and parent.dtype is FLOAT64 and may_stay_less(parent, node)
            ):  # a number may stand for an array
                d = conform(d, parent, node)
            if total is not None:
                fresh = kind is ndarray and d is not g and node.op in ELEMENTWISE
                d = added(total, d, parent, owned, single, fresh)
            grads[parent] = d
    for node in single:
        if node in grads:
            grads[node] = grads[node].astype(HALF)
    return grads


def added(
    total: Any, d: Any, node: Node, owned: set[Node], single: set[Node] | None = None, fresh: bool = False
) -> Any:
    """The gradient of `node` so far and `d`, which is `fresh` if it is an array that a product has just made.

    A vjp may hand one array to several parents, so the first sum makes a new array, or takes the fresh one; later ones
    are added to that in place. Sums in half precision would stop growing at 2048 parts: they are formed in single
    precision.
    """
    if d is None or total is None:
        return d if total is None else total
    if type(d) is list:
        return [b if a is None else a if b is None else a + b for a, b in zip(total, d, strict=True)]
    if node in owned and type(d) is ndarray:
        total += d
        return total
    if fresh and d.base is None and d.shape == node.form and type(total) in PLAIN and node.dtype is not HALF:
        d += total
        owned.add(node)
        return d
    if node.dtype is HALF and single is not None and node not in single:
        single.add(node)
        total = total.astype(np.float32)
    total = total + d
    if type(total) is ndarray and total.shape == node.form:
        owned.add(node)
    else:
        owned.discard(node)
    return total


def may_be_less(node: Node, form: Any) -> bool:
    """Whether a vjp of `node` may return less than the gradient of an argument of shape `form`."""
    return node.op in SUMS or (node.op in ELEMENTWISE and node.form == form)


def may_stay_less(node: Node, user: Node) -> bool:
    """Whether less than the gradient of `node` may be left as it came from `user`: its vjps stretch it or hand it on.

    They do if they are elementwise, and without broadcasting, which would have to be undone by counting.
    """
    if node.op not in ELEMENTWISE or not (user.op in SUMS or user.op in ELEMENTWISE):
        return False
    form, edges = node.form, node.edges
    while edges is not None:
        parent, _, edges = edges
        if parent.form != form:
            return False
    return True


def stretched(g: Any, shape: tuple[int, ...]) -> Any:
    """`g` in full, an array of `shape`."""
    if type(g) not in PLAIN or prod(shape) > LARGE:
        return np.broadcast_to(g, shape)
    out = np.empty(shape, g.dtype)
    if type(g) is float64:
        out.fill(g)
    else:
        out[...] = g
    return out


def conform(d: Any, parent: Node, node: Node) -> Any:
    """Make the gradient `d`, which came along an edge of `node`, fit the value of `parent`, or say whose mistake it is.

    Broadcasting is undone here, once for all rules. A gradient in the wider type of the result is brought back to the
    argument's type; of a complex one a real argument receives the real part.
    """
    form = parent.form
    if d is None or form is None:
        return d
    if type(d) is ndarray and d.dtype is parent.dtype and may_be_less(node, form) and may_stay_less(parent, node):
        return d
    shape, dtype = parent.shape, parent.dtype
    half_sum = False
    if d.shape != shape and may_be_less(node, form):
        d = stretched(d, shape)
    if d.shape != shape:
        half_sum = d.dtype.char == "e"
        if half_sum:  # half precision stops counting at 2048; converted back below
            d = d.astype(np.float32)
        extra = d.ndim - len(shape)
        if extra > 0:
            d = d.sum(tuple(range(extra)))
        if d.shape != shape:
            longer = tuple(i for i, (a, b) in enumerate(zip(d.shape, shape, strict=False)) if a != b and b == 1)
            d = d.sum(longer, keepdims=True)
        if d.shape != shape:
            raise ValueError(f"the rule of {node.name} gave a gradient of shape {d.shape} for a value of shape {shape}")
    if d.dtype != dtype:
        if d.dtype != node.dtype and not half_sum:
            raise ValueError(f"the rule of {node.name} gave a gradient of type {d.dtype} for a value of type {dtype}")
        if d.dtype.kind == "c" and dtype.kind != "c":
            d = np.real(d)
        d = d.astype(dtype)
    return d
