"""The examples in docstrings of `problems` run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import problems
from problems import registry

MODULES = ["problems", *(m.name for m in pkgutil.walk_packages(problems.__path__, "problems."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, monkeypatch):
    problems.names()  # what registers at its import does so before, and not in the copy
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))  # an example registers a problem
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_public_names_have_examples():
    without = {"entry", "MultiLedger", "Trace", "list"}  # `list` is `names`; the others are shown where they are used
    for name in set(problems.__all__) - without:
        assert ">>>" in inspect.getdoc(getattr(problems, name)), name
