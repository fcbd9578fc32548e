"""Few evaluations over a space of numbers and categories: which method is expected to make most of them.

What was measured stands in `experiments.benchmarks.mixed_few` and `mixed_real`. It is said and not done, because a
proposal of the model takes about a twentieth of a second, and it keeps no constraints.
"""

from __future__ import annotations

from typing import Any

from es.core.result import Result
from es.space import Space

FEW, WIDE = 200, 20  # evaluations, coordinates
LEARNING_SLOWLY = ("ASNG", "CatMarginCMAES", "ConditionalCMAES")


def advice(result: Result, space: Space | None, constraints: Any) -> str:
    """What to add to the message of a run that has spent a small budget.

    Examples
    --------
    >>> from es import Choice
    >>> ended = Result(stop={"maxfevals": 60.0}, nfev=60, method="ASNG")
    >>> advice(ended, Space(rule=Choice("a", "b"), size=Choice(1, 2, 3)), ())
    "; with so few evaluations of choices and whole numbers more is expected of method='gp'"
    >>> advice(ended, None, ())
    ''
    """
    if space is None or constraints or space.n > WIDE or result.method not in LEARNING_SLOWLY:
        return ""
    if "maxfevals" not in result.stop or result.nfev > FEW:
        return ""
    return "; with so few evaluations of choices and whole numbers more is expected of method='gp'"
