"""The history of a value as list, DOT text and drawing."""

import itertools
import re

import numpy as np
import pytest

import autodiff as ad
from autodiff.graph import draw_graph, graph_dot, graph_text, history
from autodiff.graph_layout import layout


def tensor(*shape):
    return ad.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


@pytest.fixture
def network():
    names = {"w": tensor(4, 8), "b": tensor(8), "v": tensor(8, 3)}
    x = np.random.default_rng(1).standard_normal((5, 4))
    hidden = np.tanh(x @ names["w"] + names["b"])
    return (hidden @ names["v"]).sum() + 0.1 * (names["w"] ** 2).sum(), names


def test_history_is_in_order_and_has_every_node_once(network):
    y, _ = network
    nodes = history(y)
    assert nodes[-1] is y.grad_fn
    assert len(set(nodes)) == len(nodes)
    for k, node in enumerate(nodes):
        assert set(node.parents) <= set(nodes[:k])
    assert history(y.grad_fn) == nodes


def test_history_of_a_long_chain():
    x = y = ad.tensor(1.0, requires_grad=True)
    for _ in range(20000):
        y = y * 1.0
    assert len(history(y)) == 20001
    assert x.grad is None


def test_history_inside_a_transform():
    seen = []

    def f(x):
        y = np.sin(x) * x
        seen.append(graph_text(y))
        return y

    ad.grad(f)(1.0)
    assert [line.split()[2] for line in seen[0].splitlines()] == ["input", "sin(%0)", "multiply(%1,"]


def test_text_names_shapes_and_arguments(network):
    y, names = network
    text = graph_text(y, names)
    assert re.search(r"^%0 = w +4 × 8$", text, re.M)
    assert re.search(r"^%\d+ = tanh\(%\d+\) +5 × 8$", text, re.M)
    assert text.splitlines()[-1].endswith("scalar")
    assert "float32" in graph_text(np.sin(ad.tensor(np.ones(2, np.float32), requires_grad=True)))


def test_dot_has_every_node_and_edge(network):
    y, names = network
    nodes = history(y)
    dot = graph_dot(y, names)
    assert dot.startswith("digraph history {")
    assert dot.endswith("}")
    assert len(re.findall(r"^  n\d+ \[label=", dot, re.M)) == len(nodes)
    assert len(re.findall(r"^  n\d+ -> n\d+;", dot, re.M)) == sum(len(node.parents) for node in nodes)
    assert 'label="w\\n4 × 8", fillcolor=lightblue' in dot


def test_layout_keeps_boxes_and_lines_apart_and_runs_from_left_to_right(network):
    y, names = network
    for extra in (y, y + sum((p**2).sum() for p in names.values())):
        nodes = history(extra)
        place, paths = layout(nodes)
        points = list(place.values()) + [point for inner in paths.values() for point in inner]
        for (column, row), (other, other_row) in itertools.combinations(points, 2):
            assert column != other or abs(row - other_row) >= 1 - 1e-9
        for (parent, node), inner in paths.items():
            columns = [place[parent][0], *(column for column, _ in inner), place[node][0]]
            assert columns == list(range(columns[0], columns[-1] + 1))


def test_drawing_has_a_box_with_name_and_shape_for_each_node(network, tmp_path):
    y, names = network
    ax = draw_graph(y, names=names)
    texts = [text.get_text() for text in ax.texts]
    assert {"w", "b", "v", "tanh", "4 × 8", "scalar"} <= set(texts)
    assert sum(1 for t in texts if t == "matmul") == 2
    ax.figure.savefig(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").stat().st_size > 1000

    renderer = ax.figure.canvas.get_renderer()
    boxes = [patch.get_window_extent(renderer) for patch in ax.patches if "Bbox" in type(patch).__name__]
    assert len(boxes) == len(history(y))
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for text in ax.texts:
        extent = text.get_window_extent(renderer)
        assert any(box.containsx(extent.x0) and box.containsx(extent.x1) for box in boxes)


def test_drawing_into_given_axes(network):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert draw_graph(network[0], ax) is ax


def test_single_leaf_and_tuple_valued_nodes():
    x = tensor(3, 3)
    assert graph_text(x) == "%0 = input  3 × 3"
    assert draw_graph(x).texts[0].get_text() == "input"
    q, r = np.linalg.qr(x)
    draw_graph(q.sum() + r.sum())


def test_what_has_no_history_is_refused():
    with pytest.raises(ValueError, match="y must be a traced tensor or its grad_fn, got Tensor without history"):
        graph_text(ad.tensor(1.0))
    with pytest.raises(ValueError, match="got ndarray without history"):
        draw_graph(np.ones(2))
    y = x = tensor(2)
    for _ in range(10):
        y = y * x
    with pytest.raises(ValueError, match="at most max_nodes=5 nodes in its history to be drawn readably, got 11"):
        draw_graph(y, max_nodes=5)
