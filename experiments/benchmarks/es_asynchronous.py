"""Asynchronous ask and tell: evaluations and simulated time to 1e-8, and how busy two real workers are.

    python -m experiments.benchmarks.es_asynchronous [--runs 15] [--n 10] [--durations lognormal] [--out FILE] [--real]

CMA-ES on the sphere, an ellipsoid of condition 1e6 and Rosenbrock's function. An evaluation takes a random time of
median 1 (lognormal with deviation 0.5, or exponential); `workers` of them run at a time. Medians over the runs.

    synchronous      whole populations; a generation takes as long as its slowest worker
    in order         told one by one in the order in which they were asked
    extra            what `Optimizer.tell` does: late points join the next population as points of the caller's own
    dropped          late points are counted and not told
    any              any `popsize` points that have come back, whichever distribution they are of

With --real two processes evaluate a function that sleeps for lognormal times of median 50 ms; what is reported is the
share of their time in which they did.

Medians of 15 runs, n = 10, lognormal durations, evaluations / time:

    =========== ======= ============ ============ ============ ==============================
    way         workers sphere       ellipsoid    Rosenbrock
    =========== ======= ============ ============ ============ ==============================
    synchronous       8 1420 / 348   4020 / 994   5110 / 1259
    in order          1 1420         4020         5110
    dropped           8 2362 / 334   6847 / 972   8431 / 1191
    any               8 1410 / 200   5010 / 709   7090 / 1007
    extra             8 1882 / 268   4607 / 655   6701 / 948
    synchronous      32 1420 / 314   4020 / 902   5110 / 1150
    any              32                                        1, 0 and 0 of 15 runs arrive
    extra            32 3614 / 128   6570 / 234   11930 / 425
    extra             8 2048 / 294   4938 / 698   7433 / 1053  10 % lost
    extra            32 3740 / 133   7056 / 249   12955 / 460  10 % lost
    =========== ======= ============ ============ ============ ==============================

Two processes with --real, on a machine that had other work too, were busy .92 to .94 of the time, and .86 to .91 with
whole populations of ten, which are handed out point by point as well.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.counting import TARGET, Function, function, starts
from experiments.csvfile import write_csv

FUNCTIONS = ("sphere", "ellipsoid", "rosenbrock")
BUDGET = 60_000
DURATIONS: dict[str, Callable[[np.random.Generator], float]] = {
    "lognormal": lambda rng: float(rng.lognormal(0, 0.5)),
    "exponential": lambda rng: float(rng.exponential(1 / np.log(2))),
}
HEADER = ("way", "workers", "lost", "function", "evaluations", "time", "arrived")


class AnyRows(es.CMAES):
    """CMA-ES that learns from whatever it is told, late points among them."""

    @property
    def least_rows(self) -> int:
        """Every number of points is taken as a whole population."""
        return 1

    def _leave_out(self, asked: FloatArray, told: FloatArray) -> None:
        """Late points are as good as others."""


def synchronous(opt: Any, f: Function, workers: int, draw: Callable[[], float]) -> tuple[int, float]:
    """Evaluations and time, with a generation spread over the workers as they get free."""
    now = 0.0
    while not opt.stop():
        x = opt.ask()
        free = [0.0] * min(workers, len(x))
        for _ in x:
            heapq.heapreplace(free, free[0] + draw())
        now += max(free)
        opt.tell(x, f(x))
    return int(opt.nfev), now


def in_order(opt: Any, f: Function) -> tuple[int, float]:
    """Evaluations, told one by one; criteria are looked at after each generation, as they are for whole ones."""
    while not opt.stop():
        for _ in range(opt.popsize):
            x = opt.ask(1)
            opt.tell(x, f(x))
    return int(opt.nfev), np.nan


def in_flight(
    opt: Any, f: Function, workers: int, draw: Callable[[], float], way: str, lost: float, rng: np.random.Generator
) -> tuple[int, float]:
    """Evaluations (lost ones too) and time, with each worker given the next point when it is free."""
    queue: list[tuple[float, int, int, FloatArray]] = []  # when it ends, a number, generation and point
    back: list[FloatArray] = []
    now, begun = 0.0, 0
    while True:
        if begun >= workers:
            if opt.stop() or begun - workers >= BUDGET:
                return begun - workers, now
            now, _, asked, x = heapq.heappop(queue)
            came = rng.random() >= lost
            if came and way == "any":
                back.append(x)
                if len(back) == opt.popsize:
                    opt.tell(np.concatenate(back), f(np.concatenate(back)))
                    back = []
            elif came and (way == "extra" or asked == opt.nit):
                opt.tell(x, f(x))
        heapq.heappush(queue, (now + draw(), begun, int(opt.nit), opt.ask(1)))
        begun += 1


def measure(way: str, workers: int, lost: float, name: str, n: int, runs: int, durations: str) -> list[Any]:
    """A row of the table."""
    f, (x0, sigma0) = function(name, n), starts(name, n, runs)
    found = []
    for seed, start in enumerate(x0):
        rng = np.random.default_rng([seed, workers])
        cls = AnyRows if way == "any" else es.CMAES
        opt = cls(start, sigma0, rng=seed, stop={"ftarget": TARGET, "maxfevals": BUDGET})
        draw = partial(DURATIONS[durations], rng)
        if way == "synchronous":
            used = synchronous(opt, f, workers, draw)
        elif way == "in order":
            used = in_order(opt, f)
        else:
            used = in_flight(opt, f, workers, draw, way, lost, rng)
        found.append(used if opt.f_best <= TARGET else (np.inf, np.inf))
    evaluations, seconds = np.median(np.array(found), axis=0)
    arrived = sum(np.isfinite(used) for used, _ in found)
    return [way, workers, lost, name, evaluations, round(float(seconds), 1), f"{arrived}/{runs}"]


class Sleeper:
    """The sphere, with sleeps that a hash of x decides; a file keeps what they sum to."""

    def __init__(self, folder: str, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds

    def __call__(self, x: npt.NDArray[np.float64]) -> float:
        """Sleep, and give the value."""
        nap = self.seconds * float(np.random.default_rng(int(abs(x[0]) * 1e12)).lognormal(0, 0.7))
        began = time.monotonic()
        time.sleep(nap)
        with (Path(self.folder) / f"{began}-{x[0]}").open("w") as file:
            file.write(f"{began} {time.monotonic()}")
        return float(x @ x)


def busy(asynchronous: bool, evaluations: int, seconds: float = 0.05) -> float:
    """Share of the time of two worker processes in which they evaluate, from the first evaluation to the last."""
    with tempfile.TemporaryDirectory() as folder:
        es.minimize(
            Sleeper(folder, seconds), np.ones(10), rng=1, workers=2, maxfevals=evaluations, asynchronous=asynchronous
        )
        spans = np.array([[float(v) for v in path.read_text().split()] for path in Path(folder).iterdir()])
    return float((spans[:, 1] - spans[:, 0]).sum() / 2 / (spans[:, 1].max() - spans[:, 0].min()))


WAYS = [
    ("synchronous", 8, 0.0), ("in order", 1, 0.0), ("dropped", 8, 0.0), ("any", 8, 0.0), ("extra", 8, 0.0),
    ("synchronous", 32, 0.0), ("any", 32, 0.0), ("extra", 32, 0.0), ("extra", 8, 0.1), ("extra", 32, 0.1),
]  # fmt: skip


@benchmark(
    runs=15, n=10, durations=("lognormal", "", {"choices": sorted(DURATIONS)}),
    out=(None, "file for the rows", {"type": Path}),
    real=(False, "how busy two real workers are, in the place of the table"),
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Measure and print the table; write it as CSV where a file is given."""
    if given.real:
        for asynchronous in (True, False):
            print(f"asynchronous={asynchronous}: {busy(asynchronous, 300):.3f} of the time of two workers")
        return
    rows = []
    print(*HEADER, sep="\t", flush=True)
    for way in WAYS:
        for name in FUNCTIONS:
            rows.append(measure(*way, name, given.n, given.runs, given.durations))
            print(*rows[-1], sep="\t", flush=True)
    if given.out is not None:
        write_csv(given.out, HEADER, rows)
