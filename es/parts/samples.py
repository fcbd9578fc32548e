"""A population as what is learned from it needs it: sums over its rows, in few passes over memory and without a copy.

With many variables the time of a generation is that of drawing the samples and of every further pass over them, so no
row is moved: weights are dealt out to the rows, and what is summed goes by in blocks that fit into the cache.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dger, sger

from es.core.arrays import FloatArray, IntArray, pick, pick_rows
from es.parts.sampling import with_mirror_images
from es.parts.shaping import by_rank

BLOCK = 65_536  # numbers in a block of columns, which is 512 kB: half of a common cache
FEW = 4096  # numbers up to which moving rows is quicker than dealing out weights
SHORT = 512  # entries in a row up to which a product with a temporary array takes less time than a call of BLAS


def cut(x: FloatArray, block: slice | None) -> FloatArray:
    """A block of the rows of x (..., k, n); all of them for None, without the time that a view takes."""
    return x if block is None else x[..., block, :]


class Samples:
    """Samples z in the order in which they were drawn.

    Parameters
    ----------
    z : ndarray, shape (..., h, n)
        In single or double precision. What is computed from them is in double precision, the sums over rows excepted.
    k : int
        Number of rows; those beyond h are the mirror images of the first k - h, and are not stored.

    Attributes
    ----------
    along : ndarray, shape (..., h, m), or None
        z P^T for the directions P of the last `look`.
    seen : bool
        Whether all blocks have been looked at.
    few : bool
        Whether there are so few that they are taken all at once, and moved.
    """

    def __init__(self, z: FloatArray, k: int) -> None:
        self.z, self.k = z, k
        self.few = k * z.shape[-1] <= FEW
        self.along: FloatArray | None = None
        self._squares: FloatArray | None = None
        self.seen = False

    @property
    def all(self) -> FloatArray:
        """The rows with their mirror images, (..., k, n)."""
        return with_mirror_images(self.z, self.k)

    def look(self, block: slice | None, P: FloatArray | None, lengths: bool) -> None:
        """Note z P^T, for P (..., m, n), and |z|^2 if wanted, of the next block (`cut`), while it is in the cache."""
        z = cut(self.z, block)
        if P is not None:
            along = np.vecdot(z, P)[..., None] if P.shape[-2] == 1 else z @ P.mT
            if block is None:
                self.along = along
            else:
                if self.along is None:
                    self.along = np.empty((*self.z.shape[:-1], P.shape[-2]), z.dtype)
                self.along[..., block, :] = along
        if lengths and not self.few:
            if self._squares is None:
                self._squares = np.empty(self.z.shape[:-1], z.dtype)
            np.vecdot(z, z, out=self._squares if block is None else self._squares[..., block])
        self.seen = block is None or block.stop >= self.z.shape[-2]

    def square_lengths(self) -> FloatArray:
        """|z_i|^2 of each row, (..., k)."""
        if self.few:
            z = self.all
            return np.vecdot(z, z).astype(np.float64, copy=False)
        return self._unfold(np.vecdot(self.z, self.z) if self._squares is None else self._squares, 1.0)

    def lengths_along(self) -> FloatArray:
        """`along` of each row, (..., k), where P has one row."""
        assert self.along is not None
        return self._unfold(self.along[..., 0], -1.0)

    def sums(self, *weights: FloatArray, squares: FloatArray | None = None) -> list[FloatArray]:
        """Weighted sums over the rows, in one pass.

        Parameters
        ----------
        *weights : ndarray, shape (..., k)
            Weights of the rows.
        squares : ndarray, shape (..., k), optional
            Weights of the squares.

        Returns
        -------
        list of ndarray, shape (..., n)
            sum w_i z_i for each of `weights`, then sum w_i z_i^2 (entry by entry) if `squares` is given.
        """
        if self.few:
            z = self.all
            found = [_weighted(w, z) for w in weights]
            if squares is not None:
                found.append(_weighted(squares, z * z))
        else:
            found = self._sums_of_many(weights, squares)
        return found if self.z.dtype == np.float64 else [total.astype(np.float64) for total in found]

    def _sums_of_many(self, weights: tuple[FloatArray, ...], squares: FloatArray | None) -> list[FloatArray]:
        z = self.z
        h, n = z.shape[-2:]
        found = [np.empty((*z.shape[:-2], 1, n), z.dtype) for _ in range(len(weights) + (squares is not None))]
        linear = [self._fold(w, -1.0)[..., None, :] for w in weights]
        quadratic = None if squares is None else self._fold(squares, 1.0)[..., None, :]
        width = min(n, max(512, BLOCK // h))
        scratch = np.empty(z[..., :width].size, z.dtype)
        for start in range(0, n, width):
            part, columns = z[..., start : start + width], slice(start, start + width)
            if quadratic is not None:
                # NumPy multiplies rows that lie apart at a third of the speed, but copies them at full speed.
                block = scratch[: part.size].reshape(part.shape)
                np.copyto(block, part)
                part = block
            for w, total in zip(linear, found, strict=False):
                np.matmul(w, part, out=total[..., columns])
            if quadratic is not None:
                part *= part
                np.matmul(quadratic, part, out=found[-1][..., columns])
        return [total[..., 0, :] for total in found]

    def _fold(self, weights: FloatArray, sign: float) -> FloatArray:
        """Weights of the h rows that are stored: their own, and `sign` times those of their mirror images."""
        h = self.z.shape[-2]
        folded = weights[..., :h]
        if h < self.k:
            folded = folded.copy()
            folded[..., : self.k - h] += sign * weights[..., h:]
        return folded.astype(self.z.dtype, copy=False)

    def _unfold(self, values: FloatArray, sign: float) -> FloatArray:
        """Values (..., k) of all rows from those of the rows that are stored."""
        values, more = values.astype(np.float64, copy=False), self.k - self.z.shape[-2]
        return np.concatenate([values, sign * values[..., :more]], axis=-1) if more else values


class RankedSamples(Samples):
    """The same as its ranks see it: all weights and values are by rank, best first, though no row is moved.

    Parameters
    ----------
    samples : Samples
    order : ndarray, shape (..., k)
        Ranks the rows best first.

    Notes
    -----
    There may be fewer weights than rows: they are those of the first ranks, and the others count nothing.
    """

    def __init__(self, samples: Samples, order: IntArray) -> None:
        # By name: an update of `vars` would make a dict of each, which are slower from then on.
        self.z, self.k, self.few, self.seen = samples.z, samples.k, samples.few, samples.seen
        self.along, self._squares = samples.along, samples._squares
        self._order = order
        self._sorted: FloatArray | None = None

    @property
    def all(self) -> FloatArray:
        """The rows best first, in an array of their own."""
        if self._sorted is None:
            self._sorted = pick_rows(super().all, self._order)
        return self._sorted

    def _fold(self, weights: FloatArray, sign: float) -> FloatArray:
        return super()._fold(by_rank(weights, self._order), sign)

    def _unfold(self, values: FloatArray, sign: float) -> FloatArray:
        return pick(super()._unfold(values, sign), self._order)


def _weighted(weights: FloatArray, z: FloatArray) -> FloatArray:
    """sum w_i z_i (..., n) of the first of the rows z (..., k, n), as many as there are weights (j,) or (..., j)."""
    if weights.dtype != z.dtype:
        weights = weights.astype(z.dtype, order="C")  # else stacked runs may take another path than single ones
    if weights.shape[-1] < z.shape[-2]:
        z = z[..., : weights.shape[-1], :]
    total: FloatArray
    if z.ndim == 2:
        total = weights.dot(z)  # as the products below, in less time
    else:
        total = weights @ z if weights.ndim == 1 else (weights[..., None, :] @ z)[..., 0, :]
    return total


def add_product(along: FloatArray, Q: FloatArray, y: FloatArray) -> None:
    """y += along Q for along (..., k, m), Q (..., m, n) and y (..., k, n) in C order, in place."""
    if Q.shape[-2] > 1:
        y += along @ Q
        return
    if Q.shape[-1] < SHORT:
        y += along * Q
        return
    add_outer = dger if y.dtype == np.float64 else sger
    for run in np.ndindex(y.shape[:-2]):
        add_outer(1.0, Q[(*run, 0)], along[(*run, slice(None), 0)], a=y[run].T, overwrite_a=1)
