"""The examples in docstrings of layers, update rules and graphs run by themselves and give what they say."""

import doctest
import importlib
import inspect

import pytest

from autodiff import descent, nn

MODULES = [
    "batches",
    "checkpoint",
    "conv",
    "descent",
    "graph",
    "pool",
    "schedules",
    "update_rule",
    "nn",
    "nn.activations",
    "nn.initialisers",
    "nn.layers",
    "nn.learned_activations",
    "nn.losses",
    "nn.model",
    "nn.regularisation",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(f"autodiff.{name}")):
        test.globs = {}  # an example must bring its imports
        runner.run(test)
    result = runner.summarize()
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("package", [nn, descent])
def test_every_public_name_has_an_example(package):
    for name in package.__all__:
        assert ">>>" in (inspect.getdoc(getattr(package, name)) or "") or name == "rules", name
