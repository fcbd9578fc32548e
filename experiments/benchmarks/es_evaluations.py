"""Evaluations of CMA-ES to 1e-8, next to pycma on the same functions, starts and step sizes.

    python -m experiments.benchmarks.es_evaluations [--out FOLDER] [--runs 15] [--dims 2 5 10 20 40]

Sphere, ellipsoid (condition 1e6), discus, cigar, sum of different powers and Rosenbrock, all but the sphere and
Rosenbrock rotated; x0 uniform in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. The
ratio is that of the medians over the runs; to reach: at most 1.05. Where runs are short (n <= 5) there are nine times
as many, because a median of 15 varies by up to 10 % there. Needs the extra `peers`.
"""

from __future__ import annotations

import argparse

from experiments.benchmarks.counting import Case, case, counting
from experiments.benchmarks.peers import pycma

ROTATED = ("ellipsoid", "discus", "cigar", "different powers")
FUNCTIONS = ("sphere", *(f"rotated {shape}" for shape in ROTATED), "rosenbrock")


@counting(runs=15, limit=1.05)
def main(given: argparse.Namespace) -> list[Case]:
    """CMA-ES on all functions in all dimensions."""
    works = [(on, n) for n in given.dims or (2, 5, 10, 20, 40) for on in FUNCTIONS]
    return [case("cmaes", "pycma", pycma(), on, n, 1e6, times=9 if n <= 5 else 1) for on, n in works]
