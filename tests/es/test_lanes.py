"""Legs of CMA-ES with populations of many sizes, side by side: each run is the run that `minimize` makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import es
from es.core import histories as of_core
from es.core import traces
from es.core.histories import Histories
from es.core.traces import Traces
from es.evaluation.tiles import Tiles, tile_width
from es.run import lane_legs
from es.run.lane_legs import LaneCourses
from es.strategies._cmaes_lanes import Lanes
from problems import Objective, stack
from tests.es import functions as F
from tests.es.test_legs import compare, of_bbob, rows_rastrigin


@pytest.fixture
def generations(monkeypatch):
    """How many lanes each generation of lanes has had."""
    seen = []
    step = Lanes.step

    def counted(self, *given):
        seen.append(len(self.run))
        return step(self, *given)

    monkeypatch.setattr(Lanes, "step", counted)
    monkeypatch.setattr(lane_legs, "LONG", 0)
    return seen


def starts_of(problems):
    return np.stack([problem.x0(i) for i, problem in enumerate(problems.objectives)])


@pytest.mark.parametrize(("n", "method"), [(2, "narrow"), (3, "transform"), (5, "narrow"), (10, "transform")])
def test_legs_of_all_sizes_are_those_of_single_runs(n, method, generations):
    problems = of_bbob(n, (2, 3, 5, 7, 16, 21), (1, 2))
    results = compare(
        problems, starts_of(problems), restarts="bipop", options={"bounds_method": method},
        each={"maxfevals": [(600 + 197 * i) * n for i in range(12)]},
    )  # fmt: skip
    assert generations
    assert max(generations) == 12
    sizes = {leg["popsize"] for result in results for leg in result.restarts}
    assert len(sizes) > 3
    assert {"maxfevals", "tolfunhist"} <= {
        name for result in results for leg in result.restarts for name in leg["stop"]
    }


def test_each_kind_of_end_is_met_as_alone(generations):
    """Criteria are screened for all lanes at once: what they find has the name and the figure that it has alone."""
    problems = of_bbob(2, (7, 13, 14, 18, 19, 23), (1, 2))
    results = compare(problems, starts_of(problems), restarts="bipop", maxfevals=15_000)
    assert generations
    assert {name for result in results for leg in result.restarts for name in leg["stop"]} >= {
        "tolflatfitness", "tolfun", "tolfunhist", "tolx", "stagnation", "noeffectaxis", "conditioncov", "elsewhere",
        "maxfevals",
    }  # fmt: skip


def rows_valley(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def unbounded(fun, n=3):
    return Objective(fun, n, vectorized=True, pure=True, source="in the book of the test")


def test_without_bounds_and_with_a_population_and_limits_of_each(generations):
    problems = stack([unbounded(fun) for fun in (rows_valley, rows_rastrigin, F.rows_sphere, rows_valley)])
    compare(
        problems, np.linspace(-2, 2, 12).reshape(4, 3), restarts="bipop", sigma0=0.7,
        each={"popsize": [4, 9, None, 5], "maxiter": [300, 41, 1000, 7], "maxfevals": [4000, 3000, 2500, 10_000]},
    )  # fmt: skip
    assert generations


@pytest.mark.parametrize("n", [1, 2, 59])
def test_one_run_and_few_or_many_variables(n, generations):
    problems = stack([unbounded(rows_rastrigin, n)])
    compare(problems, np.full((1, n), 2.0), restarts="bipop", maxfevals=2500)
    assert set(generations) == {1}


def test_a_population_that_the_budget_cuts(generations):
    problems = of_bbob(5, (1, 3), (1, 2, 3))
    compare(problems, starts_of(problems), restarts="bipop", each={"maxfevals": [1, 7, 8, 9, 801, 2003]})
    assert generations


@pytest.mark.usefixtures("generations")
def test_values_that_are_not_finite_are_left_to_stacks(monkeypatch):
    problems = stack([unbounded(rows_valley), unbounded(F.rows_sphere)])
    again = []
    run = lane_legs.Courses.run
    monkeypatch.setattr(lane_legs.Courses, "run", lambda self: again.append(self) or run(self))
    starts = np.array([[1e80, 1e80, 1.0], [1.0, 2.0, 3.0]])
    with np.errstate(over="ignore"):
        results = compare(problems, starts, restarts="bipop", maxfevals=600, sigma0=1.0)
    assert len(again) == 1
    assert results[0].n_failed > 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_run_that_has_ended_may_see_what_is_not_finite(value, generations, monkeypatch):
    """It stays in its lane for up to four generations; nothing that it sees there is its own, or the others'."""
    seen = []

    def holed(x):
        f = F.rows_sphere(x)
        seen.append((f < 2e-3).any())
        return np.where(f < 2e-3, value, f)

    problems = stack([unbounded(fun) for fun in (rows_rastrigin, holed, holed, holed)])
    starts, common = np.array([[1.0, 2.0, 3.0], *3 * [[2.0, 1.0, 3.0]]]), {"sigma0": 1.0, "ftarget": 1e-2}
    with monkeypatch.context() as patch:
        patch.setattr(lane_legs.Courses, "run", lambda self: pytest.fail("the runs have gone on in stacks"))
        es.minimize_runs(problems, starts, method="cmaes", restarts="bipop", rng=range(4), maxfevals=2500, **common)
    assert any(seen)
    assert max(generations) == 4
    results = compare(problems, starts, restarts="bipop", maxfevals=2500, **common)
    assert all(result.success and result.fun >= 2e-3 and result.n_failed == 0 for result in results[1:])


