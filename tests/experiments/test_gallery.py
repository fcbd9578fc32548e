"""The gallery: every drawable problem has a panel, pictures are not blank, mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest

import problems
from experiments import gallery, planes, slices


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
    titles = [planes.title(name) for group in gallery.TITLES for name in problems.names(group)]
    assert max(map(len, titles)) <= 28


def test_every_problem_is_in_a_sheet():
    drawn = {name for group in gallery.TITLES for name in problems.names(group) if gallery.drawable(name)}
    drawn |= {name for group in ("bbob-largescale", "bbob-mixint") for name in problems.names(group)}
    drawn |= set(slices.DESIGNS)
    drawn |= {name for tag in ("learning", "control", "images") for name in problems.names(tag)}
    suites = ("mgh", "hs", "traps", "partly", "terrain")  # for solvers: figures show how they fare
    numbers = {name for tag in suites for name in problems.names(tag)}
    assert drawn == set(problems.list()) - numbers
    assert set(slices.DESIGNS) == set(problems.names("engineering"))
    assert set(slices.SHEETS) == set(slices.TEXTS)


@pytest.mark.parametrize("group", ["bbob-mixint", "engineering"])
def test_sheet_of_planes(group, tmp_path):
    figure = slices.draw_slices(group, points=13)
    stars = [ax.lines[-1].get_xydata()[0] for ax in figure.axes if ax.lines]
    names = problems.names(group)
    assert len(figure.axes) == len(names)
    assert len(stars) == len(names) - (group == "engineering")  # of one design no best is known
    for ax, star in zip(figure.axes, stars, strict=False):
        assert ax.get_xlim()[0] <= star[0] <= ax.get_xlim()[1]
        assert ax.get_ylim()[0] <= star[1] <= ax.get_ylim()[1]


def test_a_plane_through_a_point():
    f = problems.get("ten-bar-truss")
    shown = slices.through(f, f.x_opt, 0, 8, np.array([22.0, 14.0]), np.array([35.0, 28.0]))
    assert shown(shown.x_opt) == f.f_opt
    other = f.x_opt.copy()
    other[[0, 8]] = 25.0, 26.0
    assert shown([25.0, 26.0]) == f(other)
    np.testing.assert_array_equal(shown.constraints[0].fun(np.array([25.0, 26.0])), f.constraints[0].fun(other))
    np.testing.assert_allclose(shown(np.full((3, 2), 25.0)), shown([25.0, 25.0]), rtol=1e-14)


@pytest.mark.parametrize("name", ["wine-softmax", "cartpole-balance:starts=2"])
def test_the_plane_of_a_start_and_what_was_found(name):
    f = problems.get(name)
    shown = slices.found(f)
    assert shown([0.0, 0.0]) == f(f.x0(0))
    assert shown(shown.x_opt) < shown([0.0, 0.0])
    u, v = shown.fun.u, shown.fun.v
    assert abs(u @ v) < 1e-9 * (u @ u)
    assert np.linalg.norm(v) == pytest.approx(np.linalg.norm(u))


@pytest.mark.parametrize(
    "name", ["bbob-f5", "bbob-f23", "bbob-noisy-f109", "bbob-constrained-f44", "bbob-boxed-f1", "step"]
)
def test_one_panel(name):
    figure = gallery.draw_group([name], "one", points=21)
    (ax,) = figure.axes
    assert ax.get_title(loc="left") == planes.title(name)
    star = ax.lines[-1]
    np.testing.assert_array_equal(star.get_xydata()[0], problems.get(name, n=2).x_opt)


def test_titles():
    assert planes.title("bbob-f15") == "f15 turned Rastrigin"
    assert planes.title("bbob-noisy-f105") == "f105 Rosenbrock, uniform"
    assert planes.title("bbob-constrained-f54") == "f54 turned Rastr., 12 active"
    assert planes.title("different-powers") == "different powers"


def test_logarithm_has_a_floor():
    z = planes.logarithm(np.array([[1.0, 2.0], [11.0, np.inf]]), 1.0)
    assert z[1, 0] == 1
    assert z[0, 1] == 0
    assert np.isfinite(z[0, 0])
    assert z[1, 1] == np.inf
    assert (planes.logarithm(np.ones((3, 3)), None) == 0).all()


def test_unknown_group(tmp_path):
    with pytest.raises(ValueError, match=r"groups must name problems of two variables .*engineering.*, got 'learning'"):
        gallery.gallery(tmp_path, ["learning"])
    with pytest.raises(ValueError, match="did you mean 'classic'"):
        gallery.gallery(tmp_path, ["clasic"])
