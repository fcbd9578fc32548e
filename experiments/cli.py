"""The command ``python -m experiments``: argparse, messages and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments import commands

_EPILOG = """\
examples:
  python -m experiments compare                          auto and four methods on four objectives, figures, a report
  python -m experiments compare --quick                  the same in seconds
  python -m experiments compare methods=cmaes,snes seeds=5
  python -m experiments sweep sigma0 --dry-run           what a ready-made sweep would run
  python -m experiments sweep my-sweep.toml --jobs 4     a sweep of your own
  python -m experiments sweep compare method.sigma0=0.1,0.3,1 methods=cmaes
  python -m experiments lesson --all                     the lessons, as one page
  python -m experiments advise mymodule:f --x0=0,0,0     which method to take for a function of yours
  python -m experiments show results/compare             the table again, and what failed

A run that was stopped or killed goes on where it was when the same command is given again.
"""

_SETTINGS = """\
key=value settings change the study:
  seeds=3  budget=500  problem.n=20       one value
  method.sigma0=0.1,0.3,1                 several values: a sweep over them
  problem.n=range(2,6)                    2, 3, 4, 5
  methods=cmaes,snes  problems=sphere     choose by name
"""


def version() -> str:
    """Version of the installed distribution; read from the code where it runs uninstalled."""
    import es

    return es.__version__


class _Completion(argparse.Action):
    """`--print-completion SHELL`: what shtab makes of the parser."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: str | None = None) -> None:
        try:
            import shtab
        except ImportError:
            parser.error("--print-completion needs shtab: python -m pip install shtab")
        print(shtab.complete(parser, shell=values))
        parser.exit()


_ADVISE = """\
examples:
  python -m experiments advise mymodule:f --x0=0,0,0
  python -m experiments advise mymodule:f --n 8 --bounds=-5,5 --evaluations 300
  python -m experiments advise rosenbrock --n 10 --seconds 60

It runs the code of your module, like every study of a function of yours.
"""


def _runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("settings", nargs="*", metavar="key=value", help="changes to the study (see below)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for the results (default: results/<name>)")
    parser.add_argument("--jobs", type=int, default=-1, metavar="N", help="worker processes (default: one per core)")
    parser.add_argument("--backend", metavar="NAME", help="loky (default), threading, sequential, dask or ray")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds that one trial may take")
    parser.add_argument("--dry-run", action="store_true", help="what would run, how long it takes, what it can show")
    parser.add_argument("--estimate", action="store_true", help="with --dry-run: call functions of yours, to time them")
    parser.add_argument("--retry-failed", action="store_true", help="run failed and timed-out trials again")
    parser.add_argument("--extend", action="store_true", help="add to a folder that holds other settings of a study")
    parser.add_argument("--no-report", action="store_true", help="run the trials only, draw nothing")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    failures = parser.add_mutually_exclusive_group()
    failures.add_argument("--keep-going", action="store_true", help="go on after a failed trial (this is the default)")
    failures.add_argument("--fail-fast", action="store_true", help="stop at the first failed trial")


