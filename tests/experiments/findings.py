"""What the lessons found, computed once for all test files that ask."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from experiments import lessons
from experiments.lessons import Finding

LONG = ("search", "real-network")
"""Lessons that take longer than a few seconds: only heavy tests run them whole."""


@cache
def finding(name: str) -> Finding:
    """The finding of the lesson of this name."""
    return lessons.get(name).study()


def quick_names() -> list[Any]:
    """Names of all lessons as test parameters, the long ones marked heavy."""
    return [pytest.param(name, marks=pytest.mark.heavy) if name in LONG else name for name in lessons.names()]
