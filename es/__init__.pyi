"""The public names of `es` and where they live: read by type checkers, and by `es/__init__.py` when a name is used."""

from .auto.auto import Auto
from .auto.searches import QuasiNewton, SeparableSearch
from .bridges.nevergrad import nevergrad_optimizer
from .bridges.optuna import optuna_sampler
from .bridges.scipy import scipy_method
from .bridges.sklearn import EvolutionSearchCV
from .core.lagrangian import AugmentedLagrangian
from .core.optimizer import Optimizer
from .core.result import Result
from .evaluation.evaluate import Evaluator
from .evaluation.reported import Evaluation
from .gradient.descent import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, RMSprop
from .gradient.scipy_methods import (
    BFGS,
    CG,
    LBFGSB,
    SLSQP,
    DifferentialEvolution,
    DualAnnealing,
    NelderMead,
    Powell,
    TrustConstr,
)
from .minimize import minimize
from .parts.contract import check_strategy
from .parts.pareto import hypervolume
from .parts.strategy import Strategy
from .parts.warm_start import warm_start
from .plotting import plot
from .registry import MethodInfo, get_method, methods, register
from .replicas import Replicas
from .run.checkpoint import Checkpoint
from .run.restarts import BIPOP, IPOP
from .runs import minimize_runs
from .space import Choice, Fixed, Integer, Linear, Log, Ordinal, Space
from .strategies.ars import ARS
from .strategies.asng import ASNG
from .strategies.cat_cmaes import CatCMAES
from .strategies.cat_cmaes_margin import CatMarginCMAES
from .strategies.cem import CEM
from .strategies.cmaes import CMAES
from .strategies.cmaes_margin import MarginCMAES
from .strategies.conditional_cmaes import ConditionalCMAES
from .strategies.crfmnes import CRFMNES
from .strategies.csa_es import CSAES
from .strategies.dd_cmaes import DDCMAES
from .strategies.dxnes_ic import DXNESIC
from .strategies.gaussian import GaussianES
from .strategies.gp import GP
from .strategies.guided_es import GuidedES
from .strategies.lm_ma_es import LMMAES
from .strategies.lq_cmaes import LQCMAES
from .strategies.lra_cmaes import LRACMAES
from .strategies.ma_es import MAES
from .strategies.mo_cmaes import MOCMAES
from .strategies.nes import NES
from .strategies.one_plus_one import OnePlusOne
from .strategies.one_plus_one_cholesky import OnePlusOneCholesky
from .strategies.openai_es import OpenAIES
from .strategies.pgpe import PGPE
from .strategies.r1nes import R1NES
from .strategies.random_search import RandomSearch
from .strategies.sep_cmaes import SepCMAES
from .strategies.snes import SNES
from .strategies.vkd_cmaes import VkDCMAES
from .strategies.xnes import XNES

__version__: str

__all__ = [
    "ARS",
    "ASNG",
    "BFGS",
    "BIPOP",
    "CEM",
    "CG",
    "CMAES",
    "CRFMNES",
    "CSAES",
    "DDCMAES",
    "DXNESIC",
    "GP",
    "IPOP",
    "LBFGSB",
    "LMMAES",
    "LQCMAES",
    "LRACMAES",
    "MAES",
    "MOCMAES",
    "NES",
    "PGPE",
    "R1NES",
    "SGD",
    "SLSQP",
    "SNES",
    "XNES",
    "Adagrad",
    "Adam",
    "AdamW",
    "AugmentedLagrangian",
    "Auto",
    "CatCMAES",
    "CatMarginCMAES",
    "Checkpoint",
    "Choice",
    "ConditionalCMAES",
    "DifferentialEvolution",
    "DualAnnealing",
    "Evaluation",
    "Evaluator",
    "EvolutionSearchCV",
    "Fixed",
    "GaussianES",
    "GuidedES",
    "Integer",
    "Linear",
    "Log",
    "MarginCMAES",
    "MethodInfo",
    "Momentum",
    "NelderMead",
    "Nesterov",
    "OnePlusOne",
    "OnePlusOneCholesky",
    "OpenAIES",
    "Optimizer",
    "Ordinal",
    "Powell",
    "QuasiNewton",
    "RMSprop",
    "RandomSearch",
    "Replicas",
    "Result",
    "SepCMAES",
    "SeparableSearch",
    "Space",
    "Strategy",
    "TrustConstr",
    "VkDCMAES",
    "check_strategy",
    "get_method",
    "hypervolume",
    "methods",
    "minimize",
    "minimize_runs",
    "nevergrad_optimizer",
    "optuna_sampler",
    "plot",
    "register",
    "scipy_method",
    "warm_start",
]
