"""What a run hands back, and how it shows itself in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from es.core.arrays import FloatArray

FIRST = ("success", "status", "message", "fun", "x", "nfev", "njev", "nit", "method", "seconds", "seed")
LONGEST = 300  # characters of a value in the table of a notebook


class Records(dict[str, FloatArray]):
    """The history of a run: a column per quantity, a record per iteration that was kept.

    All columns are one-dimensional, so that `pandas.DataFrame(res.history)` and `polars.DataFrame(res.history)` are
    tables: nit, nfev, best, low, median, high, sigma, axis_ratio, then mean_0, mean_1, ... and stds_0, stds_1, ...
    `history["mean"]` and `history["stds"]` are the same as matrices (records, n).

    Parameters
    ----------
    arrays : mapping
        Columns (k,) and matrices (k, n) by name.

    Examples
    --------
    >>> import es
    >>> history = es.minimize(lambda x: (x**2).sum(), [1.0, 2.0], rng=1).history
    >>> history["mean"].shape[1], bool((history["mean_1"] == history["mean"][:, 1]).all())
    (2, True)
    """

    def __init__(self, arrays: Mapping[str, FloatArray]) -> None:
        self._arrays = dict(arrays)
        for name, values in arrays.items():
            columns = {name: values} if values.ndim == 1 else {f"{name}_{i}": x for i, x in enumerate(values.T)}
            self.update(columns)

    def __missing__(self, name: str) -> FloatArray:
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._arrays

    def get(self, name: str, default: Any = None) -> Any:
        """The column or matrix of this name, else `default`."""
        try:
            return self[name]
        except KeyError:
            return default

    def __reduce__(self) -> tuple[Any, ...]:
        return Records, (self._arrays,)  # what is in memory twice need not be on disk twice

    def __repr__(self) -> str:
        return f"<{len(self._arrays['nit'])} records of {', '.join(self._arrays)}>"


class Result(OptimizeResult):
    """The result of a run: SciPy's `OptimizeResult`, with a table for notebooks.

    The fields are those of `es.minimize`. `es.plot(res)` draws it.

    Examples
    --------
    >>> import es
    >>> res = es.minimize(lambda x: (x**2).sum(), [1.0, 2.0], maxfevals=20, rng=1)
    >>> res.nfev == res["nfev"], "<table>" in res._repr_html_()
    (True, True)
    """

    def __init__(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        super().__init__()
        self.update({**(fields or {}), **more})

    def __repr__(self) -> str:
        shown = OptimizeResult()
        for name, value in self.items():  # SciPy cannot show an empty dict, which `stop` of a run that goes on is
            shown[name] = "{}" if isinstance(value, dict) and not value else value
        if "history" in self:
            shown["history"] = repr(self["history"])  # a line in the place of all its columns
        return repr(shown)

    def _repr_html_(self) -> str:
        """A table for notebooks, the fields that are read first at its top."""
        names = [name for name in FIRST if name in self] + [name for name in self if name not in FIRST]
        rows = (
            f"<tr><th>{html.escape(str(name))}</th><td><pre>{html.escape(_shown(self[name]))}</pre></td></tr>"
            for name in names
            if self[name] is not None
        )
        return f"<table><tbody>{''.join(rows)}</tbody></table>"


class Intermediate(Result):
    """What a callback is shown; its history is made when it is asked for, so that an iteration costs nothing more.

    `history()` gives the columns and matrices of the run so far.
    """

    def __init__(self, history: Callable[[], Mapping[str, FloatArray]], **fields: Any) -> None:
        super().__init__(fields)
        object.__setattr__(self, "_history", history)

    def __missing__(self, name: str) -> Any:
        if name != "history":
            raise KeyError(name)
        self["history"] = records = Records(object.__getattribute__(self, "_history")())
        return records

    def __reduce__(self) -> tuple[Any, ...]:
        return Result, ({**self, "history": self["history"]},)


def _shown(value: Any) -> str:
    text = np.array2string(value, precision=6, threshold=20) if isinstance(value, np.ndarray) else repr(value)
    if isinstance(value, str):
        text = value
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
