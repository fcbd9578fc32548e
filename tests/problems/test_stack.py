"""Stacks of different problems: to the last bit what each problem gives alone, for values and gradients."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.optimize import LinearConstraint

import problems
from problems import Objective, family, get, stack

ROWS = 5


def bowl(x):
    return (x * x).sum(-1)


def agree(make, n=None, points=(1, 7)):
    """Compare a stack of `make(0)`, `make(1)`, ... with the same problems, each made once more."""
    together, alone = stack([make(i) for i in range(ROWS)]), [make(i) for i in range(ROWS)]
    rng, n = np.random.default_rng(3), n or alone[0].n
    low, high = (-5.0, 5.0) if alone[0].box is None else (alone[0].box.lb, alone[0].box.ub)
    for k in points:
        x = rng.uniform(low, high, (ROWS, k, n))
        np.testing.assert_array_equal(together(x), [f(row) for f, row in zip(alone, x, strict=True)])
    rows = [4, 0, 2]
    x = rng.uniform(low, high, (3, 6, n))
    some = together.take(rows)
    np.testing.assert_array_equal(some(x), [alone[i](row) for i, row in zip(rows, x, strict=True)])
    np.testing.assert_array_equal(some.take([2, 1])(x[:2]), [alone[i](x[j]) for j, i in enumerate((2, 0))])
    if together.differentiable:
        x = rng.uniform(low, high, (ROWS, 3, n))
        f, g = together.value_and_grad(x)
        pairs = [one.value_and_grad(row) for one, row in zip(alone, x, strict=True)]
        np.testing.assert_array_equal(f, [pair[0] for pair in pairs])
        np.testing.assert_array_equal(g, [pair[1] for pair in pairs])
    return together


BBOB = [
    *((f"bbob-f{f}", n) for n in (2, 5, 20) for f in range(1, 25)),
    *((f"bbob-boxed-f{f}", 5) for f in range(1, 25)),
    *((f"bbob-mixint-f{f}", 5) for f in range(1, 25)),
    *((f"bbob-noisy-f{f}", 5) for f in range(101, 131)),
    *((f"bbob-largescale-f{f}", n) for n in (40, 90) for f in range(1, 25)),
    ("bbob-mixint-f19", 80),
]


@pytest.mark.parametrize(("name", "n"), BBOB)
def test_instances_of_bbob(name, n):
    together = agree(lambda i: get(name, n=n, instance=i + 1))
    assert len(together._groups) == 1
    assert together.objectives[2].name == name
    assert (together.f_opts == [get(name, n=n, instance=i + 1).f_opt for i in range(ROWS)]).all()


@pytest.mark.heavy
@pytest.mark.parametrize("function", range(1, 25))
def test_instances_of_bbob_in_many_dimensions(function):
    """On whatever BLAS is at hand: a product of one point has the same bits alone and in a stack."""
    for n in (2, 3, 5, 10, 20, 40):
        agree(lambda i, n=n: get(f"bbob-f{function}", n=n, instance=i + 1), points=(1, 2, 17, 600))


@pytest.mark.parametrize("name", problems.names("classic"))
@pytest.mark.parametrize(
    "options", [{}, {"shifted": True}, {"shifted": True, "rotated": True, "conditioned": 10.0, "scaled": 3.0}]
)
def test_classic_functions(name, options):
    assert len(agree(lambda i: get(name, seed=i, **options))._groups) == 1


def test_noise_of_each_row_is_its_own():
    together = agree(lambda i: get("rastrigin", 4, seed=i, shifted=True, noisy=0.5 * (i % 3)))
    assert together.noisy
    first = together(np.zeros((ROWS, 3, 4)))
    assert (together(np.zeros((ROWS, 3, 4))) != first)[[1, 2, 4]].all()
    together.reseed(7)
    again = together(np.zeros((ROWS, 3, 4)))
    together.reseed(7)
    np.testing.assert_array_equal(together(np.zeros((ROWS, 3, 4))), again)


def test_functions_mixed_in_any_order():
    names = ["bbob-f8", "bbob-f15", "bbob-f8", "bbob-f21", "bbob-f15"]
    together = agree(lambda i: get(names[i], 5, instance=1 + i))
    assert len(together._groups) == 3
    assert repr(together) == "<Stack of 5 problems, bbob-f8 and others, n=5>"


@pytest.mark.parametrize(
    "make",
    [
        lambda i: Objective(bowl, 3, vectorized=True),
        lambda i: Objective(lambda x: bowl(x - i), 3, vectorized=True),
        lambda i: Objective(lambda x: float(bowl(x - i)), 3, differentiable=False),
        lambda i: Objective(lambda x: bowl(x - i), 3, jac=lambda x: 2 * (x - i)),
        lambda i: Objective(lambda x: (bowl(x), 2 * x), 3, jac=True, vectorized=True),
        lambda i: get("trap-max-abs", 4, seed=i),
        lambda i: get("mgh-chebyquad", 4),
        lambda i: problems.transforms.shifted(Objective(bowl, 3, vectorized=True, jac=lambda x: 2 * x), seed=i),
    ],
)
def test_functions_of_ones_own(make):
    agree(make)


def careless(x):
    x *= 2.0
    return bowl(x)


def test_a_function_that_writes_gets_a_copy():
    together = stack([Objective(careless, 2, vectorized=True)] * 2)
    x = np.ones((2, 3, 2))
    assert (together(x) == 8.0).all()
    assert (x == 1.0).all()


def turned_bowl(x, centre, matrix, height, power):
    z = np.matmul(matrix, (x - centre)[..., None])[..., 0]
    return (np.abs(z) ** power).sum(-1) + height


def test_a_family():
    rng = np.random.default_rng(0)
    given = {
        "centre": rng.standard_normal((ROWS, 3)),
        "matrix": rng.standard_normal((ROWS, 3, 3)),
        "height": rng.standard_normal(ROWS),
        "power": rng.uniform(1.5, 3.0, (ROWS, 1)),
    }
    together = family(turned_bowl, 3, settings={"sigma0": 0.5, "bounds": [(-2, 2)] * 3}, **given)
    assert together.sigma0 == 0.5
    x = rng.standard_normal((ROWS, 6, 3))
    expected = [turned_bowl(row, *(given[name][i] for name in given)) for i, row in enumerate(x)]
    np.testing.assert_array_equal(together(x), expected)
    np.testing.assert_array_equal(together.take([3])(x[3:4])[0], together.objectives[3](x[3]))
    agree(lambda i: family(turned_bowl, 3, **{k: v[i : i + 1] for k, v in given.items()}).objectives[0])


def test_shapes_of_points():
    together = stack([get("bbob-f3", 4, instance=k) for k in (1, 2, 3)])
    x = np.random.default_rng(0).uniform(-4, 4, (3, 2, 5, 4))
    flat = together(x.reshape(3, 10, 4))
    np.testing.assert_array_equal(together(x), flat.reshape(3, 2, 5))
    np.testing.assert_array_equal(together(x[:, 0, 0]), flat[:, 0])
    np.testing.assert_array_equal(together(np.asfortranarray(x[:, 0])), flat[:, :5])
    f, g = together.value_and_grad(x[:, 0, 0])
    assert f.shape == (3,) and g.shape == (3, 4)


@pytest.mark.parametrize("name", ["bbob-f16", "bbob-f21", "bbob-f10", "bbob-noisy-f101"])
def test_large_batches_are_cut_without_a_trace(name):
    agree(lambda i: get(name, 20, instance=i + 1), points=(40, 1000))


def test_masks_and_slices_take():
    together = stack([get("bbob-f3", 4, instance=k) for k in (1, 2, 3, 4)])
    x = np.ones((4, 2, 4))
    for rows in (np.array([True, False, True, False]), slice(0, 4, 2), np.array([0, 2])):
        np.testing.assert_array_equal(together.take(rows)(x[:2]), together(x)[[0, 2]])
    assert [one.name for one in together.take([3, 3]).objectives] == ["bbob-f3"] * 2
    with pytest.raises(ValueError, match="rows must name at least one of the 4 problems"):
        together.take([])


def test_starts_and_pickles():
    together = stack([get("bbob-f3", 4, instance=k) for k in (1, 2)])
    assert together.x0(3).shape == (2, 4)
    np.testing.assert_array_equal(together.x0(3), together.x0(3))
    x = np.random.default_rng(0).uniform(-4, 4, (2, 5, 4))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(together))(x), together(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stack([]), "objectives must hold at least one problem"),
        (lambda: stack([bowl]), "objectives must hold Objectives, got function as number 0"),
        (lambda: stack([get("sphere", 3), get("sphere", 4)]), "must have one n, got 3 and 4"),
        (lambda: stack([get("sphere", 3), get("rastrigin", 3)]), "must share their bounds, which rastrigin"),
        (
            lambda: stack([Objective(bowl, 2, bounds=[(0, 1)] * 2, integrality=i) for i in ([0, 0], [1, 0])]),
            "must share their integers",
        ),
        (
            lambda: stack([Objective(bowl, 2, constraints=LinearConstraint([[1, 1]], 0, 1))]),
            "must have no constraints, got bowl as number 0",
        ),
        (lambda: stack([get("sphere", 3)] * 2)(np.zeros(3)), r"x must have shape \(2, ..., 3\)"),
        (lambda: stack([get("sphere", 3)] * 2)(np.zeros((3, 3))), r"a row for each of the 2 problems, got \(3, 3\)"),
        (lambda: stack([get("sphere", 3)] * 2)(np.zeros((2, 5, 4))), r"got \(2, 5, 4\)"),
        (lambda: stack([get("step", 3)] * 2).value_and_grad(np.zeros((2, 3))), "step has no gradient, so this stack"),
        (lambda: stack([Objective(lambda x: x.sum(), 3, vectorized=True)] * 2)(np.zeros((2, 4, 3))), "last axis only"),
        (lambda: family(bowl, 3), "got no parameters"),
        (lambda: family(bowl, 3, a=np.zeros(2), b=np.zeros(3)), "got a: 2, b: 3"),
        (lambda: family(bowl, 3, a=1.0), "got a: 0"),
        (lambda: family(bowl, 3, a="text"), "a must hold real numbers"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("function", [3, 17])
def test_numbers_laid_out_for_points_follow_their_number(function):
    """Populations that change their size from call to call, and gradients between them."""
    alone = [get(f"bbob-f{function}", n=4, instance=k) for k in (1, 2, 3)]
    together = stack(alone)
    draw = np.random.default_rng(3)
    for count in (5, 1, 5, 7, 2, 7):
        x = draw.uniform(-5.0, 5.0, (3, count, 4))
        expected = [one(rows) for one, rows in zip(alone, x, strict=True)]
        np.testing.assert_array_equal(together(x), expected)
        np.testing.assert_array_equal(together.value_and_grad(x[:, :2])[0], [row[:2] for row in expected])
        np.testing.assert_array_equal(together.take([2, 0])(x[[2, 0]]), [expected[2], expected[0]])
