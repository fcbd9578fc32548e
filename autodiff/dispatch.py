"""Which way a call of NumPy that met a tensor takes: a rule, functions that have one, plain numbers, or an error."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from autodiff.foreign import refuse_masked
from autodiff.operators import Operators, value_of
from autodiff.recording import record
from autodiff.registry import CHECKED, CONSTANT, RULES, TRACED

WHOLE: dict[tuple[str, Any], Any] = {
    ("reduce", np.add): np.sum, ("reduce", np.multiply): np.prod, ("reduce", np.maximum): np.max,
    ("reduce", np.minimum): np.min, ("accumulate", np.add): np.cumsum, ("accumulate", np.multiply): np.cumprod,
}  # fmt: skip
"""Methods of ufuncs that are functions of their own."""

USUAL_WORDS: dict[str, Any] = {"where": True, "dtype": None, "signature": None, "subok": True}


def call_ufunc(ufunc: Any, call: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``ufunc(...)`` with keywords, ``ufunc.reduce(...)`` and the like."""
    if any(a is not None for a in kwargs.get("out", ())):
        raise TypeError(
            f"{name_of(ufunc)} cannot write into out= (or by an operator such as a += x) when an argument is traced:"
            " use the value that it returns (a = a + x)"
        )
    kwargs = {k: v for k, v in kwargs.items() if k != "out" and not (k in USUAL_WORDS and v is USUAL_WORDS[k])}
    if ufunc in TRACED and call == "__call__":
        return TRACED[ufunc](*inputs, **kwargs)
    if ufunc in CONSTANT:
        return getattr(ufunc, call)(*[value_of(a) for a in inputs], **kwargs)
    if (whole := WHOLE.get((call, ufunc))) is not None:
        return whole(inputs[0], **({"axis": 0} | kwargs))
    if call == "outer" and not kwargs:
        a, b = inputs
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b)
    if call != "__call__":
        raise TypeError(f"{name_of(ufunc)}.{call} has no gradient rule: {CURE}")
    if kwargs:
        words = ", ".join(kwargs)
        raise TypeError(f"{name_of(ufunc)} has no gradient rule for {words}=: leave it out (for where= use np.where)")
    if ufunc not in RULES:
        raise TypeError(f"{name_of(ufunc)} has no gradient rule: {CURE}")
    return record(ufunc, inputs, kwargs)


IN_PLACE = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
CURE = (
    "write it with functions that have one, give it one with autodiff.custom_vjp,"
    " or pass x.detach() if no gradient should flow"
)


def call_function(fun: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``fun(*args, **kwargs)`` for a NumPy function that is no ufunc."""
    if fun in CONSTANT:
        return fun(*map(deep_value, args), **{k: deep_value(v) for k, v in kwargs.items()})
    refuse_masked(args)
    if fun in IN_PLACE:
        raise TypeError(
            f"{name_of(fun)} changes an array in place, which has no gradient:"
            " use np.where, np.concatenate, np.stack or np.diag"
        )
    if fun not in TRACED and fun not in RULES:
        raise TypeError(f"{name_of(fun)} has no gradient rule: {CURE}")
    if kwargs:
        refuse_masked(kwargs.values())
        if kwargs.get("out", 0) is None:
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        names = parameters(fun)
        unknown = [k for k in kwargs if k not in names]
        if unknown and "options" not in names:
            raise TypeError(
                f"{name_of(fun)} has no gradient rule for {', '.join(unknown)}=, only for {', '.join(names)}:"
                " leave it out, or do it to the result with functions that have a rule"
            )
    if fun in CHECKED:
        fun(*map(deep_value, args), **{k: deep_value(v) for k, v in kwargs.items()})
    if fun in TRACED:
        return TRACED[fun](*args, **kwargs)
    if any(isinstance(v, Operators) for v in kwargs.values()):  # np.sum(a=x): bring tensors into their positions
        args = list(args)
        for name in parameters(fun)[len(args) :]:
            if name not in kwargs:
                break
            args.append(kwargs.pop(name))
    return record(fun, args, kwargs)


@cache
def parameters(fun: Any) -> tuple[str, ...]:
    """The arguments that the rule of `fun` knows."""
    if fun in TRACED:
        return tuple(inspect.signature(TRACED[fun]).parameters)
    maker = next(m for m in RULES[fun] if m is not None)
    return tuple(inspect.signature(maker).parameters)[1:]


def name_of(fun: Any) -> str:
    """``np.linalg.solve`` and the like, for messages."""
    name = str(fun.__name__)
    if isinstance(fun, np.ufunc):
        if hasattr(np, name):
            return f"np.{name}"
        return name if "vectorized" in name else f"scipy.special.{name}"
    return f"{fun.__module__}.{name}".replace("numpy", "np")


def refuse_traced(a: Any, fun: str, name: str) -> None:
    """Raise if the option `name` of `fun` is traced, for which there is no derivative."""
    if isinstance(a, Operators):
        raise TypeError(f"{fun} has no derivative in {name}: pass a plain number there, e.g. {name}=x.detach()")


def deep_value(a: Any) -> Any:
    """As `value_of`, also inside lists and tuples."""
    if type(a) in (list, tuple):
        return type(a)(deep_value(b) for b in a)
    return value_of(a)
