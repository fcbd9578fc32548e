"""Real data sets, split and scaled: loaded once per process, never pickled with an objective."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.extras import needed
from problems.numbers import FloatArray, chosen, whole

DATASETS = ("breast_cancer", "diabetes", "digits", "wine")


@dataclass(frozen=True, eq=False)
class Split:
    """A data set split in two; read-only arrays."""

    x_train: FloatArray
    """Features, shape (examples, features)."""
    y_train: npt.NDArray[Any]
    """Class numbers from 0, or targets with mean 0 and variance 1 over the training part."""
    x_test: FloatArray
    y_test: npt.NDArray[Any]
    classes: int
    """Number of classes; 0 for regression."""


@lru_cache(maxsize=8)
def load(name: str, split_seed: int = 0, test_share: float = 0.25) -> Split:
    """One of the data sets that scikit-learn brings along, with a seeded (and for classes stratified) split.

    Parameters
    ----------
    name : {"breast_cancer", "diabetes", "digits", "wine"}
    split_seed : int
        Which examples are held out.
    test_share : float
        Share of the examples that are held out.

    Returns
    -------
    Split
        Pixels of the digits are divided by their largest value, 16; other features have mean 0 and variance 1 over the
        training part.

    Raises
    ------
    ImportError
        scikit-learn is not installed.
    """
    chosen("data", name, DATASETS)
    datasets = needed("sklearn.datasets", "scikit-learn", "data", f"the data set {name!r}")
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x, classes = np.asarray(x, dtype=np.float64), 0 if name == "diabetes" else int(y.max()) + 1
    rng = np.random.default_rng(whole("split_seed", split_seed))
    groups = [np.flatnonzero(y == c) for c in range(classes)] if classes else [np.arange(len(y))]
    test = np.zeros(len(y), dtype=bool)
    for group in groups:
        test[rng.permutation(group)[: round(test_share * group.size)]] = True
    train = ~test
    x = x / 16.0 if name == "digits" else (x - x[train].mean(0)) / x[train].std(0)
    y = y.astype(np.int64) if classes else (y - y[train].mean()) / y[train].std()
    split = Split(x[train], y[train], x[test], y[test], classes)
    for part in (split.x_train, split.y_train, split.x_test, split.y_test):
        part.setflags(write=False)
    return split
