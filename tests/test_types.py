"""Type checkers see the public names: a script of a user passes, a misspelt name does not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("public_names.py")


def test_the_script_runs() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_a_misspelt_name_is_an_error_when_it_runs_too() -> None:
    import es

    with pytest.raises(AttributeError, match="No es attribute plto"):
        getattr(es, "plto")  # noqa: B009


@pytest.mark.heavy
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_every_name(checker: str, tmp_path: Path) -> None:
    program = shutil.which(checker, path=str(Path(sys.executable).parent)) or shutil.which(checker)
    if program is None:
        pytest.skip(f"{checker} is not installed")
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(SCRIPT.read_text())
    bad.write_text(re.sub(r"es\.plot\b", "es.plto", SCRIPT.read_text()))
    # From a folder of its own: the user's settings, not those of the project.
    run = {"cwd": tmp_path, "env": {"PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT), "PATH": "/usr/bin:/bin"}}
    flags = ["--strict"] if checker == "mypy" else ["--pythonpath", sys.executable]
    for script, ok in ((good, True), (bad, False)):
        done = subprocess.run([program, *flags, script.name], capture_output=True, text=True, **run)
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
    assert "plto" in done.stdout
