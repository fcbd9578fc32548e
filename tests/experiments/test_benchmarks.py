"""The common parts of the benchmarks: every one starts, and a row of a comparison says what was counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import counting
from experiments.benchmarks.counting import Case, case, rows_of

BENCHMARKS = Path(counting.__file__).parent
NAMES = sorted(p.stem for p in BENCHMARKS.glob("*.py") if "def main(" in p.read_text(encoding="utf-8"))


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_names_its_options(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"experiments.benchmarks.{name}", "--help"], capture_output=True, text=True, check=True
    )
    assert "usage:" in done.stdout


def absent(runs: int) -> list[float]:
    raise ImportError("no such package")


def test_rows_of_a_comparison() -> None:
    both = Case(
        "m", "p", "f", 2, lambda runs: [[10, 20]] * runs, lambda runs: [[20, np.inf]] * runs, targets=("a", "b")
    )
    assert list(rows_of(both, 3, alone=False)) == [
        ("m", "p", "f a", 2, 10.0, 20.0, 0.5, "3/3 3/3"),
        ("m", "p", "f b", 2, 20.0, np.inf, 0.0, "3/3 0/3"),
    ]
    lost = Case("m", "p", "f", 2, lambda runs: [np.inf] * runs, lambda runs: [5.0] * runs, times=2)
    assert next(iter(rows_of(lost, 2, alone=False)))[6:] == (np.inf, "0/4 4/4")


def test_a_peer_that_is_not_installed_leaves_our_figures() -> None:
    (row,) = rows_of(Case("m", "p", "f", 2, lambda runs: [7.0] * runs, absent), 3, alone=False)
    assert row[4] == 7.0 and np.isnan(row[5]) and np.isnan(row[6]) and row[7] == "3/3"


def test_our_evaluations_are_those_of_the_optimizer() -> None:
    seen = []

    def peer(f: counting.Function, x0: np.ndarray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        seen.append((len(x0), popsize, seed))
        return 5.0

    both = case("cmaes", "none", peer, "sphere", 3, 1e4)
    used = np.asarray(both.ours(4))
    assert used.shape == (4,) and (used % 7 == 0).all() and (used > 100).all() and (used < 1000).all()
    assert both.theirs(2) == [5.0, 5.0] and seen == [(3, 7, 1), (3, 7, 2)]
