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

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# A module of a class of its own, which this is by lazy loading, cannot be pickled beside a function that uses it.
if type(sys.modules[__name__]) is not types.ModuleType:
    copyreg.pickle(type(sys.modules[__name__]), lambda module: (importlib.import_module, (module.__name__,)))
