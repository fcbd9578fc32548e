"""The arm of evolution strategies: BIPOP over CMA-ES, or over a strategy of linear cost where n^2 does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.run.restarts import BIPOP
from es.strategies.cmaes import CMAES
from es.strategies.lm_ma_es import LMMAES

LINEAR_FROM = 500  # variables


class Populations:
    """BIPOP (Hansen 2009) from a point.

    Parameters
    ----------
    x, scale, lb, ub : ndarray, shape (n,)
    factor : int
        Times the default population.
    seed : int
    """

    def __init__(
        self, x: FloatArray, scale: FloatArray, lb: FloatArray, ub: FloatArray, factor: int, seed: int
    ) -> None:
        self.arguments: dict[str, Any] = {"x": x, "scale": scale, "lb": lb, "ub": ub, "factor": factor, "seed": seed}
        n = len(x)
        self._cls = CMAES if n < LINEAR_FROM else LMMAES
        open_ = bool(np.isinf(lb).all() and np.isinf(ub).all())
        self._fixed: dict[str, Any] = {
            "x0": x, "sigma0": scale, "bounds": None if open_ else np.column_stack([lb, ub]),
            "popsize": int(factor) * (4 + int(3 * np.log(n))),
        }  # fmt: skip
        self._runs = BIPOP(self._make, rng=seed)

    @classmethod
    def remade(cls, arguments: Mapping[str, Any]) -> Populations:
        """With the arguments as they were saved."""
        given = {name: np.array(value) for name, value in arguments.items()}
        return cls(**{**given, "factor": int(given["factor"]), "seed": int(given["seed"])})  # type: ignore[arg-type]

    def _make(self, **changes: Any) -> Any:
        arguments = {**self._fixed, **changes}
        budget = arguments.pop("maxfevals", None)
        if budget is not None:
            arguments["stop"] = {"maxfevals": budget}
        return self._cls(**arguments)

    @property
    def runs_ended(self) -> int:
        """Runs of the strategy that have ended."""
        return len(self._runs.log) + bool(self._runs.stop())

    def ask(self) -> FloatArray:
        """A population."""
        if self._runs.stop():  # the last doubling has ended: begin anew
            again = {**self.arguments, "seed": self.arguments["seed"] + 1}
            self.__init__(**again)  # type: ignore[misc]
        points: FloatArray = self._runs.ask()
        return points

    def tell(self, x: FloatArray, f: FloatArray) -> None:
        """Its values."""
        self._runs.tell(x, f)

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays."""
        state: dict[str, npt.NDArray[Any]] = self._runs.state_dict()
        return state

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self._runs.load_state_dict(arrays)
