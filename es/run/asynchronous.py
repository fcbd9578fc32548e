"""The loop without generations: a worker that is free gets the next point, and a value is told as soon as it is there.

The optimizer learns whenever a population of its present distribution has come back (`Optimizer.tell`); late points
join the next one. For given durations of the evaluations a run is reproducible; across runs it is not, for no two take
the same time. With one worker it is the run of whole generations.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.core.constrained import Limits
from es.evaluation.stream import Numbered, stream, workers_of
from es.run.journal import Journal
from es.run.loop import Run
from problems.evaluation import Evaluation


class AsynchronousRun(Run):
    """A run that keeps its workers busy; parameters are those of `Run`.

    Attributes
    ----------
    out : dict
        Points (n,) that are being evaluated, by their numbers.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        workers_of(self.evaluate)
        self.out: dict[int, FloatArray] = {}
        self._waiting = 0  # of these, not with a worker yet
        self._asked = 0  # points so far, which numbers the next one
        self._values: list[float] = []  # told since the last update
        self._limits = Limits()
        self._updates = self._turn_of()
        self._name = ""  # of the state that was saved last
        self._journal = None if self.checkpoint is None else Journal(self.checkpoint.path)

    def go(self) -> None:
        """Evaluate and tell, until there is a reason to stop; what still runs then is given up."""
        if self.checkpoint is not None:
            self.checkpoint.resume(self)
            self._replay()
        if self._begun():
            return
        self._save()
        with closing(stream(self.evaluate, self._next_points())) as results:
            for number, _, f in results:
                told = None if self.reports is None else self.reports.latest()
                self._write_down({"told": number, "f": f} | ({} if told is None else {"report": told}))
                if not self._told(number, f):
                    break
        if not self.stop:
            self._stopped(self.f_best)
        self._save(end=True)

    def _begun(self) -> bool:
        """As for `Run`, but what goes first is spread over the workers like all else."""
        given = self.given
        if given is not None and not self._asked:
            given.begin(self)
            self._updates = self._turn_of()
            self.out = dict(enumerate(given.first))
            self._asked = len(self.out)
        return self._stopped(self.f_best)

    def _next_points(self) -> Iterator[Numbered]:
        """Points that were out when a run was killed, and then as many as the budget holds."""
        left = list(self.out)
        self._waiting = len(left)
        while not self.stop:
            running = len(self.out) - self._waiting
            if self.limits.room(running + 1) <= running:
                return
            if left:
                number = left.pop(0)
                self._waiting -= 1
            else:
                self._write_down({"asked": self._asked})
                number = self._ask()
            yield number, self.out[number]

    def _ask(self) -> int:
        number = self._asked
        self.out[number] = self.opt.ask(1)[0]
        self._asked += 1
        return number

    def _told(self, number: int, f: float, *, replayed: bool = False) -> bool:
        """Tell of a point; False if that ends the run."""
        x = self.out.pop(number)[None]
        if self.ranking_rule is None:
            self.opt.tell(x, [f])
        else:
            g = self.ranking_rule.constraints(x)
            self._limits.add(x, g)
            feasible = self.ranking_rule.watch(x, g) == 0.0
            self.opt.tell(x, [f], rank_by=self._rank, feasible=feasible)
        self._values.append(f)
        if self._updates != self._turn_of():
            self._updates = self._turn_of()
            self.nit += 1
            self.history.add(self.nit, self.limits.nfev, np.array(self._values), self.f_best, self.opt)
            self._values = []
            if not replayed and not self.reporter(self):
                self.stop["callback"] = float(self.nit)
        if replayed:
            return True
        stopped = self._stopped(self.f_best)
        if not stopped:
            self._save(now=False)
        return not stopped

    def _turn_of(self) -> tuple[int, int]:
        """Which run of restarts this is, and how often it has learned."""
        return len(getattr(self.opt, "log", ())), int(self.opt.nit)

    # Constraints -----------------------------------------------------------------------------------

    def _rank(self, x: FloatArray, f: FloatArray) -> FloatArray:
        """What ranks points when they are learned from, which also adapts the rule that ranks them."""
        # Of points that the caller knew the constraints have not been looked at.
        g = self._limits.take(x, self.ranking_rule.constraints)
        return self.ranking_rule(x, f, g)["rank_by"]

    # Saving ----------------------------------------------------------------------------------------

    @property
    def parts(self) -> dict[str, Any]:
        """What has a state to be saved, by name."""
        return {**super().parts, "asynchronous": self}

    def state_dict(self) -> dict[str, Any]:
        """What is out, and what has been told since the last update."""
        n = self.ledger.objective.n or self.opt.n
        self._name = secrets.token_hex(16)
        return {
            "name": np.array(self._name),
            "asked": np.array(self._asked),
            "numbers": np.array(list(self.out), dtype=np.int64),
            "out": np.array(list(self.out.values())).reshape(-1, n),
            "values": np.array(self._values),
            **self._limits.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self._name, self._asked = str(state["name"]), int(state["asked"])
        self.out = dict(zip(state["numbers"].tolist(), np.array(state["out"]), strict=True))
        self._values = state["values"].tolist()
        self._limits.load_state_dict(state)
        self._updates = self._turn_of()

    def _replay(self) -> None:
        """What was asked and told after the state was saved, again."""
        if self._journal is None or not self._name:
            return
        for event in self._journal.read(self._name):
            if "asked" in event:
                self._ask()
            else:
                x, f = self.out[event["told"]], float(event["f"])
                self.ledger.record(x[None], [f])
                if "report" in event:
                    self.reports(x, Evaluation(**event["report"]))
                self._told(event["told"], f, replayed=True)

    def _write_down(self, event: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.note(event)

    def _save(self, *, now: bool = True, end: bool = False) -> None:
        """Save the state if it is time to, and begin a journal of what comes after it."""
        if self.checkpoint is None or self._journal is None or not self.checkpoint.keep(self, now=now):
            return
        if end:
            self._journal.remove()
        else:
            self._journal.begin(self._name)


def check_asynchronous(cls: Any, *, noise: bool) -> None:
    """Refuse a method that cannot take points one by one, late or never.

    Raises
    ------
    ValueError
    """
    if not getattr(cls, "takes_late_points", False):
        why = {"strategy": "evaluates its populations in parts that it chooses", "multiobjective": "selects by fronts"}
        raise ValueError(
            f"asynchronous=True needs a strategy that samples populations, and {cls.__name__} "
            f"{why.get(cls.kind, 'goes from point to point')}: take 'cmaes', or leave asynchronous out"
        )
    if noise:
        raise ValueError(
            "asynchronous=True cannot be combined with options['noise'], which evaluates populations again: leave one "
            "of them out"
        )
