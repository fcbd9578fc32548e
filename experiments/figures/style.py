"""One look for all figures: colour, marker and dashes fixed per method, light edges, labels at line ends, captions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure
else:  # for annotations: matplotlib is loaded when something is drawn
    Axes = Figure = Any

Dash: TypeAlias = Literal["-"] | tuple[int, tuple[float, ...]]

# Okabe and Ito's palette, safe for colour-blind readers (without its yellow, which is too pale for lines).
BLACK, ORANGE, SKY, GREEN = "#222222", "#E69F00", "#56B4E9", "#009E73"
BLUE, RED, PURPLE, GREY, BROWN = "#0072B2", "#D55E00", "#CC79A7", "#888888", "#8C510A"
PALETTE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BROWN, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "d", "h", "p")

SOLID: Dash = "-"
LONG: Dash = (0, (6.0, 1.6))
SHORT: Dash = (0, (2.2, 1.3))
DOTS: Dash = (0, (1.0, 1.2))
MIXED: Dash = (0, (5.0, 1.4, 1.0, 1.4))
NONE: Dash = (0, (0.01, 99.0))
"""No line, for keys of points."""

INK, PALE_INK, EDGE, GRID = "#222222", "#666666", "#B0B0B0", "#E4E4E4"
DPI = 150
LABEL_SIZE = 8.5
"""Points of tick labels."""
SMALLEST = 6.5
"""Points of the smallest letters."""


@dataclass(frozen=True)
class LineStyle:
    """How the lines of one method are drawn."""

    color: str
    marker: str
    dash: Dash = SOLID
    name: str = field(default="", compare=False)
    """What figures call it: the label, shortened where it is long."""


METHOD_STYLES: Mapping[str, LineStyle] = {
    "cmaes": LineStyle(BLUE, "o"),
    "snes": LineStyle(ORANGE, "s"),
    "sepcmaes": LineStyle(SKY, "P"),
    "xnes": LineStyle(PURPLE, "v"),
    "oneplusone": LineStyle(BLACK, ">"),
    "csaes": LineStyle(GREEN, "X"),
    "maes": LineStyle(RED, "*"),
    "vkdcmaes": LineStyle(BROWN, "h"),
    "lmmaes": LineStyle(RED, "<"),
    "ddcmaes": LineStyle(BLUE, "p"),
    "lracmaes": LineStyle(SKY, "d"),
    "r1nes": LineStyle(GREEN, "8"),
    "dxnesic": LineStyle(PURPLE, "X"),
    "crfmnes": LineStyle(RED, "v"),
    "lqcmaes": LineStyle(BLACK, "P"),
    "mocmaes": LineStyle(PURPLE, "h"),
    "openaies": LineStyle(SKY, "p", MIXED),
    "pgpe": LineStyle(GREEN, "*", MIXED),
    "ars": LineStyle(ORANGE, "P", MIXED),
    "guidedes": LineStyle(BROWN, "X", MIXED),
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
    "randomsearch": LineStyle(GREY, "X", SHORT),
}
"""Explicit style per method name, in lower case without hyphens; methods that are not here get a free colour and
marker, in the order of the study."""


def styles(labels: Sequence[str], names: Sequence[str] | None = None) -> dict[str, LineStyle]:
    """Assign a style to each method label of a study, in its order.

    The first label of a registry name takes the name's own style, further labels take free ones; without names the
    labels stand for them.  Up to eight have a colour each; beyond that a colour comes back with another dash and
    marker. No two share both colour and marker, or both colour and dash as long as there are dashes.

    Examples
    --------
    >>> styles(["CMA-ES", "mine"], ["cmaes", "mine"])["CMA-ES"].color
    '#0072B2'
    """
    keys = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in (labels if names is None else names)]
    wanted = {label: METHOD_STYLES.get(key) for label, key in zip(labels, keys, strict=True)}
    chosen: dict[str, LineStyle] = {}
    for label, style in wanted.items():  # methods keep their own colour where nobody before them has it
        if style is not None and all(style.color != other.color for other in chosen.values()):
            chosen[label] = style
    for label, style in wanted.items():
        if label not in chosen:
            chosen[label] = _free(list(chosen.values()), style)
    short = dict(zip(labels, short_names(labels), strict=True))
    return {label: replace(chosen[label], name=short[label]) for label in labels}


def _free(taken: list[LineStyle], wanted: LineStyle | None) -> LineStyle:
    """The least used colour, with a dash and a marker that nobody with this colour has, those wanted if possible."""
    uses = {color: sum(style.color == color for style in taken) for color in PALETTE}
    color = min(PALETTE, key=lambda c: (uses[c], wanted is None or c != wanted.color))
    dashes = {style.dash for style in taken if style.color == color}
    markers = {style.marker for style in taken}
    first = [wanted] if wanted is not None else []
    dash = next((d for d in [*(s.dash for s in first), SOLID, LONG, SHORT, MIXED, DOTS] if d not in dashes), SOLID)
    free = [m for m in [*(s.marker for s in first), *MARKERS] if m not in markers]
    others = [m for m in MARKERS if all(s.color != color or s.marker != m for s in taken)]
    return LineStyle(color, (free or others or ["o"])[0], dash)


def shorten(text: str, most: int) -> str:
    """A text with its middle left out where it is longer than ``most``.

    Examples
    --------
    >>> shorten("tests.experiments.tasks:slow_bowl (n=2)", 16)
    'tests.ex…l (n=2)'
    """
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def short_names(labels: Sequence[str], most: int = 26) -> list[str]:
    """Labels shortened so that they stay distinct; with a number where they would not."""
    names = [shorten(label, most) for label in labels]
    return [f"{name} #{names[:i].count(name) + 1}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def describe(figure: Figure, caption: str, alt: str) -> None:
    """Keep with a figure what stands beside it as text, and what is to be seen in it for those who do not see it."""
    figure.set_label(f"{caption}\n{alt}")


def described(figure: Figure) -> tuple[str, str]:
    """Caption and alternative text of a figure, empty where it has none."""
    caption, _, alt = str(figure.get_label() or "").partition("\n")
    return caption, alt


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
    ax.tick_params(which="both", color=EDGE, labelcolor=INK, labelsize=LABEL_SIZE)
    ax.tick_params(which="minor", length=1.6)
    if grid:
        ax.grid(True, which="major", axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    if title:
        room = _title_room(ax) * 72 / 0.66  # bold letters are about 0.66 of their size wide
        title = shorten(title, max(8, int(room / SMALLEST)))
        size = max(min(10.0, room / len(title)), SMALLEST)
        # a given height: else its place is sought anew at each drawing, among the boxes of all ticks
        ax.set_title(title, fontsize=size, color=INK, loc="left", pad=7, fontweight="bold", y=1.0)
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


def lighter(color: str) -> str:
    """A lighter tone of a palette colour, for lines on black."""
    from matplotlib.colors import to_hex, to_rgb

    channels = to_rgb(color)
    light = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    part = min(0.75, max(0.0, (0.5 - light) / (1 - light)))
    red, green, blue = (c + (1 - c) * part for c in channels)
    return to_hex((red, green, blue))


def _title_room(ax: Axes) -> float:
    """Inches from the left edge of the axes to what stands right of it."""
    here = ax.get_position()
    width = ax.figure.get_figwidth()  # type: ignore[union-attr]
    beside = [other.get_position() for other in ax.figure.axes]
    starts = [p.x0 * width - 0.5 for p in beside if p.x0 > here.x1 - 1e-6 and p.y0 < here.y1 and p.y1 > here.y0]
    return float(min([width - 0.05, *starts]) - here.x0 * width)


def text_width(labels: Iterable[str], fontsize: float = 8.5) -> float:
    """Inches that the longest of the labels takes."""
    return max((_width(label) for label in labels), default=0.0) * fontsize / 72


@lru_cache(maxsize=4096)
def _width(label: str) -> float:
    """Width of a text over its font size; a word of m is twice as wide as one of i."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    return float(text_to_path.get_text_width_height_descent(label, FontProperties(size=100), False)[0]) / 100


def caption(figure: Figure, text: str, *, fontsize: float = 8.0, left: float = 0.12, grow: bool = False) -> float:
    """Write a caption at the foot of the figure, wrapped to its width; with ``grow`` the figure gets as much higher.

    Returns the height that it takes, in inches: what the axes must stay clear of.
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
