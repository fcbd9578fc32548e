"""What each command of ``python -m experiments`` does, in terms of the functions a program would call."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.build import build_problem, import_function, is_own_function
from experiments.estimate import human_time, time_needed
from experiments.runner import check_workers
from experiments.scheduler import Scheduler
from experiments.spec import Spec, SpecError
from experiments.specfile import load_spec, ready_made
from experiments.stacks import mark_stacks
from experiments.statistics.analysis import Analysis
from experiments.statistics.cells import StudyLike
from experiments.statistics.power import study_power
from experiments.store import StoreError, Study, finished, load, merge, missing
from experiments.trial import check_trials
from problems import Objective

# With --quick a study has at most this many repeats and this part of its budget.
QUICK_SEEDS = 3
QUICK_PART = 0.25


def quick(spec: Spec) -> Spec:
    """Give the same study with fewer repeats and smaller budgets, under a name of its own."""
    import dataclasses

    def part(value: float | None) -> float | None:
        return None if value is None else value * QUICK_PART

    problems = [dataclasses.replace(p, budget=part(p.budget), maxcost=part(p.maxcost)) for p in spec.problems]
    name, seeds = f"{spec.name}-quick", spec.repeats[:QUICK_SEEDS]
    return spec.replace(name=name, seeds=seeds, budget=part(spec.budget), maxcost=part(spec.maxcost), problems=problems)


def compare_command(options: argparse.Namespace) -> int:
    """Run a study, then draw and print."""
    if "=" in options.spec:
        raise SpecError((), f"STUDY must be a TOML file or the name of a ready-made study, got {options.spec!r}.")
    spec = load_spec(options.spec, options.settings)
    if options.quick:
        spec = quick(spec)
    check_workers(options.jobs, options.backend, options.timeout)
    if options.dry_run:
        return _dry_run(spec, options)
    from experiments.study import run_study

    started = time.perf_counter()
    folder = options.out or Path("results") / spec.name
    same = ("jobs", "backend", "timeout", "retry_failed", "fail_fast", "extend")
    chosen = {name: getattr(options, name) for name in same}
    study = run_study(spec, folder, progress=None if options.quiet else sys.stderr, **chosen)
    _warn(study)
    if not options.no_report:
        from experiments.report import write_report

        seen = Analysis(study, quick=options.quick)
        page = _drawn(lambda: write_report(seen, folder), folder)
        _print_table(seen)
        print(f"\nReport: {page}")
    _print_failures(study)
    print(f"{len(study.trials)} trials in {folder}, {time.perf_counter() - started:.0f} s")
    return 1 if study.failed else 0


sweep_command = compare_command


def _dry_run(spec: Spec, options: argparse.Namespace) -> int:
    """Say what would run, how long it takes and what it can show; own functions are neither imported nor called."""
    named = {id(trial): (trial["problem"]["name"], trial["method"]["name"]) for trial in spec.trials}
    own = {name for pair in named.values() for name in pair if is_own_function(name) and not options.estimate}
    check_trials(trial for trial in spec.trials if own.isdisjoint(named[id(trial)]))
    folder = options.out or Path("results") / spec.name
    done = finished(folder, spec, extend=options.extend)
    left = missing(spec.trials, done, retry_failed=options.retry_failed)
    known = [trial for trial in left if own.isdisjoint(named[id(trial)])]
    timeout = options.timeout if options.timeout is not None else spec.timeout
    cells = spec.total / len(spec.repeats)
    print(f"{spec.name}: {spec.total} trials ({cells:g} settings x {len(spec.repeats)} repeats); the first:")
    for trial in spec.trials[:5]:
        print(f"  {_describe(trial)}")
    for sentence in study_power(spec.trials).sentences():
        print(sentence)
    if len(left) < spec.total:
        print(f"{spec.total - len(left)} of the trials are finished in {folder}; {len(left) or 'nothing'} would run.")
    if not left:
        return 0
    if own:
        names = ", ".join(sorted(own))
        print(f"No time is estimated for {names}: --dry-run calls no code of yours; with --estimate it does.")
    workers = min(os.cpu_count() or 1 if options.jobs < 0 else options.jobs, len(left))
    print(_said_of_stacks(known, timeout, workers))
    total, sample = time_needed(known, timeout=timeout)
    if sample:
        crew = f"{workers} worker{'s' * (workers > 1)}"
        needed = human_time(total / workers)
        about = "" if needed.startswith("under") else "about "
        print(f"Time: {about}{needed} with {crew}, by {sample} of the trials, and some seconds to start and to draw.")
    return 0


def _said_of_stacks(trials: list[dict[str, Any]], timeout: float | None, workers: int) -> str:
    """How many stacks the trials run in."""
    if timeout is not None or not trials:
        return "Each trial runs alone."
    marked, limits = mark_stacks(trials)
    batches = list(Scheduler(marked, workers, limits).batches())
    sizes = [len(batch) for batch in batches if batch[0]["stack"] is not None]
    alone = len(trials) - sum(sizes)
    if not sizes:
        return "Each trial runs alone."
    rest = f", {alone} alone" if alone else ""
    return f"Stacks: {sum(sizes)} trials in {len(sizes)} stacks of at most {max(sizes)}{rest}."


def _drawn(draw: Callable[[], Path], folder: Path) -> Path:
    """Draw a report; what the disk refuses is one sentence, and so is a warning to who looks at the figures."""
    usual = warnings.formatwarning
    warnings.formatwarning = lambda message, category, filename, lineno, line=None: (
        f"warning: {message}\n" if category is UserWarning else usual(message, category, filename, lineno, line)
    )
    try:
        return draw()
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        what = f"{error.filename or folder} cannot be written ({error.strerror or error})"
        raise StoreError(
            f"{what}; all trials are kept in {folder}: make room and run `python -m experiments report {folder}`."
        ) from error
    finally:
        warnings.formatwarning = usual


def _describe(trial: dict[str, Any]) -> str:
    words = [f"{trial['method']['label']} on {trial['problem']['label']}, repeat {trial['seed']}"]
    words += [f"{path}={_number(value)}" for path, value in trial["params"].items()]
    return ", ".join(words)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _warn(study: Study) -> None:
    for warning in study.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _print_table(study: StudyLike) -> None:
    from experiments.statistics import format_table

    print(format_table(Analysis.of(study).rows))


def _print_failures(study: Study, *, full: bool = False) -> None:
    failed = study.failed
    if not failed:
        return
    print(f"{len(failed)} trials failed; --retry-failed runs them again:")
    for trial in failed if full else failed[:5]:
        print(f"  {_describe(trial)}: {trial['status']}: {trial['message']}")
        if full:
            print("    " + trial["error"].strip().replace("\n", "\n    "))
    if len(failed) > 5 and not full:
        print(f"  and {len(failed) - 5} more (show --failed)")


def advise_command(options: argparse.Namespace) -> int:
    """Look at a function, race methods on it, and print the answer."""
    from experiments.advice import advise

    x0, bounds = (None if text is None else _numbers(name, text) for name, text in
                  (("x0", options.x0), ("bounds", options.bounds)))  # fmt: skip
    n = options.n if options.n is not None else None if x0 is None else len(x0)
    for name in ("seconds", "evaluations"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            raise SpecError((), f"{name} must be positive, got {value}.")
    if options.seed < 0:
        raise SpecError((), f"seed must be a non-negative integer, got {options.seed}.")
    if bounds is not None and (len(bounds) != 2 or n is None):
        raise SpecError((), f"bounds must be LOW,HIGH, with --n or --x0 to tell for how many, got {options.bounds!r}.")
    if x0 is not None and n != len(x0):
        raise SpecError((), f"n={n} was asked for and x0 has {len(x0)} numbers: leave n out.")
    own = is_own_function(options.function)
    try:
        if own:
            function = import_function(options.function)
            if isinstance(function, Objective) and function.n is not None and n not in (None, function.n):
                raise ValueError(f"n={n} was asked for and it has n={function.n}")
        else:
            function = build_problem({"name": options.function, "n": n, "options": {}})
        box = None if bounds is None or n is None else [(bounds[0], bounds[1])] * n
        jobs = options.jobs if own or options.jobs > 0 else -1
        name = options.function.rpartition(":")[2] if own else "f"
        advice = advise(function, x0, bounds=box, seconds=options.seconds, evaluations=options.evaluations, jobs=jobs,
                        rng=options.seed, name=name, say=lambda text: print(f"  {text}", flush=True))  # fmt: skip
    except (ValueError, TypeError, ImportError, AttributeError) as error:
        raise SpecError((), f"{options.function} cannot be advised on: {error}") from error
    print(f"\n{advice}\n")
    print(f"{advice.evaluations} evaluations; figure: {advice.draw(options.out)[0]}")
    return 0


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise SpecError((), f"{name} must be numbers with commas between them, got {text!r}.") from None


def report_command(options: argparse.Namespace) -> int:
    """Draw the report of a folder again, or one of several folders."""
    from experiments.report import write_report

    folders = options.folder
    joint = "-".join(folder.resolve().name for folder in folders)
    out = options.out or (folders[0] if len(folders) == 1 else Path("results") / joint)
    study = _with_published(load(*folders, beside=options.beside), options.coco)
    _warn(study)
    print(_drawn(lambda: write_report(study, out), out))
    return 0


def _with_published(study: Study, folders: Sequence[Path] | None) -> Study:
    """Add the trials of published COCO data as further methods."""
    from experiments.published import load_coco

    for folder in folders or ():
        study = load_coco(folder, study)
    return study


def merge_command(options: argparse.Namespace) -> int:
    """Write the trials of several folders into one."""
    print(merge(options.folder, options.out))
    return 0


def watch_command(options: argparse.Namespace) -> int:
    """Keep the page of a folder up to date while its study runs."""
    from experiments.watch import watch

    watch(options.folder, every=options.every, once=options.once, serve=options.serve, say=print)
    return 0


def show_command(options: argparse.Namespace) -> int:
    """Print the table of a folder, its failures or one trial."""
    study = load(options.folder)
    _warn(study)
    if options.key:
        found = [trial for trial in study.trials if trial["key"].startswith(options.key)]
        if not found:
            raise SpecError((), f"no trial in {options.folder} has a key that begins with {options.key!r}.")
        for trial in found:
            plain = {**trial, "curve": f"{trial['curve']['f'].size} points"}
            print(json.dumps(plain, indent=2, default=lambda array: array.tolist()))
        return 0
    header = study.header
    print(f"{header['title']}: {len(study.trials)} of {header['total']} trials finished")
    if not options.failed and study.trials:
        _print_table(study)
    _print_failures(study, full=options.failed)
    return 0


def export_command(options: argparse.Namespace) -> int:
    """Write a folder's trials in another format."""
    from experiments.export import export_coco, export_csv, export_tables
    from experiments.ioh import export_ioh

    study = load(options.folder)
    _warn(study)
    kind = "tables" if options.latex else options.format
    out = options.out or options.folder / f"export-{kind}"
    writers = {"csv": export_csv, "coco": export_coco, "ioh": export_ioh, "tables": export_tables}
    for path in writers[kind](study, out):
        print(path)
    return 0


