"""Keep of a run's curve what figures need: a few hundred points whatever the budget.

The two trigger rules are COCO's (Hansen et al. 2021, *COCO: a platform for comparing continuous optimizers in a
black-box setting*): a point where the precision enters a new one of 20 steps per decade, and the best-so-far value at
evaluations ``floor(10**(k/20))`` and ``{1, 2, 5} * n * 10**k``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray

IntArray = npt.NDArray[np.int64]

STEPS_PER_DECADE = 20
FLOOR = 1e-8


def target_steps(precision: FloatArray) -> IntArray:
    """Number the step of 20 per decade in which each precision lies; all that is below 1e-8 is one step.

    A precision p lies in step k when 10**((k-1)/20) < p <= 10**(k/20), so that entering step k is hitting target
    10**(k/20).
    """
    lowest = round(STEPS_PER_DECADE * np.log10(FLOOR))
    with np.errstate(divide="ignore"):
        # The slack keeps a precision that equals a target on the reached side of it.
        steps = np.ceil(STEPS_PER_DECADE * np.log10(np.maximum(precision, 0.0)) - 1e-9)
    steps = np.maximum(np.nan_to_num(steps, neginf=lowest), lowest)
    return np.asarray(steps, dtype=np.int64)


def evaluation_triggers(n: int, last: int) -> IntArray:
    """List ``floor(10**(k/20))`` and ``{1, 2, 5} * n * 10**k`` up to `last`."""
    if last < 1:
        return np.zeros(0, dtype=np.int64)
    decades = np.log10(last) + 1
    even = np.floor(10.0 ** (np.arange(0, STEPS_PER_DECADE * decades + 1) / STEPS_PER_DECADE) + 1e-9)
    round_numbers = np.outer(10.0 ** np.arange(0, np.ceil(decades)), [1, 2, 5]).ravel() * n
    triggers = np.unique(np.concatenate([even, round_numbers]).astype(np.int64))
    return triggers[triggers <= last]


def compact_curve(
    nfev: IntArray, njev: IntArray, f: FloatArray, *, n: int, f_opt: float | None, end: tuple[int, int]
) -> dict[str, Any]:
    """Choose the points of a run's improvements that are kept; each value holds until the next.

    Improvements are as `problems.Ledger.trace` gives them, counts and strictly decreasing values; `end` are the counts
    at the end of the run, where the last point is repeated.  Without `f_opt` the run's own best takes its place (the
    best above -inf): seen from any reference below it, the points lie closer.

    Examples
    --------
    >>> f = np.array([1.0, 0.99, 0.5])
    >>> compact_curve(np.array([7, 8, 9]), np.zeros(3, int), f, n=2, f_opt=0.0, end=(12, 0))["nfev"].tolist()
    [7, 8, 9, 12]
    """
    if f.size:
        reference = f[np.isfinite(f)].min(initial=np.inf) if f_opt is None else f_opt
        steps = np.minimum.accumulate(target_steps(f - reference))
        keep = np.zeros(f.size, dtype=bool)
        keep[1:] = steps[1:] < steps[:-1]
        keep[[0, -1]] = True
        # What held at a trigger is the last improvement up to it.
        held = np.searchsorted(nfev, evaluation_triggers(n, end[0]), side="right") - 1
        keep[held[held >= 0]] = True
        nfev, njev, f = nfev[keep], njev[keep], f[keep]
        if (nfev[-1], njev[-1]) != end:
            nfev, njev, f = np.append(nfev, end[0]), np.append(njev, end[1]), np.append(f, f[-1])
    return {"nfev": nfev.astype(np.int64), "njev": njev.astype(np.int64), "f": f.astype(np.float64)}


def pack(values: npt.ArrayLike) -> str:
    """Write numbers as base64 of little-endian bytes: exact, and a tenth of the time of decimal text to read."""
    array = np.asarray(values)
    kind = "<f8" if array.dtype.kind == "f" else "<u4" if array.size == 0 or int(array.max()) < 2**32 else "<u8"
    return f"{kind}:{base64.b64encode(array.astype(kind).tobytes()).decode('ascii')}"


def unpack(text: str) -> npt.NDArray[Any]:
    """Read what `pack` wrote."""
    kind, _, data = text.partition(":")
    if kind not in ("<f8", "<u4", "<u8"):
        raise ValueError(f"packed numbers must start with <f8:, <u4: or <u8:, got {text[:8]!r}.")
    array = np.frombuffer(base64.b64decode(data, validate=True), dtype=kind)
    return array.astype(np.float64 if kind == "<f8" else np.int64)


class Curve(Mapping[str, npt.NDArray[Any]]):
    """A curve as it lies in the journal, unpacked when it is asked for.

    Keys are ``nfev``, ``njev``, ``f`` and ``cost`` (= nfev + grad_cost * njev), all of one length.
    """

    __slots__ = ("_grad_cost", "_packed")

    def __init__(self, packed: Mapping[str, str], grad_cost: float) -> None:
        self._packed = packed
        self._grad_cost = grad_cost

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        if key == "cost":
            return self["nfev"] + self._grad_cost * self["njev"]
        if key == "njev" and "njev" not in self._packed:
            return np.zeros(self["nfev"].size, dtype=np.int64)
        if key not in ("nfev", "njev", "f"):
            raise KeyError(key)
        return unpack(self._packed[key]) if self._packed else np.zeros(0, dtype=np.int64 if key != "f" else np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(("nfev", "njev", "f", "cost"))

    def __len__(self) -> int:
        return 4

    def __repr__(self) -> str:
        return f"<Curve of {self['f'].size} points>"

    @staticmethod
    def packed(curve: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
        """Pack the arrays of `compact_curve` for the journal; gradients are left out where there were none."""
        names = ("nfev", "njev", "f") if np.any(curve["njev"]) else ("nfev", "f")
        return {name: pack(curve[name]) for name in names} if curve["f"].size else {}
