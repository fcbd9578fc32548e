"""`Ledger`: counts what one run evaluates and keeps the best of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray
from problems.objective import Objective


class Trace(NamedTuple):
    """The improvements of one run: arrays of one length, in the order in which they came."""

    nfev: npt.NDArray[np.int64]
    """Points evaluated up to and with the improvement."""
    njev: npt.NDArray[np.int64]
    """Gradients evaluated up to and with the improvement."""
    f: FloatArray
    """The best value from there on."""


def _point(x: Any) -> FloatArray:
    return np.array(x, dtype=np.float64).reshape(-1)


class Ledger:
    """An objective that counts: what a run evaluates through.

    It is called like the `Objective` that it wraps and hands on its attributes (`n`, `bounds`, `x0`, ...). Points count
    in the order of the rows, so that the trace is exact to the evaluation inside a population too. NaN and inf
    are never best. One ledger serves one run.

    Parameters
    ----------
    objective : Objective or callable
    keep_trace : bool
        Whether to keep every improvement for `trace`.
    feasible : callable, optional
        `feasible(x)` for one point x of shape (n,), such as `problems.Feasible(objective.constraints)`: only points
        where it is true can be best. It is asked where the value is better than all before.

    Attributes
    ----------
    nfev, njev : int
        Points and gradients evaluated. A call of `value_and_grad` on k points counts k of each.
    n_failed : int
        Points whose value was NaN or inf; -inf is a value, the least there is.
    f_best : float
        Least value (of a feasible point) so far; inf before the first.
    x_best : ndarray, shape (n,), or None
        Where it was found.

    Examples
    --------
    >>> import numpy as np
    >>> ledger = Ledger(Objective(lambda x: abs(x).sum(-1), n=2, vectorized=True), keep_trace=True)
    >>> ledger(np.array([[3.0, 1.0], [1.0, 1.0], [2.0, 0.0]]))
    array([4., 2., 2.])
    >>> ledger.nfev, ledger.f_best, ledger.trace.nfev
    (3, 2.0, array([1, 2]))
    """

    def __init__(
        self, objective: Any, *, keep_trace: bool = False, feasible: Callable[[FloatArray], bool] | None = None
    ) -> None:
        if isinstance(objective, Ledger):
            raise ValueError("objective is a Ledger already: a run has one, so pass its .objective")
        self.objective: Objective = objective if isinstance(objective, Objective) else Objective(objective)
        self.keep_trace = bool(keep_trace)
        self.feasible = feasible
        self.nfev = 0
        self.njev = 0
        self.n_failed = 0
        self.f_best = np.inf
        self.x_best: FloatArray | None = None
        self._improved: list[tuple[int, int, float]] = []

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n), counted."""
        f = self.objective(x)
        self.record(x, f)
        return f

    def value_and_grad(self, x: Any) -> tuple[Any, FloatArray]:
        """Values and gradients at x of shape (..., n), counted as one value and one gradient per point."""
        f, g = self.objective.value_and_grad(x)
        self.record(x, f, gradients=f.size if isinstance(f, np.ndarray) else 1)
        return f, g

    def record(self, x: Any, f: Any, *, gradients: int = 0) -> None:
        """Count points that were evaluated elsewhere, such as in worker processes.

        Parameters
        ----------
        x : array_like, shape (..., n)
        f : float or array_like, shape (...)
            Their values, in the order in which they count.
        gradients : int
            How many gradients came with them, spread evenly over the points.
        """
        if type(f) is float or type(f) is np.float64:
            self._record_one(x, float(f), gradients)
            return
        values = np.asarray(f, dtype=np.float64)
        count = values.size
        if count < 2:
            if count:
                self._record_one(x, values.item(), gradients)
            return
        values = values.reshape(-1)
        least, largest = values[values.argmin()], values[values.argmax()]  # a third of the time of min() and max()
        if not largest < np.inf:  # NaN fails the comparison
            good = values < np.inf
            self.n_failed += count - int(good.sum())
            values = np.where(good, values, np.inf)
            least = values.min()
        if least < self.f_best:
            rows = np.asarray(x, dtype=np.float64)
            if rows.ndim < 1 or rows.size // rows.shape[-1] != count:
                raise ValueError(f"x and f must be of one length, got shapes {rows.shape} and {np.shape(f)}")
            rows = rows.reshape(count, -1)
            values = values if self.feasible is None else self._of_feasible(values, rows)
            if self.feasible is None or values.min() < self.f_best:
                self._improve_within(values, rows, gradients)
        self.nfev += count
        self.njev += gradients

    def _record_one(self, x: Any, f: float, gradients: int) -> None:
        self.nfev += 1
        self.njev += gradients
        if f < np.inf:
            if f < self.f_best and (self.feasible is None or self.feasible(_point(x))):
                self.f_best, self.x_best = f, _point(x)
                if self.keep_trace:
                    self._improved.append((self.nfev, self.njev, f))
        else:
            self.n_failed += 1

    def _improve_within(self, values: FloatArray, x: FloatArray, gradients: int) -> None:
        """Take the rows of a population one after the other, by a running minimum."""
        if self.keep_trace:
            before = np.minimum.accumulate(np.concatenate(([self.f_best], values[:-1])))
            for i in np.flatnonzero(values < before).tolist():
                njev = self.njev + (i + 1) * gradients // values.size
                self._improved.append((self.nfev + i + 1, njev, float(values[i])))
        best = int(values.argmin())
        self.f_best = float(values[best])
        self.x_best = x[best].copy()

    def _of_feasible(self, values: FloatArray, x: FloatArray) -> FloatArray:
        """The values, infinite where a row would be the best but is not feasible."""
        assert self.feasible is not None
        kept, best = values.copy(), self.f_best
        for i in np.flatnonzero(values < best).tolist():
            if values[i] < best:
                if self.feasible(x[i]):
                    best = values[i]
                else:
                    kept[i] = np.inf
        return kept

    @property
    def trace(self) -> Trace:
        """Every improvement: `nfev`, `njev` and `f`, exact to the evaluation.

        Raises
        ------
        ValueError
            The ledger was made without `keep_trace=True`.
        """
        if not self.keep_trace:
            raise ValueError("keep_trace was False when this ledger was made: write Ledger(objective, keep_trace=True)")
        return self._columns()

    def state_dict(self) -> dict[str, Any]:
        """The counts, the best and the trace as numbers and arrays, to be saved without pickle."""
        nfev, njev, f = self._columns()
        return {
            "nfev": self.nfev,
            "njev": self.njev,
            "n_failed": self.n_failed,
            "f_best": self.f_best,
            "x_best": np.empty(0) if self.x_best is None else self.x_best.copy(),
            "trace_nfev": nfev,
            "trace_njev": njev,
            "trace_f": f,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.nfev, self.njev, self.n_failed = int(state["nfev"]), int(state["njev"]), int(state["n_failed"])
        self.f_best = float(state["f_best"])
        best = np.array(state["x_best"], dtype=np.float64)
        self.x_best = best if best.size else None
        columns = (np.asarray(state[f"trace_{name}"]).tolist() for name in Trace._fields)
        self._improved = list(zip(*columns, strict=True))

    def _columns(self) -> Trace:
        nfev, njev, f = zip(*self._improved, strict=True) if self._improved else ((), (), ())
        return Trace(np.array(nfev, dtype=np.int64), np.array(njev, dtype=np.int64), np.array(f, dtype=np.float64))

    def __getattr__(self, name: str) -> Any:
        # Only reached for names that the ledger itself lacks; dunders and a half-unpickled ledger must not recurse.
        if name.startswith("__") or "objective" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.objective, name)

    def __repr__(self) -> str:
        return f"<Ledger of {self.objective.name}: nfev={self.nfev}, njev={self.njev}, f_best={self.f_best}>"
