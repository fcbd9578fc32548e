"""Problems of three and four variables, by the numbers of Hock & Schittkowski 1981."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.hs.problem import INF, Problem

__all__ = ["TABLE"]

FREE = (-INF, INF)
_S2, _S3 = float(np.sqrt(2.0)), float(np.sqrt(3.0))
_LN = float(np.log(10.0))


def _minus_product(*x: Any) -> Any:
    total = -x[0]
    for one in x[1:]:
        total = total * one
    return total


TABLE = {
    26: Problem(
        lambda a, b, c: (a - b) ** 2 + (b - c) ** 4,
        (-2.6, 2.0, 2.0),
        (1.0, 1.0, 1.0),
        equal=lambda a, b, c: ((1.0 + b * b) * a + c**4 - 3.0,),
    ),
    27: Problem(
        lambda a, b, c: 0.01 * (a - 1.0) ** 2 + (b - a * a) ** 2,
        (2.0, 2.0, 2.0),
        (-1.0, 1.0, 0.0),
        equal=lambda a, b, c: (a + c * c + 1.0,),
    ),
    28: Problem(
        lambda a, b, c: (a + b) ** 2 + (b + c) ** 2,
        (-4.0, 1.0, 1.0),
        (0.5, -0.5, 0.5),
        equal=lambda a, b, c: (a + 2.0 * b + 3.0 * c - 1.0,),
    ),
    29: Problem(
        _minus_product,
        (1.0, 1.0, 1.0),
        (4.0, 2.0 * _S2, 2.0),
        least_zero=lambda a, b, c: (48.0 - a * a - 2.0 * b * b - 4.0 * c * c,),
    ),
    30: Problem(
        lambda a, b, c: a * a + b * b + c * c,
        (1.0, 1.0, 1.0),
        (1.0, 0.0, 0.0),
        bounds=((1.0, 10.0), (-10.0, 10.0), (-10.0, 10.0)),
        least_zero=lambda a, b, c: (a * a + b * b - 1.0,),
    ),
    31: Problem(
        lambda a, b, c: 9.0 * a * a + b * b + 9.0 * c * c,
        (1.0, 1.0, 1.0),
        (1.0 / _S3, _S3, 0.0),
        bounds=((-10.0, 10.0), (1.0, 10.0), (-10.0, 1.0)),
        least_zero=lambda a, b, c: (a * b - 1.0,),
    ),
    32: Problem(
        lambda a, b, c: (a + 3.0 * b + c) ** 2 + 4.0 * (a - b) ** 2,
        (0.1, 0.7, 0.2),
        (0.0, 0.0, 1.0),
        bounds=((0.0, INF),) * 3,
        equal=lambda a, b, c: (1.0 - a - b - c,),
        least_zero=lambda a, b, c: (6.0 * b + 4.0 * c - a**3 - 3.0,),
    ),
    33: Problem(
        lambda a, b, c: (a - 1.0) * (a - 2.0) * (a - 3.0) + c,
        (0.0, 0.0, 3.0),
        (0.0, _S2, _S2),
        bounds=((0.0, INF), (0.0, INF), (0.0, 5.0)),
        least_zero=lambda a, b, c: (c * c - b * b - a * a, a * a + b * b + c * c - 4.0),
    ),
    34: Problem(
        lambda a, b, c: -a,
        (0.0, 1.05, 2.9),
        (float(np.log(_LN)), _LN, 10.0),
        bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
        least_zero=lambda a, b, c: (b - np.exp(a), c - np.exp(b)),
    ),
    35: Problem(
        lambda a, b, c: (
            9.0 - 8.0 * a - 6.0 * b - 4.0 * c + 2.0 * a * a + 2.0 * b * b + c * c + 2.0 * a * b + 2.0 * a * c
        ),
        (0.5, 0.5, 0.5),
        (4.0 / 3.0, 7.0 / 9.0, 4.0 / 9.0),
        bounds=((0.0, INF),) * 3,
        least_zero=lambda a, b, c: (3.0 - a - b - 2.0 * c,),
    ),
    36: Problem(
        _minus_product,
        (10.0, 10.0, 10.0),
        (20.0, 11.0, 15.0),
        bounds=((0.0, 20.0), (0.0, 11.0), (0.0, 42.0)),
        least_zero=lambda a, b, c: (72.0 - a - 2.0 * b - 2.0 * c,),
    ),
    37: Problem(
        _minus_product,
        (10.0, 10.0, 10.0),
        (24.0, 12.0, 12.0),
        bounds=((0.0, 42.0),) * 3,
        least_zero=lambda a, b, c: (72.0 - a - 2.0 * b - 2.0 * c, a + 2.0 * b + 2.0 * c),
    ),
    38: Problem(
        lambda a, b, c, d: (
            100.0 * (b - a * a) ** 2
            + (1.0 - a) ** 2
            + 90.0 * (d - c * c) ** 2
            + (1.0 - c) ** 2
            + 10.1 * ((b - 1.0) ** 2 + (d - 1.0) ** 2)
            + 19.8 * (b - 1.0) * (d - 1.0)
        ),
        (-3.0, -1.0, -3.0, -1.0),
        (1.0, 1.0, 1.0, 1.0),
        bounds=((-10.0, 10.0),) * 4,
    ),
    39: Problem(
        lambda a, b, c, d: -a,
        (2.0, 2.0, 2.0, 2.0),
        (1.0, 1.0, 0.0, 0.0),
        equal=lambda a, b, c, d: (b - a**3 - c * c, a * a - b - d * d),
    ),
    40: Problem(
        _minus_product,
        (0.8, 0.8, 0.8, 0.8),
        (2.0 ** (-1 / 3), 2.0 ** (-1 / 2), 2.0 ** (-11 / 12), 2.0 ** (-1 / 4)),
        equal=lambda a, b, c, d: (a**3 + b * b - 1.0, a * a * d - c, d * d - b),
    ),
    41: Problem(
        lambda a, b, c, d: 2.0 - a * b * c,
        (2.0, 2.0, 2.0, 2.0),
        (2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 2.0),
        bounds=((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 2.0)),
        equal=lambda a, b, c, d: (a + 2.0 * b + 2.0 * c - d,),
    ),
    42: Problem(
        lambda a, b, c, d: (a - 1.0) ** 2 + (b - 2.0) ** 2 + (c - 3.0) ** 2 + (d - 4.0) ** 2,
        (1.0, 1.0, 1.0, 1.0),
        (2.0, 2.0, 0.6 * _S2, 0.8 * _S2),
        equal=lambda a, b, c, d: (a - 2.0, c * c + d * d - 2.0),
    ),
    43: Problem(
        lambda a, b, c, d: a * a + b * b + 2.0 * c * c + d * d - 5.0 * a - 5.0 * b - 21.0 * c + 7.0 * d,
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, 2.0, -1.0),
        least_zero=lambda a, b, c, d: (
            8.0 - a * a - b * b - c * c - d * d - a + b - c + d,
            10.0 - a * a - 2.0 * b * b - c * c - 2.0 * d * d + a + d,
            5.0 - 2.0 * a * a - b * b - c * c - 2.0 * a + b + d,
        ),
    ),
    44: Problem(
        lambda a, b, c, d: a - b - c - a * c + a * d + b * c - b * d,
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 3.0, 0.0, 4.0),
        bounds=((0.0, INF),) * 4,
        least_zero=lambda a, b, c, d: (
            8.0 - a - 2.0 * b,
            12.0 - 4.0 * a - b,
            12.0 - 3.0 * a - 4.0 * b,
            8.0 - 2.0 * c - d,
            8.0 - c - 2.0 * d,
            5.0 - c - d,
        ),
    ),
    60: Problem(
        lambda a, b, c: (a - 1.0) ** 2 + (a - b) ** 2 + (b - c) ** 4,
        (2.0, 2.0, 2.0),
        (1.1048590197333166, 1.1966741822882572, 1.5352622603253263),
        bounds=((-10.0, 10.0),) * 3,
        equal=lambda a, b, c: (a * (1.0 + b * b) + c**4 - 4.0 - 3.0 * _S2,),
    ),
    63: Problem(
        lambda a, b, c: 1000.0 - a * a - 2.0 * b * b - c * c - a * b - a * c,
        (2.0, 2.0, 2.0),
        (3.51212134187472, 0.21698794151522302, 3.552171154827017),
        bounds=((0.0, INF),) * 3,
        equal=lambda a, b, c: (8.0 * a + 14.0 * b + 7.0 * c - 56.0, a * a + b * b + c * c - 25.0),
    ),
    64: Problem(
        lambda a, b, c: 5.0 * a + 5e4 / a + 20.0 * b + 7.2e4 / b + 10.0 * c + 1.44e5 / c,
        (1.0, 1.0, 1.0),
        (108.73470491089891, 85.12621279089379, 204.32459661260552),
        bounds=((1e-5, INF),) * 3,
        least_zero=lambda a, b, c: (1.0 - 4.0 / a - 32.0 / b - 120.0 / c,),
    ),
    65: Problem(
        lambda a, b, c: (a - b) ** 2 + (a + b - 10.0) ** 2 / 9.0 + (c - 5.0) ** 2,
        (-5.0, 5.0, 0.0),
        (3.6504617252130362, 3.6504617252130362, 4.620417555320008),
        bounds=((-4.5, 4.5), (-4.5, 4.5), (-5.0, 5.0)),
        least_zero=lambda a, b, c: (48.0 - a * a - b * b - c * c,),
    ),
    66: Problem(
        lambda a, b, c: 0.2 * c - 0.8 * a,
        (0.0, 1.05, 2.9),
        (0.18412648792284778, 1.202167873197043, 3.3273223225990955),
        bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
        least_zero=lambda a, b, c: (b - np.exp(a), c - np.exp(b)),
    ),
    71: Problem(
        lambda a, b, c, d: a * d * (a + b + c) + c,
        (1.0, 5.0, 5.0, 1.0),
        (1.0, 4.742999637264417, 3.8211499841848737, 1.3794082931726723),
        bounds=((1.0, 5.0),) * 4,
        equal=lambda a, b, c, d: (a * a + b * b + c * c + d * d - 40.0,),
        least_zero=lambda a, b, c, d: (a * b * c * d - 25.0,),
    ),
    72: Problem(
        lambda a, b, c, d: 1.0 + a + b + c + d,
        (1.0, 1.0, 1.0, 1.0),
        (193.40742727194635, 179.54707603227456, 185.01806335815152, 168.7067911272406),
        bounds=((1e-3, 4e5), (1e-3, 3e5), (1e-3, 2e5), (1e-3, 1e5)),
        least_zero=lambda a, b, c, d: (
            0.0401 - 4.0 / a - 2.25 / b - 1.0 / c - 0.25 / d,
            0.010085 - 0.16 / a - 0.36 / b - 0.64 / c - 0.64 / d,
        ),
    ),
    73: Problem(
        lambda a, b, c, d: 24.55 * a + 26.75 * b + 39.0 * c + 40.5 * d,
        (1.0, 1.0, 1.0, 1.0),
        (0.6355215686350697, 0.0, 0.3127018807515235, 0.05177655061340683),
        bounds=((0.0, INF),) * 4,
        equal=lambda a, b, c, d: (a + b + c + d - 1.0,),
        least_zero=lambda a, b, c, d: (
            2.3 * a + 5.6 * b + 11.1 * c + 1.3 * d - 5.0,
            12.0 * a
            + 11.9 * b
            + 41.8 * c
            + 52.1 * d
            - 21.0
            - 1.645 * np.sqrt(0.28 * a * a + 0.19 * b * b + 20.5 * c * c + 0.62 * d * d),
        ),
    ),
    76: Problem(
        lambda a, b, c, d: a * a + 0.5 * b * b + c * c + 0.5 * d * d - a * c + c * d - a - 3.0 * b + c - d,
        (0.5, 0.5, 0.5, 0.5),
        (3.0 / 11.0, 23.0 / 11.0, 0.0, 6.0 / 11.0),
        bounds=((0.0, INF),) * 4,
        least_zero=lambda a, b, c, d: (
            5.0 - a - 2.0 * b - c - d,
            4.0 - 3.0 * a - b - 2.0 * c + d,
            b + 4.0 * c - 1.5,
        ),
    ),
}
