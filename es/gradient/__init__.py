"""Gradient methods as optimizers: update rules, and SciPy's solvers turned inside out."""
