"""The arm of evolution strategies: BIPOP over CMA-ES, or over a strategy of linear cost where n^2 does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.core.state import below
from es.run.restarts import BIPOP
from es.strategies.cmaes import CMAES
from es.strategies.lm_ma_es import LMMAES

LINEAR_FROM = 500  # variables
# Times the default population where f is rough, stepped or flat: below FEW variables, and from there on.
LARGER, FEW = (2, 3), 8


def larger(n: int) -> int:
    """Times the default population, in n variables, where f is rough, stepped or flat."""
    return LARGER[n >= FEW]


@dataclass(eq=False)
class Populations:
    """BIPOP (Hansen 2009) from a point, after a single run with small steps where such steps were asked for."""

    x: FloatArray
    scale: FloatArray
    lb: FloatArray
    ub: FloatArray
    factor: int  # times the default population
    seed: int
    near: float = 0.0  # step size of a first run around x, as part of the scale; 0: none

    def __post_init__(self) -> None:
        self._cls = CMAES if len(self.x) < LINEAR_FROM else LMMAES
        self.runs_ended = 0  # runs of the strategy
        self._begin()

    @property
    def arguments(self) -> dict[str, Any]:
        """What the present runs are made of, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _begin(self) -> None:
        """A run with small steps, or BIPOP."""
        if self.near:
            self._runs: Any = self._make(sigma0=self.near * self.scale, rng=self.seed)
        else:
            self._runs = BIPOP(self._make, rng=self.seed)
        self._ended = 0  # of the runs of BIPOP

    def _make(self, **changes: Any) -> Any:
        open_ = bool(np.isinf(self.lb).all() and np.isinf(self.ub).all())
        arguments = {
            "x0": self.x, "sigma0": self.scale, "bounds": None if open_ else np.column_stack([self.lb, self.ub]),
            "popsize": self.factor * (4 + int(3 * np.log(len(self.x)))), **changes,
        }  # fmt: skip
        budget = arguments.pop("maxfevals", None)
        if budget is not None:
            arguments["stop"] = {"maxfevals": budget}
        return self._cls(**arguments)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Runs of BIPOP that have ended."""
        return self._runs.log if isinstance(self._runs, BIPOP) else []

    def ask(self) -> FloatArray:
        """A population."""
        return self._runs.ask()

    def tell(self, x: FloatArray, f: FloatArray) -> None:
        """Its values."""
        self._runs.tell(x, f)
        over = bool(self._runs.stop())
        ended = (len(self._runs.log) if isinstance(self._runs, BIPOP) else 0) + over
        self.runs_ended += ended - self._ended
        self._ended = ended
        if over:  # small steps have led no further, or the last doubling has ended: BIPOP from the best point, anew
            self.x, self.seed, self.near = self._runs.x_best.astype(float), self.seed + 1, 0.0
            self._begin()

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays."""
        counts = {"ended": np.array([self.runs_ended, self._ended])}
        return {**{f"runs.{name}": value for name, value in self._runs.state_dict().items()}, **counts}

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self._runs.load_state_dict(below(arrays, "runs."))
        self.runs_ended, self._ended = arrays["ended"].tolist()
