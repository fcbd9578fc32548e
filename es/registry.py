"""Methods by name, imported when somebody asks for them."""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

TABLE: dict[str, str | type] = {  # the name of a class in `es`, text "module:Class", or a class
    "cmaes": "CMAES",
    "cmaes-margin": "MarginCMAES",
    "cat-cmaes": "CatCMAES",
    "cat-cmaes-margin": "CatMarginCMAES",
    "asng": "ASNG",
    "conditional-cmaes": "ConditionalCMAES",
    "lra-cmaes": "LRACMAES",
    "sep-cmaes": "SepCMAES",
    "xnes": "XNES",
    "snes": "SNES",
    "nes": "NES",
    "r1nes": "R1NES",
    "dxnes-ic": "DXNESIC",
    "crfmnes": "CRFMNES",
    "openai-es": "OpenAIES",
    "pgpe": "PGPE",
    "ars": "ARS",
    "guided-es": "GuidedES",
    "random-search": "RandomSearch",
    "one-plus-one": "OnePlusOne",
    "csa-es": "CSAES",
    "gaussian": "GaussianES",
    "cem": "CEM",
    "ma-es": "MAES",
    "lm-ma-es": "LMMAES",
    "vkd-cmaes": "VkDCMAES",
    "dd-cmaes": "DDCMAES",
    "one-plus-one-cholesky": "OnePlusOneCholesky",
    "lq-cmaes": "LQCMAES",
    "mo-cmaes": "MOCMAES",
    "gp": "GP",
    "auto": "Auto",
    "separable-search": "SeparableSearch",
    "quasi-newton": "QuasiNewton",
    "sgd": "SGD",
    "momentum": "Momentum",
    "nesterov": "Nesterov",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "l-bfgs-b": "LBFGSB",
    "bfgs": "BFGS",
    "cg": "CG",
    "nelder-mead": "NelderMead",
    "powell": "Powell",
    "slsqp": "SLSQP",
    "trust-constr": "TrustConstr",
    "differential-evolution": "DifferentialEvolution",
    "dual-annealing": "DualAnnealing",
}


@dataclass(frozen=True)
class MethodInfo:
    """What a user needs to know to choose a method.

    Attributes
    ----------
    name, summary, paper : str
    cost : str
        Of one iteration, in n and popsize.
    good_for : str
    kind : str
        "strategy", "categorical", "model", "hybrid", "multiobjective", "gradient" or "scipy".
    """

    name: str
    summary: str
    paper: str
    cost: str
    good_for: str
    kind: str


def register(name: str, method: type | str) -> None:
    """Make a method known under a name.

    Parameters
    ----------
    name : str
        Lower case, words joined by hyphens.
    method : class, or text "module:Class"
        Text is imported when the method is asked for.

    Raises
    ------
    ValueError
        If the name is taken by another method.
    """
    if TABLE.get(name, method) != method:
        raise ValueError(f"method {name!r} is taken by {TABLE[name]}: choose another name")
    TABLE[name] = method


def get_method(method: str | type | MethodInfo) -> Any:
    """The class of a method.

    Parameters
    ----------
    method : str, class or MethodInfo
        A class is returned as it is; a MethodInfo is an entry of `methods()`.

    Raises
    ------
    ValueError
        If there is no method of this name; the closest names are given.

    Examples
    --------
    >>> get_method("cmaes").__name__
    'CMAES'
    """
    if isinstance(method, MethodInfo):
        method = method.name
    if not isinstance(method, str):
        return method
    name = method.lower().replace("_", "-")
    if name not in TABLE:
        near = difflib.get_close_matches(name, TABLE, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(TABLE))}"
        raise ValueError(f"method must be a known name or a class, got {method!r}: {hint}")
    entry = TABLE[name]
    if isinstance(entry, str):
        module, _, attribute = entry.rpartition(":")
        entry = TABLE[name] = getattr(importlib.import_module(module or "es"), attribute)
    return entry


class Methods(tuple[MethodInfo, ...]):
    """The entries of `methods()`; ``"cmaes" in es.methods()`` asks for a name."""

    __slots__ = ()

    def __contains__(self, method: object) -> bool:
        return any(method in (info, info.name) for info in self)


def methods() -> Methods:
    """All methods, strategies first, in the order in which they were registered.

    Examples
    --------
    >>> "cmaes" in methods(), "cma" in methods()
    (True, False)
    """
    found = [_describe(name) for name in list(TABLE)]
    order = ["strategy", "categorical", "model", "hybrid", "multiobjective", "gradient", "scipy"]
    return Methods(sorted(found, key=lambda info: order.index(info.kind) if info.kind in order else len(order)))


def _describe(name: str) -> MethodInfo:
    cls = get_method(name)
    summary = (inspect.getdoc(cls) or "").split("\n")[0]
    return MethodInfo(name, summary, *(getattr(cls, key, "") for key in ("paper", "cost", "good_for", "kind")))
