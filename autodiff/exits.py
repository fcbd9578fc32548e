"""Where a value could leave a trace without its gradient."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
import threading
from itertools import islice
from types import ModuleType
from typing import Any

from autodiff.buffers import UNDER_WAY
from autodiff.cures import cure_of


class LostGradient(RuntimeError):
    """A tensor was about to be turned into plain numbers, without a gradient."""


class Last(threading.local):
    """The sentence of the last such error in this thread, and the differentiation it belongs to.

    Code in C (of ``struct``, of MINPACK) puts errors of its own in place of those that it meets.
    """

    sentence = ""
    level = 0


LAST = Last()
INSIDE = ("autodiff", "numpy", "scipy", "statistics", "random", "fractions", "decimal", "json", "struct")


def lost(general: str) -> LostGradient:
    """The error at a conversion to plain numbers: the call that was made and its cure, else the `general` sentence."""
    frame: Any = sys._getframe(2)
    library = False
    while frame is not None and (room := of_library(frame)):
        if room == "autodiff" and library:  # the function that is differentiated is a library's
            frame = None
            break
        library, frame = library or room != "autodiff", frame.f_back
    text = None if frame is None else sentence(frame, frame.f_lasti)
    LAST.sentence, LAST.level = text or general, max(UNDER_WAY, default=0)
    return LostGradient(LAST.sentence)


def of_library(frame: Any) -> str:
    """The library that was called to which a frame belongs; nothing if it belongs to the program."""
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return name if name in INSIDE else ""


def sentence(frame: Any, instruction: int, why: str = "") -> str | None:
    """What the program was doing in `frame` that loses the gradient, and the cure; None if it cannot be told."""
    try:
        tree = _expression(frame.f_code, instruction)
        store = dis.opname[frame.f_code.co_code[instruction]] == "STORE_SUBSCR"
        return _about(tree, frame, store, why)
    except Exception:  # a source that is not there, or not the one that runs, must not hide the error
        return None


def _about(tree: Any, frame: Any, store: bool, why: str) -> str | None:
    lost_here = why or "turns a traced tensor into plain numbers and would lose its gradient"
    if store and isinstance(tree, ast.Subscript):
        part = any(isinstance(node, ast.Slice) for node in ast.walk(tree.slice))
        how = "np.stack or np.concatenate" if part else "np.stack, np.concatenate or np.where"
        return (
            f"{ast.unparse(tree)} = x in a plain array {lost_here}: make {ast.unparse(tree.value)} in one piece with"
            f" {how}, or of a list with autodiff.array"
        )
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mod) and _is_text(tree.left, frame):
        return f"{ast.unparse(tree.left)} % x {lost_here}: write x.detach() there, a text has no gradient"
    if isinstance(tree, ast.BinOp) and any(isinstance(side, ast.List | ast.Tuple) for side in (tree.left, tree.right)):
        return f"{ast.unparse(tree)} {lost_here}: stack the list first, autodiff.array([...])"
    if not isinstance(tree, ast.Call):
        return None
    call, fun = ast.unparse(tree.func), _found(tree.func, frame)
    return f"{call}(...) {lost_here}: {cure_of(fun, call, {k.arg for k in tree.keywords})}"


def _is_text(tree: Any, frame: Any) -> bool:
    return isinstance(_found(tree, frame), str) or isinstance(getattr(tree, "value", None), str)


def _expression(code: Any, instruction: int) -> Any:
    """The expression that `code` is computing, as a syntax tree."""
    line, end, start, stop = next(islice(code.co_positions(), instruction // 2, None))
    lines = [linecache.getline(code.co_filename, i).encode() for i in range(line, end + 1)]
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    return ast.parse(f"({b''.join(lines).decode()})", mode="eval").body


def _found(tree: Any, frame: Any) -> Any:
    """What a name, or names with dots, stands for in `frame`; attributes are asked of libraries' objects only."""
    if isinstance(tree, ast.Name):
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if tree.id in names:
                return names[tree.id]
    if isinstance(tree, ast.Attribute):
        owner = _found(tree.value, frame)
        library = str(type(owner).__module__).partition(".")[0] in ("numpy", "scipy", "random")
        return getattr(owner, tree.attr, None) if isinstance(owner, ModuleType) or library else None
    if isinstance(tree, ast.Call):  # np.vectorize(f)(x), norm(0, 1).pdf(x)
        return _found(tree.func, frame)
    return None


def named(error: Exception) -> str | None:
    """The call of the program that ended in an error about tensors, with its cure; None if it was not a library's."""
    traceback, frame, instruction, room = error.__traceback__, None, 0, ""
    while traceback is not None:
        if not of_library(traceback.tb_frame):
            frame, instruction = traceback.tb_frame, traceback.tb_lasti
        room, traceback = of_library(traceback.tb_frame), traceback.tb_next
    if frame is None or room == "autodiff":
        return None
    return sentence(frame, instruction, f"cannot take a traced tensor ({error})")
