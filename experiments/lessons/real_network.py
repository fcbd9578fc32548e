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
from experiments.figures.layout import Grid, panel_grid
from experiments.figures.style import BLUE, GREEN, LONG, ORANGE, PURPLE, RED, SKY, LineStyle, dress
from experiments.figures.ticks import decade_ticks
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table
from experiments.worker import one_blas_thread
from problems import Ledger, Objective

GRAD_COST = 4.0  # evaluations charged for one gradient, the upper end of the cheap-gradient bound


@dataclass(frozen=True)
class Way:
    """A method with its settings: arguments of `es.minimize`."""

    label: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The settings, for a table."""
        own = {**self.settings, **self.settings.get("options", {})}
        named = ", ".join(f"{key} = {value}" for key, value in own.items() if key != "options")
        return named or "as they are"


# One colour for each method, gradients dashed: six in one panel need more contrast than the house's styles have.
LOOK = {
    "Adam": LineStyle(GREEN, "^", LONG),
    "L-BFGS-B": LineStyle(RED, "D", LONG),
    "OpenAI-ES": LineStyle(SKY, "p"),
    "SNES": LineStyle(ORANGE, "s"),
    "CR-FM-NES": LineStyle(PURPLE, "v"),
    "sep-CMA-ES": LineStyle(BLUE, "o"),
}


@dataclass(frozen=True)
class Network:
    """A network to be trained.

    Attributes
    ----------
    key, title, problem, words : str
        Name in the numbers, name in the figure, name for `problems.get`, and what the text calls it.
    options : dict
        For `problems.get`.
    budget : int
        Evaluations of a run, gradients charged.
    goal : float
        Test accuracy whose price the text names.
    runs : int
        Seeds, which draw the weights and drive the method.
    """

    key: str
    title: str
    problem: str
    options: Mapping[str, Any]
    budget: int
    goal: float
    runs: int
    words: str


NETWORKS = (
    Network(
        "mlp",
        "MLP, 16 hidden units",
        "digits-mlp",
        {"hidden": 16},
        6000,
        0.9,
        3,
        "perceptron with one hidden layer of 16 units",
    ),
    Network(
        "conv",
        "Convolutional network",
        "digits-conv",
        {"first": 2, "second": 4},
        2000,
        0.75,
        1,
        "small convolutional network",
    ),
)
WAYS = (
    Way("Adam", "adam", {"options": {"lr": 0.03}}),
    Way("L-BFGS-B", "l-bfgs-b"),
    Way("OpenAI-ES", "openai-es", {"sigma0": 0.1, "options": {"lr": 0.05}}),
    Way("SNES", "snes", {"sigma0": 0.1}),
    Way("CR-FM-NES", "crfmnes", {"sigma0": 0.2}),
    Way("sep-CMA-ES", "sep-cmaes", {"sigma0": 0.1}),
)


@dataclass
class Run:
    """What one run of a way on a network has shown.

    Attributes
    ----------
    nfev, njev, seconds, accuracy : (points,) arrays
        Evaluations, gradients and seconds of one core spent, and the test accuracy of the point with the least training
        loss until then.
    loss : float
        That loss at the end.
    """

    nfev: np.ndarray[Any, Any]
    njev: np.ndarray[Any, Any]
    seconds: np.ndarray[Any, Any]
    accuracy: np.ndarray[Any, Any]
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
    with one_blas_thread():
        found = {network.key: _train_all(network) for network in NETWORKS}
    numbers: dict[str, float | int] = {}
    rows = []
    for network in NETWORKS:
        numbers[f"{network.key}_parameters"] = _objective(network).n or 0
        for way in WAYS:
            runs = found[network.key][way.label]
            facts = _facts(runs, network.goal)
            numbers |= {f"{network.key}_{way.method}_{name}": v for name, v in facts.items() if np.isfinite(v)}
            row = [network.title if way is WAYS[0] else "", way.label, way.words, *_words(facts)]
            rows.append([word.replace("-", "\N{NON-BREAKING HYPHEN}").replace(" = ", "\xa0=\xa0") for word in row])
    header = ["network", "method", "settings", "test accuracy", "training loss"]
    header += [f"evaluations to {' / '.join(f'{n.goal:.0%}' for n in NETWORKS)}", "gradients", "seconds"]
    return Finding(_text(numbers), numbers, [_draw(found)], Table(header, rows))


def _objective(network: Network) -> Objective:
    return problems.get(network.problem, **network.options)


def _train_all(network: Network) -> dict[str, list[Run]]:
    objective = _objective(network)
    return {way.label: [train(objective, way, network.budget, seed) for seed in range(network.runs)] for way in WAYS}


def _facts(runs: Sequence[Run], goal: float) -> dict[str, float]:
    """Medians over the runs; NaN for the price of a goal that most runs never reached."""
    facts = {
        "accuracy": float(np.median([run.accuracy[-1] for run in runs])),
        "loss": float(np.median([run.loss for run in runs])),
    }
    first = [run.first(goal) for run in runs]
    for name in ("nfev", "njev", "seconds"):
        prices = [np.inf if at is None else float(getattr(run, name)[at]) for run, at in zip(runs, first, strict=True)]
        facts[f"goal_{name}"] = float(np.median(prices)) if np.isfinite(np.median(prices)) else np.nan
    return facts


def _words(facts: Mapping[str, float]) -> list[str]:
    price = [facts[f"goal_{name}"] for name in ("nfev", "njev", "seconds")]
    words = [f"{price[0]:.0f}", f"{price[1]:.0f}", f"{price[2]:.2g}"] if np.isfinite(price[0]) else ["not reached"] * 3
    return [f"{facts['accuracy']:.1%}", f"{facts['loss']:.2f}", *words]


def _text(numbers: Mapping[str, float | int]) -> str:
    parts = []
    for network in NETWORKS:
        key = network.key
        strategies = {w.label: numbers.get(f"{key}_{w.method}_goal_nfev", np.inf) for w in WAYS[2:]}
        best = min(strategies, key=lambda label: strategies[label])
        method = next(w.method for w in WAYS if w.label == best)
        lead = strategies[best] / ((1 + GRAD_COST) * numbers[f"{key}_l-bfgs-b_goal_njev"])
        late = [label for label, spent in strategies.items() if not np.isfinite(spent)]
        gradients = " and ".join(f"{numbers[f'{key}_{w.method}_accuracy']:.1%}" for w in WAYS[:2])
        ends = [numbers[f"{key}_{w.method}_accuracy"] for w in WAYS[2:]]
        parts.append(
            f"The {network.words} has {numbers[f'{key}_parameters']} parameters. For {network.goal:.0%} of the digits "
            f"that it was not trained on, L-BFGS-B takes {numbers[f'{key}_l-bfgs-b_goal_njev']:.0f} gradients and Adam "
            f"{numbers[f'{key}_adam_goal_njev']:.0f}; of the strategies {best} is there first, after "
            f"{strategies[best]:.0f} evaluations and {numbers[f'{key}_{method}_goal_seconds']:.2g} s against "
            f"{numbers[f'{key}_l-bfgs-b_goal_seconds']:.2g} s. With a gradient counted as {GRAD_COST:g} evaluations "
            f"that is a factor of {lead:.0f}"
            + (f"; {' and '.join(late)} {'do' if len(late) > 1 else 'does'} not get there" if late else "")
            + f". After {network.budget} evaluations Adam and L-BFGS-B are at {gradients}, the strategies at "
            f"{min(ends):.1%} to {max(ends):.1%} ({_runs(network)})."
        )
    return "\n\n".join(
        [
            "How do both kinds of method do on the same real task: to tell handwritten digits apart, 1,347 of them to "
            "learn from and 450 to be tested on? All minimise the cross-entropy with a little weight decay over all "
            "training digits, from the same weights, and never see the test digits. A strategy knows the value of the "
            "loss at its points and nothing more.",
            *parts,
            "A gradient tells as many numbers as the network has weights, a value just one, and so its lead tends "
            "to grow with the network. What the strategies ask for is less, though: they need no derivative, "
            "no memory of the forward pass, and a generation can be evaluated on as many machines as it has points.",
        ]
    )


def _runs(network: Network) -> str:
    return f"medians of {network.runs} runs" if network.runs > 1 else "one run each"


def _draw(found: Mapping[str, Mapping[str, Sequence[Run]]]) -> Drawing:
    grid = panel_grid(
        3 * len(NETWORKS),
        3,
        width=9.0,
        panel=2.6,
        left=0.62,
        right=0.2,
        top=0.36,
        head=0.3,
        caption="Accuracy on held-out digits of the point with the least training loss so far, from the same weights. "
        + "; ".join(
            f"{n.title}: {_runs(n)}, {n.budget} evaluations, a gradient counted as {GRAD_COST:g}" for n in NETWORKS
        )
        + ". Middle: strategies need no gradient, so the marks on the left edge show where they end. Right: processor "
        "time of one core without the time for testing.",
    )
    rows: list[dict[str, Any]] = []
    for line, network in enumerate(NETWORKS):
        for way in WAYS:
            runs = found[network.key][way.label]
            rows += _draw_way(grid, line, runs, LOOK[way.label], network.key, way.label)
        _finish(grid, line, network, found[network.key])
    key_strip(grid.figure, LOOK, grid.figure.get_figheight() - 0.2)
    return Drawing("real-network", grid.figure, rows, after=2)


def _draw_way(
    grid: Grid, line: int, runs: Sequence[Run], look: LineStyle, network: str, label: str
) -> list[dict[str, Any]]:
    """Draw one method into the three panels of a network: median of the runs, and their range."""
    points = min(len(run.nfev) for run in runs)
    table = {
        name: np.array([getattr(run, name)[:points] for run in runs])
        for name in ("nfev", "njev", "seconds", "accuracy")
    }
    middle = {name: np.median(values, axis=0) for name, values in table.items()}
    low, high = table["accuracy"].min(0), table["accuracy"].max(0)
    for column, name in enumerate(("nfev", "njev", "seconds")):
        ax, at = grid.axes[3 * line + column], middle[name]
        if at[-1] == 0:
            ax.plot(0, middle["accuracy"][-1], look.marker, color=look.color, transform=ax.get_yaxis_transform(),
                    markersize=6, markeredgecolor="white", clip_on=False, zorder=5)  # fmt: skip
            continue
        ax.fill_between(at, low, high, color=look.color, alpha=0.15, linewidth=0)
        ax.plot(at, middle["accuracy"], color=look.color, linestyle=look.dash, linewidth=1.8)
        ax.plot(at[-1], middle["accuracy"][-1], look.marker, color=look.color, markersize=6, markeredgecolor="white")
    return [
        {"network": network, "method": label, "nfev": a, "njev": b, "seconds": c, "accuracy": d, "low": e, "high": f}
        for a, b, c, d, e, f in zip(*middle.values(), low, high, strict=True)
    ]


def _finish(grid: Grid, line: int, network: Network, found: Mapping[str, Sequence[Run]]) -> None:
    runs = [run for members in found.values() for run in members]
    labels = ("evaluations of the loss", "gradients", "seconds of one core")
    for column, (name, label) in enumerate(zip(("nfev", "njev", "seconds"), labels, strict=True)):
        ax = grid.axes[3 * line + column]
        ax.axhline(network.goal, color="#888888", linewidth=0.9, linestyle=":", zorder=1)
        ax.set_ylim(0, 1)
        ax.set_yticks(np.linspace(0, 1, 6), [f"{tick:.0%}" for tick in np.linspace(0, 1, 6)])
        spent = np.concatenate([getattr(run, name) for run in runs])
        decade_ticks(ax, "x", max(float(spent[spent > 0].min()), 1e-3), float(spent.max()) * 1.3)
        dress(
            ax,
            title=network.title if column == 0 else "",
            xlabel=label,
            ylabel="test accuracy" if column == 0 else "",
        )


LESSON = Lesson(
    "real-network", "Black box against gradient on a real network", study, needs=("search", "backpropagation")
)
