"""The page of all lessons in a browser: no complaint, every picture is decoded, every link leads somewhere."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import lessons
from experiments.figures.style import BLUE, new_figure
from experiments.lessons import Drawing, Finding, Lesson, catalogue
from experiments.lessons.lesson import Table
from tests.experiments.findings import finding

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

# Put into a copy of the page whose policy lets it run; a data URL in a closed <details> is decoded too.
PROBE = """<script>
const wrong = [];
addEventListener("error", event => wrong.push(String(event.message || event.target.tagName)), true);
addEventListener("securitypolicyviolation", event => wrong.push(event.violatedDirective));
addEventListener("load", () => {
  const images = [...document.images];
  // Drawing decodes at once; a promise might come true after the browser has run out of its virtual time.
  const sheet = document.createElement("canvas").getContext("2d");
  const decoded = images.map(image => {
    try { sheet.drawImage(image, 0, 0, 9, 9); return image.complete; } catch { return false; }
  });
  const links = [...document.querySelectorAll("a[href]")].map(a => a.getAttribute("href"));
  const box = element => element.getBoundingClientRect();
  document.title = JSON.stringify({
    wrong, decoded, links,
    wide: images.map(image => image.naturalWidth),
    alts: images.map(image => image.alt.length),
    dead: links.filter(href => !href.startsWith("#") || !document.getElementById(href.slice(1))),
    sections: [...document.querySelectorAll("section")].map(section => section.id),
    shown: [...document.querySelectorAll("section")].map(section => [...section.querySelectorAll("img")].filter(
      image => !image.closest("details")).every(image => box(image).width > 300 && box(image).height > 80)),
    overflow: document.documentElement.scrollWidth - innerWidth,
  });
});
</script>"""


def browse(page: Path, folder: Path, *options: str, width: int = 1200) -> subprocess.CompletedProcess[str]:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--no-first-run", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={folder / 'profile'}", f"--window-size={width},2000", *options, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)


def complaints(log: str) -> list[str]:
    """What the page itself wrote to the console, apart from what the browser says of its surroundings."""
    return [line for line in log.splitlines() if ":CONSOLE" in line]


def probed(page: Path, folder: Path, *, width: int = 1200) -> tuple[dict[str, Any], list[str]]:
    """What the probe has found in a copy of the page, and what came to the console."""
    text = page.read_text(encoding="utf-8")
    allowed = text.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';")
    assert allowed != text
    copy = folder / "probe.html"
    copy.write_text(allowed.replace("<title>", PROBE + "<title>", 1), encoding="utf-8")
    ran = browse(copy, folder, "--virtual-time-budget=20000", "--dump-dom", width=width)
    found = re.search(r"<title>(.*?)</title>", ran.stdout, re.S)
    assert found is not None
    return json.loads(html.unescape(found[1])), complaints(ran.stderr)


def check_page(page: Path, folder: Path, names: list[str]) -> dict[str, Any]:
    found, console = probed(page, folder)
    assert found["wrong"] == [] and console == []
    assert found["sections"] == names
    assert found["decoded"] and all(found["decoded"]) and min(found["wide"]) > 300
    assert all(found["shown"]) and found["dead"] == []
    assert {f"#{name}" for name in names} <= set(found["links"])
    assert min(found["alts"]) > 20
    assert found["overflow"] <= 0
    assert complaints(browse(page, folder, "--virtual-time-budget=5000", "--dump-dom").stderr) == []
    return found


def small_lesson(name: str, *, needs: tuple[str, ...] = ()) -> Lesson:
    def study() -> Finding:
        figure = new_figure(6, 3)
        figure.add_axes((0.1, 0.2, 0.8, 0.7)).plot([0, 1], [0, 1], color=BLUE)
        figure.text(0.1, 0.02, "A line from corner to corner, for the test")
        rows = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
        drawings = [
            Drawing("line", figure, rows, motion=partial(gif, 2)),
            Drawing("again", figure, rows, after=0),
        ]
        return Finding("First words.\n\nLast words.", {"one": 1}, drawings, Table(["a < b"], [["<i>"]]))

    return Lesson(name, f"On {name}", study, needs=needs)


def gif(frames: int, file: Path) -> Path:
    from PIL import Image

    pictures = [Image.fromarray(np.full((200, 400), 200 * i, dtype=np.uint8)) for i in range(frames)]
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return file


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    table = {"one": small_lesson("one"), "two": small_lesson("two", needs=("one",))}
    monkeypatch.setattr(catalogue, "MODULES", tuple(table))
    monkeypatch.setattr(catalogue, "get", table.__getitem__)
    return catalogue.run_all(tmp_path)


def test_figures_stand_where_they_belong(two: Path) -> None:
    text = two.read_text(encoding="utf-8")
    section = text[text.index('<section id="one">') : text.index('<section id="two">')]
    places = [
        section.index(words) for words in ("First words", "(again)", "Last words", "<table", "(line)", "<details>")
    ]
    assert places == sorted(places)
    assert section.count("data:image/svg+xml") == 2 and section.count("data:image/gif") == 1
    assert "A line from corner to corner" in section and "&lt;i&gt;" in section
    assert (two.parent / "one" / "line.gif").stat().st_size > 100


@in_browser
def test_a_page_in_a_browser(two: Path, tmp_path: Path) -> None:
    found = check_page(two, tmp_path, ["one", "two"])
    assert len(found["wide"]) == 6  # two figures in each lesson and one in motion
    assert found["links"].count("#one") == 2  # contents, and what lesson two says is to be read before


@in_browser
def test_the_probe_sees_what_is_wrong(two: Path, tmp_path: Path) -> None:
    text = two.read_text(encoding="utf-8")
    broken = text.replace(
        "</main>", '<a href="#nowhere">x</a><img src="data:image/png;base64,AAAA" alt="broken"></main>'
    )
    page = tmp_path / "broken.html"
    page.write_text(broken.replace("</body>", "<script>undefinedName()</script></body>"), encoding="utf-8")
    found, console = probed(page, tmp_path)
    assert found["dead"] == ["#nowhere"] and found["decoded"][-1] is False and found["wide"][-1] == 0
    assert found["wrong"] and any("undefinedName" in line for line in console)


@pytest.mark.heavy
@pytest.mark.timeout(900)
@in_browser
def test_the_page_of_all_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    real = catalogue.get
    # what other heavy tests have found already is not computed again
    monkeypatch.setattr(catalogue, "get", lambda name: replace(real(name), study=partial(finding, name)))
    page = lessons.run_all(tmp_path)
    found = check_page(page, tmp_path, lessons.names())
    assert len(found["wide"]) >= len(lessons.names())
    assert page.stat().st_size < 25e6
    narrow, _ = probed(page, tmp_path, width=700)
    assert narrow["overflow"] <= 0
    shot = tmp_path / "shot.png"
    browse(page, tmp_path, f"--screenshot={shot}")
    from matplotlib.image import imread

    picture = imread(shot)[..., :3]
    assert picture.shape[1] == 1200 and picture.std() > 0.05
