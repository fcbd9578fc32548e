"""Convolution and pooling against naive loops, central differences, second order, and torch."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autodiff as ad
from autodiff.conv import conv2d, conv_transpose2d
from autodiff.pool import avg_pool2d, max_pool2d

# batch, channels, size, output channels, kernel, stride, padding, dilation, groups
CONVOLUTIONS = [
    (2, 3, (6, 5), 4, (3, 2), 1, 0, 1, 1),
    (1, 1, (5, 5), 1, (5, 5), 1, 0, 1, 1),
    (2, 2, (7, 6), 3, (3, 3), (2, 1), (1, 2), 1, 1),
    (2, 4, (7, 7), 6, (2, 3), 2, 1, (2, 1), 2),
    (3, 3, (5, 6), 3, (3, 3), 1, 1, 1, 3),
    (2, 2, (6, 6), 4, (3, 3), 1, 2, 2, 2),
    (2, 3, (4, 4), 2, (1, 1), 1, 0, 1, 1),
    (2, 3, (5, 4), 2, (1, 1), 2, 0, 1, 1),
    (2, 1, (4, 5), 2, (2, 2), 3, 1, 1, 1),
]
# size, kernel, stride, padding
POOLS = [
    ((4, 6), 2, None, 0),
    ((5, 7), 2, None, 0),
    ((6, 6), (3, 2), (2, 1), (1, 0)),
    ((7, 5), 3, 2, 1),
    ((3, 3), 1, 1, 0),
]


def both(value):
    return (value, value) if isinstance(value, int) else value


def naive_conv2d(x, w, stride, padding, dilation, groups):
    (sh, sw), (ph, pw), (dh, dw) = both(stride), both(padding), both(dilation)
    n, c = x.shape[:2]
    o, part, kh, kw = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    rows = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1
    columns = (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n, o, rows, columns), x.dtype)
    for a, q, i, j in itertools.product(range(n), range(o), range(rows), range(columns)):
        first = q // (o // groups) * (c // groups)
        for p, u, v in itertools.product(range(part), range(kh), range(kw)):
            y[a, q, i, j] += w[q, p, u, v] * x[a, first + p, i * sh + u * dh, j * sw + v * dw]
    return y


def naive_pool(x, kernel, stride, padding, reduce, fill):
    (kh, kw), (ph, pw) = both(kernel), both(padding)
    sh, sw = (kh, kw) if stride is None else both(stride)
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=fill)
    rows, columns = (x.shape[2] - kh) // sh + 1, (x.shape[3] - kw) // sw + 1
    windows = [[x[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] for j in range(columns)] for i in range(rows)]
    return np.moveaxis(np.array([[reduce(win, axis=(2, 3)) for win in row] for row in windows]), (0, 1), (2, 3))


def make(case, dtype=np.float64, seed=0):
    n, c, size, o, kernel, stride, padding, dilation, groups = case
    rng = np.random.default_rng(seed)
    arrays = rng.standard_normal((n, c, *size)), rng.standard_normal((o, c // groups, *kernel)), rng.standard_normal(o)
    return [a.astype(dtype) for a in arrays], dict(stride=stride, padding=padding, dilation=dilation, groups=groups)


def central(f, args, k, direction, h=1e-5):
    moved = [list(args), list(args)]
    moved[0][k] = args[k] + h * direction
    moved[1][k] = args[k] - h * direction
    return (f(*moved[0]) - f(*moved[1])) / (2 * h)


def assert_two_orders(f, args):
    """First and second derivatives of the scalar function f along random directions against central differences."""
    rng = np.random.default_rng(11)

    def pulled(*args):
        return ad.vjp(f, *args)[1](np.float64(1.0))

    _, pull = ad.vjp(f, *args)
    gradients = pull(np.float64(1.0))
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    directions = [rng.standard_normal(a.shape) for a in args]
    for k, (g, d) in enumerate(zip(gradients, directions, strict=True)):
        assert g.shape == args[k].shape
        np.testing.assert_allclose((g * d).sum(), central(f, args, k, d), rtol=1e-6, atol=1e-7)

    def along(*args):
        parts = pulled(*args)
        parts = parts if isinstance(parts, tuple) else (parts,)
        return sum((p * d).sum() for p, d in zip(parts, directions, strict=True))

    second = ad.vjp(along, *args)[1](np.float64(1.0))
    second = second if isinstance(second, tuple) else (second,)
    for k in range(len(args)):
        e = rng.standard_normal(args[k].shape)
        np.testing.assert_allclose((second[k] * e).sum(), central(along, args, k, e), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CONVOLUTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conv2d_is_the_naive_sum(case, dtype):
    (x, w, b), options = make(case, dtype)
    y = conv2d(x, w, b, **options)
    assert y.dtype == dtype
    expected = naive_conv2d(x, w, **options) + b[:, None, None]
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_conv2d_two_orders(case):
    args, options = make(case)
    weight = np.cos(np.arange(conv2d(*args, **options).size)).reshape(conv2d(*args, **options).shape)
    assert_two_orders(lambda x, w, b: (np.sin(conv2d(x, w, b, **options)) * weight).sum(), args)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_conv_transpose2d_is_the_transpose_and_two_orders(case):
    (x, w, _), options = make(case)
    y = conv2d(x, w, **options)
    probe = np.sin(np.arange(y.size)).reshape(y.shape)
    size, stride = x.shape[-2:], both(options["stride"])
    smallest = conv_transpose2d(probe, w, **options).shape[-2:]
    more = tuple(a - b for a, b in zip(size, smallest, strict=True))
    assert all(0 <= m < s for m, s in zip(more, stride, strict=True))
    back = conv_transpose2d(probe, w, output_padding=more, **options)
    np.testing.assert_allclose((back * x).sum(), (probe * y).sum(), rtol=1e-12)
    b = np.arange(back.shape[1], dtype=float)
    f = lambda g, w, b: np.sin(conv_transpose2d(g, w, b, output_padding=more, **options)).sum()  # noqa: E731
    assert_two_orders(f, (probe, w, b))


@pytest.mark.parametrize("case", CONVOLUTIONS[:5])
def test_float32_gradients(case):
    (x, w, b), options = make(case, np.float32)
    y, pull = ad.vjp(lambda x, w, b: conv2d(x, w, b, **options), x, w, b)
    assert [g.dtype for g in pull(np.ones_like(y))] == [np.float32] * 3


def test_population_of_weights_is_member_by_member():
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((4, 3, 6, 6)), rng.standard_normal((5, 2, 3, 3, 3)), rng.standard_normal((5, 2))
    w2 = rng.standard_normal((5, 4, 1, 2, 2))

    def net(w, b, w2):
        return conv2d(np.tanh(conv2d(x, w, b, padding=1)), w2, groups=2)

    y, pull = ad.vjp(net, w, b, w2)
    g = rng.standard_normal(y.shape)
    gradients = pull(g)
    for i in range(5):
        one, pull_one = ad.vjp(net, w[i], b[i], w2[i])
        np.testing.assert_allclose(y[i], one, atol=1e-12)
        for got, expected in zip(gradients, pull_one(g[i]), strict=True):
            np.testing.assert_allclose(got[i], expected, atol=1e-12)


def test_population_second_order():
    rng = np.random.default_rng(2)
    x, w, b = rng.standard_normal((2, 2, 4, 4)), rng.standard_normal((3, 2, 2, 2, 2)), rng.standard_normal((3, 2))
    assert_two_orders(lambda x, w, b: np.sin(conv2d(x, w, b, stride=2)).sum(), (x, w, b))
    assert_two_orders(lambda x, w: np.sin(conv_transpose2d(x, w, stride=2)).sum(), (x, w))


def test_stack_of_images_with_one_set_of_weights():
    rng = np.random.default_rng(3)
    x, w, b = rng.standard_normal((3, 2, 1, 4, 4)), rng.standard_normal((2, 1, 2, 2)), rng.standard_normal(2)
    assert_two_orders(lambda x, w, b: np.sin(conv2d(x, w, b)).sum(), (x, w, b))
    y = conv2d(x, w, b)
    np.testing.assert_array_equal(y[1], conv2d(x[1], w, b))


def test_many_images_are_folded_in_chunks(monkeypatch):
    rng = np.random.default_rng(4)
    x, w = rng.standard_normal((7, 2, 6, 6)), rng.standard_normal((3, 2, 3, 3))
    y, pull = ad.vjp(lambda x: conv2d(x, w), x)
    g = rng.standard_normal(y.shape)
    whole = pull(g)
    monkeypatch.setattr("autodiff.conv.CHUNK_BYTES", 20000)
    np.testing.assert_allclose(pull(g), whole, rtol=1e-13)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pools_are_the_naive_ones(pool, dtype):
    size, kernel, stride, padding = pool
    x = np.random.default_rng(5).standard_normal((2, 3, *size)).astype(dtype)
    largest = max_pool2d(x, kernel, stride=stride, padding=padding)
    np.testing.assert_array_equal(largest, naive_pool(x, kernel, stride, padding, np.max, -np.inf))
    mean = avg_pool2d(x, kernel, stride=stride, padding=padding)
    np.testing.assert_allclose(mean, naive_pool(x, kernel, stride, padding, np.mean, 0.0), rtol=1e-5, atol=1e-6)
    inside = avg_pool2d(x, kernel, stride=stride, padding=padding, count_include_pad=False)
    np.testing.assert_allclose(inside, naive_pool(x, kernel, stride, padding, np.nanmean, np.nan), rtol=1e-5, atol=1e-6)
    assert largest.dtype == mean.dtype == inside.dtype == dtype
    for f in (max_pool2d, avg_pool2d):
        y, pull = ad.vjp(lambda x, f=f: f(x, kernel, stride=stride, padding=padding), x)
        assert pull(np.ones_like(y)).dtype == dtype


@pytest.mark.parametrize("pool", POOLS)
def test_pools_two_orders(pool):
    size, kernel, stride, padding = pool
    x = np.random.default_rng(6).standard_normal((2, 2, *size))
    options = {"stride": stride, "padding": padding}
    assert_two_orders(lambda x: np.sin(max_pool2d(x, kernel, **options)).sum(), (x,))
    assert_two_orders(lambda x: np.sin(avg_pool2d(x, kernel, **options)).sum(), (x,))
    assert_two_orders(lambda x: np.sin(avg_pool2d(x, kernel, count_include_pad=False, **options)).sum(), (x,))


def test_dilated_max_pool():
    x = np.random.default_rng(7).standard_normal((1, 1, 6, 6))
    y = max_pool2d(x, 2, stride=1, dilation=2)
    expected = np.max([x[..., i : i + 4, j : j + 4] for i in (0, 2) for j in (0, 2)], axis=0)
    np.testing.assert_array_equal(y, expected)
    assert_two_orders(lambda x: np.sin(max_pool2d(x, 2, stride=1, dilation=2)).sum(), (x,))
    assert_two_orders(lambda x: np.sin(max_pool2d(x, 2, dilation=2)).sum(), (x,))


def test_ties_share_and_nan_stays_quiet():
    x = np.array([[[1.0, 1.0], [0.0, 1.0]]])
    np.testing.assert_allclose(ad.grad(lambda x: max_pool2d(x, 2).sum())(x), np.array([[[1, 1], [0, 1]]]) / 3)
    x = np.array([[[np.nan, 1.0], [0.0, 1.0]]])
    value, pull = ad.vjp(lambda x: max_pool2d(x, 2), x)
    assert np.isnan(value).all()
    np.testing.assert_array_equal(pull(np.ones((1, 1, 1))), np.zeros_like(x))


def test_no_images_at_all():
    for groups in (1, 2):
        x, w = np.zeros((0, 4, 5, 5)), np.ones((2, 4 // groups, 3, 3))
        y, pull = ad.vjp(lambda x, w, g=groups: max_pool2d(conv2d(x, w, groups=g), 2), x, w)
        assert y.shape == (0, 2, 1, 1)
        gx, gw = pull(y)
        assert gx.shape == x.shape
        np.testing.assert_array_equal(gw, np.zeros_like(w))


def test_threads_do_not_share_their_workspace():
    generator = np.random.default_rng(12)
    x, w = generator.standard_normal((40, 2, 12, 12)), generator.standard_normal((8, 4, 2, 3, 3))
    f = ad.value_and_grad(lambda w: np.sin(conv2d(x, w)).sum())
    expected = [f(member) for member in w]
    with ThreadPoolExecutor(4) as pool:
        for (value, g), (one, h) in zip(pool.map(f, w), expected, strict=True):
            assert value == one
            np.testing.assert_array_equal(g, h)


def test_plain_lists_and_integers():
    assert conv2d([[[[1, 2], [3, 4]]]], [[[[1, 1], [1, 1]]]]).dtype == np.float64
    assert max_pool2d([[1, 2], [3, 4]], 2) == 4.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, w: conv2d(x[0], w), r"x must be \(\.\.\., N, C, H, W\)"),
        (lambda x, w: conv2d(x, w[:, :1]), "needs x of 1 channels"),
        (lambda x, w: conv2d(x, w, groups=3), "with groups=3 needs x of"),
        (lambda x, w: conv2d(x, w, np.ones(3)), "b must have one entry for each of the 4 output channels"),
        (lambda x, w: conv2d(x, w, stride=0), "stride must be an integer of at least 1"),
        (lambda x, w: conv2d(x, w, padding=-1), "padding must be an integer of at least 0"),
        (lambda x, w: conv2d(x, w, dilation=(1, 2, 3)), "dilation must be an integer of at least 1 or two"),
        (lambda x, w: conv2d(x[..., :2], w), "kernel must fit into the image"),
        (lambda x, w: conv_transpose2d(x, w), "needs x of 4 channels"),
        (lambda x, w: conv_transpose2d(x[0], w), r"x must be \(\.\.\., N, C, H, W\)"),
        (lambda x, w: conv_transpose2d(x, w.swapaxes(0, 1), output_padding=1), "output_padding must be smaller"),
        (lambda x, w: max_pool2d(x[0, 0, 0], 2), r"x must be images \(\.\.\., H, W\)"),
        (lambda x, w: max_pool2d(x, 2, padding=2), "padding must be at most half of the window 2, got 2"),
        (lambda x, w: avg_pool2d(x, 9), "kernel must fit into the image"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((1, 2, 5, 5)), np.ones((4, 2, 3, 3)))


@pytest.mark.heavy
@pytest.mark.parametrize("case", [*CONVOLUTIONS, (4, 8, (12, 12), 16, (5, 5), 1, 0, 1, 1)])
def test_torch_agrees_on_convolutions(case):
    torch = pytest.importorskip("torch")
    args, options = make(case)
    tensors = [torch.tensor(a, requires_grad=True) for a in args]
    theirs = torch.nn.functional.conv2d(*tensors, **options)
    y, pull = ad.vjp(lambda x, w, b: conv2d(x, w, b, **options), *args)
    np.testing.assert_allclose(y, theirs.detach().numpy(), atol=1e-12)
    g = np.random.default_rng(8).standard_normal(y.shape)
    theirs.backward(torch.tensor(g))
    for ours, t in zip(pull(g), tensors, strict=True):
        np.testing.assert_allclose(ours, t.grad.numpy(), atol=1e-11)
    tensors = [torch.tensor(a, requires_grad=True) for a in (g, args[1])]
    theirs = torch.nn.functional.conv_transpose2d(*tensors, **options)
    back, pull = ad.vjp(lambda x, w: conv_transpose2d(x, w, **options), g, args[1])
    np.testing.assert_allclose(back, theirs.detach().numpy(), atol=1e-12)
    h = np.random.default_rng(9).standard_normal(back.shape)
    theirs.backward(torch.tensor(h))
    for ours, t in zip(pull(h), tensors, strict=True):
        np.testing.assert_allclose(ours, t.grad.numpy(), atol=1e-11)


@pytest.mark.heavy
@pytest.mark.parametrize("pool", POOLS)
def test_torch_agrees_on_pools(pool):
    torch = pytest.importorskip("torch")
    size, kernel, stride, padding = pool
    x = np.random.default_rng(10).standard_normal((2, 3, *size))
    functional = torch.nn.functional
    cases = [
        (lambda x: max_pool2d(x, kernel, stride=stride, padding=padding), functional.max_pool2d, {}),
        (lambda x: avg_pool2d(x, kernel, stride=stride, padding=padding), functional.avg_pool2d, {}),
        (
            lambda x: avg_pool2d(x, kernel, stride=stride, padding=padding, count_include_pad=False),
            functional.avg_pool2d,
            {"count_include_pad": False},
        ),
    ]
    for ours, theirs, options in cases:
        t = torch.tensor(x, requires_grad=True)
        y = theirs(t, kernel, stride=stride, padding=padding, **options)
        value, pull = ad.vjp(ours, x)
        np.testing.assert_allclose(value, y.detach().numpy(), atol=1e-13)
        g = np.random.default_rng(11).standard_normal(value.shape)
        y.backward(torch.tensor(g))
        np.testing.assert_allclose(pull(g), t.grad.numpy(), atol=1e-13)
