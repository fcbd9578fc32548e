"""The report of a study: one static HTML page that holds its figures, tables, settings, failures and provenance."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.charts import chart_data
from experiments.collector import without_collector
from experiments.csvfile import read_csv, write_csv
from experiments.figures.captions import listed
from experiments.figures.draw import study_styles
from experiments.figures.style import lighter
from experiments.statistics.analysis import Analysis
from experiments.statistics.cells import StudyLike, method_label, problem_label
from experiments.statistics.power import study_power
from experiments.statistics.ranking import Ranking
from experiments.statistics.summary import number, table_notes, targets_text
from experiments.words import in_words

TEMPLATES = Path(__file__).parent / "templates"
MOST_TRIALS = 1000
"""A study with more trials lists only its failures in the page, not every trial."""

TITLES = {
    "convergence": "Convergence",
    "ecdf": "Targets reached",
    "ecdf-dimension": "Targets reached, by dimension",
    "ecdf-group": "Targets reached, by group of functions",
    "ert-dimension": "Expected runtime against dimension",
    "ert-scatter": "Expected runtime, method against method",
    "profiles": "Data and performance profiles",
    "ranks": "Ranks",
    "sweep-slices": "Sweep: along each parameter",
    "sweep-heatmap": "Sweep: two parameters",
    "sweep-parallel": "Sweep: all parameters",
}
"""Headings of figures by file name; others are made from the name."""

CSV_HEADER = (
    "problem", "method", "setting", "n", "trials", "successes", "failed", "target", "reference_known", "ert", "ert_low",
    "ert_high", "median_gap", "median_f", "score", "seconds", "tried", "chosen_on", "biased",
)  # fmt: skip


def write_report(study: StudyLike, folder: Path, *, quick: bool = False, refresh: int | None = None) -> Path:
    """Draw the figures of a study into a folder (png, svg, csv), with ``table.csv`` and ``report.html``, which is
    returned.

    `quick` takes fewer bootstrap samples; the page loads itself again after `refresh` seconds, while a study runs.
    """
    from experiments.figures import draw_all

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seen = Analysis.of(study, quick=quick)
    with without_collector():  # the parts of figures hold each other, and are some ten thousands
        paths = draw_all(seen, folder)
    write_csv(folder / "table.csv", CSV_HEADER, [[row[name] for name in CSV_HEADER] for row in seen.rows])
    return write_page(folder / "report.html", render(seen, paths, refresh=refresh))


def write_page(target: Path, page: str) -> Path:
    """Write a page so that who reads it meanwhile has the old one or the new one.

    Errors and names of files may hold halves of characters (bytes that were no text); these stand as ``\\udcff``.
    """
    part = target.with_name(target.name + ".part")
    part.write_text(page, encoding="utf-8", errors="backslashreplace")
    os.replace(part, target)
    return target


def fill(template: str, **values: Any) -> str:
    """A page from its template; values are escaped, and one that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)


def render(study: Analysis, paths: Sequence[Path], *, refresh: int | None = None) -> str:
    """The page as a string, with the figures of these files: svg, png, csv and txt of each.

    Everything that comes from the study is escaped; the page loads itself again after `refresh` seconds.
    """
    header, cells, ranking, rows, overall = study.header, study.cells, study.ranking, study.rows, study.overall
    look = {label: style for label, style in study_styles(study).items() if any(c.method == label for c in cells)}
    tables = {path.stem: read_csv(path) for path in paths if path.suffix == ".csv"}
    charts = chart_data(study, look, tables) if cells else {"methods": [], "problems": {}, "figures": {}}
    failures = [_trial(trial) for trial in study.trials if trial["status"] != "ok"]
    trials = [_trial(trial) for trial in study.trials] if len(study.trials) <= MOST_TRIALS else []
    sessions = [_session(session) for session in header.get("sessions", [])]
    figures = [figure_source(path) for path in paths if path.suffix == ".svg"]
    return fill(
        "report.html",
        title=header.get("title") or header.get("name") or "Study",
        refresh=refresh,
        colors=[(style.color, lighter(style.color)) for style in look.values()],
        words=in_words(cells, ranking, overall, study_power(study.trials)) if cells else [],
        facts=_facts(study, len(failures)),
        warnings=list(getattr(study.study, "warnings", [])),
        figures=[_on_page(figure, figure["name"] in charts["figures"]) for figure in figures],
        ranks=None if ranking is None else _ranks(ranking),
        data=json.dumps(charts, separators=(",", ":"), ensure_ascii=False, allow_nan=False),
        rows=rows,
        overall=overall,
        has_setting=any(row["setting"] for row in rows),
        has_score=any(row["score"] is not None for row in rows),
        score_name=_score_name(study),
        notes=table_notes(rows) if rows else [],
        number=number,
        failures=failures[:MOST_TRIALS],
        trials=trials,
        most_trials=MOST_TRIALS,
        settings=_flat(header.get("spec", {})),
        spec=json.dumps(header.get("spec", {}), indent=2, default=str, ensure_ascii=False),
        sessions=sessions,
        versions=dict(header.get("sessions", [{}])[-1].get("versions", {})) if header.get("sessions") else {},
    )


