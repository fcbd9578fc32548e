"""Speed and memory of `autodiff` beside hand-written NumPy gradients and other libraries.

Run as ``python -m experiments.benchmarks.autodiff [--out FOLDER]``: it prints the tables and writes ``autodiff.csv``,
``autodiff.png`` and ``autodiff.svg``. All ways of a piece of work are timed in interleaved rounds of one process with
one thread, after their gradients have been found equal, in processor time, which other programs disturb less than time
on the wall. Libraries that are not installed (extra ``peers``) are left out.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import nn
from experiments.benchmarks import autodiff_by_hand as hand
from experiments.benchmarks.timing import Bench, Goal, Work, timing

Way = Callable[[], Any]
HAND = "NumPy by hand"


def has(name: str) -> bool:
    """Whether a library is installed."""
    return importlib.util.find_spec(name) is not None


def beside(
    f: Callable[[Any], Any],
    x: Any,
    by_hand: Way,
    name: str,
    goals: Sequence[Goal],
    calls: int,
    reduce: Callable[[Any], Any] = lambda value: value,
) -> Work:
    """The gradient of f at x by every library; `reduce` sums up a population for those that want a number."""
    ours = ad.value_and_grad(f)
    ways: dict[str, Way] = {"NumPy, value only": lambda: f(x), HAND: by_hand, "ours": lambda: ours(x)[1]}
    if has("autograd"):
        import autograd

        theirs = autograd.elementwise_grad(f)
        ways["autograd"] = lambda: theirs(x)
    for library, way in (("torch", torch_way), ("mygrad", mygrad_way)):
        if has(library):
            ways[library] = way(lambda p: reduce(f(p[0])), [x])
    return Work(name, checked(ways, HAND), HAND, goals, calls=calls)


def chain() -> Work:
    """1000 scalar multiplications and additions, one after the other."""

    def f(x: Any) -> Any:
        for _ in range(500):
            x = x * 1.001 + 0.1
        return x

    def by_hand() -> Any:
        x, factor = np.float64(0.5), np.float64(1.0)
        for _ in range(500):
            x = x * 1.001 + 0.1
        for _ in range(500):
            factor = factor * 1.001
        return factor

    goals = [Goal("ours", 1.5e-3), Goal("ours", 1 / 8, "autograd"), Goal("ours", 1 / 3, "torch")]
    return beside(f, np.float64(0.5), by_hand, "chain of 1000 scalar operations", goals, 3)


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
    return beside(rosenbrock, x, lambda: hand.rosenbrock(x)[1], "Rosenbrock n=1000 in slices", goals, 20)


def population() -> Work:
    """Rosenbrock's function at 256 points of one population."""
    x = np.random.default_rng(2).standard_normal((256, 1000))
    goals = [Goal("ours", 1.8, HAND)]
    name = "population 256 x 1000 Rosenbrock"
    return beside(rosenbrock, x, lambda: hand.rosenbrock(x)[1], name, goals, 3, lambda values: values.sum())


def mlp() -> Work:
    """Training step of a perceptron: 256 x 784-128-10, tanh, cross-entropy, float64."""
    rng = np.random.default_rng(3)
    x, labels = rng.standard_normal((256, 784)), rng.integers(0, 10, 256)
    params = [
        rng.standard_normal((784, 128)) / 28.0,
        rng.standard_normal(128) * 0.1,
        rng.standard_normal((128, 10)) / 11.0,
        rng.standard_normal(10) * 0.1,
    ]

    def scores(p: Any, x: Any, tanh: Any = np.tanh) -> Any:
        return tanh(x @ p[0] + p[1]) @ p[2] + p[3]

    ours = ad.value_and_grad(lambda p: nn.cross_entropy(scores(p, x), labels))
    ways: dict[str, Way] = {
        "NumPy, value only": lambda: nn.cross_entropy(scores(params, x), labels),
        HAND: lambda: hand.mlp(params, x, labels)[1],
        "ours": lambda: ours(params)[1],
    }
    if has("autograd"):
        theirs = autograd_cross_entropy(lambda p, np_: scores(p, x, np_.tanh), labels)
        ways["autograd"] = lambda: theirs(params)
    if has("torch"):
        import torch

        xt, lt = torch.tensor(x), torch.tensor(labels)
        loss = torch.nn.functional.cross_entropy
        ways["torch"] = torch_way(lambda p: loss(scores(p, xt, torch.tanh), lt), params)
    if has("mygrad"):
        import mygrad
        from mygrad.nnet.losses import softmax_crossentropy

        ways["mygrad"] = mygrad_way(lambda p: softmax_crossentropy(scores(p, x, mygrad.tanh), labels), params)
    goals = [Goal("ours", 1.10, HAND)]
    return Work("MLP 256 x 784-128-10", checked(ways, HAND), HAND, goals, calls=3)


