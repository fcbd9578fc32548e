"""COCO's benchmark suites in NumPy: bbob, bbob-noisy, bbob-largescale, bbob-mixint, bbob-boxed, bbob-constrained.

Instances are those of COCO, number for number. All functions work on the last axis, and `autodiff` gives the gradients
of those that have one.

Examples
--------
>>> from problems import bbob
>>> f = bbob.make("bbob-f8", n=3, instance=2)
>>> bool(f(f.x_opt) == f.f_opt)
True
"""

from functools import partial

from problems.bbob.catalog import SUITES, make, names
from problems.bbob.noise import CocoStream, Stream
from problems.objective import Objective
from problems.registry import register

__all__ = ["SUITES", "CocoStream", "make", "names"]

# functions whose finest ripples or plateaus are narrower than the steps of finite differences
_ROUGH = {7, 16, 19, 23}


def _quiet(name: str, n: int | None = None, *, instance: int = 1) -> Objective:
    return make(name, n, instance)


def _noisy(
    name: str, n: int | None = None, *, instance: int = 1, seed: int = 0, run: int = 0, noise: str | Stream = "keyed"
) -> Objective:
    return make(name, n, instance, seed=seed, run=run, noise=noise)


def _register() -> None:
    for suite in SUITES.values():
        for function in suite.functions:
            name = f"{suite.name}-f{function}"
            plain = suite.name in ("bbob", "bbob-largescale", "bbob-boxed") and function not in _ROUGH
            smooth = plain or suite.name == "bbob-constrained"
            maker = partial(_noisy if suite.name == "bbob-noisy" else _quiet, name)
            register(name, maker, tags=(suite.name,), smooth=smooth, plane=suite.allowed(2))


_register()
