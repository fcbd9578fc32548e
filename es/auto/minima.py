"""Minima that were found, with the curvature there: a run that is on its way to one of them need not go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray

MOST = 50  # kept, the best ones
NEAR = 0.3  # how well the parabola of a minimum must predict a value


class Minima:
    """Points x*, values f* and inverse factors of the Hessians there.

    Examples
    --------
    >>> minima = Minima()
    >>> minima.add(np.zeros(2), 1.0, np.eye(2))
    >>> minima.knows(np.array([0.1, 0.0]), 1.005), minima.knows(np.array([0.1, 0.0]), 2.0)
    (True, False)
    """

    def __init__(self) -> None:
        self.x: list[FloatArray] = []
        self.f: list[float] = []
        self.inverse: list[FloatArray] = []
        self.runs = 0  # descents that have ended
        self.different = 0  # minima they came to; a descent that was given up far from any counts as one

    def count(self, known: bool) -> None:
        """A descent has ended, in a minimum that was known or elsewhere."""
        self.runs += 1
        self.different += not known

    @property
    def complete(self) -> bool:
        """Whether no further minimum is to be expected.

        After r descents from random points with w different ends the number of minima is w (r - 1) / (r - w - 2) in
        the mean; with no more than half a one unseen the search is over (Boender and Rinnooy Kan, Math. Programming 37,
        1987): after 7 descents to the same minimum, 16 to two.
        """
        r, w = self.runs, self.different
        return r > w + 2 and w * (r - 1) / (r - w - 2) <= w + 0.5

    def add(self, x: FloatArray, f: float, S: FloatArray) -> None:
        """A minimum, with H^-1 = S S^T there."""
        try:
            inverse: FloatArray = np.asarray(np.linalg.inv(S), dtype=np.float64)
        except np.linalg.LinAlgError:
            return
        self.x.append(x.copy())
        self.f.append(float(f))
        self.inverse.append(inverse)
        if len(self.f) > MOST:
            worst = int(np.argmax(self.f))
            for part in (self.x, self.f, self.inverse):
                del part[worst]

    def knows(self, x: FloatArray, f: float, within: float = 0.0) -> bool:
        """Whether f(x) is what the parabola at one of the minima says, or both differ from its value by `within`."""
        for x_min, f_min, inverse in zip(self.x, self.f, self.inverse, strict=True):
            with np.errstate(over="ignore", invalid="ignore"):  # a factor that is nearly singular
                d = inverse @ (x - x_min)
                rise, predicted = f - f_min, 0.5 * float(d @ d)
            if max(abs(rise), predicted) <= within:
                return True
            if abs(rise - predicted) <= NEAR * max(predicted, rise) + 1e-9 * abs(f):
                return True
        return False

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays."""
        counts = np.array([self.runs, self.different])
        return {"x": np.array(self.x), "f": np.array(self.f), "inverse": np.array(self.inverse), "counts": counts}

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """What `state_dict` gave."""
        self.x, self.inverse = list(np.array(arrays["x"])), list(np.array(arrays["inverse"]))
        self.f = np.array(arrays["f"]).tolist()
        self.runs, self.different = arrays["counts"].tolist()
