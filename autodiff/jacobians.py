"""Derivatives along directions, and whole matrices of derivatives, built from :func:`~autodiff.transforms.vjp`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.tensor import floating, numeric
from autodiff.transforms import grad, pulled, vjp, warn_of_independence
from autodiff.tree import matched, tree_map


def jvp(fun: Callable[..., Any], x: Any, v: Any) -> tuple[Any, Any]:
    """Value of `fun` at `x` and its derivative in direction `v`.

    The pull-back is linear in its argument, so its own pull-back is the derivative along a direction: no second set of
    rules is needed, at the price of two sweeps.

    Parameters
    ----------
    fun : callable
        Function of one array (or tree of arrays).
    x, v : array_like
        Point and direction, of the same shape.

    Returns
    -------
    value, derivative
        Both of the form of ``fun(x)``.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.jvp(np.sin, 0.0, 2.0)
    (np.float64(0.0), np.float64(2.0))
    """
    value, derivative, depends = pushed(fun, x, v)
    if not depends:
        warn_of_independence()
    return value, derivative


def pushed(fun: Callable[..., Any], x: Any, v: Any) -> tuple[Any, Any, bool]:
    """As :func:`jvp`, with whether the value depends on the arguments at all, in place of a warning."""
    x = tree_map(numeric, x)
    v = _direction(v, x)
    value, pull, depends = pulled(fun, x)
    _, push, _ = pulled(pull, tree_map(lambda y: np.zeros(np.shape(y), getattr(y, "dtype", None)), value))
    return value, push(v), depends


def _direction(v: Any, x: Any) -> Any:
    """`v` in the form of `x`."""
    parts = iter([_like(b, a) for a, b in matched("v", v, x)])
    return tree_map(lambda a: next(parts), x)


def _like(v: Any, x: Any) -> Any:
    v = numeric(v)
    if v.shape != x.shape:
        raise ValueError(f"v must have the shape of x, {x.shape}, got {v.shape}")
    if v.dtype.kind == "c" and x.dtype.kind != "c":
        raise TypeError(f"v must be real like x, {x.dtype}, got {v.dtype}: add what comes along v.real and 1j * v.imag")
    return v if v.dtype == x.dtype else v.astype(x.dtype)


def jacobian(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function that returns all partial derivatives of `fun`.

    Parameters
    ----------
    fun : callable
        Function of one array, with an array as its value; further arguments are handed through.

    Returns
    -------
    callable
        ``x -> array of shape (*fun(x).shape, *x.shape)``. One sweep per entry of the value, or two per entry of `x`
        where the value has many more. Complex where the value is complex: the derivative of real and imaginary part by
        real `x`, or the derivative of a holomorphic function by complex `x`.

    Raises
    ------
    ValueError
        At complex `x`, if `fun` is not holomorphic there (it uses conj, abs, real, ...): one complex number for each
        pair of entries cannot hold its derivative. Differentiate by real and imaginary part then.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.jacobian(lambda x: x[:2] * x[1])(np.array([1.0, 2.0, 3.0]))
    array([[2., 1., 0.],
           [0., 4., 0.]])
    >>> ad.jacobian(lambda x: np.exp(1j * x))(0.0)
    array(0.+1.j)
    """
    return partial(_jacobian, fun)


def _jacobian(fun: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    x = numeric(x)
    value, pull = vjp(lambda y: fun(y, *args, **kwargs), x)
    if isinstance(value, (tuple, list, dict)):
        raise ValueError(
            f"jacobian needs a function with one array as its value, got a {type(value).__name__}: stack the results"
        )
    shape, dtype = np.shape(value), getattr(value, "dtype", np.dtype(float))
    size = int(np.prod(shape))
    if size > 2 * x.size and x.dtype.kind != "c":
        push = pulled(pull, np.zeros(shape, dtype))[1]
        columns = push.of_units(np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape))
        return np.stack(columns, axis=-1).reshape(shape + x.shape) if columns else np.zeros(shape + x.shape, dtype)
    rows = _rows(pull, np.eye(size, dtype=dtype).reshape(size, *shape), x)
    return np.stack(rows).reshape(shape + x.shape) if rows else np.zeros(shape + x.shape, x.dtype)


def _rows(pull: Any, units: Any, x: Any) -> list[Any]:
    """The derivatives of the entries of the value that `units` pick; of both their parts where it is complex."""
    real = pull.of_units(units)  # the gradient g of Re(y): d Re(y) = Re(g dx)
    if units.dtype.kind != "c" and x.dtype.kind != "c":
        return real
    if units.dtype.kind != "c":
        raise ValueError(
            "a real value of complex x is not holomorphic unless it is constant: grad gives its gradient, in the"
            " convention dL = Re(g dx)"
        )
    imaginary = pull.of_units(-1j * units)  # d Im(y) = d Re(-1j y)
    if x.dtype.kind != "c":
        return [a + 1j * b for a, b in zip(real, imaginary, strict=True)]
    for a, b in zip(real, imaginary, strict=True):
        gap = np.max(np.abs(value_of(b + 1j * a)), initial=0)
        if gap > 1e-6 * np.max(np.abs(value_of(a)), initial=0):  # Cauchy and Riemann: the gradient of -1j y is -1j g
            raise ValueError(
                "the function is not holomorphic at this complex x (it uses conj, abs, real, imag, ...): differentiate"
                " by real and imaginary part, lambda a, b: f(a + 1j * b)"
            )
    return real


