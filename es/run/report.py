"""What a run says while it goes on and when it has ended: callback, progress line, result."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.criteria import VALUES_OF_F
from es.core.lagrangian import NO_POINT
from es.core.stopping import ending

if TYPE_CHECKING:
    from es.core.result import Intermediate, Result
    from es.run.loop import Run


class Reporter:
    """Calls the user's callback and keeps the progress line, once per iteration.

    Parameters
    ----------
    callback : callable or None
        `callback(intermediate_result)` as in SciPy, called with an `OptimizeResult`; a callback whose only parameter
        has another name receives the best point so far. StopIteration, raised in it, ends the run.
    progress : bool
        Whether to show a line on standard error.
    total : float or None
        Evaluations in the budget, if there is one.
    decode : callable
        From the method's x to what the user knows as x.
    sign : float
        -1 where the user's function is maximised.
    """

    def __init__(
        self,
        callback: Callable[..., Any] | None,
        progress: bool,
        total: float | None,
        decode: Callable[[Any], Any],
        sign: float = 1.0,
    ) -> None:
        if callback is not None and not callable(callback):
            raise ValueError(f"callback must be callable or None, got {type(callback).__name__}")
        self._callback = callback
        self._by_name = callback is not None and _wants_result(callback)
        self.decode = decode
        self.sign = sign
        self._bar: Any = None
        if progress:
            from tqdm.auto import tqdm  # a widget in notebooks

            self._bar = tqdm(total=None if total in (None, np.inf) else int(total), unit="eval", leave=True)

    def __call__(self, run: Run) -> bool:
        """Report an iteration; False when the callback has asked to stop."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"f = {self.sign * run.f_best:.6g}", refresh=False)
            self._bar.update(run.limits.nfev - self._bar.n)
        if self._callback is None:
            return True
        try:
            if self._by_name:
                self._callback(intermediate_result=intermediate(run, self.decode))
            else:
                self._callback(intermediate(run, self.decode).x)
        except StopIteration:
            return False
        return True

    def close(self) -> None:
        """Leave the progress line as it stands."""
        if self._bar is not None:
            self._bar.close()


def _wants_result(callback: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(callback).parameters
    except (TypeError, ValueError):  # some builtins have no signature
        return False
    return set(parameters) == {"intermediate_result"}


def intermediate(run: Run, decode: Callable[[Any], Any]) -> Intermediate:
    """What the callback is shown: x, fun, nit, nfev, njev, n_failed, mean, sigma, and history when it is asked for."""
    opt, limits = run.opt, run.limits
    fields = dict(
        x=decode(opt.x_best),
        fun=run.reporter.sign * run.f_best,
        nit=run.nit,
        nfev=limits.nfev,
        njev=limits.njev,
        n_failed=limits.n_failed,
        mean=decode(opt.x_mean),
        sigma=copy.copy(getattr(opt, "sigma", None)),  # an array in some methods, which the run goes on with
    )
    from es.core.result import Intermediate

    return Intermediate(partial(_history, run), **fields | _compromises(run, decode))


def _history(run: Run) -> dict[str, Any]:
    """The history in values of the caller's: of a function that is maximised `low` is still the least."""
    history = run.history.arrays()
    if run.reporter.sign > 0:
        return history
    changed = {name: -history[name] for name in ("best", "median")}
    return {**history, **changed, "low": -history["high"], "high": -history["low"]}


def _maximised(leg: dict[str, Any]) -> dict[str, Any]:
    """What a restart's log says of a run, of a function that was maximised."""
    stop = {name: -figure if name in VALUES_OF_F else figure for name, figure in leg["stop"].items()}
    return {**leg, "fun": -leg["fun"], "stop": stop}


def _compromises(run: Run, decode: Callable[[Any], Any]) -> dict[str, Any]:
    """With several objectives: the set that takes the place of the best point, and its volume; else nothing."""
    if not hasattr(run.opt, "front"):
        return {}
    front: dict[str, Any] = run.opt.front(decode=decode)
    return front


def summarize(run: Run) -> Result:
    """The result of a run that has ended; see `es.minimize` for its fields."""
    from es.core.result import Records, Result

    opt, limits, stop, decode, sign = run.opt, run.limits, run.stop, run.reporter.decode, run.reporter.sign
    found = bool(run.f_best < np.inf)
    more = {} if run.ranking_rule is None else run.ranking_rule.report()
    instead = NO_POINT if more.get("violation") else ""
    if "x" in more:
        more["x"] = decode(more["x"])
    counts: Any = {"nfev": limits.nfev, "n_failed": limits.n_failed}
    fields = dict(
        x=decode(opt.x_best),
        fun=sign * run.f_best if found else np.nan,
        **ending(stop, found=found, wanted=limits.ftarget is not None, instead=instead, sign=sign, **counts),
        **counts,
        njev=limits.njev,
        nit=run.nit,
        mean=decode(opt.x_mean),
        first_error=run.evaluate.first_error,
        seconds=limits.seconds,
        seed=opt.seed,
        method=run.method,
        history=Records(_history(run)),
    )
    if hasattr(opt, "findings"):
        found_out = opt.findings()
        fields |= found_out | {"message": f"{fields['message']}; {found_out['message']}"}
    if hasattr(opt, "log"):
        fields["restarts"] = opt.log if sign > 0 else [_maximised(leg) for leg in opt.log]
    return Result(fields | _compromises(run, decode) | more)
