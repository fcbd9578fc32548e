"""Search without gradients: ellipses that learn a landscape, the natural gradient, and when the black box wins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
import es
import problems
from experiments.figures.layout import panel_grid
from experiments.figures.paths import Path2D, record_path
from experiments.figures.style import INK, dress, styles
from experiments.figures.trajectories import ellipse, plot_contours
from experiments.lessons import search_gradient, search_race
from experiments.lessons.lesson import Drawing, Finding, Lesson
from experiments.lessons.search_race import GRAD_COST, TAPE, VALUES, crossing
from experiments.statistics.summary import number

METHODS = {"gaussian": "Gaussian ES", "cmaes": "CMA-ES", "xnes": "xNES"}
START, SIGMA0, POPSIZE = np.array([-1.0, 1.0]), 0.4, 20
SHOWN = (0, 3, 8, 18, 36)  # generations
BOX = (-2.0, 1.6, -0.9, 1.9)
PRECISION, RUNS = 1e-8, 21
RECORDED, BUDGET = 3000, 10_000  # evaluations of the runs that are drawn, and of those that are counted


def study() -> Finding:
    """Three strategies on one landscape, two gradients on one sphere, two kinds of method on five grounds."""
    objective = problems.get("rosenbrock", n=2)
    paths = [recorded(objective, method, label) for method, label in METHODS.items()]
    numbers, runtimes = _shapes(objective, paths)
    steps, gradients = search_gradient.study()
    results = {ground.key: search_race.race(ground) for ground in search_race.GROUNDS}
    numbers |= steps | _race_numbers(results)
    drawings = [_draw(objective, paths), gradients, search_race.draw(results)]
    return Finding(
        "\n\n".join([_first(numbers, runtimes), _second(numbers), _third(results, numbers)]), numbers, drawings
    )


def recorded(objective: Any, method: str, label: str) -> Path2D:
    """The way of one run, step by step."""
    options = {"sigma0": SIGMA0, "popsize": POPSIZE}
    return record_path(
        objective, method, START, label=label, maxcost=RECORDED, precision=PRECISION, rng=1, options=options
    )


def _shapes(objective: Any, paths: list[Path2D]) -> tuple[dict[str, float | int], dict[str, float]]:
    """Runtimes of many runs, and the shape of the last ellipse of each path beside that of the valley."""
    curvature, axes = np.linalg.eigh(np.asarray(ad.hessian(objective)(objective.x_opt)))
    valley = axes[:, 0]  # of least curvature
    numbers: dict[str, float | int] = {"valley_axis_ratio": float(np.sqrt(curvature[1] / curvature[0]))}
    runtimes: dict[str, float] = {}
    for path in paths:
        assert path.covariance is not None  # all three are strategies
        values, vectors = np.linalg.eigh(path.covariance[-1])
        runs = es.minimize_runs(
            objective, START, runs=RUNS, method=path.name, sigma0=SIGMA0, popsize=POPSIZE, maxfevals=BUDGET,
            ftarget=PRECISION, rng=1,
        )  # fmt: skip
        spent = [r.nfev if r.success else np.inf for r in runs]
        runtimes[path.name] = float(np.median(spent))
        numbers |= {
            f"{path.name}_arrived": sum(bool(r.success) for r in runs),
            f"{path.name}_median_value": float(np.median([r.fun for r in runs])),
            f"{path.name}_axis_ratio": float(np.sqrt(values[1] / values[0])),
            f"{path.name}_degrees_off": float(np.degrees(np.arccos(min(1.0, abs(vectors[:, 1] @ valley))))),
        }
    numbers |= {f"{name}_evaluations": value for name, value in runtimes.items() if np.isfinite(value)}
    return numbers, runtimes


def _race_numbers(results: dict[str, search_race.Result]) -> dict[str, float | int]:
    numbers: dict[str, float | int] = {}
    for key, result in results.items():
        change = crossing(result.sizes, result.ert[VALUES], result.ert[TAPE])
        if change is not None:
            numbers |= {f"{key}_crossing_low": change[0], f"{key}_crossing_high": change[1]}
        numbers |= {
            f"{key}_{n}_{kind}": value
            for kind, way in (("values", VALUES), ("autodiff", TAPE), ("differences", search_race.DIFFERENCES))
            for n, value in zip(result.sizes, result.ert[way], strict=True)
            if np.isfinite(value)
        }
    smooth = results["smooth"]
    return numbers | {f"smooth_{n}_price": price for n, price in zip(smooth.sizes, smooth.price, strict=True)}


def _first(numbers: dict[str, float | int], runtimes: dict[str, float]) -> str:
    return (
        "A method that never sees a gradient can still learn the shape of a landscape. All three strategies draw "
        f"{POPSIZE} points from a normal distribution, keep the ranks of their values and move the distribution "
        "towards the better ones; they differ in what they may change. The Gaussian ES has one width for all "
        "directions: in Rosenbrock's bent valley its circle must become as small as the valley is narrow, and creeps. "
        "CMA-ES and xNES turn and stretch their ellipse along the valley. To come within "
        f"{number(PRECISION)} of the best value CMA-ES takes {_took(runtimes, 'cmaes')} evaluations, xNES "
        f"{_took(runtimes, 'xnes')} and the Gaussian ES {_took(runtimes, 'gaussian')} (medians of {RUNS} runs; after "
        f"{BUDGET} its median is still at {numbers['gaussian_median_value']:.2g}). At the optimum the valley is "
        f"{numbers['valley_axis_ratio']:.0f} times as long as wide, says its Hessian, which autodiff computes and the "
        f"strategies never see; the last ellipse of CMA-ES has the ratio {numbers['cmaes_axis_ratio']:.0f} and points "
        f"along it to within {numbers['cmaes_degrees_off']:.1f} degrees, that of xNES "
        f"{numbers['xnes_axis_ratio']:.0f} and {numbers['xnes_degrees_off']:.1f} degrees: the covariance matrix "
        "comes close to the inverse of the Hessian, up to a factor."
    )


def _took(runtimes: dict[str, float], name: str) -> str:
    return f"{runtimes[name]:.0f}" if np.isfinite(runtimes[name]) else f"more than {BUDGET}"


def _second(numbers: dict[str, float | int]) -> str:
    return (
        "What these strategies follow is a gradient after all: that of the expected rank under the distribution, in "
        "its mean m and spread σ. The plain search gradient has σ in the denominator: the sharper the distribution, "
        "the steeper its density, and the longer the step, just where it should be short. On |x|² a rate of "
        f"{search_gradient.RATE:g} moves the mean by {numbers['search_step_at_1']:.2f} spreads while σ = 1, and by "
        f"{numbers['search_step_at_0.01']:.0f} spreads where σ = 0.01: it grows as σ to the power "
        f"{numbers['search_slope']:.0f}. So the search comes close, is thrown out again and never gets below a spread "
        f"of {numbers['search_least_spread']:.2g} (median of {search_gradient.RUNS} runs), and its longest step is "
        f"{numbers['search_longest_step']:.0f} spreads. The natural gradient divides by the Fisher matrix, that is, "
        "measures a step by how much it changes the distribution. For the mean that is a factor of σ²; every step is "
        f"then {numbers['natural_step_at_0.01']:.2f} spreads, and after {search_gradient.GENERATIONS} generations the "
        f"mean is {number(numbers['natural_final_distance'], 1)} away from the optimum, that of the plain gradient "
        f"{numbers['search_final_distance']:.0f}."
    )


def _third(results: dict[str, search_race.Result], numbers: dict[str, float | int]) -> str:
    low, high = results["smooth"].sizes[0], results["smooth"].sizes[-1]
    price = results["smooth"].price
    lead = [results["smooth"].ert[VALUES][i] / results["smooth"].ert[TAPE][i] for i in (0, -1)]
    differences = dict(zip(results["noise"].sizes, results["noise"].ert[search_race.DIFFERENCES], strict=True))
    last = max((n for n, ert in differences.items() if np.isfinite(ert)), default=0)
    steps = dict(zip(results["steps"].sizes, results["steps"].ert[TAPE], strict=True))
    step_last = max((n for n, ert in steps.items() if np.isfinite(ert)), default=0)
    return (
        f"When is it worth having a gradient, if one costs {GRAD_COST:g} evaluations? On a smooth valley always: "
        f"L-BFGS-B is {lead[0]:.1f} times as fast as CMA-ES at n = {low} and {lead[1]:.0f} times at n = {high}, and "
        f"there is no crossing; a gradient would have to cost {price[0]:.0f} evaluations at n = {low}, and "
        f"{price[-1]:.0f} at n = {high}, for a draw. Among many minima it is the other way round: a gradient leads to "
        "the nearest minimum, and the number of wrong ones grows with n; on Levy's function the black box takes the "
        f"lead {_between(numbers, 'minima')}. Griewank's function has ripples that fade as n grows: the gradient takes "
        f"the lead {_between(numbers, 'ripples')} and keeps it. Noise is no crossing by itself: where it is added to a "
        "value that autodiff can differentiate, the gradient is exact and wins at every n. Where the gradient must be "
        f"measured by differences, they drown: it arrives up to n = {last} only, and behind the black box throughout. "
        "On steps the gradient is zero wherever it exists; L-BFGS-B then finds the target by the luck of its restarts "
        f"up to n = {step_last}, CMA-ES at every n. So: a smooth function with many variables calls for its gradient; "
        "values that are noisy, stepped or full of minima, for a population."
    )


def _between(numbers: dict[str, float | int], key: str) -> str:
    if f"{key}_crossing_low" not in numbers:
        return "at every n shown"
    return f"between n = {numbers[f'{key}_crossing_low']} and n = {numbers[f'{key}_crossing_high']}"


def _draw(objective: Any, paths: list[Path2D]) -> Drawing:
    grid = panel_grid(
        len(paths) * len(SHOWN),
        len(SHOWN),
        width=9.0,
        panel=1.81,  # which makes the units of both axes equal
        left=0.42,
        right=0.03,
        bottom=0.4,
        top=0.28,
        caption=f"Rosenbrock's function, contours of log10(f). Dots: the {POPSIZE} points of a generation; ellipse: 2 "
        "standard deviations of the distribution that they are drawn from; line: way of its mean; star: optimum. The "
        "number at the right is the best value so far. A row per strategy, a column per generation. In motion "
        "also SNES, whose ellipse stretches but cannot turn.",
    )
    looks = styles([p.label for p in paths], [p.name for p in paths])
    rows: list[dict[str, Any]] = []
    for index, ax in enumerate(grid.axes):
        path, generation = paths[index // len(SHOWN)], SHOWN[index % len(SHOWN)]
        assert path.covariance is not None  # all three are strategies
        color = looks[path.label].color
        plot_contours(ax, objective, BOX, 0.0, points=140)
        outline = ellipse(path.centre[generation], path.covariance[generation])
        ax.plot(*path.population[generation].T, ".", color=INK, markersize=3, alpha=0.6, zorder=3)
        ax.plot(*path.centre[: generation + 1].T, color=color, linewidth=1.2, zorder=4)
        ax.fill(*outline.T, facecolor=color, alpha=0.22, zorder=2)
        ax.plot(*outline.T, color=color, linewidth=1.6, zorder=4)
        ax.plot(*objective.x_opt, "*", color=INK, markersize=9, markeredgecolor="white", zorder=5)
        ax.set_xlim(*BOX[:2])
        ax.set_ylim(*BOX[2:])
        ax.set_xticks([-1, 0, 1])
        ax.set_yticks([0, 1])
        first, last = grid.is_first(index), grid.is_last(index)
        dress(ax, xlabel="x1" if last else "", ylabel="x2" if first else "", grid="")
        best = path.best[generation]
        note = f"gen. {generation}" + ("" if np.isnan(best) else f", f = {number(best, 2)}")
        ax.set_title(note, fontsize=8, loc="right", color=INK, pad=4)
        if first:
            ax.set_title(path.label, fontsize=9, loc="left", color=INK, pad=4, fontweight="bold")
        rows.append(
            {"method": path.label, "generation": generation, "x1": path.centre[generation][0],
             "x2": path.centre[generation][1], "c11": path.covariance[generation][0, 0],
             "c12": path.covariance[generation][0, 1], "c22": path.covariance[generation][1, 1], "best": best}
        )  # fmt: skip
    return Drawing("ellipses", grid.figure, rows, motion=lambda file: _animate(file, objective, paths), after=0)


def _animate(file: Path, objective: Any, paths: list[Path2D]) -> Path:
    from experiments.figures.animation import save_animation

    shown = [*paths, recorded(objective, "snes", "SNES")]
    shown = [replace(path, label=path.label.removesuffix(" ES")) for path in shown]  # there is little room for names
    return save_animation(file, shown, objective, grad_cost=GRAD_COST, frames=60)


LESSON = Lesson("search", "Search without gradients", study, needs=("circuits",))
