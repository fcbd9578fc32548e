"""Record how a method moves through a problem of two variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import FloatArray


@dataclass(frozen=True)
class Path2D:
    """The way of one run."""

    label: str
    name: str  # of the method in the registry
    centre: FloatArray  # (steps, 2): mean of the search distribution, or the present point of a gradient method
    cost: FloatArray  # (steps,): evaluations spent before each step, gradients charged
    best: FloatArray  # (steps,): best value so far (f itself), NaN before the first
    covariance: FloatArray | None  # (steps, 2, 2): of the search distribution; None for methods without one
    population: list[FloatArray]  # (points, 2) each: what was evaluated after each step


def record_path(
    objective: Any,
    method: str,
    x0: FloatArray,
    *,
    label: str | None = None,
    maxcost: float = 600.0,
    precision: float = 1e-8,
    grad_cost: float = 4.0,
    rng: int = 1,
    options: Mapping[str, Any] | None = None,
) -> Path2D:
    """Run a method on an objective of two variables from x0 (2,), and record every step.

    The record ends after `maxcost` evaluations, each gradient charged as `grad_cost`, or at f_opt + `precision` where
    f_opt is known. The figure shows `label`, or the method's name; `options` are further arguments of the method,
    ``sigma0`` among them.
    """
    import es

    if objective.n != 2:
        raise ValueError(f"objective must have two variables to be drawn, got n = {objective.n}")
    target = -np.inf if objective.f_opt is None else objective.f_opt + precision
    settings = dict(options or {})
    cls = es.get_method(method)
    bounds = objective.bounds if getattr(cls, "keeps_bounds", True) else None
    opt = cls(np.array(x0, dtype=float), settings.pop("sigma0", None), bounds=bounds, rng=rng, **settings)
    centre, cost, best, covariance, population = [], [], [], [], []
    spent, f_best = 0.0, np.nan
    while True:
        centre.append(_centre(opt))
        cost.append(spent)
        best.append(f_best)
        if opt.kind == "strategy":
            covariance.append(_covariance(opt))
        if opt.stop() or spent >= maxcost or f_best <= target:
            population.append(np.empty((0, 2)))
            break
        x = np.atleast_2d(opt.ask())
        population.append(np.array(x, dtype=float))
        if opt.wants_gradient:
            f, g = objective.value_and_grad(x)
            opt.tell(x, f, g)
            spent += len(x) * (1 + grad_cost)
        else:
            f = objective(x)
            opt.tell(x, f)
            spent += len(x)
        f_best = float(np.nanmin([f_best, np.min(f)]))
    return Path2D(
        label or method,
        method,
        np.array(centre),
        np.array(cost),
        np.array(best),
        np.array(covariance) if covariance else None,
        population,
    )


def _centre(opt: Any) -> FloatArray:
    """Where the run is: the mean of a strategy, the point of a gradient rule, the best point of a finished solver."""
    best = opt.x_best if opt.kind == "scipy" and np.isfinite(opt.f_best) else opt.x_mean
    return np.array(best, dtype=float)


def _covariance(opt: Any) -> FloatArray:
    """Covariance of what a strategy samples: sampling is affine, x = m + L z, so L is seen in the images of unit
    vectors."""
    images = np.asarray(opt._sample(np.vstack([np.zeros(2), np.eye(2)])), dtype=float)
    root = (images[1:] - images[0]).T
    return np.asarray(root @ root.T)
