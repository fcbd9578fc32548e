"""The methods of this package as a sampler of optuna.

    study = optuna.create_study(sampler=es.optuna_sampler("cmaes", seed=1))
    study.optimize(objective, n_trials=300)

optuna asks for one trial at a time and is told values one by one, in any order or never: the sampler hands out the rows
of a generation, asks for further ones where all are out, and tells the method as soon as a generation of values has
come back. A trial that comes back later joins the next generation as a point of the caller's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.registry import get_method
from es.run.arguments import for_space, with_discrete
from es.space import Choice, Parameter, Space
from es.space.exchange import of_optuna

try:
    from optuna.distributions import BaseDistribution, CategoricalDistribution
    from optuna.samplers import BaseSampler, RandomSampler
    from optuna.samplers import _base as internal
    from optuna.study import StudyDirection
    from optuna.trial import TrialState
except ImportError as error:
    raise ImportError("es.optuna_sampler needs optuna: python -m pip install 'evotape[optuna]'") from error


def optuna_sampler(
    method: str | type = "cmaes",
    *,
    sigma0: float | npt.ArrayLike | None = None,
    popsize: int | None = None,
    seed: int | None = None,
    independent_sampler: BaseSampler | None = None,
    constraints_func: Callable[[Any], Sequence[float]] | None = None,
    options: Mapping[str, Any] | None = None,
) -> BaseSampler:
    """A sampler of optuna that draws trials from a method of this package.

    Parameters
    ----------
    method : str or class
        A name of `es.methods()` of kind "strategy", or "mo-cmaes" for a study with several directions.
    sigma0 : float or array_like, optional
        Initial standard deviation, in the coordinates of `es.Space`; default 0.3 of the width of each.
    popsize : int, optional
        Trials of a generation.
    seed : int, optional
    independent_sampler : optuna.samplers.BaseSampler, optional
        For parameters that not every trial has, and for the first trial; default random.
    constraints_func : callable, optional
        As in optuna's own samplers: a trial is feasible where all its values are at most 0. Feasible trials rank before
        infeasible ones, and these by the sum of what they violate (Deb 2000).
    options : mapping, optional
        Further arguments of the method's constructor.

    Raises
    ------
    ImportError
        If optuna is not installed.
    ValueError
        If the method takes gradients, or does not fit the number of directions of the study.

    Examples
    --------
    >>> import optuna, es
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=es.optuna_sampler("cmaes", seed=1))
    >>> study.optimize(lambda trial: (trial.suggest_float("x", -5, 5) - 2) ** 2, n_trials=60)
    >>> abs(study.best_params["x"] - 2) < 0.1
    True
    """
    return EvolutionSampler(method, sigma0, popsize, seed, independent_sampler, constraints_func, dict(options or {}))


@dataclass
class _Search:
    """A method on one search space, the rows that it has asked for, and the values that have come back."""

    distributions: dict[str, BaseDistribution]
    space: Space
    opt: Any
    waiting: list[FloatArray] = field(default_factory=list)  # asked for, not yet handed out
    out: dict[int, FloatArray] = field(default_factory=dict)  # number of the trial -> its coordinates
    back: list[tuple[FloatArray, FloatArray, float]] = field(default_factory=list)  # x, values, violation


class EvolutionSampler(BaseSampler):
    """See `optuna_sampler`."""

    def __init__(
        self,
        method: str | type,
        sigma0: Any,
        popsize: int | None,
        seed: int | None,
        independent_sampler: BaseSampler | None,
        constraints_func: Callable[[Any], Sequence[float]] | None,
        options: dict[str, Any],
    ) -> None:
        self._class = get_method(method)
        if self._class.kind not in ("strategy", "multiobjective"):
            raise ValueError(f"method must be a strategy or 'mo-cmaes', got {method!r}: optuna has no gradients")
        self._arguments = {"sigma0": sigma0, "popsize": popsize}
        self._options = options
        self._rng = np.random.default_rng(seed)
        self._independent = independent_sampler or RandomSampler(seed=seed)
        self._constraints_func = constraints_func
        self._seen: set[int] = set()  # trials that `_shared` knows
        self._shared: dict[str, BaseDistribution] | None = None
        self._search: _Search | None = None
        self._lock = threading.RLock()  # optuna may call from several threads

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._lock = threading.RLock()

    def reseed_rng(self) -> None:
        """optuna calls this in each of several workers, so that they draw different numbers."""
        self._rng = np.random.default_rng()
        self._independent.reseed_rng()
        self._search = None

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        """The parameters that all finished trials have, but for those of a single value."""
        self._check_directions(study)
        with self._lock:
            # As optuna's IntersectionSearchSpace, which copies every distribution at each call.
            for past in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
                if past.number in self._seen:
                    continue
                self._seen.add(past.number)
                mine = {name: d for name, d in past.distributions.items() if not d.single()}
                shared = mine if self._shared is None else self._shared
                self._shared = {name: d for name, d in sorted(shared.items()) if mine.get(name) == d}
            return dict(self._shared or {})

    def sample_relative(self, study: Any, trial: Any, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """The next row of the present generation, as optuna's parameters."""
        self._check_directions(study)
        if not search_space:
            return {}
        with self._lock:
            search = self._search
            if search is None or search.distributions != search_space:
                search = self._search = self._begin(search_space)
            if not search.waiting:
                search.waiting.extend(search.opt.ask())
            x = search.waiting.pop(0)
            search.out[trial.number] = x
        values = search.space.decode(x)
        return {
            name: distribution.choices[values[name]]
            if isinstance(distribution, CategoricalDistribution)
            else values[name]
            for name, distribution in search_space.items()
        }

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """A parameter that is not among those that all trials have."""
        self._check_directions(study)
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Any, trial: Any) -> None:
        """Hand on."""
        self._independent.before_trial(study, trial)

    def after_trial(self, study: Any, trial: Any, state: TrialState, values: Sequence[float] | None) -> None:
        """Keep what came back; with a generation of values the method moves on."""
        violation = 0.0
        if self._constraints_func is not None:
            internal._process_constraints_after_trial(self._constraints_func, study, trial, state)
            attributes = study._storage.get_trial_system_attrs(trial._trial_id)
            violation = float(sum(max(0.0, c) for c in attributes.get("constraints") or ()))
        with self._lock:
            search = self._search
            if search is not None and trial.number in search.out:
                signs = [-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in study.directions]
                told = (
                    np.full(len(signs), np.nan) if values is None else np.array(signs) * np.array(values, dtype=float)
                )
                search.back.append((search.out.pop(trial.number), told, violation))
                if len(search.back) >= search.opt.popsize:
                    self._tell(search)
        self._independent.after_trial(study, trial, state, values)

    def _tell(self, search: _Search) -> None:
        x = np.array([row for row, _, _ in search.back])
        f = np.array([values for _, values, _ in search.back])
        violation = np.array([violation for _, _, violation in search.back])
        search.back, search.waiting = [], []
        if self._class.kind == "multiobjective":
            f[violation > 0] = np.nan  # it ranks by dominance alone: what is not feasible counts as failed
            search.opt.tell(x, f)
            return
        f = f[:, 0]
        if not violation.any():
            search.opt.tell(x, f)
            return
        feasible = violation == 0
        worst = f[feasible & np.isfinite(f)].max(initial=0.0)
        rank = np.where(feasible, f, worst + 1 + violation)
        search.opt.tell(x, f, rank_by=rank, feasible=feasible)

    def _begin(self, distributions: dict[str, BaseDistribution]) -> _Search:
        space = Space({name: _parameter(name, distribution) for name, distribution in distributions.items()})
        cls, space = for_space(self._class, space)
        cls, options = with_discrete(cls, self._options, space.integrality, space)
        arguments = {**self._arguments, **options, "rng": int(self._rng.integers(2**63))}
        # Where generations end is optuna's to say: a method that has converged goes on as long as trials are asked for.
        opt = cls(space.x0, bounds=space.bounds, **arguments)
        return _Search(dict(distributions), space, opt)

    def _check_directions(self, study: Any) -> None:
        several = self._class.kind == "multiobjective"
        if several != (len(study.directions) > 1):
            cure = "take one direction" if several else "take es.optuna_sampler('mo-cmaes')"
            raise ValueError(
                f"method {self._class.__name__} does not fit a study with {len(study.directions)} direction(s): {cure}"
            )


def _parameter(name: str, distribution: BaseDistribution) -> Parameter:
    """The parameter of a distribution; of choices their places, as they may be equal."""
    if isinstance(distribution, CategoricalDistribution):
        return Choice(*range(len(distribution.choices)))
    return of_optuna(name, distribution)
