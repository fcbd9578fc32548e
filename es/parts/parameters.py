"""Recombination weights and learning rates, each formula in one place.

Equation numbers of `cma` are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from es.core.arrays import FloatArray, IntArray
from problems.numbers import numbers, short


def expected_norm(n: int) -> float:
    """E||N(0, I)|| in n dimensions, to the order of the tutorial: sqrt(n) (1 - 1/(4n) + 1/(21n^2))."""
    return math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))


@dataclass(frozen=True)
class CMAParameters:
    """Default strategy parameters of the (mu/mu_w, lambda)-CMA-ES, table 1 of the tutorial.

    Attributes
    ----------
    weights : ndarray, shape (popsize,)
        Of the ranked points; the first `mu` are positive and sum to 1, the rest are negative or zero.
    mueff : float
        Variance-effective number of the positive weights.
    c1, cmu, cc, cs, damps : float, or ndarray of shape (runs,) where they differ
        Rates of the rank-one and rank-mu updates, of the two evolution paths, and damping of the step size.
    """

    weights: FloatArray
    mu: int
    mueff: float
    c1: Any
    cmu: Any
    cc: Any
    cs: Any
    damps: Any


@lru_cache(maxsize=4096)
def cma(n: int, popsize: int, active: bool = True, **given: float) -> CMAParameters:
    """Defaults for dimension n and population size, (49)-(58).

    Raises ValueError if c1 + cmu is more than 1.

    Parameters
    ----------
    n : int
    popsize : int
        At least 2.
    active : bool
        Whether the worse half gets negative weights.
    **given : float
        Rates in the place of these defaults; the negative weights follow them.
    """
    mu, mueff = _selection(popsize)
    cs = (mueff + 2) / (n + mueff + 5)  # (55)
    cs = given.get("cs", cs)
    damps = 1 + 2 * max(0.0, _steady(n) * math.sqrt((mueff - 1) / (n + 1)) - 1) + cs  # (55)
    cc = (4 + mueff / n) / (n + 4 + 2 * mueff / n)  # (56)
    c1 = given.get("c1", 2 / ((n + 1.3) ** 2 + mueff))  # (57)
    cmu = min(1 - c1, 2 * (0.25 + mueff + 1 / mueff - 2) / ((n + 2) ** 2 + mueff))  # (58)
    cmu, cc, damps = given.get("cmu", cmu), given.get("cc", cc), given.get("damps", damps)
    if c1 + cmu > 1:
        raise ValueError(f"c1 + cmu must be at most 1, got {c1:g} + {cmu:g}")
    return CMAParameters(_weights(n, popsize, c1, cmu, active), mu, mueff, c1, cmu, cc, cs, damps)


def _steady(n: int) -> float:
    """Factor of the root in (55), 1 in the tutorial and up to n = 5 here, then growing to 3.

    With 1 a population much larger than n lets the step size grow without an end where steps are long in a common
    direction: on a sphere whose negative half is steeper, with n=44 and a population of 300. The factor is that of
    pycma from version 4.5 on (its issue 231). With restarts on BBOB it solves more in 20 and 40 variables.
    """
    return max(1.0, 3 * (1 - 0.5 ** (n / 9)))


def of_runs(each: Sequence[CMAParameters]) -> CMAParameters:
    """Parameters of stacked runs: arrays with a leading axis for what their rates decide."""
    differing = ("weights", "c1", "cmu", "cc", "cs", "damps")
    arrays: dict[str, Any] = {name: np.array([getattr(p, name) for p in each]) for name in differing}
    return replace(each[0], **arrays)


def given_rates(rates: Mapping[str, Any], batch: tuple[int, ...]) -> dict[str, FloatArray]:
    """Those of the rates that are not None, as arrays of shape () or, one for each of the stacked runs, `batch`.

    Raises ValueError if one is not positive, or more than 1 (damps may be), or of another shape.
    """
    given = {name: numbers(name, rate) for name, rate in rates.items() if rate is not None}
    for name, rate in given.items():
        if rate.shape not in ((), batch):
            wanted = f"a number or have shape {batch}, one per run" if batch else "a number"
            raise ValueError(f"{name} must be {wanted}, got shape {rate.shape}")
        if name == "c1" and (rate == 1).any():
            got = short(rates[name])
            raise ValueError(f"c1 must be below 1, for no other step would count beside the path, got {got}")
        if not ((rate > 0) & (rate <= (np.inf if name == "damps" else 1))).all():
            wanted = "positive" if name == "damps" else "positive and at most 1"
            raise ValueError(f"{name} must be {wanted}, got {short(rates[name])}")
    return given


def of_each_run(given: Mapping[str, FloatArray], runs: IntArray) -> list[dict[str, float]]:
    """The rates of these runs as arguments of `cma`; one for all where none differs."""
    if all(rate.ndim == 0 for rate in given.values()):
        runs = runs[:1]
    return [{name: float(rate[run] if rate.ndim else rate) for name, rate in given.items()} for run in runs]


@lru_cache(maxsize=256)
def separable_cma(n: int, popsize: int, active: bool = True) -> CMAParameters:
    """Defaults of `cma` with the faster rates that a diagonal covariance matrix allows, (n + 2) / 3 times as fast.

    Ros & Hansen, A simple modification in CMA-ES achieving linear time and space complexity (PPSN 2008), section 2.
    """
    full = cma(n, popsize, active)
    faster = (n + 2) / 3
    c1 = min(0.5, faster * full.c1)
    cmu = min(1 - c1, faster * full.cmu)
    return replace(full, c1=c1, cmu=cmu, weights=_weights(n, popsize, c1, cmu, active))


def _selection(popsize: int) -> tuple[int, float]:
    """mu, and mueff of the positive weights."""
    raw = _raw_weights(popsize)[: popsize // 2]
    return popsize // 2, float(raw.sum() ** 2 / (raw**2).sum())  # below (5)


def _raw_weights(popsize: int) -> FloatArray:
    return math.log((popsize + 1) / 2) - np.log(np.arange(1, popsize + 1))  # (49)


def _weights(n: int, popsize: int, c1: float, cmu: float, active: bool) -> FloatArray:
    """Recombination weights (53); the negative ones as large as the learning rates allow."""
    raw = _raw_weights(popsize)
    mu, mueff = _selection(popsize)
    weights = np.zeros(popsize)
    weights[:mu] = raw[:mu] / raw[:mu].sum()
    if active:
        negative = raw[mu:]
        mueff_minus = float(negative.sum() ** 2 / (negative**2).sum())
        alpha_mu = 1 + c1 / cmu  # (50)
        alpha_mueff = 1 + 2 * mueff_minus / (mueff + 2)  # (51)
        alpha_posdef = (1 - c1 - cmu) / (n * cmu)  # (52)
        weights[mu:] = negative * (min(alpha_mu, alpha_mueff, alpha_posdef) / abs(negative.sum()))
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=256)
def utilities(popsize: int) -> FloatArray:
    """Utilities of natural evolution strategies for ranked points, shape (popsize,), summing to 0.

    Wierstra et al., Natural Evolution Strategies (JMLR 15, 2014), section 3.1: max(0, ln(popsize/2 + 1) - ln i) over
    its sum, less 1/popsize.
    """
    raw = np.maximum(0.0, math.log(popsize / 2 + 1) - np.log(np.arange(1, popsize + 1)))
    u: FloatArray = raw / raw.sum() - 1 / popsize
    u.flags.writeable = False
    return u
