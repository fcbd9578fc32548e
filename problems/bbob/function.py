"""The callable of a BBOB objective: cuts large batches, and pickles as the few numbers it was built from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from problems.bbob.frames import Landscape
from problems.blocks import in_blocks

__all__ = ["Function"]


class Function:
    """f of one landscape.

    Parameters
    ----------
    build : callable
        `build(*key)` -> Landscape; a function of a module, so that it pickles by name.
    *key
        What `build` takes, such as function, n and instance.
    """

    def __init__(self, build: Callable[..., Landscape], *key: Any) -> None:
        self.build, self.key = build, key
        self.landscape = build(*key)

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n)."""
        landscape = self.landscape
        return in_blocks(landscape.value, x, landscape.width) + landscape.f_opt

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.build, *self.key)
