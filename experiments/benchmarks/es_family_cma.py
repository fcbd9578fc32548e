"""Evaluations of the plain and covariance strategies to 1e-8, next to the package that has them.

    python -m experiments.benchmarks.es_family_cma [--out FOLDER] [--runs 9] [--only vkd-cmaes ...]

Peers: pycma for lq-CMA-ES (`fmin_lq_surr2`) and VkD-CMA-ES, pycma (`CMA_diagonal`) and `cmaes` for sep-CMA-ES, pypop7
for the others. x0 uniform in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. The ratio is
that of the medians over the runs; to reach: at most 1.10. Where the peer does not reach the target the ratio is 0; a
peer that is not installed is left out (nan). Needs the extras `peers` and `families`.

The moving averages in pycma's VkD-CMA-ES do not average (they take over each value whole), so that it tries axes as
soon as one step happens to be short: on the separable ellipsoid it takes on axes that mean nothing.

The (1+1)-ES is pypop7's RES: the same rule, log sigma changed by (success - 1/5) / sqrt(n + 1) after each offspring.
The cross-entropy method is pypop7's standard one, SCEM, which smooths mean and standard deviations with one factor,
`alpha`, where ours has `smoothing`; it gets our population size, share of the elite and smoothing in place of its own
(1000, 0.2 and 0.8), and sigma0 = 3, which covers the optimum. (DSCEM is another method, whose smoothing of the standard
deviations fades with the iterations; UMDA starts from a uniform population and does not smooth.) pypop7 ends within a
population, ours after it: half a population is up to 2 % of a median here.

Without a row here: `gaussian`, because no package fits one sigma to an elite (pypop7's EMNA fits a covariance matrix
around the elite's own mean, evosax's SimpleES a standard deviation for each coordinate), and `random-search`, which
only draws. `cmaes` is compared in es_evaluations, `cmaes-margin` and the warm start in es_family_mixed, `lra-cmaes` in
es_noise, `mo-cmaes` in es_multiobjective, the natural-gradient strategies in es_family_nes, and those that follow an
estimated gradient in es_family_gradient. SciPy's own code behind our driver are `l-bfgs-b`, `bfgs`, `cg`,
`nelder-mead`, `powell`, `slsqp`, `trust-constr`, `differential-evolution` and `dual-annealing`. The update rules
`sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` and `adamw` do not search: the tests compare their steps
with PyTorch's.
"""

from __future__ import annotations

import argparse

from experiments.benchmarks.counting import Case, Peer, case, counting
from experiments.benchmarks.peers import cmaes, pycma, pycma_lq, pypop7

Works = list[tuple[str, int]]

SPHERES: Works = [("sphere", 10), ("sphere", 40)]
ROTATED: Works = [("rotated ellipsoid", 10), ("rotated cigar", 10), ("rotated discus", 10)]
SEPARABLE: Works = [(on, n) for n in (10, 40, 100) for on in ("ellipsoid", "cigar", "discus")]
SMALL = ("sphere", "ellipsoid", "discus", "rotated ellipsoid", "rotated cigar", "rosenbrock")
QUADRATIC: Works = [(on, n) for n in (5, 10) for on in SMALL] + [(on, 20) for on in SMALL[:5]]
LOW_RANK: Works = [
    ("sphere", 40), ("ellipsoid", 40), ("rotated cigar", 40), ("rotated cigar", 100), ("discus", 40), ("discus", 100),
]  # fmt: skip
LARGE: Works = [("sphere", 100), ("rotated cigar", 100), ("rotated discus", 100)]
# The share of the elite and the smoothing that ours has by default.
SCEM = pypop7("cem.scem", "SCEM", n_individuals=lambda n, k: k, n_parents=lambda n, k: round(0.2 * k), alpha=0.7)
PLANS: list[tuple[str, str, Peer, Works, float, float | None]] = [  # method, package, peer, works, budget, sigma0
    ("one-plus-one", "pypop7", pypop7("es.res", "RES"), SPHERES, 1e4, None),
    ("csa-es", "pypop7", pypop7("es.csaes", "CSAES"), SPHERES, 2e4, None),
    ("cem", "pypop7", SCEM, [*SPHERES, ("ellipsoid", 10), ("ellipsoid", 40)], 2e5, 3.0),
    ("ma-es", "pypop7", pypop7("es.maes", "MAES"), ROTATED, 3e4, None),
    ("one-plus-one-cholesky", "pypop7", pypop7("es.opoc2009", "OPOC2009"), ROTATED, 3e4, None),
    ("dd-cmaes", "pypop7", pypop7("es.ddcma", "DDCMA"), [*ROTATED, ("ellipsoid", 40)], 3e4, None),
    ("sep-cmaes", "pycma", pycma("diagonal"), SEPARABLE, 2e5, None),
    ("sep-cmaes", "cmaes", cmaes("SepCMA"), SEPARABLE, 2e5, None),
    ("lq-cmaes", "pycma", pycma_lq, QUADRATIC, 2e4, None),
    ("vkd-cmaes", "pycma", pycma("vkd"), LOW_RANK, 1e5, None),
    ("lm-ma-es", "pypop7", pypop7("es.lmmaes", "LMMAES"), LARGE, 2e6, None),
]


@counting(runs=9)
def main(given: argparse.Namespace) -> list[Case]:
    """Every method on its functions."""
    return [
        case(method, package, peer, on, n, budget, sigma0=sigma0)
        for method, package, peer, works, budget, sigma0 in PLANS
        for on, n in works
    ]
