"""Speed and memory of `autodiff` beside hand-written NumPy gradients and other libraries.

Run as ``python -m experiments.benchmarks.autodiff [--out FOLDER]``: it prints the tables and writes ``autodiff.csv``,
``autodiff.png`` and ``autodiff.svg``. All ways of a piece of work are timed in interleaved rounds of one process with
one thread, after their gradients have been found equal, in processor time, which other programs disturb less than time
on the wall. Libraries that are not installed (extra ``peers``) are left out.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import time
import tracemalloc
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import nn
from experiments.benchmarks import autodiff_by_hand as hand
from experiments.benchmarks.timing import Bench, Goal, Work, timing

Way = Callable[[], Any]
HAND = "NumPy by hand"

# What a library calls what the networks need, and `gradient` of a function and its parameters, an array or a list ---


def ours() -> SimpleNamespace:
    """This package."""

    def gradient(f: Callable[[Any], Any], p: Any) -> Way:
        both = ad.value_and_grad(f)
        return lambda: both(p)[1]

    return SimpleNamespace(
        gradient=gradient, array=np.asarray, tanh=np.tanh, relu=nn.relu, cross_entropy=nn.cross_entropy,
        conv=ad.conv2d, pool=lambda h: ad.max_pool2d(h, 2),
    )  # fmt: skip


def autograd() -> SimpleNamespace:
    """Autograd, whose convolution turns the kernel over."""
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve
    from autograd.scipy.special import logsumexp

    def gradient(f: Callable[[Any], Any], p: Any) -> Way:
        slope = autograd.grad(f) if isinstance(p, list) else autograd.elementwise_grad(f)
        return lambda: slope(p)

    def conv(h: Any, w: Any, b: Any) -> Any:
        axes = {"axes": ([2, 3], [2, 3]), "dot_axes": ([1], [1])}
        return convolve(h, w[:, :, ::-1, ::-1], **axes, mode="valid") + b[None, :, None, None]

    def pool(h: Any) -> Any:
        n, c, rows, columns = h.shape
        return anp.max(anp.max(anp.reshape(h, (n, c, rows // 2, 2, columns // 2, 2)), axis=5), axis=3)

    def cross_entropy(z: Any, labels: Any) -> Any:
        return anp.mean(logsumexp(z, axis=1) - z[np.arange(len(labels)), labels])

    return SimpleNamespace(
        gradient=gradient, array=np.asarray, tanh=anp.tanh, relu=lambda h: anp.maximum(h, 0.0),
        cross_entropy=cross_entropy, conv=conv, pool=pool,
    )  # fmt: skip


def by_tape(tensors: list[Any], f: Callable[[Any], Any], p: Any, clear: Callable[[Any], None]) -> Way:
    """Gradient by ``backward``, left as the library's own arrays, which spares a conversion."""

    def way() -> list[Any]:
        for t in tensors:
            clear(t)
        value = f(tensors if isinstance(p, list) else tensors[0])
        (value.sum() if value.ndim else value).backward()
        return [t.grad for t in tensors]

    return way


def torch() -> SimpleNamespace:
    """PyTorch, on one thread."""
    import torch

    torch.set_num_threads(1)

    def gradient(f: Callable[[Any], Any], p: Any) -> Way:
        tensors = [torch.tensor(one, requires_grad=True) for one in (p if isinstance(p, list) else [p])]
        return by_tape(tensors, f, p, lambda t: setattr(t, "grad", None))

    functional = torch.nn.functional
    return SimpleNamespace(
        gradient=gradient, array=torch.tensor, tanh=torch.tanh, relu=functional.relu,
        cross_entropy=functional.cross_entropy, conv=functional.conv2d, pool=lambda h: functional.max_pool2d(h, 2),
    )  # fmt: skip


def mygrad() -> SimpleNamespace:
    """MyGrad, with its memory guard off, which makes it faster."""
    from mygrad.nnet import activations, layers, losses

    mygrad: Any = importlib.import_module("mygrad")
    mygrad.turn_memory_guarding_off()

    def gradient(f: Callable[[Any], Any], p: Any) -> Way:
        tensors = [mygrad.tensor(one) for one in (p if isinstance(p, list) else [p])]
        return by_tape(tensors, f, p, lambda t: t.null_grad())

    return SimpleNamespace(
        gradient=gradient, array=np.asarray, tanh=mygrad.tanh, relu=activations.relu,
        cross_entropy=losses.softmax_crossentropy, pool=lambda h: layers.max_pool(h, (2, 2), 2),
        conv=lambda h, w, b: layers.conv_nd(h, w, stride=1) + b.reshape(1, -1, 1, 1),
    )  # fmt: skip


LIBRARIES = {"ours": ours, "autograd": autograd, "torch": torch, "mygrad": mygrad}

# Pieces of work ----------------------------------------------------------------------------------------------------


