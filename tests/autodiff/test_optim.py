"""Update rules against steps worked out by hand and against torch.optim; schedules, clipping, stacks, batches."""

import io
import pickle

import numpy as np
import pytest

from autodiff.optim import (
    SGD,
    Adam,
    AdamW,
    ClipUp,
    Constant,
    Cosine,
    Exponential,
    Nesterov,
    StepDecay,
    Warmup,
    batches,
    clip_by_norm,
    clip_by_value,
    rules,
)


def two_steps(rule, x, gradients):
    points = []
    for g in gradients:
        x = rule.step(x, g)
        points.append(x)
    return np.array(points)


# Each expectation is the rule's formula with g1 = 2, g2 = -4, written out in numbers.
BY_HAND = {
    "sgd": ({"lr": 0.1}, [1 - 0.2, 1 - 0.2 + 0.4]),
    "momentum": ({"lr": 0.1, "momentum": 0.5}, [1 - 0.2, 0.8 - 0.1 * (0.5 * 2 - 4)]),
    "nesterov": ({"lr": 0.1, "momentum": 0.5}, [1 - 0.1 * (2 + 0.5 * 2), 0.7 - 0.1 * (-4 + 0.5 * (0.5 * 2 - 4))]),
    "adagrad": ({"lr": 0.1, "eps": 0.0}, [1 - 0.1, 0.9 + 0.1 * 4 / np.sqrt(4 + 16)]),
    "rmsprop": (
        {"lr": 0.1, "decay": 0.75, "eps": 0.0},
        [1 - 0.1 * 2 / np.sqrt(0.25 * 4), 0.8 + 0.1 * 4 / np.sqrt(0.75 * 1 + 0.25 * 16)],
    ),
    "adam": (
        {"lr": 0.1, "beta1": 0.5, "beta2": 0.75, "eps": 0.0},
        [0.9, 0.9 - 0.1 * ((0.5 * 1 - 0.5 * 4) / 0.75) / np.sqrt((0.75 * 1 + 0.25 * 16) / 0.4375)],
    ),
    "adamw": (
        {"lr": 0.1, "beta1": 0.5, "beta2": 0.75, "eps": 0.0, "weight_decay": 0.5},
        [0.95 - 0.1, 0.85 * 0.95 - 0.1 * (-1.5 / 0.75) / np.sqrt(4.75 / 0.4375)],
    ),
    "clipup": ({"lr": 0.1, "momentum": 0.5, "max_speed": 0.08}, [1 - 0.08, 0.92 - (0.5 * 0.08 - 0.1)]),
}


@pytest.mark.parametrize("name", rules)
def test_two_steps_by_hand(name):
    options, expected = BY_HAND[name]
    points = two_steps(rules[name](**options), np.ones(1), [np.array([2.0]), np.array([-4.0])])
    np.testing.assert_allclose(points[:, 0], expected, rtol=1e-14)


def test_centered_rmsprop_with_momentum_by_hand():
    rule = rules["rmsprop"](lr=0.1, decay=0.5, eps=0.0, momentum=0.5, centered=True)
    points = two_steps(rule, np.array([1.0]), [np.array([2.0]), np.array([-4.0])])
    first = 2 / np.sqrt(2 - 1)
    second = 0.5 * first - 4 / np.sqrt(0.5 * 2 + 0.5 * 16 - (0.5 * 1 - 0.5 * 4) ** 2)
    np.testing.assert_allclose(points[:, 0], [1 - 0.1 * first, 1 - 0.1 * first - 0.1 * second], rtol=1e-14)


@pytest.mark.parametrize("name", rules)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_leading_axes_same_bits_and_dtype(name, dtype):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3, 2, 5)).astype(dtype)
    gradients = rng.standard_normal((4, 3, 2, 5)).astype(dtype)
    rates = np.array([[0.1, 0.2], [0.05, 0.3], [0.4, 0.01]])
    together = two_steps(rules[name](lr=rates, clip_norm=1.0), x, gradients)
    assert together.dtype == dtype
    for i in range(3):
        for j in range(2):
            alone = two_steps(rules[name](lr=rates[i, j], clip_norm=1.0), x[i, j], gradients[:, i, j])
            np.testing.assert_array_equal(together[:, i, j], alone)


@pytest.mark.parametrize("name", rules)
def test_arguments_stay_as_they_are_and_zero_gradient_is_safe(name):
    x, g = np.ones(3), np.zeros(3)
    rule = rules[name](lr=0.1)
    y = rule.step(x, g)
    assert np.all(np.isfinite(y))
    np.testing.assert_array_equal(x, np.ones(3))
    np.testing.assert_array_equal(g, np.zeros(3))


