"""Few evaluations of a function of numbers and categories: which method is expected to make most of them.

What was measured stands in `experiments.benchmarks.mixed_few` and `mixed_real`. It is said and not done, because a
proposal of the model takes about a twentieth of a second, and it keeps no constraints.
"""

from __future__ import annotations

from typing import Any

from es.core.result import Result
from es.space import Space

FEW, WIDE = 200, 20  # evaluations, coordinates


def advice(result: Result, space: Space | None, integrality: Any) -> str:
    """What to add to the message of a run that has spent a small budget on choices or whole numbers.

    Examples
    --------
    >>> from es import Choice
    >>> space = Space(rule=Choice("a", "b"), size=Choice(1, 2, 3))
    >>> advice(Result(stop={"maxfevals": 60.0}, nfev=60, method="ASNG"), space, None)
    "; with so few evaluations of choices and whole numbers more is expected of method='gp'"
    >>> advice(Result(stop={"maxfevals": 600.0}, nfev=600, method="ASNG"), space, None)
    ''
    """
    if result.method == "GP" or "maxfevals" not in result.stop or result.nfev > FEW:
        return ""
    fitted = None if space is None else space.with_categories()
    whole = integrality is not None and integrality.any()
    if fitted is not None:
        whole = fitted.categories.any() or fitted.integrality.any() or bool(fitted.levels)
    if not whole or (integrality.size if fitted is None else fitted.n) > WIDE:
        return ""
    return "; with so few evaluations of choices and whole numbers more is expected of method='gp'"
