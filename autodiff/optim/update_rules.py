"""The update rules, from gradient descent to ClipUp, each with its paper. What they share is in `Rule`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.arrays import Array
from autodiff.optim.rule import Rate, Rule, row_norm


def _inside(name: str, value: float, low: float, high: float) -> float:
    if not low <= value < high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}), got {value}")
    return value


class SGD(Rule):
    """Gradient descent, with momentum if asked: v <- momentum v + g; x <- x - lr v.

    ``nesterov=True`` steps along g + momentum v instead: Nesterov's accelerated gradient in the form of Sutskever et
    al. 2013, "On the importance of initialization and momentum in deep learning", written in the look-ahead point.
    What makes it stochastic is the gradient: see `batches`.

    Parameters
    ----------
    lr : float, array or callable
        See `Rule`.
    momentum : float in [0, 1)
        Part of the velocity that is kept.
    nesterov : bool
        Look ahead along the velocity.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import SGD
    >>> rule, x = SGD(lr=0.25, momentum=0.5), np.array([1.0])
    >>> for _ in range(2):
    ...     x = rule.step(x, 2 * x)  # the gradient of x**2
    >>> x
    array([0.])
    """

    def __init__(self, lr: Rate = 1e-2, momentum: float = 0.0, nesterov: bool = False, **clip: Any) -> None:
        super().__init__(lr, **clip)
        self.momentum = _inside("momentum", momentum, 0.0, 1.0)
        if nesterov and momentum == 0.0:
            raise ValueError("momentum must be positive with nesterov=True, got 0.0")
        self.nesterov = nesterov

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        move = g
        if self.momentum > 0.0:
            v = self._kept("v", x)
            v *= self.momentum
            v += g
            move = g + self.momentum * v if self.nesterov else v
        return x - lr * move


class Momentum(SGD):
    """`SGD` with momentum 0.9 unless given (Polyak 1964, the heavy ball).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import SGD, Momentum
    >>> x, g = np.array([1.0]), np.array([2.0])
    >>> bool(Momentum(lr=0.1).step(x, g) == SGD(lr=0.1, momentum=0.9).step(x, g))
    True
    """

    def __init__(self, lr: Rate = 1e-2, momentum: float = 0.9, **clip: Any) -> None:
        super().__init__(lr, momentum, **clip)


class Nesterov(SGD):
    """`SGD` with Nesterov's momentum, 0.9 unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import Nesterov
    >>> Nesterov(lr=0.1).step(np.array([1.0]), np.array([2.0]))
    array([0.62])
    """

    def __init__(self, lr: Rate = 1e-2, momentum: float = 0.9, **clip: Any) -> None:
        super().__init__(lr, momentum, nesterov=True, **clip)


class Adagrad(Rule):
    """Duchi, Hazan and Singer 2011: s <- s + g^2; x <- x - lr g / (sqrt(s) + eps).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import Adagrad
    >>> Adagrad(lr=0.5).step(np.array([1.0, 2.0]), np.array([1e-3, -10.0]))
    array([0.50000005, 2.5       ])
    """

    def __init__(self, lr: Rate = 1e-2, eps: float = 1e-10, **clip: Any) -> None:
        super().__init__(lr, **clip)
        self.eps = eps

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        s = self._kept("s", x)
        s += g * g
        return x - lr * g / (np.sqrt(s) + self.eps)


class RMSprop(Rule):
    """Tieleman and Hinton 2012 (lecture 6.5): s <- decay s + (1 - decay) g^2; x <- x - lr g / (sqrt(s) + eps).

    Parameters
    ----------
    lr : float, array or callable
        See `Rule`.
    decay : float in [0, 1)
        Part of the mean square that is kept.
    eps : float
        Added to the root mean square.
    momentum : float in [0, 1)
        v <- momentum v + g / (sqrt(s) + eps); x <- x - lr v.
    centered : bool
        Divide by the standard deviation of the gradient instead (Graves 2013, equations 38 to 41).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import RMSprop
    >>> RMSprop(lr=0.1, decay=0.75).step(np.array([1.0, 2.0]), np.array([1e-3, -10.0])).round(3)
    array([0.8, 2.2])
    """

    def __init__(
        self,
        lr: Rate = 1e-2,
        decay: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        **clip: Any,
    ) -> None:
        super().__init__(lr, **clip)
        self.decay = _inside("decay", decay, 0.0, 1.0)
        self.momentum = _inside("momentum", momentum, 0.0, 1.0)
        self.eps = eps
        self.centered = centered

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        s = self._kept("s", x)
        s *= self.decay
        s += (1.0 - self.decay) * g * g
        square = s
        if self.centered:
            m = self._kept("m", x)
            m *= self.decay
            m += (1.0 - self.decay) * g
            square = np.maximum(s - m * m, 0.0)  # rounding may leave a tiny negative variance
        move = g / (np.sqrt(square) + self.eps)
        if self.momentum > 0.0:
            v = self._kept("v", x)
            v *= self.momentum
            v += move
            move = v
        return x - lr * move


class Adam(Rule):
    """Kingma and Ba 2015, algorithm 1, with both bias corrections.

    Parameters
    ----------
    lr : float, array or callable
        See `Rule`.
    beta1, beta2 : float in [0, 1)
        Parts of the mean and of the mean square that are kept.
    eps : float
        Added to the root mean square.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import Adam
    >>> Adam(lr=0.1).step(np.array([1.0, 2.0]), np.array([1e-3, -10.0])).round(6)
    array([0.900001, 2.1     ])
    """

    def __init__(
        self, lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **clip: Any
    ) -> None:
        super().__init__(lr, **clip)
        self.beta1 = _inside("beta1", beta1, 0.0, 1.0)
        self.beta2 = _inside("beta2", beta2, 0.0, 1.0)
        self.eps = eps

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        m, v = self._kept("m", x), self._kept("v", x)
        t = int(self.state["step"])
        m *= self.beta1
        m += (1.0 - self.beta1) * g
        v *= self.beta2
        v += (1.0 - self.beta2) * g * g
        m_hat = m / (1.0 - self.beta1**t)
        return x - lr * m_hat / (np.sqrt(v / (1.0 - self.beta2**t)) + self.eps)


class AdamW(Adam):
    """Loshchilov and Hutter 2019, algorithm 2: `Adam` with decoupled decay, x <- x - lr weight_decay x besides.

    Parameters
    ----------
    weight_decay : float
        Rate of decay; the other parameters are those of `Adam`.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import AdamW
    >>> AdamW(lr=0.1, weight_decay=0.5).step(np.array([1.0, 2.0]), np.array([1.0, -1.0])).round(3)
    array([0.85, 2.  ])
    """

    def __init__(
        self,
        lr: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        **clip: Any,
    ) -> None:
        super().__init__(lr, beta1, beta2, eps, **clip)
        if weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
        self.weight_decay = weight_decay

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        return super()._next(x - lr * self.weight_decay * x, g, lr)


class ClipUp(Rule):
    """Toklu, Liskowski and Srivastava 2020, algorithm 1: steps of known length for estimated gradients.

    v <- momentum v + lr g / |g|; v is shortened to ``max_speed`` where it is longer; x <- x - v. The scale of the
    gradient does not matter; a zero gradient moves by the velocity alone.

    Parameters
    ----------
    lr : float, array or callable
        Length of what each gradient adds to the velocity. See `Rule`.
    momentum : float in [0, 1)
        Part of the velocity that is kept.
    max_speed : float, optional
        Longest step; default 2 lr, the authors' recommendation.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import ClipUp
    >>> ClipUp(lr=0.5).step(np.zeros(2), np.array([30.0, 40.0]))
    array([-0.3, -0.4])
    """

    def __init__(self, lr: Rate = 0.1, momentum: float = 0.9, max_speed: float | None = None, **clip: Any) -> None:
        super().__init__(lr, **clip)
        self.momentum = _inside("momentum", momentum, 0.0, 1.0)
        if max_speed is not None and not max_speed > 0:
            raise ValueError(f"max_speed must be positive or None, got {max_speed}")
        self.max_speed = max_speed

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        v = self._kept("v", x)
        norm = row_norm(g)
        v *= self.momentum
        v += lr * g / np.where(norm > 0, norm, 1.0).astype(x.dtype)
        top = 2.0 * lr if self.max_speed is None else np.asarray(self.max_speed, dtype=x.dtype)
        speed = row_norm(v)
        v *= np.where(speed > top, top / np.where(speed > 0, speed, 1.0), 1.0).astype(x.dtype)
        return x - v


rules: dict[str, Callable[..., Rule]] = {
    rule.__name__.lower(): rule for rule in (SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam, AdamW, ClipUp)
}
"""Update rules by name: ``rules["adam"](lr=1e-2)``."""
