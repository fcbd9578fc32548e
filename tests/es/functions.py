"""Objectives at module level, so that every kind of worker can import them."""

import os
import sys
import time

import numpy as np


def sphere(x):
    return float(np.sum(np.asarray(x) ** 2))


def sphere_gradient(x):
    return 2 * np.asarray(x)


def rows_sphere(x):
    return (x * x).sum(-1)


def rosenbrock(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rastrigin(x):
    return float(10 * len(x) + np.sum(x * x - 10 * np.cos(2 * np.pi * x)))


def slow_rosenbrock(x):
    time.sleep(0.004)
    return rosenbrock(x)


def raises_outside(x):
    if x[0] > 1.1:
        raise RuntimeError("boom")
    return sphere(x)


def calls_exit(x):
    if x[0] > 1.1:
        sys.exit(3)
    return sphere(x)


def kills_worker(x):
    if x[0] > 1.1:
        os._exit(3)
    return sphere(x)


def hangs(x):
    if x[0] > 1.1:
        time.sleep(60)
    return sphere(x)


class KillsOnce:
    """Kills its worker the first time that a point is bad, and never again: an accident, not a bad point."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __call__(self, x):
        if x[0] > 1.1 and not os.path.exists(self.mark):
            open(self.mark, "w").close()
            os._exit(9)
        return sphere(x)


class Unpicklable(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} {b}")


def raises_unpicklable(x):
    raise Unpicklable("two", "arguments")


def blas_threads(x):
    return float(os.environ.get("OMP_NUM_THREADS", "0"))


def process_id(x):
    return float(os.getpid())
