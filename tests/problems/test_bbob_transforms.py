"""Steps of BBOB's functions that bring their own derivative: what `autodiff` finds where it follows each step."""

import math

import numpy as np
import pytest

import autodiff as ad
from problems.bbob import gallagher, transforms
from problems.bbob.products import multiply
from problems.bbob.takagi import takagi
from problems.bbob.threefold import UNIT, threefold
from problems.bbob.transforms import TINY, steps

WEIGHTS = np.array([0.3, 1.0, 70.0])
MATRIX = np.random.default_rng(2).normal(size=(4, 1, 3, 3))
PEAKS = np.random.default_rng(3).normal(size=(4, 1, 7, 6))


def half_sine(x):
    t = np.tan(x)
    return t / (1.0 + t * t)


def oscillate(x):
    h, side = np.log(np.abs(x) + TINY), np.sign(x)
    waves = half_sine(h * (3.875 + 1.125 * side)) + half_sine(h * (2.75 + 1.2 * side))
    return x * np.exp(0.098 * waves)


def sine_squared(x):
    t = np.tan(x)
    q = t * t
    return q / (1.0 + q)


def asymmetric(x):
    positive = np.maximum(x, TINY)
    return x * np.exp(np.log(positive) * np.sqrt(positive) * (0.5 * steps(3)))


def oscillate_asymmetric(x):
    size, second = np.abs(x) + TINY, 1.2 * np.sign(x)
    h = np.log(size)
    waves = half_sine(h * (3.875 + 1.125 * np.sign(x))) + half_sine(h * (2.75 + second))
    grown = h + 0.098 * waves
    bend = (second + 1.2) * (0.5 * steps(3) / 2.4)
    return x * np.exp(0.098 * waves + np.exp(0.5 * grown) * grown * bend)


def six_waves(x):
    wave, total = sine_squared(x), 0.0
    for k in range(6):
        total = total + 0.5**k * wave
        wave = wave * (3.0 - 4.0 * wave) ** 2
    return total


def product(matrix, x):
    return np.matmul(matrix, x[..., None])[..., 0]


def highest(x):
    return np.max(multiply(PEAKS[:, 0], np.concatenate([x * x, x, np.ones((*x.shape[:-1], 1))], axis=-1)), axis=-1)


def penalty(x):
    beyond = np.maximum(np.abs(x) - 5.0, 0.0)
    return product(WEIGHTS, beyond * beyond)


FOLLOWED = {
    "sine_squared": (transforms.sine_squared, sine_squared),
    "oscillate": (transforms.oscillate, oscillate),
    "asymmetric": (lambda x: transforms.asymmetric(x, 0.5 * steps(3)), asymmetric),
    "oscillate_asymmetric": (
        lambda x: transforms.oscillate_asymmetric(x, 0.5 * steps(3) / transforms.BOTH_SIDES),
        oscillate_asymmetric,
    ),
    "dot": (lambda x: transforms.dot(WEIGHTS, x), lambda x: product(WEIGHTS, x)),
    "turn": (lambda x: transforms.turn(MATRIX, x), lambda x: product(MATRIX, x)),
    "penalty": (lambda x: transforms.penalty(x, WEIGHTS), penalty),
    "highest": (lambda x: gallagher.highest(PEAKS, x), highest),
}


def points():
    """Four functions side by side, eleven points each, some where a step has a kink or an end."""
    x = np.random.default_rng(1).normal(0.0, 4.0, (4, 11, 3))
    x[:, 0] = 0.0
    x[0, 1], x[1, 1], x[2, 1], x[3, 1] = 5.0, -5.0, 1e-9, -1e-200
    return x


@pytest.mark.parametrize("name", FOLLOWED)
def test_values_and_gradients_have_the_bits_of_the_steps(name):
    ours, followed = FOLLOWED[name]
    x = points()
    weights = np.random.default_rng(5).normal(size=ours(x).shape)

    def total(fun):
        return lambda x: np.sum(weights * np.sin(fun(x)))

    assert np.array_equal(ours(x), followed(x))
    value, pull = ad.vjp(ours, x)
    assert np.array_equal(value, ours(x))
    if "asymmetric" in name:  # its vjp is one formula, in half of the steps
        np.testing.assert_allclose(pull(weights), ad.vjp(followed, x)[1](weights), rtol=1e-14, atol=0.0)
    else:
        assert np.array_equal(ad.grad(total(ours))(x), ad.grad(total(followed))(x))
        assert np.array_equal(pull(weights), ad.vjp(followed, x)[1](weights))
    kept = x.copy()
    ours(x)
    assert np.array_equal(x, kept)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 20, 40, 101])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (4, 1), (4, 11), (4, 0)])
