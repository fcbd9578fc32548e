"""Rules of ``np.linalg.eig``: eigenvalues and eigenvectors of matrices that need not be symmetric.

References: M. Giles 2008, section 3.1; C. Boeddeker et al. 2017, On the computation of complex-valued gradients with
application to statistically optimum beamforming.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import TRACED, traced
from autodiff.rules.factorisations import by_gaps, diagonal_matrix, of_values
from autodiff.rules.spectra import conj, t

EIG = type(np.linalg.eig(np.eye(1)))


def eig_rule(out: Any, a: Any) -> Any:
    """dw = diag(V^-1 dA V); dV = V (gaps * (V^-1 dA V)), up to the scales of the vectors."""
    w, v = out

    def vjp(g: Any) -> Any:
        gw, gv = g
        inner: Any = 0.0 if gw is None else diagonal_matrix(gw)
        if gv is not None:
            inner = inner + by_gaps(t(v) @ gv, w, np.ones(w.shape, bool), "np.linalg.eig")  # parts of gv may cancel
        d = np.linalg.solve(t(v), inner @ t(v))
        d = of_values(d, gw, w, "np.linalg.eig")
        return d if a.dtype.kind == "c" else np.real(d)

    return vjp


@with_rule(eig_rule)
def _eig(a: Any) -> Any:
    return tuple(np.linalg.eig(a))


TRACED[np.linalg.eigvals] = lambda a: _eig(a)[0]


@traced(np.linalg.eig)
def eig(a: Any) -> Any:
    """The vectors as LAPACK scales them: of length 1, complex ones with their largest entry real."""
    w, v = _eig(a)
    v = v / np.sqrt(np.sum(np.real(v * conj(v)), axis=-2, keepdims=True))
    if v.dtype.kind == "c":
        largest = np.argmax(np.abs(value_of(v)), axis=-2)[..., None, :]
        top = np.take_along_axis(v, largest, axis=-2)
        sign = np.sign(np.real(value_of(top)))
        v = v * (np.conjugate(top) * (sign / np.abs(top)))
    return EIG(w, v)
