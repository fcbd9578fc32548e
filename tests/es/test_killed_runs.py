"""Runs with a checkpoint that are killed by SIGKILL, also within a save, end bit for bit as if nothing had been."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from es.core import state

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("killed_runs.py")
KINDS = [
    *("plain", "snes", "workers", "bipop", "constraints", "integers", "lq", "noise", "nelder-mead", "l-bfgs-b"),
    *("slsqp", "evolution"),
]
WITHIN = ("begin", "half", "written", "replaced")
QUICK = [("plain", None)]
CASES = [(kind, seed) for kind in KINDS for seed in (11, None)]


def process(kind, path, how, seed):
    arguments = [sys.executable, SCRIPT, kind, path, how, *([] if seed is None else [str(seed)])]
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=200, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def found(ended):
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize(
    ("kind", "seed"), [case if case in QUICK else pytest.param(*case, marks=pytest.mark.heavy) for case in CASES]
)
def test_killed_twice_and_ended(kind, seed, tmp_path):
    path, spent = tmp_path / "run.npz", [0]
    within = WITHIN[CASES.index((kind, seed)) % len(WITHIN)]
    for how in (f"turn:{random.randint(3, 9)}", f"{within}:{random.randint(2, 9)}"):
        killed = process(kind, path, how, seed)
        assert killed.returncode == -signal.SIGKILL, (how, killed.returncode, killed.stdout, killed.stderr)
        assert np.load(path, allow_pickle=False).files  # whole
        spent.append(int(state.load_entry(path, "ledger/nfev")))
    assert spent[0] < spent[1] < spent[2]
    resumed = found(process(kind, path, "end", seed))
    assert resumed["nfev"] > spent[2] and [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert resumed == found(process(kind, path, "whole", resumed["seed"]))
