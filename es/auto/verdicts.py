"""What ran, what it spent and gained, and what was found out about f, in words."""

from __future__ import annotations

from typing import Any

NAMES = {
    "first": "start",
    "coordinates": "coordinates",
    "separable": "separable search",
    "newton": "quasi-Newton",
    "cma": "CMA-ES",
    "look": "last look",
}
SAYS = {
    "additive": "f is a sum over its coordinates",
    "smooth": "f is smooth where it was searched",
    "kinked": "f has kinks or steps where descent ended",
    "rough": "f is rough: it curves far more in the small than in the large",
    "multimodal": "f has several minima, and x is the best of those that were found",
    "noisy": "values are noisy",
    "lying": "the gradient is not that of f and was left out",
    "jumping": "the gradient jumps where descent would have ended, and was left out",
    "idle": "the gradient leads nowhere from where descent would have ended, and was left out",
    "unsteady": "gradients are noisy and were left out",
    "stepped": "f has steps",
    "flat": "f is flat where it was looked at",
}


MOST = 300  # spans that are told apart


class Diary:
    """One entry per phase: `phase`, `nfev`, `gain`, `ended` (how often its runs ended for which reason) and `spans`.

    A span is a pair: evaluations when the phase took over, and when it gave way. Beyond 300 they are no longer told
    apart: the last one goes on to the end.
    """

    def __init__(self) -> None:
        self.phases: list[dict[str, Any]] = []
        self.last = ""  # the phase of the newest span

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
        total = sum(other["nfev"] for other in self.phases)
        if arm == self.last:
            entry["spans"][-1][1] = total
        elif sum(len(other["spans"]) for other in self.phases) < MOST:
            self.last = arm
            entry["spans"].append([total - count, total])
        else:
            self._entry(self.last)["spans"][-1][1] = total

    def end(self, arm: str, reason: str) -> None:
        """A run of a phase has ended."""
        ended = self._entry(arm)["ended"]
        ended[reason] = ended.get(reason, 0) + 1

    def words(self, verdict: str) -> str:
        """What was found out and what was spent, as a sentence."""
        said = [SAYS[word] for word in verdict.split(", ") if word in SAYS]
        spent = ", ".join(f"{entry['phase']} {entry['nfev']}" for entry in self.phases)
        return "; ".join([*said, f"evaluations: {spent}"] if spent else said)
