"""The machine itself: length, memory, threads, exceptions, pickling, debug mode."""

from __future__ import annotations

import gc
import pickle
import threading
import tracemalloc
import weakref
from typing import Any

import joblib
import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

import autodiff as ad
from autodiff.core import Leaf, Node, added
from tests.autodiff.table import X, rosenbrock

# no state, no cycles, any length


def test_chain_of_100_000() -> None:
    def f(x: Any) -> Any:
        for _ in range(50_000):
            x = x * 1.00001 + 1e-6
        return x

    np.testing.assert_allclose(ad.grad(f)(1.0), 1.00001**50_000)
    x = ad.tensor(1.0, requires_grad=True)
    y = f(x)
    y.backward()
    np.testing.assert_allclose(x.grad, 1.00001**50_000)
    del y


def test_chain_of_second_order() -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(3_000):
            y = y * 1.0001 + 1e-6 * x * x
        return y

    assert np.isfinite(ad.grad(ad.grad(f))(1.0))


def test_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        ad.value_and_grad(rosenbrock)(X)
        ad.hessian(rosenbrock)(X)
        ad.grad(
            lambda x: (
                np.linalg.eigh(np.outer(x, x) + np.eye(7))[0].max() + np.linalg.svd(np.outer(x, x) + np.eye(7))[1].sum()
            )
        )(X)
        w = ad.tensor(X, requires_grad=True)
        loss = rosenbrock(w)
        loss.backward()
        node = weakref.ref(loss.node)
        del w, loss
        assert node() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_history_does_not_hold_values() -> None:
    x = np.zeros(100_000)

    def f(y: Any) -> Any:
        for _ in range(50):
            y = (y + 1.0) * 2.0
        return y.sum()

    tracemalloc.start()
    ad.grad(f)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * x.nbytes


def test_threads() -> None:
    expected = [ad.hvp(rosenbrock)(X * k, X) for k in range(8)]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(20):
            if not np.array_equal(ad.hvp(rosenbrock)(X * k, X), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_exceptions_leave_no_trace() -> None:
    def fails(x: Any) -> Any:
        ad.grad(lambda y: rosenbrock(y) * y[99])(x)

    before = ad.grad(rosenbrock)(X)
    for _ in range(3):
        with pytest.raises(IndexError):
            ad.grad(fails)(X)
    with pytest.raises(ZeroDivisionError), ad.no_grad():
        _ = 1 / 0
    np.testing.assert_array_equal(ad.grad(rosenbrock)(X), before)
    w = ad.tensor(X, requires_grad=True)
    assert rosenbrock(w).requires_grad


@ad.custom_vjp
def cube(x: Any) -> Any:
    return x**3, lambda g: 3 * x**2 * g


def uses_cube(x: Any) -> Any:
    return cube(x).sum()


def test_pickling() -> None:
    makers = (ad.grad, ad.value_and_grad, ad.hessian, ad.hvp, ad.jacobian, ad.elementwise_grad)
    for maker in makers:
        again = pickle.loads(pickle.dumps(maker(rosenbrock)))
        assert again.func is maker(rosenbrock).func
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ad.grad(uses_cube)))(X), 3 * X**2)
    result = pickle.loads(pickle.dumps(ad.value_and_grad(rosenbrock)(X)))
    np.testing.assert_allclose(result[1], rosen_der(X))
    w = ad.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    copy = pickle.loads(pickle.dumps(w))
    assert copy.requires_grad and copy.is_leaf
    np.testing.assert_array_equal(copy.grad, [2.0, 4.0])
    with pytest.raises(TypeError, match="detach"):
        pickle.dumps(w * 2)


def test_joblib_workers() -> None:
    run = joblib.Parallel(n_jobs=2, backend="threading")
    out = run(joblib.delayed(ad.value_and_grad(rosenbrock))(X * k) for k in range(4))
    for k, (value, _) in enumerate(out):
        np.testing.assert_allclose(value, rosen(X * k))


