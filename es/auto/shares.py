"""Which part of the race with CMA-ES belongs to restarts of the quasi-Newton run."""

from __future__ import annotations

from typing import Any

NOISE = 1e-9  # of all that was gained: noise above it lowers the share of differences
SHARES = {"holds": 0.95, "else": 0.5, "noisy": 0.1}  # of restarts in the race: while they hold the best value, ...
KINKED = {"holds": 0.5, "else": 0.1, "noisy": 0.1}  # the same where the first descent got lost


def share_of(auto: Any, local: bool) -> float:
    """Of evaluations; `local` says that the best minimum may be one of several."""
    shares = KINKED if auto.verdict.endswith("kinked") else SHARES
    little = local or 4 * auto.measured > NOISE * (auto._f_first - auto._f)
    return shares["noisy" if little else "holds" if auto.holder == "newton" else "else"]
