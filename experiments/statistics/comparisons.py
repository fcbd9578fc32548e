"""How many comparisons a study makes, from its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.statistics.cells import method_label, problem_label
from experiments.statistics.power import Power, power_of


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
        own = {k: v for k, v in trial["params"].items() if not k.startswith("problem.")}
        settings.setdefault(place, set()).add(repr(sorted(own.items(), key=str)))
    compared = [len(seeds) // 2 if len(settings[place]) > 1 and len(seeds) > 1 else len(seeds)
                for place, seeds in repeats.items()]  # fmt: skip
    return power_of(min(compared, default=0), sum(len(names) - 1 for names in methods.values()))
