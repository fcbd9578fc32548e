"""Matrix, convolution and pooling derivatives: the sum of the outputs as loss shows where each gradient goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import INK
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table

SIDE = 6

Array = np.ndarray[Any, Any]


def summed(layer: Callable[..., Any], *arguments: Array) -> tuple[float, tuple[Array, ...]]:
    """The sum of a layer's outputs and its gradient for each argument: the gradient of every output is 1."""
    value, gradients = ad.value_and_grad(lambda *a: layer(*a).sum(), tuple(range(len(arguments))))(*arguments)
    return float(value), gradients


def study() -> Finding:
    """Differentiate a matrix product, a convolution and two poolings of one small image."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    _, (to_a, to_b) = summed(np.matmul, a, b)
    ones = np.ones((4, 5))
    matrix_error = max(np.abs(to_a - ones @ b.T).max(), np.abs(to_b - a.T @ ones).max())

    image = rng.normal(size=(1, 1, SIDE, SIDE))
    kernel = rng.normal(size=(1, 1, 3, 3))
    _, (to_pixels, to_kernel) = summed(ad.conv2d, image, kernel)
    _, (windows, _) = summed(ad.conv2d, image, np.ones_like(kernel))
    _, (routed,) = summed(lambda x: ad.max_pool2d(x, 2), image)
    _, (spread,) = summed(lambda x: ad.avg_pool2d(x, 2), image)
    outputs = (SIDE // 2) ** 2
    conv_outputs = (SIDE - 2) ** 2
    for layer, arguments in (
        (np.matmul, (a, b)),
        (ad.conv2d, (image, kernel)),
        (lambda x: ad.max_pool2d(x, 2), (image,)),
        (lambda x: ad.avg_pool2d(x, 2), (image,)),
    ):
        ad.check_grads(layer, *arguments)  # raises if differences disagree

    numbers: dict[str, float | int] = {
        "matrix_error": float(matrix_error),
        "outputs_of_pooling": outputs,
        "sum_routed": float(routed.sum()),
        "sum_spread": float(spread.sum()),
        "pixels_routed": int(np.count_nonzero(routed)),
        "pixels_spread": int(np.count_nonzero(spread)),
        "sum_to_pixels": float(to_pixels.sum()),
        "outputs_times_kernel_sum": float(conv_outputs * kernel.sum()),
        "most_windows": float(windows.max()),
        "fewest_windows": float(windows.min()),
    }
    text = (
        "Take the sum of a layer's outputs as the loss: then a 1 arrives at each output, and the gradient shows how "
        "the layer hands it back. Each gradient has the shape of its array, which alone almost fixes the rule of the "
        "matrix product C = A B, dA = dC Bᵀ and dB = Aᵀ dC; the computed ones differ from it by "
        f"{matrix_error:.1g}. A convolution gives each pixel the weights of the windows that cover it, "
        f"{numbers['fewest_windows']:g} at a corner and {numbers['most_windows']:g} inside; all pixels together "
        f"receive {numbers['sum_to_pixels']:.6f}, which is {conv_outputs} outputs times the sum of the kernel, "
        f"{numbers['outputs_times_kernel_sum']:.6f}. Pooling conserves what arrives: of {outputs} outputs the "
        f"maximum routes {numbers['sum_routed']:g} to {numbers['pixels_routed']} pixels, the winner of each window, "
        f"and the average spreads {numbers['sum_spread']:g} over all {numbers['pixels_spread']}. All four layers "
        "agree with central differences."
    )
    rows = [
        [name, " × ".join(map(str, value.shape)), " × ".join(map(str, gradient.shape))]
        for name, value, gradient in (
            ("A", a, to_a),
            ("B", b, to_b),
            ("image", image, to_pixels),
            ("kernel", kernel, to_kernel),
        )
    ]
    maps = {
        "The image": image,
        "Maximum routes": routed,
        "Average spreads": spread,
        "Convolution: windows per pixel": windows,
    }
    return Finding(text, numbers, [_draw(maps)], Table(["array", "its shape", "shape of its gradient"], rows))


def _draw(maps: dict[str, Array]) -> Drawing:
    grid = panel_grid(
        4,
        4,
        width=10.0,
        panel=2.75,
        left=0.15,
        right=0.1,
        bottom=0.1,
        caption="Left: the image. Beside it the gradient of the sum of outputs for each pixel: pooling over 2 × 2 "
        "windows, whose borders are drawn, by maximum and by average, and a 3 × 3 convolution whose weights are all 1.",
    )
    rows: list[dict[str, Any]] = []
    for ax, (name, stack) in zip(grid.axes, maps.items(), strict=True):
        values = stack[0, 0]
        top = 1.6 * np.abs(values).max()  # pale enough for the numbers to be read
        low = -top if values.min() < 0 else 0.0
        ax.imshow(values, cmap="PuOr" if low else "Blues", vmin=low, vmax=top)
        for i, j in np.ndindex(values.shape):
            shown = f"{values[i, j]:.1f}" if low else f"{values[i, j]:g}"
            ax.text(j, i, shown, ha="center", va="center", fontsize=7, color=INK)
            rows.append({"map": name, "row": i, "column": j, "value": float(values[i, j])})
        if "windows" not in name:
            for edge in range(2, SIDE, 2):
                ax.axhline(edge - 0.5, color=INK, linewidth=0.8)
                ax.axvline(edge - 0.5, color=INK, linewidth=0.8)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(name, fontsize=8.5, loc="left", color=INK, fontweight="bold")
    return Drawing("layers", grid.figure, rows)


LESSON = Lesson("layers", "Matrix, convolution and pooling derivatives", study, needs=("backpropagation",))
