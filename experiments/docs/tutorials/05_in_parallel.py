"""
In parallel
===========

Evaluations in processes, in threads, in a pool of your own, or on a cluster.
"""

# %%
# ``workers=`` spreads each batch of points. The numbers do not depend on how many there are.

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import es


def slow(x):
    time.sleep(0.005)
    return float((x**2).sum())


with ThreadPoolExecutor(4) as pool:
    for workers in (1, pool):
        start = time.perf_counter()
        res = es.minimize(slow, np.ones(6), workers=workers, maxfevals=180, rng=1)
        print(res.fun, f"{time.perf_counter() - start:.2f} s")

# %%
# A number of workers starts processes, which is what a function needs that keeps the interpreter busy:
# ``es.minimize(f, x0, workers=-1)``. ``auto`` asks for all differences of a gradient at once, and for one point after
# the other in line searches: Rosenbrock's function in ten variables takes it 689 evaluations in 276 rounds of 4 workers
# and 160 of 16, CMA-ES 5,840 in 1,752 and 584. Where only populations help, one of the size of the machine uses it
# best: ``popsize=32`` on 32 cores, which takes CMA-ES.
#
# A point that fails is an error, or a value of NaN where ``on_error="penalize"``.


def fails_sometimes(x):
    if x[0] > 1.5:
        raise RuntimeError("the simulation did not converge")
    return float((x**2).sum())


res = es.minimize(fails_sometimes, np.full(3, 1.4), on_error="penalize", maxfevals=200, rng=1)
print(res.fun, res.n_failed, str(res.first_error).strip().splitlines()[-1])

# %%
# Where evaluations take different times, whole populations wait for their slowest point. With ``asynchronous=True`` a
# worker that is free gets the next point at once, and the strategy learns from values as they come. It takes more
# evaluations and less time, the more so the more workers there are: in a simulation with 32 workers CMA-ES needs 0.26
# to 0.41 of the time of whole populations, with 8 workers 0.66 to 0.77. For given times of its evaluations a run is
# reproducible; in practice no two runs take the same times, so results differ in their last steps.


def uneven(x):
    time.sleep(0.01 * np.random.default_rng(int(1e9 * abs(x[0]))).lognormal(0, 1))
    return float((x**2).sum())


with ThreadPoolExecutor(8) as pool:
    for asynchronous in (False, True):
        start = time.perf_counter()
        res = es.minimize(uneven, np.ones(6), workers=pool, asynchronous=asynchronous, ftarget=1e-4, rng=1)
        print(res.nfev, f"evaluations in {time.perf_counter() - start:.2f} s")

# %%
# A ``checkpoint=`` loses nothing: every value is on disk before it is told, and what was being evaluated when the run
# was killed is evaluated again.
#
# Points that must be evaluated first (``enqueue=``, ``evaluate_x0=True``) go to all workers too, and points whose
# values are known (``known=(X, f)``) to none.

res = es.minimize(
    slow, np.ones(6), enqueue=[np.zeros(6)], known=([np.full(6, 0.5)], [1.5]), evaluate_x0=True, archive="all",
    maxfevals=60, rng=1,
)  # fmt: skip
print(res.archive["x"].shape, res.archive["fun"][:3], res.fun)

# %%
# Clusters: see :doc:`/clusters`.
