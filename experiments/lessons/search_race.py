"""The race over n: evaluations to a target of a method that sees values only and of one that has the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import problems
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, INK, PALE_INK, RED, SHORT, LineStyle, dress, readable
from experiments.figures.ticks import decade_ticks
from experiments.lessons.lesson import GRAD_COST, Array, Drawing, Finding, Numbers, records, words
from experiments.runner import run_trials
from experiments.spec import Method, Problem, Spec
from experiments.statistics.runtimes import expected_runtime
from problems import Objective

SEEDS = 5
NOISE, DIFFERENCE = 1.0, 0.1  # standard deviation of the noise; step of the differences under it, the best of a few

VALUES, TAPE, DIFFERENCES = "CMA-ES", "L-BFGS-B, autodiff", "L-BFGS-B, differences"
LOOK = {VALUES: LineStyle(BLUE, "o"), TAPE: LineStyle(RED, "D"), DIFFERENCES: LineStyle(GREEN, "^", SHORT)}


@dataclass
class Measured:
    """A noisy function with the gradient that forward differences give: n further evaluations."""

    objective: Objective

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Value and measured gradient at x (n,)."""
        f = self.objective(np.vstack([x, x + DIFFERENCE * np.eye(x.size)]))
        return float(f[0]), (f[1:] - f[0]) / DIFFERENCE

    def reseed(self, rng: np.random.Generator) -> None:
        """Start the noise anew."""
        self.objective.reseed(rng)


def noisy(n: int, *, measured: bool = False) -> Objective:
    """A turned and stretched sphere with noise on its values, whose gradient is exact or measured."""
    o = problems.get("sphere", n=n, shifted=True, rotated=True, conditioned=100.0, seed=1, noisy=NOISE)
    if not measured:
        return o
    return Objective(
        Measured(o), n, jac=True, bounds=o.bounds, sigma0=o.sigma0, noisy=True, noiseless=o.noiseless,
        x_opt=o.x_opt, f_opt=o.f_opt, name="noisy",
    )  # fmt: skip


def stairs(n: int) -> Objective:
    """A sphere of flat steps; its gradient is zero wherever it exists, and that is what it gives."""
    o = problems.get("step", n=n, shifted=True, seed=1)
    return Objective(
        o.fun, n, jac=np.zeros_like, vectorized=True, bounds=o.bounds, sigma0=o.sigma0, x_opt=o.x_opt, f_opt=o.f_opt,
        name="stairs",
    )  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """Something to race on: a problem with its options, the n, and what is to be reached for how much."""

    key: str
    title: str
    problem: str
    options: dict[str, Any]
    sizes: tuple[int, ...]
    target: float  # f - f_opt to be reached
    cost: float  # budget of a run in evaluations for each variable
    strategy: dict[str, Any] = field(default_factory=dict)  # options of CMA-ES
    per_variable: bool = False  # whether the target is meant for each variable

    def limit(self, n: int) -> float:
        """The target for n variables."""
        return self.target * n if self.per_variable else self.target


_HERE = "experiments.lessons.search_race"
GROUNDS = (
    Ground("smooth", "Smooth: Rosenbrock", "rosenbrock", {"start": [-0.1, 0.1]}, (2, 4, 8, 16, 24), 1e-3, 5000,
           {"sigma0": 0.5}),
    Ground("minima", "Many minima: Levy", "levy", {"shifted": True, "seed": 1}, (1, 2, 3, 4, 6), 1e-3, 1000),
    Ground("ripples", "Ripples: Griewank", "griewank", {"shifted": True, "seed": 1}, (8, 10, 12, 16, 32), 1e-3, 1000),
    Ground("noise", "Noise on the values", f"{_HERE}:noisy", {"factory": True}, (2, 4, 8, 16, 32), 0.1, 500,
           per_variable=True),
    Ground("steps", "Steps", f"{_HERE}:stairs", {"factory": True}, (1, 2, 4, 8, 16), 0.5, 200),
)  # fmt: skip


@dataclass
class Result:
    """Per way and n: evaluations expected until the target, inf where no run reached it, and the largest of a run."""

    sizes: tuple[int, ...]
    ert: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in LOOK})
    spent: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in LOOK})

    @property
    def price(self) -> Array:
        """What a gradient would have to cost, in evaluations, for CMA-ES and L-BFGS-B to be equal, per n."""
        return np.divide(self.ert[VALUES], np.divide(self.ert[TAPE], 1 + GRAD_COST)) - 1

    def crossing(self) -> tuple[int, int] | None:
        """Between which n the lead changes."""
        return crossing(self.sizes, self.ert[VALUES], self.ert[TAPE])

    def last(self, way: str) -> int:
        """The largest n at which a way arrived; 0 if it never did."""
        return max((n for n, ert in zip(self.sizes, self.ert[way], strict=True) if np.isfinite(ert)), default=0)


def race(ground: Ground) -> Result:
    """Run all ways for all n.

    On functions without noise differences lead along the path of the exact gradient, so the runs are those of autodiff
    with n evaluations charged for a gradient; under noise they are runs of their own.
    """
    result, descent = Result(ground.sizes), Method("l-bfgs-b", {"restarts": 10**6})
    for n in ground.sizes:
        values = _run(ground, n, Method("cmaes", {**ground.strategy, "restarts": 9}), GRAD_COST)
        tape = _run(ground, n, descent, GRAD_COST)
        differences = _run(ground, n, descent, float(n), measured=True) if ground.key == "noise" else tape
        for way, trials, charge in (
            (VALUES, values, 0.0), (TAPE, tape, GRAD_COST), (DIFFERENCES, differences, float(n))
        ):  # fmt: skip
            spent = np.array([r["nfev"] + charge * r["njev"] for r in trials])
            there = np.array([r["f"] is not None and r["f"] <= r["f_opt"] + ground.limit(n) for r in trials])
            result.ert[way].append(float(expected_runtime(np.where(there, spent, np.inf), spent)))
            result.spent[way].append(float(spent.max()))
    return result


