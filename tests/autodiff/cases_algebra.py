"""Cases: products, linear algebra, Fourier transforms, operators and methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.table import M, P, R, S, case

# ------------------------------------------------------------------ products

for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2,
        3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,))):  # fmt: skip
    case(np.matmul, R(*a), R(*b))
    case(np.dot, R(*a), R(*b))
case(np.linalg.matmul, R(2, 3), R(3, 2))
case(np.dot, R(), R(3))
case(np.inner, R(2, 3), R(4, 3))
case(np.inner, R(3), R())
case(np.vdot, R(2, 3), R(2, 3))
case(np.outer, R(2, 3), R(2))
case(np.linalg.outer, R(3), R(2))
case(np.vecdot, R(2, 3), R(3))
case(np.vecdot, R(3, 2), R(3, 2), axis=0)
case(np.linalg.vecdot, R(3, 2), R(3, 2), axis=0)
case(np.matvec, R(2, 3, 4), R(4))
case(np.vecmat, R(2, 3), R(3, 4))
case(np.tensordot, R(2, 3, 4), R(4, 3, 5), axes=([1, 2], [1, 0]))
case(np.tensordot, R(2, 3), R(2, 3))
case(np.tensordot, R(2), R(3), axes=0)
case(np.linalg.tensordot, R(2, 3), R(3, 4), axes=1)
case(np.kron, R(2, 3), R(2, 2))
case(np.kron, R(2), R(2, 2))
case(np.cross, R(2, 3), R(3))
case(np.cross, R(3, 2), R(3, 2), axis=0)
case(np.cross, R(3, 2), R(2, 3), axisa=0, axisb=-1, axisc=0)
case(np.linalg.cross, R(3, 2), R(3, 2), axis=0)
for text, *shapes in (("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i",
        (3, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ij->ji", (2, 3)), ("i,j->ij", (2,), (3,)),
        ("i,i", (3,), (3,)), ("...ij,...j->...i", (2, 2, 3), (3,)), ("...,...", (2, 3), (3,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("iij,j->i",
        (2, 2, 3), (3,)), ("iii->i", (2, 2, 2)), ("i,->i", (3,), ()), ("ij,ij->i", (2, 3), (2, 1)),
        ("i...->...", (2, 3)), ("ba", (2, 3))):  # fmt: skip
    case(np.einsum, text, *[R(*s) for s in shapes])
case(np.einsum, R(2, 3), [0, 1], R(3, 4), [1, 2], [2, 0])
case(np.einsum, R(2, 3), [0, 1], R(3, 4), [1, 2])
case(np.einsum, R(2, 3), [Ellipsis, 1], R(3), [1], [Ellipsis])
case(np.einsum, "ij,jk,kl->il", R(2, 3), R(3, 2), R(2, 2), optimize=True)

# ------------------------------------------------------------------ linear algebra

W = 6 * np.eye(3)
case(np.linalg.solve, R(3, 3) + W, R(3))
case(np.linalg.solve, R(3, 3) + W, R(3, 2))
case(np.linalg.solve, R(2, 3, 3) + W, R(3, 2))
case(np.linalg.solve, R(3, 3) + W, R(2, 3, 2))
case(np.linalg.inv, R(2, 3, 3) + W)
case(np.linalg.det, R(2, 3, 3) + W)
case(np.linalg.det, np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 2.0]]), nth=1)
case(np.linalg.slogdet, R(2, 3, 3) + W)
case(np.linalg.cholesky, S(3, 3))
case(np.linalg.cholesky, S(2, 3, 3), upper=True)
case(lambda a: np.linalg.eigh(a).eigenvalues, S(2, 3, 3), of=np.linalg.eigh)
case(lambda a: np.square(np.linalg.eigh(a, UPLO="U")[1]), S(3, 3), of=np.linalg.eigh)
case(lambda a: np.square(np.linalg.eigh(a)[1]) * np.linalg.eigh(a)[0], S(3, 3), of=np.linalg.eigh)
case(np.linalg.eigvalsh, S(3, 3), UPLO="U")
case(np.linalg.svd, M(2, 3, 4), compute_uv=False)
case(np.linalg.svd, M(3, 3), full_matrices=True, compute_uv=False)
case(lambda a: [np.square(p) for p in np.linalg.svd(a, full_matrices=False)], M(3, 5), of=np.linalg.svd)
case(lambda a: [np.square(p) for p in np.linalg.svd(a, full_matrices=False)], M(2, 4, 3), of=np.linalg.svd)
case(lambda a: np.square(np.linalg.svd(a)[0]), M(3, 3), of=np.linalg.svd)
case(np.linalg.svdvals, M(3, 4))
case(np.linalg.qr, M(4, 3))
case(np.linalg.qr, M(2, 3, 3))
case(np.linalg.qr, M(3, 5))
case(np.linalg.qr, M(4, 3), mode="r")
case(np.linalg.pinv, M(4, 3))
case(np.linalg.pinv, M(3, 5), rcond=1e-10)
case(np.linalg.pinv, M(2, 4, 3), rtol=1e-10)
case(np.linalg.lstsq, M(5, 3), R(5))
case(np.linalg.lstsq, M(5, 3), M(5, 2), rcond=None)
case(np.linalg.tensorsolve, R(2, 3, 6) + np.eye(6).reshape(2, 3, 6) * 6, R(2, 3))
case(np.linalg.tensorinv, R(4, 2, 2) + np.eye(4).reshape(4, 2, 2) * 6, ind=1)
case(np.linalg.matrix_power, R(3, 3), 3)
case(np.linalg.matrix_power, R(3, 3) + W, -2)
case(np.linalg.matrix_power, R(3, 3), 0, nth=1)
case(lambda a, b, c: np.linalg.multi_dot([a, b, c]), R(2, 3), R(3, 4), R(4), of=np.linalg.multi_dot)
for o in (None, 1, 2, 3, 0.5, np.inf, -np.inf):
    case(np.linalg.norm, R(4), ord=o)
    case(np.linalg.norm, R(3, 4), ord=o, axis=1, keepdims=True)
for o in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    case(np.linalg.norm, M(3, 4), ord=o)
    case(np.linalg.norm, M(2, 4, 3).swapaxes(0, 1), ord=o, axis=(2, 0), keepdims=True)
case(np.linalg.norm, R(2, 3, 4))
case(np.linalg.vector_norm, R(3, 4), ord=3, axis=1)
case(np.linalg.vector_norm, R(3, 4), keepdims=True)
case(np.linalg.matrix_norm, M(2, 3, 4), ord=2, keepdims=True)
for o in (None, -2, "fro", 1):
    case(np.linalg.cond, M(3, 3), p=o)

# ------------------------------------------------------------------ Fourier transforms (real in, real out)


def spectrum(fun: Any, **kw: Any) -> Any:
    """Real and imaginary parts of a transform of real numbers."""
    return lambda x: [np.real(fun(x, **kw)), np.imag(fun(x, **kw))]


def from_spectrum(fun: Any, **kw: Any) -> Any:
    """A transform of complex numbers made of two real arrays."""
    return lambda x: [np.real(fun(x[0] + 1j * x[1], **kw)), np.imag(fun(x[0] - 2j * x[1], **kw))]


for f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.ihfft):
    case(spectrum(f), R(6), of=f)
    case(spectrum(f, n=4, axis=0, norm="ortho"), R(6, 2), of=f)
    case(spectrum(f, n=9, norm="forward"), R(2, 6), of=f)
for f in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft):
    case(from_spectrum(f), R(2, 5), of=f)
    case(from_spectrum(f, n=7, norm="ortho"), R(2, 3, 5), of=f)
    case(from_spectrum(f, n=6, axis=0, norm="forward"), R(2, 5, 2), of=f)
for f in (np.fft.fft2, np.fft.fftn, np.fft.ifft2, np.fft.ifftn, np.fft.rfft2, np.fft.rfftn):
    case(spectrum(f), R(3, 4), of=f)
    case(spectrum(f, s=(4, 3), axes=(0, 2), norm="ortho"), R(3, 2, 4), of=f)
for f in (np.fft.irfft2, np.fft.irfftn):
    case(from_spectrum(f), R(2, 3, 4), of=f)
    case(from_spectrum(f, s=(4, 5), axes=(0, 1)), R(2, 3, 4), of=f)
case(np.fft.fftshift, R(5), axes=0)
case(np.fft.ifftshift, R(3, 4))
case(np.fft.ifftshift, R(3, 4), axes=(1,))
case(lambda x: np.fft.irfft(np.fft.rfft(x) * np.exp(-np.arange(4))), R(6), of=np.fft.rfft)
case(lambda x: np.abs(np.fft.fft(x)) ** 2, R(5), of=np.fft.fft)

# ------------------------------------------------------------------ operators and methods

case(lambda x, y: (x + y) * (x - y) / (y * y) - 2 / x + (3 - x) * 2**y, P(3), P(2, 3), of="operators")
case(lambda x: -x + +(x**3) % 1.7 + abs(x) + 5 % x, P(3), of="operators")
case(lambda a, b: a @ b + np.ones((2, 3)) @ b, R(2, 3), R(3, 2), of="operators")
case(lambda x: x.sum() + x.mean(0).prod() + x.max(1).min() + x.var() * x.std(axis=0).sum(), R(3, 4), of="methods")
case(lambda x: x.reshape(4, 3).T.ravel().reshape((2, 6)).transpose().cumsum(0).squeeze(), R(3, 4), of="methods")
case(lambda x: x.transpose(1, 0).swapaxes(0, 1).flatten().take([0, 1]).repeat(2).clip(-1, 1), R(3, 4), of="methods")
case(lambda x: x.dot(x.T).trace() + x.diagonal().sum() + x.cumprod(1).sum() + x.copy().mT[0, 0], R(3, 4), of="methods")
case(
    lambda x: np.add.reduce(x) + np.multiply.reduce(x, axis=0) + np.maximum.reduce(x) - np.minimum.reduce(x, axis=0),
    R(3, 4),
    of="reduce",
)
case(
    lambda x: np.add.accumulate(x, axis=1) + np.multiply.accumulate(x) + np.multiply.outer(x[0], x[:, 0]).sum(),
    R(3, 4),
    of="reduce",
)
