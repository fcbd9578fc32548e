"""What an output stream has no letters for is spelled out in those that it has."""

from __future__ import annotations

import codecs
import io
import sys

ERRORS = "evotape.spelled"
PLAIN = {"∞": "inf", "–": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "★": "*", "≈": "~", "·": "*", "→": "->"}


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in letters), error.end


def spell_out() -> None:
    """From now on print what stdout and stderr cannot encode in other words, where Python would end with an error.

    Tables have signs such as that of infinity, and errors and names of files may hold anything.
    """
    codecs.register_error(ERRORS, _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
