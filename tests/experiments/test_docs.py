"""What the documentation shows is so: every piece of Python on its pages runs as it stands, and the whole builds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "experiments" / "docs"
PAGES = sorted(
    path for path in DOCS.rglob("*.md") if "```python\n" in path.read_text() and "built" not in path.parent.name
)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_snippets_of_a_page_run_one_after_the_other(page: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(DOCS.parents[1]), os.environ.get("PYTHONPATH", "")]))
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    # A program of its own, as a reader would run it: functions on the page go to worker processes.
    program = tmp_path / "page.py"
    program.write_text(code)
    done = subprocess.run([sys.executable, "-W", "error", str(program)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("page", sorted((DOCS / "tutorials").glob("*.py")), ids=lambda page: page.stem)
def test_a_tutorial_has_a_title_and_compiles(page: Path) -> None:
    code = page.read_text()
    assert re.match(r'"""\n[^\n]+\n=+\n', code)
    compile(code, str(page), "exec")


def test_every_page_is_reached_from_the_start() -> None:
    written = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    made = {"methods", "stopping", "pictures/problems", "pictures/figures"}  # when the site is built
    written = {name for name in written if name.split("/")[0] not in ("api", "tutorials_built")} - {"index"} | made
    named = set()
    for index in (DOCS / "index.md", DOCS / "moving" / "index.md"):
        folder = index.parent.relative_to(DOCS).as_posix().replace(".", "")
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text(), re.DOTALL):
            lines = [line for line in tree.splitlines() if line and not line.startswith(":")]
            named |= {f"{folder}/{line}".lstrip("/") for line in lines}
    assert written <= named


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_the_site_builds_without_a_warning_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("sphinx_gallery")
    pytest.importorskip("pydata_sphinx_theme")
    words = [sys.executable, "-m", "experiments", "docs", "--out", str(tmp_path)]
    done = subprocess.run(words, cwd=DOCS.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 180
    for page in (page for page in pages if "_static" not in page.parts):
        for target in re.findall(r'(?:href|src)="([^"#?:]+)(?:[#?][^"]*)?"', page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(tmp_path)} links to {target}"
