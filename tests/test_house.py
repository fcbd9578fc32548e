"""The structure of the house: floors import only downward, and importing stays light and silent."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("autodiff", "problems", "es", "experiments")


def imported_packages(path: Path) -> set[str]:
    """Top-level packages that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_no_import_climbs_to_a_higher_floor(floor: int) -> None:
    files = sorted((ROOT / FLOORS[floor]).rglob("*.py"))
    assert files
    climbs = {str(f.relative_to(ROOT)): imported_packages(f) & set(FLOORS[floor + 1 :]) for f in files}
    assert {name: up for name, up in climbs.items() if up} == {}


def test_nothing_unpickles() -> None:
    """Results and checkpoints are read from disk; a pickle among them could run code."""
    for package in FLOORS:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            for word in ("pickle.load(", "joblib.load", "allow_pickle=True", "eval(", "exec("):
                assert word not in text.replace("literal_eval(", ""), f"{path.relative_to(ROOT)} uses {word}"


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr == ""
    return done.stdout


def test_importing_es_is_light_and_silent() -> None:
    heavy = (
        "matplotlib",
        "joblib",
        "tqdm",
        "sklearn",
        "pandas",
        "scipy.stats",
        "scipy.optimize",
        "scipy.sparse.linalg",
    )
    out = run_python(f"import sys, es; print([m for m in {heavy!r} if m in sys.modules])")
    assert out == "[]\n"


def test_importing_leaves_the_global_stream_alone() -> None:
    code = (
        "import numpy as np; np.random.seed(7); before = np.random.get_state()[1].tolist()\n"
        "import autodiff, problems, es, experiments\n"
        "assert np.random.get_state()[1].tolist() == before"
    )
    assert run_python(code) == ""
