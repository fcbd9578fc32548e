"""Values that cocoex 2.8.2 returned, so that the instances are checked without it."""

import numpy as np
import pytest

from problems import bbob
from problems.bbob import legacy

A = np.array([1.0, -2.0, 3.0, -4.0, 4.5])
B = np.array([6.0, -6.0, 0.5, 5.5, -7.0])  # outside of the box in four coordinates

# function: f_opt, f(0), f(A), f(B) for n=5, instance 1
BBOB = {
    1: (79.48, 92.30397568000001, 181.30357568, 168.89117568),
    2: (-209.88, 3674431.69134575, 8859296.286366446, 76449878.84752277),
    3: (-462.09, -335.00311431916236, -155.25157715921222, 1019.129244227498),
    4: (-462.09, -343.8990342967856, 5213.104396501938, 2631.9957575542685),
    5: (-9.21, 98.60985161055396, 159.17323045774063, 24.581322981185856),
    6: (35.90, 55101.90109825283, 531872.8131954471, 295667.2434361148),
    7: (92.94, 106.05513987471636, 1540.989785813407, 1462.8405314331078),
    8: (149.15, 1476.207257345201, 70053.24423869561, 398535.8791176972),
    9: (123.83, 149.82999999999998, 45271.248445606136, 1064725.7697590583),
    10: (-54.94, 6036865.921981279, 9081179.31701488, 156652529.85083425),
    11: (76.27, 5445766.046437906, 3255413.7493975256, 156112.90960707207),
    12: (-621.11, 32757629.628032066, 66801921.46145851, 9279880810.455175),
    13: (29.97, 1078.0864654237093, 1942.7155190887977, 2774.932132868288),
    14: (-52.35, 11.306788139507752, -27.99749032596397, 176.38332778698603),
    15: (1000.00, 1383.329773849239, 3672.2183726531034, 2220.126919984651),
    16: (71.35, 191.91748548972296, 91.67176871450164, 130.48788391923162),
    17: (-16.94, 9.747141552149841, 9.983001859682574, 81.29291103255167),
    18: (-16.94, 77.76123986175664, 78.20822427653769, 152.9643991070742),
    19: (-102.55, -102.29962625728024, -55.64081297679741, 517.4810973668122),
    20: (-546.50, 6046.154472764689, 39598.14245491928, 484963.2294396543),
    21: (40.78, 75.32477295756946, 78.08163227471675, 133.51687571873794),
    22: (-1000.00, -919.4283013301417, -930.0091508238206, -907.188791485394),
    23: (6.87, 13.586939244582254, 25.75157183103946, 31.503860700036814),
    24: (102.61, 171.46484536493915, 250.81039221030096, 62956.37591824025),
}
# f(0) of f1 to f24 for n=80, instance 1
LARGESCALE = (
    *(268.2330608, 13567608.179, 906.285148779, 718.921617253, 776.553090773, 593160.872901),
    *(2933.20901337, 129731.888764, 133048.405899, 8181609.36634, 3662904.76099, 492376057.055),
    *(2019.38028611, 19.331994874, 2618.40012081, 156.819391276, 1.07028140017, 41.1042356115),
    *(-102.299626257, 66402.4448968, 120.790420079, -918.387721356, 20.1166118482, 747.382532872),
)
# first two values at 0 after a suite was created, n=5, instance 1
NOISY = {
    101: (92.33833880702696, 92.13266253284395),
    102: (92.66594575631794, 92.46389651296523),
    103: (102.3039756901, 102.3039756901),
}
# f(A), first and last constraint at A, n=5, instance 3
CONSTRAINED = {
    1: (-1482.4341696000001, 2288.642551750972, 2288.642551750972),
    8: (5.9596374166476815, 5027.761279802924, 6157.523862338379),
    15: (250.5011281758496, 5649.56958939707, 9097.661664507244),
    22: (191.030610978988, 11598.622871254101, 60144.31074376425),
    30: (438.3300696821429, -83765.71002766778, -10498.010936105838),
    33: (9728.982852757308, -5553.992550171843, 15774.594107745732),
    40: (-9741.160705276243, 230154.26929722796, 189426.0905261167),
    46: (1482.8814613281133, -1050.3448984324823, 20110.374839565397),
    54: (963.8974421529417, 600655.7204351893, -31269.84598171348),
}
# (function, instance): f at n=40 equidistant coordinates from -4 to 4
WIDE = {(15, 11): 4283.618212111712, (17, 11): 233.66297333979927, (24, 8): 986.1308328248564}
# C's own rounding: cosines of 1e6 and powers 3^11 and 2^32 of the coordinates
RTOL = {16: 1e-10, 19: 1e-9, 23: 1e-10}


