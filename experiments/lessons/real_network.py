"""Black box against gradient on a real network: test accuracy against evaluations, gradients and seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import es
import problems
from experiments.figures.labels import key_strip
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, LONG, ORANGE, PURPLE, RED, SKY, Axes, LineStyle, dress
from experiments.figures.ticks import decade_ticks
from experiments.lessons.drawing import level
from experiments.lessons.lesson import GRAD_COST, Array, Drawing, Finding, Lesson, Numbers, Row, Table, records, words
from experiments.worker import one_blas_thread
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


def study() -> Finding:
    """Train both networks in all ways."""
    numbers: Numbers = {}
    told: dict[str, Any] = {}
    rows = []
    found: dict[str, dict[str, list[Run]]] = {}
    for network in NETWORKS:
        objective = problems.get(network.problem, **network.options)
        with one_blas_thread():
            found[network.key] = {
                way.label: [train(objective, way, network.budget, seed) for seed in range(network.runs)] for way in WAYS
            }
        numbers[f"{network.key}_parameters"] = objective.n or 0
        for way in WAYS:
            facts = _facts(found[network.key][way.label], network.goal)
            numbers |= {f"{network.key}_{way.method}_{name}": v for name, v in facts.items() if np.isfinite(v)}
            row = [network.title if way is WAYS[0] else "", way.label, way.given, *_words(facts)]
            rows.append([word.replace("-", "\N{NON-BREAKING HYPHEN}").replace(" = ", "\xa0=\xa0") for word in row])
        told |= {f"{network.key}_{name}": value for name, value in _compared(network.key, numbers).items()}
    header = ["network", "method", "settings", "test accuracy", "training loss"]
    header += [f"evaluations to {' / '.join(f'{n.goal:.0%}' for n in NETWORKS)}", "gradients", "seconds"]
    return Finding(words(__name__, **numbers, **told, MLP=MLP, CONV=CONV), numbers, [_draw(found)], Table(header, rows))


def _facts(runs: Sequence[Run], goal: float) -> dict[str, float]:
    """Medians over the runs; NaN for the price of a goal that most runs never reached."""
    facts = {
        "accuracy": float(np.median([run.accuracy[-1] for run in runs])),
        "loss": float(np.median([run.loss for run in runs])),
    }
    first = [run.first(goal) for run in runs]
    for name in SPENT:
        prices = [np.inf if at is None else float(getattr(run, name)[at]) for run, at in zip(runs, first, strict=True)]
        facts[f"goal_{name}"] = float(np.median(prices)) if np.isfinite(np.median(prices)) else np.nan
    return facts


def _words(facts: Mapping[str, float]) -> list[str]:
    nfev, njev, seconds = (facts[f"goal_{name}"] for name in SPENT)
    price = [f"{nfev:.0f}", f"{njev:.0f}", f"{seconds:.2g}"] if np.isfinite(nfev) else ["not reached"] * 3
    return [f"{facts['accuracy']:.1%}", f"{facts['loss']:.2f}", *price]


def _compared(key: str, numbers: Numbers) -> dict[str, Any]:
    """Which strategy is first at the goal of a network, how far behind L-BFGS-B, which are late, and where all end."""
    spent = {way.label: numbers.get(f"{key}_{way.method}_goal_nfev", np.inf) for way in WAYS[2:]}
    first = min(WAYS[2:], key=lambda way: spent[way.label])
    late = [label for label, cost in spent.items() if not np.isfinite(cost)]
    ends = [numbers[f"{key}_{way.method}_accuracy"] for way in WAYS[2:]]
    return {
        "first": first.label,
        "first_nfev": spent[first.label],
        "first_seconds": numbers[f"{key}_{first.method}_goal_seconds"],
        "lead": spent[first.label] / ((1 + GRAD_COST) * numbers[f"{key}_l-bfgs-b_goal_njev"]),
        "late": f"; {' and '.join(late)} {'do' if len(late) > 1 else 'does'} not get there" if late else "",
        "least": min(ends),
        "most": max(ends),
    }


def _draw(found: Mapping[str, Mapping[str, Sequence[Run]]]) -> Drawing:
    caption = words(__name__, "real-network", MLP=MLP, CONV=CONV)
    grid = panel_grid(
        3 * len(NETWORKS), 3, width=9.0, panel=2.6, left=0.62, right=0.2, top=0.36, head=0.3, caption=caption
    )
    rows: list[Row] = []
    for line, network in enumerate(NETWORKS):
        axes, ways = grid.axes[3 * line : 3 * line + 3], found[network.key]
        for way in WAYS:
            rows += _draw_way(axes, ways[way.label], way.look, {"network": network.key, "method": way.label})
        for ax, (name, label) in zip(axes, SPENT.items(), strict=True):
            level(ax, network.goal, linewidth=0.9, zorder=1)
            ax.set_ylim(0, 1)
            ax.set_yticks(np.linspace(0, 1, 6), [f"{tick:.0%}" for tick in np.linspace(0, 1, 6)])
            spent = np.concatenate([getattr(run, name) for runs in ways.values() for run in runs])
            decade_ticks(ax, "x", max(float(spent[spent > 0].min()), 1e-3), float(spent.max()) * 1.3)
            first = ax is axes[0]
            dress(ax, title=network.title * first, xlabel=label, ylabel="test accuracy" * first)
    key_strip(grid.figure, {way.label: way.look for way in WAYS}, grid.figure.get_figheight() - 0.2)
    return Drawing("real-network", grid.figure, rows, after=2)


def _draw_way(axes: Sequence[Axes], runs: Sequence[Run], look: LineStyle, names: dict[str, str]) -> list[Row]:
    """Draw one method into the three panels of a network: median of the runs, and their range."""
    points = min(len(run.nfev) for run in runs)
    table = {name: np.array([getattr(run, name)[:points] for run in runs]) for name in (*SPENT, "accuracy")}
    middle = {name: np.median(values, axis=0) for name, values in table.items()}
    low, high, accuracy = table["accuracy"].min(0), table["accuracy"].max(0), middle["accuracy"]
    dot: dict[str, Any] = {"color": look.color, "markersize": 6, "markeredgecolor": "white"}
    for ax, name in zip(axes, SPENT, strict=True):
        at = middle[name]
        if at[-1] == 0:
            edge = ax.get_yaxis_transform()
            ax.plot(0, accuracy[-1], look.marker, transform=edge, clip_on=False, zorder=5, **dot)
            continue
        ax.fill_between(at, low, high, color=look.color, alpha=0.15, linewidth=0)
        ax.plot(at, accuracy, color=look.color, linestyle=look.dash, linewidth=1.8)
        ax.plot(at[-1], accuracy[-1], look.marker, **dot)
    return records(**names, **middle, low=low, high=high)


LESSON = Lesson(
    "real-network", "Black box against gradient on a real network", study, needs=("search", "backpropagation")
)
