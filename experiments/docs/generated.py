"""Pages that are made from the code: methods, stopping criteria, problems, and the API of the four packages."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import es

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
    pages = {"methods.md": methods(), "api/index.md": api_index()}
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


def api_index() -> str:
    """The list of the API pages."""
    lines = ["# Reference", "", "```{toctree}", ":maxdepth: 1", "", *PACKAGES, "```", ""]
    return "\n".join(lines)


def api_page(package: str, title: str) -> str:
    """Every public name of a package, functions and classes apart, each with a page of its own."""
    module = importlib.import_module(package)
    names = {name: getattr(module, name) for name in module.__all__ if not name.startswith("_")}
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
            lines += [
                group,
                "-" * len(group),
                "",
                ".. autosummary::",
                "   :toctree: generated",
                "   :nosignatures:",
                "",
            ]
            lines += [f"   {name}" for name in sorted(members, key=str.lower)] + [""]
    return "\n".join(lines)
