"""Registration: the interpolation against SciPy, the task with exact and Sobel gradients."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.optimize import minimize

import autodiff
import problems
from problems.images import photo
from problems.images.spline import SplineImage


def test_photos_are_real_and_kept():
    grey = photo("china")
    assert grey.shape == (142, 213)
    assert grey is photo("china")
    assert 0 <= grey.min() < 0.05 < 0.9 < grey.max() <= 1


def test_spline_equals_scipy():
    image, rng = SplineImage(photo("flower")), np.random.default_rng(0)
    row, column = rng.uniform(0, 141, 400), rng.uniform(0, 212, 400)
    row[:4], column[:4] = [0, 141, 0, 141], [0, 0, 212, 212]
    expected = map_coordinates(image.pixels, [row, column], order=3, mode="mirror")
    np.testing.assert_allclose(image(row, column), expected, atol=1e-13)
    pixels = np.indices(image.pixels.shape).astype(float)
    np.testing.assert_allclose(image(*pixels), image.pixels, atol=1e-13)
    assert image(-5.0 + np.zeros(1), np.array([300.0])) == pytest.approx(image.pixels[0, 212])


def test_derivatives_of_the_image():
    image, rng = SplineImage(photo("china")), np.random.default_rng(1)
    p, h = rng.uniform(-3, 150, (2, 50)), 1e-6
    for axis in range(2):
        slope = autodiff.grad(lambda q: image(q[0], q[1]).sum())(p)[axis]
        step = h * np.eye(2)[axis][:, None]
        np.testing.assert_allclose(slope, (image(*(p + step)) - image(*(p - step))) / (2 * h), atol=1e-8)


def test_sobel_is_near_the_exact_derivative():
    smooth = np.add.outer(np.sin(np.arange(40) / 9), np.cos(np.arange(50) / 7))
    p = np.random.default_rng(0).uniform(5, 34, (2, 60))
    images = SplineImage(smooth, "exact"), SplineImage(smooth, "sobel")
    exact, sobel = (autodiff.grad(lambda q, image=image: image(q[0], q[1]).sum())(p) for image in images)
    np.testing.assert_allclose(sobel, exact, atol=5e-3)
    ramp = SplineImage(np.add.outer(2.0 * np.arange(9), -3.0 * np.arange(9)), "sobel")
    assert ramp.sobel[0][4, 4] == pytest.approx(2)
    assert ramp.sobel[1][4, 4] == pytest.approx(-3)


@pytest.mark.parametrize("gradient", ["exact", "sobel"])
def test_gradient_descent_registers_from_near_by(gradient):
    f = problems.get("registration", gradient=gradient, seed=3)
    start = f.x_opt + np.array([4.0, -2.0, 2.0])
    result = minimize(f.value_and_grad, start, jac=True, method="L-BFGS-B", bounds=f.bounds)
    assert f.score(result.x) < 0.05
    assert f.score(f.x_opt) == 0
    assert f.score(start) > 2


def test_it_is_not_convex():
    """From far away a gradient method ends elsewhere in some runs, and finds the truth in others."""
    f = problems.get("registration")
    found = [
        f.score(minimize(f.value_and_grad, f.x0(s), jac=True, method="L-BFGS-B", bounds=f.bounds).x) < 0.1
        for s in range(12)
    ]
    assert 2 <= sum(found) <= 11


def test_noise_of_the_camera():
    f = problems.get("registration", noise=0.05, image="flower", seed=1)
    clean = problems.get("registration", image="flower", seed=1)
    assert f.x_opt is None
    assert f.f_opt is None
    assert f(clean.x_opt) == pytest.approx(0.05**2, rel=0.1)
    assert f(clean.x_opt) == f(clean.x_opt)
    assert clean(clean.x_opt) == 0


def test_a_large_batch_needs_little_memory():
    f = problems.get("registration")
    f(f.x0(0))
    tracemalloc.start()
    try:
        f(np.zeros((2000, 3)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2e7
