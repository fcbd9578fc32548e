"""Messages name the call that was made and one cure; every name that a message gives exists."""

from __future__ import annotations

import ast
import cmath
import contextlib
import importlib
import math
import re
import statistics
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.spatial.distance
import scipy.special
import scipy.stats

import autodiff as ad
from autodiff.cures import cure_of

X = np.array([0.5, -1.25, 2.0])
NAME = re.compile(r"(?<![\w.])(?:np|autodiff|scipy|es)(?:\.[A-Za-z_]\w*)+")


def exists(name: str) -> bool:
    """Whether a dotted name stands for something."""
    first, *rest = name.split(".")
    path = {"np": "numpy"}.get(first, first)
    found: Any = importlib.import_module(path)
    for part in rest:
        path = f"{path}.{part}"
        try:  # a module first: autodiff.tensor is a function too
            found = importlib.import_module(path)
        except ImportError:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
    return True


def texts(tree: ast.AST) -> Iterator[str]:
    """All strings of a file; parts of formatted ones that end within a name are left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.Constant):
                    yield re.sub(r"[\w.]+\.$", "", str(part.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"[\w.]+\.$", "", node.value)


FILES = sorted((Path(ad.__file__).parent).rglob("*.py"))


def test_every_name_in_the_texts_exists() -> None:
    named = {
        (file.name, name)
        for file in FILES
        for text in texts(ast.parse(file.read_text()))
        for name in NAME.findall(text)
        if not re.fullmatch(r"autodiff(\.\w+)*\.(svg|png|py)", name)
    }
    assert len(named) > 150
    assert [pair for pair in sorted(named) if not exists(pair[1])] == []


MODULES = [
    "math",
    "cmath",
    "statistics",
    "random",
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.random",
    "numpy.lib",
    "scipy.special",
    "scipy.linalg",
    "scipy.stats",
    "scipy.signal",
    "scipy.fft",
    "scipy.fftpack",
    "scipy.ndimage",
    "scipy.integrate",
    "scipy.optimize",
    "scipy.interpolate",
    "scipy.sparse",
    "scipy.sparse.linalg",
    "scipy.spatial",
    "scipy.spatial.distance",
    "struct",
    "array",
    "decimal",
    "fractions",
    "builtins",
]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_every_cure_exists(module: str) -> None:
    """For whatever function of these modules fails."""
    room = importlib.import_module(module)
    written = module.replace("numpy", "np")
    for name in dir(room):
        fun = getattr(room, name)
        if name.startswith("_") or not callable(fun) or (isinstance(fun, type) and issubclass(fun, Exception)):
            continue
        call = f"{written}.{name}"
        cure = cure_of(fun, call, set())
        missing = [n for n in NAME.findall(cure) if n != call and not exists(n)]
        assert missing == [], (call, cure)


def assigns(x: Any) -> Any:
    out = np.zeros(3)
    out[0] = x[0]
    return out.sum()


def assigns_rows(x: Any) -> Any:
    out = np.zeros((2, 3))
    out[1, :] = x * 2
    return out.sum()


CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a[0] =": (assigns, r"^out\[0\] = x in a plain array.*make out in one piece with np.stack"),
    "a[1, :] =": (assigns_rows, r"^out\[1, :\] = x in a plain array.*np.stack or np.concatenate"),
    "%": (lambda x: float("%g" % x[0]), r"^'%g' % x .*write x.detach\(\) there"),  # noqa: UP031
    "a list": (lambda x: np.ones(2) * [x[0], x[1]], r"^np.ones\(2\) \* \[x\[0\], x\[1\]\].*autodiff.array"),
    "comb": (lambda x: math.comb(x[2], 1), r"^math.comb\(...\).*use autodiff.special.binom"),
    "dist": (lambda x: math.dist(x, x), r"^math.dist.*np.linalg.norm"),
    "cmath": (lambda x: cmath.phase(x[0]), r"^cmath.phase.*np.angle"),
    "statistics": (lambda x: statistics.mean(x), r"^statistics.mean.*use np.mean"),
    "stdev": (lambda x: statistics.stdev(x), r"^statistics.stdev.*np.std\(x, ddof=1\)"),
    "norm.pdf": (lambda x: scipy.stats.norm.pdf(x), r"^scipy.stats.norm.pdf.*take autodiff.scipy.stats.norm,"),
    "frozen": (
        lambda x: scipy.stats.norm(x[0]).logpdf(0.0),
        r"scipy.stats.norm\(x\[0\]\).logpdf.*autodiff.scipy.stats",
    ),
    "multivariate": (
        lambda x: scipy.stats.multivariate_normal.logpdf(x, np.zeros(3)),
        r"^scipy.stats.multivariate_normal.logpdf.*take autodiff.scipy.stats.multivariate_normal,",
    ),
    "no such distribution": (lambda x: scipy.stats.gumbel_r.pdf(x), r"^scipy.stats.gumbel_r.pdf.*autodiff.custom_vjp"),
    "zscore": (lambda x: scipy.stats.zscore(x), r"^scipy.stats.zscore.*np.mean\(x\)"),
    "expm": (lambda x: scipy.linalg.expm(np.diag(x)), r"^scipy.linalg.expm.*take autodiff.scipy.linalg.expm,"),
    "comb of SciPy": (lambda x: scipy.special.comb(x[2], 1), r"^scipy.special.comb.*autodiff.special.binom"),
    "cdist": (lambda x: scipy.spatial.distance.cdist(x[:, None], x[:, None]), r"cdist.*np.linalg.norm\(a"),
    "brentq": (lambda x: scipy.optimize.brentq(lambda t: t - x[0], -3, 3), r"^scipy.optimize.brentq.*custom_vjp"),
    "fsolve": (lambda x: scipy.optimize.fsolve(lambda t: t - x[0], 0.0), r"^scipy.optimize.fsolve.*custom_vjp"),
    "struct": (lambda x: struct.pack("d", x[0]), r"^struct.pack.*x.detach"),
    "generator": (lambda x: np.random.default_rng(0).normal(x[0]), r"default_rng\(0\).normal.*loc \+ scale"),
    "legacy": (lambda x: np.random.normal(x[0]), r"^np.random.normal.*loc \+ scale"),  # noqa: NPY002
    "norm of a list": (lambda x: np.linalg.norm([x[0], x[1]]), r"^np.linalg.norm.*np.linalg.norm\(autodiff.array"),
    "full": (lambda x: np.full(3, x[0]), r"^np.full.*use autodiff.full$"),
    "arange": (lambda x: np.arange(x[0]), r"^np.arange.*plain numbers"),
    "method": (lambda x: np.ones(3).dot(x), r"^np.ones\(3\).dot.*use np.dot\(array, x\)"),
    "fill": (lambda x: np.ones(3).fill(x[0]), r"fill.*autodiff.full"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_the_call_and_its_cure(name: str) -> None:
    fun, text = CALLS[name]
    with pytest.raises((ad.LostGradient, TypeError), match=text) as caught:
        ad.grad(lambda x: np.sum(fun(x)))(X)
    assert len(str(caught.value)) < 330


def test_an_error_after_a_caught_one_is_itself() -> None:
    def f(x: Any) -> Any:
        with contextlib.suppress(ad.LostGradient):
            float(x[0])
        raise ValueError("something else")

    with pytest.raises(ValueError, match=r"^something else$"):
        ad.grad(f)(X)

    def g(x: Any) -> Any:
        raise TypeError("my Tensor is none")  # the program's own words

    with pytest.raises(TypeError, match="my Tensor is none"):
        ad.grad(g)(X)
