"""The test suite of autograd, fetched as its source distribution, runs on this package through a shim."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT, SHIMS = Path(__file__).parents[2], Path(__file__).parent / "foreign"
VERSION = "1.9.1"


def fetched(folder: Path) -> Path:
    """The tests of autograd, from its source distribution."""
    command = [sys.executable, "-m", "pip", "download", f"autograd=={VERSION}", "--no-binary", "autograd", "--no-deps"]
    try:
        done = subprocess.run([*command, "-q", "-d", str(folder)], capture_output=True, text=True, timeout=200)
    except subprocess.TimeoutExpired:
        pytest.skip("the source of autograd could not be fetched in 200 seconds")
    archives = list(folder.glob("autograd-*.tar.gz"))
    if not archives:
        pytest.skip(f"the source of autograd could not be fetched: {done.stderr.strip().splitlines()[-1:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"autograd-{VERSION}" / "tests"


@pytest.mark.heavy
def test_autograds_own_tests(tmp_path: Path) -> None:
    """None of its numbers is wrong; what is refused is refused in a sentence."""
    tests, counts = fetched(tmp_path), tmp_path / "counts.json"
    options = ["-q", "-c", os.devnull, "-W", "ignore", "--rootdir", ".", "-p", "no:cacheprovider"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "autograd_shim", *options,
         "--continue-on-collection-errors", "."],
        cwd=tests,
        env=os.environ | {"PYTHONPATH": f"{SHIMS}{os.pathsep}{ROOT}", "FOREIGN_COUNTS": str(counts)},
        capture_output=True,
        timeout=280,
    )  # fmt: skip
    result = json.loads(counts.read_text())
    print({kind: len(names) for kind, names in result.items()})
    assert result["wrong"] == []
    assert len(result["passed"]) > 430
    assert len(result["refused"]) < 40
