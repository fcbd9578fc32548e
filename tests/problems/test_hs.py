"""Hock & Schittkowski's problems against the values that their book prints, and Karush-Kuhn-Tucker conditions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

import problems
from problems.hs import TABLE

LEAST = {
    **{1: 0.0, 2: 0.0504261879, 3: 0.0, 4: 8 / 3, 5: -1.91322296, 6: 0.0, 7: -1.73205081, 9: -0.5, 10: -1.0},
    **{11: -8.498464223, 12: -30.0, 13: 1.0, 14: 1.39346498, 15: 306.5, 16: 0.25, 17: 1.0, 18: 5.0, 19: -6961.81381},
    **{20: 38.19873, 21: -99.96, 22: 1.0, 23: 2.0, 24: -1.0, 26: 0.0, 27: 0.04, 28: 0.0, 29: -22.627417, 30: 1.0},
    **{31: 6.0, 32: 1.0, 33: -4.58578644, 34: -0.83403245, 35: 1 / 9, 36: -3300.0, 37: -3456.0, 38: 0.0, 39: -1.0},
    **{40: -0.25, 41: 1.92592593, 42: 13.8578644, 43: -44.0, 44: -15.0, 45: 1.0, 46: 0.0, 48: 0.0, 49: 0.0},
    **{60: 0.03256820025, 63: 961.7151721, 64: 6299.842428, 65: 0.9535288567, 66: 0.5181632741, 71: 17.0140173},
    **{72: 727.67937, 73: 29.894378, 76: -4.681818181, 77: 0.24150513, 78: -2.91970041, 79: 0.0787768209},
    **{80: 0.0539498478, 81: 0.0539498478, 93: 135.075961, 100: 680.6300573, 113: 24.3062091},
    106: 7049.248021,  # the book has 7049.330923, at a point that is feasible to three digits only
}
AT_START = {
    **{1: 909.0, 5: 1.0, 11: -24.98, 14: 1.0, 19: -1808.858296, 24: -0.01336459, 26: 21.16, 29: -1.0, 33: -3.0},
    **{35: 2.25, 43: 0.0, 71: 16.0, 76: -1.25, 77: 4.0, 78: -6.0, 79: 1.0, 100: 714.0, 106: 15000.0, 113: 753.0},
}
WITHOUT_MULTIPLIERS = (13,)  # its constraints have dependent gradients at the best point


def test_there_are_as_many_as_in_the_table_of_least_values():
    assert [int(name[2:]) for name in problems.names("hs")] == sorted(LEAST)
    assert len(LEAST) == 64


@pytest.mark.parametrize("number", LEAST)
def test_least_values_are_those_of_the_book(number):
    f = problems.get(f"hs{number}")
    assert f.f_opt == pytest.approx(LEAST[number], rel=2e-8, abs=1e-12)
    assert problems.Feasible(f.constraints, 1e-12 * (1 + np.abs(f.x_opt).max() ** 2))(f.x_opt)


@pytest.mark.parametrize("number", AT_START)
def test_values_at_the_start_are_those_of_the_book(number):
    f = problems.get(f"hs{number}")
    assert f(np.array(TABLE[number].start)) == pytest.approx(AT_START[number], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("number", [k for k in LEAST if k not in WITHOUT_MULTIPLIERS])
def test_best_points_keep_the_conditions_of_first_order(number):
    """The gradient is a combination of those of the active constraints, with positive weights for inequalities."""
    f = problems.get(f"hs{number}")
    x, columns = f.x_opt, []
    for constraint in f.constraints:
        values, slopes = np.asarray(constraint.fun(x)), constraint.jac(x)
        equal = np.full(values.shape, constraint.ub == 0)
        active = ~equal & (np.abs(values) <= 1e-8 * (1 + np.abs(slopes * x).max(1)))
        columns += [*slopes[equal], *-slopes[equal], *slopes[active]]
    if f.box is not None:
        columns += [*np.eye(f.n)[x == f.box.lb], *-np.eye(f.n)[x == f.box.ub]]
    slope = f.value_and_grad(x)[1]
    if columns:
        matrix = np.array(columns).T
        sizes = np.linalg.norm(matrix, axis=0) + 1e-300
        slope = slope - matrix @ (nnls(matrix / sizes, slope)[0] / sizes)
    assert np.linalg.norm(slope) <= 1e-7 * (1 + np.linalg.norm(f.value_and_grad(x)[1]))


@pytest.mark.parametrize("number", LEAST)
def test_a_solver_from_the_start_finds_nothing_below(number):
    f = problems.get(f"hs{number}")
    with np.errstate(all="ignore"):
        found = minimize(
            lambda x: f.value_and_grad(x),
            f.x0(),
            jac=True,
            method="SLSQP",
            bounds=f.bounds,
            constraints=f.constraints,
            options={"ftol": 1e-14, "maxiter": 1000},
        )
    assert problems.Feasible(f.constraints, 1e-5)(found.x)  # SLSQP ends a little outside, 3e-6 in its older versions
    assert found.fun >= f.f_opt - 1e-6 * (1 + abs(f.f_opt)) - (1e-4 if number == 13 else 0)


def test_starts_are_moved_into_the_box():
    assert problems.get("hs2").x0().tolist() == [-2.0, 1.5]
    assert problems.get("hs45").x0().tolist() == [1.0, 2.0, 2.0, 2.0, 2.0]
    with pytest.raises(ValueError, match="hs71 is defined for n=4, got n=3"):
        problems.get("hs71", 3)
