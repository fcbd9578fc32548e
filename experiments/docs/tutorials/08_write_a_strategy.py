"""
Write your own strategy
=======================

A strategy states what its paper states; the base class does the rest.
"""

# %%
# A (mu/mu, lambda)-ES with one step size, after Rechenberg and Schwefel: sample around the mean, move it to the mean of
# the better half, and let the step size follow the length of the accepted step. ``_sample`` gives steps for standard
# normal z, ``_update`` learns from rows that are ranked, best first. All formulas run over the last axes, so that the
# same lines serve one run and a stack of them.

import numpy as np

import es


class Simple(es.Strategy):
    """Isotropic strategy whose step size follows the length of the mean step."""

    def _init(self):
        self.sigma = self.scale0.max(-1)

    def _sample(self, z):
        return np.asarray(self.sigma)[..., None, None] * z

    def _update(self, z, y):
        mu = y.shape[-2] // 2
        self.mean = self.mean + y[..., :mu, :].mean(-2)
        length = mu * (z[..., :mu, :].mean(-2) ** 2).sum(-1) / self.n
        self.sigma = self.sigma * np.exp((length - 1) / (2 * self.n**0.5))


opt = Simple(np.full(5, 2.0), 0.5, rng=1, stop={"ftarget": 1e-8})
while not opt.stop():
    x = opt.ask()
    opt.tell(x, (x**2).sum(-1))
print(opt.result.nfev, opt.result.message)

# %%
# It takes bounds, budgets, checkpoints and workers like any other, under a name of its own if it gets one.

es.register("simple", Simple)
res = es.minimize(
    lambda x: ((x - 2) ** 2).sum(), np.zeros(5), method="simple", bounds=[(-1, 1)] * 5, maxfevals=2000, rng=1
)
print(res.x)

# %%
# A thousand runs of it are one stack.

results = es.minimize_runs(lambda x: (x**2).sum(-1), np.ones(5), runs=100, method="simple", sigma0=0.5,
                           vectorized=True, ftarget=1e-8, rng=1)  # fmt: skip
print(np.median([result.nfev for result in results]))
