"""The command line: what it prints, what it refuses, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import Method, Problem, Spec, load, load_spec, run_study
from experiments.cli import main
from experiments.study import Interrupted
from tests.experiments.studies import call

FAST = """\
name = "fast"
seeds = 2
budget = 20

[[problems]]
name = "sphere"
n = 2

[[problems]]
name = "tests.experiments.tasks:{objective}"
n = 2
label = "own"
bounds = [[-1, 1], [-1, 1]]

[[methods]]
name = "cmaes"
"""


def study(folder: Path, objective: str = "slow_bowl") -> str:
    path = folder / "fast.toml"
    path.write_text(FAST.format(objective=objective))
    return str(path)


def run(*words: str | Path) -> int:
    return main([str(word) for word in words])


def test_a_study_from_start_to_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["sweep", study(tmp_path), "--backend", "sequential", "--out", out, "--no-report"]
    assert run(*words) == 0
    captured = capsys.readouterr()
    assert "4/4" in captured.err
    assert "4 trials in" in captured.out
    assert run(*words, "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert run("show", out) == 0
    assert "4 of 4 trials finished" in capsys.readouterr().out
    assert run("export", out) == 0
    header, *rows = (out / "export-csv" / "trials.csv").read_text().splitlines()
    assert header.startswith("key,problem,n,method,seed")
    assert len(rows) == 4
    assert run("show", out, "--key", rows[0][:8]) == 0
    assert '"nfev"' in capsys.readouterr().out
    assert run("sweep", study(tmp_path), "seeds=3", "--out", out, "--backend", "sequential", "--no-report") == 2
    assert "seeds is 2 there and 3 here" in capsys.readouterr().err
    assert (
        run("sweep", study(tmp_path), "seeds=3", "--out", out, "--extend", "--backend", "sequential", "--no-report")
        == 0
    )
    assert "6 trials in" in capsys.readouterr().out


def test_failed_trials_are_told_and_can_be_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", study(tmp_path, "broken"), "--backend", "sequential", "--no-report", "--quiet"]
    assert run(*words, "--out", tmp_path / "going") == 1
    printed = capsys.readouterr().out
    assert "2 trials failed" in printed
    assert "RuntimeError: the simulator is down" in printed
    assert run("show", tmp_path / "going", "--failed") == 0
    assert 'raise RuntimeError("the simulator is down")' in capsys.readouterr().out
    assert run(*words, "--out", tmp_path / "going", "--retry-failed") == 1
    assert run(*words, "--out", tmp_path / "fast", "--fail-fast") == 1
    assert "stopped at the first failed trial" in capsys.readouterr().err


def test_dry_run_counts_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", study(tmp_path), "--dry-run", "method.sigma0=0.1,1", "--out", tmp_path / "out", "seeds=2"]
    assert run(*words) == 0
    printed = capsys.readouterr().out
    assert "fast: 8 trials (4 settings x 2 repeats)" in printed
    assert "cmaes on sphere (n=2), repeat 0, method.sigma0=0.1" in printed
    assert not (tmp_path / "out").exists()


def test_dry_run_says_what_would_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", study(tmp_path), "seeds=2", "--out", str(tmp_path / "out")]
    assert run(*words, "--backend", "sequential", "--no-report", "--quiet") == 0
    before = (tmp_path / "out" / "journal.jsonl").read_bytes()
    capsys.readouterr()
    assert run(*words, "--dry-run") == 0
    printed = capsys.readouterr().out
    assert f"4 of the trials are finished in {tmp_path / 'out'}; nothing would run." in printed
    assert "Time:" not in printed and "Stacks:" not in printed
    assert run(*words, "seeds=3", "--dry-run") == 2  # as without --dry-run
    assert "seeds is 2 there and 3 here" in capsys.readouterr().err
    assert run(*words, "seeds=5", "--dry-run", "--extend") == 0
    printed = capsys.readouterr().out
    assert "; 6 would run." in printed and "Stacks: 3 trials in " in printed and "Time:" in printed
    assert (tmp_path / "out" / "journal.jsonl").read_bytes() == before


def test_dry_run_counts_failed_trials_when_they_would_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", study(tmp_path, "broken"), "--out", str(tmp_path / "out")]
    assert run(*words, "--backend", "sequential", "--no-report", "--quiet") == 1
    capsys.readouterr()
    assert run(*words, "--dry-run") == 0
    assert f"4 of the trials are finished in {tmp_path / 'out'}; nothing would run." in capsys.readouterr().out
    assert run(*words, "--dry-run", "--retry-failed") == 0
    assert f"2 of the trials are finished in {tmp_path / 'out'}; 2 would run." in capsys.readouterr().out


@pytest.mark.parametrize("words", [["timeout=30"], ["--timeout", "30"]])
def test_dry_run_knows_that_trials_with_a_time_limit_run_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run("sweep", study(tmp_path), "--dry-run", "--out", tmp_path / "out") == 0
    assert "Stacks: " in capsys.readouterr().out
    assert run("sweep", study(tmp_path), "--dry-run", "--out", tmp_path / "out", *words) == 0
    assert "Each trial runs alone." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare", "methods=cmase"], "cmaes"),
        (["compare", "problems=spere"], "sphere"),
        (["compare", "sedes=3"], "did you mean seeds"),
        (["sweep", "no-such-study"], "no study is called"),
        (["sweep", "missing.toml"], "no file missing.toml"),
        (["show", "nowhere"], "holds no results"),
        (["export", "nowhere"], "holds no results"),
        (["bench", "nothing"], "no benchmark is called"),
        (["compare", "problems=nomodule:fun"], "nomodule"),
        (["compare", "method.no_such_option=3", "problems=sphere"], "no_such_option"),
        (["compare", "--jobs", "0"], "jobs must be a number of workers"),
        (["compare", "--backend", "nosuch"], "backend must be one of loky"),
        (["compare", "--timeout", "-1"], "timeout must be a positive number"),
        (["compare", "--timeout", "nan"], "timeout must be a positive number"),
        (["compare", "seeds=1.5"], "seeds must be a positive number of repeats"),
        (["compare", "seeds=three"], "seeds must be a positive number of repeats"),
        (["compare", "budget=1,,3"], "budget must have a value on either side of each comma"),
        (["compare", "methods=cmaes,"], "methods must have a value on either side of each comma"),
        (["compare", "budget=10,abc"], "budget must be a positive number, got 'abc'"),
        (["compare", "maxcost=10,-1"], "maxcost must be a positive number, got -1"),
        (["compare", "precision=0,1"], "precision must be a positive number, got 0"),
        (["show", "x" * 400], "cannot be used: File name too long"),
        (["report", "x" * 400], "cannot be used: File name too long"),
        (["watch", "--once", "x" * 400], "cannot be used: File name too long"),
        (["merge", "x" * 400, "--out", "merged"], "cannot be used: File name too long"),
        (["export", "x" * 400], "cannot be used: File name too long"),
        (["compare", "--out", "x" * 400, "problems=sphere", "methods=cmaes"], "File name too long"),
        (["sweep", "x" * 400 + ".toml"], "File name too long"),
        (["advise", "sphere", "--n", "2", "--seed", "-1"], "seed must be a non-negative integer, got -1"),
        (["advise", "sphere", "--x0=nan,1"], "x0 must be finite, got [nan"),
        (["compare", "seeds=1.5,2"], "seeds must be a positive number of repeats"),
        (["compare", "title=3"], "title must be text"),
        (["compare", "problem.n=0"], "must be a positive integer"),
        (["compare", "method.sigma0=nan"], "must be a finite number"),
        (["sweep", "latin.toml"], "must be UTF-8"),
        (["sweep", "folder.toml"], "there is no file"),
        (["sweep", "leaving.toml"], "ends Python when it is imported"),
        (["sweep", "dividing.toml"], "ZeroDivisionError"),
        (["compare", "methods=l-bfgs-b", "problems=bbob-f7", "problem.n=2"], 'skip = ["bbob-f7"]'),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("latin.toml").write_bytes("name = 'gr\u00f6\u00dfer'".encode("latin-1"))
    Path("folder.toml").mkdir()
    for name, line in (("leaving", "raise SystemExit(0)"), ("dividing", "1 / 0")):
        Path(f"module_{name}.py").write_text(f"{line}\n")
        Path(f"{name}.toml").write_text(f"methods = ['cmaes']\n[[problems]]\nname = 'module_{name}:f'\nn = 2\n")
    assert run(*words) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_help_names_every_command() -> None:
    shown = call("--help").stdout
    for name in ("compare", "sweep", "report", "show", "export", "list", "gallery", "bench"):
        assert f"    {name}" in shown


def test_list_names_studies_methods_and_problems(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    printed = capsys.readouterr().out
    for name in ("compare", "cmaes", "l-bfgs-b", "rosenbrock"):
        assert name in printed


@pytest.mark.parametrize("backend", ["sequential", "loky", "threading"])
def test_what_fails_silently_is_a_failed_trial(backend: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem(f"tests.experiments.tasks:{name}", 2, {"bounds": [[-1, 1], [-1, 1]]}, label=name)
        for name in ("leaving", "never_a_number", "chatty")
    ]
    spec = Spec("silent", problems, [Method("cmaes")], seeds=2, budget=10)
    study = run_study(spec, tmp_path, backend=backend, jobs=2)
    by_name = {name: [t for t in study.trials if t["problem"]["label"] == name] for name in ("leaving", "chatty")}
    assert [t["status"] for t in by_name["leaving"]] == ["error"] * 2
    assert "SystemExit: 0" in by_name["leaving"][0]["message"]
    assert [t["status"] for t in by_name["chatty"]] == ["ok"] * 2
    for trial in by_name["chatty"]:
        assert "said in Python" in trial["output"] and "warned about" in trial["output"]
        assert ("said by a child" in trial["output"]) == (backend == "loky")
    lost = [t for t in study.trials if t["problem"]["label"] == "never_a_number"]
    assert all(t["status"] == "error" and "gave a finite value" in t["message"] for t in lost)
    printed = capfd.readouterr()
    assert "said in Python" not in printed.out + printed.err
    assert main(["show", str(tmp_path), "--trial", by_name["chatty"][0]["key"][:10]]) == 0
    assert "said in Python" in capfd.readouterr().out


def test_ctrl_c_stays_ctrl_c(tmp_path: Path) -> None:
    spec = Spec(
        "stopped",
        [Problem("tests.experiments.tasks:interrupting", 2, {"bounds": [[-1, 1], [-1, 1]]})],
        [Method("cmaes")],
        seeds=2,
    )
    with pytest.raises(Interrupted, match="0 of 2 trials are finished"):
        run_study(spec, tmp_path, backend="sequential")


def test_a_dry_run_neither_imports_nor_calls_what_the_user_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("module_dry.py").write_text("open('imported', 'w').close()\ndef f(x): return float(x @ x)\n")
    problem = "name = 'module_dry:f'\nn = 2\nstart = [-1, 1]\n"
    Path("dry.toml").write_text(f"seeds = 4\nmethods = ['cmaes', 'snes']\n[[problems]]\n{problem}")
    assert run("sweep", "dry.toml", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert not Path("imported").exists() and not Path("results").exists()
    assert "--estimate" in printed and "Time:" not in printed
    assert "4 repeats and 1 comparison" in printed
    for named in (
        "problems = ['sphere']\nmethods = ['module_dry:F', 'cmaes']",
        "problems = ['sphere']\nmethods = ['cmaes']\n[sweep.grid]\nproblem.name = ['module_dry:f', 'sphere']",
    ):
        Path("other.toml").write_text(f"seeds = 4\n{named}\n")
        assert run("sweep", "other.toml", "--dry-run", "problem.n=2") == 0
        assert "No time is estimated for module_dry:" in capsys.readouterr().out and not Path("imported").exists()
    assert run("sweep", "dry.toml", "--dry-run", "--estimate") == 0
    assert "Time: " in capsys.readouterr().out and Path("imported").exists()


def test_a_study_says_what_it_cannot_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--dry-run", "seeds=4", "problems=sphere,rastrigin", "problem.n=2", "budget=10") == 0
    printed = capsys.readouterr().out
    assert "no difference can be significant" in printed and "repeats would do" in printed
    assert "Time: " in printed


def test_a_full_disk_while_drawing_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **more: object) -> Path:
        raise OSError(28, "No space left on device", "convergence.png")

    monkeypatch.setattr("experiments.report.write_report", full)
    assert run("sweep", study(tmp_path), "--out", tmp_path / "out", "--backend", "sequential", "--quiet") == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: convergence.png cannot be written (No space left on device)")
    assert errors.count("\n") == 1 and len(load(tmp_path / "out").trials) == 4


def test_folders_are_reported_merged_watched_and_written_as_latex(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--backend", "sequential", "--no-report", "--quiet"]
    for name, seeds in (("a", "seeds=2"), ("b", "seeds=2,3")):
        assert run("sweep", study(tmp_path), seeds, "--out", tmp_path / name, *more) == 0
    assert run("merge", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "both") == 0
    assert len(load(tmp_path / "both").trials) == 8
    assert run("report", tmp_path / "a", tmp_path / "b", "--beside", "--out", tmp_path / "beside") == 0
    page = (tmp_path / "beside" / "report.html").read_text()
    assert "cmaes (a)" in page and "cmaes (b)" in page and 'http-equiv="refresh"' not in page
    assert run("export", tmp_path / "beside", "--latex") == 2
    assert run("export", tmp_path / "both", "--latex") == 0
    text = (tmp_path / "both" / "export-tables" / "results.tex").read_text()
    assert text.startswith("\\begin{tabular}{ll") and "\\bottomrule" in text and "cmaes" in text
    capsys.readouterr()
    half = tmp_path / "half"
    half.mkdir()
    lines = (tmp_path / "a" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (half / "journal.jsonl").write_bytes(b"".join(lines[:4]))
    assert run("watch", half, "--once") == 0
    assert "2 of 4 trials" in capsys.readouterr().out
    assert '<meta http-equiv="refresh" content="20">' in (half / "report.html").read_text()
    assert run("watch", tmp_path / "a", "--serve") == 0  # complete: the page is written, served for a moment, and done
    printed = capsys.readouterr().out
    assert "http://127.0.0.1:" in printed and "4 of 4 trials" in printed


def test_titles_tell_of_what_ran(tmp_path: Path) -> None:
    spec = load_spec("compare", ["methods=cmaes,snes", "problems=rosenbrock", "problem.n=2"])
    assert spec.heading == "CMA-ES and SNES on rosenbrock (n=2)"
    assert load_spec("compare", ["seeds=2"]).heading == load_spec("compare").title
    assert load_spec("compare", ["methods=snes", "title=mine"]).heading == "mine"
