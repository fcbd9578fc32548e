"""The bbob-constrained suite: nine functions with six numbers of constraints each, f1 to f54.

Dufosse, Hansen, Brockhoff, Sampaio, Atamna & Auger 2022, "Building scalable test problems for benchmarking constrained
optimizers". An objective without T_osz and T_asy and linear constraints through the origin, where the conditions of
Karush, Kuhn and Tucker hold, are bent together by those transformations and moved to a random place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob import legacy
from problems.bbob.frames import Dense, Frame, Map
from problems.bbob.linear import LinearConstraints, draw
from problems.bbob.separable import linear_slope, ripples
from problems.bbob.transforms import TINY, bend, dot, oscillate, squares, steps
from problems.blocks import in_blocks
from problems.numbers import FloatArray

# Factor on the values of each of the nine functions
_FACTORS = (10.0, 1e-4, 10.0, 1e-4, 1e-4, 1e-4, 1e2, 10.0, 10.0)


def _objective(kind: int, n: int, seed: int) -> Map:
    """The kind-th of the nine functions, without T_osz and T_asy, and with its own optimum away from the origin."""
    frame = Frame(kind, n, seed)
    center: NDArray[np.floating[Any]] = frame.optimum(1_000_000 if kind == 6 else 0)
    turn = Dense.of(legacy.rotation(seed + 1_000_000, n)) if kind in (4, 5, 6, 7, 9) else Dense(np.eye(n))
    first = np.arange(n) == 0
    if kind == 3:
        return linear_slope(frame).value
    if kind == 7:
        center = center * (1e-2 / np.linalg.norm(center))
        powers, ones = 2.0 + 4.0 * steps(n), np.ones(n)
        return lambda z: np.sqrt(dot(ones, np.abs(turn(z - center)) ** powers) + TINY)
    if kind > 7:
        # a local optimum of the ripples: a point of the integer grid
        center = np.trunc(10.0 * legacy.uniform(n, seed) - 5.0)
        if not center.any():
            center = np.arange(n) % 9 - 4.0
        ras = ripples(frame)
        return lambda z: ras(turn(z) - center)
    weights = {
        1: np.ones(n),
        2: 1e6 ** steps(n),
        4: 1e6 ** steps(n),
        5: np.where(first, 1e6, 1.0),
        6: np.where(first, 1.0, 1e6),
    }[kind]
    if kind < 3:
        return lambda z: squares(z - center, weights)
    return lambda z: squares(turn(z - center), weights)


def _bend(kind: int, n: int) -> Map:
    """The transformation that both the objective and the constraints of one kind go through."""
    strength = 0.2 * steps(n)
    if kind in (2, 4, 5):
        return oscillate
    if kind == 6 or kind > 7:
        step, numbers = bend(strength, kind > 7)
        return lambda z: step(z, numbers)
    return lambda z: z


def _unbend(bend: Map, y: FloatArray) -> FloatArray:
    """z with bend(z) = y: bend is increasing, keeps signs, and moves nothing in the box by a factor of 4."""
    near, far = y / 4.0, y * 4.0
    for _ in range(100):
        middle = 0.5 * (near + far)
        beyond = np.abs(bend(middle)) > np.abs(y)
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    return 0.5 * (near + far)


@dataclass(frozen=True)
class _Problem:
    """One problem; constraints and start in the coordinates of the caller."""

    value: Map
    constraints: Map
    sizes: FloatArray
    x_opt: FloatArray
    f_opt: float
    start: FloatArray


@lru_cache(maxsize=32)
def _problem(function: int, n: int, instance: int) -> _Problem:
    from autodiff import value_and_grad

    kind, variant = divmod(function - 1, 6)
    kind += 1
    active = (1, 2, 6, 6 + n // 2, 6 + n, 6 + 3 * n)[variant]
    x_opt = legacy.optimum(function + 10_000 * instance, n)
    seed = function + 20_000 * instance
    inner, bend = _objective(kind, n, seed), _bend(kind, n)

    gradient = value_and_grad(inner)(np.zeros(n))[1]
    # the longest step along the gradient that stays in the box, shortened by up to a quarter
    longest = np.max(np.maximum(gradient / (5.0 - x_opt), gradient / (-5.0 - x_opt)))
    inside = gradient * ((0.75 + 0.25 * float(legacy.uniform(1, seed + 412)[0])) / longest)
    linear: LinearConstraints = draw(function, n, instance, active, inside)

    f_opt, factor = legacy.offset(function, instance), _FACTORS[kind - 1]
    # the slope knows the bounds of the box and is not moved
    objective: Map = inner if kind == 3 else lambda x: inner(bend(x - x_opt))
    return _Problem(
        value=lambda x: factor * (objective(x) + f_opt),
        constraints=lambda x: linear(bend(x - x_opt)),
        sizes=np.linalg.norm(linear.normals, axis=1),
        x_opt=x_opt,
        f_opt=factor * (float(objective(x_opt)) + f_opt),
        start=_start(bend, inside, x_opt),
    )


def _start(bend: Map, inside: FloatArray, x_opt: FloatArray) -> FloatArray:
    """COCO's initial solution, feasible: the direction `inside` unbent, and halved until it is in the box."""
    for _ in range(100):
        x = x_opt + _unbend(bend, inside)
        if np.all(np.abs(x) < 5.0):
            break
        inside = 0.5 * inside
    return x


class Constrained:
    """Values and constraints of one problem; it pickles as the three numbers it was built from.

    Parameters
    ----------
    function, n, instance : int
        1 to 54; from 2; from 1.

    Attributes
    ----------
    sizes : ndarray, shape (m,)
        Lengths of the constraints' normals, which are the scales of their values.
    start : ndarray, shape (n,)
        COCO's initial solution, which is feasible.
    """

    def __init__(self, function: int, n: int, instance: int) -> None:
        self._key = (function, n, instance)
        problem = _problem(*self._key)
        self._value, self._constraints = problem.value, problem.constraints
        self.sizes, self.start, self.x_opt, self.f_opt = problem.sizes, problem.start, problem.x_opt, problem.f_opt

    def __reduce__(self) -> tuple[Callable[..., Constrained], tuple[int, int, int]]:
        return Constrained, self._key

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n), shape (...)."""
        return in_blocks(self._value, x)

    def constraints(self, x: Any) -> Any:
        """Values that are to be at most 0, for x of shape (..., n): shape (..., m)."""
        return in_blocks(self._constraints, x, width=len(self.sizes))

    def jacobian(self, x: Any) -> Any:
        """Derivatives of the constraints at one point, shape (m, n)."""
        from autodiff import jacobian

        return jacobian(self._constraints)(x)
