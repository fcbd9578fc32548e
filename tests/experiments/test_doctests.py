"""The examples in the docstrings of `experiments` run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import experiments

MODULES = ["experiments", *(m.name for m in pkgutil.walk_packages(experiments.__path__, "experiments."))]
EXAMPLES = [
    pytest.param(test, id=test.name)
    for name in MODULES
    if not name.endswith("__main__")
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    if test.examples
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 30


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: doctest.DocTest, capsys: pytest.CaptureFixture[str]) -> None:
    failed = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example).failed
    assert failed == 0, capsys.readouterr().out
