"""Moré, Garbow & Hillstrom's problems against what their paper and MINPACK's test programs print."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

import autodiff
import problems
from problems.mgh import TABLE

# Least values (section 3 of the paper), with n where that is free
LEAST = {
    ("jennrich-sampson", None): 124.362,
    ("bard", None): 8.21487e-3,
    ("gaussian", None): 1.12793e-8,
    ("meyer", None): 87.9458,
    ("kowalik-osborne", None): 3.07505e-4,
    ("brown-dennis", None): 85822.2,
    ("osborne-1", None): 5.46489e-5,
    ("osborne-2", None): 4.01377e-2,
    ("watson", 6): 2.28767e-3,
    ("watson", 9): 1.39976e-6,
    ("watson", 12): 4.72238e-10,
    ("penalty-1", 4): 2.24997e-5,
    ("penalty-1", 10): 7.08765e-5,
    ("penalty-2", 4): 9.37629e-6,
    ("penalty-2", 10): 2.93660e-4,
    ("chebyquad", 8): 3.51687e-3,
    ("chebyquad", 10): 6.50395e-3,
}
# Norms of the residuals at the standard start, as MINPACK's test programs print them
AT_START = {
    ("rosenbrock", None): 4.9193496,
    ("helical-valley", None): 50.0,
    ("powell-singular", None): 14.6628783,
    ("freudenstein-roth", None): 20.0124961,
    ("bard", None): 6.456136,
    ("kowalik-osborne", None): 0.07289151,
    ("meyer", None): 41153.47,
    ("watson", 6): 5.477226,
    ("box", None): 32.11158,
    ("jennrich-sampson", None): 64.58565,
    ("brown-dennis", None): 2815.438,
    ("brown-almost-linear", 10): 16.53022,
    ("osborne-1", None): 0.9375640,
    ("osborne-2", None): 1.446865,
}


def least(name, n=None):
    """The least value that SciPy's least squares reach from three starts, with derivatives of `autodiff`."""
    f = problems.get(f"mgh-{name}", n)
    fun = f.fun.residuals

    def residuals(x):
        with np.errstate(all="ignore"):
            return np.nan_to_num(fun(x, f.fun.m), nan=1e100, posinf=1e100, neginf=-1e100)

    jacobian = autodiff.jacobian(lambda x: fun(x, f.fun.m))
    x, rng = f.x0(), np.random.default_rng(0)
    starts = [x, x + 0.1 * f.sigma0 * rng.standard_normal(f.n), x + f.sigma0 * rng.standard_normal(f.n)]
    calls = 500 if name == "brown-dennis" else 150
    steps = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": calls, "x_scale": "jac"}
    with np.errstate(all="ignore"):
        return f, min(2.0 * least_squares(residuals, start, jacobian, **steps).cost for start in starts)


def test_there_are_35_in_the_order_of_the_paper():
    assert len(problems.names("mgh")) == 35
    assert [problems.get(f"mgh-{name}").source.rsplit(" ", 1)[1] for name in list(TABLE)[::17]] == [
        "(1)",
        "(18)",
        "(35)",
    ]


@pytest.mark.parametrize(("name", "n"), LEAST)
def test_least_values_are_those_of_the_paper(name, n):
    assert problems.get(f"mgh-{name}", n).f_opt == pytest.approx(LEAST[name, n], rel=5e-6)


@pytest.mark.parametrize(("name", "n"), AT_START)
def test_values_at_the_start_are_those_of_minpack(name, n):
    f = problems.get(f"mgh-{name}", n)
    assert np.sqrt(f(f.x0())) == pytest.approx(AT_START[name, n], rel=5e-7)


