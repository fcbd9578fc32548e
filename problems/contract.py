"""What an objective owes the methods that minimise it, as a check that authors of objectives can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.feasible import Feasible
from problems.ledger import Ledger
from problems.numbers import FloatArray, short
from problems.objective import Objective
from problems.several import MultiLedger, MultiObjective

STEP = 1e-5  # of differences, in tenths of the box's width
AGREEMENT = 2e-5  # largest error of a slope, relative to the sum of the sizes of its terms


def check_objective(
    objective: Objective,
    *,
    points: npt.ArrayLike | None = None,
    smooth: bool | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = 0,
) -> None:
    """Check that an objective keeps the contract that all methods rely on.

    * Values: a point (n,) gives a number, a population (k, n) gives (k,), a stack (r, k, n) gives (r, k). A row's value
      has the same bits alone and in any batch. The argument stays as it was. The same point gives the same value,
      unless the objective is `noisy`; then `reseed` with the same seed repeats the noise.
    * Gradients: `value_and_grad` gives the same values and slopes like x that agree with central differences,
      one point at a time and for a batch; an objective with `differentiable=False` refuses.
    * What methods are told: `x0(rng)` is finite, inside the bounds, whole where `integrality` says so, and the same for
      the same seed; `sigma0` is positive; `x_opt` keeps bounds, integers and constraints and has the value `f_opt`,
      which no point that keeps the constraints is below.
    * Constraints give the same number of finite values at each point, and their own derivatives agree with differences.
    * A `Ledger` around it counts each point once and finds the best.
    * Points of a wrong length, complex numbers and text are refused with a sentence.

    Parameters
    ----------
    objective : Objective
        What is checked. It is evaluated some hundred times.
    points : array_like, shape (k, n), optional
        Where; by default six points drawn from finite bounds, or around starts.
    smooth : bool, optional
        True: differences must settle at every point, as those of a smooth function do. None: slopes are compared only
        where differences of two lengths agree, since at kinks and on rough ground they mean nothing. False: not at all.
    rng : None, int, SeedSequence or Generator
        Where points and directions come from.

    Raises
    ------
    AssertionError
        With one sentence for each clause that does not hold.
    ValueError
        `objective` is no Objective, `points` do not fit it, or there is neither a box nor a start to draw them from.

    Examples
    --------
    >>> import numpy as np
    >>> bowl = Objective(lambda x: (x * x).sum(-1), 3, vectorized=True, x0=np.ones(3), x_opt=np.zeros(3), f_opt=0.0)
    >>> check_objective(bowl, smooth=True)
    >>> tilted = Objective(lambda x: x @ x, 3, jac=lambda x: x, x0=np.ones(3))
    >>> check_objective(tilted)
    Traceback (most recent call last):
        ...
    AssertionError: <lambda> breaks the contract of an objective:
    - the gradient says that f changes by -0.30634 along a direction in which differences say -0.612681
    """
    if not isinstance(objective, Objective):
        raise ValueError(f"objective must be a problems.Objective, got {type(objective).__name__}")
    generator = np.random.default_rng(rng)
    x = _sample(objective, generator) if points is None else np.array(points, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] < 2 or (objective.n is not None and x.shape[1] != objective.n):
        n = "n" if objective.n is None else objective.n
        raise ValueError(f"points must have shape (k, {n}) with k at least 2, got {x.shape}")
    broken = [sentence for clause in _CLAUSES for sentence in _kept(clause, objective, x)]
    broken += _kept(lambda f, y: _slopes(f, y, smooth, generator), objective, x)
    if broken:
        raise AssertionError("\n- ".join([f"{objective.name} breaks the contract of an objective:", *broken]))


Clause = Callable[[Objective, FloatArray], Iterator[str]]


def _kept(clause: Clause, objective: Objective, x: FloatArray) -> list[str]:
    """What a clause finds wrong; an error of the objective's own is one thing more."""
    found: list[str] = []
    try:
        found.extend(clause(objective, x))
    except Exception as error:  # a function may raise anything, and the other clauses are still to be looked at
        found.append(f"{type(error).__name__}: {error}")
    return found


def _sample(f: Objective, rng: np.random.Generator, count: int = 6) -> FloatArray:
    """Points (count, n) from the box, or around starts where it is open."""
    if f.box is not None and f.box.finite:
        x = rng.uniform(f.box.lb, f.box.ub, (count, f.box.lb.size))
    else:
        starts = np.stack([f.x0(rng) for _ in range(count)])
        x = starts + 0.1 * (1.0 if f.sigma0 is None else f.sigma0) * rng.standard_normal(starts.shape)
        x = x if f.box is None else np.clip(x, f.box.lb, f.box.ub)
    return x if f.integrality is None else np.where(f.integrality, np.rint(x), x)


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True))


# -- values ------------------------------------------------------------------------------------------------------------


