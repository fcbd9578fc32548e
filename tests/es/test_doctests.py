"""The examples in the docstrings of `es`, each as a test."""

import doctest
import importlib
import pkgutil

import pytest

import es

NAMES = [es.__name__, *(module.name for module in pkgutil.walk_packages(es.__path__, "es."))]


def examples(name: str) -> list[doctest.DocTest]:
    try:
        module = importlib.import_module(name)
    except ImportError:
        if name.startswith("es.bridges."):  # to a package that is an extra
            return []
        raise
    return [test for test in doctest.DocTestFinder(exclude_empty=True).find(module, name) if test.examples]


EXAMPLES = [test for name in NAMES for test in examples(name)]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_example(example, tmp_path, monkeypatch):
    if "configspace" in example.name:
        pytest.importorskip("ConfigSpace")
    monkeypatch.chdir(tmp_path)  # some write files
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example).failed == 0


def test_public_classes_of_strategies_show_how_they_are_used():
    shown = {example.name for example in EXAMPLES}
    assert {"es.minimize.minimize", "es.strategies.cmaes.CMAES", "es.parts.strategy.Strategy"} <= shown
