"""Going through data in mini-batches, single samples or one full batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.arrays import Array


def batches(
    *arrays: npt.ArrayLike, size: int | None = None, epochs: int | None = 1, drop_last: bool = False, rng: Any = None
) -> Iterator[tuple[Array, ...]]:
    """Iterate over rows of arrays in shuffled batches.

    Parameters
    ----------
    *arrays : array_like, each (rows, ...)
        Inputs, labels, ...; row i of each belongs together.
    size : int, optional
        Rows per batch: 1 gives single samples, None (default) the full batch, in the given order.
    epochs : int or None
        Passes through the data; None goes on for ever.
    drop_last : bool
        Leave out the last batch of a pass where it is smaller than ``size``.
    rng : None, int, SeedSequence or Generator
        Source of the shuffling; every pass is shuffled anew.

    Yields
    ------
    tuple of ndarray
        One batch of each array.

    Raises
    ------
    ValueError
        If no array is given, their numbers of rows differ, or ``size`` or ``epochs`` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import batches
    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> [labels.size for inputs, labels in batches(x, y, size=2, rng=0)]
    [2, 2, 1]
    """
    data = [np.asarray(array) for array in arrays]
    if not data or any(array.ndim == 0 for array in data):
        raise ValueError("arrays must be at least one array with rows, got " + (f"{arrays}" if arrays else "none"))
    rows = len(data[0])
    if any(len(array) != rows for array in data):
        raise ValueError(f"arrays must have equal numbers of rows, got {[len(array) for array in data]}")
    if size is not None and size < 1:
        raise ValueError(f"size must be at least 1 row or None for the full batch, got {size}")
    if epochs is not None and epochs < 0:
        raise ValueError(f"epochs must not be negative (None goes on for ever), got {epochs}")
    return _iterate(data, rows, size, epochs, drop_last, np.random.default_rng(rng))


def _iterate(
    data: list[Array], rows: int, size: int | None, epochs: int | None, drop_last: bool, rng: np.random.Generator
) -> Iterator[tuple[Array, ...]]:
    done = 0
    while epochs is None or done < epochs:
        done += 1
        if size is None:
            yield tuple(data)
            continue
        order = rng.permutation(rows)
        for start in range(0, rows - size + 1 if drop_last else rows, size):
            chosen = order[start : start + size]
            yield tuple(array[chosen] for array in data)
