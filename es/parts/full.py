"""What strategies with a full covariance matrix share: steps by a factor A, and looking at C = A A^T."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray, square, times
from es.parts.strategy import Strategy


class FullCovariance(Strategy):
    """Steps sigma A z (`steps`), so with covariance matrix sigma^2 A A^T; a subclass gives `_sample` and `_update`.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`.
    covariance0 : array_like, shape (n, n), or (runs, n, n), optional
        Initial covariance matrix, in the place of sigma0 (`es.warm_start` fits one to earlier solutions).

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size; at the start the largest of sigma0.
    A : ndarray, shape (n, n), or (runs, n, n)
        Factor of the covariance matrix.

    Warns
    -----
    ResourceWarning
        Where the matrices take more than 200 MB.
    """

    criteria: ClassVar[tuple[str, ...]] = stopping.COVARIANCE
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "A")

    A: FloatArray

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        covariance0: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        self._factor0: FloatArray | None = None
        if covariance0 is not None:
            if sigma0 is not None:
                raise ValueError("sigma0 and covariance0 must not both be given: covariance0 holds the step sizes")
            self._factor0 = _factor(covariance0, np.shape(x0))
            sigma0 = np.sqrt(np.vecdot(self._factor0, self._factor0))
        super().__init__(x0, sigma0, **common)

    @property
    def dim(self) -> int:
        """Number of coordinates of the Gaussian: all of them, unless a subclass keeps some outside of it."""
        return self.n

    def _init(self) -> None:
        super()._init()
        _warn_of_size(self.dim, self.runs)
        self.sigma = self.scale0.max(-1)
        factor = np.eye(self.n) * self.scale0[..., None, :] if self._factor0 is None else self._factor0
        self.A = factor / self.sigma[..., None, None]

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        steps = y / self.sigma[..., None, None] / self.units[..., None, :]
        z: FloatArray = np.linalg.solve(self._factor_in_units, steps.mT)
        return z.mT

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return self.sigma[..., None] * np.sqrt(np.vecdot(self.A, self.A))

    @property
    def covariance(self) -> FloatArray:
        """Covariance matrix of the distribution, (n, n) or (active runs, n, n)."""
        return np.asarray(square(self.sigma))[..., None, None] * (self.A @ self.A.mT)

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis in `units`, per run."""
        return ratio_of_axes(self._factor_in_units)

    @property
    def axis_ratio_bound(self) -> Any:
        """|F| |F^-1| for the factor F in `units`, in Frobenius norms, and 1 % for rounding: a third of the time."""
        if self._figures_of == self.nit and "axis_ratio" in self._figures:
            return self._figures["axis_ratio"]  # somebody has looked at it
        F = self._factor_in_units
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                norm, of_inverse = (np.linalg.norm(matrix, axis=(-2, -1)) for matrix in (F, np.linalg.inv(F)))
                return np.maximum(1.0, 1.01 * norm * of_inverse)
        except np.linalg.LinAlgError:  # singular, in one of the runs
            return self.once("axis_ratio")

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns (..., n, n), each times its standard deviation, in the caller's x."""
        return self.sigma[..., None, None] * principal_axes(self._factor_in_units, self.units)

    @property
    def _factor_in_units(self) -> FloatArray:
        """A in `units`: so nothing that is solved or decomposed depends on what the caller measures x in."""
        return self.A / self.units[..., :, None]


def ratio_of_axes(factor: FloatArray) -> Any:
    """Ratio of the longest to the shortest principal axis of factor factor^T, for factors (..., n, n)."""
    lengths = np.linalg.svd(factor, compute_uv=False)
    return lengths[..., 0] / lengths[..., -1]


def principal_axes(factor: FloatArray, units: FloatArray) -> FloatArray:
    """Principal axes of factor factor^T as columns (..., n, n), times their standard deviations and in these units."""
    u, lengths, _ = np.linalg.svd(factor)
    return units[..., :, None] * (u * lengths[..., None, :])


def steps(sigma: Any, A: FloatArray, z: FloatArray) -> FloatArray:
    """Steps sigma A z (..., k, n) for z (..., k, n)."""
    return (sigma[..., None, None] if sigma.ndim else sigma) * times(z, A.mT)


def _factor(covariance: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Cholesky factor of covariance0, one per run."""
    C = np.asarray(covariance, dtype=float)
    if C.shape not in ((*shape, *shape[-1:]), shape[-1:] * 2):
        raise ValueError(f"covariance0 must have shape {shape[-1:] * 2}, got {C.shape}")
    if not np.isfinite(C).all():
        raise ValueError("covariance0 must be finite, got NaN or inf in it")
    variances = np.diagonal(C, axis1=-2, axis2=-1)
    if not (variances > 0).all():
        raise ValueError(f"covariance0 must be positive definite, got {variances.min()} on its diagonal")
    # Whether it is symmetric shows in its correlations, whatever the coordinates are measured in.
    stds = np.sqrt(variances)
    correlations = C / stds[..., :, None] / stds[..., None, :]
    if not np.allclose(correlations, correlations.mT):
        raise ValueError("covariance0 must be symmetric, got entries that differ from their mirror images")
    try:
        factor: FloatArray = np.linalg.cholesky(C)
    except np.linalg.LinAlgError:
        raise ValueError("covariance0 must be positive definite") from None
    return np.broadcast_to(factor, (*shape, *shape[-1:]))


def _warn_of_size(n: int, runs: int | None) -> None:
    size = 8 * n * n * (runs or 1)
    if size > 200e6:
        several = f" and {runs} runs" if runs else ""
        warnings.warn(
            f"the covariance matrices take 8 n^2 = {size / 1e6:.0f} MB for n={n}{several}: "
            "methods 'sep-cmaes' and 'snes' take 8 n",
            ResourceWarning,
            stacklevel=5,
        )
