"""The eager face: requires_grad, backward, no_grad, detach."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import autodiff as ad

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
