"""(1+1)-ES with the one-fifth success rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core import stopping
from es.core.arrays import FloatArray
from es.parts.elitist import Elitist
from es.parts.isotropic import Isotropic


class OnePlusOne(Elitist, Isotropic):
    """(1+1)-ES with 1/5 success rule: one parent, one offspring, one step size.

    Source: Hansen, Arnold & Auger, Evolution Strategies (Springer Handbook of Computational Intelligence, 2015);
    the rule is Rechenberg's (1973). With `popsize` > 1 the best of several offspring is compared with the
    parent, and the share of successful offspring takes the place of success. Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    f_parent : float, or (runs,)
        Value of the parent, `mean`.

    Examples
    --------
    >>> opt = OnePlusOne([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Hansen, Arnold & Auger, Evolution Strategies (2015)"
    good_for = "smooth well-conditioned functions with few evaluations, a baseline"
    # Offspring are worse than their parent most of the time: values of f that do not get better are no stagnation.
    criteria = tuple(name for name in stopping.DISTRIBUTION if name != "stagnation")
    state_names = ("mean", "sigma", "f_parent")

    def _adapt(self, success: FloatArray, better: Any, z: FloatArray) -> None:
        damping = math.sqrt(self.n + 1)
        self.sigma = self.sigma * np.exp((success - 0.2) / damping)
