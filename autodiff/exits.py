"""Where a value could leave a trace without its gradient."""

from __future__ import annotations


class LostGradient(RuntimeError):
    """A tensor was about to be turned into plain numbers, without a gradient."""
