"""SciPy's solvers as methods: what each keeps, wants and costs, and its defaults. `scipy_solvers` has their calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy.typing as npt

from es.gradient import constrained_solvers
from es.gradient import scipy_solvers as solvers
from es.gradient.solver_method import ScipySolver
from es.gradient.stepwise import Solver, Stepwise
from es.gradient.units import powers_of_two


class LBFGSB(ScipySolver):
    """Quasi-Newton method with bounds and a memory of a few steps, restarted from its end until that gains nothing."""

    paper = "Byrd, Lu, Nocedal and Zhu 1995, SIAM J. Sci. Comput. 16"
    cost = "n maxcor"
    good_for = "smooth functions with gradients, any n"
    wants_gradient = True
    solve = staticmethod(solvers.lbfgsb)
    # SciPy's ftol of 2e-9 stops on an ill-conditioned problem long before 1e-8 is reached.
    defaults: ClassVar[Mapping[str, Any]] = {"maxcor": 20, "ftol": 2e-15, "gtol": 1e-10, "maxls": 50}

    def _inverted(self) -> Solver:
        task = self._task
        if not solvers.takes_steps(task):
            return super()._inverted()
        return Stepwise(solvers.lbfgsb_by_steps, task, powers_of_two(self.scale0))


class BFGS(ScipySolver):
    """Quasi-Newton method with a full inverse Hessian."""

    paper = "Nocedal and Wright 2006, Numerical Optimization, chapter 6"
    cost = "n^2"
    good_for = "smooth functions with gradients, n to a few hundred"
    wants_gradient = True
    keeps_bounds = False
    solve = staticmethod(solvers.bfgs)
    of_differences: ClassVar[Mapping[str, Any]] = {"gtol": 1e-5}  # SciPy's own
    defaults: ClassVar[Mapping[str, Any]] = {"gtol": 1e-10, "xrtol": 0.0, "c1": 1e-4, "c2": 0.9}


class CG(ScipySolver):
    """Nonlinear conjugate gradients, Polak and Ribiere's."""

    paper = "Nocedal and Wright 2006, Numerical Optimization, chapter 5"
    cost = "n"
    good_for = "smooth functions with gradients, large n"
    wants_gradient = True
    keeps_bounds = False
    solve = staticmethod(solvers.cg)
    of_differences: ClassVar[Mapping[str, Any]] = {"gtol": 1e-5}
    defaults: ClassVar[Mapping[str, Any]] = {"gtol": 1e-10, "c1": 1e-4, "c2": 0.4}


class SLSQP(ScipySolver):
    """Sequential quadratic programming; keeps constraints itself."""

    paper = "Kraft 1988, DFVLR-FB 88-28"
    cost = "n^3"
    good_for = "smooth constrained problems, n to a few hundred"
    wants_gradient = True
    takes_constraints = True
    solve = staticmethod(constrained_solvers.slsqp)
    defaults: ClassVar[Mapping[str, Any]] = {"ftol": 1e-12}


class TrustConstr(ScipySolver):
    """Trust-region method with constraints, interior point or SQP.

    Unless a budget is given it ends after 1000 n evaluations: its steps do not grow down a plane, which has no end.
    """

    evaluations_per_variable = 1000
    paper = "Byrd, Hribar and Nocedal 1999, SIAM J. Optim. 9"
    cost = "n^3"
    good_for = "smooth constrained problems"
    wants_gradient = True
    takes_constraints = True
    solve = staticmethod(constrained_solvers.trust_constr)
    defaults: ClassVar[Mapping[str, Any]] = {
        "gtol": None,
        "xtol": 1e-12,
        "barrier_tol": 1e-10,
        "initial_tr_radius": 1.0,
    }


class NelderMead(ScipySolver):
    """Downhill simplex; unless a budget is given it ends after 1000 n evaluations, for noise it never ends at all."""

    evaluations_per_variable = 1000
    paper = "Nelder and Mead 1965; Gao and Han 2012 for adaptive=True"
    cost = "n^2"
    good_for = "a few variables, no gradients, little budget"
    solve = staticmethod(solvers.nelder_mead)
    defaults: ClassVar[Mapping[str, Any]] = {"xatol": 1e-11, "fatol": 1e-11, "adaptive": True, "initial_simplex": None}


class Powell(ScipySolver):
    """Line searches along conjugate directions."""

    paper = "Powell 1964, The Computer Journal 7"
    cost = "n"
    good_for = "smooth functions without gradients, few variables"
    solve = staticmethod(solvers.powell)
    defaults: ClassVar[Mapping[str, Any]] = {"xtol": 1e-8, "ftol": 1e-12, "direc": None}


class DifferentialEvolution(ScipySolver):
    """Differential evolution, best1bin with dither, one batch per generation.

    Unless a budget is given it ends after 15,000 n evaluations, SciPy's 1000 generations of the default size.
    """

    evaluations_per_variable = 15_000
    paper = "Storn and Price 1997, J. Global Optim. 11"
    cost = "n popsize"
    good_for = "rugged functions in a box, separable ones above all"
    needs_box = True
    whole_generations = True
    solve = staticmethod(solvers.differential_evolution)
    defaults: ClassVar[Mapping[str, Any]] = {
        "strategy": "best1bin",
        "tol": 1e-8,
        "atol": 1e-11,
        "mutation": (0.5, 1.0),
        "recombination": 0.7,
        "init": "latinhypercube",
        "polish": False,
    }

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, *, integrality: Any = None, **common: Any) -> None:
        super().__init__(x0, sigma0, **common)
        self._task.integrality = integrality


class DualAnnealing(ScipySolver):
    """Generalised simulated annealing with local searches."""

    paper = "Xiang, Sun, Fan and Gong 1997, Physics Letters A 233"
    cost = "n"
    good_for = "rugged functions in a box"
    needs_box = True
    solve = staticmethod(solvers.dual_annealing)
    defaults: ClassVar[Mapping[str, Any]] = {
        "initial_temp": 5230.0,
        "restart_temp_ratio": 2e-5,
        "visit": 2.62,
        "accept": -5.0,
        "no_local_search": False,
        "sweeps": 1000,
    }
