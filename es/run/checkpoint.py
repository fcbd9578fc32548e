"""A run on disk: written whole or not at all, without pickle, so that a killed run goes on where it was."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core import state as store
from es.run.fingerprint import describe, differing, without_code

if TYPE_CHECKING:
    from es.run.loop import Run

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"  # each has a bytecode of its own
EVERY = 5.0  # seconds between two writings, unless told otherwise
END, BUDGET = "end/", "end/maxfevals"  # what an end within a population adds to a file, and the budget that it is of


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
        if isinstance(every, bool) or not isinstance(every, int | float) or not every >= 0:
            raise ValueError(f"every must be a number of seconds >= 0, got {every!r}")
        self.path = Path(path).absolute()  # the objective may change the working directory
        self.every = every
        self.settings: dict[str, Any] = {}
        self._saved = time.monotonic()
        self._warned = False

    def open(self, rng: Any) -> Any:
        """Look before the first evaluation whether the path can be used; returns the seed to take.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator
            None takes the seed of the file, if there is one, so that a run without a seed can go on.

        Raises
        ------
        ValueError
            If the path is no place for a file, or holds something else than a checkpoint.
        """
        store.probe(self.path)
        if rng is not None:
            return rng
        if self.path.exists():
            seed = self._settings_of_file().get("rng")
            return seed if isinstance(seed, int) else None
        return np.random.SeedSequence().entropy

    def method(self) -> str | None:
        """The method to go on with where none is named: that of a file of CMA-ES, once the default, else None."""
        of_cmaes = self.path.exists() and self._settings_of_file().get("method") == "CMAES"
        return "cmaes" if of_cmaes else None

    def bind(self, settings: Mapping[str, Any]) -> None:
        """Fix what the run is, so that a file of another run is refused; budget and target may change between calls.

        The objective itself is not compared: it may be anything.
        """
        self.settings = json.loads(json.dumps(describe(settings)))

    def resume(self, run: Run) -> None:
        """Take over the state in the file, if there is one.

        Raises
        ------
        ValueError
            If the file is that of a run with other settings, or damaged.
        """
        if not self.path.exists():
            return
        old = self._settings_of_file()
        version = old.pop("python", VERSION)
        differ = differing(old, self.settings)
        if differ and version != VERSION and not differing(without_code(old), without_code(self.settings)):
            raise ValueError(
                f"checkpoint {self.path} was written by Python {version}, and the code of the functions in "
                f"{', '.join(differ)} cannot be compared with that of {VERSION}: go on with Python {version}, or give "
                "another file name"
            )
        if differ:
            methods = f" (method {old.get('method')}, here {self.settings.get('method')})" if "method" in differ else ""
            raise ValueError(
                f"checkpoint {self.path} holds a run with another {', '.join(differ)}: give it what it began with"
                f"{methods}, or another file name"
            )
        with self._reading():
            state = store.load(self.path)
            if run.limits.maxfevals is not None and float(state.get(BUDGET, np.nan)) == run.limits.maxfevals:
                state = store.below(state, END)
            if run.reports is not None:
                run.reports.load_state_dict(store.below(state, "reports/"))  # the rule that ranks may come from there
            for name, part in run.parts.items():
                if name != "reports":
                    part.load_state_dict(store.below(state, f"{name}/"))
            run.nit = int(state["run/nit"])
            run.limits.resume(float(state["run/seconds"]))
            run.evaluate.first_error = str(state["run/first_error"]) or None

    def keep(self, run: Run, *, now: bool = False) -> bool:
        """Write the state if it is time to, and say whether it was; where that fails, warn once and go on."""
        if not now and time.monotonic() - self._saved < self.every:
            return False
        return self._write(self._state(run))

    def keep_cut(self, run: Run) -> Callable[[], None]:
        """Write the state before a population that the budget cuts; what is returned adds the one after it.

        With a larger budget the run goes on from the first, with the same one it has ended as the second says.
        """
        before = {name: np.array(value) for name, value in self._state(run).items()}
        self._write(before)

        def after() -> None:
            ended = {f"{END}{name}": value for name, value in self._state(run).items()}
            self._write({**before, **ended, BUDGET: np.array(run.limits.maxfevals)})

        return after

    def _state(self, run: Run) -> dict[str, Any]:
        state: dict[str, Any] = {
            "run/settings": np.array(json.dumps({**self.settings, "python": VERSION})),
            "run/nit": np.array(run.nit),
            "run/seconds": np.array(run.limits.seconds),
            "run/first_error": np.array(run.evaluate.first_error or ""),
        }
        parts = {name: part.state_dict() for name, part in run.parts.items()}
        for name, part in parts.items():
            state |= {f"{name}/{key}": np.asarray(value) for key, value in part.items()}
        return state

    def _write(self, state: dict[str, Any]) -> bool:
        self._saved = time.monotonic()
        try:
            store.save(self.path, state)
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    f"checkpoint {self.path} cannot be written ({error}): the run goes on without",
                    RuntimeWarning,
                    stacklevel=2,
                )
            self._warned = True
            return False
        return True

    def _settings_of_file(self) -> dict[str, Any]:
        with self._reading():
            return json.loads(str(store.load_entry(self.path, "run/settings")))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Whatever is wrong with the file is said in one sentence."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:  # zipfile, zlib, NumPy and JSON each have their own
            raise ValueError(
                f"checkpoint {self.path} is damaged, or no checkpoint of a run ({type(error).__name__}): "
                "remove it, or give another file name"
            ) from error


def as_checkpoint(checkpoint: Any) -> Checkpoint | None:
    """A `Checkpoint` from the argument: None, a path, or one already."""
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        return checkpoint
    if not isinstance(checkpoint, str | os.PathLike):
        raise ValueError(f"checkpoint must be a path or an es.Checkpoint, got {checkpoint!r}")
    return Checkpoint(checkpoint)
