"""Random streams: one Generator per run, from anything that `rng` may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from problems.numbers import short

Seed = int | np.random.SeedSequence | np.random.Generator | None


def open_streams(rng: Any, runs: int | None) -> tuple[list[np.random.Generator], list[Any]]:
    """One generator per run, and what would open it again.

    Raises ValueError if `rng` is of another kind, or the sequence has another length.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator, or with stacked runs a sequence with one of these per run
        None draws a seed, which is then part of the result.
    runs : int or None
        Number of stacked runs, None for a single run. Run i of a stack under one seed uses its i-th child.

    Returns
    -------
    generators : list of Generator
    seeds : list
        For each run an int or a SeedSequence that gives the same stream if handed over as `rng`; None where the caller
        handed over a Generator, whose past is not known.
    """
    if runs is not None and (isinstance(rng, Sequence) or (isinstance(rng, np.ndarray) and rng.ndim > 0)):
        if len(rng) != runs:
            raise ValueError(f"rng must have one entry per run, got {len(rng)} for {runs} runs")
        opened = [_open(seed) for seed in rng]
    elif runs is None:
        opened = [_open(rng)]
    elif isinstance(rng, np.random.Generator):
        opened = [(child, None) for child in rng.spawn(runs)]
    else:
        root = _sequence(rng)
        # Children by key, not by root.spawn: the caller's SeedSequence stays as it was.
        children = [np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, i)) for i in range(runs)]
        opened = [(np.random.default_rng(child), child) for child in children]
    return [generator for generator, _ in opened], [seed for _, seed in opened]


def _open(rng: Any) -> tuple[np.random.Generator, Any]:
    if isinstance(rng, np.random.Generator):
        return rng, None
    sequence = _sequence(rng)
    seed = sequence if isinstance(rng, np.random.SeedSequence) else sequence.entropy
    return np.random.default_rng(sequence), seed


def _sequence(rng: Any) -> np.random.SeedSequence:
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if rng is None:
        return np.random.SeedSequence()
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.SeedSequence(int(rng))
    raise ValueError(f"rng must be None, an int >= 0, a SeedSequence or a Generator, got {short(rng)}")
