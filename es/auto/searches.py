"""The two searches that `auto` is made of, each as an optimizer of its own."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.auto.batches import BatchOptimizer
from es.auto.coordinates import Coordinates
from es.auto.last_look import LastLook, far
from es.auto.quasi_newton import NewtonLoop
from es.auto.separable import MOST, SeparableLoop
from es.auto.stepwise import Stepwise, restored, saved
from es.core.arrays import FloatArray, as_count
from es.gradient.ends import FAR, lengths


class _Chain(BatchOptimizer):
    """One search after the other, as `_next` says."""

    kinds: ClassVar[dict[str, type[Stepwise]]] = {}

    def _open(self) -> None:
        self._search: Stepwise | None = None

    @abstractmethod
    def _next(self) -> Stepwise | None:
        """The search that follows on `self._search`; None, after `end`, when there is none."""

    def _wanted(self) -> FloatArray | None:
        if self._reasons:
            return None
        if len(self.free) == 0:
            return self.start[None].copy()
        while self._search is None or self._search.asked is None:
            self._search = self._next()
            if self._search is None:
                return None
        return self._search.asked

    def _last_look(self, x: FloatArray, f: float, f_start: float, **more: Any) -> LastLook | None:
        """Whether f is higher than at x further out, where x is far from the start."""
        if not far(x, self.start, self.scale, self.lb, self.ub).any():
            return None
        begun = self.start, self.scale, self.lb, self.ub
        return LastLook(x, f, *begun, f_start=f_start, descended=True, **more)

    def _took(self, x: FloatArray, f: FloatArray, g: FloatArray | None) -> None:
        if len(self.free) == 0:
            self.end("converged")
            return
        assert self._search is not None
        self._search.tell(f if g is None else np.column_stack([f, g]))
        self.mean = self.x_best.astype(float)
        while self._search.asked is None and not self._reasons:  # the next one may have nothing to ask for
            self._search = self._next() or self._search

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`."""
        arrays = super().state_dict()
        if self._search is not None:
            name = next(name for name, kind in self.kinds.items() if type(self._search) is kind)
            arrays |= {"search": np.array(name), **saved(self._search, "search")}
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`."""
        self._search = None
        if "search" in arrays:
            self._search = restored(self.kinds[str(arrays["search"])], "search", arrays)
        super().load_state_dict(arrays)


class SeparableSearch(_Chain):
    """Searches each coordinate by itself, for functions that are a sum over their coordinates.

    Two more values along each coordinate and up to four points that combine them tell whether f is such a sum; if it is
    not, the search ends with the reason "coupled", and is a good start of another. Parabolas near the best value of a
    coordinate, STEP where it has several minima; the coordinate that promises most moves. Additivity is tested again
    after 3 n evaluations, whenever half as many have followed, and at the end.

    Parameters
    ----------
    x0, sigma0, bounds, rng, stop
        See `Optimizer`; sigma0 is the first step along each coordinate.
    most : float
        Evaluations per variable at which the search ends.

    Notes
    -----
    Sources: Swarzberg, Seront and Bersini, S.T.E.P.: the easiest way to optimize a function (ICEC 1994); Baudis and
    Posik, Global line search algorithm hybridized with quadratic interpolation and its extension to separable functions
    (GECCO 2015).

    Examples
    --------
    >>> opt = SeparableSearch([3.0] * 5, 1.0, bounds=[(-5, 5)] * 5, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum(-1))  # Rastrigin's function
    >>> opt.f_best < 1e-9
    np.True_
    """

    paper = "Swarzberg, Seront and Bersini, ICEC 1994; Baudis and Posik, GECCO 2015"
    cost = "log n"
    good_for = "sums over coordinates, with many minima too"
    kinds: ClassVar[dict[str, type[Stepwise]]] = {
        "coordinates": Coordinates, "separable": SeparableLoop, "look": LastLook,
    }  # fmt: skip

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, *, most: float = MOST, **common: Any) -> None:
        if not most > 0:
            raise ValueError(f"most must be a positive number of evaluations per variable, got {most}")
        self._most = most
        super().__init__(x0, sigma0, **common)

    def _open(self) -> None:
        super()._open()
        self._seed = int(self._streams[0].integers(2**62))

    def _next(self) -> Stepwise | None:
        seen = self._search
        if seen is None:
            return Coordinates(self.start, math.nan, self.scale, self.lb, self.ub, self._seed)
        if isinstance(seen, LastLook):
            if seen.ended == "lower":
                return Coordinates(seen.x, seen.f, self.scale, self.lb, self.ub, self._seed)
            self.end("endless" if seen.ended == "endless" else "converged")
            return None
        if isinstance(seen, Coordinates) and seen.additive and not seen.flat:
            return SeparableLoop.after(seen, self.scale, self._seed, most=self._most)
        if isinstance(seen, SeparableLoop) and seen.additive:
            look = self._last_look(seen.x, seen.f, math.nan, descends=False) if seen.resolved else None
            if look is not None:
                return look
            self.end("converged" if seen.resolved else "tolflatfitness")
        else:
            self.end("tolflatfitness" if isinstance(seen, Coordinates) and seen.flat else "coupled")
        return None


class QuasiNewton(_Chain):
    """BFGS on differences along the columns of its own factor of the inverse Hessian, inside bounds.

    With H^-1 = S S^T all columns of S have curvature 1: one length suits all differences, and the slopes along them are
    all that a step needs. In iteration 5 second differences are taken in full, once. Noise is measured (ECNoise) when a
    step disappoints, a line search fails or convergence is about to be claimed; differences are then made longer.

    Parameters
    ----------
    x0, sigma0, bounds, rng, stop
        See `Optimizer`; sigma0 is a length along each coordinate that means something.
    gradient : bool
        Whether `tell` gets gradients: they take the place of differences.
    hessian : bool
        Whether second differences are taken, n (n + 3) / 2 evaluations, or n gradients.
    at_once : int
        Points that can be evaluated at the same time. Where that saves a round, the differences at a step are asked for
        along with its value (Schnabel 1987).

    Notes
    -----
    Sources: Nocedal and Wright, Numerical Optimization (2006), (6.17) in coordinates of S; Gill, Murray, Saunders and
    Wright, SIAM J. Sci. Stat. Comput. 4 (1983), for the length of differences; Moré and Wild, SIAM J. Sci. Comput. 33
    (2011), for the noise; Hintermüller, Ito and Kunisch, SIAM J. Optim. 13 (2003), for the active set at the bounds.

    Examples
    --------
    >>> opt = QuasiNewton([3.0] * 5, 1.0, rng=1, stop={"ftarget": 1e-12})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (10.0 ** np.arange(5) * x**2).sum(-1))
    >>> opt.f_best < 1e-12, opt.nfev < 150
    (np.True_, True)
    """

    paper = "Nocedal and Wright 2006; Gill, Murray, Saunders and Wright 1983"
    cost = "n^2 in each of n evaluations"
    good_for = "smooth functions without gradients, up to some hundred variables"
    kinds: ClassVar[dict[str, type[Stepwise]]] = {"newton": NewtonLoop, "look": LastLook}

    def __init__(
        self, x0: npt.ArrayLike, sigma0: Any = None, *, gradient: bool = False, hessian: bool = True, at_once: int = 1,
        **common: Any,
    ) -> None:  # fmt: skip
        self.uses_gradient, self._hessian = gradient, hessian
        self.at_once = as_count(at_once, "at_once")
        super().__init__(x0, sigma0, **common)

    def _wants_slopes(self) -> bool:
        return self._search is not None and self._search.slopes

    def _next(self) -> Stepwise | None:
        seen = self._search
        if seen is None:
            return self._loop(self.start, math.nan)
        if isinstance(seen, LastLook) and seen.ended == "lower":
            return self._loop(seen.x, seen.f)
        if isinstance(seen, NewtonLoop) and seen.ended == "converged" and not seen.measured:
            look = self._last_look(seen.x, seen.f, seen.f_start, gradient=seen.gradient)
            if look is not None:
                return look
        words = {"converged": "converged", "confirmed": "converged", "endless": "endless", "flat": "tolflatfitness"}
        gone = lengths(self.x_best[self.free], self.start, self.scale) > FAR
        self.end("tolfacupx" if gone else words.get(seen.ended, "solver"))
        return None

    def _loop(self, x: FloatArray, f: float) -> NewtonLoop:
        return NewtonLoop(
            x, f, self.scale, self.lb, self.ub, hessian=self._hessian, gradient=self.uses_gradient, at_once=self.at_once
        )
