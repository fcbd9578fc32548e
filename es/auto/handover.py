"""The one table of which method `es.minimize` takes where none is named; the first row that fits decides.

It is `TABLE` below, as the docstring of `es.minimize` and the page on `auto` show it. What a Space holds comes before
it (`es.run.arguments.for_space`).

`method="auto"` goes by it without the row on strategies: what only they learn from is no reason to leave a method that
was asked for. Constraints that `fun` returns beside its value show at the first evaluation: cmaes goes on
then. `es.minimize_runs` takes cmaes for anything else too: it stacks, and `auto` does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.auto.auto import Auto
from es.registry import get_method
from es.run.arguments import as_class, as_options, constructor_arguments
from problems.ledger import Ledger
from problems.several import MultiObjective


@dataclass(frozen=True)
class Given:
    """What the choice looks at, of all that a call of `es.minimize` was given."""

    several: bool = False
    strategy: bool = False  # whether something is given that only strategies make use of
    asynchronous: bool = False
    whole: bool = False
    constrained: bool = False
    gradient: bool = False
    noise: bool = False


# What is given, as the tables of the documentation say it; the method; whether the row fits.
TABLE: tuple[tuple[str, str, Callable[[Given], bool]], ...] = (
    ("several objectives, in a problems.MultiObjective", "mo-cmaes", lambda given: given.several),
    (
        "popsize, restarts, known, enqueue, evaluate_mean, options of strategies", "cmaes",
        lambda given: given.strategy,
    ),
    ("asynchronous=True", "cmaes", lambda given: given.asynchronous),
    ("whole numbers", "cmaes", lambda given: given.whole),
    ("constraints and a gradient", "slsqp", lambda given: given.constrained and given.gradient),
    ("constraints", "cmaes", lambda given: given.constrained),
    ('noise="reevaluate" among the options', "cmaes", lambda given: given.noise),
    ("anything else", "auto", lambda given: True),
)  # fmt: skip


def fitting(
    fun: Any, *, method: Any = None, jac: Any = None, integrality: Any = None, constraints: Any = (),
    options: Mapping[str, Any] | None = None, asynchronous: bool = False, learnt: tuple[Any, ...] = (),
) -> Any:  # fmt: skip
    """The class of method to take, from the arguments of `es.minimize`; what is named, but for "auto", is taken.

    `learnt` are the arguments that only strategies learn from, None or False where they were not given.

    Examples
    --------
    >>> fitting(abs).__name__, fitting(abs, integrality=[0, 1]).__name__, fitting(abs, learnt=(20,)).__name__
    ('Auto', 'CMAES', 'CMAES')
    >>> fitting(abs, options={"tolx": 1e-9}).__name__, fitting(abs, options={"tolx": 1e-9}, method="snes").__name__
    ('CMAES', 'SNES')
    """
    if method is not None and as_class(get_method(method)) is not Auto:
        return get_method(method)
    problem = _problem(fun)
    integers = getattr(problem, "integrality", None) if integrality is None else integrality
    free = (isinstance(constraints, list | tuple) and not constraints) or constraints is None
    given = Given(
        several=isinstance(problem, MultiObjective),
        strategy=method is None and (any(one is not None and one is not False for one in learnt) or _foreign(options)),
        asynchronous=asynchronous,
        whole=integers is not None and bool(np.any(np.asarray(integers) != 0)),
        constrained=not free or bool(len(getattr(problem, "constraints", None) or ())),
        gradient=jac is not None or getattr(problem, "jac", None) is not None,
        noise=bool(as_options(options).get("noise")),
    )
    return get_method(next(name for _, name, fits in TABLE if fits(given)))


def stacking(fun: Any, method: Any = None) -> Any:
    """The class of method for `es.minimize_runs`: the one that is named, else one whose runs stand in stacks."""
    several = isinstance(_problem(fun), MultiObjective)
    return as_class(get_method(method if method is not None else "mo-cmaes" if several else "cmaes"))


def _problem(fun: Any) -> Any:
    return fun.objective if isinstance(fun, Ledger) else fun


def _foreign(options: Any) -> bool:
    """Whether there is an option that `auto` does not have: a strategy's, or one that is misspelt, as it will say."""
    known = {*constructor_arguments(Auto), *Auto.criteria, "noise"}
    given = as_options(options)
    stop = as_options(given.pop("stop", None), "options['stop']")
    return any(name not in known for name in (*given, *stop))
