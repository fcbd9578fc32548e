"""Points that are out, and values that have come back before there are enough of them to learn from.

An optimizer that is told whole generations has none of this. It is made when somebody asks or tells in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray
from es.core.told import Told

SIZE = 16  # bytes that stand for a point
REMEMBERED = 200  # generations whose points are known again when they come late
ASSUMED = 3  # generations of unknown points that are taken for late ones, while such are awaited

Keys = dict[bytes, int]  # point -> how many of it are out; the oldest first


class Waiting:
    """What is out and what has come back, for one run or for each in a stack; `popsize` fresh points are waited for.

    Of each run `out` and `late` are the points that were handed out and not told, of the present distribution and of
    earlier ones. `parts` is what was told since the last update, and `fresh` (runs,) how many of these are points of
    the present distribution.
    """

    def __init__(self, runs: int, popsize: int) -> None:
        self.popsize = popsize
        self.out: list[Keys] = [{} for _ in range(runs)]
        self.late: list[Keys] = [{} for _ in range(runs)]
        self.parts: list[Told] = []
        self.fresh = np.zeros(runs, dtype=np.intp)
        self._assumed = np.zeros(runs, dtype=np.intp)  # unknown points that were taken for late ones
        self._block: FloatArray | None = None  # points (..., popsize, n) that were made together
        self._given = 0  # how many of these have been handed out

    def hand_out(self, k: int, make: Callable[[int], FloatArray]) -> FloatArray:
        """The next k points (..., k, n) of blocks that `make(popsize)` gives.

        Whole blocks are made because the same point made alone differs in its last bits, and because samples that
        belong together (mirror images) are made together.
        """
        pieces = []
        while k:
            if self._block is None:
                self._block, self._given = make(max(k, self.popsize)), 0
            piece = self._block[..., self._given : self._given + k, :].copy()
            pieces.append(piece)
            k -= piece.shape[-2]
            self._given += piece.shape[-2]
            if self._given == self._block.shape[-2]:
                self._block = None
        x = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=-2)
        self.note_out(x)
        return x

    def note_out(self, x: FloatArray) -> None:
        """Points x (..., k, n) of the present distribution are out."""
        for out, keys in zip(self.out, keys_of(x), strict=True):
            for key in keys:
                out[key] = out.get(key, 0) + 1

    def leave(self, asked: FloatArray, told: FloatArray) -> None:
        """Of the points that were asked (..., j, n) only some were told (..., k, n): the others come late."""
        self.note_out(asked)
        for out, keys in zip(self.out, keys_of(told), strict=True):
            for key in keys:
                _remove(out, key)
        self._grow_old()

    def take_in(self, part: Told) -> None:
        """Points have come back.

        A point that was not handed out counts as one of the present distribution: the caller's own, or one that the
        caller has changed. Told in small numbers while late points are awaited it may be one of those, changed, and
        is taken for it: a population of late points, taken for fresh ones, would let the step size collapse.
        """
        self.parts.append(part)
        few = part.x.shape[-2] < self.popsize
        for run, keys in enumerate(keys_of(part.x)):
            for key in keys:
                if _remove(self.out[run], key):
                    self.fresh[run] += 1
                elif _remove(self.late[run], key):
                    pass
                elif few and self.late[run] and self._assumed[run] < ASSUMED * self.popsize:
                    _remove(self.late[run], next(iter(self.late[run])))
                    self._assumed[run] += 1
                else:
                    self.fresh[run] += 1

    @property
    def enough(self) -> bool:
        """Whether there is a generation to learn from, in each run."""
        return bool((self.fresh >= self.popsize).all())

    @property
    def idle(self) -> bool:
        """Whether nothing is awaited and nothing kept."""
        return not self.parts and self._block is None and not any(self.out) and not any(self.late)

    def collect(self) -> Told:
        """All that has come back since the last update, as one part."""
        x, f, rank, feasible, _ = zip(*self.parts, strict=True)
        plain = all(one is values for one, values in zip(rank, f, strict=True))
        values = np.concatenate(f, axis=-1)
        allowed = None
        if any(one is not None for one in feasible):
            every = [np.ones(v.shape, dtype=bool) if one is None else one for one, v in zip(feasible, f, strict=True)]
            allowed = np.concatenate(every, axis=-1)
        return Told(np.concatenate(x, axis=-2), values, values if plain else np.concatenate(rank, axis=-1), allowed)

    def turn(self) -> None:
        """The distribution has changed: what is out belongs to an earlier one, and what was not handed out is void."""
        self.parts = []
        self.fresh[:] = self._assumed[:] = 0
        self._block = None
        self._grow_old()

    def _grow_old(self) -> None:
        for run, out in enumerate(self.out):
            late = self.late[run]
            for key, count in out.items():
                late[key] = late.get(key, 0) + count
            for key in list(late)[: max(0, len(late) - REMEMBERED * self.popsize)]:
                del late[key]
            self.out[run] = {}

    def take(self, rows: IntArray) -> None:
        """Keep these runs of a stack."""
        self.out, self.late = ([keys[row] for row in rows.tolist()] for keys in (self.out, self.late))
        self.fresh, self._assumed = self.fresh[rows], self._assumed[rows]
        self._block = None if self._block is None else self._block[rows]
        self.parts = [part.of(rows) for part in self.parts]

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as plain arrays."""
        arrays: dict[str, npt.NDArray[Any]] = {"fresh": self.fresh, "assumed": self._assumed}
        for name, every in (("out", self.out), ("late", self.late)):
            keys = [key for one in every for key, count in one.items() for _ in range(count)]
            arrays[name] = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, SIZE)
            arrays[f"{name}.sizes"] = np.array([sum(one.values()) for one in every], dtype=np.intp)
        if self._block is not None:
            arrays |= {"block": self._block, "given": np.array(self._given)}
        for i, part in enumerate(self.parts):
            arrays |= {f"part.{i}.{name}": a for name, a in part._asdict().items() if a is not None}
            if part.rank is part.f:
                del arrays[f"part.{i}.rank"]
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self.fresh, self._assumed = (np.array(arrays[name]) for name in ("fresh", "assumed"))
        for name in ("out", "late"):
            rows, ends = arrays[name], np.cumsum([0, *arrays[f"{name}.sizes"].tolist()]).tolist()
            every: list[Keys] = []
            for start, end in pairwise(ends):
                every.append({})
                for row in rows[start:end]:
                    key = row.tobytes()
                    every[-1][key] = every[-1].get(key, 0) + 1
            setattr(self, name, every)
        self._block = np.array(arrays["block"]) if "block" in arrays else None
        self._given = int(arrays["given"]) if "block" in arrays else 0
        self.parts = []
        while f"part.{len(self.parts)}.x" in arrays:
            at = f"part.{len(self.parts)}."
            f = np.array(arrays[f"{at}f"])
            rank = np.array(arrays[f"{at}rank"]) if f"{at}rank" in arrays else f
            feasible = np.array(arrays[f"{at}feasible"]) if f"{at}feasible" in arrays else None
            self.parts.append(Told(np.array(arrays[f"{at}x"]), f, rank, feasible))


def keys_of(x: npt.NDArray[Any]) -> list[list[bytes]]:
    """What stands for each of the points x (..., k, n), for each run of a stack; -0.0 is 0.0."""
    runs = (x + 0.0)[None] if x.ndim == 2 else x + 0.0
    return [[blake2b(row.tobytes(), digest_size=SIZE).digest() for row in rows] for rows in runs]


def _remove(keys: Keys, key: bytes) -> bool:
    """Take one of a point off; False if there is none."""
    count = keys.get(key, 0)
    if count == 1:
        del keys[key]
    elif count:
        keys[key] = count - 1
    return count > 0
