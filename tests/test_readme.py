"""What the README says is so: each of its pieces of Python runs as it stands, in a program of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import load_spec
from experiments.trial import make_trials

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def run(code: str, folder: Path) -> str:
    program = folder / "snippet.py"
    program.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


def test_the_first_example_runs_and_both_methods_get_there(tmp_path: Path) -> None:
    code = blocks("python")[0]
    assert len(code.strip().splitlines()) <= 12
    black_box, evaluations, gradient, others = map(float, run(code, tmp_path).splitlines()[0].split())
    assert max(black_box, gradient) <= 1e-8
    assert evaluations > others


@pytest.mark.parametrize("number", range(1, len(blocks("python"))))
def test_every_other_piece_of_python_runs(number: int, tmp_path: Path) -> None:
    assert run(blocks("python")[number], tmp_path)


def test_the_sweep_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "my-sweep.toml"
    file.write_text(blocks("toml")[0])
    assert len(make_trials(load_spec(file))) == 2 * 9 * 3  # problems x repeats x step sizes


def test_pictures_and_links_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text())
    assert len(pictures) >= 3
    assert all((ROOT / picture).stat().st_size > 10_000 for picture in pictures)
    assert all((ROOT / link).exists() for link in re.findall(r"(?<!!)\[[^\]]+\]\(([^):]+)\)", README.read_text()))
