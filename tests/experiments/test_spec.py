"""Descriptions of studies: reading, mistakes with line and key, keys of trials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import Method, Problem, Spec, SpecError, Sweep, load_spec
from experiments.records import key_of, streams
from experiments.specfile import ready_made, spec_from
from experiments.trial import make_trials
from tests.experiments import tasks

TOML = """\
# a comment = with an equals sign
name = "mine"
seeds = 2
budget = 500

[[problems]]
name = "ellipsoid"   # [not a table]
n = [2,
     5]
rotated = true

[[problems]]
name = "sphere"
n = 3

[[methods]]
name = "cmaes"
sigma0 = 0.3

[sweep.grid]
method.popsize = [8, 16]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_toml_and_python_describe_the_same_study(tmp_path: Path) -> None:
    python = Spec(
        "mine",
        [Problem("ellipsoid", [2, 5], {"rotated": True}), Problem("sphere", 3)],
        [Method("cmaes", {"sigma0": 0.3})],
        seeds=2,
        budget=500,
        sweep=Sweep(grid={"method.popsize": [8, 16]}),
    )
    toml = load_spec(write(tmp_path, TOML))
    assert toml == python
    assert toml.total == 3 * 2 * 2
    assert [p.label for p in toml.problems] == ["rotated ellipsoid (n=2)", "rotated ellipsoid (n=5)", "sphere (n=3)"]


def test_a_study_survives_the_way_through_plain_tables(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, TOML))
    assert spec_from(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("n = 3", "n = 0", 14, "problems[1].n must be a positive integer"),
        ("seeds = 2", "seeds = -1", 3, "seeds must be"),
        ("seeds = 2", "sedes = 2", 3, "did you mean seeds?"),
        ("budget = 500", "budget = 'much'", 4, "budget must be a positive number, got 'much'"),
        ("method.popsize = [8, 16]", "method.popsize = 8", 21, "sweep.grid.method.popsize must be a list"),
        ("method.popsize = [8, 16]", "popsize = [8, 16]", 21, "must be method.<option>"),
        ("[sweep.grid]", "[sweep.gird]", 20, "sweep.gird is not known"),
        ('name = "cmaes"\n', "", 16, "methods[0] needs a name"),
    ],
)
def test_mistakes_name_file_line_and_key(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    path = write(tmp_path, TOML.replace(old, new))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert f"mine.toml, line {line}: " in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"mine\.toml is not valid TOML: .*line 3"):
        load_spec(write(tmp_path, 'name = "mine"\nseeds = 2\nbudget = = 3\n'))


def test_unknown_studies_and_files() -> None:
    with pytest.raises(SpecError, match="did you mean compare"):
        load_spec("compair")
    with pytest.raises(SpecError, match=r"no file nowhere\.toml"):
        load_spec("nowhere.toml")


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_ready_made_studies_read_and_expand(name: str) -> None:
    spec = load_spec(name)
    assert spec.name == name
    assert spec.title
    assert 0 < spec.total <= 60_000


def test_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, TOML)
    spec = load_spec(path, ["seeds=range(3,6)", "method.sigma0=0.1,1", "problem.n=4", "problems=sphere,rastrigin"])
    assert spec.repeats == [3, 4, 5]
    assert [(p.name, p.n) for p in spec.problems] == [("sphere", 4), ("rastrigin", 4)]
    assert spec.sweep.grid == {"method.popsize": [8, 16], "method.sigma0": [0.1, 1]}
    assert load_spec(path, ["method.popsize=7"]).sweep.grid == {}
    assert [p.n for p in load_spec(path, ["problem.n=range(2,4)", "problems=sphere"]).problems] == [2, 3]
    with pytest.raises(SpecError, match="key=value"):
        load_spec(path, ["seeds"])
    with pytest.raises(SpecError, match="did you mean budget"):
        load_spec(path, ["budgte=3"])


def test_python_functions_become_importable_names() -> None:
    assert Problem(tasks.bowl, 2).name == "tests.experiments.tasks:bowl"  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="importable by the worker processes"):
        Problem(lambda x: 0.0, 2)  # type: ignore[arg-type]


def test_labels_are_distinct() -> None:
    spec = Spec("s", ["sphere", "sphere"], [Method("cmaes", {"popsize": 8}), Method("cmaes", {"popsize": 16})])
    assert [m.label for m in spec.methods] == ["cmaes popsize=8", "cmaes popsize=16"]
    assert len({p.label for p in spec.problems}) == 2


