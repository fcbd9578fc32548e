"""Sweeps: from ranges of parameters to the list of points, and from words on the command line to both.

A parameter is a path: ``method.sigma0`` is an option of the method, ``problem.n`` one of the problem, ``budget`` the
study's own.  Grid, zip and random parts are multiplied with each other; `when` switches a parameter on only where its
condition holds, so that combinations which would be the same trial are one trial.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.tomlfile import SpecError, is_number, is_whole, plain, positive

_DISTRIBUTIONS = ("uniform", "loguniform", "integers", "choice")
MOST_POINTS = 1_000_000
_STUDY_PATHS = ("budget", "maxcost", "precision")


@dataclass(frozen=True)
class Sweep:
    """Parameters to vary over every method and problem of a study.

    Parameters
    ----------
    grid
        Path to list of values; all combinations.
    zip
        Path to list of values of one common length; walked together.
    random
        ``{"n": 20, "seed": 0, "space": {path: {"loguniform": [1e-4, 1]}}}`` with ``uniform [low, high]``, ``loguniform
        [low, high]``, ``integers [low, high]`` (both included) and ``choice [...]``.
    when
        Path to the condition under which it applies: ``{"method.momentum": {"method.name": ["momentum"]}}``.

    Examples
    --------
    >>> list(Sweep(grid={"method.sigma0": [0.1, 1.0]}).points())
    [{'method.sigma0': 0.1}, {'method.sigma0': 1.0}]
    """

    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    zip: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    random: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("grid", "zip", "random", "when"):
            table = plain(getattr(self, part), ("sweep", part))
            if not isinstance(table, dict):
                raise SpecError(("sweep", part), f"must be a table, got {table!r}.")
            object.__setattr__(self, part, table)
        for part in ("grid", "zip"):
            for path, values in getattr(self, part).items():
                _check_path(path, ("sweep", part))
                if not isinstance(values, list) or not values:
                    raise SpecError(("sweep", part, path), f"must be a list of at least one value, got {values!r}.")
                _check_values(path, values, ("sweep", part, path))
        lengths = {path: len(values) for path, values in self.zip.items()}
        if len(set(lengths.values())) > 1:
            raise SpecError(("sweep", "zip"), f"must have lists of one length, got {lengths}.")
        self._check_random()
        self._check_size()
        seen: set[str] = set()
        for path in self.params:
            if path in seen:
                raise SpecError(("sweep",), f"must name {path} in one part only (grid, zip or random).")
            seen.add(path)
        for path, condition in self.when.items():
            if path not in seen:
                raise SpecError(("sweep", "when", path), f"must be one of the swept parameters {sorted(seen)}.")
            if not isinstance(condition, Mapping) or not condition:
                raise SpecError(
                    ("sweep", "when", path), f'must be a table such as {{"method.name" = ["adam"]}}, got {condition!r}.'
                )
            for other in condition:
                _check_path(other, ("sweep", "when", path))

    def _check_size(self) -> None:
        """Refuse more points than anybody can run, before they are made: each is at least one trial."""
        sizes = self._sizes()
        if self.size > MOST_POINTS:
            largest = max(sizes, key=lambda part: sizes[part])
            raise SpecError(
                ("sweep", *largest),
                f"must leave at most {MOST_POINTS} points of grid, zip and random together: take fewer values.",
            )

    def _check_random(self) -> None:
        if not self.random:
            return
        unknown = set(self.random) - {"n", "seed", "space"}
        if unknown:
            raise SpecError(("sweep", "random", min(unknown)), "is not known here; use n, seed and space.")
        n = self.random.get("n")
        if not is_whole(n, 1):
            raise SpecError(("sweep", "random", "n"), f"must be a positive integer, got {n!r}.")
        seed = self.random.get("seed", 0)
        if not is_whole(seed):
            raise SpecError(("sweep", "random", "seed"), f"must be a non-negative integer, got {seed!r}.")
        if not isinstance(self.random.get("space"), dict) or not self.random["space"]:
            raise SpecError(("sweep", "random", "space"), "must be a table that names at least one parameter.")
        for path, law in self.random["space"].items():
            where = ("sweep", "random", "space", path)
            _check_path(path, where[:-1])
            if not isinstance(law, Mapping) or len(law) != 1 or next(iter(law)) not in _DISTRIBUTIONS:
                raise SpecError(where, f"must be one of {', '.join(_DISTRIBUTIONS)} with its values, got {law!r}.")
            kind, values = next(iter(law.items()))
            if kind == "choice":
                if not isinstance(values, list) or not values:
                    raise SpecError(where, f"choice must be a list of at least one value, got {values!r}.")
                _check_values(path, values, where)
                continue
            good = isinstance(values, list) and len(values) == 2 and all(map(is_number, values))
            good = good and (kind != "integers" or all(isinstance(v, int) for v in values))
            if not good or values[0] > values[1]:
                raise SpecError(where, f"{kind} must be [low, high] with low <= high, got {values!r}.")
            if kind == "loguniform" and values[0] <= 0:
                raise SpecError(where, f"loguniform must have low > 0, got {values!r}.")
            _check_values(path, values, where)

    def _sizes(self) -> dict[tuple[str, str], int]:
        """Values of each part that is multiplied with the others."""
        sizes = {("grid", path): len(values) for path, values in self.grid.items()}
        sizes |= {("zip", path): len(values) for path, values in itertools.islice(self.zip.items(), 1)}
        return sizes | ({("random", "n"): self.random["n"]} if self.random else {})

    @property
    def size(self) -> int:
        """Number of points, `when` not yet applied."""
        return math.prod(self._sizes().values())

    @property
    def params(self) -> list[str]:
        """Names of the swept parameters, in the order grid, zip, random."""
        return [*self.grid, *self.zip, *self.random.get("space", {})]

    def points(self) -> Iterator[dict[str, Any]]:
        """Give every combination of parameters, `when` not yet applied."""
        grid = [[(path, value) for value in values] for path, values in self.grid.items()]
        zipped = [list(zip(self.zip, row, strict=True)) for row in zip(*self.zip.values(), strict=True)] or [[]]
        drawn = self._draws() or [{}]
        for combination in itertools.product(*grid):
            for row in zipped:
                for draw in drawn:
                    yield {**dict(combination), **dict(row), **draw}

    def _draws(self) -> list[dict[str, Any]]:
        """Draw the random points: a Latin hypercube, so that of n draws one lies in every n-th part of each range.

        Each parameter has a stream of its own, so that adding one leaves the values of the others.
        """
        space = self.random.get("space", {})
        columns: dict[str, list[Any]] = {}
        for path, law in space.items():
            words = [int(b) for b in path.encode()]
            rng = np.random.default_rng([int(self.random.get("seed", 0)), *words])
            kind, values = next(iter(law.items()))
            size = int(self.random["n"])
            places = (rng.permutation(size) + rng.random(size)) / size
            if kind == "uniform":
                columns[path] = (values[0] + (values[1] - values[0]) * places).tolist()
            elif kind == "loguniform":
                low, high = math.log(values[0]), math.log(values[1])
                columns[path] = np.exp(low + (high - low) * places).clip(values[0], values[1]).tolist()
            elif kind == "integers":
                columns[path] = [values[0] + int(place * (values[1] - values[0] + 1)) for place in places]
            else:
                columns[path] = [values[int(place * len(values))] for place in places]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def active(self, point: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the parameters of a point whose condition holds.

        Parameters
        ----------
        point
            One item of `points`.
        facts
            What conditions may ask for besides the point itself: ``method.name``, ``problem.n``, options, ...
        """
        kept = dict(point)
        for path, condition in self.when.items():
            for other, allowed in condition.items():
                known = kept.get(other, facts.get(other))
                if known not in listed(allowed):
                    kept.pop(path, None)
        return kept

    def check_conditions(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a condition that holds for none of these facts (see `active`), by which swept values were lost."""
        swept: dict[str, list[Any]] = {path: list(values) for path, values in {**self.grid, **self.zip}.items()}
        for draw in self._draws():
            for path, value in draw.items():
                swept.setdefault(path, []).append(value)
        for path, condition in self.when.items():
            possible = {other: [[one.get(other), *swept.get(other, ())] for one in facts] for other in condition}
            holds = {other: [any(value in listed(allowed) for value in values) for values in possible[other]]
                     for other, allowed in condition.items()}  # fmt: skip
            if any(map(all, zip(*holds.values(), strict=True))):
                continue
            reason = "its conditions hold for no method and problem together"
            for other, allowed in condition.items():
                if any(holds[other]):
                    continue
                names = {*swept, *(name for one in facts for name in one)}
                near = difflib.get_close_matches(other, sorted(names - {other}), 1, 0.6)
                values = list(dict.fromkeys(repr(v) for row in possible[other] for v in row if v is not None))
                if values:
                    known = f"{', '.join(values[:8])}{' ...' if values[8:] else ''}"
                    reason = f"{other} is none of {listed(allowed)!r} in this study, but {known}"
                else:
                    reason = f"no method or problem of this study has {other}{f' ({near[0]}?)' if near else ''}"
                break
            raise SpecError(("sweep", "when", path), f"can never be met: {reason}.")

    def to_dict(self) -> dict[str, Any]:
        """Give the parts that are not empty, as in TOML."""
        parts: dict[str, Any] = {}
        for name in ("grid", "zip", "when"):
            if getattr(self, name):
                parts[name] = {
                    path: list(value) if not isinstance(value, Mapping) else dict(value)
                    for path, value in getattr(self, name).items()
                }
        if self.random:
            parts["random"] = {
                "n": self.random["n"],
                "seed": self.random.get("seed", 0),
                "space": {path: dict(law) for path, law in self.random["space"].items()},
            }
        return parts


def facts_of(problem: Any, method: Any) -> dict[str, Any]:
    """What conditions may ask for, besides the point, by path."""
    found: dict[str, Any] = {"method.name": method.name, "method.label": method.label}
    found |= {"problem.name": problem.name, "problem.label": problem.label, "problem.n": problem.n}
    found |= {f"method.{key}": value for key, value in method.options.items()}
    return found | {f"problem.{key}": value for key, value in problem.options.items()}


def listed(allowed: Any) -> Sequence[Any]:
    """The values that a condition accepts."""
    return allowed if isinstance(allowed, list | tuple) else [allowed]


def sweep_from(data: Any) -> Sweep:
    """Read the ``[sweep]`` table; dotted keys may be quoted or not."""
    if not isinstance(data, Mapping):
        raise SpecError(("sweep",), f"must be a table with grid, zip, random or when, got {data!r}.")
    unknown = set(data) - {"grid", "zip", "random", "when"}
    if unknown:
        raise SpecError(("sweep", min(unknown)), "is not known here; use grid, zip, random or when.")
    for part, value in data.items():
        if not isinstance(value, Mapping):
            raise SpecError(("sweep", part), f"must be a table, got {value!r}.")
    random = dict(data.get("random", {}))
    if isinstance(random.get("space"), Mapping):
        random["space"] = _flatten(random["space"], stop=_DISTRIBUTIONS)
    when = flat_conditions(data.get("when", {}))
    return Sweep(_flatten(data.get("grid", {})), _flatten(data.get("zip", {})), random, when)


def flat_conditions(when: Mapping[str, Any]) -> dict[str, Any]:
    """The ``when`` table with dotted paths, however its keys are written."""
    return {path: _flatten(c) if isinstance(c, Mapping) else c for path, c in _flatten(when, depth=2).items()}


def _flatten(table: Mapping[str, Any], stop: Sequence[str] = (), depth: int = 99) -> dict[str, Any]:
    """Turn nested tables into dotted paths, down to `depth` parts or to a table whose only key is in `stop`."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        left = depth - (key.count(".") + 1)
        if isinstance(value, Mapping) and left > 0 and not (len(value) == 1 and next(iter(value)) in stop):
            for sub, item in _flatten(value, stop, left).items():
                flat[f"{key}.{sub}"] = item
        else:
            flat[key] = value
    return flat


def _check_path(path: str, where: Sequence[str]) -> None:
    head, _, tail = path.partition(".")
    if not ((head in ("method", "problem") and tail) or path in _STUDY_PATHS):
        raise SpecError(
            (*where, path), f"must be method.<option>, problem.<option> or one of {', '.join(_STUDY_PATHS)}."
        )


def _check_values(path: str, values: Sequence[Any], where: Sequence[str]) -> None:
    """Refuse values that the study itself would refuse for one of its own settings."""
    for value in values:
        if path in _STUDY_PATHS and value is None:
            raise SpecError(where, f"must be positive numbers, got {values!r}.")
        if path in _STUDY_PATHS:
            positive(value, where)
        if path == "problem.n" and not is_whole(value, 1):
            raise SpecError(where, f"must be positive integers, got {value!r}.")
        if path in ("method.name", "problem.name") and not isinstance(value, str):
            raise SpecError(where, f"must be names, got {value!r}.")


_RANGE = re.compile(r"^range\(([^()]*)\)$")
_KEY = re.compile(r"^[A-Za-z_][\w.-]*$")


def parse_override(text: str) -> tuple[str, Any, bool]:
    """Read one ``key=value`` word of the command line.

    Returns
    -------
    path, value, many
        `many` says that several values were asked for (``a,b,c`` or ``range(1,5)``); then `value` is a list.

    Examples
    --------
    >>> parse_override("method.sigma0=0.1,1")
    ('method.sigma0', [0.1, 1], True)
    >>> parse_override("problem.n=range(2,5)")
    ('problem.n', [2, 3, 4], True)
    """
    path, equals, value = text.partition("=")
    path, value = path.strip(), value.strip()
    if not equals or not _KEY.match(path) or not value:
        raise SpecError((), f"override must look like key=value, key=a,b,c or key=range(1,5), got {text!r}.")
    span = _RANGE.match(value)
    if span:
        return path, _expand_range(text, span.group(1)), True
    words = _split(value)
    if len(words) > 1:
        if not all(words):
            raise SpecError((), f"{path} must have a value on either side of each comma, got {text!r}.")
        return path, [_scalar(word) for word in words], True
    return path, _scalar(value), False


def _split(value: str) -> list[str]:
    """Split at commas outside brackets and quotes."""
    words, depth, quote, word = [], 0, "", ""
    for char in value:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[({":
            depth += 1
        elif char in "])}":
            depth -= 1
        if char == "," and depth == 0 and not quote:
            words.append(word.strip())
            word = ""
        else:
            word += char
    words.append(word.strip())
    return words


def _expand_range(text: str, inside: str) -> list[float]:
    numbers = [_scalar(word) for word in _split(inside)]
    good = all(map(is_number, numbers)) and 1 <= len(numbers) <= 3
    if not good or (len(numbers) == 3 and numbers[2] == 0):
        raise SpecError((), f"range must be range(stop), range(start,stop) or range(start,stop,step), got {text!r}.")
    start, stop, step = (0, numbers[0], 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    length = (stop - start) / step - 1e-9
    if not 0 < length <= MOST_POINTS:
        raise SpecError((), f"range must hold at least one value and at most {MOST_POINTS}, got {text!r}.")
    return [start + i * step for i in range(math.ceil(length))]


def _scalar(word: str) -> Any:
    """Read a value as TOML would; what is no TOML value is a plain word."""
    import tomllib

    try:
        return tomllib.loads(f"v = {word}")["v"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return float(word)
    except ValueError:
        return {"None": None, "True": True, "False": False}.get(word, word)
