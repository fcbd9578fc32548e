"""Sums over coordinates: what a search that is about to end still looks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import es
import problems
from es.auto.line import Line


def searched(f: Any, n: int, seed: int, **more: Any) -> es.SeparableSearch:
    rng = np.random.default_rng(seed)
    x0, sigma0 = rng.uniform(-4, 4, n), rng.uniform(0.3, 2)
    opt = es.SeparableSearch(x0, sigma0, rng=seed, **{"bounds": [(-5, 5)] * n, **more})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, np.asarray(f(x), dtype=float))
    return opt


@pytest.mark.parametrize("n", [3, 5, 20])
def test_a_coupling_far_from_the_minimum_is_found_out(n: int) -> None:
    for seed in range(1, 7):
        assert "coupled" in searched(problems.get("trap-coupled-far", n=n, seed=seed), n, seed).stop(), seed


def test_a_coupling_in_one_corner_is_found_out_in_two_variables() -> None:
    def corner(x: Any) -> Any:
        return (x * x).sum(-1) + np.maximum(x.sum(-1) - 6.0, 0.0) ** 2

    for seed in range(20):
        assert "coupled" in searched(corner, 2, seed).stop(), seed


@pytest.mark.parametrize("bounds", [[(-5, 5)] * 4, [(-5, np.inf)] * 4, None])
def test_a_sum_stays_one_to_the_end(bounds: Any) -> None:
    scale = 10.0 ** np.arange(4)
    for seed in range(5):
        opt = searched(lambda x: (scale * (x - 0.5) ** 2).sum(-1) + 7.0, 4, seed, bounds=bounds)
        assert list(opt.stop()) == ["converged"]
        assert np.allclose(opt.x_best, 0.5, atol=1e-6)


def test_what_is_better_outside_is_searched() -> None:
    def lower_beyond(x: Any) -> Any:  # a second, lower minimum at 4.4, behind a rise
        return np.minimum((x + 3) ** 2, 30 * np.maximum(np.abs(x - 4.4) - 0.5, 0.0) ** 2 + (x - 4.4) ** 2 - 2).sum(-1)

    found = 0
    for seed in range(4):
        opt = es.SeparableSearch(np.full(3, -2.5), 0.2, bounds=[(-5, 5)] * 3, rng=seed, most=150)
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, lower_beyond(x))
        found += bool(abs(opt.f_best + 6) < 1e-9)
    assert found >= 3


@pytest.mark.parametrize("rate", [5, 30])
def test_no_success_where_values_grow_too_fast_to_be_told_apart(rate: int) -> None:
    for seed in range(1, 5):
        with np.errstate(over="ignore"):
            opt = searched(lambda x: np.exp(rate * np.abs(x - 1)).sum(-1), 3, seed, bounds=None)
        near = np.allclose(opt.x_best, 1, atol=1e-6)
        assert near if "converged" in opt.stop() else "tolflatfitness" in opt.stop()
        assert near or rate == 30  # the first values are beyond 1e16 times the last


def test_places_beyond_the_last_samples() -> None:
    line = Line(-5.0, np.inf, 1.0)
    for t in (-2.0, 0.0, 1.0):
        line.add(t, t * t)
    assert line.outside(0.5) == [-3.5, 2.5]
    line.add(-5.0, 25.0)
    assert line.outside(0.5) == [4.0]
