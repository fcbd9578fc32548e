"""
A study, from a file to a decision
==================================

Methods on problems, many times over, with intervals.
"""

# %%
# A study is a list of problems and methods with a number of repeats. In a file it is TOML (:doc:`/start/sweep`); here
# it is Python. Each trial is one line of a journal: a study that was killed goes on where it was.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from experiments import Method, Problem, Spec, run_study

spec = Spec(
    "bowl-or-valley",
    [Problem("ellipsoid", 5), Problem("rosenbrock", 5)],
    [Method("cmaes"), Method("snes"), Method("l-bfgs-b")],
    seeds=5,
    budget=600,
)
study = run_study(spec, Path(tempfile.mkdtemp()) / "study", jobs=1)

# %%
# Every trial is a plain dict.

for problem in ("ellipsoid", "rosenbrock"):
    for method in ("cmaes", "snes", "l-bfgs-b"):
        mine = [t for t in study.trials if t["problem"]["name"] == problem and t["method"]["name"] == method]
        print(f"{problem:12}{method:10}", f"median f {np.median([t['f'] for t in mine]):.1e}")

# %%
figure, ax = plt.subplots()
for k, method in enumerate(("cmaes", "snes", "l-bfgs-b")):
    costs = [t["cost"] for t in study.trials if t["method"]["name"] == method]
    ax.plot(costs, np.full(len(costs), k), "o", alpha=0.5)
ax.set(
    yticks=range(3), yticklabels=("cmaes", "snes", "l-bfgs-b"), xscale="log", xlabel="cost", title="Cost of each trial"
)

# %%
# ``python -m experiments sweep FILE`` does the same from the command line, and writes the whole report: convergence,
# ECDF, expected running times, tests with corrections for many comparisons, and one HTML page.
