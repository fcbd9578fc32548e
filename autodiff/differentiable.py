"""What can be differentiated, as one table made from the rules themselves.

``python -m autodiff.differentiable`` prints the page that the documentation holds.

Examples
--------
>>> from autodiff import differentiable
>>> "matmul" in differentiable.functions()["numpy"]
True
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.registry import CONSTANT, RULES, TRACED
from autodiff.scipy import ROOMS

NUMPY: tuple[tuple[str, Any], ...] = (
    ("numpy", np),
    ("numpy.linalg", np.linalg),
    ("numpy.fft", np.fft),
    ("numpy.lib.stride_tricks", np.lib.stride_tricks),
    ("scipy.special", sc),
)


def functions() -> dict[str, list[str]]:
    """The functions with a derivative, by the module in which they are called.

    Returns
    -------
    dict
        Module -> names in order. An argument list follows where not every argument has a derivative, with a dash in
        place of those that have none: ``jv(-, z)`` can be differentiated in its second argument only.

    Examples
    --------
    >>> from autodiff.differentiable import functions
    >>> [name for name in functions()["scipy.special"] if name.startswith("jv")]
    ['jv(-, x)']
    """
    table: dict[str, list[str]] = {}
    named = set(RULES) | set(TRACED)
    for module, room in NUMPY:
        for name in sorted(vars(room)):
            fun = vars(room)[name]
            if not name.startswith("_") and callable(fun) and fun in named and _own_name(fun, name, room):
                table.setdefault(module, []).append(name + _arguments(fun))
    for room_name in ROOMS:
        path = "autodiff.special" if room_name == "special" else f"autodiff.scipy.{room_name}"
        room = importlib.import_module(path)
        ufuncs = {n for n in room.__all__ if isinstance(getattr(room, n), np.ufunc)}
        table[path] = sorted(set(room.__all__) - ufuncs - {"teach"})
    return table


def constant() -> list[str]:
    """The functions whose value is piecewise constant: they give plain arrays, without a gradient.

    Examples
    --------
    >>> from autodiff.differentiable import constant
    >>> "np.argmax" in constant()
    True
    """
    return sorted(
        f"np.{'linalg.' if 'linalg' in str(getattr(fun, '__module__', '')) else ''}{fun.__name__}" for fun in CONSTANT
    )


def _own_name(fun: Any, name: str, room: Any) -> bool:
    """Whether this is where the function is at home: not NumPy's in the list of SciPy, not a second name."""
    return room is not sc or not (hasattr(np, name) and getattr(np, name) is fun)


def _arguments(fun: Any) -> str:
    """The arguments with a derivative, if some have none."""
    if fun in TRACED or not isinstance(fun, np.ufunc) or None not in RULES[fun]:
        return ""
    maker = next(m for m in RULES[fun] if m is not None)
    names = list(inspect.signature(maker).parameters)[1:]
    return "(" + ", ".join("-" if m is None else n for m, n in zip(RULES[fun], names, strict=False)) + ")"


def page() -> str:
    """The table as a page in Markdown.

    Examples
    --------
    >>> from autodiff.differentiable import page
    >>> print(page().splitlines()[0])
    # What can be differentiated
    """
    table = functions()
    lines = [
        "# What can be differentiated",
        "",
        "Made from the rules by `python -m autodiff.differentiable`. Besides these functions: operators, indexing, and",
        "the methods of arrays; `autodiff.nn` (layers, losses); whatever `autodiff.custom_vjp` is given. An argument",
        "that has no derivative stands as a dash. What is not here, and every keyword that a rule does not know, is",
        "refused in one sentence.",
        "",
        "| in | functions |",
        "|---|---|",
    ]
    lines += [f"| `{module}` | {' '.join(f'`{name}`' for name in names)} |" for module, names in table.items()]
    lines += [
        f"| piecewise constant: plain arrays | {' '.join(f'`{name}`' for name in constant())} |",
        "",
        "In `numpy` and `scipy.special` the functions are NumPy's and SciPy's own. Other functions of SciPy turn their",
        "arguments into plain arrays: take those of `autodiff.scipy`, which have the same names and arguments.",
        "",
        "At a kink the derivative is a subgradient: 0 for `abs` and norms at 0, shared by equal arguments of",
        "`maximum` and equal entries of `max`. There is no second derivative there: that of `abs`, of norms and of",
        "`std` is NaN with a warning. At a tie of two traced arguments of `maximum` or `minimum` the mean of both is",
        "differentiated again, with a warning too; equal entries of `max` and an argument of `sign` that is 0 are",
        "treated alike without one, since their choice cancels in what they are mostly used for (log-sum-exp,",
        "comparisons).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
