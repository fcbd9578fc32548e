"""Which method to take for a function of one's own: a look at it, a race of a short list on it, an answer in words.

The list is short because the look has shortened it.  The race is successive halving: all start with a small budget, the
better half goes on with a multiple of it, until the time or the evaluations are spent or one is clearly ahead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.candidates import Candidate, candidates
from experiments.probe import SHORTEST, TRIED, Probe, as_objective, probe
from experiments.race import Race, decided, in_order, in_time, settled, survivors
from experiments.statistics.cells import Cell
from problems import Objective

RUNS = 4
"""Runs of each method in a rung, each from a start of its own."""
CLOCK = time.perf_counter
"""What the seconds of an advice are counted by; a benchmark on a busy machine counts those of its own process."""
RUGGED = 0.15
"""Ground is rugged where straight ways through it turn more than once more often than this."""
GROWTH = 3.0
"""The budget of a run grows by this factor from rung to rung."""
FEWEST = 10
"""Evaluations of a run in a race at least, and five more than there are variables."""
CLOSE = 1.25
"""Methods whose costs differ by less are a matter of taste."""


@dataclass
class Advice:
    """The answer.

    Attributes
    ----------
    method : str
        The name of the method to take.
    options : dict
        Its settings.
    line : str
        A line of Python to paste.
    because : list of str
        Sentences: what was seen, what the race gave, what would change the answer.
    table : list of dict
        A row per method of the last rung, as `overall_table` gives it, and ``out`` rows of those that left before.
    probe : Probe
    evaluations : int
        Spent in all, gradients charged.
    cells : list of Cell
        The trials of the race, for figures.
    """

    method: str
    options: dict[str, Any]
    line: str
    because: list[str]
    table: list[dict[str, Any]]
    probe: Probe
    evaluations: int
    cells: list[Cell]

    def __str__(self) -> str:
        return "\n".join([*self.because, "", self.line])

    def draw(self, folder: str | Path) -> list[Path]:
        """Write the figure of the race, as png, svg, csv and txt."""
        from experiments.figures.captions import Comparison
        from experiments.figures.convergence import HEADER, convergence_figure
        from experiments.figures.files import save
        from experiments.figures.letters import letters_as_written
        from experiments.figures.style import styles

        labels = list(dict.fromkeys(cell.method for cell in self.cells))
        look = styles(labels, [label.split(" (")[0] for label in labels])
        with letters_as_written():
            figure, rows = convergence_figure(Comparison(self.cells, look, self.probe.grad_cost, self.because[-1:]))
            return save(figure, Path(folder), "advice", rows, HEADER)


def advise(
    f: Any,
    x0: Any = None,
    *,
    bounds: Any = None,
    sigma0: float | None = None,
    seconds: float = 30.0,
    evaluations: int | None = None,
    jobs: int = 1,
    rng: int = 0,
    name: str = "f",
    say: Callable[[str], None] | None = None,
) -> Advice:
    """Look at a function, race methods on it, and say which to take.

    Parameters
    ----------
    f : callable or problems.Objective
        ``f(x)`` with x of shape (n,), or (..., n) for whole populations.
    x0 : (n,) array, optional
        Start; may be left out where f is an Objective, or with finite bounds.
    bounds
        As in `es.minimize`.
    sigma0
        Initial step size; from the bounds or the start by default.
    seconds
        Time for all of it, about.
    evaluations
        Evaluations for all of it, for an expensive f, never more, gradients charged; then no time limit holds.
    jobs
        Processes that run the race.
    rng
        Seed.
    name
        What the line of Python calls f.
    say
        Gets a line of text at each step.

    Returns
    -------
    Advice

    Examples
    --------
    >>> def bowl(x):
    ...     return ((x - 0.3) ** 2).sum(-1)
    >>> advice = advise(bowl, [0.0, 0.0, 0.0], seconds=2)
    >>> advice.method in ("auto", "slsqp", "l-bfgs-b", "separable-search")
    True
    >>> advice.line.startswith("res = es.minimize(f, x0, method=")
    True
    """
    started = CLOCK()
    tell = say or (lambda text: None)
    start = None if x0 is None else np.array(x0, dtype=float)
    if start is not None and not np.isfinite(start).all():
        raise ValueError(f"x0 must be finite, got {start}")
    n = start.size if start is not None else getattr(f, "n", None)
    if n is None and bounds is not None:
        n = len(bounds.lb if hasattr(bounds, "lb") else bounds)
    if n is None:
        raise ValueError("x0 must be given: f has no number of variables of its own and there are no bounds to tell it")
    shortest = max(FEWEST, n + 5)
    tries = 0 if isinstance(f, Objective) else TRIED
    least = tries + SHORTEST + 2 * RUNS * shortest
    if evaluations is not None and not evaluations >= least:
        needs = f"a look at f takes {tries + SHORTEST} and a race of two methods {2 * RUNS} runs of {shortest}"
        raise ValueError(f"evaluations must be at least {least} for {n} variables ({needs}), got {evaluations}")
    objective, tried = as_objective(f, n, bounds, start)
    random = np.random.default_rng(rng)
    first = start if start is not None else np.asarray(objective.x0(random), dtype=float)
    sigma = float(sigma0 or _step(objective, first))
    most = 400 if evaluations is None else min(max(SHORTEST, evaluations // 6), evaluations - least + SHORTEST)
    seen = probe(objective, first, 0.3 * sigma, most=most, rng=rng)
    for sentence in seen.sentences():
        tell(sentence)
    typical = (evaluations or min(1e5, 0.5 * seconds * max(jobs, 1) / max(seen.seconds, 1e-4))) / RUNS
    racers = candidates(seen, sigma, typical)
    left = None if evaluations is None else evaluations - tried - seen.evaluations
    if evaluations is not None and left is not None:
        count = min(len(racers), evaluations // (40 * RUNS) + 1)
        while count > 2 and left < shortest * _rungs(count) * count * RUNS:
            count -= 1
        racers = racers[: max(2, count)]
    starts = _starts(objective, first, sigma, start is None, random)
    race = Race(objective, starts, seen, jobs, rng)
    course = _halve(race, racers, name, left, started + seconds, tell)
    best = settled(course.order, course.alive)
    because = _reasons(best, course, seen)
    line = _line(best, name, bounds is not None, seen)
    spent = tried + seen.evaluations + race.evaluations
    return Advice(best.method, best.options, line, because, course.order, seen, spent, course.cells)


@dataclass
class _Course:
    """How a race went: the last rung, and who left before."""

    alive: list[Candidate]
    order: list[dict[str, Any]]
    cells: list[Cell]
    out: list[dict[str, Any]]

    @property
    def longest(self) -> float:
        """Evaluations of the longest run, gradients charged; it may have ended long before its budget."""
        return max(float(np.max(cell.budgets)) for cell in self.cells if cell.costs)


def _rungs(racers: int) -> int:
    """Rungs until two of so many are left."""
    return max(1, int(np.ceil(np.log2(racers))))


def _halve(
    race: Race, racers: Sequence[Candidate], name: str, evaluations: int | None, end: float, tell: Callable[[str], None]
) -> _Course:
    """Rung after rung with the better half and a larger budget, until the time or the race's evaluations end, it is
    decided, or nobody uses what there is."""
    seen = race.seen
    timed = evaluations is None
    budget = 80.0 * (seen.n + 4) if evaluations is None else evaluations / (_rungs(len(racers)) * len(racers) * RUNS)
    growth = GROWTH if timed else 2.0
    alive, lowest, stalled = list(racers), np.inf, 0
    out: list[dict[str, Any]] = []
    while True:
        names = ", ".join(c.label for c in alive)
        tell(f"{len(alive)} methods, {RUNS} runs of up to {budget:.0f} evaluations each: {names}")
        began = CLOCK()
        cells = race.rung(alive, budget)
        took = CLOCK() - began
        if not any(gap.size for cell in cells for gap in cell.gaps):
            raise ValueError(f"{name} gave no finite value in {race.evaluations} evaluations: nothing can be advised")
        order = in_order(cells, alive)
        low = min(float(np.nanmin(cell.final)) for cell in cells if np.isfinite(cell.final).any())
        # Nobody found anything better with a larger budget; on rugged ground one such rung says little.
        stalled = stalled + 1 if low >= lowest - cells[0].targets.final else 0
        lowest = low
        reached = [cell.costs and np.isfinite(cell.final_times).mean() >= 0.5 for cell in cells[:2]]
        solved = stalled > (seen.rugged > RUGGED) and all(reached) and decided(order)
        course = _Course(alive, order, cells, out)
        if len(alive) == 1 or (solved and len(alive) <= 3) or not race.limited:
            return course
        keep, larger = survivors(order, alive), budget * growth
        if evaluations is not None:
            left, places = (evaluations - race.evaluations) / RUNS, [row["method"] for row in order]
            keep = [c for c in keep if c.label in places[: int(left / larger)]]
            if len(alive) <= 2 or len(keep) < 2:
                return course
            larger = left / 2 if len(keep) == 2 else larger  # the last rung has all that is left
        else:
            fit = in_time(keep, race.seconds, took, growth, end - CLOCK())
            keep = fit if any(c.label == order[0]["method"] for c in fit) else []  # not without the first
        if not keep:
            return course
        out = [*out, *(row for row in order if row["method"] not in {c.label for c in keep})]
        alive, budget = keep, larger


def _starts(
    objective: Objective, first: FloatArray, sigma: float, free: bool, random: np.random.Generator
) -> list[FloatArray]:
    """Where the runs start: where f itself would start them, or around the start that was given."""
    if free:
        return [first, *(np.asarray(objective.x0(random), dtype=float) for _ in range(RUNS - 1))]
    spread = [first + 0.5 * sigma * random.standard_normal(first.size) * (k > 0) for k in range(RUNS)]
    box = objective.bounds
    return spread if box is None else [np.clip(x, box.lb, box.ub) for x in spread]


def _step(objective: Objective, x0: FloatArray) -> float:
    """An initial step size: a fifth of a box, the problem's own, or a part of the start."""
    if objective.sigma0 is not None:
        return float(np.min(objective.sigma0))
    if objective.bounds is not None and np.isfinite(objective.bounds.ub - objective.bounds.lb).all():
        return float(f"{0.2 * np.min(objective.bounds.ub - objective.bounds.lb):.3g}")
    return float(f"{max(0.3 * np.abs(x0).max(), 0.3):.3g}")


