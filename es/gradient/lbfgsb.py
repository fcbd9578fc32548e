"""L-BFGS-B as a generator that asks for points, by the compiled routine of SciPy's that hands back control.

`scipy.optimize.minimize` calls the routine again and again, and evaluates in between. More than half of its time for a
short function goes into what it puts around it: copies, comparisons, checks that have been made here already. And as a
generator, runs can be asked and told without a thread, a hundred of them evaluated in one call. The routine is not
public: `usable` compares it with `minimize` once, which takes its place where it is not what it was. Both give the same
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.gradient.inversion import Answer
from problems.boxes import Box

Int32s = npt.NDArray[np.int32]
Asking = Generator[FloatArray, Answer, Any]
Note = Callable[[FloatArray, float, FloatArray], Any]

UNTOLD = "g must be told to a method that works with gradients, got None"
ITERATED, EVALUATE, CONVERGED = 1, 3, 4  # what the routine says in the first entry of `task`
SMALL_GRADIENT = (401, 503)  # and in the second


def by_steps(x0: FloatArray, box: Box | None, options: Mapping[str, Any], note: Note) -> Asking:
    """What `scipy.optimize.minimize(fun, x0, jac=True, method="L-BFGS-B")` does, without limits and callbacks.

    Parameters
    ----------
    x0 : ndarray, shape (n,)
        Inside the box.
    box : Box or None
    options : mapping
        `maxcor`, `ftol`, `gtol` and `maxls`.
    note : callable
        Told of each point with its value and gradient.

    Yields
    ------
    ndarray, shape (1, n)
        A point; sent back are its value (1,) and gradient (1, n).

    Returns
    -------
    scipy.optimize.OptimizeResult
        `x`, `fun`, `jac`, `success`, `status`, and `small_gradient`: whether the projected gradient is within `gtol`.
    """
    x, f, g, task = x0.copy(), np.zeros(()), np.zeros(x0.size), np.zeros(2, dtype=np.int32)
    step, _ = prepared(x, f, g, kinds_of(box, x0.size), task, options)
    known: FloatArray | None = None  # where f and g are from
    while True:
        step()
        said = task.item(0)
        if said == EVALUATE:
            if known is None or x.item(0) != known.item(0) or not (x == known).all():
                known = x.copy()
                values, slopes = yield known[None]
                if slopes is None:
                    raise ValueError(UNTOLD)
                f[...], g[:] = values.item(0), slopes[0]
                note(known, f.item(), slopes[0])
        elif said != ITERATED:
            break
    return result_of(x, f.item(), g, task)


def kinds_of(box: Box | None, n: int) -> tuple[FloatArray, FloatArray, Int32s]:
    """Bounds as the routine takes them: lower and upper ones, 0 where there is none, and kinds."""
    low, high, kinds = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int32)
    if box is not None:
        below, above = np.isfinite(box.lb), np.isfinite(box.ub)
        low[below], high[above] = box.lb[below], box.ub[above]
        kinds[:] = np.where(below, np.where(above, 2, 1), np.where(above, 3, 0))  # of bounds: none, lower, both, upper
    return low, high, kinds


def prepared(
    x: FloatArray, f: FloatArray, g: FloatArray, bounds: tuple[FloatArray, FloatArray, Int32s], task: Int32s,
    options: Mapping[str, Any],
) -> tuple[Callable[[], Any], list[Any]]:  # fmt: skip
    """The routine with the arrays that it reads and writes at each call, and those of its own, zeros at the start."""
    n, m = x.size, int(options["maxcor"])
    work, reals = np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m), np.zeros(29)
    whole, flags, counts, search = (np.zeros(size, dtype=np.int32) for size in (3 * n, 4, 44, 2))
    tolerances = options["ftol"] / np.finfo(float).eps, options["gtol"]
    own = [work, whole, flags, counts, reals, search]
    step = partial(
        _routine(), m, x, *bounds, f, g, *tolerances, work, whole, task, flags, counts, reals, int(options["maxls"]),
        search,
    )  # fmt: skip
    return step, own


def result_of(x: FloatArray, f: float, g: FloatArray, task: Int32s) -> Any:
    """What `by_steps` returns, by what the routine has said in `task`."""
    from scipy.optimize import OptimizeResult

    result: Any = OptimizeResult()
    success, small = task.item(0) == CONVERGED, task.item(1) in SMALL_GRADIENT
    result.update(x=x, fun=f, jac=g, success=success, status=0 if success else 2, small_gradient=small)
    return result


def answered(asking: Asking, call: Callable[[FloatArray], Answer]) -> Any:
    """What a generator returns when `call` gives it the answers."""
    try:
        x = next(asking)
        while True:
            x = asking.send(call(x))
    except StopIteration as end:
        return end.value


@cache
def _routine() -> Callable[..., Any]:
    from scipy.optimize import _lbfgsb  # it is not public

    return _lbfgsb.setulb


@cache
def usable() -> bool:
    """Whether the routine works here as it does within `scipy.optimize.minimize`, by a small example."""
    from scipy.optimize import minimize

    start, options = np.array([-1.2, 1.0]), {"maxcor": 3, "ftol": 2e-15, "gtol": 1e-10, "maxls": 50}
    call: Any = minimize  # its overloads know no such mapping of options
    bounds = Box(np.array([-2.0, -1.0]), np.array([0.9, np.inf]))
    theirs: list[FloatArray] = []
    ours: list[FloatArray] = []

    def valley(x: FloatArray) -> tuple[float, FloatArray]:
        a, b = x
        theirs.append(x.copy())
        slope = np.array([400 * a * (a * a - b) + 2 * (a - 1), 200 * (b - a * a)])
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2, slope

    def answer(x: FloatArray) -> Answer:
        f, g = valley(x[0])
        ours.append(theirs.pop())
        return np.array([f]), g[None]

    sides = list(zip(bounds.lb, bounds.ub, strict=True))
    scipys = call(valley, start, jac=True, method="L-BFGS-B", bounds=sides, options=options)
    try:
        mine = answered(by_steps(start, bounds, options, lambda *_: None), answer)
    except Exception:  # another version of SciPy may do anything here
        return False
    same_end = (mine.fun, mine.small_gradient) == (scipys.fun, "GRADIENT" in scipys.message)
    return same_end and np.array_equal(ours, theirs) and np.array_equal(mine.x, scipys.x)
