"""The bbob-largescale suite: f1 to f24 with rotations in blocks of 40 variables (Varelas et al. 2020, section 3).

A rotation of the bbob suite becomes P B P' with a block-diagonal orthogonal B and two permutations, so that a value
costs of the order of n and not of n^2 operations. Up to n = 40 there is one block and no permutation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob import legacy
from problems.bbob.frames import Frame, Map, Rotation
from problems.bbob.transforms import turn

__all__ = ["Blocks", "LargeFrame", "permutation"]

Array = NDArray[np.float64]
Order = NDArray[np.intp]

BLOCK = 40
MILLION = 1_000_000


@lru_cache(maxsize=64)
def permutation(seed: int, n: int) -> Order:
    """Permutation by n truncated uniform swaps of at most n // 3 places; the identity up to n = 40.

    Parameters
    ----------
    seed, n : int

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
    seed, n : int
        Seed of the first block and number of variables; block k is drawn from seed + 1e6 k.
    before, after : int, optional
        Seeds of the permutations; without them the order stays.
    """

    def __init__(self, seed: int, n: int, before: int | None = None, after: int | None = None) -> None:
        whole, rest = divmod(n, BLOCK)
        blocks = [legacy.rotation(seed + MILLION * k, BLOCK) for k in range(whole)]
        self._stack = np.array(blocks).reshape(whole, BLOCK, BLOCK)
        self._last = legacy.rotation(seed + MILLION * whole, rest) if rest else None
        moves = n > BLOCK
        self._before = permutation(before, n) if moves and before is not None else None
        self._after = permutation(after, n) if moves and after is not None else None

    def __call__(self, x: Array) -> Array:
        """Apply the map to x of shape (..., n)."""
        y = self._turn(x if self._before is None else np.take(x, self._before, axis=-1), self._stack, self._last)
        return y if self._after is None else np.take(y, self._after, axis=-1)

    def inverse(self, y: Array) -> Array:
        """Undo the map."""
        x = y if self._after is None else y[..., np.argsort(self._after)]
        x = self._turn(x, self._stack.transpose(0, 2, 1), None if self._last is None else self._last.T)
        return x if self._before is None else x[..., np.argsort(self._before)]

    @staticmethod
    def _turn(x: Array, stack: Array, last: Array | None) -> Array:
        parts = []
        if len(stack):
            head = x[..., : len(stack) * BLOCK]
            parts.append(turn(stack, head.reshape(*x.shape[:-1], len(stack), BLOCK)).reshape(head.shape))
        if last is not None:
            parts.append(turn(last, x[..., len(stack) * BLOCK :]))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


# What is added to the seed of the instance, in millions: (first permutation, rotation, second permutation)
_TURNS: dict[int, tuple[tuple[int | None, int, int | None], ...]] = {
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

    def valley_optimum(self, turn: Rotation, factor: float) -> Array:
        """x_opt of f9, which is drawn in this suite."""
        return 0.75 * self.optimum()

    def rotations(self) -> list[Blocks]:
        """Block rotations of the function, in the order in which x meets them."""

        def seed(millions: int | None) -> int | None:
            return None if millions is None else self.seed + MILLION * millions

        return [
            Blocks(self.seed + MILLION * added, self.n, seed(before), seed(after))
            for before, added, after in _TURNS[self.function]
        ]

    def chain(self, first: Any, diagonal: Array, second: Any) -> Map:
        """x -> second(diagonal * first(x)), one after the other, since their product would be a full matrix."""
        return lambda x: second(diagonal * first(x))
