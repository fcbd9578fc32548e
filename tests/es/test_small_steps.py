"""Steps that became small for another reason than that they are at a minimum are no success of a (1+1)-ES."""

import numpy as np
import pytest

import es
from tests.es.table import sphere


@pytest.mark.parametrize("weight", [10.0, 30.0])
def test_steps_of_a_one_plus_one_that_became_small_at_a_kink_begin_again(weight):
    def kink(x):
        return abs(x[0] + x[1]) + weight * abs(x[0] - x[1])

    alone = [es.minimize(kink, [3.2, 2.4], method="one-plus-one", rng=seed) for seed in range(3)]
    stacked = es.minimize_runs(kink, np.tile([3.2, 2.4], (2, 1)), method="one-plus-one", rng=0)
    for res in (*alone, *stacked):
        assert not res.success or res.fun < 1e-6, res.message
        assert res.nfev < 20_000


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_one_plus_one_at_the_tip_of_a_cusp_is_a_success(n):
    for power in (0.5, 1.0):
        res = es.minimize(lambda x, p=power: sphere(x - 0.4) ** (p / 2), np.full(n, 3.0), method="one-plus-one", rng=1)
        assert res.success and res.fun < 1e-5 and set(res.stop) == {"tolx"}, res.message


@pytest.mark.parametrize("noise", [1e-3, 0.1])
def test_steps_that_became_small_in_noise_are_no_success(noise):
    for seed in range(3):
        draws = np.random.default_rng(seed)
        res = es.minimize(
            lambda x: float(sphere(x - 0.7) + noise * draws.normal()),  # noqa: B023
            [2.0, -1.0, 3.0], method="one-plus-one", rng=seed,
        )  # fmt: skip
        assert not res.success, res.message


@pytest.mark.parametrize("unit", [1e-12, 1e-30])
def test_a_one_plus_one_in_small_units_of_f_goes_as_far_as_in_others(unit):
    for seed in range(3):
        res = es.minimize(lambda x: unit * sphere(x - 0.7), [2.0, 3.0], method="one-plus-one", rng=seed)
        assert res.success and res.fun < 1e-9 * unit, res.message
