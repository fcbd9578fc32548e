"""Finished trials as IOHanalyzer reads them (the format of IOHprofiler, de Nobel et al. 2024, arXiv:2111.04077).

A folder per method holds one ``IOHprofiler_f<number>_<name>.json`` per problem, and beside it one ``.dat`` per
dimension with the improvements of every run under a line of headings.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

import es
from experiments.export import ByDimension, method_folders, new_folder
from experiments.store import StoreError, Study

VERSION = "0.3.18"  # of the format: the first in which a run says where its best point is
ELSE = 1001  # numbers of functions that have none in a suite of COCO


def export_ioh(study: Study, folder: str | Path) -> list[Path]:
    """Write the trials for IOHanalyzer, a folder per method.

    Values are f - f_opt where the optimum is known, so that instances can be laid over each other, else f. Gradients
    are charged as in the study: the evaluations are nfev + grad_cost * njev. Functions of BBOB keep their numbers,
    others are numbered from 1001 in the study's order. Returns the folders, each of which can be packed and handed to
    https://iohanalyzer.liacs.nl; it is a StoreError if no trial evaluated anything.
    """
    trials = [trial for trial in study.trials if trial["curve"]["f"].size]
    if not trials:
        raise StoreError("IOHanalyzer wants runs with evaluations, and this study has none.")
    numbers = _numbers(trials)
    written = []
    for method, home, functions in method_folders(trials, folder, _title):
        for title, dimensions in functions.items():
            _write_function(home, method, numbers[title], title, dimensions)
        written.append(home)
    return written


def _title(trial: dict[str, Any]) -> str:
    return re.sub(r"[^\w.=+-]+", "-", str(trial["problem"]["label"]).split(" (")[0])


def _numbers(trials: list[dict[str, Any]]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for trial in trials:
        known = re.search(r"-f(\d+)$", trial["problem"]["name"])
        free = ELSE + sum(number >= ELSE for number in numbers.values())
        numbers.setdefault(_title(trial), int(known.group(1)) if known else free)
    return numbers


def _write_function(home: Path, method: str, number: int, title: str, dimensions: ByDimension) -> None:
    data = new_folder(home / f"data_f{number}_{title}")
    scenarios = []
    for n, trials in sorted(dimensions.items()):
        path = data / f"IOHprofiler_f{number}_DIM{n}.dat"
        with path.open("w", encoding="utf-8") as file:
            runs = [_write_run(file, trial) for trial in trials]
        scenarios.append({"dimension": n, "path": path.relative_to(home).as_posix(), "runs": runs})
    table = {
        "version": VERSION,
        "suite": trials[0]["problem"]["name"].rpartition("-f")[0] or "evotape",
        "function_id": number,
        "function_name": title,
        "maximization": False,
        "algorithm": {"name": method, "info": f"evotape {es.__version__}"},
        "attributes": ["evaluations", "raw_y"],
        "scenarios": scenarios,
    }
    (home / f"IOHprofiler_f{number}_{title}.json").write_text(json.dumps(table, indent=1), encoding="utf-8")


def _write_run(file: Any, trial: dict[str, Any]) -> dict[str, Any]:
    """The improvements of a run, and its last evaluation; gives its entry in the table of the function."""
    cost = np.maximum(np.rint(trial["curve"]["cost"]).astype(np.int64), 1)
    y = trial["curve"]["f"] - (trial["f_opt"] or 0.0)
    better = np.flatnonzero(np.r_[True, y[1:] < np.minimum.accumulate(y)[:-1]])
    kept = np.union1d(better, len(y) - 1)
    best = int(better[-1])
    entry = {"evals": int(cost[best]), "y": float(y[best])}
    cost[0] = 1  # readers know by the first evaluation that a run begins; what is charged later was its gradient
    file.write("evaluations raw_y\n")
    file.writelines(f"{count} {value:.17g}\n" for count, value in zip(cost[kept], y[kept], strict=True))
    x = [] if trial["x"] is None else np.asarray(trial["x"], dtype=float).ravel().tolist()
    instance = int(trial["problem"]["options"].get("instance", trial["seed"]))
    return {"instance": instance, "evals": int(cost[-1]), "best": entry | {"x": x}}
