"""The registry: names, options, messages; and what holds for every problem that is in it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import problems
from problems import Objective, registry

OWN = [name for tag in ("classic", "learning", "engineering", "control", "images") for name in problems.names(tag)]
OWN.remove("gym")  # needs the extra rl; has a test of its own
ROOT = Path(__file__).parents[2]


def made(name):
    return problems.get(name, **({"starts": 2} if name in problems.names("control") else {}))


def sample(f, count, seed=0):
    rng = np.random.default_rng(seed)
    if f.box is not None and f.box.finite:
        return rng.uniform(f.box.lb, f.box.ub, (count, f.n))
    return np.stack([f.x0(rng) for _ in range(count)]) + 0.1 * rng.standard_normal((count, f.n))


@pytest.mark.parametrize("name", OWN)
def test_every_problem_is_complete(name):
    """Beyond the contract of an objective, which `test_contract` holds all of them to."""
    f = made(name)
    assert f.n >= 1
    assert f.vectorized
    assert f.pure
    assert f.source
    assert f.name
    assert f.sigma0 is not None
    x = f.x0(1)
    assert np.isfinite(f(x))
    assert (x != f.x0(2)).any()
    assert f.differentiable in (True, False)
    if f.differentiable:
        g = f.value_and_grad(sample(f, 1, seed=1))[1]
        assert np.isfinite(g).all()
        assert (g != 0).any()


@pytest.mark.parametrize("name", OWN)
def test_pickles_lightly(name):
    f = made(name)
    text = pickle.dumps(f)
    assert len(text) < 6000
    g = pickle.loads(text)
    x = sample(f, 2)
    np.testing.assert_array_equal(g(x), f(x))


@pytest.mark.parametrize(
    "name",
    [
        "sphere:noisy=1",
        "sphere:noisy=1,scaled=2,rotated=true",
        "wine-softmax:batch=5",
        "pendulum:fresh=true,starts=2",
        "sphere",
        "pendulum:starts=2",
    ],
)
def test_noise_can_be_started_anew(name):
    f, g = problems.get(name), problems.get(name)
    x = f.x0(0)
    first = [f(x), f(x)]
    f.reseed(7)
    g.reseed(np.random.SeedSequence(7))
    again = [f(x), f(x)]
    assert again == [g(x), g(x)]
    assert (again != first) == f.noisy


def test_through_joblib():
    from joblib import Parallel, delayed

    names = ["ackley", "digits-softmax", "ten-bar-truss", "pendulum", "registration"]
    with Parallel(n_jobs=2) as pool:
        far = pool(delayed(evaluate)(problems.get(name), problems.get(name).x0(0)) for name in names)
    assert far == [float(problems.get(name)(problems.get(name).x0(0))) for name in names]


def evaluate(f, x):
    return float(f(x))


def test_names():
    names = problems.list()
    assert names == problems.names()
    assert len(set(names)) == len(names)
    for name in ("sphere", "rosenbrock", "digits-mlp", "pendulum", "welded-beam", "registration"):
        assert name in names
    assert "sphere" in problems.names("classic")
    assert "sphere" not in problems.names("learning")
    with pytest.raises(ValueError, match=r"no problem has the tag 'clasic': did you mean 'classic'\?"):
        problems.names("clasic")


def test_settings_in_the_name():
    f = problems.get("ellipsoid:n=4,rotated=true,seed=3,shifted=0.5")
    g = problems.get("ellipsoid", n=4, rotated=True, seed=3, shifted=0.5)
    np.testing.assert_array_equal(f(np.ones(4)), g(np.ones(4)))
    assert f.x_opt.tolist() == [0.5] * 4
    assert problems.get("wine-mlp: init=zeros, batch=none").x0(0).sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: problems.get("elipsoid"), "unknown problem 'elipsoid': did you mean 'ellipsoid'"),
        (lambda: problems.get("Sphere"), "did you mean 'sphere'"),
        (lambda: problems.get("qqqqqq"), "unknown problem 'qqqqqq'; problems.list()"),
        (lambda: problems.get(3), "name must be a string, got int"),
        (lambda: problems.get("sphere", rotatd=True), "sphere has no option 'rotatd': did you mean 'rotated'"),
        (lambda: problems.get("sphere", instance=3), "sphere has no option 'instance'; it takes seed, shifted"),
        (lambda: problems.get("welded-beam", seed=3), "welded-beam has no option 'seed'; it takes none"),
        (lambda: problems.get("sphere:rotated"), "must read key=value, got 'rotated'"),
        (lambda: problems.get("sphere:n=3", n=4), "n is given twice"),
        (lambda: problems.get("sphere:seed=3", seed=4), "seed is given twice"),
        (lambda: problems.get("sphere", n=0), "n must be a positive integer for sphere, got 0"),
        (lambda: problems.get("sphere:n=2.5"), "n must be a positive integer for sphere, got 2.5"),
        (lambda: problems.get("rosenbrock", n=1), "rosenbrock is defined for n >= 2, got n=1"),
        (lambda: problems.get("booth", n=3), "booth is defined for n=2, got n=3"),
        (lambda: problems.get("digits-softmax", n=3), "defined for n=650, got n=3"),
        (lambda: problems.get("ten-bar-truss", n=3), "defined for n=10, got n=3"),
        (lambda: problems.get("pendulum", n=3), "defined for n=41, got n=3"),
        (lambda: problems.get("registration", n=2), "defined for n=3, got n=2"),
        (lambda: problems.get("registration", image="cat"), "image must be one of china, flower, got 'cat'"),
        (lambda: problems.get("registration", gradient="no"), "gradient must be 'exact' or 'sobel'"),
        (lambda: problems.get("digits-mlp", activation="swich"), "activation must be one of elu, gelu"),
        (lambda: problems.get("digits-mlp", init="best"), "init must be one of kaiming"),
        (lambda: problems.get("digits-mlp", depth=0), "depth must be at least 1"),
        (lambda: problems.get("digits-mlp", hidden=0), "at least one unit"),
        (lambda: problems.get("digits-mlp", l2=-1.0), "l2 must not be negative"),
        (lambda: problems.get("digits-mlp", batch=0), "batch must be from 1 to the 1347"),
        (lambda: problems.get("pendulum", starts=0), "starts must be at least 1"),
        (lambda: problems.register("two words", made), "name must be made of letters"),
        (lambda: problems.register("sphere", made), "'sphere' is registered already"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_problem_of_ones_own(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    problems.register(
        "mine", lambda n=None, *, lift=0.0: Objective(lambda x: (x * x).sum(-1) + lift, n or 2), tags=["own"]
    )
    assert problems.get("mine:lift=2.5", 3)(np.ones(3)) == 5.5
    assert problems.names("own") == ["mine"]


def test_missing_extra_names_the_command():
    code = (
        "import sys\n"
        "sys.modules['sklearn'] = sys.modules['gymnasium'] = None\n"
        "import problems\n"
        "for name in ('digits-softmax', 'registration', 'gym'):\n"
        "    try:\n"
        "        problems.get(name)\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert [line.partition("pip install ")[2] for line in lines] == ["'evotape[data]'"] * 2 + ["'evotape[rl]'"]


def test_listing_is_light():
    code = (
        "import sys, problems; problems.list(); "
        "print([m for m in ('sklearn', 'matplotlib', 'gymnasium', 'joblib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "[]\n"
