"""Traps, partly separable functions and terrain: each is what it says, in any n."""

from __future__ import annotations

import numpy as np
import pytest

import problems
from problems.traps import GROUPS
from problems.traps.terrain import ROUGH, SMOOTH

SUITES = [name for tag in ("traps", "partly", "terrain") for name in problems.names(tag)]


def inside(f, count, seed=0):
    rng = np.random.default_rng(seed)
    box = f.box
    high = np.where(np.isfinite(box.ub), box.ub, box.lb + 10.0)
    return rng.uniform(np.maximum(box.lb, f.x_opt - 5.0), np.minimum(high, f.x_opt + 5.0), (count, f.n))


def mixed_difference(f, x, i, j, step):
    """Second mixed difference, which is 0 for a sum of functions of one variable, and what rounding makes of it."""
    e = np.eye(f.n) * step
    values = f(x + np.stack([e[i] + e[j], -e[i] - e[j], e[i] - e[j], e[j] - e[i]]))
    return values[0] + values[1] - values[2] - values[3], 4 * np.finfo(float).eps * np.abs(values).max()


def test_there_are_84_traps_in_eight_groups():
    sizes = {group: len(table) for group, table in GROUPS.items()}
    assert sum(size for group, size in sizes.items() if group.startswith("trap-")) == 84
    assert len(problems.names("traps")) == 84
    assert len(problems.names("trap-lost")) == sizes["trap-lost"] == 8
    assert len(SUITES) == 84 + sizes["partly"] + sizes["terrain"]


@pytest.mark.parametrize("name", SUITES)
def test_other_sizes_and_seeds(name):
    for n, seed in ((2, 1), (3, 2), (17, 3)):
        f = problems.get(name, n, seed=seed)
        problems.check_objective(f, rng=seed)
        assert np.isfinite(f.f_opt)
        x = inside(f, 200, seed)
        quiet = f.noiseless or f
        values = quiet(x)
        assert (np.isnan(values) | (values >= f.f_opt)).all()


@pytest.mark.parametrize("name", SUITES)
def test_seeds_draw_other_problems(name):
    first, again, other = (problems.get(name, 5, seed=seed) for seed in (0, 0, 1))
    x = inside(first, 50)
    f, g = (h.noiseless or h for h in (first, again))
    np.testing.assert_array_equal(f(x), g(x))
    assert (first.x_opt == again.x_opt).all()
    assert (first.x_opt != other.x_opt).any() or name == "trap-corner-plane"


@pytest.mark.parametrize("name", [*problems.names("trap-additive"), *problems.names("partly")])
def test_no_function_that_looks_additive_is(name):
    """Some mixed difference is beyond rounding: near the best point or far from it."""
    f = problems.get(name, 6, seed=4)
    x = f.x_opt + (np.array([1.5, -1.0, 0.7, 2.0, -1.2, 1.1]) * (0.1 if name == "trap-coupled-near" else 1.0))
    found = [mixed_difference(f, x, i, j, step) for i in range(6) for j in range(i) for step in (0.3, 1.5)]
    assert any(abs(difference) > 4 * rounding for difference, rounding in found)


@pytest.mark.parametrize("strength", ["1e-2", "1e-4", "1e-6", "1e-8"])
def test_strength_of_the_coupling(strength):
    f = problems.get(f"trap-coupled-sphere-{strength}", 4)
    difference, rounding = mixed_difference(f, f.x_opt, 1, 2, 1.0)
    assert difference == pytest.approx(4 * float(strength), rel=1e-6, abs=10 * rounding)
    assert mixed_difference(f, f.x_opt, 0, 2, 1.0)[0] == pytest.approx(0.0, abs=10 * rounding)


@pytest.mark.parametrize("name", problems.names("trap-lost"))
def test_values_are_lost_in_part_of_the_box_and_not_at_the_best_point(name):
    f = problems.get(name, 10)
    rng = np.random.default_rng(0)
    lost = ~np.isfinite(f(np.stack([f.x0(rng) for _ in range(400)])))
    assert 0.2 < lost.mean() < 0.999
    near = f(f.x_opt + 1e-3 * rng.standard_normal((400, 10)))
    assert np.isfinite(near).mean() > 0.4


