"""Many independent runs as one: a stack of optimizers over one vectorised objective, a result for each.

A thousand runs of a cheap objective in one stack cost a tenth of a thousand calls of `minimize`: each line of the
method and of the objective works for all runs at once. Each run has its own random stream, budget and target, and
ends on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import as_count, as_start
from es.core.limits import limit, of_runs, target
from es.evaluation.evaluate import Evaluator
from es.registry import get_method
from es.run import arguments
from es.run.differences import as_scheme
from es.run.memory import check_runs
from problems.boxes import as_box
from problems.ledger import Ledger
from problems.numbers import flag
from problems.objective import Objective

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def minimize_runs(
    fun: Callable[..., Any],
    x0: npt.ArrayLike,
    *,
    runs: int | None = None,
    method: str | type = "cmaes",
    sigma0: float | npt.ArrayLike | None = None,
    bounds: Any = None,
    jac: Callable[..., Any] | bool | str | None = None,
    vectorized: bool = False,
    maxfevals: float | npt.ArrayLike | None = None,
    maxiter: float | npt.ArrayLike | None = None,
    maxtime: float | None = None,
    ftarget: float | npt.ArrayLike | None = None,
    restarts: int | str | None = None,
    popsize: int | None = None,
    workers: Any = 1,
    on_error: str = "raise",
    keep_trace: bool = False,
    rng: Any = None,
    options: Mapping[str, Any] | None = None,
) -> list[OptimizeResult]:
    """Minimise a function from many starts, or with many settings, in one stack of runs.

    What cannot be stacked is run one after the other: SciPy's methods, restarts, constraints, `options["noise"]`,
    gradients by differences.

    Parameters
    ----------
    fun : callable or problems.Objective
        As for `minimize`; it pays where `vectorized` is true of it.
    x0 : array_like, shape (runs, n), or (n,)
        Starts, one per run; one start for all with `runs`.
    runs : int, optional
        Number of runs, where x0 does not say it.
    method : str or class
        As for `minimize`.
    sigma0 : float or array_like, optional
        A number, (runs,) or (runs, n).
    maxfevals, maxiter, ftarget : float or array_like of shape (runs,), optional
        One for all runs, or one for each.
    maxtime : float, optional
        Seconds for all runs together.
    rng : None, int, SeedSequence, Generator or a sequence with one of these per run
        Run i of one seed uses its i-th child stream.
    keep_trace : bool
        Give each result the improvements of its run as `trace`; under constraints those by points that keep them to
        within the tolerance of `problems.Feasible`.
    bounds, jac, vectorized, restarts, popsize, workers, on_error, options
        As for `minimize`; options such as `lr` may hold one value per run.

    Returns
    -------
    list of OptimizeResult
        One per run, in the order of x0, with the fields of `minimize` except `history`.

    Raises
    ------
    ValueError
        Whatever is wrong with an argument, before the first evaluation.

    Examples
    --------
    >>> import numpy as np, es
    >>> results = es.minimize_runs(lambda x: (x * x).sum(-1), np.ones(3), runs=5, vectorized=True, rng=1, ftarget=1e-8)
    >>> [bool(res.success) for res in results]
    [True, True, True, True, True]
    """
    cls = arguments.as_class(get_method(method))
    start = _stacked(x0, runs, cls)
    options = arguments.as_options(options)
    keep_trace = flag("keep_trace", keep_trace)
    maxfevals = of_runs("maxfevals", maxfevals, len(start), partial(limit, "maxfevals", whole=True))
    maxiter = of_runs("maxiter", maxiter, len(start), partial(limit, "maxiter", whole=True))
    ftarget = of_runs("ftarget", ftarget, len(start), target)
    maxtime = limit("maxtime", maxtime, whole=False)
    several = cls.kind == "multiobjective"
    ledger = arguments.as_ledger(fun, start.shape[1], jac=jac, vectorized=vectorized, several=several)
    problem: Objective = ledger.objective
    if several and keep_trace:
        raise ValueError("keep_trace follows one value and there are several objectives: leave it out")
    scheme = as_scheme(jac)
    if scheme is None:
        arguments.check_gradient(cls, problem)
    alone = cls.kind in ("scipy", "hybrid") or restarts is not None or (scheme is not None and cls.wants_gradient)
    if alone or problem.constraints or options.get("noise") is not None:
        from es.in_turn import run_in_turn

        if isinstance(fun, Ledger):
            raise ValueError(
                f"fun is a Ledger, which serves one run, and {len(start)} would run in turn: pass its .objective"
            )
        return run_in_turn(
            problem, start, each={"sigma0": sigma0, "maxfevals": maxfevals, "maxiter": maxiter, "ftarget": ftarget},
            maxtime=maxtime, rng=rng, keep_trace=keep_trace, method=method, bounds=bounds, restarts=restarts,
            popsize=popsize, workers=workers, on_error=on_error, options=options, jac=scheme,
        )  # fmt: skip
    stop = arguments.as_options(options.get("stop"), "options['stop']")
    cls, options = arguments.with_integers(cls, options, problem.integrality)
    limits = {"maxfevals": maxfevals, "maxiter": maxiter, "maxtime": maxtime, "ftarget": ftarget}
    given = {name: value for name, value in limits.items() if value is not None}
    make = arguments.Maker(
        cls,
        start,
        sigma0=problem.sigma0 if sigma0 is None else sigma0,
        box=problem.box if bounds is None else as_box(bounds, start.shape[1]),
        popsize=popsize,
        options={**(options or {}), "stop": {**stop, **given}},
    )
    opt = make(rng=rng)
    if keep_trace:
        opt.book.keep_trace()
    most = np.broadcast_to(np.inf if maxfevals is None else np.asarray(maxfevals, dtype=float), len(start))
    means: dict[int, FloatArray] = {}
    with Evaluator(ledger, workers=workers, on_error=on_error) as evaluate:
        while not opt.stop():
            _one_step(opt, evaluate, most, means)
        for run, result in enumerate(results := opt.results):
            if keep_trace:
                result["trace"] = opt.book.trace(run)
            result.update(first_error=evaluate.first_error, method=make.name, mean=means.get(run, result.mean))
    return list(results)


def _stacked(x0: Any, runs: int | None, cls: Any) -> FloatArray:
    start = as_start(x0)
    if start.ndim == 1:
        if runs is None:
            raise ValueError(
                f"x0 must have shape (runs, n), got {start.shape}: give `runs` to start all from one point"
            )
        count = as_count(runs, "runs")
        check_runs(cls, start.size, count)
        return np.tile(start, (count, 1))
    if runs is not None and as_count(runs, "runs") != len(start):
        raise ValueError(f"runs must be the {len(start)} rows of x0, got {runs}")
    return start


def _one_step(opt: Any, evaluate: Evaluator, most: FloatArray, means: dict[int, FloatArray]) -> None:
    """Ask, evaluate, tell for all runs; a run's last population is cut where its budget ends."""
    x, active = opt.ask(), opt.active
    rows, k, n = x.shape
    room = most[active] - opt.nfev
    done: BoolArray = np.arange(k) < room[:, None]
    g = np.full(x.shape, np.nan) if opt.wants_gradient else None
    values, slopes = evaluate(x.reshape(-1, n) if done.all() else x[done], gradients=opt.wants_gradient)
    f = np.full((rows, k, *values.shape[1:]), np.nan)
    f[done] = values
    if g is not None and slopes is not None:
        g[done] = slopes
    if not done.all():
        opt.book.expect(done)
    for row in np.flatnonzero(room < k).tolist():
        means[int(active[row])] = opt.x_mean[row]  # what a cut population teaches is left out
    opt.tell(x, f, g)
