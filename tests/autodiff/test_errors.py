"""Bad input: one sentence that names the cure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import autodiff as ad

X = np.array([0.3, 0.5, 0.9])


def assigns(x: Any) -> Any:
    out = np.zeros(3)
    out[0] = x[0]
    return out.sum()


def assigns_array(x: Any) -> Any:
    out = np.zeros(3)
    out[:] = x
    return out.sum()


def changes(x: Any) -> Any:
    x[0] = 1.0
    return x.sum()


def adds_in_place(x: Any) -> Any:
    out = np.zeros(3)
    out += x
    return out.sum()


@pytest.mark.parametrize(
    ("fun", "error", "text"),
    [
        (assigns, ad.LostGradient, "np.stack, np.concatenate or np.where"),
        (assigns_array, ad.LostGradient, "np.stack or np.concatenate"),
        (changes, TypeError, "in place: build the new value"),
        (adds_in_place, TypeError, "np.add cannot write into out="),
        (lambda x: float(x[0]), ad.LostGradient, r"^float\(\.\.\.\) .*leave it out"),
        (lambda x: math.sin(x[0]), ad.LostGradient, "np.sin, not math.sin"),
        (lambda x: np.array([x[0], x[1]]).sum(), ad.LostGradient, "np.stack"),
        (lambda x: math.fsum(x), ad.LostGradient, r"^math.fsum.*use np.sum"),
        (lambda x: math.lgamma(x[0]), ad.LostGradient, r"^math.lgamma.*autodiff.special.gammaln"),
        (lambda x: np.vectorize(math.sin)(x).sum(), ad.LostGradient, "np.vectorize calls it number by number"),
        (lambda x: np.sum(np.ones(2), initial=x[0]), ad.LostGradient, "np.sum.*initial= takes plain numbers"),
        (lambda x: np.dot([x[0], x[1]], [1.0, 2.0]), ad.LostGradient, r"^np.dot.*autodiff.array"),
        (lambda x: np.array([x[0], None], dtype=object)[0], ad.LostGradient, r"^np.array.*autodiff.array"),
        (lambda x: np.asarray(x).sum(), ad.LostGradient, "autodiff.asarray"),
        (lambda x: scipy.stats.norm.pdf(x).sum(), ad.LostGradient, "detach"),
        (scipy.special.logsumexp, ad.LostGradient, "autodiff.special"),
        (lambda x: x * 2, ValueError, r"got shape \(3,\): reduce it"),
        (lambda x: (x, x), ValueError, "tuple: use jacobian or vjp"),
        (lambda x: None, ValueError, "NoneType"),
        (lambda x: "text", TypeError, "real numbers, got str"),
        (lambda x: np.exp(1j * x)[0], TypeError, "take np.real"),
        (
            lambda x: np.histogram(x)[0].sum(),
            TypeError,
            r"np.histogram has no gradient rule: .*custom_vjp",
        ),
        (lambda x: np.polyfit(x, x, 1, full=True)[0].sum(), TypeError, "np.polyfit has no gradient rule for full="),
        (lambda x: np.sin(x, where=x > 0).sum(), TypeError, "where= use np.where"),
        (lambda x: np.sum(x, out=np.zeros(())), TypeError, "no gradient rule for out="),
        (lambda x: np.sort(x, order="a").sum(), TypeError, "no gradient rule for order="),
        (lambda x: np.pad(x, 1, mode="empty").sum(), TypeError, "mode='empty'"),
        (lambda x: np.linalg.eigh(np.outer(x, x) * (1 + 1j))[1].real.sum(), ValueError, "phases of the vectors"),
        (lambda x: np.linalg.svd(np.diag(x), hermitian=True)[1].sum(), TypeError, "eigh"),
        (lambda x: np.linalg.svd(np.outer(x, x[:2]))[0].sum(), ValueError, "full_matrices=False"),
        (lambda x: np.linalg.qr(np.outer(x, x[:2]), mode="complete")[0].sum(), TypeError, "mode='reduced'"),
        (lambda x: np.copyto(np.zeros(3), x), TypeError, "in place"),
        (lambda x: np.add.at(np.zeros(3), [0, 1, 1], x), TypeError, "np.add.at has no gradient rule"),
        (lambda x: np.hypot.reduce(x), TypeError, "np.hypot.reduce has no gradient rule"),
        (lambda x: scipy.special.jv(x, 1.0).sum(), TypeError, "no derivative in its argument 0"),
        (lambda x: np.linalg.cholesky(np.diag(x) + 0j).real.sum(), TypeError, "complex"),
        (lambda x: np.var(x * 1j).real, TypeError, "complex"),
        (lambda x: np.sign(x * 1j).real.sum(), TypeError, "np.abs"),
        (lambda x: x.sort(), AttributeError, r"np.sort\(x\)"),
        (lambda x: x.fill(0), AttributeError, "detach"),
        (lambda x: x.numpy().sum(), ad.LostGradient, "detach"),
        (lambda x: x.sum().backward(), RuntimeError, "inside grad"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_sentence(fun: Callable[..., Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ad.grad(fun)(X)


def test_inputs() -> None:
    with pytest.raises(TypeError, match="must return real numbers, got complex"):
        ad.grad(np.sum)(X + 1j)
    with pytest.raises(TypeError, match="made of numbers"):
        ad.grad(np.sum)("text")
    with pytest.raises(ValueError, match="one per row, shape"):
        ad.grad(lambda x: x.sum(0))(np.ones((2, 3)))
    with pytest.raises(ValueError, match="must have the shape of the value"):
        ad.vjp(np.sin, X)[1](np.ones(2))
    with pytest.raises(ValueError, match="must have the shape of x"):
        ad.hvp(np.sum)(X, np.ones(2))
    with pytest.raises(ValueError, match="order must be at least 1"):
        ad.check_grads(np.sin, X, order=0)
    with pytest.raises(ValueError, match="jacobian needs"):
        ad.jacobian(lambda x: (x, x))(X)


def test_unknown_keywords_are_refused_everywhere() -> None:
    """No rule swallows a keyword it does not know: what NumPy offers and a rule has not is a TypeError."""
    from autodiff.registry import RULES, TRACED

    for fun in [
        f
        for f in (*RULES, *TRACED)
        if hasattr(f, "__array_function__") or type(f).__name__ == "_ArrayFunctionDispatcher"
    ]:
        with pytest.raises(TypeError):
            fun(ad.tensor(X, requires_grad=True), bogus_keyword=1)
