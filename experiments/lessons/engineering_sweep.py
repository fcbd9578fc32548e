"""A batch sweep of an engineering model: a truss over materials, cross sections and stiffness, killed and resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import problems
from experiments import load, load_spec
from experiments.figures.layout import panel_grid
from experiments.figures.parallel import unit_column
from experiments.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, dress
from experiments.journal import read_lines
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table
from experiments.runner import run_trials
from experiments.statistics.sweep import parameter_importance
from problems.engineering.sizing import MATERIALS, SECTION_SHAPES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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

Row = dict[str, Any]


def command(spec: Path, folder: Path, jobs: int) -> list[str]:
    """The words of the sweep, the same for the first run and for the one that goes on."""
    words = ["sweep", str(spec), "--no-report", "--quiet", "--jobs", str(jobs), "--out", str(folder)]
    return [sys.executable, "-m", "experiments", *words]


def start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the sweep as a process of its own, which finds this package wherever it was started."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        list(words), env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finished(folder: Path) -> list[str]:
    """Keys of the trials in the journal, as often as they stand there."""
    journal = folder / "journal.jsonl"
    if not journal.exists():
        return []
    return [record["key"] for _, record, _ in read_lines(journal) if record and record.get("kind") == "trial"]


def kill_after(words: Sequence[str], folder: Path, count: int) -> list[str]:
    """Start the sweep, send SIGKILL once that many trials are finished, and give what its journal then holds.

    Raises
    ------
    RuntimeError
        If the sweep ended before it could be killed.
    """
    process = start(words)
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


def go_on(words: Sequence[str]) -> None:
    """Run the same command to its end."""
    process = start(words)
    _, errors = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise RuntimeError(f"the sweep failed: {errors.decode(errors='replace')[-500:]}")


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


def study(jobs: int = 2) -> Finding:
    """Start a sweep, kill it, start it again, and look at what the truss should be made of."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        spec, folder = Path(place) / "truss.toml", Path(place) / "results"
        spec.write_text(SPEC, encoding="utf-8")
        trials = load_spec(spec).trials
        words = command(spec, folder, jobs)
        kept = kill_after(words, folder, round(KILLED_AT * len(trials)))
        go_on(words)
        keys = finished(folder)
        records = load(folder).trials
    by_key = {record["key"]: record for record in records}
    # the first, the one that was not finished when the kill came, and the last: once more, undisturbed, in this process
    again = [trials[0], next(trial for trial in trials if trial["key"] not in kept), trials[-1]]
    undisturbed = list(run_trials(again, backend="sequential"))
    designs = [design(by_key[trial["key"]]) for trial in trials]
    rows = lightest(designs)
    weights = np.array([row["weight"] for row in rows])
    spread = float((np.reshape([row["weight"] for row in designs], (-1, SEEDS)).max(1) / weights - 1.0).max())
    best, worst = rows[int(weights.argmin())], rows[int(weights.argmax())]
    importance = parameter_importance({name: [row[name] for row in rows] for name in SETTINGS}, weights)
    counts = {name: sum(name in reached(row) for row in rows) for name in LIMITS}
    numbers: dict[str, float | int] = {
        "trials": len(trials),
        "finished_at_the_kill": len(kept),
        "lost": len(set(kept) - set(keys)) + len({trial["key"] for trial in trials} - set(keys)),
        "run_twice": len(keys) - len(set(keys)),
        "order_kept": int(keys[: len(kept)] == kept),
        "largest_difference": max(abs(record["f"] - by_key[record["key"]]["f"]) for record in undisturbed),
        "lightest": best["weight"],
        "heaviest": worst["weight"],
        "largest_spread": spread,
        **{f"explained_by_{name}": importance[name] for name in SETTINGS},
        **{f"limited_by_{name}": count for name, count in counts.items()},
    }
    text = (
        f"A sweep is a file: {len(MATERIALS)} materials, {len(SECTION_SHAPES)} shapes of cross section and "
        f"{len(DEFLECTIONS)} allowed deflections. For each of the {len(rows)} combinations CMA-ES looks {SEEDS} times "
        "for the areas of the ten bars that make the lightest truss, in at most "
        f"{EVALUATIONS} finite-element computations: {len(trials)} trials. The sweep ran as a process of its own and "
        f"was killed (SIGKILL, which no program can catch) when {len(kept)} of them were finished. The same command "
        f"was given again. Of the finished trials {numbers['lost']} were lost and {numbers['run_twice']} run twice, "
        "because each is a line in a journal before it counts. And because its random numbers come from its settings, "
        f"a trial ends the same whatever happened before: {len(again)} of them, run once more undisturbed, differ by "
        f"{numbers['largest_difference']:g} pounds.\n\n"
        f"The lightest truss weighs {best['weight']:.0f} pounds ({best['material']}, {best['section']}, "
        f"{best['deflection']:g} inches allowed), the heaviest {worst['weight']:.0f} ({worst['material']}, "
        f"{worst['section']}, {inches(worst['deflection'])}). The shape of the section explains "
        f"{importance['section']:.0%} of the ranks, the allowed deflection {importance['deflection']:.0%}, the "
        f"material {importance['material']:.0%}; the rest is in how they act together. Long bars under pressure "
        f"buckle, and solid bars first: buckling limits {counts['buckling']} of the {len(rows)} designs, the "
        f"deflection {counts['deflection']}, the stress {counts['stress']}, often more than one of them at once. The "
        f"{SEEDS} searches of a combination differ by at most {spread:.1%}, and the lighter design counts."
    )
    table = Table(
        ["material", "lightest truss (lb)", "its section", "deflection allowed (in)", "limits that it reaches"],
        [
            [name, f"{row['weight']:.0f}", row["section"], f"{row['deflection']:g}", ", ".join(reached(row))]
            for name in MATERIALS
            for row in [min((r for r in rows if r["material"] == name), key=lambda r: float(r["weight"]))]
        ],
    )
    return Finding(text, numbers, [_draw_parallel(rows), _draw_weights(rows)], table)


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
    grid = panel_grid(
        1,
        1,
        width=10.0,
        panel=4.3,
        left=1.25,
        right=0.5,
        bottom=0.55,
        caption=f"Parallel coordinates: a line for each of the {len(rows)} trusses, from its settings on the left to "
        "what they lead to on the right. Colours: solid bars red, tubes purple, green and blue, the wider the bluer. "
        "Thick and orange: the lightest truss. A limit is used in full at 1. The last four axes are logarithmic.",
    )
    axes = {
        "material": "material",
        "section": "section",
        "deflection": "deflection\nallowed (in)",
        **{f"{name} used": f"{name}\nused" for name in LIMITS},
        "weight": "weight\n(lb)",
    }
    (ax,) = grid.axes
    columns = [(unit_column if name in SETTINGS else outcome_column)([row[name] for row in rows]) for name in axes]
    heights = np.stack([places for places, _ in columns], axis=1)
    # lines of one setting lie side by side, not on each other
    heights[:, : len(SETTINGS)] += np.random.default_rng(0).uniform(-0.022, 0.022, (len(rows), len(SETTINGS)))
    along = np.linspace(0.0, 1.0, 24)
    bend = along * along * (3.0 - 2.0 * along)
    best = min(range(len(rows)), key=lambda k: float(rows[k]["weight"]))
    for k, row in enumerate(rows):
        look: dict[str, Any] = {"color": COLORS[row["section"]], "linewidth": 0.9, "alpha": 0.75, "zorder": 2}
        if k == best:
            look = {"color": ORANGE, "linewidth": 2.6, "zorder": 3}
        curve = [heights[k, a] + (heights[k, a + 1] - heights[k, a]) * bend for a in range(len(axes) - 1)]
        ax.plot(np.concatenate([a + along for a in range(len(axes) - 1)]), np.concatenate(curve), **look)
    for place, (label, (_, ticks)) in enumerate(zip(axes.values(), columns, strict=True)):
        ax.plot([place, place], [-0.03, 1.03], color=GREY, linewidth=1.0, zorder=4)
        for height, word in ticks:
            _tick(ax, place, height, word)
        ax.text(place, -0.07, label, ha="center", va="top", fontsize=8.5, color=INK, linespacing=1.1)
    ax.set_xlim(0.0, len(axes) - 1.0)
    ax.set_ylim(-0.05, 1.05)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    dress(ax, title="What the truss is made of, and what it weighs", grid="")
    ax.spines[:].set_visible(False)
    return Drawing("engineering-sweep", grid.figure, rows)


