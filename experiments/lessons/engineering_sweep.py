"""A batch sweep of an engineering model: a truss over materials, cross sections and stiffness, killed and resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import problems
from experiments import load, load_spec
from experiments.figures.layout import panel_grid
from experiments.figures.parallel import unit_column
from experiments.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, dress
from experiments.journal import read_lines
from experiments.lessons.drawing import write_cells
from experiments.lessons.lesson import Drawing, Finding, Lesson, Numbers, Row, Table, named, words
from experiments.runner import run_trials
from experiments.statistics.sweep import parameter_importance
from problems.engineering.sizing import MATERIALS, SECTION_SHAPES

DEFLECTIONS = (1.0, 2.0, 4.0)
EVALUATIONS, POPSIZE, SEEDS = 10_000, 40, 2
ACTIVE = 0.995  # a limit of which that share is used decides
KILLED_AT = 1 / 3  # of the trials
PATIENCE = 300.0  # seconds that one run of the sweep may take

SPEC = f"""\
name = "truss"
seeds = {SEEDS}
maxcost = {EVALUATIONS}
problems = ["ten-bar-sizing"]

[[methods]]
name = "cmaes"
popsize = {POPSIZE}

[sweep.grid]
"problem.material" = {list(MATERIALS)}
"problem.section" = {list(SECTION_SHAPES)}
"problem.deflection" = {list(DEFLECTIONS)}
"""

SETTINGS = ("material", "section", "deflection")
LIMITS = ("deflection", "stress", "buckling")
COLORS = dict(zip(SECTION_SHAPES, (RED, PURPLE, GREEN, BLUE), strict=True))


def design(trial: Row) -> Row:
    """What a finished trial comes to: its settings, its weight, and how much of each limit it uses."""
    settings = {name.partition(".")[2]: value for name, value in trial["params"].items()}
    model: Any = problems.get("ten-bar-sizing", **settings).fun
    used = model.ratios(model.areas(np.asarray(trial["x"])))
    share = {f"{name} used": float(value) for name, value in zip(LIMITS, used, strict=True)}
    return {**settings, "weight": float(trial["f"]), **share}


def reached(row: Row) -> list[str]:
    """The limits that a design uses in full."""
    return [name for name in LIMITS if row[f"{name} used"] > ACTIVE]


def lightest(designs: Sequence[Row]) -> list[Row]:
    """The lightest design of each setting, in the order of the settings."""
    best: dict[tuple[Any, ...], Row] = {}
    for row in designs:
        setting = tuple(row[name] for name in SETTINGS)
        if setting not in best or row["weight"] < best[setting]["weight"]:
            best[setting] = row
    return list(best.values())


def command(spec: Path, folder: Path, jobs: int) -> list[str]:
    """The command line of the sweep, the same for the first run and for the one that goes on."""
    options = ["--no-report", "--quiet", "--jobs", str(jobs), "--out", str(folder)]
    return [sys.executable, "-m", "experiments", "sweep", str(spec), *options]


def start(line: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the sweep as a process of its own, which finds this package wherever it was started."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        list(line), env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finished(folder: Path) -> list[str]:
    """Keys of the trials in the journal, as often as they stand there."""
    journal = folder / "journal.jsonl"
    if not journal.exists():
        return []
    return [record["key"] for _, record, _ in read_lines(journal) if record and record.get("kind") == "trial"]


def kill_after(line: Sequence[str], folder: Path, count: int) -> list[str]:
    """Start the sweep, send SIGKILL once that many trials are finished, and give what its journal then holds.

    Raises
    ------
    RuntimeError
        If the sweep ended before it could be killed.
    """
    process = start(line)
    deadline = time.monotonic() + PATIENCE
    try:
        while len(finished(folder)) < count and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        alive = process.poll() is None
        process.kill()
        _, errors = process.communicate()
    if not alive or len(finished(folder)) < count:
        raise RuntimeError(f"the sweep was to be killed and ended by itself: {errors.decode(errors='replace')[-500:]}")
    return finished(folder)


def go_on(line: Sequence[str]) -> None:
    """Run the same command to its end."""
    process = start(line)
    _, errors = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise RuntimeError(f"the sweep failed: {errors.decode(errors='replace')[-500:]}")


def study(jobs: int = 2) -> Finding:
    """Start a sweep, kill it, start it again, and look at what the truss should be made of."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        spec, folder = Path(place) / "truss.toml", Path(place) / "results"
        spec.write_text(SPEC, encoding="utf-8")
        trials = load_spec(spec).trials
        line = command(spec, folder, jobs)
        kept = kill_after(line, folder, round(KILLED_AT * len(trials)))
        go_on(line)
        keys = finished(folder)
        by_key = {trial["key"]: trial for trial in load(folder).trials}
    # the first, the one that was not finished when the kill came, and the last: once more, undisturbed, in this process
    again = [trials[0], next(trial for trial in trials if trial["key"] not in kept), trials[-1]]
    undisturbed = list(run_trials(again, backend="sequential"))
    designs = [design(by_key[trial["key"]]) for trial in trials]
    rows = lightest(designs)
    weights = np.array([row["weight"] for row in rows])
    best, worst = rows[int(weights.argmin())], rows[int(weights.argmax())]
    numbers: Numbers = {
        "trials": len(trials),
        "finished_at_the_kill": len(kept),
        "lost": len(set(kept) - set(keys)) + len({trial["key"] for trial in trials} - set(keys)),
        "run_twice": len(keys) - len(set(keys)),
        "order_kept": int(keys[: len(kept)] == kept),
        "largest_difference": max(abs(trial["f"] - by_key[trial["key"]]["f"]) for trial in undisturbed),
        "lightest": best["weight"],
        "heaviest": worst["weight"],
        "largest_spread": (np.reshape([row["weight"] for row in designs], (-1, SEEDS)).max(1) / weights - 1.0).max(),
        **named("explained_by", parameter_importance({s: [row[s] for row in rows] for s in SETTINGS}, weights)),
        **named("limited_by", {name: sum(name in reached(row) for row in rows) for name in LIMITS}),
    }
    text = words(
        __name__, **numbers, materials=len(MATERIALS), sections=len(SECTION_SHAPES), deflections=len(DEFLECTIONS),
        combinations=len(rows), again=len(again), best=best, worst=worst, worst_deflection=inches(worst["deflection"]),
    )  # fmt: skip
    header = ["material", "lightest truss (lb)", "its section", "deflection allowed (in)", "limits that it reaches"]
    table = []
    for name in MATERIALS:
        row = min((r for r in rows if r["material"] == name), key=lambda r: float(r["weight"]))
        deflection = f"{row['deflection']:g}"
        table.append([name, f"{row['weight']:.0f}", row["section"], deflection, ", ".join(reached(row))])
    return Finding(text, numbers, [_draw_parallel(rows), _draw_weights(rows)], Table(header, table))


