import html
import html.parser
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from experiments.report import write_report
from experiments.statistics import collect, expected_runtime, format_table, summary_table
from experiments.statistics.ranking import rank_methods
from experiments.statistics.sweep import best_cells, parameter_importance, selection_notes, sweep_tables
from tests.experiments.fake_study import make, make_sweep

CHROMIUM = shutil.which("chromium")


class Page(html.parser.HTMLParser):
    """Tags, their attributes, and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    study = make(3)
    study.header["title"] = '<script>alert("title")</script> & more'
    study.header["spec"]["note"] = "<img src=x onerror=alert(1)>"
    study.warnings.append("line 3 of the journal is <torn>")
    study.trials[7]["error"] = "Traceback\n  <module>\nValueError: </script><b>bad</b>"
    return write_report(study, tmp_path_factory.mktemp("report"), quick=True)


def test_page_is_well_formed_and_self_contained(report):
    page = Page(report.read_text())
    assert page.open == []
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    styles = re.findall(r"<style>(.*?)</style>", report.read_text(), re.S)
    assert "url(" not in "".join(styles) and "@import" not in "".join(styles)


def test_everything_from_the_study_is_escaped(report):
    text = report.read_text()
    page = Page(text)
    assert [a for tag, a in page.tags if tag == "script"] == [{}]
    assert "onerror" not in {name for _, a in page.tags for name in a}
    assert '<script>alert("title")' not in text
    shown = "".join(page.text)
    for words in ('alert("title")', "<torn>", "ValueError: </script><b>bad</b>", "onerror=alert(1)"):
        assert words in shown


def test_page_shows_figures_tables_settings_failures_and_provenance(report):
    page = Page(report.read_text())
    images = [a for tag, a in page.tags if tag == "img"]
    assert len(images) >= 3 and all(a["alt"] for a in images)
    ids = {a.get("id") for _, a in page.tags}
    assert {"convergence", "ecdf", "results", "failures", "trials", "settings", "provenance"} <= ids
    shown = "".join(page.text)
    for words in ("L-BFGS-B", "test accuracy", "python -m experiments compare", "grad_cost", "numpy", "0.1.0"):
        assert words in shown


def test_report_leaves_no_partial_file(report):
    assert not list(report.parent.glob("*.part"))
    assert (report.parent / "table.csv").read_text().count("\n") == 1 + 16


def test_table_by_hand():
    study = make(9)
    row = next(r for r in summary_table(study) if (r["problem"], r["method"]) == ("Rosenbrock (n=10)", "CMA-ES"))
    curves = [
        t["curve"]
        for t in study.trials
        if t["problem"]["label"] == row["problem"] and t["method"]["label"] == row["method"]
    ]
    hits = [c["cost"][np.argmax(c["f"] <= 1e-8)] for c in curves]
    assert row["successes"] == row["trials"] == 9
    assert row["ert"] == pytest.approx(np.mean(hits))
    assert row["ert_low"] <= row["ert"] <= row["ert_high"]
    assert row["median_f"] == pytest.approx(np.median([c["f"][-1] for c in curves]))


def test_table_without_known_optimum_uses_the_best_of_the_study():
    study = make(9)
    cells = [c for c in collect(study) if c.problem.startswith("digits")]
    best = min(t["f"] for t in study.trials if t["f_opt"] is None)
    assert cells[0].targets.reference == pytest.approx(best)
    assert not cells[0].targets.known
    assert cells[0].targets.precisions.size == 51
    assert cells[0].targets.precisions[0] / cells[0].targets.precisions[-1] == pytest.approx(1e5)
    assert sum(np.isfinite(c.times()[-1]).sum() for c in cells) >= 1


def test_failed_trials_count_as_failures_not_as_results():
    study = make(9)
    row = summary_table(study)[0]
    assert (row["trials"], row["failed"]) == (8, 1)
    spent = study.trials[8]
    spent["status"] = "timeout"
    row = summary_table(study)[0]
    assert (row["trials"], row["failed"]) == (8, 2)  # it had evaluations: they stay in the statistics


def test_text_table_fits_a_terminal():
    text = format_table(summary_table(make(9)))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 125
    assert lines[0].split()[:3] == ["problem", "method", "reached"]
    assert "1e-8" in text and "test score" in text
    assert format_table([]) == "no finished trials"


def test_sweep_table_names_the_best_setting():
    study = make_sweep({"method.sigma0": [0.001, 0.5, 50.0]}, trials=5)
    rows = summary_table(study)
    assert [row["setting"] for row in rows] == ["sigma0=0.5", "sigma0=0.5"]
    assert [(row["tried"], row["trials"], row["chosen_on"]) for row in rows] == [(3, 2, 3)] * 2
    text = format_table(rows)
    assert "sigma0=0.5 (best of 3)" in text and "chosen on 3 repeats that are not shown" in text
    tables = sweep_tables(study)
    assert [table.parameters for table in tables] == [["method.sigma0"]] * 2


def test_the_best_of_many_equal_settings_is_no_better_than_one():
    """Forty settings that do nothing: chosen and shown on the same trials, the best would win by luck alone."""
    study = make_sweep({"method.decoy": list(range(40))}, trials=8, methods=dict.fromkeys("ABCDEF", "cmaes"))
    selected = [one for one in best_cells(study) if one.cell.problem.startswith("Rastrigin")]
    tables = [table for table in sweep_tables(study) if table.problem.startswith("Rastrigin")]
    typical = np.array([np.median(table.ert) for table in tables])
    lucky = np.array([table.ert.min() for table in tables]) / typical
    honest = np.array([expected_runtime(one.cell.final_times, one.cell.budgets) for one in selected]) / typical
    assert np.median(lucky) < 0.55  # what the figures would show
    assert np.median(honest) > 0.8  # what is left of it on trials that had no part in the choice
    for one in selected:
        assert one.tried == 40 and one.chosen_on == 4 and set(one.cell.seeds) <= {1, 3, 5, 7}
    assert "the best of 40 settings on each problem, chosen on 4 repeats and shown on the 4 others" in " ".join(
        selection_notes(selected)
    )


def test_with_one_repeat_the_choice_is_owned_up_to_and_not_tested():
    study = make_sweep({"method.sigma0": [0.001, 0.5, 50.0]}, trials=1, methods={"A": "cmaes", "B": "snes"})
    selected = best_cells(study)
    assert all(one.cell.biased for one in selected)
    ranking = rank_methods([one.cell for one in selected])
    assert not ranking.best_alone().any()
    assert "looks better than it is" in " ".join(selection_notes(selected))
    assert "on the very trials that are shown" in format_table(summary_table(study))


def test_importance_finds_the_parameter_that_matters():
    rng = np.random.default_rng(0)
    values = {
        "a": rng.random(400).tolist(),
        "b": rng.integers(0, 3, 400).tolist(),
        "c": rng.choice(["x", "y"], 400).tolist(),
    }
    outcome = 10 * np.array(values["a"]) + 0.5 * rng.normal(size=400)
    shares = parameter_importance(values, outcome)
    assert shares["a"] > 0.9
    assert shares["b"] < 0.05 and shares["c"] < 0.05
    assert parameter_importance({"a": [1, 2, 3]}, np.array([np.inf, np.inf, np.inf])) == {"a": 0.0}


def test_a_study_without_trials_has_a_page(tmp_path):
    study = make(1)
    study.trials.clear()
    page = write_report(study, tmp_path).read_text()
    assert "No finished trials" in page


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_page_in_a_browser(report, tmp_path):
    probe = tmp_path / "probe.html"
    script = """
    <script>
    addEventListener("load", () => {
    const head = document.querySelectorAll("#results th")[3].querySelector("button");
    const erts = () => [...document.querySelectorAll("#results tbody tr")].map((r) => r.cells[3].dataset.value);
    head.click(); const up = erts(); head.click(); const down = erts();
    const wide = [...document.images].map((i) => i.complete && i.naturalWidth > 300);
    document.title = JSON.stringify({up, down, wide, scripts: document.scripts.length});
    });
    </script></body>"""
    probe.write_text(report.read_text().replace("</body>", script))
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000",
    ]  # fmt: skip
    dom = subprocess.run(
        [*command, "--dump-dom", probe.as_uri()], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom, re.S)[1]))
    values = [float(v) for v in found["up"]]
    assert values == sorted(values)
    assert [float(v) for v in found["down"]] == sorted(values, reverse=True)
    assert all(found["wide"]) and found["wide"]
    picture = tmp_path / "shot.png"
    subprocess.run(
        [*command, "--window-size=1200,2000", f"--screenshot={picture}", report.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    from matplotlib.image import imread

    assert imread(picture)[..., :3].std() > 0.05
