"""``python -m experiments``."""

from __future__ import annotations

import os
import sys

# Before NumPy is loaded: what is computed in this process then has the bits of what is computed in a worker.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

if __name__ == "__main__":
    from experiments.cli import main

    sys.exit(main())
