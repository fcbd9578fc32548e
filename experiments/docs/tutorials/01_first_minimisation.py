"""
A first minimisation
====================

One call, nothing set, and what comes back.
"""

# %%
# The function of Rosenbrock is a curved valley. It is written for the last axis, so the same line serves one point of
# shape ``(n,)`` and a whole population ``(popsize, n)``.

import numpy as np

import es


def rosenbrock(x):
    return np.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


res = es.minimize(rosenbrock, np.zeros(6), vectorized=True, ftarget=1e-10, rng=1)
print(res.message)
print(res.x)

# %%
# ``res.success`` says whether the target was reached. Without a target it says whether a criterion was met that means
# convergence. ``res.stop`` has the criteria with their figures, ``res.nfev`` the evaluations.

print(res.success, res.nfev, res.stop)

# %%
# Nothing was said about a method: ``auto`` found out while it ran what the function is like (``res.verdict``,
# ``res.phases``). ``es.plot`` draws the run: values, what ran when, and coordinates; of a strategy such as
# ``method="cmaes"`` also step size, axis ratio and standard deviations.

es.plot(res)

# %%
# A callback sees the run after each iteration, and ends it by ``StopIteration``.


def callback(intermediate_result):
    if intermediate_result.fun < 1e-3:
        raise StopIteration


print(es.minimize(rosenbrock, np.zeros(6), vectorized=True, callback=callback, rng=1).message)
