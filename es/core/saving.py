"""The state of an optimizer as plain arrays, and back: a run that was saved and loaded goes on bit for bit."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.learner import Learner
from problems.numbers import short


def refusing(load: Callable[..., None]) -> Callable[..., None]:
    """A `load_state_dict` that says in a sentence what is missing."""

    @functools.wraps(load)
    def checked(self: Any, arrays: Mapping[str, Any]) -> None:
        if not isinstance(arrays, Mapping):
            raise ValueError(f"state must be what state_dict() gave, got {short(arrays)}")
        try:
            load(self, arrays)
        except (KeyError, TypeError) as error:
            what = f"and has no {error}" if isinstance(error, KeyError) else f"with all entries ({error})"
            raise ValueError(f"state must be what state_dict() of {type(self).__name__} gave, {what}") from error

    return checked


class Saving(Learner):
    """What an `Optimizer` saves."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "load_state_dict" in vars(cls):  # each reads entries of its own, some of them first
            setattr(cls, "load_state_dict", refusing(vars(cls)["load_state_dict"]))  # noqa: B010  # mypy knows no better

    def _popsize_of_state(self) -> int:
        """The population's size, by which a state is known to fit."""
        return self.popsize

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All that the run depends on from here, as plain arrays (see `es.core.state.save`)."""
        arrays = {name: np.array(getattr(self, name)) for name in self._row_names()}
        for name, value in self.book.state_dict().items():
            arrays[f"book.{name}"] = value
        for name, value in self.traces.state_dict().items():
            arrays[f"traces.{name}"] = value
        arrays["active"] = self.active.copy()
        arrays["rng"] = np.array([state.generator_to_text(stream) for stream in self._streams], dtype=str)
        arrays["books"] = state.pack(
            {
                "class": type(self).__name__,
                "popsize": self._popsize_of_state(),
                "dtype": self.dtype.name,
                "counts": [self.nit, self._looked],
                "seconds": time.monotonic() - self._opened,
                "reasons": sorted(self._reasons.items()),
                "ranks_values": bool(self.ranks_values),
                "ended": {run: _plain(summary) for run, summary in self._ended.items()},
            }
        )
        return arrays

    @refusing
    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken, bit for bit; the object must have been made with the same arguments.

        Raises
        ------
        ValueError
            If the state is of another class, population size or shape, or something is missing.
        """
        books = state.unpack(arrays["books"])
        known = {"class": type(self).__name__, "popsize": self._popsize_of_state(), "dtype": self.dtype.name}
        for name, mine in known.items():
            if books[name] != mine:
                raise ValueError(f"state must be of an optimizer with {name} {mine}, got {books[name]}")
        if arrays["mean"].shape[-1] != self.n or (arrays["mean"].ndim == 2) != (self.runs is not None):
            raise ValueError(f"state must fit x0 of {self.n} coordinates, got a mean of shape {arrays['mean'].shape}")
        kept = np.array(arrays["active"])
        if len(kept) < len(self.active):
            self._take_runs(kept)
        for name in self._row_names():
            setattr(self, name, arrays[name].copy() if arrays[name].ndim else arrays[name][()])
        self.book.load_state_dict(state.below(arrays, "book."))
        self.traces.load_state_dict(state.below(arrays, "traces."))
        # Into the generators that are there: the caller may hold one of them and go on drawing from it.
        for stream, text in zip(self._streams, arrays["rng"], strict=True):
            stream.bit_generator.state = state.generator_from_text(str(text)).bit_generator.state
        self.nit, self._looked = books["counts"]
        self.ranks_values = books.get("ranks_values", True)
        self._figures_of = -1
        self._opened = time.monotonic() - books["seconds"]
        self._reasons = {int(run): reasons for run, reasons in books["reasons"]}
        if self.runs is None and "maxfevals" not in self._watch.thresholds:  # a budget by default has been lifted since
            rest = {name: figure for name, figure in self._reasons.pop(0, {}).items() if name != "maxfevals"}
            self._reasons |= {0: rest} if rest else {}
        self._was_unclean = True
        self._ended = {
            int(run): {**{key: np.array(v) if isinstance(v, list) else v for key, v in summary.items()},
                       "seed": self._seeds[int(run)]}
            for run, summary in books["ended"].items()
        }  # fmt: skip


def _plain(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary as JSON can hold it; the seed is known from the arguments."""
    return {key: v.tolist() if isinstance(v, np.ndarray) else v for key, v in summary.items() if key != "seed"}
