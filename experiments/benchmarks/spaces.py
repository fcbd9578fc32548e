"""Methods that search a space of parameters, ours and other packages': each calls `f` with one dict after the other."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import es

Values = dict[str, Any]
Task = Callable[[Values], float]
Method = Callable[[es.Space, Task, int, int], object]  # of space, f, evaluations, seed


class Enough(Exception):
    """The budget is spent."""


def curve(space: es.Space, loss: Task, method: Method, budget: int, seed: int, target: float = -np.inf) -> list[float]:
    """The best value after each evaluation, as far as the target."""
    best: list[float] = []

    def f(p: Values) -> float:
        if len(best) >= budget or (best and best[-1] <= target):
            raise Enough
        value = loss(p)
        best.append(min(value, best[-1] if best else np.inf))
        return value

    with contextlib.suppress(Enough):
        method(space, f, budget, seed)
    return best


def gaussian_process(space: es.Space, f: Task, budget: int, seed: int) -> None:
    """Our method for few evaluations."""
    es.minimize(f, space, method="gp", maxfevals=budget, rng=seed)


def strategies(space: es.Space, f: Task, budget: int, seed: int) -> None:
    """The evolution strategy for what is in the space."""
    es.minimize(f, space, method="cmaes", maxfevals=budget, restarts=9, rng=seed)


def random_search(space: es.Space, f: Task, budget: int, seed: int) -> None:
    """Uniform in the coordinates."""
    rng = np.random.default_rng(seed)
    for _ in range(budget):
        f(space.sample(rng))


def there(space: es.Space, values: Values, name: str) -> bool:
    """Whether what a parameter depends on is so, as people write it with an `if`."""
    when = getattr(space[name], "when", None) or {}
    return all(values.get(key) in (wanted if isinstance(wanted, list) else [wanted]) for key, wanted in when.items())


def suggested(trial: Any, space: es.Space) -> Values:
    """Parameters as people write them for optuna: suggested where they are there."""
    values: Values = {}
    for name, leaf in space.items():
        if not there(space, values, name):
            continue
        if isinstance(leaf, es.Choice):
            values[name] = trial.suggest_categorical(name, leaf.values)
        elif isinstance(leaf, es.Integer):
            values[name] = trial.suggest_int(name, *leaf.limits, log=leaf.log)
        else:
            assert isinstance(leaf, es.Linear)
            values[name] = trial.suggest_float(name, *leaf.limits, log=isinstance(leaf, es.Log))
    return values


def optuna_sampler(name: str) -> Method:
    """One of optuna's samplers."""

    def run(space: es.Space, f: Task, budget: int, seed: int) -> None:
        optuna = importlib.import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(sampler=getattr(optuna.samplers, name)(seed=seed))
            study.optimize(lambda trial: f(suggested(trial, space)), n_trials=budget)

    return run


def nevergrad(space: es.Space, f: Task, budget: int, seed: int) -> None:
    """NGOpt; what is not there is left out of what f gets."""
    ng = importlib.import_module("nevergrad")

    def parameter(leaf: Any) -> Any:
        if isinstance(leaf, es.Choice):
            return ng.p.Choice(list(leaf.values))
        low, high = leaf.limits
        if isinstance(leaf, es.Log) or getattr(leaf, "log", False):
            scalar = ng.p.Log(lower=low, upper=high)
        else:
            scalar = ng.p.Scalar(lower=low, upper=high)
        return scalar.set_integer_casting() if isinstance(leaf, es.Integer) else scalar

    space_ = ng.p.Dict(**{name: parameter(leaf) for name, leaf in space.items()})
    space_.random_state.seed(seed)
    opt = ng.optimizers.NGOpt(parametrization=space_, budget=budget)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(budget):
            x = opt.ask()
            values = dict(x.value)
            opt.tell(x, f({name: value for name, value in values.items() if there(space, values, name)}))


def smac(space: es.Space, f: Task, budget: int, seed: int) -> None:
    """SMAC's random forest with its defaults for hyperparameters; categories go by their numbers where they can."""
    package = importlib.import_module("smac")
    choices = {} if space.conditional else {name: leaf for name, leaf in space.items() if isinstance(leaf, es.Choice)}
    numbered = {name: es.Choice(*range(len(leaf.values)), when=leaf.when) for name, leaf in choices.items()}
    renamed = es.Space({**dict(space.items()), **numbered}) if numbered else space

    def target(config: Any, seed: int = 0) -> float:
        values = dict(config)
        return f({name: choices[name].values[int(v)] if name in choices else v for name, v in values.items()})

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = package.Scenario(
            renamed.to_configspace(), n_trials=budget, deterministic=True, seed=seed, output_directory=Path(folder)
        )
        facade = package.HyperparameterOptimizationFacade(scenario, target, logging_level=50, overwrite=True)
        for _ in range(budget):  # not `optimize`, which takes the end of the budget for a failure of f
            trial = facade.ask()
            facade.tell(trial, package.runhistory.TrialValue(cost=target(trial.config)))


METHODS: dict[str, tuple[str, Method]] = {  # name: package that it needs, and how it runs
    "evotape gp": ("es", gaussian_process),
    "evotape ES": ("es", strategies),
    "optuna TPE": ("optuna", optuna_sampler("TPESampler")),
    "optuna CMA-ES": ("cmaes", optuna_sampler("CmaEsSampler")),
    "optuna GP": ("torch", optuna_sampler("GPSampler")),
    "nevergrad NGOpt": ("nevergrad", nevergrad),
    "SMAC": ("smac", smac),
    "random": ("es", random_search),
}


def methods(names: Sequence[str]) -> dict[str, Method]:
    """Those of these names, or all, whose packages are there."""
    return {
        name: run for name, (package, run) in METHODS.items()
        if (not names or name in names) and importlib.util.find_spec(package) is not None
    }  # fmt: skip
