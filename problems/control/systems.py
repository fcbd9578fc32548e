"""Dynamics of cart-pole and pendulum, written for many policies and starts at once: each quantity is (..., starts)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

State = tuple[Any, ...]


class System(ABC):
    """What a `Rollout` steers."""

    observations: int
    """Length of what the policy sees."""
    steps: int
    """Length of an episode."""
    differentiable: bool

    @abstractmethod
    def start(self, rng: np.random.Generator, starts: int) -> State:
        """Start states, each quantity of shape (starts,)."""

    @abstractmethod
    def observe(self, state: State) -> Any:
        """What the policy sees: (..., observations, starts)."""

    @abstractmethod
    def step(self, state: State, action: Any) -> tuple[State, Any]:
        """The next state and the cost of this step, for the policy's output (..., starts)."""

    def over(self, state: State) -> bool:
        """Whether nothing that is still to come costs anything: by default never."""
        return False

    def finish(self, total: Any) -> Any:
        """The value of an episode from the sum of its costs: by default the sum itself."""
        return total


class _CartPole(System):
    """Cart of 1 kg with a pole of 0.1 kg and 1 m, hinged without friction.

    Barto, Sutton & Anderson 1983, IEEE Trans. Systems, Man, and Cybernetics 13; equations without friction.
    """

    gravity, cart, pole, half, dt, force = 9.8, 1.0, 0.1, 0.5, 0.02, 10.0

    def accelerations(self, turn: Any, spin: Any, force: Any) -> tuple[Any, Any]:
        """Of cart and angle; angle 0 is upright."""
        total, moment = self.cart + self.pole, self.pole * self.half
        sine, cosine = np.sin(turn), np.cos(turn)
        push = (force + moment * spin * spin * sine) / total
        angular = (self.gravity * sine - cosine * push) / (
            self.half * (4.0 / 3.0 - self.pole * cosine * cosine / total)
        )
        return push - moment * angular * cosine / total, angular


class Balance(_CartPole):
    """Keep the pole within 12 degrees and the cart within 2.4 m, pushing left or right with all force.

    The value is the share of the 500 steps (10 s) that were lost, so 0 is perfect. The rules are those of gymnasium's
    CartPole-v1: the sign of the policy's output is the action, so there is no gradient.
    """

    observations, steps, differentiable = 4, 500, False

    def start(self, rng: np.random.Generator, starts: int) -> State:
        """Position, speed, angle, angular speed within 0.05 of zero, and whether the pole still stands."""
        return (*rng.uniform(-0.05, 0.05, (4, starts)), np.ones(starts, dtype=bool))

    def observe(self, state: State) -> Any:
        """Position, speed, angle, angular speed."""
        return np.stack(state[:4], axis=-2)

    def step(self, state: State, action: Any) -> tuple[State, Any]:
        """A step that is begun standing counts one; a fallen pole stays as it is."""
        place, speed, turn, spin, stands = state
        linear, angular = self.accelerations(turn, spin, np.where(action > 0, self.force, -self.force))
        moved = (
            place + self.dt * speed * stands,
            speed + self.dt * linear * stands,
            turn + self.dt * spin * stands,
            spin + self.dt * angular * stands,
        )
        inside = (np.abs(moved[0]) <= 2.4) & (np.abs(moved[2]) <= 12.0 * np.pi / 180.0)
        return (*moved, stands & inside), -1.0 * stands

    def over(self, state: State) -> bool:
        """Whether all poles have fallen."""
        return not state[4].any()

    def finish(self, total: Any) -> Any:
        """Share of the steps that were lost."""
        return 1.0 + total / self.steps


class SwingUp(_CartPole):
    """Swing the hanging pole up and hold it there, with a force of at most 10 N, within 5 s.

    The value is the mean over time of (1 - cos angle) / 2 + (position / 2.4)^2 / 10: smooth in the policy, with local
    minima such as a pole that is spun or left hanging.
    """

    observations, steps, differentiable = 5, 250, True

    def start(self, rng: np.random.Generator, starts: int) -> State:
        """At rest within 0.1 of hanging in the middle."""
        place, speed, turn, spin = rng.uniform(-0.1, 0.1, (4, starts))
        return place, speed, np.pi + turn, spin

    def observe(self, state: State) -> Any:
        """Position, speed, sine and cosine of the angle, angular speed, each brought to about one."""
        place, speed, turn, spin = state
        return np.stack([place, 0.5 * speed, np.sin(turn), np.cos(turn), 0.2 * spin], axis=-2)

    def step(self, state: State, action: Any) -> tuple[State, Any]:
        """Semi-implicit Euler, which keeps the energy of a swing to first order."""
        place, speed, turn, spin = state
        linear, angular = self.accelerations(turn, spin, self.force * np.tanh(action))
        speed = speed + self.dt * linear
        spin = spin + self.dt * angular
        place = place + self.dt * speed
        turn = turn + self.dt * spin
        return (place, speed, turn, spin), 0.5 - 0.5 * np.cos(turn) + (0.1 / 2.4**2) * place * place

    def finish(self, total: Any) -> Any:
        """Mean over time."""
        return total / self.steps


class Pendulum(System):
    """Swing a pendulum up with too weak a motor: the equations, costs and starts of gymnasium's Pendulum-v1.

    The value is the sum over 200 steps of angle^2 + 0.1 spin^2 + 0.001 torque^2, minus the return; below 200 is good.
    """

    observations, steps, differentiable = 3, 200, True
    gravity, mass, length, dt, torque, fastest = 10.0, 1.0, 1.0, 0.05, 2.0, 8.0

    def start(self, rng: np.random.Generator, starts: int) -> State:
        """Any angle, angular speed within 1."""
        return rng.uniform(-np.pi, np.pi, starts), rng.uniform(-1.0, 1.0, starts)

    def observe(self, state: State) -> Any:
        """Cosine and sine of the angle, and a quarter of the angular speed."""
        turn, spin = state
        return np.stack([np.cos(turn), np.sin(turn), 0.25 * spin], axis=-2)

    def step(self, state: State, action: Any) -> tuple[State, Any]:
        """The policy's output sets the torque through tanh, where gymnasium clips it."""
        turn, spin = state
        torque = self.torque * np.tanh(action)
        angle = turn - 2.0 * np.pi * np.floor((turn + np.pi) / (2.0 * np.pi))
        cost = angle * angle + 0.1 * spin * spin + 0.001 * torque * torque
        pull = 1.5 * self.gravity / self.length * np.sin(turn) + 3.0 / (self.mass * self.length**2) * torque
        spin = np.minimum(np.maximum(spin + self.dt * pull, -self.fastest), self.fastest)
        return (turn + self.dt * spin, spin), cost
