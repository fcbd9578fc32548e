"""Agreement of all suites with COCO's own code (cocoex), on random points in and out of the box."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from problems import bbob

pytestmark = pytest.mark.heavy
cocoex = pytest.importorskip("cocoex")

# Largest error over max(1, |f|, |f - f_opt|): 1e-12, but for functions that fold coordinates multiplied by 3^11 (f16),
# by about 1e6 (f19) and by 2^32 (f23). Rotations must be those of COCO to the last bit for that: normal matrices of
# n = 40 are now and then so ill-conditioned that Gram-Schmidt magnifies a last bit to 1e-11.
RTOL = {16: 1e-11, 19: 1e-10, 23: 1e-11}


def coco_problem(suite: str, index: int, function: int, n: int, instance: int) -> Iterator[Any]:
    only = f"dimensions: {n} function_indices: {index}"
    owner = cocoex.Suite(suite, f"instances: {instance}", only)
    problem = owner.get_problem_by_function_dimension_instance(function, n, instance)
    yield problem
    problem.free()


def compare(f: Any, problem: Any, x: np.ndarray, rtol: float, x_opt: np.ndarray | None = None) -> None:
    expected = np.array([problem(row) for row in x])
    values = f(x)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(values[~finite], expected[~finite])
    values, expected = values[finite], expected[finite]
    scale = np.maximum(np.maximum(1.0, np.abs(expected)), np.abs(expected - f.f_opt))
    error = np.abs(values - expected) / scale
    assert error.max() <= rtol, f"{f.name} n={f.n}: {error.max():.1e}"
    if x_opt is not None:
        assert problem(x_opt) == pytest.approx(f.f_opt, rel=1e-12, abs=1e-12)


def in_and_out(n: int, seed: int, inside: int = 14, outside: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(-5, 5, (inside, n)), rng.uniform(-10, 10, (outside, n))])


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 40])
@pytest.mark.parametrize("function", range(1, 25))
def test_bbob(function: int, n: int) -> None:
    for instance in (*range(1, 16), 71, 80):
        f = bbob.make(f"bbob-f{function}", n, instance)
        problem = cocoex.BareProblem("bbob", function, n, instance)
        assert problem.best_value() == pytest.approx(f.f_opt, rel=1e-15, abs=1e-14)
        np.testing.assert_allclose(problem.best_parameter(), f.x_opt, rtol=1e-13, atol=1e-14)
        compare(f, problem, in_and_out(n, instance, 56, 24), RTOL.get(function, 1e-12), f.x_opt)


@pytest.mark.parametrize("n", [2, 5, 10, 40])
@pytest.mark.parametrize("function", range(1, 25))
def test_boxed(function: int, n: int) -> None:
    for instance in range(1, 16):
        f = bbob.make(f"bbob-boxed-f{function}", n, instance)
        for problem in coco_problem("bbob-boxed", function, function, n, instance):
            compare(f, problem, in_and_out(n, instance), RTOL.get(function, 1e-12), f.x_opt)


@pytest.mark.parametrize("n", [20, 40, 80, 160, 320, 640])
@pytest.mark.parametrize("function", range(1, 25))
def test_largescale(function: int, n: int) -> None:
    for instance in (1, 7, 15) if n < 300 else (2,):
        f = bbob.make(f"bbob-largescale-f{function}", n, instance)
        for problem in coco_problem("bbob-largescale", function, function, n, instance):
            compare(f, problem, in_and_out(n, instance, 5, 2), RTOL.get(function, 1e-12), f.x_opt)


@pytest.mark.parametrize("n", [5, 10, 40, 80, 160])
@pytest.mark.parametrize("function", range(1, 25))
def test_mixint(function: int, n: int) -> None:
    rtol = RTOL.get(function, 1e-12)
    for instance in range(1, 16) if n < 50 else (1, 8):
        f = bbob.make(f"bbob-mixint-f{function}", n, instance)
        rng = np.random.default_rng(instance)
        # between the integers, on them, and beyond the bounds
        x = rng.uniform(f.bounds.lb - 1.5, f.bounds.ub + 1.5, (20, n))
        x[:10] = np.where(f.integrality, np.clip(np.rint(x[:10]), f.bounds.lb, f.bounds.ub), x[:10])
        for problem in coco_problem("bbob-mixint", function, function, n, instance):
            np.testing.assert_array_equal(problem.lower_bounds, f.bounds.lb)
            np.testing.assert_array_equal(problem.upper_bounds, f.bounds.ub)
            assert problem.number_of_integer_variables == f.integrality.sum()
            compare(f, problem, x, rtol, f.x_opt)


@pytest.mark.parametrize("n", [2, 5, 20, 40])
@pytest.mark.parametrize("function", range(101, 131))
def test_noisy_with_the_stream_of_coco(function: int, n: int) -> None:
    rtol = RTOL[19] if function in (125, 126, 127) else 1e-12
    for instance in (1, 5, 15):
        f = bbob.make(f"bbob-noisy-f{function}", n, instance, noise="coco")
        for problem in coco_problem("bbob-noisy", function - 100, function, n, instance):
            compare(f, problem, in_and_out(n, instance), rtol)


def test_one_stream_through_two_noisy_problems() -> None:
    suite = cocoex.Suite("bbob-noisy", "instances: 1", "dimensions: 5")
    stream = bbob.CocoStream()
    x = in_and_out(5, 0)
    for function in (101, 103, 104, 102):
        f = bbob.make(f"bbob-noisy-f{function}", 5, noise=stream)
        compare(f, suite.get_problem_by_function_dimension_instance(function, 5, 1), x, 1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 40])
@pytest.mark.parametrize("function", range(1, 55))
def test_constrained(function: int, n: int) -> None:
    for instance in range(1, 16) if n <= 10 else (1, 4):
        f = bbob.make(f"bbob-constrained-f{function}", n, instance)
        x = in_and_out(n, instance, 10, 5)
        for problem in coco_problem("bbob-constrained", function, function, n, instance):
            compare(f, problem, x, 1e-12, f.x_opt)
            constraints = f.constraints[0].fun
            expected = np.array([problem.constraint(row) for row in x])
            normals = f.fun.sizes * np.linalg.norm(x - f.x_opt, axis=1)[:, None]
            assert np.all(np.abs(constraints(x) - expected) <= 1e-13 * np.maximum(1.0, normals))
            assert problem.constraint(f.x_opt).max() <= 0.0
            np.testing.assert_allclose(f.x0(), problem.initial_solution, rtol=0, atol=1e-9)
