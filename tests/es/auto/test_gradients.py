"""Gradients in `auto`: used where they are worth their price, left out where they are wrong, noisy or jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import es
from es.auto.worth import Worth

N = 6
TURN = np.linalg.qr(np.random.default_rng(5).normal(size=(N, N)))[0]
AXES = 10.0 ** np.linspace(0, 3, N)
PLACE = np.random.default_rng(6).uniform(-2, 2, N)
Map = Callable[[Any], Any]


def ellipsoid(x: Any) -> float:
    z = TURN @ (x - PLACE)
    return float((AXES * z * z).sum())


def slope(x: Any) -> Any:
    return TURN.T @ (2 * AXES * (TURN @ (x - PLACE)))


def rosenbrock(x: Any) -> float:
    x = x - PLACE + 1
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def rosenbrock_slope(x: Any) -> Any:
    x, g = x - PLACE + 1, np.zeros(N)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def largest(x: Any) -> float:
    return float((np.sqrt(AXES) * np.abs(TURN @ (x - PLACE))).max())


def largest_slope(x: Any) -> Any:
    z = np.sqrt(AXES) * (TURN @ (x - PLACE))
    i = int(np.abs(z).argmax())
    return TURN[i] * np.sqrt(AXES[i]) * np.sign(z[i])


def noisy(g: Map, relative: float, absolute: float = 0.0) -> Map:
    rng = np.random.default_rng(1)
    return lambda x: g(x) * (1 + relative * rng.standard_normal(N)) + absolute * rng.standard_normal(N)


def sometimes(g: Map) -> Map:
    rng = np.random.default_rng(1)
    return lambda x: g(x) if rng.random() < 0.5 else -g(x)


BAD: dict[str, Callable[[Map], Map]] = {
    "noise of 1e-2": lambda g: noisy(g, 1e-2),
    "noise of 0.3": lambda g: noisy(g, 0.3),
    "noise as large": lambda g: noisy(g, 2.0),
    "noise added": lambda g: noisy(g, 0.0, 1.0),
    "a millionth": lambda g: lambda x: 1e-6 * g(x),
    "a million times": lambda g: lambda x: 1e6 * g(x),
    "the other way": lambda g: lambda x: -g(x),
    "the other way at times": sometimes,
    "half of it": lambda g: lambda x: np.where(np.arange(N) < N // 2, g(x), 0.0),
    "in steps": lambda g: lambda x: np.round(g(x), 1),
    "zero": lambda g: lambda x: np.zeros(N),
    "a constant": lambda g: lambda x: np.ones(N),
    "no numbers": lambda g: lambda x: np.full(N, np.nan),
    "wrong near the minimum": lambda g: lambda x: g(x) if np.abs(x - PLACE).max() > 0.5 else -g(x),
}


def solved(f: Map, g: Map | None, seed: int, **more: Any) -> Any:
    x0 = np.random.default_rng(seed).uniform(-4, 4, N)
    given = {"maxfevals": 3000, "ftarget": 1e-8, "sigma0": 1.0} | more
    return es.minimize(f, x0, method="auto", jac=g, rng=seed, **given)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(("f", "g"), [(ellipsoid, slope), (rosenbrock, rosenbrock_slope)])
def test_bad_gradients_cost_little(f: Map, g: Map, kind: str) -> None:
    alone = beside = 0
    for seed in range(3):
        res = solved(f, BAD[kind](g), seed)
        assert res.success, (res.message, res.fun)
        beside += res.nfev + res.njev
        alone += solved(f, None, seed).nfev
    assert beside < 2.5 * alone


@pytest.mark.parametrize("relative", [1e-2, 0.3])
def test_noise_of_gradients_is_told(relative: float) -> None:
    messages = [solved(ellipsoid, noisy(slope, relative), seed).message for seed in range(4)]
    told = ["gradients are noisy" in message or "not that of f" in message for message in messages]
    assert sum(told) >= 3  # the target may be reached before it shows


def test_gradients_of_single_precision_are_of_use() -> None:
    res = solved(rosenbrock, lambda x: rosenbrock_slope(x).astype(np.float32).astype(float), 0)
    assert res.success and res.nfev + res.njev < 0.7 * solved(rosenbrock, None, 0).nfev


def test_no_success_is_claimed_at_a_kink() -> None:
    for seed in range(6):
        res = solved(largest, largest_slope, seed, ftarget=None, maxfevals=2500)
        assert res.fun < 1e-3 or not res.success, (seed, res.message)
        res = es.minimize(largest, np.random.default_rng(seed).uniform(-4, 4, N), method="quasi-newton",
                          jac=largest_slope, options={"gradient": True}, rng=seed, maxfevals=2500)  # fmt: skip
        assert res.fun < 1e-3 or not res.success, (seed, res.message)


def test_a_gradient_that_costs_too_much_is_not_asked_for() -> None:
    cheap, dear = (solved(rosenbrock, rosenbrock_slope, 0, options={"gradient_cost": cost}) for cost in (0.5, 50.0))
    assert cheap.njev > 20 and dear.njev == 0
    assert dear.nfev == solved(rosenbrock, None, 0).nfev


def test_costs_that_were_measured_decide() -> None:
    worth = Worth(10, 1.0)
    assert worth.wanted()
    worth.count(True, 100.0)
    assert worth.wanted()  # differences are thought to cost three times as much: not tried
    worth.count(False, 60.0)
    assert not worth.wanted()
    worth.count(False, 500.0)
    assert worth.wanted()
    near = Worth(10, 7.0)
    assert near.wanted()
    near.count(True, 100.0)
    assert not near.wanted()  # so near that both are tried
    near.count(False, 120.0)
    assert near.wanted()
    assert not Worth(10, 11.0).wanted()


@pytest.mark.parametrize("cost", [-1.0, np.nan, np.inf, "dear"])
def test_a_price_that_is_none(cost: Any) -> None:
    with pytest.raises(ValueError, match="gradient_cost must"):
        es.Auto([1.0, 2.0], gradient_cost=cost)


def test_restarts_use_what_has_cost_less_and_are_saved() -> None:
    def many(x: Any) -> float:
        return float((x * x - 10 * np.cos(2 * np.pi * (TURN @ x)) + 10).sum() / 10)

    def many_slope(x: Any) -> Any:
        return (2 * x + TURN.T @ (20 * np.pi * np.sin(2 * np.pi * (TURN @ x)))) / 10

    def make() -> es.Auto:
        x0 = np.random.default_rng(2).uniform(-4, 4, N)
        return es.Auto(x0, 1.0, bounds=[(-5, 5)] * N, gradient=True, gradient_cost=4.0, rng=1)

    def run(opt: es.Auto, turns: int) -> list[Any]:
        seen = []
        for _ in range(turns):
            x = opt.ask()
            seen.append(x.tolist())
            g = np.array([many_slope(p) for p in x]) if opt.wants_gradient else None
            opt.tell(x, [many(p) for p in x], g)
        return seen

    a, b = make(), make()
    run(a, 230)
    b.load_state_dict(a.state_dict())
    assert run(a, 150) == run(b, 150)
    assert vars(a.worth) == vars(b.worth)