@pytest.mark.heavy
def test_joblib_processes() -> None:
    run = joblib.Parallel(n_jobs=2, backend="loky")
    out = run(joblib.delayed(ad.value_and_grad(lambda x: (x**2).sum()))(X * k) for k in range(4))
    np.testing.assert_allclose(out[3][1], 6 * X)


# the sweep looks at what rules return


def test_a_wrong_shape_or_type_is_reported_with_the_name_of_the_rule() -> None:
    @ad.primitive
    def odd(x: Any, change: Any) -> Any:
        return x * 2, (change, None)

    with pytest.raises(ValueError, match=r"odd gave a gradient of shape \(2,\) for a value of shape \(7,\)"):
        ad.grad(lambda x: odd(x, lambda g: g[:2]).sum())(X)
    with pytest.raises(ValueError, match=r"odd gave a gradient of type float64 for a value of type float32"):
        ad.grad(lambda x: odd(x, lambda g: g.astype(np.float64)).sum())(X.astype(np.float32))
    with pytest.raises(TypeError, match="argument 1"):
        ad.grad(lambda x: odd(X, x).sum())(X)


def test_adding_in_place_never_touches_arrays_of_others() -> None:
    g = np.ones(3)
    node, total, owned = Leaf(g), None, set[Node]()
    for d in (g, g, g):
        total = added(total, d, node, owned)
    np.testing.assert_array_equal(g, np.ones(3))
    np.testing.assert_array_equal(total, [3.0, 3.0, 3.0])

    @ad.custom_vjp
    def first(x: Any) -> Any:
        return x, lambda h: g  # an array of the user's

    d = ad.grad(lambda x: (first(x) + x).sum() + x[1:].sum() + x[np.array([0, 0])].sum() + x[2])(np.zeros(3))
    np.testing.assert_array_equal(g, np.ones(3))
    np.testing.assert_array_equal(d, [4.0, 3.0, 4.0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.complex128])
def test_a_sum_that_takes_the_array_of_a_product_leaves_all_others_as_they_were(dtype: Any) -> None:
    g = np.full(3, 2, dtype)

    @ad.custom_vjp
    def held(x: Any) -> Any:
        return x, lambda h: g  # handed out again at the second pull

    c, x = np.array([1, 2, 3], dtype), np.array([1, -1, 2], dtype)
    value, pull = ad.vjp(lambda x: held(x) + c * x - x + x * x + (-x) / c, x)
    for _ in range(2):
        seed = np.ones(3, dtype)
        np.testing.assert_allclose(pull(seed), g + c - 1 + 2 * x - 1 / c, rtol=1e-2 if dtype is np.float16 else 1e-6)
        np.testing.assert_array_equal(seed, 1)
    np.testing.assert_array_equal(g, 2)
    np.testing.assert_array_equal(c, [1, 2, 3])
    np.testing.assert_allclose(value, c * x + x * x - x / c, rtol=1e-2)


# debug mode


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_debug_names_the_operation() -> None:
    with ad.debug(), pytest.raises(FloatingPointError, match=r"gradient of sqrt .* shape \(3,\)"):
        ad.grad(lambda x: np.sqrt(x).sum())(np.array([0.0, 1.0, 2.0]))
    assert np.isinf(ad.grad(np.sqrt)(0.0))
    with ad.debug():
        np.testing.assert_allclose(ad.grad(rosenbrock)(X), rosen_der(X))


def test_debug_protects_what_is_remembered() -> None:
    buffer = np.ones(7)

    def f(x: Any) -> Any:
        y = ad.custom_vjp(lambda z: (z * buffer, lambda g: g * buffer))(x)  # (operands are copied anyway)
        buffer[0] = 5.0
        return y.sum()

    with ad.debug(), pytest.raises(ValueError, match="read-only"):
        ad.grad(f)(X)
    buffer[0] = 2.0
    assert buffer.flags.writeable
