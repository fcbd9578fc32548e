"""Figures of comparisons and sweeps. matplotlib is imported only when something is drawn."""

from experiments.figures.draw import draw_all

__all__ = ["draw_all"]
