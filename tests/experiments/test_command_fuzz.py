"""Odd words on the command line and odd values in a study's TOML: each ends in a result or in one sentence.

A kind is a pair of a place and an odd value. It is defined if `main` returns, or leaves with status 2 after a sentence
that names the place. `python -m tests.experiments.test_command_fuzz` lists the rest.
"""

from __future__ import annotations

import collections
import contextlib
import io
import itertools
import json
import os
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main

WORDS = {
    "empty": "", "space": " ", "text": "abc", "comma": ",", "equals": "=", "minus": "-", "-1": "-1", "0": "0",
    "half": "0.5", "nan": "nan", "inf": "inf", "-inf": "-inf", "1e300": "1e300", "digits": "9" * 400, "list": "[1, 2]",
    "broken list": "[1, 2", "dict": "{'a': 1}", "range": "range(2,6)", "huge range": "range(0,10**12)", "none": "None",
    "true": "True", "unicode": "ß→", "quote": '"', "newline": "a\nb", "path": "/no/such/place",
    "code": "__import__('os')",
    "complex": "1j", "several": "1,2,3", "odd list": "1,,3",
}  # fmt: skip
VALUES = {
    "text": "abc", "empty": "", "-1": -1, "0": 0, "half": 0.5, "nan": float("nan"), "inf": float("inf"), "1e300": 1e300,
    "digits": 10**18, "true": True, "empty list": [], "list": [1, 2], "texts": ["a", "b"],
    "nested": [[1.0], [2.0, 3.0]],
    "empty table": {}, "table": {"a": 1}, "tables": [{"a": 1}], "mixed": [1, "a"], "unicode": "ß→", "date": "DATE",
}  # fmt: skip
SETTINGS = [
    *(
        "seeds",
        "seed",
        "budget",
        "maxcost",
        "grad_cost",
        "precision",
        "timeout",
        "name",
        "title",
        "methods",
        "problems",
    ),
    *(
        "problem.n",
        "method.sigma0",
        "method.popsize",
        "problem.rotated",
        "no_such",
        "method.no_such",
        "problem.no_such",
    ),
]
COMMANDS: list[tuple[list[str], str]] = [
    *[(["compare", "--dry-run", f"{name}=@"], name.rpartition(".")[2].removesuffix("s")) for name in SETTINGS],
    (["compare", "--dry-run", "@"], "key=value|settings|argument"),
    (["compare", "--dry-run", "--spec", "@"], "study|STUDY|spec"),
    (["sweep", "@", "--dry-run"], "study|STUDY|spec"),
    (["sweep", "sigma0", "--dry-run", "--jobs", "@"], "jobs"),
    (["sweep", "sigma0", "--dry-run", "--backend", "@"], "backend"),
    (["sweep", "sigma0", "--dry-run", "--timeout", "@"], "timeout"),
    (["advise", "@", "--n", "2", "--bounds=-1,1", "--evaluations", "20", "--jobs", "1"], "function|problem|module"),
    (["advise", "sphere", "--x0=@", "--evaluations", "20", "--jobs", "1"], "x0"),
    (["advise", "sphere", "--n", "@", "--evaluations", "20", "--jobs", "1"], "n"),
    (["advise", "sphere", "--n", "2", "--bounds=@", "--evaluations", "20", "--jobs", "1"], "bounds"),
    (["advise", "sphere", "--n", "2", "--seconds", "@", "--evaluations", "20", "--jobs", "1"], "seconds"),
    (["advise", "sphere", "--n", "2", "--evaluations", "@", "--seconds", "1", "--jobs", "1"], "evaluations"),
    (["advise", "sphere", "--n", "2", "--seed", "@", "--evaluations", "20", "--jobs", "1"], "seed"),
    (["report", "@"], "folder|study|results"), (["merge", "@", "--out", "merged"], "folder|study|results"),
    (["watch", "@", "--once"], "folder|study|results"), (["show", "@"], "folder|study|results"),
    (["export", "@"], "folder|study|results"), (["list", "@"], "what|argument"), (["@"], "COMMAND|command"),
    (["lesson", "@"], "lesson"), (["gallery", "--trajectories", "@"], "problem|trajectories"),
    (["bench", "@"], "benchmark"),
]  # fmt: skip
STUDY: dict[str, Any] = {
    "name": "odd", "seeds": 2, "budget": 20, "problems": [{"name": "sphere", "n": 2}], "methods": [{"name": "cmaes"}],
}  # fmt: skip
PLACES = [
    *[(key,) for key in ("name", "title", "seeds", "seed", "budget", "maxcost", "grad_cost", "precision", "timeout")],
    *[(key,) for key in ("problems", "methods", "sweep", "no_such")],
    *[("problems", 0, key) for key in ("name", "n", "label", "budget", "maxcost", "precision", "bounds", "no_such")],
    *[("methods", 0, key) for key in ("name", "label", "skip", "sigma0", "popsize", "restarts", "options", "no_such")],
    *[("sweep", key) for key in ("grid", "random", "zip", "no_such")],
    *[("sweep", "grid", key) for key in ("method.sigma0", "problem.n", "budget", "no_such")],
    *[("sweep", "random", key) for key in ("n", "method.sigma0")],
]


