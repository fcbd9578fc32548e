"""ASNG: adaptive stochastic natural gradient, for problems that consist of categories alone."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.strategies.cat_cmaes import CatCMAES


class ASNG(CatCMAES):
    """Adaptive stochastic natural gradient: a categorical distribution for each variable, and nothing else.

    Source: Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, Adaptive stochastic natural gradient method for
    one-shot neural architecture search (arXiv:1905.08537), with the margin of CatCMA.

    Parameters
    ----------
    categories : array_like of int, shape (n,)
        Number of values of each coordinate, which are 0, 1, ..., K - 1.
    x0, **common
        See `CatCMAES`.

    Raises
    ------
    ValueError
        If a coordinate is a number.

    Examples
    --------
    >>> opt = ASNG([0.0] * 5, categories=[3] * 5, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x != 2).sum(-1))
    >>> opt.result.x
    array([2., 2., 2., 2., 2.])
    """

    kind = "categorical"
    paper = "Akimoto et al., arXiv:1905.08537"
    cost = "n K popsize"
    good_for = "problems of categories alone"
    claims: ClassVar[frozenset[str]] = frozenset({"monotone", "permutation"})

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        categories: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        if categories is None or not np.all(np.asarray(categories) != 0):
            raise ValueError(
                f"categories of ASNG must give the number of values of every coordinate, got {categories!r}: "
                "'cat-cmaes-margin' takes numbers too"
            )
        super().__init__(x0, sigma0, categories=categories, **common)
