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

The ratio is that of the medians over the runs; to reach: at most 1.1. Needs the extras `peers` and `families`; what is
not installed is left out (nan). Why the plain search gradient has no row: see the lesson `search`.
"""

from __future__ import annotations

import argparse
from typing import Any

from experiments.benchmarks.counting import Case, Peer, case, counting
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


@counting(runs=15)
def main(given: argparse.Namespace) -> list[Case]:
    """Every method on its functions."""
    return [
        case(method, package, peer, on, n, 3e4 * n, label=label)
        for method, package, peer, works, label in PLANS
        for on, dims in works.items()
        for n in dims
    ]
