"""What a study is: methods with options x problems x seeds."""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from experiments.sweep import Sweep, facts_of
from experiments.tomlfile import SpecError, is_number, is_whole, plain, positive

__all__ = ["Method", "Problem", "Spec", "SpecError", "own_keys"]

MOST_REPEATS = 10**6
MOST_TRIALS = 10**7


def _text(value: Any, where: Sequence[str | int], *, empty: bool = False) -> None:
    if value is not None and not (isinstance(value, str) and (value or empty)):
        raise SpecError(where, f"must be text, got {value!r}.")
    # Control characters and halves of a surrogate pair have no place in a line of a table, in SVG and in UTF-8.
    if value is not None and any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
        raise SpecError(where, f"must be a line of text without control characters, got {value!r}.")


@dataclass(frozen=True)
class Problem:
    """A function to minimise, and the options that build it.

    Parameters
    ----------
    name
        A name of `problems.list`, or ``"module:function"`` for a function of your own: ``f(x)`` with `x` of shape
        (n,), or of shape (..., n) with the option ``vectorized=True``.  With ``factory=True`` the function is called
        with `n` and the options and returns a `problems.Objective`.  A module-level Python function may be given too.
    n
        Dimension, or a list of them (one problem each); None where the problem has its own.
    options
        Passed on to `problems.get` (or to `problems.Objective`).  ``instance="seed"`` gives repeat 0 instance 1 and so
        on, which is COCO's way (an option whose value is ``"seed"`` gets the number of the repeat, from 1).
        ``start=[low, high]`` draws start points from there; ``sigma0`` is the problem's own initial step size, for
        methods that are given none.
    label
        Shown in tables and figures.
    budget, maxcost, precision
        Take the place of the study's own for this problem.
    """

    name: str
    n: int | Sequence[int] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    budget: float | None = None
    maxcost: float | None = None
    precision: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _importable(self.name))
        for n in self.dimensions:
            if n is not None and not is_whole(n, 1):
                raise SpecError(("n",), f"must be a positive integer or a list of them, got {self.n!r}.")
        if not self.dimensions:
            raise SpecError(("n",), "must be a positive integer or a list of at least one, got [].")
        for name in ("budget", "maxcost", "precision"):
            positive(getattr(self, name), (name,))
        _text(self.label, ("label",))
        object.__setattr__(self, "options", plain(self.options, ()))

    @property
    def dimensions(self) -> list[int | None]:
        """The dimensions asked for, one problem each."""
        return list(self.n) if isinstance(self.n, Sequence) else [self.n]


