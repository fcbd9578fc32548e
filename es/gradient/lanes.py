"""Solvers side by side: the runs of one method that works with gradients, each in a *lane* of common arrays.

Runs of L-BFGS-B by the compiled routine (`es.gradient.lbfgsb`) have their points, values and gradients as rows of
arrays, which the routine reads and writes, so that a tick is a call of it for each and a few operations for all. What
is around the routine, starts that follow each other and points beside the first, is the generator that a single run
goes by. Whatever else stands here is asked and told one by one. Either way a run has the numbers that it has alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

import numpy as np

from es.core.arrays import BoolArray, FloatArray, IntArray
from es.gradient import scipy_solvers as solvers
from es.gradient.across import most_remembered
from es.gradient.ends import FAR, Descended, Task, is_notable, lengths, why_ended
from es.gradient.lbfgsb import EVALUATE, ITERATED, kinds_of, prepared, result_of
from es.gradient.scipy_methods import LBFGSB
from es.gradient.solver_method import palatable
from es.gradient.units import Measure, powers_of_two
from problems.boxes import Box


class Search(NamedTuple):
    """What a generator hands out to be done by the routine; sent back is its result."""

    x0: FloatArray
    box: Box | None
    seen: Descended


def _search(x0: FloatArray, box: Box | None, options: Mapping[str, Any], seen: Descended) -> Generator[Any, Any, Any]:
    """In the place of that by which a single run searches."""
    return (yield Search(x0, box, seen))


class Lane:
    """A run of L-BFGS-B in the place of its optimizer; `reasons` say why it has ended, and are empty before."""

    def __init__(self, task: Task) -> None:
        self.task, self.reasons = task, dict[str, float]()
        self.measure = Measure(task, powers_of_two(task.scale))
        self.asking: Any = solvers.lbfgsb_by_steps(self.measure.task, _search)
        self.search: Search | None = None
        self.blind: list[FloatArray] = []


class Points:
    """A point with its value and gradient for each lane."""

    def __init__(self, lanes: int, n: int) -> None:
        self.x, self.f, self.g = np.zeros((lanes, n)), np.zeros(lanes), np.zeros((lanes, n))

    def put(self, lanes: Any, x: Any, f: Any, g: Any) -> None:
        """Have these from now on."""
        self.x[lanes], self.f[lanes], self.g[lanes] = x, f, g

    def of(self, lane: int) -> tuple[FloatArray, float, FloatArray]:
        """Those of one lane."""
        return self.x[lane], self.f.item(lane), self.g[lane]


class Lanes:
    """Solvers, each in a lane: an optimizer, a `Lane`, or None.

    `x_best` (lanes, n) are the best points, which somebody else keeps.
    """

    def __init__(self, lanes: int, n: int, x_best: FloatArray) -> None:
        self._x_best = x_best
        self.solvers: list[Any] = [None] * lanes
        self._rows, self._searching, self._has_ended = (np.zeros(lanes, dtype=bool) for _ in range(3))  # rows: a `Lane`
        # The routine of each lane, what it keeps, reads and writes; and lanes that wait for its first call.
        self._calls: list[Callable[[], Any] | None] = [None] * lanes
        self._buffers: list[Any] = [None] * lanes
        self._boxes: list[Box | None] = [None] * lanes
        self._bounds = np.zeros((lanes, n)), np.zeros((lanes, n)), np.zeros((lanes, n), dtype=np.int32)
        self._task = np.zeros((lanes, 2), dtype=np.int32)
        self._now, self._begun = Points(lanes, n), set[int]()
        # As the solvers see it: points asked for, the first value of a run, the best points of searches, and those
        # before the last step that gained something notable.
        self._asked, self._first = np.zeros((lanes, n)), np.zeros(lanes)
        self._best, self._last = Points(lanes, n), Points(lanes, n)
        self._slopes, self._kept = (
            np.zeros((lanes, most_remembered(n), n)),
            np.zeros(lanes, dtype=np.intp),
        )  # on ways down
        # Units of x and f (0: not known yet), whether those of x are other than one, and whether any are.
        self._measure, self._unit = np.ones((lanes, n)), np.zeros(lanes)
        self._measured, self._odd = np.zeros(lanes, dtype=bool), np.zeros(lanes, dtype=bool)
        # As the caller sees it: the range of finite values, and up to where coordinates are not too far away.
        self._least, self._greatest, self._near = (np.zeros(lanes) for _ in range(3))

    def begin(self, lane: int, make: Any, x0: FloatArray, scale: FloatArray, rng: Any) -> None:
        """Put a fresh run of the solver that `make` makes into a lane."""
        self._rows[lane] = self._searching[lane] = self._has_ended[lane] = False
        self._begun.discard(lane)
        if make.cls is LBFGSB:
            fixed = make.fixed
            options = {name: fixed.get(name, default) for name, default in LBFGSB.defaults.items()}
            task = Task(x0.copy(), scale.copy(), fixed["bounds"], 0, None, (), options)
            if solvers.takes_steps(task):
                self._begin_here(lane, Lane(task))
                return
        self.solvers[lane] = make(x0=x0, sigma0=scale, rng=rng)

    def _begin_here(self, lane: int, one: Lane) -> None:
        self.solvers[lane], self._rows[lane] = one, True
        self._measure[lane], self._unit[lane], self._odd[lane] = one.measure.units, 0.0, True
        self._measured[lane] = not one.measure.ones
        self._least[lane], self._greatest[lane] = np.inf, -np.inf
        self._near[lane] = 0.5 * FAR * np.maximum(one.task.scale, np.abs(one.task.x0)).min()
        if self._go_on(lane, None):
            self._begun.add(lane)

    def asked(self, lanes: IntArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """The points (r, 1, n) that these wait for, inside the bounds."""
        self._step(list(self._begun))
        self._begun.clear()
        x = self._asked[lanes]
        if self._measured[lanes].any():
            x *= self._measure[lanes]
        for row in (~self._rows[lanes]).nonzero()[0].tolist():
            x[row] = self.solvers[lanes[row]].asked[0]
        if not (finite := np.isfinite(x)).all():
            for row in np.flatnonzero(~finite.all(-1)).tolist():  # one runs away
                solver = self.solvers[lanes[row]]
                if isinstance(solver, Lane):
                    solver.reasons = {"tolfacupx": np.inf}
                    self._has_ended[lanes[row]] = True
                    x[row] = np.clip(np.nan_to_num(x[row]), -1e100, 1e100)
                else:
                    x[row] = solver.ask()[0]
        return np.minimum(np.maximum(x, lower, out=x), upper, out=x)[:, None]

    def tell(self, lanes: IntArray, x: FloatArray, f: FloatArray, g: FloatArray, plain: BoolArray) -> None:
        """Values (r, 1) and gradients (r, 1, n) of points (r, 1, n); `plain`: both are finite."""
        here = self._rows[lanes]
        if not here.all():
            for row in (~here).nonzero()[0].tolist():
                self.solvers[lanes[row]].tell_stacked(x[row], f[row], g[row], bool(plain[row]))
            lanes, x, f, g, plain = lanes[here], x[here], f[here], g[here], plain[here]
        x, f, g = x[:, 0], f[:, 0], g[:, 0]
        if plain.all():
            self._see(lanes, x, f)
        else:
            self._see(lanes[plain], x[plain], f[plain])
            f, g = f.copy(), g.copy()
            for row in (~plain).nonzero()[0].tolist():
                one = slice(row, row + 1)
                f[one], g[one] = self._palatable(int(lanes[row]), x[one], f[one], g[one])
        if (odd := self._odd[lanes].nonzero()[0]).size:
            f, g = f.copy(), g.copy()
            f[odd], g[odd] = self._in_units(lanes[odd], f[odd], g[odd])
        searching = self._searching[lanes]
        rest: list[int] = []
        if not searching.all():
            rows = (~searching).nonzero()[0].tolist()
            rest = [lane for row in rows if self._go_on(lane := int(lanes[row]), (f[row, None], g[row, None]))]
            lanes, f, g = lanes[searching], f[searching], g[searching]
        self._note(lanes, f, g)
        self._step(lanes.tolist() + rest)

    def have_ended(self, lanes: IntArray) -> BoolArray:
        """Which have."""
        over: BoolArray = self._has_ended[lanes]
        for row in (~self._rows[lanes]).nonzero()[0].tolist():
            over[row] = self.solvers[lanes[row]].has_ended
        return over

    def reasons(self, lane: int) -> dict[str, float]:
        """Why one has ended; empty while it goes on."""
        found: dict[str, float] = self.solvers[lane].reasons
        return found

    def _see(self, lanes: IntArray, x: FloatArray, f: FloatArray) -> None:
        """Remember the range of finite values, and end runs that fall without an end, far away."""
        self._least[lanes] = least = np.minimum(self._least[lanes], f)
        self._greatest[lanes] = np.maximum(self._greatest[lanes], f)
        near = self._near[lanes]
        if max(x.max(initial=0.0), -x.min(initial=0.0)) > near.min(initial=np.inf):
            for row in np.flatnonzero((f <= least) & (np.abs(x).max(-1) > near)).tolist():
                one = self.solvers[lanes[row]]
                if lengths(x[row], one.task.x0, one.task.scale) > FAR:
                    one.reasons, self._has_ended[lanes[row]] = {"tolfacupx": np.inf}, True

    def _palatable(self, lane: int, x: FloatArray, f: FloatArray, g: FloatArray) -> Any:
        self.solvers[lane].blind += list(x)
        seen = self._least.item(lane), self._greatest.item(lane)
        f, slopes, (self._least[lane], self._greatest[lane]) = palatable(f, g, seen)
        return f, slopes

    def _in_units(self, lanes: IntArray, f: FloatArray, g: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values and gradients as the solvers see them; the first ones of each say in what unit."""
        for row in (self._unit[lanes] == 0).nonzero()[0].tolist():
            lane, measure = lanes[row], self.solvers[lanes[row]].measure
            measure.answer(f[row, None], g[row, None])
            self._unit[lane], self._odd[lane] = measure.unit, not (measure.ones and measure.unit == 1)
        unit = self._unit[lanes]
        return f / unit, g * self._measure[lanes] / unit[:, None]

    def _note(self, lanes: IntArray, f: FloatArray, g: FloatArray) -> None:
        """Hand values and gradients to the searches, and note them, as `Descended` does for one."""
        now, best = self._now, self._best
        now.f[lanes], now.g[lanes] = f, g
        before = best.f[lanes]
        for row in (before == np.inf).nonzero()[0].tolist():
            lane = lanes[row]
            self._first[lane] = self.solvers[lane].search.seen.note(self._asked[lane], f.item(row), g[row])
        better = (f < before).nonzero()[0]
        lanes, f, g = lanes[better], f[better], g[better]
        first = (self._kept[lanes] < self._slopes.shape[1]).nonzero()[0]
        if first.size:
            at = lanes[first]
            self._slopes[at, self._kept[at]] = g[first]
            self._kept[at] += 1
        at = lanes[is_notable(before[better], f, self._first[lanes])]
        self._last.put(at, best.x[at], best.f[at], best.g[at])
        best.put(lanes, self._asked[lanes], f, g)

    def _step(self, rest: list[int]) -> None:
        """Let the routine work in these lanes until each waits for a value, or has ended."""
        calls: list[Any] = self._calls
        said = self._task.data
        while rest:
            for lane in rest:
                call = calls[lane]
                call()
                while said[lane, 0] == ITERATED:
                    call()
            lanes = np.array(rest)
            x, asks = self._now.x[lanes], self._task[lanes, 0] == EVALUATE
            known = asks & (x[:, 0] == self._asked[lanes, 0])
            if known.any():
                known &= (x == self._asked[lanes]).all(-1)
            fresh = (asks & ~known).nonzero()[0]
            self._asked[lanes[fresh]] = x[fresh]
            rest = lanes[known].tolist()
            rest += [lane for lane in lanes[~asks].tolist() if self._go_on(lane, self._result(lane))]

    def _result(self, lane: int) -> Any:
        """What the search of a lane has found, which is over."""
        seen = self.solvers[lane].search.seen
        if self._last.f.item(lane) < np.inf:
            seen.note(*self._last.of(lane))
        seen.note(*self._best.of(lane))
        for slope in self._slopes[lane, len(seen.slopes) : self._kept[lane]]:
            seen.see(slope.copy())
        x, f, g = self._now.of(lane)
        return result_of(x.copy(), f, g.copy(), self._task[lane])

    def _go_on(self, lane: int, answer: Any) -> bool:
        """Send an answer to the generator of a lane; whether it has begun a search."""
        one: Lane = self.solvers[lane]
        try:
            wanted = one.asking.send(answer)
        except StopIteration as end:
            outcome = one.measure.outcome(end.value)
            reason = why_ended(outcome, one.task, one.blind, self._x_best[lane], plateau=lambda: False)
            one.reasons = one.reasons or {reason: float(outcome.status)}
            self._has_ended[lane], self._searching[lane] = True, False
            return False
        self._searching[lane] = isinstance(wanted, Search)
        if not self._searching[lane]:
            self._asked[lane] = wanted[0]
            return False
        one.search = wanted
        self._reset(lane, wanted, one.measure.task.options)
        return True

    def _reset(self, lane: int, search: Search, options: Mapping[str, Any]) -> None:
        """Make the arrays of a lane those of a search that begins."""
        self._now.put(lane, search.x0, 0.0, 0.0)
        self._task[lane], self._asked[lane] = 0, np.nan
        self._kept[lane] = len(search.seen.slopes)
        self._best.f[lane] = self._last.f[lane] = np.inf
        low, high, kinds = self._bounds
        bounds = low[lane], high[lane], kinds[lane]
        if self._boxes[lane] is not search.box:
            self._boxes[lane] = search.box
            for mine, given in zip(bounds, kinds_of(search.box, search.x0.size), strict=True):
                mine[:] = given
        if self._calls[lane] is None:
            x, f, g = self._now.x[lane], self._now.f[lane, ...], self._now.g[lane]
            self._calls[lane], self._buffers[lane] = prepared(x, f, g, bounds, self._task[lane], options)
        else:
            for buffer in self._buffers[lane]:
                buffer.fill(0)
