"""Vanishing and exploding gradients: how large the gradient of each layer of a deep network is, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import nn
from autodiff.optim import SGD, Adam, Rule
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, INK, ORANGE, RED, SHORT, LineStyle, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson

Array = np.ndarray[Any, Any]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": nn.sigmoid,
    "tanh": nn.tanh,
    "ReLU": nn.relu,
    "LeakyReLU": nn.leaky_relu,
}
INITIALISERS: dict[str, Callable[..., Array]] = {
    "small": lambda shape, rng: 0.01 * rng.standard_normal(shape),
    "unit": lambda shape, rng: rng.standard_normal(shape),
    "Xavier": nn.xavier_normal,
    "Kaiming": nn.kaiming_normal,
}
TITLES = {
    "small": "Small weights: N(0, 0.01²)",
    "unit": "Large weights: N(0, 1)",
    "Xavier": "Xavier's weights",
    "Kaiming": "Kaiming's weights",
}
LOOKS = {
    "sigmoid": LineStyle(RED, "s"),
    "tanh": LineStyle(BLUE, "o"),
    "ReLU": LineStyle(GREEN, "^"),
    "LeakyReLU": LineStyle(ORANGE, "v", SHORT),
}
NETS = ("conv ReLU", "conv FReLU")
DEPTHS = (2, 4, 8, 16, 32)
SHOWN_DEPTH, WIDTH, CHANNELS, SEEDS, EXAMPLES, IMAGES = 16, 32, 4, 3, 256, 32
DARKEST = 6.0  # powers of ten from which on the heat map is no darker

TRAINED_DEPTH, UNITS, RUNS, BUDGET, GRAD_COST, SIGMA = 8, 6, 5, 8000, 4.0, 0.3
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
        layers[f"layer {k}"] = nn.Linear(sizes[k], sizes[k + 1], initialiser=INITIALISERS[init])
        if k < depth:
            layers[f"phi {k}"] = ACTIVATIONS[activation]
    return nn.Model(layers)


def convolutional(activation: str, init: str, depth: int) -> nn.Model:
    """A network for the digits with `depth` 3 x 3 convolutions that keep the size of the image."""
    layers: dict[str, Any] = {}
    for k in range(depth):
        inputs = CHANNELS if k else 1
        layers[f"layer {k}"] = nn.Conv2d(inputs, CHANNELS, 3, padding=1, initialiser=INITIALISERS[init])
        layers[f"phi {k}"] = nn.FReLU(CHANNELS) if activation == "FReLU" else ACTIVATIONS[activation]
    layers["flat"] = nn.Flatten()
    layers[f"layer {depth}"] = nn.Linear(CHANNELS * 64, 10, initialiser=INITIALISERS[init])
    return nn.Model(layers)


def gradients(model: nn.Model, inputs: Array, labels: Array, seed: int) -> list[tuple[Array, Array]]:
    """Weights of each layer and the gradient of the cross-entropy for them, at the start."""
    leaves = {name: ad.tensor(value, requires_grad=True) for name, value in model.init(seed).items()}
    nn.cross_entropy(model(leaves, inputs), labels).backward()
    names = [name for name in leaves if name.startswith("layer") and name.endswith(".w")]
    return [(leaves[name].detach().numpy(), np.asarray(leaves[name].grad)) for name in names]


def norms(net: str, init: str, depth: int) -> Array:
    """Gradient norm of each layer, the median over the seeds."""
    from problems.learning import data

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
    from problems.learning import data

    split = data.load("digits")
    model = dense("ReLU", "Kaiming", SHOWN_DEPTH)
    sums = [(w * g).sum() for w, g in gradients(model, split.x_train[:EXAMPLES], split.y_train[:EXAMPLES], 0)]
    return float(np.ptp(sums) / np.abs(sums).max())


def training(activation: str) -> tuple[Array, dict[str, Array], dict[str, float]]:
    """Best loss so far of each way to train a deep network.

    Returns
    -------
    spent : (points,) array
        Evaluations, a gradient charged as `GRAD_COST`.
    curves : dict of str to (RUNS, points) array
        Of the learning rate with the lowest median at the end.
    rates : dict of str to float
        That learning rate.
    """
    import es
    import problems

    objective = problems.get(
        "wine-mlp", depth=TRAINED_DEPTH, hidden=UNITS, activation=activation, init="xavier", l2=0.0
    )
    start = np.stack([objective.x0(np.random.default_rng(seed)) for seed in range(RUNS)])
    spent = np.arange(1, int(BUDGET / (1 + GRAD_COST)) + 1) * (1 + GRAD_COST)
    curves, rates = {}, {}
    for name, (make, tried) in RULES.items():
        x, rule = np.tile(start, (len(tried), 1)), make(lr=np.repeat(tried, RUNS))
        values = []
        for _ in spent:
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
        at = np.searchsorted(ledger.trace.nfev, spent, side="right") - 1
        runs.append(ledger.trace.f[np.maximum(at, 0)])
    curves["CR-FM-NES"] = np.array(runs)
    return spent, curves, rates


def guess() -> float:
    """Loss of a network whose answer does not depend on its input: the entropy of the classes."""
    from problems.learning import data

    share = np.bincount(data.load("wine").y_train) / len(data.load("wine").y_train)
    return float(-(share * np.log(share)).sum())


def study() -> Finding:
    """Measure the gradients of many networks at their start, and train two deep ones."""
    table = {
        (net, init, depth): norms(net, init, depth)
        for net in (*ACTIVATIONS, *NETS)
        for init in INITIALISERS
        for depth in DEPTHS
    }
    first = {key: float(np.log10(norm[0])) for key, norm in table.items()}
    deep = table["sigmoid", "Xavier", SHOWN_DEPTH]
    plateau = guess()
    numbers: dict[str, float | int] = {
        "sigmoid_factor_per_layer": float((deep[1] / deep[-2]) ** (1 / (len(deep) - 3))),
        "sigmoid_first_over_last": float(deep[0] / deep[-1]),
        "euler_spread": euler_spread(),
        "guess_loss": plateau,
    }
    numbers |= {f"log10_first_{net}_{init}_{depth}".replace(" ", "_"): v for (net, init, depth), v in first.items()}
    runs = {activation: training(activation) for activation in ("sigmoid", "tanh")}
    for activation, (spent, curves, rates) in runs.items():
        for name, curve in curves.items():
            key = f"{activation}_{name.replace(' ', '_')}"
            middle = np.median(curve, axis=0)
            numbers[f"loss_{key}"] = float(np.median(curve[:, -1]))
            numbers[f"solved_{key}"] = int((curve[:, -1] < SOLVED).sum())
            for what, level in (("on_plateau", 0.9 * plateau), ("to_solve", SOLVED)):
                numbers[f"evaluations_{what}_{key}"] = float(np.append(spent, BUDGET)[(middle > level).sum()])
        numbers |= {f"rate_{activation}_{name.replace(' ', '_')}": rate for name, rate in rates.items()}
    drawings = [_draw_layers(table), _draw_heat(first), _draw_training(runs, plateau)]
    return Finding(_text(numbers, first), numbers, drawings)


def _text(numbers: dict[str, float | int], first: dict[tuple[str, str, int], float]) -> str:
    def power(net: str, init: str) -> str:
        return "10" + f"{first[net, init, DEPTHS[-1]]:.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

    def end(name: str) -> str:
        key = f"sigmoid_{name}"
        return f"{numbers[f'loss_{key}']:.3f} ({numbers[f'solved_{key}']} of {RUNS} runs below {SOLVED:g})"

    tanh = max(value for key, value in numbers.items() if key.startswith("loss_tanh"))
    return (
        "On its way back the gradient is multiplied, layer after layer, by the slope of the activation and by the "
        "weights. Factors below one make it vanish, factors above one make it explode. The slope of the sigmoid is at "
        "most 1/4, and Xavier's weights keep lengths about as they are: in a network of "
        f"{SHOWN_DEPTH} hidden sigmoid layers the gradient norm falls by the factor "
        f"{numbers['sigmoid_factor_per_layer']:.2f} per layer, and the first layer has "
        f"{numbers['sigmoid_first_over_last']:.0e} of what the last one has. Tanh, ReLU and LeakyReLU with Xavier's or "
        "Kaiming's weights give all layers about the same (first figure).\n\n"
        f"The heat map has the gradient norm of the first layer for depths from {DEPTHS[0]} to {DEPTHS[-1]}. With "
        f"{DEPTHS[-1]} layers, ReLU has {power('ReLU', 'small')} from small weights, {power('ReLU', 'unit')} from "
        f"large ones, {power('ReLU', 'Xavier')} from Xavier's, and {power('ReLU', 'Kaiming')} from Kaiming's, which "
        "make up for the half of its input that ReLU cuts off. In a ReLU network all layers suffer together: without "
        "biases the sum of weights times gradients is the same for each layer (Euler's theorem for homogeneous "
        f"functions; here to a relative {numbers['euler_spread']:.0e}), so the first layer does not vanish before the "
        "last. In convolutional networks FReLU, max(x, T(x)) with a normalised convolution T, lifts a faint signal "
        f"back to size in each layer: {power('conv FReLU', 'small')} from small weights, where ReLU has "
        f"{power('conv ReLU', 'small')}. A signal that grows it lets pass: {power('conv FReLU', 'unit')} from large "
        "weights.\n\n"
        "An evolution strategy sees values only. The last figure trains networks of "
        f"{TRAINED_DEPTH} hidden layers of {UNITS} units on the wine data, from the same Xavier starts: {RUNS} runs "
        f"each, {BUDGET} evaluations, a gradient charged as {GRAD_COST:g}; the gradient methods with the best of three "
        "learning rates, the strategy, CR-FM-NES, untuned. With sigmoid units gradient descent never gets away from "
        f"the loss of an answer that ignores the input, {numbers['guess_loss']:.3f}: it ends at a median of "
        f"{end('gradient_descent')}. Adam, which divides each slope by its own size, is away first, after "
        f"{numbers['evaluations_on_plateau_sigmoid_Adam']:.0f} evaluations, and ends at {end('Adam')}. The strategy "
        "ranks values, however little they differ; it needs "
        f"{numbers['evaluations_on_plateau_sigmoid_CR-FM-NES']:.0f} to get away and ends at {end('CR-FM-NES')}. With "
        f"tanh units the median of each is at most {tanh:.0e} at the end, and the gradients are quicker: "
        f"{numbers['evaluations_to_solve_tanh_gradient_descent']:.0f} evaluations to {SOLVED:g} for gradient descent, "
        f"{numbers['evaluations_to_solve_tanh_Adam']:.0f} for Adam and "
        f"{numbers['evaluations_to_solve_tanh_CR-FM-NES']:.0f} for the strategy. So a search without gradients can "
        "get past where they have vanished, but the better activation cures all methods at once; and these networks "
        "are small, while a strategy pays for each further weight."
    )


def _draw_layers(table: dict[Any, Array]) -> Drawing:
    grid = panel_grid(
        len(INITIALISERS),
        2,
        panel=2.5,
        left=0.85,
        caption=f"Norm of the gradient for the weights of each layer at the start, {SHOWN_DEPTH} hidden layers of "
        f"{WIDTH} units, {EXAMPLES} digits, median of {SEEDS} starts. A panel per initialiser, each with its own "
        "vertical axis; ReLU and LeakyReLU all but coincide.",
    )
    rows: list[dict[str, Any]] = []
    for k, (ax, init) in enumerate(zip(grid.axes, INITIALISERS, strict=True)):
        for name, look in LOOKS.items():
            norm = table[name, init, SHOWN_DEPTH]
            layers = np.arange(1, len(norm) + 1)
            ax.semilogy(layers, norm, look.marker, linestyle=look.dash, color=look.color, markersize=4, label=name)
            rows += [
                {"initialiser": init, "activation": name, "layer": int(i), "norm": v}
                for i, v in zip(layers, norm, strict=True)
            ]
        dress(
            ax,
            title=TITLES[init],
            xlabel="layer (1 is next to the input)" if grid.is_last(k) else "",
            ylabel="gradient norm" if grid.is_first(k) else "",
        )
        ax.set_xticks([1, *range(4, SHOWN_DEPTH + 1, 4)])
    grid.axes[1].legend(frameon=False, fontsize=8.5, loc="center right", bbox_to_anchor=(1.0, 0.68), ncols=2)
    return Drawing("gradient-per-layer", grid.figure, rows)


def _draw_heat(first: dict[Any, float]) -> Drawing:
    from matplotlib.colors import LinearSegmentedColormap

    nets = (*ACTIVATIONS, *NETS)
    grid = panel_grid(
        len(INITIALISERS),
        2,
        panel=2.3,
        left=1.0,
        caption="Power of ten of the gradient norm of the first layer, against activation and number of hidden layers: "
        f"−3 stands for 0.001. Blue: vanishing, orange: exploding, both darkest from {DARKEST:.0f} powers on. "
        f"{CHANNELS} channels in the convolutional networks.",
    )
    shades = LinearSegmentedColormap.from_list("sizes", [BLUE, "#F7F7F7", RED])
    for k, (ax, init) in enumerate(zip(grid.axes, INITIALISERS, strict=True)):
        values = np.array([[first[net, init, depth] for depth in DEPTHS] for net in nets])
        ax.imshow(values, cmap=shades, vmin=-DARKEST, vmax=DARKEST, aspect="auto")
        for (y, x), value in np.ndenumerate(values):
            text = f"{value:.0f}".replace("-0", "0").replace("-", "−")
            color = "white" if abs(value) > 0.6 * DARKEST else INK
            ax.text(x, y, text, ha="center", va="center", fontsize=8.5, color=color)
        dress(ax, title=TITLES[init], xlabel="hidden layers" if grid.is_last(k) else "", grid="")
        ax.set_xticks(range(len(DEPTHS)), [str(depth) for depth in DEPTHS])
        ax.set_yticks(range(len(nets)), nets)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    rows = [{"net": n, "initialiser": i, "depth": d, "log10_norm": value} for (n, i, d), value in first.items()]
    return Drawing("gradient-of-first-layer", grid.figure, rows)


def _draw_training(runs: dict[str, Any], plateau: float) -> Drawing:
    grid = panel_grid(
        2,
        2,
        panel=3.1,
        left=0.75,
        caption=f"Training loss, best so far, of networks of {TRAINED_DEPTH} hidden layers of {UNITS} units on the "
        f"wine data; thick: median of {RUNS} runs, thin: the runs. One gradient = {GRAD_COST:g} evaluations. Dotted: "
        "the loss of an answer that ignores the input.",
    )
    looks = {"gradient descent": INK, "Adam": GREEN, "CR-FM-NES": RED}
    rows: list[dict[str, Any]] = []
    for ax, (activation, (spent, curves, rates)) in zip(grid.axes, runs.items(), strict=True):
        ax.axhline(plateau, color="#888888", linestyle=":", linewidth=1)
        for name, color in looks.items():
            middle = np.median(curves[name], axis=0)
            ax.plot(spent, curves[name].T, color=color, linewidth=0.5, alpha=0.5)
            label = f"{name}, rate {rates[name]:g}" if name in rates else name
            ax.plot(spent, middle, color=color, linewidth=2, label=label)
            rows += [
                {"activation": activation, "way": name, "evaluations": s, "median_loss": v}
                for s, v in zip(spent[::10], middle[::10], strict=True)
            ]
        ax.set_ylim(0, 1.75)
        ax.set_yticks([0, 0.5, 1])
        ax.legend(frameon=False, fontsize=8.5, loc="upper right")
        dress(ax, title=f"{TRAINED_DEPTH} {activation} layers", xlabel="evaluations", ylabel="loss")
    return Drawing("without-gradients", grid.figure, rows)


LESSON = Lesson("vanishing-gradients", "Vanishing and exploding gradients", study, needs=("backpropagation", "layers"))
