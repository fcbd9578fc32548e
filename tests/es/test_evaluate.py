"""Evaluation: workers of every kind, and objectives that fail in every way."""

import concurrent.futures as futures
import multiprocessing
import os

import joblib
import numpy as np
import pytest

import es
from es.evaluation.evaluate import Evaluator
from es.evaluation.opening import open_workers
from es.evaluation.outcome import chunks
from es.evaluation.parcel import Parcel
from problems import Ledger, Objective
from tests.es import functions as F


def run(fun, **more):
    return es.minimize(fun, np.ones(3), **{"rng": 1, "maxfevals": 60, "sigma0": 0.3, **more})


SERIAL = run(F.sphere)


@pytest.fixture(scope="module")
def threads():
    with futures.ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def processes():
    with futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_any_workers_give_the_same_run(threads, processes):
    for workers in (2, -1, None, map, threads, processes, threads.map):
        res = run(F.sphere, workers=workers)
        assert (res.x == SERIAL.x).all(), workers
        assert res.nfev == SERIAL.nfev


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "sequential"])
def test_backends_of_joblib(backend):
    with joblib.parallel_config(backend, n_jobs=2):
        assert (run(F.sphere, workers=None).x == SERIAL.x).all()
        assert (run(F.sphere, workers=2).x == SERIAL.x).all()


def test_lambdas_travel_and_joblib_still_works_afterwards():
    shift = 1.0
    res = run(lambda x: F.sphere(x - shift) + 1, workers=2)
    assert res.fun < 2
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (-1, -2)) == [1, 2]
    assert (run(F.sphere, workers=2).x == SERIAL.x).all()


def test_work_is_done_elsewhere_with_one_blas_thread():
    assert run(F.blas_threads, workers=2, maxfevals=14).fun == 1.0
    ledger = Ledger(Objective(F.process_id, 3))
    with Evaluator(ledger, workers=2) as evaluate:
        f, _ = evaluate(np.zeros((8, 3)))
    assert os.getpid() not in f
    assert ledger.nfev == 8


def test_vectorized_objective_and_gradients_on_workers():
    ledger = Ledger(Objective(F.rows_sphere, 3, vectorized=True))
    x = np.arange(15.0).reshape(5, 3)
    with Evaluator(ledger, workers=2) as evaluate:
        f, g = evaluate(x, gradients=True)
    assert (f == F.rows_sphere(x)).all()
    assert g == pytest.approx(2 * x)
    assert (ledger.nfev, ledger.njev) == (5, 5)


def test_a_heavy_objective_travels_once():
    data = np.ones(100_000)
    parcel = Parcel(lambda x: float(data[0]))
    assert len(parcel.packed()) > 500_000
    import pickle

    assert len(pickle.dumps(parcel.light())) < 1000
    assert run(lambda x: F.sphere(x) + data[0], workers=2).fun == pytest.approx(SERIAL.fun + 1)


