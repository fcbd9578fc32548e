"""Problems of two variables, by the numbers of Hock & Schittkowski 1981."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.hs.problem import INF, Problem

__all__ = ["TABLE"]

FREE = (-INF, INF)
_S3, _S7 = float(np.sqrt(3.0)), float(np.sqrt(7.0))
_A2 = float(np.sqrt(598.0 / 1200.0))  # of problem 2
_B2 = 400.0 * _A2**3


def _banana(a: Any, b: Any) -> Any:
    return 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2


TABLE = {
    1: Problem(_banana, (-2.0, 1.0), (1.0, 1.0), bounds=(FREE, (-1.5, INF))),
    2: Problem(
        _banana,
        (-2.0, 1.0),
        (2.0 * _A2 * float(np.cos(np.arccos(1.0 / _B2) / 3.0)), 1.5),
        bounds=(FREE, (1.5, INF)),
    ),
    3: Problem(lambda a, b: b + 1e-5 * (b - a) ** 2, (10.0, 1.0), (0.0, 0.0), bounds=(FREE, (0.0, INF))),
    4: Problem(lambda a, b: (a + 1.0) ** 3 / 3.0 + b, (1.125, 0.125), (1.0, 0.0), bounds=((1.0, INF), (0.0, INF))),
    5: Problem(
        lambda a, b: np.sin(a + b) + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1.0,
        (0.0, 0.0),
        (0.5 - np.pi / 3.0, -0.5 - np.pi / 3.0),
        bounds=((-1.5, 4.0), (-3.0, 3.0)),
    ),
    6: Problem(lambda a, b: (1.0 - a) ** 2, (-1.2, 1.0), (1.0, 1.0), equal=lambda a, b: (10.0 * (b - a * a),)),
    7: Problem(
        lambda a, b: np.log(1.0 + a * a) - b,
        (2.0, 2.0),
        (0.0, _S3),
        equal=lambda a, b: ((1.0 + a * a) ** 2 + b * b - 4.0,),
    ),
    9: Problem(
        lambda a, b: np.sin(np.pi * a / 12.0) * np.cos(np.pi * b / 16.0),
        (0.0, 0.0),
        (-3.0, -4.0),
        equal=lambda a, b: (4.0 * a - 3.0 * b,),
    ),
    10: Problem(
        lambda a, b: a - b,
        (-10.0, 10.0),
        (0.0, 1.0),
        least_zero=lambda a, b: (-3.0 * a * a + 2.0 * a * b - b * b + 1.0,),
    ),
    11: Problem(
        lambda a, b: (a - 5.0) ** 2 + b * b - 25.0,
        (4.9, 0.1),
        (1.234772825053297, 1.5246639294900999),
        least_zero=lambda a, b: (b - a * a,),
    ),
    12: Problem(
        lambda a, b: 0.5 * a * a + b * b - a * b - 7.0 * a - 7.0 * b,
        (0.0, 0.0),
        (2.0, 3.0),
        least_zero=lambda a, b: (25.0 - 4.0 * a * a - b * b,),
    ),
    13: Problem(
        lambda a, b: (a - 2.0) ** 2 + b * b,
        (-2.0, -2.0),
        (1.0, 0.0),
        bounds=((0.0, INF), (0.0, INF)),
        least_zero=lambda a, b: ((1.0 - a) ** 3 - b,),
    ),
    14: Problem(
        lambda a, b: (a - 2.0) ** 2 + (b - 1.0) ** 2,
        (2.0, 2.0),
        (0.5 * (_S7 - 1.0), 0.25 * (_S7 + 1.0)),
        equal=lambda a, b: (a - 2.0 * b + 1.0,),
        least_zero=lambda a, b: (1.0 - 0.25 * a * a - b * b,),
    ),
    15: Problem(
        _banana,
        (-2.0, 1.0),
        (0.5, 2.0),
        bounds=((-INF, 0.5), FREE),
        least_zero=lambda a, b: (a * b - 1.0, a + b * b),
    ),
    16: Problem(
        _banana,
        (-2.0, 1.0),
        (0.5, 0.25),
        bounds=((-0.5, 0.5), (-INF, 1.0)),
        least_zero=lambda a, b: (a + b * b, a * a + b),
    ),
    17: Problem(
        _banana,
        (-2.0, 1.0),
        (0.0, 0.0),
        bounds=((-0.5, 0.5), (-INF, 1.0)),
        least_zero=lambda a, b: (b * b - a, a * a - b),
    ),
    18: Problem(
        lambda a, b: 0.01 * a * a + b * b,
        (2.0, 2.0),
        (float(np.sqrt(250.0)), float(np.sqrt(2.5))),
        bounds=((2.0, 50.0), (0.0, 50.0)),
        least_zero=lambda a, b: (a * b - 25.0, a * a + b * b - 25.0),
    ),
    19: Problem(
        lambda a, b: (a - 10.0) ** 3 + (b - 20.0) ** 3,
        (20.1, 5.84),
        (14.094999999999997, 0.842960789215471),
        bounds=((13.0, 100.0), (0.0, 100.0)),
        least_zero=lambda a, b: (
            (a - 5.0) ** 2 + (b - 5.0) ** 2 - 100.0,
            82.81 - (b - 5.0) ** 2 - (a - 6.0) ** 2,
        ),
    ),
    20: Problem(
        _banana,
        (-2.0, 1.0),
        (0.5, 0.5 * _S3),
        bounds=((-0.5, 0.5), FREE),
        least_zero=lambda a, b: (a + b * b, a * a + b, a * a + b * b - 1.0),
    ),
    21: Problem(
        lambda a, b: 0.01 * a * a + b * b - 100.0,
        (-1.0, -1.0),
        (2.0, 0.0),
        bounds=((2.0, 50.0), (-50.0, 50.0)),
        least_zero=lambda a, b: (10.0 * a - b - 10.0,),
    ),
    22: Problem(
        lambda a, b: (a - 2.0) ** 2 + (b - 1.0) ** 2,
        (2.0, 2.0),
        (1.0, 1.0),
        least_zero=lambda a, b: (2.0 - a - b, b - a * a),
    ),
    23: Problem(
        lambda a, b: a * a + b * b,
        (3.0, 1.0),
        (1.0, 1.0),
        bounds=((-50.0, 50.0),) * 2,
        least_zero=lambda a, b: (
            a + b - 1.0,
            a * a + b * b - 1.0,
            9.0 * a * a + b * b - 9.0,
            a * a - b,
            b * b - a,
        ),
    ),
    24: Problem(
        lambda a, b: ((a - 3.0) ** 2 - 9.0) * b**3 / (27.0 * _S3),
        (1.0, 0.5),
        (3.0, _S3),
        bounds=((0.0, INF),) * 2,
        least_zero=lambda a, b: (a / _S3 - b, a + _S3 * b, 6.0 - a - _S3 * b),
    ),
}
