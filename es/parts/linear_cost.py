"""Strategies of linear cost: they learn from sums over their samples, and go over these in blocks.

With many variables the time of a generation is that of drawing its samples and of every further pass over memory, so
all that is done to a population is done block by block, while the block is in the cache.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.parts.matching import OWN, places
from es.parts.samples import Ranked, Rows, add_product, cut
from es.parts.strategy import Strategy

WHOLE: list[tuple[slice | None, slice | None]] = [(None, None)]  # the one block of few rows
BLOCK = 131_072  # numbers in a block of rows
COPIED = 100_000  # bytes of a population up to which comparing it with a copy is quicker than making it again


class Frame(NamedTuple):
    """What makes points mean + s * (z + (z P^T) Q) of samples z, in their precision; Q has been multiplied by s."""

    mean: FloatArray
    scale: FloatArray
    P: FloatArray | None
    Q: FloatArray | None


class RowWise(Strategy):
    """A strategy with steps y = s * (z + (z P^T) Q): a scale for each coordinate and at most a few directions.

    A subclass gives `_absorb` in the place of `_update`, and `_map` and `_whiten` unless steps are z times `stds`.
    Unless they are few, the points that `ask` made are not kept: `tell` makes them again, block by block, to see
    whether the caller has changed them. So two arrays of the size of the population are all there is, of which one is
    the caller's; mirror images of samples are not stored.
    """

    wants_lengths: ClassVar[bool] = False  # whether `_absorb` asks for the lengths of samples
    asked_parts: ClassVar[tuple[str, ...]] = ("z", "k")  # the samples that were drawn, and how many points they made

    _rows: Rows  # the samples of the points that were told
    _drawn: Rows | None = None  # the samples of the last `ask`
    _copy: bytes | None = None  # the points that they made, if there are not many
    _count: IntArray  # how many, per run

    # What a strategy gives -------------------------------------------------------------------------

    def _map(self) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Scale s (..., n), and P and Q (..., m, n) or None."""
        return self.stds, None, None

    def _absorb(self, ranked: Ranked) -> None:
        """Learn from the ranked samples."""
        raise NotImplementedError

    def _whiten(self, y: FloatArray) -> FloatArray:
        return y / self.stds[..., None, :]

    # The base's hooks ------------------------------------------------------------------------------

    def _sample(self, z: FloatArray) -> FloatArray:
        rows, y, frame = Rows(z, z.shape[-2]), np.empty(z.shape, z.dtype), self._frame()
        for block, _ in self._blocks(rows):
            self._write(rows, block, frame, cut(y, block))
        return y

    def _frame(self) -> Frame:
        scale, P, Q = self._map()
        mean = self.mean
        if self.runs is not None:
            mean, scale = mean[:, None], scale[:, None]
        if P is not None and Q is not None:
            Q = Q * scale
        if self.dtype != np.float64:
            mean, scale = mean.astype(self.dtype), scale.astype(self.dtype)
            P, Q = None if P is None else P.astype(self.dtype), None if Q is None else Q.astype(self.dtype)
        return Frame(mean, scale, P, Q)

    def _blocks(self, rows: Rows) -> list[tuple[slice | None, slice | None]]:
        """Blocks of samples: the rows (None are all), and the rows of their mirror images if there are any."""
        h, k = rows.z.shape[-2], rows.k
        if rows.few and h == k:
            return WHOLE
        height = max(1, BLOCK // self.n)
        ends = [(start, min(start + height, h)) for start in range(0, h, height)]
        return [
            (slice(start, end), slice(h + start, min(h + end, k)) if h + start < k else None) for start, end in ends
        ]

    def _write(self, rows: Rows, block: slice | None, frame: Frame, y: FloatArray) -> None:
        """Write the steps of a block of samples."""
        if not rows.seen:
            rows.look(block, frame.P, self.wants_lengths)
        np.multiply(cut(rows.z, block), frame.scale, out=y)
        if frame.Q is not None and rows.along is not None:
            add_product(cut(rows.along, block), frame.Q, y)

    def _place(self, rows: Rows, block: slice | None, frame: Frame, x: FloatArray, image: FloatArray | None) -> None:
        """Write the points mean + y of a block, and their mirror images mean - y, as many as there are."""
        self._write(rows, block, frame, x)
        if image is not None:
            np.subtract(frame.mean, x[..., : image.shape[-2], :], out=image)
        x += frame.mean

    def _candidates(self, k: int) -> FloatArray:
        last = self._drawn
        if last is None or self._asked or last.k != k:
            z = np.empty((*self.batch, self._normal.drawn(k), self.n), self.dtype)
            self._count = np.full(self.batch, k)
        else:
            z = last.z
        self._normal.fill(self._streams, z)
        self._asked.append((z, self._count))
        self._drawn = Rows(z, k)
        x = self._points(self._drawn, inside=True)
        self._copy = x.tobytes() if x.nbytes <= COPIED else None
        return x

    def _points(self, rows: Rows, inside: bool) -> FloatArray:
        """The points of these samples, brought inside the bounds if asked for."""
        x: FloatArray = np.empty((*self.batch, rows.k, self.n), self.dtype)
        frame = self._frame()
        for block, images in self._blocks(rows):
            part, image = cut(x, block), None if images is None else x[..., images, :]
            self._place(rows, block, frame, part, image)
            if inside and self.handler is not None:
                for piece in (part,) if image is None else (part, image):
                    piece[...] = self._decode(piece)
        return x

    def _still(self, x: FloatArray, rows: Rows) -> bool:
        """Whether x are the points of these samples, in their order."""
        if x.shape[-2] != rows.k:
            return False
        if self._copy is not None:
            return x.tobytes() == self._copy
        frame, scratch = self._frame(), np.empty((0, 0))
        for block, images in self._blocks(rows):
            now, mirrored = cut(x, block), None if images is None else x[..., images, :]
            h, height = now.shape[-2], now.shape[-2] + (0 if mirrored is None else mirrored.shape[-2])
            if scratch.shape[-2] < height:
                scratch = np.empty((*x.shape[:-2], height, self.n), self.dtype)
            part, image = scratch[..., :h, :], None if mirrored is None else scratch[..., h:height, :]
            self._place(rows, block, frame, part, image)
            if not (self._decode(part) == now).all():
                return False
            if image is not None and not (self._decode(image) == mirrored).all():
                return False
        return True

    def _asked_rows(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        if not self._asked:
            return super()._asked_rows()
        asked = [Rows(z, int(k.flat[0])) for z, k in self._asked]
        z = np.concatenate([rows.all for rows in asked], axis=-2)
        return z, self._sample(z), np.concatenate([self._points(rows, inside=True) for rows in asked], axis=-2)

    def _arrange(self, x: FloatArray) -> IntArray | None:
        if len(self._asked) == 1:
            z, k = self._asked[0]
            self._rows = Rows(z, int(k.flat[0])) if self._drawn is None or self._drawn.z is not z else self._drawn
            if self._still(x, self._rows):
                return None
            if x.shape[-2] == self._rows.k and (place := places(x, self._points(self._rows, inside=True))).max() < OWN:
                return place.argsort(-1)
        order = self._match(x, *self._asked_rows())
        z = self._told[0]
        self._rows = Rows(z, z.shape[-2])
        self._rows.look(None, self._map()[1], self.wants_lengths)
        return order

    def _told_points(self) -> FloatArray:
        return self._points(self._rows, inside=False)

    def _square_lengths(self) -> FloatArray:
        return self._rows.square_lengths()

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        self._retune(order.shape[-1])
        self._absorb(Ranked(self._rows, order))

    def load_state_dict(self, arrays: Any) -> None:
        """See `Strategy.load_state_dict`."""
        super().load_state_dict(arrays)
        self._drawn = self._copy = None

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self._drawn = self._copy = None