def test_unpicklable_objective():
    lock = __import__("threading").Lock()
    with pytest.raises(TypeError, match="fun must be picklable"):
        run(lambda x: F.sphere(x) if lock else 0.0, workers=2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("fun", [F.raises_outside, F.calls_exit])
def test_exceptions(fun, workers):
    res = run(fun, workers=workers, on_error="penalize")
    assert np.isfinite(res.fun)
    assert res.nfev == 60
    assert 0 < res.n_failed < 60
    assert "Traceback" in res.first_error
    assert "failed" in res.message
    ledger = Ledger(Objective(fun, 3))
    with pytest.raises((RuntimeError, SystemExit)) as caught:
        es.minimize(ledger, np.full(3, 0.8), sigma0=0.2, rng=1, workers=workers)
    assert "raised at x" in caught.value.__notes__[0]
    assert ledger.nfev > 0  # what had been evaluated is in the books
    assert np.isfinite(ledger.f_best)


def test_the_first_failing_row_is_raised_and_the_rows_before_it_are_booked():
    ledger = Ledger(Objective(F.raises_outside, 1))
    with Evaluator(ledger) as evaluate, pytest.raises(RuntimeError, match="boom") as caught:
        evaluate(np.array([[0.5], [0.2], [2.0], [0.1], [3.0]]))
    assert "2." in caught.value.__notes__[0]
    assert ledger.nfev == 2


def test_an_exception_that_cannot_be_pickled():
    with pytest.raises(RuntimeError, match="Unpicklable: two arguments"):
        run(F.raises_unpicklable, workers=2)


def test_a_point_that_kills_its_worker():
    res = run(F.kills_worker, workers=2, on_error="penalize", maxfevals=7)
    assert np.isfinite(res.fun)
    assert res.nfev == 7
    assert res.n_failed > 0
    assert "died twice" in res.first_error
    ledger = Ledger(Objective(F.kills_worker, 3))
    with pytest.raises(RuntimeError, match="a worker died twice while it evaluated fun") as caught:
        es.minimize(ledger, np.ones(3), sigma0=0.3, rng=1, workers=2)
    assert "raised at x" in caught.value.__notes__[0]
    assert (run(F.sphere, workers=2).x == SERIAL.x).all()


def test_a_worker_that_dies_by_accident_costs_nothing(tmp_path):
    res = run(F.KillsOnce(tmp_path / "mark"), workers=2)
    assert (tmp_path / "mark").exists()
    assert (res.x == SERIAL.x).all()
    assert res.n_failed == 0
    assert res.nfev == 60


def test_the_callers_executor_is_not_restarted():
    ledger = Ledger(Objective(F.kills_worker, 3))
    with (
        futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(RuntimeError, match="only its owner can start it again"),
    ):
        es.minimize(ledger, np.ones(3), sigma0=0.3, rng=1, workers=pool)


@pytest.mark.parametrize("workers", [1, 2])
def test_timeout(workers):
    res = run(F.hangs, workers=workers, timeout=1.0, on_error="penalize", maxfevals=7)
    assert np.isfinite(res.fun)
    assert res.n_failed > 0
    assert "longer than timeout=1.0 s" in res.first_error
    with pytest.raises(TimeoutError, match=r"timeout=1\.0"):
        run(F.hangs, workers=workers, timeout=1.0)


def test_timeout_needs_workers_that_report_one_by_one():
    with pytest.raises(ValueError, match="timeout needs workers"):
        run(F.sphere, workers=map, timeout=1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])  # for -inf see test_lowest.py
def test_non_finite_values(bad):
    half = run(lambda x: bad if x[0] < 0.5 else F.sphere(x), maxfevals=1500)
    assert half.x[0] == pytest.approx(0.5, abs=0.02)
    assert half.fun == pytest.approx(0.25, abs=0.02)
    assert half.n_failed > 0
    all_over = run(lambda x: bad, maxfevals=10000)
    assert not all_over.success
    assert all_over.status == 2
    assert np.isnan(all_over.fun)
    assert (all_over.x == 1).all()
    assert "no finite value" in all_over.message
    assert all_over.n_failed == all_over.nfev < 10000


def test_always_raising_is_no_success():
    res = run(F.raises_unpicklable, on_error="penalize", maxfevals=2000)
    assert not res.success
    assert res.n_failed == res.nfev
    assert "Unpicklable" in res.first_error


def test_none_is_an_error_or_a_failure():
    with pytest.raises(ValueError, match="None"):
        run(lambda x: None)
    res = run(lambda x: None if x[0] > 1.1 else F.sphere(x), on_error="penalize")
    assert res.n_failed > 0
    assert np.isfinite(res.fun)


def test_one_element_arrays_are_numbers():
    assert run(lambda x: np.array([F.sphere(x)])).fun == SERIAL.fun


