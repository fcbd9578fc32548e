"""The shelf of lessons: find one, run it into a folder, or run all into one page."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.lessons.lesson import Lesson

# In the order in which they are best read; each module has its lesson as LESSON.
MODULES = ("backpropagation", "circuits", "gradient_checking", "dynamic_graphs", "checkpointing", "layers")


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
    lesson: Lesson = import_module(f"experiments.lessons.{name.replace('-', '_')}").LESSON
    return lesson


def run(name: str, folder: Path) -> Path:
    """Run one lesson and write its files.

    Parameters
    ----------
    name : str
    folder : Path
        Gets a folder of the lesson's name with its figures (png, svg, csv), ``numbers.json`` and ``lesson.html``.

    Returns
    -------
    Path
        The page.
    """
    lesson = get(name)
    section = _section(lesson, Path(folder) / name)
    return _write(Path(folder) / name / "lesson.html", lesson.title, [section])


def run_all(folder: Path) -> Path:
    """Run every lesson and write one page that holds them all and needs no network; return its path."""
    sections = [_section(get(name), Path(folder) / name) for name in names()]
    return _write(Path(folder) / "lessons.html", "Lessons: gradients, and search without them", sections)


def _section(lesson: Lesson, folder: Path) -> dict[str, Any]:
    from experiments.figures.files import save

    started = time.perf_counter()
    finding = lesson.study()
    folder.mkdir(parents=True, exist_ok=True)
    figures = []
    for drawing in finding.drawings:
        _, svg, _ = save(drawing.figure, folder, drawing.name, drawing.rows, list(drawing.rows[0]))
        figures.append({**_embedded(svg), "alt": f"Figure: {lesson.title} ({drawing.name})"})
    numbers = json.dumps(dict(finding.numbers), indent=2, default=float)
    (folder / "numbers.json").write_text(numbers + "\n", encoding="utf-8")
    return {"lesson": lesson, "finding": finding, "figures": figures, "seconds": time.perf_counter() - started}


def _embedded(svg: Path) -> dict[str, str]:
    from experiments.report import figure_source

    return figure_source(svg)


def _write(target: Path, title: str, sections: Sequence[dict[str, Any]]) -> Path:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from experiments.report import TEMPLATES

    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("lessons.html").render(title=title, sections=sections)
    part = target.with_name(target.name + ".part")
    part.write_text(page, encoding="utf-8")
    os.replace(part, target)
    return target
