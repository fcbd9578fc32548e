"""A run of one kind in a process of its own, killed by SIGKILL at a chosen moment; `test_killed_runs.py` starts these.

    python tests/es/killed_runs.py KIND FILE HOW [SEED]

HOW is "turn:K", some milliseconds after K iterations; "begin:K", "half:K", "written:K" or "replaced:K", within the
K-th save (before the first byte, after half of them, before the file takes its name, after); "end": not at all, and
"whole": without a checkpoint. The last two print what came out, every float as its bits.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import threading
import time
from typing import Any

import numpy as np
from scipy.optimize import LinearConstraint

import es


def valley(x: Any) -> float:
    """Rosenbrock's function."""
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def slow_valley(x: Any) -> float:
    """The same, in workers, long enough to be killed within."""
    time.sleep(0.002)
    return valley(x)


def rough(x: Any) -> float:
    """Rastrigin's function."""
    return float(10 * len(x) + np.sum(x * x - 10 * np.cos(2 * np.pi * x)))


def noisy(x: Any) -> float:
    """A bowl under noise that depends on x alone, so that two runs see the same."""
    return float(x @ x + 0.2 * np.sin(1e5 * np.sum(x)))


def circle(x: Any) -> Any:
    """At most 1 inside the unit circle."""
    return x @ x


BOX = [(-4.0, 5.0)] * 4
LINE = LinearConstraint([[1, 1, 1, 1]], -np.inf, 1.5)
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"fun": valley, "maxfevals": 1600},
    "snes": {"fun": valley, "method": "snes", "maxfevals": 1600},
    "workers": {"fun": slow_valley, "workers": 2, "maxfevals": 600},
    "bipop": {"fun": rough, "restarts": "bipop", "bounds": BOX, "maxfevals": 4000},
    "constraints": {"fun": valley, "constraints": [LINE, {"type": "ineq", "fun": lambda x: 1 - circle(x)}],
                    "maxfevals": 1200},
    "integers": {"fun": rough, "integrality": [1, 0, 1, 0], "bounds": BOX, "maxfevals": 1200},
    "lq": {"fun": rough, "method": "lq-cmaes", "maxfevals": 400},
    "noise": {"fun": noisy, "options": {"noise": "reevaluate"}, "maxfevals": 1200},
    "nelder-mead": {"fun": valley, "method": "nelder-mead", "maxfevals": 400},
    "l-bfgs-b": {"fun": valley, "method": "l-bfgs-b", "jac": "2-point", "maxfevals": 400},
    "slsqp": {"fun": valley, "method": "slsqp", "jac": "3-point", "constraints": LINE, "maxfevals": 900},
    "evolution": {"fun": rough, "method": "differential-evolution", "bounds": BOX, "maxfevals": 4000},
}  # fmt: skip


def kill() -> None:
    """What kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def arm(how: str) -> Any:
    """See to it that the process is killed; returns the callback of the run."""
    kind, _, number = how.partition(":")
    if kind == "turn":

        def callback(intermediate_result: Any) -> None:
            turns.append(1)
            if len(turns) == int(number):
                threading.Timer(random.uniform(0, 0.02), kill).start()
            time.sleep(0.002)

        turns: list[int] = []
        return callback
    saves: list[int] = []
    write, replace = np.savez, os.replace

    def savez(file: Any, **arrays: Any) -> None:
        saves.append(1)
        if len(saves) == int(number) and kind in ("begin", "half"):
            whole = io.BytesIO()
            write(whole, **arrays)
            file.write(whole.getvalue()[: whole.tell() // 2 if kind == "half" else 0])
            file.flush()
            kill()
        write(file, **arrays)

    def replaced(old: Any, new: Any) -> None:
        if len(saves) == int(number) and kind == "written":
            kill()
        replace(old, new)
        if len(saves) == int(number) and kind == "replaced":
            kill()

    np.savez, os.replace = savez, replaced  # type: ignore[assignment]
    return None


def main() -> None:
    """Run, to the end or not."""
    kind, path, how, *seed = sys.argv[1:]
    given = dict(KINDS[kind])
    if how not in ("end", "whole"):
        given["callback"] = arm(how)
    if how != "whole":
        given["checkpoint"] = es.Checkpoint(path, every=0)
    res = es.minimize(x0=np.full(4, 0.4), rng=int(seed[0]) if seed else None, **given)
    numbers = [res.fun, *res.x, *res.mean, *(figure for _, figure in sorted(res.stop.items()))]
    numbers += [value for _, column in sorted(res.history.items()) for value in np.ravel(column)]
    bits = [float(value).hex() for value in numbers]
    found = {"bits": bits, "stop": sorted(res.stop), "nfev": int(res.nfev), "nit": int(res.nit)}
    print(json.dumps({**found, "seed": str(res.seed)}))


if __name__ == "__main__":
    main()
