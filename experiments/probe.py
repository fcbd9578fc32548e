"""A look at a function before it is searched: what a hundred evaluations say about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems import Objective


@dataclass
class Probe:
    """What was seen of a function."""

    n: int  # number of variables
    evaluations: int = 0  # points at which it was called, with a gradient or without
    vectorized: bool = False  # whether a stack of points (k, n) gives the k values
    differentiable: bool = False  # whether derivatives by `autodiff` agree with differences along random directions
    grad_cost: float = 4.0  # what a gradient costs in evaluations: time of a value with it over that of a value, less 1
    noise: float = 0.0  # standard deviation of repeated values, as a part of the range around the point; 0: the same
    seconds: float = 0.0  # of one value
    # Strongest mixed difference of a few pairs of variables over their own second differences: 0 for a sum of functions
    # of one variable each; NaN where it was not measured.
    coupled: float = np.nan
    # Largest over smallest curvature along coordinates and random directions: 1 for a sphere, inf where one is not
    # positive.
    condition: float = 1.0
    rugged: float = 0.0  # part of short straight ways on which f turns more than once: 0 for one valley
    flat: bool = False  # whether f does not change at all over small moves, as with steps or whole numbers
    scale: float = 1.0  # length over which f changes as much as over the search region, about: a fit initial step
    failed: float = 0.0  # part of points where f is not finite
    notes: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What was seen, in words."""
        quick = "under a millisecond" if self.seconds < 1e-3 else f"about {self.seconds:.2g} s"
        found = [f"f has {self.n} variable{'s' * (self.n > 1)}; one value takes {quick}."]
        found.append("It takes populations." if self.vectorized else "It takes one point at a time.")
        if self.differentiable:
            price = f"one costs {self.grad_cost:.1f} evaluations"
            found.append(f"It can be differentiated, and the gradient agrees; {price}.")
        else:
            found.append(self.notes[0] if self.notes else "It cannot be differentiated.")
        if self.noise > 0:
            found.append(f"Its values are noisy: repeated ones differ by {self.noise:.1g} of the range around them.")
        if self.flat:
            found.append("It has steps: small moves change nothing.")
        if not np.isnan(self.coupled):
            apart = self.coupled < 0.02
            found.append(
                "It looks like a sum over single variables." if apart else "Its variables depend on each other."
            )
        if self.condition > 100:
            size = f"{self.condition:.0e}" if np.isfinite(self.condition) else "without bound"
            found.append(f"It is badly conditioned: curvatures differ by {size}.")
        if self.rugged > 0.15:
            found.append("It is rugged: straight ways through it turn more than once.")
        if self.failed > 0:
            found.append(f"At {self.failed:.0%} of the points it has no finite value.")
        return found


