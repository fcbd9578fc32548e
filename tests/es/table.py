"""Tables that several tests go over: all strategies of the registry, and functions to minimise."""

import numpy as np

from es.registry import TABLE, get_method
from es.strategies.cmaes_margin import MarginCMAES


def _is_strategy(name):
    cls = get_method(name)
    return getattr(cls, "kind", "") == "strategy" and hasattr(cls, "_sample")


class Mixed(MarginCMAES):
    """CMA-ES with margin, every other coordinate an integer."""

    claims = frozenset({"monotone", "permutation"})  # no other transform leaves the whole numbers where they are
    adapts = False  # to optima that are no whole numbers

    def __init__(self, x0, *args, **options):
        super().__init__(x0, *args, integrality=np.arange(np.shape(x0)[-1]) % 2, **options)


def _with(base, name=None, **parts):
    """A class with categories and the like, each made from the places of the coordinates."""

    class Discrete(get_method(base)):
        registered = base
        claims = frozenset({"monotone", "permutation"})
        most_branches = 0 if name == "blocks" else 24

        def __init__(self, x0, *args, **options):
            places = np.arange(np.shape(x0)[-1])
            super().__init__(x0, *args, **{name: part(places) for name, part in parts.items()}, **options)

    Discrete.__name__ = name or base
    return Discrete


NAMES = [*(name for name in TABLE if _is_strategy(name)), Mixed]

# Strategies of discrete values, with some.
DISCRETE = [
    _with("cat-cmaes", categories=lambda i: 3 * (i % 2)),
    _with("cat-cmaes-margin", categories=lambda i: 3 * (i % 2), integrality=lambda i: i % 4 == 2),
    _with("asng", categories=lambda i: np.full(i.size, 4)),
    _with(
        "conditional-cmaes", "branches", categories=lambda i: 2 * (i == i.size - 2),
        conditions=lambda i: {i.size - 1: {i.size - 2: (1,)}} if i.size > 1 else {},
    ),
    _with(
        "conditional-cmaes", "blocks", categories=lambda i: np.where(i % 2, 0, 30) * (i.size > 1),
        conditions=lambda i: {k: {k - 1: (0, 1, k + 1)} for k in range(1, i.size) if k % 2},
    ),
]  # fmt: skip


# These do not converge from everywhere: they fit an elite, and end early where it never held the optimum, or do not
# adapt, or their step size follows a schedule.
CONVERGING = [
    name
    for name in NAMES
    if name not in ("cem", "gaussian", "random-search") and getattr(get_method(name), "adapts", True)
]

# Two-point adaptation of the step size learns as slowly from 100 n points as from few.
FAST_WITH_MANY = [name for name in CONVERGING if name != "vkd-cmaes"]


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
