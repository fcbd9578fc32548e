"""Seeing the history of a value: as a drawing, as DOT text for Graphviz, or as a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodiff.core import Leaf, Node
from autodiff.tensor import Tensor

Names = Mapping[str, Tensor]


def history(y: Tensor | Node) -> list[Node]:
    """All nodes that `y` was made from, and its own, each after those it was made from.

    Parameters
    ----------
    y : Tensor or Node
        A traced tensor (from ``tensor(x, requires_grad=True)``, or inside a function that is differentiated), or its
        ``.grad_fn``.

    Returns
    -------
    list of Node
        The last is that of `y`.

    Raises
    ------
    ValueError
        If `y` has no history.

    Examples
    --------
    >>> from autodiff.graph import history
    >>> import numpy as np, autodiff as ad
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> [node.name for node in history(np.sin(x) * x)]
    ['leaf', 'sin', 'multiply']
    """
    root = y.node if isinstance(y, Tensor) else y
    if not isinstance(root, Node):
        raise ValueError(
            f"y must be a traced tensor or its grad_fn, got {type(y).__name__} without history: "
            "compute it from tensor(x, requires_grad=True)"
        )
    done: dict[Node, None] = {}
    stack = [(root, False)]
    while stack:  # depth first without recursion, so that long histories are no problem
        node, ready = stack.pop()
        if ready:
            done[node] = None
        elif node not in done:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents) if parent not in done)
    return list(done)


def describe(node: Node, names: Mapping[Node, str]) -> tuple[str, str]:
    """Name of a node and its shape, as text."""
    title = names.get(node, "input" if isinstance(node, Leaf) else node.name.strip("_"))
    if node.form is None:
        return title, ""
    shape = "scalar" if node.shape == () else " × ".join(map(str, node.shape))
    return title, shape if node.dtype == np.float64 else f"{shape} {node.dtype}"


def _named(names: Names | None) -> dict[Node, str]:
    return {t.node: name for name, t in (names or {}).items() if t.node is not None}


def _numbered(y: Tensor | Node, names: Names | None) -> tuple[list[Node], dict[Node, int], dict[Node, str]]:
    """The history of `y`, the number of each node in it, and the names of some."""
    nodes = history(y)
    return nodes, {node: k for k, node in enumerate(nodes)}, _named(names)


def graph_text(y: Tensor | Node, names: Names | None = None) -> str:
    """List of the history of `y`: one line per node with its number, what made it, from which nodes, and its shape.

    Parameters
    ----------
    y : Tensor or Node
        A traced tensor or its ``.grad_fn``.
    names : dict of str to Tensor, optional
        What to call some of the tensors.

    Examples
    --------
    >>> from autodiff.graph import graph_text
    >>> import numpy as np, autodiff as ad
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> print(graph_text((np.sin(x) * x).sum(), {"x": x}))
    %0 = x                 2
    %1 = sin(%0)           2
    %2 = multiply(%1, %0)  2
    %3 = sum(%2)           scalar
    """
    nodes, number, known = _numbered(y, names)
    rows = []
    for node in nodes:
        title, shape = describe(node, known)
        arguments = ", ".join(f"%{number[parent]}" for parent in node.parents)
        rows.append((f"%{number[node]} = {title}" + (f"({arguments})" if arguments else ""), shape))
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"{left:<{width}}  {shape}".rstrip() for left, shape in rows)


def graph_dot(y: Tensor | Node, names: Names | None = None) -> str:
    """DOT text of the history of `y`, for ``dot -Tsvg`` and everything else that reads Graphviz.

    Parameters
    ----------
    y : Tensor or Node
        A traced tensor or its ``.grad_fn``.
    names : dict of str to Tensor, optional
        What to call some of the tensors.

    Examples
    --------
    >>> from autodiff.graph import graph_dot
    >>> import numpy as np, autodiff as ad
    >>> print(graph_dot(np.sin(ad.tensor(1.0, requires_grad=True))))
    digraph history {
      rankdir=LR; node [shape=box, style="rounded,filled", fillcolor=white];
      n0 [label="input\\nscalar", fillcolor=lightblue];
      n1 [label="sin\\nscalar", fillcolor=moccasin];
      n0 -> n1;
    }
    """
    nodes, number, known = _numbered(y, names)
    lines = ["digraph history {", '  rankdir=LR; node [shape=box, style="rounded,filled", fillcolor=white];']
    for node in nodes:
        label = "\\n".join(part for part in describe(node, known) if part).replace('"', '\\"')
        color = ", fillcolor=lightblue" if isinstance(node, Leaf) else ""
        color = ", fillcolor=moccasin" if node is nodes[-1] else color
        lines.append(f'  n{number[node]} [label="{label}"{color}];')
    lines += [f"  n{number[parent]} -> n{number[node]};" for node in nodes for parent in node.parents]
    return "\n".join([*lines, "}"])


def draw_graph(y: Tensor | Node, ax: Any = None, *, names: Names | None = None, max_nodes: int = 300) -> Any:
    """Draw the history of `y` with matplotlib: from the inputs on the left to the result on the right.

    Parameters
    ----------
    y : Tensor or Node
        A traced tensor or its ``.grad_fn``.
    ax : matplotlib Axes, optional
        Where to draw; a figure of fitting size is made otherwise.
    names : dict of str to Tensor, optional
        What to call some of the tensors, for instance ``{"w": w, "b": b}``.
    max_nodes : int
        Longest history that is drawn.

    Returns
    -------
    matplotlib Axes
        ``draw_graph(y).figure.savefig("graph.svg")`` writes it.

    Raises
    ------
    ValueError
        If `y` has no history, or one of more than `max_nodes` nodes.

    Notes
    -----
    The layout is that of Sugiyama, Tagawa and Toda 1981: layers by longest path, edges over several layers cut by
    placeholders, few crossings by sweeping barycentres.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> from autodiff.graph import draw_graph
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> ax = draw_graph((np.sin(x) * x).sum(), names={"x": x})
    >>> sorted(text.get_text() for text in ax.texts)
    ['2', '2', '2', 'multiply', 'scalar', 'sin', 'sum', 'x']
    """
    nodes = history(y)
    if len(nodes) > max_nodes:
        raise ValueError(
            f"y must have at most max_nodes={max_nodes} nodes in its history to be drawn readably, got {len(nodes)}: "
            "draw a smaller case, or use graph_text(y) or graph_dot(y)"
        )
    from autodiff.graph_layout import layout

    known = _named(names)
    labels = {node: describe(node, known) for node in nodes}
    place, paths = layout(nodes)
    column_width = [0.0] * (1 + max(column for column, _ in place.values()))
    for node in nodes:
        column = place[node][0]
        column_width[column] = max(column_width[column], 0.1 * max(map(len, labels[node])) + 0.3)
    gap = 0.55  # inches between columns; rows are row_height apart
    row_height = 0.75
    centre = np.cumsum(column_width) - np.array(column_width) / 2 + gap * np.arange(len(column_width))
    width = float(sum(column_width) + gap * (len(column_width) - 1))
    rows = [row for points in ([*place.values()], *paths.values()) for _, row in points]
    low, high = min(rows), max(rows)
    if ax is None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width + 0.4, (high - low + 1) * row_height + 0.3))
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set_xlim(-0.2, width + 0.2)
    ax.set_ylim(-(high + 0.7) * row_height, -(low - 0.7) * row_height)
    ax.set_aspect("equal")
    _draw_edges(ax, nodes, place, paths, centre, np.array(column_width), row_height)
    for node in nodes:
        column, row = place[node]
        color = "#ffe2b3" if node is nodes[-1] else "#cfe5f5" if isinstance(node, Leaf) else "white"
        _draw_box(ax, centre[column], -row * row_height, column_width[column], labels[node], color)
    return ax


def _draw_box(ax: Any, x: float, y: float, width: float, label: tuple[str, str], color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.08"
    corner = (x - width / 2, y - 0.23)
    ax.add_patch(FancyBboxPatch(corner, width, 0.46, boxstyle=style, fc=color, ec="0.35", lw=0.9, zorder=2))
    title, shape = label
    ax.text(x, y + (0.09 if shape else 0.0), title, ha="center", va="center", fontsize=9, zorder=3)
    if shape:
        ax.text(x, y - 0.11, shape, ha="center", va="center", fontsize=7, color="0.4", zorder=3)


def _draw_edges(
    ax: Any, nodes: list[Node], place: Any, paths: Any, centre: Any, column_width: Any, row_height: float
) -> None:
    """Smooth curves from box to box through the placeholders, level where they meet a box."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    for (parent, node), inner in paths.items():
        points = [place[parent], *inner, place[node]]
        vertices, codes = [], []
        for k, (column, row) in enumerate(points):
            half = column_width[column] / 2
            y = -row * row_height
            left, right = (centre[column] - half, y), (centre[column] + half, y)
            if k == 0:
                vertices, codes = [right], [Path.MOVETO]
                continue
            before = vertices[-1]
            bend = (left[0] - before[0]) / 2
            vertices += [(before[0] + bend, before[1]), (left[0] - bend, y), left]
            codes += [Path.CURVE4] * 3
            if k < len(points) - 1:
                vertices.append(right)
                codes.append(Path.LINETO)
        arrow = FancyArrowPatch(
            path=Path(vertices, codes), arrowstyle="-|>", mutation_scale=9, lw=0.9, color="0.35", zorder=1
        )
        ax.add_patch(arrow)
