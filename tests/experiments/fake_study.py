"""A made-up study in the form of the store's records: smooth random curves, no optimiser involved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

METHODS = {"CMA-ES": "cmaes", "SNES": "snes", "Adam": "adam", "L-BFGS-B": "l-bfgs-b"}
PROBLEMS: dict[str, dict[str, Any]] = {
    "rotated ellipsoid (n=10)": {"n": 10, "f_opt": 0.0, "start": 6.5},
    "Rosenbrock (n=10)": {"n": 10, "f_opt": 0.0, "start": 4.5},
    "Rastrigin (n=10)": {"n": 10, "f_opt": 0.0, "start": 2.3},
    "digits, softmax regression (n=650)": {"n": 650, "f_opt": None, "start": 0.36},
}
# (log10 of the first evaluation that counts, log10 evaluations to the end, log10 final gap)
SHAPES = {
    ("rotated ellipsoid (n=10)", "CMA-ES"): (3.75, -8.3),
    ("rotated ellipsoid (n=10)", "SNES"): (4.8, 1.5),
    ("rotated ellipsoid (n=10)", "Adam"): (4.8, 0.5),
    ("rotated ellipsoid (n=10)", "L-BFGS-B"): (2.6, -9.0),
    ("Rosenbrock (n=10)", "CMA-ES"): (3.85, -8.3),
    ("Rosenbrock (n=10)", "SNES"): (4.8, 0.8),
    ("Rosenbrock (n=10)", "Adam"): (4.8, -3.0),
    ("Rosenbrock (n=10)", "L-BFGS-B"): (2.5, -9.5),
    ("Rastrigin (n=10)", "CMA-ES"): (4.3, 0.8),
    ("Rastrigin (n=10)", "SNES"): (4.3, 0.9),
    ("Rastrigin (n=10)", "Adam"): (4.3, 1.7),
    ("Rastrigin (n=10)", "L-BFGS-B"): (2.3, 1.9),
    ("digits, softmax regression (n=650)", "CMA-ES"): (4.6, -0.3),
    ("digits, softmax regression (n=650)", "SNES"): (4.6, -0.5),
    ("digits, softmax regression (n=650)", "Adam"): (4.0, -1.2),
    ("digits, softmax regression (n=650)", "L-BFGS-B"): (3.0, -1.25),
}


@dataclass
class FakeStudy:
    header: dict[str, Any]
    trials: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)
    grad_cost: float = 4.0


def curve(rng: np.random.Generator, start: float, end: tuple[float, float], gradient: bool) -> dict[str, np.ndarray]:
    """Log-log falling values with a random wiggle, gradient methods charged five per step."""
    length = end[0] + 0.12 * rng.standard_normal()
    grid = np.unique(np.floor(10 ** np.linspace(0, length, 160)))
    t = np.log10(grid) / length
    bend = rng.uniform(2.0, 3.0)
    wiggle = 0.05 * np.cumsum(np.abs(rng.standard_normal(t.size))) / np.sqrt(t.size)
    level = (
        start
        + 0.2 * rng.standard_normal() * (start > 1)
        - (start - end[1] + 0.3 * rng.standard_normal() * (end[1] > -5)) * t**bend
    )
    f = 10 ** (np.minimum.accumulate(level) - wiggle)
    nfev = np.ceil(grid / 5) if gradient else grid
    keep = np.unique(nfev, return_index=True)[1]
    nfev, f = nfev[keep].astype(np.int64), f[keep]
    njev = nfev if gradient else np.zeros_like(nfev)
    return {"nfev": nfev, "njev": njev, "f": f, "cost": nfev + 4.0 * njev}


def make(seeds: int = 9, *, failures: bool = True) -> FakeStudy:
    """The default comparison, with one failed trial if asked."""
    trials = []
    for p, (label, facts) in enumerate(PROBLEMS.items()):
        for m, (method, name) in enumerate(METHODS.items()):
            for seed in range(seeds):
                rng = np.random.default_rng([p, m, seed])
                c = curve(rng, facts["start"], SHAPES[label, method], name in ("adam", "l-bfgs-b"))
                trials.append(record(label, method, name, facts, seed, c))
    if failures:
        trials[7].update(
            status="error", error='ValueError: sigma0 <must> be & "positive"', f=None, nfev=0, njev=0, cost=0.0
        )
        trials[7]["curve"] = {key: value[:0] for key, value in trials[7]["curve"].items()}
    return FakeStudy(header(seeds), trials)


def record(
    label: str, method: str, name: str, facts: dict[str, Any], seed: int, c: dict[str, np.ndarray]
) -> dict[str, Any]:
    """One trial record."""
    return {
        "key": f"{label}/{method}/{seed}",
        "seed": seed,
        "status": "ok",
        "error": "",
        "problem": {"name": label.split(" ")[0], "label": label, "n": facts["n"], "options": {}},
        "method": {"name": name, "label": method, "options": {}},
        "params": {},
        "n": facts["n"],
        "f_opt": facts["f_opt"],
        "maxcost": 1e5,
        "f": float(c["f"][-1]),
        "x": np.zeros(facts["n"]),
        "nfev": int(c["nfev"][-1]),
        "njev": int(c["njev"][-1]),
        "n_failed": 0,
        "cost": float(c["cost"][-1]),
        "seconds": 0.3,
        "score": 0.93 + 0.001 * seed if facts["f_opt"] is None else None,
        "score_name": "test accuracy" if facts["f_opt"] is None else None,
        "stop": {"ftarget": 1e-8},
        "message": "ftarget reached",
        "curve": c,
    }


def header(seeds: int) -> dict[str, Any]:
    """The study's header line."""
    return {
        "name": "compare",
        "title": "Four methods on four problems",
        "spec": {
            "name": "compare",
            "title": "Four methods on four problems",
            "seed": 1,
            "seeds": seeds,
            "grad_cost": 4.0,
            "precision": 1e-8,
            "problems": [{"name": label.split(" ")[0], "n": facts["n"]} for label, facts in PROBLEMS.items()],
            "methods": [{"name": name, "label": label} for label, name in METHODS.items()],
        },
        "grad_cost": 4.0,
        "precision": 1e-8,
        "problems": list(PROBLEMS),
        "methods": list(METHODS),
        "params": [],
        "total": len(PROBLEMS) * len(METHODS) * seeds,
        "sessions": [
            {
                "started": "2026-01-01T00:00:00+00:00",
                "git_commit": "0" * 40,
                "git_dirty": False,
                "diff_sha256": None,
                "versions": {"evotape": "0.1.0", "python": "3.11", "numpy": "2.4"},
                "host": "machine",
                "platform": "Linux",
                "cpu_count": 2,
                "command": ["python", "-m", "experiments", "compare"],
            }
        ],
    }


