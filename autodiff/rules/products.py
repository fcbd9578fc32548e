"""Rules of products: matmul, dot, tensordot, einsum and their kin."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.primitive import primitive
from autodiff.registry import TRACED, rule, traced
from autodiff.rules.axes import axes_of
from autodiff.tensor import asarray


def matmul_left(out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return lambda g: g[..., None] * y if x.ndim > 1 else g * y
    if x.ndim == 1:
        return lambda g: (y @ g[..., None])[..., 0]
    return lambda g: g @ y.swapaxes(-1, -2)


def matmul_right(out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return lambda g: x[:, None] * g[..., None, :] if y.ndim > 1 else g * x
    if y.ndim == 1:
        return lambda g: (x.swapaxes(-1, -2) @ g[..., None])[..., 0]
    return lambda g: x.swapaxes(-1, -2) @ g


rule(np.matmul, matmul_left, matmul_right)


TRACED[np.linalg.matmul] = lambda x1, x2, /: np.matmul(x1, x2)


@traced(np.dot)
def dot(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return a @ b
    return np.tensordot(a, b, axes=((-1,), (max(b.ndim - 2, 0),)))


@traced(np.inner)
def inner(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else np.tensordot(a, b, axes=((-1,), (-1,)))


@traced(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    a = np.ravel(asarray(a))
    return (np.conjugate(a) if a.dtype.kind == "c" else a) @ np.ravel(asarray(b))


@traced(np.outer)
def outer(a: Any, b: Any) -> Any:
    return np.ravel(asarray(a))[:, None] * np.ravel(asarray(b))


TRACED[np.linalg.outer] = lambda x1, x2, /: outer(x1, x2)


@traced(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1 = asarray(x1)
    return np.sum((np.conjugate(x1) if x1.dtype.kind == "c" else x1) * x2, axis=axis)


TRACED[np.matvec] = lambda x1, x2, /: np.matmul(x1, asarray(x2)[..., None])[..., 0]


@traced(np.vecmat)
def vecmat(x1: Any, x2: Any, /) -> Any:
    x1 = asarray(x1)
    return np.matmul((np.conjugate(x1) if x1.dtype.kind == "c" else x1)[..., None, :], x2)[..., 0, :]


@traced(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """One matrix product of the arrays with the summed axes brought together."""
    a, b = asarray(a), asarray(b)
    if np.ndim(axes) == 0:
        axes = range(-axes, 0), range(axes)
    left, right = (axes_of(tuple(np.atleast_1d(ax)), x.ndim) for x, ax in zip((a, b), axes, strict=True))
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError(
            f"np.tensordot sums axes of unequal lengths: shapes {a.shape} and {b.shape}, axes {left}, {right}"
        )
    keep_a, keep_b = [i for i in range(a.ndim) if i not in left], [i for i in range(b.ndim) if i not in right]
    shape_a, shape_b = [a.shape[i] for i in keep_a], [b.shape[i] for i in keep_b]
    n = prod(a.shape[i] for i in left)
    rows = np.transpose(a, (*keep_a, *left)).reshape(-1, n) if a.size else np.reshape(a, (prod(shape_a), n))
    columns = np.transpose(b, (*right, *keep_b)).reshape(n, -1) if b.size else np.reshape(b, (n, prod(shape_b)))
    return np.reshape(rows @ columns, shape_a + shape_b)


TRACED[np.linalg.tensordot] = lambda x1, x2, /, *, axes=2: tensordot(x1, x2, axes)


@traced(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    n = max(a.ndim, b.ndim)
    sa, sb = (1,) * (n - a.ndim) + a.shape, (1,) * (n - b.ndim) + b.shape
    blocks = np.reshape(a, [k for m in sa for k in (m, 1)]) * np.reshape(b, [k for m in sb for k in (1, m)])
    return np.reshape(blocks, [p * q for p, q in zip(sa, sb, strict=True)])


@traced(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(asarray(a), axisa, -1), np.moveaxis(asarray(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"np.cross needs vectors of 3 entries, got {a.shape[-1]} and {b.shape[-1]}")
    after, before = [1, 2, 0], [2, 0, 1]
    return np.moveaxis(a[..., after] * b[..., before] - a[..., before] * b[..., after], -1, axisc)


TRACED[np.linalg.cross] = lambda x1, x2, /, *, axis=-1: cross(x1, x2, axis=axis)


# einsum


@traced(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    terms, result, arrays = parse(operands)
    spec = (tuple(terms), result, optimize)
    if all(a.dtype.char == "e" for a in arrays):  # NumPy's sums stop counting at 2048
        return contracted(spec, *[a.astype(np.float32) for a in arrays]).astype(np.float16)
    return contracted(spec, *arrays)


def parse(operands: tuple[Any, ...]) -> tuple[list[str], str, list[Any]]:
    """Subscripts of each operand and of the result, a letter for every axis, and the operands.

    Takes both forms of call, ``("ij,jk", a, b)`` and ``(a, [0, 1], b, [1, 2])``; an ellipsis becomes letters of its
    own, aligned at the right as in broadcasting.
    """
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), [asarray(a) for a in operands[1:]]
    else:
        arrays = [asarray(a) for a in operands[: len(operands) // 2 * 2 : 2]]

        def word(labels: Any) -> str:
            return "".join("..." if i is Ellipsis else LETTERS[i] for i in labels)

        text = ",".join(word(s) for s in operands[1 : 2 * len(arrays) : 2])
        if len(operands) % 2:
            text += "->" + word(operands[-1])
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum got {len(arrays)} operands for the subscripts {text!r}")
    free = [c for c in LETTERS if c not in text]
    extra = [a.ndim - len(t.replace("...", "")) for t, a in zip(terms, arrays, strict=True)]
    most = max([k for k, t in zip(extra, terms, strict=True) if "..." in t], default=0)
    dots = "".join(free[:most])
    terms = [t.replace("...", dots[most - k :] if "..." in t else "") for k, t in zip(extra, terms, strict=True)]
    if arrow:
        result = result.replace("...", dots)
    else:
        named = "".join(terms)
        result = dots + "".join(sorted(c for c in set(named) - set(dots) if named.count(c) == 1))
    return terms, result, arrays


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # as NumPy numbers them, and sorts them


@primitive
def contracted(spec: Any, *arrays: Any) -> Any:
    """einsum with all subscripts written out."""
    terms, result, optimize = spec
    out = np.einsum(",".join(terms) + "->" + result, *arrays, optimize=optimize)
    return out, (None, *(einsum_vjp(i, terms, result, arrays) for i in range(len(arrays))))


def einsum_vjp(i: int, terms: Any, result: str, arrays: Any) -> Any:
    """The gradient of operand i is an einsum too: of g and the other operands.

    A letter that they do not have (or have with length 1) was summed or stretched: ones bring it back. A letter that
    stands twice in the operand ("ii") read a diagonal: a unit matrix puts the gradient there.
    """
    x = arrays[i]
    words = [result, *(t for j, t in enumerate(terms) if j != i)]
    others = [a for j, a in enumerate(arrays) if j != i]
    free = iter([c for c in LETTERS if c not in "".join(terms) + result])
    target, extra_words, extra = "", [], []
    for letter, n in zip(terms[i], x.shape, strict=True):
        if letter in target:
            twin = next(free)
            extra_words.append(letter + twin)
            extra.append(np.eye(n, dtype=x.dtype))
            target += twin
            continue
        target += letter
        sizes = [
            s for w, a in zip(words[1:], others, strict=True) for c, s in zip(w, a.shape, strict=True) if c == letter
        ]
        if letter not in result and max(sizes, default=-1) < n:
            extra_words.append(letter)
            extra.append(np.ones(n, x.dtype))
    text = ",".join([*words, *extra_words]) + "->" + target
    return lambda g: np.einsum(text, g, *others, *extra, optimize=len(others) + len(extra) > 1)
