"""Arguments of many runs: those that all share, and those of which each run has its own."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from es.core.arrays import FloatArray, IntArray, as_count, as_start
from es.core.limits import limit, of_runs, target
from es.run.memory import check_runs
from es.space import Space
from problems.boxes import Box, as_box
from problems.numbers import numbers, shape_of, short
from problems.stack import Stack

RATES = ("c1", "cmu", "cc", "cs", "damps", "lr")  # of the constructors, one per stacked run where wanted
# Arguments of `es.minimize` that runs in stacks do not have: with any of them runs go one after the other.
IN_TURN = (
    "args", "maximize", "constraints", "integrality", "known", "enqueue", "evaluate_x0", "evaluate_mean", "archive",
    "asynchronous", "timeout",
)  # fmt: skip
ELSEWHERE = ("callback", "progress", "checkpoint")  # which are of one run
UNTRACED = ("args", "maximize", "constraints", "archive")  # what the ledger that keeps a trace cannot know


def in_turn_arguments(x0: Any, others: Mapping[str, Any], keep_trace: bool) -> dict[str, Any]:
    """Those arguments of `es.minimize` that say something.

    Raises
    ------
    ValueError
        An argument that is of one run, or one beside `keep_trace` that is without a meaning there.
    TypeError
        An argument of neither.
    """
    found = {}
    for name, value in others.items():
        if name not in (*IN_TURN, *ELSEWHERE):
            raise TypeError(f"minimize_runs() got an unexpected keyword argument {name!r}")
        if value is None or value is False or (isinstance(value, tuple | list) and not value):
            continue
        if name in ELSEWHERE:
            raise ValueError(f"{name} is an argument of es.minimize alone: call es.minimize for each run")
        found[name] = value
    odd = "a Space" if isinstance(x0, Space) else next((name for name in UNTRACED if name in found), None)
    if keep_trace and odd is not None:
        raise ValueError(f"keep_trace cannot be combined with {odd}: archive='all' keeps all points and values")
    return found


def starts(x0: Any, runs: int | None, cls: Any, fun: Any, bounds: Any) -> FloatArray:
    """x0 as one row per run, (runs, n); zeros where each run draws its own, the coordinates of a Space.

    Raises
    ------
    ValueError
        If the number of runs is not known, or known twice.
    """
    problem = getattr(fun, "objective", fun)
    if x0 is None:
        n = getattr(problem, "n", None)
        start = np.zeros(_length(bounds) if n is None else n)
    else:
        start = as_start(x0.x0 if isinstance(x0, Space) else x0)
    if start.ndim == 1:
        if runs is None and isinstance(problem, Stack):
            runs = len(problem)
        if runs is None:
            what = "None" if x0 is None else "a Space" if isinstance(x0, Space) else str(start.shape)
            raise ValueError(f"x0 must have shape (runs, n), got {what}: give `runs` to start all from one point")
        count = as_count(runs, "runs")
        check_runs(cls, start.size, count)
        return np.tile(start, (count, 1))
    if runs is not None and as_count(runs, "runs") != len(start):
        raise ValueError(f"runs must be the {len(start)} rows of x0, got {runs}")
    return start


def _length(bounds: Any) -> int:
    """The number of variables that bounds are of."""
    if bounds is None:
        raise ValueError(
            "x0 must be given unless fun is an Objective, which knows where to start, or bounds are finite; got None"
        )
    if isinstance(bounds, Sequence) and len(bounds) and hasattr(bounds[0], "lb"):
        bounds = bounds[0]
    shape = shape_of("bounds", getattr(bounds, "lb", bounds))
    box = None if len(shape) == 3 else as_box(bounds, None)
    return int(shape[1]) if box is None else box.lb.size


@dataclass(frozen=True)
class Each:
    """What the runs are started with.

    Attributes
    ----------
    x0 : ndarray, shape (runs, n)
    sigma0 : None, number or ndarray of shape (runs, n)
    popsizes : tuple of int or None
        One per run; None is the default of the method.
    boxes : tuple of Box or None
        One per run.
    options : dict
        That all share.
    rates : dict
        Options of which each run has its own, (runs,).
    thresholds : dict
        Of stopping criteria: for all, or (runs,).
    """

    x0: FloatArray
    sigma0: Any
    popsizes: tuple[int | None, ...]
    boxes: tuple[Box | None, ...]
    options: dict[str, Any]
    rates: dict[str, FloatArray]
    thresholds: dict[str, Any]

    def groups(self) -> list[IntArray]:
        """Runs that can stand in one stack of one population size: those of one popsize and one box."""
        found: dict[Hashable, list[int]] = {}
        for run, popsize in enumerate(self.popsizes):
            found.setdefault((popsize, self.key(run)), []).append(run)
        return [np.array(runs) for runs in found.values()]

    def key(self, run: int) -> Hashable:
        """Equal for runs of one box."""
        box = self.boxes[run]
        return None if box is None else (box.lb.tobytes(), box.ub.tobytes())

    def arguments(self, runs: IntArray) -> dict[str, Any]:
        """Those of `es.run.arguments.Maker` for a stack of these runs, which are all of one group."""
        rates = {name: rate[runs] for name, rate in self.rates.items()}
        return self._arguments(runs, int(runs[0]), rates)

    def alone(self, run: int) -> dict[str, Any]:
        """Those of `es.run.arguments.Maker` for one run."""
        return self._arguments(run, run, {name: float(rate[run]) for name, rate in self.rates.items()})

    def _arguments(self, at: Any, first: int, rates: Mapping[str, Any]) -> dict[str, Any]:
        stop = {name: value[at] if np.ndim(value) else value for name, value in self.thresholds.items()}
        return {
            "x0": self.x0[at],
            "sigma0": self.sigma0[at] if np.ndim(self.sigma0) else self.sigma0,
            "box": self.boxes[first],
            "popsize": self.popsizes[first],
            "options": {**self.options, **rates, "stop": stop},
        }


class Budgets:
    """What the runs may use, and what they are to reach.

    Parameters
    ----------
    runs : int
    maxfevals, maxiter, ftarget : None, number, or array_like of shape (runs,)
    maxtime : None or number
        Seconds for all together.

    Attributes
    ----------
    each : dict
        The first three, each None, a number for all runs, or (runs,).

    Raises
    ------
    ValueError
        If one is no such number.
    """

    def __init__(self, runs: int, *, maxfevals: Any, maxiter: Any, ftarget: Any, maxtime: Any) -> None:
        self.runs, self.maxtime = runs, limit("maxtime", maxtime, whole=False)
        self.each = {
            "maxfevals": of_runs("maxfevals", maxfevals, runs, partial(limit, "maxfevals", whole=True)),
            "maxiter": of_runs("maxiter", maxiter, runs, partial(limit, "maxiter", whole=True)),
            "ftarget": of_runs("ftarget", ftarget, runs, target),
        }

    @property
    def budgeted(self) -> bool:
        """Whether there is one, which takes the place of a method's own."""
        return any(given is not None for given in (self.maxtime, self.each["maxfevals"], self.each["maxiter"]))

    def of(self, runs: Any) -> dict[str, Any]:
        """Those of one run, or of several, that are given."""
        given = {name: value for name, value in self.each.items() if value is not None}
        return {name: value[runs] if np.ndim(value) else value for name, value in given.items()}

    def full(self, name: str, otherwise: float) -> FloatArray:
        """One for each run."""
        value = self.each[name]
        return np.broadcast_to(np.asarray(otherwise if value is None else value, dtype=float), self.runs)


