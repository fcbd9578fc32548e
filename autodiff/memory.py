"""Freed memory that stays with the process, because histories are made and dropped all the time."""

from __future__ import annotations

import os

import numpy as np


def keep_freed_memory() -> None:
    """Let the C library keep up to 64 MiB of freed memory instead of handing it back to the system after every sweep.

    A gradient allocates and frees many arrays. By default glibc returns the top of its heap to the kernel each time and
    asks for it again, zeroed, page by page: a gradient of 256 points in 1000 dimensions then spends most of its time
    there. glibc raises the thresholds for that (M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, see mallopt(3)) by itself when
    a large block is freed, up to 32 MiB on 64-bit systems, so one block that is never touched does it. It costs some
    microseconds and no memory; other C libraries take no notice. Thresholds that were set from outside, by the
    variables MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_, stay as they are.

    It is done once, when the package is imported, and holds for the whole process. The environment variable
    ``AUTODIFF_KEEP_FREED_MEMORY=0``, set before the import, leaves the C library alone.
    """
    if os.environ.get("AUTODIFF_KEEP_FREED_MEMORY", "1") != "0":
        np.empty((32 << 20) - (1 << 16), np.uint8)