def trial_of(**changes: object) -> dict[str, object]:
    problem = Problem("sphere", 3, {"shift": changes.pop("shift", 1.0)})
    spec = Spec("s", [problem], [Method("cmaes")], seeds=[2], **changes)  # type: ignore[arg-type]
    return make_trials(spec)[0]


def test_the_key_is_the_content_only() -> None:
    key = trial_of()["key"]
    assert trial_of(title="other", shift=1)["key"] == key
    assert trial_of(shift=1.5)["key"] != key
    assert trial_of(seed=2)["key"] != key
    assert trial_of(budget=77)["key"] != key
    many = make_trials(Spec("t", ["sphere", Problem("sphere", 3, {"shift": 1.0})], ["snes", "cmaes"], seeds=5))
    assert key in {trial["key"] for trial in many}
    assert all(trial["key"] == key_of(trial) for trial in many)


def test_streams_depend_on_the_content_and_starts_are_shared_by_methods() -> None:
    trials = make_trials(Spec("s", [Problem("sphere", 3)], ["cmaes", "snes"], seeds=3))
    starts, own = zip(*[streams(trial) for trial in trials], strict=True)
    draws = [np.random.default_rng(s).random() for s in starts]
    assert draws[:3] == draws[3:]
    assert len(set(draws)) == 3
    assert len({np.random.default_rng(s).random() for s in own}) == 6


def test_equal_trials_are_one() -> None:
    spec = Spec(
        "s",
        ["sphere"],
        ["momentum", "adam"],
        seeds=2,
        sweep=Sweep(grid={"method.momentum": [0.5, 0.9]}, when={"method.momentum": {"method.name": "momentum"}}),
    )
    assert spec.total == 2 * 2 + 2
    assert spec.total == len({trial["key"] for trial in make_trials(spec)})


def test_instances_follow_the_repeats() -> None:
    trials = make_trials(Spec("s", [Problem("bbob-f1", 2, {"instance": "seed"})], ["cmaes"], seeds=3))
    assert [trial["problem"]["options"]["instance"] for trial in trials] == [1, 2, 3]
    assert len({trial["problem"]["label"] for trial in trials}) == 1


A, B = Method("snes", label="A"), Method("snes", label="B")


@pytest.mark.parametrize(
    ("problems", "methods", "sweep", "words"),
    [
        ([Problem("sphere", 2)], [A, B], Sweep(), "methods must differ .* A and B are the same snes"),
        ([Problem("sphere", 2, label="P"), Problem("sphere", 2, label="Q")], [A], Sweep(),
         "problems must differ .* P and Q are the same sphere"),
        ([Problem("sphere", 2)], [Method("cmaes"), Method("cmaes", {"popsize": 8})],
         Sweep(grid={"method.popsize": [8, 16]}), "cmaes and cmaes popsize=8 are the same cmaes"),
        ([Problem("bbob-f1", 2, {"instance": "seed"}), Problem("bbob-f1", 2, {"instance": 2})], [A], Sweep(),
         "are the same bbob-f1 in repeat 1"),
        ([Problem("sphere", 2, label="m (n=2)"), Problem("rastrigin", 2, label="m (n=3)")], [A],
         Sweep(grid={"problem.n": [4, 5]}), r"problems must be told apart .* two of them are m \(n=4\)"),
    ],
)  # fmt: skip
def test_rows_that_are_the_same_or_cannot_be_told_apart_are_refused(
    problems: list[Problem], methods: list[Method], sweep: Sweep, words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        _ = Spec("s", problems, methods, seeds=2, sweep=sweep).total


def test_swept_names_and_dimensions_are_the_same_rows() -> None:
    both = Sweep(grid={"problem.n": [4, 5], "method.name": ["snes", "cmaes"]})
    assert Spec("s", [Problem("sphere", [2, 3])], ["snes", "cmaes"], seeds=2, sweep=both).total == 2 * 2 * 2


def test_a_number_behind_a_label_is_not_taken_by_another() -> None:
    spec = Spec("s", ["sphere"], [A, A, Method("cmaes", label="A #2"), Method("cmaes", label="A #2")])
    assert len({m.label for m in spec.methods}) == 4
