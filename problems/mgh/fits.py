"""Moré, Garbow & Hillstrom's problems with measured data: residuals of (8) to (10), (15), (17), (19)."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.numbers import columns

_BARD = np.array([14, 18, 22, 25, 29, 32, 35, 39, 37, 58, 73, 96, 134, 210, 439]) / 100.0
_GAUSSIAN = np.array([9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9]) / 1e4
# fmt: off
_MEYER = np.array([
    34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872,
])
_KOWALIK = np.array([1957, 1947, 1735, 1600, 844, 627, 456, 342, 323, 235, 246]) / 1e4
_KOWALIK_U = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
_OSBORNE_1 = np.array([
    844, 908, 932, 936, 925, 908, 881, 850, 818, 784, 751, 718, 685, 658, 628, 603, 580,
    558, 538, 522, 506, 490, 478, 467, 457, 448, 438, 431, 424, 420, 414, 411, 406,
]) / 1e3
_OSBORNE_2 = np.array([
    1366, 1191, 1112, 1013, 991, 885, 831, 847, 786, 725, 746, 679, 608, 655, 616, 606, 602, 626, 651, 724, 649,
    649, 694, 644, 624, 661, 612, 558, 533, 495, 500, 423, 395, 375, 372, 391, 396, 405, 428, 429, 523, 562,
    607, 653, 672, 708, 633, 668, 645, 632, 591, 559, 597, 625, 739, 710, 729, 720, 636, 581, 428, 292, 162,
    98, 54,
]) / 1e3
# fmt: on


def bard(x: Any, m: int) -> Any:
    """(8): y_i - (x_1 + u_i / (v_i x_2 + w_i x_3)) with u_i = i, v_i = 16 - i and w_i the smaller of the two."""
    a, b, c = columns(x)
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    return _BARD - (a + u / (v * b + np.minimum(u, v) * c))


def gaussian(x: Any, m: int) -> Any:
    """(9): a bell curve; the start is close to the minimum."""
    a, b, c = columns(x)
    t = (8.0 - np.arange(1.0, 16.0)) / 2.0
    return a * np.exp(-0.5 * b * (t - c) ** 2) - _GAUSSIAN


def meyer(x: Any, m: int) -> Any:
    """(10): the resistance of a thermistor over its temperature; values of 1e9 on the way to 88."""
    a, b, c = columns(x)
    t = 45.0 + 5.0 * np.arange(1.0, 17.0)
    return a * np.exp(b / (t + c)) - _MEYER


def kowalik_osborne(x: Any, m: int) -> Any:
    """(15): an enzyme reaction; poles, and a second minimum far away, 1.02734e-3."""
    a, b, c, d = columns(x)
    u = _KOWALIK_U
    return _KOWALIK - a * (u * u + u * b) / (u * u + u * c + d)


def osborne_1(x: Any, m: int) -> Any:
    """(17): two exponentials."""
    a, b, c, d, e = columns(x)
    t = 10.0 * np.arange(33.0)
    return _OSBORNE_1 - (a + b * np.exp(-t * d) + c * np.exp(-t * e))


def osborne_2(x: Any, m: int) -> Any:
    """(19): an exponential and three bell curves; another minimum at 1.78981."""
    p = columns(x)
    t = np.arange(65.0) / 10.0
    model = p[0] * np.exp(-t * p[4])
    for height, width, centre in ((1, 5, 8), (2, 6, 9), (3, 7, 10)):
        model = model + p[height] * np.exp(-((t - p[centre]) ** 2) * p[width])
    return _OSBORNE_2 - model
