"""
Expensive functions, noisy functions
====================================

When an evaluation takes minutes, and when two evaluations of one point differ.
"""

# %%
# lq-CMA-ES learns a quadratic model while it runs, and evaluates only as many points of each population as it takes to
# trust the model's ranking.

import matplotlib.pyplot as plt
import numpy as np

import es


def ellipsoid(x):
    return float(10.0 ** np.linspace(0, 4, x.size) @ (x - 0.5) ** 2)


figure, ax = plt.subplots()
for method in ("cmaes", "lq-cmaes"):
    res = es.minimize(ellipsoid, np.zeros(6), method=method, sigma0=0.5, maxfevals=1500, ftarget=1e-8, rng=1)
    ax.semilogy(res.history["nfev"], res.history["best"], label=method)
    print(method, res.nfev, res.fun)
ax.set(xlabel="evaluations", ylabel="best f", title="A model spares evaluations")
ax.legend()

# %%
# Noise: ``options={"noise": "reevaluate"}`` measures whether ranks still mean something, and evaluates points more
# often where they do not. Of a noisy function the mean of the last distribution is often better than the best value,
# which was lucky.

rng = np.random.default_rng(1)


def noisy(x):
    return float(((x - 0.5) ** 2).sum() + 0.1 * rng.standard_normal())


for options in ({}, {"noise": "reevaluate"}):
    res = es.minimize(noisy, np.zeros(5), sigma0=0.5, maxfevals=4000, options=options, rng=1)
    print(options or "as it is", "distance of the mean from the optimum:", np.linalg.norm(res.mean - 0.5).round(3))
