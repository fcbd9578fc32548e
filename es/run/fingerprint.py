"""What a run is, in a form that the next process can compare: settings as JSON, functions by what they do."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST = 64  # entries of an array that are written out; of longer ones a digest stands for all
DEEPEST = 8


def describe(value: Any, depth: int = 0) -> Any:
    """Numbers, texts, lists and dicts that are the same in the next process if and only if `value` means the same.

    Of a function it is the code with its constants, defaults, closure and the plain globals that it reads; of an
    object its class and attributes. Where something lies in memory has no part in it.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else repr(value)
    if depth > DEEPEST:
        return type(value).__qualname__
    deeper = functools.partial(describe, depth=depth + 1)
    if isinstance(value, np.ndarray | np.generic):
        return _of_array(np.asarray(value), deeper)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return {str(key): deeper(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [deeper(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(str(deeper(entry)) for entry in value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, types.CodeType):
        return [hashlib.sha256(value.co_code).hexdigest(), deeper(value.co_consts), list(value.co_names)]
    if isinstance(value, types.FunctionType):
        return _of_function(value, deeper)
    if isinstance(value, types.MethodType):
        return [deeper(value.__func__), deeper(value.__self__)]
    if isinstance(value, functools.partial):
        return [deeper(value.func), deeper(value.args), deeper(value.keywords)]
    if isinstance(value, np.random.Generator):
        return deeper(value.bit_generator.state)
    if isinstance(value, np.random.SeedSequence):
        return {"entropy": deeper(value.entropy), "spawn_key": list(value.spawn_key)}
    if hasattr(value, "toarray"):  # a sparse matrix of SciPy
        return deeper(value.toarray())
    return {"class": deeper(type(value)), **deeper(getattr(value, "__dict__", {}))}


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of the settings that differ."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def without_code(described: Any) -> Any:
    """What `describe` gave, without the code of functions, which is another in each minor version of Python."""
    if isinstance(described, Mapping):
        function = {"code", "closure", "defaults"} <= set(described)
        return {
            key: without_code(entry)
            for key, entry in described.items()
            if not (function and key in ("code", "globals"))  # which globals it reads, its code says
        }
    return [without_code(entry) for entry in described] if isinstance(described, list) else described


def _of_array(array: np.ndarray[Any, Any], deeper: Any) -> Any:
    if array.size <= MOST:
        return deeper(array.tolist())
    if array.dtype.hasobject:
        return [list(array.shape), [deeper(entry) for entry in array.ravel().tolist()]]
    return [list(array.shape), hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()]


def _of_function(function: types.FunctionType, deeper: Any) -> Any:
    plain = (bool, int, float, str, tuple, list, np.ndarray, np.generic)
    read = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(deeper(cell.cell_contents))
        except ValueError:  # a cell that is still empty
            cells.append(None)
    return {
        "code": deeper(function.__code__),
        "defaults": deeper([function.__defaults__, function.__kwdefaults__]),
        "closure": cells,
        "globals": {name: deeper(entry) for name, entry in read.items() if isinstance(entry, plain)},
    }
