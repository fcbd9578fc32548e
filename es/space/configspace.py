"""ConfigurationSpace of the package ConfigSpace, read and written with its conditions."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .categories import Choice, Ordinal
from .conditions import Conditions, Way, spelt
from .levels import count_levels
from .numeric import Integer, Linear, Log
from .parameter import Fixed, Parameter

MOST = 1000  # values of a parameter in steps, which become ordinal one by one


def _package() -> Any:
    try:
        import ConfigSpace
    except ImportError as error:
        raise ImportError("spaces of ConfigSpace need it: python -m pip install ConfigSpace") from error
    return ConfigSpace


# Writing -------------------------------------------------------------------------------------------


def write(
    named: Sequence[tuple[str, Parameter]], leaves: Mapping[Way, Parameter], conditions: Conditions, seed: int | None
) -> Any:
    """A ConfigurationSpace of these parameters."""
    package = _package()
    space = package.ConfigurationSpace(seed=seed)
    made = {name: _written(package, name, leaf) for name, leaf in named}
    space.add(*made.values())
    for way, parents in conditions.direct.items():
        child = made[spelt(way)]
        parts = []
        for parent, places in parents.items():
            leaf = leaves[parent]
            values = [_value_at(leaf, place) for place in places]
            on = made[spelt(parent)]
            one = len(values) == 1
            parts.append(
                package.EqualsCondition(child, on, values[0]) if one else package.InCondition(child, on, values)
            )
        space.add(parts[0] if len(parts) == 1 else package.AndConjunction(*parts))
    return space


def _value_at(leaf: Parameter, place: int) -> Any:
    if isinstance(leaf, Choice):
        return leaf.values[place]
    return leaf.decode(leaf.low + place)


def _written(package: Any, name: str, leaf: Parameter) -> Any:
    start = leaf.start()
    if isinstance(leaf, Fixed):
        if isinstance(leaf.value, bool) or not isinstance(leaf.value, int | float | str):
            raise ValueError(f"parameter {name} must be a number or text for ConfigSpace, got {leaf.value!r}")
        return package.Constant(name, leaf.value)
    if isinstance(leaf, Choice):
        return package.CategoricalHyperparameter(name, list(leaf.values), default_value=start)
    if isinstance(leaf, Ordinal):
        return package.OrdinalHyperparameter(name, list(leaf.values), default_value=start)
    if isinstance(leaf, Integer | Linear) and leaf.step is not None:
        return package.OrdinalHyperparameter(name, _stepped(name, leaf), default_value=start)
    if isinstance(leaf, Integer):
        return package.UniformIntegerHyperparameter(name, *leaf.limits, default_value=start, log=leaf.log)
    if isinstance(leaf, Linear):
        log = isinstance(leaf, Log)
        return package.UniformFloatHyperparameter(name, *leaf.limits, default_value=start, log=log)
    raise ValueError(f"parameter {name} cannot become one of ConfigSpace, got {leaf!r}")


def _stepped(name: str, leaf: Parameter) -> list[Any]:
    """All values of a parameter in steps, in their order. Raises ValueError if there are more than `MOST`."""
    count = count_levels(leaf)
    if count > MOST:
        raise ValueError(f"parameter {name} has {count} values, which ConfigSpace would get one by one: at most {MOST}")
    return [leaf.decode(leaf.low + k) for k in range(count)]


# Reading -------------------------------------------------------------------------------------------


def read(space: Any) -> dict[str, Parameter]:
    """The parameters of a ConfigurationSpace by name.

    Raises
    ------
    ValueError
        If it holds what a Space cannot say.
    """
    package = _package()
    if not isinstance(space, package.ConfigurationSpace):
        raise ValueError(f"space must be a ConfigurationSpace, got {type(space).__name__}")
    if space.forbidden_clauses:
        raise ValueError(
            f"space must have no forbidden clauses, got {space.forbidden_clauses[0]}: leave them out and make them "
            "constraints"
        )
    when: dict[str, dict[str, list[Any]]] = {}
    for condition in space.conditions:
        child = getattr(condition, "child", None) or condition.components[0].child
        when[child.name] = _both(when.get(child.name, {}), _condition(package, condition))
    found: dict[str, Parameter] = {}
    for name, one in space.items():
        # One value stands for itself: that is how people write it.
        conditions = {
            parent: values[0] if len(values) == 1 else values for parent, values in when.get(name, {}).items()
        }
        found[name] = _parameter(package, one, conditions or None)
    return found


def _parameter(package: Any, one: Any, when: dict[str, Any] | None) -> Parameter:
    if isinstance(one, package.Constant):
        return Fixed(_plain(one.value), when=when)
    start = _plain(one.default_value)
    if isinstance(one, package.CategoricalHyperparameter):
        weights = one.weights
        if weights is not None and len(set(weights)) > 1:
            raise ValueError(f"parameter {one.name} must have choices of one weight, got {weights}: leave weights out")
        values = [_plain(value) for value in one.choices]
        return Fixed(values[0], when=when) if len(values) == 1 else Choice(*values, init=start, when=when)
    if isinstance(one, package.OrdinalHyperparameter):
        values = [_plain(value) for value in one.sequence]
        return Fixed(values[0], when=when) if len(values) == 1 else Ordinal(*values, init=start, when=when)
    if isinstance(one, package.UniformIntegerHyperparameter):
        return Integer(int(one.lower), int(one.upper), init=start, log=bool(one.log), when=when)
    if isinstance(one, package.UniformFloatHyperparameter):
        kind = Log if one.log else Linear
        return kind(float(one.lower), float(one.upper), init=start, when=when)
    raise ValueError(
        f"parameter {one.name} must be uniform, categorical, ordinal or constant, got {type(one).__name__}"
    )


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value


def _condition(package: Any, condition: Any) -> dict[str, list[Any]]:
    """Parent -> values that it may have.

    Raises ValueError if the condition is of another form than "all of these parents have one of these values".
    """
    if isinstance(condition, package.AndConjunction | package.OrConjunction):
        parts = [_condition(package, part) for part in condition.components]
        if isinstance(condition, package.AndConjunction):
            return functools.reduce(_both, parts)
        names = {name for part in parts for name in part}
        if len(names) > 1 or any(len(part) > 1 for part in parts):
            raise ValueError(f"condition must not join several parents by `or`, got {condition}")
        (name,) = names
        return {name: list(dict.fromkeys(value for part in parts for value in part[name]))}
    name, all_values = condition.parent.name, _values(package, condition)
    if isinstance(condition, package.EqualsCondition):
        return {name: [_plain(condition.value)]}
    if isinstance(condition, package.InCondition):
        return {name: [_plain(value) for value in condition.values]}
    if all_values is None:
        raise ValueError(f"condition must be on a parent whose values can be counted, got {condition}")
    limit = _plain(condition.value)
    if isinstance(condition, package.NotEqualsCondition):
        return {name: [value for value in all_values if value != limit]}
    place = all_values.index(limit)
    if isinstance(condition, package.GreaterThanCondition):
        return {name: all_values[place + 1 :]}
    if isinstance(condition, package.LessThanCondition):
        return {name: all_values[:place]}
    raise ValueError(f"condition must be one of those of ConfigSpace, got {type(condition).__name__}")


def _values(package: Any, condition: Any) -> list[Any] | None:
    """All values of a parent, in their order; None where they cannot be counted."""
    parent = condition.parent
    if isinstance(parent, package.CategoricalHyperparameter):
        return [_plain(value) for value in parent.choices]
    if isinstance(parent, package.OrdinalHyperparameter):
        return [_plain(value) for value in parent.sequence]
    if isinstance(parent, package.UniformIntegerHyperparameter):
        return list(range(int(parent.lower), int(parent.upper) + 1))
    return None


def _both(a: dict[str, list[Any]], b: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Conditions that hold together."""
    return {
        name: [value for value in a[name] if value in b[name]] if name in a and name in b else (a | b)[name]
        for name in {**a, **b}
    }
