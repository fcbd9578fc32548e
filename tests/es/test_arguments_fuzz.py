"""Odd values for every argument of the public calls: each ends in a result, or in one sentence that names the argument.

A kind is a pair of an argument and an odd value. It is defined if the call gives a result, or raises a ValueError or a
TypeError of one sentence with the name of the argument in it. `python -m tests.es.test_arguments_fuzz` lists the rest.
"""

from __future__ import annotations

import collections
import itertools
import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint

import es
import problems

ODD = {
    "None": None,
    "str": "abc",
    "empty str": "",
    "bytes": b"x",
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "-1": -1,
    "0": 0,
    "half": 0.5,
    "1e300": 1e300,
    "many digits": 10**400,
    "complex": 1j,
    "True": True,
    "masked array": np.ma.masked_array([1.0, 2.0], [True, False]),
    "masked": np.ma.masked,
    "object array": np.array([1.0, None], dtype=object),
    "strings": np.array(["a", "b"]),
    "three": [1.0, 2.0, 3.0],
    "two axes": [[1.0, 2.0]],
    "three axes": np.ones((1, 1, 2)),
    "empty list": [],
    "empty array": np.zeros((0, 2)),
    "dict": {"a": 1},
    "empty dict": {},
    "list of lists": [[1.0], [2.0]],
    "ragged": [[1.0, 2.0], [3.0]],
    "0-d array": np.array(2.0),
    "0-d object": np.array(None),
    "array with nan": [1.0, np.nan],
    "array with inf": [1.0, np.inf],
    "complex array": [1j, 2.0],
    "huge array": [1e300, 1e300],
    "tiny": 5e-324,
    "set": {1, 2},
    "object": object(),
    "class": int,
    "function": len,
    "fraction": Fraction(1, 3),
    "datetime": np.datetime64("2020-01-01"),
    "float16": np.float16(1.5),
    "range": range(2),
    "generator": "a generator",  # made anew for each call
}


def bowl(x):
    return ((x - 0.3) ** 2).sum()


def bowls(x):
    return ((x - 0.3) ** 2).sum(-1)


def of_dict(p):
    return float(p["a"])


def table(call, arguments, **base):
    """Kinds of a call: its label, the argument, and a function of the odd value."""
    for argument in arguments:
        yield argument, lambda value, argument=argument: call(**(base | {argument: value}))


def option(call, name, **base):
    return name, lambda value: call(**base, options={name: value})


def tell(value, argument):
    opt = es.CMAES([1.0, 1.0], 1.0, rng=1)
    x = opt.ask()
    opt.tell(**({"x": x, "f": bowls(x)} | {argument: value}))


def ask(value):
    return es.CMAES([1.0, 1.0], 1.0, rng=1).ask(value)


def linear(value, side):
    return es.minimize(
        bowl, [1.0, 1.0], maxfevals=8, constraints=NonlinearConstraint(sum, **({"lb": 0, "ub": 9} | {side: value}))
    )


class Sentence(ValueError):
    """Of SciPy's own constructors, which are not ours to judge."""


def scipy_made(make, use):
    def call(value):
        try:
            made = make(value)
        except Exception as error:
            raise Sentence(f"{use}: not made") from error
        return es.minimize(bowl, [1.0, 1.0], maxfevals=8, **{use: made})

    return call


MINIMIZE = [
    "fun",
    "x0",
    "method",
    "sigma0",
    "bounds",
    "constraints",
    "integrality",
    "jac",
    "vectorized",
    "maxfevals",
    "maxiter",
    "maxtime",
    "ftarget",
    "restarts",
    "popsize",
    "workers",
    "callback",
    "progress",
    "on_error",
    "timeout",
    "rng",
    "options",
]
RUNS = [
    "fun",
    "x0",
    "runs",
    "method",
    "sigma0",
    "bounds",
    "jac",
    "vectorized",
    "maxfevals",
    "maxiter",
    "maxtime",
    "ftarget",
    "restarts",
    "popsize",
    "workers",
    "on_error",
    "keep_trace",
    "rng",
    "options",
]
OPTIONS = {
    "cmaes": ["active", "c1", "cmu", "cc", "cs", "damps", "sampling", "tolx", "tolfun", "noise"],
    "snes": ["tolx"],
    "adam": ["lr"],
    "nelder-mead": ["xatol", "maxfev"],
}
ONE = {"fun": bowl, "x0": [1.0, 1.0], "maxfevals": 8, "rng": 1}
SEVERAL = {"fun": bowls, "x0": [[1.0, 1.0], [2.0, 2.0]], "vectorized": True, "maxfevals": 16, "rng": 1}
CONSTRUCTORS = [es.CMAES, es.SNES, es.OpenAIES, es.Adam, es.NelderMead, es.MarginCMAES, es.OnePlusOne]


