"""A large study: 100,000 trials in two cells are reported in less than 2 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import Method, Problem, Spec
from experiments.curve import Curve, compact_curve, pack
from experiments.journal import NAME, encode
from experiments.records import blank_record
from experiments.store import header_of

REPORT = """
import resource, sys, time
from pathlib import Path
from experiments.report import write_report
from experiments.store import load
page = write_report(load(sys.argv[1]), Path(sys.argv[2]))
assert page.stat().st_size > 100_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.process_time())
"""


def write_journal(folder: Path, count: int) -> None:
    """A journal of made-up runs of two methods on one problem, of which one in five fails."""
    spec = Spec("large", [Problem("sphere", 5)], [Method("cmaes"), Method("snes")], seeds=count // 2)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    with (folder / NAME).open("wb") as file:
        file.write(encode(header_of(spec, spec.trials)))
        for trial in spec.trials:
            nfev = np.unique(np.geomspace(1, 2000 + rng.integers(500), 150).astype(np.int64))
            f = 10 ** np.linspace(2 + rng.random(), -8.2 if rng.random() < 0.8 else -3, nfev.size)
            end = (int(nfev[-1]), 0)
            curve = compact_curve(nfev, np.zeros_like(nfev), f, n=5, f_opt=0.0, end=end)
            facts = {"kind": "trial", "n": 5, "f_opt": 0.0, "f": float(f[-1]), "nfev": end[0], "cost": float(end[0])}
            done = {"maxcost": 5000.0, "x": pack(np.zeros(5)), "seconds": 0.02, "curve": Curve.packed(curve)}
            file.write(encode(blank_record(trial) | facts | done))


def memory_of_a_report(folder: Path, count: int) -> tuple[float, float]:
    """Largest resident memory in MB and processor time of a process that loads and reports this many trials."""
    write_journal(folder / "study", count)
    words = [sys.executable, "-c", REPORT, str(folder / "study"), str(folder / "out")]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=1500).stdout.split()
    return float(said[0]), float(said[1])


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_trials_in_two_cells_take_less_than_two_gigabytes(tmp_path: Path) -> None:
    megabytes, _ = memory_of_a_report(tmp_path, 100_000)
    assert megabytes < 2000


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        print("MB, seconds:", *memory_of_a_report(Path(place), int(sys.argv[1])))
