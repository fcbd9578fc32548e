"""Panels of equal size in rows and columns, with room for labels at the right of each and a caption at the foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.figures.labels import KEY_ROW, key_rows, key_strip
from experiments.figures.style import Axes, Figure, LineStyle, new_figure
from experiments.figures.style import caption as write_caption


@dataclass(frozen=True)
class Grid:
    """A figure with its panels, row by row."""

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
    caption: str = "",
    key: Mapping[str, LineStyle] | None = None,
    width: float = 8.0,
    panel: float = 2.5,
    left: float = 0.62,
    right: float = 0.12,
    bottom: float = 0.48,
    top: float = 0.32,
    head: float = 0.0,
) -> Grid:
    """Make a figure of ``count`` panels, so many columns side by side; all lengths in inches.

    `panel` is the height of a row of panels with all that belongs to it, `left`, `right`, `bottom` and `top` the room
    around each for tick labels, line labels, the axis label and the title, `head` that above all of them. A `key` of
    styles by label gives one legend above all panels; a `caption` stands at the foot, but for figures that have it
    beside them.
    """
    columns = max(1, min(columns, count))
    lines = -(-count // columns)
    rows = key_rows(key, width, left=left) if key else 0
    head += KEY_ROW * rows + (0.1 if rows else 0.0)
    figure = new_figure(width, lines * panel + head)
    foot = write_caption(figure, caption, grow=True) if caption else 0.04
    if not caption:
        figure.set_figheight(figure.get_figheight() + foot)
    height = figure.get_figheight()
    cell = width / columns
    axes = []
    for index in range(count):
        line, column = divmod(index, columns)
        low = foot + (lines - 1 - line) * panel + bottom
        box = (column * cell + left, low, cell - left - right, panel - bottom - top)
        axes.append(figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height)))
    if key:
        key_strip(figure, key, height - 0.15, left=left)
    return Grid(figure, axes, columns)
