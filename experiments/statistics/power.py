"""What a study can show: the smallest p value that its repeats allow, and the differences that they find."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.statistics.cells import method_label, problem_label, setting_of
from experiments.statistics.tests import LEVEL, is_exact, rank_sum


@dataclass(frozen=True)
class Power:
    """What rank-sum tests of so many repeats can show."""

    repeats: int  # trials of each method on each problem that are compared
    comparisons: int  # tests of the best method of each problem against every other, which Holm's correction is for
    smallest: float  # the smallest p value: all trials of one method ahead of all of the other
    needed: int  # the repeats with which such a difference is significant in all comparisons

    @property
    def possible(self) -> bool:
        """Whether any difference can be significant."""
        return self.comparisons > 0 and self.smallest * self.comparisons <= LEVEL

    def effect(self, level: float = LEVEL) -> float:
        """P(one is better) that a single test finds with probability 0.8; 1 where none is found (Noether 1987).

        Sample size of the rank-sum test, J. Amer. Statist. Assoc. 82, eq. for equal groups: N = z^2 / (3 (p - 1/2)^2).
        """
        from scipy.stats import norm

        z = float(norm.ppf(1 - level / 2) + norm.ppf(0.8))
        return min(1.0, 0.5 + z / math.sqrt(6 * self.repeats))

    def sentences(self) -> list[str]:
        """What is to be said before the study runs, and in its report."""
        n, m = self.repeats, self.comparisons
        times = f"{n} repeat{'s' * (n != 1)}"
        if m == 0:
            return [f"One method alone: {times} of it are summarised and nothing is compared."]
        tests = f"{m} comparison{'s' * (m != 1)}"
        if not self.possible:
            return [
                f"With {times} and {tests} (best method against each other one, per problem) no difference can be "
                f"significant: the smallest p value is {_p(self.smallest)}, and {_p(LEVEL / m)} is needed; "
                f"{self.needed} repeats would do."
            ]
        text = (
            f"With {times} and {tests} a difference can be significant at 5 % (Holm): the smallest p value is "
            f"{_p(self.smallest)}, and {_p(LEVEL / m)} is needed at first."
        )
        found = f"A single test finds with 80 % probability what is better in {self.effect():.0%} of all pairs of runs"
        strict = f", the strictest of them {self.effect(level=LEVEL / m):.0%}" if m > 1 else ""
        return [text, f"{found}{strict}; smaller differences stay open."]


def power_of(repeats: int, comparisons: int) -> Power:
    """What a study with so many repeats and comparisons can show.

    Examples
    --------
    >>> power_of(4, 253).possible, power_of(9, 12).possible
    (False, True)
    >>> round(power_of(4, 1).smallest, 4)
    0.0286
    """
    needed = repeats if comparisons else 0
    while comparisons and _smallest(needed) * comparisons > LEVEL:
        needed += 1
    return Power(repeats, comparisons, _smallest(repeats), needed)


def study_power(trials: Sequence[Mapping[str, Any]]) -> Power:
    """What trials can show, run or not: the best method of each problem is tested against every other.

    Of swept methods half of the repeats choose the setting, and the other half is compared.
    """
    methods: dict[str, set[str]] = {}
    repeats: dict[tuple[str, str], set[int]] = {}
    settings: dict[tuple[str, str], set[str]] = {}
    for trial in trials:
        place = (problem_label(trial), method_label(trial))
        methods.setdefault(place[0], set()).add(place[1])
        repeats.setdefault(place, set()).add(trial["seed"])
        settings.setdefault(place, set()).add(repr(sorted(setting_of(trial).items(), key=str)))
    compared = [len(seeds) // 2 if len(settings[place]) > 1 and len(seeds) > 1 else len(seeds)
                for place, seeds in repeats.items()]  # fmt: skip
    return power_of(min(compared, default=0), sum(len(names) - 1 for names in methods.values()))


def _smallest(repeats: int) -> float:
    """The least p value that `rank_sum` can give for two samples of this size."""
    if repeats < 1:
        return 1.0
    if is_exact(repeats, repeats):  # two of (2n over n) orders are as extreme
        return min(1.0, 2.0 / math.comb(2 * repeats, repeats))
    return rank_sum(np.ones(repeats), np.zeros(repeats))[0]  # ties within the samples leave the approximation least


def _p(value: float) -> str:
    return f"{value:.2g}"
