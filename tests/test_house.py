"""The structure of the house: floors import only downward, and importing stays light and silent."""

import ast
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("autodiff", "problems", "es", "experiments")


def module_name(path: Path) -> str:
    """`es.core.optimizer` for es/core/optimizer.py, `es` for es/__init__.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported(path: Path, known: Collection[str]) -> set[str]:
    """Modules among the `known` ones that a file imports: in functions and for type hints too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            package = ".".join((*base, *([node.module] if node.module else [])))
            found.update(f"{package}.{a.name}" if f"{package}.{a.name}" in known else package for a in node.names)
    return (found & set(known)) - {module_name(path)}


def imports_of_the_house() -> dict[str, set[str]]:
    """Every module of the four packages, with the modules that it imports."""
    files = {module_name(path): path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}
    return {name: modules_imported(path, files) for name, path in files.items()}


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_no_import_climbs_to_a_higher_floor(floor: int) -> None:
    above = FLOORS[floor + 1 :]
    mine = {name: found for name, found in imports_of_the_house().items() if name.split(".")[0] == FLOORS[floor]}
    assert mine
    climbs = {name: [other for other in found if other.split(".")[0] in above] for name, found in mine.items()}
    assert {name: up for name, up in climbs.items() if up} == {}


# The order of the rooms of `es`: a file imports from its own room and from rooms before it.
ROOMS = (
    ("registry", "space"),
    ("core",),
    ("parts",),
    ("gradient", "evaluation"),
    ("strategies", "run"),
    ("auto",),
    ("minimize",),
    ("in_turn",),
    ("runs", "bridges", "plotting", "replicas", "contract"),
)


def test_no_import_climbs_to_a_higher_room() -> None:
    order = {room: step for step, rooms in enumerate(ROOMS) for room in rooms}
    house = {name: found for name, found in imports_of_the_house().items() if name.startswith("es.")}
    rooms = {name: name.split(".")[1] for name in house}
    assert set(rooms.values()) <= set(order), "a new file at the top of es: give it a place in the order"
    climbs = [
        f"{name} -> {other}"
        for name, found in house.items()
        for other in found
        if other in house and rooms[other] != rooms[name] and order[rooms[other]] >= order[rooms[name]]
    ]
    assert climbs == []
    assert len(list((ROOT / "es").glob("*.py*"))) <= 16


def test_no_two_files_import_each_other_on_any_way() -> None:
    house = imports_of_the_house()
    waiting = dict(house)
    while free := [name for name, found in waiting.items() if not found & waiting.keys()]:
        for name in free:
            del waiting[name]
    # What is left stands on a circle, or imports one: only those that are imported by others of them can be on it.
    while ends := set(waiting) - set().union(*waiting.values()):
        for name in ends:
            del waiting[name]
    assert {name: sorted(found & waiting.keys()) for name, found in waiting.items()} == {}


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
