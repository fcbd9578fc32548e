"""Checkpoints: a run that is killed and resumed ends bit-identical to one that was not."""

import os
import pickle
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

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


# Which run it is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"workers": 2},
        {"restarts": "bipop"},
        {"method": "snes"},
        {"method": "nelder-mead"},
        {"constraints": {"type": "ineq", "fun": lambda x: 1 - x @ x}},
        {"options": {"noise": "reevaluate"}},
        {"x0": None, "fun": Objective(F.rosenbrock, 4, bounds=[(-2, 2)] * 4)},
    ],
    ids=str,
)
def test_a_run_without_a_seed_goes_on(more, tmp_path):
    path = tmp_path / "run.npz"
    given = {"fun": F.rosenbrock, "x0": np.full(4, 0.4), **more}
    first = es.minimize(**given, maxfevals=150, checkpoint=path)
    second = es.minimize(**given, maxfevals=400, checkpoint=path)
    again = es.minimize(**given, maxfevals=400, checkpoint=path)
    assert second.nfev > first.nfev == 150
    same(second, again)
    if given["x0"] is not None:
        same(second, es.minimize(**given, maxfevals=400, rng=second.seed))


LIMIT = [1.0]


def above(least):
    return {"type": "ineq", "fun": lambda x: x[0] - least}


class Above:
    def __init__(self, least):
        self.least = least

    def __call__(self, x):
        return x[0] - self.least


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ({"constraints": above(1)}, {"constraints": above(2)}, "constraints"),
        ({"constraints": above(1)}, {"constraints": {"type": "ineq", "fun": lambda x: -5 - x[0]}}, "constraints"),
        ({"constraints": {"type": "ineq", "fun": Above(1)}}, {"constraints": {"type": "ineq", "fun": Above(2)}},
         "constraints"),
        ({"constraints": {"type": "ineq", "fun": lambda x: x[0] - 1}},
         {"constraints": {"type": "eq", "fun": lambda x: x[0] - 1}}, "constraints"),
        ({"constraints": {"type": "ineq", "fun": lambda x, a: x[0] - a, "args": (1,)}},
         {"constraints": {"type": "ineq", "fun": lambda x, a: x[0] - a, "args": (2,)}}, "constraints"),
        ({"constraints": LinearConstraint([[1, 0, 0]], 1, np.inf)},
         {"constraints": LinearConstraint([[-1, 0, 0]], 5, np.inf)}, "constraints"),
        ({"constraints": NonlinearConstraint(np.sum, 1, np.inf)},
         {"constraints": NonlinearConstraint(np.sum, -np.inf, 1)}, "constraints"),
        ({"constraints": above(1)}, {}, "constraints, stop"),
        ({"method": "cmaes"}, {"options": {"noise": "reevaluate"}}, "noise"),
        ({"rng": np.random.default_rng(1)}, {"rng": np.random.default_rng(2)}, "rng"),
        ({"rng": np.random.default_rng(1)}, {"rng": 1}, "rng"),
        ({"rng": np.random.SeedSequence(1)}, {"rng": np.random.SeedSequence(1).spawn(1)[0]}, "rng"),
        ({"integrality": [1, 0, 0]}, {"integrality": [0, 1, 0]}, "integrality"),
        ({"method": "cmaes"}, {"integrality": [0, 1, 0]}, "integrality, method"),
        ({"bounds": [(-2, 2)] * 3}, {"bounds": [(-2, 3)] * 3}, "bounds"),
        ({"restarts": 1}, {"restarts": 2}, "restarts"),
        ({"sigma0": 1.0}, {"sigma0": 2.0}, "sigma0"),
        ({"method": "adam", "options": {"lr": lambda t: 0.1}, "jac": F.sphere_gradient},
         {"method": "adam", "options": {"lr": lambda t: 0.2}, "jac": F.sphere_gradient}, "lr"),
    ],
)  # fmt: skip
def test_what_differs_is_named(first, second, name, tmp_path):
    common = {"fun": F.sphere, "x0": np.ones(3), "maxfevals": 40, "checkpoint": tmp_path / "a.npz"}
    es.minimize(**{**common, "rng": 3, **first})
    with pytest.raises(ValueError, match=f"holds a run with another {name}: give it what it began with"):
        es.minimize(**{**common, "rng": 3, **second})
    copies = {"rng": np.random.default_rng(1)} if "Generator" in str(first) else {}
    es.minimize(**{**common, "rng": 3, **first, **copies})  # the same settings, made anew


