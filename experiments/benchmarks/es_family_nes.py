"""Evaluations of the natural-gradient strategies, next to the packages that have them.

    python -m experiments.benchmarks.es_family_nes [--out FOLDER] [--runs 15] [--dims 5 10 40 100] [--methods xnes ...]

To 1e-8: xNES against `cmaes` and pypop7, DX-NES-IC against `cmaes`, CR-FM-NES against its authors' `crfmnes`, SNES
against pypop7 and `evosax` (in single precision), on the same functions, starts, step sizes, population sizes and, by
the same formulas, learning rates; R1-NES against pypop7, with the population size that each has for its own. x0
uniform in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1.

pypop7 has two strategies with which exact NES can be compared, both in the Cholesky factor of the covariance matrix.
ONES is NES with a Fisher matrix estimated from samples, but from those that are evaluated, so that it needs more of
them than there are parameters, p = n (n + 3) / 2. ENES has the Fisher matrix in closed form. They have rows with the
population size of their own, 100, ONES also with 2 p, and both with ours ("as many"), from which ONES cannot learn.
A run that ends in a singular matrix counts as one that did not arrive.
With as many points ENES is ahead of ours on the sphere, by 1.1 times at n = 5 and by 1.3 at n = 10, where one run in
three does not arrive, and none on the rotated ellipsoid; with 20 points at n = 10 all do, 1.5 and 1.3 times ahead. The
difference is one of learning rates: those of exact NES are the ones that the paper gives for xNES, which know n and
not the population size. Three times as fast with 20 points, it takes 3720 and 5680 evaluations at n = 10 where ENES
takes 4198 and 7115; three times as fast with its usual 10 points no run arrives.

The methods that follow an estimated gradient with a given learning rate are in `es_family_gradient`. xNES of evosax
has no row: version 0.3 takes the exponential of the matrix entry by entry, so that it stays diagonal.

The ratio is that of the medians over the runs; to reach: at most 1.1. With `--out` also a figure: step sizes of the
plain search gradient and of the natural gradient as they come near an optimum. Needs the extras `peers` and
`families`; what is not installed is left out (nan).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.parameters import utilities
from experiments.benchmarks.counting import Case, Peer, Rows, case, counting
from experiments.benchmarks.peers import cmaes, crfmnes, evosax_snes, pypop7

Works = dict[str, list[int]]


def _nes(name: str, **more: Any) -> Peer:
    return pypop7(f"nes.{name}", name.upper(), **more)


SAME = {"n_individuals": lambda n, popsize: popsize}
TWICE = {"n_individuals": lambda n, popsize: n * (n + 3)}
XNES: Works = {"rotated ellipsoid": [10], "rotated cigar": [10], "rosenbrock": [10]}
DXNES: Works = {on: [10, 40] for on in XNES}
SNES: Works = {"sphere": [10, 40], "ellipsoid": [10, 40]}
NES: Works = {"sphere": [5, 10], "rotated ellipsoid": [5, 10]}
CRFM: Works = {"cigar": [40, 100], "discus": [40, 100], "ellipsoid": [40, 100], "rotated cigar": [40]}
PLANS: list[tuple[str, str, Peer, Works, str]] = [  # method, package, peer, works, label
    ("xnes", "cmaes", cmaes("XNES"), XNES, ""),
    ("xnes", "pypop7", _nes("xnes", **SAME), XNES, ""),
    ("dxnes-ic", "cmaes", cmaes("DXNESIC"), DXNES, ""),
    ("crfmnes", "crfmnes", crfmnes, CRFM, ""),
    ("r1nes", "pypop7", _nes("r1nes"), {"sphere": [40, 100], "rotated cigar": [40, 100]}, ""),
    ("snes", "pypop7", _nes("snes", **SAME), SNES, ""),
    ("snes", "evosax", evosax_snes, SNES, ""),
    ("nes", "pypop7", _nes("ones"), NES, "nes (ONES)"),
    ("nes", "pypop7", _nes("ones", **TWICE), NES, "nes (ONES, 2 p points)"),
    ("nes", "pypop7", _nes("ones", **SAME), {on: [5] for on in NES}, "nes (ONES, as many)"),
    ("nes", "pypop7", _nes("enes"), NES, "nes (ENES)"),
    ("nes", "pypop7", _nes("enes", **SAME), NES, "nes (ENES, as many)"),
]


def step_sizes(
    iterations: int = 400, popsize: int = 1000, sigma0: float = 1.0, eta: float = 0.01, seed: int = 0
) -> dict[str, FloatArray]:
    """Step size of both gradients on f(x) = x^2 in one dimension, with the same learning rate for mean and step size.

    The plain search gradient (Wierstra et al., JMLR 15, 2014, section 2.2) is sum u z / sigma for the mean and
    sum u (z^2 - 1) / sigma for sigma, which grow like 1 / sigma; the natural gradient (section 3) is sigma sum u z
    and sigma sum u (z^2 - 1) / 2.

    Returns
    -------
    dict of str to ndarray, shape (iterations + 1,)
        sigma of "plain" and "natural"; the plain one ends as NaN once sigma is no longer positive.
    """
    u = utilities(popsize)
    found = {}
    for kind in ("plain", "natural"):
        rng = np.random.default_rng(seed)
        mean: Any = 1.0
        sigma: Any = sigma0
        path = np.full(iterations + 1, np.nan)
        path[0] = sigma
        for t in range(1, iterations + 1):
            z = rng.standard_normal(popsize)
            z = z[((mean + sigma * z) ** 2).argsort()]
            gain = 1 / sigma if kind == "plain" else sigma
            half = 1.0 if kind == "plain" else 0.5
            mean, sigma = mean + eta * gain * (u @ z), sigma + eta * half * gain * (u @ (z * z - 1))
            if sigma <= 0 or not np.isfinite(mean):
                break
            path[t] = sigma
        found[kind] = path
    return found


def draw_step_sizes(rows: Rows, out: Path | None) -> None:
    """Figure of `step_sizes`: sigma over the iterations, and the change of sigma in one step at each sigma."""
    if out is None:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for kind, colour in (("plain", "tab:blue"), ("natural", "tab:orange")):
        whole = step_sizes(iterations=1000)[kind]
        sigma = whole[np.isfinite(whole)]
        change = np.abs(np.diff(sigma)) / sigma[:-1]
        left.semilogy(sigma, color=colour, label=f"{kind} gradient")
        right.loglog(sigma[:-1], change, ".", markersize=3, color=colour, label=f"{kind} gradient")
        if len(sigma) < len(whole):
            end, near = (len(sigma) - 1, sigma[-1]), {"textcoords": "offset points"}
            left.plot(*end, "x", markersize=8, color="black")
            left.annotate("the next step makes\nsigma negative", end, (-4, -12), va="top", **near)
            # The steps that theory gives: a part eta / sigma^2 of sigma, against a part eta / 2 that stays the same.
            lengths = np.geomspace(sigma.min(), 1.0, 50)
            theory = change[-1] * (sigma[-2] / lengths) ** 2
            right.loglog(lengths, theory, "--", color="black", linewidth=1)
            right.annotate("1 / sigma²", (lengths[20], theory[20]), (8, 4), **near)
    left.set(xlabel="iterations", ylabel="sigma", title="sigma on the way to the optimum")
    right.set(xlabel="sigma", ylabel="|change of sigma| / sigma", title="length of a step, by sigma")
    left.legend(loc="upper right")
    right.legend(loc="lower left", markerscale=4)
    for ax in (left, right):
        ax.grid(alpha=0.3)
    figure.suptitle("f(x) = x² in one dimension, the same learning rate for both", fontsize="medium")
    figure.savefig(out / "natural_gradient.png", dpi=140)


@counting(runs=15, then=draw_step_sizes)
def main(given: argparse.Namespace) -> list[Case]:
    """Every method on its functions."""
    return [
        case(method, package, peer, on, n, 3e4 * n, label=label)
        for method, package, peer, works, label in PLANS
        for on, dims in works.items()
        for n in dims
    ]
