"""A study in words: what won where, by how much, how sure that is, and what was not decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.figures.captions import listed
from experiments.statistics.cells import Cell
from experiments.statistics.power import Power
from experiments.statistics.ranking import Ranking
from experiments.statistics.summary import number
from experiments.statistics.tests import LEVEL

MOST_NAMED = 6
"""More problems than this are counted instead of named."""


def in_words(
    cells: Sequence[Cell], ranking: Ranking | None, overall: Sequence[Mapping[str, Any]], power: Power
) -> list[str]:
    """The sentences at the top of a report, made from the numbers.

    Cells have at least one trial each; the ranking is None for one method alone; `overall` is from `overall_table`,
    fastest first.
    """
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    if ranking is None:
        return [*_alone(cells), *power.sentences()]
    sentences = []
    if overall:
        first = overall[0]["method"]
        others = [f"{row['method']} by {number(row['slowdown'], 2)} times" for row in overall[1:6]]
        where = (
            "the problem" if len(problems) == 1 else f"the {overall[0]['problems']} problems that all methods ran on"
        )
        sentences.append(f"Over all targets {first} was the fastest on {where}, ahead of {listed(others)}.")
    sentences += _winners(ranking)
    sentences += _open(ranking)
    return sentences + power.sentences()


def _alone(cells: Sequence[Cell]) -> list[str]:
    reached = [f"{np.isfinite(cell.final_times).sum()} of {len(cell.costs)} on {cell.problem}" for cell in cells]
    return [f"{cells[0].method} reached the final target in {listed(reached)} trials."] if cells else []


def _winners(ranking: Ranking) -> list[str]:
    """Who was first, on which problems, and how sure that is."""
    alone = ranking.best_alone()
    best = np.array([int(np.nanargmin(row)) for row in ranking.ranks])
    solved = np.isfinite(ranking.ert).any(axis=1)
    sentences = []
    for j, method in enumerate(ranking.methods):
        mine = np.nonzero((best == j) & solved)[0]
        if not mine.size:
            continue
        sure = int(alone[mine].sum())
        if mine.size <= MOST_NAMED and len(ranking.problems) <= 2 * MOST_NAMED:
            parts = [f"{ranking.problems[i]} ({_lead(ranking, int(i), j)})" for i in mine]
            text = f"{method} was first on {listed(parts)}"
        else:
            text = f"{method} was first on {mine.size} of {len(ranking.problems)} problems"
        certain = "none of it significant" if not sure else "all of it" if sure == mine.size else f"{sure} of them"
        tail = certain if not sure else f"{certain} significantly ahead of every other method"
        sentences.append(f"{text}, {tail}.")
    if (~solved).any():
        names = [ranking.problems[i] for i in np.nonzero(~solved)[0]]
        who = listed(names) if len(names) <= MOST_NAMED else f"{len(names)} of the {len(ranking.problems)} problems"
        sentences.append(f"No method reached the final target on {who}.")
    return sentences


def _lead(ranking: Ranking, i: int, j: int) -> str:
    """How far ahead of the next a method is on a problem."""
    others = [k for k in range(len(ranking.methods)) if k != j and not np.isnan(ranking.ert[i, k])]
    finite = [k for k in others if np.isfinite(ranking.ert[i, k])]
    if not finite:
        return "no other reached the target" if others else "no other was run"
    next_ = min(finite, key=lambda k: ranking.ert[i, k])
    factor = number(float(ranking.ert[i, next_] / ranking.ert[i, j]), 2)
    ahead = "hardly faster" if factor == "1" else f"{factor} times faster"
    return f"{ahead} than {ranking.methods[next_]}"


def _open(ranking: Ranking) -> list[str]:
    """Problems on which the first is not significantly ahead of all others."""
    alone = ranking.best_alone()
    rows = [i for i in range(len(ranking.problems)) if not alone[i] and (~np.isnan(ranking.p_values[i])).any()]
    if not rows:
        return ["Every first place is significant at 5 %."] if alone.any() else []
    if len(rows) > MOST_NAMED:
        return [f"Not decided at 5 %: who is first on {len(rows)} of the {len(ranking.problems)} problems."]
    parts = []
    for i in rows:
        best = ranking.methods[int(np.nanargmin(ranking.ranks[i]))]
        close = [ranking.methods[k] for k in range(len(ranking.methods)) if ranking.p_values[i, k] >= LEVEL]
        parts.append(f"{best} or {listed(close, 4)} on {ranking.problems[i]}")
    return [f"Not decided at 5 %: {listed(parts)}."]
