"""Optimizers: evolution strategies, natural-gradient and gradient methods, and the driver `minimize`.

>>> import es
>>> res = es.minimize(lambda x: (x**2).sum(), [3.0, 3.0], rng=1)

What is not needed at once is imported when it is first used.
"""

import importlib
from typing import Any

from es.cmaes import CMAES
from es.minimize import minimize
from es.optimizer import Optimizer
from es.registry import MethodInfo, get_method, methods, register
from es.snes import SNES
from es.space import Choice, Integer, Linear, Log, Space
from es.strategy import Strategy

_LAZY = {
    "Checkpoint": "es.checkpoint",
    "Evaluator": "es.evaluate",
    "IPOP": "es.restarts",
    "BIPOP": "es.restarts",
    "minimize_runs": "es.runs",
    "AugmentedLagrangian": "es.constraints",
    "plot": "es.plotting",
    "warm_start": "es.warmstart",
    "MOCMAES": "es.mocma",
    "hypervolume": "es.pareto",
    "Replicas": "es.replicas",
    "scipy_method": "es.scipy_bridge",
    "SepCMAES": "es.sepcmaes",
    "LQCMAES": "es.lqcmaes",
    "XNES": "es.xnes",
    "NES": "es.nes",
    "R1NES": "es.r1nes",
    "DXNESIC": "es.dxnesic",
    "CRFMNES": "es.crfmnes",
    "OpenAIES": "es.openai_es",
    "PGPE": "es.pgpe",
    "ARS": "es.ars",
    "GuidedES": "es.guided",
}

__all__ = [
    "CMAES",
    "SNES",
    "Choice",
    "Integer",
    "Linear",
    "Log",
    "MethodInfo",
    "Optimizer",
    "Space",
    "Strategy",
    "get_method",
    "methods",
    "minimize",
    "register",
]
__all__ += list(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'es' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