@pytest.mark.parametrize("name", rules)
def test_saved_state_goes_on_bit_identically(name):
    rng = np.random.default_rng(5)
    gradients = rng.standard_normal((6, 2, 4))
    rule = rules[name](lr=np.array([0.1, 0.2]))
    x = np.zeros((2, 4))
    for g in gradients[:3]:
        x = rule.step(x, g)
    file = io.BytesIO()
    np.savez(file, **rule.state_dict())
    file.seek(0)
    resumed = rules[name](lr=1.0)
    with np.load(file, allow_pickle=False) as state:
        resumed.load_state_dict(state)
    copied = pickle.loads(pickle.dumps(rule))
    expected = two_steps(rule, x, gradients[3:])
    np.testing.assert_array_equal(two_steps(resumed, x, gradients[3:]), expected)
    np.testing.assert_array_equal(two_steps(copied, x, gradients[3:]), expected)


@pytest.mark.parametrize("index", [[2, 0], slice(1, None), np.array([True, False, True])])
def test_take_keeps_rows(index):
    rng = np.random.default_rng(6)
    x, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    whole = Adam(lr=np.array([0.1, 0.2, 0.3]))
    part = Adam(lr=np.array([0.1, 0.2, 0.3]))
    points = two_steps(whole, x, gradients)
    y = two_steps(part, x, gradients[:2])[-1]
    part.take(index)
    np.testing.assert_array_equal(two_steps(part, y[index], gradients[2:, index]), points[2:, index])


def test_reset_starts_anew():
    rule = Adam(lr=0.1)
    first = rule.step(np.ones(2), np.ones(2))
    rule.reset()
    np.testing.assert_array_equal(rule.step(np.ones(2), np.ones(2)), first)


def test_state_is_arrays_of_the_shape_of_x():
    rule = AdamW()
    rule.step(np.zeros((2, 3)), np.ones((2, 3)))
    assert {name: value.shape for name, value in rule.state.items()} == {"step": (), "m": (2, 3), "v": (2, 3)}


def test_scalar_point_and_integer_point():
    assert SGD(lr=0.5, clip_norm=1.0).step(1.0, 4.0) == 0.5
    assert ClipUp(lr=0.5).step(1.0, 4.0) == 0.5
    assert SGD(lr=0.5).step(np.array([1, 2]), np.array([1, 1])).dtype == np.float64


def test_schedule_is_asked_with_the_updates_done():
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.1 * (step + 1)

    rule = SGD(lr=schedule)
    assert rule.step(rule.step(0.0, -1.0), -1.0) == pytest.approx(0.3)
    assert asked == [0, 1]
    rule.lr = 0.5
    assert rule.step(0.0, -1.0) == 0.5


def test_schedules_at_their_corners():
    assert Constant(0.3)(7) == 0.3
    assert [StepDecay(1.0, 3, 0.5)(k) for k in (0, 2, 3, 6)] == [1.0, 1.0, 0.5, 0.25]
    assert Exponential(2.0, 0.5)(2) == 0.5
    cosine = Cosine(1.0, steps=10, final=0.2)
    assert (cosine(0), cosine(10), cosine(99)) == (1.0, pytest.approx(0.2), pytest.approx(0.2))
    assert cosine(5) == pytest.approx(0.6)
    warm = Warmup(Cosine(1.0, steps=10), steps=5)
    assert warm(0) == pytest.approx(0.2)
    assert (warm(4), warm(5)) == (1.0, 1.0)
    assert warm(10) == pytest.approx(0.5)


