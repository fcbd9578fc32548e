"""Many independent runs as one: a stack of optimizers over vectorised objectives, a result for each.

A thousand runs of a cheap objective in one stack cost a tenth of a thousand calls of `minimize`: each line of the
method and of the objective works for all runs at once. Each run has its own random stream, budget and target, and
ends on its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from es.auto.handover import stacking
from es.core.arrays import FloatArray, as_scale
from es.core.streams import open_streams
from es.evaluation.evaluate import ConstraintsTold
from es.evaluation.stacked import StackedEvaluator, one_step, stacked_evaluator
from es.run import arguments
from es.run.differences import as_scheme
from es.run.each import Budgets, Each, each_run, in_turn_arguments, starts
from es.run.lane_legs import LaneCourses, in_lanes
from es.run.legs import Courses, stacks_with_restarts
from es.run.solver_legs import STACKED, SolverCourses
from es.space import Space
from problems.numbers import flag
from problems.objective import Objective
from problems.several import as_ledger
from problems.stack import Stack

if TYPE_CHECKING:
    from es.core.result import Result


def minimize_runs(
    fun: Callable[..., Any],
    x0: npt.ArrayLike | Space | None,
    *,
    runs: int | None = None,
    method: str | type | None = None,
    sigma0: float | npt.ArrayLike | None = None,
    bounds: Any = None,
    jac: Callable[..., Any] | bool | str | None = None,
    vectorized: bool = False,
    maxfevals: float | npt.ArrayLike | None = None,
    maxiter: float | npt.ArrayLike | None = None,
    maxtime: float | None = None,
    ftarget: float | npt.ArrayLike | None = None,
    restarts: int | str | None = None,
    popsize: int | Sequence[int | None] | npt.NDArray[Any] | None = None,
    workers: Any = 1,
    on_error: str = "raise",
    keep_trace: bool = False,
    rng: Any = None,
    options: Mapping[str, Any] | None = None,
    **others: Any,
) -> list[Result]:
    """Minimise a function from many starts, with many settings, or many functions, in stacks of runs.

    Runs of one population size and one box stand in one stack; with restarts those whose population has one size just
    then do (`es.run.legs`). Each run has the numbers that it has alone, whatever stands beside it. What cannot be
    stacked is run one after the other: SciPy's methods without gradients, `auto`, lq-CMA-ES with restarts, constraints,
    `options["noise"]`, gradients by differences.

    Parameters
    ----------
    fun : callable, problems.Objective or problems.Stack
        As for `minimize`; it pays where `vectorized` is true of it. Of a Stack problem i is that of run i.
    x0 : array_like, shape (runs, n), or (n,), Space or None
        Starts, one per run; one start for all with `runs`, or for a Stack. None: each run draws its own, as
        `minimize` does.
    runs : int, optional
        Number of runs, where x0 does not say it.
    method : str or class, optional
        As for `minimize`. Default: "cmaes", which stacks ("auto" does not); for a `problems.MultiObjective` "mo-cmaes".
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
    popsize : int or sequence, optional
        One for all runs, or one for each.
    bounds : Bounds or sequence, optional
        As for `minimize`; for each run its own as a sequence of `scipy.optimize.Bounds` or an array (runs, n, 2).
    jac, vectorized, restarts, workers, on_error, options
        As for `minimize`; c1, cmu, cc, cs, damps, lr and thresholds of criteria may hold one value per run. A Stack is
        evaluated in this process.

    **others
        Other arguments of `es.minimize`, the same for all runs: args, maximize, constraints, integrality, known,
        enqueue, evaluate_x0, evaluate_mean, archive, asynchronous, timeout. callback, progress and checkpoint, which
        are of one run, are refused.

    Returns
    -------
    list of es.Result
        One per run, in the order of x0, with the fields of `minimize` except `history`. `seconds` of runs side by side
        are those from the begin of all to the end of each.

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

    Three instances of Rastrigin's function of BBOB, with restarts:

    >>> from problems import get, stack
    >>> three = stack([get("bbob-f3", n=2, instance=k) for k in (1, 2, 3)])
    >>> results = es.minimize_runs(three, np.zeros(2), restarts="bipop", rng=1, ftarget=three.f_opts + 1e-8)
    >>> [bool(res.success) for res in results]
    [True, True, True]
    """
    keep_trace = flag("keep_trace", keep_trace)
    further = in_turn_arguments(x0, others, keep_trace)
    cls = stacking(fun, method)
    start = starts(x0, runs, cls, fun, bounds)
    count = len(start)
    options = arguments.as_options(options)
    budgets = Budgets(count, maxfevals=maxfevals, maxiter=maxiter, ftarget=ftarget, maxtime=maxtime)
    several, scheme = cls.kind == "multiobjective", as_scheme(jac)
    ledger = as_ledger(fun, start.shape[1], jac=None if scheme else jac, vectorized=vectorized, several=several)
    problem: Objective = ledger.objective
    if several and keep_trace:
        raise ValueError("keep_trace follows one value and there are several objectives: leave it out")
    if scheme is None:
        arguments.check_gradient(cls, problem)
    if isinstance(problem, Stack) and len(problem) != count:
        raise ValueError(f"fun must hold a problem for each of the {count} runs, got a stack of {len(problem)}")
    stop = arguments.as_options(options.pop("stop", None), "options['stop']")
    each = each_run(
        start, sigma0=problem.sigma0 if sigma0 is None else sigma0, popsize=popsize, bounds=bounds, box=problem.box,
        options=options, stop=stop,
    )  # fmt: skip
    if sigma0 is None and x0 is not None and isinstance(problem, Stack):
        each = replace(each, sigma0=_own_sigmas(problem, each))
    solvers = cls in STACKED and not stop and workers == 1
    alone = (cls.kind in ("scipy", "hybrid") and not solvers) or (scheme is not None and cls.wants_gradient)
    alone = alone or (restarts is not None and not solvers and not stacks_with_restarts(cls, options))
    alone = alone or bool(further) or x0 is None or isinstance(x0, Space)
    in_turn = partial(
        _in_turn, fun, x0, problem, each, budgets=budgets, keep_trace=keep_trace, method=method or cls,
        restarts=restarts, workers=workers, on_error=on_error, jac=jac, vectorized=vectorized, **further,
    )  # fmt: skip
    if alone or problem.constraints or options.get("noise") is not None:
        return in_turn(rng=rng)
    streams = list(zip(*open_streams(rng, count), strict=True))
    cls, options = arguments.with_discrete(cls, each.options, problem.integrality)
    each = replace(each, options=dict(options or {}))
    evaluate = stacked_evaluator(ledger, workers=workers, on_error=on_error)
    try:
        with closing(evaluate):
            if restarts is None and not solvers:
                return _until_the_end(cls, each, streams, evaluate, budgets, keep_trace=keep_trace)
            lanes = not solvers and in_lanes(cls, each, restarts, evaluate, budgets)
            kind = SolverCourses if solvers else LaneCourses if lanes else Courses
            return kind(cls, each, restarts, streams, evaluate, budgets, keep_trace=keep_trace).run()
    except ConstraintsTold as error:  # nobody knew before the first evaluation
        seeds = [seed for _, seed in streams]
        if any(seed is None for seed in seeds):
            raise ValueError(f"{error}; rng must be an int or a SeedSequence then, got a Generator") from None
        return in_turn(rng=seeds)


def _in_turn(*given: Any, **more: Any) -> list[Result]:
    from es.in_turn import run_in_turn  # which needs `es.minimize`

    return run_in_turn(*given, **more)


def _own_sigmas(problems: Stack, each: Each) -> Any:
    """The initial step size that each problem names; None where none does."""
    own = [problem.sigma0 for problem in problems.objectives]
    if all(sigma is None for sigma in own):
        return None
    return np.stack([as_scale(sigma, x0, box) for sigma, x0, box in zip(own, each.x0, each.boxes, strict=True)])


def _until_the_end(
    cls: Any,
    each: Each,
    streams: list[tuple[np.random.Generator, Any]],
    evaluate: StackedEvaluator,
    budgets: Budgets,
    *,
    keep_trace: bool,
) -> list[Result]:
    """Each run once, in a stack for each population size and box."""
    began, results = time.monotonic(), dict[int, Any]()
    most = budgets.full("maxfevals", np.inf)
    makers = [arguments.Maker(cls, **each.arguments(runs)) for runs in each.groups()]  # all checked before the first
    for runs, make in zip(each.groups(), makers, strict=True):
        given = budgets.of(runs)
        if budgets.maxtime is not None:
            given["maxtime"] = max(1e-6, budgets.maxtime - (time.monotonic() - began))
        opt = make(
            rng=[stream if seed is None else seed for stream, seed in (streams[run] for run in runs)],
            stop={**(make.fixed.get("stop") or {}), **given},
        )
        if keep_trace:
            opt.book.keep_trace()
        means: dict[int, FloatArray] = {}
        active, seconds = opt.active, np.zeros(len(runs))
        while True:
            over = opt.stop()
            if opt.active is not active:  # some have ended
                seconds[np.setdiff1d(active, opt.active)] = time.monotonic() - began
                active = opt.active
            if over:
                break
            cut = one_step(opt, evaluate, runs[active], most[runs[active]] - opt.nfev)
            means |= {int(active[row]): mean for row, mean in cut.items()}
        for at, result in enumerate(opt.results):
            run = int(runs[at])
            if keep_trace:
                result["trace"] = opt.book.trace(at)
            first_error = evaluate.error_of(run)
            result.update(first_error=first_error, method=make.name, mean=means.get(at, result.mean))
            result.update(seed=streams[run][1], seconds=float(seconds[at]))
            result.pop("sigma", None)  # which those of the other ways to a result do not tell
            results[run] = result
    return [results[run] for run in range(len(each.x0))]