@pytest.mark.parametrize("name", problems.names("trap-stairs"))
def test_stairs_have_jumps(name):
    """Along a line the largest change over 1e-9 does not shrink with the step."""
    f = problems.get(name, 4, seed=1)
    t = np.linspace(-3.0, 3.0, 20001)
    d = np.array([1.0, 0.7, -0.4, 0.9])
    f_line = f(f.x_opt + t[:, None] * d)
    k = int(np.abs(np.diff(f_line)).argmax())
    low, high = t[k], t[k + 1]
    for _ in range(40):
        middle = 0.5 * (low + high)
        left, centre, right = f(f.x_opt + np.array([low, middle, high])[:, None] * d)
        low, high = (low, middle) if abs(centre - left) > abs(right - centre) else (middle, high)
    assert abs(right - left) > 0.05


@pytest.mark.parametrize("name", problems.names("trap-kinks"))
def test_kinks_are_where_the_best_point_is(name):
    """Slopes on two sides of the best point do not meet, as they would for a smooth function."""
    f = problems.get(name, 4, seed=1)
    d = np.random.default_rng(0).standard_normal((20, 4))
    h = 1e-6
    if name == "trap-maxq":  # its kink is where two squares are equal
        x, d = f.x_opt + 1.0, np.eye(4)[:1]
    else:
        x = f.x_opt
    bend = (f(x + h * d) + f(x - h * d) - 2 * f(x)) / h
    assert np.abs(bend).max() > 1e-2


def test_bounds_that_matter():
    for name, share in (("corner-plane", 1.0), ("corner-turned", 1.0), ("face-sphere", 0.1), ("face-ellipsoid", 0.5)):
        f = problems.get(f"trap-{name}", 10)
        at = (f.x_opt == f.box.lb) | (f.x_opt == f.box.ub)
        assert at.mean() == share
        slope = f.value_and_grad(np.clip(f.x_opt + 1e-9 * np.sign(-f.x_opt) * at, f.box.lb, f.box.ub))[1]
        assert (slope[at] * f.x_opt[at] < 0).all()  # f falls towards the bound
    fixed = problems.get("trap-fixed-variable", 4)
    assert fixed.box.lb[0] == fixed.box.ub[0] == fixed.x0(1)[0]
    assert (problems.get("trap-one-sided", 4).box.ub == np.inf).all()
    start = problems.get("trap-start-at-bound", 4)
    assert (start.x0() == start.box.lb).all()


def test_floors():
    f = problems.get("trap-single-ellipsoid", 5)
    values = f(inside(f, 100))
    assert (values == values.astype(np.float32)).all()
    noisy, quiet = problems.get("trap-noise-relative-1e-2", 5), problems.get("ellipsoid", 5)
    x = inside(noisy, 4000)
    ratio = noisy(x) / noisy.noiseless(x) - 1.0
    assert ratio.std() == pytest.approx(1e-2, rel=0.1)
    assert noisy.noisy and not quiet.noisy
    digits = problems.get("trap-digits-ellipsoid-1e-3", 5)
    values = digits(inside(digits, 50)) * 1e3
    np.testing.assert_allclose(values, np.rint(values), rtol=1e-12)


def minima_along_lines(f, lines=40):
    rng = np.random.default_rng(1)
    t = np.linspace(-4.0, 4.0, 2001)
    counts = []
    for _ in range(lines):
        d = rng.standard_normal(f.n)
        values = f(f.x_opt + t[:, None] * d / np.linalg.norm(d))
        counts.append(int(((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])).sum()))
    return float(np.mean(counts))


def test_terrain_is_rough_or_smooth():
    """By the number of minima along lines through the best point."""
    for name in ROUGH:
        assert minima_along_lines(problems.get(f"terrain-{name}", 5)) > 1.4, name
    for name in SMOOTH:
        assert minima_along_lines(problems.get(f"terrain-{name}", 5)) < 1.4, name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: problems.get("trap-maxq", 1), "trap-maxq is defined for n >= 2, got n=1"),
        (lambda: problems.get("terrain-levy", seed=-1), "seed of terrain-levy must be an integer from 0, got -1"),
        (lambda: problems.get("trap-maxq", seed=1.5), "seed of trap-maxq must be an integer, got float 1.5"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
