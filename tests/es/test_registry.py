"""Names of methods."""

import subprocess
import sys

import pytest

import es
from es.registry import TABLE


def test_every_method_describes_itself():
    described = es.methods()
    assert described[0].name == "cmaes"
    for info in described:
        assert 15 < len(info.summary) < 160 and info.summary.endswith("."), info
        assert info.paper and info.cost and info.good_for, info
        assert info.kind in ("strategy", "categorical", "model", "hybrid", "multiobjective", "gradient", "scipy"), info


def test_every_method_is_a_class_of_the_package():
    for info in es.methods():
        cls = es.get_method(info.name)
        assert getattr(es, cls.__name__) is cls and cls.__name__ in es.__all__


def test_methods_can_be_asked_for_names_and_given_back():
    assert "cmaes" in es.methods() and "cma" not in es.methods() and es.methods()[0] in es.methods()
    assert es.get_method(es.methods()[0]) is es.CMAES
    assert es.minimize(lambda x: x @ x, [1.0, 1.0], method=es.methods()[0], maxfevals=20, rng=1).method == "CMAES"


def test_names():
    assert es.get_method("cmaes") is es.CMAES
    assert es.get_method("CMAES") is es.CMAES
    assert es.get_method("sep_cmaes") is es.SepCMAES
    assert es.get_method(es.SNES) is es.SNES
    with pytest.raises(ValueError, match=r"got 'cma-es': did you mean .*cmaes"):
        es.get_method("cma-es")
    with pytest.raises(ValueError, match="got 'zzz': known are"):
        es.get_method("zzz")


def test_register(monkeypatch):
    monkeypatch.setattr("es.registry.TABLE", dict(TABLE))

    class Mine(es.SNES):
        """A strategy of one's own."""

    es.register("mine", Mine)
    assert es.get_method("mine") is Mine
    with pytest.raises(ValueError, match="method 'cmaes' is taken"):
        es.register("cmaes", Mine)


def test_import_is_light():
    """Beyond numpy and scipy.linalg nothing heavy is imported at once."""
    code = (
        "import sys, numpy, scipy.linalg\nbefore = set(sys.modules)\nimport es\n"
        "heavy = 'scipy.optimize scipy.sparse scipy.stats joblib matplotlib tqdm sklearn autodiff.tensor'.split()\n"
        "print([name for name in heavy if name in sys.modules and name not in before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in es.__all__:
        assert getattr(es, name) is not None
    assert set(es.__all__) == set(dir(es))


def test_everything_is_imported_with_and_without_packages_that_are_optional():
    """In an interpreter of its own: what is left out of a star says what it needs when it is asked for."""
    program = """
import sys
for name in {missing}: sys.modules[name] = None
import inspect
import es
given, builtin = set(es.__all__), list
assert given == set(dir(es))
from es import *
from autodiff import *
from problems import *
from experiments import *
assert given <= set(globals()) and Space is es.Space and list is builtin
inspect.getmembers(es)
left = {"EvolutionSearchCV", "nevergrad_optimizer", "optuna_sampler"} - given
for name in left:
    try:
        getattr(es, name)
    except ImportError as error:
        assert f"es.{name} needs" in str(error) and "pip install 'evotape[" in str(error), error
    else:
        raise AssertionError(name)
print(*sorted(left))
"""
    for missing, left in (
        ([], None),
        (["nevergrad", "optuna", "sklearn"], "EvolutionSearchCV nevergrad_optimizer optuna_sampler"),
    ):
        found = subprocess.run(
            [sys.executable, "-c", program.replace("{missing}", repr(missing))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stderr
        assert left is None or found.stdout.strip() == left
