"""
Your own loop
=============

Ask for points, evaluate them as you like, tell their values.
"""

# %%
# An optimizer asks for a population ``(popsize, n)`` and is told the values, in any order of the rows.

import numpy as np

import es


def sphere(x):
    return (x**2).sum(-1)


opt = es.CMAES(np.full(4, 3.0), 1.0, bounds=[(-5, 5)] * 4, rng=1)
while not opt.stop():
    x = opt.ask()
    opt.tell(x, sphere(x))
print(opt.result.x, opt.result.fun, opt.result.stop)

# %%
# Points of your own may be among those that are told: here a guess that somebody has.

opt = es.CMAES(np.full(4, 3.0), 1.0, rng=1)
x = np.vstack([opt.ask(), np.full(4, 0.1)])
opt.tell(x, sphere(x))
print(opt.result.fun)

# %%
# Nobody has to wait for a whole population. Points may be asked and told in any numbers, in any order, late or never:
# the strategy learns as soon as ``popsize`` points of its present distribution have come back, and points of an earlier
# one join them as points of your own. Told in order it is the loop above, bit for bit.

rng = np.random.default_rng(0)
opt = es.CMAES(np.full(4, 3.0), 1.0, rng=1, stop={"ftarget": 1e-8})
out = list(opt.ask(6))  # six workers
while not opt.stop():
    point = out.pop(rng.integers(len(out)))  # whichever is ready first
    if rng.random() < 0.9:  # one in ten never comes back
        opt.tell([point], [sphere(point)])
    out += list(opt.ask(1))
print(opt.result.nfev, opt.result.fun)

# %%
# The state is a dict of arrays. A run that was saved and loaded goes on bit for bit.

state = opt.state_dict()
other = es.CMAES(np.full(4, 3.0), 1.0)
other.load_state_dict(state)
print(np.array_equal(opt.ask(), other.ask()))

# %%
# A start of shape ``(runs, n)`` makes as many independent runs at once, each with its own random stream. A run that has
# ended leaves the stack.

opt = es.CMAES(np.full((50, 4), 3.0), 1.0, rng=1, stop={"ftarget": 1e-8})
while not opt.stop():
    x = opt.ask()  # (active runs, popsize, n)
    opt.tell(x, sphere(x))
print(np.median([result.nfev for result in opt.results]))
