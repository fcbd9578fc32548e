"""An advice in words: what was seen, what the race gave, what would change the answer, and the line to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.candidates import Candidate
from experiments.probe import Probe

CLOSE = 1.25
"""Methods whose costs differ by less are a matter of taste."""


def reasons(
    best: Candidate,
    order: Sequence[dict[str, Any]],
    out: Sequence[dict[str, Any]],
    seen: Probe,
    budget: float,
    runs: int,
) -> list[str]:
    """Sentences: what was seen, what the race gave, what would change the answer."""
    row = next(r for r in order if r["method"] == best.label)
    sentences = seen.sentences()
    race = f"in the race of {runs} runs of up to {budget:.0f} evaluations each it was the fastest"
    sentences.append(f"Take {best.label}: {best.why}; {race} to reach what any run reached.")
    for other in order:
        if other["method"] != best.label and np.isfinite(other["slowdown"]):
            factor = other["slowdown"] / row["slowdown"]
            text = f"{other['method']} took {factor:.1f} times its evaluations"
            if other.get("p_better") is not None and row["p_better"] is None:
                text += f" (a run of {best.label} beats one of it with probability {other['p_better']:.2f}, "
                text += f"95 % interval {other['p_low']:.2f} to {other['p_high']:.2f})"
            sentences.append(text + ".")
    if out:
        gone = [(r["method"], r["slowdown"]) for r in out]
        left = ", ".join(f"{m} ({s:.1f} times slower)" if np.isfinite(s) else m for m, s in gone)
        sentences.append(f"Left behind with smaller budgets: {left}.")
    close = [r["method"] for r in order if r["method"] != best.label and r["slowdown"] <= CLOSE * row["slowdown"]]
    change = []
    if close:
        change.append(f"{' or '.join(close)} would do as well, the difference is within the doubt")
    if seen.differentiable and best.method not in ("slsqp", "l-bfgs-b", "bfgs", "adam"):
        change.append("one good valley is enough: then l-bfgs-b reaches its bottom soonest")
    if not seen.differentiable:
        change.append("f could be differentiated: then l-bfgs-b would be tried first")
    if seen.rugged > 0.15:
        change.append("the budget is many times larger: then restarts pay more")
    if seen.seconds > 0.05 and seen.n <= 20 and best.method != "lq-cmaes":
        change.append("every evaluation counts: then lq-cmaes or quasi-newton spare some on smooth functions")
    change.append(f"runs are much longer than {budget:.0f} evaluations, or start elsewhere")
    sentences.append(f"What would change the answer: {'; '.join(change)}.")
    return sentences


def line_of(best: Candidate, name: str, bounded: bool, seen: Probe) -> str:
    """A line of Python to paste."""
    options = dict(best.options)
    words = [f"method={best.method!r}"]
    words += [f"{k}={options.pop(k)!r}" for k in ("sigma0", "popsize", "restarts") if k in options]
    words += ["bounds=bounds"] if bounded else []
    words += ["vectorized=True"] if seen.vectorized else []
    words += [f"options={options!r}"] if options else []
    return f"res = es.minimize({name}, x0, {', '.join(words)})"
