"""Names of methods."""

import subprocess
import sys

import pytest

import es
from es.registry import TABLE


def test_every_method_describes_itself():
    described = es.methods()
    assert [info.name for info in described if info.kind == "strategy"][:1] == ["cmaes"]
    for info in described:
        assert info.summary.endswith(".") or len(info.summary) > 20, info
        assert (
            info.paper
            and info.cost
            and info.good_for
            and info.kind in ("strategy", "multiobjective", "gradient", "scipy")
        ), info


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
        "import sys, numpy, scipy.linalg\nimport es\n"
        "heavy = 'scipy.optimize scipy.sparse scipy.stats joblib matplotlib tqdm sklearn autodiff.tensor'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in es.__all__:
        assert getattr(es, name) is not None
    assert set(es.__all__) == set(dir(es))