def beside(
    name: str, make: Callable[[Any], Callable[[Any], Any]], p: Any, by_hand: dict[str, Way], goals: Sequence[Goal],
    calls: int, *, value: str = "NumPy, value only", libraries: Sequence[str] = tuple(LIBRARIES),
) -> Work:  # fmt: skip
    """The gradient of ``make(library)`` at p by hand and by every library that is there; `value` without gradient."""
    plain = make(ours())
    ways: dict[str, Way] = {value: lambda: plain(p), **by_hand}
    for word in libraries:
        with contextlib.suppress(ImportError):
            library = LIBRARIES[word]()
            ways[word] = library.gradient(make(library), p)
    return Work(name, checked(ways, HAND), HAND, goals, calls=calls)


def chain() -> Work:
    """1000 scalar multiplications and additions, one after the other."""

    def f(x: Any) -> Any:
        for _ in range(500):
            x = x * 1.001 + 0.1
        return x

    def by_hand() -> Any:
        f(np.float64(0.5))
        factor = np.float64(1.0)
        for _ in range(500):
            factor = factor * 1.001
        return factor

    goals = [Goal("ours", 1.5e-3), Goal("ours", 1 / 8, "autograd"), Goal("ours", 1 / 3, "torch")]
    return beside("chain of 1000 scalar operations", lambda _: f, np.float64(0.5), {HAND: by_hand}, goals, 3)


def long_loop() -> Work:
    """3000 Runge-Kutta steps, as the collector of garbage is set and without it."""

    def slope(y: Any, mu: Any) -> Any:
        return np.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    def f(x: Any, h: float = 0.01) -> Any:
        y = x[:2]
        for _ in range(3000):
            k1 = slope(y, x[2])
            k2 = slope(y + h / 2 * k1, x[2])
            k3 = slope(y + h / 2 * k2, x[2])
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(y + h * k3, x[2]))
        return np.sum(y**2)

    ours, x = ad.grad(f), np.array([1.0, 0.0, 0.5])

    def without_collection() -> Any:
        gc.disable()
        try:
            return ours(x)
        finally:
            gc.enable()

    ways: dict[str, Way] = {"without collection": without_collection, "ours": lambda: ours(x)}
    goals = [Goal("ours", 1.2, "without collection")]
    return Work("3000 Runge-Kutta steps", checked(ways, "without collection"), "without collection", goals, calls=1)


def rosenbrock(x: Any) -> Any:
    """Rosenbrock's function on the last axis, in slices, for arrays of any library with NumPy's operators."""
    a, b = x[..., :-1], x[..., 1:]
    return (100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2).sum(-1)


def single() -> Work:
    """Rosenbrock's function at one point."""
    x = np.random.default_rng(1).standard_normal(1000)
    goals = [Goal("ours", 5.0, HAND), Goal("ours", 1 / 4, "autograd"), Goal("ours", 1 / 2.5, "torch")]
    by_hand: dict[str, Way] = {HAND: lambda: hand.rosenbrock(x)[1]}
    return beside("Rosenbrock n=1000 in slices", lambda _: rosenbrock, x, by_hand, goals, 20)


def population() -> Work:
    """Rosenbrock's function at 256 points of one population."""
    x = np.random.default_rng(2).standard_normal((256, 1000))
    by_hand: dict[str, Way] = {HAND: lambda: hand.rosenbrock(x)[1]}
    return beside("population 256 x 1000 Rosenbrock", lambda _: rosenbrock, x, by_hand, [Goal("ours", 1.8, HAND)], 3)


def drawn(seed: int, images: tuple[int, ...], *layers: tuple[tuple[int, ...], float]) -> tuple[Any, Any, list[Any]]:
    """Images, their labels, and for each layer weights of its shape over its divisor, and biases."""
    rng = np.random.default_rng(seed)
    x, labels, params = rng.standard_normal(images), rng.integers(0, 10, images[0]), []
    for shape, divisor in layers:
        outputs = shape[0] if len(shape) == 4 else shape[1]
        params += [rng.standard_normal(shape) / divisor, rng.standard_normal(outputs) * 0.1]
    return x, labels, params


def mlp() -> Work:
    """Training step of a perceptron: 256 x 784-128-10, tanh, cross-entropy, float64."""
    x, labels, params = drawn(3, (256, 784), ((784, 128), 28.0), ((128, 10), 11.0))

    def loss(to: Any) -> Callable[[Any], Any]:
        images, right = to.array(x), to.array(labels)
        return lambda p: to.cross_entropy(to.tanh(images @ p[0] + p[1]) @ p[2] + p[3], right)

    by_hand: dict[str, Way] = {HAND: lambda: hand.mlp(params, x, labels)[1]}
    return beside("MLP 256 x 784-128-10", loss, params, by_hand, [Goal("ours", 1.10, HAND)], 3)


