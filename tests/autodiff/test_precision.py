"""Every rule of a ufunc against fifty digits, first and second derivatives, over its whole domain and at its ends."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import autodiff as ad
from autodiff.registry import RULES
from tests.autodiff.exact import EXACT, Exact

EPS = 2.0**-52
TINY = 1e-290
"""Below this numbers lose digits."""

NOT_SMOOTH = {
    "wofz", "radians", "degrees",
    "add", "subtract", "maximum", "minimum", "fmax", "fmin", "copysign", "conjugate", "ldexp", "heaviside", "matmul",
    "nextafter"
}  # fmt: skip
"""Sums, choices, products and what goes by another name here (wofz by its parts), which the other tests hold."""


def ours(case: Exact, points: np.ndarray) -> Iterator[tuple[tuple[int, ...], Any]]:
    """First and second partial derivatives by the rules, at all points at once."""

    def slope(i: int, columns: list[Any]) -> Any:
        return ad.grad(lambda x: np.sum(case.fun(*[x if j == i else c for j, c in enumerate(columns)])))(columns[i])

    columns: list[Any] = list(points.T)
    if case.fun.__name__ in ("kn", "yn", "expn"):
        columns[0] = columns[0].astype(int)
    for i in case.args:
        yield (i,), slope(i, columns)
        for k in case.args:
            if k >= i:
                mixed = lambda y, i=i, k=k: np.sum(slope(i, [y if j == k else c for j, c in enumerate(columns)]))  # noqa: E731
                yield (i, k), ad.grad(mixed)(columns[k])


def theirs(case: Exact, point: tuple[float, ...], which: tuple[int, ...]) -> Any:
    """The same by mpmath."""
    live = sorted(set(which))
    orders = [which.count(i) for i in live]
    scales = [mp.mpf(point[i] or 1) for i in live]

    def fun(*u: Any) -> Any:  # each argument in units of itself, so that one step suits all
        full = [mp.mpf(p) for p in point]
        for i, scale, moved in zip(live, scales, u, strict=True):
            full[i] += scale * moved
        return case.mp(*full)

    slope = mp.diff(fun, [0] * len(live), orders) if len(live) > 1 else mp.diff(fun, 0, orders[0])
    for scale, n in zip(scales, orders, strict=True):
        slope /= scale**n
    return slope


def noise(case: Exact, point: tuple[float, ...], which: tuple[int, ...]) -> Any:
    """How far the differences of mpmath may be off: their rounding, divided by the steps."""
    value = abs(mp.re(case.mp(*map(mp.mpf, point)))) + max(abs(p) or 1 for p in point)
    for i in which:
        value /= abs(mp.mpf(point[i])) if point[i] else 1
    return value * mp.mpf(10) ** -45


@pytest.mark.heavy
@pytest.mark.parametrize("case", EXACT, ids=lambda c: c.id)
@pytest.mark.filterwarnings("ignore")
def test_against_fifty_digits(case: Exact) -> None:
    points = list(itertools.product(*case.points))
    wrong = []
    with mp.workdps(50):
        for which, values in ours(case, np.array(points)):
            for point, got in zip(points, values, strict=True):
                expected = mp.re(theirs(case, point, which))
                # what a relative error of one unit in the last place of the arguments does
                condition = sum(abs(mp.re(theirs(case, point, (*which, j)))) * abs(point[j]) for j in case.args)
                error = (
                    500 * case.slack * EPS * float(abs(expected) + condition) + TINY + float(noise(case, point, which))
                )
                if abs(expected) > 1.7e308 and np.isinf(got) and got * float(mp.sign(expected)) > 0:
                    continue
                if not abs(got - float(expected)) <= error:
                    wrong.append((which, point, float(got), float(expected)))
    assert not wrong, f"{len(wrong)}: {wrong[:12]}"


@pytest.mark.parametrize("case", [c for c in EXACT if c.ends], ids=lambda c: c.id)
@pytest.mark.filterwarnings("ignore")
def test_at_the_ends(case: Exact) -> None:
    for point, expected in case.ends.items():
        got = ad.grad(case.fun)(*point)
        assert got == expected, (point, got, expected)


def test_every_ufunc_is_held() -> None:
    held = {case.fun for case in EXACT}
    assert [
        f.__name__ for f in RULES if isinstance(f, np.ufunc) and f not in held and f.__name__ not in NOT_SMOOTH
    ] == []


@pytest.mark.parametrize("far", [3, 60], ids=["a few", "most"])
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_tanh_is_exact_where_entries_saturate(far: int, dtype: Any) -> None:
    x = np.concatenate([np.linspace(-3, 3, 61), np.linspace(-20, 20, far)]).astype(dtype).reshape(-1, 1)[:, [0, 0]].T
    slope = ad.grad(lambda x: np.sum(np.tanh(x)))(x)
    exact = np.array([float(mp.sech(float(entry)) ** 2) for entry in x.flat]).reshape(x.shape)
    np.testing.assert_allclose(slope, exact, rtol=2000 * np.finfo(dtype).eps)


def test_tanh_with_few_saturated_entries_keeps_its_value_alone() -> None:
    argument = ad.tensor(np.linspace(-2, 9, 100)[:, np.newaxis] * [0.1, 0.5], requires_grad=True) + 0.0
    kept, value = weakref.ref(argument.inner), np.tanh(argument)
    assert np.max(value.detach().numpy()) > 0.9995
    del argument
    assert kept() is None
