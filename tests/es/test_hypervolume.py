"""`es.hypervolume` as a function of its own: what it takes, what it refuses, and numbers of any size."""

import numpy as np
import pytest

import es

LARGEST = np.finfo(float).max


@pytest.mark.parametrize("m", range(1, 9))
def test_minus_infinity_is_infinite_where_the_row_is_below_the_reference(m):
    if m > 3:
        pytest.importorskip("moocore")
    lowest = np.full((2, m), 0.2)
    lowest[0, 0] = -np.inf
    assert es.hypervolume(lowest, np.ones(m)) == np.inf
    if m > 1:
        lowest[0, 1] = 1.0  # at the reference: it dominates nothing that counts
        assert es.hypervolume(lowest, np.ones(m)) == pytest.approx(0.8**m, rel=3e-3)


@pytest.mark.parametrize("m", range(1, 9))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_has_failed_adds_nothing(m, bad):
    if m > 3:
        pytest.importorskip("moocore")
    f = np.full((3, m), 0.5)
    f[0] = 0.0
    f[0, -1] = bad
    f[1] = bad
    assert es.hypervolume(f, np.ones(m)) == es.hypervolume(f[2:], np.ones(m)) == pytest.approx(0.5**m, rel=3e-3)
    assert es.hypervolume(f[:2], np.ones(m)) == 0


def test_lists_and_whole_numbers():
    assert es.hypervolume([[0, 1], [1, 0]], [2, 2]) == 3
    assert es.hypervolume(np.empty((0, 2)), [1, 1]) == 0


@pytest.mark.parametrize(
    ("f", "reference", "words"),
    [
        ([[0, 0]], [np.nan, 1], r"reference must be finite, of shape \(2,\), got \[nan, 1\]"),
        ([[0, 0]], [np.inf, 1], "reference must be finite"),
        ([[0, 0]], 1.0, r"reference must be finite, of shape \(2,\), got 1.0"),
        ([[0, 0]], [1, 1, 1], r"reference must be finite, of shape \(2,\)"),
        ([[0, 0]], "worst", "reference must hold real numbers, got 'worst'"),
        ([0, 0], [1, 1], r"f must have shape \(number of points, number of objectives\), got \(2,\)"),
        (np.empty((2, 0)), [], r"f must have shape \(number of points, number of objectives\), got \(2, 0\)"),
        ([[1j, 0]], [1, 1], "f must hold real numbers"),
        ([[0, 0], [1]], [1, 1], "f must hold real numbers"),
        (np.ma.masked_array([[0, 0]], [[1, 0]]), [1, 1], "f must be a plain array"),
    ],
)
def test_what_is_refused(f, reference, words):
    with pytest.raises(ValueError, match=words):
        es.hypervolume(f, reference)


@pytest.mark.parametrize("reference", [[], [[1, 1]], 2.0, [1, np.nan], "worst"])
def test_a_run_refuses_the_same_references(reference):
    with pytest.raises(ValueError, match="reference must"):
        es.minimize(lambda x: [x @ x, x @ x], [1.0], method="mo-cmaes", options={"reference": reference})


@pytest.mark.parametrize(
    ("f", "reference", "volume"),
    [
        ([[-1e200, -1e200], [-2e200, 0]], [1, 1], np.inf),  # more than the largest number
        ([[-1e200, -1e-200], [-1e-200, -1e200]], [0, 0], 2.0),
        ([[-LARGEST, -1e-300]], [LARGEST, 0], LARGEST * 1e-300 * 2),
        ([[-1e-170, -1e-170, -1e200]], [0, 0, 0], 1e-140),  # the first product is below the least number
        ([[-1e-170, -1e-170, -1e200, -1e200]], [0, 0, 0, 0], 1e60),
        ([[-1e200] * 4, [-2e200, 0, 0, 0]], [0] * 4, np.inf),
        ([[-1e300] * 4 + [-1e-300] * 4], [0] * 8, 1.0),
        ([[-5e-324]], [0], 5e-324),
    ],
)
def test_numbers_of_any_size(f, reference, volume):
    if len(reference) > 3:
        pytest.importorskip("moocore")
    assert es.hypervolume(f, reference) == pytest.approx(volume, rel=3e-3 if len(reference) == 8 else 1e-14)


@pytest.mark.parametrize("m", range(1, 9))
def test_units_of_objectives_are_units_of_the_volume(m):
    """By directions too, where they would else see but the objective of least span."""
    if m > 3:
        pytest.importorskip("moocore")
    f, units = np.random.default_rng(m).random((9, m)), 10.0 ** np.arange(m)[::-1]
    volume = es.hypervolume(f, np.ones(m))
    assert es.hypervolume(f * units, units) / units.prod() == pytest.approx(volume, rel=0.02 if m > 6 else 1e-12)