def convolutional() -> Work:
    """Training step of a convolutional network: 32 x 1 x 28 x 28, twice 5 x 5 kernels, ReLU and pooling, float64."""
    rng = np.random.default_rng(4)
    x, labels = rng.standard_normal((32, 1, 28, 28)), rng.integers(0, 10, 32)
    params = [
        rng.standard_normal((8, 1, 5, 5)) / 5.0,
        rng.standard_normal(8) * 0.1,
        rng.standard_normal((16, 8, 5, 5)) / 14.0,
        rng.standard_normal(16) * 0.1,
        rng.standard_normal((256, 10)) / 16.0,
        rng.standard_normal(10) * 0.1,
    ]

    def scores(p: Any) -> Any:
        h = ad.max_pool2d(nn.relu(ad.conv2d(x, p[0], p[1])), 2)
        h = ad.max_pool2d(nn.relu(ad.conv2d(h, p[2], p[3])), 2)
        return h.reshape(32, 256) @ p[4] + p[5]

    ours = ad.value_and_grad(lambda p: nn.cross_entropy(scores(p), labels))
    same_layout = f"{HAND}, columns as ours"
    ways: dict[str, Way] = {
        "ours, value only": lambda: nn.cross_entropy(scores(params), labels),
        HAND: lambda: hand.convolutional(params, x, labels, hand.RowColumns)[1],
        same_layout: lambda: hand.convolutional(params, x, labels, hand.ImageColumns)[1],
        "ours": lambda: ours(params)[1],
    }
    if has("autograd"):
        theirs = autograd_cross_entropy(lambda p, np_: autograd_convolutional(p, x, np_), labels)
        ways["autograd"] = lambda: theirs(params)
    if has("torch"):
        import torch

        functional = torch.nn.functional
        xt, lt = torch.tensor(x), torch.tensor(labels)

        def torch_loss(p: Any) -> Any:
            h = functional.max_pool2d(functional.relu(functional.conv2d(xt, p[0], p[1])), 2)
            h = functional.max_pool2d(functional.relu(functional.conv2d(h, p[2], p[3])), 2)
            return functional.cross_entropy(h.reshape(32, 256) @ p[4] + p[5], lt)

        ways["torch"] = torch_way(torch_loss, params)
    if has("mygrad"):
        from mygrad.nnet.activations import relu
        from mygrad.nnet.layers import conv_nd, max_pool
        from mygrad.nnet.losses import softmax_crossentropy

        def mygrad_loss(p: Any) -> Any:
            h = max_pool(relu(conv_nd(x, p[0], stride=1) + p[1].reshape(1, 8, 1, 1)), (2, 2), 2)
            h = max_pool(relu(conv_nd(h, p[2], stride=1) + p[3].reshape(1, 16, 1, 1)), (2, 2), 2)
            return softmax_crossentropy(h.reshape(32, 256) @ p[4] + p[5], labels)

        ways["mygrad"] = mygrad_way(mygrad_loss, params)
    goals = [Goal("ours", 1.0, HAND), Goal("ours", 1.1, "torch")]
    return Work("conv net 32 x 1 x 28 x 28", checked(ways, HAND), HAND, goals, calls=3)


