"""Behind optuna's and scikit-learn's interfaces: their own contracts, and that the search gets somewhere."""

import numpy as np
import pytest

import es

optuna = pytest.importorskip("optuna")
pytest_samplers = pytest.importorskip("optuna.testing.pytest_samplers")


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.filterwarnings("ignore")
class TestOptunaContract(
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.SingleOnlySamplerTestCase,
):
    @pytest.fixture
    def sampler(self):
        return lambda: es.optuna_sampler("cmaes", seed=1)


@pytest.mark.filterwarnings("ignore")
class TestOptunaContractOfSeveralObjectives(pytest_samplers.MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: es.optuna_sampler("mo-cmaes", seed=1)


def mixed(trial):
    x = trial.suggest_float("x", -5, 5)
    k = trial.suggest_int("k", 0, 20, step=2)
    rate = trial.suggest_float("rate", 1e-6, 1, log=True)
    return (x - 2) ** 2 + (k - 6) ** 2 + (np.log10(rate) + 3) ** 2


@pytest.mark.parametrize("method", ["cmaes", "cmaes-margin"])
def test_a_mixed_space_is_searched(method):
    study = optuna.create_study(sampler=es.optuna_sampler(method, seed=3))
    study.optimize(mixed, n_trials=250)
    assert study.best_params["k"] == 6 and study.best_value < 1e-2


def test_directions_failures_and_late_trials():
    study = optuna.create_study(direction="maximize", sampler=es.optuna_sampler("cmaes", popsize=6, seed=1))
    held = []
    for number in range(240):
        trial = study.ask()
        x, y = (trial.suggest_float(name, -5, 5) for name in "xy")
        if number % 11 == 5:
            held.append((trial, -(x**2) - (y - 1) ** 2))  # told 8 trials later
        elif number % 13 == 7:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, -(x**2) - (y - 1) ** 2)
        if len(held) > 1:
            late, value = held.pop(0)
            study.tell(late, value)
    assert study.best_value > -1e-3


def test_constraints_rank():
    study = optuna.create_study(
        sampler=es.optuna_sampler("cmaes", seed=1, constraints_func=lambda trial: (1 - trial.params["x"],))
    )
    study.optimize(lambda trial: trial.suggest_float("x", -5, 5) ** 2 + trial.suggest_float("y", -5, 5) ** 2, 250)
    feasible = [t for t in study.trials if t.params["x"] >= 1]
    assert min(t.value for t in feasible) == pytest.approx(1, abs=2e-2)


def test_several_objectives():
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=es.optuna_sampler("mo-cmaes", seed=1))
    study.optimize(lambda t: (t.suggest_float("x", -2, 2) ** 2, -((t.suggest_float("x", -2, 2) - 1) ** 2)), 150)
    ends = np.array([t.values for t in study.best_trials])
    assert len(ends) > 20 and ends[:, 0].min() < 0.05 and ends[:, 1].max() > -0.05
    with pytest.raises(ValueError, match="does not fit a study with 2 direction"):
        optuna.create_study(directions=["minimize"] * 2, sampler=es.optuna_sampler()).optimize(
            lambda t: (t.suggest_float("x", 0, 1), 2), 1
        )
    with pytest.raises(ValueError, match="must be a strategy or 'mo-cmaes', got 'adam'"):
        es.optuna_sampler("adam")


def test_search_cv_finds_parameters():
    from sklearn.base import clone
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    x, y = load_iris(return_X_y=True)
    space = {"C": es.Log(1e-3, 1e3), "gamma": es.Log(1e-4, 10.0), "kernel": ["rbf", "poly"], "degree": es.Integer(2, 4)}
    search = es.EvolutionSearchCV(SVC(), space, n_iter=31, random_state=0, cv=3)
    found = clone(search).fit(x, y)
    again = clone(search).fit(x, y)
    assert len(found.cv_results_["params"]) == 31
    assert found.best_score_ > 0.95 and found.best_params_ == again.best_params_
    assert found.score(x, y) > 0.95 and set(found.best_params_) == set(space)
    several = clone(search).set_params(scoring=["accuracy", "balanced_accuracy"], refit="balanced_accuracy", n_iter=8)
    assert several.fit(x, y).best_score_ > 0.6
    with pytest.raises(ValueError, match="n_iter must be at least 1, got 0"):
        clone(search).set_params(n_iter=0).fit(x, y)


@pytest.mark.heavy
def test_search_cv_is_an_estimator():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.utils.estimator_checks import check_estimator

    search = es.EvolutionSearchCV(LogisticRegression(), {"C": es.Log(1e-2, 1e2)}, n_iter=4, cv=2)
    grid = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0, 100.0]}, cv=2)
    failed, theirs = (
        {
            result["check_name"]
            for result in check_estimator(one, on_fail=None, on_skip=None)
            if result["status"] == "failed"
        }
        for one in (search, grid)
    )
    assert failed <= theirs
