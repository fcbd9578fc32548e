"""Differentiable solutions of ordinary differential equations, as :mod:`scipy.integrate` gives them.

SciPy chooses the steps, on plain numbers; then the accepted steps are taken again on tensors, each an explicit
Runge-Kutta step. The gradient is that of the numbers which the solver computes ("discretise, then optimise"), exact for
given steps: with respect to the initial state, the parameters in `args` or in the closure of `fun`, and the times.
Derivatives of every order follow. Memory grows with the number of steps; :func:`autodiff.checkpoint` around pieces of
the time span reduces it.

Reference: E. Hairer, S. Norsett & G. Wanner 1993, Solving Ordinary Differential Equations I.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import integrate
>>> decay = lambda k: integrate.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], rtol=1e-9, atol=1e-9).y[0, -1]
>>> round(float(ad.grad(decay)(2.0)), 6), round(float(-np.exp(-2)), 6)
(-0.135335, -0.135335)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
from scipy.optimize import OptimizeResult

from autodiff.exits import LostGradient
from autodiff.operators import value_of
from autodiff.tensor import Tensor, asarray

__all__ = ["cumulative_trapezoid", "odeint", "simpson", "solve_ivp", "trapezoid"]

METHODS: dict[str, Any] = {
    "RK23": scipy.integrate.RK23, "RK45": scipy.integrate.RK45, "DOP853": scipy.integrate.DOP853
}  # fmt: skip


def runge_kutta(fun: Callable[..., Any], t: Any, y: Any, step: Any, method: Any) -> Any:
    """One explicit step of the method with the table (A, B, C)."""
    slopes: list[Any] = []
    for a, c in zip(method.A, method.C, strict=True):
        moved = y
        for weight, slope in zip(a.tolist(), slopes, strict=False):
            if weight:
                moved = moved + (step * weight) * slope
        slopes.append(fun(t + float(c) * step, moved))
    for weight, slope in zip(method.B.tolist(), slopes, strict=False):
        if weight:
            y = y + (step * weight) * slope
    return y


def _plain(fun: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda t, y: np.asarray(value_of(fun(t, y)), dtype=float)


def _segment(fun: Any, start: Any, end: Any, y: Any, method: Any, options: dict[str, Any]) -> tuple[Any, int, str]:
    """The state at `end`, the number of evaluations, and what went wrong."""
    t0, t1 = float(value_of(start)), float(value_of(end))
    if t0 == t1:
        return y, 0, ""
    solver = method(_plain(fun), t0, np.array(value_of(y), dtype=float), t1, **options)
    times = [t0]
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            return y, solver.nfev, message or "the solver failed"
        times.append(solver.t)
    span = end - start
    for before, after in itertools.pairwise(times):  # as parts of the span, which may be traced
        a, b = (before - t0) / (t1 - t0), (after - t0) / (t1 - t0)
        y = runge_kutta(fun, start + a * span, y, (b - a) * span, method)
    return y, solver.nfev, ""


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: Any,
    method: str = "RK45",
    t_eval: Any = None,
    args: Any = None,
    **options: Any,
) -> Any:
    """Solve dy/dt = fun(t, y, *args); see :func:`scipy.integrate.solve_ivp`.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)``, the derivative of the state, an array or a list of numbers.
    t_span : pair of float
        Beginning and end.
    y0 : array_like, shape (n,)
        State at the beginning.
    method : str
        'RK45', 'RK23' or 'DOP853'. Implicit methods have no gradient here.
    t_eval : array_like, optional
        Times at which to give the solution: the solver steps onto each of them. By default beginning and end only.
    args : tuple, optional
        Further arguments of `fun`.
    **options
        ``rtol, atol, first_step, max_step`` as in SciPy.

    Returns
    -------
    OptimizeResult
        With t, y (shape (n, number of times)), nfev, status, message and success.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)} to be differentiated, got {method!r}")
    unknown = set(options) - {"rtol", "atol", "first_step", "max_step"}
    if unknown:
        raise TypeError(f"solve_ivp has no gradient for {', '.join(sorted(unknown))}=: leave it out")
    further = () if args is None else tuple(args)

    def slope(t: Any, y: Any) -> Any:
        return _as_vector(fun(t, y, *further))

    start, end = t_span
    y = asarray(y0) * 1.0
    if y.ndim != 1:
        raise ValueError(f"y0 must be a vector, got shape {y.shape}")
    times = [start, end] if t_eval is None else [asarray(t_eval)[i] for i in range(len(t_eval))]
    states, kept, nfev, here, fault = [], [], 0, start, ""
    for time in times:
        y, evaluations, fault = _segment(slope, here, time, y, METHODS[method], options)
        nfev += evaluations
        if fault:
            break
        states.append(y)
        kept.append(time)
        here = time
    result: Any = OptimizeResult  # SciPy's own class is private
    return result(
        t=_joined(kept),
        y=np.stack(states, axis=-1) if states else np.empty((len(y), 0)),
        nfev=nfev,
        status=-1 if fault else 0,
        message=fault or "The solver successfully reached the end of the integration interval.",
        success=not fault,
    )


