"""The documentation: `python -m experiments docs` builds it from this folder."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # `generated` beside this file, and the packages of this checkout

import generated  # noqa: E402

import es  # noqa: E402

project = "evotape"
author = "The evotape authors"
copyright = author
version = release = es.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["README.md", "tutorials/*.py", "tutorials/GALLERY_HEADER.rst", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
nitpicky = False
suppress_warnings = ["config.cache"]

# API pages: one for each public name, made from the packages themselves.
autosummary_generate = True
templates_path = ["_templates"]
autodoc_typehints = "none"  # the docstrings say types, shapes and units
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "code"

sphinx_gallery_conf: dict[str, Any] = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "tutorials_built",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "show_memory": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
    "min_reported_time": 1,
}

html_theme = "pydata_sphinx_theme"
html_title = "evotape"
html_static_path = ["_static"]
html_css_files = ["evotape.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}

# Before anything is read, and before a tutorial registers a method of its own.
generated.write(HERE)


def as_written(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain sentences; reStructuredText would take formulas such as |x| and a * b for markup."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...", "*")):
            parts = re.split(r"(`[^`]*`)", line)  # what is in backticks stays
            parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
            lines[i] = "".join(parts)


def setup(app: Any) -> None:
    """Sphinx calls this; numpydoc's own reading has priority 500 and comes after ours."""
    app.connect("autodoc-process-docstring", as_written, priority=400)
