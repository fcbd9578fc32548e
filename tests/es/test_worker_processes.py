"""Worker processes: what is left of them when their owner forks, is killed, or may not have any."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import es
from es.evaluation.pools import close_pools
from tests.es import functions as F

ROOT = Path(__file__).parents[2]
ENDLESS = """
import sys, time, es
def slow(x):
    open(sys.argv[1] + "/" + str(__import__("os").getpid()), "w").close()
    time.sleep(0.05)
    return float((x * x).sum())
if __name__ == "__main__":
    es.minimize(slow, [1.0, 2.0], workers=2, maxtime=300, options={"tolx": 0}, restarts="ipop")
"""


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(
    "how",
    [signal.SIGKILL, *(pytest.param(other, marks=pytest.mark.heavy) for other in (signal.SIGTERM, signal.SIGHUP))],
)
def test_workers_do_not_outlive_their_owner(how, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(ENDLESS)
    marks = tmp_path / "marks"
    marks.mkdir()
    with subprocess.Popen(
        [sys.executable, script, marks], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True
    ) as owner:
        assert wait_for(lambda: len(list(marks.iterdir())) == 2)
        family = [int(path.name) for path in marks.iterdir()]
        owner.send_signal(how)
        owner.wait(20)
    assert wait_for(lambda: not any(alive(pid) for pid in family))

    def session():
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += [stat.parent.name] if fields[3] == str(owner.pid) and fields[0] != "Z" else []
        return found

    assert wait_for(lambda: session() == [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_after_a_pool_was_used_has_pools_of_its_own():
    common = {"rng": 1, "maxfevals": 30, "workers": 2}
    here = es.minimize(F.sphere, np.ones(3), **common)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = es.minimize(F.sphere, np.ones(3), **common)
            os.write(write, b"same" if found.fun == here.fun else b"other")
            close_pools()
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"same"
    os.close(read)
    assert es.minimize(F.sphere, np.ones(3), **common).fun == here.fun


def in_a_daemon(queue):
    for workers in (2, 1):
        try:
            queue.put(float(es.minimize(F.sphere, [1.0, 2.0], workers=workers, rng=1, maxfevals=20).fun))
        except ValueError as error:
            queue.put(str(error))


def test_a_daemon_process_is_told_in_a_sentence():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=in_a_daemon, args=(queue,), daemon=True)
    process.start()
    said, fun = queue.get(timeout=60), queue.get(timeout=60)
    process.join(60)
    assert said.startswith("workers must be 1 in a daemon process")
    assert fun < 5


@pytest.mark.parametrize("on_error", ["raise", "penalize"])
@pytest.mark.parametrize("count", [0, 3, 100])
def test_a_map_that_gives_another_number_of_values(count, on_error):
    def short(function, points):
        values = [function(point) for point in points]
        return (values * 20)[:count]

    with pytest.raises(ValueError, match=rf"workers must return one result for each of 7 points, got {count}"):
        es.minimize(F.sphere, np.ones(3), workers=short, popsize=7, on_error=on_error)


class Large:
    """A product that more than one BLAS thread would share out, and round otherwise."""

    def __init__(self, n=400):
        self.A = np.random.default_rng(0).standard_normal((n, n))

    def __call__(self, x):
        return float(np.linalg.norm(self.A @ (self.A.T @ (self.A * x))) + x @ self.A @ x)


def test_the_same_bits_for_any_number_of_workers():
    """Each worker has one BLAS thread, whatever their number; this process has them where it is told so."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    common = {"rng": 1, "maxfevals": 24, "method": "snes"}
    with threadpoolctl.threadpool_limits(1):
        runs = [es.minimize(Large(), np.ones(400), workers=workers, **common) for workers in (1, 2, 3)]
    for run in runs[1:]:
        assert run.fun == runs[0].fun and (run.x == runs[0].x).all() and (run.mean == runs[0].mean).all()
