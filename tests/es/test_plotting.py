"""The picture of a run: drawn, not blank, with names on every line."""

import sys

import numpy as np
import pytest

import es
from tests.es import functions as F


def picture(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


@pytest.mark.parametrize("more", [{}, {"method": "adam", "jac": F.sphere_gradient}, {"restarts": 2}, {"maxfevals": 3}])
def test_four_panels(more):
    res = es.minimize(F.sphere, np.full(3, 2.0), rng=1, **{"maxfevals": 2000, **more})
    figure = es.plot(res, f_opt=0.0)
    assert len(figure.axes) == 4
    pixels = picture(figure)
    assert (pixels < 128).any(-1).mean() > 0.005
    assert figure.axes[0].get_legend() is not None
    assert all(ax.get_title() for ax in figure.axes)
    picture(es.plot(res | {"stop": {"$x_{1$": 1.0}}, figure=figure))  # no formula
    assert "pyplot" not in [m.split(".")[-1] for m in sys.modules if m.startswith("matplotlib.pyplot")]


def test_many_coordinates_and_no_finite_value():
    figure = es.plot(es.minimize(F.sphere, np.full(60, 2.0), rng=1, maxfevals=400))
    assert "the first 40" in figure.axes[1].get_title()
    assert picture(es.plot(es.minimize(lambda x: np.nan, [1.0, 1.0], rng=1, maxfevals=50))).size


def test_history_is_thinned_and_ends_at_the_end():
    res = es.minimize(
        F.rows_sphere,
        np.ones(2),
        vectorized=True,
        method="snes",
        rng=1,
        maxiter=5000,
        popsize=4,
        options=dict.fromkeys(("tolx", "tolfun", "tolfunhist", "stagnation", "tolflatfitness", "noeffectcoord")),
    )
    nit = res.history["nit"]
    assert res.nit == 5000
    assert 400 < len(nit) <= 1000
    assert (np.diff(nit) == np.diff(nit)[0]).all()
    assert nit[-1] > 4990
    assert res.history["mean"].shape == (len(nit), 2)


def test_a_result_without_history():
    with pytest.raises(ValueError, match="history"):
        es.plot({"fun": 1.0, "nfev": 3})
