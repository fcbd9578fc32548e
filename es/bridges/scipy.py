"""The methods of this package behind `scipy.optimize.minimize`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from es.minimize import minimize
from es.registry import get_method
from es.run.differences import as_scheme

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

# Names that SciPy's own methods use for what is called otherwise here.
SAME = {"maxfev": "maxfevals", "maxfun": "maxfevals", "disp": "progress", "seed": "rng"}
_OWN = frozenset(inspect.signature(minimize).parameters) - {
    "fun",
    "x0",
    "method",
    "bounds",
    "constraints",
    "jac",
    "callback",
}


def scipy_method(name: str | type | None = None, *, jac: str | None = None) -> Callable[..., OptimizeResult]:
    """A method for the argument `method` of `scipy.optimize.minimize`.

    Parameters
    ----------
    name : str or class, optional
        As for `es.minimize`.
    jac : {"2-point", "3-point", "cs"}, optional
        Where gradients come from if SciPy hands over no function for them. None: from `autodiff`, and where that
        cannot follow the function, from "2-point" as SciPy's own methods take them. A text given to
        `scipy.optimize.minimize` as its own `jac` never gets here: SciPy keeps it from methods that are callables.

    Returns
    -------
    callable
        Takes what SciPy hands over. `options` are the keyword arguments of `es.minimize` (`maxfevals`, `sigma0`,
        `rng`, ...; SciPy's `maxfev`, `maxfun`, `disp` and `seed` too) and those of the method; `tol` is the method's
        threshold for steps or gradients.

    Raises
    ------
    ValueError
        If there is no such method or scheme.

    Examples
    --------
    >>> import scipy.optimize, es
    >>> res = scipy.optimize.minimize(scipy.optimize.rosen, [0, 0], method=es.scipy_method("cmaes"), options={"rng": 1})
    >>> bool(res.fun < 1e-8)
    True
    """
    _class_of(name)  # an unknown name is an error here, not inside SciPy
    return partial(_through_scipy, name, as_scheme(jac))


def _through_scipy(
    name: str | type | None,
    scheme: str | None,
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    callback: Any = None,
    **options: Any,
) -> OptimizeResult:
    if hess is not None or hessp is not None:
        used_by = "the default method" if name is None else f"method {name!r}"
        warnings.warn(f"hess and hessp are not used by {used_by}", RuntimeWarning, stacklevel=3)
    own: dict[str, Any] = {}
    rest = dict(options.pop("options", None) or {})
    for key, value in options.items():
        key = SAME.get(key, key)
        if key in _OWN:
            own[key] = value
        else:
            rest[_tolerance(_class_of(name)) if key == "tol" else key] = value
    gradient = _Bound(jac, args) if callable(jac) else jac if isinstance(jac, str) else scheme
    run = partial(
        minimize,
        _Bound(fun, args),
        x0,
        method=name,
        bounds=bounds,
        constraints=constraints,
        callback=callback,
        options=rest,
        **own,
    )
    try:
        return run(jac=gradient)
    except RuntimeError as error:
        if gradient is not None or type(error).__name__ != "LostGradient":
            raise
        return run(jac="2-point")  # what SciPy's own methods do where they are given no gradient


def _class_of(name: str | type | None) -> Any:
    """The class of a method; of the default that one to which thresholds for steps belong."""
    return get_method("cmaes" if name is None else name)


def _tolerance(cls: Any) -> str:
    """What `tol` means to a method: the first of these that it has."""
    known = {*cls.criteria, *getattr(cls, "defaults", ())}
    return next((name for name in ("tolx", "tolgrad", "gtol", "xatol", "xtol", "ftol", "tol") if name in known), "tol")


class _Bound:
    """A function of x with SciPy's further `args` filled in; picklable where the function is."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.fun = fun
        self.args = args
        self.__name__ = getattr(fun, "__name__", type(fun).__name__)

    def __call__(self, x: Any) -> Any:
        return self.fun(x, *self.args)
