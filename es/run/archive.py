"""All points of a run, or those of its last batch, kept with their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems.ledger import Ledger
from problems.numbers import short
from problems.several import MultiLedger

WAYS = ("all", "last")


class _Archiving(Ledger):
    """A ledger that keeps what it counts.

    Attributes
    ----------
    kept : list of (ndarray, ndarray)
        Points (k, n) and values (k,) or (k, m), batch by batch.
    """

    def __init__(self, objective: Any, last_only: bool) -> None:
        super().__init__(objective)
        self.last_only = last_only
        self.kept: list[tuple[FloatArray, FloatArray]] = []

    def record(self, x: Any, f: Any, *, gradients: int = 0) -> None:
        """See `Ledger.record`."""
        super().record(x, f, gradients=gradients)
        points = np.array(x, dtype=np.float64)
        points = points.reshape(-1, points.shape[-1])
        values = np.array(f, dtype=np.float64)
        values = values.reshape(len(points), *([-1] if values.size > len(points) else []))
        if self.last_only:
            self.kept.clear()
        self.kept.append((points, values))

    def archive(self) -> dict[str, Any]:
        """`x` (k, n) and `fun` (k,) or (k, m), in the order in which they were evaluated; NaN where that failed."""
        if not self.kept:
            return {"x": np.empty((0, self.objective.n or 0)), "fun": np.empty(0)}
        x, f = (np.concatenate(parts) for parts in zip(*self.kept, strict=True))
        return {"x": x, "fun": f}

    def state_dict(self) -> dict[str, Any]:
        """See `Ledger.state_dict`."""
        kept = self.archive()
        sizes = np.array([len(x) for x, _ in self.kept], dtype=np.intp)
        return {**super().state_dict(), "archive_x": kept["x"], "archive_f": kept["fun"], "archive_sizes": sizes}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Ledger.load_state_dict`."""
        super().load_state_dict(state)
        ends = np.cumsum(state["archive_sizes"])[:-1]
        parts = [np.split(np.array(state[name]), ends) for name in ("archive_x", "archive_f")]
        self.kept = list(zip(*parts, strict=True)) if len(state["archive_sizes"]) else []


class ArchivingLedger(_Archiving):
    """For one objective."""


class ArchivingMultiLedger(_Archiving, MultiLedger):
    """For several objectives."""


def ledgers(archive: Any) -> tuple[Callable[[Any], Ledger], Callable[[Any], Ledger]]:
    """What makes the ledger of a run with one objective, and with several, that keeps its points as `archive` says.

    Raises
    ------
    ValueError
        If `archive` is neither None, "all" nor "last".
    """
    if archive is None:
        return Ledger, MultiLedger
    if not isinstance(archive, str) or archive not in WAYS:
        raise ValueError(f"archive must be 'all', 'last' or None, got {short(archive)}")
    last = archive == "last"
    return partial(ArchivingLedger, last_only=last), partial(ArchivingMultiLedger, last_only=last)
