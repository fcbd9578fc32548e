"""lq-CMA-ES: CMA-ES that evaluates only as much of each population as it takes to trust a quadratic model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, as_count
from es.core.stopping import CRITERIA
from es.parts import bounds as boxes
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.searches import OneSearchPerRun
from es.strategies._assisted_run import AssistedRun
from es.strategies.cmaes import CMAES

OWN = ("ftarget", "maxfevals", "maxtime", "lowest")  # what looks at evaluations; the other criteria look at generations


class LQCMAES(OneSearchPerRun):
    """lq-CMA-ES: a linear or quadratic model ranks the population once it agrees with the points evaluated so far.

    Source: Hansen, A global surrogate assisted CMA-ES (GECCO 2019). `ask` hands out the points of a population that
    are to be evaluated next, those first that the model finds best; `tell` compares the model with the newest points
    and asks for more, half as many again each time, until their rank correlation is high enough or the whole
    population is evaluated. Then the model's values update the distribution, and its optimum is a direction for
    the next population. So ask and tell hand over a part of a generation, of one point up to `popsize` points, and only
    what was evaluated is counted; with many workers the later parts are what they share. Iterations of a result (`nit`)
    and of a budget (`maxiter`) are whole generations; `opt.nit` counts calls of `tell`.

    Stacked runs get the same number of points in each iteration, the least that any of them wants. They look at
    stopping criteria where they would alone: `ftarget` and budgets between the parts, the others between generations.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop
        See `Optimizer`.
    active, sampling, bounds_method
        See `CMAES`.
    trusted : float
        Kendall's rank correlation from which on the model stands for the function.

    Attributes
    ----------
    searches : list of AssistedRun
        CMA-ES (`searches[0].cma`), model and population of each active run.

    Notes
    -----
    The model is fitted to values, not to ranks: what `f` is scaled and shifted by changes nothing, other monotone
    transforms do. Squares of coordinates come in before their products, so a rotation costs evaluations. Where values
    are ranked by something else than f (constraints, noise), the model is one of that.

    Examples
    --------
    >>> opt = LQCMAES([3.0] * 5, 1.0, rng=1, stop={"ftarget": 1e-8})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success), opt.nfev < 60
    (True, True)
    """

    paper = "Hansen, GECCO 2019"
    cost = "n^6"
    good_for = "expensive smooth functions of up to about 20 variables"
    claims = ALL_BUT_ROTATION - {"monotone"}
    criteria = CMAES.criteria

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        active: bool = True,
        sampling: str = "normal",
        bounds_method: str = boxes.DEFAULT,
        trusted: float = 0.85,
        **common: Any,
    ) -> None:
        if not -1 <= trusted <= 1:
            raise ValueError(f"trusted must lie in [-1, 1], got {trusted}: it is a rank correlation")
        self._trusted = trusted
        self._options: dict[str, Any] = {"active": active, "sampling": sampling, "bounds_method": bounds_method}
        super().__init__(x0, sigma0, **common)

    def _default_popsize(self) -> int:
        return 4 + int(3 * np.log(self.n))

    def _init(self) -> None:
        self.searches = []
        for row, at in enumerate(np.ndindex(self.batch)):
            stop: dict[str, Any] = dict.fromkeys(self.criteria)
            for name, threshold in self._watch.thresholds.items():
                if name not in OWN:
                    stop[name] = threshold[row] if np.ndim(threshold) else threshold
            options = {**self._options, "bounds": self.box, "popsize": self.popsize, "stop": stop}
            self.searches.append(
                AssistedRun(self.mean[at], self.scale0[at], self._streams[row], self._trusted, options)
            )
        self.mean = self._of_each("mean", self.n).copy()

    def _of_each(self, name: str, *shape: int) -> Any:
        """An attribute of all the CMA-ES, with a leading axis where runs are stacked."""
        return self._side_by_side([getattr(search.cma, name) for search in self.searches], *shape)

    def ask(self, k: int | None = None) -> FloatArray:
        """Points to evaluate next.

        Parameters
        ----------
        k : int, optional
            How many; default: as many as it takes until the model is looked at again. More than are left of the
            population make it larger.

        Returns
        -------
        ndarray, shape (k, n), or (active runs, k, n) for stacked runs
        """
        least = min((search.wants for search in self.searches), default=1)
        return self._candidates(least if k is None else as_count(k, "k"))

    def _candidates(self, k: int) -> FloatArray:
        return self._side_by_side([search.hand_out(k) for search in self.searches], k, self.n)

    def switch_off(self, names: Iterable[str]) -> None:
        """See `Constrained.switch_off`; of every search."""
        super().switch_off(names)
        for search in self.searches:
            search.cma._watch.switch_off(names, self._watch.given)

    def stop(self) -> dict[Any, Any]:
        """See `Optimizer.stop`."""
        if self._looked != self.nit:
            self._looked = self.nit
            for row, search in enumerate(self.searches):
                if search.judged or self.runs is None:
                    reasons = {**self._spent(row), **search.cma.stop()}
                    if reasons:
                        self._reasons.setdefault(int(self.active[row]), {}).update(reasons)
            self._retire()
        return super().stop()

    def _spent(self, row: int) -> dict[str, float]:
        """Criteria that look at evaluations, met by a run."""
        found = {}
        for name, threshold in self._watch.thresholds.items():
            test = CRITERIA[name].test
            if name in OWN and test is not None:
                met, figure = test(self, threshold)
                if np.broadcast_to(met, self.batch or (1,))[row]:
                    found[name] = float(np.broadcast_to(figure, self.batch or (1,))[row])
        return found

    # Drawn from the state --------------------------------------------------------------------------

    @property
    def x_mean(self) -> FloatArray:
        """Mean of the distribution in the caller's coordinates, inside the bounds."""
        return self._of_each("x_mean", self.n)

    @property
    def sigma(self) -> Any:
        """Step size, per run."""
        return self._of_each("sigma")

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return self._of_each("stds", self.n)

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis, per run."""
        return self._of_each("axis_ratio")

    @property
    def unfinished(self) -> bool:
        """Whether the present generation has been told in part: with an iteration whole generations are meant."""
        return all(len(search.x) > 0 for search in self.searches)

    @property
    def rare_interval(self) -> int:
        """Iterations between looks at what needs a decomposition of the covariance matrix."""
        return max((search.cma.rare_interval for search in self.searches), default=1)

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        mine = self.searches[row].cma
        return {**super()._summary(run, row), "nit": mine.nit, "sigma": float(mine.sigma)}
