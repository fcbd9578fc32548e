"""Speed measurements that ship with the project, one module per room: ``python -m experiments.benchmarks.<name>``."""