def convolutional() -> Work:
    """Training step of a convolutional network: 32 x 1 x 28 x 28, twice 5 x 5 kernels, ReLU and pooling, float64."""
    layers = ((8, 1, 5, 5), 5.0), ((16, 8, 5, 5), 14.0), ((256, 10), 16.0)
    x, labels, params = drawn(4, (32, 1, 28, 28), *layers)

    def loss(to: Any) -> Callable[[Any], Any]:
        images, right = to.array(x), to.array(labels)

        def f(p: Any) -> Any:
            h = to.pool(to.relu(to.conv(images, p[0], p[1])))
            h = to.pool(to.relu(to.conv(h, p[2], p[3])))
            return to.cross_entropy(h.reshape(32, 256) @ p[4] + p[5], right)

        return f

    by_hand: dict[str, Way] = {
        HAND: lambda: hand.convolutional(params, x, labels, hand.RowColumns)[1],
        f"{HAND}, columns as ours": lambda: hand.convolutional(params, x, labels, hand.ImageColumns)[1],
    }
    goals = [Goal("ours", 1.0, HAND), Goal("ours", 1.1, "torch")]
    return beside("conv net 32 x 1 x 28 x 28", loss, params, by_hand, goals, 3, value="ours, value only")


def depthwise() -> Work:
    """Depthwise convolution, 16 x 32 x 28 x 28 with 3 x 3 kernels, as in FReLU: gradients of images and kernels."""
    rng = np.random.default_rng(6)
    params = [rng.standard_normal((16, 32, 28, 28)), rng.standard_normal((32, 1, 3, 3))]
    by_hand: dict[str, Way] = {HAND: lambda: hand.depthwise(params[0], params[1])[1]}
    return beside(
        "depthwise convolution 16 x 32 x 28 x 28",
        lambda to: lambda p: 0.5 * (to.conv(p[0], p[1], groups=32) ** 2).sum(),
        params, by_hand, (), 2, value="ours, value only", libraries=("ours", "torch"),
    )  # fmt: skip


def checked(ways: dict[str, Way], base: str) -> dict[str, Way]:
    """The ways, after their gradients have been compared; raises if one is wrong."""
    expected = ways[base]()
    for name, way in ways.items():
        if "value only" not in name:
            got = way()
            if not isinstance(expected, list):
                got = got[0] if isinstance(got, list) else got
            for a, b in zip(got, expected, strict=True) if isinstance(expected, list) else [(got, expected)]:
                np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9, err_msg=f"the gradient by {name} is wrong")
    return ways


def checkpoint_table() -> str:
    """Peak memory and time of 400 layers of 256 x 128 with and without checkpoints."""
    x = np.random.default_rng(5).standard_normal((256, 128))
    layers: list[Callable[[Any], Any]] = [lambda x: np.tanh(1.01 * x + 0.1)] * 400

    def plain(x: Any) -> Any:
        for layer in layers:
            x = layer(x)
        return x

    def peak(f: Callable[[Any], Any]) -> tuple[float, float, Any]:
        def run() -> Any:
            return ad.vjp(f, x)[1](np.ones_like(x))

        start = time.process_time()
        g = run()
        seconds = time.process_time() - start
        tracemalloc.start()
        run()
        arrays = tracemalloc.get_traced_memory()[1] / x.nbytes
        tracemalloc.stop()
        return arrays, seconds, g

    lines = ["checkpointing, 400 layers of 256 x 128 (memory in arrays of that shape)"]
    base, base_seconds, expected = peak(plain)
    lines.append(f"  {'plain':<14}  peak {base:6.1f} arrays  {1e3 * base_seconds:6.1f} ms")
    for segments in (5, 10, None, 40, 80):
        arrays, seconds, g = peak(lambda x, s=segments: ad.checkpoint_sequential(layers, x, s))  # type: ignore[misc]
        same = "gradient bit-identical" if np.array_equal(g, expected) else "GRADIENT DIFFERS"
        name = "sqrt (default)" if segments is None else f"{segments} segments"
        reached = "" if segments is not None else f"  <= 80: {'reached' if arrays <= 80 else 'MISSED'}"
        lines.append(f"  {name:<14}  peak {arrays:6.1f} arrays  {1e3 * seconds:6.1f} ms  {same}{reached}")
    return "\n".join(lines)


WORKS = {f.__name__: f for f in (chain, long_loop, single, mlp, convolutional, depthwise, population)}


@timing(
    "Value and gradient, one thread, processor time", rounds=25, clock=time.process_time,
    only=(list(WORKS), "pieces of work to time", {"choices": list(WORKS)}),
)  # fmt: skip
def main(bench: Bench) -> None:
    """Each piece of work, and the memory of checkpoints."""
    for name in bench.given.only:
        bench.add(WORKS[name](), warmup=2)
    if bench.given.only == list(WORKS):
        bench.say(checkpoint_table())
