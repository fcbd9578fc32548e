"""Parameters that are there only where others have certain values."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import es
from es import Choice, Fixed, Integer, Linear, Log, Ordinal, Space
from es.parts.branches import blocks, branches, matters

SPACE = Space(
    solver=Choice("sgd", "adam", "lbfgs"),
    momentum=Linear(0, 0.99, when={"solver": "sgd"}),
    beta=Linear(0, 1, when={"solver": ["adam", "sgd"]}),
    nesterov=Choice(False, True, when={"solver": "sgd"}),
    damping=Linear(0, 1, when={"nesterov": True}),
    layers=Integer(1, 5),
    units=Integer(1, 9, when={"layers": [3, 4, 5], "solver": ["sgd", "lbfgs"]}),
    inner={"steps": Ordinal(8, 16, 32, when={"solver": "lbfgs"}), "tol": Log(1e-3, 1, when={"steps": [16, 32]})},
    seed=Fixed(3, when={"solver": "adam"}),
)


def expected(p):
    """Which names are there, written out."""
    names = {"solver", "layers"}
    if p["solver"] == "sgd":
        names |= {"momentum", "beta", "nesterov"} | ({"damping"} if p["nesterov"] else set())
    elif p["solver"] == "adam":
        names |= {"beta", "seed"}
    else:
        names |= {"inner"}
        assert set(p["inner"]) == ({"steps"} if p["inner"]["steps"] == 8 else {"steps", "tol"})
    if p["layers"] >= 3 and p["solver"] != "adam":
        names |= {"units"}
    return names


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_what_is_not_there_is_not_in_the_dict(seed, as_categories):
    space = SPACE.with_categories() if as_categories else SPACE
    p = space.sample(seed)
    assert set(p) == expected(p)
    assert space.contains(p)
    again = space.decode(space.encode(p))
    assert set(again) == set(p) and again["solver"] == p["solver"] and again["layers"] == p["layers"]
    whole = space.decode(space.encode(again))
    assert repr(again) == repr(whole)


def test_encode_takes_exactly_what_is_there():
    p = {"solver": "adam", "beta": 0.2, "layers": 2}
    assert SPACE.contains(p) and SPACE.contains({**p, "seed": 3}) and not SPACE.contains({**p, "seed": 4})
    for wrong, words in [
        ({**p, "momentum": 0.5}, "must not hold momentum, which is there only where solver is 'sgd'"),
        ({"solver": "adam", "layers": 2}, "got none for 'beta'"),
        ({**p, "other": 1}, "got 'other'"),
        ({**p, "units": 3}, "must not hold units"),
        ({**p, "solver": "rprop"}, "parameter solver"),
        ({**p, "inner": {"tol": 0.1}}, "must not hold inner.tol"),
        ({**p, "inner": 3}, "must be a dict"),
        (7, "must be a dict"),
    ]:
        with pytest.raises(ValueError, match=words):
            SPACE.encode(wrong)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Space(a=Linear(0, 1, when={"q": 1}), b=(0, 1)), r"must name another parameter \(b\), got 'q'"),
        (lambda: Space(a=Linear(0, 1, when={"a": 1})), "circle|must name"),
        (lambda: Space(a=Choice(1, 2, when={"b": 1}), b=Choice(1, 2, when={"a": 1})), "circle, got parameters a, b"),
        (lambda: Space(a=Linear(0, 1, when={"b": 0.5}), b=(0, 1)), "must name a Choice, an Ordinal, or whole numbers"),
        (lambda: Space(a=Linear(0, 1, when={"b": 2}), b=Choice(1, 2, shape=2)), "without a shape"),
        (lambda: Space(a=Linear(0, 1, when={"b": "z"}), b=["x", "y"]), "must be one of its values, got 'z'"),
        (lambda: Space(a=Linear(0, 1, when={"b": 7}), b=Integer(0, 5)), "between its limits, got 7"),
        (lambda: Linear(0, 1, when={"a": []}), "at least one value of 'a'"),
        (lambda: Linear(0, 1, when="a"), "when must be a dict"),
        (lambda: Integer(0, 1, when={}), "when must be a dict"),
        (lambda: Choice(1, 2, when={3: 4}), "when must be a dict"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_names_are_looked_up_beside_then_around():
    space = Space(kind=["a", "b"], inner={"kind": ["c", "d"], "x": Linear(0, 1, when={"kind": "c"})}, n=Integer(0, 3))
    for seed in range(20):
        p = space.sample(seed)
        assert ("x" in p["inner"]) == (p["inner"]["kind"] == "c")
    deep = Space(inner={"kind": ["c", "d"]}, x=Linear(0, 1, when={"inner.kind": "c"}))
    assert all(("x" in p) == (p["inner"]["kind"] == "c") for p in map(deep.sample, range(20)))


def test_grid_html_repr_and_pickle():
    space = Space(a=["x", "y", "<z>"], b=Linear(0, 1, when={"a": "x"}), c=Integer(0, 1, when={"a": ["x", "y"]}))
    points = list(space.grid(3))
    assert len(points) == 3 * 2 + 2 + 1
    assert len({repr(p) for p in points}) == len(points)
    assert "when={'a': 'x'}" in repr(space)
    page = space._repr_html_()
    assert "there where" in page and "a is &#x27;x&#x27;" in page and "<z>" not in page
    assert "there where" not in Space(a=(0, 1))._repr_html_()
    again = pickle.loads(pickle.dumps(space))
    assert again.sample(4) == space.sample(4)


def test_whole_numbers_keep_their_condition():
    space = Space(a=["x", "y"], b=Linear(0, 9, when={"a": "x"})).with_integers({"b": True})
    assert space["b"].when == {"a": "x"} and all(("b" in p) == (p["a"] == "x") for p in map(space.sample, range(9)))


# Dividing the search ------------------------------------------------------------------------------


def random_conditions(rng, n):
    counts = rng.integers(2, 5, n) * (rng.random(n) < 0.6)
    conditions = {}
    for i in range(1, n):
        parents = [p for p in range(i) if counts[p] and rng.random() < 0.4]
        if parents:
            conditions[i] = {
                p: tuple(sorted(rng.choice(counts[p], rng.integers(1, counts[p]), replace=False).tolist()))
                for p in parents
            }
    return conditions, counts


@pytest.mark.parametrize("seed", range(25))
def test_every_point_lies_in_one_branch_and_in_the_blocks_that_matter(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    conditions, counts = random_conditions(rng, n)
    parts = branches(conditions, counts, 10_000)
    for row in itertools.product(*(range(max(1, k)) for k in counts)):
        x = np.array(row, dtype=float)
        there = matters(conditions, x, n)
        inside = []
        for part in parts:
            own = {**{p: (v,) for p, v in part.fixed.items()}, **part.values}
            covered = set(part.fixed) | set(part.places.tolist())
            if covered == set(np.flatnonzero(there).tolist()) and all(round(x[p]) in v for p, v in own.items()):
                inside.append(part)
        assert len(inside) == 1
        back = np.full(n, -1.0)
        inside[0].put(inside[0].inner(x), back)
        assert np.array_equal(back[there], x[there])
    found = np.sort(np.concatenate([part.places for part in blocks(conditions, counts)]))
    assert np.array_equal(found, np.arange(n))
    assert branches(conditions, counts, len(parts)) is not None
    assert len(parts) == 1 or branches(conditions, counts, len(parts) - 1) is None


# Searching -----------------------------------------------------------------------------------------


def branched(gaps):
    parameters = {"x": Linear(-1, 1), "kind": Choice(*range(len(gaps)))}
    for b in range(len(gaps)):
        parameters |= {f"y{b}": Linear(-1, 1, when={"kind": b}), f"k{b}": Integer(0, 9, when={"kind": b})}

    def fun(p):
        b = p["kind"]
        assert set(p) == {"x", "kind", f"y{b}", f"k{b}"}
        return (p["x"] - 0.3) ** 2 + (p[f"y{b}"] - 0.1 * b) ** 2 + (p[f"k{b}"] - 2 * b) ** 2 + gaps[b]

    return fun, Space(parameters)


@pytest.mark.parametrize("method", ["cmaes", "auto", "cat-cmaes-margin"])
@pytest.mark.parametrize("gaps", [(0.1, 0.0, 0.2), (6, 3, 0)])
def test_the_best_branch_is_found(gaps, method):
    fun, space = branched(gaps)
    res = es.minimize(fun, space, method=method, ftarget=1e-8, maxfevals=6000, rng=1)
    assert res.success and res.method == "ConditionalCMAES" and res.x["kind"] == int(np.argmin(gaps))


def test_it_ends_by_itself():
    fun, space = branched((0.1, 0.0))
    res = es.minimize(fun, space, rng=1)
    assert res.success and res.fun < 1e-9


def test_many_branches_are_searched_in_blocks():
    kinds = {f"c{i}": ["a", "b", "c"] for i in range(4)}
    more = {f"x{i}{v}": Linear(-1, 1, when={f"c{i}": v}) for i in range(4) for v in "abc"}

    def fun(p):
        return sum((p[f"c{i}"] != "b") + (p[f"x{i}{p['c' + str(i)]}"] - 0.2) ** 2 for i in range(4))

    res = es.minimize(fun, Space({**kinds, **more}), ftarget=1e-8, maxfevals=20_000, rng=1)
    assert res.success


@pytest.mark.parametrize("method", ["cmaes-margin", "differential-evolution"])
def test_other_methods_see_what_is_there(method):
    fun, space = branched((0.1, 0.0))
    assert es.minimize(fun, space, method=method, maxfevals=100, rng=1).nfev == 100


def test_constraints_get_what_is_there():
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    fun, space = branched((0.0, 5.0))
    seen = []

    def rule(p):
        seen.append(set(p))
        return p["x"]

    res = es.minimize(fun, space, constraints=NonlinearConstraint(rule, 0.5, np.inf), maxfevals=3000, rng=1)
    assert res.x["x"] == pytest.approx(0.5, abs=1e-3) and {len(names) for names in seen} == {4}
    with pytest.raises(ValueError, match="must not be linear"):
        es.minimize(fun, space, constraints=LinearConstraint(np.ones(6), 0, 1))


def test_saved_and_loaded_a_conditional_run_goes_on_bit_for_bit(tmp_path):
    fun, space = branched((0.1, 0.0, 0.2))
    whole = es.minimize(fun, space, maxfevals=900, rng=3)
    es.minimize(fun, space, maxfevals=333, rng=3, checkpoint=tmp_path / "run.npz")
    again = es.minimize(fun, space, maxfevals=900, rng=3, checkpoint=tmp_path / "run.npz")
    assert again.x == whole.x and again.fun == whole.fun and again.nfev == whole.nfev


def test_killed_and_resumed_it_loses_no_point_that_was_told(tmp_path):
    """A real SIGKILL in the middle: what was evaluated before and after is what one run evaluates, in order."""
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, sys
            import es
            def fun(p):
                log.write(repr(sorted(p.items())) + "\\n")
                log.flush()
                if sum(1 for _ in open(sys.argv[1])) == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                return (p["x"] - 0.3) ** 2 + (p["kind"] != "b") * 0.1 + sum(v * v for k, v in p.items() if k[0] == "y")
            space = es.Space(x=(-1, 1), kind=["a", "b"], y1=es.Linear(-1, 1, when={"kind": "a"}),
                             y2=es.Linear(-1, 1, when={"kind": "b"}))
            log = open(sys.argv[1], "a")
            keep = es.Checkpoint(sys.argv[3], every=0)
            res = es.minimize(fun, space, maxfevals=300, rng=5, checkpoint=keep)
            print(res.nfev, res.fun.hex())
            """
        )
    )

    environment = {**os.environ, "PYTHONPATH": str(Path(es.__file__).parents[1])}

    def run(log, at):
        command = [sys.executable, str(script), str(tmp_path / log), str(at), str(tmp_path / f"{log}.npz")]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    through = run("through", -1)
    assert through.returncode == 0, through.stderr
    assert run("killed", 157).returncode == -signal.SIGKILL
    before = len((tmp_path / "killed").read_text().splitlines())
    resumed = run("killed", -1)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout == through.stdout
    whole, parts = ((tmp_path / name).read_text().splitlines() for name in ("through", "killed"))
    assert before == 157 and len(parts) - len(whole) <= 10  # at most the population that was not yet told
    assert parts[before:] == whole[len(whole) - (len(parts) - before) :]
