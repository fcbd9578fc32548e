"""Packages that only some problems need."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(module: str, package: str, extra: str, what: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module, package : str
        What to import, and the name under which people know it.
    extra : str
        The extra of this project that brings it.
    what : str
        What needs it, for the message.

    Raises
    ------
    ImportError
        It is not installed; the message has the command that installs it.

    Examples
    --------
    >>> needed("json", "JSON", "data", "the example").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError:
        raise ImportError(f"{what} needs {package}: pip install 'evotape[{extra}]'") from None