def test_products_are_those_of_matmul_to_the_last_bit(n, shape):
    draw = np.random.default_rng(7)
    wide = draw.normal(size=(*shape, 2 * n + 1))
    matrices = [draw.normal(size=n), draw.normal(size=(n, n)), draw.normal(size=(n, n + 3)).T[:n]]
    matrices += [draw.normal(size=(4, 1, n + 1, n))] if shape[:1] == (4,) else []
    for matrix in matrices:
        for x in (wide[..., :n].copy(), wide[..., :n], wide[..., 1::2], wide[..., n - 1 :: -1]):
            assert np.array_equal(transforms.dot(matrix, x), product(matrix, x))


@pytest.mark.parametrize("name", sorted(set(FOLLOWED) - {"highest"}))
def test_second_derivatives(name):
    ours, followed = FOLLOWED[name]
    x, v = points()[:, 2:], np.random.default_rng(6).normal(size=(4, 9, 3))
    products = [ad.hvp(lambda x, fun=fun: np.sum(np.sin(fun(x))))(x, v) for fun in (ours, followed)]
    assert np.allclose(*products, rtol=1e-9, atol=1e-9)


def test_powers_of_t_asy():
    mpmath = pytest.importorskip("mpmath")
    draw = np.random.default_rng(11)
    sizes = [draw.uniform(0.0, 30.0, 300), 10.0 ** draw.uniform(-300.0, 1.0, 99), [0.0]]
    x, strength = np.concatenate(sizes), draw.uniform(0.0, 0.5, 400)
    with mpmath.workdps(40):
        exponents = [1 + mpmath.mpf(beta) * mpmath.sqrt(one) for one, beta in zip(x, strength, strict=True)]
        expected = [float(mpmath.mpf(one) ** power) for one, power in zip(x, exponents, strict=True)]
    np.testing.assert_allclose(transforms.asymmetric(x, strength), expected, rtol=3e-15, atol=0.0)
    np.testing.assert_array_equal(transforms.asymmetric(-x, strength), -x)
    value, pull = ad.vjp(lambda x: transforms.asymmetric(x, strength), -x)
    np.testing.assert_array_equal(value, -x)
    np.testing.assert_array_equal(pull(x), x)
    assert np.isnan(transforms.asymmetric(np.full(400, np.nan), strength)).all()
    some = x[:300]
    slopes = some ** (strength[:300] * np.sqrt(some)) * (
        1.0 + strength[:300] * np.sqrt(some) * (1.0 + 0.5 * np.log(some))
    )
    np.testing.assert_allclose(
        ad.grad(lambda x: np.sum(transforms.asymmetric(x, strength[:300])))(some), slopes, rtol=1e-13, atol=1e-14
    )


def test_both_bends_in_one_step():
    mpmath = pytest.importorskip("mpmath")
    draw = np.random.default_rng(12)
    sizes = np.concatenate([draw.uniform(0.0, 12.0, 300), 10.0 ** draw.uniform(-280.0, 1.0, 99), [0.0]])
    strength = draw.uniform(0.0, 0.5, 400)
    step, numbers = transforms.bend(strength, True)
    with mpmath.workdps(40):

        def expected(one, beta):
            if not one:
                return 0.0
            c1, c2 = (10.0, mpmath.mpf("7.9")) if one > 0 else (5.5, mpmath.mpf("3.1"))
            h = mpmath.log(abs(mpmath.mpf(one)))
            waves = mpmath.mpf("0.049") * (mpmath.sin(c1 * h) + mpmath.sin(c2 * h))
            y = mpmath.sign(one) * mpmath.exp(h + waves)
            return float(y ** (1 + mpmath.mpf(beta) * mpmath.sqrt(y)) if y > 0 else y)

        for x in (sizes, -sizes):
            exact = [expected(one, beta) for one, beta in zip(x.tolist(), strength, strict=True)]
            # a last bit of log|x| moves the waves by ten
            near = np.abs(np.log(sizes + TINY)) < 5.0
            np.testing.assert_allclose(step(x, numbers)[near], np.array(exact)[near], rtol=5e-15, atol=0.0)
            np.testing.assert_allclose(step(x, numbers), exact, rtol=1e-13, atol=0.0)
            apart = transforms.asymmetric(transforms.oscillate(x), strength)
            np.testing.assert_allclose(step(x, numbers), apart, rtol=5e-15, atol=0.0)
    assert np.isnan(step(np.full(400, np.nan), numbers)).all()
    some = np.concatenate([sizes[:150], -sizes[150:300]])
    slopes = [
        ad.grad(lambda x, fun=fun: np.sum(fun(x)))(some)
        for fun in (
            lambda x: step(x, numbers[:300]),
            lambda x: transforms.asymmetric(transforms.oscillate(x), strength[:300]),
        )
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-13, atol=1e-13)


def test_one_point_of_one_function():
    x = np.array([0.5, -1.0, 2.0])
    own = PEAKS[2, 0]
    value, slope = ad.value_and_grad(lambda x: gallagher.highest(own, x))(x)
    side_by_side = np.stack([x] * 4)[:, None]
    assert value == highest(side_by_side)[2, 0]
    assert np.array_equal(slope, ad.vjp(highest, side_by_side)[1](np.ones((4, 1)))[2, 0])


