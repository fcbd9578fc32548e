"""Values and words that are odd and legal: a study that meets them comes to its end, and to its page."""

from __future__ import annotations

import os
import re
import socket
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import Method, Problem, Spec, SpecError, Sweep, load, run_study
from experiments.cli import main
from experiments.curve import compact_curve
from experiments.export import export_csv
from experiments.figures.profiles import profile_times
from experiments.report import write_report
from experiments.statistics import collect, format_table, quantiles_at, summary_table
from experiments.statistics.analysis import Analysis
from experiments.statistics.sweep import sweep_tables
from experiments.trial import check_trials
from tests.experiments.fake_study import make_sweep
from tests.experiments.studies import call

TASKS = "tests.experiments.tasks"
BOX = {"bounds": [[-2, 2], [-2, 2]]}


def study(*problems: Problem, **changes: Any) -> Spec:
    settings = {"seeds": 3, "budget": 30, **changes}
    return Spec("odd", list(problems), [Method("cmaes"), Method("snes")], **settings)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("f_opt", [{}, {"f_opt": 0.0}])
def test_minus_infinity_is_kept_and_reaches_every_target(tmp_path: Path, f_opt: dict[str, float]) -> None:
    spec = study(Problem(f"{TASKS}:bottomless", 2, {**BOX, **f_opt}))
    found = run_study(spec, tmp_path, backend="sequential")
    assert [trial["f"] for trial in found.trials] == [-np.inf] * 6
    assert all(trial["status"] == "ok" and trial["output"] == "" for trial in found.trials)
    again = run_study(spec, tmp_path, backend="sequential").trials
    assert [trial["seconds"] for trial in again] == [trial["seconds"] for trial in found.trials]  # nothing was left
    first = [trial["curve"]["nfev"][np.isinf(trial["curve"]["f"])][0] for trial in found.trials]
    for row, evaluations in zip(summary_table(found), (first[:3], first[3:]), strict=True):
        assert (row["successes"], row["median_gap"]) == (3, -np.inf)
        if f_opt:  # else the least finite value, which somebody had before, is enough
            assert row["ert"] == pytest.approx(np.mean(evaluations))
    times, _ = profile_times(collect(found), ["cmaes", "snes"])
    assert np.isfinite(times).all()
    page = write_report(found, tmp_path, quick=True).read_text()
    assert "-∞" in page
    text = (tmp_path / "convergence.txt").read_text()
    assert ("-inf" in text) == (not f_opt)  # where f_opt is known, the target is the floor of the figure


def test_minus_infinity_has_a_place_in_curves_and_quantiles() -> None:
    f = np.array([4.0, 3.0, 0.5, -np.inf])
    curve = compact_curve(np.arange(1, 5), np.zeros(4, int), f, n=2, f_opt=None, end=(4, 0))
    assert curve["f"].tolist() == f.tolist()
    values = [[5.0, -np.inf], [4.0, 1.0]]
    assert quantiles_at([[1, 2]] * 2, values, [0.5, 1, 2]).T.tolist()[1:] == [[4.25, 4.5, 4.75], [-np.inf] * 3]


def test_a_score_that_is_no_number_is_no_score(tmp_path: Path) -> None:
    spec = study(Problem(f"{TASKS}:make_without_score", 2, {"factory": True}), seeds=2)
    found = run_study(spec, tmp_path, backend="sequential")
    assert all(trial["status"] == "ok" and np.isnan(trial["score"]) for trial in found.trials)
    assert [row["score"] for row in Analysis(load(tmp_path)).rows] == [None, None]
    assert write_report(load(tmp_path), tmp_path, quick=True).is_file()


def test_a_best_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(SpecError, match="f_opt of a problem must be finite, or None where it is not known, got nan"):
        check_trials(study(Problem(f"{TASKS}:make_without_optimum", 2, {"factory": True})).trials)


def test_matrices_and_tables_are_swept_like_numbers(tmp_path: Path) -> None:
    matrices = [[[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 1.0]]]
    bowl = Problem(f"{TASKS}:slow_bowl", 2, {"bounds": [[-1, 1], [-1, 1]]})
    sweep = Sweep(grid={"method.covariance0": matrices, "method.popsize": [6, 8], "problem.x0": [[0, 0], [1, 1]]})
    found = run_study(Spec("matrices", [bowl], [Method("cmaes")], seeds=2, budget=10, sweep=sweep), tmp_path,
                      backend="sequential")  # fmt: skip
    tables = sweep_tables(found)
    assert [table.parameters for table in tables] == [["method.covariance0", "method.popsize"]] * 2
    assert [len(cell.costs) for table in tables for cell in table.cells] == [2] * 8
    assert tables[0].column("method.covariance0")[::2] == matrices
    assert write_report(found, tmp_path, quick=True).is_file()


