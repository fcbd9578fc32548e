"""What a strategy owes its users, as a check that authors of strategies can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.invariances import ALL

GENERATIONS = 25
FAITHFUL = 15  # generations that are compared where rounding may differ: it grows along a run


def check_strategy(
    cls: Callable[..., Any],
    *,
    n: int = 4,
    claims: frozenset[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Check that a strategy keeps the contract that the driver and all users rely on.

    * Points: `ask()` gives a fresh finite array (k, n), `ask(k)` k of them; `tell` counts them and keeps the best, and
      changes neither the caller's arrays nor NumPy's global stream. One seed gives one run.
    * Claims: each invariance in `claims` holds (`es.parts.invariances`); "permutation", that the order of told points
      changes no bit, is asked of every strategy.
    * Stacks: each run of a stack is bit for bit the run that it would be alone, whatever its neighbours do: end,
      fail, start elsewhere.
    * Saving: what `state_dict` gave goes on bit for bit in a fresh object, with points that were asked and not told.
    * Bounds: no point leaves them, from a start on a face too.
    * Points of the caller's own may be told, alone or among others, and a better one draws the mean towards it.
      (The last is asked of classes with `_sample`: a model or a mere record of points owes no such thing.)
    * Bad values: points without a finite value never become the best, and a generation of them changes nothing.
    * Single precision: with `dtype="float32"` points are of that type. (Only of classes that take `dtype`.)
    * Populations: any number of points may be told, and asked ahead; one variable is enough.

    Parameters
    ----------
    cls : class, or callable that takes what `Strategy` takes
        What is checked.
    n : int
        Number of variables.
    claims : frozenset of str, optional
        What is claimed; default `cls.claims`.
    options : mapping, optional
        Further arguments for `cls`.

    Raises
    ------
    AssertionError
        With one sentence for each clause that does not hold.

    Examples
    --------
    >>> from es import CMAES, Strategy
    >>> check_strategy(CMAES)
    >>> class Walk(Strategy):
    ...     claims = frozenset({"permutation"})
    ...     def _init(self):
    ...         self.sigma = self.scale0.max(-1)
    ...     def _sample(self, z):
    ...         return self.sigma[..., None, None] * z
    ...     def _invert_sample(self, y):
    ...         return y / self.sigma[..., None, None]
    ...     def _update(self, z, y):
    ...         self.mean = self.mean + y.reshape(-1, self.n)[0]
    >>> check_strategy(Walk)
    Traceback (most recent call last):
        ...
    AssertionError: Walk breaks the contract of a strategy:
    - in a stack the means differ from those of runs alone: write formulas over the last axes (y.shape[-2] points)
    """
    subject = Subject(cls, n, frozenset(getattr(cls, "claims", ())) if claims is None else claims, dict(options or {}))
    broken = [sentence for clause in CLAUSES for sentence in _kept(clause, subject)]
    if broken:
        name = getattr(cls, "__name__", repr(cls))
        raise AssertionError("\n- ".join([f"{name} breaks the contract of a strategy:", *broken]))


@dataclass(frozen=True)
class Subject:
    """What is checked, and how it is made."""

    cls: Callable[..., Any]
    n: int
    claims: frozenset[str]
    options: dict[str, Any]

    def make(self, x0: Any = None, sigma0: Any = 0.5, **options: Any) -> Any:
        """An optimizer, by default of one run from a point where nothing is symmetric."""
        start = self.start if x0 is None else x0
        return self.cls(start, sigma0, **{"rng": 3, **self.options, **options})

    @property
    def start(self) -> FloatArray:
        """(n,)."""
        return np.linspace(0.5, 2.0, self.n)


Clause = Callable[[Subject], Iterator[str]]


def clause(where: str) -> Callable[[Clause], tuple[str, Clause]]:
    """Name the place of which an error in a clause is told."""
    return lambda check: (where, check)


def _kept(named: tuple[str, Clause], subject: Subject) -> list[str]:
    """What a clause finds wrong; an error of the strategy's own is one thing more."""
    where, check = named
    found: list[str] = []
    try:
        found.extend(check(subject))
    except Exception as error:  # a strategy may raise anything, and the other clauses are still to be looked at
        what = str(error) or "it must be given by the strategy"
        found.append(f"{where} it raises {type(error).__name__}: {what}")
    return found


# What is minimised: each row by itself, so that bits do not depend on what is beside it.


def bowl(x: FloatArray) -> FloatArray:
    """An ellipsoid of condition 100."""
    weights: FloatArray = 100.0 ** (np.arange(x.shape[-1]) / max(1, x.shape[-1] - 1))
    return np.vecdot(weights * x, x)


