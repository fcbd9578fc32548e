"""A trial: one method on one problem once.  Plain dict in, plain dict out, the same numbers on every worker."""

from __future__ import annotations

import fnmatch
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from experiments.build import build_problem
from experiments.capture import captured
from experiments.deadline import Deadline, TrialTimeout
from experiments.records import Record, Trial, allowance, blank_record, digest, judged, key_of, swept_label
from experiments.solve import Meter, Terms, rehearse, solve
from experiments.statistics.cells import method_label, problem_label, setting_of
from experiments.sweep import facts_of
from experiments.tomlfile import SpecError

PAIRED = ("gradient", "differentiab", "derivative", "constraint", "integer", "integrality", "bounds are", "one value")
"""Words of errors that are neither the method's nor the problem's fault but of the two together."""


def make_trials(spec: Any) -> list[Trial]:
    """List the trials of a study, each content once, in the study's order: problem, method, sweep point, repeat.

    It is a SpecError if the same trial would stand in two rows of the table, or different ones in one place of it.
    """
    points = list(spec.sweep.points())
    trials: dict[str, Trial] = {}
    for problem in spec.problems:
        for method in spec.methods:
            if any(fnmatch.fnmatchcase(problem.name, pattern) for pattern in method.skip or ()):
                continue
            for point in points:
                kept = spec.sweep.active(point, facts_of(problem, method))
                for seed in spec.repeats:
                    trial = _make_trial(spec, problem, method, kept, seed)
                    first = trials.setdefault(trial["key"], trial)
                    if _place(first) != _place(trial):
                        raise SpecError(*_twice(first, trial))
    _told_apart(trials.values())
    for index, trial in enumerate(trials.values()):
        trial["index"] = index
    return list(trials.values())


def _place(trial: Trial) -> tuple[str, str]:
    """The row of the table in which a trial stands."""
    return problem_label(trial), method_label(trial)


def _twice(first: Trial, second: Trial) -> tuple[tuple[str, ...], str]:
    """Where and why a study is refused that has one trial in two rows."""
    part = "problem" if problem_label(first) != problem_label(second) else "method"
    rows = [_place(trial)[part == "method"] for trial in (first, second)]
    seed, name = second["seed"], first[part]["name"]
    return (f"{part}s",), (
        f"must differ in more than their labels, and {rows[0]} and {rows[1]} are the same {name} in repeat {seed}: "
        "leave one of them out, or change an option."
    )


def _told_apart(trials: Iterable[Trial]) -> None:
    """Refuse trials that statistics would take for the same repeat of one problem, method and setting."""
    found: dict[tuple[Any, ...], str] = {}
    for trial in trials:
        place = (*_place(trial), trial["seed"], digest(setting_of(trial)))
        if found.setdefault(place, trial["key"]) != trial["key"]:
            raise SpecError(
                ("problems",), f"must be told apart by their labels, and two of them are {place[0]} in the table of "
                f"{place[1]} (repeat {trial['seed']}): give each a label of its own.",
            )  # fmt: skip


def _make_trial(spec: Any, problem: Any, method: Any, point: Mapping[str, Any], seed: int) -> Trial:
    trial: Trial = {
        "problem": {"name": problem.name, "label": problem.label, "n": problem.n, "options": dict(problem.options)},
        "method": {"name": method.name, "label": method.label, "options": dict(method.options)},
        "params": dict(point),
        "seed": seed,
        "precision": problem.precision or spec.precision,
        "grad_cost": spec.grad_cost,
        "study_seed": spec.seed,
    }
    # The nearest word on the budget counts: the sweep's, the problem's, the study's.
    trial |= allowance(point, vars(problem), vars(spec))
    for path, value in point.items():
        head, _, option = path.partition(".")
        if head == "precision":
            trial["precision"] = value
        elif option in ("name", "n") and option in trial[head]:
            trial[head][option] = value
        elif option:
            trial[head]["options"][option] = value
    for part in ("problem", "method"):
        trial[part]["label"] = swept_label(trial[part]["label"], part, point)
    options = trial["problem"]["options"]
    options |= {name: seed + 1 for name, value in options.items() if value == "seed"}
    trial["key"] = key_of(trial)
    return trial


def check_trials(trials: Iterable[Trial]) -> None:
    """Take one trial of each kind up to its first evaluation, before any work starts, and build each problem in each
    dimension.

    It is a SpecError if a problem cannot be built, a method is not known, or they do not take their options.
    """
    seen: set[str] = set()
    for trial in trials:
        # Numbers in options are left out, so that a sweep over a thousand step sizes is rehearsed once.
        words = [[part["name"], *(f"{k}={v}" if isinstance(v, str | bool) else k for k, v in part["options"].items())]
                 for part in (trial["problem"], trial["method"])]  # fmt: skip
        kind, size = digest(words), f"{trial['problem']['name']} {trial['problem']['n']}"
        if kind in seen and size in seen:
            continue
        try:
            with captured():
                if kind in seen:
                    build_problem(trial["problem"])
                else:
                    rehearse(trial)
        except (Exception, SystemExit) as error:
            reason = " ".join(str(error).split())
            if isinstance(error, SystemExit):
                reason = f"its module ends Python when it is imported (SystemExit: {reason})"
            elif not isinstance(error, ValueError | TypeError | ImportError | AttributeError):
                reason = f"{type(error).__name__}: {reason}"
            who = f"{trial['method']['label']} on {trial['problem']['label']}"
            if any(word in reason for word in PAIRED):
                pair = f'skip = ["{trial["problem"]["name"]}"] in the table of {trial["method"]["name"]}'
                reason = f"{reason.rstrip('.')}; {pair} leaves this pair out."
            raise SpecError((), f"{who} cannot start: {reason}") from error
        seen |= {kind, size}


def run_trial(trial: Mapping[str, Any], timeout: float | None = None) -> Record:
    """Run one trial in this process; whatever happens inside it ends in its record, but for Ctrl-C.

    A trial that takes longer than `timeout` seconds ends with status ``"timeout"`` and what it had found. The record is
    that of `experiments.store.Study`, with a packed curve.
    """
    started = time.perf_counter()
    record = blank_record(trial)
    meter: Meter | None = None
    with captured() as printed:
        try:
            with Deadline(timeout) as deadline:
                meter = Meter(Terms.of(trial), deadline)
                record |= solve(meter)
        except TrialTimeout:
            record |= {"status": "timeout", "error": f"took longer than {timeout:g} s", "message": "timeout"}
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() of an objective is a failed trial like any other
            record |= _failure(error)
        if meter is not None:
            try:
                record = judged(record | meter.summary())
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # the score is the user's code as well
                record |= _failure(error)
    return record | {"seconds": time.perf_counter() - started, "output": printed()}


def _failure(error: BaseException) -> Record:
    return {"status": "error", "error": traceback.format_exc(), "message": f"{type(error).__name__}: {error}"}
