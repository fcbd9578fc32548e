"""Any gymnasium environment as an objective: the policy is a flat vector, minus the return is the value."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.extras import needed
from problems.networks import Dense, Start
from problems.numbers import FloatArray, fixed
from problems.objective import Objective


class GymReturn:
    """Minus the mean return of a policy over some episodes.

    The environment is opened in each process on first use and is not pickled.

    Parameters
    ----------
    env : str
        A name that `gymnasium.make` knows.
    hidden : int
        Hidden tanh units of the policy; 0 makes it linear.
    episodes : int
    seed : int
        Episode k starts from seed + k.
    fresh : bool
        Whether each evaluation uses new starts.
    """

    def __init__(self, env: str, hidden: int, episodes: int, seed: int, fresh: bool) -> None:
        if episodes < 1:
            raise ValueError(f"episodes must be at least 1, got {episodes}")
        self.name, self.episodes, self.seed, self.fresh = env, episodes, seed, fresh
        self.played = 0
        self._env: Any = None
        seen, done = self.env.observation_space, self.env.action_space
        self.discrete = hasattr(done, "n")
        if not seen.shape or not (self.discrete or done.shape):
            raise ValueError(
                f"env must observe numbers and act by numbers or a choice, got {env!r} with {seen}, {done}"
            )
        outputs = int(done.n) if self.discrete else int(np.prod(done.shape))
        width = int(np.prod(seen.shape))
        self.policy = Dense((width, hidden, outputs) if hidden else (width, outputs))

    @property
    def env(self) -> Any:
        """The environment of this process."""
        if self._env is None:
            gymnasium = needed("gymnasium", "gymnasium", "rl", f"the environment {self.name!r}")
            try:
                self._env = gymnasium.make(self.name)
            except gymnasium.error.Error as error:
                raise ValueError(f"env must be one that gymnasium can make, got {self.name!r}: {error}") from error
        return self._env

    def act(self, layers: list[Any], observation: Any) -> Any:
        """The action: the greatest output, or outputs brought into the limits by tanh."""
        seen = np.asarray(observation, dtype=np.float64).reshape(-1, 1)
        out: FloatArray = self.policy.forward(layers, seen)[:, 0]
        if self.discrete:
            return int(out.argmax()) + int(getattr(self.env.action_space, "start", 0))
        space = self.env.action_space
        low, high = space.low.reshape(-1), space.high.reshape(-1)
        bounded = np.isfinite(low) & np.isfinite(high)
        middle, half = np.where(bounded, (high + low) / 2, 0.0), np.where(bounded, (high - low) / 2, 1.0)
        return (middle + half * np.where(bounded, np.tanh(out), out)).astype(space.dtype).reshape(space.shape)

    def __call__(self, x: FloatArray) -> float:
        """Minus the mean return of the policy x (n,)."""
        layers, total = list(self.policy.layers(x)), 0.0
        for k in range(self.episodes):
            observation, _ = self.env.reset(seed=self.seed + k + (self.played if self.fresh else 0))
            over = False
            while not over:
                observation, reward, ended, cut, _ = self.env.step(self.act(layers, observation))
                total += float(reward)
                over = ended or cut
        self.played += self.episodes
        return -total / self.episodes

    def reseed(self, rng: np.random.Generator) -> None:
        """Draw fresh starts from other seeds; fixed ones stay."""
        if self.fresh:
            self.seed, self.played = int(rng.integers(2**31)), 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_env": None}


def make(
    n: int | None = None,
    *,
    env: str = "CartPole-v1",
    hidden: int = 0,
    episodes: int = 3,
    seed: int = 0,
    fresh: bool = False,
) -> Objective:
    """A gymnasium environment as an objective.

    Parameters
    ----------
    n : int, optional
        Only to be checked: environment and policy fix it.
    env : str
        A name that `gymnasium.make` knows, with observations and actions that are numbers, or a choice of actions.
    hidden, episodes, seed, fresh
        See `GymReturn`.

    Raises
    ------
    ImportError
        gymnasium is not installed.
    ValueError
        gymnasium cannot make the environment, or it observes or acts by something else than numbers.
    """
    fun = GymReturn(env, hidden, episodes, seed, fresh)
    fixed(f"gym with env={env!r} and hidden={hidden}", n, fun.policy.n)
    return Objective(
        fun,
        fun.policy.n,
        x0=Start(fun.policy.sizes, "small"),
        sigma0=0.5,
        name=f"gym {env}",
        differentiable=False,
        noisy=fresh,
        source="Towers et al. 2024, Gymnasium, arXiv:2407.17032",
    )