def valley(x: FloatArray) -> FloatArray:
    """Rosenbrock's function."""
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def steps(opt: Any, f: Callable[[FloatArray], Any] = bowl, count: int = GENERATIONS, shuffle: Any = None) -> FloatArray:
    """The means of so many generations; with a generator points are told in its order."""
    means = []
    for _ in range(count):
        x = opt.ask()
        if shuffle is not None:
            x = x[shuffle.permutation(len(x))]
        opt.tell(x, f(x))
        means.append(opt.x_mean)
    return np.array(means)


def to_the_end(opt: Any, f: Callable[[FloatArray], Any] = bowl, most: int = 4 * GENERATIONS) -> list[Any]:
    """The results of all runs, once their criteria are met or after so many generations."""
    for _ in range(most):
        if opt.stop():
            break
        x = opt.ask()
        opt.tell(x, f(x))
    return list(opt.results)


def same(a: Any, b: Any) -> bool:
    """Whether two results agree to the last bit."""
    return bool(a.nfev == b.nfev and a.stop == b.stop and np.array_equal(a.x, b.x) and np.array_equal(a.mean, b.mean))


# Clauses -------------------------------------------------------------------------------------------


@clause("when it is asked and told")
def points(s: Subject) -> Iterator[str]:
    """Shapes, counts, the best, and what is the caller's."""
    x0, stream = s.start, _global_stream()
    opt = s.make(x0)
    x = opt.ask()
    if x.ndim != 2 or x.shape[1] != s.n or not np.isfinite(x).all():
        yield f"ask() must give finite points of shape (k, {s.n}), got shape {x.shape}"
        return
    told, f = x.copy(), bowl(x)
    values = f.copy()
    opt.tell(x, f)
    if not (np.array_equal(x, told) and np.array_equal(f, values) and np.array_equal(x0, s.start)):
        yield "it writes into arrays of the caller: x0, or what was told"
    x[:] = 77.0
    if (opt.nfev, opt.nit) != (len(told), 1):
        yield f"{len(told)} points in one tell count as {opt.nfev} evaluations in {opt.nit} iterations"
    if opt.f_best != values.min() or not np.array_equal(opt.x_best, told[values.argmin()]):
        yield "the best point and value are not those of the points that were told"
    if opt.ask(3).shape != (3, s.n):
        yield f"ask(3) must give shape (3, {s.n})"
    if _global_stream() != stream:
        yield "it draws from NumPy's global stream: draw from the streams of the run"
    if not np.array_equal(s.make().ask(4), s.make().ask(4)):
        yield "one seed gives different points"
    if np.array_equal(s.make(rng=4).ask(4), s.make().ask(4)):
        yield "different seeds give the same points"
    up, down = steps(s.make(), lambda x: -bowl(x)), steps(s.make())
    if np.array_equal(up, down) and not np.array_equal(down[-1], s.start):
        yield "the mean moves alike whatever the values are: learn from rows sorted best first"
    begun = bowl(s.start)
    results = to_the_end(s.make(stop={"maxfevals": 200 * s.n}), most=10_000)
    if not results[0].fun < begun:
        yield f"in {results[0].nfev} evaluations it finds nothing better than x0 on an ellipsoid of condition 100"


def _global_stream() -> str:
    return str(np.random.get_state())  # noqa: NPY002  # the one that nobody may touch


@clause("when points are told in another order")
def permutation(s: Subject) -> Iterator[str]:
    """The order of rows."""
    for f in (bowl, lambda x: np.floor(bowl(x) / 10)):
        if not np.array_equal(steps(s.make(), f), steps(s.make(), f, shuffle=np.random.default_rng(0))):
            yield "the order in which points are told changes the run: the same points must give the same bits"
            return


@clause("when an invariance that it claims is tried")
def invariances(s: Subject) -> Iterator[str]:
    """What is claimed."""
    if unknown := s.claims - ALL:
        yield f"claims must be among {', '.join(sorted(ALL))}, got {', '.join(sorted(unknown))}"
    plain, shift = steps(s.make(), valley), 4.0 * np.arange(s.n) - 8.0

    def differ(path: FloatArray) -> bool:
        return not np.allclose(path[:FAITHFUL], plain[:FAITHFUL], rtol=1e-6, atol=1e-6)

    if "translation" in s.claims and differ(steps(s.make(s.start + shift), lambda x: valley(x - shift)) - shift):
        yield "it claims translation, but moving f and x0 does not move the run"
    if "scaling" in s.claims and differ(steps(s.make(s.start / 1024, 0.5 / 1024), lambda x: valley(1024 * x)) * 1024):
        yield "it claims scaling, but f, x0 and sigma0 in other units do not give the run in these units"
    if "monotone" in s.claims:
        for g in (np.sqrt, lambda f: 1e6 + np.log1p(f), lambda f: -1e300 / (1e3 + f)):

            def keeps_ranks(x: FloatArray, g: Callable[[Any], Any] = g) -> Any:
                return g(valley(x))

            if not np.array_equal(steps(s.make(), keeps_ranks)[:FAITHFUL], plain[:FAITHFUL]):
                yield "it claims monotone, but an increasing function of f, which keeps all ranks, changes the run"
                break
    if "rotation" in s.claims:
        R = np.linalg.qr(np.random.default_rng(0).standard_normal((s.n, s.n)))[0]
        opt = s.make(R @ s.start, rng=3 if hasattr(s.make(), "A") else Turned(3, R))
        if hasattr(opt, "A"):  # the factor carries the rotation: the same z give turned steps
            opt.A = R @ opt.A
        if differ(steps(opt, lambda x: valley(x @ R)) @ R):
            yield "it claims rotation, but turning f, x0 and the first steps does not turn the run"


