"""What to write in place of a call that knows nothing of tensors: one cure for each, looked up when it has failed."""

from __future__ import annotations

import importlib
import random
from types import ModuleType
from typing import Any

import numpy as np

OF_MATH = {
    "acos": "np.arccos", "acosh": "np.arccosh", "asin": "np.arcsin", "asinh": "np.arcsinh", "atan": "np.arctan",
    "atan2": "np.arctan2", "atanh": "np.arctanh", "comb": "autodiff.special.binom", "dist": "np.linalg.norm(p - q)",
    "erf": "autodiff.special.erf", "erfc": "autodiff.special.erfc", "factorial": "autodiff.special.gamma(n + 1)",
    "fma": "x * y + z", "fsum": "np.sum", "gamma": "autodiff.special.gamma", "lgamma": "autodiff.special.gammaln",
    "perm": "autodiff.special.poch(n - k + 1, k)", "phase": "np.angle", "polar": "np.abs and np.angle",
    "pow": "np.power", "rect": "r * np.exp(1j * phi)", "remainder": "x - y * np.round(x / y)", "sumprod": "np.dot",
    "ulp": "np.spacing", "hypot": "np.hypot, or np.linalg.norm of a vector", "isinf": "np.isinf",
}  # fmt: skip
"""Functions of `math` and `cmath` that NumPy calls otherwise."""

OF_STATISTICS = {
    "mean": "np.mean", "fmean": "np.mean", "median": "np.median", "stdev": "np.std(x, ddof=1)", "pstdev": "np.std",
    "variance": "np.var(x, ddof=1)", "pvariance": "np.var", "correlation": "np.corrcoef", "covariance": "np.cov",
    "linear_regression": "np.polyfit", "quantiles": "np.quantile", "geometric_mean": "np.exp(np.mean(np.log(x)))",
    "harmonic_mean": "1 / np.mean(1 / x)",
}  # fmt: skip

OF_NUMPY = {
    "array": "use autodiff.array for np.array([...]) (or np.stack), autodiff.asarray for np.asarray",
    "full": "use autodiff.full",
    "arange": "its ends have no gradient: pass plain numbers, e.g. x.detach()",
    "fromiter": "use autodiff.array of a list, or np.stack",
}
OF_NUMPY |= dict.fromkeys(
    ["asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite", "require", "frombuffer"],
    OF_NUMPY["array"],
)

OF_SCIPY = {
    "logm": "autodiff.scipy.linalg.logm", "cdist": "np.linalg.norm(a[:, None] - b, axis=-1)",
    "distance_matrix": "np.linalg.norm(a[:, None] - b, axis=-1)", "euclidean": "np.linalg.norm(u - v)",
    "sqeuclidean": "np.sum((u - v) ** 2)", "cityblock": "np.sum(np.abs(u - v))",
    "interp1d": "np.interp, or autodiff.scipy.ndimage.map_coordinates",
    "comb": "autodiff.special.binom", "factorial": "autodiff.special.gamma(n + 1)",
    "perm": "autodiff.special.poch(n - k + 1, k)", "zscore": "(x - np.mean(x)) / np.std(x)",
    "gmean": "np.exp(np.mean(np.log(x)))", "moment": "np.mean((x - np.mean(x)) ** k)", "entropy":
    "autodiff.special.entr", "quad": "a rule on fixed points, np.polynomial.legendre.leggauss",
}  # fmt: skip

OR_VALUE = ", or x.detach() for the value alone"
RULE_OF_ITS_OWN = (
    "write it with functions that have a rule, give it one with autodiff.custom_vjp, or pass x.detach() if no gradient"
    " should flow"
)
SOLVERS = [
    "bisect", "brenth", "brentq", "curve_fit", "fixed_point", "fsolve", "least_squares", "minimize", "minimize_scalar",
    "newton", "ridder", "root", "root_scalar", "toms748",
]  # fmt: skip
ROOT = (
    "its solution x(p) of F(x, p) = 0 has the derivative -F_x^-1 F_p: solve at p.detach() and give it that by"
    " autodiff.custom_vjp"
)
DRAWS = "draw plain numbers and move them, e.g. loc + scale * rng.standard_normal(size)"


