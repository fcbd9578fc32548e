"""Control: the dynamics against gymnasium's, policies that solve the tasks, rollouts of populations."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import problems
from problems.control.systems import Balance, Pendulum, SwingUp


def test_a_good_linear_policy_balances():
    f = problems.get("cartpole-balance", starts=20)
    assert f.n == 5
    good = np.array([1.0, 1.5, 10.0, 3.0, 0.0])
    assert f(good) == f.f_opt == 0.0
    bad = f(-good)
    assert 0.95 < bad < 1.0
    np.testing.assert_array_equal(f(np.stack([good, -good])), [0.0, bad])


def test_swing_up_values():
    f = problems.get("cartpole-swingup", hidden=0, starts=1)
    still = f(np.zeros(f.n))
    assert 0.95 < still < 1.05  # left hanging
    standing = SwingUp()
    state = tuple(np.zeros(1) for _ in range(4))
    assert standing.step(state, np.zeros(1))[1] == 0


def test_energy_of_the_free_cart_pole_stays():
    """Total energy of the unforced system, by which sign and coupling errors in the equations show."""
    system = SwingUp()
    system.dt = 1e-4
    state = tuple(np.array([v]) for v in (0.0, 0.3, 2.0, -0.5))

    def energy(state):
        _, speed, turn, spin = (float(part[0]) for part in state)
        m, l = system.pole, system.half
        kinetic = 0.5 * (system.cart + m) * speed**2 + m * l * speed * spin * np.cos(turn) + 2 / 3 * m * l**2 * spin**2
        return kinetic + m * system.gravity * l * np.cos(turn)

    start = energy(state)
    for _ in range(10000):
        state, _ = system.step(state, np.zeros(1))
    assert energy(state) == pytest.approx(start, abs=2e-3)


def test_pendulum_by_hand():
    system = Pendulum()
    (turn, spin), cost = system.step((np.array([3.5]), np.array([7.9])), np.array([10.0]))
    assert cost[0] == pytest.approx((3.5 - 2 * np.pi) ** 2 + 0.1 * 7.9**2 + 0.001 * (2 * np.tanh(10)) ** 2)
    assert spin[0] == pytest.approx(min(7.9 + 0.05 * (15 * np.sin(3.5) + 6 * np.tanh(10)), 8))
    assert turn[0] == pytest.approx(3.5 + 0.05 * spin[0])


@pytest.mark.parametrize(("name", "h"), [("cartpole-swingup", 1e-6), ("pendulum", 1e-9)])
def test_gradients_through_the_dynamics(name, h):
    """The pendulum has kinks where it turns over and where its speed is capped, hence the small step."""
    f = problems.get(name, starts=2)
    x = np.stack([f.x0(seed) for seed in range(3)])
    value, slope = f.value_and_grad(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-12)
    d = np.random.default_rng(0).standard_normal(f.n)
    expected = (f(x + h * d) - f(x - h * d)) / (2 * h)
    np.testing.assert_allclose((slope * d).sum(-1), expected, rtol=2e-3, atol=1e-4 * np.abs(slope).max())


def test_fresh_starts_are_noise():
    f = problems.get("pendulum", fresh=True, seed=2)
    x = f.x0(0)
    assert f.noisy
    both = f(np.stack([x, x]))
    assert both[0] == both[1]
    assert f(x) != both[0]
    fixed = problems.get("pendulum", seed=2)
    assert not fixed.noisy
    assert fixed(x) == fixed(x)
    assert problems.get("pendulum", seed=3)(x) != fixed(x)


@pytest.mark.heavy
def test_balance_equals_gymnasium():
    gymnasium = pytest.importorskip("gymnasium")
    env, system, rng = gymnasium.make("CartPole-v1"), Balance(), np.random.default_rng(0)
    for seed in range(5):
        seen, _ = env.reset(seed=seed)
        env.unwrapped.state = state = seen.astype(float)
        mine = (*(np.array([v]) for v in state), np.array([True]))
        over, steps = False, 0
        while not over:
            push = int(rng.integers(2))
            mine, cost = system.step(mine, np.array([push - 0.5]))
            _, reward, over, _, _ = env.step(push)
            steps += 1
            assert -cost[0] == reward
            np.testing.assert_allclose([part[0] for part in mine[:4]], env.unwrapped.state, rtol=1e-12)
            assert mine[4][0] == (not over)
        assert steps > 5


@pytest.mark.heavy
def test_pendulum_equals_gymnasium():
    gymnasium = pytest.importorskip("gymnasium")
    env, system, rng = gymnasium.make("Pendulum-v1"), Pendulum(), np.random.default_rng(0)
    env.reset(seed=3)
    mine = tuple(np.array([v]) for v in env.unwrapped.state)
    for _ in range(200):
        action = rng.uniform(-2, 2)
        mine, cost = system.step(mine, np.array([np.arctanh(action / 2)]))
        _, reward, _, _, _ = env.step(np.array([action]))
        assert -cost[0] == pytest.approx(reward, rel=1e-6)
        env.unwrapped.state = np.array([part[0] for part in mine])


@pytest.mark.heavy
def test_gym_adapter_on_real_environments():
    pytest.importorskip("gymnasium")
    f = problems.get("gym", env="CartPole-v1", episodes=2)
    good = np.array([-1.0, -1.5, -10.0, -3.0, 1.0, 1.5, 10.0, 3.0, 0.0, 0.0])
    assert f(good) == -500
    assert f(-good) > -20
    np.testing.assert_array_equal(f(np.stack([good, -good])), [-500, f(-good)])
    assert pickle.loads(pickle.dumps(f))(good) == -500
    swing = problems.get("gym:env=Pendulum-v1,hidden=4,episodes=1")
    assert swing.n == 3 * 4 + 4 + 4 + 1
    x = swing.x0(0)
    assert swing(x) == swing(x) > 100
    fresh = problems.get("gym:env=Pendulum-v1,episodes=1,fresh=true")
    assert fresh.noisy
    assert fresh(fresh.x0(0)) != fresh(fresh.x0(0))
    with pytest.raises(ValueError, match="has no gradient"):
        f.value_and_grad(good)
    with pytest.raises(ValueError, match="env must be one that gymnasium can make, got 'Nonsense-v0'"):
        problems.get("gym", env="Nonsense-v0")
    with pytest.raises(ValueError, match="must observe numbers"):
        problems.get("gym", env="FrozenLake-v1")
    with pytest.raises(ValueError, match="defined for n=10, got n=3"):
        problems.get("gym", n=3)
    with pytest.raises(ValueError, match="episodes must be at least 1"):
        problems.get("gym", episodes=0)
