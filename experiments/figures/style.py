"""One look for all figures: colour, marker and dashes fixed per method, light edges, labels at line ends, captions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Dash: TypeAlias = Literal["-"] | tuple[int, tuple[float, ...]]

# Okabe and Ito's palette, safe for colour-blind readers (without its yellow, which is too pale for lines).
BLACK, ORANGE, SKY, GREEN = "#222222", "#E69F00", "#56B4E9", "#009E73"
BLUE, RED, PURPLE, GREY, BROWN = "#0072B2", "#D55E00", "#CC79A7", "#888888", "#8C510A"
PALETTE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BROWN, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "*", "p")

SOLID: Dash = "-"
LONG: Dash = (0, (6.0, 1.6))
SHORT: Dash = (0, (2.2, 1.3))
DOTS: Dash = (0, (1.0, 1.2))
MIXED: Dash = (0, (5.0, 1.4, 1.0, 1.4))

INK, PALE_INK, EDGE = "#222222", "#666666", "#B0B0B0"
DPI = 150


@dataclass(frozen=True)
class LineStyle:
    """How the lines of one method are drawn."""

    color: str
    marker: str
    dash: Dash = SOLID


METHOD_STYLES: Mapping[str, LineStyle] = {
    "cmaes": LineStyle(BLUE, "o"),
    "snes": LineStyle(ORANGE, "s"),
    "sepcmaes": LineStyle(SKY, "P"),
    "xnes": LineStyle(PURPLE, "v"),
    "enes": LineStyle(BROWN, "^"),
    "oneplusone": LineStyle(BLACK, ">"),
    "csaes": LineStyle(GREEN, "X"),
    "maes": LineStyle(RED, "*"),
    "vkdcmaes": LineStyle(BROWN, "h"),
    "lmmaes": LineStyle(RED, "<"),
    "ddcmaes": LineStyle(BLUE, "p"),
    "lracmaes": LineStyle(SKY, "d"),
    "choleskycmaes": LineStyle(ORANGE, "H"),
    "r1nes": LineStyle(GREEN, "8"),
    "dxnesic": LineStyle(PURPLE, "X"),
    "crfmnes": LineStyle(RED, "v"),
    "lqcmaes": LineStyle(BLACK, "P"),
    "mocmaes": LineStyle(PURPLE, "h"),
    "openaies": LineStyle(SKY, "p", MIXED),
    "pgpe": LineStyle(GREEN, "*", MIXED),
    "ars": LineStyle(ORANGE, "P", MIXED),
    "guidedes": LineStyle(BROWN, "X", MIXED),
    "gaussianes": LineStyle(BLUE, "8", MIXED),
    "crossentropy": LineStyle(PURPLE, "d", MIXED),
    "sgd": LineStyle(BLACK, "v", LONG),
    "momentum": LineStyle(PURPLE, "<", LONG),
    "nesterov": LineStyle(SKY, ">", LONG),
    "adagrad": LineStyle(BROWN, "p", LONG),
    "rmsprop": LineStyle(ORANGE, "h", LONG),
    "adam": LineStyle(GREEN, "^", LONG),
    "adamw": LineStyle(BLUE, "H", LONG),
    "lbfgsb": LineStyle(RED, "D", LONG),
    "bfgs": LineStyle(PURPLE, "D", LONG),
    "cg": LineStyle(SKY, "D", LONG),
    "slsqp": LineStyle(BLACK, "D", LONG),
    "trustconstr": LineStyle(BROWN, "D", LONG),
    "neldermead": LineStyle(ORANGE, "D", SHORT),
    "powell": LineStyle(GREEN, "D", SHORT),
    "differentialevolution": LineStyle(BLUE, "d", SHORT),
    "dualannealing": LineStyle(BLACK, "8", SHORT),
    "cobyqa": LineStyle(SKY, "8", SHORT),
    "randomsearch": LineStyle(GREY, "x", SHORT),
    "random": LineStyle(GREY, "o", SHORT),
}
"""Explicit style per method name, in lower case without hyphens; methods that are not here get a free colour and
marker, in the order of the study."""


def styles(labels: Sequence[str], names: Sequence[str] | None = None) -> dict[str, LineStyle]:
    """Assign a style to each method of a study.

    Parameters
    ----------
    labels : sequence of str
        Method labels in study order.
    names : sequence of str, optional
        Registry names behind the labels; the labels in lower case when left out. The first label of a name takes the
        name's own style, further labels take free ones.

    Returns
    -------
    dict
        Style per label; no two share both colour and marker.

    Examples
    --------
    >>> styles(["CMA-ES", "mine"], ["cmaes", "mine"])["CMA-ES"].color
    '#0072B2'
    """
    keys = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in (labels if names is None else names)]
    chosen: dict[str, LineStyle] = {}
    for label, key in zip(labels, keys, strict=True):
        style = METHOD_STYLES.get(key)
        if style is not None and style not in chosen.values():
            chosen[label] = style
    for label in labels:
        if label not in chosen:
            chosen[label] = _free(list(chosen.values()))
    return {label: chosen[label] for label in labels}


def _free(taken: list[LineStyle]) -> LineStyle:
    """The least used colour with the first marker that is free beside it, dashed when its colour is taken."""
    uses = {color: sum(style.color == color for style in taken) for color in PALETTE}
    color = min(PALETTE, key=lambda c: uses[c])
    markers = {style.marker for style in taken}
    free = [m for m in MARKERS if m not in markers] or [m for m in MARKERS if LineStyle(color, m) not in taken] or ["o"]
    return LineStyle(color, free[0], (SOLID, SHORT, MIXED, DOTS)[min(uses[color], 3)])


def new_figure(width: float = 8.0, height: float = 5.0) -> Figure:
    """An empty figure of the given size in inches; no window and no global state (no pyplot)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def dress(ax: Axes, *, title: str = "", xlabel: str = "", ylabel: str = "", grid: str = "both") -> None:
    """Give an axes its edges, grid, title and axis labels."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(EDGE)
    ax.tick_params(which="both", color=EDGE, labelcolor=INK, labelsize=8.5)
    ax.tick_params(which="minor", length=1.6)
    if grid:
        ax.grid(True, which="major", axis=grid, color="#E4E4E4", linewidth=0.7)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    if title:
        size = min(10.0, _title_room(ax) * 72 / (0.66 * len(title)))  # bold letters are about 0.66 of their size wide
        ax.set_title(title, fontsize=max(size, 6.0), color=INK, loc="left", pad=7, fontweight="bold")
    if xlabel:
        ax.set_xlabel(xlabel, fontsize=9, color=INK)
    if ylabel:
        ax.set_ylabel(ylabel, fontsize=9, color=INK)


def readable(color: str) -> str:
    """A darker tone of a palette colour, for text on white."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = to_rgb(color)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    scale = min(1.0, 0.42 / max(light, 1e-9))
    return to_hex((red * scale, green * scale, blue * scale))


