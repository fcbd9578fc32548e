"""The short list of methods for a function that has been looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.probe import Probe

MOST = 11
"""Methods in a race at most."""
FEW = 120
"""Evaluations of a run up to which a Gaussian process is tried, which takes about a twentieth of a second for each."""


@dataclass(frozen=True)
class Candidate:
    """A method with its settings, and why it is in the race."""

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        words = ", ".join(f"{k}={v}" for k, v in self.options.items() if k != "sigma0")
        return f"{self.method} ({words})" if words else self.method


def candidates(seen: Probe, sigma: float, budget: float) -> list[Candidate]:
    """The short list for a function, the most promising first, from a look at it, an initial step size, and about how
    many evaluations a run of the user's may have."""
    n, few = seen.n, budget < 60 * seen.n + 200
    step = {"sigma0": sigma}
    found: list[Candidate] = []

    def add(method: str, why: str, **options: Any) -> None:
        found.append(Candidate(method, options, why))

    def populations() -> None:
        if n <= 400:
            add("cmaes", "a good first try without gradients", **step)
        if seen.coupled < 0.05 or n > 50:
            add("sep-cmaes", "variables that hardly depend on each other", **step)
        if n > 30:
            add("crfmnes", "many variables and a dominant direction", **step)
            add("vkd-cmaes", "many variables with scales of their own", **step)

    def model() -> None:
        if n <= 10 and budget <= FEW:
            add("gp", "a model of all points makes most of very few evaluations", **step)

    add("auto", "it finds out while it runs what f is like, and goes over to the search that fits", **step)
    if seen.noise > 0:
        model()
        add("cmaes", "a good first try without gradients", **step)
        add("lra-cmaes", "it copes with noise", **step)
        add("csa-es", "large populations average noise out", **step, popsize=8 * (4 + int(3 * np.log(n))))
        return found
    if seen.differentiable:
        if n <= 60:
            add("slsqp", "it has gradients and few variables")
        add("l-bfgs-b", "it has gradients")
        if n <= 200:
            add("bfgs", "it has gradients and few variables")
    if n <= 20 and few and not seen.flat:
        add("lq-cmaes", "a model spares evaluations", **step)
    model()
    if seen.coupled < 0.05:
        add("separable-search", "f looks like a sum over single variables", **step)
    if n <= 100 and not seen.flat:
        add("quasi-newton", "differences of a smooth f are as good as gradients", **step)
    if few:
        add("cmaes", "a good first try without gradients", **step)
        add("powell", "line searches with few evaluations")
        if n <= 10:
            add("nelder-mead", "a few variables, little budget")
        return found[:MOST]
    if n <= 12 and not seen.flat:
        add("lq-cmaes", "a model spares evaluations", **step)
    populations()
    if n <= 30:
        add("powell", "searches along single variables")
    if seen.rugged > 0.15 or seen.flat:
        add("cmaes", "restarts find other valleys", **step, restarts="bipop")
        add("differential-evolution", "rugged ground in a box")
    if seen.differentiable and (seen.rugged > 0.15 or n > 100):
        add("adam", "gradients on rough ground")
    return found[:MOST]
