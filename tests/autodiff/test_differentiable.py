"""The page of what can be differentiated is what the rules say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy
from scipy import special as sc

from autodiff.differentiable import constant, functions, page
from autodiff.registry import RULES, TRACED

PAGE = Path(__file__).parents[2] / "experiments" / "docs" / "differentiable.md"


def version(module: object) -> tuple[int, ...]:
    return tuple(map(int, str(vars(module)["__version__"]).split(".")[:2]))


@pytest.mark.skipif(version(np) < (2, 3) or version(scipy) < (1, 16), reason="the page lists what newer releases have")
def test_the_page_is_made_from_the_rules() -> None:
    assert PAGE.read_text() == page(), "run: python -m autodiff.differentiable > experiments/docs/differentiable.md"


def test_no_rule_of_numpy_is_left_out() -> None:
    table = functions()
    listed = {name.split("(")[0] for names in table.values() for name in names}
    for fun in (*RULES, *TRACED):
        if isinstance(fun, np.ufunc) or str(getattr(fun, "__module__", "")).startswith("numpy"):
            assert fun.__name__ in listed, fun
    assert {"erf", "gammainc", "zeta"} & set(table["autodiff.special"]) == {"zeta"}  # ufuncs are SciPy's own
    assert "exp" in table["numpy"] and "exp2" not in {n for n in table["scipy.special"] if sc.exp2 is np.exp2}
    assert "np.argmax" in constant() and "expm" in table["autodiff.scipy.linalg"]
