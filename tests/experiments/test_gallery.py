"""The gallery: every drawable problem has a panel, pictures are not blank, mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest

import problems
from experiments import gallery


def test_classic_figure(tmp_path):
    paths = gallery.gallery(tmp_path / "new", ["classic"], points=31)
    assert [p.name for p in paths] == ["gallery-classic.png", "gallery-classic.svg"]
    from matplotlib.image import imread

    picture = imread(paths[0])[..., :3]
    assert picture.shape[0] > 800
    assert picture.std() > 0.1
    assert paths[1].stat().st_size < 4e6


def test_every_problem_of_two_variables_has_a_panel():
    plane = {name for name in problems.list() if problems.entry(name).plane}
    drawn = {name for group in gallery.TITLES for name in problems.names(group) if gallery.drawable(name)}
    assert plane | {"x2-sin-x"} == drawn
    titles = [gallery.title(name) for group in gallery.TITLES for name in problems.names(group)]
    assert max(map(len, titles)) <= 28


@pytest.mark.parametrize(
    "name", ["bbob-f5", "bbob-f23", "bbob-noisy-f109", "bbob-constrained-f44", "bbob-boxed-f1", "step"]
)
def test_one_panel(name):
    figure = gallery.draw_group([name], "one", points=21)
    (ax,) = figure.axes
    assert ax.get_title(loc="left") == gallery.title(name)
    star = ax.lines[-1]
    np.testing.assert_array_equal(star.get_xydata()[0], problems.get(name, n=2).x_opt)


def test_titles():
    assert gallery.title("bbob-f15") == "f15 turned Rastrigin"
    assert gallery.title("bbob-noisy-f105") == "f105 Rosenbrock, uniform"
    assert gallery.title("bbob-constrained-f54") == "f54 turned Rastr., 12 active"
    assert gallery.title("different-powers") == "different powers"


def test_logarithm_has_a_floor():
    z = gallery.logarithm(np.array([[1.0, 2.0], [11.0, np.inf]]), 1.0)
    assert z[1, 0] == 1
    assert z[0, 1] == 0
    assert np.isfinite(z[0, 0])
    assert z[1, 1] == np.inf
    assert (gallery.logarithm(np.ones((3, 3)), None) == 0).all()


def test_unknown_group(tmp_path):
    with pytest.raises(ValueError, match="groups must name problems of two variables"):
        gallery.gallery(tmp_path, ["learning"])
    with pytest.raises(ValueError, match="did you mean 'classic'"):
        gallery.gallery(tmp_path, ["clasic"])
