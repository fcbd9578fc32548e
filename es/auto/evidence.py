"""What a run of `auto` has seen of f: a sum, one minimum or several, noise, and how sure that is."""

from __future__ import annotations

from typing import Any

AGREE = 4  # runs of CMA-ES with ever larger populations that ended at the best value; the first may begin there
SPREAD = 6  # times the noise: minima whose values differ by less are not told apart
LOUD = 1e-6  # of all that was gained: noise above it leaves open where the minimum is
SAME = 1e-9  # of all that was gained: values that differ by less are one


def solved_sum(auto: Any) -> bool:
    """Whether f is a sum and each of its coordinates was searched to the end, for other minima too."""
    search = auto.separable
    return search is not None and bool(search.additive and search.resolved)


def levelled(auto: Any) -> bool:
    """Whether f is a sum, the best point is where that says, and some coordinate stands on a plateau there."""
    search = auto.separable
    return search is not None and bool(search.additive and search.levelled) and auto.holder == "separable"


def multimodal(auto: Any) -> bool:
    """Whether f has shown several minima of different values, which noise makes of one."""
    several = any(f > level(auto) for f in auto.minima.f)
    return bool(auto.verdict == "rough" or (several and not noisy(auto)))


def level(auto: Any) -> float:
    """Values up to here are the best one."""
    return float(auto._f + max(SAME * (auto._f_first - auto._f), SPREAD * auto.measured))


def noisy(auto: Any) -> bool:
    """Whether noise was measured that is more than the digits of f."""
    return bool(auto.measured > LOUD * (auto._f_first - auto._f))


def findings(auto: Any) -> str:
    """The verdict, and what else was found out."""
    more = {"noisy": noisy(auto), "multimodal": multimodal(auto)} if auto.verdict else {}
    return ", ".join([auto.verdict, *(word for word, found in more.items() if found and word not in auto.verdict)])


def alone(auto: Any) -> bool:
    """Whether f is smooth and no descent has come back to a minimum that an earlier one had found."""
    return bool(auto.verdict.endswith("smooth") and auto.minima.runs == auto.minima.different)


def agreed(auto: Any) -> bool:
    """Whether the last runs of CMA-ES that had larger populations than all before ended at the best value."""
    largest, values = 0, []
    for run in [] if auto.cma is None else auto.cma.log:
        if run["popsize"] > largest:
            largest = run["popsize"]
            values.append(run["fun"])
    return len(values) >= AGREE and all(f <= level(auto) for f in values[-AGREE:])
