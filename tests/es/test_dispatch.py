"""The engine that finds what kills a worker, with tasks that have nothing to do with points."""

import concurrent.futures as futures
import os
import sys
import time
from contextlib import closing

import joblib
import pytest

from es.evaluation.dispatch import Dispatcher, ExecutorLost, Failed
from es.evaluation.opening import joblib_workers, thread_workers
from es.evaluation.pools import process_workers
from es.evaluation.workers import Workers


def double(batch, mark=None):
    """Twice each; -1 ends its worker, -2 does so the first time, -3 never returns."""
    for item in batch:
        if item == -1 or (item == -2 and not mark.exists()):
            if item == -2:
                mark.touch()
            os._exit(3)
        if item == -3:
            time.sleep(60)
    return [2 * item for item in batch]


def run(workers, batches, mark=None, **more):
    results, failed = [], []
    with closing(Dispatcher(workers, lambda batch: (double, batch, mark), **more).run(batches)) as stream:
        for batch, result in stream:
            if isinstance(result, Failed):
                failed += [(batch[0], type(result.error).__name__)]
            else:
                assert result == [2 * item for item in batch]
                results += result
    return sorted(results), failed


@pytest.fixture
def workers():
    with process_workers(2) as found:
        yield found


def test_the_item_that_kills_is_told_from_its_neighbours(workers):
    results, failed = run(workers, [[1, 2], [3, -1, 4], [5], range(6, 9)])
    assert results == [2, 4, 6, 8, 10, 12, 14, 16]
    assert failed == [(-1, "TerminatedWorkerError")]


def test_an_accident_costs_nothing(workers, tmp_path):
    results, failed = run(workers, [[1, -2], [3]], tmp_path / "mark")
    assert (results, failed) == ([-4, 2, 6], [])


def test_a_batch_past_its_time_fails_and_its_neighbours_do_not(workers):
    results, failed = run(workers, [[-3], [1], [2], [3]], timeout=1.0)
    assert (results, failed) == ([2, 4, 6], [(-3, "TimeoutError")])


def test_no_more_batches_are_taken_than_there_is_room_for(workers):
    taken = []

    def batches():
        for i in range(20):
            taken.append(i)
            yield [i]

    with closing(Dispatcher(workers, lambda batch: (double, batch)).run(batches())) as stream:
        for done, _ in enumerate(stream, start=1):
            assert len(taken) <= done + 4
    assert len(taken) == 20


def test_who_leaves_early_leaves_nothing_behind(workers):
    start = time.monotonic()
    with closing(Dispatcher(workers, lambda batch: (double, batch)).run([[1], [-3], [-3]])) as stream:
        assert next(stream)[1] == [2]
    assert run(workers, [[4]]) == ([8], [])
    assert time.monotonic() - start < 30


def test_errors_of_a_task_are_raised_unless_they_are_said_to_be_deaths():
    with thread_workers(2) as workers:
        with pytest.raises(TypeError):
            run(workers, [["a"], [None]])
        found = run(workers, [[1, None], [2]], died=lambda error: isinstance(error, TypeError))
    assert found == ([2, 4], [(None, "TypeError")])


def test_the_executor_of_others_is_not_started_again():
    with futures.ProcessPoolExecutor(1) as pool, pytest.raises(ExecutorLost, match="only its owner can start it again"):
        run(Workers(pool, 1), [[1], [-1]])


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_any_backend_of_joblib_is_an_executor_with_one_pool(backend, monkeypatch):
    made = []
    real = joblib.Parallel

    def counted(**options):
        parallel = real(**options)
        made.append(parallel)
        return parallel

    monkeypatch.setattr(joblib, "Parallel", counted)
    with joblib.parallel_config(backend), joblib_workers(2) as workers:
        for _ in range(3):
            assert run(workers, [[i] for i in range(7)]) == ([0, 2, 4, 6, 8, 10, 12], [])
        assert len(made) == 1
        with pytest.raises(TypeError):
            run(workers, [[None]])


def test_workers_that_die_under_joblib_are_replaced(tmp_path):
    with joblib.parallel_config("loky"), joblib_workers(2) as workers:
        results, failed = run(workers, [[1], [2, -1], [3]])
        assert results == [2, 4, 6]
        assert failed == [(-1, "WorkersDied")]
        assert run(workers, [[1, -2], [3]], tmp_path / "mark") == ([-4, 2, 6], [])


def test_a_pool_that_is_killed_with_tasks_in_its_queue_says_nothing(monkeypatch):
    said = []
    monkeypatch.setattr("threading.excepthook", said.append)
    with closing(process_workers(1)) as workers:
        workers.executor.submit(os.getpid).result(timeout=60)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(5)  # the pool's own thread does not get to its queue before it is killed
        try:
            for _ in range(2):
                workers.executor.submit(time.sleep, 60)
            workers.restart()
        finally:
            sys.setswitchinterval(interval)
        assert workers.executor.submit(os.getpid).result(timeout=60) != os.getpid()
    assert said == []
