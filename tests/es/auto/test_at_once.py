"""Points for many workers at once: fewer rounds, the same answers, and nothing changes where it is not asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import es
from es.auto.coordinates import Coordinates
from problems import bbob


def rounds(opt: Any, f: Any, workers: int) -> int:
    count = 0
    while not opt.stop():
        x = opt.ask()
        count += -(-len(x) // workers)
        opt.tell(x, np.asarray(f(x), dtype=float))
    return count


def start(n: int, seed: int) -> dict[str, Any]:
    x0 = np.random.default_rng(seed).uniform(-4, 4, n)
    return {"x0": x0, "sigma0": 2.0, "bounds": [(-5, 5)] * n, "rng": seed}


def test_fewer_rounds_to_the_same_target() -> None:
    logs = []
    for f in (2, 11, 14):
        for instance in range(101, 105):
            problem = bbob.make(f"bbob-f{f}", 10, instance)
            stop = {"maxfevals": 5000, "ftarget": float(problem.f_opt or 0) + 1e-8}
            given = start(10, instance) | {"stop": stop}
            together = rounds(es.Auto(**given, at_once=11), problem, 11)
            logs.append(np.log(together / rounds(es.Auto(**given), problem, 11)))
    assert np.mean(logs) < np.log(0.9)


def test_the_path_of_a_quasi_newton_run_does_not_depend_on_it() -> None:
    problem = bbob.make("bbob-f10", 10, 101)
    paths = []
    for at_once in (1, 11):
        opt, best = es.QuasiNewton(**start(10, 1), at_once=at_once, stop={"maxfevals": 400}), []
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, problem(x))
            assert opt._search is not None
            best.append(float(opt._search.f))
        paths.append(list(dict.fromkeys(best)))
    length = min(map(len, paths))
    assert length > 15 and paths[0][:length] == paths[1][:length]


def test_it_is_saved_half_way_through() -> None:
    problem = bbob.make("bbob-f9", 6, 101)
    given = start(6, 3) | {"stop": {"maxfevals": 700}, "at_once": 8}
    whole = es.Auto(**given)
    points = []
    while not whole.stop():
        x = whole.ask()
        points.append(x)
        whole.tell(x, problem(x))
    opt = es.Auto(**given)
    for k in range(len(points)):
        if k % 5 == 3:
            saved = opt.state_dict()
            opt = es.Auto(**given)
            opt.load_state_dict(saved)
        x = opt.ask()
        assert np.array_equal(x, points[k])
        opt.tell(x, problem(x))


@pytest.mark.parametrize("at_once", [3, 5, 100])
def test_the_first_look_tells_sums_from_others(at_once: int) -> None:
    scale = 10.0 ** np.arange(5)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    low, high = np.full(5, -5.0), np.full(5, 5.0)
    for seed in range(20):
        x = np.random.default_rng(seed).uniform(-4, 4, 5)
        for f, additive in (
            (lambda x: (scale * (x - 0.3) ** 2).sum(-1) + 1e3, True),
            (lambda x: (scale * ((x - 0.3) @ turn) ** 2).sum(-1) + 1e3, False),
        ):
            look = Coordinates(x, float(f(x)), np.full(5, 1.0), low, high, seed, at_once)
            seen = [float(f(x))]
            while look.asked is not None:
                values = f(look.asked)
                seen += values.tolist()
                look.tell(values)
            assert look.additive is additive
            assert look.f == min(seen) or additive
            assert look.base_f == pytest.approx(float(f(look.base)))


def test_kinks_do_not_pass_for_sums() -> None:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    for f in (lambda x: np.abs(x - 0.3).max(-1), lambda x: np.abs((x - 0.3) @ turn).sum(-1)):
        for seed in range(6):
            opt = es.Auto(**start(5, seed), at_once=5, stop={"maxfevals": 300})
            rounds(opt, f, 5)
            assert "additive" not in opt.verdict


def test_a_value_that_is_missing_in_a_batch() -> None:
    def half(x: Any) -> Any:
        return np.where(x[..., 0] > 1.0, np.nan, ((x + 1) ** 2).sum(-1))

    opt = es.Auto([0.5, 3.0, 3.0], 1.0, bounds=[(-5, 5)] * 3, rng=1, at_once=4, stop={"ftarget": 1e-9})
    rounds(opt, half, 4)
    assert opt.f_best < 1e-9


def test_what_it_must_be() -> None:
    for cls in (es.Auto, es.QuasiNewton):
        with pytest.raises(ValueError, match="at_once must be at least 1, got 0"):
            cls([1.0, 2.0], at_once=0)
    res = es.minimize(
        lambda x: ((x - 1) ** 2).sum(), [3.0] * 4, method="auto", options={"at_once": 4}, ftarget=1e-9, rng=1
    )
    assert res.success and res.fun < 1e-9
