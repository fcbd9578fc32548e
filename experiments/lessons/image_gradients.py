"""Gradients of images: Sobel's masks find edges, and edges tell which way to turn and shift one image onto another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import autodiff as ad
import es
import problems
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, INK, RED, SHORT, Axes, LineStyle, dress
from experiments.lessons.drawing import level, picture
from experiments.lessons.lesson import GRAD_COST, Array, Drawing, Finding, Lesson, Numbers, Table, records, words
from problems.images import photo
from problems.images.spline import SplineImage

IMAGE = "china"
STARTS, BUDGET = 24, 600.0
FOUND = 0.5  # pixels
SOBEL = np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]]) / 8.0
WAYS = {  # what each is called, method, derivative of the image
    "exact": ("L-BFGS-B, exact", "l-bfgs-b", "exact", LineStyle(RED, "D")),
    "sobel": ("L-BFGS-B, Sobel", "l-bfgs-b", "sobel", LineStyle(GREEN, "^", SHORT)),
    "cmaes": ("CMA-ES", "cmaes", "exact", LineStyle(BLUE, "o")),
}


@dataclass
class Run:
    """One search: each point that was better than all before, what had been spent then, and pixels from the truth."""

    points: Array
    costs: Array
    distances: Array

    @property
    def found(self) -> bool:
        """Whether it ended at the truth."""
        return bool(self.distances[-1] < FOUND)

    @property
    def cost(self) -> float:
        """Evaluations until it was near the truth, infinite if it never was."""
        near = np.flatnonzero(self.distances < FOUND)
        return float(self.costs[near[0]]) if near.size else np.inf


class Recorder(problems.Ledger):
    """A ledger that also keeps the points at which the value fell."""

    def __init__(self, objective: problems.Objective) -> None:
        super().__init__(objective)
        self.points: list[Array] = []
        self.costs: list[float] = []

    def record(self, x: Any, f: Any, *, gradients: int = 0) -> None:
        """Count, and keep the best point of what was evaluated if it is better than all before."""
        before = self.f_best
        super().record(x, f, gradients=gradients)
        if self.x_best is not None and self.f_best < before:
            self.points.append(np.array(self.x_best))
            self.costs.append(self.nfev + GRAD_COST * self.njev)


def search(way: str, x0: Array, rng: int) -> Run:
    """Look for the truth from one start."""
    _, method, gradient, _ = WAYS[way]
    objective: Any = problems.get("registration", image=IMAGE, gradient=gradient)
    recorder = Recorder(objective)
    evaluations = BUDGET if method == "cmaes" else BUDGET / (1.0 + GRAD_COST)
    es.minimize(recorder, x0, method=method, maxfevals=evaluations, ftarget=1e-7, rng=rng)
    points = np.array(recorder.points)
    return Run(points, np.array(recorder.costs), objective.score(points))


def sobel_by_convolution(image: Array) -> Array:
    """Derivatives along rows and columns as two convolutions (cross-correlations, as in networks), inner pixels."""
    return np.asarray(ad.conv2d(image[None, None], np.stack([-SOBEL, -SOBEL.T])[:, None])[0])


def study() -> Finding:
    """Filter a photograph, then bring a turned and shifted view of it back, from many starts and in three ways."""
    image = photo(IMAGE)
    spline = SplineImage(image)
    sobel = np.stack(spline.sobel)
    inner = sobel[:, 1:-1, 1:-1]
    rows, columns = np.meshgrid(*[np.arange(1.0, size - 1) for size in image.shape], indexing="ij")
    exact = np.stack(ad.grad(lambda r, c: spline(r, c).sum(), (0, 1))(rows, columns))
    magnitude = np.hypot(*sobel)
    tenth = np.sort(magnitude.ravel())[-magnitude.size // 10 :]

    objective: Any = problems.get("registration", image=IMAGE)
    box, rng = objective.box, np.random.default_rng(0)
    starts = np.array([np.zeros(3), *rng.uniform(box.lb, box.ub, (STARTS - 1, 3))])
    runs = {way: [search(way, x0, k) for k, x0 in enumerate(starts)] for way in WAYS}
    turn, down, right = objective.x_opt.tolist()
    numbers: Numbers = {
        "difference_of_convolution": np.abs(sobel_by_convolution(image) - inner).max(),
        "agreement_of_sobel": np.corrcoef(exact.ravel(), inner.ravel())[0, 1],
        "share_of_strongest_tenth": tenth.sum() / magnitude.sum(),
        "turn": turn,
        "shift_down": down,
        "shift_right": right,
        "error_before": float(objective(starts[0])),
        "distance_before": objective.score(starts)[0],
        "starts": STARTS,
    }
    table = []
    for way, (label, *_) in WAYS.items():
        arrived = [run.cost for run in runs[way] if run.found]
        cost, first = float(np.median(arrived)), runs[way][0]
        numbers |= {
            f"found_{way}": len(arrived),
            f"cost_{way}": cost,
            f"from_zero_{way}": first.cost,
            f"distance_after_{way}": first.distances[-1],
        }
        cells = [f"{cost:.0f}", f"{first.cost:.0f}", f"{first.distances[-1]:.1g}"]
        table.append([label, f"{len(arrived)} of {STARTS}", *cells])
    text = words(
        __name__, **numbers, degrees=abs(turn), turned="counter-clockwise" if turn > 0 else "clockwise",
        pixels_along=abs(down), along="down" if down > 0 else "up",
        pixels_aside=abs(right), aside="right" if right > 0 else "left",
    )  # fmt: skip
    header = ["way", "starts that arrive", "median evaluations", "from no turn and no shift", "pixels off in the end"]
    drawings = [_draw_images(image, magnitude, objective.fun, runs["exact"][0]), _draw_searches(objective, runs)]
    return Finding(text, numbers, drawings, Table(header, table))


def _draw_images(image: Array, magnitude: Array, registration: Any, run: Run) -> Drawing:
    caption = words(__name__, "image-gradients")
    grid = panel_grid(4, 4, width=10.0, panel=2.4, left=0.1, right=0.1, bottom=0.1, caption=caption)
    photograph, edges, first, last = grid.axes
    photograph.imshow(image, cmap="gray")
    disc, side = registration.grid, int(registration.grid.max())
    middle = [0.5 * (size - 1) for size in image.shape]
    angle, radius = np.linspace(0.0, 2.0 * np.pi, 200), np.sqrt((disc**2).sum(0).max())
    photograph.plot(middle[1] + radius * np.cos(angle), middle[0] + radius * np.sin(angle), color=RED, linewidth=1.4)
    picture(photograph, "Photograph")
    edges.imshow(magnitude, cmap="gray_r", vmax=np.quantile(magnitude, 0.995))
    picture(edges, "Magnitude of its gradient")
    before, after = (registration.view - registration.look(x) for x in (np.zeros(3), run.points[-1]))
    top = np.abs(before).max()
    for ax, values, name in ((first, before, "Before"), (last, after, "After")):
        pixels = np.full((2 * side + 1, 2 * side + 1), np.nan)
        pixels[tuple((disc + side).astype(int))] = values
        ax.imshow(pixels, cmap="RdBu_r", vmin=-top, vmax=top)
        picture(ax, f"{name}: {np.sqrt(np.mean(values**2)):.1g} of the grey range")
    for ax in grid.axes:
        ax.set_anchor("N")
    down, right = disc.astype(int)
    return Drawing("image-gradients", grid.figure, records(down=down, right=right, before=before, after=after))


def _draw_searches(objective: Any, runs: dict[str, list[Run]]) -> Drawing:
    caption = words(__name__, "image-registration")
    grid = panel_grid(3, 3, width=10.0, panel=3.2, left=0.6, right=0.15, caption=caption)
    plane, one, many = grid.axes
    _draw_valleys(plane, objective, runs["exact"])
    rows: list[dict[str, Any]] = []
    for way, (label, _, _, look) in WAYS.items():
        run = runs[way][0]
        style: dict[str, Any] = {"color": look.color, "linestyle": look.dash, "label": label}
        one.plot(run.costs, run.distances, **style)
        arrived = np.sort([r.cost for r in runs[way] if r.found])
        many.plot([0.0, *arrived, BUDGET], [*range(arrived.size + 1), arrived.size], drawstyle="steps-post", **style)
        rows += records(way=label, what="distance from the truth", start=0, cost=run.costs, value=run.distances)
        costs, found = [r.cost for r in runs[way]], [float(r.found) for r in runs[way]]
        rows += records(way=label, what="found after", start=range(STARTS), cost=costs, value=found)
    one.set(yscale="log", xlim=(0.0, 0.5 * BUDGET), ylim=(1e-3, None))
    level(one, FOUND)
    many.set(xlim=(0.0, 0.5 * BUDGET), ylim=(0.0, STARTS + 0.5))
    many.legend(frameon=False, fontsize=8, loc="lower right")
    dress(one, title="From one start", xlabel="evaluations", ylabel="pixels from the truth")
    dress(many, title="From all starts", xlabel="evaluations", ylabel="starts that have arrived")
    return Drawing("image-registration", grid.figure, rows)


def _draw_valleys(ax: Axes, objective: Any, runs: list[Run]) -> None:
    turn, down, right = objective.x_opt
    low, high = objective.box.lb[1], objective.box.ub[1]
    aside, along = np.meshgrid(np.linspace(low, high, 61), np.linspace(low, high, 61))
    error = objective(np.stack([np.full_like(aside, turn), along, aside], axis=-1))
    ax.contourf(aside, along, error, levels=14, cmap="Blues_r", alpha=0.85)
    for run in sorted(runs, key=lambda run: run.found):
        color = RED if run.found else "#666666"
        ax.plot(run.points[:, 2], run.points[:, 1], color=color, linewidth=0.8, zorder=3)
        ax.plot(*run.points[0, [2, 1]], "o", color=color, markersize=3.5, zorder=3)
    ax.plot(right, down, "*", color="white", markeredgecolor=INK, markersize=12, zorder=4)
    ax.set(xlim=(low, high), ylim=(high, low))  # rows of an image run downwards
    dress(ax, title="Valleys of the error", xlabel="pixels right", ylabel="pixels down", grid="")


LESSON = Lesson("image-gradients", "Image gradients, and putting one image onto another", study, needs=("layers",))