def test_no_penalty_where_no_point_is_outside():
    x = np.array([[5.0, -5.0, 0.0], [1.0, 2.0, 3.0]])
    assert np.array_equal(np.zeros(2) + transforms.penalty(x, WEIGHTS), np.zeros(2))
    assert np.isnan(transforms.penalty(np.array([[np.nan, 0.0, 1.0]]), WEIGHTS)).all()
    assert transforms.penalty(np.empty((0, 3)), WEIGHTS).shape in ((), (0,))


def terms(x):
    """Distances to 32 grids, one after the other."""
    return [np.abs(2.0**j * x - np.floor(2.0**j * x + 0.5)) / 2.0**j for j in range(32)]


def test_takagi_is_the_sum_of_its_terms():
    draw = np.random.default_rng(9)
    few = draw.integers(-(2**12), 2**12, 500) / 2.0 ** draw.integers(0, 34, 500)  # on the grids
    x = np.concatenate([draw.uniform(-60.0, 60.0, 4000), few, draw.normal(size=500) * 1e-9, [0.0, -1e-300, 1e15, -3e9]])
    found = takagi(x)
    np.testing.assert_allclose(found, [math.fsum(row) for row in np.transpose(terms(x))], rtol=4e-16, atol=0.0)
    np.testing.assert_array_equal(takagi(x[:4000:7].reshape(4, 11, 13)).ravel(), found[:4000:7])
    np.testing.assert_array_equal([takagi(x[i : i + 1])[0] for i in range(0, x.size, 9)], found[::9])
    assert takagi(np.array([0.0]))[0] == takagi(np.array([7.0]))[0] == 0.0
    assert takagi(np.array([1 / 3]))[0] == pytest.approx(2 / 3, abs=1e-9)  # its maximum
    assert np.isnan(takagi(np.array([np.nan, 0.5]))).tolist() == [True, False]
    with np.errstate(invalid="ignore"):
        assert np.isnan(takagi(np.array([np.inf, -np.inf]))).all()


def test_waves_of_threefold_angles():
    mpmath = pytest.importorskip("mpmath")
    draw = np.random.default_rng(13)
    odd = np.pi * (draw.integers(-4, 4, 300) + 0.5)  # where s is 1, and many digits of s are not digits of x
    small = draw.normal(size=200) * 10.0 ** draw.uniform(-12.0, -3.0, 200)
    wide = np.concatenate([draw.uniform(-12.0, 12.0, 500), odd + draw.normal(size=300) * 1e-4, [0.0]])
    with mpmath.workdps(40):

        def exact(x):
            return [float(mpmath.fsum(mpmath.sin(3**k * mpmath.mpf(v)) ** 2 / 2**k for k in range(6))) for v in x]

        np.testing.assert_allclose(UNIT * threefold(small), exact(small), rtol=1e-14, atol=0.0)
        np.testing.assert_allclose(UNIT * threefold(wide), exact(wide), rtol=0.0, atol=5e-13)
    np.testing.assert_allclose(UNIT * threefold(small), six_waves(small), rtol=1e-13, atol=0.0)
    x = wide.reshape(-1, 9)
    value, pull = ad.vjp(threefold, x)
    np.testing.assert_array_equal(value, threefold(x))
    np.testing.assert_array_equal([threefold(row) for row in x], value)
    slopes = np.sum([1.5**k * np.sin(2.0 * 3.0**k * x) for k in range(6)], axis=0)
    np.testing.assert_allclose(UNIT * pull(np.ones(x.shape)), slopes, rtol=0.0, atol=1e-9)
    second = ad.hvp(lambda x: UNIT * np.sum(threefold(x)))(x[:30], np.ones((30, 9)))
    bends = np.sum([2.0 * 4.5**k * np.cos(2.0 * 3.0**k * x[:30]) for k in range(6)], axis=0)
    np.testing.assert_allclose(second, bends, rtol=0.0, atol=1e-6)
    assert np.isnan(threefold(np.array([np.nan, 0.5]))).tolist() == [True, False]


def test_slope_of_takagi():
    draw = np.random.default_rng(10)
    x = draw.uniform(-60.0, 60.0, 2000)
    signs = [np.sign(2.0**j * x - np.floor(2.0**j * x + 0.5)) for j in range(32)]
    value, pull = ad.vjp(takagi, x)
    np.testing.assert_array_equal(value, takagi(x))
    np.testing.assert_array_equal(pull(np.ones(2000)), np.sum(signs, axis=0))
    # at a kink the mean of both sides, to which terms that have their own kink there add nothing
    np.testing.assert_array_equal(
        ad.vjp(takagi, np.array([0.0, 0.5, 0.25, -3.75]))[1](np.ones(4)), [0.0, 0.0, 1.0, 1.0]
    )
    second = ad.hvp(lambda x: np.sum(takagi(x) ** 2))(x[:9], np.ones(9))
    np.testing.assert_allclose(second, 2.0 * np.sum(signs, axis=0)[:9] ** 2, rtol=1e-14)
