"""The common parts of the benchmarks: every one starts, and a row of a comparison says what was counted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import es
from experiments.benchmarks import BENCHMARKS, counting, listing
from experiments.benchmarks.counting import Case, case, rows_of
from experiments.benchmarks.es_asynchronous import AnyRows

FOLDER = Path(counting.__file__).parent
QUICK = ("es_noise", "es_speed", "mixed")


def test_the_table_names_every_benchmark() -> None:
    made = re.compile(r"^@(benchmark|counting|timing)\(", re.MULTILINE)
    assert {path.stem for path in FOLDER.glob("*.py") if made.search(path.read_text(encoding="utf-8"))} == set(
        BENCHMARKS
    )
    lines = listing().splitlines()
    assert len(lines) == 2 * len(BENCHMARKS) and all(len(line) <= 120 for line in lines)


def test_the_documentation_names_benchmarks_that_exist() -> None:
    root = FOLDER.parents[1]
    pages = [root / "README.md", root / "CONTRIBUTING.md", *(root / "experiments" / "docs").rglob("*.md")]
    words = re.compile(r"(?:experiments bench |`bench |experiments[./]benchmarks[./])(\w+)")
    named = {name for page in pages for name in words.findall(page.read_text(encoding="utf-8"))}
    assert len(named) > 5 and named <= set(BENCHMARKS)


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.heavy) for n in BENCHMARKS])
def test_every_benchmark_names_its_options(name: str) -> None:
    words = [sys.executable, "-m", f"experiments.benchmarks.{name}", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
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


@pytest.mark.parametrize(("cls", "generations"), [(AnyRows, 2), (es.CMAES, 1)])
def test_late_points_are_as_good_as_others_only_where_that_is_compared(cls: type[es.CMAES], generations: int) -> None:
    opt = cls(np.zeros(3), 1.0, rng=1)
    x = np.concatenate([opt.ask(1) for _ in range(2 * opt.popsize)])
    for half in np.split(x, 2):
        opt.tell(half, (half**2).sum(-1))
    assert opt.nit == generations