def kinds():
    """Every call: label, argument, function of the odd value."""
    for argument, call in table(es.minimize, MINIMIZE, **ONE):
        yield "minimize", argument, call
    for method in ("adam", "nelder-mead", "l-bfgs-b"):
        for argument, call in table(es.minimize, ["x0", "sigma0", "bounds", "popsize"], method=method, **ONE):
            yield f"minimize {method}", argument, call
    for argument, call in table(es.minimize_runs, RUNS, **SEVERAL):
        yield "minimize_runs", argument, call
    for method, names in OPTIONS.items():
        known = es.run.arguments.constructor_arguments(es.get_method(method)) | {"tolx", "tolfun", "noise"}
        for name in known & set(names):
            yield f"options of {method}", *option(es.minimize, name, **ONE, method=method)
    for cls in CONSTRUCTORS:
        for argument, call in table(cls, ["x0", "sigma0", "bounds", "popsize", "rng", "stop"], x0=[1.0, 1.0], rng=1):
            yield cls.__name__, argument, call
    yield "ask", "k", ask
    for argument in ("x", "f", "g", "rank_by", "feasible"):
        yield "tell", argument, lambda value, argument=argument: tell(value, argument)
    for side in ("lb", "ub"):
        yield "constraint", side, lambda value, side=side: linear(value, side)
    yield "constraint", "A", scipy_made(lambda value: LinearConstraint(value, 0, 9), "constraints")
    yield "bounds", "bounds", scipy_made(lambda value: Bounds(value, 9), "bounds")
    for cls in (es.Linear, es.Log, es.Integer):
        for argument, call in table(cls, ["low", "high", "init"], low=1, high=9):
            yield cls.__name__, argument, call
    yield "Choice", "init", lambda value: es.Choice("a", "b", init=value)
    yield "Space", "parameter", lambda value: es.Space(a=value)
    yield "Space", "Space", lambda value: es.Space(value)
    space = es.Space(a=(0, 1))
    yield "Space", "integrality", lambda value: es.minimize(of_dict, space, integrality=value, maxfevals=8)
    yield "Space", "values", lambda value: space.encode(value)
    yield "Space", "value", lambda value: space.encode({"a": value})
    yield "Objective", "fun", lambda value: problems.Objective(value, 2)
    for argument, call in table(problems.Objective, ["n", "jac", "bounds", "sigma0", "vectorized"], fun=bowl):
        yield "Objective", argument, call
    yield "Objective", "x", lambda value: problems.Objective(bowl, 2)(value)
    for argument in ("n", "rotated"):
        yield "get", argument, lambda value, a=argument: problems.get("rosenbrock", **({"n": 2} | {a: value}))
    yield "get", "name", lambda value: problems.get(value)


KINDS = [(label, argument, call, odd) for (label, argument, call), odd in itertools.product(kinds(), ODD)]
# What an argument may be called in a sentence beside its own name.
NAMES = {
    "constraints": "constraint", "A": "constraint", "lb": "constraint", "ub": "constraint", "low": "limit",
    "high": "limit", "value": "a value of|limit", "init": "a value of", "Space": "parameter", "fun": "values?",
    "name": "problem", "f": "values?",
}  # fmt: skip


def fate(argument, call, value):
    """How a call ends: "result", "sentence", or what is wrong with its end."""
    if isinstance(value, str) and value == "a generator":
        value = (number for number in [1.0, 2.0])
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            call(value)
    except (ValueError, TypeError) as error:
        text = str(error)
        if isinstance(error, Sentence):
            return "not made"
        if not re.search(rf"\b({argument}|{NAMES.get(argument, argument)})\b", text):
            return f"{type(error).__name__} without the name: {text[:150]}"
        return "sentence" if "\n" not in text else f"{type(error).__name__} of several lines: {text[:150]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    return "result"


def rest(kinds=KINDS):
    """(number of kinds, share that is defined, what is not)."""
    left, number = [], 0
    for label, argument, call, odd in kinds:
        end = fate(argument, call, ODD[odd])
        number += end != "not made"
        if end not in ("result", "sentence", "not made"):
            left.append(f"{label}({argument}={odd}): {end}")
    return number, 1 - len(left) / number, left


@pytest.mark.heavy
def test_odd_values_end_in_a_result_or_in_one_sentence():
    number, share, left = rest()
    assert number >= 1000
    assert share >= 0.99, "\n".join(left)


# Small and huge ones only: sizes between take gigabytes, as they must.
NUMBERS = st.integers(-99, 99) | st.integers(2**62) | st.integers(max_value=-(2**62)) | st.floats(-99, 99)
NUMBERS |= st.floats(1e20) | st.just(np.nan)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
SLOW = {("minimize", "workers"), ("minimize_runs", "workers"), ("minimize_runs", "runs"), ("minimize", "timeout")}
CHEAP = [kind for kind in kinds() if kind[:2] not in SLOW]


@pytest.mark.heavy
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(range(len(CHEAP))), value=ANYTHING)
def test_anything_ends_in_a_result_or_in_one_sentence(kind, value):
    label, argument, call = CHEAP[kind]
    assert fate(argument, call, value) in ("result", "sentence", "not made"), (label, argument, value)


if __name__ == "__main__":
    number, share, left = rest()
    print("\n".join(left))
    print(f"{number} kinds, {share:.1%} defined; left by argument:")
    for name, number in collections.Counter(line.split("=")[0] for line in left).most_common():
        print(f"  {number:4d} {name}")
