"""The driver: one call from a function to a result, whatever the method.

    res = es.minimize(f, x0, bounds=[(-5, 5)] * 10)

The checks, the loop, evaluation, limits, restarts, constraints, noise and checkpoints have a file of their own each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from es.auto.handover import fitting
from es.core.lagrangian import OFF
from es.core.limits import Limits, limit, target
from es.evaluation.evaluate import Evaluator
from es.evaluation.opening import MapLike
from es.gradient.units import powers_of_two
from es.registry import get_method
from es.run import arguments
from es.run.asynchronous import AsynchronousRun, check_asynchronous
from es.run.checkpoint import Checkpoint, as_checkpoint
from es.run.constraints import ranking_rule_for
from es.run.differences import Differences
from es.run.few_evaluations import advice
from es.run.fingerprint import describe
from es.run.given import conclude, given_points
from es.run.loop import Run
from es.run.noise import Reevaluation, check_noise
from es.run.report import Reporter, summarize
from es.run.reports import Reports, prepare_constraints
from es.run.restarts import with_restarts
from es.run.task import Task
from es.space import Space
from problems.numbers import flag

if TYPE_CHECKING:
    from distributed import Client
    from scipy.optimize import Bounds

    from es.core.result import Result


def minimize(
    fun: Callable[..., Any],
    x0: npt.ArrayLike | Space | None = None,
    args: tuple[Any, ...] = (),
    *,
    method: str | type | None = None,
    sigma0: float | npt.ArrayLike | None = None,
    bounds: Bounds | Sequence[Any] | None = None,
    constraints: Any = (),
    integrality: npt.ArrayLike | None = None,
    jac: Callable[..., Any] | bool | str | None = None,
    vectorized: bool = False,
    maxfevals: float | None = None,
    maxiter: float | None = None,
    maxtime: float | None = None,
    ftarget: float | None = None,
    restarts: int | str | None = None,
    popsize: int | None = None,
    workers: int | MapLike | Executor | Client | None = 1,
    callback: Callable[..., Any] | None = None,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    on_error: str = "raise",
    timeout: float | None = None,
    asynchronous: bool = False,
    maximize: bool = False,
    known: tuple[Any, Any] | None = None,
    enqueue: Any = None,
    evaluate_x0: bool = False,
    evaluate_mean: bool = False,
    archive: str | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    options: Mapping[str, Any] | None = None,
) -> Result:
    """Minimise a function of which nothing need be known, with or without gradients.

    Parameters
    ----------
    fun : callable, problems.Objective or problems.Ledger
        `fun(x)` for x of shape (n,) returns a number; of shape (..., n) values of shape (...) if `vectorized`. With a
        `Space` it gets a dict. A Ledger is used as it is, so its trace is the curve of the run. For method "mo-cmaes"
        it returns one value per objective, (m,) or (..., m). In the place of a number a function of one point may
        return an `Evaluation`, or a dict with "f", "constraints", "equalities" and "info": constraints are then kept
        as those of the argument, without a second simulation, and infos stand in the archive.
    x0 : array_like of shape (n,), Space or None
        Where to start, inside the bounds. None: `fun.x0(rng)` of an Objective, else uniform in finite bounds.
    args : tuple
        Further arguments of `fun`, and of `jac` where that is a function.
    method : str or class, optional
        A name of `es.methods()`, or a class with ask and tell. None: what fits, by the first of these rows that holds
        (`es.auto.handover`).

        ======================================================================= ========================================
        what is given                                                           method
        ======================================================================= ========================================
        a Space with whole numbers, choices or conditions                       what `es.run.arguments.for_space` says
        several objectives, in a problems.MultiObjective                        mo-cmaes
        popsize, restarts, known, enqueue, evaluate_mean, options of strategies cmaes
        asynchronous=True                                                       cmaes
        whole numbers                                                           cmaes, which becomes cmaes-margin
        constraints and a gradient                                              slsqp
        constraints                                                             cmaes, with an augmented Lagrangian
        noise="reevaluate" among the options                                    cmaes
        anything else                                                           auto
        ======================================================================= ========================================

        What a plain function returns is not known before it is called, so that for several objectives "mo-cmaes" must
        be named, or the function wrapped. "auto" finds out while it runs what the function is like (`es.Auto`); an
        iteration of it is a batch of one to many points. "auto" by name goes by the same table without its third row.
    sigma0 : float or array_like of shape (n,), optional
        Initial standard deviations; about a quarter of the distance to the optimum. Default: that of the Objective,
        0.3 of the width of finite bounds, else 0.3 max(1, max|x0|).
    bounds : scipy.optimize.Bounds or sequence of (low, high), optional
        Never left by an evaluation. Default: those of the Objective.
    constraints : NonlinearConstraint, LinearConstraint or a sequence of them
        Handled by an augmented Lagrangian (`es.core.lagrangian`), or by a method that keeps them, as "slsqp"; `x` is
        then the best feasible point. With a `Space` they get what `fun` gets, and the columns of a LinearConstraint are
        its parameters.
    integrality : array_like of shape (n,), optional
        Non-zero where a coordinate takes whole numbers only. With a `Space`: one entry per parameter, or a mapping of
        names.
    jac : callable, True, {"2-point", "3-point", "cs"} or None
        The gradient, for methods that use one: a callable, True where `fun` returns (f, g), None for `autodiff`, or
        differences of `fun` with SciPy's steps: forward, central, or along the imaginary axis (`fun` must compute with
        complex x). Points of differences stay inside the bounds, count in `nfev` and `maxfevals`, and are evaluated in
        one batch with the point itself, by all workers; with a `Space` they are in the coordinates of the search, and
        the only gradients beside `autodiff`. Methods with differences of their own, as "auto", take those,
        and a gradient only where one is given.
    vectorized : bool
        Whether `fun` takes whole populations.
    maxfevals, maxiter, maxtime : float, optional
        Budget in evaluations (never passed), iterations and seconds. Methods that have no end of their own on some
        functions have a default budget, `evaluations_per_variable`, which any of these replaces.
    ftarget : float, optional
        Stop at this value; `success` then means that it was reached. With several objectives: minus a hypervolume.
    restarts : int, "ipop", "bipop" or None
        Start again when the method ends before the budget does (`es.run.restarts`); an int is a number of IPOP
        restarts.
    popsize : int, optional
        Points per iteration.
    workers : int, map-like callable, concurrent.futures.Executor, dask Client or None
        Where points are evaluated (`es.evaluation.opening.open_workers`): -1 is one worker per core, None as many as
        `joblib.parallel_config` says, whose backend is used for any number but 1. The numbers do not depend on it,
        with one exception: worker processes have one BLAS thread each, however many they are, and a `fun` that uses
        BLAS on large matrices rounds otherwise where it has more, as with `workers=1` in this process, whose threads
        are the caller's (`threadpoolctl.threadpool_limits(1)` or `OPENBLAS_NUM_THREADS=1` give the same bits here).
    callback : callable, optional
        `callback(intermediate_result)`, after each iteration; StopIteration ends the run.
    progress : bool
        Show a progress line.
    checkpoint : path or es.Checkpoint, optional
        Save the run there and go on from there if the file exists. A file of CMA-ES goes on with CMA-ES where no method
        is named. Between two calls may change: budgets and target, `workers`, `vectorized`, `timeout`, `on_error`,
        `evaluate_mean`, `callback` and `progress`. `fun`, `args` and a `jac` that computes gradients are not compared;
        any other argument that has changed is refused.
    on_error : {"raise", "penalize"}
        What an exception in `fun`, a dead worker or a passed `timeout` does: raise, or count as a value of NaN.
    timeout : float, optional
        Seconds that one evaluation may take; evaluations then run in worker processes that can be killed.
    asynchronous : bool
        Give each worker the next point as soon as it is free, and learn from values as they come (`Optimizer.tell`), in
        place of waiting for the slowest of each population: for evaluations whose times differ. It takes more
        evaluations and less time (`experiments/benchmarks/es_asynchronous.py`). A run is reproducible for given times
        of its evaluations, so from run to run it is not, except with one worker, where it is the run of whole
        populations. Only for strategies that sample. What is still evaluated at the end is given up. With a checkpoint
        every value is on disk, beside it, before it is told.
    maximize : bool
        Find the largest value of `fun`: `fun`, `history` and `archive` of the result, and `ftarget`, are its own.
    known : (X, f), optional
        Points (k, n), or a list of dicts with a `Space`, and their values (k,): used, not evaluated again and not
        counted. Strategies learn from them as from points of the caller's own (`Optimizer.tell`); other methods only
        take them as values that are to be beaten.
    enqueue : array_like of shape (k, n), or list of dicts, optional
        Points that are evaluated before all others, by all workers, and used in the same way.
    evaluate_x0 : bool
        Evaluate the start first of all. Strategies sample around it and do not otherwise evaluate it; "auto" does.
    evaluate_mean : bool
        Evaluate the centre of the last distribution at the end, with the last evaluation of the budget: `fun_mean` of
        the result.
    archive : {"all", "last"}, optional
        What the result keeps as `archive`, a dict of `x` and `fun`, and of `constraints`, `equalities` and `info` where
        an `Evaluation` had them: all evaluated points in their order, or those of the last batch.
    rng : None, int, SeedSequence or Generator
        Source of randomness; the global NumPy stream is never touched.
    options : mapping, optional
        Further arguments of the method's constructor, and stopping criteria by name (`{"tolx": 1e-9}`). With
        `"noise": "reevaluate"` points are evaluated as often as the noise asks for (`es.run.noise`).

    Returns
    -------
    es.Result
        A `scipy.optimize.OptimizeResult` that shows itself as a table in notebooks.
        `x` and `fun`, the best evaluated point and its value; `success`, `status`, `message`; `nfev`, `njev`, `nit`;
        `stop`, the criteria that ended the run with their figures; `mean`, the centre of the method's last
        distribution, which is not evaluated (of a noisy function it is often the better point); `n_failed` and
        `first_error`; `history`, what `es.plot` draws; `seconds`, `seed`, `method`.
        With several objectives `x` (k, n) and `fun` (k, m) are the Pareto set found, each point once, `hypervolume` is
        its volume up to `reference` (m,); the history has minus the hypervolume in the place of f.

    Raises
    ------
    ValueError
        Whatever is wrong with an argument, before the first evaluation.

    Examples
    --------
    >>> import es
    >>> res = es.minimize(lambda x: ((x - 1) ** 2).sum(), [0.0, 0.0], ftarget=1e-9, rng=1)
    >>> bool(res.success), bool(abs(res.x - 1).max() < 1e-4)
    (True, True)
    """
    vectorized, maximize = flag("vectorized", vectorized), flag("maximize", maximize)
    asynchronous, progress = flag("asynchronous", asynchronous), flag("progress", progress)
    kept = as_checkpoint(checkpoint)
    given = None
    if kept is not None:
        rng = kept.open(rng)
        given = describe(rng)  # before anything is drawn from it
        method = kept.method() if method is None else method
    task = Task(
        fun, x0, args, method=method, bounds=bounds, constraints=constraints, integrality=integrality, jac=jac,
        vectorized=vectorized, maximize=maximize, archive=archive, rng=rng,
    )  # fmt: skip
    ledger, problem, space, scheme = task.ledger, task.problem, task.space, task.scheme
    method = task.method
    cls = fitting(
        problem, method=method, jac=jac, integrality=task.whole, constraints=task.constraints, options=options,
        asynchronous=asynchronous, learnt=(popsize, restarts, known, enqueue, evaluate_mean),
    )  # fmt: skip
    if cls.__name__ == "Auto" and restarts is not None:
        raise ValueError(f"restarts must be None for method 'auto', which restarts by itself, got {restarts!r}")
    several = cls.kind == "multiobjective"
    options, noise = arguments.take_noise(options, task.constraints)
    cls, options = arguments.with_discrete(cls, options, task.whole, space)
    if several and (noise or restarts is not None):
        what = "options['noise']" if noise else "restarts"
        raise ValueError(f"{what} cannot be combined with {cls.__name__}, which has several objectives: leave it out")
    if several and (maximize or evaluate_mean):
        what = "maximize" if maximize else "evaluate_mean"
        raise ValueError(f"{what} cannot be combined with {cls.__name__}, which has several objectives: leave it out")
    if asynchronous:
        check_asynchronous(cls, noise=noise)
    if noise:
        check_noise(cls, popsize)
    if scheme is None:
        arguments.check_gradient(cls, problem)
    make = arguments.Maker(
        cls, task.start, sigma0=problem.sigma0 if sigma0 is None else sigma0, box=task.box, popsize=popsize,
        options=options,
    )  # fmt: skip
    if scheme in ("2-point", "3-point"):  # the complex step is as good as a gradient
        make.fixed = {**getattr(cls, "of_differences", {}), **make.fixed}
    if checkpoint is not None and cls.kind == "scipy":
        make.fixed["replayable"] = True
    if cls.kind == "hybrid" and "gradient" in arguments.constructor_arguments(cls):
        wanted = make.fixed.get("gradient", scheme is None and problem.jac is not None)
        make.fixed["gradient"] = bool(wanted) and problem.differentiable is not False
    own = given_points(
        space, task.start, task.box, task.whole, known=known, enqueue=enqueue,
        evaluate_x0=flag("evaluate_x0", evaluate_x0) and not (cls.kind == "hybrid" and enqueue is None),
        negative=maximize,
    )  # fmt: skip
    if task.constraints:
        make.constrain(task.constraints, OFF)
    make.budgeted = any(budget is not None for budget in (maxfevals, maxiter, maxtime))
    opt = with_restarts(make, restarts, task.rng)
    most, aim = limit("maxfevals", maxfevals, whole=True), target(ftarget)
    limits = Limits(
        ledger,
        maxfevals=most - 1 if most is not None and flag("evaluate_mean", evaluate_mean) else most,
        maxiter=limit("maxiter", maxiter, whole=True),
        maxtime=limit("maxtime", maxtime, whole=False),
        ftarget=-aim if maximize and aim is not None else aim,
    )
    if hasattr(opt, "budget") and opt.budget is None:
        opt.budget = limits.maxfevals
    if hasattr(opt, "targeted"):
        opt.targeted = opt.targeted or limits.ftarget is not None
    rule: Any = ranking_rule_for(task.constraints, cls, opt, task.start.size)
    decode = np.array if space is None else space.decode
    if kept is not None:
        more = {
            "constraints": task.constraints, "noise": noise, "restarts": restarts, "rng": given,
            "space": task.given_space,
        }  # fmt: skip
        chosen = {
            "jac": scheme, "asynchronous": asynchronous, "maximize": maximize, "archive": archive,
            "keep_trace": ledger.keep_trace,
        }  # fmt: skip
        more |= {name: value for name, value in chosen.items() if value}
        more |= {} if own is None else own.settings()
        # Not the budgets and the target, how and where fun is evaluated, and what is done at the end.
        kept.bind({**make.settings(), **more})
    differences = None
    if scheme is not None and cls.wants_gradient:
        units = powers_of_two(opt.scale0)
        differences = Differences(scheme, ledger, task.box, units, longer=cls.kind == "gradient")
    through = ledger if differences is None else differences.evaluated
    with (
        Evaluator(through, workers=workers, on_error=on_error, timeout=timeout) as evaluate,
        closing(Reporter(callback, progress, limits.maxfevals, decode, -1.0 if maximize else 1.0)) as reporter,
    ):
        run = (AsynchronousRun if asynchronous else Run)(
            opt, evaluate, limits, reporter, method=make.name, ranking_rule=rule, checkpoint=kept,
            differences=differences,
        )  # fmt: skip
        if noise:
            run.ranking_rule = Reevaluation(run.again, opt)
        run.given = own
        instead = partial(_cmaes, make, task.rng) if method is None and cls.kind == "hybrid" else None
        run.reports = evaluate.reported = Reports(run, partial(prepare_constraints, run, make, instead))
        run.go()
        more = conclude(run, evaluate_mean=evaluate_mean)
    result = summarize(run)
    run.reports = evaluate.reported = None  # a circle, in which all that the run held would wait for the collector
    result.update(more if task.seed is None else {**more, "seed": task.seed})
    if not several and not task.constraints:
        result["message"] += advice(result, space, task.whole)
    return result


def _cmaes(make: arguments.Maker, rng: Any) -> tuple[arguments.Maker, Any]:
    """What takes the place of the default where fun turns out to return constraints."""
    other = make.instead(get_method("cmaes"))
    return other, other(rng=rng)
