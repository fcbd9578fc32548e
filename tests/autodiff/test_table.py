"""The tests are tested: every rule and keyword has a case, and a corrupted rule is found."""

from __future__ import annotations

import inspect
import operator
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import special as sc

import autodiff as ad
from autodiff.dispatch import parameters
from autodiff.registry import CONSTANT, RULES, TRACED
from autodiff.rules.factorisations import _of_equal
from autodiff.rules.linalg import cofactors
from autodiff.rules.spectra import of_cotangent, of_eigenvalues, of_singular_values
from autodiff.tensor import Tensor
from autodiff.tree import leaves
from tests.autodiff.cases import CASES, Case

OTHER_ROOMS = ("autodiff.nn", "autodiff.scipy", "autodiff.conv", "autodiff.pool")


def history(case: Case) -> Iterator[Any]:
    """All nodes that a case makes."""
    out = case.call(*[ad.tensor(x, requires_grad=True) for x in case.variables()])
    nodes = [t.node for t in leaves(out) if type(t) is Tensor and t.node is not None]
    seen = set(nodes)
    for node in nodes:
        yield node
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)


def test_every_rule_has_a_case() -> None:
    most: dict[Any, int] = defaultdict(int)
    for case in CASES:
        for node in history(case):
            if not isinstance(node.op, str):
                most[node.op] = max(most[node.op], len(node.parents))
    named = {case.of for case in CASES}
    ours = [f for f in RULES if not str(getattr(f, "__module__", "")).startswith(OTHER_ROOMS)]
    for fun in (_of_equal, of_eigenvalues, of_singular_values, of_cotangent, cofactors):  # test_repeated_values.py
        ours.remove(fun)
    assert [f.__name__ for f in ours if f not in most and f not in TRACED] == []
    assert [f.__name__ for f in TRACED if f not in named] == []
    # and a case in which all its arguments are traced
    several = [f for f in ours if f in most and most[f] < sum(m is not None for m in RULES[f])]
    assert [f.__name__ for f in several] == []


def test_every_keyword_has_a_case() -> None:
    used: dict[Any, set[str]] = defaultdict(set)
    for case in CASES:
        used[case.of] |= set(case.keywords)
        try:
            names = list(inspect.signature(case.of).parameters)
        except (TypeError, ValueError):
            names = list(parameters(case.of)) if case.of in RULES or case.of in TRACED else []
        used[case.of] |= set(names[: len(case.inputs)])
    inside_lambda = {np.average, np.take_along_axis, np.select, np.unique, np.full_like, np.modf,
        np.divmod, np.angle, np.linalg.eigh, np.linalg.svd, np.concatenate, np.stack, np.append,
        np.meshgrid, np.amax, np.amin, np.full, np.array, np.asarray, np.asanyarray, np.polyfit,
        np.vstack, np.hstack}  # fmt: skip
    missing = {}
    for fun in (*RULES, *TRACED):
        if fun in inside_lambda or isinstance(fun, np.ufunc) or not callable(fun) or fun is operator.getitem:
            continue
        if (
            str(getattr(fun, "__module__", "")).startswith("autodiff")
            or "fft" in fun.__module__
            or fun.__name__.startswith("nan")
        ):
            continue
        options = [
            k
            for k in parameters(fun)
            if k not in used[fun] and k not in ("args", "options", "arrays", "operands", "varargs", "xi")
        ]
        if options:
            missing[fun.__name__] = options
    assert missing == {}


def test_no_rule_takes_keywords_it_does_not_name() -> None:
    for fun in RULES:
        for maker in RULES[fun]:
            if maker is not None:
                kinds = {p.kind for p in inspect.signature(maker).parameters.values()}
                assert inspect.Parameter.VAR_KEYWORD not in kinds, fun


def test_tables_do_not_overlap() -> None:
    assert [f for f in CONSTANT if f in RULES or f in TRACED] == []


def corrupted(maker: Callable[..., Any], how: Callable[[Any], Any]) -> Callable[..., Any]:
    def bad(*args: Any, **kwargs: Any) -> Any:
        vjp = maker(*args, **kwargs)

        def wrong(g: Any) -> Any:
            d = vjp(g)
            if hasattr(d, "g"):  # a scatter
                d.g = how(d.g)
                return d
            return how(d)

        return wrong

    return bad


SAMPLE = [
    (np.multiply, 0), (np.multiply, 1), (np.true_divide, 1), (np.subtract, 1), (np.power, 0), (np.power,
    1), (np.tanh, 0), (np.exp, 0), (np.logaddexp, 0), (np.arctan2, 1), (np.sum, 0), (np.mean, 0),
    (np.prod, 0), (np.max, 0), (np.var, 0), (np.std, 0), (np.cumsum, 0), (np.cumprod, 0), (np.reshape,
    0), (np.transpose, 0), (np.roll, 0), (np.where, 1), (np.take, 0), (operator.getitem, 0), (np.matmul,
    0), (np.matmul, 1), (np.linalg.solve, 0), (np.linalg.inv, 0), (np.linalg.det, 0), (np.fft.rfft, 0),
    (np.fft.irfft, 0), (sc.expit, 0), (sc.gammaln, 0), (sc.xlogy, 1), (sc.log_ndtr, 0),
]  # fmt: skip


@pytest.mark.parametrize(("fun", "argument"), SAMPLE, ids=lambda v: getattr(v, "__name__", str(v)))
@pytest.mark.parametrize("how", [lambda d: d * 1.001, lambda d: -d], ids=["scaled", "negated"])
def test_a_corrupted_rule_is_found(fun: Any, argument: int, how: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    makers = list(RULES[fun])
    makers[argument] = corrupted(makers[argument], how)
    needed = 2 if argument == 1 and fun is not np.where else 1
    cases = [c for c in CASES if any(n.op is fun and len(n.parents) >= needed for n in history(c))]
    cases = sorted(cases, key=lambda c: c.of is not fun)[:3]
    assert cases
    monkeypatch.setitem(RULES, fun, tuple(makers))
    found = 0
    for case in cases:
        try:
            ad.check_grads(case.call, *case.variables())
        except AssertionError:
            found += 1
    assert found > 0
