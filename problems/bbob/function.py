"""The callable of a BBOB objective: cuts large batches, and pickles as the few numbers it was built from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from problems.bbob.recipe import Recipe, landscape
from problems.bbob.side_by_side import FrameStack, Instances
from problems.blocks import in_blocks


class Function:
    """f of one landscape.

    Parameters
    ----------
    recipe : Recipe
        How its suite makes functions.
    function, n, instance : int
    """

    def __init__(self, recipe: Recipe, function: int, n: int, instance: int) -> None:
        self.recipe, self.key = recipe, (function, n, instance)
        self.landscape = landscape(recipe, *self.key)

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n)."""
        return in_blocks(self.landscape.value, x, self.landscape.width) + self.landscape.f_opt

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.recipe, *self.key)

    @property
    def kind(self) -> Hashable:
        """Stacks hold instances of one function in one n."""
        return (Function, self.recipe, *self.key[:2])

    @classmethod
    def beside(cls, members: Sequence[Function]) -> Instances:
        """Instances as one."""
        recipe = members[0].recipe
        frames = FrameStack([recipe.frame(*m.key) for m in members])
        return Instances(recipe, members[0].key[0], frames)
