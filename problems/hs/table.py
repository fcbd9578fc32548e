"""The problems of Hock & Schittkowski 1981 by their numbers: f, start, best point, bounds, limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.hs.problem import Problem

__all__ = ["TABLE"]

INF = float("inf")
FREE = (-INF, INF)
_S2, _S3, _S7 = (float(np.sqrt(number)) for number in (2.0, 3.0, 7.0))
_A2 = float(np.sqrt(598.0 / 1200.0))  # of problem 2
_B2 = 400.0 * _A2**3
_LN = float(np.log(10.0))
_BOX_80 = ((-2.3, 2.3), (-2.3, 2.3), (-3.2, 3.2), (-3.2, 3.2), (-3.2, 3.2))


def _banana(a: Any, b: Any) -> Any:
    return 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2


def _minus_product(*x: Any) -> Any:
    total = -x[0]
    for one in x[1:]:
        total = total * one
    return total


def _quadric_and_product(a: Any, b: Any, c: Any, d: Any, e: Any) -> tuple[Any, ...]:
    """The equalities of problems 78, 80 and 81."""
    return a * a + b * b + c * c + d * d + e * e - 10.0, b * c - 5.0 * d * e, a**3 + b**3 + 1.0


# fmt: off
TABLE: dict[int, Problem] = {
    1: Problem(_banana, (-2.0, 1.0), (1.0, 1.0), bounds=(FREE, (-1.5, INF))),
    2: Problem(_banana, (-2.0, 1.0), (2.0 * _A2 * float(np.cos(np.arccos(1.0 / _B2) / 3.0)), 1.5),
        bounds=(FREE, (1.5, INF))),
    3: Problem(lambda a, b: b + 1e-5 * (b - a) ** 2, (10.0, 1.0), (0.0, 0.0), bounds=(FREE, (0.0, INF))),
    4: Problem(lambda a, b: (a + 1.0) ** 3 / 3.0 + b, (1.125, 0.125), (1.0, 0.0), bounds=((1.0, INF), (0.0, INF))),
    5: Problem(lambda a, b: np.sin(a + b) + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1.0, (0.0, 0.0),
        (0.5 - np.pi / 3.0, -0.5 - np.pi / 3.0), bounds=((-1.5, 4.0), (-3.0, 3.0))),
    6: Problem(lambda a, b: (1.0 - a) ** 2, (-1.2, 1.0), (1.0, 1.0), equal=lambda a, b: (10.0 * (b - a * a),)),
    7: Problem(lambda a, b: np.log(1.0 + a * a) - b, (2.0, 2.0), (0.0, _S3),
        equal=lambda a, b: ((1.0 + a * a) ** 2 + b * b - 4.0,)),
    9: Problem(lambda a, b: np.sin(np.pi * a / 12.0) * np.cos(np.pi * b / 16.0), (0.0, 0.0), (-3.0, -4.0),
        equal=lambda a, b: (4.0 * a - 3.0 * b,)),
    10: Problem(lambda a, b: a - b, (-10.0, 10.0), (0.0, 1.0),
        least_zero=lambda a, b: (-3.0 * a * a + 2.0 * a * b - b * b + 1.0,)),
    11: Problem(lambda a, b: (a - 5.0) ** 2 + b * b - 25.0, (4.9, 0.1), (1.234772825053297, 1.5246639294900999),
        least_zero=lambda a, b: (b - a * a,)),
    12: Problem(lambda a, b: 0.5 * a * a + b * b - a * b - 7.0 * a - 7.0 * b, (0.0, 0.0), (2.0, 3.0),
        least_zero=lambda a, b: (25.0 - 4.0 * a * a - b * b,)),
    13: Problem(lambda a, b: (a - 2.0) ** 2 + b * b, (-2.0, -2.0), (1.0, 0.0), bounds=((0.0, INF), (0.0, INF)),
        least_zero=lambda a, b: ((1.0 - a) ** 3 - b,)),
    14: Problem(lambda a, b: (a - 2.0) ** 2 + (b - 1.0) ** 2, (2.0, 2.0), (0.5 * (_S7 - 1.0), 0.25 * (_S7 + 1.0)),
        equal=lambda a, b: (a - 2.0 * b + 1.0,),
        least_zero=lambda a, b: (1.0 - 0.25 * a * a - b * b,)),
    15: Problem(_banana, (-2.0, 1.0), (0.5, 2.0), bounds=((-INF, 0.5), FREE),
        least_zero=lambda a, b: (a * b - 1.0, a + b * b)),
    16: Problem(_banana, (-2.0, 1.0), (0.5, 0.25), bounds=((-0.5, 0.5), (-INF, 1.0)),
        least_zero=lambda a, b: (a + b * b, a * a + b)),
    17: Problem(_banana, (-2.0, 1.0), (0.0, 0.0), bounds=((-0.5, 0.5), (-INF, 1.0)),
        least_zero=lambda a, b: (b * b - a, a * a - b)),
    18: Problem(lambda a, b: 0.01 * a * a + b * b, (2.0, 2.0), (float(np.sqrt(250.0)), float(np.sqrt(2.5))),
        bounds=((2.0, 50.0), (0.0, 50.0)),
        least_zero=lambda a, b: (a * b - 25.0, a * a + b * b - 25.0)),
    19: Problem(lambda a, b: (a - 10.0) ** 3 + (b - 20.0) ** 3, (20.1, 5.84), (14.094999999999997, 0.842960789215471),
        bounds=((13.0, 100.0), (0.0, 100.0)),
        least_zero=lambda a, b: ((a - 5.0) ** 2 + (b - 5.0) ** 2 - 100.0, 82.81 - (b - 5.0) ** 2 - (a - 6.0) ** 2)),
    20: Problem(_banana, (-2.0, 1.0), (0.5, 0.5 * _S3), bounds=((-0.5, 0.5), FREE),
        least_zero=lambda a, b: (a + b * b, a * a + b, a * a + b * b - 1.0)),
    21: Problem(lambda a, b: 0.01 * a * a + b * b - 100.0, (-1.0, -1.0), (2.0, 0.0),
        bounds=((2.0, 50.0), (-50.0, 50.0)),
        least_zero=lambda a, b: (10.0 * a - b - 10.0,)),
    22: Problem(lambda a, b: (a - 2.0) ** 2 + (b - 1.0) ** 2, (2.0, 2.0), (1.0, 1.0),
        least_zero=lambda a, b: (2.0 - a - b, b - a * a)),
    23: Problem(lambda a, b: a * a + b * b, (3.0, 1.0), (1.0, 1.0), bounds=((-50.0, 50.0),) * 2,
        least_zero=lambda a, b: (a + b - 1.0, a * a + b * b - 1.0, 9.0 * a * a + b * b - 9.0, a * a - b, b * b - a)),
    24: Problem(lambda a, b: ((a - 3.0) ** 2 - 9.0) * b**3 / (27.0 * _S3), (1.0, 0.5), (3.0, _S3),
        bounds=((0.0, INF),) * 2,
        least_zero=lambda a, b: (a / _S3 - b, a + _S3 * b, 6.0 - a - _S3 * b)),
    26: Problem(lambda a, b, c: (a - b) ** 2 + (b - c) ** 4, (-2.6, 2.0, 2.0), (1.0, 1.0, 1.0),
        equal=lambda a, b, c: ((1.0 + b * b) * a + c**4 - 3.0,)),
    27: Problem(lambda a, b, c: 0.01 * (a - 1.0) ** 2 + (b - a * a) ** 2, (2.0, 2.0, 2.0), (-1.0, 1.0, 0.0),
        equal=lambda a, b, c: (a + c * c + 1.0,)),
    28: Problem(lambda a, b, c: (a + b) ** 2 + (b + c) ** 2, (-4.0, 1.0, 1.0), (0.5, -0.5, 0.5),
        equal=lambda a, b, c: (a + 2.0 * b + 3.0 * c - 1.0,)),
    29: Problem(_minus_product, (1.0, 1.0, 1.0), (4.0, 2.0 * _S2, 2.0),
        least_zero=lambda a, b, c: (48.0 - a * a - 2.0 * b * b - 4.0 * c * c,)),
    30: Problem(lambda a, b, c: a * a + b * b + c * c, (1.0, 1.0, 1.0), (1.0, 0.0, 0.0),
        bounds=((1.0, 10.0), (-10.0, 10.0), (-10.0, 10.0)),
        least_zero=lambda a, b, c: (a * a + b * b - 1.0,)),
    31: Problem(lambda a, b, c: 9.0 * a * a + b * b + 9.0 * c * c, (1.0, 1.0, 1.0), (1.0 / _S3, _S3, 0.0),
        bounds=((-10.0, 10.0), (1.0, 10.0), (-10.0, 1.0)),
        least_zero=lambda a, b, c: (a * b - 1.0,)),
    32: Problem(lambda a, b, c: (a + 3.0 * b + c) ** 2 + 4.0 * (a - b) ** 2, (0.1, 0.7, 0.2), (0.0, 0.0, 1.0),
        bounds=((0.0, INF),) * 3,
        equal=lambda a, b, c: (1.0 - a - b - c,),
        least_zero=lambda a, b, c: (6.0 * b + 4.0 * c - a**3 - 3.0,)),
    33: Problem(lambda a, b, c: (a - 1.0) * (a - 2.0) * (a - 3.0) + c, (0.0, 0.0, 3.0), (0.0, _S2, _S2),
        bounds=((0.0, INF), (0.0, INF), (0.0, 5.0)),
        least_zero=lambda a, b, c: (c * c - b * b - a * a, a * a + b * b + c * c - 4.0)),
    34: Problem(lambda a, b, c: -a, (0.0, 1.05, 2.9), (float(np.log(_LN)), _LN, 10.0),
        bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
        least_zero=lambda a, b, c: (b - np.exp(a), c - np.exp(b))),
    35: Problem(lambda a, b, c: 9.0 - 8.0 * a - 6.0 * b - 4.0 * c + 2.0 * a * a + 2.0 * b * b + c * c + 2.0 * a * b
            + 2.0 * a * c, (0.5, 0.5, 0.5), (4.0 / 3.0, 7.0 / 9.0, 4.0 / 9.0), bounds=((0.0, INF),) * 3,
        least_zero=lambda a, b, c: (3.0 - a - b - 2.0 * c,)),
    36: Problem(_minus_product, (10.0, 10.0, 10.0), (20.0, 11.0, 15.0), bounds=((0.0, 20.0), (0.0, 11.0), (0.0, 42.0)),
        least_zero=lambda a, b, c: (72.0 - a - 2.0 * b - 2.0 * c,)),
    37: Problem(_minus_product, (10.0, 10.0, 10.0), (24.0, 12.0, 12.0), bounds=((0.0, 42.0),) * 3,
        least_zero=lambda a, b, c: (72.0 - a - 2.0 * b - 2.0 * c, a + 2.0 * b + 2.0 * c)),
    38: Problem(lambda a, b, c, d: 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 + 90.0 * (d - c * c) ** 2 + (1.0 - c) ** 2
            + 10.1 * ((b - 1.0) ** 2 + (d - 1.0) ** 2) + 19.8 * (b - 1.0) * (d - 1.0), (-3.0, -1.0, -3.0, -1.0),
        (1.0, 1.0, 1.0, 1.0), bounds=((-10.0, 10.0),) * 4),
    39: Problem(lambda a, b, c, d: -a, (2.0, 2.0, 2.0, 2.0), (1.0, 1.0, 0.0, 0.0),
        equal=lambda a, b, c, d: (b - a**3 - c * c, a * a - b - d * d)),
    40: Problem(_minus_product, (0.8, 0.8, 0.8, 0.8),
        (2.0 ** (-1 / 3), 2.0 ** (-1 / 2), 2.0 ** (-11 / 12), 2.0 ** (-1 / 4)),
        equal=lambda a, b, c, d: (a**3 + b * b - 1.0, a * a * d - c, d * d - b)),
    41: Problem(lambda a, b, c, d: 2.0 - a * b * c, (2.0, 2.0, 2.0, 2.0), (2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 2.0),
        bounds=((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 2.0)),
        equal=lambda a, b, c, d: (a + 2.0 * b + 2.0 * c - d,)),
    42: Problem(lambda a, b, c, d: (a - 1.0) ** 2 + (b - 2.0) ** 2 + (c - 3.0) ** 2 + (d - 4.0) ** 2,
        (1.0, 1.0, 1.0, 1.0), (2.0, 2.0, 0.6 * _S2, 0.8 * _S2),
        equal=lambda a, b, c, d: (a - 2.0, c * c + d * d - 2.0)),
    43: Problem(lambda a, b, c, d: a * a + b * b + 2.0 * c * c + d * d - 5.0 * a - 5.0 * b - 21.0 * c + 7.0 * d,
        (0.0, 0.0, 0.0, 0.0), (0.0, 1.0, 2.0, -1.0),
        least_zero=lambda a, b, c, d: (8.0 - a * a - b * b - c * c - d * d - a + b - c + d,
            10.0 - a * a - 2.0 * b * b - c * c - 2.0 * d * d + a + d,
            5.0 - 2.0 * a * a - b * b - c * c - 2.0 * a + b + d)),
    44: Problem(lambda a, b, c, d: a - b - c - a * c + a * d + b * c - b * d, (0.0, 0.0, 0.0, 0.0),
        (0.0, 3.0, 0.0, 4.0), bounds=((0.0, INF),) * 4,
        least_zero=lambda a, b, c, d: (8.0 - a - 2.0 * b, 12.0 - 4.0 * a - b, 12.0 - 3.0 * a - 4.0 * b,
            8.0 - 2.0 * c - d, 8.0 - c - 2.0 * d, 5.0 - c - d)),
    45: Problem(lambda a, b, c, d, e: 2.0 - a * b * c * d * e / 120.0, (2.0,) * 5, (1.0, 2.0, 3.0, 4.0, 5.0),
        bounds=tuple((0.0, float(i)) for i in range(1, 6))),
    46: Problem(lambda a, b, c, d, e: (a - b) ** 2 + (c - 1.0) ** 2 + (d - 1.0) ** 4 + (e - 1.0) ** 6,
        (0.5 * _S2, 1.75, 0.5, 2.0, 2.0), (1.0,) * 5,
        equal=lambda a, b, c, d, e: (a * a * d + np.sin(d - e) - 1.0, b + c**4 * d * d - 2.0)),
    48: Problem(lambda a, b, c, d, e: (a - 1.0) ** 2 + (b - c) ** 2 + (d - e) ** 2, (3.0, 5.0, -3.0, 2.0, -2.0),
        (1.0,) * 5,
        equal=lambda a, b, c, d, e: (a + b + c + d + e - 5.0, c - 2.0 * (d + e) + 3.0)),
    49: Problem(lambda a, b, c, d, e: (a - b) ** 2 + (c - 1.0) ** 2 + (d - 1.0) ** 4 + (e - 1.0) ** 6,
        (10.0, 7.0, 2.0, -3.0, 0.8), (1.0,) * 5,
        equal=lambda a, b, c, d, e: (a + b + c + 4.0 * d - 7.0, c + 5.0 * e - 6.0)),
    60: Problem(lambda a, b, c: (a - 1.0) ** 2 + (a - b) ** 2 + (b - c) ** 4, (2.0, 2.0, 2.0),
        (1.1048590197333166, 1.1966741822882572, 1.5352622603253263), bounds=((-10.0, 10.0),) * 3,
        equal=lambda a, b, c: (a * (1.0 + b * b) + c**4 - 4.0 - 3.0 * _S2,)),
    63: Problem(lambda a, b, c: 1000.0 - a * a - 2.0 * b * b - c * c - a * b - a * c, (2.0, 2.0, 2.0),
        (3.51212134187472, 0.21698794151522302, 3.552171154827017), bounds=((0.0, INF),) * 3,
        equal=lambda a, b, c: (8.0 * a + 14.0 * b + 7.0 * c - 56.0, a * a + b * b + c * c - 25.0)),
    64: Problem(lambda a, b, c: 5.0 * a + 5e4 / a + 20.0 * b + 7.2e4 / b + 10.0 * c + 1.44e5 / c, (1.0, 1.0, 1.0),
        (108.73470491089891, 85.12621279089379, 204.32459661260552), bounds=((1e-5, INF),) * 3,
        least_zero=lambda a, b, c: (1.0 - 4.0 / a - 32.0 / b - 120.0 / c,)),
    65: Problem(lambda a, b, c: (a - b) ** 2 + (a + b - 10.0) ** 2 / 9.0 + (c - 5.0) ** 2, (-5.0, 5.0, 0.0),
        (3.6504617252130362, 3.6504617252130362, 4.620417555320008), bounds=((-4.5, 4.5), (-4.5, 4.5), (-5.0, 5.0)),
        least_zero=lambda a, b, c: (48.0 - a * a - b * b - c * c,)),
    66: Problem(lambda a, b, c: 0.2 * c - 0.8 * a, (0.0, 1.05, 2.9),
        (0.18412648792284778, 1.202167873197043, 3.3273223225990955), bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
        least_zero=lambda a, b, c: (b - np.exp(a), c - np.exp(b))),
    71: Problem(lambda a, b, c, d: a * d * (a + b + c) + c, (1.0, 5.0, 5.0, 1.0),
        (1.0, 4.742999637264417, 3.8211499841848737, 1.3794082931726723), bounds=((1.0, 5.0),) * 4,
        equal=lambda a, b, c, d: (a * a + b * b + c * c + d * d - 40.0,),
        least_zero=lambda a, b, c, d: (a * b * c * d - 25.0,)),
    72: Problem(lambda a, b, c, d: 1.0 + a + b + c + d, (1.0, 1.0, 1.0, 1.0),
        (193.40742727194635, 179.54707603227456, 185.01806335815152, 168.7067911272406),
        bounds=((1e-3, 4e5), (1e-3, 3e5), (1e-3, 2e5), (1e-3, 1e5)),
        least_zero=lambda a, b, c, d: (0.0401 - 4.0 / a - 2.25 / b - 1.0 / c - 0.25 / d,
            0.010085 - 0.16 / a - 0.36 / b - 0.64 / c - 0.64 / d)),
    73: Problem(lambda a, b, c, d: 24.55 * a + 26.75 * b + 39.0 * c + 40.5 * d, (1.0, 1.0, 1.0, 1.0),
        (0.6355215686350697, 0.0, 0.3127018807515235, 0.05177655061340683), bounds=((0.0, INF),) * 4,
        equal=lambda a, b, c, d: (a + b + c + d - 1.0,),
        least_zero=lambda a, b, c, d: (2.3 * a + 5.6 * b + 11.1 * c + 1.3 * d - 5.0,
            12.0 * a + 11.9 * b + 41.8 * c + 52.1 * d - 21.0
                - 1.645 * np.sqrt(0.28 * a * a + 0.19 * b * b + 20.5 * c * c + 0.62 * d * d))),
    76: Problem(lambda a, b, c, d: a * a + 0.5 * b * b + c * c + 0.5 * d * d - a * c + c * d - a - 3.0 * b + c - d,
        (0.5, 0.5, 0.5, 0.5), (3.0 / 11.0, 23.0 / 11.0, 0.0, 6.0 / 11.0), bounds=((0.0, INF),) * 4,
        least_zero=lambda a, b, c, d: (5.0 - a - 2.0 * b - c - d, 4.0 - 3.0 * a - b - 2.0 * c + d, b + 4.0 * c - 1.5)),
    77: Problem(lambda a, b, c, d, e: (a - 1.0) ** 2 + (a - b) ** 2 + (c - 1.0) ** 2 + (d - 1.0) ** 4 + (e - 1.0) ** 6,
        (2.0,) * 5,
        (1.1661721897092985, 1.1821113888027044, 1.3802570431454597, 1.5060362736230457, 0.6109201960430908),
        equal=lambda a, b, c, d, e: (a * a * d + np.sin(d - e) - 2.0 * _S2, b + c**4 * d * d - 8.0 - _S2)),
    78: Problem(lambda a, b, c, d, e: a * b * c * d * e, (-2.0, 1.5, 2.0, -1.0, -1.0),
        (-1.7171435703943823, 1.5957096901835544, 1.8272457529271946, -0.7636430781841304, -0.7636430781841305),
        equal=_quadric_and_product),
    79: Problem(lambda a, b, c, d, e: (a - 1.0) ** 2 + (a - b) ** 2 + (b - c) ** 2 + (c - d) ** 4 + (d - e) ** 4,
        (2.0,) * 5,
        (1.1911274563110514, 1.3626031649617423, 1.4728179315120877, 1.6350166191679933, 1.6790814361664073),
        equal=lambda a, b, c, d, e: (a + b * b + c**3 - 2.0 - 3.0 * _S2, b - c * c + d + 2.0 - 2.0 * _S2, a * e - 2.0)),
    80: Problem(lambda a, b, c, d, e: np.exp(a * b * c * d * e), (-2.0, 2.0, 2.0, -1.0, -1.0),
        (-1.717143570394382, 1.5957096901835544, 1.8272457529271946, -0.7636430781841304, -0.7636430781841304),
        bounds=_BOX_80,
        equal=_quadric_and_product),
    81: Problem(lambda a, b, c, d, e: np.exp(a * b * c * d * e) - 0.5 * (a**3 + b**3 + 1.0) ** 2,
        (-2.0, 2.0, 2.0, -1.0, -1.0),
        (-1.7171435703943823, 1.5957096901835544, 1.8272457529271946, -0.7636430781841304, -0.7636430781841305),
        bounds=_BOX_80,
        equal=_quadric_and_product),
    93: Problem(lambda a, b, c, d, e, f: 0.0204 * a * d * (a + b + c) + 0.0187 * b * c * (a + 1.57 * b + d)
            + 0.0607 * a * d * e * e * (a + b + c) + 0.0437 * b * c * f * f * (a + 1.57 * b + d),
        (5.54, 4.4, 12.02, 11.82, 0.702, 0.852),
        (5.33266633552881, 4.656744059172021, 10.432991940468266, 12.082306340063704, 0.7526074362238323,
            0.8786508746591396), bounds=((0.0, INF),) * 6,
        least_zero=lambda a, b, c, d, e, f: (0.001 * a * b * c * d * e * f - 2.07,
            1.0 - 0.00062 * a * d * e * e * (a + b + c) - 0.00058 * b * c * f * f * (a + 1.57 * b + d))),
    100: Problem(lambda a, b, c, d, e, f, g: (a - 10.0) ** 2 + 5.0 * (b - 12.0) ** 2 + c**4 + 3.0 * (d - 11.0) ** 2
            + 10.0 * e**6 + 7.0 * f * f + g**4 - 4.0 * f * g - 10.0 * f - 8.0 * g, (1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0),
        (2.33049937287957, 1.951372372896889, -0.47754139238887167, 4.36572623365581, -0.6244869705268175,
            1.0381310186079582, 1.5942267116118685),
        least_zero=lambda a, b, c, d, e, f, g: (127.0 - 2.0 * a * a - 3.0 * b**4 - c - 4.0 * d * d - 5.0 * e,
            282.0 - 7.0 * a - 3.0 * b - 10.0 * c * c - d + e, 196.0 - 23.0 * a - b * b - 6.0 * f * f + 8.0 * g,
            -4.0 * a * a - b * b + 3.0 * a * b - 2.0 * c * c - 5.0 * f + 11.0 * g)),
    106: Problem(lambda a, b, c, d, e, f, g, h: a + b + c, (5000.0, 5000.0, 5000.0, 200.0, 350.0, 150.0, 225.0, 425.0),
        (579.3066844253551, 1359.9706680516554, 5109.970668051654, 182.0176995811199, 295.6011732779338,
            217.9823004188801, 286.4165263031861, 395.6011732779338),
        bounds=((100.0, 1e4), (1e3, 1e4), (1e3, 1e4), *((10.0, 1e3),) * 5),
        least_zero=lambda a, b, c, d, e, f, g, h: (1.0 - 0.0025 * (d + f), 1.0 - 0.0025 * (e + g - d),
            1.0 - 0.01 * (h - e), a * f - 833.33252 * d - 100.0 * a + 83333.333,
            b * g - 1250.0 * e - b * d + 1250.0 * d, c * h - 1.25e6 - c * e + 2500.0 * e)),
    113: Problem(lambda a, b, c, d, e, f, g, h, i, j: a * a + b * b + a * b - 14.0 * a - 16.0 * b + (c - 10.0) ** 2
            + 4.0 * (d - 5.0) ** 2 + (e - 3.0) ** 2 + 2.0 * (f - 1.0) ** 2 + 5.0 * g * g + 7.0 * (h - 11.0) ** 2
            + 2.0 * (i - 10.0) ** 2 + (j - 7.0) ** 2 + 45.0, (2.0, 3.0, 5.0, 5.0, 1.0, 2.0, 7.0, 3.0, 6.0, 10.0),
        (2.1719963712554553, 2.3636829736972804, 8.77392573847685, 5.095984487948453, 0.9906547649638593,
            1.4305739789363159, 1.3216442081617028, 9.828725807886322, 8.280091670098345, 8.375926663921323),
        least_zero=lambda a, b, c, d, e, f, g, h, i, j: (105.0 - 4.0 * a - 5.0 * b + 3.0 * g - 9.0 * h,
            -10.0 * a + 8.0 * b + 17.0 * g - 2.0 * h, 8.0 * a - 2.0 * b - 5.0 * i + 2.0 * j + 12.0,
            -3.0 * (a - 2.0) ** 2 - 4.0 * (b - 3.0) ** 2 - 2.0 * c * c + 7.0 * d + 120.0,
            -5.0 * a * a - 8.0 * b - (c - 6.0) ** 2 + 2.0 * d + 40.0,
            -0.5 * (a - 8.0) ** 2 - 2.0 * (b - 4.0) ** 2 - 3.0 * e * e + f + 30.0,
            -a * a - 2.0 * (b - 2.0) ** 2 + 2.0 * a * b - 14.0 * e + 6.0 * f,
            3.0 * a - 6.0 * b - 12.0 * (i - 8.0) ** 2 + 7.0 * j)),
}
# fmt: on
