"""Objectives, and the functions to minimise.

Examples
--------
>>> import problems
>>> f = problems.get("rosenbrock", n=5)
>>> f(f.x_opt)
0.0
"""

from problems.contract import check_objective
from problems.evaluation import Evaluation
from problems.feasible import Feasible
from problems.ledger import Ledger, Trace
from problems.objective import Objective
from problems.registry import entry, get, names, register
from problems.several import MultiLedger, MultiObjective
from problems.stack import Stack, family, stack

list = names  # the name that reads well from outside: problems.list(); no star takes it in the place of Python's

__all__ = [
    "Evaluation", "Feasible", "Ledger", "MultiLedger", "MultiObjective", "Objective", "Stack", "Trace",
    "check_objective", "entry", "family", "get", "names", "register", "stack",
]  # fmt: skip
