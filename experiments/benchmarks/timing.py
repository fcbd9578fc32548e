"""Timing several ways of doing the same work side by side.

Machines drift: clocks change, neighbours come and go. All candidates of a piece of work are therefore timed in the
same process in interleaved rounds, and two candidates are compared by the median of their ratios *within* rounds, so
that drift slower than a round cancels. The spread given with every ratio is the range from its lower to its upper
quartile over the rounds.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.benchmarks.command import benchmark
from experiments.csvfile import write_csv


@dataclass(frozen=True)
class Goal:
    """What is to be reached: ``time(subject) <= limit * time(versus)``, or without versus ``limit`` seconds a call.

    A candidate that was not timed (its package is not installed) leaves the goal open.
    """

    subject: str
    limit: float
    versus: str | None = None


@dataclass(frozen=True)
class Work:
    """One piece of work, its title, and the ways to do it: each is called without arguments and does it once.

    `base` is the candidate that ratios refer to; in one round each makes `calls` calls, whose mean is its time.
    """

    name: str
    candidates: Mapping[str, Callable[[], object]]
    base: str
    goals: Sequence[Goal] = ()
    calls: int = 3

    def __post_init__(self) -> None:
        if self.base not in self.candidates:
            raise ValueError(f"base must be one of the candidates {sorted(self.candidates)}, got {self.base!r}")


@dataclass(frozen=True)
class Measured:
    """The times of one piece of work: ``seconds[name]`` has one entry per round, in seconds per call."""

    work: Work
    seconds: dict[str, npt.NDArray[np.float64]] = field(repr=False)

    def median(self, name: str) -> float:
        """Median time of one call over the rounds, in seconds."""
        return float(np.median(self.seconds[name]))

    def ratio(self, name: str, versus: str | None = None) -> tuple[float, float, float]:
        """Median, lower and upper quartile of ``time(name) / time(versus)`` within rounds (versus: the base)."""
        quotient = self.seconds[name] / self.seconds[self.work.base if versus is None else versus]
        low, middle, high = np.percentile(quotient, (25.0, 50.0, 75.0))
        return float(middle), float(low), float(high)

    def outcome(self, goal: Goal) -> tuple[float, bool] | None:
        """Value measured for a goal and whether it is reached; None where a candidate was not timed."""
        if goal.subject not in self.seconds or (goal.versus is not None and goal.versus not in self.seconds):
            return None
        value = self.median(goal.subject) if goal.versus is None else self.ratio(goal.subject, goal.versus)[0]
        return value, value <= goal.limit


def measure(
    work: Work, *, rounds: int = 25, warmup: int = 2, clock: Callable[[], float] = time.perf_counter
) -> Measured:
    """Time every candidate of a piece of work in interleaved rounds, in an order that rotates from round to round.

    Each is called `warmup` times before. Its turn begins with a collection of garbage and one untimed call, which
    brings the candidate's code and data back into the caches; during the turn the collector stays as the user has it,
    because its cost is part of what a library costs.

    Examples
    --------
    >>> work = Work("sort", {"sorted": lambda: sorted("evolve"), "set": lambda: set("evolve")}, base="sorted")
    >>> sorted(measure(work, rounds=3).seconds)
    ['set', 'sorted']
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    names = list(work.candidates)
    for name in names:
        for _ in range(warmup):
            work.candidates[name]()
    seconds = {name: np.empty(rounds) for name in names}
    for k in range(rounds):
        shift = k % len(names)
        for name in names[shift:] + names[:shift]:
            call = work.candidates[name]
            gc.collect()
            call()
            start = clock()
            for _ in range(work.calls):
                call()
            seconds[name][k] = (clock() - start) / work.calls
    return Measured(work, seconds)


def human(seconds: float) -> str:
    """Format a time with three digits and a unit, for instance ``1.23 ms``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _goal_cell(measured: Measured, goal: Goal) -> str:
    outcome = measured.outcome(goal)
    limit = human(goal.limit) if goal.versus is None else f"{goal.limit:.3g}x {goal.versus}"
    if outcome is None:
        return f"<= {limit}: not timed"
    value, reached = outcome
    shown = human(value) if goal.versus is None else f"{value:.3g}x"
    return f"<= {limit}: {shown} {'reached' if reached else 'MISSED'}"


def table(results: Iterable[Measured]) -> str:
    """Text table of all results: median, smallest time, ratio to the base with its quartiles, and the goals.

    Examples
    --------
    >>> print(table([Measured(Work("w", {"a": int}, base="a"), {"a": np.array([1.0, 3.0, 2.0])})]))
    w
      way      median         min  ratio to a [quartiles]  to reach
      a           2 s         1 s  1 [1, 1]
    """
    lines: list[str] = []
    for measured in results:
        work = measured.work
        width = max(len(name) for name in ("way", *measured.seconds))
        heading = f"ratio to {work.base} [quartiles]"
        lines += [work.name, f"  {'way':<{width}}  {'median':>10}  {'min':>10}  {heading}  to reach"]
        for name, seconds in measured.seconds.items():
            middle, low, high = measured.ratio(name)
            spread = f"{middle:.3g} [{low:.3g}, {high:.3g}]"
            goals = "; ".join(_goal_cell(measured, goal) for goal in work.goals if goal.subject == name)
            row = f"  {name:<{width}}  {human(measured.median(name)):>10}  {human(float(seconds.min())):>10}"
            lines.append(f"{row}  {spread:<{len(heading)}}  {goals}".rstrip())
    return "\n".join(lines)


def write_rounds(results: Iterable[Measured], path: str | Path) -> Path:
    """Write every single round as a row ``work, way, round, seconds`` and return the file's path."""
    rows = (
        (measured.work.name, name, k, f"{value:.6e}")
        for measured in results
        for name, seconds in measured.seconds.items()
        for k, value in enumerate(seconds)
    )
    return write_csv(path, ("work", "way", "round", "seconds"), rows)


