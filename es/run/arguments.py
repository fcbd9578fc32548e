"""What the driver is handed, checked before anything is evaluated."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from es.core.arrays import FloatArray, check_inside
from es.core.constrained import RANKING, refuse_constraints
from es.core.stopping import CRITERIA
from es.registry import get_method
from es.run.memory import check_sizes
from es.space import Space
from problems.boxes import Box
from problems.numbers import short
from problems.objective import Objective


def as_class(cls: Any) -> Any:
    """The class of a method, as it is.

    Raises
    ------
    ValueError
        If it is no class of optimizers.
    """
    if not (isinstance(cls, type) and hasattr(cls, "ask") and hasattr(cls, "tell")):
        raise ValueError(f"method must be a name or a class with ask and tell, got {short(cls)}")
    return cls


def as_options(options: Any, name: str = "options") -> dict[str, Any]:
    """Options by name as a new dict; None is none.

    Raises
    ------
    ValueError
        If they are no mapping of names.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise ValueError(f"{name} must be a mapping of names, such as {{'tolx': 1e-9}}, got {str(options)[:40]!r}")
    odd = [key for key in options if not isinstance(key, str)]
    if odd:
        raise ValueError(f"{name} must have names as keys, got {str(odd[0])[:40]!r}")
    return dict(options)


def check_gradient(cls: Any, problem: Objective) -> None:
    """Refuse a method that needs a gradient where there is none.

    Raises
    ------
    ValueError
    """
    if cls.wants_gradient and problem.differentiable is False:
        raise ValueError(
            f"method {cls.__name__} needs a gradient and {problem.name} has none: give jac (jac='2-point' takes "
            "differences), or take 'cmaes'"
        )


def take_noise(options: Mapping[str, Any] | None, constraints: Any) -> tuple[dict[str, Any], bool]:
    """Take the option `noise` out of the options: the others, and whether points are to be evaluated repeatedly.

    Raises
    ------
    ValueError
        If it is neither None nor "reevaluate", or constraints are given beside it.
    """
    rest = as_options(options)
    noise = rest.pop("noise", None)
    if not (noise is None or (isinstance(noise, str) and noise == "reevaluate")):
        raise ValueError(f"options['noise'] must be None or 'reevaluate', got {short(noise)}")
    if noise is not None and not (isinstance(constraints, list | tuple) and not constraints):
        raise ValueError("options['noise'] cannot be combined with constraints: leave one of them out")
    return rest, noise is not None


def with_discrete(
    cls: Any, options: Mapping[str, Any] | None, whole: Any, space: Space | None = None
) -> tuple[Any, dict[str, Any]]:
    """The class and options to use where the coordinates in the mask `whole` are integers, or some are categories.

    That is `cls` if it takes `integrality` and `categories`, and CMA-ES with margin for CMA-ES with integers.

    Raises
    ------
    ValueError
        If the method knows real numbers only.
    """
    options, known = as_options(options), constructor_arguments(cls)
    if space is not None:
        if space.categories.any():
            options["categories"] = space.categories
            if "preferred" in known and not np.isnan(space.preferred).all():
                options.setdefault("preferred", space.preferred)
        if space.conditional and "conditions" in known:
            options["conditions"] = space.conditions
        if space.levels and "levels" in known:
            options["levels"] = space.levels
    if whole is None or not whole.any():
        return cls, options
    options["integrality"] = whole
    if "integrality" in known:
        return cls, options
    if cls.__name__ == "CMAES":
        return get_method("cmaes-margin"), options
    cure = "'cat-cmaes-margin'" if "categories" in known else "'cmaes' or 'differential-evolution'"
    raise ValueError(f"integrality cannot be kept by {cls.__name__}: take {cure}")


def for_space(method: Any, space: Space) -> tuple[Any, Space]:
    """The class that searches a space, and the space in the coordinates that it wants.

    None, the default, "auto" and "cmaes" stand for the method that fits:

    ================================================== =================
    what is in the space                               method
    ================================================== =================
    real numbers only                                  as it was given
    choices, and whole numbers of up to three values   asng
    parameters that are there only at times (`when=`)  conditional-cmaes
    anything else                                      cat-cmaes-margin
    ================================================== =================

    With up to some hundred evaluations more is expected of method "gp" than of any of them, as the message then says
    (`es.run.few_evaluations`). Logarithmic integers count as real numbers: they are searched in their
    logarithm and rounded. Any other method gets what it can take: categories if it has the argument `categories`, else
    K real coordinates for a choice among K.
    """
    cls = as_class(get_method("auto" if method is None else method))
    fitted = space.with_categories()
    ours = (get_method("cmaes"), get_method("auto"), get_method("cat-cmaes-margin"))
    if space.conditional and cls in ours:
        return get_method("conditional-cmaes"), fitted
    if cls in ours[:2]:
        if not (fitted.categories.any() or fitted.integrality.any()):
            return (None if method is None else cls), space
        return get_method("asng" if fitted.categories.all() else "cat-cmaes-margin"), fitted
    return cls, fitted if "categories" in constructor_arguments(cls) else space


