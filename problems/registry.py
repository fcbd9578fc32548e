"""One registry of problems: the same names in Python, in sweep files and on the command line."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, get_args, get_type_hints

from problems.numbers import size
from problems.objective import Objective
from problems.typed import fits, in_words

Maker = Callable[..., Objective]

# Imported when a name is asked for that is not known yet; importing one registers its problems.
_PROVIDERS = [
    "problems.classic",
    "problems.learning",
    "problems.engineering",
    "problems.control",
    "problems.images",
    "problems.bbob",
    "problems.mgh",
    "problems.hs",
    "problems.traps",
]
_ENTRIES: dict[str, Entry] = {}


@dataclass(frozen=True)
class Entry:
    """What the registry knows of one name."""

    name: str
    make: Maker
    """`make(n, **options)` -> Objective; n is None where the caller gave none."""
    tags: tuple[str, ...] = ()
    """Groups that it belongs to, such as "classic" or "bbob"."""
    smooth: bool = False
    """Whether the gradient may be compared with finite differences at random points."""
    plane: bool = True
    """Whether it can be had with n=2, to be drawn."""
    options: dict[str, Any] = field(default_factory=dict)
    """Options that this name stands for; a caller's own win."""


def register(
    name: str,
    make: Maker,
    *,
    tags: Iterable[str] = (),
    smooth: bool = False,
    plane: bool = True,
    options: dict[str, Any] | None = None,
) -> None:
    """Make a problem known by name.

    Parameters
    ----------
    name : str
        Letters, digits, ".", "_" and "-"; nothing that is taken.
    make : callable
        `make(n, **options)` -> Objective. Its keyword parameters are the options that `get` takes for this name.
    tags : iterable of str
        Groups for `names(tag)`.
    smooth, plane : bool
        See `Entry`.
    options : dict, optional
        Options that are passed with each call, below the caller's own.

    Examples
    --------
    >>> def bowl(n=None, *, power=2):
    ...     return Objective(lambda x: (abs(x) ** power).sum(-1), n or 2, vectorized=True)
    >>> register("my-bowl", bowl)
    >>> get("my-bowl", power=4)([1.0, 2.0])
    17.0
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise ValueError(f"name must be made of letters, digits, '.', '_' and '-', got {name!r}")
    if not callable(make):
        raise ValueError(f"make must be callable, got {type(make).__name__}")
    if name in _ENTRIES:
        raise ValueError(f"name {name!r} is registered already: choose another")
    _ENTRIES[name] = Entry(name, make, tuple(tags), smooth, plane, dict(options or {}))


def get(name: str, n: int | None = None, **options: Any) -> Objective:
    """Make the problem of that name.

    Parameters
    ----------
    name : str
        One of `names()`. Settings may stand in the string, behind a colon: `"ellipsoid:n=10,rotated=true,seed=3"`.
    n : int, optional
        Number of variables; each problem has a default.
    **options
        What the problem takes: `seed`, `shifted`, `rotated`, ... for the classic functions, `instance` for BBOB.

    Returns
    -------
    Objective

    Raises
    ------
    ValueError
        Unknown name or option, with the closest ones; an n that the problem does not come in.

    Examples
    --------
    >>> f = get("ellipsoid", n=10, rotated=True, shifted=True, seed=3)
    >>> f(f.x_opt) == f.f_opt
    True
    """
    base, settings = _parse(name)
    if "n" in settings:
        if n is not None and n != settings["n"]:
            raise ValueError(f"n is given twice: {settings['n']} in {name!r} and {n}")
        n = settings.pop("n")
    twice = sorted(settings.keys() & options.keys())
    if twice:
        raise ValueError(f"{twice[0]} is given twice: in {name!r} and as an argument")
    found = entry(base)
    given = found.options | settings | options
    _check_options(found, given)
    return found.make(None if n is None else size("n", n, f" for {base}"), **given)


def names(tag: str | None = None) -> list[str]:
    """Names of all problems, or of those with a tag ("classic", "learning", "bbob", ...), sorted as a person would.

    Examples
    --------
    >>> "rosenbrock" in names("classic")
    True
    """
    for module in list(_PROVIDERS):
        _load(module)
    found = [e.name for e in _ENTRIES.values() if tag is None or tag in e.tags]
    if tag is not None and not found:
        tags = sorted({t for e in _ENTRIES.values() for t in e.tags})
        raise ValueError(f"no problem has the tag {tag!r}{_closest(tag, tags)}; there are {', '.join(tags)}")
    return sorted(found, key=lambda s: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", s)])


def entry(name: str) -> Entry:
    """The registry's entry of a name, without making the problem."""
    # The provider whose own name stands in the problem's name is asked first, which spares importing the others.
    for module in ["", *sorted(_PROVIDERS, key=lambda m: m.rpartition(".")[2] not in str(name))]:
        _load(module)
        if name in _ENTRIES:
            return _ENTRIES[name]
    raise ValueError(f"unknown problem {name!r}{_closest(name, _ENTRIES)}; problems.list() names them all")


def _load(module: str) -> None:
    """Import a provider once; a package that is not installed provides nothing."""
    if module in _PROVIDERS and find_spec(module) is not None:
        import_module(module)
        _PROVIDERS.remove(module)


def _closest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name).lower(), list(known), n=3, cutoff=0.5)
    return f": did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def _check_options(found: Entry, given: dict[str, Any]) -> None:
    known = _options(found.make)
    if known is None:
        return
    for option, value in given.items():
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ValueError(f"{found.name} has no option {option!r}{_closest(option, known)}; {takes}")
        if not fits(value, known[option]):
            words = in_words(known[option])
            raise ValueError(f"{option} of {found.name} must be {words}, got {type(value).__name__} {_short(value)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _options(make: Maker) -> dict[str, Any] | None:
    """Options that a maker takes and their types, those of a TypedDict behind ** among them; None if it takes any."""
    bare = make.func if isinstance(make, partial) else make
    try:
        hints = get_type_hints(bare)
    except (NameError, TypeError):  # types that are known to a checker only, or a callable object
        hints = {}
    known: dict[str, Any] = {}
    for parameter in list(inspect.signature(make).parameters.values())[1:]:
        if parameter.kind is not parameter.VAR_KEYWORD:
            known[parameter.name] = hints.get(parameter.name, Any)
        elif str(parameter.annotation).startswith("Unpack["):
            known |= get_type_hints(get_args(hints[parameter.name])[0])
        else:
            return None
    return known


def _parse(text: str) -> tuple[str, dict[str, Any]]:
    """`"name:key=value,key=value"` -> name and settings."""
    if not isinstance(text, str):
        raise ValueError(f"name must be a string, got {type(text).__name__}")
    base, _, rest = text.partition(":")
    settings: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in rest.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"settings behind the colon must read key=value, got {part!r} in {text!r}")
        settings[key.strip()] = _value(value.strip())
    return base.strip(), settings


def _value(text: str) -> Any:
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