@pytest.mark.parametrize("name", TABLE)
def test_nothing_is_below_the_least_value_and_a_solver_gets_there(name):
    f, found = least(name)
    size = f(f.x0())
    assert found >= f.f_opt * (1 - 1e-9) - 1e-28 * (1 + size)
    if name not in ("freudenstein-roth", "trigonometric"):  # these lead to another minimum
        assert found <= f.f_opt * (1 + 1e-6) + 1e-20 * size + 1e-24


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.x_opt is not None])
def test_the_gradient_vanishes_at_the_best_point(name):
    f = problems.get(f"mgh-{name}")
    scale = np.abs(f.value_and_grad(f.x0())[1]).max()
    curvature = np.abs(autodiff.hessian(f)(f.x_opt)).max(0)
    assert (np.abs(f.value_and_grad(f.x_opt)[1]) <= 1e-9 * scale + 1e-12 * curvature * (1 + np.abs(f.x_opt))).all()


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("watson", (2, 31)),
        ("extended-rosenbrock", (2, 100)),
        ("extended-powell-singular", (4, 100)),
        ("penalty-1", (1, 100)),
        ("penalty-2", (2, 30)),
        ("variably-dimensioned", (1, 100)),
        ("trigonometric", (1, 100)),
        ("brown-almost-linear", (2, 40)),
        ("discrete-boundary-value", (1, 100)),
        ("discrete-integral", (1, 100)),
        ("broyden-tridiagonal", (1, 100)),
        ("broyden-banded", (1, 2, 5, 7, 100)),
        ("linear-full-rank", (1, 50)),
        ("linear-rank-1", (1, 50)),
        ("linear-rank-1-zeros", (3, 50)),
        ("chebyquad", (1, 7, 30)),
    ],
)
def test_any_size(name, sizes):
    for n in sizes:
        problems.check_objective(problems.get(f"mgh-{name}", n), smooth=True)


def banded(x):
    """(31) as it is printed."""
    n = len(x)
    return [
        x[i] * (2 + 5 * x[i] ** 2)
        + 1
        - sum(x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(n - 1, i + 1) + 1) if j != i)
        for i in range(n)
    ]


def integral(x):
    """(29) as it is printed."""
    n = len(x)
    t = [(i + 1) / (n + 1) for i in range(n)]
    c = [(x[j] + t[j] + 1) ** 3 for j in range(n)]
    return [
        x[i]
        + ((1 - t[i]) * sum(t[j] * c[j] for j in range(i + 1)) + t[i] * sum((1 - t[j]) * c[j] for j in range(i + 1, n)))
        / (2 * (n + 1))
        for i in range(n)
    ]


def penalty_2(x):
    """(24) as it is printed."""
    n, e, a = len(x), np.exp, 1e-5
    y = [e((i + 1) / 10) + e(i / 10) for i in range(n)]
    middle = [a**0.5 * (e(x[i] / 10) + e(x[i - 1] / 10) - y[i]) for i in range(1, n)]
    upper = [a**0.5 * (e(x[i - n + 1] / 10) - e(-1 / 10)) for i in range(n, 2 * n - 1)]
    return [x[0] - 0.2, *middle, *upper, sum((n - j) * x[j] ** 2 for j in range(n)) - 1]


def chebyquad(x):
    """(35) by NumPy's own polynomials."""
    polynomials = [np.polynomial.Chebyshev.basis(i, domain=[0, 1]) for i in range(1, len(x) + 1)]
    return [p(x).mean() - (p.integ()(1.0) - p.integ()(0.0)) for p in polynomials]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("broyden-banded", banded),
        ("discrete-integral", integral),
        ("penalty-2", penalty_2),
        ("chebyquad", chebyquad),
    ],
)
def test_formulas_as_they_are_printed(name, printed):
    for n in (2, 3, 9):
        f = problems.get(f"mgh-{name}", n)
        x = np.random.default_rng(n).standard_normal(n)
        np.testing.assert_allclose(f.fun.residuals(x, f.fun.m), printed(x), rtol=1e-12, atol=1e-13)


def test_starts_further_out():
    near, far = problems.get("mgh-meyer"), problems.get("mgh-meyer:factor=10")
    assert far.x0().tolist() == (10 * near.x0()).tolist()
    assert np.isfinite(far(far.x0()))


def test_far_out_it_is_infinite_without_a_warning():
    f = problems.get("mgh-jennrich-sampson")
    assert f([1e3, 1e3]) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: problems.get("mgh-wood", 5), "mgh-wood is defined for n=4, got n=5"),
        (lambda: problems.get("mgh-watson", 32), "n must be from 2 to 31 for mgh-watson, got 32"),
        (lambda: problems.get("mgh-extended-rosenbrock", 3), "n must be even"),
        (lambda: problems.get("mgh-wood", m=7), "m is fixed for mgh-wood: leave it out"),
        (lambda: problems.get("mgh-chebyquad", 8, m=7), "m of mgh-chebyquad with n=8 must be an integer from 8"),
        (
            lambda: problems.get("mgh-wood", factor=float("inf")),
            "factor of mgh-wood must be a finite number, got float inf",
        ),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