@dataclass(frozen=True)
class Method:
    """A method by its name in `es.methods`, and its options.

    Parameters
    ----------
    name
        As in ``es.minimize(..., method=name)``, or ``"module:Class"`` for one of your own, whose trials run one by one.
    options
        ``sigma0``, ``popsize``, ``restarts`` and whatever else the method takes.
    label
        Shown in tables and figures.
    skip
        Names of problems that it is not run on, ``*`` standing for any letters: such as those without a gradient.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    skip: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SpecError(("name",), f"must be the name of a method, got {self.name!r}.")
        _text(self.label, ("label",))
        listed = isinstance(self.skip, Sequence) and not isinstance(self.skip, str)
        if self.skip is not None and not (listed and all(isinstance(s, str) for s in self.skip)):
            raise SpecError(("skip",), f"must be a list of problem names, got {self.skip!r}.")
        object.__setattr__(self, "options", plain(self.options, ()))


@dataclass(frozen=True)
class Spec:
    """A study: every method on every problem, `seeds` times, over every point of the sweep.

    Parameters
    ----------
    name
        Also the name of the default folder of results.
    problems, methods
        Objects or plain names.
    seeds
        Number of repeats, or the list of their numbers.  Repeat 3 starts all methods from the same point.
    seed
        Root of all random streams of the study.
    budget
        Evaluations per dimension that a run may spend; `maxcost`, if given, is the budget in evaluations.
    grad_cost
        What one gradient is charged, in evaluations.  The reverse mode needs at most four (Griewank & Walther 2008,
        *Evaluating Derivatives*, section 3.3: time ratio bound 4), and that bound is the default.
    precision
        A run ends when f <= f_opt + precision, where f_opt is known.
    timeout
        Seconds that one trial may take; no part of the study's identity.
    sweep
        Parameters to vary.

    Examples
    --------
    >>> spec = Spec("mine", [Problem("sphere", n=5)], [Method("cmaes", {"sigma0": 0.3})], seeds=2)
    >>> spec.total
    2
    """

    name: str
    problems: Sequence[Problem]
    methods: Sequence[Method]
    seeds: int | Sequence[int] = 9
    seed: int = 1
    budget: float = 1000.0
    maxcost: float | None = None
    grad_cost: float = 4.0
    precision: float = 1e-8
    timeout: float | None = None
    title: str = ""
    sweep: Sweep = field(default_factory=Sweep)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not self.name.replace("-", "").replace("_", "").isalnum():
            raise SpecError(("name",), f"must be a word of letters, digits, - and _, got {self.name!r}.")
        problems = [p if isinstance(p, Problem) else Problem(p) for p in self.problems]
        methods = [m if isinstance(m, Method) else Method(m) for m in self.methods]
        for what, items in (("problems", problems), ("methods", methods)):
            if not items:
                raise SpecError((what,), "must name at least one.")
        _text(self.title, ("title",), empty=True)
        if not isinstance(self.seeds, int):
            listed = isinstance(self.seeds, Sequence) and not isinstance(self.seeds, str)
            object.__setattr__(self, "seeds", list(self.seeds) if listed else [self.seeds])
        if isinstance(self.seeds, int) and self.seeds > MOST_REPEATS:
            raise SpecError(("seeds",), f"must be at most {MOST_REPEATS}, got {self.seeds!r}.")
        numbers = self.repeats
        if not numbers or not all(map(is_whole, numbers)):
            raise SpecError(("seeds",), f"must be a positive number of repeats or a list of them, got {self.seeds!r}.")
        if len(set(numbers)) < len(numbers):
            raise SpecError(("seeds",), f"must not name a repeat twice, got {self.seeds!r}.")
        total = sum(len(p.dimensions) for p in problems) * len(methods) * self.sweep.size * len(numbers)
        if total > MOST_TRIALS:
            raise SpecError((), f"a study must have at most {MOST_TRIALS} trials, got {total}: take fewer values.")
        object.__setattr__(self, "problems", _unique_problems(problems))
        object.__setattr__(self, "methods", _labelled(methods, [m.label or m.name.rpartition(":")[2] for m in methods]))
        if not is_whole(self.seed):
            raise SpecError(("seed",), f"must be a non-negative integer, got {self.seed!r}.")
        if not is_number(self.grad_cost) or self.grad_cost < 0:
            raise SpecError(("grad_cost",), f"must be a non-negative number, got {self.grad_cost!r}.")
        for name in ("budget", "precision"):
            if getattr(self, name) is None:
                raise SpecError((name,), "must be a positive number, got None.")
        for name in ("budget", "maxcost", "precision", "timeout"):
            positive(getattr(self, name), (name,))
        if self.sweep.when:
            self.sweep.check_conditions([facts_of(p, m) for p in self.problems for m in self.methods])

    @property
    def repeats(self) -> list[int]:
        """Numbers of the repeats."""
        if isinstance(self.seeds, bool):
            return []
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)

    @property
    def heading(self) -> str:
        """The title, or what runs on what where there is none."""
        if self.title:
            return self.title
        methods, problems = ([item.label or item.name for item in items] for items in (self.methods, self.problems))

        def listed(names: Sequence[str]) -> str:
            return ", ".join(names[:-1]) + f" and {names[-1]}" if names[1:] else names[0]

        return f"{listed(methods)} on {listed(problems) if len(problems) <= 4 else f'{len(problems)} problems'}"

    @functools.cached_property
    def trials(self) -> list[dict[str, Any]]:
        """The trials, each content once, in the study's order; made once and not to be changed."""
        from experiments.trial import make_trials

        return make_trials(self)

    @property
    def total(self) -> int:
        """Number of different trials."""
        return len(self.trials)

    def replace(self, **changes: Any) -> Spec:
        """Give the same study with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Give the study as plain tables, as a TOML file would hold it (see `specfile.spec_from`)."""
        data: dict[str, Any] = {"name": self.name, "title": self.title, "seeds": self.seeds, "seed": self.seed}
        data |= {name: getattr(self, name) for name in ("budget", "maxcost", "grad_cost", "precision", "timeout")}
        data["problems"] = [_table(problem) for problem in self.problems]
        data["methods"] = [_table(method) for method in self.methods]
        data["sweep"] = self.sweep.to_dict()
        return {key: value for key, value in data.items() if value not in (None, "", {})}


