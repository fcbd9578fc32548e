"""The sweep as it is used: a branch that was not taken never spoils a gradient.

``np.where(x > 0, np.sqrt(x), 0.0)`` at x = 0 sends the cotangent 0 into the square root, whose slope there is infinite,
and 0 times infinity is NaN. But this 0 is *structural*: the value does not depend on that entry at all. Zeros that
``where``, ``maximum``, ``clip``, indexing, sorting and the like put into a cotangent are of this kind; they stay zero
whatever the slopes are. A 0 that is only a number, as in ``np.sqrt(x) ** 2`` at 0, is not.

The usual sweep knows nothing of it and costs nothing more. Only where the gradient of a leaf comes out with NaN or
infinity a second sweep carries along, for every cotangent, which of its entries are *alive*: reached from the result
otherwise than by structural zeros. Through a function that works entry by entry an entry stays what it is. For one that
selects (:data:`~autodiff.registry.SELECTIVE`) its vjp shows which entries it reaches, by positive numbers sent through
it; for any other one, by NaN sent through it, which spreads to all that depends on what is alive.

Where derivatives nest, the gradient of the inner sweep is finite as a rule, so it carries its structural zeros as mere
numbers, 0 * 1.5 * sqrt(x), and the outer sweep meets them. So it remembers how it came about (:class:`Again`), and an
outer sweep that ends in NaN or infinity asks for it again, with its structural zeros kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy import float64, ndarray
from scipy.linalg.blas import dasum

from autodiff import core
from autodiff.buffers import UNDER_WAY, release
from autodiff.core import ELEMENTWISE, FLOAT64, Node, by_depth, conform, pairs, pass_on, stretched, sweep
from autodiff.half import HALF
from autodiff.operators import Operators, value_of
from autodiff.registry import ENTRYWISE, MASKED, SELECTIVE


def gradients(seeds: Sequence[tuple[Node, Any]], units: bool = False) -> dict[Node, Any]:
    """As :func:`autodiff.core.sweep`, without what would come from branches that were not taken.

    The seeds are ``units`` if their zeros are structural, of an entry that is asked for alone.
    """
    try:
        grads = sweep(seeds)
    except (RuntimeWarning, FloatingPointError) as error:  # where the user has made errors of such numbers
        with np.errstate(all="ignore"):
            grads = alive_sweep(seeds, units)
        if all(map(_finite, grads.values())):
            return grads
        raise error
    for node, g in grads.items():
        if isinstance(g, Operators) and g.level > 0 and g.node is not None and (units or selects(seeds)):
            swept = Swept(seeds, units, g.level)
            grads = {node: Again(swept, node).attached(g) for node, g in grads.items()}
        break
    for g in grads.values():
        if type(g) is ndarray and g.ndim == 1 and g.dtype is FLOAT64 and len(g):  # what _finite says, quickly
            if isfinite(dasum(g)):
                continue
        elif _finite(g):
            continue
        with np.errstate(all="ignore"):
            return alive_sweep(seeds, units)
    return grads


def selects(seeds: Sequence[tuple[Node, Any]]) -> bool:
    """Whether a function below the seeds leaves out entries."""
    nodes = [node for node, _ in seeds]
    seen = set(nodes)
    for node in nodes:  # the list grows while it is walked
        if node.op in SELECTIVE or node.op in MASKED or type(node.op) is Again:
            return True
        edges = node.edges
        while edges is not None:
            parent, _, edges = edges
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    return False


class Swept:
    """A sweep whose gradients at `level` are differentiated in turn, to be done again with structural zeros."""

    def __init__(self, seeds: Sequence[tuple[Node, Any]], units: bool, level: int) -> None:
        self.seeds, self.units, self.level = seeds, units, level
        self.found: dict[Node, Any] | None = None

    def gradient(self, leaf: Node) -> Any:
        """That of `leaf`."""
        if self.found is None:
            ended = self.level not in UNDER_WAY
            if ended:
                UNDER_WAY[self.level] = None
            try:
                self.found = alive_sweep(self.seeds, self.units)
            finally:
                if ended and (needed := UNDER_WAY.pop(self.level)) is not None:
                    release(needed)
        return self.found[leaf]


class Again:
    """What made the gradient of `leaf` in a sweep that can be done again."""

    __slots__ = ("leaf", "sweep")
    __name__ = "gradient"

    def __init__(self, sweep: Swept, leaf: Node) -> None:
        self.sweep, self.leaf = sweep, leaf

    def attached(self, g: Any) -> Any:
        """The gradient `g` with this as what made it."""
        if not isinstance(g, Operators) or g.node is None:
            return g
        return core.made(type(g), g.inner, (g.node, pass_on, None), g.node.depth + 1, self, g.level)

    def edges(self) -> Any:
        """Those of the sweep with structural zeros, in the place of what was recorded."""
        g = self.sweep.gradient(self.leaf)
        return (g.node, pass_on, None) if isinstance(g, Operators) and g.node is not None else None


def alive_edges(node: Node) -> Any:
    """The edges of a node that the sweep with structural zeros follows."""
    return node.op.edges() if type(node.op) is Again else node.edges


def alive_parents(node: Node) -> list[Node]:
    """The nodes to which these edges lead."""
    return [parent for parent, _ in pairs(alive_edges(node))]


def _finite(g: Any) -> bool:
    """Whether a gradient has neither NaN nor infinity; false also for numbers so large that their sum overflows."""
    if type(g) is ndarray and g.dtype is FLOAT64 and g.size:
        return isfinite(dasum(g if g.ndim == 1 else g.ravel("K")))
    if type(g) is float64:
        return isfinite(g)
    g = value_of(g)
    return g is None or type(g) is list or bool(np.isfinite(g).all())


def alive_sweep(seeds: Sequence[tuple[Node, Any]], units: bool = False) -> dict[Node, Any]:
    """The sweep that keeps structural zeros apart; see the head of this file."""
    totals: dict[Node, tuple[Any, Any]] = {}
    nodes: list[Node] = []
    seen: set[Node] = set()
    for node, g in seeds:
        mask = np.asarray(value_of(g) != 0) if units and type(g) is not list else None
        totals[node] = _sum(totals.get(node), (g, mask))
        if node not in seen:
            seen.add(node)
            nodes.append(node)
    renewed = False
    for node in nodes:
        renewed = renewed or type(node.op) is Again
        for parent in alive_parents(node):
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    if renewed:  # their depths are not known
        nodes = in_order(nodes)
    else:
        nodes.sort(key=by_depth, reverse=True)
    for node in nodes:
        edges = alive_edges(node)
        if edges is None or node not in totals:
            continue
        g, alive = totals.pop(node)
        g = _in_type(g, node)
        while edges is not None:
            parent, vjp, edges = edges
            check = getattr(vjp, "check", None)  # of debug mode, for what is left
            share = _through(node, parent, getattr(vjp, "unchecked", vjp), g, alive)
            if share is not None:
                if check is not None:
                    check(share[0])
                totals[parent] = _sum(totals.get(parent), share)
    return {node: _in_type(totals[node][0], node) if node in totals else None for node in nodes if node.edges is None}


def in_order(nodes: list[Node]) -> list[Node]:
    """The nodes, each after all that use it."""
    uses = dict.fromkeys(nodes, 0)
    for node in nodes:
        for parent in alive_parents(node):
            uses[parent] += 1
    ordered = [node for node in nodes if not uses[node]]
    for node in ordered:  # the list grows while it is walked
        for parent in alive_parents(node):
            uses[parent] -= 1
            if not uses[parent]:
                ordered.append(parent)
    return ordered


def _in_type(g: Any, node: Node) -> Any:
    """A gradient that was summed in single precision as half again."""
    return g.astype(HALF) if node.dtype is HALF else g


def _through(node: Node, parent: Node, vjp: Any, g: Any, alive: Any) -> tuple[Any, Any] | None:
    """What an edge brings to `parent`: a gradient, and which of its entries are alive (None: all); None for nothing."""
    d = _full(vjp(g), parent, node)
    if d is None or parent.form is None or node.form is None:
        return None if d is None else (d, None)
    if node.op in SELECTIVE:
        reached = np.ones(node.shape) if alive is None else alive.astype(float)
        reached = _numbers(
            vjp, reached * (1 + 0.5 * np.cos(np.arange(reached.size)).reshape(reached.shape)), parent, node
        )
        reached = reached != 0
    elif alive is None and node.op not in MASKED:
        return d, None
    elif node.op in ELEMENTWISE or node.op in ENTRYWISE or isinstance(node.op, np.ufunc):
        reached = _stretched_back(alive, parent.shape)
    else:
        reached = np.isnan(
            _numbers(vjp, np.where(True if alive is None else alive, np.full(node.shape, np.nan), 0.0), parent, node)
        )
    if reached.all():
        return d, None
    return (np.where(reached, d, np.zeros((), d.dtype)), reached) if reached.any() else None


def _full(d: Any, parent: Node, node: Node) -> Any:
    """A gradient as :func:`autodiff.core.conform` makes it, with all its entries."""
    d = conform(d, parent, node)
    if d is None or parent.form is None:
        return d
    return d if d.shape == parent.shape else stretched(d, parent.shape)


def _numbers(vjp: Any, g: Any, parent: Node, node: Node) -> Any:
    """The numbers that a vjp makes of `g`, a cotangent of its value in double precision."""
    return value_of(_full(vjp(g.astype(node.dtype)[()]), parent, node))


def _stretched_back(alive: Any, shape: tuple[int, ...]) -> Any:
    """Which entries of an argument of `shape`, stretched by broadcasting, go into one that is alive."""
    alive = alive.any(tuple(range(alive.ndim - len(shape))))
    return alive.any(tuple(i for i, n in enumerate(shape) if n == 1 and alive.shape[i] != 1), keepdims=True)


def _sum(a: tuple[Any, Any] | None, b: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two gradients added, alive where one of them is."""
    if a is None:
        return b
    if type(a[0]) is list:
        parts = [q if p is None else p if q is None else p + q for p, q in zip(a[0], b[0], strict=True)]
        return parts, None
    wide = a[0].astype(np.float32) if a[0].dtype == HALF else a[0]
    return wide + b[0], None if a[1] is None or b[1] is None else a[1] | b[1]
