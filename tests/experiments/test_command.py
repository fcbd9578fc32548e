"""The command line: what it prints, what it refuses, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.cli import main
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
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
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
