"""One run of a search by a Gaussian process: what is known, the model, and the points where improvement is expected."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from es.core.arrays import FloatArray, IntArray
from es.parts.gaussian_process import GaussianProcess
from es.parts.improvement import log_improvement, log_improvement_with_slope
from es.parts.mixed_domain import Domain
from es.parts.one_thread import one_thread

MOST = 250  # points that the model takes
POOL = 500  # candidates drawn, and as many changed from the best points
PARENTS, STARTS = 8, 4  # the best points so far that are changed; candidates that climb
ROUNDS, STEPS, CLIMBED = 8, 30, 1e-3  # of a climb at most; of L-BFGS-B in each; less than this is the end
OFTEN = 20  # the model is fitted again when there is a point more, or a part of all as small as this
LATEST = 5  # points of which no improvement is expected before the model is doubted
DOUBTED = 0.25  # length, in parts of the range, that a coordinate may have where the model is doubted
SAVED = ("x", "f", "out", "checks", "design")
REMEMBERED = 200  # points that are out
FARTHEST = 1e3  # a value counts at most so much: least value 0, middle one 1
FEW, POWERS = 4, (-4.0, 4.0)  # values below which there is no transform; its powers


class GPSearch:
    """What one run of `GP` knows.

    Parameters
    ----------
    start : ndarray, shape (n,)
        The first point, in the caller's coordinates.
    rng : Generator
        For the first points.
    first : int
        Points before the model is asked.
    tolerance : float
        An improvement that is worth nothing, in units of the spread of f.
    """

    def __init__(
        self, domain: Domain, start: FloatArray, rng: np.random.Generator, first: int, tolerance: float
    ) -> None:
        self.domain, self.first, self.tolerance = domain, first, tolerance
        self.model = GaussianProcess(domain.counts)
        everything = domain.everything(POOL)  # points that there are, if they are few
        self.all = None if everything is None else np.unique(everything, axis=0)
        n = len(start)
        self.x, self.f = np.empty((0, n)), np.empty(0)  # told points and what ranks them
        self.out, self.checks = np.empty((0, n)), np.empty((0, n))  # points not told yet, asked at all and in doubt
        # Coordinates in which the model has been doubted, since it last expected an improvement or was wrong about one.
        self.doubts = 0
        self.fitted = 0  # points that were told when the model was fitted
        self.latest: list[float] = []  # improvements expected of the latest points, in units of the spread of f
        u = domain.units(start)
        design = [domain.settled(u[None].copy()), *([domain.spread(rng, first - 1, u)] if first > 1 else [])]
        self.design = domain.different(rng, np.concatenate(design))
        self.given = 0  # how many of the design have been handed out

    @property
    def exhausted(self) -> bool:
        """Whether all points that there are have been told."""
        return self.all is not None and len(np.unique(self._units(self.x), axis=0)) == len(self.all)

    @property
    def expected(self) -> float:
        """Largest improvement that was expected of the latest points; inf before there are enough and in doubt."""
        sure = len(self.latest) == LATEST and self.doubts == self.x.shape[1] and not len(self.checks)
        return 0.0 if self.exhausted else max(self.latest) if sure else np.inf

    @property
    def constant(self) -> bool:
        """Whether all values are the same, of more points than those told."""
        finite = self.f[np.isfinite(self.f)]
        return not self.exhausted and bool(finite.size) and bool((finite == finite[0]).all())

    # Asking ----------------------------------------------------------------------------------------

    @one_thread
    def ask(self, k: int, rng: np.random.Generator) -> FloatArray:
        """k points to evaluate (k, n)."""
        found: list[FloatArray] = []
        proposals: Proposals | None = None
        for _ in range(k):
            if self.given < len(self.design) and len(self.f) < self.first:
                u = self.design[self.given]
                self.given += 1
            elif np.count_nonzero(np.isfinite(self.f)) < 2:
                u = self.domain.uniform(rng, 1, self._best())[0]
            else:
                proposals = self._proposals() if proposals is None else proposals
                u = self._proposed(proposals, rng)
            found.append(self.domain.points(u))
        x = np.array(found)
        self.out = np.concatenate([self.out, x])[-REMEMBERED:]
        return x

    def _proposed(self, proposals: Proposals, rng: np.random.Generator) -> FloatArray:
        """Where improvement is expected; where none is, a point by which the model may be shown to be wrong.

        A model of few points may take a coordinate for one that hardly matters, or that matters as a straight line
        does, and then expects nothing of values that it has never seen beside the best others. So before a run ends the
        best point is changed in one coordinate after the other to where a model with a shorter length there hopes for
        most. All begins anew when one of these points is better than all before, or makes the model expect more.
        """
        u, log_expected = proposals.best(rng)
        self.latest = [*self.latest, math.exp(min(log_expected, 0.0))][-LATEST:]
        if self.latest[-1] >= self.tolerance:
            self.doubts = 0
        elif len(self.latest) == LATEST and max(self.latest) < self.tolerance:
            while self.doubts < len(u):
                self.doubts += 1
                check = proposals.doubtful(self.doubts - 1)
                if check is not None:
                    u = check
                    self.checks = np.concatenate([self.checks, self.domain.points(u)[None]])
                    break
        proposals.take(u)
        return u

    def _best(self) -> FloatArray:
        """The best point so far, in units of the model."""
        known = np.where(np.isfinite(self.f), self.f, np.inf)
        return self.domain.units(self.x[known.argmin()]) if np.isfinite(known).any() else self.design[0]

    def _proposals(self) -> Proposals:
        """The model of all that is known and out, fitted where there is news."""
        u, y = self._known()
        if len(self.f) - self.fitted >= max(1, len(self.f) // OFTEN):
            self.model.fit(u, y)
            self.fitted = len(self.f)
        self.model.condition(u, y)
        aim = float(self.model.predict(u)[0].min())
        parents = u[y.argsort(kind="stable")[:PARENTS]]
        if len(self.out):
            self.model.believe(self._units(self.out))
        known = {row.tobytes() for row in self._units(np.concatenate([self.x, self.out])) + 0.0}
        return Proposals(self.domain, self.model, aim, parents, known, self.all)

    def _units(self, x: FloatArray) -> FloatArray:
        return self.domain.settled(self.domain.units(x))

    def _known(self) -> tuple[FloatArray, FloatArray]:
        """Points and values that the model takes; values have mean 0 and variance 1, failures the worst."""
        rows = self._rows()
        finite = np.isfinite(self.f)
        f = np.where(finite, self.f, self.f[finite].max())
        return self._units(self.x[rows]), warped(f)[rows]

    def _rows(self) -> IntArray:
        """The points that the model takes: all, or the better half of so many and the latest."""
        if len(self.f) <= MOST:
            return np.arange(len(self.f))
        order = np.where(np.isfinite(self.f), self.f, np.inf).argsort(kind="stable")
        best = order[: MOST // 2]
        rest = np.sort(order[MOST // 2 :])[-(MOST - MOST // 2) :]
        return np.sort(np.concatenate([best, rest]))

    # Telling ---------------------------------------------------------------------------------------

    def order(self, x: FloatArray) -> IntArray:
        """An order of told points (k, n) that does not depend on that in which they come."""
        return np.lexsort(x.T)

    def tell(self, x: FloatArray, _: FloatArray, f: FloatArray) -> None:
        """Take in points (k, n) and what ranks them (k,)."""
        told = {row.tobytes() for row in x + 0.0}
        checked = np.array([row.tobytes() in told for row in self.checks + 0.0], dtype=bool)
        if checked.any() and (f < np.min(self.f, where=np.isfinite(self.f), initial=np.inf)).any():
            self.doubts = 0
        self.checks = self.checks[~checked]
        self.out = self.out[[row.tobytes() not in told for row in self.out + 0.0]]
        self.x, self.f = np.concatenate([self.x, x]), np.concatenate([self.f, f])

    @one_thread
    def centre(self, before: FloatArray) -> FloatArray:
        """The told point with the least value that the model predicts; `before` while there is no value."""
        finite = np.isfinite(self.f)
        if not finite.any():
            return before
        if not self.fitted:
            return self.x[np.where(finite, self.f, np.inf).argmin()]
        u, y = self._known()
        self.model.condition(u, y)
        mean = np.where(finite[self._rows()], self.model.predict(u)[0], np.inf)
        return self.x[self._rows()[mean.argmin()]]

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as plain arrays."""
        counts = np.array([self.fitted, self.given, self.doubts])
        arrays = {name: getattr(self, name).copy() for name in SAVED}
        return {**arrays, "theta": self.model.theta.copy(), "latest": np.array(self.latest), "counts": counts}

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self.x, self.f, self.out, self.checks, self.design = (np.array(arrays[name]) for name in SAVED)
        self.model.theta, self.latest = np.array(arrays["theta"]), arrays["latest"].tolist()
        self.fitted, self.given, self.doubts = arrays["counts"].tolist()