def _parser() -> argparse.ArgumentParser:
    raw: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    # Started as the command `evotape` or as `python -m experiments`: help and errors say it as it was typed.
    typed = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        prog="evotape" if typed == "evotape" else "python -m experiments",
        description="Compare optimization methods, sweep over their parameters, and draw what comes of it.",
        epilog=_EPILOG,
        **raw,
    )
    parser.add_argument("--version", action="version", version=f"evotape {version()}")
    parser.add_argument(
        "--print-completion",
        action=_Completion,
        choices=("bash", "zsh", "tcsh"),
        help="print a script that completes commands and options in this shell (needs shtab)",
    )
    commands_ = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    def add(name: str, help_text: str, **more: Any) -> argparse.ArgumentParser:
        return commands_.add_parser(name, help=help_text, description=help_text, **raw, **more)

    sub = add("compare", "Run methods on problems, draw the figures, print the table.", epilog=_SETTINGS)
    _runs(sub)
    sub.add_argument(
        "--spec", default="compare", metavar="STUDY", help="TOML file or ready-made study (default: compare)"
    )
    sub.add_argument(
        "--quick", action="store_true", help="fewer repeats and smaller budgets: seconds instead of a minute"
    )

    sub = add("sweep", "Run a study with varied parameters.", epilog=_SETTINGS)
    sub.add_argument("spec", metavar="STUDY", help="TOML file or ready-made study (see: list)")
    _runs(sub)
    sub.add_argument("--quick", action="store_true", help="fewer repeats and smaller budgets")

    sub = add("advise", "Look at a function, race methods on it, and say which to take.", epilog=_ADVISE)
    sub.add_argument("function", metavar="MODULE:FUNCTION", help="yours, or the name of a problem (see: list)")
    sub.add_argument("--x0", metavar="A,B,...", help="start; or give --n with --bounds")
    sub.add_argument("--n", type=int, metavar="N", help="number of variables")
    sub.add_argument("--bounds", metavar="LOW,HIGH", help="of every variable")
    sub.add_argument("--seconds", type=float, default=30.0, metavar="S", help="time for all of it (default: 30)")
    sub.add_argument("--evaluations", type=int, metavar="E", help="evaluations for all of it, for an expensive f")
    sub.add_argument("--jobs", type=int, default=-1, metavar="N", help="worker processes (default: one per core)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--out", type=Path, default=Path("results/advice"), metavar="FOLDER", help="gets the figure")

    sub = add("report", "Draw figures, tables and the HTML page of finished trials again, of several folders as one.")
    sub.add_argument("folder", type=Path, nargs="+", help="several are one study: two machines, or parts of one")
    sub.add_argument("--beside", action="store_true", help="methods of several folders side by side, not pooled")
    sub.add_argument("--coco", type=Path, action="append", metavar="FOLDER", help="COCO data as a further method")
    sub.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: the folder itself)")

    sub = add("merge", "Write the trials of several folders into a new one.")
    sub.add_argument("folder", type=Path, nargs="+")
    sub.add_argument("--out", type=Path, metavar="FOLDER", required=True)

    sub = add("watch", "Keep the page of a folder up to date while its study runs.")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--every", type=float, default=20.0, metavar="S", help="seconds between two looks (default: 20)")
    sub.add_argument("--once", action="store_true", help="write the page once, as it is now, and end")
    sub.add_argument("--serve", type=int, nargs="?", const=0, metavar="PORT", help="serve it too, on this machine only")

    sub = add("show", "Print the table of a folder, what failed, or one trial.")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--failed", action="store_true", help="print the error of each failed trial")
    sub.add_argument("--key", "--trial", metavar="KEY", help="print the trial whose key begins so, and its output")

    sub = add("export", "Write trials as CSV files, or as cocopp or IOHanalyzer read them.")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--format", choices=("csv", "coco", "ioh"), default="csv")
    sub.add_argument("--latex", action="store_true", help="write every table of the report, as LaTeX and as CSV")
    sub.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: FOLDER/export-<format>)")

    sub = add("list", "List ready-made studies, methods and problems.")
    sub.add_argument("what", nargs="?", choices=("studies", "methods", "problems"), help="one of them only")

    sub = add("gallery", "Draw the test functions, or the paths of methods on one of them.")
    sub.add_argument("--out", type=Path, default=Path("results/gallery"), metavar="FOLDER")
    sub.add_argument(
        "--trajectories", metavar="PROBLEM", help="paths of CMA-ES, SNES, Adam and L-BFGS-B in 2-D, still and moving"
    )

    sub = add("lesson", "Run a lesson: a small study with text, numbers and figures; --all makes one page of them.")
    sub.add_argument("name", nargs="?", metavar="NAME", help="which lesson (see --list)")
    sub.add_argument("--all", action="store_true", help="run every lesson and write one page")
    sub.add_argument("--list", action="store_true", help="list the lessons")
    sub.add_argument("--out", type=Path, default=Path("results/lessons"), metavar="FOLDER")

    sub = add("docs", "Build the documentation: start pages, tutorials, how to move from other packages, reference.")
    sub.add_argument("--out", type=Path, default=Path("results/docs"), metavar="FOLDER")

    sub = add("bench", "Run a benchmark of the software itself; without a name, list them.")
    sub.add_argument("name", nargs="?")
    sub.add_argument("rest", nargs=argparse.REMAINDER, help="passed on to the benchmark")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Words after the program's name; those of the process by default.

    Returns
    -------
    int
        0 all well; 1 some trials failed or the study stopped; 2 the request cannot be met; 130 Ctrl-C.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(list(sys.argv[1:] if arguments is None else arguments))
    if rest and not (hasattr(options, "settings") and all("=" in word and word[0] != "-" for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:  # settings may stand behind options too, which argparse alone does not allow
        options.settings = [*options.settings, *rest]
    from experiments.backends import BackendError
    from experiments.spec import SpecError
    from experiments.store import StoreError
    from experiments.study import FailedTrial, Interrupted

    try:
        return int(getattr(commands, f"{options.command}_command")(options) or 0)
    except Interrupted as error:
        print(f"\n{error}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except FailedTrial as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (SpecError, StoreError, BackendError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; nothing is left to say.
        sys.stderr.close()
        return 1
    except OSError as error:
        if error.filename is None:  # no file that the user named: a fault of ours, which needs its traceback
            raise
        print(f"error: file or folder {error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2
