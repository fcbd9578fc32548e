"""Learning tasks on real data: the training loss is the objective, the figure on held-out data its score."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypedDict, Unpack

import numpy as np

from problems.learning import data
from problems.learning.batches import Batches
from problems.learning.task import Model, Task
from problems.networks import Dense, Start
from problems.numbers import FloatArray, fixed
from problems.objective import Objective
from problems.registry import register

__all__ = ["Training", "conv_net", "linear_model", "mlp"]

_SOURCES = {
    "breast_cancer": "Street, Wolberg & Mangasarian 1993, SPIE 1905 (569 biopsies, 30 features), from scikit-learn",
    "diabetes": "Efron, Hastie, Johnstone & Tibshirani 2004, Annals of Statistics 32 (442 patients), from scikit-learn",
    "digits": "Alpaydin & Kaynak 1998, UCI repository (1,797 images of 8x8 pixels), from scikit-learn",
    "wine": "Aeberhard, Coomans & de Vel 1994, Pattern Recognition 27(8) (178 wines, 13 features), from scikit-learn",
}


def _loss(dataset: str) -> tuple[str, int, int]:
    """Loss, number of features and number of outputs that go with a data set."""
    split = data.load(dataset)
    features = split.x_train.shape[1]
    if split.classes == 0:
        return "squared", features, 1
    return ("logistic", features, 1) if split.classes == 2 else ("softmax", features, split.classes)


class Training(TypedDict, total=False):
    """Options that all learning tasks take.

    Attributes
    ----------
    l2 : float
        Strength of the regularisation, 1e-3 if it is left out.
    split_seed : int
        Which quarter of the examples is held out for the score.
    batch : int, optional
        Examples that each evaluation sees: None all of them, 1 a single one. With a batch the objective is noisy, and
        `noiseless` is the loss over all examples.
    seed : int, optional
        Order of the batches; 0 if it is left out.
    """

    l2: float
    split_seed: int
    batch: int | None
    seed: int | None


def objective(
    name: str,
    dataset: str,
    model: Model,
    start: Callable[[np.random.Generator], FloatArray],
    n: int | None,
    *,
    closed_form: bool = False,
    l2: float = 1e-3,
    split_seed: int = 0,
    batch: int | None = None,
    seed: int | None = None,
) -> Objective:
    """The objective of training a model on a data set from a start sampler; with `closed_form` its minimum is known."""
    fixed(f"{name} with these settings", n, model.n)
    loss = _loss(dataset)[0]
    full = Task(dataset, model, loss, l2, split_seed)
    fun = full
    if batch is not None:
        examples = len(data.load(dataset, split_seed).y_train)
        fun = Task(dataset, model, loss, l2, split_seed, Batches(examples, batch, 0 if seed is None else seed))
    x_opt = _ridge(dataset, split_seed, l2) if closed_form else None
    return Objective(
        fun,
        model.n,
        vectorized=True,
        pure=True,
        x0=start,
        sigma0=0.1,
        name=name,
        differentiable=True,
        noisy=batch is not None,
        noiseless=None if batch is None else full,
        x_opt=x_opt,
        f_opt=None if x_opt is None else float(full(x_opt)),
        score=full.score,
        score_name="test R^2" if loss == "squared" else "test accuracy",
        source=_SOURCES[dataset],
    )


def linear_model(
    name: str, dataset: str, n: int | None = None, *, init: str = "small", **training: Unpack[Training]
) -> Objective:
    """Linear, logistic or softmax regression, as the data set asks for; the arguments are those of `mlp`.

    The convex of the learning tasks. Linear regression has its minimum in closed form, as `x_opt`.
    """
    loss, features, outputs = _loss(dataset)
    model = Dense((features, outputs))
    start = Start(model.sizes, init)
    return objective(name, dataset, model, start, n, closed_form=loss == "squared", **training)


def mlp(
    name: str,
    dataset: str,
    n: int | None = None,
    *,
    hidden: int = 16,
    depth: int = 1,
    activation: str = "tanh",
    init: str = "xavier",
    **training: Unpack[Training],
) -> Objective:
    """Perceptron with hidden layers: z = W1 x + b1, h = phi(z), o = W2 h + b2, J = loss(o) + l2/2 |W|^2.

    Parameters
    ----------
    name : str
        What the objective is called.
    dataset : {"breast_cancer", "diabetes", "digits", "wine"}
        What it learns.
    n : int, optional
        Only to be checked: the layers fix it.
    hidden, depth : int
        Units in each hidden layer, and how many layers. Many sigmoid layers make gradients vanish; many layers that
        start from init="normal" make them explode.
    activation : {"elu", "gelu", "identity", "relu", "sigmoid", "softplus", "tanh"}
        phi.
    init : {"kaiming", "normal", "small", "xavier", "zeros"}
        How `x0` draws the weights; biases start at zero.
    **training
        See `Training`.

    Returns
    -------
    Objective
        With `score`: accuracy, or R^2 for regression, on the held-out examples.

    Raises
    ------
    ImportError
        scikit-learn, which brings the data, is not installed.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}")
    _, features, outputs = _loss(dataset)
    model = Dense((features, *[hidden] * depth, outputs), activation)
    start = Start(model.sizes, init)
    return objective(name, dataset, model, start, n, **training)


def conv_net(
    n: int | None = None,
    *,
    first: int = 4,
    second: int = 8,
    activation: str = "tanh",
    init: str = "xavier",
    **training: Unpack[Training],
) -> Objective:
    """Small convolutional network on the digits: two 3x3 convolutions, 2x2 max pooling, a linear layer, softmax.

    Parameters
    ----------
    n : int, optional
        Only to be checked: the layers fix it.
    first, second : int
        Filters of the two convolutions.
    activation, init
        See `mlp`.
    **training
        See `Training`.
    """
    from problems.learning.convnet import Conv

    _, features, classes = _loss("digits")
    model = Conv(round(features**0.5), (first, second), classes, activation, init)
    return objective("digits-conv", "digits", model, model.start, n, **training)


def _ridge(dataset: str, split_seed: int, l2: float) -> FloatArray:
    """The minimum of linear regression, from its normal equations."""
    split = data.load(dataset, split_seed)
    x = np.column_stack([split.x_train, np.ones(len(split.x_train))])
    weights = np.append(np.full(split.x_train.shape[1], l2 * len(x)), 0.0)
    return np.linalg.solve(x.T @ x + np.diag(weights), x.T @ split.y_train)


for _dataset, _kind in (
    ("diabetes", "linear"),
    ("breast_cancer", "logistic"),
    ("digits", "softmax"),
    ("wine", "softmax"),
):
    _short = _dataset.replace("_", "-")
    _name = f"{_short}-{_kind}"
    register(_name, partial(linear_model, _name, _dataset), tags=["learning"], smooth=True, plane=False)
    _name = f"{_short}-mlp"
    register(_name, partial(mlp, _name, _dataset), tags=["learning"], smooth=True, plane=False)
# The largest of four responses changes hands within the steps of finite differences, so it does not count as smooth.
register("digits-conv", conv_net, tags=["learning"], plane=False)
