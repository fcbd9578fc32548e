"""The runs behind the lesson on a real network: the methods, the networks, and what a run shows on its way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import es
from experiments.figures.style import BLUE, GREEN, LONG, ORANGE, PURPLE, RED, SKY, LineStyle
from experiments.lessons.lesson import GRAD_COST, Array
from problems import Ledger, Objective


@dataclass(frozen=True)
class Way:
    """A method with its settings: arguments of `es.minimize`."""

    label: str
    method: str
    look: LineStyle
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> str:
        """The settings, for a table."""
        own = {**self.settings, **self.settings.get("options", {})}
        named = ", ".join(f"{key} = {value}" for key, value in own.items() if key != "options")
        return named or "as they are"


@dataclass(frozen=True)
class Network:
    """A network to be trained."""

    key: str
    title: str
    problem: str
    options: Mapping[str, Any]
    budget: int  # evaluations of a run, gradients charged
    goal: float  # test accuracy whose price the text names
    runs: int  # seeds, which draw the weights and drive the method

    @property
    def repeats(self) -> str:
        """How many runs there are, in words."""
        return f"medians of {self.runs} runs" if self.runs > 1 else "one run each"


MLP = Network("mlp", "MLP, 16 hidden units", "digits-mlp", {"hidden": 16}, 6000, 0.9, 3)
CONV = Network("conv", "Convolutional network", "digits-conv", {"first": 2, "second": 4}, 2000, 0.75, 1)
NETWORKS = (MLP, CONV)
# One colour for each method, gradients dashed: six in one panel need more contrast than the house's styles have.
WAYS = (
    Way("Adam", "adam", LineStyle(GREEN, "^", LONG), {"options": {"lr": 0.03}}),
    Way("L-BFGS-B", "l-bfgs-b", LineStyle(RED, "D", LONG)),
    Way("OpenAI-ES", "openai-es", LineStyle(SKY, "p"), {"sigma0": 0.1, "options": {"lr": 0.05}}),
    Way("SNES", "snes", LineStyle(ORANGE, "s"), {"sigma0": 0.1}),
    Way("CR-FM-NES", "crfmnes", LineStyle(PURPLE, "v"), {"sigma0": 0.2}),
    Way("sep-CMA-ES", "sep-cmaes", LineStyle(BLUE, "o"), {"sigma0": 0.1}),
)
SPENT = {"nfev": "evaluations of the loss", "njev": "gradients", "seconds": "seconds of one core"}


@dataclass
class Run:
    """What one run of a way on a network has shown.

    Evaluations, gradients and seconds of one core spent, all (points,); the test accuracy of the point with the least
    training loss until then; and that loss at the end.
    """

    nfev: Array
    njev: Array
    seconds: Array
    accuracy: Array
    loss: float

    def first(self, goal: float) -> int | None:
        """Place of the first point with this accuracy; None if there is none."""
        there = np.nonzero(self.accuracy >= goal)[0]
        return int(there[0]) if there.size else None


def train(objective: Objective, way: Way, budget: int, seed: int) -> Run:
    """Run a way through a ledger and look at its test accuracy at evaluations a tenth apart.

    Looking takes no time from the run: seconds are processor time without it.
    """
    assert objective.score is not None  # a learning task has one
    score, ledger = objective.score, Ledger(objective)
    wants_gradient = es.get_method(way.method).wants_gradient
    objective.value_and_grad(objective.x0(seed))  # loads the data and what autodiff imports
    rows: list[tuple[float, float, float, float]] = []
    looking, due = 0.0, 1.0
    started = time.process_time()

    def look(intermediate_result: Any) -> None:
        nonlocal looking, due
        if ledger.nfev < due:
            return
        now = time.process_time()
        rows.append((ledger.nfev, ledger.njev, now - started - looking, float(score(ledger.x_best))))
        due = 1.1 * ledger.nfev
        looking += time.process_time() - now

    es.minimize(
        ledger,
        objective.x0(seed),
        method=way.method,
        maxfevals=int(budget / (1 + GRAD_COST)) if wants_gradient else budget,
        callback=look,
        rng=seed,
        **way.settings,
    )
    due = 0.0
    look(None)
    nfev, njev, seconds, accuracy = np.array(rows, dtype=float).T
    return Run(nfev, njev, seconds, accuracy, float(ledger.f_best))
