"""Ledger: counts that are exact to the evaluation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, NonlinearConstraint

import problems
from problems import Feasible, Ledger, Objective


def lookup(x):
    return x[..., 0]


def ledger(**settings):
    return Ledger(Objective(lookup, 1, vectorized=True, jac=np.ones_like), **settings)


def naive(values, gradients):
    best, improved = np.inf, []
    for i, f in enumerate(values, 1):
        if f < best:
            best = f
            improved.append((i, i * gradients, f))
    return best, improved


numbers = st.one_of(st.floats(-5, 5), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308]))


@given(st.lists(st.lists(numbers, max_size=6), max_size=6), st.booleans())
def test_trace_against_a_plain_loop(batches, gradients):
    book = ledger(keep_trace=True)
    for batch in batches:
        x = np.array(batch, dtype=float).reshape(-1, 1)
        if gradients:
            book.value_and_grad(x)
        elif len(batch) == 1:
            book(x[0])
        else:
            book(x)
    values = [f for batch in batches for f in batch]
    best, improved = naive(values, gradients)
    assert book.nfev == len(values)
    assert book.njev == len(values) * gradients
    assert book.n_failed == sum(not f < np.inf for f in values)
    assert book.f_best == best
    assert (book.x_best is None) == (best == np.inf)
    if book.x_best is not None:
        assert book.x_best.shape == (1,)
        assert book.x_best[0] == best
    assert list(zip(*(column.tolist() for column in book.trace), strict=True)) == improved


def test_stacks_count_row_by_row():
    book = ledger(keep_trace=True)
    book(np.array([[[5.0], [3.0]], [[4.0], [1.0]]]))
    assert book.nfev == 4
    assert book.trace.nfev.tolist() == [1, 2, 4]
    assert book.x_best.tolist() == [1.0]


def test_points_evaluated_elsewhere():
    book = ledger(keep_trace=True)
    book.record(np.array([[3.0], [2.0]]), np.array([3.0, 2.0]), gradients=2)
    book.record([1.0], 1.0)
    book.record([0.0], np.nan)
    assert (book.nfev, book.njev, book.n_failed, book.f_best) == (4, 2, 1, 1.0)
    assert [column.tolist() for column in book.trace] == [[1, 2, 3], [1, 2, 2], [3.0, 2.0, 1.0]]


def test_best_point_is_a_copy():
    book = ledger()
    x = np.array([[2.0], [1.0]])
    book(x)
    x[:] = 9
    assert book.x_best.tolist() == [1.0]


def test_saved_and_loaded():
    book = ledger(keep_trace=True)
    book(np.array([[3.0], [np.nan], [2.0]]))
    state = book.state_dict()
    assert all(isinstance(v, int | float) or v.dtype.kind in "fi" for v in state.values())
    other = ledger(keep_trace=True)
    other.load_state_dict(state)
    for each in (book, other, pickle.loads(pickle.dumps(book))):
        each(np.array([[1.0]]))
        assert (each.nfev, each.n_failed, each.f_best, each.x_best.tolist()) == (4, 1, 1.0, [1.0])
        assert each.trace.nfev.tolist() == [1, 3, 4]
    empty = ledger()
    empty.load_state_dict(ledger().state_dict())
    assert empty.x_best is None
    assert empty.f_best == np.inf


def test_looks_like_its_objective():
    objective = Objective(lookup, 1, bounds=[(0, 1)], f_opt=0.0, name="line")
    book = Ledger(objective)
    assert (book.n, book.name, book.f_opt, book.bounds.ub.tolist()) == (1, "line", 0.0, [1.0])
    assert book.x0(3) == objective.x0(3)
    with pytest.raises(AttributeError):
        _ = book.nonsense
    assert Ledger(lookup)([2.0]) == 2.0


def test_mistakes():
    with pytest.raises(ValueError, match="objective is a Ledger already"):
        Ledger(ledger())
    with pytest.raises(ValueError, match=r"Ledger\(objective, keep_trace=True\)"):
        _ = ledger().trace
    with pytest.raises(ValueError, match="fun must be callable, got int"):
        Ledger(3)


def test_only_feasible_points_are_best():
    f = problems.get("ten-bar-truss")
    ledger = Ledger(f, keep_trace=True, feasible=Feasible(f.constraints))
    x = f.x_opt * np.array([[0.5], [1.2], [0.9], [1.1], [1.3]])
    values = ledger(x)
    assert (ledger.nfev, ledger.n_failed) == (5, 0)
    assert ledger.f_best == values[3]
    np.testing.assert_array_equal(ledger.x_best, x[3])
    assert ledger.trace.nfev.tolist() == [2, 4]
    assert ledger.trace.f.tolist() == values[[1, 3]].tolist()
    ledger(0.7 * f.x_opt)
    assert (ledger.nfev, ledger.f_best) == (6, values[3])
    ledger(f.x_opt)
    assert ledger.f_best == f.f_opt
    ledger(0.7 * x)
    assert ledger.f_best == f.f_opt
    assert ledger.nfev == 12


def test_forms_of_constraints():
    x = np.array([1.0, 2.0])
    for constraint, kept in (
        (NonlinearConstraint(lambda x: x, [0, 0], [1, 2]), True),
        (NonlinearConstraint(lambda x: x.sum(), -np.inf, 2.9), False),
        (NonlinearConstraint(lambda x: np.nan * x, 0, 1), False),
        (LinearConstraint([[1.0, 1.0]], 3, 3), True),
        (LinearConstraint([[1.0, -1.0]], 0, 3), False),
        ({"type": "ineq", "fun": lambda x: x[0] - 1}, True),
        ({"type": "ineq", "fun": lambda x, low: x[0] - low, "args": (1.5,)}, False),
        ({"type": "eq", "fun": lambda x: x[1] - 2 * x[0]}, True),
        ({"type": "eq", "fun": lambda x: x[1] - x[0]}, False),
    ):
        assert Feasible([constraint])(x) is kept
    assert Feasible([])(x)
    assert Feasible([LinearConstraint([[1.0, 1.0]], 0, 2.5)], tolerance=0.6)(x)
    with pytest.raises(ValueError, match="tolerance must not be negative, got -1"):
        Feasible([], -1)
