"""What every rule of this engine promises, as a check that the author of a rule can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.check import check_grads
from autodiff.jacobians import pushed
from autodiff.primitive import WrittenTo
from autodiff.transforms import pulled
from autodiff.tree import leaves, tree_map


def check_rule(
    fun: Callable[..., Any],
    *args: Any,
    order: int = 2,
    batch: bool | None = None,
    complex: bool = False,
    dtypes: Sequence[Any] = (np.float64, np.float32),
    rng: Any = 0,
) -> None:
    """Check that the derivative of a function keeps what every rule of this engine promises.

    For whoever writes a rule (:func:`autodiff.custom_vjp`, :func:`autodiff.primitive`); the rules of this package are
    tested by it too. The promises:

    1. on traced arguments the value is the one on plain arguments: numbers, shape and type;
    2. each gradient has shape and type of its argument; neither arguments nor cotangents are written to;
    3. the pull-back is linear in the cotangent, gives the same when called again, and zero for zero;
    4. an argument traced alone receives what it receives when all are traced;
    5. the layout in memory (order, strides) does not matter;
    6. derivatives agree with central differences, up to `order`;
    7. derivatives along a direction agree with the pull-back: <w, J v> = <J' w, v>. That holds if the pull-back is
       itself written in functions that have rules;
    8. in each type of `dtypes` values and gradients stay in that type, and agree with double precision;
    9. (`batch`) leading axes are a stack: values and gradients are those of the rows, and an argument that is not
       stacked, or has length 1 there, receives the sum;
    10. (`complex`) at complex arguments the derivatives by real and imaginary part are right.

    Parameters
    ----------
    fun : callable
        Function of arrays that gives an array (or a tuple of them).
    *args : array_like
        Where to check, in double precision, away from kinks. Arrays and numbers of a floating type are differentiated;
        everything else (integers, masks, words) is handed through.
    order : int
        Highest order of derivatives.
    batch : bool, optional
        Whether leading axes are a stack; by default where `fun` is a ufunc of NumPy.
    complex : bool
        Whether the rule holds for complex arguments.
    dtypes : sequence of data types
        Types to check; leave out float32 where the function does not keep it.
    rng : None, int, SeedSequence or Generator
        Source of cotangents and directions.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> @ad.custom_vjp
    ... def cube(x):
    ...     return x**3, lambda g: 3 * x**2 * g
    >>> ad.check_rule(cube, np.array([0.5, -2.0]), batch=True)
    >>> @ad.custom_vjp
    ... def crooked(x):
    ...     return x**3, lambda g: np.abs(3 * x**2 * g)
    >>> ad.check_rule(crooked, np.array([0.5, -2.0]))
    Traceback (most recent call last):
    AssertionError: crooked: the pull-back is not linear in the cotangent
    """
    variable = [i for i, a in enumerate(args) if np.asarray(a).dtype.kind == "f"]
    if not variable:
        raise ValueError("args must hold an array or a number of a floating type, got none to differentiate")
    name = getattr(fun, "__name__", type(fun).__name__)
    points = tuple(np.asarray(args[i], dtype=np.float64) for i in variable)
    rule = _Rule(name, fun, args, variable, points, np.random.default_rng(rng))
    rule.keeps_value_and_form()
    rule.is_linear()
    rule.serves_arguments_alone()
    rule.ignores_layout()
    check_grads(rule.call, *points, order=order, rng=rng)
    rule.agrees_with_directions()
    for dtype in dtypes:
        if dtype != np.float64:
            rule.keeps_type(np.dtype(dtype))
    if isinstance(fun, np.ufunc) if batch is None else batch:
        rule.serves_stacks()
    if complex:
        rule.serves_complex(order)


@dataclass
class _Rule:
    """A function with the point where its rule is checked; a method for each promise."""

    name: str
    fun: Callable[..., Any]
    args: tuple[Any, ...]
    variable: list[int]  # which arguments are differentiated
    points: tuple[Any, ...]
    random: np.random.Generator

    def call(self, *xs: Any) -> Any:
        """The function of its differentiated arguments alone."""
        full = list(self.args)
        for i, x in zip(self.variable, xs, strict=True):
            full[i] = x
        return self.fun(*full)

    def pulled(self, xs: Sequence[Any], cotangent: Any = None, fun: Any = None) -> tuple[Any, Any, tuple[Any, ...]]:
        """Value, cotangent (drawn unless given) and the gradient of each argument."""
        value, pull, _ = pulled(fun or self.call, *xs)
        g = self.drawn(value) if cotangent is None else cotangent
        grads = pull(g)
        return value, g, grads if len(xs) > 1 else (grads,)

    def drawn(self, like: Any) -> Any:
        """Random numbers of the form of `like`; fractions of a few bits, exact in every type."""

        def draw(y: Any) -> Any:
            y = np.asarray(y)
            parts = self.random.integers(-16, 17, size=(2, *y.shape)) / 8
            return (parts[0] + 1j * parts[1] if y.dtype.kind == "c" else parts[0]).astype(y.dtype)[()]

        return tree_map(draw, like)

    def same(self, got: Any, expected: Any, broken: str, tolerance: float = 1e-9) -> None:
        """Raise unless the arrays in two trees agree, relative to the largest entry."""
        for a, b in zip(leaves(got), leaves(expected), strict=True):
            size = 1 + np.max(np.abs(b), initial=0)
            if np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=0, atol=tolerance * size, equal_nan=True):
                raise AssertionError(f"{self.name}: {broken}")

    def keeps_value_and_form(self) -> None:
        """Promises 1 and 2."""
        xs = tuple(x.copy() for x in self.points)
        for x in xs:
            x.flags.writeable = False
        plain = self.call(*xs)
        try:
            value, pull, _ = pulled(self.call, *xs)
        except WrittenTo as error:
            raise AssertionError(f"{self.name}: {error}") from error
        self.same(value, plain, "the value on traced arguments is not the one on plain arguments", 1e-12)
        kinds = [tuple(np.asarray(y).dtype for y in leaves(tree)) for tree in (value, plain)]
        if kinds[0] != kinds[1]:
            raise AssertionError(f"{self.name}: traced arguments give {kinds[0]}, plain arguments {kinds[1]}")
        weights = self.drawn(value)
        before = tree_map(np.copy, weights)
        try:
            grads = pull(weights)
        except WrittenTo as error:
            raise AssertionError(f"{self.name}: the pull-back changes the cotangent that it is given") from error
        for i, x, g in zip(self.variable, xs, grads if len(xs) > 1 else (grads,), strict=True):
            if np.shape(g) != x.shape or getattr(g, "dtype", None) != x.dtype:
                raise AssertionError(
                    f"{self.name}: argument {i} has shape {x.shape} and type {x.dtype},"
                    f" its gradient {np.shape(g)} and {getattr(g, 'dtype', type(g).__name__)}"
                )
        self.same(weights, before, "the pull-back changes the cotangent that it is given", 0.0)

    def is_linear(self) -> None:
        """Promise 3."""
        value, pull, _ = pulled(self.call, *self.points)
        g, h = self.drawn(value), self.drawn(value)
        first = pull(g)
        mixed = pull(tree_map(lambda a, b: 2 * a - 3 * b, g, h))
        expected = tree_map(lambda a, b: 2 * a - 3 * b, first, pull(h))
        self.same(mixed, expected, "the pull-back is not linear in the cotangent")
        self.same(pull(g), first, "the pull-back gives another gradient when it is called again", 0.0)

    def serves_arguments_alone(self) -> None:
        """Promise 4."""
        _, g, together = self.pulled(self.points)
        for k, x in enumerate(self.points if len(self.points) > 1 else ()):

            def alone(y: Any, k: int = k) -> Any:
                return self.call(*[y if j == k else p for j, p in enumerate(self.points)])

            _, _, got = self.pulled((x,), g, alone)
            broken = f"argument {self.variable[k]} receives another gradient when it is the only traced one"
            self.same(got[0], together[k], broken)

    def ignores_layout(self) -> None:
        """Promise 5."""
        _, g, expected = self.pulled(self.points)
        columns = [x.copy(order="F") for x in self.points]
        strided = [np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x for x in self.points]
        for xs in (columns, strided):
            _, _, got = self.pulled(xs, g)
            self.same(got, expected, "the gradient depends on how an argument lies in memory")

    def agrees_with_directions(self) -> None:
        """Promise 7."""
        v = self.drawn(self.points)
        value, along, _ = pushed(lambda xs: self.call(*xs), self.points, v)
        w = self.drawn(value)
        _, _, grads = self.pulled(self.points, w)
        forward = sum(np.sum(np.real(a * b)) for a, b in zip(leaves(w), leaves(along), strict=True))
        backward = sum(np.sum(a * b) for a, b in zip(grads, v, strict=True))
        if not abs(forward - backward) <= 1e-9 * (1 + abs(forward) + abs(backward)):
            raise AssertionError(
                f"{self.name}: the derivative along a direction, {forward:.12g},"
                f" is not the one of the pull-back, {backward:.12g}"
            )

    def keeps_type(self, dtype: np.dtype[Any]) -> None:
        """Promise 8."""
        rounded = [x.astype(dtype)[()] for x in self.points]
        plain = self.call(*rounded)
        value, g, grads = self.pulled(rounded)
        kinds = [tuple(np.asarray(y).dtype for y in leaves(tree)) for tree in (value, plain)]
        narrow = (dtype, np.result_type(dtype, np.complex64))
        if any(a not in (b, *narrow) for a, b in zip(*kinds, strict=True)):
            raise AssertionError(f"{self.name}: in {dtype}, traced arguments give {kinds[0]}, plain ones {kinds[1]}")
        wide = [x.astype(np.float64)[()] for x in rounded]
        _, _, exact = self.pulled(wide, tree_map(lambda a: a.astype(np.result_type(a, np.float64)), g))
        tolerance = 2e4 * float(np.finfo(dtype).eps)
        for i, d in zip(self.variable, grads, strict=True):
            if d.dtype != dtype:
                raise AssertionError(f"{self.name}: argument {i} of type {dtype} receives a gradient of type {d.dtype}")
        self.same(grads, exact, f"gradients in {dtype} are far from those in double precision", tolerance)

    def serves_stacks(self) -> None:
        """Promise 9."""
        m = 3

        def stack(x: Any) -> Any:
            return x * (1 + 0.01 * self.random.uniform(size=(m, *x.shape)))

        for stacked in ([True] * len(self.points), *np.eye(len(self.points), dtype=bool)):
            for length in (None, 1):  # arguments outside of the stack: without the axis, or with length 1
                outside = [x if length is None else x[None] for x in self.points]
                xs = [stack(x) if s else y for x, y, s in zip(self.points, outside, stacked, strict=True)]
                value, g, grads = self.pulled(xs)
                totals = [np.zeros_like(x) for x in xs]
                for k in range(m):
                    row = [x[k] if s else p for x, p, s in zip(xs, self.points, stacked, strict=True)]
                    alone, _, parts = self.pulled(row, tree_map(lambda a, k=k: a[k], g))
                    self.same(
                        tree_map(lambda a, k=k: a[k], value), alone, "a row of a stack has another value than alone"
                    )
                    for total, part, s in zip(totals, parts, stacked, strict=True):
                        total[k if s else ...] += part
                self.same(grads, totals, "the gradients of a stack are not those of its rows")

    def serves_complex(self, order: int) -> None:
        """Promise 10."""
        imaginary = [0.3 * self.random.uniform(-1, 1, size=x.shape) for x in self.points]
        n = len(self.points)

        def of_parts(*parts: Any) -> Any:
            return self.call(*[re + 1j * im for re, im in zip(parts[:n], parts[n:], strict=True)])

        check_grads(of_parts, *self.points, *imaginary, order=order)
