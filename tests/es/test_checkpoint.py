"""Checkpoints: a run that is killed and resumed ends bit-identical to one that was not."""

import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import es
from es.run.checkpoint import Checkpoint
from problems import Ledger, Objective
from tests.es import functions as F

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "cmaes": {"maxfevals": 604},
    "snes": {"maxfevals": 604},
    "adam": {"maxfevals": 200},
    "l-bfgs-b": {"maxfevals": 60},
    "nelder-mead": {"maxfevals": 200},
    "differential-evolution": {"maxfevals": 500, "bounds": [(-3, 3)] * 4},
    "lra-cmaes": {"maxfevals": 300},
    "cmaes bipop": {"restarts": "bipop", "maxfevals": 6000, "bounds": [(-5, 5)] * 4},
    "cmaes ipop": {"restarts": 3, "maxfevals": 6000, "bounds": [(-5, 5)] * 4},
    "cmaes-margin": {"integrality": [1, 0, 1, 0], "maxfevals": 400},
    "cmaes constrained": {"constraints": {"type": "ineq", "fun": lambda x: 1 - x @ x}, "maxfevals": 600},
    "cmaes noise": {"options": {"noise": "reevaluate"}, "maxfevals": 600},
}


def same(a, b):
    assert a.nfev == b.nfev
    assert a.nit == b.nit
    assert a.fun == b.fun
    assert a.stop == b.stop
    for name in ("x", "mean"):
        assert np.array_equal(a[name], b[name])
    for name, column in a.history.items():
        assert np.array_equal(column, b.history[name], equal_nan=True), name


@pytest.mark.parametrize("name", SETTINGS)
def test_going_on_is_the_same_as_never_having_stopped(name, tmp_path):
    more = {"method": name.split()[0], **SETTINGS[name]}
    if more["method"] == "cmaes-margin":
        more["method"] = "cmaes"
    fun = F.rastrigin if "restarts" in more else F.rosenbrock
    start = np.full(4, 0.4)
    whole = es.minimize(fun, start, rng=5, jac=gradient, **more)
    path = tmp_path / "run.npz"
    for part in (0.2, 0.45, 0.9):  # in pieces, as if the budget had been raised each time
        piece = {**more, "maxfevals": int(part * more["maxfevals"])}
        es.minimize(fun, start, rng=5, jac=gradient, checkpoint=Checkpoint(path, every=0), **piece)
    same(whole, es.minimize(fun, start, rng=5, jac=gradient, checkpoint=path, **more))


def gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


CHILD = """
import sys
import numpy as np
import es
from es.run.checkpoint import Checkpoint
from tests.es.functions import slow_rosenbrock
es.minimize(slow_rosenbrock, np.zeros(4), rng=11, maxfevals=400, checkpoint=Checkpoint(sys.argv[1], every=0))
"""


def test_sigkill_at_a_random_moment(tmp_path):
    path = tmp_path / "run.npz"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen = []
    for _ in range(2):
        before = path.stat().st_ino if path.exists() else None
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], cwd=ROOT, env=environment)
        while child.poll() is None and (not path.exists() or path.stat().st_ino == before):
            time.sleep(0.005)  # until it has written something of its own
        time.sleep(random.uniform(0.05, 0.4))
        assert child.poll() is None, "the run has ended before it could be killed"
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        with np.load(path, allow_pickle=False) as file:  # whole, whatever the moment was
            seen.append(int(file["ledger/nfev"]))
    assert 0 < seen[0] < seen[1] < 400
    ledger = Ledger(Objective(F.rosenbrock, 4))
    resumed = es.minimize(ledger, np.zeros(4), rng=11, maxfevals=400, checkpoint=path)
    assert ledger.nfev == 400
    same(es.minimize(F.rosenbrock, np.zeros(4), rng=11, maxfevals=400), resumed)


def test_a_finished_run_is_not_run_again(tmp_path):
    calls = []

    def fun(x):
        calls.append(1)
        return F.sphere(x)

    first = es.minimize(fun, np.ones(3), rng=1, checkpoint=tmp_path / "a.npz")
    n = len(calls)
    same(first, es.minimize(fun, np.ones(3), rng=1, checkpoint=tmp_path / "a.npz"))
    assert len(calls) == n == first.nfev


def test_a_file_of_another_run_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    es.minimize(F.sphere, np.ones(3), rng=1, maxfevals=50, checkpoint=path)
    for other in ({"rng": 2}, {"x0": np.zeros(3)}, {"method": "snes"}, {"popsize": 9}, {"options": {"active": False}}):
        with pytest.raises(ValueError, match="holds a run with another"):
            es.minimize(**{"fun": F.sphere, "x0": np.ones(3), "rng": 1, "checkpoint": path, **other})


def test_the_file_needs_no_pickle_and_stands_alone(tmp_path):
    path = tmp_path / "a.npz"
    es.minimize(F.sphere, np.ones(3), rng=np.random.default_rng(3), maxfevals=50, checkpoint=path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype.kind != "O" for name in file.files)


def test_failures_survive(tmp_path):
    more = {"rng": 1, "sigma0": 0.3, "on_error": "penalize"}
    es.minimize(F.raises_outside, np.ones(3), maxfevals=40, checkpoint=tmp_path / "a.npz", **more)
    res = es.minimize(F.raises_outside, np.ones(3), maxfevals=80, checkpoint=tmp_path / "a.npz", **more)
    same(es.minimize(F.raises_outside, np.ones(3), maxfevals=80, **more), res)
    assert "boom" in res.first_error