def _as_vector(dy: Any) -> Any:
    if isinstance(dy, (list, tuple)):
        return np.stack([asarray(d) * 1.0 for d in dy])
    try:
        return np.reshape(asarray(dy), -1) * 1.0
    except LostGradient as error:
        raise LostGradient("fun must return a tensor, or a list of numbers: build it with np.stack") from error


def _joined(times: list[Any]) -> Any:
    if any(type(time) is Tensor for time in times):
        return np.stack([asarray(time) * 1.0 for time in times])
    return np.array(times, dtype=float)


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    tfirst: bool = False,
    rtol: float | None = None,
    atol: Any = None,
) -> Any:
    """Solution of dy/dt = func(y, t, *args) at the times `t`, shape (len(t), n); see :func:`scipy.integrate.odeint`.

    It is computed by the explicit method DOP853, so that stiff equations take many steps, to the tolerances that
    ``odeint`` has by default.
    """

    def fun(time: Any, y: Any) -> Any:
        return func(time, y, *args) if tfirst else func(y, time, *args)

    given = {"rtol": rtol, "atol": atol}
    tolerances = {name: 1.49012e-8 if value is None else value for name, value in given.items()}
    result = solve_ivp(fun, (asarray(t)[0], asarray(t)[-1]), np.atleast_1d(asarray(y0)), "DOP853", t, **tolerances)
    if not result.success:
        raise RuntimeError(f"odeint: {result.message}")
    return result.y.T


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral by the trapezoidal rule; see :func:`scipy.integrate.trapezoid`."""
    return np.trapezoid(asarray(y), None if x is None else asarray(x), dx, axis)


def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: float | None = None) -> Any:
    """Running integral by the trapezoidal rule; see :func:`scipy.integrate.cumulative_trapezoid`."""
    y = np.moveaxis(asarray(y), axis, -1)
    steps: Any = dx
    if x is not None:
        x = asarray(x)
        steps = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1), axis=-1)
    out = np.cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)
    if initial is not None:
        out = np.concatenate([np.full((*out.shape[:-1], 1), initial, out.dtype), out], axis=-1)
    return np.moveaxis(out, -1, axis)


def simpson(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral by Simpson's rule; see :func:`scipy.integrate.simpson`. Linear in `y`; `x` is constant."""
    y = np.moveaxis(asarray(y), axis, -1)
    n = y.shape[-1]
    x = None if x is None else np.asarray(x)
    if x is not None and x.ndim > 1:
        x = np.moveaxis(x, axis, -1)
        if type(y) is Tensor:
            raise ValueError(f"simpson needs x of one axis to be differentiated, got {x.ndim}")
        return scipy.integrate.simpson(y, x=x, axis=-1)
    weights = scipy.integrate.simpson(np.eye(n), x=x, dx=1.0, axis=-1)
    return np.sum(y * weights.astype(y.dtype), axis=-1) * (1.0 if x is not None else dx)
