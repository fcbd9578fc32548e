"""The test suite of mygrad, from a clone of its repository, runs with this package's derivatives through a shim.

The source distribution has no tests. ``MYGRAD_REPOSITORY`` names a clone; otherwise git fetches one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT, SHIMS = Path(__file__).parents[2], Path(__file__).parent / "foreign"
ADDRESS = "https://github.com/rsokl/MyGrad"
ABOUT_NUMBERS = [
    "math", "linalg", "ufuncs", "tensor_ops", "nnet/activations", "nnet/losses", "nnet/layers",
    "tensor_base/test_chainrule.py", "tensor_base/test_operator_override.py", "tensor_base/test_pow_special_cases.py",
    "tensor_base/test_backprop_through_non_scalar.py", "test_tensor_joining.py", "test_tensor_manip.py",
    "test_indexing_routines.py", "test_where_mask.py",
]  # fmt: skip
"""The others are about mygrad's memory, its graph and how it draws."""


def fetched(folder: Path) -> Path:
    """A clone of the repository."""
    if named := os.environ.get("MYGRAD_REPOSITORY"):
        return Path(named)
    clone = folder / "MyGrad"
    command = ["git", "clone", "-q", "--depth", "1", ADDRESS, str(clone)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=os.environ | NO_QUESTIONS)
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        pytest.skip(f"the repository of mygrad could not be cloned: {error}")
    if done.returncode:
        pytest.skip(f"the repository of mygrad could not be cloned: {done.stderr.strip().splitlines()[-1:]}")
    return clone


NO_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0"}


@pytest.mark.heavy
@pytest.mark.timeout(1500)
def test_mygrads_own_tests(tmp_path: Path) -> None:
    """None of its numbers is wrong; what is refused is refused in a sentence."""
    pytest.importorskip("mygrad")
    clone, counts = fetched(tmp_path), tmp_path / "counts.json"
    options = ["-q", "-c", os.devnull, "-W", "ignore", "--rootdir", ".", "-p", "no:cacheprovider"]
    paths = [f"tests/{name}" for name in ABOUT_NUMBERS]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "mygrad_shim", *options, "--continue-on-collection-errors", *paths],
        cwd=clone,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(map(str, (SHIMS, clone, ROOT))),  # its package `tests` comes before ours
            "HYPOTHESIS_PROFILE": "shim",
            "FOREIGN_COUNTS": str(counts),
        },
        capture_output=True,
        timeout=1400,
    )
    result = json.loads(counts.read_text())
    pulled = result.pop("pulled")
    print(
        {kind: len(names) for kind, names in result.items()}, sum(pulled.values()), "gradients of", len(pulled), "kinds"
    )
    assert result["wrong"] == []
    assert len(result["passed"]) > 500 and sum(pulled.values()) > 2000
    assert len(result["refused"]) < 60
