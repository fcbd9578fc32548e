"""Box bounds for strategies that sample all of space: what is evaluated always lies in the box.

A strategy works in coordinates u without bounds. `Transform` and `Reflect` map u to x in the box, as the identity in
the interior, so that there nothing is lost against the unbounded run. `Penalty` evaluates the nearest point of the box
and adds a penalty for the distance. `experiments/benchmarks/bounds.py` compares them.

The default is "transform", for all strategies. Evaluations of CMA-ES to 1e-8 in units of those of pycma 4.5 (its
BoundTransform), n = 10, box [-5, 5], sigma0 = 2, medians of 9 runs from everywhere, geometric means over four functions
(six in corners, of which two linear ones), and the worst of them:

    margin, weight of the penalty   0.0002, 2 (narrow)   0.005, 2   0.05, 2   0.1, 0   0.1, 0.5 (transform)   0.15, 0
    inside                                  .81             .83       .82       .95             .86             1.00
    at a face                               .73             .77       .84      1.01             .99             1.07
    in a corner                            1.38            1.21      1.11      1.04            1.03             1.04
    the worst of all                       1.77            1.58      1.27      1.11            1.09             1.27

A narrow margin is better on ill-conditioned functions whose optimum lies inside or at one face; medians of the
benchmark, geometric means over four functions, n = 5 and 10, sigma0 = 0.3 of the width, 31 runs:

    optimum      transform   narrow   reflect   penalty
    inside            1844     1664      1813      1655
    at a face         3007     2155      2591      2325
    in a corner       1972     2379      3636      4128

Other strategies gain everywhere but at the face of Rosenbrock's function: csa-es at the face of a sphere takes 1,650 in
the place of 3,590 evaluations (with a margin of 0.005), in a linear corner 1,720 in the place of 2,150.

From 61 places, with 31 runs of pycma: 1,680 to its 1,600 evaluations on the sum of x in a corner, 1,950 to its 1,850 on
a slope with weights from 1 to 10.

Also tried: points beyond a face folded back and learned from as folded, which never arrives in corners: the mean is
pushed inwards.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from es.core.arrays import FloatArray, IntArray
from problems.boxes import Box

FARTHEST = 1e150  # a face beyond that is no face: nothing comes there, and squares of distances would overflow
FEW = 512  # numbers up to which one slow function is quicker than several fast ones


class Handler:
    """How a strategy deals with a box.

    Parameters
    ----------
    box : Box
    scale : ndarray, shape (n,) or (runs, n)
        Initial standard deviations.
    """

    def __init__(self, box: Box, scale: FloatArray) -> None:
        self.box = box
        self.low, self.high = box.lb > -FARTHEST, box.ub < FARTHEST
        self.lower, self.upper = np.where(self.low, box.lb, 0.0), np.where(self.high, box.ub, 0.0)

    def decode(self, u: FloatArray) -> FloatArray:
        """Points of the box for points u of the strategy, (..., n) or (..., k, n)."""
        raise NotImplementedError(f"{type(self).__name__} must define decode: it maps points into the box")

    def encode(self, x: FloatArray) -> FloatArray:
        """A point u that `decode` maps to x; x itself unless a method says otherwise."""
        return x

    def ranked_by(self, f: FloatArray, u: FloatArray, opt: Any) -> FloatArray:
        """What ranks the points u (..., k, n) with values f (..., k); f itself unless a method says otherwise."""
        return f

    def decoded(self, x: FloatArray) -> FloatArray | None:
        """The points for which `decode` gave x, where it has kept them."""
        return None

    def take(self, rows: IntArray) -> None:
        """Keep these runs of a stack."""


def _outside(u: FloatArray, low: Any, high: Any) -> IntArray:
    """Entries of u, flat, that do not lie between these."""
    outside = u < low
    outside |= u > high
    return outside.reshape(-1).nonzero()[0]


def _folded(u: FloatArray, lower: Any, upper: Any, low: Any, high: Any) -> FloatArray:
    """u beyond a face, mirrored at `lower` and `upper`, where there are any (`low`, `high`), until it lies between."""
    closed = low & high
    width = np.where(closed & (upper > lower), upper - lower, 1.0)
    folded = _between(u, lower, width)
    return np.where(closed, folded, np.where(low, lower + np.abs(u - lower), upper - np.abs(upper - u)))


def _between(u: FloatArray, lower: Any, width: Any) -> FloatArray:
    """u mirrored at two faces, `width` > 0 apart, until it lies between them."""
    folded: FloatArray = lower + width - np.abs(_remainder(u - lower, 2 * width) - width)
    return folded


def _curved(u: FloatArray, lower: Any, upper: Any, a: Any, lb: Any, ub: Any, floor: Any) -> FloatArray:
    """What the quadratic pieces make of u within a margin `a` of a face, the lower one where u < `floor`."""
    below = u < floor
    rise = (u - np.where(below, lower - a, upper + a)) ** 2 / (4 * a)
    return np.minimum(np.maximum(np.where(below, lower + rise, upper - rise), lb), ub)


def _remainder(t: FloatArray, period: Any) -> FloatArray:
    """`np.mod`, which takes several times as long for many: a period more or less is exact, for it is not rounded."""
    if t.size >= FEW:
        rest: FloatArray = t - period * ((t >= period).view(np.int8) - (t < 0).view(np.int8))
        if ((rest >= 0) & (rest < period)).all():
            return rest
    return np.mod(t, period)


class Transform(Handler):
    """Smooth at the faces: quadratic within a margin on both sides of a face, the identity in the interior.

    With a margin a at the face lb, x = lb + (u - lb + a)^2 / (4 a) for u in [lb - a, lb + a]: slope 1 at u = lb + a and
    slope 0 at u = lb - a, where x = lb. Beyond lb - a the map is mirrored. So an optimum at a face becomes one in the
    interior, where a linear function is quadratic. (The map is known from Hansen's implementation of CMA-ES.)

    A mirrored point says little about its surroundings when steps are long, so it ranks with a penalty, which fades as
    the standard deviation falls below the initial one and the mirrored function becomes a smooth one. Without it long
    first steps cost up to a quarter more evaluations with the optimum inside. Mirrored is what lies
    beyond the period of the map that holds the mean. Measured from the box, the penalty balances the progress of a mean
    that has followed a narrow valley across a face: 9 of 4,000 runs on a rotated ellipsoid ended so, now none.

    The margin is 0.1 of the initial standard deviation, at most a quarter of the width of the box: wider ones bend the
    axes of ill-conditioned functions, narrower ones make corners harder, and faces for methods that learn no
    covariances (`Narrow`).
    """

    margin: ClassVar[float] = 0.1
    weight: ClassVar[float] = 0.5  # of the penalty
    fading: ClassVar[float] = 1.0  # standard deviation, in units of the initial one, below which the penalty fades

    def __init__(self, box: Box, scale: FloatArray) -> None:
        super().__init__(box, scale)
        width = np.where(self.low & self.high, self.upper - self.lower, np.inf)
        margin = np.minimum(self.margin * scale, width / 4)
        self._margin = np.where(width > 0, margin, 1.0)  # of a fixed coordinate any will do: x is clipped
        self._axes = scale.ndim
        self.lanes: IntArray | None = None  # of points (p, n) that are not of equally many for each run: whose they are
        self._decoded = scale, scale, np.zeros(0, np.intp)  # x, u, which u, flat, lie beyond the first period
        self._set_faces()

    def _set_faces(self) -> None:
        """What follows from the margin: where the map stops to be the identity, and its first period."""
        margin, low, high = self._margin, self.low, self.high
        lower, upper = self.lower - margin, self.upper + margin
        self._first = np.where(low, lower, -np.inf)
        self._last = np.where(low & high, lower + (upper - lower), np.where(high, upper, np.inf))
        self._start, self._end, self._elsewhere = self._first.copy(), self._last.copy(), False
        self._closed = bool((low & high).all())
        # What `decode` looks up for coordinates that are not inside, side by side so that one look is enough.
        self._faces = np.empty((10, *margin.shape))
        rows = (
            self.lower, self.upper, margin, self.box.lb, self.box.ub,
            np.where(low, self.lower + margin, -np.inf), np.where(high, self.upper - margin, np.inf),
            self._first, self._last, upper - lower,
        )  # fmt: skip
        for place, row in zip(self._faces, rows, strict=True):
            place[...] = row
        flat = self._faces.reshape(10, -1)
        alike = bool((flat == flat[:, :1]).all())
        self._shared = tuple(np.float64(value) for value in flat[:, 0]) if alike else None  # of all coordinates
        self._floor = _least(np.where(low, self._faces[5], self.box.lb))
        self._ceiling = _least(np.where(high, self._faces[6], self.box.ub))

    def decode(self, u: FloatArray) -> FloatArray:
        """Points of the box for points of the strategy; noted is whether any lies beyond the first period."""
        bent = _outside(u, self._fitting(self._floor, u), self._fitting(self._ceiling, u))  # few coordinates, mostly
        if not bent.size:
            self._decoded = u, u, bent
            return u
        x = np.array(u, order="C")
        flat = x.reshape(-1)
        v = flat[bent]
        faces: Any = self._shared
        if faces is None:
            faces = self._faces.reshape(10, -1).take(self._place(bent, u), 1)
        lower, upper, a, lb, ub, floor, ceiling, first, last, width = faces
        far = (v < first) | (v > last)
        self._decoded = x, u, bent[far]
        if self._decoded[2].size:
            if self._closed:
                folded = _between(v, first, width)
            else:
                folded = _folded(v, lower - a, upper + a, first > -np.inf, last < np.inf)
            v = np.where(far, folded, v)
        (near,) = ((v < floor) | (v > ceiling)).nonzero()
        if near.size:
            of_near = faces[:6] if self._shared else [row[near] for row in faces[:6]]
            v[near] = _curved(v[near], *of_near)
        if not self._closed:
            v = np.minimum(np.maximum(v, lb), ub)  # where a face is none for being too far away
        flat[bent] = v
        return x

    def decoded(self, x: FloatArray) -> FloatArray | None:
        """The points for which `decode` gave x, if they are the last."""
        return self._decoded[1] if self._decoded[0] is x else None

    def _place(self, flat: IntArray, u: FloatArray) -> IntArray:
        """For entries of u, flat, where the margin has what belongs to them, flat."""
        n = u.shape[-1]
        if (lanes := self._lanes_of(u)) is not None:
            point = flat // n
            return flat + (lanes.take(point) - point) * n
        if u.ndim == self._axes:
            return flat
        place: IntArray = flat - flat // n * n  # sooner than the remainder
        if u.ndim > 2:
            place += flat // (u.shape[-2] * n) * n
        return place

    def encode(self, x: FloatArray) -> FloatArray:
        """The point of the strategy, in the first period of the map."""
        a, lower, upper = self._fitting(self._margin, x), self.lower, self.upper
        below = lower - a + np.sqrt(4 * a * np.maximum(x - lower, 0.0))
        above = upper + a - np.sqrt(4 * a * np.maximum(upper - x, 0.0))
        u = np.where(self.low & (x < lower + a), below, np.where(self.high & (x > upper - a), above, x))
        return np.where(self.box.lb == self.box.ub, lower, u)

    def ranked_by(self, f: FloatArray, u: FloatArray, opt: Any) -> FloatArray:
        """f plus the penalty for what lies beyond the period of the map that holds the mean."""
        beyond = self.beyond(u, opt)
        return f if beyond is None else penalised(f, np.vecdot(beyond, beyond), self.weight)

    def beyond(self, u: FloatArray, opt: Any) -> FloatArray | None:
        """How far u lies beyond the period of the map that holds the mean, in standard deviations; None: nowhere."""
        self._follow(opt.mean)
        _, last, far = self._decoded
        flat = far
        if u is not last or self._elsewhere:
            flat = _outside(u, self._fitting(self._start, u), self._fitting(self._end, u))
        if not flat.size:
            return None
        at, v = self._place(flat, u), u.reshape(-1)[flat]
        inner = np.minimum(np.maximum(v, self._start.reshape(-1)[at]), self._end.reshape(-1)[at])
        unit = np.maximum(opt.stds, self.fading * opt.scale0).reshape(-1)[at]
        beyond = np.zeros(u.shape)
        beyond.reshape(-1)[flat] = (v - inner) / unit
        return beyond

    def _follow(self, mean: FloatArray) -> None:
        """Find the two points of mirroring between which the mean lies, half of the line at a single face.

        Known is where it was last, which it seldom leaves.
        """
        left = np.logical_not((mean >= self._start) & (mean < self._end)).reshape(-1).nonzero()[0]
        if left.size:
            lower, upper, a, *_, first, last, width = self._faces.reshape(10, -1).take(left, 1)
            mean, lower, upper = mean.reshape(-1)[left], lower - a, upper + a
            start = lower + width * np.floor((mean - lower) / width)
            end = start + width
            if not self._closed:
                low, high = first > -np.inf, last < np.inf
                over_low, over_high = low & (mean < lower), high & (mean > upper)
                floor = np.where(low & ~over_low, lower, np.where(over_high, upper, -np.inf))
                ceiling = np.where(high & ~over_high, upper, np.where(over_low, lower, np.inf))
                start, end = np.where(low & high, start, floor), np.where(low & high, end, ceiling)
            self._start.reshape(-1)[left], self._end.reshape(-1)[left] = start, end
            self._elsewhere = bool((self._start != self._first).any())

    def take(self, rows: IntArray) -> None:
        """Keep these runs of a stack."""
        for name in ("_margin", "_first", "_last", "_floor", "_ceiling", "_start", "_end"):
            value = getattr(self, name)
            setattr(self, name, value[rows] if value.ndim else value)
        self._elsewhere = bool((self._start != self._first).any())
        self._faces = self._faces[:, rows]

    def _lanes_of(self, u: FloatArray) -> IntArray | None:
        """Whose points u are, if they are points of lanes: more than there are lanes, or one each in their order."""
        return self.lanes if self.lanes is not None and u.ndim == 2 and len(u) == len(self.lanes) else None

    def _fitting(self, values: FloatArray, u: FloatArray) -> FloatArray:
        """Values of each coordinate with the axes of u."""
        if (lanes := self._lanes_of(u)) is not None:
            return values.take(lanes, 0) if values.ndim > 1 else values
        return values if u.ndim == self._axes or not values.ndim else values[..., None, :]


def _least(values: FloatArray) -> FloatArray:
    """Values (n,) or (runs, n) in as few numbers as they take: with these arrays are compared much sooner."""
    if (values == values.reshape(-1)[0]).all():
        return values.reshape(-1)[0]
    first = values[..., :1]
    return first if (values == first).all() else values


class Narrow(Transform):
    """`Transform` with a margin of 0.0002 of the initial standard deviation: for ill-conditioned functions at a face.

    Geometric means of the medians of CMA-ES as above, over n = 5 and 10 and 60 runs each:

        margin           0.05   0.005   0.0005   0.0001
        inside           1657    1666     1659     1665
        at a face        2728    2375     2198     2142
        in a corner      2092    2161     2284     2412

    Methods that do not learn the scales of single axes pay for a narrow margin, with f steep across it: csa-es finds an
    optimum at a face of the sphere, n = 4, in 1360 evaluations with 0.005, 5824 with 0.0005 and 10920 with 0.0002.
    """

    margin: ClassVar[float] = 0.0002
    weight: ClassVar[float] = 2.0
    fading: ClassVar[float] = 1 / 3


class Reflect(Handler):
    """Points beyond a face are mirrored at it, as often as it takes."""

    def decode(self, u: FloatArray) -> FloatArray:
        """Points of the box for points of the strategy."""
        inside = (u >= np.where(self.low, self.lower, -np.inf)) & (u <= np.where(self.high, self.upper, np.inf))
        if not inside.all():
            u = np.where(inside, u, _folded(u, self.lower, self.upper, self.low, self.high))
        return np.clip(u, self.box.lb, self.box.ub)


class Penalty(Handler):
    """The nearest point of the box is evaluated; its distance is penalised, with a weight from the spread of f.

    In the manner of Hansen, Niederberger, Guzzella & Koumoutsakos (IEEE TEC 13(1), 2009), with one weight per
    generation: twice the interquartile range of f for a squared distance of one standard deviation.
    """

    def decode(self, u: FloatArray) -> FloatArray:
        """The nearest points of the box."""
        return np.clip(u, self.box.lb, self.box.ub)

    def ranked_by(self, f: FloatArray, u: FloatArray, opt: Any) -> FloatArray:
        """f plus the penalty."""
        beyond = (u - self.decode(u)) / opt.stds[..., None, :]
        return penalised(f, np.vecdot(beyond, beyond), 2.0)


DEFAULT = "transform"
HANDLERS: dict[str, type[Handler]] = {
    "transform": Transform,
    "narrow": Narrow,
    "reflect": Reflect,
    "penalty": Penalty,
}


def handler(name: str, box: Box, scale: FloatArray) -> Handler:
    """The handler of this name for a box.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in HANDLERS:
        raise ValueError(f"bounds_method must be one of {', '.join(HANDLERS)}, got {name!r}")
    return HANDLERS[name](box, scale)


def penalised(f: FloatArray, distance: FloatArray, weight: float) -> FloatArray:
    """f plus `weight` interquartile ranges of f per squared `distance` from the inside; f itself if all are there."""
    if not distance.any():
        return f
    calm = math.isfinite(float(np.vdot(f, f)) * float(np.vdot(distance, distance)))  # then nothing overflows here
    ranked = np.sort(f if calm else np.where(np.isfinite(f), f, np.inf), axis=-1)
    k = f.shape[-1]
    if calm:
        return f + (ranked[..., (3 * k) // 4] - ranked[..., k // 4])[..., None] * (weight * distance)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = ranked[..., (3 * k) // 4] - ranked[..., k // 4]
        penalty: FloatArray = np.where(np.isfinite(spread), spread, 1.0)[..., None] * (weight * distance)
        return f + penalty