def _values(f: Objective, x: FloatArray) -> Iterator[str]:
    """Shapes, bits, and what happens to the argument."""
    several, start = isinstance(f, MultiObjective), 9
    f.reseed(start)
    first = f(x[0])
    if not several and type(first) is not float:
        yield f"one point must give a float, got {type(first).__name__}"
    tail = np.shape(first)
    given = x.copy()
    f.reseed(start)
    batch = f(given)
    if np.shape(batch) != (len(x), *tail):
        yield f"a population of shape {x.shape} must give shape {(len(x), *tail)}, got {np.shape(batch)}"
        return
    if not _equal(given, x):
        yield "it writes into the points that it is given: leave pure out, or do not"
    f.reseed(start)
    pairs = f(np.repeat(x[None], 2, axis=0))
    if np.shape(pairs) != (2, len(x), *tail):
        yield f"a stack of shape {(2, *x.shape)} must give shape {(2, len(x), *tail)}, got {np.shape(pairs)}"
    f.reseed(start)
    if not _equal(f(x), batch):
        yield (
            "reseed with the same seed does not repeat its noise"
            if f.noisy
            else "two evaluations of one point differ: set noisy=True if that is meant"
        )
    if f.noisy:
        return
    if not _equal(pairs, [batch, batch]):
        yield "a stack of two populations gives other values than each alone"
    if not _equal(f(np.asfortranarray(x)), batch):
        yield "points in Fortran order give other values"
    for row, value in zip(x, batch, strict=True):
        alone = f(row)
        if not _equal(alone, value):
            yield f"a point in a population has the value {value!r}, alone {alone!r}: rows must not meet"
            return


def _refusals(f: Objective, x: FloatArray) -> Iterator[str]:
    """Points that are none."""
    wrong: list[tuple[str, Any]] = [
        ("a number in place of a point", 1.0),
        ("complex points", x.astype(complex)),
        ("text", [["a"] * x.shape[1]]),
        ("masked arrays", np.ma.masked_array(x, x > x.mean())),
    ]
    if f.n is not None:
        wrong.append((f"points of length {f.n + 1}", np.concatenate([x, x[:, :1]], axis=1)))
    for what, points in wrong:
        try:
            f(points)
        except ValueError:
            continue
        yield f"{what} must raise ValueError"


def _counts(f: Objective, x: FloatArray) -> Iterator[str]:
    """A ledger around it."""
    ledger = MultiLedger(f) if isinstance(f, MultiObjective) else Ledger(f)
    values = np.concatenate([ledger(x), [ledger(x[0])]])
    if ledger.nfev != len(x) + 1:
        yield f"{len(x) + 1} points count as {ledger.nfev} evaluations"
    if isinstance(f, MultiObjective):
        return
    lost = np.isnan(values) | (values == np.inf)
    if ledger.n_failed != lost.sum():
        yield f"{lost.sum()} failed evaluations count as {ledger.n_failed}"
    if not lost.all() and ledger.f_best != values[~lost].min():
        yield f"the ledger's best value is {ledger.f_best}, the least that came is {values[~lost].min()}"


# -- what methods are told ---------------------------------------------------------------------------------------------


def _start(f: Objective, x: FloatArray) -> Iterator[str]:
    """x0, sigma0, and the box."""
    if f.start is not None or (f.box is not None and f.box.finite):
        start = f.x0(3)
        if not _equal(start, f.x0(np.random.default_rng(3))):
            yield "x0(rng) differs for one seed"
        yield from _inside(f, start, "x0(rng)")
    if f.sigma0 is not None and not (np.asarray(f.sigma0) > 0).all():
        yield f"sigma0 must be positive, got {short(f.sigma0)}"


def _inside(f: Objective, x: FloatArray, what: str) -> Iterator[str]:
    """Whether a point keeps shape, box and integers."""
    if x.shape != (x.size,) or (f.n is not None and x.size != f.n):
        yield f"{what} must have shape ({f.n},), got {x.shape}"
    elif not np.isfinite(x).all():
        yield f"{what} is not finite: {x}"
    elif f.box is not None and ((x < f.box.lb) | (x > f.box.ub)).any():
        yield f"{what} lies outside the bounds: {x}"
    elif f.integrality is not None and (x != np.rint(x))[f.integrality].any():
        yield f"{what} is not whole where integrality says so: {x}"


def _optimum(f: Objective, x: FloatArray) -> Iterator[str]:
    """x_opt and f_opt against each other, the constraints, and the points."""
    quiet = f.noiseless if f.noisy else f
    if f.x_opt is not None:
        yield from _inside(f, f.x_opt, "x_opt")
        if not Feasible(f.constraints)(f.x_opt):
            yield "x_opt violates the constraints"
        value = None if quiet is None else float(quiet(f.x_opt.copy()))
        if None not in (value, f.f_opt) and value != f.f_opt:
            yield f"f(x_opt) is {value!r}, f_opt is {f.f_opt!r}"
    if f.f_opt is not None and quiet is not None:
        feasible = Feasible(f.constraints)
        values = [float(quiet(row)) for row in x.copy() if feasible(row)]
        if values and min(values) < f.f_opt:
            yield f"f_opt is {f.f_opt!r}, but a point has {min(values)!r}"


