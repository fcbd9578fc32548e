"""The catalogue of lessons: find one, run it into a folder, or run all into one page."""

from __future__ import annotations

import base64
import json
import time
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.lessons.lesson import Drawing, Lesson
from experiments.report import figure_source, fill, write_page

# In the order in which they are best read; each module has its lesson as LESSON.
MODULES = (
    "backpropagation", "computational_graph", "reverse_mode", "dynamic_graphs", "circuits", "gradient_checking",
    "layers", "vanishing_gradients", "checkpointing", "descent", "search", "real_network", "image_gradients",
    "engineering_sweep",
)  # fmt: skip


def names() -> list[str]:
    """Names of the lessons, in reading order."""
    return [module.replace("_", "-") for module in MODULES]


def get(name: str) -> Lesson:
    """The lesson of this name.

    Raises
    ------
    ValueError
        If there is none; the message has the closest name.
    """
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        guess = f"; did you mean {near[0]!r}?" if near else f": choose one of {', '.join(names())}"
        raise ValueError(f"name must be that of a lesson, got {name!r}{guess}")
    return import_module(f"experiments.lessons.{name.replace('-', '_')}").LESSON


def run(name: str, folder: Path) -> Path:
    """Run one lesson into a folder of its name: figures (png, svg, csv, gif), ``numbers.json``, and the page that is
    returned."""
    lesson = get(name)
    section = _section(lesson, Path(folder) / name)
    return write_page(Path(folder) / name / "lesson.html", fill("lessons.html", title=lesson.title, sections=[section]))


def run_all(folder: Path) -> Path:
    """Run every lesson and write one page that holds them all and needs no network; return its path."""
    sections = [_section(get(name), Path(folder) / name) for name in names()]
    title = "Lessons: gradients, and search without them"
    return write_page(Path(folder) / "lessons.html", fill("lessons.html", title=title, sections=sections))


def _section(lesson: Lesson, folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    finding = lesson.study()
    folder.mkdir(parents=True, exist_ok=True)
    figures = [_drawn(lesson, drawing, folder) for drawing in finding.drawings]
    numbers = json.dumps(dict(finding.numbers), indent=2, default=float)
    (folder / "numbers.json").write_text(numbers + "\n", encoding="utf-8")
    needs = [get(name) for name in lesson.needs]
    seconds = time.perf_counter() - started
    return {"lesson": lesson, "finding": finding, "figures": figures, "needs": needs, "seconds": seconds}


def _drawn(lesson: Lesson, drawing: Drawing, folder: Path) -> dict[str, Any]:
    """Write the files of a figure and give what the page needs of it; its caption is read out in its place."""
    from experiments.figures.files import save

    _, svg, _ = save(drawing.figure, folder, drawing.name, drawing.rows, list(drawing.rows[0]))
    caption = max((text.get_text().replace("\n", " ") for text in drawing.figure.texts), key=len, default="")
    alt = f"Figure: {lesson.title} ({drawing.name})" + (f". {caption}" if caption else "")
    motion = None
    if drawing.motion is not None:
        gif = drawing.motion(folder / f"{drawing.name}.gif").read_bytes()
        motion = f"data:image/gif;base64,{base64.b64encode(gif).decode('ascii')}"
    return {**figure_source(svg), "alt": alt, "motion": motion, "after": drawing.after}
