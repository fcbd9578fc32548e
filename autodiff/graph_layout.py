"""Where to draw the nodes of a history: layers from left to right, with few crossings and no edge through a box.

Sugiyama, Tagawa and Toda 1981, IEEE Transactions on Systems, Man and Cybernetics 11(2), in its simplest form.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autodiff.core import Node

Place = tuple[int, float]


def layout(nodes: Sequence[Node], sweeps: int = 8) -> tuple[dict[Node, Place], dict[tuple[Node, Node], list[Place]]]:
    """Column and row of every node, and of the points that long edges pass.

    Parameters
    ----------
    nodes : sequence of Node
        A history, each node after those it was made from.
    sweeps : int
        How often the order within the columns is improved from left to right and back.

    Returns
    -------
    place : dict of Node to (int, float)
        Column and row; neighbours in a column are at least one row apart.
    paths : dict of (Node, Node) to list of (int, float)
        For each edge, from what was used to what was made, the columns and rows in between.
    """
    column = _columns(nodes)
    chains: dict[tuple[Node, Node], list[Any]] = {}
    layers: list[list[Any]] = [[] for _ in range(1 + max(column.values()))]
    for node in nodes:
        layers[column[node]].append(node)
    for node in nodes:
        for parent in dict.fromkeys(node.parents):  # x * x is one line
            between = range(column[parent] + 1, column[node])
            inner = [object() for _ in between]  # keep places free for an edge that passes through layers
            for k, dummy in zip(between, inner, strict=True):
                layers[k].append(dummy)
            chains[parent, node] = [parent, *inner, node]
    before: dict[Any, list[Any]] = {}
    after: dict[Any, list[Any]] = {}
    for chain in chains.values():
        for a, b in pairwise(chain):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    for _ in range(sweeps):
        for k in range(1, len(layers)):
            _sort(layers[k], layers[k - 1], before)
        for k in range(len(layers) - 2, -1, -1):
            _sort(layers[k], layers[k + 1], after)
    rows = _rows(layers, before, after)
    place = {node: (column[node], rows[node]) for node in nodes}
    paths = {
        edge: [(column[edge[0]] + k, rows[part]) for k, part in enumerate(chain[1:-1], start=1)]
        for edge, chain in chains.items()
    }
    return place, paths


def _columns(nodes: Sequence[Node]) -> dict[Node, int]:
    """Layers by longest path from the inputs; inputs stand right before the first node that uses them."""
    column: dict[Node, int] = {}
    first_use: dict[Node, int] = {}
    for node in nodes:
        column[node] = 1 + max((column[parent] for parent in node.parents), default=-1)
        for parent in node.parents:
            first_use[parent] = min(first_use.get(parent, column[node]), column[node])
    for node in nodes:
        if not node.parents:
            column[node] = first_use.get(node, 1) - 1
    least = min(column.values())
    return {node: k - least for node, k in column.items()}


def _sort(layer: list[Any], fixed: list[Any], neighbours: dict[Any, list[Any]]) -> None:
    """Order a layer by the mean position of each entry's neighbours in the fixed one; others keep their place."""
    position = {entry: k for k, entry in enumerate(fixed)}
    wish = {}
    for k, entry in enumerate(layer):
        near = [position[other] for other in neighbours.get(entry, ())]
        wish[entry] = float(np.mean(near)) if near else k * len(fixed) / max(1, len(layer))
    layer.sort(key=wish.__getitem__)


def _rows(layers: list[list[Any]], before: dict[Any, list[Any]], after: dict[Any, list[Any]]) -> dict[Any, float]:
    """Rows that follow the neighbours' as far as the order and the distance of one row allow."""
    rows = {entry: k - (len(layer) - 1) / 2 for layer in layers for k, entry in enumerate(layer)}
    for sweep in range(12):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            wishes = []
            for entry in layer:
                near = [rows[other] for other in (before if forward else after).get(entry, ())]
                wishes.append(float(np.mean(near)) if near else rows[entry])
            for entry, row in zip(layer, _apart(wishes), strict=True):
                rows[entry] = row
    return rows


def _apart(wishes: list[float]) -> list[float]:
    """Closest increasing positions, in squares, that are at least one apart: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []  # mean of (wish - index), how many
    for k, wish in enumerate(wishes):
        mean, count = wish - k, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + k for k, mean in enumerate(flat)]
