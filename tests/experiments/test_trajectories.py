import numpy as np
import pytest

import problems
from experiments.figures.animation import draw_trajectories, save_animation
from experiments.figures.paths import record_path
from experiments.figures.trajectories import ellipse, view_box

START = np.array([-1.2, 1.0])


@pytest.mark.parametrize("method", ["cmaes", "snes", "adam", "l-bfgs-b", "nelder-mead"])
def test_paths_start_at_x0_and_count_their_cost(method):
    objective = problems.get("rosenbrock", n=2)
    path = record_path(objective, method, START, maxcost=200)
    assert path.centre[0] == pytest.approx(START)
    assert (np.diff(path.cost) > 0).all()
    assert path.cost[-1] <= 210
    assert len(path.centre) == len(path.cost) == len(path.best) == len(path.population)
    rows = sum(len(p) for p in path.population)
    assert path.cost[-1] == rows * (5 if method in ("adam", "l-bfgs-b") else 1)
    assert (path.covariance is not None) == (method in ("cmaes", "snes"))


def test_covariance_is_that_of_the_sampled_points():
    objective = problems.get("ellipsoid", n=2, rotated=True, seed=3)
    path = record_path(
        objective,
        "cmaes",
        np.zeros(2),
        maxcost=60_000,
        precision=-1.0,
        options={"popsize": 20_000, "sigma0": 0.3},
    )
    for step in range(2):
        sampled = np.cov(path.population[step].T)
        assert path.covariance[step] == pytest.approx(sampled, rel=0.05, abs=0.05 * np.trace(sampled))


def test_the_same_seed_gives_the_same_path():
    objective = problems.get("rastrigin", n=2)
    a, b = (record_path(objective, "snes", START, maxcost=100, rng=5) for _ in range(2))
    assert np.array_equal(a.centre, b.centre)


def test_only_two_variables_can_be_drawn():
    with pytest.raises(ValueError, match="two variables"):
        record_path(problems.get("sphere", n=3), "cmaes", np.zeros(3))


def test_ellipse_has_the_mahalanobis_radius():
    covariance = np.array([[2.0, 0.9], [0.9, 0.5]])
    outline = ellipse(np.array([1.0, -1.0]), covariance, 2.0) - [1.0, -1.0]
    assert np.einsum("ki,ij,kj->k", outline, np.linalg.inv(covariance), outline) == pytest.approx(4.0)


def test_pictures_and_animation(tmp_path):
    from PIL import Image

    paths = draw_trajectories(tmp_path, "rosenbrock", ("cmaes", "l-bfgs-b"), x0=START, maxcost=100, animation=False)
    assert [p.suffix for p in paths] == [".png", ".svg", ".csv"]
    objective = problems.get("rosenbrock", n=2)
    runs = [record_path(objective, m, START, maxcost=60) for m in ("cmaes", "adam")]
    left, right, bottom, top = view_box(runs, objective.x_opt)
    assert left < -1.2 < 1 < right and bottom < 1 < top
    file = save_animation(tmp_path / "moving.gif", runs, objective, grad_cost=4.0, frames=6)
    with Image.open(file) as picture:
        assert picture.format == "GIF"
        assert 2 <= picture.n_frames <= 6
    with pytest.raises(ValueError, match="frames must be at least 2"):
        save_animation(tmp_path / "no.gif", runs, objective, grad_cost=4.0, frames=1)