def draw(results: Sequence[Measured], stem: str | Path, *, title: str = "") -> list[Path]:
    """Draw a panel for each piece of work, times with quartiles and goals as marks; write ``stem.png`` and ``.svg``."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if not results:
        raise ValueError("results must hold at least one measurement, got an empty sequence")
    columns = min(2, len(results))
    rows = -(-len(results) // columns)
    heights = [max(len(m.seconds) for m in results[columns * r : columns * (r + 1)]) for r in range(rows)]
    figure = Figure(
        figsize=(6.4 * columns, 0.42 * sum(heights) + 1.3 * rows + 0.4), layout=ConstrainedLayoutEngine(h_pad=0.12)
    )
    axes = figure.subplots(rows, columns, squeeze=False, gridspec_kw={"height_ratios": [h + 2 for h in heights]})
    for ax in axes.ravel()[len(results) :]:
        ax.set_visible(False)
    for ax, measured in zip(axes.ravel(), results, strict=False):
        _draw_panel(ax, measured)
    if title:
        figure.suptitle(title)
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=140)
    return paths


def _draw_panel(ax: Any, measured: Measured) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    names = list(measured.seconds)
    limits: dict[str, float] = {}
    for goal in measured.work.goals:
        if measured.outcome(goal) is not None:
            scale = 1.0 if goal.versus is None else measured.median(goal.versus)
            limits[goal.subject] = min(limits.get(goal.subject, np.inf), goal.limit * scale)
    for row, name in enumerate(names):
        low, middle, high = np.percentile(measured.seconds[name], (25.0, 50.0, 75.0)) * 1e3
        color = "tab:orange" if name in limits else "black" if name == measured.work.base else "tab:blue"
        ax.plot([low, high], [row, row], color=color, linewidth=2.5, alpha=0.5, solid_capstyle="butt")
        ax.plot(middle, row, "o", color=color, markersize=6)
        figures = f"{human(middle * 1e-3)}  ({measured.ratio(name)[0]:.3g}x)"
        ax.text(1.01, row, figures, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
        if name in limits:
            ax.plot([1e3 * limits[name]] * 2, [row - 0.35, row + 0.35], color="tab:red", linewidth=1.5)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xscale("log")
    left, right = ax.get_xlim()
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if right / left > 100 else (1.0, 2.0, 5.0)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.grid(axis="both", color="0.9")
    ax.set_axisbelow(True)
    ax.set_xlabel("ms per call: median and quartiles; red: to reach", fontsize="small")
    ax.set_title(measured.work.name, fontsize="medium")


class Bench:
    """What a benchmark measures pieces of work with: it prints their tables, and writes files at the end.

    `given` holds the options of the command line, `quiet` is set where a benchmark prints tables of its own.
    """

    def __init__(self, given: argparse.Namespace, clock: Callable[[], float], quiet: bool) -> None:
        self.given, self.quiet = given, quiet
        self.rounds = 5 if given.quick else given.rounds
        self.results: list[Measured] = []
        self._lines: list[str] = []
        self._clock = clock

    def add(self, work: Work, *, rounds: int | None = None, warmup: int = 1, clock: Any = None) -> Measured:
        """Measure a piece of work and print its table."""
        measured = measure(work, rounds=rounds or self.rounds, warmup=warmup, clock=clock or self._clock)
        self.results.append(measured)
        if not self.quiet:
            self.say(table([measured]))
        return measured

    def say(self, text: str) -> None:
        """Print a line that the text file gets too."""
        self._lines.append(text)
        print(text, flush=True)

    def save(self, stem: Path, title: str) -> None:
        """Write what was measured as CSV, text and figure."""
        write_rounds(self.results, stem.with_suffix(".csv"))
        stem.with_suffix(".txt").write_text("\n".join(self._lines) + "\n", encoding="utf-8")
        draw(self.results, stem, title=title)


def timing(
    title: str, *, rounds: int = 15, quiet: bool = False, clock: Callable[[], float] = time.perf_counter, **options: Any
) -> Callable[[Callable[[Bench], None]], Callable[[], None]]:
    """Make a function that measures with a `Bench` the command of its file.

    `title` of the figure, `rounds` unless the command line says how many (five with ``--quick``), `quiet` where it
    prints tables of its own, and `options` as in `benchmark`.
    """

    def command(function: Callable[[Bench], None]) -> Callable[[], None]:
        stem = Path(function.__code__.co_filename).stem

        def main(given: argparse.Namespace) -> None:
            bench = Bench(given, clock, quiet)
            function(bench)
            if given.out is not None:
                bench.save(given.out / stem, title)

        main.__module__ = function.__module__
        return benchmark(
            out=(None, f"folder for {stem}.csv, .txt, .png and .svg", {"type": Path}),
            rounds=(rounds, f"interleaved rounds (default {rounds})"), quick=(False, "five rounds"), **options,
        )(main)  # fmt: skip

    return command


def installed(makers: Mapping[str, Callable[[], Callable[..., object]]]) -> dict[str, Any]:
    """The ways of the packages that are there, each made by the function of its name."""
    found: dict[str, Any] = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except ImportError:
            print(f"{name} is not installed: left out")
    return found
