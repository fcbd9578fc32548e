"""Finished trials in other people's formats: CSV, pandas, COCO."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from experiments.csvfile import write_csv
from experiments.curve import evaluation_triggers
from experiments.statistics.analysis import Analysis
from experiments.statistics.summary import number, used_columns
from experiments.store import StoreError, Study

if TYPE_CHECKING:
    import pandas
    import polars

_PLAIN = ("status", "message", "f", "f_opt", "nfev", "njev", "cost", "maxcost", "n_failed", "seconds", "score")


def flat_rows(study: Study) -> Iterator[dict[str, Any]]:
    """Give one flat row per trial: names, swept parameters, results; no curve."""
    for trial in study.trials:
        row = {"key": trial["key"], "problem": trial["problem"]["label"], "n": trial["n"]}
        row |= {"method": trial["method"]["label"], "seed": trial["seed"]}
        row |= {path: trial["params"].get(path) for path in study.header["params"]}
        yield row | {name: trial[name] for name in _PLAIN} | {"stop": " ".join(trial["stop"])}


def new_folder(path: str | Path) -> Path:
    """Make a folder, or say in a sentence why it cannot be made."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror}); choose another folder.") from error
    return folder


def export_csv(study: Study, folder: str | Path) -> list[Path]:
    """Write ``trials.csv`` (a row per trial) and ``curves.csv`` (a row per kept point of its curve)."""
    out = new_folder(folder)
    rows = list(flat_rows(study))
    columns = list(rows[0]) if rows else ["key"]
    curves = (
        (trial["key"], int(nfev), int(njev), float(cost), float(f))
        for trial in study.trials
        for nfev, njev, cost, f in zip(*(trial["curve"][c] for c in ("nfev", "njev", "cost", "f")), strict=True)
    )
    return [
        write_csv(out / "trials.csv", columns, (list(row.values()) for row in rows)),
        write_csv(out / "curves.csv", ["key", "nfev", "njev", "cost", "f"], curves),
    ]


def export_tables(study: Study, folder: str | Path) -> list[Path]:
    """Write the tables of the report, ``results``, and for several methods ``ranks`` and ``overall``, each as ``.csv``
    and for the package booktabs as ``.tex``."""
    out = new_folder(folder)
    seen = Analysis(study)
    tables = {"results": used_columns(seen.rows)}
    ranking = seen.ranking
    if ranking is not None:
        body = []
        for i, problem in enumerate(ranking.problems):
            texts = [f"{number(float(ert))} {ranking.sign(i, j)}".rstrip() for j, ert in enumerate(ranking.ert[i])]
            ranked = zip(texts, ranking.ranks[i], strict=True)
            body.append([problem, *("–" if np.isnan(rank) else text for text, rank in ranked)])
        tables["ranks"] = (["problem", *ranking.methods], body)
        names = ("method", "area", "slowdown", "iqm", "iqm_low", "iqm_high", "p_better", "p_low", "p_high", "p_final")
        overall = seen.overall
        tables["overall"] = (list(names), [[_cell(row[name]) for name in names] for row in overall])
    written = []
    for name, (header, lines) in tables.items():
        written.append(write_csv(out / f"{name}.csv", header, lines))
        path = out / f"{name}.tex"
        path.write_text(_latex(header, lines), encoding="utf-8")
        written.append(path)
    return written


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "∞": r"$\infty$", "★": r"$\star$", "≈": r"$\approx$",
    "≤": r"$\leq$", "–": "--", "−": "$-$", "<": "$<$", ">": "$>$",
}  # fmt: skip


