"""Standard normal samples for a population, drawn from the stream of each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from es.core.arrays import FloatArray
from es.parts.ziggurat import fill_normal
from problems.numbers import short

Generators = Sequence[np.random.Generator]


MANY = 16_384  # normal numbers of one run from which on they are made by arrays
AHEAD = 1024  # normal numbers of one run that are drawn at a time, where generations are small
SURE = 1e-12  # probabilities are kept this far from 0 and 1, where quantiles are infinite
PIECE = 8192  # numbers in single precision made at a time, so that they stay in the cache


def fill_plain(streams: Generators, z: FloatArray) -> None:
    """Fill z (..., k, n), in single or double precision, with independent rows z ~ N(0, I)."""
    runs = [(streams[0], z)] if z.ndim == 2 else zip(streams, z, strict=True)
    if z.shape[-2] * z.shape[-1] < MANY and z.dtype == np.float64:
        for stream, rows in runs:
            stream.standard_normal(out=rows)
        return
    for stream, rows in runs:
        flat = rows.reshape(-1)
        if flat.dtype == np.float64:
            fill_normal(stream, flat)
        else:
            _fill_single(stream, flat.view(np.float32))


def _fill_single(stream: np.random.Generator, z: npt.NDArray[np.float32]) -> None:
    """Fill z with normal numbers by pairs of uniform ones (Box & Muller, Annals of Mathematical Statistics 29, 1958).

    Takes 3 ns per number where `Generator.standard_normal` takes 8, because NumPy's functions of arrays use the vector
    instructions of the machine. None is larger than 5.8, which one in a hundred million would be.
    """
    for start in range(0, z.size, PIECE):
        piece = z[start : start + PIECE]
        half = (piece.size + 1) // 2
        length, angle = 1 - stream.random(half, dtype=np.float32), stream.random(half, dtype=np.float32)
        np.log(length, out=length)  # of numbers in (0, 1]
        length *= np.float32(-2)
        np.sqrt(length, out=length)
        angle *= np.float32(2 * np.pi)
        np.multiply(length, np.cos(angle), out=piece[:half])
        rest = piece[half:]
        np.multiply(length[: rest.size], np.sin(angle[: rest.size]), out=rest)


def fill_orthogonal(streams: Generators, z: FloatArray) -> None:
    """Fill z with rows of normal lengths, up to n at a time orthogonal (Wang, Emmerich & Bäck, CEC 2014)."""
    fill_plain(streams, z)
    k, n = z.shape[-2:]
    for start in range(0, k, n):
        block = z[..., start : start + n, :]
        lengths = np.sqrt(np.vecdot(block, block))
        q, r = np.linalg.qr(np.swapaxes(block, -1, -2))
        # QR fixes directions up to their sign; with positive diagonal of r they are distributed uniformly (Haar).
        sign = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0).astype(z.dtype)
        block[...] = np.swapaxes(q * (sign * lengths)[..., None, :], -1, -2)


def plain(streams: Generators, batch: tuple[int, ...], k: int, n: int) -> FloatArray:
    """Independent z ~ N(0, I), shape (*batch, k, n)."""
    z = np.empty((*batch, k, n))
    fill_plain(streams, z)
    return z


@dataclass(frozen=True)
class Sampler:
    """A way to draw a population.

    Attributes
    ----------
    fill : callable
        fill(streams, z) draws the rows of z (..., h, n).
    mirrored : bool
        Whether the rows after the h that are drawn are their mirror images -z (Brockhoff et al., PPSN 2010), which
        takes half the normal numbers; of an odd number of rows the last drawn has no partner.
    """

    fill: Callable[[Generators, FloatArray], None]
    mirrored: bool = False

    def drawn(self, k: int) -> int:
        """How many of k rows are drawn."""
        return (k + 1) // 2 if self.mirrored else k

    def __call__(
        self, streams: Generators, batch: tuple[int, ...], k: int, n: int, dtype: npt.DTypeLike = np.float64
    ) -> FloatArray:
        """All k rows, shape (*batch, k, n)."""
        z: FloatArray = np.empty((*batch, self.drawn(k), n), dtype)
        self.fill(streams, z)
        return with_mirror_images(z, k)


@dataclass(frozen=True)
class SpreadOut(Sampler):
    """A way to draw a population in which some columns are a Latin hypercube.

    McKay, Beckman and Conover, A comparison of three methods for selecting values of input variables (Technometrics
    21(2), 1979). Each of these columns has one of its k entries in each k-th part of the distribution, so that a value
    of probability q occurs k q times, up to one: no category is lost by chance while little is known.

    Attributes
    ----------
    places : tuple of int
        Of the columns.
    """

    places: tuple[int, ...] = ()

    def __call__(
        self, streams: Generators, batch: tuple[int, ...], k: int, n: int, dtype: npt.DTypeLike = np.float64
    ) -> FloatArray:
        """See `Sampler`."""
        z = super().__call__(streams, batch, k, n, dtype)
        for at, stream in zip(np.ndindex(batch), streams, strict=True):
            part = z[at][:, self.places].argsort(0).argsort(0)
            z[at][:, self.places] = ndtri(np.clip((part + stream.random(part.shape)) / k, SURE, 1 - SURE))
        return z


class Ahead:
    """Plain samples, those of several generations drawn at once: the same numbers, of streams that nobody else uses."""

    def __init__(self) -> None:
        self._z: FloatArray = np.empty((0, 0, 0, 0))
        self._next = 0

    def __call__(
        self, streams: Generators, batch: tuple[int, ...], k: int, n: int, dtype: npt.DTypeLike = np.float64
    ) -> FloatArray:
        """See `Sampler`."""
        if self._next == self._z.shape[1]:
            self._z, self._next = plain(streams, (*batch, max(1, AHEAD // (k * n))), k, n), 0
        self._next += 1
        return np.ascontiguousarray(self._z[:, self._next - 1])

    def take(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these runs of a stack."""
        self._z = self._z[rows]


def with_mirror_images(z: FloatArray, k: int) -> FloatArray:
    """Rows z (..., h, n), and their mirror images after them up to k rows."""
    h = z.shape[-2]
    return z if h == k else np.concatenate([z, -z[..., : k - h, :]], axis=-2)


SAMPLERS: dict[str, Sampler] = {
    "normal": Sampler(fill_plain),
    "mirrored": Sampler(fill_plain, mirrored=True),
    "orthogonal": Sampler(fill_orthogonal),
    "mirrored-orthogonal": Sampler(fill_orthogonal, mirrored=True),
}


def sampler(name: str) -> Sampler:
    """The sampler of this name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not isinstance(name, str) or name not in SAMPLERS:
        raise ValueError(f"sampling must be one of {', '.join(SAMPLERS)}, got {short(name)}")
    return SAMPLERS[name]