def test_another_version_of_python_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    common = {"fun": F.sphere, "x0": np.ones(3), "rng": 3, "maxfevals": 40, "checkpoint": path}
    monkeypatch.setattr("es.run.checkpoint.VERSION", "3.7")
    es.minimize(**common, constraints={"type": "ineq", "fun": lambda x: x[0] + x[1] - 1})
    monkeypatch.undo()
    other = {"type": "ineq", "fun": lambda x: x[0] - x[1] - 1}  # as another compiler would have made of it
    with pytest.raises(
        ValueError, match=r"written by Python 3\.7, and the code of the functions in constraints cannot"
    ):
        es.minimize(**common, constraints=other)
    with pytest.raises(ValueError, match="holds a run with another constraints, sigma0"):
        es.minimize(**common, constraints=other, sigma0=2.0)
    path.unlink()
    monkeypatch.setattr("es.run.checkpoint.VERSION", "3.7")
    es.minimize(**common, bounds=[(-2, 2)] * 3)
    monkeypatch.undo()
    es.minimize(**common, bounds=[(-2, 2)] * 3)  # where there are no functions any version will do


# The file --------------------------------------------------------------------------------------------


def never(x):
    raise AssertionError("an evaluation was made")


def test_a_place_that_cannot_be_written_is_found_at_the_start(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    places = [tmp_path / "no" / "run.npz", tmp_path]
    if os.geteuid() != 0:
        locked.chmod(0o500)
        places.append(locked / "run.npz")
    for place in places:
        with pytest.raises(ValueError, match=r"cannot be written|got a folder"):
            es.minimize(never, np.ones(3), checkpoint=place)


def test_damaged_and_foreign_files_are_refused_in_a_sentence(tmp_path):
    path = tmp_path / "run.npz"
    es.minimize(F.sphere, np.ones(3), rng=1, maxfevals=60, checkpoint=path)
    whole = path.read_bytes()
    np.savez(tmp_path / "foreign.npz", a=np.arange(3))
    np.save(tmp_path / "array.npy", np.arange(3))
    contents = [b"", b"hello", whole[: len(whole) // 2], whole[:100], whole[100:], pickle.dumps([1, 2]), b"PK\x03\x04"]
    contents += [(tmp_path / name).read_bytes() for name in ("foreign.npz", "array.npy")]
    for at in range(40, len(whole) - 200, max(1, len(whole) // 25)):
        contents.append(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    for content in contents:
        path.write_bytes(content)
        for rng in (1, None):
            try:
                es.minimize(F.sphere, np.ones(3), rng=rng, maxfevals=60, checkpoint=path)
            except ValueError as error:
                assert str(path) in str(error) and "another file name" in str(error), error
                assert "pickle" not in str(error)
                assert path.read_bytes() == content
            else:
                assert content[40:] != whole[40:] and len(content) == len(whole)  # a flipped bit without a meaning
                path.write_bytes(content)


def test_a_later_save_that_fails_warns_and_the_run_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    calls = []

    def fun(x):
        calls.append(1)
        if len(calls) == 30:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        return F.sphere(x)

    with pytest.warns(RuntimeWarning, match="cannot be written .*: the run goes on without"):
        res = es.minimize(
            fun, np.ones(3), method="cmaes", rng=1, maxfevals=200, checkpoint=Checkpoint(folder / "run.npz", every=0)
        )
    assert res.nfev == 200


def test_a_relative_path_is_that_of_the_start(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    def fun(x):
        os.chdir(tmp_path / "elsewhere")
        return F.sphere(x)

    es.minimize(fun, np.ones(3), rng=1, maxfevals=50, checkpoint="run.npz")
    assert (tmp_path / "run.npz").exists() and not list((tmp_path / "elsewhere").iterdir())


def test_modes_follow_the_umask_and_links_stay(tmp_path):
    real = tmp_path / "real.npz"
    for mask in (0o022, 0o077):
        before = os.umask(mask)
        try:
            real.unlink(missing_ok=True)
            es.minimize(F.sphere, np.ones(3), rng=1, maxfevals=50, checkpoint=real)
        finally:
            os.umask(before)
        assert real.stat().st_mode & 0o777 == 0o666 & ~mask
    link = tmp_path / "link.npz"
    link.symlink_to(real)
    es.minimize(F.sphere, np.ones(3), rng=1, maxfevals=80, checkpoint=link)
    assert link.is_symlink()


def test_what_a_killed_save_has_left_is_removed(tmp_path):
    path = tmp_path / "run.npz"
    left = [tmp_path / f"run.npz.{i:016x}.part" for i in range(3)]
    mine = [tmp_path / "run.npz.part", tmp_path / "other.npz.0000000000000000.part", tmp_path / "run.npz.bak.part"]
    for file in left + mine:
        file.write_text("x")
    es.minimize(F.sphere, np.ones(3), rng=1, maxfevals=50, checkpoint=path)
    assert not any(file.exists() for file in left) and all(file.exists() for file in mine)