def cure_of(fun: Any, call: str, keywords: set[str | None]) -> str:
    """What to do about a call, written `call`, of `fun` (None: not known)."""
    name, module = str(getattr(fun, "__name__", call.rpartition(".")[2])), str(getattr(fun, "__module__", None) or "")
    owner = getattr(fun, "__self__", None)
    if fun is np.vectorize or isinstance(fun, np.vectorize):
        return "np.vectorize calls it number by number: write it with NumPy functions of the whole array"
    if fun in (float, complex, np.float64, np.float32):
        return "leave it out, or x.detach() for the value alone"
    if module in ("math", "cmath"):
        return f"use {of_math(name)}, not {module}.{name}" if of_math(name) else RULE_OF_ITS_OWN
    if module == "statistics":
        return f"use {OF_STATISTICS[name]}" if name in OF_STATISTICS else RULE_OF_ITS_OWN
    if isinstance(owner, np.random.Generator | np.random.RandomState | random.Random) or "random" in module:
        return DRAWS
    if "initial" in keywords:
        return "initial= takes plain numbers only, bring a traced one in afterwards"
    if module.startswith("numpy") or (isinstance(fun, np.ufunc) and hasattr(np, name)):
        return OF_NUMPY.get(name, f"stack lists of numbers first, {call}(autodiff.array([...]))")
    if module.startswith("scipy") or str(type(fun).__module__).startswith("scipy"):
        return of_scipy(fun, name, module)
    if module.partition(".")[0] in ("torch", "jax"):
        return "PyTorch and JAX bring their own gradients, hand that over as jac=, or write it with NumPy"
    if fun is None and ("rng" in call or "random" in call):
        return DRAWS
    if (fun is None or isinstance(owner, np.ndarray)) and "." in call and hasattr(np.ndarray, name):
        if name in ("fill", "itemset", "put", "setfield"):
            return "make the array in one piece, with autodiff.full, np.where or np.concatenate"
        if hasattr(np, name):
            return f"use np.{name}(array, x), which takes tensors"
    return RULE_OF_ITS_OWN


def of_math(name: str) -> str | None:
    """What stands for a function of `math`."""
    return OF_MATH.get(name) or (f"np.{name}" if hasattr(np, name) else None)


def of_scipy(fun: Any, name: str, module: str) -> str:
    """The counterpart of a function of SciPy, or what else there is."""
    distribution = getattr(fun, "__self__", fun)
    if hasattr(distribution, "dist"):  # frozen
        distribution = distribution.dist
    if str(type(distribution).__module__).startswith("scipy.stats"):
        title = str(getattr(distribution, "name", type(distribution).__name__.removesuffix("_gen")))
        there = _there(f"autodiff.scipy.stats.{title}") if title else None
        return f"take autodiff.scipy.stats.{title}{OR_VALUE}" if there is not None else RULE_OF_ITS_OWN
    room = [*module.split("."), ""][1].replace("fftpack", "fft")
    for place in ("autodiff.special",) if room == "special" else (f"autodiff.scipy.{room}",):
        if _there(f"{place}.{name}") is not None:
            return f"take {place}.{name}{OR_VALUE}"
    if name in OF_SCIPY:
        return f"use {OF_SCIPY[name]}{OR_VALUE}"
    return ROOT if name in SOLVERS else RULE_OF_ITS_OWN


def _there(path: str) -> Any:
    """What a dotted name stands for, None if there is nothing of that name."""
    place, _, name = path.rpartition(".")
    try:
        found: Any = importlib.import_module(place)
    except ImportError:
        return None
    return getattr(found, name, None) if isinstance(found, ModuleType) else None
