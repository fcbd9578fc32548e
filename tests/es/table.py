"""Tables that several tests go over: all strategies of the registry, and functions to minimise."""

import numpy as np

from es.registry import TABLE, get_method

OWN_TESTS = {"cmaes-margin"}  # takes an argument that the others do not


def _is_strategy(name):
    cls = get_method(name)
    return getattr(cls, "kind", "") == "strategy" and hasattr(cls, "_sample") and name not in OWN_TESTS


NAMES = [name for name in TABLE if _is_strategy(name)]


# These do not converge from everywhere: they fit an elite, and end early where it never held the optimum, or do not
# adapt, or their step size follows a schedule; two-point adaptation (vkd-cmaes) is slow with 100 n points.
CONVERGING = [
    name
    for name in NAMES
    if name not in ("cem", "gaussian", "random-search", "vkd-cmaes") and getattr(get_method(name), "adapts", True)
]


def claiming(claim):
    """Names of the strategies that claim an invariance."""
    return [name for name in NAMES if claim in get_method(name).claims]


def sphere(x):
    """Each row by itself, so that bits do not depend on what is beside it."""
    return np.vecdot(x, x)


def ellipsoid(x, condition=1e6):
    n = x.shape[-1]
    return np.vecdot(condition ** (np.arange(n) / max(1, n - 1)) * x, x)


def rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def rotation(n, seed=0):
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return q * np.sign(np.diag(r))


def run(opt, f, generations=None):
    """Ask and tell until there is a reason to stop or so many generations are over; returns the optimizer."""
    while not opt.stop() and (generations is None or opt.nit < generations):
        x = opt.ask()
        opt.tell(x, f(x))
    return opt
