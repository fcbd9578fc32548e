"""Strategies of linear cost: they learn from sums over their samples, and go over these in blocks.

With many variables the time of a generation is that of drawing its samples and of every further pass over memory, so
all that is done to a population is done block by block, while the block is in the cache.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.parts.matching import OWN, places
from es.parts.samples import RankedSamples, Samples, add_product, cut
from es.parts.strategy import Strategy

WHOLE: list[tuple[slice | None, slice | None]] = [(None, None)]  # the one block of few rows
BLOCK = 131_072  # numbers in a block of rows
# Bytes of a population up to which comparing it with a copy is quicker than making it again, and of one within bounds,
# whose points before they were brought inside are kept as well.
COPIED, COPIED_INSIDE = 100_000, 4_000_000


class AffineMap(NamedTuple):
    """What makes points mean + s * (z + (z P^T) Q) of samples z, in their precision; Q has been multiplied by s."""

    mean: FloatArray
    scale: FloatArray
    P: FloatArray | None
    Q: FloatArray | None


class LinearCost(Strategy):
    """A strategy with steps y = s * (z + (z P^T) Q): a scale for each coordinate and at most a few directions.

    A subclass gives `_update_from_sums` in the place of `_update`; and `_map` and `_invert_sample`, unless its steps
    are z times `stds`. Points that `ask` made are only kept while they are few: otherwise `tell` makes them again,
    block by block, to see whether the caller has changed them. So there are never more than two arrays of the size of
    the population, one of them the caller's; mirror images of samples are not stored.
    """

    wants_lengths: ClassVar[bool] = False  # whether `_update_from_sums` asks for the lengths of samples
    asked_parts: ClassVar[tuple[str, ...]] = ("z", "k")  # the samples that were drawn, and how many points they made

    _samples: Samples  # the samples of the points that were told
    _drawn: Samples | None = None  # the samples of the last `ask`
    _copy: bytes | None = None  # the points that they made, if there are not many
    _before: tuple[Samples, FloatArray] | None = None  # samples, and what they made before it was brought inside
    _count: IntArray  # how many, per run

    # What a strategy gives -------------------------------------------------------------------------

    def _map(self) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Scale s (..., n), and P and Q (..., m, n) or None."""
        return self.stds, None, None

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        """Learn from the ranked samples."""
        raise NotImplementedError(f"{type(self).__name__} must define _update_from_sums: it learns from ranked samples")

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return y / self.stds[..., None, :]

    # The base's hooks ------------------------------------------------------------------------------

    @property
    def _draws_plainly(self) -> bool:
        return type(self)._candidates is LinearCost._candidates

    def _sample(self, z: FloatArray) -> FloatArray:
        samples, y, affine = Samples(z, z.shape[-2]), np.empty(z.shape, z.dtype), self._affine_map()
        for block, _ in self._blocks(samples):
            self._write(samples, block, affine, cut(y, block))
        return y

    def _affine_map(self) -> AffineMap:
        scale, P, Q = self._map()
        mean = self.mean
        if self.runs is not None:
            mean, scale = mean[:, None], scale[:, None]
        if P is not None and Q is not None:
            Q = Q * scale
        if self.dtype != np.float64:
            mean, scale = mean.astype(self.dtype), scale.astype(self.dtype)
            P, Q = None if P is None else P.astype(self.dtype), None if Q is None else Q.astype(self.dtype)
        return AffineMap(mean, scale, P, Q)

    def _blocks(self, samples: Samples) -> list[tuple[slice | None, slice | None]]:
        """Blocks of samples: the rows (None are all), and the rows of their mirror images if there are any."""
        h, k = samples.z.shape[-2], samples.k
        if samples.few and h == k:
            return WHOLE
        height = max(1, BLOCK // self.n)
        ends = [(start, min(start + height, h)) for start in range(0, h, height)]
        return [
            (slice(start, end), slice(h + start, min(h + end, k)) if h + start < k else None) for start, end in ends
        ]

    def _write(self, samples: Samples, block: slice | None, affine: AffineMap, y: FloatArray) -> None:
        """Write the steps of a block of samples."""
        if not samples.seen:
            samples.look(block, affine.P, self.wants_lengths)
        np.multiply(cut(samples.z, block), affine.scale, out=y)
        if affine.Q is not None and samples.along is not None:
            add_product(cut(samples.along, block), affine.Q, y)

    def _place(
        self, samples: Samples, block: slice | None, affine: AffineMap, x: FloatArray, image: FloatArray | None
    ) -> None:
        """Write the points mean + y of a block, and their mirror images mean - y, as many as there are."""
        self._write(samples, block, affine, x)
        if image is not None:
            np.subtract(affine.mean, x[..., : image.shape[-2], :], out=image)
        x += affine.mean

    def _candidates(self, k: int) -> FloatArray:
        last = self._drawn
        again = last is not None and not self._asked and last.k == k
        if not again:
            self._count = np.full(self.batch, k)
        if self._ahead is not None:
            z = self._ahead(self._streams, self.batch, k, self.n)
        else:
            z = last.z if again and last else np.empty((*self.batch, self._normal.drawn(k), self.n), self.dtype)
            self._normal.fill(self._streams, z)
        self._asked.append((z, self._count))
        self._drawn = Samples(z, k)
        x = self._points(self._drawn, inside=True)
        few = x.nbytes <= (COPIED if self.handler is None else COPIED_INSIDE) and not self._untouched
        self._copy = x.tobytes() if few else None
        return x

    def _points(self, samples: Samples, inside: bool) -> FloatArray:
        """The points of these samples, brought inside the bounds if asked for."""
        x: FloatArray = np.empty((*self.batch, samples.k, self.n), self.dtype)
        affine = self._affine_map()
        for block, images in self._blocks(samples):
            part, image = cut(x, block), None if images is None else x[..., images, :]
            self._place(samples, block, affine, part, image)
            if inside and self.handler is not None:
                if block is None and x.nbytes <= COPIED_INSIDE:
                    self._before = samples, x
                    points = self._decode(x)
                    return (x if self._untouched else x.copy()) if points is x else np.asarray(points, dtype=self.dtype)
                for piece in (part,) if image is None else (part, image):
                    piece[...] = self._decode(piece)
        return x

    def _still(self, x: FloatArray, samples: Samples) -> bool:
        """Whether x are the points of these samples, in their order."""
        if self._untouched or x.shape[-2] != samples.k:
            return self._untouched
        if self._copy is not None:
            return x.tobytes() == self._copy
        affine, scratch = self._affine_map(), np.empty((0, 0))
        for block, images in self._blocks(samples):
            now, mirrored = cut(x, block), None if images is None else x[..., images, :]
            h, height = now.shape[-2], now.shape[-2] + (0 if mirrored is None else mirrored.shape[-2])
            if scratch.shape[-2] < height:
                scratch = np.empty((*x.shape[:-2], height, self.n), self.dtype)
            part, image = scratch[..., :h, :], None if mirrored is None else scratch[..., h:height, :]
            self._place(samples, block, affine, part, image)
            if not (self._decode(part) == now).all():
                return False
            if image is not None and not (self._decode(image) == mirrored).all():
                return False
        return True

    def _all_asked(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        if not self._asked:
            return super()._all_asked()
        asked = [Samples(z, int(k.flat[0])) for z, k in self._asked]
        z = np.concatenate([samples.all for samples in asked], axis=-2)
        return z, self._sample(z), np.concatenate([self._points(samples, inside=True) for samples in asked], axis=-2)

    def _arrange(self, x: FloatArray) -> IntArray | None:
        if len(self._asked) == 1:
            z, k = self._asked[0]
            self._samples = Samples(z, int(k.flat[0])) if self._drawn is None or self._drawn.z is not z else self._drawn
            if self._still(x, self._samples):
                return None
            if (
                x.shape[-2] == self._samples.k
                and (place := places(x, self._points(self._samples, inside=True))).max() < OWN
            ):
                return place.argsort(-1)
        order = self._match(x, *self._all_asked())
        z = self._told[0]
        self._samples = Samples(z, z.shape[-2])
        self._samples.look(None, self._map()[1], self.wants_lengths)
        return order

    def _told_points(self) -> FloatArray:
        known = self._before
        return known[1] if known and known[0] is self._samples else self._points(self._samples, inside=False)

    def _square_lengths(self) -> FloatArray:
        return self._samples.square_lengths()

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        self._adjust_rates(order.shape[-1])
        self._update_from_sums(RankedSamples(self._samples, order))

    def load_state_dict(self, arrays: Any) -> None:
        """See `Strategy.load_state_dict`."""
        super().load_state_dict(arrays)
        self._drawn = self._copy = self._before = None

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self._drawn = self._copy = self._before = None