@dataclass(eq=False)
class Proposals:
    """Points with the largest expected improvement, one after the other."""

    domain: Domain
    model: GaussianProcess  # conditioned on what is known
    aim: float  # least value that the model predicts of a told point, which is to be improved on
    parents: FloatArray  # (p, n), the best points so far, best first
    known: set[bytes]  # points that are not to be proposed again
    everything: FloatArray | None  # (k, n), all points that there are, if they are few

    def best(self, rng: np.random.Generator) -> tuple[FloatArray, float]:
        """A point (n,) and the logarithm of its expected improvement; a random one where all are known."""
        centre, parents = self.parents[0], self.parents
        pool = self.everything
        if pool is None:
            drawn = self.domain.uniform(rng, POOL, centre)
            near = self.domain.changed(rng, parents[rng.integers(len(parents), size=POOL)])
            pool = np.concatenate([drawn, near])
        pool = self._unknown(pool)
        if not len(pool):
            return self.domain.uniform(rng, 1, centre)[0], -np.inf
        merit = self._merit(pool)
        starts = [(pool[i], float(merit[i])) for i in merit.argsort(kind="stable")[::-1][:STARTS]]
        return max((self._climbed(rng, *start) for start in starts), key=lambda found: found[1])

    def doubtful(self, i: int) -> FloatArray | None:
        """The best point with another value of coordinate i, by a model less sure of it; None if all are known."""
        line = self._unknown(self.domain.line(self.parents[0], i))
        if not len(line):
            return None
        merit = log_improvement(*self.model.doubted(i, DOUBTED).predict(line), self.aim)
        return line[merit.argmax()]

    def take(self, u: FloatArray) -> None:
        """Propose this point (n,) no more, and believe what the model says of it."""
        self.known.add((u + 0.0).tobytes())
        self.model.believe(u[None])

    def _merit(self, u: FloatArray) -> FloatArray:
        return log_improvement(*self.model.predict(u), self.aim)

    def _unknown(self, u: FloatArray) -> FloatArray:
        """Those of the points (k, n) that are not known, once each."""
        keys = {row.tobytes(): i for i, row in reversed(list(enumerate(u + 0.0)))}
        return u[sorted(i for key, i in keys.items() if key not in self.known)]

    def _climbed(self, rng: np.random.Generator, u: FloatArray, merit: float) -> tuple[FloatArray, float]:
        """A local maximum of the expected improvement: numbers along its slope, others one by one, in turn."""
        for _ in range(ROUNDS):
            begun = merit
            u, merit = self._along_slope(u, merit)
            others = self._unknown(self.domain.neighbours(rng, u))
            if not len(others):
                break
            values = self._merit(others)
            if values.max() > merit:
                u, merit = others[values.argmax()], float(values.max())
            if not merit > begun + CLIMBED:
                break
        return u, merit

    def _along_slope(self, u: FloatArray, merit: float) -> tuple[FloatArray, float]:
        j = self.domain.moving(u)
        if not j.size:
            return u, merit
        low, high = self.domain.ends(self.parents[0])
        at = np.searchsorted(self.model.numbers, j)

        def loss(part: FloatArray) -> tuple[float, FloatArray]:
            v = u.copy()
            v[j] = part
            value, slope = log_improvement_with_slope(*self.model.predict_with_slope(v), self.aim)
            return -value, -slope[at]

        box = list(zip(np.minimum(low[j], u[j]), np.maximum(high[j], u[j]), strict=True))
        end = minimize(loss, u[j], jac=True, method="L-BFGS-B", bounds=box, options={"maxiter": STEPS})
        moved = u.copy()
        moved[j] = end.x
        moved = self.domain.settled(moved[None])
        return (moved[0], -float(end.fun)) if -end.fun > merit and len(self._unknown(moved)) else (u, merit)


