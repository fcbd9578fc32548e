"""Functions f15 to f20, f23 and f24 of BBOB: multimodal (Hansen et al. 2009, INRIA research report 6829)."""

import numpy as np

from problems.bbob import legacy
from problems.bbob.frames import Frame, Landscape, multiples
from problems.bbob.separable import ripples
from problems.bbob.takagi import takagi
from problems.bbob.threefold import UNIT, WAVES, threefold
from problems.bbob.transforms import (
    ONE,
    PI,
    TINY,
    conditioning,
    dot,
    half_sine,
    oscillate,
    sine_squared,
    squares,
    steps,
)
from problems.bbob.unimodal import valley_scale
from problems.numbers import FloatArray


def rastrigin_rotated(frame: Frame) -> Landscape:
    """f15: f3 turned twice."""
    x_opt, ras, bent = frame.optimum(), ripples(frame), frame.bent(0.2 * steps(frame.n), oscillated=True)
    turn, first, second = frame.rotations()
    back = frame.chain(first, conditioning(frame.n, 10.0), second)
    moved = frame.less(x_opt)
    return Landscape(lambda x: ras(back(bent(turn(moved(x))))), x_opt)


def weierstrass(frame: Frame) -> Landscape:
    """f16: repetitive and rugged, the optimum not unique outside of the box.

    The mean over i of sum_k 2^-k cos(2 pi 3^k (z_i + 1/2)), k = 0..11, less its lowest value, is the mean of
    2 sum_k 2^-k sin(pi 3^k z_i)^2, because 3^k is odd: twice six waves, k = 0..5 and 6..11, in `threefold`.
    """
    x_opt = frame.optimum()
    moved = frame.less(x_opt)
    turn, first, second = frame.rotations()
    angles = multiples(frame.chain(first, conditioning(frame.n, 0.01), second), np.pi * np.array([1.0, 3.0**WAVES]))
    # the mean of both halves, with the factor 10 of its cube
    mean = np.repeat([2.0 * UNIT, 2.0 * UNIT * 0.5**WAVES], frame.n) / frame.n * np.cbrt(10.0)

    def value(x: FloatArray) -> FloatArray:
        height = dot(mean, threefold(angles(oscillate(turn(moved(x))))))
        return height * height * height

    return Landscape(frame.penalise(value, 10.0 / frame.n), x_opt, width=2)


def schaffers(frame: Frame, condition: float) -> Landscape:
    """f17 (condition 10) and f18 (1000): Schaffer's F7, its ripples narrower towards the optimum."""
    x_opt, bent = frame.optimum(), frame.bent(0.5 * steps(frame.n))
    moved, scaled = frame.less(x_opt), frame.times(conditioning(frame.n, condition))
    first, second = frame.rotations()
    mean = np.full(frame.n - 1, 1.0 / (frame.n - 1))
    twentieth, fifty = np.array(0.05), np.array(50.0)

    def value(x: FloatArray) -> FloatArray:
        z = scaled(second(bent(first(moved(x)))))
        q = z * z
        # s^(1/4) and s^(1/10) are the powers 5 and 2 of s^(1/20)
        root = np.exp(twentieth * np.log(q[..., :-1] + q[..., 1:] + TINY))
        tenth = root * root
        height = dot(mean, root * (tenth * tenth) * (ONE + sine_squared(fifty * tenth)))
        return height * height

    return Landscape(frame.penalise(value, 10.0), x_opt)


def griewank_rosenbrock(frame: Frame, factor: float = 10.0) -> Landscape:
    """f19: Griewank's mean of s / 4000 + 1 - cos s over Rosenbrock's terms s, with 1 - cos s = 2 sin(s / 2)^2."""
    (turn,) = frame.rotations()
    squeeze = valley_scale(frame)
    x_opt = frame.draw(lambda one: one.rotations()[0].inverse(one.full(0.5 / squeeze)))
    mean = np.full(frame.n - 1, factor / (frame.n - 1))

    def value(x: FloatArray) -> FloatArray:
        z = squeeze * turn(x) + 0.5
        here = z[..., :-1]
        bend, end = here * here - z[..., 1:], here - 1.0
        s = 100.0 * (bend * bend) + end * end
        return dot(mean, s / 4000.0 + 2.0 * sine_squared(0.5 * s))

    return Landscape(value, x_opt)


def schwefel(frame: Frame) -> Landscape:
    """f20: the best minima far from the second best ones.

    The minimum lies between two decimals of which COCO evaluates with one and gives the other as the best point, where
    the value is the same; bbob-mixint aligns its integers with the latter.
    """
    sign = frame.draw(lambda one: np.where(legacy.uniform(one.n, one.seed) < 0.5, -1.0, 1.0))
    place, best = 4.2096874637, 4.2096874633
    scales, mean, ones = conditioning(frame.n, 10.0), frame.full(-2.0 / frame.n), frame.full(1.0)

    def value(x: FloatArray) -> FloatArray:
        d = 2.0 * sign * x - place
        # each coordinate takes a quarter of its left neighbour along
        mixed = np.concatenate([d[..., :1], d[..., 1:] + 0.25 * d[..., :-1]], axis=-1)
        z = 100.0 * (scales * mixed + place)
        size = np.abs(z)
        outside = squares(np.maximum(size - 500.0, 0.0), ones)
        return 0.01 * (outside + 418.9828872724339 + dot(mean, z * half_sine(0.5 * np.sqrt(size))[0]))

    return Landscape(value, sign * (0.5 * best))


def katsuura(frame: Frame) -> Landscape:
    """f23: continuous, with a kink at every point that has few binary digits."""
    n, x_opt = frame.n, frame.optimum()
    first, second = frame.rotations()
    turn = frame.chain(first, conditioning(n, 100.0), second)
    # the sum over j = 1..32 of the distances |2^j z - round(2^j z)| / 2^j is half of Takagi's function at 2 z
    gains, ones, power = 0.5 * np.arange(1.0, n + 1.0), np.ones(n), 10.0 / n**1.2

    def value(x: FloatArray) -> FloatArray:
        z = turn(x - x_opt)
        # the product of (1 + i s_i)^power, through logarithms because it overflows in high dimension
        height: FloatArray = np.expm1(power * dot(ones, np.log1p(gains * takagi(z + z))))
        return 10.0 / n**2 * height

    return Landscape(frame.penalise(value, 1.0), x_opt)


def lunacek_bi_rastrigin(frame: Frame) -> Landscape:
    """f24: two funnels, the wider of them without the optimum."""
    n = frame.n
    sign = frame.draw(lambda one: np.where(legacy.gaussian(n, one.seed) < 0.0, -1.0, 1.0))
    first, second = frame.rotations()
    turn = frame.chain(first, conditioning(n, 100.0), second)
    s = 1.0 - 0.5 / (np.sqrt(n + 20.0) - 4.1)
    mu0 = 2.5
    mu1 = -np.sqrt((mu0**2 - 1.0) / s)
    near, far, waves = frame.full(frame.scale), frame.full(frame.scale * s), frame.full(20.0 * frame.scale)

    def value(x: FloatArray) -> FloatArray:
        y = 2.0 * sign * x
        d = y - mu0
        funnels = np.minimum(squares(d, near), frame.scale * n + squares(y - mu1, far))
        return funnels + dot(waves, sine_squared(PI * turn(d)))

    return Landscape(frame.penalise(value, 1e4), 0.5 * mu0 * sign)
