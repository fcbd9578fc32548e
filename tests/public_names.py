"""A script as a user would write it. Type checkers must know every name in it: `test_types.py` has them read it."""

from typing import Any

import numpy as np
import numpy.typing as npt

import autodiff
import es
import experiments
import problems


def sphere(x: npt.NDArray[np.float64]) -> Any:
    """Sum of squares over the last axis."""
    return (x**2).sum(-1)


result = es.minimize(sphere, [1.0, 2.0], method="cmaes", bounds=[(-5, 5)] * 2, maxfevals=200, rng=1)
print(result.x, result.fun, result.success, result.message)
results = es.minimize_runs(sphere, np.zeros((3, 2)), sigma0=0.5, vectorized=True, maxfevals=200, rng=1)
print(len(results))

opt = es.SepCMAES([1.0, 2.0], 0.5, rng=1)
while not opt.stop():
    x = opt.ask()
    opt.tell(x, sphere(x))
print(opt.result.fun, es.Adam([1.0]).popsize, es.LBFGSB.kind, [info.name for info in es.methods()])

space = es.Space(rate=es.Log(1e-4, 1.0), layers=es.Integer(1, 4), rule=es.Choice("sgd", "adam"))
print(space.n, es.scipy_method("cmaes"), es.hypervolume, es.plot, es.warm_start, es.Checkpoint, es.BIPOP)

print(autodiff.grad(sphere)(np.ones(2)), autodiff.hessian(sphere)(np.ones(2)))
print(problems.get("bbob-f1", 5).bounds, experiments.Spec, experiments.run_study)
