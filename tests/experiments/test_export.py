"""Finished trials in other formats."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import Method, Problem, Spec, StoreError, Study, Sweep, run_study
from experiments.export import export_coco, export_csv, export_tables, to_pandas, to_polars
from experiments.ioh import export_ioh
from experiments.published import load_coco
from experiments.statistics import summary_table


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    spec = Spec(
        "bbob-tiny",
        [Problem("bbob-f1", [2, 3], {"instance": "seed"}), Problem("bbob-f8", [2, 3], {"instance": "seed"}), "sphere"],
        [Method("cmaes", label="CMA-ES"), Method("l-bfgs-b", label="L-BFGS-B")],
        seeds=3,
        budget=300,
        sweep=Sweep(grid={"method.sigma0": [1.0, 2.0]}, when={"method.sigma0": {"method.name": "cmaes"}}),
    )
    return run_study(spec, tmp_path_factory.mktemp("study"), backend="sequential")


def test_csv_has_a_row_per_trial_and_per_point(study: Study, tmp_path: Path) -> None:
    trials, curves = export_csv(study, tmp_path)
    rows = list(csv.DictReader(trials.read_text().splitlines()))
    assert len(rows) == len(study.trials) == 45
    assert float(rows[0]["f"]) == study.trials[0]["f"]
    assert {row["method.sigma0"] for row in rows} == {"1.0", "2.0", ""}
    points = list(csv.DictReader(curves.read_text().splitlines()))
    assert len(points) == sum(trial["curve"]["f"].size for trial in study.trials)
    mine = [float(p["f"]) for p in points if p["key"] == study.trials[0]["key"]]
    assert mine == study.trials[0]["curve"]["f"].tolist()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames(study: Study, package: str) -> None:
    pytest.importorskip(package)
    frame = {"pandas": to_pandas, "polars": to_polars}[package](study)
    assert len(frame) == 45
    assert frame["nfev"].sum() == sum(trial["nfev"] for trial in study.trials)
    assert list(frame["method.sigma0"])[:2] == [trial["params"].get("method.sigma0") for trial in study.trials[:2]]


def test_a_notebook_shows_the_table(study: Study) -> None:
    text = study._repr_html_()
    assert "45 of 45 trials finished, 0 failed" in text
    assert text.count("<tr>") == 1 + len(summary_table(study))
    header = {**study.header, "title": "<script>"}
    assert "<script>" not in Study(header, study.trials)._repr_html_()
    assert "<table>" not in Study(header, [])._repr_html_()


def test_iohanalyzer_finds_every_run(study: Study, tmp_path: Path) -> None:
    folders = export_ioh(study, tmp_path)
    assert [folder.name for folder in folders] == ["CMA-ES_sigma0=1.0", "CMA-ES_sigma0=2.0", "L-BFGS-B"]
    for folder in folders:
        tables = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        assert {(table["function_id"], table["function_name"]) for table in tables} == {
            (1, "bbob-f1"), (8, "bbob-f8"), (1001, "sphere"),
        }  # fmt: skip
        for table in tables:
            for scenario in table["scenarios"]:
                lines = (folder / scenario["path"]).read_text().split("evaluations raw_y\n")[1:]
                assert len(lines) == len(scenario["runs"]) == 3
                for text, run in zip(lines, scenario["runs"], strict=True):
                    rows = np.array([line.split() for line in text.splitlines()], dtype=float)
                    assert rows[0, 0] == 1 and (np.diff(rows[:, 0]) > 0).all() and rows[-1, 0] == run["evals"]
                    assert rows[:, 1].min() == run["best"]["y"] >= 0
    with pytest.raises(StoreError, match="none"):
        export_ioh(Study(study.header, []), tmp_path)


def test_iohinspector_reads_what_was_written(study: Study, tmp_path: Path) -> None:
    iohinspector = pytest.importorskip("iohinspector")
    (_, _, gradients) = export_ioh(study, tmp_path)
    manager = iohinspector.DataManager()
    manager.add_folder(str(gradients))
    mine = [trial for trial in study.trials if trial["method"]["label"] == "L-BFGS-B"]
    assert sorted(manager.overview["evals"]) == sorted(round(float(trial["curve"]["cost"][-1])) for trial in mine)
    assert manager.load(True)["data_id"].n_unique() == len(mine) == 15


def test_coco_files_say_what_the_trials_say(study: Study, tmp_path: Path) -> None:
    folders = export_coco(study, tmp_path)
    assert [folder.name for folder in folders] == ["CMA-ES_sigma0=1.0", "CMA-ES_sigma0=2.0", "L-BFGS-B"]
    info = (folders[0] / "bbobexp_f8.info").read_text().splitlines()
    assert "funcId = 8, DIM = 2" in info[0]
    trial = next(
        t
        for t in study.trials
        if t["problem"]["name"] == "bbob-f8" and t["n"] == 2 and t["params"] == {"method.sigma0": 1.0}
    )
    assert info[2].startswith(f"data_f8/bbobexp_f8_DIM2.dat, 1:{trial['nfev']}|")
    lines = (folders[0] / "data_f8" / "bbobexp_f8_DIM2.dat").read_text().split("%")[1].splitlines()[1:]
    counts, gaps = np.loadtxt(lines, usecols=(0, 2), unpack=True)
    np.testing.assert_array_equal(counts, trial["curve"]["cost"])
    np.testing.assert_allclose(gaps, trial["curve"]["f"] - trial["f_opt"], rtol=1e-6, atol=1e-12)


def test_coco_needs_bbob(tmp_path: Path) -> None:
    spec = Spec("s", [Problem("sphere", 2)], ["cmaes"], seeds=1, budget=20)
    with pytest.raises(StoreError, match="bbob-f1 to bbob-f24"):
        export_coco(run_study(spec, tmp_path / "s", backend="sequential"), tmp_path / "coco")


@pytest.mark.heavy
def test_cocopp_postprocesses_the_export(study: Study, tmp_path: Path) -> None:
    pytest.importorskip("cocopp")
    folders = export_coco(study, tmp_path / "exdata")
    code = f"""
