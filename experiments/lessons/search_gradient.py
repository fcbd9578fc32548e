"""The search gradient of a Gaussian against the natural gradient: why the step must be measured by the spread."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from es.parts.parameters import utilities
from experiments.figures.labels import key_strip
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, LineStyle, dress
from experiments.figures.ticks import decade_ticks
from experiments.lessons.lesson import Array, Drawing, Finding, Numbers, records, words
from experiments.statistics.summary import number

N, POPSIZE, RATE = 2, 20, 0.5
START, SPREAD = np.array([2.0, 1.0]), 1.0
GENERATIONS, RUNS = 100, 21
SPREADS = 10.0 ** -np.arange(0.0, 3.01, 0.5)
KINDS = {"search gradient": RED, "natural gradient": BLUE}


def log_density(theta: Any, x: Array) -> Any:
    """Log-density of N(m, sigma^2 I) at x (points, n) for theta = (m, sigma), but for a constant: (points,)."""
    m, sigma = theta[..., :-1], theta[..., -1]
    return -0.5 * ((x - m) ** 2).sum(-1) / sigma**2 - x.shape[-1] * np.log(sigma)


def search_gradient(theta: Array, z: Array, u: Array) -> Array:
    """Sum of u_i grad log p(x_i) at x_i = m + sigma z_i (Wierstra et al. 2014, JMLR 15, (3)), in closed form.

    It is u_i z_i / sigma for the mean and u_i (|z_i|^2 - n) / sigma for sigma: the narrower, the longer.
    """
    sigma = theta[-1]
    slopes = np.append(u @ z, u @ ((z * z).sum(-1) - z.shape[-1]))
    return np.asarray(slopes / sigma)


def by_autodiff(theta: Array, z: Array, u: Array) -> Array:
    """The same by differentiating the log-density."""
    x = theta[:-1] + theta[-1] * z
    return np.asarray(ad.grad(lambda t: (u * log_density(t, x)).sum())(theta))


def natural(theta: Array, g: Array) -> Array:
    """F^-1 g with the Fisher matrix of N(m, sigma^2 I): 1 / sigma^2 for each of m, 2 n / sigma^2 for sigma."""
    fisher = np.append(np.ones(theta.size - 1), 2.0 * (theta.size - 1)) / theta[-1] ** 2
    return np.asarray(g / fisher)


def follow(kind: str, theta: Array, z: Array, u: Array) -> tuple[Array, float]:
    """Step of theta along a kind of gradient on |x|^2, and the length of the mean's part in spreads."""
    x = theta[:-1] + theta[-1] * z
    g = search_gradient(theta, z[np.argsort((x * x).sum(-1))], u)
    step = RATE * (g if kind == "search gradient" else natural(theta, g))
    return step, float(np.linalg.norm(step[:-1]) / theta[-1])


def descend(kind: str, seed: int) -> Array:
    """Distance of the mean to the optimum of |x|^2, spread, and length of the mean's step in spreads.

    Returns (generations + 1, 3); a run that leaves [1e-12, 1e12] stays where it left.
    """
    rng, u = np.random.default_rng(seed), utilities(POPSIZE)
    theta = np.append(START, SPREAD)
    rows = [(float(np.linalg.norm(START)), SPREAD, np.nan)]
    for _ in range(GENERATIONS):
        step, length = follow(kind, theta, rng.standard_normal((POPSIZE, N)), u)
        theta = theta + step
        theta[-1] = np.clip(abs(theta[-1]), 1e-12, 1e12)  # the sign of a spread means nothing
        rows.append((float(np.linalg.norm(theta[:-1])), float(theta[-1]), length))
    return np.array(rows)


def step_length(kind: str, sigma: float, populations: int = 500) -> float:
    """Mean length of the mean's step, in spreads, from a mean that is one spread away from the optimum of |x|^2."""
    rng, u = np.random.default_rng(0), utilities(POPSIZE)
    theta = np.array([sigma, *[0.0] * (N - 1), sigma])
    return float(np.mean([follow(kind, theta, rng.standard_normal((POPSIZE, N)), u)[1] for _ in range(populations)]))


def study() -> Finding:
    """Both kinds on |x|^2 from the same starts with the same rate."""
    ways = {kind: np.array([descend(kind, seed) for seed in range(RUNS)]) for kind in KINDS}
    lengths = {kind: [step_length(kind, s) for s in SPREADS] for kind in KINDS}
    rng, u = np.random.default_rng(1), utilities(POPSIZE)
    z, theta = rng.standard_normal((POPSIZE, N)), np.array([0.3, -0.2, 0.05])
    closed = search_gradient(theta, z, u)
    numbers: Numbers = {"search_gradient_error": float(np.abs(by_autodiff(theta, z, u) / closed - 1).max())}
    for kind, way in ways.items():
        key = kind.split()[0]
        numbers |= {
            f"{key}_least_spread": float(np.median(way[:, :, 1].min(1))),
            f"{key}_longest_step": float(np.median(np.nanmax(way[:, :, 2], axis=1))),
            f"{key}_final_distance": float(np.median(way[:, -1, 0])),
            f"{key}_slope": float(np.polyfit(np.log(SPREADS), np.log(lengths[kind]), 1)[0]),
            f"{key}_step_at_{SPREADS[0]:g}": lengths[kind][0],
            f"{key}_step_at_{SPREADS[4]:g}": lengths[kind][4],
        }
    text = words(__name__, **numbers, natural_end=number(numbers["natural_final_distance"], 1))
    return Finding(text, numbers, [_draw(ways, lengths)])


def _draw(ways: dict[str, Array], lengths: dict[str, list[float]]) -> Drawing:
    caption = words(__name__, "search-gradient")
    grid = panel_grid(3, 3, width=9.0, panel=3.0, left=0.62, right=0.25, head=0.3, caption=caption)
    distance, spread, step = grid.axes
    rows: list[dict[str, Any]] = []
    at = np.arange(GENERATIONS + 1)
    for kind, color in KINDS.items():
        middle = np.median(ways[kind], axis=0).T
        for ax, column in ((distance, 0), (spread, 1)):
            ax.semilogy(at, ways[kind][:5, :, column].T, color=color, linewidth=0.6, alpha=0.4)
            ax.semilogy(at, middle[column], color=color, linewidth=2.0)
        step.loglog(SPREADS, lengths[kind], "o-", color=color, linewidth=2.0, markersize=4)
        rows += records(what="run", kind=kind, at=at, distance=middle[0], spread=middle[1], step=None)
        rows += records(what="step", kind=kind, at=None, distance=None, spread=SPREADS, step=lengths[kind])
    dress(distance, title="Distance of the mean", xlabel="generation", ylabel="distance to the optimum")
    dress(spread, title="Spread", xlabel="generation", ylabel="spread σ")
    dress(step, title="Step against spread", xlabel="spread σ", ylabel="step of the mean / σ")
    for ax in grid.axes:
        decade_ticks(ax, "y", *ax.get_ylim(), most=6)
    look = {kind: LineStyle(color, "o") for kind, color in KINDS.items()}
    key_strip(grid.figure, look, grid.figure.get_figheight() - 0.2)
    return Drawing("search-gradient", grid.figure, rows, after=1)
