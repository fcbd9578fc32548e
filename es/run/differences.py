"""Gradients by finite differences: the points that they need, evaluated and counted like any others.

Schemes and steps are those of `scipy.optimize`: h = eps^(1/2) max(1, |x|) for forward differences ("2-point") and the
complex step ("cs"), eps^(1/3) max(1, |x|) for central ones ("3-point"), away from zero; where the bounds are in the way
a forward difference turns round and a central one becomes the parabola through x, x + h and x + 2 h. In the place of 1
stands the unit of a coordinate of extraordinary scale (`es.gradient.units`). Of differences that are lost in rounding
see `es.run.longer_differences`.

Nocedal and Wright 2006, Numerical Optimization, section 8.1; Squire and Trapp 1998, SIAM Review 40 (complex step).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.run.longer_differences import LENGTHS, LOST, central_steps, longer_slopes, slope_of_two
from problems.boxes import Box
from problems.ledger import Ledger
from problems.objective import Objective

SCHEMES = ("2-point", "3-point", "cs")
EPS = float(np.finfo(float).eps)


def as_scheme(jac: Any) -> str | None:
    """The scheme that `jac` names; None where it is no text.

    Raises
    ------
    ValueError
        If it is another text.
    """
    if not isinstance(jac, str):
        return None
    if jac not in SCHEMES:
        raise ValueError(f"jac must be '2-point', '3-point', 'cs', a callable, True or None, got {jac!r}")
    return jac


class Slopes(NamedTuple):
    """What a batch of values says: all points that count with their values, and the slopes where all are there."""

    points: FloatArray
    """Points evaluated (j, n), x first."""
    f: FloatArray
    """Their values (j,). A complex point counts as the real one that it stands beside, with the value of that."""
    g: FloatArray | None
    """Gradients (k, n) at x; None where the batch was cut short."""


class Differences:
    """Differences around the points of a run.

    Parameters
    ----------
    scheme : {"2-point", "3-point", "cs"}
    ledger : problems.Ledger
        The run's; its objective has the name and, for "cs", is called with complex points.
    box : Box or None
        Never left.
    units : ndarray, shape (n,)
        What coordinates are measured in.
    longer : bool
        Whether lost differences are followed by longer ones, of methods that ask for one point at a time.

    Attributes
    ----------
    evaluated : problems.Ledger
        What the points of `around` are evaluated through. For "cs" it is one beside the run's ledger, of points
        (k, 2 n): real and imaginary parts.
    """

    def __init__(
        self, scheme: str, ledger: Ledger, box: Box | None, units: FloatArray, *, longer: bool = False
    ) -> None:
        self.scheme, self.ledger, self.longer = scheme, ledger, longer and scheme != "cs"
        self.lb = np.full(units.shape, -np.inf) if box is None else box.lb
        self.ub = np.full(units.shape, np.inf) if box is None else box.ub
        self.units = units
        self.free = np.flatnonzero(self.lb < self.ub)
        self.evaluated = ledger
        if scheme == "cs":
            whole = ledger.objective
            step = ComplexStep(whole)
            self.evaluated = Ledger(Objective(step, 2 * units.size, vectorized=whole.vectorized, name=whole.name))
        self._x = self._points = np.empty((0, units.size))
        self._steps = np.empty((0, 0))  # (k, free) lengths of the differences, and of the second ones
        self._twice = np.empty((0, 0))
        self._sides = np.empty((0, 0), dtype=bool)  # where both points of a central difference lie on one side
        self._lost = np.empty((0, 0), dtype=bool)

    @property
    def each(self) -> int:
        """Evaluations that one point with its gradient takes."""
        return 1 + self.free.size * (2 if self.scheme == "3-point" else 1)

    @property
    def most(self) -> int:
        """Evaluations that one point with its gradient takes at most."""
        return self.each + (2 * self.free.size * len(LENGTHS) if self.longer else 0)

    def around(self, x: FloatArray) -> FloatArray:
        """Points to evaluate for values and gradients at x (k, n): first x, then those beside each of its rows."""
        self._x = x
        free = self.free
        at = x[:, free]
        below, above = at - self.lb[free], self.ub[free] - at
        h = EPS ** (1 / 3 if self.scheme == "3-point" else 1 / 2) * np.maximum(self.units[free], np.abs(at))
        if self.scheme == "cs":
            self._steps = h
            parts = np.zeros((len(x), 1 + free.size, 2, x.shape[1]))
            parts[:, :, 0] = x[:, None]
            parts[:, 1 + np.arange(free.size), 1, free] = h
            flat = parts.reshape(len(x), 1 + free.size, -1)
            self._points = np.concatenate([flat[:, 0], flat[:, 1:].reshape(-1, 2 * x.shape[1])])
            return self._points
        if self.scheme == "2-point":
            h = np.where(at >= 0, h, -h)
            fits = np.abs(h) <= np.maximum(below, above)
            out = (at + h < self.lb[free]) | (at + h > self.ub[free])
            h = np.where(fits, np.where(out, -h, h), np.where(above >= below, above, -below))
            steps = [h]
        else:
            *steps, self._sides = central_steps(below, above, h)
        shifted = np.repeat(x[:, None], free.size * len(steps), axis=1)
        index = np.arange(free.size)
        moved = []
        for i, step in enumerate(steps):
            to = np.clip(at + step, self.lb[free], self.ub[free])
            shifted[:, i * free.size + index, free] = to
            moved.append(to - at)  # the step that was made, which rounding makes another than h
        self._steps, self._twice = moved[0], moved[-1]
        self._points = np.concatenate([x, shifted.reshape(-1, x.shape[1])])
        return self._points

    def read(self, values: FloatArray) -> Slopes:
        """Values and gradients from the values of the points of `around`, of which the last ones may be missing.

        Raises
        ------
        TypeError
            If no complex step gave a number.
        """
        x, k, m = self._x, len(self._x), self.free.size
        f = values[:k]
        beside = np.repeat(np.arange(k), self.each - 1)[: max(0, len(values) - k)]
        if self.scheme == "cs":
            points, counted = np.concatenate([x[: len(f)], x[beside]]), np.concatenate([f, f[beside]])
            self.ledger.record(points, counted)
        else:
            points, counted = self._points[: len(values)], values
        if len(values) < k * self.each:
            return Slopes(points, counted, None)
        self.ledger.njev += k
        rest = values[k:].reshape(k, 2 if self.scheme == "3-point" else 1, m)
        g = np.zeros(x.shape)
        with np.errstate(all="ignore"):  # values that are not finite make slopes that are not, which methods look for
            if self.scheme == "cs":
                g[:, self.free] = rest[:, 0] / self._steps
                if m and np.isfinite(f).any() and np.isnan(g[np.isfinite(f)][:, self.free]).all():
                    raise TypeError(
                        f"jac='cs' needs a fun that computes with complex x, and {self.ledger.objective.name} failed at"
                        " each complex point: take jac='2-point'"
                    )
                return Slopes(points, counted, g)
            first = rest[:, 0]
            if self.scheme == "2-point":
                slope = (first - f[:, None]) / self._steps
            else:
                slope = slope_of_two(self._steps, self._twice, first, rest[:, 1], f[:, None], self._sides)
            self._lost = ~(np.abs(rest - f[:, None, None]).max(1) > LOST * np.abs(f[:, None]))
        g[:, self.free] = np.where(self._steps == 0, 0.0, slope)
        return Slopes(points, counted, g)

    def following(self, found: Slopes) -> Generator[FloatArray, FloatArray, FloatArray]:
        """The gradients of what was read, with longer differences where those are lost: points to evaluate."""
        g = found.g
        assert g is not None
        if not self.longer or len(g) > 1 or not self._lost.any():
            return g
        lost = np.ones(g.shape[1], dtype=bool)
        lost[self.free] = self._lost[0]
        slopes = longer_slopes(found.points[0], float(found.f[0]), g[0], lost, self.lb, self.ub, self.units)
        return (yield from slopes)[None]


class ComplexStep:
    """A function of rows of real and imaginary parts: the value of real points, of others its imaginary part."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def __call__(self, parts: FloatArray) -> Any:
        """Numbers for parts of shape (2 n,), or values (...,) for (..., 2 n) where the objective is vectorised."""
        x, y = np.split(parts, 2, axis=-1)
        if parts.ndim == 1:
            return self._imaginary(x + 1j * y, ()) if y.any() else self.objective(x)
        found, real = np.empty(parts.shape[:-1]), ~y.any(-1)
        if real.any():
            found[real] = self.objective(x[real])
        if not real.all():
            found[~real] = self._imaginary((x + 1j * y)[~real], (int((~real).sum()),))
        return found

    def _imaginary(self, z: npt.NDArray[np.complex128], shape: tuple[int, ...]) -> Any:
        needs = f"jac='cs' needs a fun that computes with complex x, and {self.objective.name}"
        try:
            values = self.objective.fun(z)
        except Exception as error:
            raise TypeError(f"{needs} raised {type(error).__name__} ({error}) for it: take jac='2-point'") from error
        values = np.asarray(values[0] if self.objective.jac is True else values)
        if values.dtype.kind != "c":
            raise TypeError(f"{needs} returned {values.dtype} for it: take jac='2-point'")
        if values.shape != shape and values.size != max(1, *shape, 1):
            raise ValueError(f"fun must return shape {shape} for complex points as for real ones, got {values.shape}")
        return values.imag.reshape(shape)