def _on_page(figure: Mapping[str, str], drawn: bool) -> dict[str, Any]:
    """What the page needs of a figure: its caption in the words of what the page itself draws."""
    caption = figure["caption"]
    if drawn and figure["name"].startswith("ecdf"):
        caption = re.sub(r" Number at the right.*?\.(?= |$)", "", caption)
        caption = caption.replace(" Cross: largest budget; thin beyond it:", " Dotted, beyond the largest budget:")
        band = " Band: 95 % by the variance over resampled trials, of the problems that are shown."
        caption = re.sub(r" Band: .*?\)\.(?= |$)", band, caption)
    if drawn and figure["name"] == "sweep-parallel":
        caption = caption.replace("blue: good, grey: bad, orange: the best", "deep: good, pale: bad, red: the best")
    if drawn and figure["name"] == "sweep-heatmap":
        caption = caption.replace("dark is good. k/N:", "the stronger the colour the better. Under the pointer:")
        caption = caption.replace("successes where not all trials reached the target; orange", "successes; red")
    return {**figure, "caption": caption, "drawn": drawn}


def _ranks(ranking: Ranking) -> dict[str, Any]:
    """The rank table of the page: ERT, colour by rank, a star or a tilde by the test."""
    count = len(ranking.methods)
    rows = []
    for i, problem in enumerate(ranking.problems):
        entries = []
        for j, method in enumerate(ranking.methods):
            rank, p = ranking.ranks[i, j], ranking.p_values[i, j]
            known = not np.isnan(rank)
            text = f"{number(ranking.ert[i, j])} {ranking.sign(i, j)}".rstrip()
            note = f"rank {rank:g}" if known else "no trials"
            if known and not np.isnan(p):
                note += f", p = {p:.2g}, P(first is better) {ranking.effects[i, j]:.2f}"
                note += f", by the ends of the trials {ranking.final_effects[i, j]:.2f}"
            entries.append({
                "method": method, "text": text if known else "–", "note": note,
                "ert": ranking.ert[i, j] if known else "inf",
                "part": f"{0.75 * (1 - (rank - 1) / max(count - 1, 1)) ** 2:.2f}" if known else "0",
            })  # fmt: skip
        rows.append({"problem": problem, "cells": entries})
    return {"methods": ranking.methods, "rows": rows}


def _score_name(study: StudyLike) -> str:
    """What the problems call their score, if they agree on a name."""
    names = {str(trial["score_name"]) for trial in study.trials if trial.get("score_name")} - {"score"}
    return names.pop() if len(names) == 1 else "test score"


def _facts(study: Analysis, failed: int) -> list[tuple[str, str]]:
    header = study.header
    targets = {cell.problem: cell.targets.final for cell in study.cells if cell.targets.known}
    done = len(study.trials)
    total = header.get("total") or done
    seconds = sum(float(trial.get("seconds") or 0.0) for trial in study.trials)
    return [
        ("trials", f"{done} of {total}" if done != total else f"{done}"),
        ("failed", f"{failed}"),
        ("methods", listed(header.get("methods", []))),
        ("problems", listed(header.get("problems", []), 8)),
        ("one gradient", f"{header.get('grad_cost', 4.0):g} evaluations"),
        ("final target", f"f - f_opt ≤ {targets_text(targets or {'': float(header.get('precision') or 1e-8)})}"),
        ("computing time", f"{seconds:.1f} s in all trials"),
    ]


def figure_source(path: Path) -> dict[str, str]:
    """Give name, title and data URL of a drawn figure: its svg or its png, whichever is smaller."""
    svg, png = path.read_bytes(), path.with_suffix(".png").read_bytes()
    kind, data = ("svg+xml", svg) if len(svg) < len(png) else ("png", png)
    name = path.stem
    text = path.with_suffix(".txt")
    caption, _, alt = text.read_text(encoding="utf-8").partition("\n\n") if text.exists() else ("", "", "")
    title = TITLES.get(name, name.replace("-", " ").replace("_", " ").capitalize())
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "alt": alt.strip() or title,
        "source": f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}",
    }


def _trial(trial: Mapping[str, Any]) -> dict[str, Any]:
    error = str(trial.get("error") or "")
    lines = error.strip().splitlines()
    settings = [f"{name.split('.')[-1]}={_short(value)}" for name, value in trial.get("params", {}).items()]
    return {name: trial.get(name) for name in ("seed", "status", "f", "nfev", "njev", "score", "seconds")} | {
        "key": str(trial["key"])[:12],
        "problem": problem_label(trial),
        "method": method_label(trial),
        "params": ", ".join(settings),
        "reason": lines[-1] if lines else str(trial.get("message") or ""),
        "error": error,
    }


def _session(session: Mapping[str, Any]) -> dict[str, str]:
    commit, digest, command = (session.get(name) for name in ("git_commit", "diff_sha256", "command"))
    changed = " with changes" if session.get("git_dirty") else ""
    code = f"{str(commit)[:12]}{changed}" if commit else "not under git"
    machine = (session.get("host"), session.get("platform"), f"{session.get('cpu_count', '?')} cores")
    return {
        "started": str(session.get("started", "")),
        "commit": code + (f" (diff {str(digest)[:8]})" if digest else ""),
        "machine": ", ".join(str(part) for part in machine if part is not None),
        "command": command if isinstance(command, str) else " ".join(str(part) for part in command or ()),
    }


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as (dotted name, text) pairs."""
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _flat(item, f"{prefix}.{key}" if prefix else str(key))]
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        return [pair for i, item in enumerate(value) for pair in _flat(item, f"{prefix}[{i}]")]
    return [(prefix, _short(value))]


def _short(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_short(item) for item in value)
    return str(value)