class Turned(np.random.Generator):
    """A generator whose normal vectors are turned by R."""

    def __init__(self, seed: int, R: FloatArray) -> None:
        super().__init__(np.random.PCG64(seed))
        self.R = R

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        """As of any generator."""
        z = super().standard_normal(*args, **kwargs)
        if np.shape(z)[-1:] == (len(self.R),):
            z[...] = z @ self.R.T
        return z


@clause("in a stack")
def stacks(s: Subject) -> Iterator[str]:
    """Runs beside each other against runs alone."""
    draw = np.random.default_rng(1)
    for n in (1, s.n):
        x0, sigma0, seeds = draw.standard_normal((3, n)), np.array([0.2, 0.6, 2.0]), [11, 12, 13]
        stop = {"ftarget": 1e-2, "maxfevals": 600}
        stack = to_the_end(s.make(x0, sigma0, rng=seeds, stop=stop))
        for i in range(3):
            alone = to_the_end(s.make(x0[i], sigma0[i], rng=seeds[i], stop=stop))[0]
            if not same(alone, stack[i]):
                yield f"in a stack {_difference(alone, stack[i])}"
                return
    x0 = np.array([s.start] * 2)
    beside = s.make(x0, rng=[5, 6])
    begun = beside.x_mean[1]
    steps(beside, lambda x: np.stack([bowl(x[0]), np.full(x.shape[1], np.nan)]), 6)
    single = s.make(s.start, rng=5)
    steps(single, count=6)
    if not np.array_equal(beside.x_mean[0], single.x_mean):
        yield "a run of a stack has other bits where the run beside it has no finite value"
    if not np.allclose(beside.x_mean[1], begun):
        yield "a run without a finite value moves where the run beside it has values"


def _difference(alone: Any, stacked: Any) -> str:
    if np.allclose(alone.mean, stacked.mean):
        return "the means differ in the last bits from those of runs alone: some product or sum takes another order"
    return "the means differ from those of runs alone: write formulas over the last axes (y.shape[-2] points)"


@clause("when its state is saved and loaded")
def saving(s: Subject) -> Iterator[str]:
    """state_dict in the middle of a run."""
    for x0 in (s.start, np.array([s.start, -s.start])):
        what = "one run" if x0.ndim == 1 else "stacked runs"
        through, part, again = (s.make(x0, rng=seed) for seed in (7, 7, 8))
        for opt in (through, part):
            steps(opt, count=6)
            waiting = opt.ask()
        state = part.state_dict()
        if any(np.asarray(value).dtype.hasobject for value in state.values()):
            yield "state_dict must hold plain arrays, got objects"
            return
        again.load_state_dict(state)
        for opt in (through, again):
            opt.tell(waiting, bowl(waiting))
            steps(opt, count=6)
        if not np.array_equal(through.x_mean, again.x_mean) or not np.array_equal(through.ask(), again.ask()):
            yield f"what was saved of {what} goes on with other bits: name all that changes in state_names"


@clause("inside bounds")
def bounds(s: Subject) -> Iterator[str]:
    """Where points lie."""
    low, high = np.full(s.n, -0.25), np.full(s.n, np.inf)
    high[::2] = 1.0
    for start in (np.full(s.n, 0.5), low, np.minimum(high, 2.0)):
        for sigma0 in (0.3, 30.0):
            opt = s.make(start, sigma0, bounds=np.stack([low, high], axis=-1))
            for _ in range(8):
                x = opt.ask()
                if ((x < low) | (x > high)).any():
                    yield f"ask() gives points outside of the bounds, with x0 {start} and sigma0 {sigma0}"
                    return
                opt.tell(x, bowl(x - 3))


