"""Linear algebra of small matrices by one thread: several wait for each other longer than they compute."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def _libraries() -> Any:
    """The libraries whose threads can be set; None without threadpoolctl, which comes with scikit-learn."""
    import scipy.linalg.blas  # noqa: F401  (SciPy's own is loaded now, so that it is found)

    try:
        return importlib.import_module("threadpoolctl").ThreadpoolController()
    except ImportError:
        return None


def one_thread(function: F) -> F:
    """A function within which linear algebra takes one thread, where threadpoolctl is installed."""

    @functools.wraps(function)
    def alone(*args: Any, **kwargs: Any) -> Any:
        libraries = _libraries()
        with libraries.limit(limits=1, user_api="blas") if libraries else contextlib.nullcontext():
            return function(*args, **kwargs)

    return alone  # type: ignore[return-value]