def list_command(options: argparse.Namespace) -> int:
    """List what can be named in a study."""
    if options.what in (None, "studies"):
        print("studies (python -m experiments sweep NAME):")
        for name in ready_made():
            spec = load_spec(name)
            print(f"  {name:16} {spec.title} [{spec.total} trials]")
    if options.what in (None, "methods"):
        import es

        print("methods:")
        for method in es.methods():
            print(f"  {method.name:16} {method.summary}")
    if options.what in (None, "problems"):
        import problems

        print("problems:")
        for name in problems.names():
            print(f"  {name}")
    return 0


def gallery_command(options: argparse.Namespace) -> int:
    """Draw the test functions, or the paths of methods on one of them."""
    if options.trajectories is None:
        from experiments.gallery import gallery

        gallery(options.out)
        print(options.out)
        return 0
    from experiments.figures.animation import draw_trajectories

    try:
        paths = draw_trajectories(options.out, options.trajectories)
    except ValueError as error:
        raise SpecError((), f"{options.trajectories} cannot be drawn: {error}") from error
    print("\n".join(map(str, paths)))
    return 0


def lesson_command(options: argparse.Namespace) -> int:
    """Run lessons, or list them."""
    from experiments import lessons

    if options.all:
        print(lessons.run_all(options.out))
        return 0
    if options.list or options.name is None:
        for name in lessons.names():
            print(f"{name:20} {lessons.get(name).title}")
        return 0
    if options.name not in lessons.names():
        raise SpecError((), f"no lesson is called {options.name!r}; there are {', '.join(lessons.names())}.")
    print(lessons.run(options.name, options.out))
    return 0