def _run(ground: Ground, n: int, method: Method, grad_cost: float, **options: Any) -> list[dict[str, Any]]:
    spec = Spec(
        "race", [Problem(ground.problem, n, {**ground.options, **options})], [method], seeds=SEEDS, budget=ground.cost,
        precision=ground.limit(n), grad_cost=grad_cost,
    )  # fmt: skip
    trials = list(run_trials(spec.trials, backend="sequential"))
    broken = [r["error"] for r in trials if r["status"] != "ok"]
    if broken:
        raise RuntimeError(f"a run of {method.name} on {ground.title}, n = {n}, failed:\n{broken[0]}")
    return trials


def crossing(sizes: Sequence[int], first: Sequence[float], second: Sequence[float]) -> tuple[int, int] | None:
    """The neighbouring sizes between which the lead changes for good, or None where one leads throughout.

    Examples
    --------
    >>> crossing([1, 2, 4], [5.0, 9.0, 20.0], [3.0, 10.0, np.inf])
    (1, 2)
    """
    ahead = [a < b for a, b in zip(first, second, strict=True)]
    for i in range(len(ahead) - 1, 0, -1):
        if ahead[i] != ahead[i - 1]:
            return sizes[i - 1], sizes[i]
    return None


def study() -> Finding:
    """Race on all grounds, and say where the lead changes."""
    results = {ground.key: race(ground) for ground in GROUNDS}
    numbers: Numbers = {}
    between = {}
    for key, result in results.items():
        change = result.crossing()
        between[key] = "at every n shown"
        if change is not None:
            between[key] = f"between n = {change[0]} and n = {change[1]}"
            numbers |= {f"{key}_crossing_low": change[0], f"{key}_crossing_high": change[1]}
        for kind, way in (("values", VALUES), ("autodiff", TAPE), ("differences", DIFFERENCES)):
            reached = {n: ert for n, ert in zip(result.sizes, result.ert[way], strict=True) if np.isfinite(ert)}
            numbers |= {f"{key}_{n}_{kind}": ert for n, ert in reached.items()}
    smooth = results["smooth"]
    numbers |= {f"smooth_{n}_price": float(price) for n, price in zip(smooth.sizes, smooth.price, strict=True)}
    text = words(
        __name__, **between, lead=np.divide(smooth.ert[VALUES], smooth.ert[TAPE])[[0, -1]], price=smooth.price[[0, -1]],
        few=smooth.sizes[0], many=smooth.sizes[-1], last_in_noise=results["noise"].last(DIFFERENCES),
        last_on_steps=results["steps"].last(TAPE),
    )  # fmt: skip
    return Finding(text, numbers, [_draw(results)])


def _draw(results: dict[str, Result]) -> Drawing:
    """A panel per ground, and in the sixth place the names of the lines."""
    caption = words(__name__, "race")
    grid = panel_grid(len(GROUNDS) + 1, 3, width=9.0, panel=2.6, left=0.72, right=0.15, top=0.36, caption=caption)
    rows: list[dict[str, Any]] = []
    for index, (ground, ax) in enumerate(zip(GROUNDS, grid.axes, strict=False)):
        result = results[ground.key]
        n = np.array(result.sizes)
        seen: list[float] = []
        for way, style in LOOK.items():
            ert, spent = np.array(result.ert[way]), np.array(result.spent[way])
            there = np.isfinite(ert)
            ax.plot(n[there], ert[there], color=style.color, linestyle=style.dash, linewidth=1.8)
            ax.plot(n[there], ert[there], style.marker, color=style.color, markersize=6, markeredgecolor="white")
            ax.plot(n[~there], spent[~there], style.marker, color=style.color, fillstyle="none", markersize=6)
            seen += [*ert[there], *spent[~there]]
            rows += records(ground=ground.key, way=way, n=n, evaluations=ert, largest_cost=spent)
        ax.set(xscale="log", xlim=(n[0] / 1.25, n[-1] * 1.25))
        ax.set_xticks(n, [f"{size}" for size in n])
        ax.set_xticks([], minor=True)
        decade_ticks(ax, "y", min(seen) / 1.8, max(seen) * 1.8, most=6)
        change = result.crossing()
        if change is not None:
            ax.axvspan(*change, color="#DDDDDD", zorder=0, linewidth=0)
        dress(ax, title=ground.title, xlabel="variables n", ylabel="evaluations" * grid.is_first(index))
    _draw_key(grid.axes[-1])
    return Drawing("race", grid.figure, rows, after=2)


def _draw_key(ax: Any) -> None:
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    for (way, style), y in zip(LOOK.items(), (0.9, 0.74, 0.58), strict=True):
        ax.plot([0.0, 0.12], [y, y], color=style.color, linestyle=style.dash, linewidth=1.8)
        ax.plot(0.06, y, style.marker, color=style.color, markersize=6, markeredgecolor="white")
        ax.text(0.16, y, way, color=readable(style.color), fontsize=8.5, va="center")
    ax.plot(0.06, 0.42, "o", color=INK, fillstyle="none", markersize=6)
    ax.text(0.16, 0.42, "no run arrived (largest budget)", color=PALE_INK, fontsize=8.5, va="center")
    ax.axhspan(0.22, 0.3, 0.0, 0.12, color="#DDDDDD", linewidth=0)
    ax.text(0.16, 0.26, "the lead changes here", color=PALE_INK, fontsize=8.5, va="center")
