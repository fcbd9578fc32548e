"""The examples of CONTRIBUTING.md run as they stand, and each checks what it makes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(r"## (Add [^\n]+)\n.*?```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)


def test_there_is_one_for_each_thing_to_add() -> None:
    assert [title.split()[-1] for title, _ in EXAMPLES] == ["strategy", "differentiation", "problem", "figure"]


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_example_runs(title: str, code: str, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
