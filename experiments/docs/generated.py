"""Pages that are made from the code: methods, stopping criteria, pictures, and the API of the four packages."""

from __future__ import annotations

import contextlib
import html
import importlib
import inspect
import tempfile
from pathlib import Path

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


def methods() -> str:
    """The table of `es.methods()`, a section for each kind."""
    lines = [
        "# Methods",
        "",
        "`es.minimize(f, x0, method=...)` takes a name of this page or a class; each class can also be used alone, by",
        "ask and tell. The same table in Python: `es.methods()`.",
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", "| method | what it is | good for | an iteration costs |", "|---|---|---|---|"]
        for info in es.methods():
            if info.kind == kind:
                name = es.get_method(info.name).__name__
                link = f"[`{info.name}`](api/generated/es.{name}.rst)"
                lines.append(f"| {link} | {info.summary} | {info.good_for} | {info.cost} |")
    return "\n".join(lines) + "\n"


def stopping() -> str:
    """The criteria by which a run ends, and what each means for `success` and `status`."""
    lines = [
        "# When a run ends",
        "",
        "`res.stop` names the criteria that were met, `res.message` says them in words, and `res.success` and",
        "`res.status` follow from the first of them in the order of the second table. `options={'tolx': 1e-9}` of",
        "`es.minimize`, or `stop=` of a method's constructor, sets a threshold; None switches a criterion off. A",
        "default of *off* needs a threshold from you; one of *none* has no threshold.",
        "",
        "| criterion | default | means | what the message says |",
        "|---|---|---|---|",
    ]
    for row in ROWS:
        default = f"{row.default:g}" if row.default is not None else "none" if row.test is None else "off"
        lines.append(f"| `{row.name}` | {default} | {row.means} | {row.says} |")
    lines += ["", "| means | success | status |", "|---|---|---|"]
    lines += [f"| {means} | {success} | {status} |" for means, (success, status) in MEANINGS.items()]
    return "\n".join(lines) + "\n"


def problem_pictures(source: Path) -> str:
    """A picture for each group of problems."""
    folder = source / "pictures" / "problems"
    if not folder.exists():
        gallery(folder, points=61)
    lines = [
        "# Gallery of problems",
        "",
        "Drawn by `evotape gallery`. Contours are of ranks, so that narrow valleys show; a star marks a best point.",
    ]
    for path in sorted(folder.glob("*.png")):
        group = path.stem.removeprefix("gallery-")
        title = GROUPS.get(group) or SHEETS[group]
        lines += ["", f"## {title}", "", f"![{title}](problems/{path.name})"]
    return "\n".join(lines) + "\n"


def figure_pictures(source: Path) -> str:
    """A picture for each figure that a report can hold, from two small studies."""
    folder = source / "pictures" / "figures"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as results:
            for spec in reversed(small_studies()):  # what both have is shown of the first
                write_report(run_study(spec, Path(results) / spec.name, backend="sequential"), folder, quick=True)
    lines = [
        "# Gallery of figures",
        "",
        "What the report of a study holds, here from two small ones: a comparison of four methods on four functions in",
        "two dimensions, and a sweep of two settings.",
    ]
    for path in sorted(folder.glob("*.png")):
        title = TITLES.get(path.stem, path.stem)
        caption = " ".join(path.with_suffix(".txt").read_text().split())
        lines += ["", f"## {title}", "", f"![{title}](figures/{path.name})", "", html.escape(caption, quote=False)]
    return "\n".join(lines) + "\n"


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
    head = f"{package}: {title.lower()}"
    lines = [head, "=" * len(head), "", f".. currentmodule:: {package}", ""]
    if module.__doc__:
        lines += [module.__doc__.strip().split("\n")[0], ""]
    for group, members in groups.items():
        if members:
            lines += [group, "-" * len(group), "", ".. autosummary::\n   :toctree: generated\n   :nosignatures:", ""]
            lines += [f"   {name}" for name in sorted(members, key=str.lower)] + [""]
    return "\n".join(lines)