import matplotlib; matplotlib.use("Agg")
import cocopp
data = cocopp.load({str(folders[0])!r})
assert len(data) == 4, data
by = {{(d.funcId, d.dim): d for d in data}}
print({{k: (d.detERT([1e-1])[0], list(map(int, d.instancenumbers))) for k, d in by.items()}})
cocopp.main("-o {tmp_path / "ppdata"} {folders[0]} {folders[2]}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "ppdata" / "index.html").exists()
    ert = eval(next(line for line in done.stdout.splitlines() if line.startswith("{(")))
    for (number, n), (value, instances) in ert.items():
        trials = [
            t
            for t in study.trials
            if t["problem"]["name"] == f"bbob-f{number}" and t["n"] == n and t["params"] == {"method.sigma0": 1.0}
        ]
        hits = [t["curve"]["cost"][t["curve"]["f"] - t["f_opt"] <= 1e-1] for t in trials]
        spent = sum(hit[0] if hit.size else t["cost"] for hit, t in zip(hits, trials, strict=True))
        assert value == pytest.approx(spent / sum(hit.size > 0 for hit in hits))
        assert instances == [1, 2, 3]


def test_published_coco_data_are_a_further_method(tmp_path: Path) -> None:
    spec = Spec("s", [Problem("bbob-f1", [2, 3], {"instance": "seed"})], [Method("cmaes")], seeds=3, budget=500)
    study = run_study(spec, tmp_path / "study", backend="sequential")
    (home,) = export_coco(study, tmp_path / "coco")
    both = load_coco(home, study)
    assert both.header["methods"] == ["cmaes", "cmaes (published)"]
    rows = {(r["problem"], r["method"]): r for r in summary_table(both, samples=10)}
    for problem in ("bbob-f1 (n=2)", "bbob-f1 (n=3)"):
        ours, theirs = rows[problem, "cmaes"], rows[problem, "cmaes (published)"]
        assert (ours["successes"], ours["trials"]) == (theirs["successes"], theirs["trials"]) == (3, 3)
        assert theirs["ert"] == ours["ert"]
    with pytest.raises(StoreError, match="no COCO data"):
        load_coco(tmp_path / "study", study)


def test_latex_tables_escape_what_latex_would_read(tmp_path: Path) -> None:
    spec = Spec(
        "s", [Problem("sphere", 2, label="50 % & more_")], [Method("cmaes"), Method("snes")], seeds=2, budget=50
    )
    study = run_study(spec, tmp_path / "study", backend="sequential")
    paths = export_tables(study, tmp_path / "tables")
    assert [path.name for path in paths] == [
        "results.csv", "results.tex", "ranks.csv", "ranks.tex", "overall.csv", "overall.tex"
    ]  # fmt: skip
    text = (tmp_path / "tables" / "results.tex").read_text()
    assert r"50 \% \& more\_" in text
    for path in paths[1::2]:
        lines = path.read_text().splitlines()
        columns = len(lines[0].partition("tabular}{")[2].rstrip("}"))
        assert all(line.count(" & ") == columns - 1 for line in lines[2:-2] if line.startswith(r"\midrule") is False)
