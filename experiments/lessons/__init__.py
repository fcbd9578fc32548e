"""Lessons: small studies that show what gradients are, how they are computed, and what they cost.

>>> from experiments.lessons import names
>>> names()[0]
'backpropagation'

From the command line: ``python -m experiments lesson --list``.
"""

from experiments.lessons.catalogue import get, names, run, run_all
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table

__all__ = ["Drawing", "Finding", "Lesson", "Table", "get", "names", "run", "run_all"]