def own_keys(kind: Any) -> list[str]:
    """Keys of a problem's or a method's table that are none of its options."""
    return [f.name for f in dataclasses.fields(kind) if f.name != "options"]


def _table(item: Problem | Method) -> dict[str, Any]:
    own = {name: getattr(item, name) for name in own_keys(item) if getattr(item, name) is not None}
    return {**own, **dict(item.options)}


def _importable(name: Any) -> str:
    """Turn a module-level function into ``module:function``."""
    if isinstance(name, str) and name:
        return name
    if isinstance(name, Callable):  # type: ignore[arg-type]  # mypy reads typing's Callable as a special form
        module, qualname = getattr(name, "__module__", None), getattr(name, "__qualname__", "")
        if module and module != "__main__" and qualname and "<" not in qualname and "." not in qualname:
            return f"{module}:{qualname}"
        raise SpecError(
            ("name",), f"must be importable by the worker processes; move {qualname or name!r} to the top of a module."
        )
    raise SpecError(("name",), f"must be a problem's name, module:function or a module's function, got {name!r}.")


_Item = TypeVar("_Item", Problem, Method)


def _words(options: Mapping[str, Any]) -> tuple[str, str]:
    """Put options into words: flags that are on before the name, the others behind it."""
    front = " ".join(key for key, value in options.items() if value is True)
    behind = ", ".join(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
                       for key, value in options.items() if value is not True)  # fmt: skip
    return front, behind


def _unique_problems(problems: Sequence[Problem]) -> list[Problem]:
    """Give one problem per dimension, each with a label of its own."""
    flat = [dataclasses.replace(p, n=n) for p in problems for n in p.dimensions]
    labels = []
    for p in flat:
        front, _ = _words({k: v for k, v in p.options.items() if k not in ("vectorized", "factory")})
        base = p.label or f"{front} {p.name.rpartition(':')[2]}".strip()
        crowded = p.label is None or sum(q.label == p.label for q in flat) > 1
        labels.append(f"{base} (n={p.n})" if p.n is not None and crowded and "(n=" not in base else base)
    return _labelled(flat, labels)


def _labelled(items: Sequence[_Item], labels: Sequence[str]) -> list[_Item]:
    """The items with these labels, those that stand twice with the options and if need be a number."""
    found: list[_Item] = []
    uses, taken = Counter(labels), Counter[str]()
    used: set[str] = set()
    for item, label in zip(items, labels, strict=True):
        full = f"{label} {_words(item.options)[1]}".strip() if uses[label] > 1 else label
        taken[full] += 1
        text = full
        while text in used:
            text = f"{full} #{taken[full]}"
            taken[full] += text in used
        used.add(text)
        found.append(dataclasses.replace(item, label=text))
    return found
