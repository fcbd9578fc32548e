"""What a simulation gives besides its value: constraints that it has computed on the way, and other findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import numbers, short

FIELDS = ("f", "constraints", "equalities", "info")


class Evaluation:
    """A value with what else came out of the evaluation, for an objective to return in place of a number.

    Parameters
    ----------
    f : float
        The value.
    constraints : sequence of float
        g(x), kept where it is <= 0: as many at every point.
    equalities : sequence of float
        h(x), kept where it is 0.
    info : mapping, optional
        Anything else, to find again beside the point.

    Examples
    --------
    >>> Evaluation(2.0, constraints=[-1.0, 0.5], info={"mass": 3.0})
    Evaluation(2.0, constraints=[-1.0, 0.5], info={'mass': 3.0})
    """

    def __init__(
        self,
        f: float,
        constraints: Sequence[float] | npt.NDArray[np.float64] = (),
        equalities: Sequence[float] | npt.NDArray[np.float64] = (),
        info: Mapping[str, Any] | None = None,
    ) -> None:
        self.f = f
        self.constraints = np.ravel(numbers("constraints of an Evaluation", constraints))
        self.equalities = np.ravel(numbers("equalities of an Evaluation", equalities))
        if info is not None and not isinstance(info, Mapping):
            raise ValueError(f"info of an Evaluation must be a mapping or None, got {short(info)}")
        self.info = None if info is None else dict(info)

    def __neg__(self) -> Evaluation:
        """The same with another sign of the value."""
        return Evaluation(-self.f, self.constraints, self.equalities, self.info)

    def __repr__(self) -> str:
        parts = [repr(self.f)]
        parts += [f"{name}={values.tolist()}" for name in FIELDS[1:3] if (values := getattr(self, name)).size]
        return f"Evaluation({', '.join(parts if self.info is None else [*parts, f'info={self.info}'])})"


class Reporting(float):
    """A value that remembers its `evaluation`."""

    evaluation: Evaluation


def as_evaluation(result: Any) -> Evaluation | None:
    """An `Evaluation` from one, or from a dict with "f" and the names of its other fields; None for anything else.

    Raises
    ------
    ValueError
        If a dict has no "f", or a name that is none of the fields.
    """
    if isinstance(result, Evaluation):
        return result
    if not isinstance(result, Mapping) or not result:
        return None
    odd = [key for key in result if key not in FIELDS]
    if odd or "f" not in result:
        got = f"{str(odd[0])[:40]!r}" if odd else f"no 'f' among {list(result)}"
        raise ValueError(f"a dict that fun returns must have 'f' and may have {', '.join(FIELDS[1:])}, got {got}")
    return Evaluation(**result)
