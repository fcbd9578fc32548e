"""Nested tuples, lists and dicts of arrays, taken apart and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def leaves(tree: Any) -> Iterator[Any]:
    """The arrays in `tree`, in order (dicts in the order of their keys)."""
    if isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves(branch)
    elif isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from leaves(branch)
    else:
        yield tree


def is_numbers(tree: Any) -> bool:
    """Whether `tree` is a list of numbers, or of such lists: an array written down, not a tree of arrays."""
    return isinstance(tree, list) and all(
        isinstance(b, (int, float, np.number, np.bool_)) or is_numbers(b) for b in tree
    )


def matched(name: str, tree: Any, like: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of the leaves of `like` and of what stands in their place in `tree`, by key and by position.

    Raises
    ------
    ValueError
        If `tree`, which the message calls `name`, is not made as `like` is.
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            got = f"keys {list(tree)}" if isinstance(tree, dict) else type(tree).__name__
            raise ValueError(f"{name} must be a dict with the keys {list(like)}, got {got}")
        for key, branch in like.items():
            yield from matched(f"{name}[{key!r}]", tree[key], branch)
    elif isinstance(like, (tuple, list)):
        if not isinstance(tree, (tuple, list)) or len(tree) != len(like):
            got = f"{len(tree)}" if isinstance(tree, (tuple, list)) else type(tree).__name__
            raise ValueError(f"{name} must be a {type(like).__name__} of {len(like)} entries, got {got}")
        for i, branch in enumerate(like):
            yield from matched(f"{name}[{i}]", tree[i], branch)
    elif isinstance(tree, dict) or tree is None or (isinstance(tree, (tuple, list)) and not is_numbers(tree)):
        raise ValueError(f"{name} must be an array, got {type(tree).__name__}")
    else:
        yield like, tree


def tree_map(fun: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """A tree of the same form with ``fun(leaf, ...)`` in place of each leaf."""
    if type(tree) is np.ndarray:
        return fun(tree, *others)
    if isinstance(tree, dict):
        return {k: tree_map(fun, v, *(o[k] for o in others)) for k, v in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [tree_map(fun, *branches) for branches in zip(tree, *others, strict=True)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return fun(tree, *others)
