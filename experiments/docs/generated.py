"""Pages that are made from the code: methods, stopping criteria, pictures, and the API of the four packages."""

from __future__ import annotations

import contextlib
import html
import importlib
import inspect
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import es
from es.core.criteria import ROWS
from es.core.stopping import MEANINGS
from experiments import Method, Problem, Spec, Sweep, run_study
from experiments.gallery import TITLES as GROUPS
from experiments.gallery import gallery
from experiments.report import TITLES, write_report
from experiments.slices import SHEETS

PACKAGES = {
    "es": "Optimizers and their driver",
    "autodiff": "Derivatives of NumPy code",
    "autodiff.optim": "Update rules, schedules and mini-batches",
    "autodiff.nn": "Layers, losses and initialisers",
    "problems": "Objectives and the functions to minimise",
    "experiments": "Studies",
}
KINDS = {
    "strategy": "Evolution strategies and natural gradients",
    "multiobjective": "Several objectives",
    "gradient": "Update rules that follow a gradient",
    "scipy": "SciPy's solvers, behind the same interface",
}
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "_templates" / "pages"), undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
)  # fmt: skip


def write(source: Path) -> None:
    """Write all of them below `source`; a page that would not change keeps its date, so that Sphinx skips it."""
    pages = {"methods.md": methods(), "stopping.md": stopping(), "api/index.md": api_index()}
    pages |= {"pictures/problems.md": problem_pictures(source), "pictures/figures.md": figure_pictures(source)}
    pages |= {f"api/{package}.rst": api_page(package, title) for package, title in PACKAGES.items()}
    for name, text in pages.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def page(template: str, **values: object) -> str:
    """A page from its template beside this file."""
    return PAGES.get_template(f"{template}.jinja").render(**values)


def methods() -> str:
    """The table of `es.methods()`, a section for each kind."""
    return page("methods.md", kinds=KINDS, methods=[(info, es.get_method(info.name)) for info in es.methods()])


def stopping() -> str:
    """The criteria by which a run ends, and what each means for `success` and `status`."""
    return page("stopping.md", rows=ROWS, meanings=MEANINGS)


def problem_pictures(source: Path) -> str:
    """A picture for each group of problems."""
    folder = source / "pictures" / "problems"
    if not folder.exists():
        gallery(folder, points=61)
    titles = GROUPS | SHEETS
    files = sorted(folder.glob("*.png"))
    return page("problems.md", pictures=[(titles[file.stem.removeprefix("gallery-")], file.name) for file in files])


def figure_pictures(source: Path) -> str:
    """A picture for each figure that a report can hold, from two small studies."""
    folder = source / "pictures" / "figures"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as results:
            for spec in reversed(small_studies()):  # what both have is shown of the first
                write_report(run_study(spec, Path(results) / spec.name, backend="sequential"), folder, quick=True)
    pictures = []
    for file in sorted(folder.glob("*.png")):
        caption = " ".join(file.with_suffix(".txt").read_text().split())
        pictures.append((TITLES.get(file.stem, file.stem), file.name, html.escape(caption, quote=False)))
    return page("figures.md", pictures=pictures)


def small_studies() -> list[Spec]:
    """A comparison and a sweep, of some seconds each."""
    functions = [Problem(f"bbob-f{number}", [2, 5], {"instance": "seed"}) for number in (1, 8, 10, 15)]
    labels = {"cmaes": "CMA-ES", "snes": "SNES", "adam": "Adam", "l-bfgs-b": "L-BFGS-B"}
    four = [Method(name, label=label) for name, label in labels.items()]
    grid = Sweep(grid={"method.sigma0": [0.3, 1.0, 3.0], "method.popsize": [6, 12, 24, 48]})
    valleys = [Problem("rastrigin", [5]), Problem("rosenbrock", [5])]
    return [
        Spec("comparison", functions, four, seeds=5, budget=3000),
        Spec("settings", valleys, four[:2], seeds=4, budget=4000, sweep=grid),
    ]


def api_index() -> str:
    """The list of the API pages."""
    lines = ["# Reference", "", "```{toctree}", ":maxdepth: 1", "", *PACKAGES, "```", ""]
    return "\n".join(lines)


def elsewhere(value: object, package: str) -> bool:
    """Whether a name is handed on from another package, on whose page it stands."""
    home = (getattr(value, "__module__", None) or package).split(".")[0]
    if home == package.split(".")[0] or home not in PACKAGES:
        return False
    return getattr(value, "__name__", None) in importlib.import_module(home).__all__


def api_page(package: str, title: str) -> str:
    """Every public name of a package, functions and classes apart, each with a page of its own."""
    module = importlib.import_module(package)
    names = {}
    for name in module.__all__:
        with contextlib.suppress(ImportError):  # of an extra that is not installed
            names[name] = getattr(module, name)
    names = {name: value for name, value in names.items() if not name.startswith("_") and not elsewhere(value, package)}
    groups = {
        "Functions": [name for name, value in names.items() if inspect.isroutine(value)],
        "Classes": [name for name, value in names.items() if inspect.isclass(value)],
    }
    return page("api.rst", package=package, title=title, doc=module.__doc__, groups=groups)
