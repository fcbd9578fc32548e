"""Transforms that make new objectives of old ones: shifted, rotated, conditioned, scaled, noisy.

They compose in any order, as the problems of COCO are composed (Hansen et al. 2021, "COCO: a platform for comparing
continuous optimizers in a black-box setting", Optimization Methods and Software 36). Each is seeded, keeps `x_opt` and
`f_opt` exact, and the gradient with them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.boxes import Box
from problems.checks import vector
from problems.noise import Noisy, reseed
from problems.numbers import FloatArray, generator, number, numbers
from problems.objective import Objective
from problems.rows import abreast, kind_of, rows_of

Seed = int | np.random.SeedSequence | np.random.Generator | None


def rotation(n: int, seed: Seed = None) -> FloatArray:
    """Random rotation, uniform over the orthogonal matrices.

    Parameters
    ----------
    n : int
    seed : None, int, SeedSequence or Generator

    Returns
    -------
    ndarray, shape (n, n)

    Notes
    -----
    QR of a Gaussian matrix with the signs of R's diagonal moved into Q (Mezzadri 2007, Notices of the AMS 54, 592).

    Examples
    --------
    >>> import numpy as np
    >>> q = rotation(3, seed=1)
    >>> bool(np.allclose(q @ q.T, np.eye(3)))
    True
    """
    q, r = np.linalg.qr(generator("seed", seed).standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)), dtype=np.float64)


class _Affine:
    """fun(z) with z = M (x - centre) + image, where the centre is the new optimum and its image the old one.

    Because each transform turns or stretches about the optimum, two of them in a row are one again with the product of
    the matrices, and f(x_opt) stays f_opt to the last bit.
    """

    def __init__(self, fun: Any, jac: Any, matrix: FloatArray | None, centre: FloatArray, image: FloatArray) -> None:
        self.fun, self.jac = fun, jac
        self.matrix, self.centre, self.image = matrix, centre, image
        self.moves = bool(image.any())
        self.turns = matrix is not None and matrix.ndim in (2, 4)  # not diagonal; in a stack with two axes more

    def map(self, x: Any) -> Any:
        """Points of the new objective -> points of the old one."""
        z = x - self.centre
        if self.matrix is not None:
            # Stacked matrix-vector products: a row's bits do not depend on how many rows come with it, unlike x @ M.T.
            z = np.matmul(self.matrix, z[..., None])[..., 0] if self.turns else z * self.matrix
        return z + self.image if self.moves else z

    def pull(self, g: FloatArray) -> FloatArray:
        """Gradients with respect to z -> gradients with respect to x."""
        if self.matrix is None:
            return g
        return g * self.matrix if self.matrix.ndim == 1 else np.matmul(self.matrix.T, g[..., None])[..., 0]

    def __call__(self, x: Any) -> Any:
        result = self.fun(self.map(x))
        return (result[0], self.pull(result[1])) if self.jac is True else result

    def gradient(self, x: FloatArray) -> FloatArray:
        """The old objective's own jac, in the new variables."""
        return self.pull(np.asarray(self.jac(self.map(x)), dtype=np.float64))

    def reseed(self, rng: np.random.Generator) -> None:
        reseed(self.fun, rng)

    @property
    def kind(self) -> Hashable:
        """Stacks hold maps of one form, of functions of one kind."""
        inner, form = kind_of(self.fun), None if self.matrix is None else self.matrix.ndim
        return None if inner is None or self.jac is not None else (_Affine, form, self.moves, inner)

    @classmethod
    def beside(cls, members: Sequence[_Affine]) -> _Affine:
        """One map with parameters (r, 1, ...)."""
        matrices = [m.matrix for m in members if m.matrix is not None]
        return cls(
            rows_of([m.fun for m in members]),
            None,
            abreast(matrices) if matrices else None,
            abreast([m.centre for m in members]),
            abreast([m.image for m in members]),
        )

    def take(self, rows: Any) -> _Affine:
        """Some rows of a stack."""
        matrix = None if self.matrix is None else self.matrix[rows]
        return _Affine(self.fun.take(rows), None, matrix, self.centre[rows], self.image[rows])