class Maker:
    """Makes the optimizer of a run, and for restarts further ones that differ in a few arguments.

    Parameters
    ----------
    cls : class
        An optimizer.
    x0 : ndarray, shape (n,)
    sigma0, box, popsize
        As for the constructor.
    options : mapping or None
        Arguments of the constructor, `stop` among them, and names of stopping criteria with their thresholds.

    Raises
    ------
    ValueError
        If an option is unknown (with the closest names), x0 lies outside of the bounds, or there is no memory for so
        many points or variables.
    """

    def __init__(
        self,
        cls: Any,
        x0: FloatArray,
        *,
        sigma0: Any = None,
        box: Box | None = None,
        popsize: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        check_inside(x0, box)
        check_sizes(cls, x0.shape[-1], x0.size // x0.shape[-1], popsize)
        self.budgeted = False  # whether the driver has a budget, which takes the place of the method's own
        self.cls = cls
        self.name = cls.__name__
        self.fixed = {"x0": x0, "sigma0": sigma0, "bounds": box, "popsize": popsize, **split_options(cls, options)}

    def __call__(self, *, maxfevals: float | None = None, **changes: Any) -> Any:
        """An optimizer with these arguments changed; `maxfevals` is a budget of its own."""
        arguments = {**self.fixed, **changes}
        if maxfevals is not None:
            arguments["stop"] = {**(arguments.get("stop") or {}), "maxfevals": maxfevals}
        try:
            opt = self.cls(**arguments)
        except MemoryError as error:
            cure = "take fewer points, or 'snes', which needs least"
            raise MemoryError(f"{self.name} needs more memory than is free ({error}): {cure}") from error
        if self.budgeted and hasattr(opt, "without_default_end"):
            opt.without_default_end()
        return opt

    def instead(self, cls: Any) -> Maker:
        """What makes an optimizer of another class, with the same start, step size, bounds and criteria."""
        other = Maker(
            cls, self.fixed["x0"], sigma0=self.fixed["sigma0"], box=self.fixed["bounds"],
            options={"stop": self.fixed.get("stop")},
        )  # fmt: skip
        other.budgeted = self.budgeted
        return other

    def constrain(self, constraints: list[Any], off: Mapping[str, None]) -> None:
        """Switch criteria off unless the caller has set them, and hand the constraints to a method that keeps them.

        Raises
        ------
        ValueError
            If the method compares with a value of the past: penalties change over time, so its parent would never be
            beaten.
        """
        if getattr(self.cls, "takes_constraints", False):
            self.fixed["constraints"] = constraints
        else:
            refuse_constraints(self.cls, "constraints", (*RANKING, "multiobjective"))
        mine = {name: None for name in off if name in self.cls.criteria}
        self.fixed["stop"] = {**mine, **(self.fixed.get("stop") or {})}

    def settings(self) -> dict[str, Any]:
        """What makes this run the run that it is, for checkpoints."""
        box = self.fixed["bounds"]
        fixed = {name: value for name, value in self.fixed.items() if name != "constraints"}
        return {**fixed, "method": self.name, "bounds": None if box is None else [box.lb, box.ub]}


def split_options(cls: type, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Sort `options` into arguments of a method's constructor and stopping criteria, which go to `stop`.

    Raises
    ------
    ValueError
        If a name is neither, with the closest names.
    """
    given = as_options(options)
    known = constructor_arguments(cls)
    stop = as_options(given.pop("stop", None), "options['stop']")
    for name in list(given):
        if name not in known and name in CRITERIA:
            stop[name] = given.pop(name)
    unknown = sorted(set(given) - known)
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known | set(CRITERIA)), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
        raise ValueError(f"options of {cls.__name__} have no {unknown[0]!r}: {hint}")
    return {**given, "stop": stop} if stop else given


@functools.cache
def constructor_arguments(cls: type) -> frozenset[str]:
    """Names of keyword arguments, those of base classes included as far as `**options` hands them on."""
    names: set[str] = set(cls.option_names()) if hasattr(cls, "option_names") else set()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base is object:
            continue
        parameters = inspect.signature(init).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return frozenset(names - {"self", "x0", "sigma0", "bounds", "popsize", "rng", "stop"})
