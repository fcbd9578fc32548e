"""From the words of a trial to its objective."""

from __future__ import annotations

import copy
import functools
import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems import Objective


def is_own_function(name: str) -> bool:
    """Whether a problem's name is ``module:function`` (and not a registry's name with settings behind a colon)."""
    module, colon, function = name.partition(":")
    return bool(colon) and function.isidentifier() and all(part.isidentifier() for part in module.split("."))


def import_function(name: str) -> Any:
    """What ``module:function`` names; the folder in which Python was started comes first."""
    module, _, function = name.partition(":")
    if "" not in sys.path:
        # Files of the present folder are importable in every worker. They come last, so that a folder `experiments` or
        # `problems` of the user's does not stand in for the packages of these names.
        sys.path.append("")
    try:
        return getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise ImportError(f"{name} must name an importable module, got: {error}") from error
    except AttributeError:
        raise AttributeError(f"module {module} has no {function}; {name} must be module:function.") from None


def method_named(name: str) -> type[Any]:
    """The class of a method: a name of `es.methods`, or ``module:Class`` for one of the user's."""
    import es

    if not is_own_function(name):
        return es.get_method(name)
    found = import_function(name)
    if not (isinstance(found, type) and issubclass(found, es.Optimizer)):
        raise TypeError(f"{name} must be a class that is an es.Optimizer, got {found!r}")
    return found


def _uniform(rng: np.random.Generator, low: float, high: float, n: int) -> FloatArray:
    """A start point, uniform in [low, high] in each coordinate."""
    return rng.uniform(low, high, n)


def _new_problem(name: str, n: int | None, options: dict[str, Any]) -> Objective:
    """Make the objective; `start` and `sigma0` take the place of its own."""
    start, sigma0 = options.pop("start", None), options.pop("sigma0", None)
    objective = _named_problem(name, n, options)
    if n is not None and objective.n != n:
        if objective.n is not None:
            raise ValueError(_other_n(name, n, objective))
        objective = copy.copy(objective)
        objective.n = n
    if start is None and sigma0 is None:
        return objective
    objective = copy.copy(objective)
    if start is not None:
        if not (isinstance(start, list) and len(start) == 2 and start[0] <= start[1]):
            raise ValueError(f"start must be [low, high] with low <= high, got {start!r}")
        if objective.n is None:
            raise ValueError(f"start needs a problem with a fixed n: give n for {name}")
        low, high = map(float, start)
        objective.start = functools.partial(_uniform, low=low, high=high, n=objective.n)
    if sigma0 is not None:
        if not (isinstance(sigma0, int | float) and sigma0 > 0):
            raise ValueError(f"sigma0 must be a positive number, got {sigma0!r}")
        objective.sigma0 = float(sigma0)
    return objective


def _other_n(name: str, n: int, objective: Objective) -> str:
    return f"n={n} was asked for and {name} has n={objective.n}"


def _named_problem(name: str, n: int | None, options: dict[str, Any]) -> Objective:
    if not is_own_function(name):
        import problems

        return problems.get(name, n=n, **options)
    target = import_function(name)
    if isinstance(target, Objective):
        wrong = [_other_n(name, n, target)] if n is not None and target.n not in (None, n) else []
        wrong += [f"it takes no option {', '.join(options)}"] if options else []
        if wrong:
            raise ValueError(f"{'; '.join(wrong)} ({name} is an objective, not a function that makes one)")
        return target
    if options.pop("factory", False):
        made = target(n=n, **options)
        if not isinstance(made, Objective):
            raise TypeError(f"{name} with factory=true must return a problems.Objective, got {type(made).__name__}.")
        return made
    return Objective(target, n=n, **options)


@functools.lru_cache(maxsize=64)
def _cached_problem(words: str) -> Objective:
    problem = json.loads(words)
    return _new_problem(problem["name"], problem["n"], problem["options"])


def build_problem(problem: Mapping[str, Any], noise_seed: int | None = None) -> Objective:
    """Build the objective of a trial from its ``{"name", "n", "options"}``.

    A noisy one is made afresh for each trial, with the seed of its noise, because it carries its stream along. All
    others are kept for the next trial of this process.
    """
    words = json.dumps({name: problem[name] for name in ("name", "n", "options")}, sort_keys=True)
    objective = _cached_problem(words)
    if not objective.noisy:
        return objective
    fresh = _new_problem(problem["name"], problem["n"], json.loads(words)["options"])
    reseed = getattr(fresh, "reseed", None)
    if callable(reseed):
        reseed(noise_seed)
    return fresh
