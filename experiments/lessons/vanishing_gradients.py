"""Vanishing and exploding gradients: how large the gradient of each layer of a deep network is, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

import autodiff as ad
import es
import problems
from autodiff import nn
from autodiff.optim import SGD, Adam, Rule
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, INK, ORANGE, RED, SHORT, LineStyle, dress
from experiments.figures.ticks import SUPERSCRIPTS
from experiments.lessons.drawing import legend, level, write_cells
from experiments.lessons.lesson import GRAD_COST, Array, Drawing, Finding, Lesson, Numbers, named, records, words
from problems.learning import data

ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], LineStyle]] = {
    "sigmoid": (nn.sigmoid, LineStyle(RED, "s")),
    "tanh": (nn.tanh, LineStyle(BLUE, "o")),
    "ReLU": (nn.relu, LineStyle(GREEN, "^")),
    "LeakyReLU": (nn.leaky_relu, LineStyle(ORANGE, "v", SHORT)),
}
INITIALISERS: dict[str, tuple[Callable[..., Array], str]] = {
    "small": (lambda shape, rng: 0.01 * rng.standard_normal(shape), "Small weights: N(0, 0.01²)"),
    "unit": (lambda shape, rng: rng.standard_normal(shape), "Large weights: N(0, 1)"),
    "Xavier": (nn.xavier_normal, "Xavier's weights"),
    "Kaiming": (nn.kaiming_normal, "Kaiming's weights"),
}
NETS = (*ACTIVATIONS, "conv ReLU", "conv FReLU")
DEPTHS = (2, 4, 8, 16, 32)
SHOWN_DEPTH, WIDTH, CHANNELS, SEEDS, EXAMPLES, IMAGES = 16, 32, 4, 3, 256, 32
DARKEST = 6.0  # powers of ten from which on the heat map is no darker

TRAINED_DEPTH, UNITS, RUNS, BUDGET, SIGMA = 8, 6, 5, 8000, 0.3
SPENT = np.arange(1, int(BUDGET / (1 + GRAD_COST)) + 1) * (1 + GRAD_COST)  # evaluations at which losses are kept
SOLVED = 0.1  # loss
RULES: dict[str, tuple[Callable[..., Rule], tuple[float, ...]]] = {
    "gradient descent": (SGD, (0.1, 1.0, 10.0)),
    "Adam": (Adam, (0.01, 0.03, 0.1)),
}


def dense(activation: str, init: str, depth: int) -> nn.Model:
    """A perceptron for the digits, with `depth` hidden layers."""
    sizes = (64, *[WIDTH] * depth, 10)
    layers: dict[str, Any] = {}
    for k in range(depth + 1):
        layers[f"layer {k}"] = nn.Linear(sizes[k], sizes[k + 1], initialiser=INITIALISERS[init][0])
        if k < depth:
            layers[f"phi {k}"] = ACTIVATIONS[activation][0]
    return nn.Model(layers)


def convolutional(activation: str, init: str, depth: int) -> nn.Model:
    """A network for the digits with `depth` 3 x 3 convolutions that keep the size of the image."""
    layers: dict[str, Any] = {}
    for k in range(depth):
        inputs = CHANNELS if k else 1
        layers[f"layer {k}"] = nn.Conv2d(inputs, CHANNELS, 3, padding=1, initialiser=INITIALISERS[init][0])
        layers[f"phi {k}"] = nn.FReLU(CHANNELS) if activation == "FReLU" else ACTIVATIONS[activation][0]
    layers["flat"] = nn.Flatten()
    layers[f"layer {depth}"] = nn.Linear(CHANNELS * 64, 10, initialiser=INITIALISERS[init][0])
    return nn.Model(layers)


def gradients(model: nn.Model, inputs: Array, labels: Array, seed: int) -> list[tuple[Array, Array]]:
    """Weights of each layer and the gradient of the cross-entropy for them, at the start."""
    leaves = {name: ad.tensor(value, requires_grad=True) for name, value in model.init(seed).items()}
    nn.cross_entropy(model(leaves, inputs), labels).backward()
    names = [name for name in leaves if name.startswith("layer") and name.endswith(".w")]
    return [(leaves[name].detach().numpy(), np.asarray(leaves[name].grad)) for name in names]


def norms(net: str, init: str, depth: int) -> Array:
    """Gradient norm of each layer, the median over the seeds."""
    split = data.load("digits")
    kind, _, activation = net.rpartition(" ")
    if kind:
        model, inputs = convolutional(activation, init, depth), split.x_train[:IMAGES].reshape(-1, 1, 8, 8)
    else:
        model, inputs = dense(activation, init, depth), split.x_train[:EXAMPLES]
    labels = split.y_train[: len(inputs)]
    found = [[np.linalg.norm(g) for _, g in gradients(model, inputs, labels, seed)] for seed in range(SEEDS)]
    return np.asarray(np.median(found, axis=0))


def euler_spread() -> float:
    """Largest relative difference between layers of the sum of weights times gradients, in a deep ReLU network."""
    split = data.load("digits")
    model = dense("ReLU", "Kaiming", SHOWN_DEPTH)
    sums = [(w * g).sum() for w, g in gradients(model, split.x_train[:EXAMPLES], split.y_train[:EXAMPLES], 0)]
    return float(np.ptp(sums) / np.abs(sums).max())


def training(activation: str) -> tuple[dict[str, Array], dict[str, float]]:
    """Best loss so far (RUNS, points of SPENT) of each way to train a deep network; and the learning rates behind them,
    those with the lowest median at the end."""
    objective = problems.get(
        "wine-mlp", depth=TRAINED_DEPTH, hidden=UNITS, activation=activation, init="xavier", l2=0.0
    )
    start = np.stack([objective.x0(np.random.default_rng(seed)) for seed in range(RUNS)])
    curves, rates = {}, {}
    for name, (make, tried) in RULES.items():
        x, rule = np.tile(start, (len(tried), 1)), make(lr=np.repeat(tried, RUNS))
        values = []
        for _ in SPENT:
            f, g = objective.value_and_grad(x)
            values.append(f)
            x = rule.step(x, g)
        best = np.fmin.accumulate(values, axis=0).T.reshape(len(tried), RUNS, -1)
        chosen = int(np.argmin(np.median(best[:, :, -1], axis=1)))
        curves[name], rates[name] = best[chosen], tried[chosen]
    runs = []
    for seed in range(RUNS):
        ledger = problems.Ledger(objective, keep_trace=True)
        es.minimize(ledger, start[seed], method="crfmnes", sigma0=SIGMA, maxfevals=BUDGET, rng=seed)
        at = np.searchsorted(ledger.trace.nfev, SPENT, side="right") - 1
        runs.append(ledger.trace.f[np.maximum(at, 0)])
    return {**curves, "CR-FM-NES": np.array(runs)}, rates


def guess() -> float:
    """Loss of a network whose answer does not depend on its input: the entropy of the classes."""
    labels = data.load("wine").y_train
    share = np.bincount(labels) / len(labels)
    return float(-(share * np.log(share)).sum())


def study() -> Finding:
    """Measure the gradients of many networks at their start, and train two deep ones."""
    table = {key: norms(*key) for key in product(NETS, INITIALISERS, DEPTHS)}
    first = {key: float(np.log10(norm[0])) for key, norm in table.items()}
    deep, plateau = table["sigmoid", "Xavier", SHOWN_DEPTH], guess()
    numbers: Numbers = {
        "sigmoid_factor_per_layer": float((deep[1] / deep[-2]) ** (1 / (len(deep) - 3))),
        "sigmoid_first_over_last": float(deep[0] / deep[-1]),
        "euler_spread": euler_spread(),
        "guess_loss": plateau,
        **named("log10_first", {f"{net}_{init}_{depth}": value for (net, init, depth), value in first.items()}),
    }
    runs = {activation: training(activation) for activation in ("sigmoid", "tanh")}
    for activation, (curves, rates) in runs.items():
        for name, curve in curves.items():
            key, middle = f"{activation}_{name}".replace(" ", "_"), np.median(curve, axis=0)
            numbers |= {f"loss_{key}": float(middle[-1]), f"solved_{key}": int((curve[:, -1] < SOLVED).sum())}
            for what, loss in (("on_plateau", 0.9 * plateau), ("to_solve", SOLVED)):
                numbers[f"evaluations_{what}_{key}"] = float(np.append(SPENT, BUDGET)[(middle > loss).sum()])
        numbers |= named(f"rate_{activation}", rates)
    powers = {
        f"{net}, {init}": "10" + f"{first[net, init, DEPTHS[-1]]:.0f}".translate(SUPERSCRIPTS)
        for net, init in product(NETS, INITIALISERS)
    }
    tanh = max(value for key, value in numbers.items() if key.startswith("loss_tanh"))
    drawings = [_draw_layers(table), _draw_heat(first), _draw_training(runs, plateau)]
    return Finding(words(__name__, **numbers, **powers, tanh=tanh), numbers, drawings)


def _draw_layers(table: dict[Any, Array]) -> Drawing:
    grid = panel_grid(len(INITIALISERS), 2, panel=2.5, left=0.85, caption=words(__name__, "gradient-per-layer"))
    layers = np.arange(1, SHOWN_DEPTH + 2)
    rows: list[dict[str, Any]] = []
    for k, (ax, (init, (_, title))) in enumerate(zip(grid.axes, INITIALISERS.items(), strict=True)):
        for name, (_, look) in ACTIVATIONS.items():
            norm = table[name, init, SHOWN_DEPTH]
            ax.semilogy(layers, norm, look.marker, linestyle=look.dash, color=look.color, markersize=4, label=name)
            rows += records(initialiser=init, activation=name, layer=layers, norm=norm)
        below, beside = "layer (1 is next to the input)" * grid.is_last(k), "gradient norm" * grid.is_first(k)
        dress(ax, title=title, xlabel=below, ylabel=beside)
        ax.set_xticks([1, *range(4, SHOWN_DEPTH + 1, 4)])
    legend(grid.axes[1], loc="center right", bbox_to_anchor=(1.0, 0.68), ncols=2)
    return Drawing("gradient-per-layer", grid.figure, rows)


def _draw_heat(first: dict[Any, float]) -> Drawing:
    from matplotlib.colors import LinearSegmentedColormap

    grid = panel_grid(len(INITIALISERS), 2, panel=2.3, left=1.0, caption=words(__name__, "gradient-of-first-layer"))
    shades = LinearSegmentedColormap.from_list("sizes", [BLUE, "#F7F7F7", RED])
    for k, (ax, (init, (_, title))) in enumerate(zip(grid.axes, INITIALISERS.items(), strict=True)):
        values = np.array([[first[net, init, depth] for depth in DEPTHS] for net in NETS])
        ax.imshow(values, cmap=shades, vmin=-DARKEST, vmax=DARKEST, aspect="auto")
        shown = [[f"{value:.0f}".replace("-0", "0").replace("-", "−") for value in line] for line in values]
        write_cells(ax, shown, size=8.5, colors=np.where(np.abs(values) > 0.6 * DARKEST, "white", INK))
        dress(ax, title=title, xlabel="hidden layers" * grid.is_last(k), grid="")
        ax.set_xticks(range(len(DEPTHS)), [str(depth) for depth in DEPTHS])
        ax.set_yticks(range(len(NETS)), NETS)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    rows = [{"net": n, "initialiser": i, "depth": d, "log10_norm": value} for (n, i, d), value in first.items()]
    return Drawing("gradient-of-first-layer", grid.figure, rows)


def _draw_training(runs: dict[str, tuple[dict[str, Array], dict[str, float]]], plateau: float) -> Drawing:
    grid = panel_grid(2, 2, panel=3.1, left=0.75, caption=words(__name__, "without-gradients"))
    rows: list[dict[str, Any]] = []
    for ax, (activation, (curves, rates)) in zip(grid.axes, runs.items(), strict=True):
        level(ax, plateau, linewidth=1)
        for (name, curve), color in zip(curves.items(), (INK, GREEN, RED), strict=True):
            middle = np.median(curve, axis=0)
            ax.plot(SPENT, curve.T, color=color, linewidth=0.5, alpha=0.5)
            label = f"{name}, rate {rates[name]:g}" if name in rates else name
            ax.plot(SPENT, middle, color=color, linewidth=2, label=label)
            rows += records(activation=activation, way=name, evaluations=SPENT[::10], median_loss=middle[::10])
        ax.set(ylim=(0, 1.75), yticks=[0, 0.5, 1])
        legend(ax, loc="upper right")
        dress(ax, title=f"{TRAINED_DEPTH} {activation} layers", xlabel="evaluations", ylabel="loss")
    return Drawing("without-gradients", grid.figure, rows)


LESSON = Lesson("vanishing-gradients", "Vanishing and exploding gradients", study, needs=("backpropagation", "layers"))
