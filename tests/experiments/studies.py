"""Helpers for tests of whole studies: run them as a user does, compare what they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from experiments import load
from experiments.journal import read_lines

ROOT = Path(__file__).resolve().parents[2]

# Twelve trials of about a tenth of a second: long enough to be killed in, short enough to wait for.
SLOW = """\
name = "slow"
seeds = {seeds}
budget = 30

[[problems]]
name = "tests.experiments.tasks:slow_bowl"
label = "slow bowl"
n = 2
bounds = [[-1, 1], [-1, 1]]
f_opt = 0.0

[[methods]]
name = "cmaes"

[[methods]]
name = "snes"
"""


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "experiments", *map(str, words)]


def call(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=ROOT, capture_output=True, text=True, timeout=200, check=False, **options
    )


def start(*words: str | Path) -> subprocess.Popen[str]:
    """Start the command in a process group of its own, as a shell does.

    With Ctrl-C, which shells switch off in what they start in the background, and in all that starts from there.
    """
    return subprocess.Popen(
        command(*words),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def numbers(folder: Path) -> dict[str, dict[str, Any]]:
    """All that must not depend on how a study was run: everything but the seconds, bit for bit."""
    found = {}
    for trial in load(folder).trials:
        plain = {k: v for k, v in trial.items() if k not in ("seconds", "curve", "x", "kind", "crc")}
        arrays = {f"curve.{k}": trial["curve"][k].tobytes() for k in trial["curve"]}
        found[trial["key"]] = plain | arrays | {"x": None if trial["x"] is None else np.asarray(trial["x"]).tobytes()}
    return found


def finished_keys(folder: Path) -> list[str]:
    """Keys in the journal as they stand there, one per record."""
    path = folder / "journal.jsonl"
    if not path.exists():
        return []
    return [record["key"] for _, record, _ in read_lines(path) if record and record.get("kind") == "trial"]