def each_run(
    x0: FloatArray, *, sigma0: Any, popsize: Any, bounds: Any, box: Box | None, options: Mapping[str, Any], stop: Any
) -> Each:
    """Sort arguments by whether they are for all runs or for each.

    Parameters
    ----------
    x0 : ndarray, shape (runs, n)
    sigma0 : None, number, (runs,), (runs, n) or (1, n); a sequence with None in it for runs that have the default
    popsize : None, int, or a sequence of them with one per run
    bounds : None, one box as for `es.minimize`, an array (runs, n, 2), or a sequence of `scipy.optimize.Bounds`
    box : Box or None
        What holds where bounds is None.
    options : mapping
        Of the method, `stop` not among them.
    stop : mapping
        Thresholds of stopping criteria.

    Raises
    ------
    ValueError
        If one has another shape.
    """
    runs, n = x0.shape
    rates = {
        name: np.asarray(value, dtype=float)
        for name, value in options.items()
        if name in RATES and not callable(value) and shape_of(name, value) == (runs,)
    }
    thresholds = {
        name: numbers(f"stop[{name!r}]", value) if shape_of(f"stop[{name!r}]", value) else value
        for name, value in stop.items()
    }
    return Each(
        x0,
        _sigmas(sigma0, runs, n),
        _popsizes(popsize, runs),
        _boxes(bounds, box, runs, n),
        {name: value for name, value in options.items() if name not in rates},
        rates,
        thresholds,
    )


def _sigmas(sigma0: Any, runs: int, n: int) -> Any:
    if sigma0 is None or not shape_of("sigma0", sigma0):
        return sigma0
    sigma = numbers("sigma0", sigma0)
    if sigma.shape == (runs,):
        sigma = sigma[:, None]
    elif sigma.ndim == 1:
        raise ValueError(
            f"sigma0 of one axis must have one entry per run ({runs}), got {len(sigma)}: "
            "for one per coordinate give shape (1, n)"
        )
    try:
        return np.broadcast_to(sigma, (runs, n))
    except ValueError:
        raise ValueError(
            f"sigma0 must be a number or have the shape {(runs, n)} of x0, got shape {sigma.shape}"
        ) from None


def _popsizes(popsize: Any, runs: int) -> tuple[int | None, ...]:
    if not isinstance(popsize, list | tuple | np.ndarray):
        return (None if popsize is None else as_count(popsize),) * runs
    shape = shape_of("popsize", popsize)
    if shape != (runs,):
        raise ValueError(f"popsize must be a number or have one entry per run ({runs}), got shape {shape}")
    return tuple(None if size is None else as_count(size) for size in popsize)


def _boxes(bounds: Any, box: Box | None, runs: int, n: int) -> tuple[Box | None, ...]:
    if bounds is None:
        return (box,) * runs
    several = isinstance(bounds, Sequence) and len(bounds) and all(hasattr(one, "lb") for one in bounds)
    if not several and len(shape_of("bounds", getattr(bounds, "lb", bounds))) != 3:
        return (as_box(bounds, n),) * runs
    if len(bounds) != runs:
        raise ValueError(f"bounds for each run must be {runs} boxes, got {short(len(bounds))}")
    return tuple(as_box(one, n) for one in bounds)