def test_settings_are_told_apart_by_all_that_their_values_hold() -> None:
    values: list[Any] = [{"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [[1]], [[[1]]], True, 1]
    table = sweep_tables(make_sweep({"method.x": values}))[0]
    assert [repr(value) for value in table.column("method.x")] == [repr(value) for value in values]


def labelled(method: str, problem: str) -> Spec:
    sweep = Sweep(grid={"method.sigma0": [0.1, 1], "method.popsize": [6, 8]})
    problems = [Problem("sphere", 2, label=problem), Problem("sphere", 3)]
    return Spec("labels", problems, [Method("cmaes", label=method), "snes"], seeds=2, budget=9, sweep=sweep)


@pytest.mark.filterwarnings("error")
def test_a_dollar_sign_in_a_label_begins_no_formula(tmp_path: Path) -> None:
    spec = labelled(r"$\sigma_{0$ small", "a $x_{1$ \\$ b")
    page = write_report(run_study(spec, tmp_path, backend="sequential"), tmp_path, quick=True).read_text()
    assert r"$\sigma_{0$ small" in page
    names = {path.stem for path in tmp_path.glob("*.svg")}
    assert {"sweep-slices", "sweep-heatmap", "sweep-parallel", "convergence", "ecdf", "profiles", "ranks"} <= names
    for path in tmp_path.glob("*.svg"):
        ElementTree.parse(path)


def test_letters_without_a_font_are_told_once(tmp_path: Path) -> None:
    odd = "\U000f1234"  # for private use: no font of an operating system has it
    spec = labelled(f"m{odd}", f"p{odd}")
    found = run_study(spec, tmp_path, backend="sequential")
    with pytest.warns(UserWarning) as told:
        write_report(found, tmp_path, quick=True)
    assert [str(one.message) for one in told] == ["no font on this machine has U+F1234: boxes stand for it in figures"]
    assert call("report", tmp_path).stderr == f"warning: {told[0].message}\n"


@pytest.mark.parametrize("label", ["a\nb", "a\tb", "a\x01", "\udcff", "a\u2028b"])
def test_labels_and_titles_are_one_line_of_text(label: str) -> None:
    with pytest.raises(SpecError, match="label must be a line of text without control characters"):
        Problem("sphere", 2, label=label)
    with pytest.raises(SpecError, match="label must be a line of text"):
        Method("cmaes", label=label)
    with pytest.raises(SpecError, match="title must be a line of text"):
        Spec("s", [Problem("sphere", 2)], ["cmaes"], title=label)


def test_errors_that_are_no_text_are_shown(tmp_path: Path) -> None:
    found = run_study(study(Problem(f"{TASKS}:badly_named", 2, BOX), seeds=1), tmp_path, backend="sequential")
    assert {trial["message"] for trial in found.trials} == {"ValueError: bad \udcff name"}
    assert r"bad \udcff name" in write_report(found, tmp_path, quick=True).read_text(encoding="utf-8")
    assert r"bad \udcff name" in export_csv(found, tmp_path / "csv")[0].read_text(encoding="utf-8")
    for encoding in ("ascii", "utf-8"):
        done = call("show", "--failed", tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding})
        assert r"bad \udcff name" in done.stdout
    with pytest.raises(SpecError, match="halves of characters"):
        Method("cmaes", {"name": "\udcff"})


def test_tables_are_printed_where_there_are_no_letters_for_their_signs(tmp_path: Path) -> None:
    found = run_study(study(Problem("sphere", 2), budget=2, seeds=2), tmp_path, backend="sequential")
    assert "∞" in format_table(summary_table(found))
    done = call("show", tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"cmaes +0/2 +inf +- ", done.stdout)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--serve", "99999"], "serve must be a port from 0 to 65535, 0 for any free one, got 99999."),
        (["--serve", "-1"], "serve must be a port from 0 to 65535, 0 for any free one, got -1."),
        (["--every", "nan"], "every must be a positive number of seconds, got nan."),
        (["--every", "-1"], "every must be a positive number of seconds, got -1.0."),
        (["--every", "inf"], "every must be a positive number of seconds, got inf."),
    ],
)
def test_ports_and_pauses_that_are_none_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["watch", str(tmp_path), "--once", *words]) == 2
    assert capsys.readouterr().err == f"error: {told}\n"


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["watch", str(tmp_path), "--once", "--serve", str(port)]) == 2
    assert f"error: port {port} cannot be served (" in capsys.readouterr().err
