"""The results table of a study: one row per problem and method, as plain values and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.statistics.cells import Cell, StudyLike
from experiments.statistics.runtimes import ert_interval, expected_runtime
from experiments.statistics.sweep import Selected, best_cells, setting_text

Row = dict[str, Any]

COLUMNS = {
    "problem": "problem",
    "method": "method",
    "setting": "best setting",
    "success": "reached",
    "ert": "ERT",
    "interval": "95 % interval",
    "median": "median f - f_opt",
    "score": "test score",
    "seconds": "s/trial",
}
"""Keys of the text table and their headings."""


def summary_table(study: StudyLike, *, samples: int = 2000) -> list[Row]:
    """Summarise a study: one row per problem and method.

    Parameters
    ----------
    study : Study
        Anything with ``header`` and ``trials``.
    samples
        Bootstrap resamples of the ERT's 95 % interval.

    Returns
    -------
    list of dict
        Keys: problem, method, setting (the best one of a sweep, else empty), tried (settings that it was chosen among),
        chosen_on (repeats on which; they are not shown), biased (whether they are shown all the same), n, trials,
        successes, failed, target (final precision), reference_known, ert, ert_low, ert_high (evaluations with
        gradients charged), median_gap (f minus reference), median_f, score (median, None where the problem has none),
        seconds (median per trial).
    """
    return summary_rows(best_cells(study), samples=samples)


def summary_rows(chosen: Sequence[Selected], *, samples: int = 2000) -> list[Row]:
    """The rows of `summary_table` for what stands for each method on each problem."""
    return [
        _row(one.cell, setting_text(one.setting) if one.tried > 1 else "", samples)
        | {"tried": one.tried, "chosen_on": one.chosen_on, "biased": one.cell.biased}
        for one in chosen
    ]


def _row(cell: Cell, setting: str, samples: int) -> Row:
    row: Row = {
        "problem": cell.problem,
        "method": cell.method,
        "setting": setting,
        "n": cell.n,
        "trials": len(cell.costs),
        "successes": 0,
        "failed": cell.failed,
        "target": cell.targets.final,
        "reference_known": cell.targets.known,
        "ert": np.inf,
        "ert_low": np.inf,
        "ert_high": np.inf,
        "median_gap": None,
        "median_f": _median(cell.final),
        "score": _median(cell.scores),
        "seconds": _median(cell.seconds),
    }
    if not cell.costs:
        return row
    times = cell.final_times
    low, high = ert_interval(times, cell.budgets, samples=samples)
    last = np.array([gap.min() if gap.size else np.nan for gap in cell.gaps])
    row.update(
        successes=int(np.isfinite(times).sum()),
        ert=float(expected_runtime(times, cell.budgets)),
        ert_low=float(low),
        ert_high=float(high),
        median_gap=_median(last),
    )
    return row


def _median(values: Sequence[float] | np.ndarray[Any, Any]) -> float | None:
    finite = [float(v) for v in values if not np.isnan(v)]
    return float(np.median(finite)) if finite else None


def number(value: float | None, digits: int = 3) -> str:
    """A number as a person writes it: plain up to a million, then with an exponent; a dash for None.

    Examples
    --------
    >>> [number(v) for v in (None, float("inf"), 0.0, 12.3456, 2754.2, 5.048e6, 1.2e-9)]
    ['–', '∞', '0', '12.3', '2754', '5.05e6', '1.2e-9']
    """
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if 10**digits <= abs(value) < 1e6:
        return f"{value:.0f}"
    if 1e-3 <= abs(value) < 10**digits:
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def text_row(row: Mapping[str, Any]) -> dict[str, str]:
    """The cells of one row as text, keyed as `COLUMNS`."""
    score = row["score"]
    failed = f" ({row['failed']} failed)" if row["failed"] else ""
    return {
        "problem": row["problem"],
        "method": row["method"],
        "setting": f"{row['setting']} (best of {row['tried']})" if row["setting"] else "",
        "success": f"{row['successes']}/{row['trials']}{failed}",
        "ert": number(row["ert"]),
        "interval": "–" if np.isinf(row["ert"]) else f"{number(row['ert_low'])} – {number(row['ert_high'])}",
        "median": number(row["median_gap"]) + ("" if row["reference_known"] else " *"),
        "score": "–" if score is None else f"{score:.3f}",
        "seconds": number(row["seconds"], 2),
    }


def used_columns(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Headings and texts of those columns of the table that say something."""
    texts = [text_row(row) for row in rows]
    used = [key for key in COLUMNS if any(text[key] not in ("", "–") for text in texts)]
    return [COLUMNS[key] for key in used], [[text[key] for key in used] for text in texts]


def format_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay the rows of `summary_table` out for a terminal, with notes on the targets below.

    Returns
    -------
    str
        Lines without a closing newline.
    """
    if not rows:
        return "no finished trials"
    texts = [text_row(row) for row in rows]
    unused = {key for key, empty in (("score", None), ("setting", "")) if all(row[key] == empty for row in rows)}
    keys = [key for key in COLUMNS if key not in unused]
    width = {key: max(len(COLUMNS[key]), *(len(text[key]) for text in texts)) for key in keys}
    left = {"problem", "method", "setting"}

    def line(text: Mapping[str, str]) -> str:
        return "  ".join(text[k].ljust(width[k]) if k in left else text[k].rjust(width[k]) for k in keys).rstrip()

    lines = [line(COLUMNS), "  ".join("-" * width[key] for key in keys)]
    previous = ""
    for text in texts:
        if previous and text["problem"] != previous:
            lines.append("")
        lines.append(line(text if text["problem"] != previous else {**text, "problem": ""}))
        previous = text["problem"]
    return "\n".join([*lines, "", *table_notes(rows)])


def targets_text(targets: Mapping[str, float]) -> str:
    """Final targets by problem in few words: the one of most problems, and in brackets the others.

    Examples
    --------
    >>> targets_text({"a": 1e-8, "b": 0.01, "c": 1e-8})
    '1e-8 (0.01 on b)'
    """
    by_target: dict[str, list[str]] = {}
    for problem, target in targets.items():
        by_target.setdefault(number(target), []).append(problem)
    usual, *others = sorted(by_target, key=lambda text: -len(by_target[text]))
    words = [f"{text} on {', '.join(names) if len(names) <= 4 else f'{len(names)} problems'}"
             for text in others for names in [by_target[text]]]  # fmt: skip
    return f"{usual} ({'; '.join(words)})" if words else usual


def table_notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences that say what the columns of the results table mean."""
    known = {row["problem"]: row["target"] for row in rows if row["reference_known"]}
    notes = []
    if known:
        notes.append(f"reached: trials with f - f_opt <= {targets_text(known)}.")
    for problem, target in {row["problem"]: row["target"] for row in rows if not row["reference_known"]}.items():
        notes.append(
            f"* {problem}: f minus the best f of any trial; target {number(target)} (1e-5 of the starting gap)."
        )
    if any(row["setting"] for row in rows):
        same = any(row.get("biased") for row in rows)
        halves = max(int(row.get("chosen_on", 0)) for row in rows)
        how = "on the very trials that are shown" if same else f"on {halves} repeats that are not shown"
        notes.append(f"best setting: least ERT (least median gap where few settings reach the target), chosen {how}.")
    notes.append("ERT: expected evaluations to that target, gradients charged; interval by bootstrap over trials.")
    return notes
