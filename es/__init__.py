"""Optimizers: evolution strategies, natural-gradient and gradient methods, and the driver `minimize`.

>>> import es
>>> res = es.minimize(lambda x: (x**2).sum(), [3.0, 3.0], rng=1)

Every method of `es.methods()` is a class here. The names stand in `__init__.pyi`, where type checkers and editors read
them too; each is imported when it is first used.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
