"""The machine itself: nesting, threads, memory, length, the eager face."""

from __future__ import annotations

import gc
import pickle
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess, rosen_hess_prod

import autodiff as ad
from autodiff.core import Node, Scatter, accumulate


def rosenbrock(x: Any) -> Any:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


X = np.random.default_rng(0).normal(size=7)


# values, gradients and populations


def test_value_and_gradient_of_one_point() -> None:
    value, gradient = ad.value_and_grad(rosenbrock)(X)
    assert type(value) is np.float64 and type(gradient) is np.ndarray
    np.testing.assert_allclose(value, rosen(X), rtol=1e-14)
    np.testing.assert_allclose(gradient, rosen_der(X), rtol=1e-12)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7), (1, 7), (0, 7)])
def test_population_is_its_rows(shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(1).normal(size=shape)
    value, gradient = ad.value_and_grad(rosenbrock)(points)
    assert value.shape == shape[:-1] and gradient.shape == shape
    for index in np.ndindex(shape[:-1]):
        v, g = ad.value_and_grad(rosenbrock)(points[index])
        np.testing.assert_allclose(value[index], v, rtol=1e-13)
        np.testing.assert_allclose(gradient[index], g, rtol=1e-12)


def test_integers_lists_and_numbers_become_float64() -> None:
    assert ad.grad(lambda x: (x**2).sum())([1, 2]).dtype == np.float64
    assert ad.grad(lambda x: (x**2).sum())(np.array([True, False])).dtype == np.float64
    assert type(ad.grad(np.square)(3)) is np.float64
    assert ad.grad(np.square)(3) == 6


def test_float32_in_float32_out() -> None:
    value, gradient = ad.value_and_grad(rosenbrock)(X.astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32
    assert ad.hvp(rosenbrock)(X.astype(np.float32), np.ones(7)).dtype == np.float32


def test_input_is_left_as_it_is_and_never_handed_out() -> None:
    x = X.copy()
    g = ad.grad(lambda y: (y * X).sum() + (y * X).sum())(x)
    g += 1
    np.testing.assert_array_equal(x, X)
    large = ad.grad(np.sum)(np.ones(20_000))
    large *= 2  # the caller's own, not a view of one number
    a, b = ad.grad(lambda y, z: (y + z).sum(), (0, 1))(X, X)
    a += 1
    np.testing.assert_array_equal(b, np.ones(7))
    cotangent = np.ones(7)
    pulled = ad.vjp(lambda y: y, X)[1](cotangent)
    pulled += 1
    np.testing.assert_array_equal(cotangent, np.ones(7))


def test_a_function_that_does_not_depend_on_its_argument_has_gradient_zero() -> None:
    value, gradient = ad.value_and_grad(lambda x: 3.0)(X)
    assert value == 3.0
    np.testing.assert_array_equal(gradient, np.zeros(7))
    np.testing.assert_array_equal(ad.grad(lambda x: np.floor(x).sum())(X), np.zeros(7))


def test_branches_and_loops_are_differentiated_as_they_ran() -> None:
    def f(x: Any) -> Any:
        out = x
        while abs(out) < 100:
            out = out * x if out > 0 else out - 1
        return out

    assert ad.grad(f)(3.0) == 5 * 3.0**4


# several arguments, trees of arrays


def test_argnums() -> None:
    def f(a: Any, b: Any, c: float = 1.0) -> Any:
        return (a * b**2).sum() * c

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(ad.grad(f, 1)(a, b), 2 * a * b)
    ga, gb = ad.grad(f, (0, 1))(a, b, c=2.0)
    np.testing.assert_array_equal(ga, 2 * b**2)
    np.testing.assert_array_equal(gb, 4 * a * b)


def test_trees() -> None:
    params = {"w": np.ones((2, 3)), "layers": [np.array([1.0, 2.0]), (np.float64(3.0),)]}
    value, g = ad.value_and_grad(lambda p: (p["w"] * 2).sum() + p["layers"][0].prod() * p["layers"][1][0])(params)
    assert value == 18.0
    assert isinstance(g["layers"][1], tuple)
    np.testing.assert_array_equal(g["w"], np.full((2, 3), 2.0))
    np.testing.assert_array_equal(g["layers"][0], [6.0, 3.0])
    assert g["layers"][1][0] == 2.0


# derivatives of derivatives


def test_nested_gradients() -> None:
    f: Callable[..., Any] = np.exp
    for _ in range(5):
        f = ad.grad(f)
    np.testing.assert_allclose(f(1.0), np.e)
    g: Callable[..., Any] = lambda x: x**7  # noqa: E731
    for _ in range(7):
        g = ad.grad(g)
    np.testing.assert_allclose(g(2.0), 5040)


def test_levels_are_not_confused() -> None:
    assert ad.grad(lambda x: x * ad.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert ad.grad(lambda x: x * ad.grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert ad.grad(lambda x: ad.grad(lambda y: x * y * y)(x))(3.0) == 12.0
    assert ad.grad(lambda x: ad.grad(lambda y: x**2 * y**3)(2.0))(3.0) == 72.0


def test_hessian_and_products() -> None:
    v = np.random.default_rng(2).normal(size=7)
    np.testing.assert_allclose(ad.hessian(rosenbrock)(X), rosen_hess(X), rtol=1e-12)
    np.testing.assert_allclose(ad.hessian(rosenbrock, vectorized=True)(X), rosen_hess(X), rtol=1e-12)
    np.testing.assert_allclose(ad.hvp(rosenbrock)(X, v), rosen_hess_prod(X, v), rtol=1e-12)
    points = np.stack([X, 2 * X, -X])
    for fun in (ad.hessian(rosenbrock), ad.hessian(rosenbrock, vectorized=True)):
        np.testing.assert_allclose(fun(points), [rosen_hess(x) for x in points], rtol=1e-11)
    np.testing.assert_allclose(ad.hvp(rosenbrock)(points, points), [rosen_hess_prod(x, x) for x in points], rtol=1e-11)
    assert ad.hessian(lambda x: (x**3).sum())(np.ones((2, 3))).shape == (2, 3, 2, 3)


def test_jacobian_both_ways() -> None:
    tall = ad.jacobian(lambda x: np.outer(x, np.arange(9.0)) ** 2)(np.array([1.0, 2.0]))
    assert tall.shape == (2, 9, 2)
    np.testing.assert_allclose(tall[1, :, 1], 4 * np.arange(9.0) ** 2)
    wide = ad.jacobian(lambda x: np.stack([x.sum(), (x**2).sum()]))(X)
    np.testing.assert_allclose(wide, [np.ones(7), 2 * X])
    np.testing.assert_array_equal(ad.jacobian(lambda x: x)(X), np.eye(7))
    assert ad.jacobian(lambda x: x[:0])(X).shape == (0, 7)
    np.testing.assert_array_equal(ad.jacobian(lambda x: np.ones(3))(X), np.zeros((3, 7)))


def test_jvp_and_vjp_are_transposes() -> None:
    a = np.random.default_rng(3).normal(size=(4, 7))
    v, w = np.ones(7), np.arange(4.0)
    value, tangent = ad.jvp(lambda x: np.tanh(a @ x), X, v)
    same, pull = ad.vjp(lambda x: np.tanh(a @ x), X)
    np.testing.assert_array_equal(value, same)
    np.testing.assert_allclose(tangent @ w, pull(w) @ v)
    np.testing.assert_allclose(pull(2 * w), 2 * pull(w))  # may be called again


def test_elementwise_grad_and_check_rows() -> None:
    np.testing.assert_allclose(ad.elementwise_grad(np.sin)(X), np.cos(X))
    with pytest.raises(ValueError, match="jacobian"):
        ad.elementwise_grad(np.sum)(X)
    assert ad.check_rows(rosenbrock, X)
    assert not ad.check_rows(lambda x: x[0] ** 2 + x[1], X)
    assert not ad.check_rows(lambda x: (x**2).sum(-1) * x.mean(), X)
    assert not ad.check_rows(lambda x: (x - x.mean(0)).sum(-1) ** 2 if x.ndim > 1 else (x.sum() ** 2), X)
    assert not ad.check_rows(lambda x: x.sum(), X)


def test_gradient_methods_of_scipy_take_it() -> None:
    result = minimize(ad.value_and_grad(rosenbrock), np.zeros(5), jac=True, method="L-BFGS-B")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-2)
    result = minimize(rosenbrock, np.zeros(5), jac=ad.grad(rosenbrock), hessp=ad.hvp(rosenbrock), method="Newton-CG")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-2)


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


# the eager face


def test_backward_collects_in_leaves() -> None:
    w = ad.tensor([1.0, 2.0], requires_grad=True)
    b = ad.tensor(3.0, requires_grad=True)
    c = ad.tensor([5.0, 7.0])
    loss = ((w * c) ** 2).sum() * b
    assert loss.requires_grad and not loss.is_leaf and loss.grad_fn is not None and loss.grad_fn.name == "multiply"
    assert w.grad_fn is None and w.is_leaf and w.grad is None
    loss.backward()
    np.testing.assert_array_equal(w.grad, 6 * np.array([25.0, 98.0]))
    assert b.grad == 25 + 196
    assert c.grad is None and not c.requires_grad
    loss.backward()  # leaves accumulate, interior gradients do not persist
    np.testing.assert_array_equal(w.grad, 12 * np.array([25.0, 98.0]))
    w.grad = None
    loss.backward()
    np.testing.assert_array_equal(w.grad, 6 * np.array([25.0, 98.0]))


def test_training_loop() -> None:
    rng = np.random.default_rng(0)
    x, w_true = rng.normal(size=(50, 3)), np.array([1.0, -2.0, 0.5])
    y = x @ w_true
    w = ad.tensor(np.zeros(3)).requires_grad_()
    for _ in range(200):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        w = ad.tensor(w.detach().numpy() - 0.1 * w.grad, requires_grad=True)
    np.testing.assert_allclose(w.data, w_true, atol=1e-6)


def test_no_grad_and_detach() -> None:
    w = ad.tensor([1.0, 2.0], requires_grad=True)
    with ad.no_grad():
        assert not (w * 2).requires_grad
        assert not np.linalg.eigh(np.outer(w, w))[0].requires_grad
        assert ad.grad(lambda x: x**2)(3.0) == 6.0
        with ad.no_grad():
            pass
        assert not np.exp(w).requires_grad
    assert (w * 2).requires_grad
    d = (w * 2).detach()
    assert not d.requires_grad
    np.testing.assert_array_equal(np.asarray(d), [2.0, 4.0])
    assert ad.grad(lambda x: x * x.detach())(3.0) == 3.0
    assert ad.grad(ad.grad(lambda x: x**2 * x.detach()))(3.0) == 6.0


def test_no_grad_is_of_one_thread() -> None:
    w, seen = ad.tensor(1.0, requires_grad=True), []
    with ad.no_grad():
        t = threading.Thread(target=lambda: seen.append((w * 2).requires_grad))
        t.start()
        t.join()
    assert seen == [True]


def test_backward_with_gradient() -> None:
    w = ad.tensor(np.ones((2, 3)), requires_grad=True)
    y = w * np.arange(3.0)
    with pytest.raises(RuntimeError, match=r"gradient=.*sum"):
        y.backward()
    y.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(w.grad, np.broadcast_to(np.arange(3.0), (2, 3)))
    with pytest.raises(ValueError, match="shape"):
        y.backward(np.ones(4))


def test_functional_inside_eager() -> None:
    w = ad.tensor(2.0, requires_grad=True)
    y = ad.grad(lambda x: x**3 * w)(3.0)  # 27 w, and still a tensor of w
    y.backward()
    assert w.grad == 27.0


def test_requires_grad_is_for_leaves() -> None:
    w = ad.tensor(1.0, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        (w * 2).requires_grad_()
    assert not w.requires_grad_(False).requires_grad
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        (w * 2).backward()
    with pytest.raises(RuntimeError, match="leaf"):
        (ad.tensor(1.0) * 2).grad = np.ones(1)


def test_what_a_tensor_tells() -> None:
    w = ad.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    assert (w.shape, w.ndim, w.size, w.dtype, len(w)) == ((2, 3), 2, 6, np.float64, 2)
    assert w.tolist() == [[0, 1, 2], [3, 4, 5]] and w[1, 2].item() == 5.0
    assert "Tensor" in repr(w) and "multiply" in repr(w * 2)
    assert repr((w * 2).grad_fn) == "<multiply (2, 3) float64>"
    assert (w * 2).node.parents == (w.node,)
    assert f"{w[0, 1]:.2f}" == "1.00" and int(w[1, 0]) == 3 and bool(w[0, 1])
    assert (w > 2).tolist() == [[False, False, False], [True, True, True]]
    assert [r.tolist() for r in w] == w.tolist()
    assert w.astype(np.float32).dtype == np.float32 and type(w.astype(int)) is np.ndarray
    assert np.argmax(w) == w.argmax() == 5 and np.shape(w) == (2, 3) and (w // 2).tolist() == [[0, 0, 1], [1, 2, 2]]


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
    node, grads, owned = Node((), ((3,), np.dtype(float)), 0, "x"), {}, set()
    for d in (g, g, Scatter(slice(1), np.float64(1.0), True), g):
        accumulate(node, d, grads, owned)
    np.testing.assert_array_equal(g, np.ones(3))
    np.testing.assert_array_equal(grads[node], [4.0, 3.0, 3.0])


# own primitives


def test_custom_vjp() -> None:
    np.testing.assert_array_equal(ad.grad(uses_cube)(X), 3 * X**2)
    np.testing.assert_array_equal(cube(X), X**3)
    ad.check_grads(cube, X, order=3)

    @ad.custom_vjp
    def twice(x: Any, y: Any, *, scale: float = 1.0) -> Any:
        return scale * x * y, lambda g: (scale * g * y, scale * g * x)

    ad.check_grads(lambda x, y: twice(x, y, scale=3.0), X, X[::-1].copy(), order=2)
    assert ad.grad(lambda x: twice(x, 2.0))(5.0) == 2.0


def test_custom_vjp_mistakes() -> None:
    with pytest.raises(TypeError, match="must return"):
        ad.grad(ad.custom_vjp(lambda x: (x, 3)))(1.0)
    with pytest.raises(ValueError, match="must return 2 gradients"):
        ad.grad(ad.custom_vjp(lambda x, y: (x * y, lambda g: (g,))))(1.0, 2.0)
    with pytest.raises(ValueError, match="shape"):
        ad.grad(ad.custom_vjp(lambda x: (x.sum(), lambda g: np.ones(2))))(X)
    with pytest.raises(TypeError, match="by position"):
        ad.grad(lambda x: ad.custom_vjp(lambda *, x: (x, lambda g: ()))(x=x))(1.0)


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
        y = x * buffer
        buffer[0] = 5.0
        return y.sum()

    with ad.debug(), pytest.raises(ValueError, match="read-only"):
        ad.grad(f)(X)
    buffer[0] = 2.0
    assert buffer.flags.writeable
