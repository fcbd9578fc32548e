"""Quasi-Newton search along the columns of its own factor of the inverse Hessian.

With H^-1 = S S^T every column of S is a direction along which f has curvature 1: one length suits all differences, what
the curvature adds to a forward difference is known, and the slopes along the columns are all that a step needs.
Differences, steps and updates are in coordinates of S throughout: x + S p.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from es.auto import differences, line_search, noise
from es.auto.aside import step_aside
from es.auto.factor import active_step, update
from es.auto.from_high import from_high, is_short, negligible, seen_anew
from es.auto.stepwise import Asking, Stepwise
from es.core.arrays import FloatArray
from es.gradient.across import BESIDE, most_remembered
from es.gradient.ends import AHEAD, LITTLE

EPS = float(np.finfo(float).eps)
HESSIAN_AT = 5  # iteration in which second differences are taken in full, once
FAILURES = 3  # in a row end the run
DOUBTFUL = 0.1  # a step that gains less than this part of what the slope promised raises doubt about noise
CLEAR = 30.0  # times what was assumed: ripples at the bottom of a smooth function come to a few times rounding
AGAIN = 6  # times that noise is measured again at what looks like the end
STEPPED = 1e-4  # steps in f of this part of all that was gained are no rounding
NOISY = 0.1  # where four times the noise is more than this part of all that was gained, differences no longer pay
LOOKS = 2  # times that a run goes on from a lower point ahead
FAR = 5.0  # scales from where it began, a run knows nothing of the coarse curvature
SMALL_SCALE = 15.0  # times the coarse curvature at the Hessian, and
AT_ONCE = 100.0  # along the first steps: a rough function


@dataclass(eq=False)
class NewtonLoop(Stepwise):
    """BFGS (Nocedal and Wright 2006, (6.17)) in coordinates of the factor, with one Hessian by second differences.

    It ends as "converged", "flat" (no difference is seen), "rough" (curves far more in the small than in the large),
    "noisy" or "stepped" (differences tell nothing), "lost" (no progress along any step) or "failed" (no value at the
    start).
    """

    scale: FloatArray  # (n,), the length along each coordinate that means something (sigma0)
    lb: FloatArray
    ub: FloatArray
    _: KW_ONLY
    # Second divided differences of f along the coordinates at a coarse scale, with which the small one is compared; NaN
    # where they are not known.
    curvature: FloatArray | None = None
    spread: float = 0.0  # of the values seen at the coarse scale
    hessian: bool = True  # whether second differences are taken in full: n (n + 3) / 2 evaluations, or n gradients
    hessian_of_values: bool = False  # the same where gradients were left out
    gradient: bool = False  # whether gradients are asked for in the place of differences
    measured: float = 0.0  # noise of the values (a standard deviation) as far as it is known
    doubts: int = 2  # times that the noise may still be measured
    f_start: float = math.nan  # from which gains count; NaN: that of x
    at_once: int = 1  # points that can be evaluated at the same time (`differences.with_differences`)

    state_names: ClassVar[tuple[str, ...]] = (
        "x", "f", "f_start", "S", "slope", "nit", "failures", "mode", "measured", "hessian", "drop", "last_drop",
        "decrement", "gradient", "doubts", "remeasured", "level", "x_slope", "left_out", "taken", "beside",
        "looks", "slopes_told", "still", "high", "anew", "f_anew",
    )  # fmt: skip

    def _open(self) -> None:
        self.f_start = self.f if math.isnan(self.f_start) else self.f_start
        self.foreseen: differences.Foreseen | None = None
        self.taken = True  # whether the last line search ended with the first step
        self.origin = self.x.copy()
        self.beside = False  # whether the run began again beside a start where the slope vanished
        self.looks = 0  # times that it went on from a lower point ahead
        self.width = self._reachable()
        self.S = np.diag(self.scale)
        self.slope: FloatArray | None = None  # along the columns of S, at x
        self.nit = 0
        self.failures = 0
        self.mode = "first"  # of differences: "first", "forward", "central", "long"
        self.remeasured = 0
        self.level = False  # whether no difference was seen at x
        self.x_slope = np.zeros(self.n)  # the gradient that was told last
        self.slopes_told = np.empty((0, self.n))  # the first ones
        # Why gradients were: "lying" (a difference contradicted them), "unsteady" (noise), "jumping", "idle".
        self.left_out = ""
        self.drop = self.last_drop = math.inf  # the larger of the last two decreases of f, and the last one
        self.decrement = math.inf  # squared length of the Newton step: twice what the model promises
        self.still = False  # whether that step is short
        self.high = False  # whether it has come from high up
        self.anew, self.f_anew = 0, math.inf  # how often, and where, the run has seen its factor anew

    @property
    def noise(self) -> float:
        """Differences of values below this mean nothing: four times rounding, or what was measured.

        And what is `negligible` beside all that was gained.
        """
        return max(4 * EPS * abs(self.f), 4 * self.measured, negligible(self), 1e-300)

    @property
    def size(self) -> float:
        """Of the values that there were: |f|, or what was gained where that is more."""
        gained = self.f_start - self.f
        return max(abs(self.f), gained if math.isfinite(gained) else 0.0)

    def _reachable(self) -> FloatArray:
        """Width of the bounds; where they are open twenty times the scale, more the further the run has come."""
        width = self.ub - self.lb
        return np.where(np.isfinite(width), width, 20 * self.scale + 4 * np.abs(self.x - self.origin))

    # What the function is like ---------------------------------------------------------------------

    def _slopes(self, x: FloatArray, f: float) -> Asking:
        """Slopes along the columns of S, or None where they cannot be told; and the value at x, where f is NaN."""
        if self.gradient:
            told = yield from self.told_slopes(x[None])
            if told is None:
                return None
            self.x_slope = told[0, 1:]
            if len(self.slopes_told) < most_remembered(self.n):
                self.slopes_told = np.vstack([self.slopes_told, told[0, 1:]])
            self.level = not self.x_slope.any()
            return self.S.T @ told[0, 1:]
        return (yield from differences.slopes(self, x, f))

    def _far(self) -> bool:
        """Whether the run has left the surroundings in which the coarse curvature was seen."""
        return bool((np.abs(self.x - self.origin) > FAR * self.scale).any())

    def _small_scale(self, S: FloatArray, B: FloatArray) -> bool:
        """Whether f curves far more along the coordinates in the small (H = S^-T B S^-1) than in the large."""
        if self.curvature is None or self._far():
            return False
        inverse = np.linalg.inv(S)
        small = np.abs(np.einsum("ki,kl,li->i", inverse, B, inverse)) / 2
        known = np.isfinite(self.curvature) & (self.curvature != 0)
        if not known.any():
            return False
        ratio = float(np.median(small[known] / np.abs(self.curvature[known])))
        return ratio > SMALL_SCALE and self.decrement < 10 * self.spread

    def _rough_step(self, s: FloatArray, curved: float) -> bool:
        """The same along the first steps s, before the Hessian is known; `curved` is s . y."""
        if self.curvature is None or self.nit > 3 or self._far():
            return False
        coarse = float((2 * np.abs(np.nan_to_num(self.curvature)) * s * s).sum())
        return coarse > 0 and abs(curved) > AT_ONCE * coarse

    # The iteration ---------------------------------------------------------------------------------

    def _iteration(self) -> Asking:
        self.width = self._reachable()
        self.foreseen = None
        if math.isnan(self.f):
            (self.f,) = (yield self.x[None]).tolist()
            self.f_start = self.f if math.isnan(self.f_start) else self.f_start
            if not math.isfinite(self.f):
                self.ended = "failed"
                return
        if self.slope is None:
            self.slope = yield from self._slopes(self.x, self.f)
            if self.slope is None:
                yield from self._fail()
                return
        if self.hessian and self.nit == HESSIAN_AT:
            self.hessian = False
            before = self.S
            B = yield from differences.second(self)
            if B is not None and self._small_scale(before, B):
                yield from self._call_rough()
                return
        x, f, slope = self.x, self.f, self.slope
        p = active_step(self.S, slope, x, self.lb, self.ub, self.width)
        self.decrement = float(p @ p)
        self.still = is_short(self.S @ p, x, self.origin)
        promise = -float(slope @ p)
        small = self.decrement <= 4 * self.noise and self.mode != "first" and not self._is_cut(p)
        if promise <= 0 or self.level or small:
            yield from self._end_or_go_on("flat" if self.level else "converged")
            return
        found = yield from line_search.search(self, x, f, self.S @ p, -promise)
        if found is None:
            yield from self._fail()
            return
        y, f_new, self.taken = found
        self.last_drop, self.drop = f - f_new, max(self.last_drop, f - f_new)
        if f - f_new < DOUBTFUL * min(promise, self.decrement) and (yield from self._doubt()):
            self._take(y, f_new)
            self._start_over()
            return
        if self.mode not in ("first", "forward"):
            self.mode = "forward"
        new = yield from self._slopes(y, f_new)
        self._take(y, f_new)
        if new is None:
            yield from self._fail()
        elif self._update(y - x, p, slope, new):
            yield from self._call_rough()

    def _is_cut(self, p: FloatArray) -> bool:
        """Whether the step p was cut to half the width: its length then says nothing about what is to be gained."""
        return float(np.max(np.abs(self.S @ p) / self.width)) > 0.49

    def _take(self, y: FloatArray, f: float) -> None:
        self.x, self.f, self.nit, self.failures, self.slope = y, f, self.nit + 1, 0, None

    def _update(self, s: FloatArray, p: FloatArray, old: FloatArray, new: FloatArray) -> bool:
        """BFGS for the step s along S p, with slopes before and after it along the columns of S; True if f is rough."""
        d = self.S @ p
        a = float(s @ d) / float(d @ d)
        if np.abs(s - a * d).max() <= 1e-6 * np.abs(s).max() + 4 * EPS * np.abs(self.x).max():
            p = a * p  # s itself is known to rounding of x only
        else:  # bent at a bound
            try:
                p = np.asarray(np.linalg.solve(self.S, s), dtype=np.float64)
            except np.linalg.LinAlgError:
                self._start_over()
                return False
        q = new - old
        with np.errstate(over="ignore", invalid="ignore"):
            pq, pp, qq = float(p @ q), float(p @ p), float(q @ q)
        if not math.isfinite(pp + qq):  # of a plane the factor has no bound
            self.ended = "lost"
            return False
        if not pq > 1e-10 * math.sqrt(pp) * math.sqrt(qq):
            self.slope, self.mode = new, "forward" if self.mode == "first" and pq > 0 else self.mode
            return self._rough_step(s, pq)
        if self.mode == "first":  # the first factor knew no curvature: Nocedal and Wright (6.20)
            size = math.sqrt(pp / pq)
            self.S, p, q, new, self.mode = self.S * size, p / size, q * size, new * size, "forward"
        self.S, self.slope = update(self.S, new, p, q)
        return self._rough_step(s, pq)

    # Failures and doubts ---------------------------------------------------------------------------

    def _fail(self) -> Asking:
        """No progress: better differences, and in the end none."""
        self.failures += 1
        self.slope = None
        last = self.failures >= FAILURES
        if self.gradient and (yield from self._leaves_gradients(noisy=self.failures == 2, nowhere=last)):
            return
        if (yield from self._doubt()):
            self._start_over()
        elif last:
            self.ended = "lost"
        elif self.failures == 1:
            self.mode = "central"
        else:
            self.mode = "long"

    def _end_or_go_on(self, reason: str) -> Asking:
        """About to say that the run has converged, or that f is flat: not where noise explains it."""
        if self.gradient and (yield from self._leaves_gradients(ends=True)):
            return
        if self.measured:
            yield from self._measure_again()
            if not self.ended:
                return
        elif (yield from self._doubt()):
            self._start_over()
            return
        if reason == "flat" and not self.ended and (yield from self._resolved()):
            reason = "converged"
        for looks in (self._sees_anew, self._begins_beside, self._goes_on_ahead, self._goes_on_aside):
            if not self.ended and (yield from looks()):
                return
        if not self.ended and not self.measured and from_high(self.f_start, self.f):
            self.f_start, self.slope = self.f + 1.0, None  # what was little beside all that was gained may be much
            return
        self.ended = self.ended or reason

    def _sees_anew(self) -> Asking:
        return (yield from seen_anew(self))

    def _begins_beside(self) -> Asking:
        """A run that never left its start goes to the lower of two points beside it: that may have been a saddle."""
        if self.nit or self.beside or self.curvature is not None:
            return False
        self.beside = True
        step = BESIDE * self.scale * np.random.default_rng(self.n).standard_normal(self.n)
        x, values = yield from self._either_side(step)
        if not (np.isfinite(values).all() and (x != self.x).any()):
            return False
        curved = float(abs(values.sum() - 2 * self.f) / ((step / self.scale) ** 2).sum())
        self._begin_at(x, values.min())
        self.S = self.S / math.sqrt(curved) if curved > 0 else self.S
        return True

    def _goes_on_ahead(self) -> Asking:
        """Whether a point is lower on either side along the direction with the least curvature, at an inflection."""
        way = float(np.linalg.norm((self.x - self.origin) / self.scale))
        if not way or self.curvature is not None or self.measured:
            return False
        axes, sizes, _ = np.linalg.svd(self.S / self.scale[:, None])
        if way > math.sqrt(LITTLE * max(self.f_start - self.f, 0.0)) * sizes[0]:
            return False
        return (yield from self._goes_on(AHEAD * way * axes[:, 0] * self.scale))

    def _goes_on_aside(self) -> Asking:
        """Whether a point is lower across the way of a run that has seen no Hessian: its end may be a saddle."""
        if self.curvature is not None or self.measured:
            return False
        step = yield from step_aside(self, CLEAR * self.noise, self.nit < HESSIAN_AT)
        return step is not None and (yield from self._goes_on(step))

    def _goes_on(self, step: FloatArray) -> Asking:
        """Go on from the lower of the points before and after a step, if it is lower than the end."""
        x, values = yield from self._either_side(step)
        if not self.f - values.min() > CLEAR * self.noise:
            return False
        self.looks += 1
        self.ended = "lost" if self.looks > LOOKS else ""
        self._begin_at(x, values.min())
        return True

    def _either_side(self, step: FloatArray) -> Asking:
        """The lower of the points before and after a step, and both values, inf where they are not finite."""
        points = np.clip(np.array([self.x - step, self.x + step]), self.lb, self.ub)
        told = yield points
        values = np.where(np.isfinite(told), told, np.inf)
        return points[values.argmin()], values

    def _begin_at(self, x: FloatArray, f: float) -> None:
        self.x, self.f, self.level = x, float(f), False
        self._start_over()

    def _resolved(self) -> Asking:
        """Whether no difference is seen because the run has come down to a minimum, not because f is flat."""
        if self.nit > 0 and (self.gradient or self.last_drop <= differences.BOTTOM * EPS * self.size):
            return True
        if self.nit == 0 and self.f_start > self.f and not self.gradient:  # what came before has seen other values
            return False
        return (yield from differences.at_the_bottom(self))

    def _leaves_gradients(self, noisy: bool = False, ends: bool = False, nowhere: bool = False) -> Asking:
        """Where a gradient is wrong, noisy, leads nowhere or jumps at the end, the run goes on without, begun anew."""
        if (yield from differences.gradient_lies(self, self.x_slope)):
            self.left_out = "lying"
        elif ends and self.doubts > 0 and (yield from differences.gradient_jumps(self, self.x_slope)):
            self.left_out = "jumping"
        elif nowhere and self.doubts > 0:
            self.left_out = "idle"
        elif noisy and (yield from differences.gradient_noisy(self)):
            self.left_out = "unsteady"
        else:
            return False
        self.gradient, self.hessian, self.nit = False, self.hessian_of_values, 0
        self._start_over()
        return True

    def _measure_again(self) -> Asking:
        """Noise may have fallen with f: a run that came down to what was measured goes on, or is at its end."""
        self.remeasured += 1
        f, least = self.f, CLEAR * 4 * EPS * abs(self.f)
        level, steps = yield from noise.measure(self.x, f, self.scale, self.lb, self.ub, least)
        if level > self.measured / 3 or self.remeasured > AGAIN:
            coarse = 4 * self.measured > STEPPED * (self.f_start - self.f)
            self.ended = "stepped" if steps and coarse else "converged"
        else:
            self.measured, self.slope, self.mode = level, None, "forward"

    def _doubt(self) -> Asking:
        """Measure the noise, a few times in a run at most; True where there is far more than was assumed."""
        if self.doubts <= 0 or self.gradient or not math.isfinite(self.f):
            return False
        self.doubts -= 1
        level, steps = yield from noise.measure(self.x, self.f, self.scale, self.lb, self.ub, CLEAR * self.noise)
        if not level:
            return False
        self.measured = level
        gained = self.f_start - self.f
        if 4 * level > NOISY * gained:
            self.ended = "stepped" if steps else "noisy"
        return True

    def _call_rough(self) -> Asking:
        """About to say that f is rough: noise looks the same, of values or of gradients."""
        if self.gradient and (yield from self._leaves_gradients(noisy=True)):
            return
        if self.measured:
            self.ended = "noisy"
            return
        self.doubts = max(self.doubts, 1)
        if not (yield from self._doubt()):
            self.ended = "rough"
        elif not self.ended:
            self._start_over()

    def _start_over(self) -> None:
        """What was learnt from differences in noise is worth nothing."""
        self.S, self.slope, self.mode, self.failures = np.diag(self.scale), None, "first", 0
