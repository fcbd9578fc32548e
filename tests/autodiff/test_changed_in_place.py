"""What the functions of others do to the arrays that they are given: nothing, or there is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad


@ad.custom_vjp
def doubles_g(x: Any) -> Any:
    def pull(g: Any) -> Any:
        g *= 2
        return g

    return 2 * x, pull


@ad.custom_vjp
def fills_one_of_two(x: Any) -> Any:
    def pull(g: Any) -> Any:
        g[0][...] = 1.0
        return g[0] + g[1]

    return (x + 0, x + 1), pull


@ad.custom_vjp
def doubles_x(x: Any) -> Any:
    x *= 2
    return x, lambda g: 2 * g


@ad.primitive
def sorts_g(x: Any) -> Any:
    def pull(g: Any) -> Any:
        g.sort()
        return g

    return x + 0, (pull,)


def keeps(x: Any) -> Any:
    x += 1.0
    return x * x


@pytest.mark.parametrize(
    "fun", [doubles_g, lambda x: sum(fills_one_of_two(x)), doubles_x, sorts_g, ad.checkpoint(keeps)]
)
@pytest.mark.parametrize("n", [3, 20_000])
def test_refused(fun: Any, n: int) -> None:
    for f in (lambda x: (fun(x * 1) + x).sum(), lambda x: (x + fun(x * 1)).sum()):
        with pytest.raises(ValueError, match="in place, which other derivatives need"):
            ad.grad(f)(np.ones(n))


def test_what_gives_its_argument_back_is_right() -> None:
    same = ad.custom_vjp(lambda x: (x, lambda g: g))
    x = np.array([1.0, 2.0])
    d = ad.grad(lambda x: (same(x) * x + same(x)).sum())(x)
    np.testing.assert_array_equal(d, 2 * x + 1)
    assert d.flags.writeable
    value, pull = ad.vjp(same, x)
    value += 1
    g = pull(np.ones(2))
    g += 1
    np.testing.assert_array_equal(x, [1.0, 2.0])
    np.testing.assert_array_equal(doubles_x(np.ones(2)), [2.0, 2.0])  # with plain arrays: as NumPy
