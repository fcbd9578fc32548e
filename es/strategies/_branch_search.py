"""One run of conditional CMA-ES: a distribution for each branch, and one that picks the branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import FloatArray, IntArray
from es.core.looks import lately
from es.parts.branches import Conditions, Part, blocks, branches, matters
from es.parts.categorical import Categorical, Learned, margin
from es.parts.matching import places
from es.parts.parameters import cma
from es.strategies.cat_cmaes import LEARNED
from es.strategies.cat_cmaes_margin import CatMarginCMAES
from problems.boxes import Box

REMEMBERED = 2000  # points that are out and whose order is known


@dataclass(eq=False)
class BranchSearch:
    """The distributions of a run, and the points that it has handed out.

    Raises ValueError if bounds take values from a category that divides the branches.
    """

    start: FloatArray  # (n,), what coordinates have that do not matter, or are not told apart by any branch
    scale0: FloatArray | None  # (n,), initial standard deviations; None leaves them to the branches
    rng: np.random.Generator
    box: Box | None
    _: KW_ONLY
    counts: IntArray  # this and the next two (n,) as in `ConditionalCMAES`
    whole: npt.NDArray[np.bool_]
    preferred: FloatArray
    conditions: Conditions
    points: int  # told between two updates of the distribution of the branches
    most: int  # branches with a distribution each; of more, coordinates under one condition have one together
    stop: Mapping[str, Any]  # thresholds of the criteria that end a branch

    def __post_init__(self) -> None:
        self.start = self.start.copy()
        divided = branches(self.conditions, self.counts, self.most)
        self.parts: list[Part] = blocks(self.conditions, self.counts) if divided is None else divided
        self.branched = divided is not None
        for p in sorted({p for each in self.conditions.values() for p in each}):
            box = self.box
            if self.branched and box is not None and (box.lb[p] > 0 or box.ub[p] < self.counts[p] - 1):
                raise ValueError(
                    f"bounds must leave all {self.counts[p]} values to coordinate {p}, on which others depend, got "
                    f"[{box.lb[p]:g}, {box.ub[p]:g}]: leave out values and what depends on them"
                )
        count = len(self.parts) if self.branched else 1
        self.categorical = Categorical([count], margin(1))
        self.learned = self._first(count)
        self.searches = [self._search(part) for part in self.parts]
        for search in self.searches:
            if search is not None:
                search.looks_beside = False  # points of this run are looked at, not those of a part
        self._valued: set[int] = set()  # parts without coordinates whose value is known
        self._rows: list[tuple[int, float]] = []  # branch and rank of points since the last update
        self._out = np.empty((0, self.start.size))  # points that are out, in their order

    def _search(self, part: Part) -> CatMarginCMAES | None:
        """The distribution of a part; None where nothing is left to search."""
        j = part.places
        if not j.size:
            return None
        counts, preferred, start = self.counts[j], self.preferred[j].copy(), self.start[j].copy()
        lb, ub = (np.full(j.size, end) for end in (-np.inf, np.inf))
        if self.box is not None:
            lb, ub = self.box.lb[j].copy(), self.box.ub[j].copy()
        for column, place in enumerate(j.tolist()):
            if place in part.values:
                values = part.values[place]
                counts[column], start[column] = len(values), 0.0
                lb[column], ub[column] = 0.0, len(values) - 1.0
                own = preferred[column]
                preferred[column] = values.index(int(own)) if own in values else np.nan
        return CatMarginCMAES(
            start, None if self.scale0 is None else self.scale0[j], categories=counts, integrality=self.whole[j],
            bounds=None if self.box is None else Box(lb, ub), rng=int(self.rng.integers(2**63)), stop=self.stop,
            preferred=preferred,
        )  # fmt: skip

    def _first(self, count: int) -> Learned:
        """All branches alike, but that those with preferred values in their parents begin with half and their share."""
        alike = self.categorical.start(())
        wanted = {p: self.preferred[p] for each in self.conditions.values() for p in each}
        wanted = {p: value for p, value in wanted.items() if not np.isnan(value)}
        if not wanted or not self.branched or count == 1:
            return alike
        held = np.array(
            [
                all(wanted[p] == v for p, v in part.fixed.items() if p in wanted)
                and all(wanted[p] in v for p, v in part.values.items() if p in wanted)
                for part in self.parts
            ]
        )
        q = self.categorical.inside(0.5 * alike.q + 0.5 * held / held.sum())
        return Learned(q, alike.path, alike.gamma, alike.Delta)

    # Ask and tell ----------------------------------------------------------------------------------

    def ask(self, k: int) -> FloatArray:
        """The next k points, (k, n)."""
        x = np.array([self._point() for _ in range(k)]).reshape(k, self.start.size)
        self._out = np.concatenate([self._out, x])[-REMEMBERED:]
        return x

    def _point(self) -> FloatArray:
        x = self.start.copy()
        if self.branched:
            branch = self._pick()
            search = self.searches[branch]
            self.parts[branch].put(np.zeros(0) if search is None else search.ask(1)[0], x)
            return x
        there = np.zeros(x.size, dtype=bool)
        for part, search in zip(self.parts, self.searches, strict=True):  # parents before children
            condition = self.conditions.get(int(part.places[0]), {})
            if search is not None and all(there[p] and round(float(x[p])) in v for p, v in condition.items()):
                part.put(search.ask(1)[0], x)
                there[part.places] = True
        return x

    def _pick(self) -> int:
        """A branch that goes on, by its probability; any where all have ended."""
        q = self.learned.q[0]
        live = np.array([not self._ended(i) for i in range(len(self.parts))])
        q = np.where(live, q, 0.0) if live.any() else q
        return int(self.rng.choice(len(q), p=q / q.sum()))

    def order(self, x: FloatArray) -> IntArray:
        """An order of told points (k, n) that does not depend on that in which they come: as they were asked."""
        place = places(x, self._out)
        left = np.ones(len(self._out), dtype=bool)
        left[place[place < left.size]] = False
        self._out = self._out[left]
        return np.lexsort((*x.T, place))

    def tell(self, x: FloatArray, f: FloatArray, rank: FloatArray) -> None:
        """Learn from points (k, n) with values and ranks (k,), unless none has any."""
        rank = np.where(rank < np.inf, rank, np.inf)
        if rank.min() == np.inf:
            return
        values = np.clip(np.rint(x), 0, self.counts - 1)  # told for a category: the nearest value
        for point, value, merit in zip(np.where(self.counts > 0, values, x), f, rank.tolist(), strict=True):
            for i in self._parts_of(point):
                search = self.searches[i]
                if search is not None:
                    search.tell(self.parts[i].inner(point)[None], [value], rank_by=[merit])
                else:
                    self._valued.add(i)
                if self.branched:
                    self._rows.append((i, merit))
        if len(self._rows) >= self.points:
            self._choose()

    def _parts_of(self, x: FloatArray) -> list[int]:
        """The numbers of the parts that a point lies in."""
        there = matters(self.conditions, x, x.size)
        if not self.branched:
            return [i for i, part in enumerate(self.parts) if there[part.places[0]]]
        chosen = {i: round(float(x[i])) for i in np.flatnonzero(there & (self.counts > 0)).tolist()}
        return [
            i
            for i, part in enumerate(self.parts)
            if np.count_nonzero(there) == len(part.fixed) + len(part.places)
            and all(chosen.get(p) == v for p, v in part.fixed.items())
            and all(chosen.get(p) in v for p, v in part.values.items())
        ]

    def _choose(self) -> None:
        """Learn which branch is better, from the points since the last time."""
        rows = sorted(self._rows, key=lambda row: row[1])
        weights = cma(1, max(2, len(rows)), False).weights
        weights = weights[weights > 0]
        if len(self.parts) > 1:
            values = np.array([[float(i)] for i, _ in rows[: len(weights)]])
            self.learned = self.categorical.learned(self.learned, values, weights)
        self._rows = []

    # Looking at the distributions ------------------------------------------------------------------

    def _likeliest(self) -> list[int]:
        """The branch that is most likely, or all blocks."""
        return [int(self.learned.q[0].argmax())] if self.branched else list(range(len(self.parts)))

    def centre(self, before: FloatArray) -> FloatArray:
        """The mean (n,) of the branch that is most likely, or of all blocks; `before` while there is no value."""
        if not self._valued and all(search is None or search.f_best == np.inf for search in self.searches):
            return before
        x = self.start.copy()
        for i in self._likeliest():
            search = self.searches[i]
            self.parts[i].put(np.zeros(0) if search is None else search.x_mean, x)
        return x

    def stds(self, otherwise: FloatArray) -> FloatArray:
        """Standard deviation of each coordinate there, of others as given, (n,)."""
        stds = otherwise.copy()
        for i in self._likeliest():
            search = self.searches[i]
            if search is not None:
                stds[self.parts[i].places] = search.stds
        return stds

    @property
    def sigma(self) -> float:
        """Largest step size of all branches."""
        return max((float(search.sigma) for search in self.searches if search is not None), default=1.0)

    def switch_off(self, names: Iterable[str], but: frozenset[str]) -> None:
        """Switch criteria of every branch off, except some."""
        for search in self.searches:
            if search is not None:
                search._watch.switch_off(names, but)

    def _ended(self, i: int) -> bool:
        """Whether a part has ended; one without coordinates has with its first value."""
        search = self.searches[i]
        return bool(search.stop()) if search is not None else i in self._valued

    def why_ended(self) -> dict[str, float]:
        """The reasons of the best branch once the last one has ended; nothing while one goes on."""
        if not all(self._ended(i) for i in range(len(self.parts))):
            return {}
        known = [search for search in self.searches if search is not None and search.f_best < np.inf]
        best = min(known, key=lambda search: float(search.f_best), default=None)
        return best.stop() if best is not None else {"settled": 0.0}

    def level(self, x: FloatArray) -> float | None:
        """The best value of late of the branch that x (n,) lies in; None where blocks are searched together."""
        if not self.branched:
            return None
        (branch,) = self._parts_of(x)
        search = self.searches[branch]
        return float(lately(search)) if search is not None else -np.inf

    def go_on_at(self, x: FloatArray) -> None:
        """Search on around a point (n,), in all parts that it lies in."""
        for i in self._parts_of(x):
            search = self.searches[i]
            if search is not None:
                search.go_on(self.parts[i].inner(x))

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as arrays, what is out in any branch included."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "rows": np.array(self._rows, dtype=float).reshape(-1, 2),
            "empty": np.array(sorted(self._valued), dtype=np.intp),
            "out": self._out,
        }
        learned = (self.learned.q, self.learned.path, self.learned.gamma, self.learned.Delta)
        arrays |= {name: np.array(value) for name, value in zip(LEARNED, learned, strict=True)}
        for i, search in enumerate(self.searches):
            if search is not None:
                arrays |= {f"branch.{i}.{name}": value for name, value in search.state_dict().items()}
        return arrays

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self._rows = [(int(i), float(rank)) for i, rank in arrays["rows"]]
        self._valued, self._out = set(np.array(arrays["empty"]).tolist()), np.array(arrays["out"])
        q, path, gamma, Delta = (np.array(arrays[name]) for name in LEARNED)
        self.learned = Learned(q, path, gamma[()], Delta[()])
        for i, search in enumerate(self.searches):
            if search is not None:
                search.load_state_dict(state.below(arrays, f"branch.{i}."))
