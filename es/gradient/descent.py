"""Gradient methods as optimizers: ask for one point, be told f and g, step by a rule of `autodiff.optim`.

A constant learning rate leaves Adam and its kin circling around the optimum at the distance of a step, so the rate is
halved whenever the best value has not improved for `patience` steps, and the run ends where it has become a
`tolrate` of what it was. That is not in the papers; with `patience=None` the rule goes on as it stands there. A step
to a value that is not finite, or far above all that was seen, is taken back and the rate halved, so that a learning
rate that is much too high costs a few evaluations and not the run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from autodiff import optim
from es.core.arrays import FloatArray
from es.core.looks import LITTLE
from es.core.optimizer import Optimizer
from es.core.stopping import COMMON
from es.gradient.looks_down import LooksDown
from es.gradient.twins import HUGE
from es.gradient.units import powers_of_two, value_unit
from es.parts.rule_state import checked_patience
from problems.numbers import numbers

AT_REST = {"tolgrad", "tolrate", "steep"}


def _rates(lr: Any, runs: int | None) -> Any:
    """Learning rates as a number, or an array with one for each of the stacked runs."""
    rates = numbers("lr", lr)
    if rates.shape not in ((), (runs,)):
        wanted = "a number" if runs is None else f"a number or have shape ({runs},), one per run"
        raise ValueError(f"lr must be {wanted}, got shape {rates.shape}")
    return rates if rates.ndim else float(rates)


class Descent(LooksDown, Optimizer):
    """Base class: an update rule of `autodiff.optim` as an optimizer of one run or of stacked runs.

    On a slope without an end it goes on for ever: unless a budget is given it ends after 30,000 n evaluations. Where
    coordinates have never had a slope an end may be a saddle to which the way was straight: both sides of it are looked
    at in these, a point each, and the run goes on where one leads down. So are some points at which coordinates part
    that have been alike all the way (`es.gradient.twins`), and where the rate is worn some down the slope
    (`es.gradient.looks_down`).

    Parameters
    ----------
    x0, bounds, rng, stop
        As for every optimizer; steps are clipped to the bounds. `popsize` means nothing here.
    sigma0 : float or array_like, optional
        Says what coordinates are measured in, where that is far from 1 (`es.gradient.units`): rates and the tolerance
        of the gradient are in these units, and in that of f where the first value and gradient are small.
    lr : float, array of shape (runs,) or callable, optional
        Learning rate, one per stacked run if wanted, or a schedule `lr(step)`; default `default_lr` of the class.
    patience : int or None
        Steps without a new best value after which the rate is halved; for noisy objectives take more, or None: never.
    **options
        Further arguments of the rule (beta1, momentum, clip_norm, ...).
    """

    kind = "gradient"
    wants_gradient = True
    evaluations_per_variable = 30_000
    criteria = (*COMMON, "tolgrad", "tolrate")
    rule: ClassVar[Callable[..., optim.Rule]]
    default_lr: ClassVar[float]
    cost = "n"
    state_names: ClassVar[tuple[str, ...]] = (
        "mean",
        *LooksDown.RULE_STATE,
        "size",
        "slope",
        "steepest",
        "gentlest",
        "first",
        "back",
        "sides",
        "still",
        "looking",
        "at_hundred",
        "at_ten",
        "downward",
        "onward",
        "uphill",
        "first_lr",
        "grade",
    )

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: Any = None,
        *,
        bounds: Any = None,
        popsize: int | None = None,
        rng: Any = None,
        stop: Mapping[str, Any] | None = None,
        lr: float | npt.ArrayLike | Callable[[int], Any] | None = None,
        patience: int | None = 100,
        **options: Any,
    ) -> None:
        super().__init__(x0, sigma0, bounds=bounds, rng=rng, stop=stop)
        self._measure = powers_of_two(self.scale0)
        self.patience = checked_patience(patience)
        self.lr = self.default_lr if lr is None else lr if callable(lr) else _rates(lr, self.runs)
        self._hold(type(self).rule(lr=self.lr, **options))
        self.slope, self.gentlest, self.steepest = self._each(np.inf), self._each(np.inf), self._each(0.0)
        self.first = self._each(np.nan)
        self.size = self._each(1.0)  # what values are measured in
        self.grade = self._each(1.0)  # what a rule sees gradients in
        self.sides = self._each(0)  # of a start without slope, on which the search has begun again
        self._be_ready_to_look()
        # Where the gradient last came below a hundred and ten times what counts as small.
        self.at_hundred, self.at_ten = self.mean.copy(), self.mean.copy()

    @classmethod
    def option_names(cls) -> set[str]:
        """Names that the constructor takes as `**options`: the rule's own."""
        return set(inspect.signature(cls.rule).parameters) - {"lr", "clip"} | {"clip_norm", "clip_value"}

    @property
    def mean_slope(self) -> Any:
        """Descent from the first value to the best, over the largest of the steps that `sigma0` says."""
        return (self.first - self.lowest) / np.asarray(self.size) / (self.scale0 / self._measure).max(-1)

    @property
    def stds(self) -> FloatArray:
        """Nothing is sampled: no standard deviations."""
        return np.full_like(self.mean, np.nan)

    def _candidates(self, k: int) -> FloatArray:
        return np.repeat(self.mean[..., None, :], k, axis=-2)

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: npt.NDArray[np.intp]) -> None:
        assert g is not None  # `tell` has made sure
        best = order[..., :1, None]
        here, slope = np.take_along_axis(x, best, -2)[..., 0, :], np.take_along_axis(g, best, -2)[..., 0, :]
        value = np.take_along_axis(f, order[..., :1], -1)[..., 0]
        begins = np.isnan(self.first)
        if np.any(begins):
            steep = np.abs(slope * self._measure).max(-1)
            self.size = np.where(begins, value_unit(value, steep), self.size)[()]
            self.first = np.where(begins, value, self.first)[()]
        slope = slope / np.asarray(self.size)[..., None]
        # Far above: ten times the descent made so far, or the size of f itself where none was made yet.
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite limit is no limit, nor is one from no value
            gained = self.first - self.lowest
            room = np.maximum(gained, np.abs(self.first))
            far = (value > np.maximum(self.lowest, self.first) + 10.0 * room) & (self.sides == 0)
            # About as low as the best point: beyond a cliff the gradient may vanish as well.
            near = value - self.lowest <= LITTLE * gained
        usable = np.isfinite(slope).all(-1)
        better = ~far & usable & (value < self.lowest)
        looking, downward = self._are_looking(), self._are_looking_down()
        bad = far | ~usable if downward is None else (far | ~usable) & ~downward
        fall = self.lowest - value if downward is not None else None
        if looking is not None:
            turn = self._seen_aside(here, np.where(bad[..., None], np.nan, slope), value)
        else:
            self._note_slopes(slope, bad)
        self._halve_where_stalled(better, value)
        self.back = np.where(better[..., None], here, self.back)
        before, self.slope = self.slope, np.where(bad, self.slope, self._projected(here, slope))[()]
        self._note_levels(here, before)
        aside = bad if downward is None else bad | downward  # a look, not a step
        self.steepest = np.where(aside, self.steepest, np.maximum(self.steepest, self.slope))[()]
        gentle = (near | better) & usable
        self.gentlest = np.where(gentle, np.minimum(self.gentlest, self.slope), self.gentlest)[()]
        kept = {} if looking is None and downward is None else self._remembered()
        self.mean = self._step(here, np.where(aside[..., None], 0.0, slope))
        self._take_back(bad)
        if looking is not None:
            self._turn(looking, *turn, kept)
        if downward is not None:
            self._turn_down(downward, slope, fall, kept)

    def _note_levels(self, x: FloatArray, before: Any) -> None:
        """Keep x where the gradient, `before` in the last step, has come below a level."""
        small = self._watch.thresholds.get("tolgrad", 0.0)
        small_ones = self.slope < 100 * small
        if not (small_ones if self.runs is None else small_ones.any()):  # mostly
            return
        for name, level in (("at_hundred", 100 * small), ("at_ten", 10 * small)):
            below = (self.slope < level) & (before >= level)
            if np.count_nonzero(below):
                setattr(self, name, np.where(np.asarray(below)[..., None], x, getattr(self, name)))

    def _step(self, x: FloatArray, g: FloatArray) -> FloatArray:
        g = g * self._measure
        top = np.abs(g).max(-1)
        if (top > HUGE).any():  # a rule sees such in a power of two of the first of them, or its squares overflow
            huge = top > HUGE * self.grade
            self.grade = np.where(huge, np.exp2(np.rint(np.log2(np.where(huge, top, 1.0)))), self.grade)[()]
            self._forget(huge)
        return self._inside(self._rule_step(x / self._measure, g / np.asarray(self.grade)[..., None]) * self._measure)

    def _projected(self, x: FloatArray, g: FloatArray) -> FloatArray:
        g = g * self._measure
        if self.box is not None:
            u = x / self._measure
            g = u - np.clip(u - g, self.box.lb / self._measure, self.box.ub / self._measure)
        return np.abs(g).max(-1)

    def _take_back(self, bad: Any) -> None:
        """Return to the last good point with half the rate and nothing remembered."""
        if not np.any(bad):
            return
        row = np.asarray(bad)[..., None]
        self.mean = np.where(row, self.back, self.mean)
        # The rate itself was wrong; `rate`, which says how far a sound one has been worn down, stays.
        self.base_lr = np.where(bad, 0.5 * self.base_lr, self.base_lr)[()]
        self._forget(bad)

    def _looked_again(self, found: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """Begin again beside a start where the gradient vanishes, on both sides as long as no better value is found."""
        ended = {
            run: reasons
            for run, reasons in found.items()
            if not reasons.keys() <= {"stationary"} | (AT_REST if self._at(self.sides, run) else set())
        }
        again = np.isin(self.active, [run for run in found if run not in ended]).reshape(self.batch)
        again &= (self.sides < 2) & (self.lowest >= self.first)
        left = (self.sides > 0) & (self.lowest < self.first)  # only a small gradient counts there
        found = {r: {"steep": 1.0} if w.keys() == {"tolrate"} and self._at(left, r) else w for r, w in found.items()}
        if not again.any():
            return self._looked_down(self._looked_aside(found))
        away = self._away()
        beside = self._inside(self.x_start + np.where(np.asarray(self.sides)[..., None] == 0, away, -away))
        self.mean = np.where(again[..., None], beside, self.mean)
        self.sides = np.where(again, self.sides + 1, self.sides)[()]
        self._begin_again(again)
        on = set(self.active[np.ravel(again)].tolist())
        return self._looked_down(self._looked_aside({run: why for run, why in found.items() if run not in on}))

    def _at(self, values: Any, run: int) -> Any:
        """The entry of a run."""
        return np.ravel(values)[np.searchsorted(self.active, run)]

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`; a state that tells nothing of sides and levels has none."""
        before = {"still": np.zeros(arrays["mean"].shape, dtype=bool), "looking": 0 * arrays["sides"]}
        levels = {"at_hundred": arrays["mean"], "at_ten": arrays["mean"]}
        down = {"downward": 0 * arrays["sides"], "onward": 0 * arrays["sides"], "uphill": 0 * arrays["mean"]}
        rates = {"first_lr": arrays["base_lr"], "grade": 0 * arrays["base_lr"] + 1.0}
        super().load_state_dict({**before, **levels, **down, **rates, **arrays})
        self._note_looks()

    def _take_runs(self, rows: npt.NDArray[np.intp]) -> None:
        super()._take_runs(rows)
        self._measure = self._measure[rows]

    def _after(self) -> None:
        self._take_back(np.asarray(self.generations_without_value) > 0)


class SGD(Descent):
    """Gradient descent with a constant learning rate, halved when it stalls."""

    paper = "Robbins and Monro 1951, Ann. Math. Statist. 22"
    good_for = "well-conditioned smooth functions, any n"
    rule = optim.SGD
    default_lr = 1e-2


class Momentum(Descent):
    """Gradient descent with a heavy ball."""

    paper = "Polyak 1964, USSR Comp. Math. 4"
    good_for = "smooth functions of moderate condition, any n"
    rule = optim.Momentum
    default_lr = 1e-2


class Nesterov(Descent):
    """Nesterov's accelerated gradient."""

    paper = "Nesterov 1983; Sutskever et al. 2013, ICML"
    good_for = "smooth functions of moderate condition, any n"
    rule = optim.Nesterov
    default_lr = 1e-2


class Adagrad(Descent):
    """Step sizes by coordinate from the sum of squared gradients."""

    paper = "Duchi, Hazan and Singer 2011, JMLR 12"
    good_for = "sparse gradients, coordinates of different scales"
    rule = optim.Adagrad
    default_lr = 0.3


class RMSprop(Descent):
    """Step sizes by coordinate from a running mean of squared gradients."""

    paper = "Tieleman and Hinton 2012, lecture 6.5"
    good_for = "stochastic gradients, coordinates of different scales"
    rule = optim.RMSprop
    default_lr = 1e-2


class Adam(Descent):
    """Momentum and step sizes by coordinate, both corrected for their start."""

    paper = "Kingma and Ba 2015, ICLR (arXiv:1412.6980)"
    good_for = "stochastic gradients, learning problems, any n"
    rule = optim.Adam
    default_lr = 5e-2


class AdamW(Descent):
    """Adam with weight decay that does not pass through the gradient."""

    paper = "Loshchilov and Hutter 2019, ICLR (arXiv:1711.05101)"
    good_for = "learning problems with regularised weights"
    rule = optim.AdamW
    default_lr = 5e-2
