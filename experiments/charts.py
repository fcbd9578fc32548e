"""What the page draws: the series of each figure as plain numbers, few enough to travel in the page itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from experiments.figures.ecdf import REFERENCES, reference_runtimes
from experiments.figures.parallel import coordinates, usable
from experiments.figures.style import LineStyle
from experiments.statistics.analysis import Analysis
from experiments.statistics.cells import Cell
from experiments.statistics.distributions import Distributions
from experiments.statistics.ecdf import ecdf
from experiments.statistics.fixed_budget import quantiles_at
from experiments.statistics.groups import group_of
from experiments.statistics.sweep import SweepTable, setting_text

POINTS = 56
"""Points of a curve in the page."""

Row = Mapping[str, str]
Panel = dict[str, Any]


def facets(cells: Sequence[Cell]) -> dict[str, dict[str, Any]]:
    """For each problem what the page can be filtered by: family, dimension, group of BBOB functions."""
    return {cell.problem: {"family": cell.family, "n": cell.n, "group": group_of(cell.problem_name)} for cell in cells}


def chart_data(study: Analysis, look: Mapping[str, LineStyle], tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """``methods``, ``problems`` and ``figures`` for the page's script, numbers rounded to what can be seen.

    The study has at least one trial; `tables` are the rows of the CSV file of each figure, by the figure's name.
    """
    cells = study.cells
    made: dict[str, Callable[[], list[Panel]]] = {
        "convergence": lambda: [_convergence(p, cells) for p in dict.fromkeys(c.problem for c in cells)],
        "ecdf": lambda: _distributions(cells, study.distributions),
        **{name: partial(_parts, groups, study.distributions) for name, groups in study.groups.items()},
        "ert-dimension": lambda: _scaling(tables["ert-dimension"], cells),
        "profiles": lambda: _profiles(tables["profiles"]),
        "ert-scatter": lambda: _scatter(tables["ert-scatter"]),
        "sweep-slices": lambda: _slices(tables["sweep-slices"]),
        "sweep-heatmap": lambda: _heatmaps(tables["sweep-heatmap"]),
        "sweep-parallel": lambda: [_parallel(table) for table in usable(study.tables)],
    }
    return {
        "methods": [
            {"name": label, "marker": style.marker, "dash": "" if style.dash == "-" else _dash(style)}
            for label, style in look.items()
        ],
        "problems": facets(cells),
        "figures": {name: made[name]() for name in tables if name in made},
    }


def _dash(style: LineStyle) -> str:
    return " ".join(f"{1.7 * float(length):.1f}" for length in style.dash[1]) if style.dash != "-" else ""


def short(values: Any) -> list[float | None]:
    """Numbers with four digits; null for what is not there."""
    return [None if not np.isfinite(v) else float(f"{v:.4g}") for v in np.asarray(values, dtype=float)]


def _convergence(problem: str, cells: Sequence[Cell]) -> Panel:
    mine = [cell for cell in cells if cell.problem == problem and any(cost.size for cost in cell.costs)]
    targets = mine[0].targets
    floor, shift = (targets.final, 0.0) if targets.known else (0.0, targets.reference)  # -inf at the best finite value
    last = max((float(np.max(cell.budgets)) for cell in mine), default=10.0)
    at = np.geomspace(1.0, max(last, 10.0), POINTS)
    series: list[dict[str, Any]] = []
    for cell in mine:
        low, middle, high = quantiles_at(cell.costs, [np.maximum(gap, floor) + shift for gap in cell.gaps], at)
        ended = int(np.searchsorted(at, np.max(cell.budgets), side="right"))
        series.append({"m": cell.method, "y": short(middle), "lo": short(low), "hi": short(high), "end": ended})
    smallest = min((v for s in series for v in s["lo"] if v is not None), default=1.0)
    return {
        "problem": problem, "title": mine[0].title, "kind": "lines", "x": short(at), "series": series,
        "xlog": True, "ylog": smallest > 0, "xlabel": "evaluations", "ylabel": "f − f_opt" if targets.known else "f",
    }  # fmt: skip


def _page_points(known: Distributions) -> np.ndarray[Any, Any]:
    """Places in the grid of the distributions that travel in the page."""
    return np.unique(np.linspace(0, known.at.size - 1, POINTS).round().astype(int))


def _ends(known: Distributions, group: str) -> dict[str, int]:
    """For each method the first point of the page beyond its largest budget."""
    at = known.at[_page_points(known)]
    found = known.groups.get(group, {})
    return {method: int(np.searchsorted(at, one.budget, side="right")) for method, one in found.items()}


def _distributions(cells: Sequence[Cell], known: Distributions) -> list[Panel]:
    """For each problem the fraction of its targets that each method has reached, and the deviation of it over the
    resamples; the page averages what is shown."""
    places = _page_points(known)
    series: dict[str, dict[str, Any]] = {}
    for cell in cells:
        one = known.cells[cell.problem, cell.method]
        entry = series.setdefault(cell.method, {"m": cell.method, "parts": {}, "deviations": {}})
        entry["parts"][cell.problem] = [round(v, 3) for v in one.fraction[places].tolist()]
        entry["deviations"][cell.problem] = [round(v, 3) for v in one.deviation[places].tolist()]
    facts = {cell.problem: cell for cell in cells}
    references = []
    for years in REFERENCES:
        if reference_runtimes(cells, years) is not None:
            parts = {problem: ecdf(runtimes, known.at[places]).round(3).tolist() for problem, cell in facts.items()
                     if (runtimes := reference_runtimes([cell], years)) is not None}  # fmt: skip
            references.append({"name": f"best {years}", "color": REFERENCES[years], "parts": parts})
    return [{
        "title": "Targets reached", "kind": "mean", "wide": True, "references": references,
        "x": short(known.at[places]),
        "series": list(series.values()), "ends": _ends(known, ""), "xlog": True, "ylog": False,
        "xlabel": "evaluations / dimension", "ylabel": "fraction of (problem, target) pairs",
    }]  # fmt: skip


def _parts(groups: Mapping[str, Sequence[Cell]], known: Distributions) -> list[Panel]:
    """The same for groups of problems: what each problem gives is taken from the figure of all of them."""
    return [
        {
            "title": title, "kind": "mean", "of": "ecdf", "problems": list(dict.fromkeys(c.problem for c in members)),
            "ends": _ends(known, title), "x": short(known.at[_page_points(known)]), "xlog": True, "ylog": False,
            "xlabel": "evaluations / dimension", "ylabel": "fraction of pairs",
        }
        for title, members in groups.items()
    ]  # fmt: skip


def _parallel(table: SweepTable) -> Panel:
    found = coordinates(table)
    return {
        "problem": table.problem, "methods": [table.method], "kind": "parallel", "wide": True,
        "title": f"{table.method}, {table.cells[0].title}", "xlabel": "parameters by importance", "ylabel": "setting",
        "axes": [{"name": axis.name, "note": axis.note, "ticks": axis.ticks} for axis in found.axes],
        "lines": [[None if not np.isfinite(v) else round(float(v), 4) for v in line] for line in found.lines.T],
        "rank": (found.lines[-1].argsort(kind="stable").argsort(kind="stable")
                 / max(1, found.lines.shape[1] - 1)).round(3).tolist(),
        "names": [setting_text(setting) for setting in table.settings], "best": table.best,
        "values": short(table.outcome), "measure": "ERT" if table.solved else "median gap left",
    }  # fmt: skip


def _number(text: str) -> float:
    return float(text) if text not in ("", None) else np.nan


def _grouped(rows: Sequence[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def _columns(rows: Sequence[Row], *names: str) -> list[np.ndarray[Any, Any]]:
    return [np.array([_number(row[name]) for row in rows]) for name in names]


def _line(method: str, x: Any, y: Any, low: Any = None, high: Any = None) -> dict[str, Any]:
    """A line of a method; with an interval it has a dot at each point."""
    interval = {} if low is None else {"lo": short(low), "hi": short(high), "dots": True}
    return {"m": method, "x": short(x), "y": short(y), **interval}


def _scaling(rows: Sequence[Row], cells: Sequence[Cell]) -> list[Panel]:
    def line(method: str, points: Sequence[Row]) -> dict[str, Any]:
        n, *values = _columns(points, "n", "ert", "low", "high")
        return _line(method, n, *(value / n for value in values))

    return [
        {
            "family": family, "title": family, "kind": "lines",
            "series": [line(method, points) for (method,), points in _grouped(mine, "method").items()],
            "xlog": True, "ylog": True, "xlabel": "dimension n", "ylabel": "ERT / n",
            "xticks": sorted({c.n for c in cells if c.family == family}),
        }
        for (family,), mine in _grouped(rows, "problem").items()
    ]  # fmt: skip


def _profiles(rows: Sequence[Row]) -> list[Panel]:
    labels = {
        "data": ("Data profile", "simplex gradients (n + 1 evaluations)"),
        "performance": ("Performance profile", "evaluations / those of the fastest"),
    }

    def line(method: str, points: Sequence[Row]) -> dict[str, Any]:
        return _line(method, *_columns(points[:: max(1, len(points) // POINTS)], "at", "fraction"))

    return [
        {
            "title": labels[kind][0], "kind": "lines",
            "series": [line(method, points) for (method,), points in _grouped(mine, "method").items()],
            "xlog": True, "ylog": False, "xlabel": labels[kind][1], "ylabel": "fraction of problems",
        }
        for (kind,), mine in _grouped(rows, "profile").items()
    ]  # fmt: skip


def _scatter(rows: Sequence[Row]) -> list[Panel]:
    panels = []
    for (first, second), mine in _grouped(rows, "x_method", "y_method").items():
        points = [[row["problem"], *short([_number(row["target"]), _number(row["x_ert"]), _number(row["y_ert"])])]
                  for row in mine if np.isfinite([_number(row["x_ert"]), _number(row["y_ert"])]).any()]  # fmt: skip
        panels.append({
            "title": f"{second} against {first}", "kind": "scatter", "methods": [first, second], "points": points,
            "xlog": True, "ylog": True, "xlabel": f"ERT of {first}", "ylabel": f"ERT of {second}",
        })  # fmt: skip
    return panels


def _slices(rows: Sequence[Row]) -> list[Panel]:
    from experiments.figures.sweeps import geometric

    panels = []
    for (problem, parameter), mine in _grouped(rows, "problem", "parameter").items():
        values = list(dict.fromkeys(row["value"] for row in mine))
        numeric = all(re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", value) for value in values)
        place = {value: float(value) if numeric else float(k) for k, value in enumerate(values)}
        series = [_line(method, [place[row["value"]] for row in points], *_columns(points, "outcome", "low", "high"))
                  for (method,), points in _grouped(mine, "method").items()]  # fmt: skip
        name = parameter.rpartition(".")[2]
        panels.append({
            "problem": problem, "title": f"{problem}: {mine[0]['measure']}", "kind": "lines", "series": series,
            "xlog": numeric and geometric(list(place.values())), "ylog": True, "xlabel": name,
            "ylabel": mine[0]["measure"], **({} if numeric else {"names": values}),
        })  # fmt: skip
    return panels


def _heatmaps(rows: Sequence[Row]) -> list[Panel]:
    panels = []
    for (problem, method), mine in _grouped(rows, "problem", "method").items():
        by_ert = np.mean([np.isfinite(_number(row["ert"])) for row in mine]) >= 0.25
        values = short([_number(row["ert" if by_ert else "median_gap"]) for row in mine])
        panels.append({
            "problem": problem, "methods": [method], "kind": "cells", "title": f"{method}, {problem}",
            "cols": list(dict.fromkeys(row["x_value"] for row in mine)),
            "rows": list(dict.fromkeys(row["y_value"] for row in mine)),
            "cells": [[row["x_value"], row["y_value"], value, f"{row['successes']}/{row['trials']}"]
                      for row, value in zip(mine, values, strict=True)],
            "xlabel": mine[0]["x"].rpartition(".")[2], "ylabel": mine[0]["y"].rpartition(".")[2],
            "measure": "ERT" if by_ert else "median gap left",
        })  # fmt: skip
    return panels
