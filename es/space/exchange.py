"""Spaces from and to other packages: optuna's distributions and ConfigSpace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .categories import Choice, Ordinal
from .conditions import Conditions, Way, spelt
from .numeric import Integer, Linear, Log
from .parameter import Fixed, Parameter


class Exchange:
    """What a `Space` exchanges with other packages, which are imported when they are asked for."""

    _leaves: dict[Way, Parameter]
    _conditions: Conditions

    def __init__(self, parameters: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        raise NotImplementedError

    @classmethod
    def from_optuna(cls, distributions: Mapping[str, Any]) -> Any:
        """A space from optuna's distributions by name; one of a single value is fixed.

        Parameters
        ----------
        distributions : mapping
            Name -> FloatDistribution, IntDistribution or CategoricalDistribution.

        Raises
        ------
        ImportError
            If optuna is not installed.
        ValueError
            If one is of another kind.

        Examples
        --------
        >>> from es import Space
        >>> from optuna.distributions import CategoricalDistribution, FloatDistribution
        >>> rate, rule = FloatDistribution(1e-3, 1, log=True), CategoricalDistribution(["a", "b"])
        >>> Space.from_optuna({"rate": rate, "rule": rule})
        Space(rate=Log(0.001, 1), rule=Choice('a', 'b'))
        """
        _optuna()
        if not isinstance(distributions, Mapping):
            raise ValueError(f"distributions must be a mapping of names, got {type(distributions).__name__}")
        return cls({name: of_optuna(name, one) for name, one in distributions.items()})

    def to_optuna(self) -> dict[str, Any]:
        """The space as optuna's distributions by name, which `trial.suggest_...` and `study.ask` take.

        Names within dicts are joined by a point. An `Ordinal` becomes a CategoricalDistribution, which knows no order,
        and a fixed value one with a single choice. Starts are lost.

        Raises
        ------
        ImportError
            If optuna is not installed.
        ValueError
            If parameters have a shape, or are there only at times, which distributions cannot say.

        Examples
        --------
        >>> from es import Integer, Space
        >>> Space(layers=Integer(1, 8), solver=["sgd", "adam"]).to_optuna()["layers"]
        IntDistribution(high=8, log=False, low=1, step=1)
        """
        optuna = _optuna()
        if self._conditions:
            raise ValueError(
                "a Space with conditions (when) cannot become distributions of optuna, which has none: suggest its "
                "parameters under an `if`, or take to_configspace"
            )
        return {name: _to_optuna(optuna, name, leaf) for name, leaf in _named(self._leaves, "optuna")}

    @classmethod
    def from_configspace(cls, space: Any) -> Any:
        """A space from a ConfigurationSpace of ConfigSpace, with its conditions.

        Raises
        ------
        ImportError
            If ConfigSpace is not installed.
        ValueError
            If it holds what a `Space` cannot say: forbidden clauses, values that are not uniform, conditions with "or"
            over several parents.

        Examples
        --------
        >>> from ConfigSpace import ConfigurationSpace
        >>> from es import Space
        >>> Space.from_configspace(ConfigurationSpace({"x": (0.0, 1.0), "rule": ["a", "b"]}))
        Space(rule=Choice('a', 'b', init='a'), x=Linear(0, 1, init=0.5))
        """
        from .configspace import read

        return cls(read(space))

    def to_configspace(self, seed: int | None = None) -> Any:
        """The space as a ConfigurationSpace of ConfigSpace, with its conditions and starts.

        Names within dicts are joined by a point. Numbers in steps become ordinal, with at most 1000 values.

        Raises
        ------
        ImportError
            If ConfigSpace is not installed.
        ValueError
            If parameters have a shape, or values that ConfigSpace does not take.

        Examples
        --------
        >>> from es import Linear, Space
        >>> space = Space(solver=["sgd", "adam"], momentum=Linear(0, 0.99, when={"solver": "sgd"}))
        >>> Space.from_configspace(space.to_configspace())["momentum"].when
        {'solver': 'sgd'}
        """
        from .configspace import write

        return write(list(_named(self._leaves, "ConfigSpace")), self._leaves, self._conditions, seed)


def _named(leaves: Mapping[Way, Parameter], package: str) -> Iterator[tuple[str, Parameter]]:
    """The parameters by names without dicts. Raises ValueError if one has a shape, or two get the same name."""
    seen: set[str] = set()
    for way, leaf in leaves.items():
        name = spelt(way)
        if leaf.shape is not None:
            raise ValueError(
                f"parameter {name} has shape {leaf.shape}, which {package} cannot say: make it single ones"
            )
        if name in seen:
            raise ValueError(f"parameter {name} stands twice once dicts are joined by points: rename one")
        seen.add(name)
        yield name, leaf


def _optuna() -> Any:
    try:
        from optuna import distributions
    except ImportError as error:
        raise ImportError("optuna's distributions need optuna: python -m pip install 'evotape[optuna]'") from error
    return distributions


def of_optuna(name: str, one: Any) -> Parameter:
    """The parameter that one of optuna's distributions stands for."""
    optuna = _optuna()
    if isinstance(one, optuna.CategoricalDistribution):
        return Fixed(one.choices[0]) if len(one.choices) == 1 else Choice(*one.choices)
    if not isinstance(one, optuna.FloatDistribution | optuna.IntDistribution):
        raise ValueError(f"distribution of {name} must be one of optuna's, got {one!r}")
    if one.single():
        return Fixed(one.low)
    if isinstance(one, optuna.IntDistribution):
        return Integer(one.low, one.high, log=one.log, step=None if one.log or one.step == 1 else one.step)
    return Log(one.low, one.high) if one.log else Linear(one.low, one.high, step=one.step)


def _to_optuna(optuna: Any, name: str, leaf: Parameter) -> Any:
    if isinstance(leaf, Fixed | Choice | Ordinal):
        values = (leaf.value,) if isinstance(leaf, Fixed) else leaf.values
        if odd := [value for value in values if not isinstance(value, bool | int | float | str | None)]:
            raise ValueError(f"parameter {name} must have plain values for optuna, got {odd[0]!r}")
        return optuna.CategoricalDistribution(values)
    if isinstance(leaf, Integer):
        return optuna.IntDistribution(*leaf.limits, log=leaf.log, step=leaf.step or 1)
    if isinstance(leaf, Linear):
        return optuna.FloatDistribution(*leaf.limits, log=isinstance(leaf, Log), step=leaf.step)
    raise ValueError(f"parameter {name} cannot become a distribution of optuna, got {leaf!r}")