def test_vectorized_failure_is_found_by_row():
    def fun(x):
        if (np.atleast_2d(x)[:, 0] > 1.1).any():
            raise RuntimeError("boom")
        return (x * x).sum(-1)

    res = run(fun, vectorized=True, on_error="penalize")
    assert 0 < res.n_failed < 60


def test_gradient_methods_survive_non_finite_values():
    def fun(x):
        return np.nan if x[0] < 0 else float(((x - 0.5) ** 2).sum())

    res = es.minimize(fun, [3.0, 3.0], method="adam", jac=lambda x: 2 * (x - 0.5), options={"lr": 4.0}, maxfevals=3000)
    assert res.fun < 1e-6
    assert res.n_failed > 0
    res = es.minimize(fun, [3.0, 3.0], method="l-bfgs-b", jac=lambda x: 2 * (x - 0.5))
    assert res.fun < 1e-6


def test_open_workers_and_chunks():
    assert open_workers(1) is None
    assert open_workers(map) is map
    for bad in (0, -2, True, 1.5):
        with pytest.raises(ValueError, match="workers must be"):
            open_workers(bad)
    assert [list(part) for part in chunks(5, 2, None)] == [[0, 1], [2, 3, 4]]
    assert len(chunks(5, 2, 0.1)) == 5
    assert len(chunks(1, 4, None)) == 1


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_dask(client, tmp_path):
    assert (run(F.sphere, workers=client).x == SERIAL.x).all()
    with joblib.parallel_config("dask"):
        res = run(F.sphere, workers=2)
        assert (res.x == SERIAL.x).all()
        with pytest.raises(RuntimeError, match="boom"):
            run(F.raises_outside, workers=2)
        res = run(F.KillsOnce(tmp_path / "mark"), workers=2)
        assert (res.x == SERIAL.x).all()
        res = run(F.hangs, workers=2, timeout=1.0, on_error="penalize", maxfevals=7)
        assert res.n_failed > 0


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_a_point_that_kills_its_worker_on_dask(client):
    """Dask may lose all its workers over such points (see `es.evaluation.dask`): nothing waits for ever."""
    here = run(F.kills_worker, workers=2, on_error="penalize", maxfevals=7)
    with joblib.parallel_config("dask"):
        for _ in range(2):
            res = run(F.kills_worker, workers=2, on_error="penalize", maxfevals=7)
            assert (res.nfev, res.n_failed, res.fun) == (7, here.n_failed, here.fun)
            ledger = Ledger(Objective(F.kills_worker, 3))
            with pytest.raises(RuntimeError, match="died twice"):
                es.minimize(ledger, np.ones(3), sigma0=0.3, rng=1, workers=2)
            assert ledger.nfev >= 0 and np.isfinite(ledger.f_best) == (ledger.nfev > 0)
        assert (run(F.sphere, workers=2).x == SERIAL.x).all()


@pytest.mark.heavy
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_without_workers_ends_the_run(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("es.evaluation.dispatch.LOOK_EVERY", 0.1)
    ledger = Ledger(Objective(F.sphere, 3))
    with (
        distributed.LocalCluster(1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        es.minimize(ledger, np.ones(3), rng=1, workers=2, maxfevals=14)
        cluster.scale(0)
        client.sync(cluster._correct_state)
        with pytest.raises(RuntimeError, match="has lost all of its workers"):
            es.minimize(ledger, np.ones(3), rng=1, workers=2)
    assert ledger.nfev == 14


def test_an_executor_that_is_shut_down_says_so():
    with futures.ThreadPoolExecutor(1) as pool:

        def fun(x):
            pool.shutdown(wait=False, cancel_futures=True)
            return F.sphere(x)

        ledger = Ledger(Objective(fun, 3))
        with Evaluator(ledger, workers=pool) as evaluate, pytest.raises(RuntimeError, match="was shut down"):
            evaluate.seconds_per_row = 1.0  # point by point
            evaluate(np.ones((5, 3)))
    assert ledger.nfev <= 1
