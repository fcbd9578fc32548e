"""Optimizers: evolution strategies, natural-gradient and gradient methods, and the driver `minimize`.

>>> import es
>>> res = es.minimize(lambda x: (x**2).sum(), [3.0, 3.0], rng=1)

Every method of `es.methods()` is a class here. The names stand in `__init__.pyi`, where type checkers and editors read
them too; each is imported when it is first used.
"""

import copyreg
import importlib
import sys
import types
from typing import Any

import lazy_loader

__version__ = "0.2.0"

_lazily, _, _NAMES = lazy_loader.attach_stub(__name__, __file__)
_BRIDGES = {"EvolutionSearchCV": "sklearn", "nevergrad_optimizer": "nevergrad", "optuna_sampler": "optuna"}


def __getattr__(name: str) -> Any:
    return __dir__() if name == "__all__" else _lazily(name)


def __dir__() -> list[str]:
    """All public names but bridges to packages that are not there: `from es import *` takes each of them."""
    from importlib.util import find_spec

    return [name for name in _NAMES if name not in _BRIDGES or find_spec(_BRIDGES[name]) is not None]


# A module of a class of its own, which this is by lazy loading, cannot be pickled beside a function that uses it.
if type(sys.modules[__name__]) is not types.ModuleType:
    copyreg.pickle(type(sys.modules[__name__]), lambda module: (importlib.import_module, (module.__name__,)))