def inches(length: float) -> str:
    """A length in words."""
    return f"{length:g} inch{'es' * (length != 1)}"


def outcome_column(values: Sequence[float]) -> tuple[list[float], list[tuple[float, str]]]:
    """Places between 0 and 1 on the axis of an outcome, logarithmic, and its ticks."""
    logs = np.log(np.asarray(values, dtype=float))
    low, high = logs.min(), logs.max()
    places = ((logs - low) / ((high - low) or 1.0)).tolist()
    ticks = [(k / 4, np.exp(low + k / 4 * (high - low))) for k in range(5)]
    return places, [(place, f"{value:,.0f}" if value > 10 else f"{value:.2f}") for place, value in ticks]


def _draw_parallel(rows: list[Row]) -> Drawing:
    caption = words(__name__, "engineering-sweep", combinations=len(rows))
    grid = panel_grid(1, 1, width=10.0, panel=4.3, left=1.25, right=0.5, bottom=0.55, caption=caption)
    ax = grid.axes[0]
    labels = {"deflection": "deflection\nallowed (in)", "weight": "weight\n(lb)"}
    axes = [*SETTINGS, *(f"{name} used" for name in LIMITS), "weight"]
    columns = [(unit_column if name in SETTINGS else outcome_column)([row[name] for row in rows]) for name in axes]
    heights = np.stack([places for places, _ in columns], axis=1)
    # lines of one setting lie side by side, not on each other
    heights[:, : len(SETTINGS)] += np.random.default_rng(0).uniform(-0.022, 0.022, (len(rows), len(SETTINGS)))
    along = np.linspace(0.0, 1.0, 24)
    bend = along * along * (3.0 - 2.0 * along)
    curves = heights[:, :-1, None] + np.diff(heights, axis=1)[..., None] * bend
    best = min(range(len(rows)), key=lambda k: float(rows[k]["weight"]))
    for k, (row, curve) in enumerate(zip(rows, curves, strict=True)):
        look: dict[str, Any] = {"color": COLORS[row["section"]], "linewidth": 0.9, "alpha": 0.75, "zorder": 2}
        if k == best:
            look = {"color": ORANGE, "linewidth": 2.6, "zorder": 3}
        ax.plot(np.concatenate([a + along for a in range(len(axes) - 1)]), curve.ravel(), **look)
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    for place, (name, (_, ticks)) in enumerate(zip(axes, columns, strict=True)):
        ax.plot([place, place], [-0.03, 1.03], color=GREY, linewidth=1.0, zorder=4)
        look = {"va": "center", "fontsize": 7.5, "color": INK, "zorder": 6, "clip_on": False, "bbox": box}
        for height, word in ticks:
            ax.text(place - 0.04, height, word, ha="right", **look)
        label = labels.get(name, name.replace(" ", "\n"))
        ax.text(place, -0.07, label, ha="center", va="top", fontsize=8.5, color=INK, linespacing=1.1)
    ax.set(xlim=(0.0, len(axes) - 1.0), ylim=(-0.05, 1.05), xticks=[], yticks=[])
    dress(ax, title="What the truss is made of, and what it weighs", grid="")
    ax.spines[:].set_visible(False)
    return Drawing("engineering-sweep", grid.figure, rows)


