"""Functions with several values per point, and their ledger."""

import numpy as np
import pytest

from problems import MultiLedger, MultiObjective


def two(x):
    return np.stack([(x**2).sum(-1), abs(x - 1).sum(-1)], axis=-1)


@pytest.mark.parametrize("vectorized", [False, True])
def test_shapes(vectorized):
    f = MultiObjective(two, 3, vectorized=vectorized)
    assert f.objectives is None
    x = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(f(x), two(x))
    np.testing.assert_array_equal(f(x[0, 0]), two(x[0, 0]))
    assert f.objectives == 2


def test_lists_are_values_and_the_callers_points_are_left_alone():
    def vandal(x):
        x[:] = 7
        return [1, 2.5, 3]

    x = np.zeros((2, 3))
    np.testing.assert_array_equal(MultiObjective(vandal)(x), [[1, 2.5, 3]] * 2)
    assert not x.any()


def test_ledger():
    ledger = MultiLedger(MultiObjective(lambda x: [x[0], np.log(x[1])], 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        ledger(np.array([[1.0, 2.0], [1.0, -1.0]]))
        assert (ledger.nfev, ledger.njev, ledger.n_failed) == (2, 0, 1)
        ledger(np.array([[1.0, 0.0]]))  # -inf is the least there is
    assert (ledger.nfev, ledger.njev, ledger.n_failed) == (3, 0, 1)
    other = MultiLedger(ledger.objective)
    other.load_state_dict(ledger.state_dict())
    assert (other.nfev, other.n_failed) == (3, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiObjective(two, jac=lambda x: x), "jac has no meaning for several objectives"),
        (lambda: MultiObjective(lambda x: 1.0, 2)(np.ones(2)), r"shape \(m,\), one value for each objective, got \(\)"),
        (lambda: MultiObjective(lambda x: None, 2)(np.ones(2)), r"shape \(m,\)"),
        (lambda: MultiObjective(lambda x: ["a"], 2)(np.ones(2)), "must hold real numbers"),
        (lambda: MultiObjective(lambda x: np.ones(int(x[0])), 1)([[2.0], [3.0]]), r"shape \(2,\).*got \(3,\)"),
        (lambda: MultiObjective(lambda x: x.sum(-1), 2, vectorized=True)(np.ones((4, 2))), r"shape \(4, m\)"),
        (lambda: MultiObjective(two, 3)(np.ones(2)), r"x must have shape \(..., 3\)"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
