"""``python -m experiments``, and the command ``evotape``."""

from __future__ import annotations

import os
import sys

# Before NumPy is loaded: what is computed in this process then has the bits of what is computed in a worker.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def run() -> None:
    """Run the command line and leave with its status."""
    from experiments.cli import main
    from experiments.terminal import spell_out

    spell_out()
    sys.exit(main())


if __name__ == "__main__":
    run()
