"""Descents whose steps were made for a start far above: what they look at before they claim that there is no more."""

from __future__ import annotations

import numpy as np
import pytest

import es

DESCENTS = [info.name for info in es.methods() if info.kind == "gradient"]


def rosenbrock(x):
    return 100 * (x[..., 1] - x[..., 0] ** 2) ** 2 + (1 - x[..., 0]) ** 2


def walled(x):
    return rosenbrock(x) + np.where(x[..., 0] > 2, 1e20 * (x[..., 0] - 2.0) ** 2, 0.0)


def steep_start(x):
    return 1e-3 * np.exp(np.minimum(x[..., 0] ** 2, 700.0)) + rosenbrock(x - 0.5)


def repelled(x):
    return 4 * ((1 / x[..., 0]) ** 12 - (1 / x[..., 0]) ** 6) + 1e-3 * (x[..., 1] - x[..., 0]) ** 2


CASES = {
    "walled": (walled, [3.0, 1.0], 0.0),
    "steep_start": (steep_start, [8.0, 3.0], 0.0093),
    "repelled": (repelled, [0.01, 0.0], -1.0),
}


@pytest.mark.parametrize("method", DESCENTS)
@pytest.mark.parametrize("name", CASES)
def test_a_slope_is_no_minimum_however_steep_the_start_was(name, method):
    """Adam claimed success at 0.558, Nesterov at 973938.7 and RMSprop at the wall, where the minima are near 0."""
    fun, x0, least = CASES[name]
    res = es.minimize(fun, x0, method=method, maxfevals=8000)
    assert not res.success or res.fun < least + 1e-6, res


def test_adam_goes_on_from_there_in_a_stack_and_after_a_break_as_alone(tmp_path):
    alone = es.minimize(walled, [3.0, 1.0], method="adam", maxfevals=8000)
    assert alone.success and alone.fun < 1e-12
    stack = es.minimize_runs(
        walled, [[0.5, 0.5], [3.0, 1.0], [-1.2, 1.0]], method="adam", maxfevals=8000, vectorized=True
    )
    assert stack[1].x.tolist() == alone.x.tolist() and stack[1].nfev == alone.nfev
    assert all(res.success for res in stack)
    for most in range(1828, 1848, 3):  # while it looks
        file = tmp_path / f"{most}.npz"
        es.minimize(walled, [3.0, 1.0], method="adam", maxfevals=most, checkpoint=file)
        resumed = es.minimize(walled, [3.0, 1.0], method="adam", maxfevals=8000, checkpoint=file)
        assert (resumed.nfev, resumed.x.tolist()) == (alone.nfev, alone.x.tolist())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e-200, 1e-100, 1e100, 1e200])
@pytest.mark.parametrize("method", DESCENTS)
def test_gradients_of_any_size_overflow_nothing(method, size):
    def bowl(x):
        return size * ((x - 1) ** 2).sum(-1)

    res = es.minimize(bowl, [3.0, 3.0], method=method, maxfevals=3000)
    assert np.abs(res.x - 1).max() < 1e-2
    assert res.success or method in ("sgd", "adamw"), res  # slow; whose decay pulls it off the minimum
    stack = es.minimize_runs(bowl, [[3.0, 3.0], [0.0, 2.0]], method=method, maxfevals=3000, vectorized=True)
    assert stack[0].x.tolist() == res.x.tolist()
