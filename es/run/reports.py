"""What the objective tells besides its values: constraints, which then rank points, and findings for the archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray
from es.core.constrained import ToldConstraints, refuse_constraints
from es.core.lagrangian import OFF, AugmentedLagrangian
from es.core.waiting import keys_of
from problems.evaluation import Evaluation

if TYPE_CHECKING:
    from es.run.loop import Run


REMEMBERED = 100_000  # points whose constraints are known


class ReportedConstraints(ToldConstraints):
    """Constraints that the objective has computed: they are looked up, and never evaluated.

    Parameters
    ----------
    n : int
    inequalities, equalities : int
        How many the objective gives at each point.
    """

    def __init__(self, n: int, inequalities: int, equalities: int) -> None:
        super().__init__(n, inequalities, equalities)
        self.known: dict[bytes, FloatArray] = {}

    def learn(self, x: FloatArray, evaluation: Evaluation) -> None:
        """Remember what the objective has told of a point x (n,)."""
        shape = evaluation.constraints.size, evaluation.equalities.size
        if shape != self.shape:
            raise ValueError(
                f"fun must tell of as many constraints at every point: {self.shape[0]} and {self.shape[1]} equalities "
                f"became {shape[0]} and {shape[1]}"
            )
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known[keys_of(x[None])[0][0]] = np.concatenate([evaluation.constraints, evaluation.equalities])
        self.ncev += 1

    def __call__(self, x: FloatArray) -> FloatArray:
        """g at the points x (k, n), (k, m); NaN, which counts as violated, where the objective told of none."""
        return np.array([self._at(row) for row in x])

    def _at(self, x: FloatArray) -> FloatArray:
        known = self.known.get(keys_of(x[None])[0][0])
        return super()._at(x) if known is None else known


class Reports:
    """Takes in what the objective of a run tells besides its values.

    Parameters
    ----------
    run : Run
    constrain : callable
        Prepares the method for constraints, or refuses them.

    Attributes
    ----------
    told : dict
        All of it, by the keys of the points, where there is an archive to put it into.
    """

    def __init__(self, run: Run, constrain: Callable[[], None]) -> None:
        self.run = run
        self._constrain = constrain
        self.told: dict[bytes, list[Evaluation]] = {}
        self._latest: Evaluation | None = None
        self._constraints: ReportedConstraints | None = None

    def __call__(self, x: FloatArray, evaluation: Evaluation) -> None:
        """The objective has told this of x (n,)."""
        sizes = evaluation.constraints.size, evaluation.equalities.size
        if self._constraints is None and any(sizes):
            self._begin(*sizes)
        if self._constraints is not None:
            self._constraints.learn(x, evaluation)
        self._latest = evaluation
        if hasattr(self.run.ledger, "archive"):
            self.told.setdefault(keys_of(x[None])[0][0], []).append(evaluation)

    def latest(self) -> dict[str, Any] | None:
        """What was told last, as JSON has it; once."""
        one, self._latest = self._latest, None
        return None if one is None else json.loads(json.dumps(_plain(one), default=_jsonable))

    def _begin(self, inequalities: int, equalities: int) -> None:
        run = self.run
        if run.ranking_rule is not None:
            raise ValueError(
                "constraints that fun returns cannot be combined with the argument constraints or options['noise']: "
                "leave one of them out"
            )
        self._constrain()
        self._constraints = ReportedConstraints(run.ledger.objective.n or run.opt.n, inequalities, equalities)
        run.ranking_rule = AugmentedLagrangian(self._constraints, run.opt)

    def beside(self, x: FloatArray) -> dict[str, Any]:
        """Columns of the archive for its points x (k, n): `constraints`, `equalities`, `info`, where there are any."""
        if not self.told:
            return {}
        left = {key: list(each) for key, each in self.told.items()}
        rows = [left[key].pop(0) if left.get(key) else None for key in keys_of(x)[0]]
        found: dict[str, Any] = {}
        for name in ("constraints", "equalities"):
            width = max((getattr(row, name).size for row in rows if row is not None), default=0)
            if width:
                found[name] = np.array([np.full(width, np.nan) if row is None else getattr(row, name) for row in rows])
        if any(row is not None and row.info is not None for row in rows):
            found["info"] = [None if row is None else row.info for row in rows]
        return found

    def state_dict(self) -> dict[str, Any]:
        """State as arrays."""
        own = self._constraints
        told = [[key.hex(), [_plain(one) for one in each]] for key, each in self.told.items()]
        known = {} if own is None else {key.hex(): g.tolist() for key, g in own.known.items()}
        shape = None if own is None else own.shape
        return {"reports": np.array(json.dumps({"told": told, "known": known, "shape": shape}, default=_jsonable))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        if "reports" not in state:
            return
        saved = json.loads(str(state["reports"]))
        self.told = {bytes.fromhex(key): [Evaluation(**one) for one in each] for key, each in saved["told"]}
        if saved["shape"] is not None:
            self._begin(*saved["shape"])
            assert self._constraints is not None
            self._constraints.known = {bytes.fromhex(key): np.array(g) for key, g in saved["known"].items()}


def prepare_constraints(run: Run, make: Any, instead: Callable[[], tuple[Any, Any]] | None = None) -> None:
    """Make a method ready for constraints that nobody knew of when it was made.

    Where it cannot keep them `instead` gives another one, which goes on with the run: what makes it, and itself.

    Raises
    ------
    ValueError
        If it cannot keep them and there is no other.
    """
    if instead is not None and make.cls.kind not in ("strategy", "categorical"):
        make, opt = instead()
        run.hand_over(opt, make.name)
    refuse_constraints(make.cls, "constraints that fun returns")
    make.constrain([], OFF)
    getattr(run.opt, "inner", run.opt).switch_off(OFF)


def _plain(one: Evaluation) -> dict[str, Any]:
    return {
        "f": float(one.f), "constraints": one.constraints.tolist(), "equalities": one.equalities.tolist(),
        "info": one.info,
    }  # fmt: skip


def _jsonable(value: Any) -> Any:
    """What a checkpoint keeps of an entry of `info`: numbers and arrays, and the text of anything else."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
