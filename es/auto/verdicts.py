"""What ran, what it spent and gained, and what was found out about f, in words."""

from __future__ import annotations

from typing import Any

NAMES = {
    "first": "start",
    "coordinates": "coordinates",
    "separable": "separable search",
    "newton": "quasi-Newton",
    "cma": "CMA-ES",
}
SAYS = {
    "additive": "f is a sum over its coordinates",
    "smooth": "f is smooth where it was searched",
    "kinked": "f has kinks or steps where descent ended",
    "rough": "f is rough: it curves far more in the small than in the large",
    "noisy": "values are noisy",
    "lying": "the gradient is not that of f and was left out",
    "stepped": "f has steps",
    "flat": "f is flat where it was looked at",
}


class Diary:
    """One entry per phase: `phase`, `nfev`, `gain`, `runs`, `ended` (how often its runs ended for which reason)."""

    def __init__(self) -> None:
        self.phases: list[dict[str, Any]] = []

    def _entry(self, arm: str) -> dict[str, Any]:
        name = NAMES[arm]
        for entry in self.phases:
            if entry["phase"] == name:
                return entry
        self.phases.append({"phase": name, "nfev": 0, "gain": 0.0, "ended": {}, "spans": []})
        return self.phases[-1]

    def add(self, arm: str, count: int, gain: float) -> None:
        """Evaluations of a phase, and by how much they lowered the best value."""
        entry = self._entry(arm)
        entry["nfev"] += count
        entry["gain"] += gain

    def end(self, arm: str, reason: str) -> None:
        """A run of a phase has ended."""
        ended = self._entry(arm)["ended"]
        ended[reason] = ended.get(reason, 0) + 1

    def words(self, verdict: str) -> str:
        """What was found out and what was spent, as a sentence."""
        said = [SAYS[word] for word in verdict.split(", ") if word in SAYS]
        spent = ", ".join(f"{entry['phase']} {entry['nfev']}" for entry in self.phases)
        return "; ".join([*said, f"evaluations: {spent}"] if spent else said)