class _Scaled:
    """factor * fun(x) + offset."""

    def __init__(self, fun: Any, jac: Any, factor: Any, offset: Any) -> None:
        self.fun, self.jac, self.factor, self.offset = fun, jac, factor, offset

    def __call__(self, x: Any) -> Any:
        result = self.fun(x)
        if self.jac is True:
            return result[0] * self.factor + self.offset, result[1] * self.factor
        return result * self.factor + self.offset

    def gradient(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.jac(x), dtype=np.float64) * self.factor

    def reseed(self, rng: np.random.Generator) -> None:
        reseed(self.fun, rng)

    @property
    def kind(self) -> Hashable:
        """Stacks hold scaled functions of one kind."""
        inner = kind_of(self.fun)
        return None if inner is None or self.jac is not None else (_Scaled, inner)

    @classmethod
    def beside(cls, members: Sequence[_Scaled]) -> _Scaled:
        """One with factors and offsets (r, 1)."""
        numbers_of = ([m.factor for m in members], [m.offset for m in members])
        return cls(rows_of([m.fun for m in members]), None, *map(abreast, numbers_of))

    def take(self, rows: Any) -> _Scaled:
        """Some rows of a stack."""
        return _Scaled(self.fun.take(rows), None, self.factor[rows], self.offset[rows])


def shifted(objective: Objective, seed: Seed = None, *, shift: npt.ArrayLike | None = None) -> Objective:
    """Move the optimum: f(x - shift).

    Parameters
    ----------
    objective : Objective
    seed : None, int, SeedSequence or Generator
        Draws the new optimum uniformly from the inner 80 % of the box (as COCO does: [-4, 4] in [-5, 5]), or the shift
        from a standard normal distribution where box or optimum are unknown.
    shift : array_like, shape (n,) or scalar, optional
        The shift itself, instead of a seed.

    Returns
    -------
    Objective
        With `x_opt` moved and the same box.
    """
    n = _size(objective, "shifted")
    centre = _centre(objective)
    if shift is None:
        rng = generator("seed", seed)
        box = objective.box
        if box is None or not box.finite or objective.x_opt is None:
            step = rng.standard_normal(n)
        else:
            step = box.lb + (box.ub - box.lb) * rng.uniform(0.1, 0.9, n) - centre
    else:
        step = vector("shift", shift, n)
    return _moved(objective, "shifted", None, centre + step)


def rotated(objective: Objective, seed: Seed = None, *, matrix: npt.ArrayLike | None = None) -> Objective:
    """Turn about the optimum (the origin if it is unknown): f(x_opt + R (x - x_opt)).

    Parameters
    ----------
    objective : Objective
    seed : None, int, SeedSequence or Generator
        Draws the rotation; see `rotation`.
    matrix : array_like, shape (n, n), optional
        The matrix itself, instead of a seed.
    """
    n = _size(objective, "rotated")
    turn = rotation(n, seed) if matrix is None else np.array(matrix, dtype=np.float64)
    if turn.shape != (n, n):
        raise ValueError(f"matrix must have shape ({n}, {n}), got {turn.shape}")
    return _moved(objective, "rotated", turn, _centre(objective))


def conditioned(objective: Objective, condition: float = 1e6) -> Objective:
    """Stretch coordinate i about the optimum by condition^(i / (2 (n - 1))), COCO's Lambda.

    Parameters
    ----------
    objective : Objective
    condition : float
        Factor on the condition number of the Hessian of a sphere; 1 changes nothing.
    """
    n = _size(objective, "conditioned")
    condition = number("condition", condition)
    if not 0 < condition < np.inf:
        raise ValueError(f"condition must be positive, got {condition}")
    stretch = condition ** (0.5 * np.arange(n) / max(1, n - 1))
    return _moved(objective, "conditioned", stretch, _centre(objective))


def scaled(objective: Objective, f: float = 1.0, *, offset: float = 0.0, x: npt.ArrayLike = 1.0) -> Objective:
    """Change the units: f * objective(x_new / x) + offset.

    Parameters
    ----------
    objective : Objective
    f : float
        Positive factor on the values.
    offset : float
        Added to the values.
    x : float or array_like, shape (n,)
        Positive factor on the variables; box, step size and optimum go with it.
    """
    units, f, offset = numbers("x", x), number("f", f), number("offset", offset)
    if not np.isfinite(offset):
        raise ValueError(f"offset must be finite, got {offset}")
    if not (0 < f < np.inf and (units > 0).all() and np.isfinite(units).all()):
        raise ValueError(f"scaled needs positive factors, got f={f}, x={units}")
    if (units != 1).any():
        n = _size(objective, "scaled")
        units = np.broadcast_to(units, (n,)).copy()
        box = None if objective.box is None else Box(objective.box.lb * units, objective.box.ub * units)
        sigma0 = None if objective.sigma0 is None else objective.sigma0 * units
        start = partial(_scaled_start, objective=objective, units=units) if objective.start is not None else None
        settings = {"bounds": box, "sigma0": sigma0, "x0": start}
        objective = _moved(objective, "scaled", 1.0 / units, _centre(objective) * units, **settings)
    if f == 1.0 and offset == 0.0:
        return objective
    fun = _Scaled(objective.fun, objective.jac, float(f), float(offset))
    quiet = objective.noiseless
    return _derived(
        objective,
        fun,
        jac=fun.gradient if callable(objective.jac) else objective.jac,
        f_opt=None if objective.f_opt is None else objective.f_opt * f + offset,
        noiseless=None if quiet is None else _Scaled(quiet, None, float(f), float(offset)),
    )


