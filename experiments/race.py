"""A race of methods on a function: rungs of growing budgets, and who goes on to the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.candidates import Candidate
from experiments.probe import Probe
from experiments.records import failed_record
from experiments.solve import split_options
from experiments.statistics.cells import Cell, collect, starting_gap
from experiments.statistics.overall import overall_table
from experiments.store import Study
from problems import Ledger, Objective


class Race:
    """Runs of methods from the same starts, with growing budgets; what was evaluated before is not evaluated again."""

    def __init__(self, objective: Objective, starts: Sequence[FloatArray], seen: Probe, jobs: int, rng: int) -> None:
        self.objective, self.starts, self.seen, self.jobs, self.rng = objective, starts, seen, jobs, rng
        self.remember = seen.seconds > 2e-3 and seen.noise == 0
        self.memory: dict[tuple[str, int], dict[bytes, float]] = {}
        self.evaluations = 0
        self.seconds: dict[str, float] = {}
        self.limited = (
            True  # whether a run of the last rung was ended by its budget, so that a larger one would tell more
        )

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
        self.limited = any("maxfevals" in record["stop"] for record, _, _ in done)
        for (c, k), (record, memory, fresh) in zip(work, done, strict=True):
            self.evaluations += fresh
            self.seconds[c.label] += float(record["seconds"])
            if memory is not None:
                self.memory[c.label, k] = memory
            names = {"name": c.method, "label": c.label}
            records.append(record | {"seed": k, "key": f"{c.label}/{k}", "method": names})
        header = {"methods": [c.label for c in alive], "precision": 1e-8, "relative_targets": (0.0, -_depth(records))}
        return collect(Study(header, records))


def _depth(records: Sequence[dict[str, Any]]) -> float:
    """Decades from the starting gap to the last target: to 1e-8, but from 8 to 12, and not below what a double tells.

    Deeper than in a study without known optimum: a valley that is not the lowest, and a method that gives up early,
    may be told from the best only far below 1e-5 of the starting gap.
    """
    best, gap = starting_gap(record["curve"]["f"] for record in records) or (0.0, 0.0)
    if gap <= 0:
        return 8.0
    told = np.log10(gap) - np.log10(max(1e-14 * abs(best), 1e-300))
    return float(max(5.0, min(told, np.clip(np.log10(gap) + 8.0, 8.0, 12.0))))


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
    known = _Remembered(objective, memory) if memory is not None and not method.wants_gradient else None
    ledger = Ledger(Objective(known, n=x0.size, bounds=objective.bounds, name=objective.name)
                    if known is not None else objective, keep_trace=True)  # fmt: skip
    arguments, options = split_options(trial)
    started, stop = time.perf_counter(), {}
    try:
        result = es.minimize(
            ledger, x0, method=candidate.method, maxfevals=max(1, int(budget / charged)), on_error="penalize",
            rng=np.random.default_rng(seed), options=options or None, **arguments,
        )  # fmt: skip
        stop = dict(result.get("stop") or {})
    except Exception as error:
        if not ledger.nfev:
            curve = dict.fromkeys(("f", "nfev", "njev", "cost"), np.zeros(0))
            return failed_record(trial, f"{type(error).__name__}: {error}") | {"curve": curve}, None, 0
    nfev, njev, f = (np.asarray(part) for part in ledger.trace)
    if f.size:
        nfev, njev, f = np.append(nfev, ledger.nfev), np.append(njev, ledger.njev), np.append(f, f[-1])
    cost = nfev + grad_cost * njev
    spent = ledger.nfev + grad_cost * ledger.njev
    record = trial | {
        "status": "ok", "error": "", "n": x0.size, "f_opt": objective.f_opt, "maxcost": max(budget, spent),
        "f": float(ledger.f_best), "nfev": ledger.nfev, "njev": ledger.njev, "cost": spent, "score": None, "stop": stop,
        "seconds": time.perf_counter() - started, "curve": {"f": f, "nfev": nfev, "njev": njev, "cost": cost},
    }  # fmt: skip
    fresh = known.calls if known is not None else round(spent)
    return record, known.memory if known is not None else None, fresh


class _Remembered:
    """A function that asks another one only for points that it has not seen."""

    def __init__(self, f: Callable[[FloatArray], Any], memory: dict[bytes, float]) -> None:
        self.f, self.memory, self.calls = f, memory, 0

    def __call__(self, x: FloatArray) -> float:
        """Value at one point."""
        key = np.ascontiguousarray(x, dtype=float).tobytes()
        if key not in self.memory:
            self.calls += 1
            self.memory[key] = float(np.asarray(self.f(x)))
        return self.memory[key]


def in_order(cells: Sequence[Cell], alive: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The methods of a rung, fastest first; those without any value last."""
    rows = overall_table([cell for cell in cells if cell.costs], samples=400, draws=30)
    missing = [c.label for c in alive if c.label not in {row["method"] for row in rows}]
    nothing = {"slowdown": np.inf, "p_better": 1.0, "p_low": 1.0, "p_high": 1.0}
    return rows + [{"method": label, **nothing} for label in missing]


def decided(order: Sequence[dict[str, Any]]) -> bool:
    """Whether the first is clearly ahead of the second, or it does not matter which is taken."""
    if len(order) < 2:
        return True
    second = order[1]
    return bool(second["slowdown"] >= 2.0 or (second["p_low"] or 0.0) > 0.5)


def survivors(order: Sequence[dict[str, Any]], alive: Sequence[Candidate]) -> list[Candidate]:
    """The better half, and whoever is close behind it."""
    half = max(1, (len(order) + 1) // 2)
    limit = max(1.5, 1.15 * order[half - 1]["slowdown"])
    names = {row["method"] for k, row in enumerate(order) if k < half or row["slowdown"] <= min(limit, 1.5)}
    names.discard("")
    return [c for c in alive if c.label in names]


def in_time(
    keep: Sequence[Candidate], seconds: dict[str, float], took: float, growth: float, left: float
) -> list[Candidate]:
    """Those that a further rung has time for: slow ones go before the race ends for all; nobody if it must end."""
    whole = max(sum(seconds.values()), 1e-9)
    staying = sorted(keep, key=lambda c: seconds[c.label])
    while staying and took * sum(seconds[c.label] for c in staying) / whole * growth > left:
        staying.pop()
    names = {c.label for c in staying}
    return [c for c in keep if c.label in names] if len(staying) > 1 else []


def settled(order: Sequence[dict[str, Any]], alive: Sequence[Candidate]) -> Candidate:
    """The fastest method of the last rung; of those that are as good as equal the one that the look at f put first."""
    close = {row["method"] for row in order if row["slowdown"] <= 1.02} | {order[0]["method"]}
    return next(c for c in alive if c.label in close)
