"""Methods over all problems of a study: speed, share of targets reached, and how often one beats another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.statistics.aggregate import mean_over_tasks, wins_interval, wins_over_tasks
from experiments.statistics.cells import Cell
from experiments.statistics.ecdf import area_above, restarted_runtimes
from experiments.statistics.ranking import pair_scores

Row = dict[str, Any]

FEW = 10
"""With fewer problems than this an interquartile mean would leave whole problems out."""


def overall_table(cells: Sequence[Cell], *, samples: int = 1000, draws: int = 50) -> list[Row]:
    """Summarise the methods over the problems on which all of them have trials.

    Parameters
    ----------
    cells : sequence of Cell
        With at least one trial each.
    samples : int
        Bootstrap resamples of the intervals, stratified by problem.
    draws : int
        Simulated runtimes per (problem, target).

    Returns
    -------
    list of dict
        Per method, fastest first: method, problems, area (mean log10 of evaluations / n over all targets, simulated
        restarts, clipped to the range from 1 / n of the smallest problem to ten times the largest budget), slowdown
        (10**(difference of areas) to the first), iqm, iqm_low, iqm_high (mean share of targets that a trial reached,
        with `FEW` problems or more the interquartile one, 95 % interval), trimmed (whether it is the interquartile
        one), p_better, p_low, p_high (P(first method is better than this one) at the common budget of each problem,
        ties half, 95 % interval; None for the first), p_final (the same by what the trials had at their ends).
    """
    methods = list(dict.fromkeys(cell.method for cell in cells))
    table = {(cell.problem, cell.method): cell for cell in cells}
    problems = [p for p in dict.fromkeys(cell.problem for cell in cells) if all((p, m) in table for m in methods)]
    if not problems:
        return []
    low = 1.0 / min(table[p, methods[0]].n for p in problems)
    high = 10.0 * max(float(np.max(table[p, m].budgets)) / table[p, m].n for p in problems for m in methods)
    areas = {}
    for method in methods:
        cells_of = [table[p, method] for p in problems]
        costs = [(cell.times() / cell.n, cell.budgets / cell.n) for cell in cells_of]
        runtimes, weights = restarted_runtimes(costs, draws, rng=0)
        areas[method] = area_above(runtimes, low, max(high, 2 * low), weights)
    ordered = sorted(methods, key=lambda m: areas[m])
    rows = []
    trimmed = len(problems) >= FEW
    for method in ordered:
        shares = [np.isfinite(table[p, method].times()).mean(axis=0) for p in problems]
        mean, bottom, top = mean_over_tasks(shares, trimmed=trimmed, samples=samples)
        row: Row = {"method": method, "problems": len(problems), "area": areas[method]}
        row["slowdown"] = 10 ** (areas[method] - areas[ordered[0]])
        row |= {"iqm": mean, "iqm_low": bottom, "iqm_high": top, "trimmed": trimmed}
        row |= dict.fromkeys(("p_better", "p_low", "p_high", "p_final"))
        if method != ordered[0]:
            pairs = [(table[p, ordered[0]], table[p, method]) for p in problems]
            first, second = zip(*(pair_scores(*pair) for pair in pairs), strict=True)
            row["p_better"], row["p_low"], row["p_high"] = wins_interval(first, second, samples=samples)
            row["p_final"] = wins_over_tasks(*zip(*(pair_scores(*pair, np.inf) for pair in pairs), strict=True))
        rows.append(row)
    return rows
