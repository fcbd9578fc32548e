"""A learning task as a function of the parameters: loss on the training data, score on held-out data."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np

from problems.learning import data
from problems.learning.batches import Batches
from problems.learning.losses import LOSSES, encode
from problems.numbers import FloatArray

_SMALL = 2000  # outputs x examples from which a point is worth a call of its own


class Model(Protocol):
    """What a task trains: x (..., n) and inputs (features, examples) -> outputs and sum of squared weights."""

    @property
    def n(self) -> int:
        """Number of parameters."""

    def __call__(self, x: Any, inputs: FloatArray) -> tuple[Any, Any]:
        """Outputs (..., out, examples) and sum of the squared weights (...)."""


class Task:
    """Mean training loss + l2/2 |weights|^2, biases left out.

    Only settings (and the state of the batches) are pickled; the data is loaded once per process.

    Parameters
    ----------
    dataset : str
        See `problems.learning.data.load`.
    model : Model
    loss : {"squared", "logistic", "softmax"}
    l2 : float
    split_seed : int
    batches : Batches, optional
        Draws the examples of each evaluation; all points of one call see the same ones. None: all examples.
    """

    def __init__(
        self, dataset: str, model: Model, loss: str, l2: float, split_seed: int, batches: Batches | None = None
    ) -> None:
        if not l2 >= 0:
            raise ValueError(f"l2 must not be negative, got {l2}")
        self.dataset, self.model, self.loss, self.l2, self.split_seed = dataset, model, loss, l2, split_seed
        self.batches = batches

    @cached_property
    def _training(self) -> tuple[FloatArray, FloatArray]:
        split = data.load(self.dataset, self.split_seed)
        return np.ascontiguousarray(split.x_train.T), encode(self.loss, split.y_train, split.classes)

    def __call__(self, x: Any) -> Any:
        """The objective at x (..., n)."""
        inputs, targets = self._training
        if self.batches is not None:
            chosen = self.batches.draw()
            inputs, targets = inputs[:, chosen], targets[:, chosen]
        if type(x) is np.ndarray and x.ndim > 1 and targets.size > _SMALL:
            # Point by point the arrays stay in the cache, which is twice as fast for a population on the digits.
            rows = x.reshape(-1, x.shape[-1])
            values = np.array([self._loss(row, inputs, targets) for row in rows], dtype=np.float64)
            return values.reshape(x.shape[:-1])
        return self._loss(x, inputs, targets)

    def _loss(self, x: Any, inputs: FloatArray, targets: FloatArray) -> Any:
        outputs, squares = self.model(x, inputs)
        return LOSSES[self.loss](outputs, targets) + 0.5 * self.l2 * squares

    def score(self, x: Any) -> Any:
        """Share of right answers on the held-out examples, or the coefficient of determination R^2, at x (..., n)."""
        split = data.load(self.dataset, self.split_seed)
        x = np.asarray(x, dtype=np.float64)
        outputs = np.asarray(self.model(x, np.ascontiguousarray(split.x_test.T))[0])
        if self.loss == "squared":
            rest = ((outputs[..., 0, :] - split.y_test) ** 2).sum(-1)
            return 1.0 - rest / ((split.y_test - split.y_test.mean()) ** 2).sum()
        answers = outputs.argmax(-2) if self.loss == "softmax" else (outputs[..., 0, :] > 0).astype(int)
        return (answers == split.y_test).mean(-1)

    def reseed(self, rng: np.random.Generator) -> None:
        """Draw the batches from another stream, beginning with a new epoch."""
        if self.batches is not None:
            self.batches = Batches(self.batches.examples, self.batches.size, rng)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_training"}
