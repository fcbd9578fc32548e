"""A run on disk: written whole or not at all, without pickle, so that a killed run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core import state as store

if TYPE_CHECKING:
    from es.run.loop import Run

EVERY = 5.0  # seconds between two writings, unless told otherwise


class Checkpoint:
    """Saves a run at most every few seconds and at its end, and resumes it from the file if there is one.

    Parameters
    ----------
    path : str or path
        An `.npz` file. It is replaced atomically: a kill at any moment leaves the last whole state.
    every : float
        Seconds between two writings; 0 writes after every iteration.

    Examples
    --------
    >>> import es
    >>> res = es.minimize(f, x0, checkpoint="run.npz")                   # doctest: +SKIP
    >>> res = es.minimize(f, x0, checkpoint=Checkpoint("run.npz", 60))   # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str], every: float = EVERY) -> None:
        if not every >= 0:
            raise ValueError(f"every must be a number of seconds >= 0, got {every}")
        self.path = Path(path)
        self.every = every
        self.fingerprint = ""
        self._saved = time.monotonic()

    def bind(self, settings: Mapping[str, Any]) -> None:
        """Fix what the run is, so that a file of another run is refused; budget and target may change between calls.

        The objective itself is not compared: it may be anything.
        """
        text = json.dumps(settings, sort_keys=True, default=_plain)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def resume(self, run: Run) -> None:
        """Take over the state in the file, if there is one.

        Raises
        ------
        ValueError
            If the file is that of a run with other settings.
        """
        if not self.path.exists():
            return
        state = store.load(self.path)
        if str(state.get("run/fingerprint")) != self.fingerprint:
            raise ValueError(
                f"checkpoint {self.path} holds a run with another x0, method, bounds or options: give another file name"
            )
        for name, part in run.parts.items():
            part.load_state_dict(store.below(state, f"{name}/"))
        run.nit = int(state["run/nit"])
        run.limits.resume(float(state["run/seconds"]))
        run.evaluate.first_error = str(state["run/first_error"]) or None

    def keep(self, run: Run, *, now: bool = False) -> None:
        """Write the state if it is time to."""
        if not now and time.monotonic() - self._saved < self.every:
            return
        state: dict[str, Any] = {
            "run/fingerprint": np.array(self.fingerprint),
            "run/nit": np.array(run.nit),
            "run/seconds": np.array(run.limits.seconds),
            "run/first_error": np.array(run.evaluate.first_error or ""),
        }
        parts = {name: part.state_dict() for name, part in run.parts.items()}
        for name, part in parts.items():
            state |= {f"{name}/{key}": np.asarray(value) for key, value in part.items()}
        store.save(self.path, state)
        self._saved = time.monotonic()


def as_checkpoint(checkpoint: Any) -> Checkpoint | None:
    """A `Checkpoint` from the argument: None, a path, or one already."""
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        return checkpoint
    if not isinstance(checkpoint, str | os.PathLike):
        raise ValueError(f"checkpoint must be a path or an es.Checkpoint, got {checkpoint!r}")
    return Checkpoint(checkpoint)


def _plain(value: Any) -> Any:
    """Arrays and foreign objects in a form that is the same in the next process."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return getattr(value, "__qualname__", type(value).__qualname__)
