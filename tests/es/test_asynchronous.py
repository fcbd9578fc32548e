"""`es.minimize(asynchronous=True)`: workers stay busy, limits hold, and nothing that was told is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

import es
from es.run.journal import Journal

ROOT = Path(__file__).parents[2]


def sphere(x):
    return float(x @ x)


def make_uneven():
    """A function within a function, which travels to workers by value."""

    def uneven(x):
        time.sleep(0.002 * (1 + 4 * (abs(x[0] * 1e6) % 1.0)))
        return float(x @ x)

    return uneven


class Busy:
    """How much of the time each thread computes."""

    def __init__(self, seconds, seed=0):
        self.seconds, self.rng, self.lock = seconds, np.random.default_rng(seed), threading.Lock()
        self.spent, self.began, self.running, self.most = 0.0, None, 0, 0

    def __call__(self, x):
        with self.lock:
            nap = self.seconds * self.rng.lognormal(0, 0.7)
            self.began = time.perf_counter() if self.began is None else self.began
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(nap)
        with self.lock:
            self.spent += nap
            self.running -= 1
        return float(x @ x)

    def share(self, workers):
        return self.spent / workers / (time.perf_counter() - self.began)


def test_with_one_worker_it_is_the_run_of_whole_populations():
    for more in ({"maxfevals": 240}, {"maxiter": 30, "bounds": [(-1, 3)] * 4}, {"restarts": 2, "maxfevals": 3000}):
        one, other = (
            es.minimize(sphere, np.ones(4), rng=1, popsize=8, asynchronous=flag, **more) for flag in (True, False)
        )
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.mean, other.mean)
        assert (one.nfev, one.nit, one.stop, one.message) == (other.nfev, other.nit, other.stop, other.message)
        for name in ("nit", "nfev", "best", "median", "sigma"):
            np.testing.assert_array_equal(one.history[name], other.history[name], err_msg=name)


@pytest.mark.parametrize("workers", [2, "threads"])
def test_workers(workers):
    with ThreadPoolExecutor(3) as threads:
        res = es.minimize(
            make_uneven(), np.full(3, 2.0), rng=1, asynchronous=True, maxfevals=200,
            workers=threads if workers == "threads" else workers,
        )  # fmt: skip
    assert res.nfev == 200 and res.fun < 0.1 and res.stop == {"maxfevals": 200.0}
    assert res.history["nfev"][-1] <= 200 and res.nit > 10


@pytest.mark.heavy
def test_dask():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        res = es.minimize(make_uneven(), np.full(3, 2.0), rng=1, asynchronous=True, workers=client, maxfevals=100)
    assert res.nfev == 100 and res.fun < 1


def test_no_more_than_the_budget_is_evaluated_and_all_workers_are_used():
    busy = Busy(0.002)
    with ThreadPoolExecutor(4) as threads:
        res = es.minimize(busy, np.ones(3), rng=1, asynchronous=True, workers=threads, maxfevals=37)
    assert res.nfev == 37 and busy.most == 4


def test_a_target_ends_it_at_once():
    res = es.minimize(sphere, np.ones(3), rng=1, popsize=50, asynchronous=True, ftarget=2.0)
    assert res.success and res.nfev < 50 and res.stop == {"ftarget": res.fun}


def test_uneven_evaluations_keep_two_workers_busy():
    busy = Busy(0.01)
    with ThreadPoolExecutor(2) as threads:
        es.minimize(busy, np.ones(4), rng=1, asynchronous=True, workers=threads, maxfevals=80)
    share = busy.share(2)
    lazy = Busy(0.01)
    with ThreadPoolExecutor(2) as threads:
        es.minimize(lazy, np.ones(4), rng=1, workers=threads, maxfevals=80)
    assert share > lazy.share(2) - 0.1  # figures are in experiments/benchmarks/es_asynchronous.py


def make_failing():
    def failing(x):
        if x[0] > 1.2:
            raise ArithmeticError("no value here")
        if x[0] > 1.1:
            os._exit(1)
        if x[0] > 1.0:
            time.sleep(60)
        return float(x @ x)

    return failing


def test_errors_dead_workers_and_time_limits_are_penalised():
    res = es.minimize(
        make_failing(), np.full(2, 0.9), sigma0=0.2, rng=1, asynchronous=True, workers=2, maxfevals=30, timeout=0.5,
        on_error="penalize",
    )  # fmt: skip
    assert res.nfev == 30 and 0 < res.n_failed < 30 and res.fun < 2 and res.first_error


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_are_raised(workers):
    with pytest.raises(ArithmeticError, match="no value here") as caught:
        es.minimize(
            make_failing(), np.full(2, 2.0), sigma0=0.1, rng=1, asynchronous=True, workers=workers, maxfevals=30
        )
    assert any("raised at x = " in note for note in caught.value.__notes__)


def test_an_executor_of_the_callers_that_breaks_is_told_of():
    with ThreadPoolExecutor(2) as threads:
        threads.shutdown()
        with pytest.raises(RuntimeError, match="the executor in workers gave up a task"):
            es.minimize(sphere, np.ones(2), rng=1, asynchronous=True, workers=threads, maxfevals=30)


def test_constraints():
    circle = NonlinearConstraint(lambda x: x @ x, 1, np.inf)
    whole = es.minimize(lambda x: x.sum(), [2.0, 1.0], bounds=[(0, 3)] * 2, constraints=circle, rng=1, maxfevals=600)
    with ThreadPoolExecutor(3) as threads:
        for workers in (1, threads):
            res = es.minimize(
                lambda x: x.sum(), [2.0, 1.0], bounds=[(0, 3)] * 2, constraints=circle, rng=1, maxfevals=600,
                asynchronous=True, workers=workers,
            )  # fmt: skip
            # Along the arc f is at most sqrt(2); how near its ends threads come hangs on their order.
            assert res.violation == 0 and res.x @ res.x >= 1 and res.fun < 1.42 and res.ncev == 600
            if workers == 1:
                np.testing.assert_array_equal(res.x, whole.x)


def test_space_restarts_and_auto():
    space = es.Space(a=(0, 4), b=es.Integer(1, 9), c=["x", "y"])

    def cost(p):
        return (p["a"] - 1) ** 2 + (p["b"] - 3) ** 2 + (p["c"] == "x")

    with ThreadPoolExecutor(3) as threads:
        res = es.minimize(
            cost, space, method="auto", rng=1, restarts="bipop", asynchronous=True, workers=threads, maxfevals=900
        )
    assert res.nfev <= 900 and res.x["b"] == 3 and res.x["c"] == "y" and res.fun < 1e-3


def test_a_space_with_conditions_goes_on_where_it_was_killed(tmp_path):
    space = es.Space(
        kind=es.Choice("a", "b"), x=es.Linear(-2, 2, when={"kind": "a"}), y=es.Linear(-2, 2, when={"kind": "b"})
    )
    count = 0

    def cost(p):
        return (p["x"] - 1) ** 2 + 0.5 if p["kind"] == "a" else p["y"] ** 2

    def dying(p):
        nonlocal count
        count += 1
        if count % 27 == 0:
            raise KeyboardInterrupt
        return cost(p)

    common = {"rng": 1, "maxfevals": 200}
    whole = es.minimize(cost, space, **common)
    for _ in range(60):
        try:
            kept = es.Checkpoint(tmp_path / "run.npz", every=1e9)
            res = es.minimize(dying, space, asynchronous=True, checkpoint=kept, **common)
            break
        except KeyboardInterrupt:
            pass
    assert res.nfev == 200 and res.x == whole.x and res.fun == whole.fun and count <= 200 + 200 // 26 + 1
    with ThreadPoolExecutor(4) as threads:
        res = es.minimize(cost, space, asynchronous=True, workers=threads, **common)
    assert res.nfev == 200 and res.x["kind"] == "b" and res.fun < 1e-3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"method": "adam"}, "Adam goes from point to point: take 'cmaes'"),
        ({"method": "nelder-mead"}, "NelderMead goes from point to point"),
        ({"method": "quasi-newton"}, "QuasiNewton goes from point to point"),
        ({"method": "lq-cmaes"}, "LQCMAES evaluates its populations in parts that it chooses"),
        ({"options": {"noise": "reevaluate"}}, r"cannot be combined with options\['noise'\]"),
        ({"workers": map}, "asynchronous=True needs workers that report one by one, got a map-like callable"),
        ({"asynchronous": 2}, "asynchronous must be"),
    ],
)
def test_what_cannot_be(more, message):
    with pytest.raises(ValueError, match=message):
        es.minimize(sphere, np.ones(2), **{"asynchronous": True, "maxfevals": 10, **more})


def test_the_callback_ends_it():
    def callback(intermediate_result):
        if intermediate_result.nit == 3:
            raise StopIteration

    res = es.minimize(sphere, np.ones(3), rng=1, popsize=6, asynchronous=True, callback=callback)
    assert res.nit == 3 and res.nfev == 18 and res.stop == {"callback": 3.0}


# Saving --------------------------------------------------------------------------------------------


def test_a_run_goes_on_bit_for_bit(tmp_path):
    """With one worker, killed by an exception after each few evaluations."""
    path, count = tmp_path / "run.npz", 0

    def dying(x):
        nonlocal count
        count += 1
        if count % 23 == 0:
            raise KeyboardInterrupt
        return sphere(x)

    common = {"rng": 3, "popsize": 7, "asynchronous": True, "maxfevals": 300, "restarts": 1}
    whole = es.minimize(sphere, np.ones(3), **common)
    for _ in range(60):
        try:
            res = es.minimize(dying, np.ones(3), checkpoint=es.Checkpoint(path, every=1e9), **common)
            break
        except KeyboardInterrupt:
            assert path.with_name("run.npz.told").exists()
    np.testing.assert_array_equal(res.x, whole.x)
    np.testing.assert_array_equal(res.mean, whole.mean)
    assert (res.nfev, res.nit, res.stop) == (whole.nfev, whole.nit, whole.stop)
    assert count <= 300 + 300 // 22 + 1  # each value that was told is known
    assert not path.with_name("run.npz.told").exists()
    again = es.minimize(sphere, np.ones(3), checkpoint=path, **{**common, "maxfevals": 310})
    assert again.nfev == 310


def test_a_constrained_run_goes_on_bit_for_bit(tmp_path):
    count = 0

    def dying(x):
        nonlocal count
        count += 1
        if count % 31 == 0:
            raise KeyboardInterrupt
        return sphere(x)

    common = {
        "rng": 3, "asynchronous": True, "maxfevals": 200, "constraints": NonlinearConstraint(lambda x: x[0], 0.5, 3)
    }  # fmt: skip
    whole = es.minimize(sphere, np.ones(3), **common)
    for _ in range(60):
        try:
            res = es.minimize(dying, np.ones(3), checkpoint=es.Checkpoint(tmp_path / "run.npz", every=1e9), **common)
            break
        except KeyboardInterrupt:
            pass
    np.testing.assert_array_equal(res.x, whole.x)
    assert res.violation == whole.violation == 0 and res.nfev == 200


KILLED = """
import os, sys, time
import numpy as np
import es