def toml(value: Any) -> str:
    """A value as TOML writes it, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if value == "DATE":
        return "2020-01-01"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def study_with(place: tuple[Any, ...], value: Any) -> str:
    """The study with a value at a place."""
    study = json.loads(json.dumps(STUDY))
    inner = study
    for key, following in itertools.pairwise(place):
        if isinstance(inner, dict):
            inner = inner.setdefault(key, [] if isinstance(following, int) else {})
        else:
            inner = inner[key]
    inner[place[-1]] = value
    return "\n".join(f"{key} = {toml(entry)}" for key, entry in study.items())


def fate(words: list[str], name: str) -> str:
    """How a command ends: "result", "sentence", or what is wrong with its end."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status = main(words)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 2
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    said = err.getvalue().strip()
    if status != 2:
        return "result"
    if not re.search(name, said):
        return f"a sentence without the name: {said[-150:]}"
    return "sentence" if "Traceback" not in said else f"a traceback: {said[-150:]}"


def kinds() -> Any:
    """Label, words, what the sentence must name; `@` is the odd value, of TOML the text of the study."""
    for (words, name), (odd, word) in itertools.product(COMMANDS, WORDS.items()):
        yield f"{' '.join(words)} @={odd}", [part.replace("@", word) for part in words], name, None
    for place, (odd, value) in itertools.product(PLACES, VALUES.items()):
        key = next(part for part in reversed(place) if isinstance(part, str))
        names = {part.rpartition(".")[2].removesuffix("s") for part in (key, *place) if isinstance(part, str)}
        yield f"toml {'.'.join(map(str, place))}={odd}", [], "|".join(sorted(names)), study_with(place, value)


def rest() -> tuple[int, list[str]]:
    """Number of kinds, and those that are not defined."""
    left, number, before = [], 0, Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for label, words, name, study in kinds():
                if study is not None:
                    Path("odd.toml").write_text(study)
                    words = ["sweep", "odd.toml", "--dry-run"]
                number += 1
                end = fate(words, name)
                if end not in ("result", "sentence"):
                    left.append(f"{label}: {end}")
        finally:
            os.chdir(before)
    return number, left


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_odd_words_and_values_end_in_a_result_or_in_one_sentence() -> None:
    number, left = rest()
    assert number >= 1000
    assert len(left) <= 0.03 * number, "\n".join(left)


if __name__ == "__main__":
    total, undefined = rest()
    print("\n".join(undefined))
    print(f"{total} kinds, {1 - len(undefined) / total:.1%} defined; left by place:")
    for place, count in collections.Counter(line.split("=")[0] for line in undefined).most_common():
        print(f"  {count:4d} {place}")
