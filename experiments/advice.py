"""Which method to take for a function of one's own: a look at it, a race of a short list on it, an answer in words.

The list is short because the look has shortened it.  The race is successive halving: all start with a small budget, the
better half goes on with a multiple of it, until the time or the evaluations are spent or one is clearly ahead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.probe import Probe, as_objective, probe
from experiments.records import failed_record
from experiments.statistics.cells import Cell, collect
from experiments.statistics.overall import overall_table
from problems import Ledger, Objective

__all__ = ["Advice", "Candidate", "advise", "candidates"]

FloatArray = npt.NDArray[np.float64]

RUNS = 4
"""Runs of each method in a rung, each from a start of its own."""
GROWTH = 3.0
"""The budget of a run grows by this factor from rung to rung."""
CLOSE = 1.25
"""Methods whose costs differ by less are a matter of taste."""


@dataclass(frozen=True)
class Candidate:
    """A method with its settings, and why it is in the race."""

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        words = ", ".join(f"{k}={v}" for k, v in self.options.items() if k != "sigma0")
        return f"{self.method} ({words})" if words else self.method


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
        Spent in all.
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
        from experiments.figures.convergence import HEADER, convergence_figure
        from experiments.figures.files import save
        from experiments.figures.style import styles

        labels = list(dict.fromkeys(cell.method for cell in self.cells))
        look = styles(labels, [label.split(" (")[0] for label in labels])
        figure, rows = convergence_figure(self.cells, look, grad_cost=self.probe.grad_cost, notes=self.because[-1:])
        return save(figure, Path(folder), "advice", rows, HEADER)


def candidates(seen: Probe, sigma: float, budget: float) -> list[Candidate]:
    """The short list for a function, the most promising first.

    Parameters
    ----------
    seen
        What a look at it gave.
    sigma
        Initial step size.
    budget
        Evaluations that a run of the user's may have, about.
    """
    n, few = seen.n, budget < 60 * seen.n + 200
    step = {"sigma0": sigma}
    found: list[Candidate] = []

    def add(method: str, why: str, **options: Any) -> None:
        found.append(Candidate(method, options, why))

    if seen.differentiable:
        add("l-bfgs-b", "it has gradients")
        if n <= 200:
            add("bfgs", "it has gradients and few variables")
        if seen.rugged > 0.15 or not few:
            add("adam", "gradients on rough ground")
    if seen.noise > 0:
        add("cmaes", "the method to try first without gradients", **step)
        add("lra-cmaes", "it copes with noise", **step)
        add("csa-es", "large populations average noise out", **step, popsize=8 * (4 + int(3 * np.log(n))))
    elif n <= 20 and few and not seen.flat:
        add("lq-cmaes", "a model spares evaluations", **step)
        add("cmaes", "the method to try first without gradients", **step)
        add("powell", "line searches with few evaluations")
        add("nelder-mead", "a few variables, little budget")
    else:
        if n <= 400:
            add("cmaes", "the method to try first without gradients", **step)
        if n <= 12 and not seen.flat and seen.rugged <= 0.3:
            add("lq-cmaes", "a model spares evaluations", **step)
        if seen.coupled < 0.05 or n > 50:
            add("sep-cmaes", "variables that hardly depend on each other", **step)
        if n > 30:
            add("crfmnes", "many variables and a dominant direction", **step)
            add("vkd-cmaes", "many variables with scales of their own", **step)
        if seen.rugged > 0.15 or seen.flat:
            add("cmaes", "restarts find other valleys", **step, restarts="bipop")
            add("differential-evolution", "rugged ground in a box")
        if n <= 30:
            add("powell", "searches along single variables, which solve a sum over them")
    return found[:9]


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
        Evaluations for all of it, for an expensive f; then no time limit holds.
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
    >>> advice.method in ("l-bfgs-b", "bfgs", "lq-cmaes"), advice.line.startswith("res = es.minimize(f, x0, method=")
    (True, True)
    """
    started = time.perf_counter()
    tell = say or (lambda text: None)
    start = None if x0 is None else np.array(x0, dtype=float)
    n = start.size if start is not None else getattr(f, "n", None)
    if n is None and bounds is not None:
        n = len(bounds.lb if hasattr(bounds, "lb") else bounds)
    if n is None:
        raise ValueError("x0 must be given: f has no number of variables of its own and there are no bounds to tell it")
    objective = as_objective(f, n, bounds, start)
    random = np.random.default_rng(rng)
    first = start if start is not None else np.asarray(objective.x0(random), dtype=float)
    sigma = float(sigma0 or _step(objective, first))
    seen = probe(objective, first, 0.3 * sigma, most=max(20, evaluations // 6) if evaluations else 400, rng=rng)
    for sentence in seen.sentences():
        tell(sentence)
    left = (evaluations or 10**9) - seen.evaluations
    typical = (evaluations or min(1e5, 0.5 * seconds * max(jobs, 1) / max(seen.seconds, 1e-4))) / RUNS
    racers = candidates(seen, sigma, typical)
    if evaluations:
        racers = racers[: max(2, min(len(racers), evaluations // (40 * RUNS) + 1))]
    spreads = [first + 0.5 * sigma * random.standard_normal(n) * (k > 0) for k in range(RUNS)]
    if objective.bounds is not None:
        spreads = [np.clip(x, objective.bounds.lb, objective.bounds.ub) for x in spreads]
    race = Race(objective, spreads, seen, jobs, rng)
    rungs = max(1, int(np.ceil(np.log2(len(racers)))))
    budget = left / (rungs * len(racers) * RUNS) if evaluations else 80.0 * (n + 4)
    alive, out, cells, lowest = list(racers), [], [], np.inf
    end = started + seconds
    while True:
        tell(f"{len(alive)} methods, {RUNS} runs of {budget:.0f} evaluations each: {', '.join(c.label for c in alive)}")
        began = time.perf_counter()
        cells = race.rung(alive, budget)
        took = time.perf_counter() - began
        order = _order(cells, alive)
        spent = seen.evaluations + race.evaluations
        if not any(gap.size for cell in cells for gap in cell.gaps):
            raise ValueError(f"{name} gave no finite value in {race.evaluations} evaluations: nothing can be advised")
        reached = [cell.costs and np.isfinite(cell.final_times).mean() >= 0.5 for cell in cells[:2]]
        low = min(float(np.nanmin(cell.final)) for cell in cells if np.isfinite(cell.final).any())
        stalled = bool(low >= lowest - cells[0].targets.final)  # nobody found anything better with a larger budget
        lowest = low
        solved = stalled and all(reached) and _decided(order)
        last = len(alive) <= 2 and evaluations is not None
        growth = GROWTH if not evaluations else 2.0
        if last or (solved and len(alive) <= 3) or len(alive) == 1:
            break
        if evaluations and spent + len(alive) // 2 * RUNS * budget * growth > evaluations * 1.02:
            break
        keep = _survivors(order, alive)
        if not evaluations:
            fit = _in_time(keep, race.seconds, took, growth, end - time.perf_counter())
            keep = fit if any(c.label == order[0]["method"] for c in fit) else []  # not without the first
        if not keep:
            break
        out += [row for row in order if row["method"] not in {c.label for c in keep}]
        alive, budget = keep, budget * growth
    best = next(c for c in alive if c.label == order[0]["method"])
    best = _settled(best, order, alive)
    because = _because(best, order, out, seen, budget)
    line = _line(best, name, bounds is not None, seen)
    return Advice(best.method, best.options, line, because, order, seen, seen.evaluations + race.evaluations, cells)


class Race:
    """Runs of methods from the same starts, with growing budgets; what was evaluated before is not evaluated again."""

    def __init__(self, objective: Objective, starts: Sequence[FloatArray], seen: Probe, jobs: int, rng: int) -> None:
        self.objective, self.starts, self.seen, self.jobs, self.rng = objective, starts, seen, jobs, rng
        self.remember = seen.seconds > 2e-3 and seen.noise == 0
        self.memory: dict[tuple[str, int], dict[bytes, float]] = {}
        self.evaluations = 0
        self.seconds: dict[str, float] = {}

    def rung(self, alive: Sequence[Candidate], budget: float) -> list[Cell]:
        """Run every method from every start, and sort the records into cells."""
        import joblib

        work = [(c, k) for c in alive for k in range(len(self.starts))]
        calls = (
            joblib.delayed(run_once)(
                self.objective, c, self.starts[k], budget, self.seen.grad_cost, [self.rng, k],
                self.memory.get((c.label, k), {}) if self.remember else None,
            )
            for c, k in work
        )  # fmt: skip
        if self.jobs == 1:
            done = [task[0](*task[1], **task[2]) for task in calls]
        else:
            done = joblib.Parallel(n_jobs=self.jobs, batch_size=1)(calls)
        records = []
        self.seconds = dict.fromkeys((c.label for c in alive), 0.0)
        for (c, k), (record, memory, fresh) in zip(work, done, strict=True):
            self.evaluations += fresh
            self.seconds[c.label] += float(record["seconds"])
            if memory is not None:
                self.memory[c.label, k] = memory
            names = {"name": c.method, "label": c.label}
            records.append(record | {"seed": k, "key": f"{c.label}/{k}", "method": names})
        study = _Records({"methods": [c.label for c in alive], "precision": 1e-8}, records)
        return collect(study)


@dataclass
class _Records:
    header: dict[str, Any]
    trials: list[dict[str, Any]]


def run_once(
    objective: Objective, candidate: Candidate, x0: FloatArray, budget: float, grad_cost: float, seed: Sequence[int],
    memory: dict[bytes, float] | None,
) -> tuple[dict[str, Any], dict[bytes, float] | None, int]:  # fmt: skip
    """One run: its record, what it has evaluated, and how many evaluations were new."""
    import es

    method = es.get_method(candidate.method)
    charged = 1.0 + grad_cost if method.wants_gradient else 1.0
    trial = {
        "key": "", "index": 0, "params": {}, "seed": 0, "maxcost": budget,
        "problem": {"name": "f", "label": objective.name or "f", "n": x0.size, "options": {}},
        "method": {"name": candidate.method, "label": candidate.label, "options": candidate.options},
    }  # fmt: skip
    known = memory if memory is not None and not method.wants_gradient else None
    before = len(known) if known is not None else 0
    ledger = Ledger(Objective(_Remembered(objective, known), n=x0.size, bounds=objective.bounds, name=objective.name)
                    if known is not None else objective, keep_trace=True)  # fmt: skip
    options = dict(candidate.options)
    arguments = {k: options.pop(k) for k in ("sigma0", "popsize", "restarts") if k in options}
    started = time.perf_counter()
    try:
        es.minimize(
            ledger, x0, method=candidate.method, maxfevals=max(1, int(budget / charged)), on_error="penalize",
            rng=np.random.default_rng(seed), options=options or None, **arguments,
        )  # fmt: skip
    except Exception as error:
        if not ledger.nfev:
            return failed_record(trial, f"{type(error).__name__}: {error}") | _no_curve(), None, 0
    nfev, njev, f = (np.asarray(part) for part in ledger.trace)
    if f.size:
        nfev, njev, f = np.append(nfev, ledger.nfev), np.append(njev, ledger.njev), np.append(f, f[-1])
    cost = nfev + grad_cost * njev
    spent = ledger.nfev + grad_cost * ledger.njev
    record = trial | {
        "status": "ok", "error": "", "n": x0.size, "f_opt": objective.f_opt, "maxcost": max(budget, spent),
        "f": float(ledger.f_best), "nfev": ledger.nfev, "njev": ledger.njev, "cost": spent, "score": None,
        "seconds": time.perf_counter() - started, "curve": {"f": f, "nfev": nfev, "njev": njev, "cost": cost},
    }  # fmt: skip
    fresh = len(known) - before if known is not None else round(spent)
    return record, known, fresh


def _no_curve() -> dict[str, Any]:
    empty = np.zeros(0)
    return {"curve": {"f": empty, "nfev": empty, "njev": empty, "cost": empty}, "n": 1, "f_opt": None}


class _Remembered:
    """A function that asks another one only for points that it has not seen."""

    def __init__(self, f: Callable[[FloatArray], Any], memory: dict[bytes, float]) -> None:
        self.f, self.memory = f, memory

    def __call__(self, x: FloatArray) -> float:
        """Value at one point."""
        key = np.ascontiguousarray(x, dtype=float).tobytes()
        if key not in self.memory:
            self.memory[key] = float(np.asarray(self.f(x)))
        return self.memory[key]


def _order(cells: Sequence[Cell], alive: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The methods of a rung, fastest first; those without any value last."""
    rows = overall_table([cell for cell in cells if cell.costs], samples=400, draws=30)
    missing = [c.label for c in alive if c.label not in {row["method"] for row in rows}]
    nothing = {"slowdown": np.inf, "p_better": 1.0, "p_low": 1.0, "p_high": 1.0}
    return rows + [{"method": label, **nothing} for label in missing]


def _decided(order: Sequence[dict[str, Any]]) -> bool:
    """Whether the first is clearly ahead of the second, or it does not matter which is taken."""
    if len(order) < 2:
        return True
    second = order[1]
    return bool(second["slowdown"] >= 2.0 or (second["p_low"] or 0.0) > 0.5)


def _survivors(order: Sequence[dict[str, Any]], alive: Sequence[Candidate]) -> list[Candidate]:
    """The better half, and whoever is close behind it."""
    half = max(1, (len(order) + 1) // 2)
    limit = max(1.5, 1.15 * order[half - 1]["slowdown"])
    names = {row["method"] for k, row in enumerate(order) if k < half or row["slowdown"] <= min(limit, 1.5)}
    names.discard("")
    return [c for c in alive if c.label in names]


def _in_time(
    keep: Sequence[Candidate], seconds: dict[str, float], took: float, growth: float, left: float
) -> list[Candidate]:
    """Those that a further rung has time for: slow ones go before the race ends for all; nobody if it must end."""
    whole = max(sum(seconds.values()), 1e-9)
    staying = sorted(keep, key=lambda c: seconds[c.label])
    while staying and took * sum(seconds[c.label] for c in staying) / whole * growth > left:
        staying.pop()
    names = {c.label for c in staying}
    return [c for c in keep if c.label in names] if len(staying) > 1 else []


def _settled(best: Candidate, order: Sequence[dict[str, Any]], alive: Sequence[Candidate]) -> Candidate:
    """Of methods that are as good as equal the one that the look at f put first."""
    close = {row["method"] for row in order if row["slowdown"] <= 1.02}
    return next((c for c in alive if c.label in close), best)


def _because(
    best: Candidate,
    order: Sequence[dict[str, Any]],
    out: Sequence[dict[str, Any]],
    seen: Probe,
    budget: float,
) -> list[str]:
    row = next(r for r in order if r["method"] == best.label)
    sentences = seen.sentences()
    race = f"in the race of {RUNS} runs of up to {budget:.0f} evaluations each it was the fastest"
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
    if seen.differentiable and best.method not in ("l-bfgs-b", "bfgs", "adam"):
        change.append("one good valley is enough: then l-bfgs-b reaches its bottom soonest")
    if not seen.differentiable:
        change.append("f could be differentiated: then l-bfgs-b would be tried first")
    if seen.rugged > 0.15:
        change.append("the budget is many times larger: then restarts pay more")
    if seen.seconds > 0.05 and seen.n <= 20 and best.method != "lq-cmaes":
        change.append("every evaluation counts: then lq-cmaes spares some on smooth functions")
    change.append(f"runs are much longer than {budget:.0f} evaluations, or start elsewhere")
    sentences.append(f"What would change the answer: {'; '.join(change)}.")
    return sentences


def _line(best: Candidate, name: str, bounded: bool, seen: Probe) -> str:
    options = dict(best.options)
    words = [f"method={best.method!r}"]
    words += [f"{k}={options.pop(k)!r}" for k in ("sigma0", "popsize", "restarts") if k in options]
    words += ["bounds=bounds"] if bounded else []
    words += ["vectorized=True"] if seen.vectorized else []
    words += [f"options={options!r}"] if options else []
    return f"res = es.minimize({name}, x0, {', '.join(words)})"


def _step(objective: Objective, x0: FloatArray) -> float:
    """An initial step size: a fifth of a box, the problem's own, or a part of the start."""
    if objective.sigma0 is not None:
        return float(np.min(objective.sigma0))
    if objective.bounds is not None and np.isfinite(objective.bounds.ub - objective.bounds.lb).all():
        return float(f"{0.2 * np.min(objective.bounds.ub - objective.bounds.lb):.3g}")
    return float(f"{max(0.3 * np.abs(x0).max(), 0.3):.3g}")
