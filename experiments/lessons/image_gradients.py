"""Gradients of images: Sobel's masks find edges, and edges tell which way to turn and shift one image onto another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import autodiff as ad
import es
import problems
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, INK, RED, SHORT, LineStyle, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table
from problems import Ledger, Objective
from problems.images import Registration, photo
from problems.images.spline import SplineImage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, Any]

IMAGE = "china"
GRAD_COST = 4.0  # evaluations charged for one gradient, the upper end of the cheap-gradient bound
STARTS, BUDGET = 24, 600.0
FOUND = 0.5  # pixels
SOBEL = np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]]) / 8.0
WAYS = {
    "L-BFGS-B, exact": ("l-bfgs-b", "exact", LineStyle(RED, "D")),
    "L-BFGS-B, Sobel": ("l-bfgs-b", "sobel", LineStyle(GREEN, "^", SHORT)),
    "CMA-ES": ("cmaes", "exact", LineStyle(BLUE, "o")),
}


@dataclass
class Run:
    """One search: best point so far and what had been spent when it was found."""

    points: Array
    costs: Array
    distances: Array
    """Of these points from the truth, in pixels."""

    @property
    def found(self) -> bool:
        """Whether it ended at the truth."""
        return bool(self.distances[-1] < FOUND)

    @property
    def cost(self) -> float:
        """Evaluations until it was near the truth, infinite if it never was."""
        near = np.flatnonzero(self.distances < FOUND)
        return float(self.costs[near[0]]) if near.size else np.inf


class Recorder(Ledger):
    """A ledger that also keeps the points at which the value fell."""

    def __init__(self, objective: Objective) -> None:
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
    method, gradient, _ = WAYS[way]
    objective = problems.get("registration", image=IMAGE, gradient=gradient)
    recorder = Recorder(objective)
    evaluations = BUDGET if method == "cmaes" else BUDGET / (1.0 + GRAD_COST)
    es.minimize(recorder, x0, method=method, maxfevals=evaluations, ftarget=1e-7, rng=rng)
    points = np.array(recorder.points)
    assert objective.score is not None
    return Run(points, np.array(recorder.costs), objective.score(points))


def sobel_by_convolution(image: Array) -> tuple[Array, Array]:
    """Derivatives along rows and columns as two convolutions (cross-correlations, as in networks), inner pixels."""
    masks = np.stack([-SOBEL, -SOBEL.T])[:, None]
    slopes = ad.conv2d(image[None, None], masks)[0]
    return slopes[0], slopes[1]


def study() -> Finding:
    """Filter a photograph, then bring a turned and shifted view of it back, from many starts and in three ways."""
    image = photo(IMAGE)
    spline = SplineImage(image)
    down, right = spline.sobel
    by_convolution = sobel_by_convolution(image)
    difference = max(
        np.abs(by_convolution[0] - down[1:-1, 1:-1]).max(), np.abs(by_convolution[1] - right[1:-1, 1:-1]).max()
    )
    rows, columns = np.meshgrid(*[np.arange(1.0, size - 1) for size in image.shape], indexing="ij")
    exact = np.stack(ad.grad(lambda r, c: spline(r, c).sum(), (0, 1))(rows, columns))
    sobel = np.stack([down, right])[:, 1:-1, 1:-1]
    agreement = float(np.corrcoef(exact.ravel(), sobel.ravel())[0, 1])
    magnitude = np.hypot(down, right)
    tenth = np.sort(magnitude.ravel())[-magnitude.size // 10 :]

    objective = problems.get("registration", image=IMAGE)
    assert objective.x_opt is not None and objective.box is not None and objective.score is not None
    rng = np.random.default_rng(0)
    starts = [np.zeros(3), *rng.uniform(objective.box.lb, objective.box.ub, (STARTS - 1, 3))]
    runs = {way: [search(way, x0, k) for k, x0 in enumerate(starts)] for way in WAYS}
    before = objective.score(np.array(starts))
    counts = {way: sum(run.found for run in runs[way]) for way in WAYS}
    costs = {way: float(np.median([run.cost for run in runs[way] if run.found])) for way in WAYS}
    numbers: dict[str, float | int] = {
        "difference_of_convolution": float(difference),
        "agreement_of_sobel": agreement,
        "share_of_strongest_tenth": float(tenth.sum() / magnitude.sum()),
        "turn": float(objective.x_opt[0]),
        "shift_down": float(objective.x_opt[1]),
        "shift_right": float(objective.x_opt[2]),
        "error_before": float(objective(starts[0])),
        "distance_before": float(before[0]),
        "starts": STARTS,
    }
    short = {"L-BFGS-B, exact": "exact", "L-BFGS-B, Sobel": "sobel", "CMA-ES": "cmaes"}
    for way, word in short.items():
        numbers |= {
            f"found_{word}": counts[way],
            f"cost_{word}": costs[way],
            f"from_zero_{word}": runs[way][0].cost,
            f"distance_after_{word}": float(runs[way][0].distances[-1]),
        }
    turn, shift, aside = objective.x_opt
    text = (
        "The gradient of an image says at each pixel in which direction it gets lighter, and how fast. Sobel's two "
        "masks measure it as a difference over two pixels, smoothed across: two convolutions, which autodiff's layer "
        f"computes with the numbers of SciPy's filter (they differ by {difference:.1g}). Beside the derivative of a "
        f"smooth surface through the pixels the masks are an approximation: the two correlate at {agreement:.3f}. "
        "What they find are the edges: the strongest tenth of the pixels holds "
        f"{numbers['share_of_strongest_tenth']:.0%} of all the gradient.\n\n"
        "That is what moves one image onto another. The view in the disc is the photograph turned by "
        f"{abs(turn):.1f} degrees {'counter-clockwise' if turn > 0 else 'clockwise'} and shifted by {abs(shift):.1f} "
        f"pixels {'down' if shift > 0 else 'up'} and {abs(aside):.1f} {'right' if aside > 0 else 'left'}; "
        "from the mean squared difference of the grey values we look for these three numbers. By the chain rule the "
        "derivative is the difference at each pixel times the image's gradient times how the pixel moves. "
        f"From no turn and no shift, where positions are {before[0]:.1f} pixels off, "
        f"L-BFGS-B is within {FOUND:g} pixels after {numbers['from_zero_exact']:.0f} evaluations (a gradient counts "
        f"as {GRAD_COST:g}), with Sobel's masks for the image's derivative after {numbers['from_zero_sobel']:.0f}, "
        f"and CMA-ES, which looks at values only, after {numbers['from_zero_cmaes']:.0f}. But the difference has many "
        f"valleys. Of {STARTS} starts all over the box L-BFGS-B arrives from {counts['L-BFGS-B, exact']} with exact "
        f"gradients, from {counts['L-BFGS-B, Sobel']} with the smoother ones of Sobel, and CMA-ES, whose first steps "
        f"look over the hills, from {counts['CMA-ES']}. The gradient is cheap and near-sighted: where it arrives, it "
        f"takes {costs['L-BFGS-B, exact']:.0f} evaluations in the median, and CMA-ES {costs['CMA-ES']:.0f}."
    )
    table = Table(
        ["way", "starts that arrive", "median evaluations", "from no turn and no shift", "pixels off in the end"],
        [
            [way, f"{counts[way]} of {STARTS}", f"{costs[way]:.0f}", f"{runs[way][0].cost:.0f}",
             f"{runs[way][0].distances[-1]:.1g}"]
            for way in WAYS
        ],
    )  # fmt: skip
    drawings = [_draw_images(image, magnitude, objective, runs), _draw_searches(objective, runs)]
    return Finding(text, numbers, drawings, table)


def _draw_images(image: Array, magnitude: Array, objective: Objective, runs: dict[str, list[Run]]) -> Drawing:
    fun = objective.fun
    assert isinstance(fun, Registration)
    found = runs["L-BFGS-B, exact"][0].points[-1]
    grid = panel_grid(
        4,
        4,
        width=10.0,
        panel=2.4,
        left=0.1,
        right=0.1,
        bottom=0.1,
        caption="From left: the photograph, with the disc in which it is looked at; the magnitude of its gradient by "
        "Sobel's masks, dark where it is large; the view minus the photograph, before and after registration by "
        "L-BFGS-B, with its root mean square, blue where the view is darker, red where it is lighter, on one scale.",
    )
    photograph, edges, first, last = grid.axes
    photograph.imshow(image, cmap="gray")
    photograph.set_title("Photograph", **_title())
    middle = [0.5 * (size - 1) for size in image.shape]
    angle = np.linspace(0.0, 2.0 * np.pi, 200)
    radius = float(np.sqrt((fun.grid**2).sum(0).max()))
    photograph.plot(middle[1] + radius * np.cos(angle), middle[0] + radius * np.sin(angle), color=RED, linewidth=1.4)
    edges.imshow(magnitude, cmap="gray_r", vmax=float(np.quantile(magnitude, 0.995)))
    edges.set_title("Magnitude of its gradient", **_title())
    before, after = (fun.view - fun.look(x) for x in (np.zeros(3), found))
    side = int(fun.grid.max())
    top = float(np.abs(before).max())
    for ax, values, name in ((first, before, "Before"), (last, after, "After")):
        picture = np.full((2 * side + 1, 2 * side + 1), np.nan)
        where = (fun.grid + side).astype(int)
        picture[where[0], where[1]] = values
        ax.imshow(picture, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set_title(f"{name}: {np.sqrt(np.mean(values**2)):.1g} of the grey range", **_title())
    for ax in grid.axes:
        ax.set_anchor("N")
        ax.set_xticks([])
        ax.set_yticks([])
    rows = [
        {"down": int(a), "right": int(b), "before": float(x), "after": float(y)}
        for a, b, x, y in zip(*fun.grid, before, after, strict=True)
    ]
    return Drawing("image-gradients", grid.figure, rows)


def _title() -> dict[str, Any]:
    return {"fontsize": 8.5, "loc": "left", "color": INK, "fontweight": "bold"}


def _draw_searches(objective: Objective, runs: dict[str, list[Run]]) -> Drawing:
    grid = panel_grid(
        3,
        3,
        width=10.0,
        panel=3.2,
        left=0.6,
        right=0.15,
        caption=f"Left: the error over both shifts at the true turn (dark: low; star: the truth), with the ways of "
        "L-BFGS-B from each start (dot), red where it arrives and grey where a valley keeps it. Middle: distance from "
        "the truth over what was spent, from no turn and no shift. Right: for how many of the "
        f"{len(runs['CMA-ES'])} starts the truth was found (to {FOUND:g} pixels) after so many evaluations. A gradient "
        f"counts as {GRAD_COST:g} evaluations.",
    )
    plane, one, many = grid.axes
    _draw_valleys(plane, objective, runs["L-BFGS-B, exact"])
    rows: list[dict[str, Any]] = []
    for way, (_, _, look) in WAYS.items():
        run = runs[way][0]
        style: dict[str, Any] = {"color": look.color, "linestyle": look.dash, "label": way}
        one.plot(run.costs, run.distances, **style)
        arrived = np.sort([r.cost for r in runs[way] if r.found])
        steps = np.concatenate([[0.0], np.repeat(arrived, 2), [BUDGET]])
        count = np.repeat(np.arange(arrived.size + 1), 2)
        many.plot(steps, count, **style)
        rows += [
            {"way": way, "what": "distance from the truth", "start": 0, "cost": float(c), "value": float(d)}
            for c, d in zip(run.costs, run.distances, strict=True)
        ]
        rows += [
            {"way": way, "what": "found after", "start": k, "cost": r.cost, "value": float(r.found)}
            for k, r in enumerate(runs[way])
        ]
    one.set_yscale("log")
    one.axhline(FOUND, color="#888888", linestyle=":")
    one.set_xlim(0.0, 0.5 * BUDGET)
    one.set_ylim(bottom=1e-3)
    many.set_ylim(0.0, len(runs["CMA-ES"]) + 0.5)
    many.set_xlim(0.0, 0.5 * BUDGET)
    many.legend(frameon=False, fontsize=8, loc="lower right")
    dress(one, title="From one start", xlabel="evaluations", ylabel="pixels from the truth")
    dress(many, title="From all starts", xlabel="evaluations", ylabel="starts that have arrived")
    return Drawing("image-registration", grid.figure, rows)


def _draw_valleys(ax: Axes, objective: Objective, runs: list[Run]) -> None:
    assert objective.x_opt is not None and objective.box is not None
    low, high = objective.box.lb[1], objective.box.ub[1]
    side = np.linspace(low, high, 61)
    right, down = np.meshgrid(side, side)
    error = objective(np.stack([np.full_like(right, objective.x_opt[0]), down, right], axis=-1))
    ax.contourf(right, down, error, levels=14, cmap="Blues_r", alpha=0.85)
    for run in sorted(runs, key=lambda run: run.found):
        color = RED if run.found else "#666666"
        ax.plot(run.points[:, 2], run.points[:, 1], color=color, linewidth=0.8, zorder=3)
        ax.plot(*run.points[0, [2, 1]], "o", color=color, markersize=3.5, zorder=3)
    ax.plot(objective.x_opt[2], objective.x_opt[1], "*", color="white", markeredgecolor=INK, markersize=12, zorder=4)
    ax.set_xlim(low, high)
    ax.set_ylim(high, low)  # rows of an image run downwards
    dress(ax, title="Valleys of the error", xlabel="pixels right", ylabel="pixels down", grid="")


LESSON = Lesson("image-gradients", "Image gradients, and putting one image onto another", study, needs=("layers",))
