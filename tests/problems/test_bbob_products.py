"""Products of BBOB's matrices with points: a point has the same bits alone, in a batch, in a stack and in lanes."""

import numpy as np
import pytest

import autodiff as ad
from problems import get, stack
from problems.bbob import products
from problems.bbob.frames import Dense
from problems.bbob.largescale import Blocks
from problems.bbob.products import Rows, multiply, rows_together

SHAPES = [(2, 2), (3, 3), (5, 5), (9, 7), (20, 20), (40, 40), (40, 101), (80, 21)]


def by_fours(n, m):
    """As where only multiples of four rows agree."""
    found = rows_together(n, m)
    return None if found is None else Rows(max(8, found.most // 64 * 8), max(4, found.step), 4)


@pytest.fixture(params=["as BLAS is", "by fours", "one by one"])
def way(request, monkeypatch):
    """All ways to multiply, whatever BLAS is at hand."""
    if request.param != "as BLAS is":
        monkeypatch.setattr(products, "rows_together", by_fours if request.param == "by fours" else lambda n, m: None)


def drawn(n, m, *shape):
    draw = np.random.default_rng(n + m)
    return draw.normal(size=(*shape, n, m)), draw.normal(size=(700, n))


def largest(n, m):
    """Most rows of one product, as the module looks it up."""
    found = products.rows_together(n, m)
    return 50 if found is None else found.most


@pytest.mark.parametrize(("n", "m"), SHAPES)
def test_a_row_is_the_same_beside_any_others(n, m, way):
    columns, points = drawn(n, m)
    alone = np.array([multiply(columns, x) for x in points])
    np.testing.assert_allclose(alone, points @ columns, rtol=1e-11, atol=1e-12)
    most = largest(n, m)
    for count in {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, most - 1, most, most + 1, 2 * most + 1, 700}:
        np.testing.assert_array_equal(multiply(columns, points[:count]), alone[:count])
        np.testing.assert_array_equal(multiply(columns, points[-count:]), alone[-count:])
    np.testing.assert_array_equal(multiply(columns, points.reshape(7, 4, 25, n)), alone.reshape(7, 4, 25, m))
    np.testing.assert_array_equal(multiply(columns, points[:6].reshape(6, 1, n)), alone[:6, None])
    assert multiply(columns, points[:0]).shape == (0, m)


@pytest.mark.parametrize(("n", "m"), SHAPES)
def test_memory_in_any_order(n, m, way):
    columns, points = drawn(n, m)
    alone = np.array([multiply(columns, x) for x in points[:30]])
    wide = np.zeros((30, 2 * n + 1))
    wide[:, 1::2] = points[:30]
    for x in (np.asfortranarray(points[:30]), wide[:, 1::2], points[:30][:, ::-1].copy()[:, ::-1]):
        np.testing.assert_array_equal(multiply(columns, x), alone)
        np.testing.assert_array_equal([multiply(columns, row) for row in x], alone)
    np.testing.assert_array_equal(multiply(columns, points[29::-2]), alone[::-2])


@pytest.mark.parametrize(("n", "m"), SHAPES)
def test_matrices_side_by_side(n, m, way):
    columns, points = drawn(n, m, 5)
    most = largest(n, m)
    for count in (1, 2, 13, most, most + 1):
        x = np.stack([points[i : i + count] for i in range(5)])
        expected = [[multiply(one, row) for row in rows] for one, rows in zip(columns, x, strict=True)]
        np.testing.assert_array_equal(multiply(columns, x), expected)
        np.testing.assert_array_equal(multiply(columns, np.asfortranarray(x)), expected)
    assert multiply(columns, points[:0].reshape(5, 0, n)).shape == (5, 0, m)


def test_gradients(way):
    columns, points = drawn(9, 7, 5)
    x, g = points[:60].reshape(5, 12, 9), np.random.default_rng(1).normal(size=(5, 12, 7))
    value, pull = ad.vjp(lambda x: multiply(columns, x), x)
    np.testing.assert_array_equal(value, multiply(columns, x))
    np.testing.assert_allclose(pull(g), g @ np.swapaxes(columns, -1, -2), rtol=1e-12, atol=1e-13)
    for i in range(5):
        np.testing.assert_array_equal(pull(g)[i], ad.vjp(lambda x, i=i: multiply(columns[i], x), x[i])[1](g[i]))
        for j in range(12):
            one = ad.vjp(lambda x, i=i: multiply(columns[i], x), x[i, j])[1](g[i, j])
            np.testing.assert_array_equal(pull(g)[i, j], one)


def test_other_types_of_numbers():
    columns, points = drawn(5, 5)
    for kind in (np.float32, np.longdouble, np.complex128):
        x = points[:9].astype(kind) * (1 + 1j if kind is np.complex128 else 1)
        np.testing.assert_array_equal(multiply(columns, x), [multiply(columns, row) for row in x])
        np.testing.assert_allclose(multiply(columns, x), x @ columns, rtol=1e-12)


def test_a_blas_whose_rows_depend_on_others_is_found_out(monkeypatch):
    """Kernels of their own for odd numbers of rows, for rows beyond fours, for one number, for a place in memory."""
    plain, look = np.matmul, rows_together.__wrapped__
    assert look(200, 200) is None
    assert rows_together(5, 5) == look(5, 5)

    def otherwise(x, columns):
        return np.vecmat(x * 3.0, columns) / 3.0

    def beside(when):
        def product(x, columns):
            y = plain(x, columns)
            y[when(x)] = otherwise(x, columns)[when(x)]
            return y

        return product

    step = rows_together(5, 5).step if rows_together(5, 5) else 8
    for when, expected in (
        (lambda x: slice(0), step),
        (lambda x: slice(len(x) // 2 * 2, None), max(2, step)),
        (lambda x: slice(len(x) // 4 * 4, None), max(4, step)),
        (lambda x: slice(None if len(x) == 16 else 0), None),
        (lambda x: slice(None if x.ctypes.data % 16 else 0), None),
    ):
        monkeypatch.setattr(np, "matmul", beside(when))
        found = look(5, 5)
        assert found is None if expected is None else found.step == expected


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 5)])
@pytest.mark.parametrize("n", [40, 80, 100])
def test_blocks_are_their_matrix(n, shape, way):
    turn = Blocks.drawn(5, n, 7, 11)
    x = np.random.default_rng(0).normal(size=(*shape, n))
    matrix = turn(np.eye(n)).T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-13)
    np.testing.assert_allclose(turn(x), Dense.of(matrix)(x), atol=1e-13)
    np.testing.assert_allclose(turn.inverse(x), Dense.of(matrix).inverse(x), atol=1e-13)
    np.testing.assert_allclose(turn.inverse(turn(x)), x, atol=1e-13)
    np.testing.assert_array_equal(turn(x).reshape(-1, n), [turn(row) for row in x.reshape(-1, n)])
    np.testing.assert_array_equal(turn.inverse(x).reshape(-1, n), [turn.inverse(row) for row in x.reshape(-1, n)])


def check_all_ways(name, n):
    """One point, batches, a stack and lanes, with gradients where there are any."""
    alone = [get(name, n=n, instance=k) for k in (1, 2, 3)]
    together = stack(alone)
    lanes = together.take([0, 1, 2] * 4)
    x = np.random.default_rng(n).uniform(-6.0, 6.0, (3, 12, n))
    f = np.array([[one(row) for row in rows] for one, rows in zip(alone, x, strict=True)])
    in_lanes = np.concatenate([x[:, j] for j in range(4)])
    for count in (1, 2, 12):
        np.testing.assert_array_equal([one(rows) for one, rows in zip(alone, x[:, :count], strict=True)], f[:, :count])
        np.testing.assert_array_equal(together(x[:, :count]), f[:, :count])
    np.testing.assert_array_equal(lanes(in_lanes), f[:, :4].T.ravel())
    if together.differentiable:
        pairs = [[one.value_and_grad(row) for row in rows[:4]] for one, rows in zip(alone, x, strict=True)]
        g = np.array([[pair[1] for pair in row] for row in pairs])
        np.testing.assert_array_equal([[pair[0] for pair in row] for row in pairs], f[:, :4])
        for i, one in enumerate(alone):
            np.testing.assert_array_equal(one.value_and_grad(x[i, :4])[1], g[i])
        np.testing.assert_array_equal(together.value_and_grad(x[:, :4])[1], g)
        value, slope = lanes.value_and_grad(in_lanes)
        np.testing.assert_array_equal(value, f[:, :4].T.ravel())
        np.testing.assert_array_equal(slope, np.concatenate([g[:, j] for j in range(4)]))


@pytest.mark.parametrize("function", range(1, 25))
def test_functions_in_all_ways(function, way):
    for n in (2, 3, 5, 10, 20):
        check_all_ways(f"bbob-f{function}", n)


@pytest.mark.parametrize("function", range(1, 25))
def test_functions_of_many_variables_in_all_ways(function, way):
    check_all_ways(f"bbob-f{function}", 40)


@pytest.mark.parametrize("name", ["bbob-boxed-f9", "bbob-mixint-f18", "bbob-largescale-f15", "bbob-largescale-f22"])
def test_other_suites_in_all_ways(name, way):
    check_all_ways(name, 80 if "large" in name else 20)
