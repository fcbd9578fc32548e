"""A population as what is learned from it needs it: sums over its rows, in few passes over memory and without a copy.

With many variables the time of a generation is that of drawing the samples and of every further pass over them, so no
row is moved: weights are dealt out to the rows, and what is summed goes by in blocks that fit into the cache.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dger, sger

from es.sampling import with_mirror_images
from es.shapes import FloatArray, IntArray, pick
from es.shaping import by_rank

BLOCK = 32_768  # numbers in a block of columns, which is 256 kB: with their squares half of a common cache


class Rows:
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
    """

    def __init__(self, z: FloatArray, k: int) -> None:
        self.z, self.k = z, k
        self.along: FloatArray | None = None
        self._squares: FloatArray | None = None
        self.seen = False

    @property
    def all(self) -> FloatArray:
        """The rows with their mirror images, (..., k, n)."""
        return with_mirror_images(self.z, self.k)

    def look(self, block: slice, P: FloatArray | None, lengths: bool) -> None:
        """Note z P^T, for P (..., m, n), and |z|^2 if wanted, of a block of rows, while it is in the cache."""
        z = self.z[..., block, :]
        if P is not None:
            if self.along is None:
                self.along = np.empty((*self.z.shape[:-1], P.shape[-2]), z.dtype)
            self.along[..., block, :] = np.vecdot(z, P)[..., None] if P.shape[-2] == 1 else z @ P.swapaxes(-1, -2)
        if lengths:
            if self._squares is None:
                self._squares = np.empty(self.z.shape[:-1], z.dtype)
            np.vecdot(z, z, out=self._squares[..., block])

    def square_lengths(self) -> FloatArray:
        """|z_i|^2 of each row, (..., k)."""
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
        z = self.z
        h, n = z.shape[-2:]
        found = [np.empty((*z.shape[:-2], 1, n), z.dtype) for _ in range(len(weights) + (squares is not None))]
        linear = [self._fold(w, -1.0)[..., None, :] for w in weights]
        quadratic = None if squares is None else self._fold(squares, 1.0)[..., None, :]
        width = min(n, max(512, BLOCK // h))
        scratch = np.empty((*z.shape[:-1], width), z.dtype)
        for start in range(0, n, width):
            part, columns = z[..., start : start + width], slice(start, start + width)
            for w, total in zip(linear, found, strict=False):
                np.matmul(w, part, out=total[..., columns])
            if quadratic is not None:
                square = np.multiply(part, part, out=scratch[..., : part.shape[-1]])
                np.matmul(quadratic, square, out=found[-1][..., columns])
        return [total[..., 0, :].astype(np.float64, copy=False) for total in found]

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


class Ranked(Rows):
    """The same as its ranks see it: all weights and values are by rank, best first, though no row is moved.

    Parameters
    ----------
    rows : Rows
    order : ndarray, shape (..., k)
        Ranks the rows best first.

    Notes
    -----
    There may be fewer weights than rows: they are those of the first ranks, and the others count nothing.
    """

    def __init__(self, rows: Rows, order: IntArray) -> None:
        self.z, self.k, self.along, self._squares = rows.z, rows.k, rows.along, rows._squares
        self._order = order

    @property
    def all(self) -> FloatArray:
        """The rows best first, a copy."""
        return np.take_along_axis(super().all, self._order[..., None], -2)

    def _fold(self, weights: FloatArray, sign: float) -> FloatArray:
        return super()._fold(by_rank(weights, self._order), sign)

    def _unfold(self, values: FloatArray, sign: float) -> FloatArray:
        return pick(super()._unfold(values, sign), self._order)


def add_product(along: FloatArray, Q: FloatArray, y: FloatArray) -> None:
    """y += along Q for along (..., k, m), Q (..., m, n) and y (..., k, n) in C order, in place."""
    if Q.shape[-2] > 1:
        y += along @ Q
        return
    add_outer = dger if y.dtype == np.float64 else sger
    if y.ndim == 2:
        add_outer(1.0, Q[0], along[:, 0], a=y.T, overwrite_a=1)
        return
    for i in range(len(y)):
        add_outer(1.0, Q[i, 0], along[i, :, 0], a=y[i].T, overwrite_a=1)
