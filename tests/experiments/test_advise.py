"""Advice on a function: what a look sees, what a race costs, what is said."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import problems
from experiments import advise
from experiments.candidates import candidates
from experiments.cli import main
from experiments.probe import Probe, as_objective, probe
from problems import Objective

NOISE = np.random.default_rng(5)


def bowl(x: Any) -> Any:
    return ((x - 0.3) ** 2).sum(-1)


def coupled(x: Any) -> Any:
    return bowl(x) + (x[..., 0] * x[..., 1])


def long_valley(x: Any) -> Any:
    return (x * x * 10.0 ** np.arange(0, x.shape[-1])).sum(-1)


def rugged(x: Any) -> Any:
    return (x * x - 10 * np.cos(2 * np.pi * x) + 10).sum(-1)


def steps(x: Any) -> Any:
    return np.floor(np.abs(x) * 2).sum(-1)


def noisy(x: Any) -> float:
    return float(bowl(np.asarray(x))) + 0.1 * NOISE.standard_normal()


def one_point(x: Any) -> float:
    return float(sum(float(v) ** 2 for v in x))


def wrong(x: Any) -> tuple[Any, Any]:
    return bowl(x), 3.0 - 2.0 * (x - 0.3)


def look(f: Any, n: int = 4, sigma: float = 0.5, **more: Any) -> Probe:
    start = np.full(n, 0.7)
    return probe(as_objective(f, n, None, start)[0], start, sigma, **more)


def test_a_look_sees_populations_gradients_and_sums() -> None:
    seen = look(bowl)
    assert seen.vectorized and seen.differentiable and seen.noise == 0 and not seen.flat
    assert seen.coupled < 1e-6 and seen.condition == pytest.approx(1.0) and seen.rugged == 0
    assert seen.evaluations <= 400


@pytest.mark.parametrize(
    ("f", "fact"),
    [
        (coupled, lambda seen: seen.coupled > 0.2),
        (long_valley, lambda seen: 900 < seen.condition < 1e5),
        (rugged, lambda seen: seen.rugged > 0.5),
        (steps, lambda seen: not seen.differentiable),
        (noisy, lambda seen: seen.noise > 0.01 and not seen.differentiable and not seen.vectorized),
        (one_point, lambda seen: not seen.vectorized and not seen.differentiable),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_look_sees_what_is_difficult(f: Any, fact: Any) -> None:
    seen = look(f, sigma=2.0 if f is rugged else 0.5)
    assert fact(seen), seen


def test_a_gradient_that_does_not_agree_is_not_used() -> None:
    objective = Objective(wrong, n=3, jac=True, x0=np.zeros(3))
    seen = probe(objective, np.zeros(3), 0.5)
    assert not seen.differentiable and "does not agree" in seen.notes[0]
    assert all(c.method not in ("slsqp", "l-bfgs-b", "bfgs", "adam") for c in candidates(seen, 0.5, 1e5))


@pytest.mark.parametrize("f", [bowl, steps, noisy])
def test_a_model_of_all_points_is_tried_where_evaluations_are_very_few(f: Any) -> None:
    seen = look(f)
    tried = ["gp" in [c.method for c in candidates(seen, 0.5, budget)] for budget in (50, 100, 1000)]
    assert tried == [True, True, False]


def test_few_evaluations_are_kept_to_the_last_one() -> None:
    calls = []

    def slow(x: Any) -> float:
        calls.append(1)
        time.sleep(0.003)
        return one_point(np.asarray(x) - 0.2)

    advice = advise(slow, np.zeros(4), evaluations=300)
    assert len(calls) == advice.evaluations <= 300
    assert advice.method in ("auto", "lq-cmaes", "separable-search", "quasi-newton")
    assert advice.line.startswith("res = es.minimize(f, x0, method=")


def test_the_answer_is_a_line_that_runs_and_says_why(tmp_path: Path) -> None:
    said: list[str] = []
    advice = advise(problems.get("rosenbrock", n=4), seconds=3, say=said.append)
    assert advice.method in ("auto", "slsqp", "l-bfgs-b", "bfgs", "quasi-newton", "lq-cmaes") and len(said) >= 4
    import es

    f, x0 = problems.get("rosenbrock", n=4), np.zeros(4)
    scope: dict[str, Any] = {"es": es, "f": f, "x0": x0}
    statement = compile(advice.line.replace(", vectorized=True", ""), "line", "single")
    options = {k: v for k, v in advice.options.items() if k == "sigma0"}
    result = es.minimize(f, x0, method=advice.method, rng=1, **options)
    assert statement.co_names[:2] == ("es", "minimize") and set(scope) >= {"es", "f", "x0"}
    assert result.fun < 1e-6 or result.fun == pytest.approx(3.7014, abs=1e-3)  # its local minimum in four variables
    text = str(advice)
    assert "Take " in text and "What would change the answer" in text and "times its evaluations" in text
    assert [path.suffix for path in advice.draw(tmp_path)] == [".png", ".svg", ".csv", ".txt"]


@pytest.mark.parametrize("f", [bowl, coupled, rugged, noisy, one_point], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [2, 7])
@pytest.mark.parametrize("spare", [0, 1, 57, 1100])
def test_no_more_is_evaluated_than_was_allowed(f: Any, n: int, spare: int) -> None:
    points, said = 0, []

    def counted(x: Any) -> Any:
        nonlocal points
        points += 1  # a call that raises is one, whatever it was given
        value = f(x)
        points += int(np.prod(np.shape(x)[:-1])) - 1
        return value

    least = 26 + 8 * max(10, n + 5)
    with pytest.raises(ValueError, match=rf"evaluations must be at least {least} for {n} variables .*got {least - 1}"):
        advise(counted, np.ones(n), evaluations=least - 1)
    assert points == 0
    advice = advise(counted, np.ones(n), evaluations=least + spare, say=said.append)
    assert 0.6 * (least + spare) < advice.evaluations <= least + spare
    # gradients are charged as the time that they take, so that the evaluations are no fewer than the points
    assert points <= advice.evaluations and (advice.probe.differentiable or points == advice.evaluations)
    budgets = [int(word) for line in said for word in re.findall(r"runs of up to (-?\d+) evaluations", line)]
    assert budgets and min(budgets) >= max(10, n + 5)


def test_points_at_which_f_raises_count_too() -> None:
    calls = []

    def moody(x: Any) -> float:
        calls.append(1)
        time.sleep(0.003)
        if len(calls) > 30 and len(calls) % 5 == 0:
            raise RuntimeError("not today")
        return one_point(x)

    advice = advise(moody, np.ones(3), evaluations=160)
    assert len(calls) == advice.evaluations <= 160


def test_a_race_ends_when_nobody_uses_a_larger_budget() -> None:
    said: list[str] = []
    started = time.perf_counter()
    advice = advise(problems.get("sphere", n=2), seconds=60, say=said.append)
    assert time.perf_counter() - started < 40
    spent = [int(word) for line in advice.because for word in re.findall(r"(\d+) evaluations", line)]
    assert spent and max(spent) <= advice.evaluations
    assert max(float(cell.budgets.max()) for cell in advice.cells) in spent


def test_rugged_ground_is_not_answered_by_one_descent() -> None:
    advice = advise(problems.get("rastrigin", n=4), seconds=6)
    assert advice.method in ("auto", "separable-search", "powell")


def test_nothing_can_be_said_of_what_has_no_value_or_no_size() -> None:
    with pytest.raises(ValueError, match="x0 must be given"):
        advise(bowl)
    with pytest.raises(ValueError, match="gave no finite value"):
        advise(lambda x: float("nan"), [0.0, 0.0], seconds=1)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["advise", "tests.experiments.tasks:bowl", "--x0=0,0", "--seconds", "1", "--jobs", "1"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "res = es.minimize(bowl, x0, method=" in printed and (tmp_path / "advice.png").exists()
    for bad, message in (
        (["advise", "tests.experiments.tasks:nothing", "--x0=0"], "has no nothing"),
        (["advise", "sphere", "--x0=a"], "x0 must be numbers"),
        (["advise", "spere"], "sphere"),
        (["advise", "sphere", "--n", "3", "--evaluations", "5"], "evaluations must be at least 100 for 3 variables"),
        (["advise", "tests.experiments.tasks:OF_THREE", "--n", "5"], "n=5 was asked for and it has n=3"),
        (["advise", "tests.experiments.tasks:bowl", "--x0=0,0", "--n", "5"], "n=5 was asked for and x0 has 2 numbers"),
        (["advise", "sphere", "--n", "2", "--seconds", "-1"], "seconds must be positive"),
        (["advise", "sphere", "--bounds=1"], "bounds must be LOW,HIGH"),
        (["advise", "sphere", "--n", "2", "--bounds=-1,1"], "bounds cannot be changed for the objective"),
    ):
        assert main(bad) == 2
        errors = capsys.readouterr().err
        assert message in errors and errors.count("\n") == 1
