"""The searches of `auto` as arrays, and back: each with what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.auto.coordinates import Coordinates
from es.auto.limited import LimitedLoop
from es.auto.populations import Populations
from es.auto.quasi_newton import NewtonLoop
from es.auto.separable import SeparableLoop
from es.core import state as store

# The attribute of `Auto`, and the kinds of search that it may hold, by the name under which they are saved.
KINDS: dict[str, dict[str, Any]] = {
    "coordinates": {"coordinates": Coordinates},
    "separable": {"separable": SeparableLoop},
    "newton": {"newton": NewtonLoop, "limited": LimitedLoop},
    "cma": {"cma": Populations},
}


def arrays_of(auto: Any) -> dict[str, npt.NDArray[Any]]:
    """State and arguments of each search that has begun."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for attribute, kinds in KINDS.items():
        search = getattr(auto, attribute)
        for name, kind in kinds.items():
            if type(search) is kind:
                arrays |= {f"{name}.{key}": value for key, value in search.state_dict().items()}
                arrays |= {f"{name}.made.{key}": np.asarray(value) for key, value in search.arguments.items()}
    return arrays


def restore(auto: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Make the searches that `arrays_of` saw, where they were."""
    for attribute, kinds in KINDS.items():
        setattr(auto, attribute, None)
        for name, kind in kinds.items():
            made = store.below(arrays, f"{name}.made.")
            if made:
                search = kind.remade(made)
                search.load_state_dict(store.below(arrays, f"{name}."))
                setattr(auto, attribute, search)
