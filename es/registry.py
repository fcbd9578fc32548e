"""Methods by name, imported when somebody asks for them."""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

TABLE: dict[str, str | type] = {
    "cmaes": "es.cmaes:CMAES",
    "cmaes-margin": "es.integers:MarginCMAES",
    "lra-cmaes": "es.lra:LRACMAES",
    "sep-cmaes": "es.sepcmaes:SepCMAES",
    "xnes": "es.xnes:XNES",
    "snes": "es.snes:SNES",
    "nes": "es.nes:NES",
    "r1nes": "es.r1nes:R1NES",
    "dxnes-ic": "es.dxnesic:DXNESIC",
    "crfmnes": "es.crfmnes:CRFMNES",
    "openai-es": "es.openai_es:OpenAIES",
    "pgpe": "es.pgpe:PGPE",
    "ars": "es.ars:ARS",
    "guided-es": "es.guided:GuidedES",
    "random-search": "es.random_search:RandomSearch",
    "one-plus-one": "es.one_plus_one:OnePlusOne",
    "csa-es": "es.csa:CSAES",
    "gaussian": "es.gaussian:GaussianES",
    "cem": "es.cem:CEM",
    "ma-es": "es.maes:MAES",
    "lm-ma-es": "es.lmmaes:LMMAES",
    "vkd-cmaes": "es.vkd:VkDCMAES",
    "dd-cmaes": "es.ddcma:DDCMAES",
    "one-plus-one-cholesky": "es.one_plus_one_cholesky:OnePlusOneCholesky",
    "lq-cmaes": "es.lqcmaes:LQCMAES",
    "mo-cmaes": "es.mocma:MOCMAES",
    "sgd": "es.descent:SGD",
    "momentum": "es.descent:Momentum",
    "nesterov": "es.descent:Nesterov",
    "adagrad": "es.descent:Adagrad",
    "rmsprop": "es.descent:RMSprop",
    "adam": "es.descent:Adam",
    "adamw": "es.descent:AdamW",
    "l-bfgs-b": "es.scipy_methods:LBFGSB",
    "bfgs": "es.scipy_methods:BFGS",
    "cg": "es.scipy_methods:CG",
    "nelder-mead": "es.scipy_methods:NelderMead",
    "powell": "es.scipy_methods:Powell",
    "slsqp": "es.scipy_methods:SLSQP",
    "trust-constr": "es.scipy_methods:TrustConstr",
    "differential-evolution": "es.scipy_methods:DifferentialEvolution",
    "dual-annealing": "es.scipy_methods:DualAnnealing",
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
        "strategy", "multiobjective", "gradient" or "scipy".
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


def get_method(method: str | type) -> Any:
    """The class of a method.

    Parameters
    ----------
    method : str or class
        A class is returned as it is.

    Raises
    ------
    ValueError
        If there is no method of this name; the closest names are given.

    Examples
    --------
    >>> get_method("cmaes").__name__
    'CMAES'
    """
    if not isinstance(method, str):
        return method
    name = method.lower().replace("_", "-")
    if name not in TABLE:
        near = difflib.get_close_matches(name, TABLE, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(TABLE))}"
        raise ValueError(f"method must be a known name or a class, got {method!r}: {hint}")
    entry = TABLE[name]
    if isinstance(entry, str):
        module, _, attribute = entry.partition(":")
        entry = TABLE[name] = getattr(importlib.import_module(module), attribute)
    return entry


def methods() -> list[MethodInfo]:
    """All methods, strategies first, in the order in which they were registered."""
    found = [_describe(name) for name in list(TABLE)]
    order = ["strategy", "multiobjective", "gradient", "scipy"]
    return sorted(found, key=lambda info: order.index(info.kind) if info.kind in order else len(order))


def _describe(name: str) -> MethodInfo:
    cls = get_method(name)
    summary = (inspect.getdoc(cls) or "").split("\n")[0]
    return MethodInfo(name, summary, *(getattr(cls, key, "") for key in ("paper", "cost", "good_for", "kind")))
