"""The examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect

import pytest

import autodiff as ad

MODULES = ("", ".check", ".debugging", ".jacobians", ".losses", ".primitive", ".special", ".tensor", ".transforms")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module("autodiff" + name))
    assert result.attempted > 0 and result.failed == 0


def test_public_names_have_docstrings_with_examples() -> None:
    for name in ad.__all__:
        thing = getattr(ad, name)
        if callable(thing) and not inspect.ismodule(thing):
            assert inspect.getdoc(thing), name
