"""What the figures of several lessons draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.figures.labels import end_labels
from experiments.figures.style import INK, Axes, LineStyle


def legend(ax: Axes, **place: Any) -> None:
    """Name the lines of a panel in a box without a frame."""
    ax.legend(frameon=False, fontsize=8.5, **place)


def label_ends(ax: Axes) -> None:
    """Write the label of each line beside its right end; what is drawn later does not move the limits."""
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    ends = []
    for line in ax.get_lines():
        points = np.asarray(line.get_xydata())
        if not str(line.get_label()).startswith("_"):
            x, y = points[np.argmax(points[:, 0])]
            ends.append((float(x), float(y), str(line.get_label()), LineStyle(str(line.get_color()), "o")))
    end_labels(ax, ends)


def level(ax: Axes, y: float, **look: Any) -> None:
    """A dotted line at a height that is to be reached or compared with."""
    ax.axhline(y, **{"color": "#888888", "linestyle": ":", **look})


def write_cells(ax: Axes, words: Any, *, size: float = 7.5, colors: Any = INK, down: float = 0.0) -> None:
    """Write a word into each cell of a picture of a table, in one colour or in a colour each."""
    inks = np.broadcast_to(colors, np.shape(words))
    for (row, column), word in np.ndenumerate(words):
        ax.text(
            column, row + down, word, ha="center", va="center", fontsize=size, color=str(inks[row, column])
        )  # fmt: skip


def picture(ax: Axes, title: str) -> None:
    """Give a panel that shows an image its title, and no ticks."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=8.5, loc="left", color=INK, fontweight="bold")
