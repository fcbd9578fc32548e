"""Our statistics against cocopp's own functions and the data that it ships."""

import contextlib
import gzip
import io
import pickle
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from experiments.statistics import (
    coco_scores,
    default_targets,
    ert_interval,
    expected_runtime,
    holm,
    rank_sum,
    simulated_restarts,
)
from experiments.statistics.reference import best2009, has_best2009
from tests.experiments.published import RUNS

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def cocopp():
    pytest.importorskip("six")
    if find_spec("cocopp") is None:
        pytest.skip("needs cocopp")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # cocopp looks for its web archive when it is imported
        import cocopp.bestalg
        import cocopp.testbedsettings
        import cocopp.toolsstats
    return cocopp


@pytest.fixture(scope="module")
def shipped(cocopp):
    """Algorithm -> function -> dimension -> (runtimes to 1e-8, budgets): algorithms of BBOB-2009 and 2010."""
    found = {}
    for name in ("pprldistrever_1e-8", "pprldistr2009_1e-8"):
        with gzip.open(Path(cocopp.__file__).parent / f"{name}.pickle.gz") as stream:
            found |= pickle.load(stream, encoding="latin1")  # shipped in the installed package
    return found


def runs(entry):
    times, budgets = np.array(entry[0][1:], dtype=float), np.array(entry[1], dtype=float)
    return np.where(np.isnan(times), np.inf, times), budgets


def test_excerpt_is_what_cocopp_ships(shipped):
    for function, (times, budgets) in RUNS.items():
        got = runs(shipped["BIPOP-CMA-ES"][function][20])
        assert got[0].tolist() == times and got[1].tolist() == budgets


def test_ert_of_all_shipped_algorithms(cocopp, shipped):
    count = 0
    for functions in shipped.values():
        for dimensions in functions.values():
            for entry in dimensions.values():
                times, budgets = runs(entry)
                if times.size != budgets.size or np.isnan(budgets).any():
                    continue
                data = np.where(np.isfinite(times), times, budgets)
                want = cocopp.toolsstats.sp(data, issuccessful=np.isfinite(times))[0]
                assert float(expected_runtime(times, budgets)) == pytest.approx(want, rel=1e-12)
                count += 1
    assert count > 2000


PUBLISHED = {  # ERT to 1e-8 as printed with three digits: (algorithm, function, dimension)
    ("BIPOP-CMA-ES", 1, 2): 262, ("BIPOP-CMA-ES", 3, 10): 2.14e7, ("BIPOP-CMA-ES", 8, 40): 9.44e4,
    ("BIPOP-CMA-ES", 15, 20): 4.64e5, ("BIPOP-CMA-ES", 19, 40): 4.55e7, ("BIPOP-CMA-ES", 22, 20): 5.05e6,
    ("BIPOP-CMA-ES", 24, 40): 3e8, ("BIPOP-CMA-ES", 4, 5): np.inf, ("ONEFIFTH", 1, 20): 1480, ("NELDER", 8, 20): 25900,
    ("NELDER", 10, 20): np.inf, ("BFGS", 8, 5): 615, ("NEWUOA", 10, 20): 228000, ("IPOP-CMA-ES", 15, 5): 25500,
}  # fmt: skip


@pytest.mark.parametrize("key", PUBLISHED, ids=str)
def test_published_ert(shipped, key):
    algorithm, function, dimension = key
    got = float(expected_runtime(*runs(shipped[algorithm][function][dimension])))
    assert got == (np.inf if np.isinf(PUBLISHED[key]) else pytest.approx(PUBLISHED[key], rel=6e-3))


@pytest.mark.parametrize("function", [21, 22, 24])
def test_simulated_restarts_have_cocopps_distribution(cocopp, function):
    times, budgets = map(np.array, RUNS[function])
    np.random.seed(1)  # noqa: NPY002  cocopp draws from the global stream
    won = np.isfinite(times)
    _, theirs = cocopp.toolsstats.drawSP(times[won], budgets[~won], [50], samplesize=20_000)
    ours = simulated_restarts(times, budgets, 20_000, rng=0)
    for q in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert np.quantile(ours, q) == pytest.approx(np.quantile(theirs, q), rel=0.04)


def test_bootstrap_interval_is_near_cocopps(cocopp):
    for function in (1, 15, 21, 22):
        times, budgets = map(np.array, RUNS[function])
        won = np.isfinite(times)
        data = np.where(won, times, budgets)
        rng = np.random.default_rng(0)
        index = rng.integers(15, size=(4000, 15))
        theirs = [cocopp.toolsstats.sp(data[i], issuccessful=won[i])[0] for i in index]
        low, high = ert_interval(times, budgets, samples=4000)
        assert float(low) == pytest.approx(np.quantile(theirs, 0.025, method="inverted_cdf"), rel=0.06)
        assert float(high) == pytest.approx(np.quantile(theirs, 0.975, method="inverted_cdf"), rel=0.12)


def test_rank_sum_agrees_with_cocopps(cocopp):
    rng = np.random.default_rng(3)
    for shift in (0.0, 0.5, 1.5):
        x, y = rng.normal(shift, 1, 15), rng.normal(0, 1, 15)
        z, p = cocopp.toolsstats.ranksumtest(x, y)
        ours, effect = rank_sum(x, y)
        assert ours == pytest.approx(p, rel=0.25, abs=5e-3)  # theirs is the normal approximation
        assert (z > 0) == (effect > 0.5)


def test_our_test_finds_the_differences_of_the_2009_table(shipped):
    """BIPOP-CMA-ES against ONEFIFTH in 20-D: significant on the ill-conditioned functions, not on the sphere."""
    p_values = []
    for function in (1, 10, 11, 12):
        ours, theirs = runs(shipped["BIPOP-CMA-ES"][function][20]), runs(shipped["ONEFIFTH"][function][20])
        gap = np.ones(15)
        p_values.append(rank_sum(coco_scores(ours[0], gap), coco_scores(theirs[0], gap))[0])
    assert (holm(p_values) < 0.05).all()


def test_targets_are_cocopps(cocopp):
    settings = cocopp.testbedsettings.GECCOBBOBTestbed.settings
    theirs = np.array([10**e for e in np.arange(2, -8.2, -0.2)])
    assert default_targets() == pytest.approx(theirs)
    assert settings["pptable_target_runlengths"][0] == 0.5


def test_best_2009_is_cocopps(cocopp):
    assert has_best2009()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        theirs = cocopp.bestalg.load_reference_algorithm("refalgs/best2009-bbob.tar.gz", force=True)
    targets = default_targets()
    for n in (2, 3, 5, 10, 20, 40):
        for function in range(1, 25):
            want = np.array(theirs[n, function].detERT(targets * (1 + 1e-9)))
            assert np.array_equal(best2009(function, n, targets), want), (function, n)
    assert np.isinf(best2009(1, 7, targets)).all()
