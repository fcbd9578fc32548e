"""
In parallel
===========

Evaluations in processes, in threads, in a pool of your own, or on a cluster.
"""

# %%
# ``workers=`` spreads each population. The numbers do not depend on how many there are.

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
# ``es.minimize(f, x0, workers=-1)``. A population of the size of the machine uses it best: ``popsize=32`` on 32 cores.
#
# A point that fails is an error, or a value of NaN where ``on_error="penalize"``.


def fails_sometimes(x):
    if x[0] > 1.5:
        raise RuntimeError("the simulation did not converge")
    return float((x**2).sum())


res = es.minimize(fails_sometimes, np.full(3, 1.4), on_error="penalize", maxfevals=200, rng=1)
print(res.fun, res.n_failed, str(res.first_error).strip().splitlines()[-1])

# %%
# Clusters: see :doc:`/clusters`.
