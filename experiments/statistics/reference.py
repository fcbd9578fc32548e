"""Published reference runtimes: the best algorithms of BBOB, from the data that the package cocopp ships."""

from __future__ import annotations

import re
import tarfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from es.core.arrays import FloatArray


def has_best2009(years: str = "2009") -> bool:
    """Whether cocopp is installed with its data; nothing of it is imported."""
    return _archive(years) is not None


YEARS = {"2009": "best2009-bbob.tar.gz", "2009-16": "best09-16-bbob.tar.gz"}
"""The references that there are, and their files."""


def best2009(function: int, n: int, precisions: FloatArray, years: str = "2009") -> FloatArray:
    """ERT of the best algorithm of the years (a key of `YEARS`), per target the fastest of all participants.

    Evaluations (targets,) to precisions f - f_opt (targets,) on a function from 1 to 24 with n = 2, 3, 5, 10, 20 or 40;
    ``inf`` for targets that none reached, and in dimensions without data.
    """
    archive = _archive(years)
    if archive is None:
        raise ModuleNotFoundError("the best-2009 reference needs the package cocopp: install evotape[peers]")
    known = _read(archive).get((function, n))
    wanted = np.asarray(precisions, dtype=float)
    if known is None:
        return np.full(wanted.shape, np.inf)
    reached, evaluations = known  # precisions fall, evaluations rise
    index = np.searchsorted(-reached, -wanted * (1 + 1e-9), side="left")
    return np.append(evaluations, np.inf)[index]


def _archive(years: str = "2009") -> Path | None:
    spec = find_spec("cocopp")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "refalgs" / YEARS[years]
    return path if path.exists() else None


@lru_cache(maxsize=2)
def _read(archive: Path) -> dict[tuple[int, int], tuple[FloatArray, FloatArray]]:
    """Rows "evaluations precision ..." of each member f.._d...dat; comment lines start with %."""
    result = {}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            match = re.search(r"_f(\d+)_d(\d+)\.dat$", member.name)
            file = tar.extractfile(member) if match else None
            if match is None or file is None:
                continue
            lines = [line.split() for line in file.read().decode("ascii", "replace").splitlines()]
            rows = np.array(
                [[float(line[1]), float(line[0])] for line in lines if line and not line[0].startswith("%")]
            )
            if rows.size:
                order = np.argsort(-rows[:, 0], kind="stable")
                result[int(match[1]), int(match[2])] = (rows[order, 0], rows[order, 1])
    return result
