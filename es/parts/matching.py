"""Finding the points that `ask` handed out among those that `tell` gets."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import IntArray, pick_rows

OWN = np.iinfo(np.intp).max  # the place of a point that was not asked


def longest_own(n: int) -> float:
    """Length up to which the z of a point of the caller's own counts.

    Hansen, Injecting external solutions into CMA-ES (arXiv:1110.4181), (4).
    """
    return math.sqrt(n) + 2 * n / (n + 2)


def unchanged(x: npt.NDArray[Any], asked: npt.NDArray[Any]) -> bool:
    """Whether all points (..., k, n) are those that were asked, in their order."""
    if x.shape != asked.shape:
        return False
    if x.nbytes < 10_000:  # quicker than a comparison, but with two copies
        return x.tobytes() == asked.tobytes()
    return bool((x == asked).all())


def places(x: npt.NDArray[Any], asked: npt.NDArray[Any]) -> IntArray:
    """For each point (..., k) of x (..., k, n) its row in `asked` (..., j, n), each row at most once; else `OWN`."""
    place = np.full(x.shape[:-1], OWN)
    for run in np.ndindex(x.shape[:-2]):
        rows: dict[bytes, list[int]] = defaultdict(list)
        for i, row in reversed(list(enumerate(asked[run]))):
            rows[(row + 0.0).tobytes()].append(i)  # + 0.0 makes -0.0 and 0.0 one
        for j, row in enumerate(x[run]):
            if found := rows[(row + 0.0).tobytes()]:
                place[(*run, j)] = found.pop()
    return place


def fill_in(z: npt.NDArray[Any], asked: npt.NDArray[Any], place: IntArray) -> npt.NDArray[Any]:
    """z (..., k, n) with the rows of `asked` where they have a place there."""
    known = place < OWN
    return np.where(known[..., None], pick_rows(asked, np.where(known, place, 0)), z)