log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def fun(x):
    time.sleep(0.002 + 0.006 * (abs(x[0] * 1e6) % 1.0))
    f = float(x @ x)
    os.write(log, (" ".join([f.hex(), *[v.hex() for v in x.tolist()]]) + "\\n").encode())
    return f

if __name__ == "__main__":
    from concurrent.futures import ThreadPoolExecutor
    res = es.minimize(
        fun, np.ones(4), rng=1, popsize=8, asynchronous=True, workers=ThreadPoolExecutor(3), maxfevals=400,
        checkpoint=es.Checkpoint({path!r}, every=0.2),
    )
    print("ended", res.nfev, float(res.fun).hex())
"""


# The same over a space with conditions.
SPACE = "es.Space(kind=['a', 'b'], u=(-2, 2), v=es.Linear(-2, 2, when={{'kind': 'b'}}), w=es.Integer(-3, 3))"
CONDITIONAL = (
    KILLED.replace("def fun(x):", "def fun(p):\n    x = np.array([p['u'], p.get('v', 1.0), float(p['w'])])")
    .replace("np.ones(4)", SPACE)
    .replace("popsize=8, ", "")
)


@pytest.mark.parametrize(
    "script_of", [KILLED, pytest.param(CONDITIONAL, marks=pytest.mark.heavy)], ids=["plain", "conditional"]
)
def test_sigkill_loses_no_told_point(script_of, tmp_path):
    path, log, script = tmp_path / "run.npz", tmp_path / "log", tmp_path / "run.py"
    script.write_text(script_of.format(path=str(path), log=str(log)))
    rng = np.random.default_rng(0)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told, kills = 0, 0
    for _ in range(40):
        process = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True)
        if told < 250:  # then to the end
            before = evaluations(log)
            while process.poll() is None and len(evaluations(log)) == len(before):
                time.sleep(0.005)
            time.sleep(rng.uniform(0.01, 0.12))
            process.send_signal(signal.SIGKILL)
            kills += 1
        out = process.communicate()[0]
        if out:
            break
        before, told = told, counted(path)
        assert told >= before
        # All but what was with a worker at a kill.
        assert len(evaluations(log)) - told <= 3 * kills
    assert kills > 2 and out == f"ended 400 {min(evaluations(log)).hex()}\n"
    assert len(evaluations(log)) <= 400 + 3 * kills


def evaluations(log):
    """Values of all points that were evaluated."""
    return [float.fromhex(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []


def counted(path):
    """How many values were told: what the checkpoint has counted, and what the journal adds to it."""
    with np.load(path) as file:
        nfev, name = int(file["ledger/nfev"]), str(file["asynchronous/name"])
    return nfev + sum("told" in event for event in Journal(path).read(name))
