"""The bbob-largescale suite: f1 to f24 with rotations in blocks of 40 variables (Varelas et al. 2020, section 3).

A rotation of the bbob suite becomes P B P' with a block-diagonal orthogonal B and two permutations, so that a value
costs of the order of n and not of n^2 operations. Up to n = 40 there is one block and no permutation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob import legacy
from problems.bbob.frames import MILLION, TURNS, Frame, Map, Rotation
from problems.bbob.products import back, multiply
from problems.numbers import FloatArray

Order = NDArray[np.intp]

BLOCK = 40


@lru_cache(maxsize=64)
def permutation(seed: int, n: int) -> Order:
    """Permutation by n truncated uniform swaps of at most n // 3 places; the identity up to n = 40.

    Returns
    -------
    ndarray of int, shape (n,)
        Read-only.
    """
    order = np.arange(n)
    if n > BLOCK:
        reach = n // 3
        for count, place in enumerate(np.argsort(legacy.uniform(n, seed), kind="stable").tolist()):
            low, high = max(0, place - reach), min(n - 1, place + reach)
            other = int(legacy.uniform(1, seed + 1000 * (count + 1))[0] * (high - low)) + low
            other += other >= place
            order[[place, other]] = order[[other, place]]
    order.setflags(write=False)
    return order


class Blocks:
    """x -> (B x[before])[after] for a block-diagonal orthogonal matrix B.

    Parameters
    ----------
    stack : ndarray, shape (blocks, 40, 40)
        Columns of each block. With two axes more, (r, 1, ...), for r instances side by side; so have the others.
    last : ndarray or None
        Those of the smaller block that remains.
    before, after : ndarray of int, shape (n,), or None
        Permutations; without them the order stays.
    """

    def __init__(self, stack: FloatArray, last: FloatArray | None, before: Order | None, after: Order | None) -> None:
        self._stack, self._last, self._before, self._after = stack, last, before, after

    @classmethod
    def drawn(cls, seed: int, n: int, before: int | None = None, after: int | None = None) -> Blocks:
        """Of the seed of the first block, and seeds of the permutations; block k is drawn from seed + 1e6 k."""
        whole, rest = divmod(n, BLOCK)
        blocks = [legacy.rotation(seed + MILLION * k, BLOCK) for k in range(whole)]
        moves = n > BLOCK
        return cls(
            np.array([block.T for block in blocks]).reshape(whole, BLOCK, BLOCK),
            np.ascontiguousarray(legacy.rotation(seed + MILLION * whole, rest).T) if rest else None,
            permutation(before, n) if moves and before is not None else None,
            permutation(after, n) if moves and after is not None else None,
        )

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray | None, Order | None, Order | None]:
        """What makes it."""
        return self._stack, self._last, self._before, self._after

    def __call__(self, x: FloatArray) -> FloatArray:
        """Apply the map to x of shape (..., n)."""
        return _ordered(self._turn(multiply, _ordered(x, self._before)), self._after)

    def inverse(self, y: FloatArray) -> FloatArray:
        """Undo the map."""
        return _ordered(self._turn(back, _ordered(y, _undone(self._after))), _undone(self._before))

    def _turn(self, product: Callable[[FloatArray, FloatArray], FloatArray], x: FloatArray) -> FloatArray:
        """Each part of x times its block."""
        blocks = self._stack.shape[-3]
        if self._last is None:
            return _blockwise(product, _each(self._stack), x)
        end = product(_each(self._last), x[..., blocks * BLOCK :])
        if not blocks:
            return end
        return np.concatenate([_blockwise(product, _each(self._stack), x[..., : blocks * BLOCK]), end], axis=-1)


def _blockwise(product: Callable[[FloatArray, FloatArray], FloatArray], stack: FloatArray, x: FloatArray) -> FloatArray:
    """Products of blocks (..., blocks, 40, 40) with their parts of x (..., points, n) or (n,)."""
    blocks = stack.shape[-3]
    if x.ndim == 1 or x.shape[-2] == 1:
        return product(stack, x.reshape(*x.shape[:-2], blocks, 1, BLOCK)).reshape(x.shape)
    # the points of a block are the rows of its product
    rows = np.swapaxes(x.reshape(*x.shape[:-1], blocks, BLOCK), -2, -3)
    return np.swapaxes(product(stack, rows), -2, -3).reshape(x.shape)


def _each(columns: FloatArray) -> FloatArray:
    """Without the axis of the points of an instance."""
    return columns[:, 0] if columns.ndim > 3 else columns


def _ordered(x: FloatArray, order: Order | None) -> FloatArray:
    """x[..., order], with an order of its own for each row of a stack."""
    if order is None:
        return x
    if order.ndim == 1:
        return np.take(x, order, axis=-1)
    return np.take_along_axis(x, np.broadcast_to(order, x.shape), axis=-1)


def _undone(order: Order | None) -> Order | None:
    return None if order is None else np.argsort(order, axis=-1)


@dataclass(frozen=True)
class LargeFrame(Frame):
    """Random parts of one instance, drawn as the bbob-largescale suite draws them."""

    @property
    def block(self) -> int:
        """At most 40 variables are turned together."""
        return min(self.n, BLOCK)

    @property
    def scale(self) -> float:
        """40 / n, so that values do not grow with n."""
        return min(1.0, BLOCK / self.n)

    @property
    def special(self) -> int:
        """One axis in 40."""
        return -(-self.n // BLOCK)

    @property
    def step_edge(self) -> float:
        """COCO multiplies by n here, which the factor 40 / n takes back."""
        return 1e-4 * self.n

    def valley_optimum(self, turn: Rotation, factor: float) -> FloatArray:
        """x_opt of f9, which is drawn in this suite."""
        return 0.75 * self.optimum()

    def rotations(self) -> list[Blocks]:
        """Block rotations of the function, in the order in which x meets them."""

        def seed(millions: int | None) -> int | None:
            return None if millions is None else self.seed + MILLION * millions

        return [
            Blocks.drawn(self.seed + MILLION * added, self.n, seed(before), seed(after))
            for before, added, after in TURNS[self.function]
        ]

    def chain(self, first: Any, diagonal: FloatArray, second: Any) -> Map:
        """x -> second(diagonal * first(x)), one after the other, since their product would be a full matrix."""
        return lambda x: second(diagonal * first(x))