def _draw_weights(rows: list[Row]) -> Drawing:
    caption, count = words(__name__, "engineering-weights"), len(DEFLECTIONS)
    grid = panel_grid(count, count, width=10.0, panel=3.0, left=0.98, right=0.02, bottom=0.35, caption=caption)
    table = {tuple(row[name] for name in SETTINGS): row for row in rows}
    logs = np.log([row["weight"] for row in rows])
    for index, (ax, deflection) in enumerate(zip(grid.axes, DEFLECTIONS, strict=True)):
        cells = [[table[material, section, deflection] for section in SECTION_SHAPES] for material in MATERIALS]
        weights = np.array([[cell["weight"] for cell in line] for line in cells])
        ax.imshow(np.log(weights), cmap="Blues", vmin=logs.min(), vmax=logs.max() + 0.7, aspect="auto")
        inks = np.where(weights > 13_000, "white", INK)
        write_cells(ax, [[f"{weight:.0f}" for weight in line] for line in weights], colors=inks, down=-0.14)
        letters = [[" ".join(name[0] for name in reached(cell)) for cell in line] for line in cells]
        write_cells(ax, letters, colors=inks, down=0.22)
        ax.set_xticks(range(len(SECTION_SHAPES)), list(SECTION_SHAPES))
        ax.set_yticks(range(len(MATERIALS)), [name * grid.is_first(index) for name in MATERIALS])
        dress(ax, title=f"{inches(deflection)} allowed", grid="")
        ax.tick_params(labelsize=7.5, length=0)
    return Drawing("engineering-weights", grid.figure, rows)


LESSON = Lesson("engineering-sweep", "A batch sweep of an engineering model", study)
