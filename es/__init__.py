"""Optimizers: evolution strategies, natural-gradient and gradient methods, and the driver `minimize`.

>>> import es
>>> res = es.minimize(lambda x: (x**2).sum(), [3.0, 3.0], rng=1)

What is not needed at once is imported when it is first used.
"""

import importlib
from typing import Any

from es.core.optimizer import Optimizer
from es.minimize import minimize
from es.parts.strategy import Strategy
from es.registry import MethodInfo, get_method, methods, register
from es.space import Choice, Integer, Linear, Log, Space
from es.strategies.cmaes import CMAES
from es.strategies.snes import SNES

_LAZY = {
    "Checkpoint": "es.run.checkpoint",
    "Evaluator": "es.evaluation.evaluate",
    "IPOP": "es.run.restarts",
    "BIPOP": "es.run.restarts",
    "minimize_runs": "es.runs",
    "AugmentedLagrangian": "es.run.constraints",
    "plot": "es.plotting",
    "warm_start": "es.warm_start",
    "MOCMAES": "es.strategies.mo_cmaes",
    "hypervolume": "es.parts.pareto",
    "Replicas": "es.replicas",
    "scipy_method": "es.scipy_bridge",
    "SepCMAES": "es.strategies.sep_cmaes",
    "LQCMAES": "es.strategies.lq_cmaes",
    "XNES": "es.strategies.xnes",
    "NES": "es.strategies.nes",
    "R1NES": "es.strategies.r1nes",
    "DXNESIC": "es.strategies.dxnes_ic",
    "CRFMNES": "es.strategies.crfmnes",
    "OpenAIES": "es.strategies.openai_es",
    "PGPE": "es.strategies.pgpe",
    "ARS": "es.strategies.ars",
    "GuidedES": "es.strategies.guided_es",
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
