"""Arguments of many runs: those that all share, and those of which each run has its own."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import FloatArray, IntArray, as_count
from problems.boxes import Box, as_box
from problems.numbers import numbers, shape_of, short

RATES = ("c1", "cmu", "cc", "cs", "damps", "lr")  # of the constructors, one per stacked run where wanted


# Arguments of `es.minimize` that runs in stacks do not have, and what to do.
ELSEWHERE = {
    "args": "give fun them by functools.partial",
    "maximize": "minimise -fun",
    "constraints": "give them to a problems.Objective",
    "integrality": "give it to a problems.Objective",
    **dict.fromkeys(
        ("known", "enqueue", "evaluate_x0", "evaluate_mean", "archive", "asynchronous", "timeout", "callback",
         "progress", "checkpoint"),
        "call es.minimize for each run",
    ),
}  # fmt: skip


def refuse_elsewhere(x0: Any, others: Mapping[str, Any]) -> None:
    """Refuse what `es.minimize` takes and `es.minimize_runs` does not, unless it says nothing.

    Raises
    ------
    ValueError
        An argument of `es.minimize` alone, or x0 of a kind that it alone takes.
    TypeError
        An argument of neither.
    """
    for name, value in others.items():
        if name not in ELSEWHERE:
            raise TypeError(f"minimize_runs() got an unexpected keyword argument {name!r}")
        if value is not None and value is not False and not (isinstance(value, tuple | list) and not value):
            raise ValueError(f"{name} is an argument of es.minimize alone: {ELSEWHERE[name]}")
    if x0 is None or isinstance(x0, Mapping):
        what = "None" if x0 is None else "a Space"
        cure = "draw a start for each run" if x0 is None else "call es.minimize for each run"
        raise ValueError(f"x0 must be starts of shape (runs, n) or (n,), got {what}: {cure}")


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
    rates = {name: np.asarray(value, dtype=float) for name, value in options.items() if _is_of_runs(name, value, runs)}
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


def _is_of_runs(name: str, value: Any, runs: int) -> bool:
    return name in RATES and not callable(value) and shape_of(name, value) == (runs,)


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
