"""The methods of this package as an optimizer of nevergrad.

    optimizer = es.nevergrad_optimizer("cmaes")(parametrization=8, budget=2000, num_workers=4)
    recommendation = optimizer.minimize(loss)

With a name it stands in nevergrad's registry, where its benchmarks find it:

    es.nevergrad_optimizer("cmaes", name="EvotapeCMA")
    nevergrad.optimizers.registry["EvotapeCMA"](parametrization=8, budget=2000)

nevergrad standardises every parametrization, choices and whole numbers too, so that 0 is its start and 1 the step that
it is changed by; several objectives it makes one of. It asks for one candidate at a time and tells one loss at a time,
in any order or never, as `Optimizer.ask` and `tell` allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from es.registry import get_method
from es.run.restarts import IPOP

try:
    from nevergrad.optimization import base
except ImportError as error:
    raise ImportError("es.nevergrad_optimizer needs nevergrad: python -m pip install 'evotape[nevergrad]'") from error


def nevergrad_optimizer(
    method: str | type = "cmaes",
    *,
    sigma0: float = 1.0,
    popsize: int | None = None,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> base.ConfiguredOptimizer:
    """An optimizer of nevergrad that draws its candidates from a method of this package.

    A run that has converged before the budget is spent starts again elsewhere with twice the population (IPOP).

    Parameters
    ----------
    method : str or class
        A name of `es.methods()` of kind "strategy".
    sigma0 : float
        Initial standard deviation in nevergrad's standardised coordinates.
    popsize : int, optional
        Candidates of a generation; at least the number of workers.
    options : mapping, optional
        Further arguments of the method's constructor.
    name : str, optional
        Stand under this name in `nevergrad.optimizers.registry`.

    Returns
    -------
    nevergrad.optimization.base.ConfiguredOptimizer
        Called with `parametrization`, `budget` and `num_workers`, as the optimizers that come with nevergrad.

    Raises
    ------
    ImportError
        If nevergrad is not installed.
    ValueError
        If the method takes gradients, or the name is taken.

    Examples
    --------
    >>> import es
    >>> cma = es.nevergrad_optimizer("cmaes")                                   # doctest: +SKIP
    >>> cma(parametrization=2, budget=300).minimize(lambda x: ((x - 1) ** 2).sum()).value   # doctest: +SKIP
    array([1., 1.])
    """
    return EvolutionOptimizers(method=method, sigma0=sigma0, popsize=popsize, options=options, name=name)


class EvolutionOptimizers(base.ConfiguredOptimizer):  # type: ignore[misc]
    """See `nevergrad_optimizer`."""

    def __init__(
        self, *, method: str | type, sigma0: float, popsize: int | None, options: Mapping[str, Any] | None,
        name: str | None,
    ) -> None:  # fmt: skip
        cls = get_method(method)
        if cls.kind != "strategy":
            raise ValueError(f"method must be a strategy, got {method!r}: nevergrad has no gradients and one loss")
        if name is not None and name in base.registry:
            raise ValueError(f"name must be a new one, got {name!r}, which stands in nevergrad's registry")
        self.cls = cls
        self.arguments = {"sigma0": sigma0, "popsize": popsize, **(options or {})}
        super().__init__(
            EvolutionOptimizer,
            dict(method=method, sigma0=sigma0, popsize=popsize, options=options, name=name),
            as_config=True,
        )
        self(parametrization=2, budget=10)  # what is wrong with an argument is said here
        if name is not None:
            self.set_name(name, register=True)


class EvolutionOptimizer(base.Optimizer):  # type: ignore[misc]
    """One search of nevergrad: rows that were asked for, and losses that have come back."""

    def __init__(
        self, parametrization: Any, budget: int | None = None, num_workers: int = 1, *, config: EvolutionOptimizers
    ) -> None:
        super().__init__(parametrization, budget=budget, num_workers=num_workers)
        x0 = np.zeros(self.dimension)
        popsize = max(config.cls(x0, **config.arguments).popsize, num_workers)
        self._make = partial(config.cls, **{"x0": x0, **config.arguments, "popsize": popsize})
        self._search: IPOP | None = None

    @property
    def search(self) -> IPOP:
        """The method with its restarts."""
        if self._search is None:  # not before the first candidate: until then the user may set nevergrad's seed
            self._search = IPOP(self._make, rng=int(self._rng.randint(2**31)))
        return self._search

    def _internal_ask_candidate(self) -> Any:
        x = self.search.ask(1)[0]
        return self.parametrization.spawn_child().set_standardized_data(x, reference=self.parametrization)

    def _internal_tell_candidate(self, candidate: Any, loss: float) -> None:
        x = candidate.get_standardized_data(reference=self.parametrization)
        self.search.tell(x[None], np.array([loss], dtype=float))

    def _internal_provide_recommendation(self) -> None:
        """None leaves the choice to nevergrad: the best candidate, of a noisy function the pessimistic best."""
