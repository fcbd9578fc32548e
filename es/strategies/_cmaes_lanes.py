"""Runs of CMA-ES with populations of different sizes, side by side: a lane each.

What a stack of `CMAES` does for runs of one population size is done here for runs of any: what is one number, vector
or matrix a run (paths, step sizes, factors, criteria) for all lanes at once, what is one vector a point (bounds,
samples, ranks) in one array of all points, lane after lane, and what goes over the points of a population in one call
for the lanes of each size. Nothing is padded, so a run has the bits that it has alone.

Lanes are joined and left every `PERIOD` generations, so that the generations of each run are a multiple of it when
criteria are looked at. Equation numbers are those of `es.strategies.cmaes`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from es.core import looks
from es.core.arrays import BoolArray, FloatArray, IntArray, difference, times
from es.core.book import Book
from es.core.histories import Histories
from es.core.traces import Traces, marks
from es.evaluation.tiles import Tiles, tile_width
from es.parts import bounds as boxes
from es.parts.bounds import Transform
from es.parts.factor import retract
from es.parts.lanes import PERIOD, Rates, blocks_of, sizes_of
from es.parts.paths import cumulate, path_length
from es.parts.precision import RANGE
from es.parts.sampling import fill_plain
from es.parts.step_size import path_length_control

LEAST, MOST, INTERVAL = RANGE[np.float64]


class NotFinite(Exception):
    """A value was not finite, which lanes do not know what to do with."""


class Lanes:
    """Runs of CMA-ES side by side, each with a population size of its own.

    Parameters
    ----------
    bounds_method : str
    keep_trace : bool
        Whether each improvement is noted.

    Attributes
    ----------
    run : ndarray of int, shape (r,)
        What the caller calls the runs.
    popsize, nit, nfev : ndarray of int, shape (r,)
        Population sizes; generations and evaluations of each.
    f_best : ndarray, shape (r,)
    open : ndarray of bool, shape (r,)
        Lanes whose run goes on; the others are left at the end of the period.
    generation : int
        Of all lanes.
    improved : list of tuple
        For `es.core.book.traces_of`: improvements by which a run is better than in its earlier legs.
    """

    PERIOD = PERIOD
    NotFinite: ClassVar[type[Exception]] = NotFinite

    # With a row for each lane: `slot` is its place in the histories, and `rest` its mean at the end.
    run: IntArray
    popsize: IntArray
    nit: IntArray
    nfev: IntArray
    length: IntArray
    slot: IntArray
    open: BoolArray
    maxfevals: FloatArray
    nfev0: IntArray
    f0: FloatArray
    mean: FloatArray
    sigma: FloatArray
    A: FloatArray
    ps: FloatArray
    q: FloatArray
    scale0: FloatArray
    f_best: FloatArray
    x_best: FloatArray
    x_start: FloatArray
    rest: FloatArray
    first_spread: FloatArray
    n: int

    def __init__(self, bounds_method: str, *, keep_trace: bool = False) -> None:
        self._method, self._keep_trace = bounds_method, keep_trace
        self.generation = 0
        self._rows: dict[str, Any] = {}  # what there is of each lane: arrays with a leading axis
        self._rooms: dict[str, FloatArray] = {}
        self._histories, self._streams = Histories(), list[np.random.Generator]()
        self.improved: list[tuple[Any, ...]] = []
        self.run = self.popsize = self.slot = np.zeros(0, np.intp)
        self.open: BoolArray = np.zeros(0, bool)

    # Joining and leaving -------------------------------------------------------------------------------------

    def exchange(
        self, opt: Any, runs: Sequence[int], popsizes: Sequence[int], before: Sequence[tuple[float, ...]]
    ) -> None:
        """Close the lanes of runs that have ended, and open others.

        Parameters
        ----------
        opt : CMAES or None
            A stack that has just been made, whose runs get lanes; None if there are none.
        runs, popsizes : sequence of int
            What they are called, and their population sizes.
        before : sequence of (float, int, float)
            Budget of the leg, evaluations of the run before it and its best value.
        """
        stays, rows, streams = np.flatnonzero(self.open), self._rows, self._streams
        if opt is not None:
            count, self.n = opt.mean.shape
            self._pattern, self.box = opt, opt.box
            # Nothing of the runs that it was made of, so that a criterion that asks for more than is said here fails.
            of_runs = (np.ndarray, Book, Traces, Transform)
            self._common = {name: value for name, value in vars(opt).items() if not isinstance(value, of_runs)}
            maxfevals, nfev0, f0 = (np.array(column) for column in zip(*before, strict=True))
            fresh = {
                "run": np.array(runs), "popsize": np.array(popsizes), "maxfevals": maxfevals, "nfev0": nfev0, "f0": f0,
                "mean": opt.mean, "sigma": opt.sigma, "A": opt.A, "ps": opt.ps, "q": opt.q, "scale0": opt.scale0,
                "nit": np.zeros(count, np.intp), "nfev": np.zeros(count, np.int64), "f_best": np.full(count, np.inf),
                "x_best": opt.x_best, "x_start": opt.x_start, "open": np.full(count, True), "rest": opt.mean,
                "first_spread": np.zeros(count), "length": np.zeros(count, np.intp),
                "slot": self._histories.free(self.slot[self.open], count),
            }  # fmt: skip
            old = len(self.open)
            rows = {name: np.concatenate([rows[name], value]) if old else value for name, value in fresh.items()}
            streams, stays = streams + opt._streams, np.append(stays, np.arange(old, old + count))
        stays = stays[rows["popsize"][stays].argsort(kind="stable")]
        self._rows, self._streams = {name: value[stays] for name, value in rows.items()}, [streams[i] for i in stays]
        self.__dict__.update(self._rows)
        if len(self.run):
            self._arrange()

    def _arrange(self) -> None:
        """Find out what follows from the population sizes."""
        count, n = self.mean.shape
        points = int(self.popsize.sum())
        self._starts = np.cumsum(self.popsize) - self.popsize
        self._lane = np.arange(count).repeat(self.popsize)
        self._sizes = sizes_of(self.popsize, n)
        self._rates = Rates(self._sizes, n)
        self._marks = self._starts[:, None] + marks(self.popsize)
        self._z, self._y, self._u = (self._room(name, points, n) for name in ("z", "y", "u"))
        self._ranked_z, self._ranked_y = (self._room(name, points, n) for name in ("ranked z", "ranked y"))
        self._V, self._blocks = self._room("V", points + count, n + 1), blocks_of(self._sizes, n)
        self._DV = self._room("DV", max(block.rows.stop - block.rows.start for block in self._blocks), n + 1)
        self._S = self._room("S", max(block.count for block in self._blocks), n + 1, n + 1)
        self._order = np.empty(points, np.intp)
        self._V[:, n] = 0
        self._sample_rows = np.arange(points) + self._lane
        self._path_rows = self._starts + np.arange(count) + self.popsize
        self._V[self._path_rows, n] = self._rates.last
        self.handler: Any = None
        if self.box is not None:
            self.handler = boxes.handler(self._method, self.box, self.scale0)
            self.handler.lanes = self._lane
        self._drawn = [np.empty(0)] * len(self._sizes)
        self._tiles = Tiles(self.run, self.popsize, self._starts, tile_width(self._pattern._default_popsize(), n))

    def _room(self, name: str, *shape: int) -> FloatArray:
        """An array that is there already, where it is large enough: fresh pages take longer than what is done in it."""
        size = math.prod(shape)
        if name not in self._rooms or self._rooms[name].size < size:
            self._rooms[name] = np.empty(size + size // 2)
        return self._rooms[name][:size].reshape(shape)

    # A generation --------------------------------------------------------------------------------------------

    def step(self, evaluate: Any, room: FloatArray) -> BoolArray:
        """One generation of all lanes; `room` is how many evaluations each may still make.

        Returns
        -------
        ndarray of bool, shape (r,)
            Lanes with room for less than a population: what has gone beyond it is not counted.
        """
        self._draw()
        for size in self._sizes:
            np.matmul(size.of_points(self._z), self.A[size.lanes].mT, out=size.of_points(self._y))
        self._y *= self.sigma.take(self._lane)[:, None]  # (39)
        u = self.mean.take(self._lane, 0, out=self._u, mode="clip")
        u += self._y  # (40)
        x = u if self.handler is None else self.handler.decode(u)
        f = self._tiles.evaluate(evaluate, x)
        if not math.isfinite(np.vdot(f, f)) and not np.isfinite(f[self.open.take(self._lane)]).all():
            raise NotFinite  # of a run that goes on: those that have ended only wait for the end of the period
        cut: BoolArray = room < self.popsize
        counted = self.popsize
        if cut.any():
            self.rest[cut] = self.mean[cut]
            counted = np.minimum(self.popsize, room).astype(np.int64)
        self._book(x, f, counted)
        ranked_by = f if self.handler is None else self._penalised(f, u)
        for size in self._sizes:
            ranks = ranked_by[size.points].reshape(size.shape).argsort(-1, kind="stable")
            np.add(ranks, size.firsts, out=size.of_points(self._order))
        self._remember(ranked_by.take(self._order))
        self._update()
        self.nit += 1
        self.generation += 1
        if self.generation % PERIOD == 0 and (due := self.nit % INTERVAL == 0).any():
            self.sigma[due] = np.clip(self.sigma[due], LEAST, MOST)
        return cut

    def _draw(self) -> None:
        """z ~ N(0, I), (38): of small populations those of a period at once."""
        turn = self.generation % PERIOD
        for i, size in enumerate(self._sizes):
            streams, z = self._streams[size.lanes], size.of_points(self._z)
            if not size.ahead:
                fill_plain(streams, z)
                continue
            if not turn:
                self._drawn[i] = np.empty((len(z), PERIOD, *z.shape[1:]))
                fill_plain(streams, self._drawn[i])
            z[...] = self._drawn[i][:, turn]

    def _book(self, x: FloatArray, f: FloatArray, counted: IntArray) -> None:
        """Count the first points of each lane, as many as that, and remember the best."""
        (better,) = (f < self.f_best.take(self._lane)).nonzero()
        lanes = self._lane[better]
        number = better - self._starts[lanes] + 1
        here = self.open[lanes] & (number <= counted[lanes])
        better, lanes, number = better[here], lanes[here], number[here]
        while better.size:
            # The first of each lane is an improvement; then there are those that are better still.
            first = np.append(0, np.flatnonzero(lanes[1:] != lanes[:-1]) + 1)
            place, lane = better[first], lanes[first]
            self.f_best[lane], self.x_best[lane] = f[place], x[place]
            if self._keep_trace:
                nfev, new = self.nfev0[lane] + self.nfev[lane] + number[first], f[place] < self.f0[lane]
                self.improved.append((self.run[lane][new], nfev[new], 0 * nfev[new], f[place][new]))
            left = f[better] < self.f_best[lanes]
            better, lanes, number = better[left], lanes[left], number[left]
        self.nfev += np.where(self.open, counted, 0)

    def _penalised(self, f: FloatArray, u: FloatArray) -> FloatArray:
        """What ranks the points: f, with a penalty where a step has gone far beyond a face."""
        beyond = self.handler.beyond(u, self)
        if beyond is None:
            return f
        distance, ranked_by = np.vecdot(beyond, beyond), f.copy()
        for size in self._sizes:
            if (part := distance[size.points]).any():
                shape = size.shape
                ranked = boxes.penalised(f[size.points].reshape(shape), part.reshape(shape), self.handler.weight)
                ranked_by[size.points] = ranked.reshape(-1)
        return ranked_by

    def _remember(self, ranked: FloatArray) -> None:
        """Best, median and upper quartile of each lane, for criteria."""
        self._histories.add(self.slot, self.length, ranked[self._marks])
        self._ranked = ranked
        if self.generation % PERIOD == 0 and (fresh := np.flatnonzero(self.length == 1)).size:
            ends = self._starts[fresh] + self.popsize[fresh] - 1
            self.first_spread[fresh] = difference(ranked[ends], ranked[self._starts[fresh]])

    def _update(self) -> None:
        """Learn from the points by their ranks."""
        r, z, y = self._rates, self._ranked_z, self._ranked_y
        self._z.take(self._order, 0, out=z, mode="clip")
        self._y.take(self._order, 0, out=y, mode="clip")
        z_w, y_w = np.empty_like(self.mean), np.empty_like(self.mean)
        for size in self._sizes:  # (41)
            lanes, mu, weights = size.lanes, size.rates.mu, size.rates.recombination
            z_w[lanes] = times(weights, size.of_points(z)[:, :mu])
            y_w[lanes] = times(weights, size.of_points(y)[:, :mu])
        self.mean += y_w  # (42)
        cumulate(self.ps, r.ps_keep, r.ps_gain, z_w)  # (43)
        length = path_length(self.ps)
        self.sigma *= path_length_control(length, r.sigma_rate, r.expected)  # (44)
        hsig = length < r.longest * r.warmth(self.nit + 1)
        cumulate(self.q, r.pc_keep, np.where(hsig[:, None], r.pc_gain, 0.0), z_w)  # (45)
        weights = r.of_samples.copy()
        weights[r.worse_rows] = r.of_worse / np.vecdot(z, z)[r.worse]  # (46)
        self._V[self._sample_rows, : self.n] = z
        self._V[self._path_rows, : self.n] = self.q
        decay = np.where(hsig, r.decay[1], r.decay[0])
        for block in self._blocks:  # (47), of few lanes at a time, which stay in the cache
            V, lanes = self._V[block.rows], block.lanes
            DV = np.multiply(weights[block.rows, None], V, out=self._DV[: len(V)])
            S = self._S[: block.count]
            for here, rows, shape in block.parts:
                np.matmul(V[rows].reshape(shape).mT, DV[rows].reshape(shape), out=S[here])
            diagonal = S.reshape(len(S), -1)[:, :: self.n + 2]
            diagonal += decay[lanes, None]
            self.A[lanes], self.q[lanes] = retract(self.A[lanes], S)

    # Criteria ------------------------------------------------------------------------------------------------

    def stop(self) -> dict[int, dict[str, float]]:
        """Lanes that have met criteria now, each with their figures, as `Optimizer.stop` finds them.

        Whether a lane may have met one is seen for all of them; what it has met, each is asked as the run that it is.
        """
        maybe = self.nfev >= self.maxfevals
        thresholds = self._pattern._watch.thresholds
        with np.errstate(all="ignore"):  # in lanes whose run has ended
            if self.generation % PERIOD == 0:
                view = self._view(slice(None))
                for test, name in (
                    (looks.small_steps, "tolx"), (looks.large_steps, "tolfacupx"),
                    (looks.lost_in_coordinates, "noeffectcoord"),
                ):  # fmt: skip
                    maybe = maybe | test(view, thresholds[name])[0]
                maybe |= self._settling(thresholds)
                for i in np.flatnonzero(self._rates.stagnation_due(self.nit) & self.open).tolist():
                    maybe[i] |= looks.stagnating(self._alone(i, self.mean[i]), thresholds["stagnation"])[0]
            due = self._rates.rare(self.nit)
            if due.any():
                rows = np.flatnonzero(due & self.open)
                view = self._view(rows)
                for test, name in ((looks.condition, "conditioncov"), (looks.lost_along_axes, "noeffectaxis")):
                    maybe[rows] |= test(view, thresholds[name])[0]
        suspects = np.flatnonzero(maybe & self.open).tolist()
        found, x_mean = {}, self._x_mean(self.mean) if suspects else self.mean
        for i in suspects:
            reasons = dict(self._pattern._watch(self._alone(i, x_mean[i])).get(0, {}))
            if self.nfev[i] >= self.maxfevals[i]:
                reasons = {"maxfevals": float(self.nfev[i]), **reasons}
            if reasons:
                found[i] = reasons
        return found

    def close(self, lanes: Sequence[int], cut: BoolArray) -> dict[int, dict[str, Any]]:
        """End these lanes; what a `Leg` takes over from each. The mean of a cut one is that before its last points."""
        whole = [i for i in lanes if not cut[i]]
        self.rest[whole] = self.mean[whole]
        means = self._x_mean(self.rest)
        self.open[list(lanes)] = False
        return {
            i: {
                "nfev": int(self.nfev[i]), "njev": 0, "n_failed": 0, "fun": float(self.f_best[i]),
                "x": self.x_best[i].copy(), "mean": means[i].copy(), "nit": int(self.nit[i]),
            }
            for i in lanes
        }  # fmt: skip

    def _x_mean(self, mean: FloatArray) -> FloatArray:
        """Means in the caller's coordinates."""
        return mean if self.handler is None else np.asarray(self.handler.decode(mean))

    def _settling(self, thresholds: Any) -> BoolArray:
        """Lanes whose best values have hardly changed over the window of criteria, or were all the same of late."""
        (old, new), past = self._histories.ends(self.slot, self.length, self._rates.window), self._histories
        best = new[:, 0]
        threshold = max(thresholds["tolfun"], thresholds["tolfunhist"])
        change = np.abs(old[:, 0] - best)
        still = (self.nit >= self._rates.window) & (change < np.maximum(threshold, looks.MOVING * np.abs(best)))
        for i in np.flatnonzero(still & self.open).tolist():
            top, bottom = past.of(self.slot[i], self.length[i]).extremes(int(self._rates.window[i]))
            still[i] = not top - bottom > max(threshold, looks.MOVING * abs(top))
        flat = (best == new[:, 2]) & (self.nit >= thresholds["tolflatfitness"])
        return still | flat

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (r, n)."""
        return self.sigma[:, None] * np.sqrt(np.vecdot(self.A, self.A))

    def _view(self, lanes: Any) -> Any:
        """Distributions of these lanes as a stack that criteria can look at."""
        mean = self.mean[lanes]
        return self._like(
            runs=len(mean), batch=(len(mean),), mean=mean, sigma=self.sigma[lanes], A=self.A[lanes],
            scale0=self.scale0[lanes], nit=self.generation, _figures={}, _figures_of=-1,
        )  # fmt: skip

    def _alone(self, i: int, x_mean: FloatArray) -> Any:
        """One lane as the run that it is."""
        traces, popsize, start = self._histories.of(self.slot[i], self.length[i]), int(self.popsize[i]), self._starts[i]
        traces.last, traces.first_spread = self._ranked[start : start + popsize], self.first_spread[i]
        book = SimpleNamespace(f_best=self.f_best[i], x_best=self.x_best[i], nfev=int(self.nfev[i]), odd=False)
        return self._like(
            runs=None, batch=(), active=np.zeros(1, np.intp), mean=self.mean[i], sigma=self.sigma[i], A=self.A[i],
            x_start=self.x_start[i], scale0=self.scale0[i], nit=int(self.nit[i]), popsize=popsize,
            _rates_popsize=popsize, traces=traces,
            book=book, ranks_values=True, generations_without_value=0, generations_without_gradient=0,
            _figures={"x_mean": x_mean}, _figures_of=int(self.nit[i]),
        )  # fmt: skip

    def _like(self, **state: Any) -> Any:
        """An optimizer in this state, which nobody asks for points."""
        view = object.__new__(type(self._pattern))
        view.__dict__.update(self._common)
        view.__dict__.update(state)
        return view
