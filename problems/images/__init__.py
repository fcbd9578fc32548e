"""Rigid registration of two images: a real, non-convex task with a gradient and a black-box form."""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from problems.blocks import in_blocks
from problems.extras import needed
from problems.images.spline import SplineImage
from problems.numbers import FloatArray, chosen, fixed, whole
from problems.objective import Objective
from problems.registry import register

__all__ = ["PHOTOS", "Registration", "photo", "registration"]

PHOTOS = ("china", "flower")
BLOCK = 40_000  # grey values that are computed at once


@lru_cache(maxsize=4)
def photo(name: str, shrink: int = 3) -> FloatArray:
    """A photograph in grey, values from 0 to 1, shrunk by averaging blocks of pixels.

    Parameters
    ----------
    name : {"china", "flower"}
        Photographs that scikit-learn brings along, 427 x 640 pixels.
    shrink : int
        Edge of the blocks.

    Raises
    ------
    ImportError
        scikit-learn is not installed.
    """
    chosen("image", name, PHOTOS)
    datasets = needed("sklearn.datasets", "scikit-learn", "data", f"the image {name!r}")
    grey = datasets.load_sample_image(f"{name}.jpg") @ np.array([0.299, 0.587, 0.114]) / 255.0
    rows, columns = grey.shape[0] // shrink, grey.shape[1] // shrink
    blocks = grey[: rows * shrink, : columns * shrink].reshape(rows, shrink, columns, shrink).mean((1, 3))
    blocks.setflags(write=False)
    return np.asarray(blocks)


class Registration:
    """Mean squared difference between a view of a photograph and the photograph turned and shifted by x.

    x (..., 3) is (degrees counter-clockwise, pixels down, pixels right). The view is a disc around the middle. Only
    settings are pickled.

    Parameters
    ----------
    image : {"china", "flower"}
    truth : tuple of float
        Turn and shift under which the view was taken.
    gradient : {"exact", "sobel"}
        See `SplineImage`.
    noise : float
        Standard deviation of the camera's noise on the view, in units of the range of grey.
    radius : float
        Of the disc, in pixels.
    """

    def __init__(
        self, image: str, truth: tuple[float, ...], gradient: str = "exact", noise: float = 0.0, radius: float = 32.0
    ) -> None:
        if not noise >= 0:
            raise ValueError(f"noise must not be negative, got {noise}")
        self.settings = (image, truth, gradient, noise, radius)
        self.image = SplineImage(photo(image), gradient)

    @cached_property
    def grid(self) -> FloatArray:
        """Positions in the disc relative to its middle: (2, points)."""
        reach = np.arange(-np.floor(self.settings[4]), np.floor(self.settings[4]) + 1.0)
        both = np.stack(np.meshgrid(reach, reach, indexing="ij")).reshape(2, -1)
        return np.ascontiguousarray(both[:, (both**2).sum(0) <= self.settings[4] ** 2])

    @cached_property
    def view(self) -> FloatArray:
        """The other image: grey values at the positions of the disc."""
        _, truth, _, noise, _ = self.settings
        seen = self.look(np.array(truth))
        if noise:
            seen = seen + noise * np.random.default_rng(0).standard_normal(seen.shape)
        return np.asarray(seen)

    def look(self, x: Any) -> Any:
        """Grey values (..., points) of the photograph turned and shifted by x (..., 3)."""
        turn = x[..., 0:1] * (np.pi / 180.0)
        cosine, sine = np.cos(turn), np.sin(turn)
        middle = [0.5 * (size - 1) for size in self.image.pixels.shape]
        down, right = self.grid
        rows = cosine * down - sine * right + (x[..., 1:2] + middle[0])
        columns = sine * down + cosine * right + (x[..., 2:3] + middle[1])
        return self.image(rows, columns)

    def __call__(self, x: Any) -> Any:
        """The difference at x (..., 3)."""
        return in_blocks(self._difference, x, self.grid.shape[1] / 3, BLOCK)

    def _difference(self, x: Any) -> Any:
        error = self.look(x) - self.view
        return (error * error).mean(-1)

    def __reduce__(self) -> tuple[Any, ...]:
        return Registration, self.settings


def registration(
    n: int | None = None, *, image: str = "china", gradient: str = "exact", noise: float = 0.0, seed: int = 0
) -> Objective:
    """Find by which angle and shift two images differ.

    Parameters
    ----------
    n : int, optional
        Only to be checked: 3.
    image : {"china", "flower"}
        The photograph.
    gradient : {"exact", "sobel"}
        Whether gradients use the derivative of the interpolating spline or Sobel's masks.
    noise : float
        Standard deviation of the camera's noise on one of the images.
    seed : int
        Draws angle and shift.

    Returns
    -------
    Objective
        x = (degrees, pixels down, pixels right), within 30 degrees and 15 pixels. Without noise the truth is `x_opt`,
        with f_opt = 0. `score(x)` is the root mean square distance in pixels between true and found positions.
    """
    fixed("registration", n, 3)
    reach = np.array([30.0, 15.0, 15.0])
    truth = np.random.default_rng(whole("seed", seed)).uniform(-0.6, 0.6, 3) * reach
    fun = Registration(image, tuple(truth.tolist()), gradient, noise)
    return Objective(
        fun,
        3,
        vectorized=True,
        pure=True,
        bounds=np.stack([-reach, reach], axis=1),
        sigma0=0.3 * reach,
        x_opt=None if noise else truth,
        f_opt=None if noise else 0.0,
        name="registration",
        differentiable=True,
        score=partial(_misplaced, fun=fun, truth=truth),
        score_name="distance in pixels",
        source="Brown 1992, A survey of image registration techniques, ACM Computing Surveys 24(4)",
    )


def _misplaced(x: Any, fun: Registration, truth: FloatArray) -> Any:
    """Root mean square distance between the positions that x and the truth give."""
    turn = (np.asarray(x)[..., 0] - truth[0]) * np.pi / 180.0
    shift = ((np.asarray(x)[..., 1:] - truth[1:]) ** 2).sum(-1)
    return np.sqrt(shift + 2.0 * (1.0 - np.cos(turn)) * (fun.grid**2).sum(0).mean())


register("registration", registration, tags=["images"], smooth=True, plane=False)
