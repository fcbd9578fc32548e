"""The state of `auto` as arrays: its books, and the searches that have begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.auto.coordinates import Coordinates
from es.auto.last_look import LastLook
from es.auto.limited import LimitedLoop
from es.auto.populations import Populations
from es.auto.quasi_newton import NewtonLoop
from es.auto.separable import SeparableLoop
from es.auto.stepwise import restored, saved
from es.core import state as store

# The searches by the names under which they are saved: which attribute may hold one of this kind.
SEARCHES: dict[str, tuple[str, type]] = {
    "coordinates": ("coordinates", Coordinates),
    "separable": ("separable", SeparableLoop),
    "newton": ("newton", NewtonLoop),
    "limited": ("newton", LimitedLoop),
    "cma": ("cma", Populations),
    "look": ("look", LastLook),
}
PLAIN = (
    "_seed", "_draws", "arm", "planned", "verdict", "holder", "restarts", "used", "halve_at", "factor", "measured",
    "_f", "_f_first", "settled", "left_out", "doubtful", "spent", "uses_gradient",
    "_checked_at", "_better_at", "_f_round", "_rounds",
)  # fmt: skip


def kept(auto: Any) -> dict[str, npt.NDArray[Any]]:
    """All that `load` needs."""
    arrays = {
        "auto.plain": store.pack({name: getattr(auto, name) for name in PLAIN}),
        "auto.progress": store.pack([vars(auto.progress), vars(auto.worth)]),
        "auto.diary": store.pack([auto.diary.phases, auto.diary.last]),
        "auto.x": auto._x.copy(),
    }
    if auto._pool is not None:
        arrays["auto.pool"] = auto._pool.copy()
    arrays |= {f"minima.{key}": value for key, value in auto.minima.state_dict().items()}
    for name, (attribute, kind) in SEARCHES.items():
        if type(search := getattr(auto, attribute)) is kind:
            arrays |= saved(search, name)
    return arrays


def load(auto: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Go on where `kept` was taken; older versions kept less, and a budget and target, which may be others now."""
    for name, value in store.unpack(arrays["auto.plain"]).items():
        if name not in ("budget", "targeted"):
            setattr(auto, name, value)
    auto.diary.phases, auto.diary.last = store.unpack(arrays["auto.diary"])
    for books, values in zip((auto.progress, auto.worth), store.unpack(arrays["auto.progress"]), strict=True):
        vars(books).update(values)
    auto._x = np.array(arrays["auto.x"])
    auto._pool = np.array(arrays["auto.pool"]) if "auto.pool" in arrays else None
    auto.minima.load_state_dict(store.below(arrays, "minima."))
    auto.coordinates = auto.separable = auto.newton = auto.cma = auto.look = None
    for name, (attribute, kind) in SEARCHES.items():
        if (search := restored(kind, name, arrays)) is not None:
            setattr(auto, attribute, search)
