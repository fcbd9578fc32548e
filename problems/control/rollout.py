"""The value of a policy: the mean over start states of what an episode costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.control.systems import State, System
from problems.networks import Dense
from problems.numbers import whole


class Rollout:
    """Runs policies (..., n) on one system, all of them and all starts in step.

    Parameters
    ----------
    system : System
    policy : Dense
        From observations to one number.
    starts : int
        Start states over which the value is averaged.
    seed : int
        Draws them.
    fresh : bool
        Whether each call draws new ones, the same for all points of the call; otherwise they stay.
    """

    def __init__(self, system: System, policy: Dense, starts: int, seed: int, fresh: bool) -> None:
        if starts < 1:
            raise ValueError(f"starts must be at least 1, got {starts}")
        seed = whole("seed", seed)
        self.system, self.policy, self.starts = system, policy, starts
        self.rng = np.random.default_rng(seed) if fresh else None
        self.fixed: State = system.start(np.random.default_rng(seed), starts)

    def reseed(self, rng: np.random.Generator) -> None:
        """Draw fresh starts from another stream; fixed ones stay."""
        if self.rng is not None:
            self.rng = rng

    def __call__(self, x: Any) -> Any:
        """Values (...) of policies x (..., n)."""
        system, layers = self.system, list(self.policy.layers(x))
        state = self.fixed if self.rng is None else system.start(self.rng, self.starts)
        # All states get the population's shape at once: a matrix product of (h, in) with (in, starts) per policy.
        state = tuple(np.broadcast_to(part, (*x.shape[:-1], self.starts)) for part in state)
        total: Any = 0.0
        for _ in range(system.steps):
            action = self.policy.forward(layers, system.observe(state))[..., 0, :]
            state, cost = system.step(state, action)
            total = total + cost
            if system.over(state):
                break
        return system.finish(total).mean(-1)
