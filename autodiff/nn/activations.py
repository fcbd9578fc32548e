"""Activation functions, entry by entry, on arrays and tensors alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import special
from autodiff.operators import value_of
from autodiff.primitive import entrywise
from autodiff.tensor import floating


def sigmoid(x: Any) -> Any:
    """Logistic function 1 / (1 + exp(-x)), without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import sigmoid
    >>> sigmoid(np.array([-1000.0, 0.0]))
    array([0. , 0.5])
    """
    return special.expit(floating(x))


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import tanh
    >>> tanh(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    return np.tanh(floating(x))


def relu(x: Any) -> Any:
    """max(x, 0), with derivative 0 at 0.

    Nair and Hinton 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import relu
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return special.relu(floating(x))


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where positive, else ``slope * x`` (also in the derivative at 0). Maas, Hannun and Ng 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import leaky_relu
    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    x = floating(x)
    return x * np.where(value_of(x) > 0, 1.0, slope).astype(x.dtype)


def prelu(x: Any, a: Any) -> Any:
    """x where positive, else ``a * x`` with ``a`` a parameter that broadcasts against x. He et al. 2015, equation (1).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import prelu
    >>> prelu(np.array([-1.0, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    x = floating(x)
    return np.where(value_of(x) > 0, x, a * x)


@entrywise(lambda out, x, *, alpha: lambda g: g * np.where(value_of(x) > 0, value_of(x).dtype.type(1), out + alpha))
def _elu(x: Any, *, alpha: float) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else ``alpha * (exp(x) - 1)``. Clevert, Unterthiner and Hochreiter 2016, equation (15).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import elu
    >>> elu(np.array([-1.0, 2.0])).round(3)
    array([-0.632,  2.   ])
    """
    return _elu(floating(x), alpha=alpha)


def gelu(x: Any) -> Any:
    """x times the distribution function of the standard normal at x. Hendrycks and Gimpel 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import gelu
    >>> gelu(np.array([-1.0, 2.0])).round(3)
    array([-0.159,  1.954])
    """
    x = floating(x)
    return 0.5 * x * (1.0 + special.erf(x * (1.0 / math.sqrt(2.0))))


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow. Dugas et al. 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import softplus
    >>> softplus(np.array([-1000.0, 0.0, 2.0])).round(3)
    array([0.   , 0.693, 2.127])
    """
    return np.logaddexp(floating(x), 0.0)