def _reasons(best: Candidate, course: _Course, seen: Probe) -> list[str]:
    """Sentences: what was seen, what the race gave, what would change the answer."""
    order, out, longest = course.order, course.out, course.longest
    row = next(r for r in order if r["method"] == best.label)
    sentences = seen.sentences()
    race = f"in the race of {RUNS} runs of up to {longest:.0f} evaluations each it was the fastest"
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
    if seen.rugged > RUGGED:
        change.append("the budget is many times larger: then restarts pay more")
    if seen.seconds > 0.05 and seen.n <= 20 and best.method != "lq-cmaes":
        change.append("every evaluation counts: then lq-cmaes or quasi-newton spare some on smooth functions")
    change.append(f"runs are much longer than {longest:.0f} evaluations, or start elsewhere")
    sentences.append(f"What would change the answer: {'; '.join(change)}.")
    return sentences


def _line(best: Candidate, name: str, bounded: bool, seen: Probe) -> str:
    """A line of Python to paste."""
    options = dict(best.options)
    words = [f"method={best.method!r}"]
    words += [f"{k}={options.pop(k)!r}" for k in ("sigma0", "popsize", "restarts") if k in options]
    words += ["bounds=bounds"] if bounded else []
    words += ["vectorized=True"] if seen.vectorized else []
    words += [f"options={options!r}"] if options else []
    return f"res = es.minimize({name}, x0, {', '.join(words)})"
