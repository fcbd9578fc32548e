"""Methods by name, imported when somebody asks for them."""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

TABLE: dict[str, str | type] = {
    "cmaes": "es.strategies.cmaes:CMAES",
    "cmaes-margin": "es.strategies.cmaes_margin:MarginCMAES",
    "lra-cmaes": "es.strategies.lra_cmaes:LRACMAES",
    "sep-cmaes": "es.strategies.sep_cmaes:SepCMAES",
    "xnes": "es.strategies.xnes:XNES",
    "snes": "es.strategies.snes:SNES",
    "nes": "es.strategies.nes:NES",
    "r1nes": "es.strategies.r1nes:R1NES",
    "dxnes-ic": "es.strategies.dxnes_ic:DXNESIC",
    "crfmnes": "es.strategies.crfmnes:CRFMNES",
    "openai-es": "es.strategies.openai_es:OpenAIES",
    "pgpe": "es.strategies.pgpe:PGPE",
    "ars": "es.strategies.ars:ARS",
    "guided-es": "es.strategies.guided_es:GuidedES",
    "random-search": "es.strategies.random_search:RandomSearch",
    "one-plus-one": "es.strategies.one_plus_one:OnePlusOne",
    "csa-es": "es.strategies.csa_es:CSAES",
    "gaussian": "es.strategies.gaussian:GaussianES",
    "cem": "es.strategies.cem:CEM",
    "ma-es": "es.strategies.ma_es:MAES",
    "lm-ma-es": "es.strategies.lm_ma_es:LMMAES",
    "vkd-cmaes": "es.strategies.vkd_cmaes:VkDCMAES",
    "dd-cmaes": "es.strategies.dd_cmaes:DDCMAES",
    "one-plus-one-cholesky": "es.strategies.one_plus_one_cholesky:OnePlusOneCholesky",
    "lq-cmaes": "es.strategies.lq_cmaes:LQCMAES",
    "mo-cmaes": "es.strategies.mo_cmaes:MOCMAES",
    "sgd": "es.gradient.descent:SGD",
    "momentum": "es.gradient.descent:Momentum",
    "nesterov": "es.gradient.descent:Nesterov",
    "adagrad": "es.gradient.descent:Adagrad",
    "rmsprop": "es.gradient.descent:RMSprop",
    "adam": "es.gradient.descent:Adam",
    "adamw": "es.gradient.descent:AdamW",
    "l-bfgs-b": "es.gradient.scipy_methods:LBFGSB",
    "bfgs": "es.gradient.scipy_methods:BFGS",
    "cg": "es.gradient.scipy_methods:CG",
    "nelder-mead": "es.gradient.scipy_methods:NelderMead",
    "powell": "es.gradient.scipy_methods:Powell",
    "slsqp": "es.gradient.scipy_methods:SLSQP",
    "trust-constr": "es.gradient.scipy_methods:TrustConstr",
    "differential-evolution": "es.gradient.scipy_methods:DifferentialEvolution",
    "dual-annealing": "es.gradient.scipy_methods:DualAnnealing",
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