@clause("when it is told points of the caller's own")
def own_points(s: Subject) -> Iterator[str]:
    """Injection."""
    best, draw = np.full(s.n, 3.0), np.random.default_rng(0)

    def distance(x: FloatArray) -> Any:
        return np.vecdot(x - best, x - best)

    far_from = np.zeros(2)
    for seed in range(4):
        for pull in (0, 1):
            opt = s.make(np.zeros(s.n), rng=seed)
            while opt.nfev < 8 * opt.popsize:
                x = opt.ask()
                if pull:
                    x[0] = best
                opt.tell(x, distance(x))
            far_from[pull] += distance(opt.x_mean) / 4
    if opt.f_best != 0:
        yield "the best of the caller's own points is not the best so far"
    if hasattr(opt, "_sample") and not far_from[1] < far_from[0]:
        yield "a far better point of the caller's own does not draw the mean towards it: see _invert_sample"
    opt = s.make()
    for _ in range(8):
        x = opt.x_mean + 0.5 * draw.standard_normal((max(6, opt.popsize), s.n))
        opt.tell(x, bowl(x))
        far = 1e6 * draw.standard_normal((2, s.n))
        x = opt.ask()
        x[: min(2, len(x))] = far[: min(2, len(x))]
        opt.tell(x, bowl(x))
    if not (np.isfinite(opt.x_mean).all() and np.isfinite(opt.ask()).all()):
        yield "points of the caller's own, far away, leave a mean or points that are not finite"
    if hasattr(opt, "_sample") and hasattr(opt, "_invert_sample"):
        z = draw.standard_normal((5, s.n))
        if not np.allclose(opt._invert_sample(opt._sample(z)), z, rtol=1e-6, atol=1e-6):
            yield "_invert_sample must give back the z that _sample was given"
    for wrong, what in ((np.nan, "NaN"), (np.inf, "inf")):
        try:
            opt.tell(np.full((opt.popsize, s.n), wrong), np.ones(opt.popsize))
        except ValueError:
            continue
        yield f"points of {what} must raise ValueError"


@clause("when values are not finite")
def bad_values(s: Subject) -> Iterator[str]:
    """NaN and inf."""

    def half(x: FloatArray) -> Any:
        return np.where(np.arange(x.shape[-2]) % 2 == 1, np.nan, bowl(x))

    opt = s.make(popsize=6)
    means = steps(opt, half)
    if not np.isfinite(means).all() or not np.isfinite(opt.f_best) or opt.n_failed == 0:
        yield "where half of the values are NaN, the mean or the best is not finite, or the failures are not counted"
    for bad in (np.nan, np.inf):
        opt = s.make()
        before = opt.x_mean
        for _ in range(3):
            x = opt.ask()
            opt.tell(x, np.full(len(x), bad))
        if not np.array_equal(opt.x_mean, before):
            yield f"generations without a finite value ({bad}) move the mean"
        if opt.result.success or opt.f_best < np.inf:
            yield f"without a finite value ({bad}) there is a best one, or success"


@clause("in single precision")
def single_precision(s: Subject) -> Iterator[str]:
    """float32."""
    if not hasattr(s.make(), "_sample"):
        return
    opt = s.make(dtype="float32")
    for _ in range(GENERATIONS):
        x = opt.ask()
        if x.dtype != np.float32:
            yield f'with dtype="float32" ask() gives points of {x.dtype}'
            return
        opt.tell(x, bowl(x.astype(float)))
    if not np.isfinite(opt.x_mean).all():
        yield "in single precision the mean is not finite"


@clause("with populations of other sizes")
def populations(s: Subject) -> Iterator[str]:
    """popsize, ask ahead, parts, one variable."""
    for popsize in (2, 3, 10 * s.n):
        opt = s.make(popsize=popsize)
        if not np.isfinite(steps(opt, count=8)).all():
            yield f"with popsize {popsize} the mean is not finite"
    opt, other = s.make(popsize=6), s.make(popsize=6)
    first, second = opt.ask(), opt.ask(4)
    x, y = np.concatenate([second, first])[::-1], np.concatenate([other.ask(), other.ask(4)])
    opt.tell(x, bowl(x))
    other.tell(y, bowl(y))
    if not np.array_equal(opt.x_mean, other.x_mean) or opt.nfev != len(x):
        yield "points that were asked ahead and told in another order give other bits, or another count"
    for k in (6, 9, 12, 7, 6):
        x = opt.ask(k)
        opt.tell(x, bowl(x))
    if not np.isfinite(opt.x_mean).all():
        yield "where the number of points changes, the mean is not finite"
    if not np.isfinite(steps(s.make(np.array([3.0])))).all():
        yield "with one variable the mean is not finite"


CLAUSES: tuple[tuple[str, Clause], ...] = (
    points, permutation, invariances, stacks, saving, bounds, own_points, bad_values, single_precision, populations,
)  # fmt: skip
