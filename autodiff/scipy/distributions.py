"""What every distribution of :mod:`autodiff.scipy.stats` does with its variable, its parameters and its support."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.tensor import asarray


class Distribution:
    """A family of distributions: the standard one, moved by `loc` and stretched by `scale`.

    Parameters
    ----------
    name : str
        As in SciPy.
    shapes : str
        Names of the shape parameters, separated by spaces.
    support : tuple of float
        Ends of the standard distribution; a point between them stands in for values outside.
    log_density, distribution, survival, log_distribution, log_survival : callable
        Of the standard variable and the shapes. The last two are logarithms of the distribution and survival functions
        where they are known more accurately.
    valid : callable
        Whether the shapes are allowed; NaN is returned where they are not.
    """

    def __init__(
        self,
        name: str,
        shapes: str,
        support: tuple[float, float],
        log_density: Callable[..., Any],
        distribution: Callable[..., Any],
        survival: Callable[..., Any],
        log_distribution: Callable[..., Any] | None = None,
        valid: Callable[..., Any] | None = None,
        log_survival: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.shapes, self.support, self.discrete = name, tuple(shapes.split()), support, False
        self._log_density, self._distribution, self._survival = log_density, distribution, survival
        self._log_distribution, self._valid, self._log_survival = log_distribution, valid, log_survival
        self.parameters: tuple[str, ...] = (*self.shapes, "loc", "scale")

    def _bound(self, args: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """All parameters in order."""
        if len(args) > len(self.parameters):
            raise TypeError(f"{self.name} takes the parameters {', '.join(self.parameters)}, got {len(args)}")
        values = dict(zip(self.parameters, args, strict=False))
        for key, value in named.items():
            if key not in self.parameters or key in values:
                fault = "was given twice" if key in values else "is not a parameter"
                raise TypeError(f"{self.name} takes the parameters {', '.join(self.parameters)}: {key} {fault}")
            values[key] = value
        values = {"loc": 0.0, "scale": 1.0} | values
        missing = [k for k in self.shapes if k not in values]
        if missing:
            raise TypeError(f"{self.name} needs {', '.join(missing)}")
        return [asarray(values[k]) * 1.0 for k in self.parameters]

    def _standard(self, x: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The standard variable, what is inside, below, and allowed, the shapes and the scale."""
        values = self._bound(args, named)
        shapes, loc = values[: len(self.shapes)], values[len(self.shapes)]
        scale: Any = 1.0 if self.discrete else values[-1]
        allowed = np.asarray(value_of(scale) > 0)
        if self._valid is not None:
            allowed = allowed & self._valid(*map(value_of, shapes))
        if not allowed.all():
            scale = np.where(np.asarray(value_of(scale) > 0), scale, np.nan)
        y = (asarray(x) - loc) / scale
        low, high = self.support
        plain = value_of(y)
        inside = (plain >= low) & (plain <= high)
        if self.discrete:
            inside = inside & (plain == np.floor(plain))
        shapes = [np.where(allowed, s, np.nan) for s in shapes] if not allowed.all() else shapes
        return y, inside, plain < low, np.isnan(plain) | ~allowed, shapes, scale

    def _within(self, y: Any, inside: Any) -> Any:
        low, high = self.support
        point = 0.5 * (max(low, -1.0) + min(high, 1.0)) if not self.discrete else max(low, 0.0)
        return y if np.all(inside) else np.where(inside, y, point)

    def logpdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Logarithm of the density (of a discrete distribution: of the probability)."""
        y, inside, _, nan, shapes, scale = self._standard(x, args, named)
        out = self._log_density(self._within(y, inside), *shapes)
        out = out if self.discrete else out - np.log(scale)
        if not np.all(inside):
            out = np.where(inside, out, -np.inf)
        return np.where(nan, np.nan, out) if np.any(nan) else out

    def pdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Density."""
        return np.exp(self.logpdf(x, *args, **named))

    def _probability(self, fun: Any, ends: tuple[float, float], x: Any, args: Any, named: Any) -> Any:
        y, _, below, nan, shapes, _ = self._standard(x, args, named)
        y = np.floor(value_of(y)) if self.discrete else y
        above = value_of(y) > self.support[1]
        out = fun(self._within(y, ~(below | above)), *shapes)
        if np.any(below):
            out = np.where(below, ends[0], out)
        if np.any(above):
            out = np.where(above, ends[1], out)
        return np.where(nan, np.nan, out) if np.any(nan) else out

    def cdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Distribution function, the probability of values up to `x`."""
        return self._probability(self._distribution, (0.0, 1.0), x, args, named)

    def sf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Survival function, 1 - cdf, to the last digit far on the right."""
        return self._probability(self._survival, (1.0, 0.0), x, args, named)

    def logcdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Logarithm of the distribution function."""
        fun = self._log_distribution or log_of(self._distribution, self._survival)
        return self._probability(fun, (-np.inf, 0.0), x, args, named)

    def logsf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Logarithm of the survival function."""
        fun = self._log_survival or log_of(self._survival, self._distribution)
        return self._probability(fun, (0.0, -np.inf), x, args, named)

    def __call__(self, *args: Any, **named: Any) -> Frozen:
        """The distribution with these parameters."""
        self._bound(args, named)
        return Frozen(self, args, named)


class Frozen:
    """A distribution with its parameters given."""

    def __init__(self, distribution: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        for method in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf", "logpmf", "pmf"):
            if hasattr(distribution, method):
                setattr(self, method, partial(_frozen, getattr(distribution, method), args, named))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a differentiable distribution has no {name!r}: it has pdf, logpdf, cdf, sf and their kin"
        )


def _frozen(method: Any, args: Any, named: Any, x: Any) -> Any:
    return method(x, *args, **named)


def log_of(probability: Callable[..., Any], complement: Callable[..., Any]) -> Callable[..., Any]:
    """The logarithm of a probability p; from 1 - p where that is the smaller one."""

    def log(y: Any, *shapes: Any) -> Any:
        p = probability(y, *shapes)
        large = value_of(p) > 0.5
        with np.errstate(divide="ignore"):
            if not np.any(large):
                return np.log(p)
            less = np.where(large, complement(y, *shapes), 0.5)
            return np.where(large, np.log1p(-less), np.log(np.where(large, 1.0, p)))

    return log


class Discrete(Distribution):
    """A distribution on whole numbers: ``pmf`` in place of ``pdf``."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.discrete, self.parameters = True, (*self.shapes, "loc")

    def logpmf(self, k: Any, *args: Any, **named: Any) -> Any:
        """Logarithm of the probability of `k`."""
        return self.logpdf(k, *args, **named)

    def pmf(self, k: Any, *args: Any, **named: Any) -> Any:
        """Probability of `k`."""
        return self.pdf(k, *args, **named)
