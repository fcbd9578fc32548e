"""Panels of equal size in rows and columns, with room for labels at the right of each and a caption at the foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.figures.style import caption as write_caption
from experiments.figures.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Grid:
    """A figure with its panels, row by row.

    Attributes
    ----------
    figure : Figure
    axes : list of Axes
    columns : int
    """

    figure: Figure
    axes: list[Axes]
    columns: int

    def is_first(self, index: int) -> bool:
        """Whether the panel stands at the left edge."""
        return index % self.columns == 0

    def is_last(self, index: int) -> bool:
        """Whether no panel stands below this one."""
        return index + self.columns >= len(self.axes)


def panel_grid(
    count: int,
    columns: int,
    *,
    caption: str,
    width: float = 8.0,
    panel: float = 2.5,
    left: float = 0.62,
    right: float = 0.12,
    bottom: float = 0.48,
    top: float = 0.32,
    head: float = 0.0,
) -> Grid:
    """Make a figure of ``count`` panels; all lengths in inches.

    Parameters
    ----------
    count, columns : int
        Panels in all, and side by side.
    caption : str
        Text at the foot.
    width : float
        Of the figure.
    panel : float
        Height of a row of panels with all that belongs to it.
    left, right, bottom, top : float
        Room around each panel for tick labels, line labels, the axis label and the title.
    head : float
        Room above the panels.
    """
    columns = max(1, min(columns, count))
    lines = -(-count // columns)
    figure = new_figure(width, lines * panel + head)
    foot = write_caption(figure, caption, grow=True)
    height = figure.get_figheight()
    cell = width / columns
    axes = []
    for index in range(count):
        line, column = divmod(index, columns)
        low = foot + (lines - 1 - line) * panel + bottom
        box = (column * cell + left, low, cell - left - right, panel - bottom - top)
        axes.append(figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height)))
    return Grid(figure, axes, columns)
