"""A sweep in a process of its own, killed in the middle and started again by the same command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from experiments.journal import read_lines

PATIENCE = 300.0  # seconds that one run of the sweep may take


def command(spec: Path, folder: Path, jobs: int) -> list[str]:
    """The command line of the sweep, the same for the first run and for the one that goes on."""
    options = ["--no-report", "--quiet", "--jobs", str(jobs), "--out", str(folder)]
    return [sys.executable, "-m", "experiments", "sweep", str(spec), *options]


def start(line: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the sweep as a process of its own, which finds this package wherever it was started."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        list(line), env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finished(folder: Path) -> list[str]:
    """Keys of the trials in the journal, as often as they stand there."""
    journal = folder / "journal.jsonl"
    if not journal.exists():
        return []
    return [record["key"] for _, record, _ in read_lines(journal) if record and record.get("kind") == "trial"]


def kill_after(line: Sequence[str], folder: Path, count: int) -> list[str]:
    """Start the sweep, send SIGKILL once that many trials are finished, and give what its journal then holds.

    Raises
    ------
    RuntimeError
        If the sweep ended before it could be killed.
    """
    process = start(line)
    deadline = time.monotonic() + PATIENCE
    try:
        while len(finished(folder)) < count and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        alive = process.poll() is None
        process.kill()
        _, errors = process.communicate()
    if not alive or len(finished(folder)) < count:
        raise RuntimeError(f"the sweep was to be killed and ended by itself: {errors.decode(errors='replace')[-500:]}")
    return finished(folder)


def go_on(line: Sequence[str]) -> None:
    """Run the same command to its end."""
    process = start(line)
    _, errors = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise RuntimeError(f"the sweep failed: {errors.decode(errors='replace')[-500:]}")
