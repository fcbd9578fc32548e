"""Complex Jacobians, holomorphic derivatives, gradients at complex points; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.array([0.3, -1.2, 0.7])
Z = np.array([1 + 2j, 0.3 - 0.5j])


def test_jacobian_of_real_arguments() -> None:
    np.testing.assert_allclose(ad.jacobian(np.fft.fft)(np.ones(3)), np.fft.fft(np.eye(3)), atol=1e-15)
    np.testing.assert_allclose(ad.jacobian(np.fft.rfft)(X), np.fft.rfft(np.eye(3)).T, atol=1e-15)
    np.testing.assert_allclose(ad.jacobian(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X)))
    tall = ad.jacobian(lambda x: np.outer(np.exp(1j * x), x))(X)  # more values than arguments: column by column
    by_rows = np.stack([ad.jacobian(lambda x, i=i: np.exp(1j * x[i]) * x)(X) for i in range(3)])
    np.testing.assert_allclose(tall, by_rows, atol=1e-15)


def test_elementwise() -> None:
    np.testing.assert_allclose(ad.elementwise_grad(lambda x: np.exp(1j * x))(X), 1j * np.exp(1j * X))
    np.testing.assert_allclose(ad.elementwise_grad(np.sin)(Z), np.cos(Z))


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda z: z**2 * np.exp(z), lambda z: (2 * z + z * z) * np.exp(z)),
        (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        (np.log, lambda z: 1 / z),
        (lambda z: 1 / (1 + z), lambda z: -1 / (1 + z) ** 2),
    ],
)
def test_holomorphic_functions(f: Any, slope: Any) -> None:
    np.testing.assert_allclose(ad.jacobian(f)(Z), np.diag(slope(Z)))
    assert ad.jacobian(f)(Z[0]) == pytest.approx(slope(Z[0]))


@pytest.mark.parametrize("f", [np.conj, np.abs, np.real, np.imag, lambda z: z * np.conj(z), lambda z: z.real + 0j])
def test_functions_that_are_not_holomorphic_are_refused(f: Any) -> None:
    with pytest.raises(ValueError, match="not holomorphic"):
        ad.jacobian(f)(Z)
    with pytest.raises(ValueError, match="not holomorphic"):
        ad.elementwise_grad(f)(Z)


def test_gradient_at_a_complex_point() -> None:
    g = ad.grad(lambda z: np.sum(np.abs(z) ** 2))(Z)
    np.testing.assert_allclose(g, 2 * np.conj(Z))  # dL = Re(g dz)
    ad.check_grads(lambda z: np.abs(np.sum(z**3)) + np.sum(np.angle(z)), Z, order=2)


def test_directions() -> None:
    value, slope = ad.jvp(lambda z: z * np.conj(z), 1 + 2j, 1j)
    assert (value, slope) == (5, 4)
    value, slope = ad.jvp(lambda x: np.exp(1j * x), 0.5, 2.0)
    assert slope == pytest.approx(2j * np.exp(0.5j))


def test_differences_see_both_parts() -> None:
    ad.check_grads(lambda x: np.exp(1j * x), 0.3, order=2)

    @ad.custom_vjp
    def half(x: Any) -> Any:
        return np.exp(1j * x), lambda g: np.real(g) * np.real(1j * np.exp(1j * x))

    with pytest.raises(AssertionError, match="wrong gradient, argument 0"):
        ad.check_grads(half, 0.3)

    @ad.custom_vjp
    def turned(z: Any) -> Any:
        return z**2, lambda g: g * 2 * np.conj(z)

    with pytest.raises(AssertionError, match=r"entry [01]: (imaginary|real) part"):
        ad.check_grads(turned, Z)


def test_nothing_imaginary_is_dropped() -> None:
    with pytest.raises(TypeError, match="cotangent must be real like the value, float64, got complex128"):
        ad.vjp(np.sin, X)[1](1j * X)
    with pytest.raises(TypeError, match="v must be real like x"):
        ad.jvp(np.sin, X, 1j * X)
    with pytest.raises(TypeError, match="v must be real like x"):
        ad.hvp(np.sum)(X, 1j * X)
    with pytest.raises(TypeError, match="gradient must be real like the value"):
        ad.tensor(X, requires_grad=True).backward(1j * X)
    for second in (ad.hessian(lambda z: np.sum(np.abs(z))), lambda z: ad.hvp(lambda y: np.sum(np.abs(y)))(z, z)):
        with pytest.raises(TypeError, match="x must be real"):
            second(Z)
    with pytest.raises(TypeError, match="must return real numbers, got complex"):
        ad.grad(np.sum)(Z)
