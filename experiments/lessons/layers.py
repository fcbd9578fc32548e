"""Matrix, convolution and pooling derivatives: the sum of the outputs as loss shows where each gradient goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import INK
from experiments.lessons.drawing import picture, write_cells
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, Table, records, words

SIDE = 6


def summed(layer: Callable[..., Any], *arguments: Array) -> tuple[float, tuple[Array, ...]]:
    """The sum of a layer's outputs and its gradient for each argument: the gradient of every output is 1."""
    value, gradients = ad.value_and_grad(lambda *a: layer(*a).sum(), tuple(range(len(arguments))))(*arguments)
    return float(value), gradients


def maximum(x: Any) -> Any:
    """The largest of each 2 x 2 window."""
    return ad.max_pool2d(x, 2)


def average(x: Any) -> Any:
    """The mean of each 2 x 2 window."""
    return ad.avg_pool2d(x, 2)


def study() -> Finding:
    """Differentiate a matrix product, a convolution and two poolings of one small image."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    image, kernel = rng.normal(size=(1, 1, SIDE, SIDE)), rng.normal(size=(1, 1, 3, 3))
    _, (to_a, to_b) = summed(np.matmul, a, b)
    _, (to_image, to_kernel) = summed(ad.conv2d, image, kernel)
    _, (windows, _) = summed(ad.conv2d, image, np.ones_like(kernel))
    _, (routed,) = summed(maximum, image)
    _, (spread,) = summed(average, image)
    ad.check_grads(np.matmul, a, b)  # raises if differences disagree
    ad.check_grads(ad.conv2d, image, kernel)
    ad.check_grads(maximum, image)
    ad.check_grads(average, image)

    ones, outputs = np.ones((4, 5)), (SIDE - 2) ** 2
    numbers: Numbers = {
        "matrix_error": max(np.abs(to_a - ones @ b.T).max(), np.abs(to_b - a.T @ ones).max()),
        "outputs_of_pooling": (SIDE // 2) ** 2,
        "sum_routed": routed.sum(),
        "sum_spread": spread.sum(),
        "pixels_routed": int(np.count_nonzero(routed)),
        "pixels_spread": int(np.count_nonzero(spread)),
        "sum_to_pixels": to_image.sum(),
        "outputs_times_kernel_sum": outputs * kernel.sum(),
        "most_windows": windows.max(),
        "fewest_windows": windows.min(),
    }
    arrays = {"A": (a, to_a), "B": (b, to_b), "image": (image, to_image), "kernel": (kernel, to_kernel)}
    rows = [[name, *(" × ".join(map(str, each.shape)) for each in pair)] for name, pair in arrays.items()]
    drawing = _draw(
        {
            "The image": image,
            "Maximum routes": routed,
            "Average spreads": spread,
            "Convolution: windows per pixel": windows,
        }
    )
    text = words(__name__, **numbers, outputs_of_convolution=outputs)
    return Finding(text, numbers, [drawing], Table(["array", "its shape", "shape of its gradient"], rows))


def _draw(maps: dict[str, Array]) -> Drawing:
    grid = panel_grid(4, 4, width=10.0, panel=2.75, left=0.15, right=0.1, bottom=0.1, caption=words(__name__, "layers"))
    rows: list[dict[str, Any]] = []
    for ax, (name, ((values,),)) in zip(grid.axes, maps.items(), strict=True):
        top = 1.6 * np.abs(values).max()  # pale enough for the numbers to be read
        low = -top if values.min() < 0 else 0.0
        ax.imshow(values, cmap="PuOr" if low else "Blues", vmin=low, vmax=top)
        write_cells(ax, [[f"{x:.1f}" if low else f"{x:g}" for x in line] for line in values], size=7)
        row, column = np.indices(values.shape).reshape(2, -1)
        rows += records(map=name, row=row, column=column, value=values.ravel())
        if "windows" not in name:
            for edge in range(2, SIDE, 2):
                ax.axhline(edge - 0.5, color=INK, linewidth=0.8)
                ax.axvline(edge - 0.5, color=INK, linewidth=0.8)
        picture(ax, name)
    return Drawing("layers", grid.figure, rows)


LESSON = Lesson("layers", "Matrix, convolution and pooling derivatives", study, needs=("backpropagation",))
