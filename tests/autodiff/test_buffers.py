"""Arrays that the program changes after use: the gradient is right, or there is an error, never a wrong number."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import autodiff as ad
from autodiff import core, nn
from autodiff.buffers import COPIED, COPIES

N = 6
SMALL, MIDDLE, BIG = N, core.LARGE + 10, COPIED + 10
RNG = np.random.default_rng(0)


def loop(use: Callable[[Any, Any], Any], buffer: Any, fill: Callable[[int], Any]) -> Callable[[Any], Any]:
    """The sum of what `use` makes of x and a buffer that is filled anew each time."""

    def f(x: Any) -> Any:
        total = 0.0
        for k in range(4):
            buffer[...] = fill(k)
            total = total + np.sum(use(x, buffer))
        return total

    return f


def fresh(use: Callable[[Any, Any], Any], fill: Callable[[int], Any], like: Any) -> Callable[[Any], Any]:
    """The same with a new array each time."""
    return lambda x: sum(np.sum(use(x, np.broadcast_to(fill(k), like.shape).astype(like.dtype))) for k in range(4))


def numbers(n: int) -> list[Any]:
    return [np.linspace(0.5, 1.5, n) + 0.1 * k for k in range(4)]


USES: dict[str, Callable[[Any, Any], Any]] = {
    "multiply": lambda x, b: x * b,
    "multiply, reflected": lambda x, b: b * x,
    "np.multiply": lambda x, b: np.multiply(b, x),
    "divide": lambda x, b: x / b,
    "divide, reflected": lambda x, b: b / x,
    "power": lambda x, b: x**b,
    "power, reflected": lambda x, b: b**x,
    "remainder": lambda x, b: (x % b) * x,
    "add": lambda x, b: (x + b) ** 2,
    "matmul": lambda x, b: x @ b,
    "matmul, reflected": lambda x, b: b @ x,
    "dot": lambda x, b: np.dot(b, x) ** 2,
    "outer": lambda x, b: np.outer(x[:3], b),
    "einsum": lambda x, b: np.einsum("i,i", x, b),
    "tensordot": lambda x, b: np.tensordot(b, x, 1),
    "inner": lambda x, b: np.inner(x, b),
    "kron": lambda x, b: np.kron(x[:2], b),
    "average": lambda x, b: np.average(x, weights=b),
    "hypot": lambda x, b: np.hypot(x, b),
    "arctan2": lambda x, b: np.arctan2(b, x),
    "logaddexp": lambda x, b: np.logaddexp(x, b),
    "maximum": lambda x, b: np.maximum(x, b) ** 2,
    "interp": lambda x, b: np.interp(x, np.linspace(0, 2, len(b)), b),
    "xlogy": lambda x, b: special.xlogy(b, x),
    "convolve": lambda x, b: np.convolve(x, b[:3]),
    "a view": lambda x, b: x[::2] * b[::2],
    "clip": lambda x, b: np.clip(x, 0.9 * b, 1.1 * b) ** 2,
    "polyval": lambda x, b: np.polyval(b[:3], x),
    "custom": lambda x, b: product(x, b),
    "checkpoint": lambda x, b: ad.checkpoint(lambda y, c: y * c)(x, b),
    "mse": lambda x, b: nn.mse(x, b),
}


@ad.custom_vjp
def product(x: Any, b: Any) -> Any:
    return x * b, lambda g: (g * b, None)


@pytest.mark.parametrize("name", USES)
def test_small_operands_give_the_right_gradient(name: str) -> None:
    use, x, parts = USES[name], np.linspace(0.6, 1.7, N), numbers(N)
    expected = ad.grad(fresh(use, lambda k: parts[k], np.empty(N)))(x)
    got = ad.grad(loop(use, np.empty(N), lambda k: parts[k]))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    leaf = ad.tensor(x, requires_grad=True)
    loop(use, np.empty(N), lambda k: parts[k])(leaf).backward()
    np.testing.assert_allclose(leaf.grad, expected, rtol=1e-13)


@pytest.mark.parametrize("name", [n for n in USES if n not in ("outer", "kron", "interp", "polyval", "checkpoint")])
def test_operands_of_middle_size_give_the_right_gradient(name: str) -> None:
    use, x, parts = USES[name], np.linspace(0.6, 1.7, MIDDLE), numbers(MIDDLE)
    expected = ad.grad(fresh(use, lambda k: parts[k], np.empty(MIDDLE)))(x)
    np.testing.assert_allclose(ad.grad(loop(use, np.empty(MIDDLE), lambda k: parts[k]))(x), expected, rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in USES if n not in ("outer", "kron", "interp", "polyval")])
def test_large_operands_give_the_right_gradient_or_an_error(name: str) -> None:
    use, x, parts = USES[name], np.linspace(0.6, 1.7, BIG), numbers(BIG)
    buffer = np.empty(BIG)
    expected = ad.grad(fresh(use, lambda k: parts[k], buffer))(x)
    try:
        got = ad.grad(loop(use, buffer, lambda k: parts[k]))(x)
    except (ValueError, RuntimeError) as error:
        assert "make a new array each time" in str(error) or "another value" in str(error)
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert buffer.flags.writeable
    leaf = ad.tensor(x, requires_grad=True)
    if name != "checkpoint":
        loop(use, buffer, lambda k: parts[k])(leaf).backward()
        np.testing.assert_allclose(leaf.grad, expected, rtol=1e-12)
    assert buffer.flags.writeable


def older_view(n: int, change: Callable[[Any, int], None]) -> Callable[[Any], Any]:
    """A sum of products with a buffer that is changed through a view that was made before."""

    def f(x: Any) -> Any:
        buffer = np.linspace(-1, 1, 2 * n).reshape(2, n)
        row, s = buffer[0], 0.0
        for k in range(3):
            change(row, k)
            s = s + (x * buffer).sum() + (buffer[1] * x[1] ** 2).sum()
        return s

    return f


def fill(row: Any, k: int) -> None:
    row[:] = k


def there_and_back(row: Any, k: int) -> None:
    row[:] = k % 2


def one_entry(row: Any, k: int) -> None:
    row[77] = k


def exchange(row: Any, k: int) -> None:
    row[:] = row[::-1].copy()


@pytest.mark.parametrize("change", [fill, there_and_back, one_entry, exchange])
def test_views_that_were_made_before(change: Callable[[Any, int], None]) -> None:
    """The right gradient, or an error from some size on: never a number that hangs on the size."""

    def fresh_rows(x: Any) -> Any:
        buffer, s = np.linspace(-1, 1, x.size).reshape(x.shape), 0.0
        for k in range(3):
            buffer = buffer.copy()
            change(buffer[0], k)
            s = s + (x * buffer).sum() + (buffer[1] * x[1] ** 2).sum()
        return s

    for n in (100, core.LARGE, COPIED // 4):
        x = np.linspace(0, 1, 2 * n).reshape(2, n)
        np.testing.assert_allclose(ad.grad(older_view(n, change))(x), ad.grad(fresh_rows)(x), rtol=1e-13)
    x = np.ones((2, COPIED))
    with pytest.raises(ValueError, match="through a view"):
        ad.grad(older_view(COPIED, change))(x)
    with pytest.raises(ValueError, match="through a view"):
        ad.vjp(older_view(COPIED, change), x)


def test_a_view_written_to_before_the_pull_back() -> None:
    buffer, x = np.ones(BIG), np.ones(BIG)
    view = buffer[5:]
    value, pull = ad.vjp(lambda y: y * buffer, x)
    pull(np.ones(BIG))
    view[0] = 2.0
    with pytest.raises(ValueError, match="through a view"):
        pull(np.ones(BIG))
    del value, pull


def test_many_arrays_of_middle_size_are_not_all_copied() -> None:
    """A matrix that is used a thousand times is not held a thousand times."""
    a = np.eye(500)
    f = lambda v: sum([(a @ v).sum() for _ in range(COPIES // a.size + 3)])  # noqa: E731
    _, pull = ad.vjp(f, np.ones(500))
    assert not a.flags.writeable
    del pull
    gc.collect()
    assert a.flags.writeable


def test_arrays_that_are_read_only_are_taken_as_they_are() -> None:
    a = np.ones(BIG)
    a.flags.writeable = False
    _, pull = ad.vjp(lambda y: y * a, np.ones(N)[:1] * np.ones(BIG))
    assert pull.needed.needed.marks.keys() and all(array is not a for array, _ in pull.needed.needed.marks.values())


MASKS: dict[str, Callable[[Any, Any], Any]] = {
    "where": lambda x, m: np.where(m, x, 2 * x),
    "index": lambda x, m: x[m] ** 2,
    "sum where": lambda x, m: np.sum(x * x, where=m),
    "mean where": lambda x, m: np.mean(x, where=m, axis=0),
    "max where": lambda x, m: np.max(x, where=m, initial=0.0),
    "select": lambda x, m: np.select([m, ~m], [x, x * x]),
    "compress": lambda x, m: np.compress(m, x) ** 2,
    "extract": lambda x, m: np.extract(m, x * x),
    "product": lambda x, m: x * m,
}
INDICES: dict[str, Callable[[Any, Any], Any]] = {
    "index": lambda x, i: x[i],
    "index of rows": lambda x, i: np.stack([x, x * x])[:, i],
    "two indices": lambda x, i: np.outer(x, x)[i, i],
    "take": lambda x, i: np.take(x, i),
    "take axis": lambda x, i: np.take(np.stack([x, x]), i, axis=1),
    "take_along_axis": lambda x, i: np.take_along_axis(x, i, 0),
    "bincount": lambda x, i: np.bincount(i, weights=x, minlength=8) ** 2,
    "repeat": lambda x, i: np.repeat(x, i) ** 2,
    "cross_entropy": lambda x, i: nn.cross_entropy(np.outer(x, x), i),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks(name: str) -> None:
    x, masks = np.linspace(0.6, 1.7, N), [RNG.random(N) < 0.6 for _ in range(4)]
    expected = ad.grad(fresh(MASKS[name], lambda k: masks[k], np.empty(N, bool)))(x)
    got = ad.grad(loop(MASKS[name], np.empty(N, bool), lambda k: masks[k]))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("name", INDICES)
def test_indices(name: str) -> None:
    x, indices = np.linspace(0.6, 1.7, N), [RNG.integers(0, N, N) for _ in range(4)]
    expected = ad.grad(fresh(INDICES[name], lambda k: indices[k], np.empty(N, int)))(x)
    got = ad.grad(loop(INDICES[name], np.empty(N, int), lambda k: indices[k]))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    leaf = ad.tensor(x, requires_grad=True)
    loop(INDICES[name], np.empty(N, int), lambda k: indices[k])(leaf).backward()
    np.testing.assert_allclose(leaf.grad, expected, rtol=1e-13)


def test_lists_of_indices() -> None:
    def f(x: Any) -> Any:
        rows = [0, 1]
        first = x[rows]
        rows[:] = [2, 2]
        return np.sum(first * x[rows])

    np.testing.assert_array_equal(ad.grad(f)(np.array([1.0, 2.0, 3.0])), [3.0, 3.0, 3.0])


def test_a_large_buffer_is_locked_while_it_is_needed() -> None:
    buffer, x = np.ones(BIG), np.linspace(0, 1, BIG)
    rows = buffer[:]

    def f(y: Any, target: Any) -> Any:
        out = np.sum(y * buffer)
        target[0] = 7.0
        return out

    for target in (buffer, buffer[:3], np.asarray(buffer)):
        with pytest.raises(ValueError, match=r"an array is changed that an earlier operation .* make a new array"):
            ad.grad(f)(x, target if target is buffer else buffer)
        assert buffer.flags.writeable and buffer[0] == 1.0
    rows[0] = 2.0
    assert buffer[0] == 2.0


def test_locks_end_with_exceptions_and_with_the_pull_back() -> None:
    buffer, x = np.ones(BIG), np.linspace(0, 1, BIG)
    view = buffer[1:]

    def fails(y: Any) -> Any:
        (y[1:] * view).sum()
        raise KeyError("stop")

    with pytest.raises(KeyError):
        ad.grad(fails)(x)
    with pytest.raises(KeyError):
        ad.vjp(fails, x)
    assert buffer.flags.writeable and view.flags.writeable
    _, pull = ad.vjp(lambda y: y[1:] * view, x)
    assert not buffer.flags.writeable and not view.flags.writeable
    _, other = ad.vjp(lambda y: y * buffer, x)
    del pull
    gc.collect()
    assert not buffer.flags.writeable
    np.testing.assert_array_equal(other(np.ones(BIG)), np.ones(BIG))
    del other
    gc.collect()
    assert buffer.flags.writeable and view.flags.writeable


def test_arrays_that_were_read_only_stay_so() -> None:
    buffer = np.ones(BIG)
    buffer.flags.writeable = False
    ad.grad(lambda y: np.sum(y * buffer))(np.ones(BIG))
    assert not buffer.flags.writeable


def test_threads_share_a_locked_array() -> None:
    buffer, x, wrong = np.linspace(0, 1, BIG), np.ones(BIG), []

    def work() -> None:
        for _ in range(30):
            if not np.array_equal(ad.grad(lambda y: np.sum(y * buffer))(x), buffer):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong and buffer.flags.writeable


@pytest.mark.parametrize("n", [SMALL, BIG])
def test_the_argument_itself_may_change_later(n: int) -> None:
    x = np.linspace(0.5, 1, n)
    before = x.copy()
    _, pull = ad.vjp(lambda y: y * y, x)
    if n == SMALL:
        x *= 2
    else:
        with pytest.raises(ValueError, match="read-only"):
            x *= 2
    np.testing.assert_array_equal(pull(np.ones(n)), 2 * before)

    def f(y: Any) -> Any:
        out = np.sum(y * y)
        x[:] = 0
        return out

    x = before.copy()
    if n == SMALL:
        np.testing.assert_array_equal(ad.grad(f)(x), 2 * before)
    else:
        with pytest.raises(ValueError, match="an array is changed"):
            ad.grad(f)(x)


def test_second_derivatives() -> None:
    buffer = np.empty(N)
    f = loop(lambda x, b: x**2 * b, buffer, lambda k: k)
    np.testing.assert_allclose(ad.hessian(f)(np.ones(N)), 12 * np.eye(N))


def test_debug_catches_what_is_reached_in_another_way() -> None:
    buffer, x = np.ones(BIG), np.ones(BIG)
    other = buffer[:]  # a view that was made before

    def by_a_view(y: Any) -> Any:
        out = np.sum(y * buffer)
        other[:] = 2.0
        return out

    hidden = np.ones(3)

    def by_a_closure(y: Any) -> Any:
        weigh = ad.custom_vjp(lambda z: (z * hidden, lambda g: g * hidden))
        out = np.sum(weigh(y))
        hidden[:] = 2.0
        return out

    for f, at in ((by_a_view, x), (by_a_closure, np.ones(3))):
        with ad.debug(), pytest.raises((RuntimeError, ValueError), match=r"was changed|read-only|is changed"):
            ad.grad(f)(at)
        buffer[:], hidden[:] = 1.0, 1.0
