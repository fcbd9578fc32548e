"""Linear inequality constraints through a given optimum, as the bbob-constrained suite draws them.

Dufosse, Hansen, Brockhoff, Sampaio, Atamna & Auger 2022, "Building scalable test problems for benchmarking constrained
optimizers"; the numbers are those of COCO's ``c_linear.c`` and ``coco_random.c``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problems.numbers import FloatArray


class FibonacciStream:
    """COCO's second generator: lagged Fibonacci with lags 607 and 273 on numbers in [0, 1].

    Parameters
    ----------
    seed : int
        Its lowest 32 bits count.
    """

    LONG, SHORT = 607, 273

    def __init__(self, seed: int) -> None:
        state, word = [], seed & 0xFFFFFFFF
        for i in range(self.LONG):
            state.append(word / 0xFFFFFFFF)
            word = (1812433253 * (word ^ (word >> 30)) + i + 1) & 0xFFFFFFFF
        self._state, self._next = state, 12  # the first twelve numbers hardly depend on more than the size of the seed

    def uniform(self) -> float:
        """Draw a number in [0, 1]."""
        if self._next == self.LONG:
            x = self._state
            for i in range(self.LONG):
                # the numbers 273 places back, cyclically: already the new ones from place 273 on
                t = x[i] + x[i - self.SHORT]
                x[i] = t - 1.0 if t >= 1.0 else t
            self._next = 0
        self._next += 1
        return self._state[self._next - 1]

    def normal(self) -> float:
        """Draw a standard normal number."""
        u, v = self.uniform(), self.uniform()
        return float(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))


@dataclass(frozen=True)
class LinearConstraints:
    """z -> normals z - slack, to be at most 0; the origin is the optimum and on the bounds of the active ones.

    Attributes
    ----------
    normals : ndarray, shape (m, n)
    shifts : ndarray, shape (m, 1)
        How far a constraint is moved away from the origin, in units of its normal; 0 for the active ones.
    """

    normals: FloatArray
    shifts: FloatArray

    def __call__(self, z: FloatArray) -> FloatArray:
        """Values at z of shape (..., n), shape (..., m)."""
        terms = self.normals * (z[..., None, :] - self.shifts * self.normals)
        # COCO drops positive terms of rounding size, so that the optimum stays feasible wherever it is moved
        return np.where((terms > 1e-11) | (terms < 0.0), terms, 0.0).sum(-1)


def draw(function: int, n: int, instance: int, active: int, inside: FloatArray) -> LinearConstraints:
    """Draw `active` constraints through the origin and half as many beside it.

    Parameters
    ----------
    function, n, instance : int
        What the seeds are made of.
    active : int
        Number of active constraints.
    inside : ndarray, shape (n,)
        A multiple of the objective's gradient at the origin, which all constraints leave feasible: with one normal
        pointing against it, the conditions of Karush, Kuhn and Tucker hold at the origin.
    """
    seed = function + 10_000 * instance
    stream, weights = FibonacciStream(seed), FibonacciStream(seed)
    common = 100.0 * 10.0 ** stream.uniform()
    idle = active // 2
    count = active + idle

    normals: list[FloatArray] = []
    shifts: list[float] = []
    combination = np.zeros(n)
    pushed = 0
    drawn = 0  # active ones so far
    for k in range(count):
        shift = 0.0
        if k == 0 or (drawn < active and stream.uniform() + 1e-23 > idle / count):
            drawn += 1
        else:
            idle -= 1
            shift = 0.01 + 2.0 * stream.uniform()
        against = shift == 0.0 and (drawn - 1 + instance) % active == 0
        own = FibonacciStream(seed + 50_000 * drawn)
        size = 100.0 ** own.uniform()
        if against:
            normal = -inside * (common * size / np.linalg.norm(inside))
        else:
            normal = np.array([common * own.normal() * size / np.sqrt(n) for _ in range(n)])
        length = float(np.linalg.norm(normal))
        if float(LinearConstraints(normal[None], np.array([[shift / length]]))(inside)[0]) > 0.0:
            normal = -normal
        if against:
            pushed = k
        elif shift == 0.0:
            combination = combination + weights.uniform() * normal
        normals.append(normal)
        shifts.append(shift / length)

    if active > 1:
        # hide the gradient: less of the other normals in the one against it leaves the optimum where it is
        normal = normals[pushed]
        length, overlap = float(np.linalg.norm(normal)), float(combination @ normal)
        part = float(n) if overlap <= 0.0 else min(float(n), length**2 / overlap)
        part *= (1.0 + weights.uniform()) / (2.0 + 1.0 / n)
        hidden = normal - part * combination
        normals[pushed] = hidden * (length / np.linalg.norm(hidden))
    return LinearConstraints(np.array(normals), np.array(shifts)[:, None])
