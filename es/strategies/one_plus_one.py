"""(1+1)-ES with the one-fifth success rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core import looks, stopping
from es.core.arrays import FloatArray
from es.parts.elitist import Elitist
from es.parts.isotropic import Isotropic

SMALL = frozenset({"tolx", "noeffectcoord", "drift"})  # ends of runs whose steps have become small
QUIET, LOOKS = 8, 20  # times that steps begin again: in a row that brought no more, and in all


class OnePlusOne(Elitist, Isotropic):
    """(1+1)-ES with 1/5 success rule: one parent, one offspring, one step size.

    Source: Hansen, Arnold & Auger, Evolution Strategies (Springer Handbook of Computational Intelligence, 2015);
    the rule is Rechenberg's (1973). With `popsize` > 1 the best of several offspring is compared with the
    parent, and the share of successful offspring takes the place of success. Parameters: see `Strategy`.

    The rule makes steps small wherever few directions lead down, as at a kink or a border, and not only at a minimum.
    That is not in the papers: where steps have become small though values have not, they begin again from a tenth
    of sigma0, until that brings no more eight times in a row (`tolx`); after twenty times the run has failed
    (`drift`). A way down that one offspring in three hundred takes is nearly always found so.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    f_parent : float, or (runs,)
        Value of the parent, `mean`.
    looks, quiet : int, or (runs,)
        How often the steps began again, and how often of late that brought no more.

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
    state_names = ("mean", "sigma", "f_parent", "looks", "quiet", "f_look")

    def _init(self) -> None:
        super()._init()
        self.looks, self.quiet, self.f_look = self._each(0), self._each(0), self._each(np.inf)

    def _adapt(self, success: FloatArray, better: Any, z: FloatArray) -> None:
        damping = math.sqrt(self.n + 1)
        self.sigma = self.sigma * np.exp((success - 0.2) / damping)

    def _looked_again(self, found: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        ended = {run: reasons for run, reasons in found.items() if not reasons.keys() <= SMALL}
        again = np.isin(self.active, [run for run in found if run not in ended]).reshape(self.batch)
        if not again.any():
            return found
        gained = looks.gained(self, self.f_look - self.f_parent)
        self.quiet = np.where(again, np.where(gained, 0, self.quiet + 1), self.quiet)[()]
        again &= (self.looks < LOOKS) & (self.quiet < QUIET)
        self.looks = np.where(again, self.looks + 1, self.looks)[()]
        self.f_look = np.where(again, self.f_parent, self.f_look)[()]
        self.sigma = np.where(again, 0.1 * self.scale0.max(-1), self.sigma)[()]
        self._figures_of = -1  # what was told of the steps holds no more
        for run, on, quiet in zip(self.active.tolist(), np.ravel(again), np.ravel(self.quiet), strict=True):
            if not on and run in found:
                ended[run] = found[run] if run in ended or quiet >= QUIET else {"drift": 1.0}
        return ended
