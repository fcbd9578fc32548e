"""Paths of methods on a problem of two variables: run, drawn still, and in motion as a gif whose frames show all runs
after the same number of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.files import save
from experiments.figures.paths import Path2D, record_path
from experiments.figures.style import INK, LineStyle
from experiments.figures.trajectories import HEADER, ellipse, result_text, stage, trajectory_figure

FRAMES = 72
FRAMES_PER_SECOND = 12
WIDTH = 7.0
RESOLUTION = 100
GRAD_COST, SEED = 4.0, 1
METHODS = ("cmaes", "snes", "adam", "l-bfgs-b")
LABELS = {"cmaes": "CMA-ES", "snes": "SNES", "adam": "Adam", "l-bfgs-b": "L-BFGS-B"}


def save_animation(
    file: Path, paths: Sequence[Path2D], objective: Any, *, grad_cost: float, frames: int = FRAMES
) -> Path:
    """Write a gif of the runs on the contours of their objective of two variables, and return its path.

    Early evaluations get more frames: frame times are evenly spaced in the square root of the evaluations.
    """
    from PIL import Image

    if frames < 2:
        raise ValueError(f"frames must be at least 2, got {frames}")
    text = (
        "All runs after the same number of evaluations; ellipse: 2 standard deviations, small dots: points just "
        f"evaluated. One gradient = {grad_cost:g} evaluations."
    )
    grid, looks = stage(paths, objective, text, width=WIDTH)
    figure = grid.figure
    figure.set_dpi(RESOLUTION)
    moving: list[dict[str, Any]] = []
    for ax, path, style in zip(grid.axes, paths, looks, strict=True):
        ax.plot(*path.centre[0], "o", color="white", markeredgecolor=INK, markersize=6, zorder=5)
        soft: dict[str, Any] = {"color": style.color, "animated": True}
        words: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 8, "color": INK, "animated": True}
        words["bbox"] = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5}
        moving.append({
            "line": ax.plot([], [], linewidth=1.4, **soft)[0],
            "ring": ax.plot([], [], linewidth=1.6, **soft)[0],
            "dots": ax.plot([], [], ".", alpha=0.6, markersize=4, **soft)[0],
            "head": ax.plot([], [], style.marker, markeredgecolor="white", markersize=7, **soft)[0],
            "text": ax.text(0.985, 0.03, "", transform=ax.transAxes, zorder=8, **words),
        })  # fmt: skip
    times = max(float(path.cost[-1]) for path in paths) * np.linspace(0, 1, frames) ** 2
    canvas: Any = figure.canvas
    canvas.draw()  # contours, frames and text once; only what moves is drawn anew in each frame
    ground = canvas.copy_from_bbox(figure.bbox)
    palette = _palette(looks)
    pictures = []
    for time in times:
        canvas.restore_region(ground)
        for ax, path, parts in zip(grid.axes, paths, moving, strict=True):
            step = int(np.searchsorted(path.cost, time + 1e-9, side="right")) - 1
            parts["line"].set_data(*path.centre[: step + 1].T)
            parts["head"].set_data(*path.centre[step : step + 1].T)
            parts["dots"].set_data(*path.population[step].T)
            if path.covariance is not None:
                parts["ring"].set_data(*ellipse(path.centre[step], path.covariance[step]).T)
            parts["text"].set_text(result_text(path, step, objective))
            for artist in parts.values():
                ax.draw_artist(artist)
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        pictures.append(picture.quantize(palette=palette, dither=Image.Dither.NONE))
    file.parent.mkdir(parents=True, exist_ok=True)
    hold = [1000 // FRAMES_PER_SECOND] * (frames - 1) + [2000]  # milliseconds; the end stays for a while
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=hold, loop=0, optimize=False)
    return file


def _palette(looks: Sequence[LineStyle]) -> Any:
    """One palette for all frames that holds each method's colour in all its blends with the ground; gifs have 256
    colours."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    grounds = [np.array(to_rgb(c)) for c in ("#FFFFFF", "#DCE5EB")]
    inks = [np.array(to_rgb(c)) for c in dict.fromkeys([*(style.color for style in looks), INK, "#AEBBC5"])]
    steps = np.linspace(0, 1, max(2, 230 // (len(inks) * len(grounds))))
    blends = [(1 - t) * ground + t * ink for ink in inks for ground in grounds for t in steps]
    shades = [(1 - t) * np.array(to_rgb("#C9D6DF")) + t for t in np.linspace(0, 1, 24)]
    colors = (np.clip(np.array(blends + shades)[:256], 0, 1) * 255).round().astype(np.uint8)
    holder = Image.new("P", (1, 1))
    holder.putpalette(colors.tobytes() + colors[-1].tobytes() * (256 - len(colors)))
    return holder


def draw_trajectories(
    folder: Path,
    problem: str = "rosenbrock",
    methods: Sequence[str] = METHODS,
    *,
    x0: FloatArray | None = None,
    maxcost: float = 800.0,
    animation: bool = True,
) -> list[Path]:
    """Run methods on a problem of two variables and draw their ways as trajectories-<problem>.png, .svg, .csv and .gif.

    The start x0 (2,) is drawn by the problem when left out; a run may spend `maxcost` evaluations, each gradient
    charged as `GRAD_COST`.
    """
    import problems

    objective = problems.get(problem, n=2)
    start = np.array(objective.x0(np.random.default_rng(SEED)) if x0 is None else x0, dtype=float)
    paths = [
        record_path(
            objective, method, start, label=LABELS.get(method, method), maxcost=maxcost, grad_cost=GRAD_COST, rng=SEED
        )
        for method in methods
    ]
    name = f"trajectories-{problem}"
    figure, rows = trajectory_figure(paths, objective, grad_cost=GRAD_COST)
    written = save(figure, Path(folder), name, rows, HEADER)
    if animation:
        written.append(save_animation(Path(folder) / f"{name}.gif", paths, objective, grad_cost=GRAD_COST))
    return written
