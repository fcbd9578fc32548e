"""`check_strategy` on every strategy, and on strategies that break the contract in one place."""

import numpy as np
import pytest

import es
from es.parts.full import FullCovariance, steps
from es.parts.invariances import ALL
from es.parts.strategy import Strategy
from es.registry import TABLE, get_method
from tests.es.table import DISCRETE, NAMES

OTHERS = ["conditional-cmaes", *DISCRETE, "lq-cmaes", "random-search", pytest.param("gp", marks=pytest.mark.heavy)]


@pytest.mark.parametrize("name", [*NAMES, *OTHERS], ids=lambda name: getattr(name, "__name__", name))
def test_every_strategy_keeps_it(name):
    es.check_strategy(get_method(name))


def test_no_strategy_is_left_out():
    """What samples and is told one value for each point; searches along lines and of fronts owe another contract."""
    asked = {name for name in TABLE if get_method(name).kind in ("strategy", "categorical", "model")}
    names = {getattr(other, "values", [other])[0] for other in (*NAMES, *OTHERS)}
    assert asked <= names | {base.registered for base in DISCRETE}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cmaes", {"active": False}),
        ("cmaes", {"bounds_method": "penalty"}),
        ("cmaes", {"sampling": "mirrored"}),
        ("snes", {"sampling": "mirrored-orthogonal"}),
        ("openai-es", {"rule": "clipup"}),
    ],
)
def test_options_keep_it(name, options):
    # Orthogonal samples are made by a decomposition, whose last bit a stack may change.
    es.check_strategy(get_method(name), options=options)


@pytest.mark.heavy
def test_many_variables_keep_it():
    """Here the factor is updated by a matrix of low rank."""
    es.check_strategy(es.CMAES, n=64, claims=ALL - {"translation", "rotation"})


class Good(Strategy):
    """The tutorial's."""

    claims = ALL

    def _set_rates(self, popsize):
        mu = max(1, popsize // 2)
        self.weights = np.full(mu, 1 / mu)

    def _init(self):
        self.sigma = self.scale0.max(-1)

    def _sample(self, z):
        return self.sigma[..., None, None] * z

    def _invert_sample(self, y):
        return y / self.sigma[..., None, None]

    def _update(self, z, y):
        mu = len(self.weights)
        square = np.vecdot(z, z)[..., :mu, None]
        self.mean += self.weights @ y[..., :mu, :]
        self.sigma = self.sigma * np.sqrt((self.weights @ square)[..., 0] / self.n)


class NoWayBack(Good):
    def _invert_sample(self, y):
        return Strategy._invert_sample(self, y)


class WrongWayBack(Good):
    def _invert_sample(self, y):
        return y


class FirstAxis(Good):
    def _update(self, z, y):
        self.mean = self.mean + y[..., : max(1, len(y) // 2), :].mean(-2)


class Forgets(Good):
    def _init(self):
        super()._init()
        self.step = np.zeros(self.mean.shape)

    def _update(self, z, y):
        self.step = 0.5 * self.step + 0.5 * (self.weights @ y[..., : len(self.weights), :])
        self.mean += self.step


class GlobalStream(Good):
    def _sample(self, z):
        return super()._sample(z + 1e-3 * np.random.standard_normal(z.shape))  # noqa: NPY002


class ByValue(Good):
    def _learn(self, x, f, g, order):
        w = np.exp(-np.abs(f))
        self.mean = self.mean + (w[..., None, :] @ self._told[1])[..., 0, :] / (1e-9 + w.sum(-1)[..., None])


class Homesick(Good):
    def _update(self, z, y):
        super()._update(z, y)
        self.mean *= 0.99


class OwnLength(Good):
    def _update(self, z, y):
        super()._update(z, y)
        self.sigma = np.minimum(self.sigma, 0.1)


class ByCoordinate(Good):
    def _sample(self, z):
        return super()._sample(z * (1 + np.arange(self.n)))

    def _invert_sample(self, y):
        return super()._invert_sample(y) / (1 + np.arange(self.n))


class AlongTheAxes(FullCovariance):
    claims = frozenset({"rotation"})

    def _sample(self, z):
        return steps(self.sigma, self.A, z)

    def _update(self, z, y):
        self.mean += y[..., 0, :]
        self.A = self.A * np.linspace(0.9, 1.0, self.n)[:, None]


class Outside(Good):
    def _decode(self, u):
        return u


class Doubles(Good):
    def ask(self, k=None):
        return super().ask(k).astype(float)


class KeepsTheArray(Good):
    def tell(self, x, f, g=None, **more):
        super().tell(x, f, g, **more)
        x -= 1


class MiscountsFailures(Good):
    def tell(self, x, f, g=None, **more):
        super().tell(x, np.where(np.isfinite(f), f, -1e9), g, **more)


class InOrder(Good):
    def _learn(self, x, f, g, order):
        z, y = self._told
        self._update(z, y)


BROKEN = [
    (NoWayBack, "points of the caller's own it raises NotImplementedError"),
    (WrongWayBack, "_invert_sample must give back the z"),
    (FirstAxis, "in a stack the means differ from those of runs alone"),
    (Forgets, "name all that changes in state_names"),
    (GlobalStream, "it draws from NumPy's global stream"),
    (ByValue, "it claims monotone"),
    (Homesick, "it claims translation"),
    (OwnLength, "it claims scaling"),
    (ByCoordinate, "it claims rotation"),
    (AlongTheAxes, "it claims rotation"),
    (Outside, "ask\\(\\) gives points outside of the bounds"),
    (Doubles, 'with dtype="float32" ask\\(\\) gives points of float64'),
    (KeepsTheArray, "it writes into arrays of the caller"),
    (MiscountsFailures, "where half of the values are NaN"),
    (InOrder, "the mean moves alike whatever the values are"),
]


def test_the_tutorial_keeps_it():
    es.check_strategy(Good)


@pytest.mark.parametrize(("cls", "sentence"), BROKEN, ids=[cls.__name__ for cls, _ in BROKEN])
def test_what_is_broken_is_said(cls, sentence):
    with pytest.raises(AssertionError, match=sentence):
        es.check_strategy(cls)


def test_unknown_claims():
    with pytest.raises(AssertionError, match=r"claims must be among .* got beauty"):
        es.check_strategy(Good, claims=frozenset({"beauty"}))
