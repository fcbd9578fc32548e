"""Where numbers come from: code, versions, machine, command."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

_PACKAGES = ("evotape", "numpy", "scipy", "joblib", "matplotlib", "scikit-learn", "distributed", "ray")


def _git(*arguments: str) -> bytes | None:
    """Run git where this code lies; None where there is no git or no repository."""
    try:
        words = ["git", "-C", str(Path(__file__).resolve().parent), *arguments]
        env = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
        done = subprocess.run(words, capture_output=True, timeout=10, env=env, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _code() -> dict[str, Any]:
    # A copy installed inside somebody else's repository must not borrow that repository's commit.
    ours = _git("ls-files", "--error-unmatch", Path(__file__).name) is not None
    commit = _git("rev-parse", "HEAD") if ours else None
    diff = _git("diff", "HEAD") if commit else None
    tree = None if commit is None else commit.decode().strip()
    return {
        "git_commit": tree,
        "git_dirty": bool(diff),
        "diff_sha256": hashlib.sha256(diff).hexdigest() if diff else None,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def provenance() -> dict[str, Any]:
    """Describe this start of a study: time, commit and hash of uncommitted changes, versions, host and command."""
    versions = {package: version for package in _PACKAGES if (version := _version(package)) is not None}
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **_code(),
        "versions": {"python": platform.python_version(), **versions},
        "host": platform.node(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "command": [Path(sys.argv[0]).name if sys.argv else "", *sys.argv[1:]],
    }
