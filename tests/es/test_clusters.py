"""The recipes for clusters in the documentation, run on this machine in the place of one."""

import re
from pathlib import Path

import numpy as np
import pytest

import es

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "experiments/docs/clusters.md").read_text()
pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


def recipe(first_line: str) -> str:
    """The block of the page that begins with this line."""
    (block,) = [block for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) if block.startswith(first_line)]
    return block


@pytest.fixture(autouse=True)
def importable(monkeypatch, tmp_path):
    """Jobs are programs of their own: they find this checkout as they would find an installed package."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sphere():
    # Made here, so that it travels by value: workers elsewhere cannot import this file.
    return lambda x: float((x**2).sum())


def alone(sphere):
    return es.minimize(sphere, np.ones(3), maxfevals=21, rng=1)


def test_submitit(sphere):
    submitit = pytest.importorskip("submitit")
    code = recipe("import submitit").replace(
        'AutoExecutor(folder="jobs")', 'AutoExecutor(folder="jobs", cluster="local")'
    )
    assert 'cluster="local")' in code
    code = code.replace("popsize=100", "maxfevals=21, rng=1").replace(
        "slurm_array_parallelism=100", "slurm_array_parallelism=2"
    )
    names = {"es": es, "f": sphere, "x0": np.ones(3), "submitit": submitit}
    exec(code, names)
    assert names["res"].fun == alone(sphere).fun and names["res"].nfev == 21
    assert list(Path("jobs").iterdir())


def test_dask_jobqueue(sphere):
    pytest.importorskip("distributed")
    jobqueue = pytest.importorskip("dask_jobqueue.local")
    code = recipe("from dask_jobqueue").replace("from dask_jobqueue import SLURMCluster\n", "")
    code = (
        code.replace("jobs=40", "jobs=2")
        .replace("popsize=40", "maxfevals=21, rng=1")
        .replace('walltime="01:00:00"', 'local_directory="."')
    )
    names = {"es": es, "f": sphere, "x0": np.ones(3), "SLURMCluster": jobqueue.LocalCluster}
    exec(code, names)
    names["cluster"].get_client().close()
    names["cluster"].close()
    assert names["res"].fun == alone(sphere).fun and names["res"].nfev == 21


def test_ray(sphere):
    ray = pytest.importorskip("ray")
    joblib = pytest.importorskip("joblib")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False)
    register_ray()
    with joblib.parallel_config("ray"):
        res = es.minimize(sphere, np.ones(3), maxfevals=21, rng=1, workers=None)
    ray.shutdown()
    assert res.fun == alone(sphere).fun