def test_random_numbers() -> None:
    np.testing.assert_array_equal(legacy.uniform(3, 1), [0.41599935685098144, 0.09196489075755929, 0.7564104859514211])
    np.testing.assert_array_equal(
        legacy.uniform(3, 10001), [0.5316335449608199, 0.3554052111485066, 0.4095678666651099]
    )
    expected = [-0.0644318081636207, 0.7322815400802268, -1.2573661994921457]
    np.testing.assert_allclose(legacy.gaussian(3, 10001), expected, rtol=1e-14)
    row = [-0.03258042992320749, -0.2961796602961637, -0.9545764109870242]
    np.testing.assert_allclose(legacy.rotation(1010010, 3)[0], row, rtol=1e-13)


def test_random_numbers_of_negative_and_zero_seeds() -> None:
    np.testing.assert_array_equal(legacy.uniform(5, -17), legacy.uniform(5, 17))
    np.testing.assert_array_equal(legacy.uniform(5, 0), legacy.uniform(5, 1))


def test_random_numbers_follow_the_recurrence_step_by_step() -> None:
    """The generator as the C code states it, one step at a time."""
    state, slots, count = 12345, [0] * 32, 2000

    def step(s: int) -> int:
        t = s // 127773
        s = 16807 * (s - t * 127773) - 2836 * t
        return s if s >= 0 else s + 2147483647

    for i in reversed(range(40)):
        state = step(state)
        if i < 32:
            slots[i] = state
    last, draws = slots[0], []
    for _ in range(count):
        state = step(state)
        k = last // 67108865
        last, slots[k] = slots[k], state
        draws.append(last / 2147483647)
    np.testing.assert_array_equal(legacy.uniform(count, 12345), draws)


@pytest.mark.parametrize("function", BBOB)
def test_bbob(function: int) -> None:
    f_opt, *values = BBOB[function]
    f = bbob.make(f"bbob-f{function}", n=5)
    assert f.f_opt == f_opt
    np.testing.assert_allclose(f(np.array([np.zeros(5), A, B])), values, rtol=RTOL.get(function, 1e-12))


@pytest.mark.parametrize("function", range(1, 25))
def test_largescale(function: int) -> None:
    f = bbob.make(f"bbob-largescale-f{function}", n=80)
    assert f(np.zeros(80)) == pytest.approx(LARGESCALE[function - 1], rel=5e-12)  # the table has twelve digits


@pytest.mark.parametrize(("function", "instance"), WIDE)
def test_many_variables(function: int, instance: int) -> None:
    f = bbob.make(f"bbob-f{function}", 40, instance)
    assert f(np.linspace(-4.0, 4.0, 40)) == pytest.approx(WIDE[function, instance], rel=1e-12)


def test_integers_of_schwefel_lie_where_coco_has_its_optimum() -> None:
    """Ten digits of that place are not enough: the value would be off by 2e-9."""
    f = bbob.make("bbob-mixint-f20", 10, 3)
    x = np.array([0.0, 1.0, 2.0, 3.0, 5.0, 1.0, 9.0, 14.0, -2.5, 3.0])
    assert f(x) == pytest.approx(1187.9291001755828, rel=1e-13)


@pytest.mark.parametrize("function", NOISY)
def test_noisy_with_the_stream_of_coco(function: int) -> None:
    f = bbob.make(f"bbob-noisy-f{function}", n=5, noise="coco")
    np.testing.assert_allclose([f(np.zeros(5)), f(np.zeros(5))], NOISY[function], rtol=1e-13)


@pytest.mark.parametrize("function", CONSTRAINED)
def test_constrained(function: int) -> None:
    f = bbob.make(f"bbob-constrained-f{function}", 5, 3)
    value, first, last = CONSTRAINED[function]
    assert f(A) == pytest.approx(value, rel=1e-12)
    constraints = f.constraints[0].fun(A)
    assert constraints[0] == pytest.approx(first, rel=1e-10)
    assert constraints[-1] == pytest.approx(last, rel=1e-10)
