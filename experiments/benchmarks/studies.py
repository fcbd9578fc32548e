"""How fast studies are: overhead of a trial, a sweep of 1,000 CMA-ES runs against pycma, loading and reporting.

``python -m experiments bench studies`` takes some minutes; ``--peer-runs 1000`` runs pycma in full instead of on a
sample.  Every figure stands beside what was asked of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np

import problems
from experiments import Method, Problem, Spec, Sweep, load, run_study
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.peers import pycma
from experiments.curve import pack
from experiments.journal import encode
from experiments.records import blank_record
from experiments.report import write_report
from experiments.runner import run_trials
from experiments.store import Store
from experiments.trial import run_trial

STEP_SIZES = 20
SEEDS = 50


def no_op(trials: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Give blank records: a trial that does nothing."""
    return [blank_record(trial) for trial in trials]


def timed(action: Callable[[], Any]) -> float:
    """Seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def overhead(count: int = 2000) -> float:
    """Milliseconds per no-op trial through two loky processes that are already up."""
    trials = Spec("noop", [Problem("sphere", 2)], [Method("cmaes")], seeds=count).trials
    list(run_trials(trials[:4], jobs=2, work=no_op))
    return 1e3 * timed(lambda: list(run_trials(trials, jobs=2, work=no_op))) / count


def sweep_spec() -> Any:
    """20 step sizes x 50 seeds of CMA-ES on the rotated ellipsoid, n=10, to 1e-8."""
    sizes = np.geomspace(0.1, 10, STEP_SIZES).tolist()
    problem = Problem("ellipsoid", 10, {"rotated": True}, budget=20_000)
    return Spec("thousand", [problem], [Method("cmaes")], seeds=SEEDS, sweep=Sweep(grid={"method.sigma0": sizes}))


def our_sweep(folder: Path) -> tuple[float, int, float]:
    """Seconds for the whole sweep with its journal, runs at the target, median evaluations."""
    seconds = timed(lambda: run_study(sweep_spec(), folder, jobs=2))
    trials = load(folder).trials
    reached = sum(trial["f"] <= 1e-8 for trial in trials)
    return seconds, reached, float(np.median([trial["nfev"] for trial in trials]))


def peer_run(sigma0: float, seed: int) -> float:
    """Evaluations of a run of pycma on the same function, whole populations evaluated in one call."""
    f = problems.get("ellipsoid", n=10, rotated=True)
    return pycma(bounds=[-5, 5])(f, f.x0(seed), sigma0, 0, seed + 1, 200_000)


def peer_sweep(runs: int) -> tuple[float, int, float]:
    """Seconds for 1,000 runs, a process-task each, scaled up from `runs` of them; runs at the target; evaluations."""
    every = STEP_SIZES * SEEDS // runs
    jobs = [(s, k) for s in np.geomspace(0.1, 10, STEP_SIZES).tolist() for k in range(SEEDS)][::every]
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        parallel = joblib.Parallel(batch_size=1)
        parallel(joblib.delayed(peer_run)(*job) for job in jobs[:2])
        started = time.perf_counter()
        found = parallel(joblib.delayed(peer_run)(*job) for job in jobs)
        seconds = time.perf_counter() - started
    return seconds * STEP_SIZES * SEEDS / len(jobs), int(np.isfinite(found).sum()), float(np.median(found))


def big_study(folder: Path, trials: int) -> None:
    """Write a journal of many trials with curves as they are."""
    spec = sweep_spec().replace(seeds=-(-trials // STEP_SIZES))
    Store(folder, spec).close()
    todo = spec.trials[:trials]
    done = [run_trial(trial) for trial in todo[:: max(1, len(todo) // 20)]]
    with (folder / "journal.jsonl").open("ab") as file:
        for i, trial in enumerate(todo):
            same = {name: trial[name] for name in ("key", "index", "params", "method", "seed")}
            record = {**done[i % len(done)], **same}
            file.write(encode({"kind": "trial", **record, "x": pack(record["x"])}))
    assert len(load(folder).trials) == trials


def line(what: str, figure: str, asked: str, good: bool | None) -> None:
    """Print one row."""
    print(f"{what:62} {figure:>22} {asked:>16}  {'' if good is None else 'yes' if good else 'NO'}", flush=True)


@benchmark(
    peer_runs=(40, "runs of pycma that are timed (the rest is scaled)"),
    only=(None, "", {"choices": ("overhead", "sweep", "load", "report")}),
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Measure and print."""

    def wanted(name: str) -> bool:
        return given.only in (None, name)

    line("what", "measured", "asked", None)
    with tempfile.TemporaryDirectory() as home:
        if wanted("overhead"):
            ms = overhead()
            line("no-op trial through loky", f"{ms:.3f} ms", "<= 1 ms", ms <= 1)
        if wanted("sweep"):
            ours, reached, evaluations = our_sweep(Path(home) / "sweep")
            label = f"1,000 CMA-ES runs, sweep ({reached} reach 1e-8, {evaluations:.0f} evaluations)"
            line(label, f"{ours:.1f} s", "", None)
            try:
                peer, hits, evaluations = peer_sweep(given.peer_runs)
            except ImportError:
                print("pycma is not installed: pip install evotape[peers]")
            else:
                label = f"the same, a pycma task each ({hits}/{given.peer_runs} reach, {evaluations:.0f})"
                line(label, f"{peer:.1f} s", "", None)
                line("pycma / sweep", f"{peer / ours:.1f}", ">= 20", peer / ours >= 20)
        if wanted("load"):
            big_study(Path(home) / "big", 100_000)
            seconds = timed(lambda: load(Path(home) / "big"))
            line("load a journal of 100,000 trials", f"{seconds:.2f} s", "<= 5 s", seconds <= 5)
        if wanted("report"):
            big_study(Path(home) / "report", 10_000)
            study = load(Path(home) / "report")
            seconds = timed(lambda: write_report(study, Path(home) / "report"))
            line("report of 10,000 trials", f"{seconds:.1f} s", "<= 30 s", seconds <= 30)
