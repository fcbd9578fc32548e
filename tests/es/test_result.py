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
