"""The packages that `es` is compared with: how each is built, asked and told; imported when they are run.

The first part counts evaluations of a run, the second makes one generation at each call, for timing.
"""

from __future__ import annotations

import importlib
import math
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import TARGET, Function, Peer

# Criteria that end a run before the target, as far as they can be switched off.
QUIET = {"verbose": -9, "tolfun": 0, "tolfunhist": 0}


def by_ask_and_tell(opt: Any, f: Function, budget: float, target: float = TARGET) -> float:
    """Evaluations of an optimizer of `cmaes`, whose own reasons to stop are left aside; inf above the budget."""
    used = 0
    while used < budget:
        x = [opt.ask() for _ in range(opt.population_size)]
        seen, drawn = zip(*x, strict=True) if isinstance(x[0], tuple) else (x, x)  # CMAwM: rounded, and as drawn
        values = f(np.array(seen))
        opt.tell(list(zip(drawn, values.tolist(), strict=True)))
        used += len(x)
        if values.min() <= target:
            return float(used)
    return np.inf


def cmaes(name: str) -> Peer:
    """A strategy of the package `cmaes`, with our population size."""

    def run(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        package, dxnesic = importlib.import_module("cmaes"), importlib.import_module("cmaes._dxnesic")
        # Version 0.13.1 calls math.sqrt with a matrix of one entry, which NumPy from 2.4 on refuses.
        dxnesic.math = SimpleNamespace(**{**vars(math), "sqrt": lambda a: float(np.sqrt(np.squeeze(a)))})  # type: ignore[attr-defined]
        opt: Any = getattr(package, name)(mean=x0.copy(), sigma=sigma0, population_size=popsize, seed=seed)
        return by_ask_and_tell(opt, f, budget)

    return run


def pycma(kind: str = "full", **more: Any) -> Peer:
    """CMA-ES of pycma: "full" with its defaults, "diagonal" (sep-CMA-ES, our population size) or "vkd"."""

    def run(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        cma = importlib.import_module("cma")
        options = {"verbose": -9, "seed": seed, "ftarget": TARGET, "maxfevals": budget, **more}
        if kind == "diagonal":
            options |= {**QUIET, "popsize": popsize, "CMA_diagonal": True}
        elif kind == "vkd":
            sampler = importlib.import_module("cma.restricted_gaussian_sampler").GaussVkDSampler
            options = sampler.extend_cma_options({**QUIET, **options})
        opt = cma.CMAEvolutionStrategy(x0, sigma0, options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of long evolution paths, in their usual course
            while not opt.stop():
                x = opt.ask()
                opt.tell(x, f(np.asarray(x)).tolist())
        return float(opt.result.evaluations) if opt.result.fbest <= TARGET else np.inf

    return run


def pycma_bipop(f: Callable[[FloatArray], float], start: Any, seed: int, **options: Any) -> int:
    """Evaluations of pycma's BIPOP-CMA-ES with nine restarts from `start`, a point or a function that gives one."""
    cma = importlib.import_module("cma")
    _, opt = cma.fmin2(f, start, 2.0, {**options, "verbose": -9, "seed": seed}, bipop=True, restarts=9)
    return int(opt.result.evaluations)


def pycma_lq(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """lq-CMA-ES of pycma."""
    cma = importlib.import_module("cma")
    options = {**QUIET, "seed": seed, "ftarget": TARGET, "maxfevals": budget}
    _, opt = cma.fmin_lq_surr2(lambda x: float(f(x)), x0, sigma0, options)
    return float(opt.countevals) if opt.best.f <= TARGET else np.inf


def pypop7(module: str, name: str, **more: Any) -> Peer:
    """A strategy of pypop7, with its own population size unless further options give one.

    An option may be a function of the number of variables and our population size. A run that ends in a singular
    matrix did not arrive.
    """

    def run(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        cls: Any = getattr(importlib.import_module(f"pypop7.optimizers.{module}"), name)
        n = len(x0)
        problem = {"fitness_function": lambda x: float(f(x)), "ndim_problem": n}
        problem |= {"lower_boundary": np.full(n, -1e9), "upper_boundary": np.full(n, 1e9)}
        options = {"max_function_evaluations": budget, "fitness_threshold": TARGET, "seed_rng": seed, "mean": x0,
                   "sigma": sigma0, "is_restart": False, "verbose": 0}  # fmt: skip
        options |= {key: value(n, popsize) if callable(value) else value for key, value in more.items()}
        try:
            result = cls(problem, options).optimize()
        except np.linalg.LinAlgError:
            return math.inf
        return float(result["n_function_evaluations"]) if result["best_so_far_y"] <= TARGET else np.inf

    return run


def crfmnes(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """CR-FM-NES of its authors."""
    cls = importlib.import_module("crfmnes").CRFMNES
    start = x0[:, None].copy()
    opt = cls(len(x0), lambda x: float(f(x[:, 0])), start, sigma0, popsize, seed=seed, use_constraint_violation=False)
    while opt.f_best > TARGET and opt.no_of_evals < budget and np.isfinite(opt.sigma):
        opt.one_iteration()
    return float(opt.no_of_evals) if opt.f_best <= TARGET else np.inf


def evosax_run(
    opt: Any, f: Function, start: FloatArray, seed: int, target: float, budget: float,
    settings: dict[str, Any], guide: Callable[[FloatArray], FloatArray] | None = None,
) -> float:  # fmt: skip
    """Evaluations of a strategy of evosax to the target, inf if it does not come there."""
    jax = importlib.import_module("jax")
    key = jax.random.key(seed)
    params = opt.default_params.replace(**settings)
    state = opt.init(key, start, params)
    used, best = 0, math.inf
    while best > target and used < budget:
        key, first, second = jax.random.split(key, 3)
        if guide is not None:
            state = state.replace(grad=jax.numpy.asarray(guide(np.asarray(state.mean, dtype=float))))
        x, state = opt.ask(first, state, params)
        values = f(np.asarray(x, dtype=float))
        state, _ = opt.tell(second, x, jax.numpy.asarray(values), state, params)
        used, best = used + len(values), min(best, float(values.min()))
    return float(used) if best <= target else math.inf


def evosax_snes(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """SNES of evosax, in single precision."""
    opt = importlib.import_module("evosax.algorithms").SNES(popsize, x0)
    return evosax_run(opt, f, x0, seed, TARGET, budget, {"std_init": sigma0})


# One generation at each call.

Step = Callable[[FloatArray], object]  # of the values of a population


class Clock:
    """Processor time of this process, without what a candidate says is no part of its work."""

    def __init__(self) -> None:
        self.left_out = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return time.process_time() - self.left_out


def evotape_step(name: str, x0: FloatArray, popsize: int, **options: Any) -> Step:
    """A generation of ours, of a run or of a stack of them."""
    opt: Any = es.get_method(name)(x0, 1.0, popsize=popsize, rng=1, **options)
    return lambda f: opt.tell(opt.ask(), f)


def pycma_step(n: int, popsize: int, **more: Any) -> Step:
    """A generation of pycma."""
    options = {"verbose": -9, "seed": 1, "popsize": popsize, **more}
    opt = importlib.import_module("cma").CMAEvolutionStrategy(n * [0.0], 1.0, options)
    return lambda f: opt.tell(opt.ask(), f)


def cmaes_step(n: int, popsize: int, name: str = "CMA") -> Step:
    """A generation of the package cmaes."""
    opt = getattr(importlib.import_module("cmaes"), name)(mean=np.zeros(n), sigma=1.0, population_size=popsize, seed=1)
    return lambda f: opt.tell([(opt.ask(), value) for value in f.tolist()])


def fcmaes_step(n: int, popsize: int) -> Step:
    """A generation of fcmaes, C++."""
    opt = importlib.import_module("fcmaes.cmaescpp").ACMA_C(n, None, np.zeros(n), 1.0, popsize=popsize)
    return lambda f: (opt.ask(), opt.tell(f))


def pypop7_step(n: int, popsize: int, clock: Clock, generations: int = 4) -> Step:
    """A generation of sep-CMA-ES of pypop7, which has no ask and tell: the difference of a longer and a shorter run.

    Both are on a function that costs next to nothing. In the last generation of a run it draws samples and does not
    learn from them, as in the other run, so that the difference is one of whole generations.
    """
    cls = importlib.import_module("pypop7.optimizers.es.sepcmaes").SEPCMAES
    problem = {"fitness_function": lambda x: x[0], "ndim_problem": n}
    problem |= {"lower_boundary": np.full(n, -5.0), "upper_boundary": np.full(n, 5.0)}
    options = {"seed_rng": 1, "n_individuals": popsize, "mean": np.zeros(n), "sigma": 1.0}
    options |= {"verbose": False, "saving_fitness": 0}

    def seconds(count: int) -> float:
        start = time.process_time()
        cls(problem, {**options, "max_function_evaluations": count * popsize}).optimize()
        return time.process_time() - start

    def step(f: FloatArray) -> None:
        short, long = seconds(1), seconds(1 + generations)
        clock.left_out += short + long - (long - short) / generations

    return step


def evosax_step(name: str, n: int, popsize: int) -> Step:
    """A generation of evosax, compiled, in single precision."""
    jax = importlib.import_module("jax")
    start = jax.numpy.zeros(n)
    algorithm = getattr(importlib.import_module("evosax.algorithms"), name)(population_size=popsize, solution=start)
    params, key = algorithm.default_params, jax.random.key(0)
    state = algorithm.init(key, start, params)
    ask, tell = jax.jit(algorithm.ask), jax.jit(algorithm.tell)

    def step(f: FloatArray) -> None:
        nonlocal key, state
        key, one, two = jax.random.split(key, 3)
        x, state = ask(one, state, params)
        state, _ = tell(two, x, f, state, params)
        jax.block_until_ready((x, state))

    return step
