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
from es.gradient.ends import FAR, NOTABLE, Task, lengths
from es.gradient.lbfgsb import EVALUATE, ITERATED, Note, kinds_of, prepared, result_of
from es.gradient.scipy_methods import LBFGSB
from es.gradient.solver_method import palatable, why_ended
from es.gradient.units import Measure, powers_of_two
from problems.boxes import Box


class Search(NamedTuple):
    """What a generator hands out to be done by the routine; sent back is its result."""

    x0: FloatArray
    box: Box | None
    note: Note


def _search(x0: FloatArray, box: Box | None, options: Mapping[str, Any], note: Note) -> Generator[Any, Any, Any]:
    """In the place of `es.gradient.lbfgsb.by_steps`."""
    return (yield Search(x0, box, note))


class Lane:
    """A run of L-BFGS-B in the place of its optimizer.

    Parameters
    ----------
    task : Task

    Attributes
    ----------
    reasons : dict
        Why it has ended; empty before.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.reasons = task, dict[str, float]()
        self.measure = Measure(task, powers_of_two(task.scale))
        self.asking: Any = solvers.lbfgsb_by_steps(self.measure.task, _search)
        self.search: Search | None = None
        self.blind: list[FloatArray] = []


class Lanes:
    """Solvers, each in a lane.

    Parameters
    ----------
    lanes, n : int
    x_best : ndarray, shape (lanes, n)
        The best points, which somebody else keeps.

    Attributes
    ----------
    solvers : list
        In each lane an optimizer, a `Lane`, or None.
    """

    def __init__(self, lanes: int, n: int, x_best: FloatArray) -> None:
        self._x_best = x_best
        self.solvers: list[Any] = [None] * lanes
        self._calls: list[Callable[[], Any] | None] = [None] * lanes
        self._buffers: list[Any] = [None] * lanes
        self._boxes: list[Box | None] = [None] * lanes
        self._rows = np.zeros(lanes, dtype=bool)  # which are a `Lane`
        self._searching = np.zeros(lanes, dtype=bool)
        self._has_ended = np.zeros(lanes, dtype=bool)
        # As the caller sees it: the points asked for. As a solver does: its point, the point, value and gradient it was
        # told last, and the best ones of its present search.
        self._asked, self._x, self._known = (np.zeros((lanes, n)) for _ in range(3))
        self._g, self._best_x, self._best_g = (np.zeros((lanes, n)) for _ in range(3))
        self._f, self._best, self._last = np.zeros(lanes), np.full(lanes, np.inf), np.full(lanes, np.inf)
        # The best ones before the last step that gained something notable, and the first value of a run.
        self._last_x, self._last_g, self._first = np.zeros((lanes, n)), np.zeros((lanes, n)), np.zeros(lanes)
        self._measure, self._unit = np.ones((lanes, n)), np.zeros(lanes)
        self._least, self._greatest = np.full(lanes, np.inf), np.full(lanes, -np.inf)  # finite values told so far
        self._farthest = np.zeros((lanes, n))  # what no coordinate is above, unless it may be too far away
        self._low, self._high = np.zeros((lanes, n)), np.zeros((lanes, n))
        self._kinds, self._task = np.zeros((lanes, n), dtype=np.int32), np.zeros((lanes, 2), dtype=np.int32)

    def begin(self, lane: int, make: Any, x0: FloatArray, scale: FloatArray, rng: Any) -> None:
        """Put a fresh run of the solver that `make` makes into a lane."""
        self._rows[lane] = self._searching[lane] = self._has_ended[lane] = False
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
        self._measure[lane], self._unit[lane] = one.measure.units, 0.0
        self._least[lane], self._greatest[lane] = np.inf, -np.inf
        self._farthest[lane] = 0.5 * FAR * np.maximum(one.task.scale, np.abs(one.task.x0))
        if self._go_on(lane, None):
            self._step([lane])

    def asked(self, lanes: IntArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """The points (r, 1, n) that these wait for, inside the bounds."""
        x = self._asked[lanes]
        for row in np.flatnonzero(~self._rows[lanes]).tolist():
            x[row] = self.solvers[lanes[row]].asked[0]
        wild = ~np.isfinite(x).all(-1)
        for row in np.flatnonzero(wild).tolist():  # one runs away
            solver = self.solvers[lanes[row]]
            if isinstance(solver, Lane):
                solver.reasons = {"tolfacupx": np.inf}
                self._has_ended[lanes[row]] = True
                x[row] = np.clip(np.nan_to_num(x[row]), -1e100, 1e100)
            else:
                x[row] = solver.ask()[0]
        return np.minimum(np.maximum(x, lower), upper)[:, None]

    def tell(self, lanes: IntArray, x: FloatArray, f: FloatArray, g: FloatArray, plain: BoolArray) -> None:
        """Values (r, 1) and gradients (r, 1, n) of points (r, 1, n); `plain`: both are finite."""
        here = self._rows[lanes]
        for row in np.flatnonzero(~here).tolist():
            self.solvers[lanes[row]].tell_stacked(x[row], f[row], g[row], bool(plain[row]))
        if not here.all():
            lanes, x, f, g, plain = lanes[here], x[here], f[here], g[here], plain[here]
        at, values = lanes, f[:, 0]
        if not plain.all():
            at, values, f, g = lanes[plain], values[plain], f.copy(), g.copy()
            for row in np.flatnonzero(~plain).tolist():
                f[row], g[row] = self._palatable(int(lanes[row]), x[row], f[row], g[row])
        self._least[at] = np.minimum(self._least[at], values)
        self._greatest[at] = np.maximum(self._greatest[at], values)
        wide = (values <= self._least[at]) & (np.abs(x[plain, 0]) > self._farthest[at]).any(-1)
        for row in np.flatnonzero(wide).tolist():
            one = self.solvers[at[row]]
            if lengths(x[plain, 0][row], one.task.x0, one.task.scale) > FAR:
                one.reasons, self._has_ended[at[row]] = {"tolfacupx": np.inf}, True
        f, g = self._in_units(lanes, f, g)
        searching = self._searching[lanes]
        if searching.all():
            rest = self._told(lanes, f[:, 0], g[:, 0])
        else:
            rest = self._told(lanes[searching], f[searching, 0], g[searching, 0])
            for row in np.flatnonzero(~searching).tolist():
                if self._go_on(int(lanes[row]), (f[row], g[row])):
                    rest.append(int(lanes[row]))
        self._step(rest)

    def have_ended(self, lanes: IntArray) -> BoolArray:
        """Which have."""
        over: BoolArray = self._has_ended[lanes]
        for row in np.flatnonzero(~self._rows[lanes]).tolist():
            over[row] = self.solvers[lanes[row]].has_ended
        return over

    def reasons(self, lane: int) -> dict[str, float]:
        """Why one has ended; empty while it goes on."""
        found: dict[str, float] = self.solvers[lane].reasons
        return found

    def _palatable(self, lane: int, x: FloatArray, f: FloatArray, g: FloatArray) -> Any:
        self.solvers[lane].blind += list(x)
        seen = self._least.item(lane), self._greatest.item(lane)
        f, slopes, (self._least[lane], self._greatest[lane]) = palatable(f, g, seen)
        return f, slopes

    def _in_units(self, lanes: IntArray, f: FloatArray, g: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values and gradients as the solvers see them; the first ones of each say in what unit."""
        for row in np.flatnonzero(self._unit[lanes] == 0).tolist():
            one = self.solvers[lanes[row]]
            one.measure.answer(f[row], g[row])
            self._unit[lanes[row]] = one.measure.unit
        measure, unit = self._measure[lanes], self._unit[lanes]
        if (measure != 1).any():
            g = g * measure[:, None]
        if (unit != 1).any():
            f, g = f / unit[:, None], g / unit[:, None, None]
        return f, g

    def _told(self, lanes: IntArray, f: FloatArray, g: FloatArray) -> list[int]:
        """Hand values and gradients to the searches, and note them."""
        self._f[lanes], self._g[lanes] = f, g
        first = self._best[lanes] == np.inf
        better = f < self._best[lanes]
        for row in np.flatnonzero(first).tolist():
            search = self.solvers[lanes[row]].search
            self._first[lanes[row]] = search.note(self._known[lanes[row]], f.item(row), g[row])
        at = lanes[better & (self._best[lanes] - f > NOTABLE * (self._first[lanes] - f))]
        self._last[at], self._last_x[at], self._last_g[at] = self._best[at], self._best_x[at], self._best_g[at]
        at = lanes[better]
        self._best[at], self._best_x[at], self._best_g[at] = f[better], self._known[at], g[better]
        return lanes.tolist()

    def _step(self, rest: list[int]) -> None:
        """Let the routine work in these lanes until each waits for a value, or has ended."""
        calls: list[Any] = self._calls
        while rest:
            for lane in rest:
                calls[lane]()
            lanes = np.array(rest)
            said = self._task[lanes, 0]
            evaluate, again = said == EVALUATE, said == ITERATED
            x = self._x[lanes]
            known = evaluate & (x == self._known[lanes]).all(-1)
            fresh = evaluate & ~known
            at = lanes[fresh]
            self._known[at] = x[fresh]
            self._asked[at] = x[fresh] * self._measure[at]
            rest = lanes[again | known].tolist()
            rest += [lane for lane in lanes[~(evaluate | again)].tolist() if self._go_on(lane, self._result(lane))]

    def _result(self, lane: int) -> Any:
        """What the search of a lane has found, which is over."""
        note = self.solvers[lane].search.note
        if self._last.item(lane) < np.inf:
            note(self._last_x[lane], self._last.item(lane), self._last_g[lane])
        note(self._best_x[lane], self._best.item(lane), self._best_g[lane])
        return result_of(self._x[lane].copy(), self._f.item(lane), self._g[lane].copy(), self._task[lane])

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
            self._asked[lane] = one.measure.point(wanted)[0]
            return False
        one.search = wanted
        self._reset(lane, wanted, one.measure.task.options)
        return True

    def _reset(self, lane: int, search: Search, options: Mapping[str, Any]) -> None:
        """Make the arrays of a lane those of a search that begins."""
        self._x[lane], self._known[lane], self._best[lane] = search.x0, np.nan, np.inf
        self._last[lane] = np.inf
        self._f[lane], self._g[lane], self._task[lane] = 0.0, 0.0, 0
        bounds = self._low[lane], self._high[lane], self._kinds[lane]
        if self._boxes[lane] is not search.box:
            self._boxes[lane] = search.box
            for mine, given in zip(bounds, kinds_of(search.box, self._x.shape[1]), strict=True):
                mine[:] = given
        if self._calls[lane] is None:
            self._calls[lane], self._buffers[lane] = prepared(
                self._x[lane], self._f[lane, ...], self._g[lane], bounds, self._task[lane], options
            )
        else:
            for buffer in self._buffers[lane]:
                buffer.fill(0)
