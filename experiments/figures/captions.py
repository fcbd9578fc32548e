"""Phrases that several captions share."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.statistics.cells import Cell


def trial_count(cells: Sequence[Cell]) -> str:
    """Number of trials per method and problem: one number, or the range of it."""
    counts = sorted({len(cell.costs) for cell in cells if cell.costs})
    if not counts:
        return "no"
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
