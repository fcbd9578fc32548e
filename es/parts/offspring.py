"""Points that were asked and whose values are awaited, with what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray
from es.parts.matching import OWN, longest_own, places, unchanged

PARTS = ("z", "u", "parent", "x")


class Offspring:
    """Samples z, points u = parent + sigma A z, the parents' numbers, and the points x that were handed out.

    Those in `arrays`, which `state_dict` gave, are out from the beginning.
    """

    def __init__(self, arrays: Mapping[str, Any] | None = None) -> None:
        self.parts: list[npt.NDArray[Any]] = []
        if arrays is not None and "asked.z" in arrays:
            self.parts = [np.array(arrays[f"asked.{name}"]) for name in PARTS]

    def add(self, *parts: npt.NDArray[Any]) -> None:
        """More of them: z, u and x (..., k, n), parent (..., k)."""
        axis = parts[0].ndim - 2
        self.parts = [
            np.concatenate([old, new], axis=axis) if self.parts else np.array(new)
            for old, new in zip(self.parts or parts, parts, strict=True)
        ]

    def match(self, x: FloatArray, opt: Any) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
        """An order (..., k) of the rows x in which they were asked, and z, u and parent in this order.

        Rows that were not asked come last, as offspring of the parent that could most easily have made them.
        """
        if self.parts and unchanged(x, self.parts[3]):
            z, u, parent, _ = self.parts
            return np.broadcast_to(np.arange(x.shape[-2]), x.shape[:-1]), z, u, parent
        opt._check_told(x)
        asked = self.parts[3] if self.parts else x[..., :0, :]
        place = places(x, asked)
        order: IntArray = place.argsort(-1, kind="stable")
        parent = np.empty(x.shape[:-1], dtype=np.intp)
        z, u = np.empty((2, *x.shape))
        for run in np.ndindex(x.shape[:-2]):
            for j, row in enumerate(order[run]):
                i = place[run][row]
                if i < OWN:
                    z[run][j], u[run][j], parent[run][j] = (part[run][i] for part in self.parts[:3])
                else:
                    z[run][j], parent[run][j] = _nearest(x[run][row], opt, run)
                    u[run][j] = x[run][row]
        return order, z, u, parent

    def take(self, rows: IntArray) -> None:
        """Keep these runs of a stack."""
        self.parts = [part[rows] for part in self.parts]

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as arrays."""
        return {f"asked.{name}": part for name, part in zip(PARTS, self.parts, strict=False)}


def _nearest(x: FloatArray, opt: Any, run: tuple[int, ...]) -> tuple[FloatArray, int]:
    """The z of the least length that makes x, and the number of the parent that it belongs to."""
    steps = (x - opt.parents[run]) / opt.sigma[run][:, None] / opt.units[run]
    z = np.linalg.solve(opt.A[run] / opt.units[run][:, None], steps[..., None])[..., 0]
    parent = int(np.vecdot(z, z).argmin())
    return z[parent] * min(1.0, longest_own(opt.n) / max(np.sqrt(z[parent] @ z[parent]), 1e-100)), parent
