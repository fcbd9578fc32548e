"""Gradient checking: how well differences measure a derivative, how they find a mistake, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, ORANGE, RED, dress
from experiments.lessons.drawing import label_ends
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, named, records, words

POINT = 1.5
PLANTED = 3  # the entry in which the hand-written gradient is wrong
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
COLORS = {"forward": RED, "central": BLUE, "complex step": GREEN, "autodiff": ORANGE}


def curved(x: Any) -> Any:
    """exp(x) / sqrt(sin^3 x + cos^3 x), the test function of Squire and Trapp 1998, SIAM Review 40."""
    return np.exp(x) / np.sqrt(np.sin(x) ** 3 + np.cos(x) ** 3)


SCHEMES: dict[str, Callable[[float], float]] = {
    "forward": lambda h: float((curved(POINT + h) - curved(POINT)) / h),
    "central": lambda h: float((curved(POINT + h) - curved(POINT - h)) / (2 * h)),
    "complex step": lambda h: float(np.imag(curved(POINT + 1j * h)) / h),
}


class Counted:
    """Sum of (x_i^2 - i)^2 / 4 on the last axis, which counts how often it is evaluated."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        """The value at x (..., n) -> (...)."""
        self.calls += 1
        return 0.25 * ((x**2 - np.arange(x.shape[-1])) ** 2).sum(-1)

    @staticmethod
    def wrong_gradient(x: Array) -> Array:
        """The gradient by hand, with a sign lost in one entry."""
        g = x * (x**2 - np.arange(x.size))
        g[PLANTED] = x[PLANTED] * (x[PLANTED] ** 2 + PLANTED)
        return np.asarray(g)


def forward(f: Callable[[Any], Any], x: Array) -> Array:
    """The gradient, entry by entry, by forward differences."""
    h, base = np.finfo(float).eps ** 0.5, f(x)
    return np.array([(f(x + h * e) - base) / h for e in np.eye(x.size)])


def central(f: Callable[[Any], Any], x: Array) -> Array:
    """The gradient, entry by entry, by central differences."""
    h = np.finfo(float).eps ** (1 / 3)
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def calls(gradient: Callable[..., Any], n: int) -> int:
    """How often a way to the gradient evaluates a function of n variables."""
    f = Counted()
    gradient(f, np.ones(n))
    return f.calls


def study() -> Finding:
    """Error against step size, a planted mistake, and evaluations against n."""
    steps = 10.0 ** -np.arange(0.5, 16.01, 0.25)
    true = float(ad.grad(curved)(POINT))
    errors = {name: [abs(scheme(h) - true) / abs(true) for h in steps] for name, scheme in SCHEMES.items()}
    truncated = (steps >= 0.99e-3) & (steps <= 1.01e-2)  # there the slope in log-log axes is the order

    x = np.random.default_rng(0).normal(size=8) + 1.0
    measured = central(Counted(), x)
    off = np.abs(Counted.wrong_gradient(x) - measured) / np.maximum(np.abs(measured), 1e-12)

    ways = {"forward": forward, "central": central, "autodiff": lambda f, x: ad.grad(f)(x)}
    counts = {name: [calls(way, n) for n in SIZES] for name, way in ways.items()}

    numbers: Numbers = {
        "derivative": true,
        "found_entry": int(np.argmax(off)),
        "error_of_found_entry": off.max(),
        "largest_error_elsewhere": np.delete(off, PLANTED).max(),
        "autodiff_against_central": np.max(np.abs(ad.grad(Counted())(x) - measured) / np.abs(measured)),
    }
    for name in ("forward", "central"):
        numbers[f"order_{name}"] = np.polyfit(np.log(steps[truncated]), np.log(np.array(errors[name])[truncated]), 1)[0]
    for name, error in errors.items():
        numbers |= named("best_step", {name: steps[np.argmin(error)]}) | named("best_error", {name: min(error)})
    text = words(
        __name__, **numbers, n=SIZES[-1], calls_central=counts["central"][-1], calls_autodiff=counts["autodiff"][-1],
        least_step=steps[-1], error_of_least_step=errors["complex step"][-1],
    )  # fmt: skip
    return Finding(text, numbers, [_draw(steps, errors, counts)])


def _draw(steps: Array, errors: dict[str, list[float]], counts: dict[str, list[int]]) -> Drawing:
    caption = words(__name__, "gradient-checking")
    grid = panel_grid(2, 2, width=9.0, panel=3.4, left=0.75, right=0.95, caption=caption)
    left, right = grid.axes
    rows: list[dict[str, Any]] = []
    for ax, what, table, at in ((left, "relative error", errors, steps), (right, "calls", counts, np.array(SIZES))):
        for name, values in table.items():
            ax.loglog(at, np.maximum(values, 1e-17), color=COLORS[name], linewidth=1.6, label=name)
            rows += records(what=what, way=name, h_or_n=at, value=np.array(values, dtype=float))
    dress(left, title="Error against step", xlabel="h", ylabel="relative error")
    dress(right, title="Price against size", xlabel="n, variables", ylabel="calls")
    for ax in grid.axes:
        label_ends(ax)
    return Drawing("gradient-checking", grid.figure, rows)


LESSON = Lesson("gradient-checking", "Gradient checking", study, needs=("backpropagation",))
