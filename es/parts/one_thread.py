"""Linear algebra of small matrices by one thread: several wait for each other longer than they compute."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def _libraries() -> Any:
    """The libraries whose threads can be set."""
    import scipy.linalg.blas  # noqa: F401  (SciPy's own is loaded now, so that it is found)
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def one_thread(function: F) -> F:
    """A function within which linear algebra takes one thread."""

    @functools.wraps(function)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return alone  # type: ignore[return-value]
