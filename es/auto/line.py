"""One coordinate of a sum: its sorted samples, where to look next near the best, and where another minimum may be.

`STEP` is after Swarzberg, Seront and Bersini (ICEC 1994), as used on coordinates by Baudis and Posik (GECCO 2015).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

GOLDEN = 0.382
REACH = 10.0  # how far a parabola is trusted beyond the last sample, in steps
ONE_SIDED = 20.0  # sides of a bracket that differ by more are split at their geometric mean
CURVED = 0.02  # least promise of an interior bracket, as part of curvature times its larger side squared
TOLERANCE = 1e-6  # STEP looks for what is better by this part of the range of values
FINE, CLOSE = 1e-12, 1e-9  # parts of the range of values, and of lengths, that are resolved
OPEN = 1e3  # steps over which other minima are looked for where there is no bound
ROUNDING, LEVEL = 1e-4, 0.1  # part of what is fine that rounding accounts for; of lengths: a plateau to rounding
WIDE = 1e-4  # part of lengths over which equal values are a plateau
FAR = 0.005  # neighbours at least this part of the range away tell the sharpness of a minimum


class Line:
    """Samples of one term of a sum between bounds, which may be infinite; `step` is a length that means something."""

    __slots__ = (
        "_goal", "_newest", "_ratios", "_roots", "_top", "best", "g", "high", "lengths", "low", "modes", "step", "t",
    )  # fmt: skip

    def __init__(self, low: float, high: float, step: float) -> None:
        self.low, self.high, self.step = low, high, step
        self.t: list[float] = []
        self.g: list[float] = []
        self.best = 0
        self._top = -math.inf  # the largest finite value
        self.modes = 0  # minima among the samples
        self.lengths: list[float] = []  # of the bracket at the last local proposals
        # What STEP computes anew only where it must: roots of samples above its goal, ratios of intervals.
        self._goal = math.nan
        self._newest = -1  # where the last sample went in, -1 when there were others since
        self._roots: list[float] = []
        self._ratios: list[float] = []

    def add(self, t: float, g: float) -> None:
        """A sample; g may be inf."""
        if self._top < g < math.inf:
            self._top = g
        i = bisect_left(self.t, t)
        if i < len(self.t) and self.t[i] == t:
            self.g[i] = min(g, self.g[i])
            self._goal = math.nan
        else:
            self.t.insert(i, t)
            self.g.insert(i, g)
            if i <= self.best and len(self.t) > 1:
                self.best += 1
            self._newest = i if len(self._roots) == len(self.t) - 1 else -1
        if self.g[i] < self.g[self.best]:
            self.best = i
        if self.modes < 2:
            self.modes = self._count()

    def _is_minimum(self, i: int) -> bool:
        g, last = self.g, len(self.g) - 1
        return (i == 0 or g[i] < g[i - 1]) and (i == last or g[i] <= g[i + 1])

    def _count(self) -> int:
        return sum(self._is_minimum(i) for i in range(len(self.t)))

    # Near the best sample --------------------------------------------------------------------------

    def local(self) -> tuple[float, float] | None:
        """Where to sample next and the gain that this promises; None where nothing is left to resolve."""
        t, g, b = self.t, self.g, self.best
        last = len(t) - 1
        if last < 1:
            return None
        if 0 < b < last:
            return self._inside(b)
        bound = self.low if b == 0 else self.high
        inner = 1 if b == 0 else last - 1
        if t[b] == bound:
            width = t[inner] - t[b]
            if abs(width) <= 4 * math.ulp(t[b]) + 1e-15 * self.step:
                return None
            new = t[b] + 0.1 * width
            rise = g[inner] - g[b]
            second = self._second(b, inner)
            slope = rise / width
            # At the bound itself the slope of the parabola says whether there is anything to gain inside.
            if second is not None:
                slope = slope - second * width
                if slope * width >= 0:
                    return (new, 1e-3 * abs(rise) * 0.1) if rise > 0 and self._fresh(new) else None
            return (new, max(abs(rise) * 0.01, 1e-300)) if self._fresh(new) else None
        return self._beyond(b, inner, bound)

    def _second(self, b: int, inner: int) -> float | None:
        """Second divided difference at an end of the samples."""
        t, g = self.t, self.g
        other = 2 * inner - b
        if not 0 <= other < len(t) or not math.isfinite(g[other]) or not math.isfinite(g[inner]):
            return None
        return ((g[other] - g[inner]) / (t[other] - t[inner]) - (g[inner] - g[b]) / (t[inner] - t[b])) / (
            t[other] - t[b]
        )

    def _beyond(self, b: int, inner: int, bound: float) -> tuple[float, float] | None:
        """Past the last sample, where the values still fall."""
        t, g = self.t, self.g
        step = t[b] - t[inner]
        fall = g[inner] - g[b]
        reach = REACH * step
        second = self._second(b, inner)
        move = 2 * step
        if second is not None and second > 0:
            slope = (g[b] - g[inner]) / step
            peak = t[inner] + step / 2 - slope / (2 * second)
            move = peak - t[b]
            if abs(move) > abs(reach) or move * step <= 0:
                move = reach if move * step > 0 else 0.5 * step
            move = math.copysign(max(abs(move), 0.05 * abs(step)), step)
        elif second is not None:
            move = reach if math.isfinite(bound) else 3 * step
        new = t[b] + move
        if (bound - new) * math.copysign(1.0, step) <= 0.05 * abs(move):
            new = bound
        if new == t[b]:
            return None
        gain = fall * min(1.0, abs(new - t[b]) / abs(step)) if math.isfinite(fall) else 1e-300
        if second is not None and second > 0:
            d = new - t[b]
            slope = (g[b] - g[inner]) / step + second * step
            gain = max(-(slope * d + second * d * d), 0.02 * second * d * d)
        return new, max(gain, 0.0)

    def _inside(self, b: int) -> tuple[float, float] | None:
        """In the bracket around the best sample: the vertex of the parabola, or a split of the larger side."""
        t, g = self.t, self.g
        x0, x1, x2 = t[b - 1], t[b], t[b + 1]
        left, right = x1 - x0, x2 - x1
        length = x2 - x0
        big, small = (left, right) if left > right else (right, left)
        limit = 4 * math.ulp(x1)
        if big <= limit:
            return None
        up_left, up_right = g[b - 1] - g[b], g[b + 1] - g[b]
        curvature = (up_right / right + up_left / left) / length
        if not math.isfinite(curvature):
            new = x1 + GOLDEN * right if up_right > up_left else x1 - GOLDEN * left
            rise, beside = (up_right, right) if up_right <= up_left else (up_left, left)
            gain = rise / beside * abs(new - x1)  # what the slope of the finite side promises at the edge of f
            return (new, gain if 0 < gain < math.inf else 1e-300) if self._fresh(new) else None
        least = max(0.05 * small, 1e-3 * big, limit / 4)
        slow = len(self.lengths) >= 2 and length > 0.5 * self.lengths[-2]
        vertex = None
        gain = CURVED * curvature * big * big
        if curvature > 0:
            slope = (up_right * left / right - up_left * right / left) / length  # of the parabola at the best
            vertex = x1 - slope / (2 * curvature)
            gain = max(gain, slope * slope / (4 * curvature))
        if vertex is None or slow:
            share = GOLDEN if big <= ONE_SIDED * small else math.sqrt(small / big)
            new = x1 + share * right if right > left else x1 - share * left
        else:
            move = vertex - x1
            if abs(move) < least:
                move = least if right > left else -least  # towards the larger side, so that the bracket closes in
            new = x1 + move
        new = min(max(new, x0 + 0.02 * left), x2 - 0.02 * right)
        return (new, gain) if self._fresh(new) else None

    def _fresh(self, new: float) -> bool:
        i = bisect_left(self.t, new)
        return not (i < len(self.t) and self.t[i] == new)

    def remember(self) -> None:
        """Keep the length of the bracket from which a local proposal comes."""
        if 0 < self.best < len(self.t) - 1:
            self.lengths.append(self.t[self.best + 1] - self.t[self.best - 1])
            del self.lengths[:-3]

    def resolved(self, fine: float) -> bool:
        """Whether the best sample is a minimum as finely as f or t can tell, not a point of a plateau.

        On one side at least there is a higher sample that is close by, or higher by no more than `fine` or a tiny part
        of the range of values, or the bound; on the other side equal values are no wide plateau. A coordinate without
        any effect is resolved.
        """
        t, g, b = self.t, self.g, self.best
        span = max((v for v in g if v < math.inf), default=0.0) - g[b]
        if max(g) == g[b]:
            return True
        found = False
        for side, bound in ((-1, self.low), (1, self.high)):
            i = b + side
            while 0 <= i < len(t) and g[i] == g[b]:
                i += side
            if not 0 <= i < len(t):
                fits = t[b] == bound
            else:
                close = abs(t[i] - t[b]) <= CLOSE * max(self.step, abs(t[b]))
                fits = close or g[i] - g[b] <= max(fine, FINE * span)
            plateau = abs(t[i - side] - t[b]) > WIDE * max(self.step, abs(t[b]))
            if not fits and (plateau or not 0 <= i < len(t)):
                return False
            found |= fits
        return found

    def has_levelled(self, fine: float) -> bool:
        """Whether f is level as far as rounding tells, a small part of `fine`, on a long way from the best sample."""
        t, g, b = self.t, self.g, self.best
        if max(g) == g[b]:
            return False
        first = last = b
        while first > 0 and g[first - 1] - g[b] <= ROUNDING * fine:
            first -= 1
        while last < len(t) - 1 and g[last + 1] - g[b] <= ROUNDING * fine:
            last += 1
        return max(t[b] - t[first], t[last] - t[b]) > LEVEL * max(self.step, abs(t[b]))

    def widest(self) -> float:
        """A place in the widest interval without a sample; as far again as the samples reach where a side is open."""
        t, (low, high) = self.t, self._ends()
        edges = [low, *t, high]
        i = max(range(len(edges) - 1), key=lambda j: edges[j + 1] - edges[j])
        return edges[i] + (GOLDEN if len(t) % 2 else 1 - GOLDEN) * (edges[i + 1] - edges[i])

    def _ends(self) -> tuple[float, float]:
        """The bounds; as far again as the samples reach where there is none."""
        first, last = self.t[0], self.t[-1]
        span = last - first or self.step
        return (
            self.low if math.isfinite(self.low) else first - span,
            self.high if math.isfinite(self.high) else last + span,
        )

    def outside(self, part: float) -> list[float]:
        """A place beyond the last sample of each side: a part of the way to the bound, or of what samples span."""
        t, (low, high) = self.t, self._ends()
        places = [t[0] - part * (t[0] - low), t[-1] + part * (high - t[-1])]
        return [place for place in places if place < t[0] or place > t[-1]]

    # Elsewhere -------------------------------------------------------------------------------------

    def sharpness(self) -> float:
        """Second divided difference at the best sample, over neighbours that are some way off; 0 at an edge."""
        t, g, b = self.t, self.g, self.best
        far = FAR * (t[-1] - t[0])
        i, j = bisect_right(t, t[b] - far, 0, b) - 1, bisect_left(t, t[b] + far, b + 1)
        if i < 0 or j >= len(t):
            return 0.0
        value = ((g[j] - g[b]) / (t[j] - t[b]) + (g[i] - g[b]) / (t[b] - t[i])) / (t[j] - t[i])
        return value if math.isfinite(value) else 0.0

    def step_interval(self) -> tuple[float, float] | None:
        """STEP: the least curvature with which a parabola between two samples beats the best, and its minimum."""
        t, g, last = self.t, self.g, len(self.t) - 1
        span = self._top - g[self.best]
        if span <= 0:
            return None
        goal = g[self.best] - TOLERANCE * span
        if goal == self._goal and self._newest >= 0:
            self._splice(self._newest)
        elif goal != self._goal or len(self._roots) != len(t):
            self._goal = goal
            self._roots = [math.sqrt(v - goal) for v in g]
            self._ratios = [self._ratio(i) for i in range(last)]
        self._newest = -1
        roots = self._roots
        least = min(self._ratios)
        i = self._ratios.index(least)
        share = roots[i] / (roots[i] + roots[i + 1]) if roots[i] < math.inf else 0.7
        place = t[i] + min(max(share, 0.3), 0.7) * (t[i + 1] - t[i])
        # Beyond the ends nothing is known: the value there is taken to be that of the last sample.
        for end, bound in ((0, self.low), (last, self.high)):
            if math.isinf(bound) and t[last] - t[0] > OPEN * self.step:
                continue  # as f grows, doubling what the samples span would look best for ever
            width = min(abs(bound - t[end]), t[last] - t[0])
            if width > 1e-3 * (t[last] - t[0]) and 2 * roots[end] / width < least:
                least, place = 2 * roots[end] / width, t[end] + math.copysign(width, bound - t[end])
        return (least * least, place) if least < math.inf else None

    def _ratio(self, i: int) -> float:
        """Difficulty of the interval after sample i, its root; inf where it is too narrow to be divided."""
        width = self.t[i + 1] - self.t[i]
        if width <= 4 * math.ulp(self.t[i]):
            return math.inf
        return (self._roots[i] + self._roots[i + 1]) / width

    def _splice(self, i: int) -> None:
        """The sample that went in at i: two intervals in the place of one."""
        self._roots.insert(i, math.sqrt(self.g[i] - self._goal))
        self._ratios.insert(min(i, len(self._ratios)), math.inf)
        for j in (i - 1, i):
            if 0 <= j < len(self.t) - 1:
                self._ratios[j] = self._ratio(j)
