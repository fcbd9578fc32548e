"""Regret on three real tasks with few evaluations: hyperparameters of scikit-learn's models on data that come with it.

    python -m experiments.benchmarks.mixed_real [--runs 10] [--budget 50] [--out FOLDER] [--only svc ...]

Tasks, each the error of cross-validation in three parts, with parameters that are there only at times (`when=`):

* `svc`: support vectors on the wine data: C, kernel, gamma (not of the linear kernel), degree and coef0 (of the
  polynomial), shrinking.
* `boosting`: gradient boosting on 178 rows of the breast cancer data: learning rate, trees, depth, rows, leaves, loss.
* `forest`: a random forest on 178 rows of the digits: trees, depth, features, leaves, criterion, bootstrap and rows.

Ours are `method="gp"` and the evolution strategy for what is in the space; beside them optuna's TPE, CMA-ES and GP
samplers, nevergrad's NGOpt, SMAC where it is installed, and random search. A method gets every seed's value
before the next; regret is to the best value that any run of any method found. Lines are medians over the runs, bands
their quartiles. Needs the extra `peers`; a package that is missing is left out, and what the
folder holds already is not measured again.

Median errors in % after 50 evaluations, 10 runs each:

    task         gp     ES  optuna TPE     GP  CMA-ES  nevergrad NGOpt  random
    svc         1.7    1.1         1.1    1.1     1.4              1.7     1.7
    boosting    2.8    4.2         3.4    3.4     3.9              4.5     4.2
    forest      8.4   19.1        11.0    8.4    16.0             16.3    16.3

On forest `gp` is ahead of all others from 13 evaluations on until optuna's GP is level after 36, on boosting level with
TPE and optuna's GP, on svc behind them by one row.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.spaces import METHODS, Task, Values, curve, methods

SPACES: dict[str, es.Space] = {
    "svc": es.Space(
        C=es.Log(1e-3, 1e3),
        kernel=es.Choice("linear", "rbf", "poly", "sigmoid"),
        gamma=es.Log(1e-4, 1e1, when={"kernel": ["rbf", "poly", "sigmoid"]}),
        degree=es.Integer(2, 5, when={"kernel": "poly"}),
        coef0=es.Linear(0, 1, when={"kernel": ["poly", "sigmoid"]}),
        scale=es.Choice("standard", "minmax", "none"),
    ),
    "boosting": es.Space(
        learning_rate=es.Log(1e-3, 1),
        n_estimators=es.Integer(2, 20),
        max_depth=es.Integer(1, 6),
        subsample=es.Linear(0.3, 1),
        min_samples_leaf=es.Integer(1, 20),
        loss=es.Choice("log_loss", "exponential"),
        max_features=es.Choice("sqrt", "log2", None),
    ),
    "forest": es.Space(
        n_estimators=es.Integer(2, 16, log=True),
        limited=es.Choice(False, True),
        max_depth=es.Integer(1, 12, when={"limited": True}),
        max_features=es.Linear(0.05, 1),
        min_samples_leaf=es.Integer(1, 10),
        criterion=es.Choice("gini", "entropy"),
        bootstrap=es.Choice(True, False),
        max_samples=es.Linear(0.2, 1, when={"bootstrap": True}),
    ),
}


@functools.cache
def data(name: str) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Points and classes."""
    from sklearn import datasets

    load = {"svc": datasets.load_wine, "boosting": datasets.load_breast_cancer, "forest": datasets.load_digits}[name]
    X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:178]
    return X[rows], y[rows]


def model(name: str, p: Values) -> Any:
    """The model of a task with these parameters."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.svm import SVC

    rest = {key: value for key, value in p.items() if key not in ("limited", "scale")}
    if name == "svc":
        return SVC(max_iter=20_000, **rest)
    kind = GradientBoostingClassifier if name == "boosting" else RandomForestClassifier
    return kind(random_state=0, **rest)


def scaled(X: FloatArray, train: Any, how: str) -> FloatArray:
    """Points in units of the training part."""
    if how == "none":
        return X
    low, high = (X[train].min(0), X[train].max(0)) if how == "minmax" else (X[train].mean(0), None)
    width = X[train].std(0) if high is None else high - low
    return np.asarray((X - low) / np.where(width > 0, width, 1.0))


def task(name: str) -> Task:
    """The share of rows that cross-validation gets wrong."""
    from sklearn.model_selection import StratifiedKFold

    X, y = data(name)
    parts = list(StratifiedKFold(3, shuffle=True, random_state=1).split(X, y))

    def loss(p: Values) -> float:
        wrong = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for train, test in parts:
                x = scaled(X, train, p.get("scale", "none"))
                wrong += int((model(name, p).fit(x[train], y[train]).predict(x[test]) != y[test]).sum())
        return wrong / len(y)

    return loss


def draw(curves: dict[str, dict[str, list[list[float]]]], path: Path) -> None:
    """One figure: regret over evaluations, a panel for each task."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.3 * len(curves), 4.0), layout="constrained")
    axes = figure.subplots(1, len(curves), squeeze=False)
    for axis, (name, found) in zip(axes[0], curves.items(), strict=True):
        least = min(min(min(run) for run in runs) for runs in found.values())
        for k, method in enumerate(METHODS):
            if method not in found:
                continue
            runs = found[method]
            regret = 100 * (np.array(runs) - least)
            low, middle, high = np.percentile(regret, [25, 50, 75], axis=0)
            x = np.arange(1, regret.shape[1] + 1)
            width = 2.4 if method.startswith("evotape") else 1.3
            axis.plot(x, middle, color=f"C{k}", label=method, linewidth=width)
            axis.fill_between(x, low, high, color=f"C{k}", alpha=0.13 if width > 2 else 0.08, linewidth=0)
        axis.set(title=name, xlabel="evaluations")
        late = [100 * (np.percentile(runs, 75, axis=0)[4] - least) for runs in found.values()]
        axis.set_ylim(0, 1.1 * float(np.median(late)))  # the first points are of no interest
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("regret, % of the rows")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path, dpi=140)


@benchmark(runs=10, budget=50, only=[], methods=[], out=(Path("mixed_real"), "folder"))
def main(given: argparse.Namespace) -> None:
    """Measure, print regrets, write the figure."""
    given.out.mkdir(parents=True, exist_ok=True)
    store = given.out / "curves.json"
    curves: dict[str, dict[str, list[list[float]]]] = json.loads(store.read_text()) if store.exists() else {}
    for method, run in methods(given.methods).items():
        for name, space in SPACES.items():
            if given.only and name not in given.only:
                continue
            found, note = curves.get(name, {}).get(method, []), "   known"
            if np.shape(found) != (given.runs, given.budget):
                began = time.process_time()
                some = [curve(space, task(name), run, given.budget, seed) for seed in range(given.runs)]
                found = [best + [best[-1]] * (given.budget - len(best)) for best in some]
                curves.setdefault(name, {})[method] = found
                store.write_text(json.dumps(curves))
                note = f"{time.process_time() - began:8.0f} s"
            print(f"{name:<10}{method:<18}{np.median(np.array(found)[:, -1]):8.4f}{note}", flush=True)
    draw(curves, given.out / "mixed_real.png")
