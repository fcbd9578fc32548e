"""What evotape measures of itself, and beside whom: ``python -m experiments bench NAME``, one file for each name.

`BENCHMARKS` is the table of them; `counting` and `timing` are the engines, and `peers` has each package once.
"""

from __future__ import annotations

import ast
from pathlib import Path

BENCHMARKS: dict[str, tuple[str, str]] = {  # name: peers, and about how long it takes on one core
    # Time, in rounds that the ways take in turn
    "es_speed": ("pycma, cmaes, fcmaes", "3 min"),
    "es_linear": ("the drawing of the samples", "15 min"),
    "es_linear_peers": ("pycma, cmaes, pypop7, evosax", "5 min"),
    "es_driver": ("ask and tell by hand, SciPy", "1 min"),
    "es_parallel": ("joblib, pycma", "2 min"),
    "es_optuna": ("optuna", "2 min"),
    "autodiff": ("NumPy by hand, autograd, PyTorch, MyGrad", "5 min"),
    "bbob": ("one at a time, cocoex", "8 min"),
    "coco": ("run by run, pycma", "3 min"),
    "studies": ("pycma", "5 min"),
    # Evaluations to a target
    "es_evaluations": ("pycma", "10 min"),
    "es_family_cma": ("pycma, cmaes, pypop7", "15 min"),
    "es_family_nes": ("cmaes, crfmnes, pypop7, evosax", "20 min"),
    "es_family_gradient": ("evosax", "5 min"),
    "es_family_mixed": ("cmaes", "20 min"),
    "es_noise": ("cmaes, CMA-ES without adaptation", "5 min"),
    "es_momentum": ("CMA-ES without momentum", "3 min"),
    "es_multiobjective": ("DEAP", "15 min"),
    "es_asynchronous": ("whole populations", "10 min"),
    "bounds": ("no bounds", "15 min"),
    "constraints": ("pycma", "20 min"),
    "mixed": ("cmaes", "10 min"),
    "coco_pycma": ("pycma on cocoex", "3 min"),
    # What is reached by the way, as areas, curves and advice
    "mixed_few": ("optuna, nevergrad, SMAC", "hours"),
    "mixed_real": ("optuna, nevergrad, SMAC", "1 h"),
    "auto_area": ("CMA-ES, any method", "1 min"),
    "auto_table": ("CMA-ES", "30 min"),
    "auto_sums": ("what is known of the functions", "5 min"),
    "advise": ("the best of 21 methods", "10 min"),
    "advise_answers": ("(the studies that advise is judged by)", "hours"),
}


def listing() -> str:
    """The table as text: each name, how long it takes and beside whom, and below what it measures."""
    lines = []
    for name, (peers, long) in BENCHMARKS.items():
        tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        lines += [f"{name:<20}{long:>7}   beside {peers}", f"    {(ast.get_docstring(tree) or '').splitlines()[0]}"]
    return "\n".join(lines)
