"""What one instance of a function is placed and turned by: its optimum and its linear maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from problems.bbob import legacy
from problems.bbob.products import back, multiply
from problems.bbob.transforms import bend, penalty
from problems.numbers import FloatArray

Map = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Landscape:
    """A function, kept as f(x) - f_opt.

    Attributes
    ----------
    value : callable
        x of shape (..., n) -> (...).
    x_opt : ndarray, shape (n,)
        (r, 1, n) for r instances side by side.
    f_opt : float
        Then (r, 1).
    width : float
        Numbers held at once per variable of a point, in the widest step; large batches are cut by it.
    differentiable : bool
        Whether the gradient exists almost everywhere and is not zero almost everywhere.
    """

    value: Map
    x_opt: FloatArray
    f_opt: Any = 0.0
    width: float = 1.0
    differentiable: bool = True


class Rotation(Protocol):
    """An orthogonal map of the last axis."""

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What its class makes it of; with two axes more in front, (r, 1, ...), they make that of r instances."""

    def __call__(self, x: FloatArray) -> FloatArray:
        """Turn x, shape (..., n)."""

    def inverse(self, y: FloatArray) -> FloatArray:
        """Turn y back."""


class Dense:
    """x -> M x for a full matrix M.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Those of M (m, n), one after the other; (r, n, m) or (r, 1, n, m) for r instances side by side.
    """

    def __init__(self, columns: FloatArray) -> None:
        self.columns = np.ascontiguousarray(columns[:, 0] if columns.ndim == 4 else columns)

    @classmethod
    def of(cls, matrix: FloatArray) -> Self:
        """The map of a matrix M (m, n)."""
        return cls(matrix.T)

    @property
    def matrix(self) -> FloatArray:
        """M, shape (m, n); (r, m, n) for r instances."""
        return np.swapaxes(self.columns, -1, -2)

    @property
    def arrays(self) -> tuple[FloatArray]:
        """What makes it."""
        return (self.columns,)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Apply the map to x of shape (..., n)."""
        return multiply(self.columns, x)

    def inverse(self, y: FloatArray) -> FloatArray:
        """Undo the map, which must be orthogonal."""
        return back(self.columns, y)


def multiples(turn: Map, factors: FloatArray) -> Map:
    """x -> the products of turn(x) with each of `factors`, one after the other along the last axis."""
    if isinstance(turn, Dense):
        return Dense(np.concatenate([factor * turn.columns for factor in factors], axis=-1))

    def one_after_the_other(x: FloatArray) -> FloatArray:
        y = turn(x)
        return np.concatenate([factor * y for factor in factors], axis=-1)

    return one_after_the_other


# Rotations of each function in the order in which x meets them, by what is added to the seed of the instance, in
# millions: to that of the rotation and, in bbob-largescale, to those of the permutations before and after it.
TURNS: dict[int, tuple[tuple[int | None, int, int | None], ...]] = {
    6: ((2, 0, 3), (4, 1, 5)),
    7: ((2, 0, 3), (4, 1, 5)),
    9: ((2, 0, 3),),
    10: ((2, 1, 3),),
    11: ((2, 1, 3),),
    12: ((2, 1, 3), (2, 1, 3)),
    13: ((5, 0, 6), (3, 1, 4)),
    14: ((2, 1, 3),),
    15: ((3, 1, 4), (5, 0, 6), (3, 1, 4)),
    16: ((5, 1, 6), (3, 0, 4), (5, 1, 6)),
    17: ((5, 1, 6), (3, 0, 4)),
    18: ((5, 1, 6), (3, 0, 4)),
    19: ((2, 0, 3),),
    21: ((None, 0, None),),
    22: ((None, 0, None),),
    23: ((3, 0, 4), (5, 1, 6)),
    24: ((3, 0, 4), (5, 1, 6)),
}
MILLION = 1_000_000


@dataclass(frozen=True)
class Frame:
    """Random parts of one instance of one function, drawn as the bbob suite draws them.

    Suites that draw them otherwise derive from this class, so that each function is written once, in these terms.

    Attributes
    ----------
    function, n, seed : int
        Number of the function (1 to 24), number of variables, seed of the instance.
    half_width : float
        Optima are drawn from [-half_width, half_width]^n.
    peak_shrink : float
        Factor that keeps the highest peak of f21 and f22 away from the bounds.
    penalised : bool
        Whether functions add their own penalty outside of [-5, 5]^n.
    f_opt : float
        Value of the optimum.
    """

    function: int
    n: int
    seed: int
    half_width: float = 4.0
    peak_shrink: float = 0.8
    penalised: bool = True
    f_opt: Any = 0.0

    @classmethod
    def of(cls, function: int, n: int, instance: int, **settings: Any) -> Self:
        """The parts of an instance, with the seed and the value of the optimum that COCO gives it."""
        seed, f_opt = legacy.instance_seed(function, instance), legacy.offset(function, instance)
        return cls(function, n, seed, f_opt=f_opt, **settings)

    def draw(self, make: Callable[[Frame], Any]) -> Any:
        """What `make` draws for this frame; arrays or tuples of them."""
        return make(self)

    @property
    def block(self) -> int:
        """How many variables are turned together."""
        return self.n

    @property
    def scale(self) -> float:
        """Factor on the values of those functions that grow with n."""
        return 1.0

    @property
    def special(self) -> int:
        """How many axes are the short or the long ones in f11 to f13."""
        return 1

    @property
    def step_edge(self) -> float:
        """Slope of f7 on its lowest plateau, before the factor 0.1."""
        return 1e-4

    def valley_optimum(self, turn: Rotation, factor: float) -> FloatArray:
        """x_opt of f9, whose valley COCO places by its rotation alone."""
        return turn.inverse(self.full(0.5 / factor))

    def optimum(self, added: int = 0) -> FloatArray:
        """x_opt drawn from the seed of the instance plus `added`, shape (n,)."""
        return legacy.optimum(self.seed + added, self.n, self.half_width)

    def full(self, value: float) -> FloatArray:
        """Weights that are all `value`, shape (n,)."""
        return np.full(self.n, value)

    @staticmethod
    def less(values: FloatArray) -> Map:
        """x -> x - values, for values (n,); a map, because a stack lays them out for all of its points."""
        return lambda x: x - values

    @staticmethod
    def times(values: FloatArray) -> Map:
        """x -> x * values, for values (n,)."""
        return lambda x: x * values

    @staticmethod
    def bent(strength: FloatArray, oscillated: bool = False) -> Map:
        """T_asy with beta e (n,), or T_asy after T_osz."""
        step, numbers = bend(strength, oscillated)
        return lambda x: step(x, numbers)

    @staticmethod
    def raised(values: FloatArray) -> Map:
        """x -> x ** values, for values (n,)."""
        return lambda x: x**values

    def rotations(self) -> Sequence[Rotation]:
        """Rotations of the function, in the order in which x meets them."""
        return [Dense.of(legacy.rotation(self.seed + MILLION * added, self.n)) for _, added, _ in TURNS[self.function]]

    def chain(self, first: Any, diagonal: FloatArray, second: Any) -> Map:
        """x -> second(diagonal * first(x)), in one product where the maps are matrices."""
        return Dense(self.product(first, diagonal, second))

    @staticmethod
    def product(first: Any, diagonal: FloatArray, second: Any) -> FloatArray:
        """Columns of second diag(diagonal) first for maps of matrices, summed in the order of C."""
        columns, rows = second.matrix * diagonal, first.matrix
        product = np.zeros(rows.shape)
        for j in range(rows.shape[-1]):
            product += columns[..., :, j, None] * rows[..., j, None, :]
        return np.ascontiguousarray(np.swapaxes(product, -1, -2))

    def penalise(self, value: Map, factor: float) -> Map:
        """Add factor * f_pen to `value`, unless the suite wants functions bare."""
        if not self.penalised:
            return value
        weights = self.full(factor)
        return lambda x: value(x) + penalty(x, weights)
