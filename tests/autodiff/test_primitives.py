"""Functions that bring their own derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from tests.autodiff.table import X


@ad.custom_vjp
def cube(x: Any) -> Any:
    return x**3, lambda g: 3 * x**2 * g


def uses_cube(x: Any) -> Any:
    return cube(x).sum()


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
