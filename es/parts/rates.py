"""The factors of (41) to (47), computed once for a population size; and those that h_sigma and lengths of z decide.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.parameters import CMAParameters, cma, expected_norm, of_runs
from es.parts.paths import path_factors, warmth


@dataclass(frozen=True, slots=True)
class CMARates:
    """What the equations of CMA-ES multiply with.

    Attributes
    ----------
    parameters : CMAParameters
        What all of it was made from.
    mu : int
        Number of selected points.
    used : int
        Number of points that C is updated with: all, or the selected ones where there are no negative weights.
    recombination : ndarray, shape (mu,)
        Positive weights, (41).
    ps_keep, ps_gain, pc_keep : float, or (runs, 1)
        Factors of both paths, (43) and (45).
    pc_gain : ndarray, shape (2, 1), or (runs, 2, 1)
        Of the new step in (45): 0 where h_sigma is 0, and the factor.
    sigma_rate : float, or (runs,)
        c_sigma / d_sigma, (44).
    expected : float
        E||N(0, I)||, (44).
    longest : float
        Length of a warm path of the step size from which on h_sigma is 0, below (45).
    decay : ndarray, shape (2,), or (runs, 2)
        Factor of C in (47) for h_sigma 0 and 1.
    of_samples : ndarray, shape (used + 1, 1), or (runs, used + 1, 1)
        cmu w_i of each z in (47), and c1 of the path.
    of_worse : ndarray, shape (used - mu,), or (runs, used - mu)
        n cmu w_i of each z with a negative weight, (46).
    differ : bool
        Whether rates differ from run to run.
    """

    parameters: CMAParameters
    mu: int
    used: int
    recombination: FloatArray
    ps_keep: Any
    ps_gain: Any
    pc_keep: Any
    pc_gain: FloatArray
    sigma_rate: Any
    expected: float
    longest: float
    decay: FloatArray
    of_samples: FloatArray
    of_worse: FloatArray
    differ: bool = False


@lru_cache(maxsize=1024)
def default_rates(n: int, popsize: int, active: bool) -> CMARates:
    """Rates by the defaults of `es.parts.parameters.cma`, made once: the same objects for all runs."""
    return cma_rates(n, active, cma(n, popsize, active))


PER_RUN = ("ps_keep", "ps_gain", "pc_keep", "pc_gain", "sigma_rate", "decay", "of_samples", "of_worse")


def cma_rates(n: int, active: bool, p: CMAParameters, *others: CMAParameters) -> CMARates:
    """Rates for parameters p; for several, one for each of the stacked runs, with a leading axis.

    Parameters
    ----------
    n : int
        Number of variables.
    active : bool
        Whether negative weights count.
    """
    if others:
        each = [cma_rates(n, active, one) for one in (p, *others)]
        arrays: dict[str, Any] = {name: np.array([getattr(rates, name) for rates in each]) for name in PER_RUN}
        for name in ("ps_keep", "ps_gain", "pc_keep"):  # these meet vectors
            arrays[name] = arrays[name][:, None]
        return replace(each[0], parameters=of_runs((p, *others)), differ=True, **arrays)
    expected, used = expected_norm(n), len(p.weights) if active else p.mu
    ps_keep, ps_gain = path_factors(p.cs, p.mueff)
    pc_keep, pc_gain = path_factors(p.cc, p.mueff)
    return CMARates(
        parameters=p,
        mu=p.mu,
        used=used,
        recombination=p.weights[: p.mu],
        ps_keep=ps_keep,
        ps_gain=ps_gain,
        pc_keep=pc_keep,
        pc_gain=np.array([[0.0], [pc_gain]]),
        sigma_rate=p.cs / p.damps,
        expected=expected,
        longest=(1.4 + 2 / (n + 1)) * expected,
        decay=1 - p.c1 - p.cmu * p.weights.sum() + np.array([p.c1 * p.cc * (2 - p.cc), 0.0]),
        of_samples=np.append(p.cmu * p.weights[:used], p.c1)[:, None],
        of_worse=n * p.cmu * p.weights[p.mu : used],
    )


def rare_interval(rates: CMARates) -> int:
    """Generations in which C can change by about a fifth."""
    p = rates.parameters
    return max(1, math.ceil(0.2 / float(p.c1 + p.cmu)))


def heaviside(rates: CMARates, length: Any, generations: int) -> Any:
    """h_sigma, below (45): False where the path of the step size, after so many generations, is too long."""
    return length < rates.longest * warmth(rates.parameters.cs, generations)


def by_heaviside(rates: CMARates, table: FloatArray, hsig: Any) -> FloatArray:
    """The entry for h_sigma of each run, or one for all: of one table (2, ...), or of one for each (runs, 2, ...)."""
    if not hsig.ndim:
        return table[int(hsig)]
    if rates.differ:
        return table[np.arange(len(table)), hsig.astype(np.intp)]
    return table[1] if np.count_nonzero(hsig) == hsig.size else table.take(hsig, 0)  # mostly one entry for all


def covariance_weights(rates: CMARates, batch: tuple[int, ...], squares: FloatArray | None) -> FloatArray:
    """Rate of each ranked z in (47), cmu w_i, and of the path, c1: shape (*batch, used + 1, 1).

    Where w_i < 0 it is multiplied by n / |z_i|^2, which keeps C positive definite (46).

    Parameters
    ----------
    squares : ndarray, shape (*batch, used - mu), or None
        |z_i|^2 where w_i < 0; None where there are none.
    """
    weights = rates.of_samples.copy() if rates.differ or not batch else rates.of_samples[None].repeat(batch[0], 0)
    if squares is not None:
        np.divide(rates.of_worse, squares, out=weights[..., rates.mu : -1, 0])
    return weights
