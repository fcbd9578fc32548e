"""Gradient checking: how well differences measure a derivative, how they find a mistake, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.labels import end_labels
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, ORANGE, RED, LineStyle, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson

POINT = 1.5
PLANTED = 3  # the entry in which the hand-written gradient is wrong
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)


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
    def wrong_gradient(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The gradient by hand, with a sign lost in one entry."""
        g = x * (x**2 - np.arange(x.size))
        g[PLANTED] = x[PLANTED] * (x[PLANTED] ** 2 + PLANTED)
        return np.asarray(g)


def differences(f: Callable[[Any], Any], x: np.ndarray[Any, Any], *, central: bool) -> np.ndarray[Any, Any]:
    """The gradient, entry by entry, by central or forward differences."""
    eps = np.finfo(float).eps
    if central:
        h = eps ** (1 / 3)
        return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])
    h, base = eps**0.5, f(x)
    return np.array([(f(x + h * e) - base) / h for e in np.eye(x.size)])


def study() -> Finding:
    """Error against step size, a planted mistake, and evaluations against n."""
    steps = 10.0 ** -np.arange(0.5, 16.01, 0.25)
    true = float(ad.grad(curved)(POINT))
    errors = {name: [abs(scheme(h) - true) / abs(true) for h in steps] for name, scheme in SCHEMES.items()}
    best = {name: (float(steps[int(np.argmin(e))]), min(e)) for name, e in errors.items()}

    x = np.random.default_rng(0).normal(size=8) + 1.0
    f = Counted()
    measured = differences(f, x, central=True)
    off = np.abs(f.wrong_gradient(x) - measured) / np.maximum(np.abs(measured), 1e-12)
    agree = float(np.max(np.abs(ad.grad(f)(x) - measured) / np.abs(measured)))

    calls: dict[str, list[int]] = {"forward": [], "central": [], "autodiff": []}
    for n in SIZES:
        for name in calls:
            counter = Counted()
            if name == "autodiff":
                ad.grad(counter)(np.ones(n))
            else:
                differences(counter, np.ones(n), central=name == "central")
            calls[name].append(counter.calls)

    numbers: dict[str, float | int] = {
        "derivative": true,
        "found_entry": int(np.argmax(off)),
        "error_of_found_entry": float(off.max()),
        "largest_error_elsewhere": float(np.delete(off, PLANTED).max()),
        "autodiff_against_central": agree,
        "order_forward": _order(steps, errors["forward"]),
        "order_central": _order(steps, errors["central"]),
    }
    for name, (h, e) in best.items():
        key = name.replace(" ", "_")
        numbers |= {f"best_step_{key}": h, f"best_error_{key}": e}
    text = (
        "A derivative can be measured: move the input by h and see what the function does. Too large an h, and the "
        "curve bends in between; too small, and rounding drowns the difference. Forward differences are best here at "
        f"h = {best['forward'][0]:.0e} with a relative error of {best['forward'][1]:.0e}, central ones at "
        f"h = {best['central'][0]:.0e} with {best['central'][1]:.0e}: left of its lowest point each curve is "
        f"rounding error, right of it the error grows as h to the power {numbers['order_forward']:.2f} and "
        f"{numbers['order_central']:.2f}. The complex step subtracts nothing, so it has no floor: at h = "
        f"{steps[-1]:.0e} its error is {errors['complex step'][-1]:.1g}. A hand-written gradient of eight entries "
        f"with one lost sign is found at once: entry {numbers['found_entry']} is off by {off.max():.0%}, all others "
        f"by at most {numbers['largest_error_elsewhere']:.0e}. What limits the check is its price: for {SIZES[-1]} "
        f"variables central differences call the function {calls['central'][-1]} times, autodiff calls it "
        f"{calls['autodiff'][-1]} time and then walks back, for the price of a few calls."
    )
    return Finding(text, numbers, [_draw(steps, errors, calls)])


def _order(steps: np.ndarray[Any, Any], errors: list[float]) -> float:
    """Slope of the error in log-log axes where the truncation rules: h from 1e-3 to 1e-2."""
    chosen = (steps >= 0.99e-3) & (steps <= 1.01e-2)
    return float(np.polyfit(np.log(steps[chosen]), np.log(np.array(errors)[chosen]), 1)[0])


def _draw(steps: np.ndarray[Any, Any], errors: dict[str, list[float]], calls: dict[str, list[int]]) -> Drawing:
    grid = panel_grid(
        2,
        2,
        width=9.0,
        panel=3.4,
        left=0.75,
        right=0.95,
        caption="Left: relative error of the measured derivative of Squire and Trapp's function at 1.5 against the "
        "step (errors of exactly 0 are shown as 1e-17). Right: calls of the "
        "function for one gradient, counted; autodiff also sweeps back once.",
    )
    colors = {"forward": RED, "central": BLUE, "complex step": GREEN, "autodiff": ORANGE}
    left, right = grid.axes
    rows: list[dict[str, Any]] = []
    for ax, table, at in ((left, errors, steps), (right, calls, np.array(SIZES))):
        ends = []
        for name, values in table.items():
            shown = np.maximum(values, 1e-17)
            ax.loglog(at, shown, color=colors[name], linewidth=1.6)
            last = int(np.argmax(at))
            ends.append((float(at[last]), float(shown[last]), name, LineStyle(colors[name], "o")))
            what = "relative error" if ax is left else "calls"
            rows += [
                {"what": what, "way": name, "h_or_n": a, "value": float(v)} for a, v in zip(at, values, strict=True)
            ]
        if ax is left:
            dress(ax, title="Error against step", xlabel="h", ylabel="relative error")
        else:
            dress(ax, title="Price against size", xlabel="n, variables", ylabel="calls")
        ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())  # labels are placed in final limits
        end_labels(ax, ends)
    return Drawing("gradient-checking", grid.figure, rows)


LESSON = Lesson("gradient-checking", "Gradient checking", study, needs=("backpropagation",))