def _limits(f: Objective, x: FloatArray) -> Iterator[str]:
    """Constraints: one length, finite numbers, derivatives."""
    for k, one in enumerate(f.constraints):
        fun, jac = getattr(one, "fun", None), getattr(one, "jac", None)
        if fun is None:  # linear, or a dict, which were looked at when the objective was made
            continue
        values = [np.atleast_1d(fun(row)) for row in x.copy()]
        if len({value.shape for value in values}) > 1 or values[0].ndim != 1:
            yield f"constraint {k} gives values of changing shape"
        elif not np.isfinite(values).all():
            yield f"constraint {k} gives values that are not finite"
        elif callable(jac):
            for row in x[:2]:
                steps = _scales(f, x)
                differences = np.array([np.atleast_1d(_quotient(fun, row, steps * d, STEP)) for d in np.eye(row.size)])
                slopes = np.atleast_2d(jac(row.copy())).T * steps[:, None]
                limit = 1e-4 * np.abs(slopes).max() + 1e-10 * (1.0 + np.abs(values[0]).max()) / STEP
                if np.shape(slopes) != np.shape(differences) or (np.abs(slopes - differences) > limit).any():
                    yield f"the derivatives of constraint {k} do not agree with differences"
                    break


# -- gradients ---------------------------------------------------------------------------------------------------------


def _scales(f: Objective, x: FloatArray) -> FloatArray:
    """A length for each variable: a tenth of the box, or of the scale of steps."""
    if f.box is not None and f.box.finite:
        width = f.box.ub - f.box.lb
        return np.where(width > 0, width, 1.0) / 10.0
    return np.broadcast_to(np.asarray(0.1 if f.sigma0 is None else 0.1 * np.asarray(f.sigma0)), x.shape[1:])


def _quotient(fun: Callable[[FloatArray], Any], x: FloatArray, d: FloatArray, h: float) -> Any:
    with np.errstate(invalid="ignore"):  # inf - inf, where there is no slope
        return (np.asarray(fun(x + h * d)) - np.asarray(fun(x - h * d))) / (2 * h)


def _slopes(f: Objective, x: FloatArray, smooth: bool | None, rng: np.random.Generator) -> Iterator[str]:
    """value_and_grad against values and differences."""
    if isinstance(f, MultiObjective):
        return
    if f.differentiable is False:
        try:
            f.value_and_grad(x[0])
        except ValueError:
            return
        yield "differentiable is False, but value_and_grad gives a gradient"
        return
    if f.differentiable is None and f.jac is None:
        try:
            f.value_and_grad(x[0])
        except Exception:  # whatever autodiff cannot follow: nothing was promised
            return
    f.reseed(9)
    values, slopes = f.value_and_grad(x)
    if np.shape(values) != (len(x),) or np.shape(slopes) != x.shape:
        yield f"value_and_grad of {x.shape} must give {(len(x),)} and {x.shape}, got {values.shape} and {slopes.shape}"
        return
    f.reseed(9)
    if not np.allclose(values, f(x), rtol=1e-12, atol=1e-14, equal_nan=True):
        yield "value_and_grad gives other values than a call"
    if f.noisy:
        return
    value, slope = f.value_and_grad(x[1])
    if type(value) is not float or not np.allclose(slope, slopes[1], rtol=1e-10, atol=1e-14, equal_nan=True):
        yield "value_and_grad of one point differs from its row in a batch"
    if smooth is False or (f.integrality is not None and f.integrality.any()):
        return
    steps = _scales(f, x) * rng.choice([-1.0, 1.0], x.shape)
    wide, narrow = _quotient(f, x, steps, STEP), _quotient(f, x, steps, STEP / 4)
    expected = (slopes * steps).sum(-1)
    # NumPy's functions are exact to a few units in the last place, and cancellation makes more of them
    rounding = 1e-15 * (np.abs(values) + 1e-300) / STEP
    limit = AGREEMENT * np.abs(slopes * steps).sum(-1) + 80 * rounding
    settled = np.isfinite(wide) & np.isfinite(narrow)
    if not smooth:
        settled &= np.abs(wide - narrow) <= 0.1 * limit + 40 * rounding
    wrong = np.flatnonzero(settled & ~(np.abs(expected - narrow) <= limit))
    if wrong.size:
        i = wrong[0]
        yield (
            f"the gradient says that f changes by {expected[i]:.6g} along a direction in which differences say "
            f"{narrow[i]:.6g}"
        )


_CLAUSES: tuple[Clause, ...] = (_values, _refusals, _counts, _start, _optimum, _limits)
