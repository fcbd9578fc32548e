"""Objectives and work functions that tests hand to worker processes; at module level, so that they can travel."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from es import CMAES
from experiments.records import blank_record
from problems import Objective


class OwnStrategy(CMAES):
    """A method of the user's."""


def bowl(x: Any) -> Any:
    """Sphere on the last axis, shifted off the start point."""
    return ((x - 0.3) ** 2).sum(-1)


def slow_bowl(x: Any) -> Any:
    time.sleep(0.002)
    return float(bowl(x))


def endless(x: Any) -> float:
    time.sleep(60)
    return 0.0


def broken(x: Any) -> float:
    raise RuntimeError("the simulator is down")


def deadly(x: Any) -> float:
    os._exit(7)


def make_bowl(n: int = 2, shift: float = 0.0) -> Objective:
    return Objective(bowl, n=n, vectorized=True, x0=np.full(n, shift), f_opt=0.0, name="made bowl")


def three(n: int | None = None) -> Objective:
    """Of three variables, whatever is asked for."""
    return Objective(bowl, n=3, vectorized=True, bounds=[(-1, 1)] * 3, f_opt=0.0)


OF_THREE = three()
OF_ANY = Objective(bowl, vectorized=True, f_opt=0.0)


def no_work(batch: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    return [blank_record(trial) | {"f": float(trial["seed"]), "nfev": 1, "cost": 1.0} for trial in batch]


def where(batch: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Say which process this is."""
    return [record | {"f": float(os.getpid())} for record in no_work(batch)]


def death_of_three(batch: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Die with trial 3, whoever else is in the batch."""
    if any(trial["seed"] == 3 for trial in batch):
        os._exit(9)
    time.sleep(0.01)
    return no_work(batch)


def die_once(batch: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Die at the first attempt at trial 3 only; the place for the note is in the problem's options."""
    for trial in batch:
        note = Path(trial["problem"]["options"]["note"])
        if trial["seed"] == 3 and not note.exists():
            note.touch()
            os._exit(9)
    return no_work(batch)


def bad_score(x: Any) -> float:
    raise FileNotFoundError("no test data")


def make_badly_scored(n: int = 2) -> Objective:
    return Objective(bowl, n=n, vectorized=True, x0=np.zeros(n), score=bad_score)


def badly_named(x: Any) -> float:
    """Name a file whose bytes are no text."""
    raise ValueError("bad \udcff name")


def trap(x: Any) -> Any:
    """A bowl that fails in one corner."""
    if np.any((x[..., 0] > 0.5) & (x[..., 1] > 0.0)):
        raise ArithmeticError("fell into the trap")
    return bowl(x)


def deaf(x: Any) -> float:
    """Stay in one C call for an hour; Python's signal handlers wait for its end."""
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)
    return 0.0


def leaving(x: Any) -> float:
    sys.exit(0)


def interrupting(x: Any) -> float:
    raise KeyboardInterrupt


def never_a_number(x: Any) -> float:
    return float("nan")


def chatty(x: Any) -> float:
    print("said in Python")
    print("warned about", file=sys.stderr)
    os.system("echo said by a child")
    return float(bowl(x))


def bottomless(x: Any) -> float:
    """A bowl with a hole in the middle."""
    return float("-inf") if abs(x[0]) < 0.3 else float(x @ x)


def make_without_score(n: int = 2) -> Objective:
    """A bowl whose second figure of merit is not a number."""
    return Objective(bowl, n=n, vectorized=True, x0=np.zeros(n), f_opt=0.0, score=never_a_number)


def make_without_optimum(n: int = 2) -> Objective:
    return Objective(bowl, n=n, vectorized=True, x0=np.zeros(n), f_opt=float("nan"))
