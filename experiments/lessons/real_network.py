"""Black box against gradient on a real network: test accuracy against evaluations, gradients and seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import problems
from experiments.figures.labels import key_strip
from experiments.figures.layout import panel_grid
from experiments.figures.style import Axes, LineStyle, dress
from experiments.figures.ticks import decade_ticks
from experiments.lessons.drawing import level
from experiments.lessons.lesson import GRAD_COST, Drawing, Finding, Lesson, Numbers, Row, Table, records, words
from experiments.lessons.network_runs import CONV, MLP, NETWORKS, SPENT, WAYS, Run, train
from experiments.worker import one_blas_thread


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
