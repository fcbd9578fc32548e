"""What the commands of all benchmarks have in common: their options, and one thread."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = (None, "folder for the files", {"type": Path})
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_thread() -> None:
    """Restart the interpreter with one thread for every numerical library unless the environment says so already.

    Thread pools read the variables when they are loaded, so setting them later is too late.
    """
    if any(os.environ.get(variable) != "1" for variable in _THREAD_VARIABLES):
        environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, "1")}
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def benchmark(**options: Any) -> Callable[[Callable[[argparse.Namespace], Any]], Callable[[], None]]:
    """Make a function of the options the command of its file, which runs at once where the file is the program.

    So it stands last in the file, whose docstring is what ``--help`` shows. An option is its default, or (default,
    help), or (default, help, more words for `add_argument`): a list takes several words, False is a switch, and the
    type is that of the default.
    """

    def command(function: Callable[[argparse.Namespace], Any]) -> Callable[[], None]:
        def main() -> None:
            parser = argparse.ArgumentParser(
                description=sys.modules[function.__module__].__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            for name, option in options.items():
                default, text, more = (*(option if isinstance(option, tuple) else (option,)), "", {})[:3]
                words: dict[str, Any] = {"default": default, "help": text or None}
                if default is False:
                    words["action"] = "store_true"
                elif isinstance(default, list):
                    words |= {"nargs": "*", "type": type(default[0]) if default else str}
                elif default is not None:
                    words["type"] = type(default)
                words |= more
                parser.add_argument(*words.pop("flags", [f"--{name.replace('_', '-')}"]), **words)
            given = parser.parse_args()
            one_thread()
            function(given)

        if function.__module__ == "__main__":
            main()
        return main

    return command


def span(text: str) -> list[int]:
    """Whole numbers of a range such as 15-17, or of one number."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))