def docs_command(options: argparse.Namespace) -> int:
    """Build the documentation with Sphinx, warnings as errors."""
    source = Path(__file__).parent / "docs"
    if not source.is_dir():
        raise SpecError((), "the sources of the documentation are not installed: run this in a checkout.")
    if importlib.util.find_spec("sphinx") is None:
        raise SpecError((), "the documentation needs Sphinx: python -m pip install -e '.[docs]'.")
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(source), str(options.out)]
    status = subprocess.run(words, check=False).returncode
    if status == 0:
        print(options.out / "index.html")
    return status


def bench_command(options: argparse.Namespace) -> int:
    """Run a benchmark as a program of its own, so that nothing loaded here disturbs its times."""
    from experiments.benchmarks import BENCHMARKS, listing

    if options.name is None:
        print(listing())
        return 0
    if options.name not in BENCHMARKS:
        raise SpecError((), f"no benchmark is called {options.name!r}; there are {', '.join(sorted(BENCHMARKS))}.")
    words = [sys.executable, "-m", f"experiments.benchmarks.{options.name}", *options.rest]
    # Its tables may have letters that the terminal lacks; what is printed here is spelled out by `spell_out`.
    letters = {"PYTHONIOENCODING": f"{getattr(sys.stdout, 'encoding', None) or 'utf-8'}:backslashreplace"}
    return subprocess.run(words, check=False, env=os.environ | letters).returncode