def test_clipping():
    g = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    np.testing.assert_allclose(np.linalg.norm(clip_by_norm(g, 2.0), axis=-1), [2.0, 0.5, 0.0])
    np.testing.assert_array_equal(clip_by_value(g, 1.0), [[1.0, 1.0], [0.3, 0.4], [0.0, 0.0]])
    both = SGD(lr=1.0, clip_value=3.0, clip_norm=1.0).step(np.zeros(2), np.array([30.0, 4.0]))
    np.testing.assert_allclose(both, -np.array([1.0, 1.0]) / np.sqrt(2.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr=-1.0), "lr must be finite and not negative, got -1.0"),
        (lambda: SGD(lr=0.1, momentum=1.0), r"momentum must lie in \[0, 1\), got 1.0"),
        (lambda: Nesterov(lr=0.1, momentum=0.0), "momentum must be positive with nesterov=True"),
        (lambda: Adam(clip_norm=0.0), "clip_norm must be positive or None, got 0.0"),
        (lambda: AdamW(weight_decay=-1.0), "weight_decay must not be negative, got -1.0"),
        (lambda: ClipUp(max_speed=0.0), "max_speed must be positive or None, got 0.0"),
        (lambda: SGD().step(np.zeros(2), np.zeros(3)), r"g must have the shape of x, \(2,\), got \(3,\)"),
        (lambda: SGD(lr=np.ones(3)).step(np.zeros((2, 4)), np.zeros((2, 4))), r"lr of shape \(3,\) must broadcast"),
        (lambda: SGD().load_state_dict({"v": np.ones(2)}), "state must hold 'step'"),
        (lambda: StepDecay(1.0, every=0), "every must be at least 1 update, got 0"),
        (lambda: Cosine(1.0, steps=0), "steps must be at least 1 update, got 0"),
        (lambda: Warmup(1.0, steps=0), "steps must be at least 1 update, got 0"),
        (lambda: batches(), "arrays must be at least one array with rows, got none"),
        (lambda: batches(np.ones(3), np.ones(2)), r"equal numbers of rows, got \[3, 2\]"),
        (lambda: batches(np.ones(3), size=0), "size must be at least 1 row"),
        (lambda: batches(np.ones(3), epochs=-1), "epochs must not be negative"),
    ],
)
def test_bad_input_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_changed_stack_is_refused():
    rule = Adam()
    rule.step(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"x has shape \(2, 2\) but the rule has seen \(3, 2\)"):
        rule.step(np.zeros((2, 2)), np.zeros((2, 2)))


def test_batches_go_through_all_rows_once():
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7)
    seen = list(batches(x, y, size=3, rng=1))
    assert [len(b) for _, b in seen] == [3, 3, 1]
    np.testing.assert_array_equal(np.sort(np.concatenate([b for _, b in seen])), y)
    for a, b in seen:
        np.testing.assert_array_equal(a, x[b])
    assert [len(b) for _, b in batches(x, y, size=3, drop_last=True)] == [3, 3]
    assert len(list(batches(y, size=1, epochs=2))) == 14
    (full,) = next(batches(y, epochs=None))
    np.testing.assert_array_equal(full, y)
    assert len(list(batches(y, size=10, drop_last=True))) == 0


def test_batches_are_reproducible_and_differ_between_epochs():
    y = np.arange(50)
    first = np.concatenate([b for (b,) in batches(y, size=50, epochs=2, rng=0)])
    second = np.concatenate([b for (b,) in batches(y, size=50, epochs=2, rng=0)])
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[:50], first[50:])


TORCH = {
    "sgd": ("SGD", {"lr": 0.1}, {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1}),
    "nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"lr": 0.1}),
    "adagrad": ("Adagrad", {"lr": 0.1}, {"lr": 0.1}),
    "rmsprop": ("RMSprop", {"lr": 0.01}, {"lr": 0.01}),
    "rmsprop centered": (
        "RMSprop",
        {"lr": 0.01, "momentum": 0.5, "centered": True},
        {"lr": 0.01, "momentum": 0.5, "centered": True},
    ),
    "adam": ("Adam", {"lr": 0.1}, {"lr": 0.1}),
    "adamw": ("AdamW", {"lr": 0.1}, {"lr": 0.1}),
}


@pytest.mark.heavy
@pytest.mark.parametrize("case", TORCH)
def test_twenty_steps_of_torch(case):
    torch = pytest.importorskip("torch")
    theirs, their_options, our_options = TORCH[case]
    start, scale = np.array([1.0, -2.0, 0.5]), np.array([1.0, 10.0, 0.1])
    w = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([w], **their_options)
    rule, x = rules[case.split()[0]](**our_options), start
    for _ in range(20):
        optimizer.zero_grad()
        (0.5 * torch.tensor(scale) * w**2).sum().backward()
        optimizer.step()
        x = rule.step(x, scale * x)
        np.testing.assert_allclose(x, w.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.heavy
def test_schedules_of_torch():
    torch = pytest.importorskip("torch")
    lr_scheduler = torch.optim.lr_scheduler
    pairs = [
        (StepDecay(0.5, 4, 0.3), lambda o: lr_scheduler.StepLR(o, 4, 0.3)),
        (Exponential(0.5, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        (Cosine(0.5, 15, 0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, 15, 0.1)),
        (Warmup(0.5, 5), lambda o: lr_scheduler.LinearLR(o, 0.2, 1.0, 4)),
    ]
    for ours, theirs in pairs:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        scheduler = theirs(optimizer)
        for k in range(15):
            assert ours(k) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
            optimizer.step()
            scheduler.step()