def make_bbob(
    functions: tuple[int, ...] = (1, 8, 10, 15, 20, 21),
    dimensions: tuple[int, ...] = (2, 5, 10, 20),
    trials: int = 15,
    methods: dict[str, str] = METHODS,
) -> FakeStudy:
    """A made-up study of BBOB functions in several dimensions; harder functions fail more often."""
    records = []
    facts = {f"bbob f{f} (n={n})": {"n": n, "f_opt": 0.0} for f in functions for n in dimensions}
    for p, (label, fact) in enumerate(facts.items()):
        function, n = int(label.split("f")[1].split(" ")[0]), fact["n"]
        for m, (method, name) in enumerate(methods.items()):
            for seed in range(trials):
                rng = np.random.default_rng([7, p, m, seed])
                gradient = name in ("adam", "l-bfgs-b")
                hard = function / 8 + 0.3 * m
                won = rng.random() < 1.15 - 0.06 * function - 0.02 * n - 0.1 * m
                end = (
                    (1.6 + hard / 2 + 1.2 * np.log10(n), -8.4) if won else (3.5 + np.log10(n), 1.2 - 0.7 * rng.random())
                )
                c = curve(rng, 3.0, end, gradient)
                one = record(label, method, name, fact, seed, c)
                one["problem"]["name"] = f"bbob-f{function}"
                records.append(one)
    study = FakeStudy(header(trials), records)
    study.header.update(
        name="bbob", title="BBOB, made up", problems=list(facts), methods=list(methods), total=len(records)
    )
    return study


def make_sweep(values: dict[str, list[Any]], trials: int = 5, methods: dict[str, str] | None = None) -> FakeStudy:
    """A made-up sweep: sigma0 (or lr) matters most and has a best value of 0.5, popsize matters a little."""
    import itertools

    records = []
    facts = {"sphere (n=10)": {"n": 10, "f_opt": 0.0}, "Rastrigin (n=10)": {"n": 10, "f_opt": 0.0}}
    methods = methods or {"CMA-ES": "cmaes"}
    for p, (label, fact) in enumerate(facts.items()):
        for m, (method, name) in enumerate(methods.items()):
            for k, point in enumerate(itertools.product(*values.values())):
                params = dict(zip(values, point, strict=True))
                step = float(params.get("method.sigma0", params.get("method.lr", 1.0)))
                size = float(params.get("method.popsize", 10))
                for seed in range(trials):
                    rng = np.random.default_rng([3, p, m, k, seed])
                    away = abs(np.log10(step / 0.5))
                    won = rng.random() < (1.2 - 0.25 * away if p == 0 else 0.15 + size / 60 - 0.2 * away)
                    length = 2.8 + 0.4 * away + 0.3 * abs(np.log10(size / 10)) + 0.4 * p
                    c = curve(rng, 2.0, (length, -8.4) if won else (length + 0.5, 0.5 + 0.3 * rng.random()), False)
                    one = record(label, method, name, fact, seed, c)
                    one["params"] = params
                    one["key"] += f"/{k}"
                    records.append(one)
    study = FakeStudy(header(trials), records)
    study.header.update(
        name="sweep",
        title="Made-up sweep",
        problems=list(facts),
        methods=list(methods),
        total=len(records),
        params=list(values),
    )
    return study
