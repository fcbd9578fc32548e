"""The package as somebody gets it: wheel and source build, pass their checks, install bare, and the command works."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def sh(*words: object, **more: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_the_version_is_said_in_one_place() -> None:
    import es

    assert sh(sys.executable, "-m", "experiments", "--version", cwd=ROOT) == f"evotape {es.__version__}\n"
    assert f"## [{es.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {es.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_completion_names_every_command() -> None:
    pytest.importorskip("shtab")
    script = sh(sys.executable, "-m", "experiments", "--print-completion", "bash", cwd=ROOT)
    assert all(word in script for word in ("compare", "sweep", "report", "--dry-run"))


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_wheel_and_sdist_install_bare_and_the_command_does_not_care_what_lies_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("build")
    pytest.importorskip("twine")
    dist = tmp_path / "dist"
    sh("git", "clone", "--quiet", ROOT, tmp_path / "clone")
    sh(sys.executable, "-m", "build", "--outdir", dist, tmp_path / "clone")
    files = sorted(dist.iterdir())
    assert [path.suffix for path in files] == [".whl", ".gz"] or [path.suffix for path in files] == [".gz", ".whl"]
    sh(sys.executable, "-m", "twine", "check", "--strict", *files)
    # A folder of the user's whose names are those of the packages.
    beside = tmp_path / "beside"
    for name in ("experiments", "problems", "es"):
        (beside / name).mkdir(parents=True)
        (beside / name / "__init__.py").write_text("raise SystemExit('a folder of the user was imported')\n")
    (beside / "mymodule.py").write_text("def loss(x):\n    return (x**2).sum()\n")
    problem = '[[problems]]\nname = "mymodule:loss"\nn = 2\nbounds = [[-1, 1], [-1, 1]]\n'
    study = f'name = "mine"\nseeds = 2\nbudget = 50\n{problem}[[methods]]\nname = "cmaes"\n'
    (beside / "mine.toml").write_text(study)
    for number, file in enumerate(files):
        home = tmp_path / f"venv{number}"
        venv.create(home, with_pip=True)
        sh(home / "bin" / "pip", "install", "--quiet", file)
        command = home / "bin" / "evotape"
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        assert sh(command, "--version", cwd=beside, env=environment).startswith("evotape ")
        assert "compare" in sh(command, "list", "studies", cwd=beside, env=environment)
        out = sh(command, "sweep", "mine.toml", "--jobs", "2", "--out", f"out{number}", cwd=beside, env=environment)
        assert (beside / f"out{number}" / "report.html").exists(), out
