"""SciPy's solvers as optimizers with ask and tell, like any other method here.

Limits, ledger, callbacks, penalised failures and checkpoints work for SciPy's solvers too: `es.gradient.inversion` puts
a turn of the driver's loop, or an ask and a tell, in the place of the objective that a solver calls. A checkpoint of
such a run holds the values that the solver has been told: the solver is deterministic, so telling them again brings it
to the same place. The solvers' calls stand in `es.gradient.scipy_solvers`.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.core.optimizer import Optimizer
from es.core.stopping import COMMON
from es.core.told import Told
from es.gradient.ends import FAR, Task, lengths, why_ended
from es.gradient.inversion import Answer, Call, Direct, Inverted
from es.gradient.quiet import quietly
from es.gradient.stepwise import Solver
from es.gradient.units import in_units, powers_of_two
from es.parts.matching import OWN, places
from problems.boxes import Box
from problems.constraints import listed
from problems.numbers import flag, number

SOME = 4  # times n + 1: last values, that tell a plateau


class ScipySolver(Optimizer):
    """Base class: a solver of SciPy as an optimizer.

    `tell` takes the points that `ask` gave last, in any order, and refuses others: a solver learns from no others. Told
    of the first ones only, as where a budget ends, it counts them and waits for all.

    Parameters
    ----------
    x0, bounds, rng, stop
        As for every optimizer. `sigma0` only says what coordinates are measured in (`es.gradient.units`); `popsize`
        means nothing to most of them.
    constraints : constraint or sequence of constraints
        For the solvers that handle constraints themselves (`takes_constraints`).
    replayable : bool
        Keep what the solver is told, so that `state_dict` works; the driver sets it where a checkpoint is asked for.
    **options
        The solver's own options, over those of `defaults`.

    Raises
    ------
    ValueError
        If x0 is a stack, an option is unknown, or the solver cannot keep or do without bounds.
    """

    kind = "scipy"
    criteria = COMMON
    solve: ClassVar[Any]  # a staticmethod (call, task) -> SciPy's result
    defaults: ClassVar[Mapping[str, Any]] = {}
    keeps_bounds: ClassVar[bool] = True
    needs_box: ClassVar[bool] = False
    takes_constraints: ClassVar[bool] = False
    whole_generations: ClassVar[bool] = False  # whether what it asks for are populations
    of_differences: ClassVar[Mapping[str, Any]] = {}  # defaults where gradients are no better than differences

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: Any = None,
        *,
        bounds: Any = None,
        popsize: int | None = None,
        rng: Any = None,
        stop: Mapping[str, Any] | None = None,
        constraints: Any = (),
        replayable: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(x0, sigma0, bounds=bounds, popsize=popsize, rng=rng, stop=stop)
        name = type(self).__name__
        if self.runs is not None:
            raise ValueError(f"x0 must have shape (n,) for {name}, got {np.shape(x0)}: SciPy has no stacked runs")
        if self.needs_box and (self.box is None or not self.box.finite):
            raise ValueError(f"bounds must be finite on every side for {name}, got {bounds}")
        if self.box is not None and not self.keeps_bounds:
            raise ValueError(f"bounds cannot be kept by {name}: take method='l-bfgs-b' or leave them out")
        unknown = sorted(set(options) - set(self.defaults))
        if unknown:
            raise ValueError(f"options of {name} are {', '.join(sorted(self.defaults))}, got {unknown[0]!r}")
        for option, default in self.defaults.items():
            if option in options and isinstance(default, bool):
                flag(option, options[option])
            elif option in options and isinstance(default, int | float):
                number(option, options[option])
        self._task = Task(
            x0=self.mean.copy(),
            scale=self.scale0.copy(),
            box=self.box,
            seed=int(self._streams[0].integers(2**63)),
            popsize=popsize,
            constraints=constraints,
            options={**self.defaults, **options},
        )
        # Points as short as this are not `_gone`.
        self._near = min(0.5 * FAR * float(np.maximum(self.scale0, np.abs(self.mean)).min()), 1e150) ** 2
        self._told: list[Answer] | None = [] if replayable else None
        self._before: list[Answer] = []  # what a solver that begins now is told at once: it was told so before a save
        self._solver: Solver | Direct | None = None
        self._out: FloatArray | None = None  # the points that it waits for, as they were given out
        self._blind: list[FloatArray] = []  # points whose value or gradient was not finite
        self._finite = (np.inf, -np.inf)  # least and greatest finite value told so far
        self._level = True  # no gradient yet that is not zero
        self._gap = np.inf  # least difference of another value from the lowest one
        self._lately: deque[float] = deque(maxlen=SOME * (self.n + 1))  # values

    @classmethod
    def option_names(cls) -> set[str]:
        """Names that the constructor takes as `**options`."""
        return set(cls.defaults)

    @property
    def popsize(self) -> int:
        """Points that the solver asks for next."""
        if "_task" not in self.__dict__:
            return 1  # the base class is being set up
        return 1 if self.asked is None else len(self.asked)

    @popsize.setter
    def popsize(self, value: int) -> None:
        """The solver decides."""

    def _popsize_of_state(self) -> int:
        return 1  # what the solver asks for next is known when it runs again

    def __getstate__(self) -> dict[str, Any]:
        if self._solver is not None:  # it stands amid SciPy's code, on a stack that cannot be written
            raise TypeError(
                f"{type(self).__name__} cannot be pickled or copied once its solver runs: do it before ask(), "
                "or make it with replayable=True and take its state_dict()"
            )
        return self.__dict__

    def drive(self, turn: Callable[[], bool]) -> None:
        """Run the solver here and now, from its first point to its end or that of the loop.

        Parameters
        ----------
        turn : callable
            `turn()` asks, evaluates and tells once; it says False, or raises, when the run is to end.
        """
        solver = self._solver = Direct(turn)
        if solver.run(self._solve, self._again()):
            self._end()

    @property
    def _solve(self) -> Callable[[Call], Any]:
        # no reference to self: dropping the optimizer ends the thread
        solve, task = quietly(in_units(type(self).solve, powers_of_two(self.scale0))), self._task
        return lambda call: solve(call, task)

    def _inverted(self) -> Solver:
        """The solver, to be asked and told."""
        return Inverted(self._solve)

    def _running(self) -> Solver | Direct:
        if self._solver is None:
            solver = self._solver = self._inverted()
            for f, g in self._again():
                solver.tell(f, g)
            if solver.asked is None:
                self._end()
        return self._solver

    def _again(self) -> Iterator[Answer]:
        """What the solver has been told before the state was saved, in the form that it saw."""
        for f, g in self._before:
            yield self._palatable(f, g)

    def _end(self) -> None:
        outcome = self._running().outcome
        low, high = self._finite
        reason = why_ended(
            outcome, self._task, self._blind, self.book.x_best, plateau=lambda: self._on_plateau,
            alike=low == high and self.wants_gradient and self._on_plateau,
        )  # fmt: skip
        if reason == "converged" and listed(self._task.constraints) and self.f_best < np.inf:
            # Points that violate constraints by as little as is allowed may be lower: they are not what it has found.
            self.book.x_best, self.book.f_best = inside(np.array(outcome.x), self.box), np.float64(outcome.fun)
        self.end(reason, float(getattr(outcome, "status", 0)))

    def _gone(self, x: FloatArray) -> bool:
        return not np.vdot(x, x) < self._near and lengths(x, self._task.x0, self._task.scale) > FAR

    @property
    def _on_plateau(self) -> bool:
        """Whether all gradients were zero; without them, whether most values of late are the same, none nearly."""
        if self.box is not None and (self.box.lb == self.box.ub).all():
            return False  # the only point there is
        low, high = self._finite
        if self.wants_gradient:
            return bool(self._lately) and self._level
        near = max(1e-10 * min(1.0, high - low), 1e4 * sys.float_info.epsilon * abs(low))
        return bool(self._lately) and self._gap > near and 2 * self._lately.count(low) > len(self._lately)

    def ask(self, k: int | None = None) -> FloatArray:
        """The points that the solver wants, shape (k', n); it alone says how many, whatever k is."""
        asked = (self._solver or self._running()).asked
        if asked is None:
            raise RuntimeError(f"{type(self).__name__} has finished: look at stop() before ask()")
        if not math.isfinite(np.vdot(asked, asked)):  # it runs away: there is no minimum
            self.end("tolfacupx", math.inf)
            asked = np.clip(np.nan_to_num(asked), -1e100, 1e100)
        out = inside(asked, self.box)
        if type(self._solver) is not Direct:  # else its loop tells what it asks for
            self._out = out.copy()
        return out

    def _as_asked(self, told: Told) -> Told:
        """What was told in the order of `ask`: a solver takes values by that, of the points that it waits for alone.

        Raises
        ------
        ValueError
            If there are others among them, or one comes twice.
        """
        if type(self._solver) is Direct:
            return told
        out = self._out
        if out is None:
            asked = (self._solver or self._running()).asked
            if asked is None:
                return told
            out = inside(asked, self.box)
        if told.x.shape == out.shape and (told.x == out).all():
            return told
        place = places(told.x, out)
        known = place < OWN
        self._check_told(told.x)
        if not known.all() or len(place) > len(out) or (np.sort(place) != np.arange(len(place))).any():
            raise ValueError(
                f"x must hold the points that ask() of {type(self).__name__} gave last, each once and at least the "
                f"first ones, got {len(place)} of which {int(known.sum())} are: a solver learns from no other points, "
                "which note() counts"
            )
        return told.of(place.argsort(kind="stable"))

    def _learn_from(self, told: Told, booked: bool = False) -> None:
        """Count the points of `ask`, and hand the solver their values in their order, or what ranks them instead."""
        points, values, rank, allowed, slopes = self._as_asked(told)
        near = np.vdot(points, points) < self._near
        if not near or self.box is not None:
            self._check_told(points)
        self._level = self._level and (slopes is None or not slopes.any())
        if self._level:
            self._watch_values(points, rank)
        best = 0 if rank.size == 1 else int(np.where(np.isfinite(rank), rank, np.inf).argmin())
        lowest = rank.item(best)
        plain = rank.size == 1 and math.isfinite(lowest)
        plain = plain and (slopes is None or math.isfinite(np.vdot(slopes, slopes)))
        if plain and rank is values and allowed is None:  # the rule
            self.book.count(values, gradients=slopes is not None, failed=None)
            self.book.improve(points, 0, values[0])
        else:
            self._book_points(points, values, slopes, allowed)
        if plain:
            self.generations_without_value = self.generations_without_gradient = 0
        else:
            some = (rank < np.inf).any()
            self.generations_without_value = 0 if some else self.generations_without_value + 1
            if slopes is not None:
                self._watch_gradients(slopes)
        self.nit += 1
        solver = self._solver or self._running()
        asked = solver.asked
        if asked is None or points.shape != asked.shape:
            return  # the budget cut the last population short: the run is over
        self._out = None
        slopes = None if slopes is None else slopes.copy()  # the caller may go on writing into it
        if self._told is not None:
            self._told.append((rank.copy(), slopes))
        if not plain and slopes is not None and (self.generations_without_gradient or not some):
            self._blind += list(points)
        seen = self._palatable(rank, slopes, plain)
        if lowest <= self._finite[0] and math.isfinite(lowest):
            self.mean = points[best].copy()
            if not near and self._gone(self.mean):
                self.end("tolfacupx", math.inf)
        solver.tell(*seen)
        if solver.asked is None and not self.has_ended:
            self._end()

    @property
    def asked(self) -> FloatArray | None:
        """The points that the solver waits for, which may lie a rounding outside of the bounds; None where it ended."""
        return (self._solver or self._running()).asked

    def tell_stacked(self, x: FloatArray, f: FloatArray, g: FloatArray, plain: bool) -> None:
        """`tell` for one point x (1, n) of a run whose books are kept elsewhere; `plain`: f and g are finite."""
        solver = self._solver or self._running()
        if plain:
            if f.item(0) < self._finite[0] and self._gone(x):
                self.end("tolfacupx", math.inf)
            self._level = self._level and not g.any()
        else:
            self._blind += list(x)
        solver.tell(*self._palatable(f, g, plain))
        if solver.asked is None and not self.has_ended:
            self._end()

    @property
    def reasons(self) -> dict[str, float]:
        """Why the solver has ended; empty while it runs."""
        return self._reasons.get(0, {})

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return bool(self._reasons)

    def _watch_values(self, x: FloatArray, f: FloatArray) -> None:
        """Keep the last values and the gap above the lowest, but not that of the best point evaluated again."""
        low = self._finite[0]
        known = (f == low) & (x == self.x_best).all(-1)
        for value in f[np.isfinite(f) & ~known].tolist():
            if value < low:
                self._gap, low = low - value, value
            elif value > low:
                self._gap = min(self._gap, value - low)
            self._lately.append(value)

    def _palatable(self, f: FloatArray, g: FloatArray | None, plain: bool = False) -> Answer:
        """See `palatable`; `plain`: it is one value, and all is finite."""
        if not plain:
            f, g, self._finite = palatable(f, g, self._finite)
        elif not self._finite[0] <= f.item(0) <= self._finite[1]:
            self._finite = min(self._finite[0], f.item(0)), max(self._finite[1], f.item(0))
        return f, g

    def state_dict(self) -> dict[str, Any]:
        """State as arrays: the base's, and what the solver was told."""
        if self._told is None:
            raise RuntimeError("a solver of SciPy is saved by what it was told: construct it with replayable=True")
        sizes = np.array([len(f) for f, _ in self._told], dtype=int)
        fs = np.concatenate([f for f, _ in self._told]) if self._told else np.empty(0)
        gs = [g for _, g in self._told if g is not None]
        return {
            **super().state_dict(),
            "told_sizes": sizes,
            "told_f": fs,
            "told_g": np.concatenate(gs) if gs else np.empty((0, self.n)),
            "blind": np.array(self._blind).reshape(-1, self.n),
            "gap": np.array(self._gap),
            "lately": np.array(self._lately),
            "solver_seed": np.array(self._task.seed),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Bring a fresh solver to the state of `state_dict`, by telling it all again."""
        rest = dict(state)
        sizes, fs, gs = (np.asarray(rest.pop(name)) for name in ("told_sizes", "told_f", "told_g"))
        self._task.seed, self._blind = int(rest.pop("solver_seed")), list(np.array(rest.pop("blind")))
        stops = np.cumsum(sizes)
        self._before = [
            (fs[start:stop], gs[start:stop] if len(gs) else None)
            for start, stop in zip(stops - sizes, stops, strict=True)
        ]
        self._told, self._solver, self._finite = list(self._before), None, (np.inf, -np.inf)
        self._level = not gs.any()
        self._gap = float(rest.pop("gap", np.inf))
        self._lately.extend(np.array(rest.pop("lately", ())).tolist())
        super().load_state_dict(rest)


def inside(x: FloatArray, box: Box | None) -> FloatArray:
    """The nearest point in the box."""
    return x.copy() if box is None else np.minimum(np.maximum(x, box.lb), box.ub)


def palatable(
    f: FloatArray, g: FloatArray | None, finite: tuple[float, float]
) -> tuple[FloatArray, FloatArray | None, tuple[float, float]]:
    """Values and gradients with something that a solver can work with in the place of what is not finite.

    `finite` are the least and the greatest finite value so far; returned are also those with these values.
    """
    numbers = f[np.isfinite(f)].tolist()
    low, high = min([finite[0], *numbers]), max([finite[1], *numbers])
    if len(numbers) < f.size:
        # Above all that was seen, by no more than its range: line searches interpolate and would choke on 1e300.
        worse = min(high + max(high - low, abs(high)), sys.float_info.max) if high > -np.inf else 1.0
        f = np.where(np.isfinite(f), f, worse)
    if g is not None and not math.isfinite(np.vdot(g, g)):
        g = np.where(np.isfinite(g), g, 0.0)
    return f, g, (low, high)