def probe(objective: Objective, x0: FloatArray, sigma: float, *, most: int = 400, rng: int = 0) -> Probe:
    """Evaluate a function here and there, at `most` so many times, of which `SHORTEST` are needed.

    What is looked at has its middle at x0 (n,), and the width `sigma`: a tenth to a third of the region in which the
    optimum is expected.
    """
    n = x0.size
    random = np.random.default_rng(rng)
    found = Probe(n, vectorized=objective.vectorized, scale=sigma)

    def f(x: FloatArray) -> float:
        found.evaluations += 1
        return float(np.asarray(objective(x)))

    start = time.perf_counter()
    first = f(x0)
    found.seconds = time.perf_counter() - start
    again = [f(x0) for _ in range(2 if most < 60 else 4)]
    if most >= 60:
        start = time.perf_counter()
        again.append(f(x0))
        found.seconds = min(found.seconds, time.perf_counter() - start)
    directions = random.standard_normal((max(2, min(6, most // 60)), n))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    ways = [_way(f, x0, d * sigma * np.sqrt(n), 9 if most >= 200 else 5, random) for d in directions]
    values = np.concatenate([way for way in ways])
    found.failed = float((~np.isfinite(values)).mean())
    finite = values[np.isfinite(values)]
    spread = float(np.ptp(finite)) if finite.size > 1 else 1.0
    repeated = np.array([first, *again])
    if np.isfinite(repeated).all() and np.ptp(repeated) > 0:
        found.noise = float(repeated.std() / (spread or 1.0))
    turns = [_turns(way, 4 * found.noise * spread) for way in ways if np.isfinite(way).all()]
    found.rugged = float(np.mean([turn > 1 for turn in turns])) if turns else 0.0
    if most >= 40:
        _curvatures(f, x0, sigma, found, most - found.evaluations, random)
    _gradient(objective, f, x0, sigma, found, random)
    return found


def _way(f: Callable[[FloatArray], float], x0: FloatArray, d: FloatArray, count: int, rng: Any) -> FloatArray:
    """Values along a straight way, at places that are shifted at random so that no period hides between them."""
    places = np.linspace(-1, 1, count) + rng.uniform(-0.5, 0.5, count) / count
    return np.array([f(x0 + t * d) for t in places])


def _turns(values: FloatArray, noise: float) -> int:
    """How often a way turns, changes within the noise left out."""
    steps = np.diff(values)
    signs = np.sign(np.where(np.abs(steps) > noise, steps, 0.0))
    signs = signs[signs != 0]
    return int((np.diff(signs) != 0).sum())


def _curvatures(
    f: Callable[[FloatArray], float], x0: FloatArray, sigma: float, found: Probe, most: int, rng: np.random.Generator
) -> None:
    """Second differences along coordinates, random directions and pairs of coordinates."""
    n, h = x0.size, sigma
    base = f(x0)
    axes = rng.permutation(n)[: max(2, min(n, most // 6))]
    second: dict[int, float] = {}
    for i in axes:
        step = np.zeros(n)
        step[i] = h
        up, down = f(x0 + step), f(x0 - step)
        second[int(i)] = (up - 2 * base + down) / h**2
        if up == base == down:
            found.flat = True
    curvatures = [*second.values()]
    for _ in range(min(6, most // 12)):
        d = rng.standard_normal(n)
        d *= h / np.linalg.norm(d)
        curvatures.append((f(x0 + d) - 2 * base + f(x0 - d)) / h**2)
    sizes = np.abs(np.array(curvatures)[np.isfinite(curvatures)])
    if sizes.size and sizes.max() > 0:
        found.condition = float(sizes.max() / sizes.min()) if sizes.min() > 0 else np.inf
    pairs = [(axes[k], axes[(k + 1) % len(axes)]) for k in range(min(len(axes), max(1, most // 12)))] if n > 1 else []
    mixed = []
    for i, j in pairs:
        if i == j:
            continue
        a, b = np.zeros(n), np.zeros(n)
        a[i], b[j] = h, h
        cross = (f(x0 + a + b) - f(x0 + a) - f(x0 + b) + base) / h**2
        own = np.sqrt(abs(second[int(i)] * second[int(j)])) if second[int(i)] * second[int(j)] else sizes.max()
        mixed.append(abs(cross) / own if own > 0 else 0.0)
    found.coupled = float(np.nanmax(mixed)) if mixed else 0.0


def _gradient(
    objective: Objective, f: Callable[[FloatArray], float], x0: FloatArray, sigma: float, found: Probe,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Whether a gradient can be had, whether it is right, and what it costs."""
    x = x0 + 0.1 * sigma * rng.standard_normal(x0.size)
    try:
        objective.value_and_grad(x)
        start = time.perf_counter()
        _, g = objective.value_and_grad(x)
        seconds = time.perf_counter() - start
    except Exception as error:
        found.evaluations += objective.differentiable is not False  # else no call was made
        found.notes.append(f"It cannot be differentiated ({_first_words(error)}).")
        return
    found.evaluations += 2
    g = np.asarray(g, dtype=float)
    d = rng.standard_normal(x0.size)
    d /= np.linalg.norm(d)
    h = 1e-5 * max(sigma, 1e-8)
    measured, said = (f(x + h * d) - f(x - h * d)) / (2 * h), float(g @ d)
    size = max(abs(measured), abs(said), 1e-12)
    if not np.isfinite(g).all() or (found.noise == 0 and abs(measured - said) > 1e-3 * size):
        found.notes.append("Its gradient by autodiff does not agree with differences of f, so it is not used.")
        return
    if found.noise > 0:
        found.notes.append("Its values are noisy, so that a gradient could not be checked and is not used.")
        return
    if not g.any():
        found.notes.append("Its gradient is zero: it has steps.")
        return
    found.differentiable = True
    found.grad_cost = float(np.clip(seconds / max(found.seconds, 1e-9) - 1, 0.5, 4.0)) if found.seconds > 1e-3 else 4.0


def _first_words(error: BaseException, most: int = 100) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= most else f"{words[: most - 1]}…"


SHORTEST = 20
"""Points of the shortest look."""
TRIED = 6
"""Points at which `as_objective` calls a function at most."""


def as_objective(f: Any, n: int, bounds: Any, x0: FloatArray | None) -> tuple[Objective, int]:
    """An objective of any callable, and the points at which it was called to try out whether it takes populations."""
    if isinstance(f, Objective):
        if bounds is not None:
            kept = "has none" if f.bounds is None else "has its own"
            raise ValueError(
                f"bounds cannot be changed for the objective {f.name or 'given'}, which {kept}: leave them out, or"
                " give a function that calls it"
            )
        return f, 0
    made = Objective(f, n=n, bounds=bounds, x0=x0)
    rng = np.random.default_rng(1)
    box = made.bounds
    middle = x0 if x0 is not None else np.asarray(made.x0(rng))
    low, high = (np.asarray(box.lb), np.asarray(box.ub)) if box is not None else (middle - 0.1, middle + 0.1)
    points = np.clip(middle + 0.01 * rng.standard_normal((3, n)), low, high)
    one: list[float] = []
    try:
        for point in points:
            one.append(float(np.asarray(f(point))))
        many = np.asarray(f(points))
    except Exception:
        return made, len(one) + 1
    if many.shape == (3,) and np.array_equal(many, one, equal_nan=True):
        return Objective(f, n=n, bounds=bounds, x0=x0, vectorized=True), TRIED
    return made, TRIED if many.shape[:1] == (3,) else len(one) + 1
