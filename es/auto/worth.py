"""Whether gradients are worth their price, and a Hessian its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from problems.numbers import number

PART = 0.1  # of the budget that a Hessian may take
STEP = 1.25  # evaluations of a line search
UNSURE = 1.5  # times: kinds that are thought to be so near in cost are both tried once: line searches differ


def price_of(value: Any) -> float:
    """A price in evaluations, which must be a number from 0 on."""
    price = number("gradient_cost", value)
    if not 0 <= price < math.inf:
        raise ValueError(f"gradient_cost must be a number of evaluations, 0 or more, got {value}")
    return price


@dataclass(eq=False)
class Worth:
    """Descents with gradients and without: what they are thought to cost, and what they have cost.

    A descent gains the same, a minimum, however its slopes are found; so costs decide. An iteration takes a line search
    and either a value with its gradient or n differences. As soon as descents of both kinds have ended their mean costs
    are compared, with the whole way counted: bad gradients make more iterations.
    """

    n: int  # free variables
    price: float  # of a gradient, in evaluations of f

    def __post_init__(self) -> None:
        self.spent = [0.0, 0.0]  # by descents that have ended, without gradients and with
        self.ended = [0, 0]

    def thought(self, gradient: bool) -> float:
        """Evaluations of an iteration."""
        return STEP + (1 + self.price if gradient else self.n)

    def count(self, gradient: bool, cost: float) -> None:
        """A descent has ended."""
        self.spent[gradient] += cost
        self.ended[gradient] += 1

    def wanted(self) -> bool:
        """Whether the next descent is to use gradients."""
        better = self.thought(True) <= self.thought(False)
        if all(self.ended):
            return self.spent[True] / self.ended[True] <= self.spent[False] / self.ended[False]
        near = UNSURE * min(self.thought(True), self.thought(False)) > max(self.thought(True), self.thought(False))
        return not better if self.ended[better] and near else better

    def affords_hessian(self, gradient: bool, budget: float | None) -> bool:
        """Whether second differences are no more than a tenth of the budget."""
        price = self.n * (1 + self.price) if gradient else self.n * (self.n + 3) / 2
        return budget is None or price <= PART * budget
