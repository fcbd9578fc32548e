"""Sizes that no machine can hold, refused before anything is evaluated."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from problems.numbers import short

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
RUN = 2000  # bytes that a run takes for its stream, counts and result, whatever n is (snes, n=3: 2,700 in all)
ARRAYS = 3  # of the size of the population: z, steps, points


def check_runs(cls: Any, n: int, runs: int) -> None:
    """Refuse a number of runs whose states alone are beyond the memory of this machine.

    Parameters
    ----------
    cls : class
        The method.
    n, runs : int
        Variables and runs.

    Raises
    ------
    ValueError
        With the estimate and a cure.
    """
    there = physical_memory()
    each = RUN + 8 * n * (ARRAYS + len(getattr(cls, "state_names", ())))
    if each * runs > there:
        raise ValueError(
            f"runs must leave room for the state of each, got {runs}: they take at least {human_bytes(each * runs)} of "
            f"{human_bytes(there)}, so take at most {there // each:.0f}, in several calls"
        )


def check_sizes(cls: Any, n: int, runs: int, popsize: Any) -> None:
    """Refuse a population, or covariance matrices, beyond the memory of this machine.

    Parameters
    ----------
    cls : class
        The method.
    n, runs : int
        Variables and stacked runs.
    popsize : int or None
        None: the default of the method, which is small.

    Raises
    ------
    ValueError
        With the estimate and a cure.
    """
    there = physical_memory()
    matrix = 8 * runs * n * n if "A" in getattr(cls, "state_names", ()) else 0
    if matrix > there:
        raise ValueError(
            f"x0 must leave room for the covariance matrix of {cls.__name__}, got n={n}: it takes "
            f"{human_bytes(matrix)} of {human_bytes(there)}, so take 'sep-cmaes' or 'snes'"
        )
    if not isinstance(popsize, int | float) or not 1 <= popsize < float("inf"):
        return  # nothing, or nothing that the method itself would not refuse
    row = 8 * runs * n * ARRAYS
    taken = row * float(min(popsize, 1e280))
    if taken > there:
        raise ValueError(
            f"popsize must leave room for {ARRAYS} arrays of the population, got {short(popsize)}: they take "
            f"{human_bytes(taken)} of {human_bytes(there)}, so take at most {there // row:.0f}"
        )


@cache
def physical_memory() -> float:
    """Bytes of memory of this machine; inf where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on every system
        return float("inf")


def human_bytes(size: float) -> str:
    """A number of bytes for people."""
    power = 0
    while size >= 1000 and power < len(UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.3g} {UNITS[power]}"
