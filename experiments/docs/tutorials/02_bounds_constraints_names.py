"""
Bounds, constraints and names
=============================

What is known about the variables, and how to say it.
"""

# %%
# Bounds are pairs, or a ``scipy.optimize.Bounds``. No point outside is ever evaluated.

import numpy as np
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es


def f(x):
    return (x[0] - 2) ** 2 + (x[1] - 2) ** 2


seen = []
res = es.minimize(lambda x: seen.append(x.copy()) or f(x), [0.5, 0.5], bounds=[(0, 1), (0, 3)], rng=1)
print(res.x, np.min(seen, axis=0), np.max(seen, axis=0))

# %%
# Constraints are SciPy's objects. The best feasible point comes back.

disk = NonlinearConstraint(lambda x: x @ x, -np.inf, 1)
line = LinearConstraint([[1, -1]], 0, np.inf)
res = es.minimize(f, [0.1, 0.0], constraints=[disk, line], maxfevals=3000, rng=1)
print(res.x, res.x @ res.x, res.message)

# %%
# Whole numbers: CMA-ES with margin keeps a least probability for each neighbour, so that no coordinate gets stuck.

res = es.minimize(
    lambda x: (x[0] - 0.3) ** 2 + (x[1] - 7.2) ** 2, [0.0, 0.0], integrality=[0, 1], maxfevals=1000, rng=1
)
print(res.x)

# %%
# Names in place of coordinates: the function gets a dict, and the result is one.

space = es.Space(
    rate=es.Log(1e-5, 1),  # on a logarithmic scale
    layers=es.Integer(1, 8),
    rule=es.Choice("sgd", "adam"),
    momentum=es.Linear(0, 1),
)


def loss(p):
    return (np.log10(p["rate"]) + 2) ** 2 + (p["layers"] - 3) ** 2 + (p["rule"] == "sgd") + p["momentum"] ** 2


res = es.minimize(loss, space, maxfevals=600, rng=1)
print(res.x, res.fun)
