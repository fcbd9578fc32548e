"""mygrad's operations with this package's derivatives: a plugin of pytest under which mygrad's own tests run.

mygrad keeps its tensors, their memory and its draws of shapes, values and options; only the derivative of each
operation is replaced. Its forward pass, NumPy code on ``x.data``, is run again on traced arrays, and what is pulled
back stands for the operation's own ``backward_var``. So every gradient that mygrad's tests compare, with complex steps,
differences or formulas, is one of this package. A test is *refused* where this package says in a sentence
that it has no derivative (mygrad writes into arrays in places), *wrong* where an assertion fails.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

import autodiff as ad

settings.register_profile(
    "shim",
    max_examples=int(os.environ.get("FOREIGN_DRAWS", "5")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("shim")

OWN = {"SetItem", "UnView", "ApplyMask"}
"""Operations that are mygrad's own bookkeeping of what is written to."""

CONVENTIONS = {
    "test_nan_to_num_behavior": "mygrad can give NaN at the kink of a norm, here it is the subgradient 0",
    "test_abs_nan_to_num": "the same of abs",
    "test_maximum_bkwd_equal": "equal arguments of maximum share the gradient here, they get 0 there",
    "test_minimum_bkwd_equal": "the same of minimum",
}
COUNTS: dict[str, list[str]] = {"passed": [], "refused": [], "other conventions": [], "wrong": []}
PULLED: dict[str, int] = {}


class Traced:
    """What mygrad's forward passes read of a tensor."""

    constant = False

    def __init__(self, x: Any) -> None:
        self.data, self.shape, self.ndim, self.size, self.dtype = x, x.shape, x.ndim, x.size, x.dtype

    def __len__(self) -> int:
        return len(self.data)


def windows(original: Any) -> Any:
    """mygrad's view of sliding windows, of traced arrays by NumPy's."""

    def view(arr: Any, window_shape: Any, step: Any, dilation: Any = None) -> Any:
        if not isinstance(arr, ad.Tensor):
            return original(arr, window_shape, step, dilation)
        n = len(window_shape)
        steps = (step,) * n if np.ndim(step) == 0 else tuple(step)
        spread = (1,) * n if dilation is None else (dilation,) * n if np.ndim(dilation) == 0 else tuple(dilation)
        extent = [(w - 1) * d + 1 for w, d in zip(window_shape, spread, strict=True)]
        last = tuple(range(arr.ndim - n, arr.ndim))
        out = np.lib.stride_tricks.sliding_window_view(arr, extent, axis=last)
        picks = [slice(None)] * (arr.ndim - n) + [slice(None, None, s) for s in steps]
        out = out[(*picks, *[slice(None, None, d) for d in spread])]
        lead = arr.ndim - n  # mygrad puts the places first, then what was in front, then the windows
        order = [*range(lead, lead + n), *range(lead), *range(lead + n, lead + 2 * n)]
        return np.transpose(out, order)

    return view


def replace(operation: Any, forward: Any, sweep: Any) -> None:
    """Let the derivative of a class of operations be the one of its forward pass."""

    def __call__(self: Any, *args: Any, **words: Any) -> Any:
        out = forward(self, *args, **words)
        kept = [np.array(a.data) if hasattr(a, "data") and hasattr(a, "constant") else a for a in args]
        places = [i for i, a in enumerate(args) if hasattr(a, "data") and hasattr(a, "constant")]
        which, left = [], list(range(len(places)))  # for each variable, its place among the tensors of the call
        for variable in self.variables:
            k = next(k for k in left if args[places[k]] is variable)
            left.remove(k)
            which.append(k)
        words = {k: None if k == "out" else v for k, v in words.items()}
        self.recorded = places, which, kept, words, self.where
        return out

    def backward(self: Any, grad: Any, **more: Any) -> None:
        mask, self.where = self.where, True  # mygrad would put it on what has been summed over stretched axes
        try:
            sweep(self, grad, **more)
        finally:
            self.where = mask

    def backward_var(self: Any, grad: Any, index: int, **_: Any) -> Any:
        places, which, kept, words, mask = self.recorded
        ufunc = getattr(operation, "numpy_ufunc", None)

        def again(*arrays: Any) -> Any:
            if ufunc is not None and "nan_to_num" not in words:
                out = np.broadcast_to(ufunc(*arrays), np.shape(grad))  # where= and out= may be larger
                return out if mask is True else np.where(mask, out, 0)
            full = list(kept)
            for i, x in zip(places, arrays, strict=True):
                full[i] = Traced(x)
            return forward(operation(), *full, **words)

        _, pull = ad.vjp(again, *[kept[i] for i in places])
        grads = pull(np.asarray(grad))
        PULLED[operation.__name__] = PULLED.get(operation.__name__, 0) + 1
        return grads[which[index]] if len(places) > 1 else grads

    operation.__call__ = __call__
    operation.backward_var = backward_var
    operation.backward = backward


def install() -> None:
    """Replace the derivatives of all of mygrad's operations."""
    import mygrad
    from mygrad.operation_base import Operation

    rooms = [
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(mygrad.__path__, "mygrad.")
        if not info.name.endswith("gru")  # which needs numba
    ]
    for room in rooms:
        if hasattr(room, "sliding_window_view"):
            room.sliding_window_view = windows(room.sliding_window_view)
    waiting, done = list(Operation.__subclasses__()), set()
    while waiting:
        operation = waiting.pop()
        waiting += operation.__subclasses__()
        concrete = not getattr(operation, "__abstractmethods__", None)
        if concrete and operation not in done and operation.__name__ not in OWN and "backward_var" in dir(operation):
            done.add(operation)
    originals = {operation: (operation.__call__, operation.backward) for operation in done}
    for operation, (forward, sweep) in originals.items():
        replace(operation, forward, sweep)


install()


def ours(error: BaseException | None) -> bool:
    """Whether an error was raised by this package, in a sentence."""
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None and not isinstance(error, AssertionError):
            if str(traceback.tb_frame.f_globals.get("__name__", "")).startswith("autodiff."):
                return True
            traceback = traceback.tb_next
        if isinstance(error, BaseExceptionGroup):
            return all(ours(part) for part in error.exceptions)
        error = error.__cause__ or error.__context__
    return False


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or report.skipped:
        return
    if call.excinfo is None:
        COUNTS["passed"].append(item.nodeid)
        return
    error = call.excinfo.value
    text = f"{item.nodeid}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    kind = "refused" if ours(error) else "other conventions" if item.name in CONVENTIONS else "wrong"
    COUNTS[kind].append(text)


def pytest_sessionfinish() -> None:
    if path := os.environ.get("FOREIGN_COUNTS"):
        with open(path, "w") as file:
            json.dump(COUNTS | {"pulled": PULLED}, file)