@pytest.mark.usefixtures("generations")
def test_streams_of_the_caller_are_taken_up_where_they_were():
    problems = of_bbob(3, (3, 15), (1, 2))
    twice = [
        es.minimize_runs(problems, starts_of(problems), restarts="bipop", rng=rng, maxfevals=2000)
        for rng in (7, np.random.SeedSequence(7))
    ]
    for one, other in zip(*twice, strict=True):
        assert one.restarts == other.restarts


def test_time_ends_all_runs(generations):
    problems = of_bbob(3, (3, 15), (1, 2))
    results = es.minimize_runs(problems, starts_of(problems), restarts="bipop", rng=1, maxtime=0.2)
    assert all("maxtime" in result.stop for result in results)
    assert generations


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"active": False}}, {"options": {"sampling": "mirrored"}}, {"options": {"tolx": 1e-3}},
        {"options": {"bounds_method": "reflect"}}, {"restarts": "ipop"}, {"method": "ma-es"},
    ],
)  # fmt: skip
def test_what_has_no_form_in_lanes_stands_in_stacks(more, generations):
    problems = of_bbob(3, (3, 15), (1, 2))
    compare(problems, starts_of(problems), **{"restarts": "bipop", "maxfevals": 900, **more})
    assert not generations


def test_short_runs_stand_in_stacks(generations, monkeypatch):
    monkeypatch.setattr(lane_legs, "LONG", 4000)
    problems = of_bbob(2, (3, 15), (1,))
    for maxfevals, lanes in ((7999, False), (8000, True)):
        es.minimize_runs(problems, starts_of(problems), restarts="bipop", rng=1, maxfevals=maxfevals, ftarget=1e3)
        assert bool(generations) is lanes


def test_few_lanes_at_a_time_change_no_bit(monkeypatch, generations):
    problems = of_bbob(3, (3, 8, 15), (1, 2, 3))
    together = es.minimize_runs(problems, starts_of(problems), restarts="bipop", rng=3, maxfevals=3000)
    monkeypatch.setattr(lane_legs, "MATRICES", 2 * 9)
    few = es.minimize_runs(problems, starts_of(problems), restarts="bipop", rng=3, maxfevals=3000)
    assert {max(generations), generations[-1] <= 2} == {9, True}
    for one, other in zip(together, few, strict=True):
        assert (one.fun, one.nfev, one.restarts) == (other.fun, other.nfev, other.restarts)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=9), st.integers(1, 12), st.randoms(use_true_random=False))
def test_tiles_hold_each_point_once(popsizes, width, random):
    popsizes = np.sort(popsizes)
    runs = np.array(random.sample(range(100), len(popsizes)))
    starts = popsizes.cumsum() - popsizes

    def evaluate(of_tiles, x, done):
        assert (np.diff(of_tiles) >= 0).all()
        assert x.shape[1:] == (width, 1)
        assert done is None
        return 1000.0 * of_tiles[:, None] + x[..., 0], None

    x = np.arange(popsizes.sum(), dtype=float)[:, None]
    f = Tiles(runs, popsizes, starts, width).evaluate(evaluate, x)
    np.testing.assert_array_equal(f, 1000.0 * runs.repeat(popsizes) + x[:, 0])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 20, 40, 59])
def test_tiles_divide_the_first_population(n):
    popsize = 4 + int(3 * np.log(n))
    assert popsize % tile_width(popsize, n) == 0


def test_histories_that_are_longer_than_criteria_look_back(monkeypatch):
    monkeypatch.setattr(traces, "LONGEST", 50)
    monkeypatch.setattr(of_core, "LONGEST", 50)
    histories, alone = Histories(), [Traces(()), Traces(())]
    slots, lengths = histories.free(np.zeros(0, np.intp), 2), np.zeros(2, np.intp)
    values = np.random.default_rng(0).standard_normal((333, 2, 3)).cumsum(0)
    values.sort(-1)
    for row in values:
        histories.add(slots, lengths, row)
        for one, mine in zip(alone, row, strict=True):
            one.add(mine.take([0, 1, 1, 2]))  # whose best, median and upper quartile are these, but the median
    for slot, length, one in zip(slots, lengths, alone, strict=True):
        np.testing.assert_array_equal(histories.of(slot, length).best(40), one.best(40))
    assert histories.free(slots[:1], 3).tolist() != slots[:1].tolist()
    assert not set(histories.free(slots[:1], 3)) & set(slots[:1].tolist())


def test_classes_of_lanes_are_named_by_the_method():
    assert es.CMAES.lanes(5, {}) is not None
    assert es.CMAES.lanes(60, {}) is None
    assert issubclass(LaneCourses, lane_legs.Courses)
