"""
Gradients and black box on one problem
======================================

The same function, minimised with gradients and without, on one axis of cost.
"""

# %%
# The function is plain NumPy. A gradient method differentiates it by ``autodiff``; an evolution strategy only evaluates
# it. A gradient is charged as four evaluations, about what it costs.

import matplotlib.pyplot as plt
import numpy as np

import autodiff
import es


def rosenbrock(x):
    return np.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


x0 = np.zeros(10)
value, gradient = autodiff.value_and_grad(rosenbrock)(x0)
print(value, gradient)
autodiff.check_grads(rosenbrock, x0, order=2)

# %%
figure, ax = plt.subplots()
common = {"maxfevals": 4000, "ftarget": 1e-8, "vectorized": True, "rng": 1}
for method in ("cmaes", "snes", "adam", "l-bfgs-b"):
    options = {"lr": 0.02} if method == "adam" else None
    res = es.minimize(rosenbrock, x0, method=method, options=options, **common)
    cost = res.history["nfev"] * (5 if method in ("adam", "l-bfgs-b") else 1)
    ax.loglog(cost, res.history["best"], label=method)
ax.set(xlabel="evaluations, a gradient counts as four", ylabel="best f", title="Rosenbrock, n = 10", ylim=(1e-9, None))
ax.legend()

# %%
# Where a gradient exists and can be trusted it is worth much. On a function with many small ripples it is not: the
# gradient sees the ripple, the population sees the bowl.


def rippled(x):
    return np.sum(x**2, axis=-1) + 10 * np.sum(1 - np.cos(2 * np.pi * x), axis=-1)


for method in ("cmaes", "l-bfgs-b"):
    res = es.minimize(
        rippled, np.full(5, 2.2), method=method, popsize=60 if method == "cmaes" else None, vectorized=True, rng=3
    )
    print(method, res.fun)
