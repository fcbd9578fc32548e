"""Strategies of linear cost: they learn from sums over their samples, and go over these in blocks.

With many variables the time of a generation is that of drawing its samples and of every further pass over memory, so
all that is done to a population is done block by block, while the block is in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from es.matching import OWN, places, unchanged
from es.rows import Ranked, Rows, add_product
from es.shapes import FloatArray, IntArray
from es.strategy import Strategy

Write = Callable[[FloatArray], None]

BLOCK = 65_536  # numbers in a block of rows
COPIED = 100_000  # bytes of a population up to which comparing it with a copy is quicker than making it again


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
    _copy: FloatArray | None = None  # the points that they made, if there are not many

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
        y = np.empty(z.shape, z.dtype)
        for block, _, write in self._blocks(Rows(z, z.shape[-2])):
            write(y[..., block, :])
        return y

    def _step_of(self, z: FloatArray) -> FloatArray:
        """The step (..., n) of one z (..., n)."""
        scale, P, Q = self._map()
        if P is None or Q is None:
            return scale * z
        step: FloatArray = scale * (z + (z[..., None, :] @ P.swapaxes(-1, -2) @ Q)[..., 0, :])
        return step

    def _blocks(self, rows: Rows) -> Iterator[tuple[slice, slice, Write]]:
        """Blocks of samples: the rows, the rows of their mirror images, and what writes their steps."""
        scale, P, Q = self._map()
        scale = np.asarray(scale, dtype=rows.z.dtype)[..., None, :]
        if P is not None and Q is not None:
            P, Q = np.asarray(P, dtype=rows.z.dtype), np.asarray(Q, dtype=rows.z.dtype) * scale
        h, height = rows.z.shape[-2], max(1, BLOCK // self.n)
        for start in range(0, h, height):
            end = min(start + height, h)
            if not rows.seen:
                rows.look(slice(start, end), P, self.wants_lengths)
            z, along = rows.z[..., start:end, :], None if rows.along is None else rows.along[..., start:end, :]

            def write(y: FloatArray, z: FloatArray = z, along: FloatArray | None = along) -> None:
                np.multiply(z, scale, out=y)
                if along is not None and Q is not None:
                    add_product(along, Q, y)

            yield slice(start, end), slice(min(h + start, rows.k), min(h + end, rows.k)), write
        rows.seen = True

    def _candidates(self, k: int) -> FloatArray:
        shape = (*self.batch, self._normal.drawn(k), self.n)
        free = None if self._asked or self._drawn is None else self._drawn.z
        z = np.empty(shape, self.dtype) if free is None or free.shape != shape else free
        self._normal.fill(self._streams, z)
        self._asked.append((z, np.full(self.batch, k)))
        self._drawn = Rows(z, k)
        x = self._points(self._drawn, inside=True)
        if x.nbytes > COPIED:
            self._copy = None
        elif self._copy is None or self._copy.shape != x.shape:
            self._copy = x.copy()
        else:
            np.copyto(self._copy, x)
        return x

    def _points(self, rows: Rows, inside: bool) -> FloatArray:
        """The points of these samples, brought inside the bounds if asked for."""
        x: FloatArray = np.empty((*rows.z.shape[:-2], rows.k, self.n), self.dtype)
        mean = np.asarray(self.mean, dtype=self.dtype)[..., None, :]
        for block, images, write in self._blocks(rows):
            part, image = x[..., block, :], x[..., images, :]
            _place(write, mean, part, image)
            if inside and self.handler is not None:
                part[...], image[...] = self._decode(part), self._decode(image)
        return x

    def _still(self, x: FloatArray, rows: Rows) -> bool:
        """Whether x are the points of these samples, in their order."""
        if x.shape[-2] != rows.k:
            return False
        if self._copy is not None:
            return unchanged(x, self._copy)
        mean = np.asarray(self.mean, dtype=self.dtype)[..., None, :]
        scratch = np.empty((0, 0))
        for block, images, write in self._blocks(rows):
            now, mirrored = x[..., block, :], x[..., images, :]
            h, height = now.shape[-2], now.shape[-2] + mirrored.shape[-2]
            if scratch.shape[-2] < height:
                scratch = np.empty((*x.shape[:-2], height, self.n), self.dtype)
            part, image = scratch[..., :h, :], scratch[..., h:height, :]
            _place(write, mean, part, image)
            if not ((self._decode(part) == now).all() and (self._decode(image) == mirrored).all()):
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
        self._rows.look(slice(None), self._map()[1], self.wants_lengths)
        return order

    def _told_points(self) -> FloatArray:
        return self._points(self._rows, inside=False)

    def _square_lengths(self) -> FloatArray:
        return self._rows.square_lengths()

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        self._retune(order.shape[-1])
        self._absorb(Ranked(self._rows, order))

    def _after(self) -> None:
        if len(self._asked) > 1:
            self._drawn = None  # else its array serves for the samples of the next generation
        super()._after()

    def load_state_dict(self, arrays: Any) -> None:
        """See `Strategy.load_state_dict`."""
        super().load_state_dict(arrays)
        self._drawn = self._copy = None

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self._drawn = self._copy = None


def _place(write: Write, mean: FloatArray, x: FloatArray, image: FloatArray) -> None:
    """Write points mean + y, and their mirror images mean - y, as many as there are."""
    write(x)
    if image.shape[-2]:
        np.subtract(mean, x[..., : image.shape[-2], :], out=image)
    x += mean