def _title_room(ax: Axes) -> float:
    """Inches from the left edge of the axes to what stands right of it."""
    here = ax.get_position()
    width = ax.figure.get_figwidth()  # type: ignore[union-attr]
    beside = [other.get_position() for other in ax.figure.axes]
    starts = [p.x0 * width - 0.5 for p in beside if p.x0 > here.x1 - 1e-6 and p.y0 < here.y1 and p.y1 > here.y0]
    return float(min([width - 0.05, *starts]) - here.x0 * width)


def text_width(labels: Iterable[str], fontsize: float = 8.5) -> float:
    """Inches that the longest of the labels takes, about."""
    return max((len(label) for label in labels), default=0) * fontsize * 0.58 / 72


def caption(figure: Figure, text: str, *, fontsize: float = 8.0, left: float = 0.12, grow: bool = False) -> float:
    """Write a caption at the foot of the figure, wrapped to its width; with ``grow`` the figure gets as much higher.

    Returns
    -------
    float
        Height that it takes, in inches: what the axes must stay clear of.
    """
    width = figure.get_figwidth()
    lines = textwrap.wrap(text, int((width - 2 * left) * 72 / (fontsize * 0.505)))
    room = 0.16 + len(lines) * fontsize * 1.3 / 72
    if grow:
        figure.set_figheight(figure.get_figheight() + room)
    figure.text(
        left / width,
        0.08 / figure.get_figheight(),
        "\n".join(lines),
        fontsize=fontsize,
        color=PALE_INK,
        va="bottom",
        linespacing=1.3,
    )
    return room
