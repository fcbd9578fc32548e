"""Standard normal samples for a population, drawn from the stream of each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Generators = Sequence[np.random.Generator]


def plain(streams: Generators, batch: tuple[int, ...], k: int, n: int) -> FloatArray:
    """Independent z ~ N(0, I), shape (*batch, k, n)."""
    if not batch:
        return streams[0].standard_normal((k, n))
    z = np.empty((*batch, k, n))
    for stream, rows in zip(streams, z, strict=True):
        stream.standard_normal(out=rows)
    return z


def mirrored(streams: Generators, batch: tuple[int, ...], k: int, n: int) -> FloatArray:
    """Pairs z, -z (Brockhoff et al., PPSN 2010); of an odd number the last has no partner."""
    return _with_mirror(plain(streams, batch, (k + 1) // 2, n), k)


def orthogonal(streams: Generators, batch: tuple[int, ...], k: int, n: int) -> FloatArray:
    """Up to n at a time orthogonal directions with the lengths of normal vectors (Wang, Emmerich & Bäck, CEC 2014)."""
    z = plain(streams, batch, k, n)
    for start in range(0, k, n):
        block = z[..., start : start + n, :]
        lengths = np.sqrt(np.vecdot(block, block))
        q, r = np.linalg.qr(np.swapaxes(block, -1, -2))
        # QR fixes directions up to their sign; with positive diagonal of r they are distributed uniformly (Haar).
        sign = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
        block[...] = np.swapaxes(q * (sign * lengths)[..., None, :], -1, -2)
    return z


def mirrored_orthogonal(streams: Generators, batch: tuple[int, ...], k: int, n: int) -> FloatArray:
    """Orthogonal directions, each with its mirror image."""
    return _with_mirror(orthogonal(streams, batch, (k + 1) // 2, n), k)


def _with_mirror(half: FloatArray, k: int) -> FloatArray:
    return np.concatenate([half, -half[..., : k - half.shape[-2], :]], axis=-2)


SAMPLERS: dict[str, Callable[[Generators, tuple[int, ...], int, int], FloatArray]] = {
    "normal": plain,
    "mirrored": mirrored,
    "orthogonal": orthogonal,
    "mirrored-orthogonal": mirrored_orthogonal,
}


def sampler(name: str) -> Callable[[Generators, tuple[int, ...], int, int], FloatArray]:
    """The sampler of this name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in SAMPLERS:
        raise ValueError(f"sampling must be one of {', '.join(SAMPLERS)}, got {name!r}")
    return SAMPLERS[name]
