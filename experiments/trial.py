"""A trial: one method on one problem once.  Plain dict in, plain dict out, the same numbers on every worker.

A trial is named by the SHA-256 of its content, and its random streams come from that name, so they depend neither on
the order of the trials nor on the worker, nor on what was added to the study later.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.spec import Method, Problem, Spec, SpecError

__all__ = ["Trial", "key_of", "make_trials", "run_trial", "streams"]

Trial = dict[str, Any]
Record = dict[str, Any]

_CONTENT = ("problem", "method", "seed", "budget", "maxcost", "precision", "grad_cost", "study_seed")


def _canonical(value: Any) -> Any:
    """Make equal contents look equal: 1.0 is 1, labels do not count, None is absent."""
    if isinstance(value, Mapping):
        return {k: _canonical(v) for k, v in value.items() if k != "label" and v is not None}
    if isinstance(value, list | tuple):
        return [_canonical(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def digest(content: Any) -> str:
    """Hash plain data by its canonical JSON; 32 hexadecimal digits."""
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def key_of(trial: Mapping[str, Any]) -> str:
    """Name a trial by its content: all that its numbers depend on besides the code."""
    return digest({name: trial.get(name) for name in _CONTENT})


def _sequence(study_seed: int, name: str) -> np.random.SeedSequence:
    return np.random.SeedSequence([study_seed, *(int(name[i : i + 8], 16) for i in range(0, 32, 8))])


def streams(trial: Mapping[str, Any]) -> tuple[np.random.SeedSequence, np.random.SeedSequence]:
    """Give the seeds of a trial: for the problem's side (start point, noise) and for the method's.

    The first one does not depend on the method, so that all methods start repeat 3 of a problem from the same point.
    """
    shared = digest({name: trial[name] for name in ("problem", "seed")})
    return _sequence(trial["study_seed"], shared), _sequence(trial["study_seed"], trial["key"])


def make_trials(spec: Spec) -> list[Trial]:
    """List the trials of a study, each content once, in the study's order: problem, method, sweep point, repeat."""
    points = list(spec.sweep.points())
    trials: dict[str, Trial] = {}
    for problem in spec.problems:
        for method in spec.methods:
            if any(fnmatch.fnmatchcase(problem.name, pattern) for pattern in method.skip or ()):
                continue
            for point in points:
                kept = spec.sweep.active(point, _facts(problem, method))
                for seed in spec.repeats:
                    trial = _make_trial(spec, problem, method, kept, seed)
                    trials.setdefault(trial["key"], trial)
    for index, trial in enumerate(trials.values()):
        trial["index"] = index
    return list(trials.values())


def _facts(problem: Problem, method: Method) -> dict[str, Any]:
    facts: dict[str, Any] = {"method.name": method.name, "method.label": method.label}
    facts |= {"problem.name": problem.name, "problem.label": problem.label, "problem.n": problem.n}
    facts |= {f"method.{key}": value for key, value in method.options.items()}
    return facts | {f"problem.{key}": value for key, value in problem.options.items()}


def _make_trial(spec: Spec, problem: Problem, method: Method, point: Mapping[str, Any], seed: int) -> Trial:
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
    own = {name: value for name in ("budget", "maxcost") if (value := getattr(problem, name)) is not None}
    whole = {"maxcost": spec.maxcost} if spec.maxcost is not None else {"budget": spec.budget}
    chosen = {name: point[name] for name in ("budget", "maxcost") if name in point} or own or whole
    trial |= {"budget": None, "maxcost": None} | ({"maxcost": chosen["maxcost"]} if "maxcost" in chosen else chosen)
    for path, value in point.items():
        head, _, option = path.partition(".")
        if head == "precision":
            trial["precision"] = value
        elif option in ("name", "n") and option in trial[head]:
            trial[head][option] = value
            # Another function or dimension is another problem in tables and figures.
            trial[head]["label"] = _relabelled(trial[head]["label"], option, value)
        elif option:
            trial[head]["options"][option] = value
    options = trial["problem"]["options"]
    options |= {name: seed + 1 for name, value in options.items() if value == "seed"}
    trial["key"] = key_of(trial)
    return trial


def _relabelled(label: str, option: str, value: Any) -> str:
    """Say in a label which name or dimension the sweep has put in."""
    head, n, _ = label.partition(" (n=")
    return f"{head} (n={value})" if option == "n" else f"{value}{label[len(head) :] if n else ''}"


def check_trials(trials: Sequence[Trial]) -> None:
    """Take one trial of each kind up to its first evaluation, before any work starts.

    Raises
    ------
    SpecError
        For a problem that cannot be built, a method that is not known, and options that they do not take.
    """
    from experiments.solve import rehearse

    seen: set[str] = set()
    for trial in trials:
        # Numbers in options are left out, so that a sweep over a thousand step sizes is rehearsed once.
        words = [[part["name"], *(f"{k}={v}" if isinstance(v, str | bool) else k for k, v in part["options"].items())]
                 for part in (trial["problem"], trial["method"])]  # fmt: skip
        name = digest(words)
        if name in seen:
            continue
        seen.add(name)
        try:
            rehearse(trial)
        except (ValueError, TypeError, ImportError, AttributeError) as error:
            reason = " ".join(str(error).split())
            who = f"{trial['method']['label']} on {trial['problem']['label']}"
            raise SpecError((), f"{who} cannot start: {reason}") from error


def blank_record(trial: Mapping[str, Any]) -> Record:
    """Give the record of a trial before anything has happened."""
    record: Record = {name: trial[name] for name in ("key", "index", "problem", "method", "params", "seed")}
    record |= {"status": "ok", "error": "", "n": trial["problem"]["n"] or 0, "f_opt": None, "maxcost": trial["maxcost"]}
    record |= {"f": None, "x": None, "nfev": 0, "njev": 0, "n_failed": 0, "cost": 0.0, "seconds": 0.0}
    return record | {"score": None, "score_name": None, "stop": {}, "message": "", "curve": {}}


def failed_record(trial: Mapping[str, Any], error: str) -> Record:
    """Give the record of a trial that never came back, such as one whose worker died."""
    return blank_record(trial) | {"status": "error", "error": error, "message": error.strip().splitlines()[-1]}


def run_trial(trial: Mapping[str, Any], timeout: float | None = None) -> Record:
    """Run one trial in this process; whatever happens inside it ends in its record.

    Parameters
    ----------
    trial
        As `make_trials` gives it.
    timeout
        Seconds; a trial that takes longer ends with status ``"timeout"`` and what it had found.

    Returns
    -------
    dict
        See `experiments.store.Study`; the curve is packed.
    """
    from experiments.deadline import Deadline, TrialTimeout
    from experiments.solve import Meter, Terms, solve

    started = time.perf_counter()
    record = blank_record(trial)
    meter: Meter | None = None
    try:
        with Deadline(timeout) as deadline:
            meter = Meter(Terms.of(trial), deadline)
            record |= solve(trial, meter)
    except TrialTimeout:
        record |= {"status": "timeout", "error": f"took longer than {timeout:g} s", "message": "timeout"}
    except Exception as error:
        record |= {"status": "error", "error": traceback.format_exc(), "message": f"{type(error).__name__}: {error}"}
    if meter is not None:
        try:
            record |= meter.summary()
        except Exception as error:  # the score is the user's code as well
            record |= {
                "status": "error",
                "error": traceback.format_exc(),
                "message": f"{type(error).__name__}: {error}",
            }
    return record | {"seconds": time.perf_counter() - started}
