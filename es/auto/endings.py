"""When a run of `auto` ends by itself, and what it then says.

With a budget it searches on for better minima, but for three cases: f is a sum whose coordinates are all solved,
restarts have come to the same few minima so often that no other is to be expected, or f has never shown two values.
Where a target was asked for that alone ends it, or the budget.

Without a budget it ends where restarts find nothing better. Of a function that has shown several minima that would say
no more than that a minimum is local: then it goes on, mostly with CMA-ES, up to the default end, 10,000 n evaluations,
which is no success, unless four runs of CMA-ES, each with a population larger than all before, have come to the best
value. Where all restarts were given up on their way the next ones are not, until one of them comes to the same minimum.

Before a success it takes a last look (`es.auto.last_look`): a descent from a best point that CMA-ES found and from
which none began, or whose values were compared with far higher ones, and places further out where the best point is
far from the start.
"""

from __future__ import annotations

import math
from typing import Any

from es.auto.evidence import agreed, alone, level, levelled, multimodal, noisy, solved_sum
from es.auto.from_high import from_high
from es.auto.last_look import LastLook, far
from es.gradient.ends import FAR, lengths

ENOUGH = 10  # restarts without a better value end a run that has no budget, without any value one that has
LEVEL_RUNS = 3  # runs of CMA-ES that saw one value only
UNSURE = ("noisy",)  # verdicts with which nothing better for long is a standstill, not a minimum
PLATEAUS = ("flat", "stepped")  # verdicts with which no gain is no convergence


def budget_of(auto: Any) -> float | None:
    """Evaluations that the caller allows; None where there is only the default end."""
    if auto.budget is not None:
        return float(auto.budget)
    watch = auto._watch
    return None if watch.is_default("maxfevals") else watch.thresholds.get("maxfevals")


def targeted(auto: Any) -> bool:
    """Whether a value was asked for."""
    return auto.targeted or "ftarget" in auto._watch.thresholds


def without_budget(auto: Any) -> None:
    """Nothing better was found for long: the end, where there is no budget to be spent and f has one minimum."""
    if budget_of(auto) is not None:
        return
    auto.doubtful = not solved_sum(auto) and (multimodal(auto) or alone(auto)) and not agreed(auto)
    if not auto.doubtful:
        if auto.verdict in PLATEAUS or levelled(auto):
            auto.end("tolflatfitness")
        elif auto.verdict in UNSURE or noisy(auto):
            auto.end("stagnation")
        else:
            converged(auto)


def converged(auto: Any) -> None:
    """The end as a success, after a last look where the best value may not be that of a minimum."""
    descends = auto.newton is not None and auto.restarts > 1
    left = descends and auto.settled > level(auto)
    summed = solved_sum(auto)
    long = far(auto._x, auto.start, auto.scale, auto.lb, auto.ub).any()
    coarse = from_high(auto._f_first, auto._f)  # values were compared with far higher ones
    if auto.verdict != "rough" and (left or coarse or (long and (summed or descends))):
        auto.look = auto.look or LastLook(
            auto._x, auto._f, auto.start, auto.scale, auto.lb, auto.ub, f_start=auto._f_first,
            descended=not (left or coarse), descends=left or coarse or not summed, of_sum=coarse and summed,
            gradient=auto.uses_gradient,
        )  # fmt: skip
    else:
        _end(auto)


def _end(auto: Any) -> None:
    """The end as a success, but for where f has no digits left for a step, other than at a bound."""
    inside = (auto._x > auto.lb) & (auto._x < auto.ub)
    gone = lengths(auto._x[inside], auto.start[inside], auto.scale[inside]) > FAR
    auto.end("tolfacupx" if gone else "converged")


def after_look(auto: Any) -> None:
    """The end that the last look confirms; where it has found a lower value the search goes on."""
    look = auto.look
    if look.asked is not None:
        return
    auto.look, auto.settled = None, min(auto.settled, look.bottom)
    auto.diary.end("look", look.ended)
    if look.last is not None and look.last.S is not None and look.last.ended == "converged":
        auto.minima.add(look.last.x, look.last.f, look.last.S)
    if look.ended == "endless":
        auto.end("endless")
    elif look.ended == "confirmed":
        _end(auto)


def after_restarts(auto: Any) -> None:
    """The end, when restarts have found nothing better."""
    if auto.restarts - auto._better_at > ENOUGH:
        without_budget(auto)


def after_descent(auto: Any) -> None:
    """The end, when descents from random points have come to all minima that are to be expected."""
    if auto.verdict.endswith("smooth") and auto.minima.complete and not targeted(auto):
        if noisy(auto):
            without_budget(auto)
        else:
            converged(auto)


def after_population(auto: Any) -> None:
    """The end, when a whole run of CMA-ES has found nothing better, or several not even another value."""
    runs = auto.cma.runs_ended
    if auto._f == math.inf:  # each run of CMA-ES looks elsewhere for a first value
        if budget_of(auto) is not None and runs < ENOUGH:
            auto.generations_without_value = 0
        return
    if runs == auto._rounds:
        return
    auto._rounds = runs
    looked = auto.coordinates
    if looked is not None and looked.flat and auto._f == auto._f_first and runs >= LEVEL_RUNS and not targeted(auto):
        auto.end("tolflatfitness")
        return
    gained = auto._f_round - auto._f
    if gained <= 1e-9 * abs(auto._f) or not math.isfinite(gained):
        without_budget(auto)
    auto._f_round = auto._f


def after_separable(auto: Any) -> None:
    """The end, when each coordinate of a sum is solved as finely as values tell, and none showed a second minimum."""
    search = auto.separable
    if not search.additive:
        auto.verdict = ""
    if search.asked is None and search.additive and search.resolved and search.unique and not targeted(auto):
        auto.verdict = "additive"
        auto.diary.end("separable", "converged")
        converged(auto)
