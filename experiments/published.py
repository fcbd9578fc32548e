"""Published COCO data as further methods of a study: a folder of `.info` files and their data, as COCO writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.store import StoreError, Study


def load_coco(folder: str | Path, study: Study) -> Study:
    """Give a study with one more method: the algorithm whose COCO data lie in a folder.

    That has ``*.info`` files, at any depth, and the ``.dat`` files that they name (format bbob-old or bbob-new). Data
    on other functions and dimensions than the study's are left out; it is a StoreError if none are left.
    """
    infos = sorted(Path(folder).rglob("*.info"))
    if not infos:
        raise StoreError(f"{folder} holds no COCO data (there is no .info file in it).")
    labels = {}
    for trial in study.trials:
        match = re.fullmatch(r"bbob-f(\d+)", trial["problem"]["name"])
        if match:
            labels[int(match[1]), int(trial["n"])] = trial["problem"]
    found = [trial for info in infos for trial in _trials(info, labels)]
    if not found:
        raise StoreError(f"{folder} has no data on a function and dimension of this study (bbob-f1 to bbob-f24).")
    name = found[0]["method"]["label"]
    taken = {trial["method"]["label"] for trial in study.trials}
    label = name if name not in taken else f"{name} (published)"
    for index, trial in enumerate(found):
        trial["method"] = {**trial["method"], "label": label}
        trial["key"], trial["index"], trial["seed"] = f"coco/{label}/{index}", len(study.trials) + index, trial["seed"]
    header = {**study.header, "methods": [*study.header["methods"], label]}
    note = f"{label}: {len(found)} published trials from {folder}."
    return replace(study, header=header, trials=[*study.trials, *found], warnings=[*study.warnings, note])


def _trials(info: Path, labels: dict[tuple[int, int], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The trials of an .info file: blocks of a header, a comment and a line that names the data file."""
    lines = [line.strip() for line in info.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    place, algorithm = (0, 0), info.parent.name
    for line in lines:
        if "funcId" in line:
            facts = dict(re.findall(r"(\w+)\s*=\s*'?([^',]+)'?", line))
            place = (int(facts["funcId"]), int(facts["DIM"]))
            algorithm = facts.get("algId", algorithm).strip()
        elif not line.startswith("%") and ".dat" in line and place in labels:
            name, *runs = [part.strip() for part in line.split(",")]
            ends = [re.match(r"(\d+):(\d+)\|(\S+)", run) for run in runs]
            data = info.parent / name.replace("\\", "/")
            curves = list(_curves(data)) if data.is_file() else []
            for seed, (curve, end) in enumerate(zip(curves, ends, strict=False)):
                yield _record(labels[place], algorithm, place[1], seed, curve, int(end[2]) if end else None)


def _curves(path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.float64]]]:
    """The runs of a .dat file: rows (evaluations, best f - f_opt), each run after a comment."""
    rows: list[list[float]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("%"):
            if rows:
                yield np.array(rows)
            rows = []
        elif len(words := line.split()) >= 3:
            rows.append([float(words[0]), float(words[2])])
    if rows:
        yield np.array(rows)


def _record(
    problem: dict[str, Any], algorithm: str, n: int, seed: int, curve: np.ndarray[Any, Any], spent: int | None
) -> dict[str, Any]:
    nfev, gap = curve[:, 0].astype(np.int64), np.minimum.accumulate(curve[:, 1])
    end = max(int(nfev[-1]), spent or 0)
    if end > nfev[-1]:
        nfev, gap = np.append(nfev, end), np.append(gap, gap[-1])
    points = {"nfev": nfev, "njev": np.zeros_like(nfev), "f": gap, "cost": nfev.astype(float)}
    return {
        "problem": problem, "method": {"name": algorithm, "label": algorithm, "options": {}}, "params": {},
        "seed": seed,
        "status": "ok", "error": "", "n": n, "f_opt": 0.0, "maxcost": float(end), "f": float(gap[-1]), "x": None,
        "nfev": end, "njev": 0, "n_failed": 0, "cost": float(end), "seconds": 0.0, "score": None, "score_name": None,
        "stop": {}, "message": "published", "curve": points, "output": "",
    }  # fmt: skip
