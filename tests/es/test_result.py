"""What a run hands back: tables in one call, notebooks, and a picture that grows while the run goes on."""

import copy
import pickle

import numpy as np
import pytest

import es
from tests.es import functions as F


@pytest.fixture(scope="module")
def result():
    return es.minimize(F.sphere, np.full(3, 2.0), method="cmaes", maxfevals=400, rng=1)


def test_a_frame_in_one_call(result):
    for package in ("pandas", "polars"):
        frame = pytest.importorskip(package).DataFrame(result.history)
        assert len(frame) == result.nit
        assert np.array_equal(frame["mean_2"], result.history["mean"][:, 2])
        assert np.array_equal(frame["best"], result.history["best"])
    columns = list(result.history)
    assert columns[:8] == ["nit", "nfev", "best", "low", "median", "high", "sigma", "axis_ratio"]
    assert columns[8:] == [f"{name}_{i}" for name in ("mean", "stds") for i in range(3)]
    assert all(column.ndim == 1 for column in result.history.values())


def test_matrices_by_their_name(result):
    history = result.history
    assert "mean" in history and "stds" in history and "nothing" not in history
    assert history.get("stds").shape == (result.nit, 3)
    assert history.get("nothing", 7) == 7
    with pytest.raises(KeyError):
        history["nothing"]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_copies(result, again):
    other = again(result)
    assert type(other) is es.Result and other.fun == result.fun
    assert np.array_equal(other.history["mean"], result.history["mean"])


def test_in_a_terminal_the_history_is_a_line(result):
    lines = repr(result).splitlines()
    assert sum("records of nit" in line for line in lines) == 1
    assert len(lines) < 25
    assert "fun: " in repr(es.Result(fun=1.0))


def test_in_a_notebook_it_is_a_table_that_escapes():
    def objective(x):
        raise ValueError("<b>")

    text = es.minimize(objective, [1.0, 1.0], maxfevals=20, on_error="penalize", rng=1)._repr_html_()
    text += es.Result(message="<script>")._repr_html_()
    assert text.startswith("<table>") and "<script>" not in text and "&lt;script&gt;" in text and "<b>" not in text
    assert text.index(">success<") < text.index(">fun<") < text.index(">history<")


@pytest.mark.parametrize("more", [{}, {"restarts": 1}, {"method": "l-bfgs-b"}, {"method": "auto"}])
def test_a_callback_draws_the_run_as_it_grows(more):
    from matplotlib.figure import Figure

    figure, lengths = Figure(), []

    def callback(intermediate_result):
        if intermediate_result.nit % 3 == 1 and len(lengths) < 3:
            es.plot(intermediate_result, figure=figure)
            lengths.append(len(intermediate_result.history["nit"]))

    res = es.minimize(lambda x: (x**2).sum() ** 0.7, np.full(2, -1.0), maxfevals=300, rng=1, callback=callback, **more)
    assert len(figure.axes) == 4 and lengths == sorted(lengths) and lengths[0] >= 1
    assert len(res.history["nit"]) >= lengths[-1]


def test_history_is_not_made_before_it_is_asked_for():
    shown = []
    es.minimize(
        F.sphere,
        np.ones(2),
        maxfevals=60,
        rng=1,
        callback=lambda intermediate_result: shown.append(intermediate_result),
    )
    assert "history" not in dict(shown[0])
    with pytest.raises(AttributeError):
        print(shown[0].nothing)
    assert pickle.loads(pickle.dumps(shown[0])).fun == shown[0].fun


def test_every_way_to_a_result_gives_one_that_shows_itself():
    starts = np.ones((2, 2))
    one, runs = es.SNES([1.0, 1.0], 0.5, rng=1), es.SNES(starts, 0.5, rng=1)
    results = [one.result, *runs.results]
    for more in ({}, {"restarts": 1}, {"method": "l-bfgs-b"}, {"method": "auto"}):
        results += es.minimize_runs(lambda x: (x**2).sum(), starts, maxfevals=40, rng=1, **more)
    assert len(results) == 11
    for res in results:
        assert type(res) is es.Result and res._repr_html_().startswith("<table>") and "fun" in repr(res)


SEEDED = [None, "cmaes", "l-bfgs-b", "differential-evolution", "quasi-newton"]


@pytest.mark.parametrize("rng", [1, 0, np.random.SeedSequence(4, spawn_key=(2,)), None], ids=str)
@pytest.mark.parametrize("restarts", [None, "ipop", "bipop"])
@pytest.mark.parametrize("start", [None, np.array([0.5, -1.0])], ids=["drawn", "given"])
@pytest.mark.parametrize("method", SEEDED)
def test_the_seed_gives_the_run_again(method, start, restarts, rng):
    if method is None and restarts:
        method = "snes"
    more = {"method": method, "restarts": restarts, "bounds": [(-2, 2)] * 2, "maxfevals": 60}
    more |= {"jac": "2-point"} if method == "l-bfgs-b" else {}
    first = es.minimize(F.sphere, start, rng=rng, **more)
    assert first.seed == rng if rng is not None else isinstance(first.seed, int)
    again = es.minimize(F.sphere, start, rng=first.seed, **more)
    assert again.fun == first.fun and np.array_equal(again.x, first.x) and again.seed == first.seed
    runs = es.minimize_runs(F.sphere, start, runs=2, rng=[first.seed, 3], **more)
    assert [run.seed for run in runs] == [first.seed, 3]
    assert method is None or np.array_equal(runs[0].x, first.x)  # the default is another one there


def test_a_generator_tells_no_seed():
    for start in (None, [0.5, 1.0]):
        result = es.minimize(F.sphere, start, bounds=[(-2, 2)] * 2, maxfevals=20, rng=np.random.default_rng(1))
        assert result.seed is None
    with pytest.raises(ValueError, match="rng must be None, an int >= 0"):
        es.minimize(F.sphere, None, bounds=[(-2, 2)] * 2, rng=-1)


def test_the_start_that_a_seed_draws_stays():
    """With seed 1 the first numbers of `default_rng(1)`, as it has always been."""
    seen = []
    es.minimize(lambda x: seen.append(x.copy()) or F.sphere(x), None, bounds=[(-2, 2)] * 2, maxfevals=1, rng=1)
    assert np.array_equal(seen[0], np.random.default_rng(1).uniform(-2, 2, 2))
