"""The examples in docstrings run by themselves and give what they say; what is public has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import autodiff as ad
from autodiff import nn, optim

MODULES = ["autodiff", *sorted(m.name for m in pkgutil.walk_packages(ad.__path__, "autodiff."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        test.globs = {}  # an example must bring its imports
        runner.run(test)
    assert runner.summarize().failed == 0


@pytest.mark.parametrize("package", [ad, nn, optim], ids=lambda package: package.__name__)
def test_every_public_name_has_an_example(package) -> None:
    without = {name for name in package.__all__ if ">>>" not in (inspect.getdoc(getattr(package, name)) or "")}
    assert without <= {"rules", "LostGradient"}
