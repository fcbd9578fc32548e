"""`method="auto"`: find out what the function is like, and give the budget to the searches that fit it.

Phases, each over the best point that there is: a look along the coordinates, a separable search where f is a sum over
them, a quasi-Newton run, then a race between quasi-Newton restarts and CMA-ES.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.auto import endings, evidence
from es.auto.batches import BatchOptimizer
from es.auto.coordinates import Coordinates
from es.auto.descents import MATRIX_UP_TO, Descent, descent, restart_points
from es.auto.kept import kept, load
from es.auto.last_look import LastLook
from es.auto.minima import Minima
from es.auto.populations import Populations, larger
from es.auto.progress import Progress
from es.auto.separable import SeparableLoop
from es.auto.shares import share_of
from es.auto.verdicts import Diary
from es.auto.worth import Worth, price_of
from es.core.arrays import FloatArray, as_count
from es.core.stopping import COMMON

LOOK_UP_TO = 40  # variables: with gradients, beyond, a look along the coordinates costs more than a descent
MEMORY = 200  # evaluations after which what was spent counts half
SAME = 1e-9  # of all that was gained: minima that differ by less, at the same place, are one
CMA_ALONE = ("rough", "flat", "noisy", "stepped")  # verdicts that leave the field to CMA-ES


class Auto(BatchOptimizer):
    """Finds out what f is like while it runs: additive, smooth, rough, noisy or flat, and picks the search that fits.

    Parameters
    ----------
    x0, sigma0, bounds, rng, stop
        See `Optimizer`. `sigma0` is the step of the first look along each coordinate.
    budget : float, optional
        Evaluations that there will be, as far as the caller knows; `es.minimize` fills it in. It is spent in the search
        for better minima. Without one the search ends when ten restarts or a whole run of CMA-ES have found nothing
        better; of a function that shows several minima when four runs of CMA-ES with ever larger populations agree
        (`es.auto.endings`); else after 10,000 n evaluations, which is no success. Three ends come before the budget
        where no target is asked for: f is a sum and each coordinate is solved, restarts have found all minima that are
        to be expected (both a success), f never shows a second value (none).
    gradient : bool
        Whether gradients are used, by the quasi-Newton runs, where they are worth their price.
    gradient_cost : float
        Price of a gradient, in evaluations of f. The first run goes by it; restarts go by what runs with gradients and
        without have cost, where that was near.
    targeted : bool
        Whether a target was asked for that `stop` does not know of; `es.minimize` fills it in.
    at_once : int
        Points that can be evaluated at the same time, as many as there are workers. The first look then goes along so
        many coordinates at once, and line searches ask for the differences at a step along with its value where that
        saves a round: more evaluations, fewer rounds. Results depend on it, not on the workers.

    Attributes
    ----------
    phases : list of dict
        What ran: `phase`, `nfev`, `gain` (decrease of the best value), `ended`, how often its runs ended for which
        reason, and `spans`, pairs of evaluations between which it ran.
    verdict : str
        "additive", "smooth", "rough", "noisy", "flat", several of them, or "" as long as nothing is known.

    Notes
    -----
    1. Two more values along each coordinate, 2 n evaluations, and one step to the vertices of all parabolas. Up to four
       points that combine positions of all coordinates tell whether f is a sum over them.
    2. If so, each coordinate is searched by itself: parabolas near the best value, STEP (Swarzberg, Seront and Bersini,
       ICEC 1994; Baudis and Posik, GECCO 2015) where it has several minima.
    3. BFGS on differences along the columns of its own factor, with one Hessian by second differences. f is called
       rough if it curves far more in the small than along the coordinates in the large, noisy by ECNoise (More and Wild
       2011), which is asked only when a step disappoints or convergence is about to be claimed.
    4. Restarts of 3., from the best of 10 random points, race with BIPOP-CMA-ES (Hansen 2009), which begins at the
       best point; whoever holds the best value gets the larger share. A restart is given up where it is hopeless or
       runs into a minimum that is known. Where f is rough or flat CMA-ES goes on alone, with two or three times
       its population.
    5. Before a success: a descent from the best point where CMA-ES holds it, and a look further out where that is far.

    Integers, constraints and several objectives are handed to other methods by `es.minimize` (`es.auto.handover`).
    Under strong noise in ten variables and on some rough functions CMA-ES alone was better by up to .03 of area.

    Examples
    --------
    >>> opt = Auto([3.0] * 5, 2.0, bounds=[(-5, 5)] * 5, rng=1, stop={"ftarget": 1e-8})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> opt.nfev
    12
    """

    paper = "parts: Swarzberg et al. 1994, Nocedal and Wright 2006, Moré and Wild 2011, Hansen 2009"
    cost = "n^2"
    good_for = "functions of which nothing is known"
    criteria: ClassVar[tuple[str, ...]] = COMMON
    evaluations_per_variable = 10_000

    def __init__(
        self, x0: npt.ArrayLike, sigma0: Any = None, *, budget: float | None = None, gradient: bool = False,
        gradient_cost: float = 1.0, targeted: bool = False, at_once: int = 1, **common: Any,
    ) -> None:  # fmt: skip
        self.budget, self.targeted, self.at_once = budget, targeted, as_count(at_once, "at_once")
        self.uses_gradient = gradient
        self.gradient_cost = price_of(gradient_cost)
        super().__init__(x0, sigma0, **common)

    def _open(self) -> None:
        self._seed = int(self._streams[0].integers(2**62))
        self._draws = self.restarts = 0  # random seeds that were taken, quasi-Newton runs begun
        self.arm, self.planned = "first", False
        self.coordinates: Coordinates | None = None
        self.separable: SeparableLoop | None = None
        self.newton: Descent | None = None
        self.cma: Populations | None = None
        self.look: LastLook | None = None
        self.diary, self.minima = Diary(), Minima()
        self.verdict = self.holder = ""  # the holder is the phase that found the best value
        self.used = {"newton": 0.0, "cma": 0.0}
        self.halve_at = 0.0
        self.progress, self.worth = Progress(len(self.free)), Worth(len(self.free), self.gradient_cost)
        self.spent = 0.0  # by the present descent
        self.factor = 1  # of the population
        self.measured = 0.0  # noise
        self._pool: FloatArray | None = None
        self._x, self._f = self.start, math.inf  # best so far, in the free variables
        self.left_out = ""  # why gradients are: "lying" or "unsteady"
        self.doubtful = False  # whether a run without a budget goes on because its minimum may be a local one
        self._f_first = math.inf  # the first value
        self.settled = math.inf  # the least value at which a descent has ended
        self._checked_at = -1
        self._better_at = 0  # restarts when the best value was found
        self._f_round, self._rounds = math.inf, 0  # best value when CMA-ES last restarted, and its runs until then

    @property
    def phases(self) -> list[dict[str, Any]]:
        """What ran so far."""
        return self.diary.phases

    def _wants_slopes(self) -> bool:
        search = {"newton": self.newton if self._pool is None else None, "look": self.look}.get(self.arm)
        return search is not None and search.slopes

    def _draw(self) -> int:
        self._draws += 1
        return int(np.random.default_rng([self._seed, self._draws]).integers(2**62))

    # Which search is next --------------------------------------------------------------------------

    def _wanted(self) -> FloatArray | None:
        if not self.planned:
            self._plan()
        self.planned = False
        if self.arm == "first":
            return self.start[None].copy()
        if self.arm == "newton" and self._pool is not None:
            return self._pool
        search: Any = getattr(self, self.arm)  # an arm is the attribute that holds its search
        wanted: FloatArray | None = search.ask() if self.arm == "cma" else search.asked
        return wanted

    def _plan(self) -> None:
        """Choose what is next, once all values are told: an end comes before further points, which might be better."""
        arm = self._choose() if self.look is None else ""
        self.arm, self.planned = arm if self.look is None else "look", True  # an end may have come up while it chose

    def _choose(self) -> str:
        if not self.phases:
            return "first"
        if self._f == math.inf:  # nothing to begin from
            return self._populations()
        if self.uses_gradient and len(self.free) > LOOK_UP_TO and self.worth.wanted():
            return self._race()
        if self.coordinates is None:
            begun = self._x, self._f, self.scale, self.lb, self.ub
            self.coordinates = Coordinates(*begun, self._draw(), self.at_once)
        c = self.coordinates
        if c.asked is not None:
            return "coordinates"
        if c.flat:
            self.verdict, self.factor = "flat", larger(len(self.free))
            return self._populations()
        if c.additive and self.separable is None:
            self.separable = SeparableLoop.after(c, self.scale, self._draw(), thorough=not endings.targeted(self))
        if self.separable is not None and self.separable.asked is not None:
            self.verdict = "additive"
            return "separable"
        return self._race()

    def _race(self) -> str:
        if len(self.free) > MATRIX_UP_TO and not self.uses_gradient:
            return self._populations()
        if self.newton is None:
            c = self.coordinates
            seen = {} if c is None else {"curvature": c.curvature, "spread": c.spread}
            self.newton = self._descent(self._x, self._f, **seen)
            self.restarts = 1
        newton = self.newton
        if self.restarts == 1:
            if newton.asked is not None:
                if self.progress.goes_on_alone(newton, self.used["newton"]):
                    return "newton"
                weight = 9 if self.holder == "cma" and newton.f > self._f else 1  # overtaken, it has a tenth
                over = weight * (self.used["newton"] - self.progress.alone)
                return "newton" if over <= self.used["cma"] else self._populations()
            self._judge(newton)
        if self.verdict in CMA_ALONE:
            return self._populations()
        if self.used["newton"] + self.used["cma"] >= self.halve_at:
            self.used = {name: value / 2 for name, value in self.used.items()}
            self.halve_at = self.used["newton"] + self.used["cma"] + MEMORY
        local = self.doubtful and evidence.multimodal(self)  # the best minimum may be
        if self.used["newton"] <= share_of(self, local) * (self.used["newton"] + self.used["cma"]):
            if self._pool is not None:  # the run before it has ended and was counted
                return "newton"
            if newton.asked is None:
                self._close_run(newton)
                self._restart()
            elif (local or not self.doubtful) and self._hopeless(newton):
                self._restart()
            return "newton"
        return self._populations()

    def _judge(self, newton: Descent) -> None:
        """The first quasi-Newton run has ended: what it says about f."""
        self._close_run(newton)
        smooth = {"converged": "smooth", "lost": "kinked", "failed": ""}.get(newton.ended, newton.ended)
        additive = self.separable is not None and self.separable.additive
        if smooth == "flat" and evidence.solved_sum(self):
            smooth = "smooth"  # no difference is seen at the bottom of each coordinate
        self.verdict = "additive, " + smooth if additive else smooth
        if smooth in CMA_ALONE:
            self.verdict, self.factor = smooth, 1 if smooth == "noisy" else larger(len(self.free))
        self.restarts = 2
        self.used = {"newton": 0.0, "cma": 0.0}
        self.halve_at = MEMORY
        self._restart()

    def _close_run(self, newton: Descent) -> None:
        self.measured, self.settled = max(self.measured, newton.measured), min(self.settled, newton.f)
        if newton.left_out:
            self.uses_gradient, self.left_out = False, newton.left_out
        known = False
        if newton.ended == "converged" and newton.S is not None:
            known = self.minima.knows(newton.x, newton.f, SAME * (self._f_first - self._f))
            self.minima.add(newton.x, newton.f, newton.S)
        self._count_run(newton, newton.ended, known)
        endings.after_descent(self)

    def _count_run(self, run: Descent, reason: str, known: bool) -> None:
        """A quasi-Newton run has ended, at a minimum that was known or elsewhere."""
        self.diary.end("newton", reason)
        self.worth.count(run.gradient, self.spent)
        self.minima.count(known)

    def _hopeless(self, run: Descent) -> bool:
        """Whether a restart will not beat the best value, or runs into a minimum that is known."""
        if run.nit < 1 or run.nit == self._checked_at:
            return False
        self._checked_at = run.nit
        if run.nit >= 3 and run.f - self._f > 10 * max(run.drop, run.decrement):
            self._count_run(run, "hopeless", known=False)
            return True
        if self.minima.knows(run.x, run.f):
            self._count_run(run, "known", known=True)
            endings.after_descent(self)
            return True
        return False

    # The searches ----------------------------------------------------------------------------------

    def _descent(self, x: FloatArray, f: float, **more: Any) -> Descent:
        """A quasi-Newton run, with gradients where they are worth their price."""
        n, budget = len(self.free), endings.budget_of(self)
        gradient = self.uses_gradient and (n > MATRIX_UP_TO or self.worth.wanted())
        self.spent = 0.0
        return descent(
            x, f, self.scale, self.lb, self.ub, f_start=self._f_first, gradient=gradient, at_once=self.at_once,
            hessian=self.worth.affords_hessian(gradient, budget),
            hessian_of_values=self.worth.affords_hessian(False, budget), **more,
        )  # fmt: skip

    def _restart(self) -> None:
        """Random points, the best of which is where the next quasi-Newton run begins."""
        if self.verdict in CMA_ALONE:
            return
        self._pool = restart_points(self._draw(), self.restarts, self.start, self._x, self.scale, self.lb, self.ub)
        self.restarts += 1
        endings.after_restarts(self)
        self._checked_at = -1

    def _populations(self) -> str:
        if self.cma is None:
            self._f_round = self._f
            near = self.progress.moved if self.progress.crawls else 0.0
            self.cma = Populations(self._x, self.scale, self.lb, self.ub, self.factor, self._draw(), near)
        return "cma"

    def _counted(self, count: int, before: float) -> None:
        self.diary.add(self.arm, count, before - float(self.f_best) if math.isfinite(before) else 0.0)

    # What came back --------------------------------------------------------------------------------

    def _took(self, x: FloatArray, f: FloatArray, g: FloatArray | None) -> None:
        finite = np.where(np.isfinite(f), f, np.inf)
        best = int(finite.argmin())
        if self._f_first == math.inf:
            self._f_first = float(finite[best])
        if finite[best] < self._f:
            self._f, self._x = float(finite[best]), x[best].copy()
            self.holder, self._better_at = "newton" if self.arm == "look" else self.arm, self.restarts
        if self.arm == "newton" and self.newton is not None:
            cost = len(f) * (1.0 if g is None else 1 + self.worth.price)
            self.used["newton"] += cost
            self.spent += cost
            if self._pool is None:
                self.newton.tell(f if g is None else np.column_stack([f, g]))
            else:
                self._pool = None
                start = float(finite[best]) if finite[best] < np.inf else math.nan
                self.newton = self._descent(x[best], start, measured=self.measured, doubts=0)
        elif self.arm == "cma" and self.cma is not None:
            self.used["cma"] += len(f)
            self.cma.tell(x, f)
            endings.after_population(self)
        elif self.arm == "look" and self.look is not None:
            self.look.tell(f if g is None else np.column_stack([f, g]))
            endings.after_look(self)
        elif self.arm == "coordinates" and self.coordinates is not None:
            self.coordinates.tell(f)
        elif self.arm == "separable" and self.separable is not None:
            self.separable.tell(f)
            endings.after_separable(self)
        elif len(self.free) == 0:
            self.end("converged")
        self.mean = self.x_best.astype(float)
        if not self._reasons:
            self._plan()

    # Result and saving -----------------------------------------------------------------------------

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        summary, found = super()._summary(run, row), self.findings()
        return {**summary, **found, "message": f"{summary['message']}; {found['message']}"}

    def findings(self) -> dict[str, Any]:
        """What the result says beside the usual: `phases`, `verdict`, and both in words."""
        left_out = self.left_out or ("" if self.newton is None else self.newton.left_out)
        words = self.diary.words(f"{(verdict := evidence.findings(self))}, {left_out}")
        return {"message": words, "phases": deepcopy(self.phases), "verdict": verdict}

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`: the books, and each search that has begun."""
        return {**super().state_dict(), **kept(self)}

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`."""
        load(self, arrays)
        super().load_state_dict(arrays)
