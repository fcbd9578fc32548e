"""Checking derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.tensor import numeric
from autodiff.transforms import pulled
from autodiff.tree import leaves, tree_map


def check_grads(
    fun: Callable[..., Any],
    *args: Any,
    order: int = 1,
    rtol: float | None = None,
    atol: float | None = None,
    directions: int = 2,
    rng: Any = 0,
) -> None:
    """Compare the derivatives of `fun` with central differences; say which argument and entry is wrong.

    The value is projected on a random vector and differentiated along random directions, one argument at a time, which
    costs seven evaluations a direction whatever the number of entries. Only if that fails the entries are gone
    through one by one. At a kink, where the slopes on both sides differ, any slope between the two is accepted.

    Parameters
    ----------
    fun : callable
        Function of arrays (or trees of arrays) with an array (or a tree of arrays) as its value.
    *args : array_like
        Where to check; all are differentiated. Use float64: differences in float32 show little. Complex arguments and
        values are checked in real and imaginary part.
    order : int
        1 for the first derivatives, 2 for those of the gradient too, and so on.
    rtol, atol : float, optional
        Tolerances, relative to the size of the derivative and absolute; by default fitting for the type of `args`.
    directions : int
        Random directions for each argument.
    rng : None, int, SeedSequence or Generator
        Source of the directions.

    Raises
    ------
    AssertionError
        If a derivative is wrong; the message names argument and entry and gives both numbers.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.check_grads(lambda x, y: np.sin(x) * y, np.ones(3), 2.0, order=2)
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order}")
    random = np.random.default_rng(rng)
    arrays = tuple(tree_map(numeric, a) for a in args)
    eps = max(np.finfo(a.dtype).eps for a in leaves(arrays))
    rtol = 500 * eps ** (2 / 3) if rtol is None else rtol
    atol = 500 * eps ** (2 / 3) if atol is None else atol
    _check(fun, arrays, order, eps, rtol, atol, directions, random, "gradient")


def _check(
    fun: Any, args: Any, order: int, eps: float, rtol: float, atol: float, directions: int, random: Any, what: str
) -> None:
    value, pull, _ = pulled(fun, *args)
    weights = tree_map(lambda y: _drawn(y, random), value)
    grads = pull(weights) if len(args) > 1 else (pull(weights),)

    def projected(*xs: Any) -> float:
        """The value along the weights, summed in double precision."""
        return _dot(fun(*xs), weights)

    base = projected(*args)
    for i, (arg, g) in enumerate(zip(args, grads, strict=True)):
        for _ in range(directions):
            v = tree_map(lambda a: _drawn(a, random), arg)
            slope = Slope(projected, args, i, v, base, eps)
            got = _dot(g, v)
            if not slope.agrees(got, rtol, atol):
                entry = _worst_entry(projected, args, i, g, base, eps, rtol, atol)
                if entry:
                    raise AssertionError(f"wrong {what}, {entry}")
                if not slope.is_kink():  # where several kinks meet only the entries tell
                    along = f"along a random direction {got:.10g}, by differences {slope.central:.10g}"
                    raise AssertionError(f"wrong {what}, argument {i}: {along}")
    if order > 1:

        def gradient(*xs: Any) -> Any:
            return pulled(fun, *xs)[1](weights)

        _check(gradient, args, order - 1, eps, rtol * 10, atol * 10, directions, random, f"derivative of the {what}")


def _drawn(like: Any, random: np.random.Generator) -> Any:
    """Random numbers of shape and type of an array; with an imaginary part for complex ones."""
    like = np.asarray(like)
    drawn = random.normal(size=like.shape)
    if like.dtype.kind == "c":
        drawn = drawn + 1j * random.normal(size=like.shape)
    return np.asarray(drawn).astype(like.dtype if like.dtype.kind in "fc" else float)[()]


def _dot(a: Any, b: Any) -> float:
    """Re(sum of products) of two trees, in double precision: what a step b changes if the gradient is a."""
    total = 0.0
    for x, y in zip(leaves(a), leaves(b), strict=True):
        product = np.asarray(x).astype(np.result_type(x, float)) * y
        total += float(np.sum(product.real))
    return total


class Slope:
    """Difference quotients of a function along `v` in argument `i`: central (of fourth order), and on each side."""

    def __init__(self, fun: Any, args: Any, i: int, v: Any, base: float, eps: float) -> None:
        h = eps ** (1 / 5) * max([1.0, *(float(np.max(np.abs(a), initial=0)) for a in leaves(args[i]))]) / 4

        def at(t: float) -> float:
            moved = tree_map(lambda a, d: (a + t * d).astype(a.dtype), args[i], v)
            return float(fun(*args[:i], moved, *args[i + 1 :]))

        after, before = at(h), at(-h)
        self.central = (8 * (after - before) - (at(2 * h) - at(-2 * h))) / (12 * h)
        self.right, self.left = (after - base) / h, (base - before) / h
        closer = h / 8
        self.gap = abs((at(closer) - base) / closer - (base - at(-closer)) / closer)
        # rounding errors of the quotients
        self.noise = 8 * eps * (abs(base) + abs(after)) / closer

    def is_kink(self) -> bool:
        """Whether the slopes on both sides stay apart as the step shrinks (a curvature's would close in proportion)."""
        wide = abs(self.right - self.left)
        return bool(self.gap > 0.5 * wide and wide > 100 * self.noise and wide > 1e-3 * (1 + abs(self.central)))

    def agrees(self, got: float, rtol: float, atol: float) -> bool:
        """Whether `got` is the slope, or at a kink one between those of both sides."""
        slack = atol + rtol * max(abs(self.central), abs(got)) + self.noise
        if abs(got - self.central) <= slack:
            return True
        low, high = sorted((self.left, self.right))
        return self.is_kink() and low - slack <= got <= high + slack


def _worst_entry(fun: Any, args: Any, i: int, g: Any, base: float, eps: float, rtol: float, atol: float) -> str:
    """Which of the first 1000 entries of argument `i` is furthest from its difference quotient; "" if none is wrong."""
    worst, text = 0.0, ""
    parts, grads = list(leaves(args[i])), list(leaves(g))
    for k, (part, d) in enumerate(zip(parts, grads, strict=True)):
        for index in list(np.ndindex(part.shape))[:1000]:
            for step, side in ((1, "real part "), (1j, "imaginary part "))[: 1 + (part.dtype.kind == "c")]:
                unit = np.zeros(part.shape, part.dtype)
                unit[index] = step
                numbers = iter(range(len(parts)))
                v = tree_map(
                    lambda a, unit=unit, k=k, numbers=numbers: unit[()] if next(numbers) == k else np.zeros_like(a),
                    args[i],
                )
                slope = Slope(fun, args, i, v, base, eps)
                entry = float((np.asarray(d)[index] * step).real)
                error = abs(entry - slope.central)
                if slope.agrees(entry, rtol, atol) or error <= worst:
                    continue
                leaf = f", array {k}" if len(parts) > 1 else ""
                place = f", entry {index if len(index) != 1 else index[0]}" if index else ""
                what = side if part.dtype.kind == "c" else ""
                kink = f" (a kink: {slope.left:.6g} on the left, {slope.right:.6g} on the right)"
                worst = error
                text = f"argument {i}{leaf}{place}: {what}{entry:.10g}, by differences {slope.central:.10g}"
                text += kink if slope.is_kink() else ""
    return text
