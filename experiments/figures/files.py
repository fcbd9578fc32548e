"""Figure files: png, svg and the data as csv, the same bytes for the same study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from experiments.csvfile import write_csv
from experiments.figures.style import DPI, Figure, described

Row = dict[str, Any]
Drawn: TypeAlias = "tuple[Figure, list[Row]]"
"""A figure, and the lines of its CSV file by the names of its header."""

SEEDS = (
    "bootstrap and simulated restarts: numpy.random.default_rng(i), i = 0 for intervals, else the place of the method"
)
"""Written into each figure's metadata."""


def csv_rows(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> list[Row]:
    """Lines of a CSV file by the names of their columns."""
    return [dict(zip(header, line, strict=True)) for line in lines]


def save(
    figure: Figure, folder: Path, name: str, rows: Sequence[Mapping[str, Any]], header: Sequence[str]
) -> list[Path]:
    """Write ``name``.png, .svg, .csv and .txt into the folder, and return their paths.

    The CSV holds the rows that the figure shows, in the columns of the header; the txt, for figures with a caption,
    that, and below it what is to be seen.
    """
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{ending}" for ending in ("png", "svg", "csv")]
    figure.savefig(paths[0], dpi=DPI, metadata={"Software": None, "Description": SEEDS})
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
        figure.savefig(paths[1], metadata={"Date": None, "Creator": None, "Description": SEEDS})
    caption, alt = described(figure)
    if caption:
        paths.append(folder / f"{name}.txt")
        paths[3].write_text(f"{caption}\n\n{alt}\n", encoding="utf-8")
    write_csv(paths[2], header, ([_plain(row.get(key)) for key in header] for row in rows))
    return paths


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return f"{value:.10g}" if value == value else ""  # NaN alone differs from itself
    return value
