"""Noisy objectives: find out by re-evaluation whether ranks mean anything, and evaluate more often where they do not.

Hansen, Niederberger, Guzzella and Koumoutsakos, A method for handling uncertainty in evolutionary optimization with an
application to feedback control of combustion (IEEE TEC 13(1), 2009), algorithms 1 to 3 (UH-CMA-ES).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.core.constrained import RANKING
from es.core.optimizer import Optimizer

THETA, ALPHA_T = 0.2, 1.5  # table I there


def check_noise(cls: Any, popsize: int | None) -> None:
    """Refuse a method that evaluates no populations whose ranks could be compared.

    Raises
    ------
    ValueError
    """
    ranks = getattr(cls, "kind", "") in RANKING or getattr(cls, "whole_generations", False)
    why = "searches along lines" if getattr(cls, "kind", "") == "hybrid" else "goes from point to point"
    if "f_parent" in getattr(cls, "state_names", ()):
        why = "compares each point with one of before"
    elif getattr(cls, "unfinished", Optimizer.unfinished) is not Optimizer.unfinished:
        why = "evaluates its populations in parts that it chooses"
    elif ranks and popsize == 1:
        why = "was given popsize=1"
    elif ranks:
        return
    raise ValueError(
        f"options['noise'] needs a method that compares the points of a population, and {cls.__name__} {why}: take "
        "'cmaes', or leave the option out"
    )


class Reevaluation:
    """Averages as many evaluations of each point as the noise asks for.

    In each generation a few points are evaluated twice. If that changes their ranks by more than chance would for
    noise that does not matter, the number of evaluations per point grows by half, else it shrinks; at its limit the
    step size grows.

    Parameters
    ----------
    evaluate : callable
        `evaluate(x)` of points (k, n) gives f (k,); counts, and may return fewer values where the budget ends.
    opt : Optimizer
    most : float
        Largest number of evaluations per point.

    Attributes
    ----------
    times : float
        Evaluations per point at present; the whole part of it is used.
    measure : float
        The last measure of uncertainty: positive where ranks are not to be trusted.
    """

    def __init__(self, evaluate: Callable[[FloatArray], FloatArray], opt: Any, most: float = 100.0) -> None:
        self._evaluate = evaluate
        self._opt = opt
        self.most = most
        self._unit = 2.0 ** math.ceil(math.log2(most) + 1)  # sums of values in it are no larger than the largest number
        self.times = 1.0
        self.measure = 0.0

    def __call__(self, x: FloatArray, f: FloatArray) -> dict[str, Any]:
        """Averaged values of points x (k, n) with first values f (k,), as the keyword `f` of `tell`."""
        with np.errstate(over="ignore", invalid="ignore"):  # inf and -inf at one point are no value
            return {"f": self._averaged(x, f)}

    def _averaged(self, x: FloatArray, f: FloatArray) -> FloatArray:
        unit = self._unit
        total, count = f / unit, 1
        for _ in range(int(self.times) - 1):
            more = self._evaluate(x)
            if len(more) < len(x):
                return unit * (total / count)
            total += more / unit
            count += 1
        mean = unit * (total / count)
        again = max(1, round(0.1 * len(x)))
        values = np.zeros(again)
        for _ in range(count):  # a second mean of as many values, for the first points: they come in random order
            more = self._evaluate(x[:again])
            if len(more) < again:
                return mean
            values += more / unit
        second = mean.copy()
        second[:again] = unit * (values / count)
        self.measure = uncertainty(mean, second, again)
        self._treat()
        return 0.5 * mean + 0.5 * second

    def _treat(self) -> None:
        if self.measure <= 0:
            self.times = max(1.0, self.times / ALPHA_T**0.25)
        elif self.times < self.most:
            self.times = min(self.most, self.times * ALPHA_T)
        else:
            strategy = getattr(self._opt, "inner", self._opt)  # under restarts: the present run
            if strategy.sigma is not None:
                strategy.sigma = strategy.sigma * (1 + 2 / (strategy.n + 10))

    def judged(self, reasons: dict[str, float]) -> dict[str, float]:
        """The strategy's reasons to end, as they are."""
        return reasons

    def stop(self) -> dict[str, float]:
        """Reasons to end; none."""
        return {}

    def report(self) -> dict[str, Any]:
        """Field of the result: `evaluations_per_point`."""
        return {"evaluations_per_point": int(self.times)}

    def state_dict(self) -> dict[str, Any]:
        """State as arrays."""
        return {"times": np.array(self.times), "measure": np.array(self.measure)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.times, self.measure = float(state["times"]), float(state["measure"])


def uncertainty(first: FloatArray, second: FloatArray, again: int, theta: float = THETA) -> float:
    """The measure s of algorithm 2: mean rank change of the re-evaluated points beyond what is allowed.

    Parameters
    ----------
    first, second : ndarray, shape (k,)
        Two values of each point; only the first `again` differ.
    theta : float
        Part of the median of all possible rank changes that is allowed.
    """
    k = len(first)
    both = np.concatenate([first, second])
    rank = np.empty(2 * k)
    rank[np.argsort(np.where(np.isfinite(both), both, np.inf), kind="stable")] = np.arange(1, 2 * k + 1)
    old, new = rank[:k], rank[k:]
    change = np.abs(new - old - np.sign(new - old))[:again]
    allowed = _allowed(new[:again] - (new > old)[:again], k, theta) + _allowed(
        old[:again] - (old > new)[:again], k, theta
    )
    return float(np.mean(2 * change - allowed))


def _allowed(rank: FloatArray, k: int, theta: float) -> FloatArray:
    """theta times the median of the rank changes |1 - R|, ..., |2 k - 1 - R| that a point of rank R can make."""
    steps = np.abs(np.arange(1, 2 * k)[:, None] - rank)
    return theta * np.median(steps, axis=0)
