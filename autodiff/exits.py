"""Where a value could leave a trace without its gradient."""

from __future__ import annotations

import ast
import linecache
import sys
from itertools import islice
from typing import Any

import numpy as np


class LostGradient(RuntimeError):
    """A tensor was about to be turned into plain numbers, without a gradient."""


INSIDE = ("autodiff", "numpy", "scipy")


def lost(general: str) -> LostGradient:
    """The error at a conversion to plain numbers: the call that was made and its cure, else the `general` sentence."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in INSIDE:
        frame = frame.f_back
    try:
        text = None if frame is None else _sentence(frame)
    except Exception:  # a source that is not there, or not the one that runs, must not hide the error
        text = None
    return LostGradient(text or general)


def _sentence(frame: Any) -> str | None:
    tree = _expression(frame)
    if not isinstance(tree, ast.Call):
        return None
    call, fun = ast.unparse(tree.func), _found(tree.func, frame)
    name, module = getattr(fun, "__name__", ""), str(getattr(fun, "__module__", None) or "")
    cure = _cure(fun, name, module, {k.arg for k in tree.keywords})
    return cure and f"{call}(...) turns a traced tensor into plain numbers and would lose its gradient: {cure}"


def _expression(frame: Any) -> Any:
    """The expression that `frame` is computing, as a syntax tree."""
    line, end, start, stop = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    lines = [linecache.getline(frame.f_code.co_filename, i).encode() for i in range(line, end + 1)]
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    return ast.parse(f"({b''.join(lines).decode()})", mode="eval").body


def _found(tree: Any, frame: Any) -> Any:
    """What a name, or names with dots in modules, stands for in `frame`."""
    if isinstance(tree, ast.Name):
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if tree.id in names:
                return names[tree.id]
    if isinstance(tree, ast.Attribute):
        owner = _found(tree.value, frame)
        return getattr(owner, tree.attr, None) if type(owner) is type(sys) else None
    if isinstance(tree, ast.Call):  # np.vectorize(f)(x)
        return _found(tree.func, frame)
    return None


def _cure(fun: Any, name: str, module: str, keywords: set[str | None]) -> str | None:
    if fun is np.vectorize or isinstance(fun, np.vectorize):
        return "np.vectorize calls it number by number: write it with NumPy functions of the whole array"
    if fun in (float, complex, np.float64, np.float32):
        return "leave it out, or x.detach() for the value alone"
    if fun in (np.array, np.asarray, np.asanyarray):
        return "use autodiff.array for np.array([...]) (or np.stack), autodiff.asarray for np.asarray"
    if module == "math":
        other = {
            "fsum": "np.sum",
            "pow": "np.power",
            "gamma": "autodiff.special.gamma",
            "lgamma": "autodiff.special.gammaln",
        }
        numpy = other.get(name, f"np.{name}" if hasattr(np, name) else f"autodiff.special.{name}")
        return f"use {numpy}, not math.{name}"
    if "initial" in keywords:
        return "initial= takes plain numbers only, bring a traced one in afterwards"
    if module.startswith("numpy"):
        return f"stack lists of numbers first, np.{name}(autodiff.array([...]))"
    if module.startswith("scipy.special"):
        return f"take autodiff.special.{name}"
    return None
