"""Control: a policy is a flat vector, the cost of its episodes is the objective."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from problems.control import gym
from problems.control.rollout import Rollout
from problems.control.systems import Balance, Pendulum, SwingUp, System
from problems.networks import Dense, Start
from problems.numbers import fixed
from problems.objective import Objective
from problems.registry import register

__all__ = ["SYSTEMS", "make"]

_BARTO = "Barto, Sutton & Anderson 1983, IEEE Trans. Systems, Man, and Cybernetics 13"

SYSTEMS: dict[str, tuple[Callable[[], System], int, float | None, str]] = {
    "cartpole-balance": (Balance, 0, 0.0, _BARTO),
    "cartpole-swingup": (SwingUp, 8, None, _BARTO),
    "pendulum": (Pendulum, 8, None, "Pendulum-v1 of Towers et al. 2024, Gymnasium, arXiv:2407.17032"),
}
"""Name -> system, hidden units of the default policy, f_opt, source."""


def make(
    name: str, n: int | None = None, *, hidden: int | None = None, starts: int = 4, seed: int = 0, fresh: bool = False
) -> Objective:
    """A control problem by name.

    Parameters
    ----------
    name : {"cartpole-balance", "cartpole-swingup", "pendulum"}
        Which system.
    n : int, optional
        Only to be checked: the policy fixes it.
    hidden : int, optional
        Hidden tanh units of the policy; 0 makes it linear.
    starts : int
        Start states over which the value is averaged.
    seed : int
        Draws them.
    fresh : bool
        True draws new start states for each call (one set for all its points), which makes the objective noisy.

    Returns
    -------
    Objective
        Vectorised: all policies of a population run in step.
    """
    build, default, f_opt, source = SYSTEMS[name]
    system = build()
    units = default if hidden is None else hidden
    policy = Dense((system.observations, units, 1) if units else (system.observations, 1))
    fixed(f"{name} with hidden={units}", n, policy.n)
    return Objective(
        Rollout(system, policy, starts, seed, fresh),
        policy.n,
        vectorized=True,
        pure=True,
        x0=Start(policy.sizes, "xavier"),
        sigma0=0.5,
        name=name,
        differentiable=system.differentiable,
        noisy=fresh,
        f_opt=f_opt,
        source=source,
    )


for _name in SYSTEMS:
    register(_name, partial(make, _name), tags=["control"], plane=False)
register("gym", gym.make, tags=["control"], plane=False)
