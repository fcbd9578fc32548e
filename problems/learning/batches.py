"""Which examples an evaluation sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from problems.numbers import generator


class Batches:
    """Mini-batches without replacement: the examples in a new random order each epoch, cut in pieces.

    Parameters
    ----------
    examples : int
    size : int
        Examples in a batch; 1 gives single-sample objectives. What is left over at the end of an epoch is dropped.
    seed : None, int, SeedSequence or Generator
    """

    def __init__(
        self, examples: int, size: int, seed: int | np.random.SeedSequence | np.random.Generator | None = None
    ) -> None:
        if not 1 <= size <= examples:
            raise ValueError(f"batch must be from 1 to the {examples} training examples, got {size}")
        self.examples, self.size = examples, int(size)
        self.rng = generator("seed", seed)
        self.order: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)

    def draw(self) -> npt.NDArray[np.intp]:
        """Indices of the next batch."""
        if self.order.size < self.size:
            self.order = self.rng.permutation(self.examples)
        batch, self.order = self.order[: self.size], self.order[self.size :]
        return batch
