"""Search of a sum over coordinates: each coordinate is a problem of one variable, and the most promising one moves."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from es.auto.coordinates import ENTRIES, Coordinates, agrees
from es.auto.line import Line
from es.auto.lines import Lines
from es.auto.stepwise import Asking, Stepwise
from es.core.arrays import BoolArray, FloatArray

MOST = 1000  # evaluations per variable
FINE = 2e-11  # of |f|: a rise of so little beside the best sample is the bottom of a minimum
LAST = 4  # tests at the end in which a random half of the coordinates moves
FEW = 3  # coordinates of which all combinations of both sides are tested
LOOKS = 6  # at each coordinate, for other minima
SMALL = 1e-15  # gains under this part of |f| are rounding


@dataclass
class Base:
    """The best position of each coordinate, the value there, and where that is only predicted the change it took."""

    x: FloatArray
    f: float
    change: float | None = None


@dataclass(eq=False)
class SeparableLoop(Stepwise):
    """Brackets and parabolas along coordinates, STEP where a coordinate has several minima.

    Random combinations test again whether f is a sum: at 3 n evaluations, whenever half as many have followed, and at
    the end.

    Attributes
    ----------
    ended : str
        "done", or "coupled" where f turned out not to be a sum.
    resolved : bool
        Whether every coordinate stands in a minimum as finely as values or positions can tell, not on a plateau.
    levelled : bool
        Whether some coordinate stands on a plateau to rounding.
    unique : bool
        Whether the search came to its own end and no coordinate has shown a second minimum.
    """

    t: FloatArray  # (n, k), samples of each coordinate that there are, NaN where there is none; among them is x
    g: FloatArray  # their values, relative to any constant
    h: FloatArray
    lb: FloatArray
    ub: FloatArray
    seed: int
    largest: float  # |f| among the values that the samples come from, for rounding
    most: float = MOST  # evaluations per variable at which it ends
    thorough: bool = False  # whether to look for other minima in the widest gaps before the search ends

    state_names: ClassVar[tuple[str, ...]] = (
        "x", "f", "t", "g", "additive", "several", "used", "largest", "resolved", "unique", "levelled",
    )  # fmt: skip

    @classmethod
    def after(cls, seen: Coordinates, h: FloatArray, seed: int, **more: Any) -> SeparableLoop:
        """The search that follows on the look along the coordinates."""
        return cls(seen.base, seen.base_f, seen.t, seen.g, h, seen.lb, seen.ub, seed, seen.largest, **more)

    def _open(self) -> None:
        self.most = int(self.most * self.n)
        self.additive = True
        self.several = 0  # coordinates with more than one minimum
        self.used = 0
        self.resolved = self.unique = self.levelled = False

    def _lines(self) -> list[Line]:
        lines = []
        for i in range(self.n):
            line = Line(float(self.lb[i]), float(self.ub[i]), float(self.h[i]))
            for t, g in zip(self.t[i].tolist(), self.g[i].tolist(), strict=True):
                if g == g:
                    line.add(t, g)
            lines.append(line)
        return lines

    def _iteration(self) -> Asking:
        self._rng = np.random.default_rng([self.seed, 1])
        lines = Lines(self._lines())
        base = Base(self.x.copy(), self.f)
        self.used = 0
        yield from self._search(lines, base, self.thorough)
        if self.additive and self.used < self.most:
            yield from self._last_tests(lines, base)
        fine = FINE * abs(base.f)
        resolved = all(line.resolved(fine) for line in lines)
        if self.additive and resolved and self.used < self.most and self.n > 1:
            before = base.f
            yield from self._outside(lines, base)
            resolved = resolved if base.f == before else all(line.resolved(fine) for line in lines)
        self.levelled = any(line.has_levelled(FINE * abs(base.f)) for line in lines)
        self.several, self.resolved = lines.several, resolved and not self.levelled
        self.unique = not self.several and self.used < self.most
        self.ended = "done" if self.additive else "coupled"

    def _search(self, lines: Lines, base: Base, thorough: bool) -> Asking:
        """Sample what promises most until nothing is left; the base is then known."""
        test_at, far, every = self.used + 3 * self.n, False, np.ones(self.n, dtype=bool)
        most = max(1, min(self.n, ENTRIES // self.n))
        while self.additive and self.used < self.most:
            places = lines.promising(most, SMALL * abs(base.f))[: int(self.most - self.used)]
            if places:
                yield from self._sample(places, lines, base)
                if self.used >= test_at:
                    test_at, far = self.used + self.used // 2, not far
                    yield from self._test(lines, base, self._sides(every) if far else None)
            elif thorough:
                thorough = False
                for first in list(range(0, self.n, most)) * LOOKS:
                    places = [(i, lines[i].widest()) for i in range(first, min(first + most, self.n))]
                    yield from self._sample(places, lines, base)
            else:
                break
        if base.change is not None:
            values = yield base.x[None]
            self._settle(base, float(values[0]))

    def _outside(self, lines: Lines, base: Base) -> Asking:
        """One more sample beyond the last of each side, and tests of additivity there.

        A coupling that begins where the search did not come by is not seen in what it measured. Few coordinates go to
        all combinations of both sides. This comes last: large values from outside make every later test coarse.
        """
        most = max(1, min(self.n, ENTRIES // (2 * self.n)))
        for first in range(0, self.n, most):
            rows = range(first, min(first + most, self.n))
            places = [(i, new) for i in rows for new in lines[i].outside(float(self._rng.uniform(0.5, 1.0)))]
            if places:
                yield from self._sample(places, lines, base)
        yield from self._search(lines, base, thorough=False)
        if self.n > FEW:
            yield from self._last_tests(lines, base)
            return
        for sides in itertools.product((0, 1), repeat=self.n):
            if self.additive:
                yield from self._test(lines, base, dict(enumerate(sides)))

    def _sample(self, places: list[tuple[int, float]], lines: Lines, base: Base) -> Asking:
        """Values at one new position each of some coordinates around the base, which then moves.

        Where several coordinates got better at once the base is put together from their positions. Its value is asked
        for with the next points, and is a test of additivity of its own.
        """
        x, put_together = base.x, base.change is not None
        points = np.repeat(x[None], len(places) + put_together, axis=0)
        which = [i for i, _ in places]
        points[np.arange(put_together, len(points)), which] = [new for _, new in places]
        values = yield points
        self.used += len(places)
        self._note(points, values)
        told = values.tolist()
        if put_together:
            self._settle(base, told.pop(0))
            if not self.additive:
                return
        f, before = base.f, {i: (lines[i].t[lines[i].best], lines[i].g[lines[i].best]) for i in which}
        for (i, new), value in zip(places, told, strict=True):
            lines[i].add(new, before[i][1] + (value - f) if math.isfinite(value) else math.inf)
        gain, moved = 0.0, 0
        for i, (t, g) in before.items():
            lines.refresh(i)
            if lines[i].t[lines[i].best] != t:
                moved += 1
                x[i] = lines[i].t[lines[i].best]
                gain += g - lines[i].g[lines[i].best]
        if moved == 1:
            base.f = min(value for place, value in zip(places, told, strict=True) if x[place[0]] == place[1])
        elif moved:
            base.f, base.change = f - gain, gain

    def _note(self, points: FloatArray, values: FloatArray) -> None:
        """Keep the best point, and the largest |f|."""
        finite = np.where(np.isfinite(values), values, np.inf)
        best = int(finite.argmin())
        if finite[best] < self.f:
            self.x, self.f = points[best].copy(), float(finite[best])
        self.largest = max(self.largest, float(np.abs(values).max(where=np.isfinite(values), initial=0.0)))

    def _settle(self, base: Base, value: float) -> None:
        """The value of a base that was put together: not what was predicted where f is no sum."""
        assert base.change is not None
        self.additive &= math.isfinite(value) and agrees(value, base.f, base.change, self.n, self.largest)
        base.f, base.change = value, None

    def _last_tests(self, lines: Lines, base: Base) -> Asking:
        """Tests in which all coordinates move; those along which f changes least; random halves.

        A coupling is lost in rounding beside a coordinate along which f changes far more, and a maximum over
        coordinates is a sum as long as the same one is the largest. They move to the first or last position, for most
        others are near the best by now.
        """
        if self.n == 1:
            return
        every = np.ones(self.n, dtype=bool)
        spans = np.array([max((g for g in line.g if g < math.inf), default=0.0) - line.g[line.best] for line in lines])
        flatter = spans.argsort().argsort() < max(2, self.n // 2)
        for part in [every, flatter, flatter, *(self._rng.uniform(size=(LAST, self.n)) < 0.5)]:
            if self.additive:
                yield from self._test(lines, base, self._sides(part))

    def _sides(self, part: BoolArray) -> dict[int, int]:
        """0 or 1, for the first or the last position, of each coordinate of a part."""
        return {i: int(self._rng.integers(2)) for i in np.flatnonzero(part).tolist()}

    def _test(self, lines: Lines, base: Base, sides: dict[int, int] | None = None) -> Asking:
        """One more combination of measured positions: any, or the first or last of some coordinates."""
        y, predicted, change = base.x.copy(), 0.0, 0.0
        for i in range(self.n) if sides is None else sides:
            line = lines[i]
            last = len(line.t) - 1
            j = int(self._rng.integers(last + 1)) if sides is None else sides[i] * last
            if sides is not None and j == line.best:
                j = last - j
            if math.isfinite(line.g[j]):
                y[i] = line.t[j]
                predicted += line.g[j] - line.g[line.best]
                change += abs(line.g[j] - line.g[line.best])
        points = y[None] if base.change is None else np.stack([y, base.x])
        values = yield points
        self._note(points, values)
        if base.change is not None:
            self._settle(base, float(values[1]))
        value = float(values[0])
        self.additive &= math.isfinite(value) and agrees(value, base.f + predicted, change, self.n, self.largest)
