"""`Objective`: one interface to a function for methods that use its values and methods that use its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from problems import checks
from problems.boxes import Box, as_box
from problems.constraints import checked
from problems.evaluation import Reporting, as_evaluation
from problems.numbers import FloatArray, flag, generator, number, numbers, short, unmasked

if TYPE_CHECKING:
    from scipy.optimize import Bounds

Function = Callable[..., Any]
SEVERAL = "; if these are several objectives, take method='mo-cmaes' or a problems.MultiObjective"
Start = npt.ArrayLike | Callable[[np.random.Generator], npt.ArrayLike] | None


class Objective:
    """A function to minimise, with all that methods may want to know about it.

    Parameters
    ----------
    fun : callable
        `fun(x)` for one point x of shape (n,), returning a number; with `vectorized=True` for x of shape (..., n),
        returning values of shape (...). It receives an array of its own and may write into it, unless `pure`.
    n : int, optional
        Number of variables; taken from `bounds`, `x_opt` or an array `x0` where they tell. None accepts any length.
    jac : None, True or callable
        None: the gradient comes from `autodiff` over `fun` itself. True: `fun` returns `(f, g)`, as in SciPy.
        Callable: `jac(x)` returns g, of the shape of x. It is called beside `fun` and counted as one gradient: what it
        evaluates on its own, such as differences of `fun`, no ledger can see.
    vectorized : bool
        Whether `fun` (and `jac`) work on the last axis and take a whole population in one call.
    bounds : scipy.optimize.Bounds or sequence of (low, high), optional
        The box of interest. It is information for methods: points outside are evaluated if asked for.
    x0 : array_like or callable, optional
        A start point, or a sampler `x0(rng)`; without it a start is drawn uniformly from finite bounds.
    sigma0 : float or array_like, optional
        A good initial step size, in the units of x.
    integrality : array_like, optional
        Non-zero where a variable must be an integer, as in `scipy.optimize.milp`.
    constraints : constraint or sequence of constraints
        `scipy.optimize.NonlinearConstraint` or `LinearConstraint`.
    noisy : bool
        Whether two evaluations of one point may differ.
    x_opt, f_opt : array_like, float, optional
        The best point and the best value, where they are known.
    name, source : str, optional
        What it is called and where it was published.
    differentiable : bool, optional
        Whether the gradient exists almost everywhere. None: unknown, so `value_and_grad` tries. With a `jac`: True.
    score : callable, optional
        `score(x)`, a second figure of merit that is not minimised, such as the accuracy on held-out data.
    score_name : str, optional
        What the score is.
    pure : bool
        A promise that `fun` and `jac` never write into their argument nor keep it, which saves the copy: worth it for
        large populations.
    noiseless : callable, optional
        `noiseless(x)`: the values without noise, of the same shapes as `fun`.

    Raises
    ------
    ValueError
        Settings that contradict each other; on a call, points of the wrong length and results that are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> sphere = Objective(lambda x: (x * x).sum(-1), n=3, vectorized=True, x_opt=np.zeros(3), f_opt=0.0)
    >>> sphere([1.0, 2.0, 2.0])
    9.0
    >>> sphere(np.ones((4, 3)))
    array([3., 3., 3., 3.])
    """

    def __init__(
        self,
        fun: Function,
        n: int | None = None,
        *,
        jac: bool | Function | None = None,
        vectorized: bool = False,
        bounds: Bounds | Box | Sequence[Any] | npt.NDArray[Any] | None = None,
        x0: Start = None,
        sigma0: float | npt.ArrayLike | None = None,
        integrality: npt.ArrayLike | None = None,
        constraints: Any = (),
        noisy: bool = False,
        x_opt: npt.ArrayLike | None = None,
        f_opt: float | None = None,
        name: str | None = None,
        differentiable: bool | None = None,
        score: Callable[[Any], Any] | None = None,
        score_name: str | None = None,
        noiseless: Function | None = None,
        pure: bool = False,
        source: str = "",
    ) -> None:
        if not callable(fun):
            raise ValueError(f"fun must be callable, got {type(fun).__name__}")
        if not (jac is None or jac is True or callable(jac)):
            raise ValueError(f"jac must be None, True or a callable, got {short(jac)}")
        if differentiable is False and jac is not None:
            raise ValueError("differentiable=False contradicts a jac: give one of the two")
        self.fun = fun
        self.jac = jac
        self.vectorized = flag("vectorized", vectorized)
        self.noisy = bool(noisy)
        self.pure = bool(pure)
        self.n = checks.dimension(n, bounds, x_opt, x0, integrality)
        self.box = as_box(bounds, self.n)
        self.start: Start = x0 if x0 is None or callable(x0) else checks.vector("x0", x0, self.n)
        self.sigma0 = checks.positive(sigma0, self.n)
        self.integrality = None if integrality is None else checks.vector("integrality", integrality, self.n) != 0
        self.constraints: tuple[Any, ...] = tuple(checked(constraints, self.n))
        self.x_opt = None if x_opt is None else checks.vector("x_opt", x_opt, self.n)
        self.f_opt = None if f_opt is None else number("f_opt", f_opt)
        self.name: str = name if name is not None else getattr(fun, "__name__", type(fun).__name__)
        self.differentiable: bool | None = True if differentiable is None and jac is not None else differentiable
        self.score = score
        self.score_name = score_name if score_name is not None or score is None else "score"
        self.noiseless = noiseless
        self.source = source
        self._gradient: Function | None = None

    # -- values ------------------------------------------------------------------------------------------------------

    def __call__(self, x: Any) -> Any:
        """Values at x.

        Parameters
        ----------
        x : array_like, shape (..., n)
            One point, a population, or a stack of populations. An `autodiff.Tensor` is passed on as it is, when the
            function is vectorised or x is one point.

        Returns
        -------
        float or ndarray, shape (...)
        """
        own = self.pure
        if type(x) is not np.ndarray or x.dtype != np.float64:
            x, own = checks.points(x), True
            if not isinstance(x, np.ndarray):
                return self._traced(x)
        shape = x.shape
        if not shape or (self.n is not None and shape[-1] != self.n):
            raise ValueError(self._wrong_length(shape))
        # In C order, so that a row's sums run in one order whatever the batch; a copy if the function may write to it.
        if self.vectorized:
            f = self.fun(x if own and x.flags.c_contiguous else x.copy())
            if self.jac is True:
                f = self._pair(f)[0]
            if len(shape) == 1:
                return self._number(f)
            return self._values(f, shape[:-1])
        if len(shape) == 1:
            f = self.fun(x.copy())
            return self._number(self._pair(f)[0] if self.jac is True else f)
        fun, number = self.fun, self._number
        if self.jac is True:
            values = [number(self._pair(fun(row))[0]) for row in x.reshape(-1, shape[-1]).copy()]
        else:
            values = [number(fun(row)) for row in x.reshape(-1, shape[-1]).copy()]
        return np.array(values, dtype=np.float64).reshape(shape[:-1])

    # -- values and gradients ----------------------------------------------------------------------------------------

    def value_and_grad(self, x: Any) -> tuple[Any, FloatArray]:
        """Values and gradients at x.

        Parameters
        ----------
        x : array_like, shape (..., n)

        Returns
        -------
        f : float or ndarray, shape (...)
        g : ndarray, shape (..., n)

        Raises
        ------
        ValueError
            The objective has no gradient, or it came out with another shape than x.
        """
        if self.differentiable is False:
            raise ValueError(
                f"{self.name} has no gradient: use a method that needs only values (such as 'cmaes'), or give jac"
            )
        if type(x) is not np.ndarray or x.dtype != np.float64:
            x = np.asarray(checks.points(x), dtype=np.float64)
        shape = x.shape
        if not shape or (self.n is not None and shape[-1] != self.n):
            raise ValueError(self._wrong_length(shape))
        if self._gradient is None:
            self._gradient = self._make_gradient()
        pair = self._gradient
        if self.vectorized or len(shape) == 1:
            f, g = self._pair(pair(x if self.pure and x.flags.c_contiguous else x.copy()))
            return (self._number(f) if len(shape) == 1 else self._values(f, shape[:-1])), self._slopes(g, shape)
        rows = [self._pair(pair(row)) for row in x.reshape(-1, shape[-1]).copy()]
        f = np.array([self._number(f) for f, _ in rows], dtype=np.float64).reshape(shape[:-1])
        g = np.array([self._slopes(g, shape[-1:]) for _, g in rows], dtype=np.float64).reshape(shape)
        return f, g

    def _make_gradient(self) -> Function:
        jac, fun = self.jac, self.fun
        if callable(jac):
            return lambda x: (fun(x if self.pure else x.copy()), jac(x))
        if jac is True:
            return fun
        from autodiff import value_and_grad

        return value_and_grad(fun)

    # -- what methods may want to know --------------------------------------------------------------------------------

    @property
    def bounds(self) -> Bounds | None:
        """The box of interest as `scipy.optimize.Bounds`, or None."""
        if self.box is None:
            return None
        from scipy.optimize import Bounds

        return Bounds(self.box.lb, self.box.ub)

    def x0(self, rng: int | np.random.SeedSequence | np.random.Generator | None = None) -> FloatArray:
        """A start point (n,): the given one, one from the given sampler, or one drawn uniformly from the bounds.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator
            Where the randomness comes from.
        """
        if callable(self.start):
            return checks.vector("x0(rng)", self.start(generator("rng", rng)), self.n)
        if self.start is not None:
            return np.array(self.start, dtype=np.float64)
        if self.box is None or not self.box.finite:
            raise ValueError(f"{self.name} has no start point: give x0, or finite bounds to draw it from")
        draw, low, high = generator("rng", rng), self.box.lb, self.box.ub
        if self.integrality is not None:
            low, high = np.where(self.integrality, np.ceil(low), low), np.where(self.integrality, np.floor(high), high)
            empty = np.flatnonzero(low > high)
            if empty.size:
                i = int(empty[0])
                raise ValueError(f"there is no integer from {self.box.lb[i]} to {self.box.ub[i]} for variable {i}")
        if np.isfinite(0.5 * high - 0.5 * low).all() and (0.5 * high - 0.5 * low < 0.25 * np.finfo(float).max).all():
            x = draw.uniform(low, high)
        else:  # whose width overflows
            share = draw.random(low.size)
            x = (1.0 - share) * low + share * high
        return x if self.integrality is None else np.where(self.integrality, np.rint(x), x)

    def reseed(self, seed: int | np.random.SeedSequence | np.random.Generator | None) -> None:
        """Start the noise anew, so that repeats of a run have noise of their own; nothing where there is none.

        It is handed on to `fun.reseed(generator)`, if `fun` has that.

        Parameters
        ----------
        seed : None, int, SeedSequence or Generator
            Where the randomness comes from.
        """
        reseed = getattr(self.fun, "reseed", None)
        if reseed is not None:
            reseed(generator("seed", seed))

    def __repr__(self) -> str:
        return f"<Objective {self.name}, n={self.n}>"

    def __getstate__(self) -> dict[str, Any]:
        # The gradient's closure is rebuilt where the copy wakes up: closures do not pickle.
        return {**self.__dict__, "_gradient": None}

    # -- checks, off the fast path -----------------------------------------------------------------------------------

    def _traced(self, x: Any) -> Any:
        if not x.shape or (self.n is not None and x.shape[-1] != self.n):
            raise ValueError(self._wrong_length(x.shape))
        if not self.vectorized and len(x.shape) > 1:
            raise ValueError(
                f"{self.name} takes one point at a time when traced: write fun on the last axis and set vectorized=True"
            )
        return self.fun(x)

    def _wrong_length(self, shape: tuple[int, ...]) -> str:
        asked = "(..., n)" if self.n is None else f"(..., {self.n})"
        return f"x must have shape {asked} for {self.name}, got {shape}"

    def _number(self, f: Any) -> float:
        kind = type(f)
        if kind is np.float64 or kind is float:
            return float(f)
        if f is None:
            raise ValueError(f"{self.name} returned None: fun must return a number (is there a `return`?)")
        evaluation = as_evaluation(f)
        if evaluation is not None:
            reporting = Reporting(self._number(evaluation.f))
            reporting.evaluation = evaluation
            return reporting
        unmasked(f"the value of {self.name}", f)
        try:
            value = np.asarray(f)
        except ValueError:
            value = np.empty(0, dtype=object)
        if value.dtype.kind not in "fiub" and not (value.dtype.kind == "O" and value.size == 1):
            raise ValueError(f"{self.name} must return a real number, got {type(f).__name__} {str(f)[:40]!r}")
        if value.size != 1:
            cure = "" if self.vectorized else ", or set vectorized=True if fun works on the last axis"
            raise ValueError(
                f"{self.name} returned an array of shape {value.shape} for one point: return a number{cure}"
                + (SEVERAL if value.ndim == 1 and value.size > 1 else "")
            )
        try:
            return float(value.reshape(())[()])
        except OverflowError:
            raise ValueError(f"{self.name} returned an integer that no float holds: return a float") from None
        except (TypeError, ValueError):
            raise ValueError(f"{self.name} must return a real number, got {type(f).__name__} {str(f)[:40]!r}") from None

    def _values(self, f: Any, shape: tuple[int, ...]) -> FloatArray:
        if type(f) is np.ndarray and f.shape == shape and f.dtype == np.float64:
            return f
        if f is None:
            raise ValueError(f"{self.name} returned None: fun must return values (is there a `return`?)")
        unmasked(f"the values of {self.name}", f)
        try:
            values = np.asarray(f)
        except ValueError:
            values = np.empty(0, dtype=object)
        if values.shape != shape:
            raise ValueError(
                f"{self.name} with vectorized=True must return shape {shape} for a population of that shape, got "
                f"{values.shape}: reduce over the last axis only, or leave vectorized out"
                + (SEVERAL if shape in (values.shape[:-1], values.shape[1:]) else "")
            )
        if values.dtype.kind not in "fiub":
            if values.dtype.kind == "O":
                return numbers(f"the values of {self.name}", values)
            raise ValueError(f"{self.name} must return real numbers, got dtype {values.dtype}")
        return values.astype(np.float64, copy=False)

    def _slopes(self, g: Any, shape: tuple[int, ...]) -> FloatArray:
        if type(g) is np.ndarray and g.shape == shape and g.dtype == np.float64:
            return g
        slopes = numbers(f"the gradient of {self.name}", g)
        if slopes.shape != shape:
            raise ValueError(f"the gradient of {self.name} must have the shape {shape} of x, got {slopes.shape}")
        return slopes

    def _pair(self, result: Any) -> tuple[Any, Any]:
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError(f"{self.name} with jac=True must return (f, g), got {type(result).__name__}")
        return result
