"""What is to be minimised: the caller's function with all that changes it, and where the search for it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from es.core.arrays import as_start
from es.core.streams import open_streams
from es.registry import get_method
from es.run.archive import ledgers
from es.run.arguments import as_class, for_space
from es.run.differences import as_scheme
from es.space import Space
from problems.boxes import as_box
from problems.constraints import listed
from problems.evaluation import as_evaluation
from problems.ledger import Ledger
from problems.numbers import numbers
from problems.objective import Objective
from problems.several import as_ledger
from problems.stack import Stack


class Task:
    """The first arguments of `es.minimize`, read: what is evaluated, where it begins, what must hold there.

    Attributes
    ----------
    ledger, problem : problems.Ledger, problems.Objective
        What points are evaluated through, and what evaluates them: a function of one array, which is minimised.
    start : ndarray, shape (n,)
    rng
        As the argument, or a Generator where the start was drawn from it.
    seed : int, SeedSequence or None
        What gives that Generator again, where it is known; None where no start was drawn.
    method
        As the argument, or the class that searches the space.
    scheme : str or None
        Of differences in the place of a gradient.
    box : Box or None
    whole : ndarray of bool, shape (n,), or None
        Where whole numbers are.
    constraints : list
    space, given_space : Space or None
        In the coordinates of the method, and as the caller has given it.

    Raises
    ------
    ValueError
        Whatever is wrong with an argument.
    """

    def __init__(
        self, fun: Any, x0: Any, args: Any, *, method: Any, bounds: Any, constraints: Any, integrality: Any, jac: Any,
        vectorized: bool, maximize: bool, archive: Any, rng: Any,
    ) -> None:  # fmt: skip
        fun, jac = adapt(fun, jac, args, maximize)
        self.space = self.given_space = None
        if isinstance(x0, Space):
            check_beside_space(fun, bounds=bounds, jac=jac, vectorized=vectorized)
            self.given_space = x0.with_integers(integrality)
            method, space = for_space(method, self.given_space)
            constraints, fun, x0 = space.constrain(constraints), space.wrap(fun), space.x0
            self.space, bounds, integrality = space, space.bounds, space.integrality
        self.method, self.scheme = method, as_scheme(jac)
        if archive is not None and isinstance(fun, Ledger):
            raise ValueError("archive cannot be given beside a Ledger, which keeps what it keeps: pass its .objective")
        own: dict[str, Any] = {}  # what a start is drawn from
        if x0 is None and not isinstance(fun, Ledger | Objective):
            box = as_box(bounds, None)
            if box is None or not box.finite:
                raise ValueError(
                    "x0 must be given unless fun is an Objective, which knows where to start, or all bounds are "
                    "finite; got None"
                )
            own = {"n": box.lb.size, "bounds": box, "integrality": integrality}
        if isinstance(getattr(fun, "objective", fun), Stack):
            raise ValueError("fun must be one problem, got a Stack of them: es.minimize_runs runs each")
        start = None if x0 is None else as_start(x0, single=True)
        self.ledger = as_ledger(
            fun, jac=None if self.scheme else jac, vectorized=vectorized, several=wants_several(method),
            kinds=ledgers(archive), **({"n": None if start is None else start.size} | own),
        )  # fmt: skip
        problem = self.problem = self.ledger.objective
        self.rng, self.seed = rng, None
        if start is None:
            (self.rng,), (self.seed,) = open_streams(rng, None)
        if start is None and problem.start is None and problem.box is None and bounds is not None:
            box = as_box(bounds, problem.n)
            start = Objective(abs, problem.n, bounds=box, integrality=problem.integrality).x0(self.rng)
        self.start = problem.x0(self.rng) if start is None else start
        self.box = problem.box if bounds is None else as_box(bounds, self.start.size)
        self.whole = problem.integrality if integrality is None else numbers("integrality", integrality) != 0
        self.constraints = listed(constraints) or listed(problem.constraints)


def wants_several(method: Any) -> bool | None:
    """Whether a method that is named is for several objectives; None where it goes by what there is."""
    if method is None or (cls := as_class(get_method(method))) is get_method("auto"):
        return None
    return bool(getattr(cls, "kind", "") == "multiobjective")


def check_beside_space(fun: Any, *, bounds: Any, jac: Any, vectorized: bool) -> None:
    """Refuse what has no meaning beside a Space.

    Raises
    ------
    ValueError
    """
    if isinstance(fun, Ledger | Objective):
        raise ValueError("fun must be a function of a dict where x0 is a Space, got an Objective, which takes arrays")
    if not callable(fun):
        raise ValueError(f"fun must be callable, got {type(fun).__name__}")
    for name, given in (("bounds", bounds is not None), ("vectorized", bool(vectorized))):
        if given:
            raise ValueError(f"{name} cannot be given where x0 is a Space: its parameters say what values they take")
    if jac is not None and not (isinstance(jac, str) and jac in ("2-point", "3-point")):
        raise ValueError(
            f"jac must be '2-point', '3-point' or None where x0 is a Space, got {jac!r}: the search has coordinates of "
            "its own, which are not the parameters that fun gets"
        )


class Adapted:
    """A function with further arguments, and with its sign changed where it is maximised; picklable where `fun` is."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...], negative: bool) -> None:
        self.fun, self.args, self.negative = fun, args, negative
        self.__name__ = getattr(fun, "__name__", type(fun).__name__)

    def __call__(self, x: Any) -> Any:
        """The value, or the pair of value and gradient, at x."""
        value = self.fun(x, *self.args)
        if not self.negative or value is None:
            return value
        if isinstance(value, tuple) and len(value) == 2:
            return -value[0], -np.asarray(value[1])
        value = as_evaluation(value) or value if isinstance(value, Mapping) else value
        return -value if hasattr(value, "__neg__") else -np.asarray(value)


def adapt(fun: Any, jac: Any, args: Any, maximize: bool) -> tuple[Any, Any]:
    """`fun` and `jac` as functions of x alone that are minimised.

    Raises
    ------
    ValueError
        If there is no place for further arguments or another sign.
    """
    more = args if isinstance(args, tuple) else (args,)
    if not more and not maximize:
        return fun, jac
    if isinstance(fun, Objective | Ledger):
        what = "args" if more else "maximize"
        raise ValueError(f"{what} cannot be given beside an Objective, which is minimised as it is: pass its function")
    if not callable(fun):
        raise ValueError(f"fun must be callable, got {type(fun).__name__}")
    return Adapted(fun, more, maximize), Adapted(jac, more, maximize) if callable(jac) else jac