def hvp(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function that multiplies the Hessian of `fun` with a vector, without forming it.

    Parameters
    ----------
    fun : callable
        As for :func:`autodiff.grad`: one number, or one per row of a population.

    Returns
    -------
    callable
        ``(x, v) -> H(x) v``, of the shape of `x`, (n,) or (..., n); fits ``scipy.optimize.minimize(hessp=...)``.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.hvp(lambda x: (x ** 3).sum(-1))(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    return partial(_hvp, fun)


def _hvp(fun: Any, x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
    x = tree_map(floating, x)
    v = _direction(v, x)
    return pulled(lambda y: grad(fun)(y, *args, **kwargs), x)[1](v)


def hessian(fun: Callable[..., Any], vectorized: bool = False) -> Callable[..., Any]:
    """The function that returns the matrix of second derivatives of `fun`.

    Parameters
    ----------
    fun : callable
        One number, or one per row of a population, as for :func:`autodiff.grad`.
    vectorized : bool
        Whether `fun` keeps the population contract (see :func:`check_rows`); then all n products with unit vectors are
        one sweep over n copies of the point, which is faster and takes n times the memory.

    Returns
    -------
    callable
        ``x -> Hessian``: (n,) gives (n, n); a population (..., n) gives (..., n, n); with one number as the value
        an array of any shape s gives (*s, *s).

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return partial(_hessian, fun, vectorized)


def _hessian(fun: Any, vectorized: bool, x: Any, *args: Any, **kwargs: Any) -> Any:
    x = floating(x)
    if vectorized:
        n = x.shape[-1]
        units = np.broadcast_to(np.eye(n, dtype=x.dtype), (*x.shape[:-1], n, n))
        return _hvp(fun, np.broadcast_to(x[..., None, :], units.shape), units, *args, **kwargs)
    value_shape: list[tuple[int, ...]] = []

    def gradient(y: Any) -> Any:
        def noted(z: Any) -> Any:
            out = fun(z, *args, **kwargs)
            value_shape.append(np.shape(out))
            return out

        return grad(noted)(y)

    _, pull, _ = pulled(gradient, x)
    if not x.size:
        return np.zeros(x.shape + x.shape if value_shape[0] == () or x.ndim < 2 else (*x.shape, x.shape[-1]), x.dtype)
    if value_shape[0] == () or x.ndim < 2:
        rows = pull.of_units(np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape))
        return np.stack(rows).reshape(x.shape + x.shape)
    return np.stack(pull.of_units([np.broadcast_to(e, x.shape) for e in np.eye(x.shape[-1], dtype=x.dtype)]), axis=-2)


def elementwise_grad(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function that returns the derivative of each entry of ``fun(x)`` by the entry of `x` in the same place.

    That holds for functions that treat every entry by itself. Where entries interact it returns the gradient of the
    sum of ``fun(x)``: look at :func:`jacobian` when in doubt.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return partial(_elementwise_grad, fun)


def _elementwise_grad(fun: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    x = numeric(x)
    value, pull = vjp(lambda y: fun(y, *args, **kwargs), x)
    if np.shape(value) != x.shape:
        raise ValueError(
            f"elementwise_grad needs a value of the shape of x, {x.shape}, got {np.shape(value)}: use jacobian"
        )
    return _rows(pull, np.ones((1, *x.shape), getattr(value, "dtype", float)), x)[0]


def check_rows(fun: Callable[[Any], Any], x: Any, rng: Any = None) -> bool:
    """Whether `fun` keeps the population contract: row i of the value depends on row i of `x` only.

    Compares a population with its rows one by one, in value and in gradient, so a function that mixes rows, or that
    takes the rows of a population for the coordinates of a point (``x[0]`` where ``x[..., 0]`` is meant), is found.

    Parameters
    ----------
    fun : callable
        Function on the last axis.
    x : array_like, shape (n,) or (m, n)
        A point, around which a population is drawn, or a population.
    rng : None, int, SeedSequence or Generator
        Source of the population.

    Returns
    -------
    bool
        False if rows interact, or if the value does not have one number per row.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.check_rows(lambda x: (x ** 2).sum(-1), np.ones(3)), ad.check_rows(lambda x: (x ** 2).sum(), np.ones(3))
    (True, False)
    """
    x = floating(x)
    if x.ndim == 1:
        x = x + np.random.default_rng(rng).normal(size=(x.size + 2, x.size)).astype(x.dtype)
    weights = np.arange(1, len(x) + 1).astype(x.dtype)
    value, pull = vjp(fun, x)
    if np.shape(value) != x.shape[:-1]:
        return False
    together = pull(weights)
    for i, row in enumerate(x):
        try:
            alone, pull_row = vjp(fun, row)
        except (IndexError, ValueError):
            return False
        if np.shape(alone) != () or not np.allclose(alone, value[i], equal_nan=True):
            return False
        if not np.allclose(pull_row(1.0) * weights[i], together[i], equal_nan=True):
            return False
    return True