def _tick(ax: Axes, place: float, height: float, word: str) -> None:
    ax.text(
        place - 0.04, height, word, ha="right", va="center", fontsize=7.5, color=INK, zorder=6, clip_on=False,
        bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )  # fmt: skip


def _draw_weights(rows: list[Row]) -> Drawing:
    grid = panel_grid(
        len(DEFLECTIONS),
        len(DEFLECTIONS),
        width=10.0,
        panel=3.0,
        left=0.98,
        right=0.02,
        bottom=0.35,
        caption="Weight in pounds of the lightest truss for each material and section; the darker the heavier, on one "
        "logarithmic scale. Letters: the limits that it reaches, deflection (d), stress (s) and buckling (b).",
    )
    table = {tuple(row[name] for name in SETTINGS): row for row in rows}
    logs = np.log([row["weight"] for row in rows])
    for ax, deflection in zip(grid.axes, DEFLECTIONS, strict=True):
        cells = [[table[material, section, deflection] for section in SECTION_SHAPES] for material in MATERIALS]
        weights = np.array([[cell["weight"] for cell in line] for line in cells])
        ax.imshow(np.log(weights), cmap="Blues", vmin=logs.min(), vmax=logs.max() + 0.7, aspect="auto")
        for i, j in np.ndindex(weights.shape):
            look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7.5}
            look["color"] = "white" if weights[i, j] > 13_000 else INK
            ax.text(j, i - 0.14, f"{weights[i, j]:.0f}", **look)
            ax.text(j, i + 0.22, " ".join(name[0] for name in reached(cells[i][j])), **look)
        ax.set_xticks(range(len(SECTION_SHAPES)), list(SECTION_SHAPES))
        first = deflection == DEFLECTIONS[0]
        ax.set_yticks(range(len(MATERIALS)), list(MATERIALS) if first else [""] * len(MATERIALS))
        dress(ax, title=f"{inches(deflection)} allowed", grid="")
        ax.tick_params(labelsize=7.5, length=0)
    return Drawing("engineering-weights", grid.figure, rows)


LESSON = Lesson("engineering-sweep", "A batch sweep of an engineering model", study)
