"""Search over the parameters of a scikit-learn estimator, with an evolution strategy in the place of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from es.run.arguments import for_space, with_discrete
from es.space import Space

try:
    from sklearn.model_selection._search import BaseSearchCV
except ImportError as error:
    raise ImportError("es.EvolutionSearchCV needs scikit-learn: python -m pip install 'evotape[data]'") from error


class EvolutionSearchCV(BaseSearchCV):  # type: ignore[misc]
    """Cross-validated search over the parameters of an estimator by an evolution strategy.

    The candidates of a generation are evaluated together, in parallel where `n_jobs` says so. All attributes are those
    of scikit-learn's other searches: `best_params_`, `best_score_`, `best_estimator_`, `cv_results_`.

    Parameters
    ----------
    estimator : estimator object
    space : es.Space or mapping
        Name of a parameter to `es.Linear`, `es.Log`, `es.Integer` or `es.Choice`; a pair (low, high) stands for Linear,
        a list for Choice.
    n_iter : int
        Candidates; the last generation may be smaller.
    method : str or class
        A name of `es.methods()` of kind "strategy".
    sigma0, popsize
        See `es.minimize`.
    random_state : None, int or RandomState
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        See `sklearn.model_selection.GridSearchCV`. With several metrics `refit` names the one that is searched by.

    Examples
    --------
    >>> import es
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> space = es.Space(C=es.Log(1e-3, 1e3), gamma=es.Log(1e-4, 10.0))
    >>> search = es.EvolutionSearchCV(SVC(), space, n_iter=24, random_state=1, cv=3)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.95)
    True
    """

    def __init__(
        self,
        estimator: Any,
        space: Space | Mapping[str, Any],
        *,
        n_iter: int = 60,
        method: str | type = "cmaes",
        sigma0: Any = None,
        popsize: int | None = None,
        random_state: Any = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.n_iter = n_iter
        self.method = method
        self.sigma0 = sigma0
        self.popsize = popsize
        self.random_state = random_state

    def _run_search(self, evaluate_candidates: Any) -> None:
        if self.n_iter < 1:
            raise ValueError(f"n_iter must be at least 1, got {self.n_iter}")
        from sklearn.utils import check_random_state

        space = self.space if isinstance(self.space, Space) else Space(self.space)
        cls, space = for_space(self.method, space)
        cls, options = with_discrete(cls, None, space.integrality, space)
        seed = int(check_random_state(self.random_state).randint(2**31))
        opt = cls(space.x0, self.sigma0, bounds=space.bounds, popsize=self.popsize, rng=seed, stop={}, **options)
        metric = self.refit if isinstance(self.refit, str) else "score"
        done = 0
        while done < self.n_iter:
            x = opt.ask()[: self.n_iter - done]
            results = evaluate_candidates([space.decode(row) for row in x])
            scores = np.asarray(results[f"mean_test_{metric}"], dtype=float)[done:]
            done += len(x)
            if len(x) == opt.popsize:
                opt.tell(x, -scores)