def _latex(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A tabular with the rules of booktabs; everything that LaTeX would read is escaped."""

    def row(cells: Sequence[str]) -> str:
        return " & ".join("".join(LATEX.get(char, char) for char in str(cell)) for cell in cells) + r" \\"

    words = sum(1 for name in header if name in ("problem", "method", "best setting"))
    columns = "l" * max(words, 1) + "r" * (len(header) - max(words, 1))
    rules = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", row(header), r"\midrule"]
    return "\n".join([*rules, *map(row, lines), r"\bottomrule", r"\end{tabular}"]) + "\n"


def to_pandas(study: Study) -> pandas.DataFrame:
    """Give one row per trial as a data frame of pandas.

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> import experiments  # doctest: +SKIP
    >>> frame = experiments.to_pandas(experiments.load("results/compare"))  # doctest: +SKIP
    >>> frame.groupby(["problem", "method"])["cost"].median()  # doctest: +SKIP
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("experiments.to_pandas needs pandas: python -m pip install 'evotape[pandas]'") from None
    return pandas.DataFrame(_columns(study))


def to_polars(study: Study) -> polars.DataFrame:
    """Give one row per trial as a data frame of polars.

    Raises
    ------
    ImportError
        If polars is not installed.
    """
    try:
        import polars
    except ImportError:
        raise ImportError("experiments.to_polars needs polars: python -m pip install polars") from None
    return polars.DataFrame(_columns(study), strict=False)  # a swept parameter may be a number here and a word there


def _columns(study: Study) -> dict[str, list[Any]]:
    rows = list(flat_rows(study))
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def export_coco(study: Study, folder: str | Path) -> list[Path]:
    """Write the trials on BBOB functions in COCO's format, a folder per method, for cocopp to process.

    Gradients are charged as in the study: COCO's column of evaluations holds nfev + grad_cost * njev.  Trials on other
    functions than ``bbob-f1`` to ``bbob-f24`` have no number in COCO and are left out, as are trials that never
    evaluated; it is a StoreError if none are left. Returns the folders: ``python -m cocopp FOLDER/CMA-ES FOLDER/SNES``.
    """
    numbers = {f"bbob-f{k}": k for k in range(1, 25)}
    ours = (trial for trial in study.trials if trial["problem"]["name"] in numbers and trial["f_opt"] is not None)
    trials = [trial for trial in ours if trial["curve"]["f"].size]
    if not trials:
        raise StoreError(
            "COCO's format numbers the functions bbob-f1 to bbob-f24, and this study has no trial on them."
        )
    written = []
    for method, home, functions in method_folders(trials, folder, lambda trial: numbers[trial["problem"]["name"]]):
        for function, dimensions in sorted(functions.items()):
            _write_function(home, method, function, dimensions, study.grad_cost)
        written.append(home)
    return written


def method_name(trial: dict[str, Any]) -> str:
    """The label of a trial's method with its settings, as other programs may have it."""
    settings = [f"{path.rpartition('.')[2]}={value}" for path, value in trial["params"].items()]
    return " ".join([trial["method"]["label"], *settings]).replace("'", "")


Function = TypeVar("Function")
ByDimension = dict[int, list[dict[str, Any]]]


def method_folders(
    trials: Iterable[dict[str, Any]], folder: str | Path, function: Callable[[dict[str, Any]], Function]
) -> Iterator[tuple[str, Path, dict[Function, ByDimension]]]:
    """For each method its name, a folder made for it, and its trials by function and dimension."""
    groups: dict[str, dict[Function, ByDimension]] = {}
    for trial in trials:
        functions = groups.setdefault(method_name(trial), {})
        functions.setdefault(function(trial), {}).setdefault(trial["n"], []).append(trial)
    out = new_folder(folder)
    for method, functions in groups.items():
        yield method, new_folder(out / re.sub(r"[^\w.=+-]+", "_", method)), functions


def _write_function(home: Path, method: str, number: int, dimensions: ByDimension, grad_cost: float) -> None:
    """Write the .info file of a function, and per dimension .dat (targets) and .tdat (evaluations)."""
    data = new_folder(home / f"data_f{number}")
    lines = []
    for n, trials in sorted(dimensions.items()):
        name = f"bbobexp_f{number}_DIM{n}"
        ends = []
        with (data / f"{name}.dat").open("w") as targets, (data / f"{name}.tdat").open("w") as evaluations:
            for trial in trials:
                instance = int(trial["problem"]["options"].get("instance", 1))
                cost = np.rint(trial["curve"]["cost"]).astype(np.int64)
                f = trial["curve"]["f"]
                triggers = np.union1d(evaluation_triggers(n, int(cost[-1])), cost[-1:])
                triggers = triggers[triggers >= cost[0]]
                held = np.searchsorted(cost, triggers, side="right") - 1
                _write_run(targets, cost, f, trial["f_opt"])
                _write_run(evaluations, triggers, f[held], trial["f_opt"])
                ends.append(f"{instance}:{cost[-1]}|{f[-1] - trial['f_opt']:.1e}")
        lines += [
            f"suite = 'bbob', funcId = {number}, DIM = {n}, Precision = 1.000e-08, algId = '{method}', "
            "coco_version = '2.8', logger = 'bbob', data_format = 'bbob-new2'",
            f"% written by evotape; a gradient is charged {grad_cost:g} evaluations",
            f"data_f{number}/{name}.dat, {', '.join(ends)}",
        ]
    (home / f"bbobexp_f{number}.info").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_run(file: Any, cost: np.ndarray[Any, Any], f: np.ndarray[Any, Any], f_opt: float) -> None:
    file.write(
        f"% f evaluations | g evaluations | best noise-free fitness - Fopt ({f_opt:.12e}) + sum g_i+ | "
        "measured fitness | best measured fitness or single-digit g-values | x1 | x2...\n"
    )
    for count, value in zip(cost.tolist(), f.tolist(), strict=True):
        file.write(f"{count} 0 {value - f_opt:+.9e} {value:+.9e} {value:+.9e}\n")