def warped(f: FloatArray) -> FloatArray:
    """Values (N,) with mean 0 and variance 1, by an increasing function as near to a normal distribution as it makes.

    That of Yeo and Johnson, A new family of power transformations (Biometrika 87, 2000), after values far above the
    others are brought nearer.
    """
    from scipy.stats import yeojohnson, yeojohnson_normmax  # late, for it is slow to import

    f = 2.0**-40 * f  # no difference or sum is beyond the largest number
    least, middle = f.min(), np.median(f)
    f = f - least
    if middle > least:
        f = np.minimum(f / (middle - least), FARTHEST)
    y = standardized(f)
    if len(f) < FEW or not y.any():
        return y
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        power = float(np.clip(yeojohnson_normmax(y), *POWERS))
        bent = np.asarray(yeojohnson(y, power))
    fits = np.isfinite(bent).all() and (np.diff(bent[f.argsort(kind="stable")]) >= 0).all() and bent.std() > 0
    return standardized(bent) if fits else y


def standardized(f: FloatArray) -> FloatArray:
    """Values less their mean, over their standard deviation; 0 where they are all the same."""
    spread = np.ptp(f)
    if not spread > 0:
        return np.zeros_like(f)
    y = (f - f.mean()) / spread
    std = y.std()
    return y / std if std > 0 else np.zeros_like(f)