def noisy(objective: Objective, seed: Seed = None, *, std: float = 1.0, relative: float = 0.0) -> Objective:
    """Add Gaussian noise to the values: f (1 + relative N) + std N'.

    Parameters
    ----------
    objective : Objective
    seed : None, int, SeedSequence or Generator
        Starts the objective's own stream, which runs on with each evaluation and is pickled as it stands.
    std : float
        Standard deviation of the additive noise.
    relative : float
        Standard deviation of the multiplicative noise.

    Returns
    -------
    Objective
        With `noisy=True`, the noise-free function as `noiseless`, and `f_opt` of the noise-free function.
    """
    std, relative = number("std", std), number("relative", relative)
    if not (0 <= std < np.inf and 0 <= relative < np.inf):
        raise ValueError(f"noise must have std >= 0 and relative >= 0, got std={std}, relative={relative}")
    if objective.jac is not None:
        raise ValueError(
            "noisy works on objectives without a jac of their own: leave jac out, autodiff gives the gradient"
        )
    fun = Noisy(objective.fun, float(std), float(relative), generator("seed", seed))
    return _derived(objective, fun, noisy=True, noiseless=objective.noiseless or objective.fun)


def _scaled_start(rng: np.random.Generator, objective: Objective, units: FloatArray) -> FloatArray:
    """A start point in new units."""
    return objective.x0(rng) * units


def _size(objective: Objective, what: str) -> int:
    if objective.n is None:
        raise ValueError(f"{what} needs an objective with a fixed n: give n when making it")
    return objective.n


def _centre(objective: Objective) -> FloatArray:
    return np.zeros(_size(objective, "a transform")) if objective.x_opt is None else objective.x_opt


def _moved(
    objective: Objective, what: str, matrix: FloatArray | None, centre: FloatArray, **settings: Any
) -> Objective:
    """The objective behind z = M (x - centre) + old centre, merged with an affine map that is there already."""
    if objective.integrality is not None or objective.constraints:
        raise ValueError(f"{what} does not know how to move integer variables or constraints of {objective.name}")
    inner = objective.fun
    if isinstance(inner, _Affine):
        fun = _Affine(inner.fun, inner.jac, _product(inner.matrix, matrix), centre, inner.image)
    else:
        fun = _Affine(inner, objective.jac, matrix, centre, _centre(objective))
    quiet = objective.noiseless
    return _derived(
        objective,
        fun,
        jac=fun.gradient if callable(objective.jac) else objective.jac,
        x_opt=None if objective.x_opt is None else centre,
        noiseless=None if quiet is None else _Affine(quiet, None, matrix, centre, _centre(objective)),
        **settings,
    )


def _product(first: FloatArray | None, second: FloatArray | None) -> FloatArray | None:
    """first @ second, where vectors stand for diagonal matrices and None for the identity."""
    if first is None or second is None:
        return second if first is None else first
    if first.ndim == 1:
        return first * second if second.ndim == 1 else first[:, None] * second
    return first * second if second.ndim == 1 else first @ second


_KEPT = (
    *("jac", "vectorized", "sigma0", "integrality", "constraints", "noisy", "noiseless", "x_opt", "f_opt"),
    *("name", "differentiable", "score", "score_name", "pure", "source"),
)


def _derived(objective: Objective, fun: Callable[..., Any], **changes: Any) -> Objective:
    """A copy of the objective around another function."""
    kept = {name: getattr(objective, name) for name in _KEPT} | {"bounds": objective.box, "x0": objective.start}
    return Objective(fun, objective.n, **(kept | changes))