def depthwise() -> Work:
    """Depthwise convolution, 16 x 32 x 28 x 28 with 3 x 3 kernels, as in FReLU: gradients of images and kernels."""
    rng = np.random.default_rng(6)
    params = [rng.standard_normal((16, 32, 28, 28)), rng.standard_normal((32, 1, 3, 3))]

    def f(p: Any) -> Any:
        return 0.5 * (ad.conv2d(p[0], p[1], groups=32) ** 2).sum()

    ours = ad.value_and_grad(f)
    ways: dict[str, Way] = {
        "ours, value only": lambda: f(params),
        HAND: lambda: hand.depthwise(params[0], params[1])[1],
        "ours": lambda: ours(params)[1],
    }
    if has("torch"):
        import torch

        conv = torch.nn.functional.conv2d
        ways["torch"] = torch_way(lambda p: 0.5 * (conv(p[0], p[1], groups=32) ** 2).sum(), params)
    return Work("depthwise convolution 16 x 32 x 28 x 28", checked(ways, HAND), HAND, calls=2)


def torch_way(loss: Callable[[Any], Any], params: Sequence[Any]) -> Way:
    """Gradient of ``loss(list of parameters)`` by torch, float64 on one thread."""
    import torch

    torch.set_num_threads(1)
    tensors = [torch.tensor(p, requires_grad=True) for p in params]

    def way() -> list[Any]:
        for t in tensors:
            t.grad = None
        loss(tensors).backward()
        return [t.grad for t in tensors]  # left as torch's arrays, which spares torch a conversion

    return way


def mygrad_way(loss: Callable[[Any], Any], params: Sequence[Any]) -> Way:
    """Gradient of ``loss(list of parameters)`` by MyGrad, with its memory guard off, which makes it faster."""
    mygrad: Any = importlib.import_module("mygrad")
    mygrad.turn_memory_guarding_off()
    tensors = [mygrad.tensor(p) for p in params]

    def way() -> list[Any]:
        for t in tensors:
            t.null_grad()
        loss(tensors).backward()
        return [t.grad for t in tensors]

    return way


def autograd_cross_entropy(scores: Callable[[Any, Any], Any], labels: Any) -> Callable[[Any], Any]:
    """Gradient of the mean cross-entropy of ``scores(params, numpy)`` by autograd."""
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    rows = np.arange(len(labels))

    def loss(p: Any) -> Any:
        z = scores(p, anp)
        return anp.mean(logsumexp(z, axis=1) - z[rows, labels])

    return autograd.grad(loss)


def autograd_convolutional(p: Any, x: Any, np_: Any) -> Any:
    """Scores of the convolutional network in autograd's own convolution, which turns the kernel over."""
    from autograd.scipy.signal import convolve

    def stage(h: Any, w: Any, b: Any) -> Any:
        h = convolve(h, w[:, :, ::-1, ::-1], axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        h = np_.maximum(h + b[None, :, None, None], 0.0)
        n, c, rows, columns = h.shape
        return np_.max(np_.max(np_.reshape(h, (n, c, rows // 2, 2, columns // 2, 2)), axis=5), axis=3)

    h = stage(stage(x, p[0], p[1]), p[2], p[3])
    return np_.dot(np_.reshape(h, (32, 256)), p[4]) + p[5]


def checked(ways: dict[str, Way], base: str) -> dict[str, Way]:
    """The ways, after their gradients have been compared; raises if one is wrong."""
    expected = ways[base]()
    for name, way in ways.items():
        if "value only" in name:
            continue
        got, want = way(), expected
        if not isinstance(want, list):
            got, want = (got[0] if isinstance(got, list) else got), [want]
            got = [got]
        for a, b in zip(got, want, strict=True):
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
