"""Different problems in one call: instances of a suite, moved and turned functions, a formula with other parameters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.checks import points
from problems.numbers import FloatArray, numbers
from problems.objective import Objective
from problems.rows import Rows, abreast, kind_of, rows_of


class Stack(Objective):
    """r problems of one n, evaluated side by side: point j of row i goes to problem i.

    Problems of one kind share a call: instances of one function of a BBOB suite, one classic function with different
    shifts, rotations and scales, one formula with different parameters (`family`), one and the same vectorised
    function. What shares none is evaluated row after row. Values are those of the single problems to the last bit.

    Parameters
    ----------
    objectives : sequence of Objective
        At least one. They share n, bounds and integrality, and have no constraints.

    Attributes
    ----------
    objectives : tuple of Objective
    x_opts : tuple of ndarray or None
    f_opts : ndarray, shape (r,)
        The best values; NaN where one is not known.

    Raises
    ------
    ValueError
        Problems that differ in what they must share; on a call, x of another shape.

    Examples
    --------
    >>> from problems import get
    >>> fifteen = stack([get("bbob-f10", n=5, instance=k) for k in range(1, 16)])
    >>> x = np.zeros((15, 8, 5))
    >>> fifteen(x).shape
    (15, 8)
    >>> bool((fifteen(x)[3] == get("bbob-f10", n=5, instance=4)(x[3])).all())
    True
    >>> fifteen.take([3, 7])(x[:2]).shape
    (2, 8)
    """

    def __init__(self, objectives: Sequence[Objective]) -> None:
        given = tuple(objectives)
        if not given:
            raise ValueError("objectives must hold at least one problem, got none")
        for k, one in enumerate(given):
            if not isinstance(one, Objective) or isinstance(one, Stack):
                raise ValueError(f"objectives must hold Objectives, got {type(one).__name__} as number {k}")
            _check_alike(given[0], one, k)
        first = given[0]
        differentiable = [one.differentiable for one in given]
        name = first.name if len({one.name for one in given}) == 1 else f"{first.name} and others"
        super().__init__(
            self._values_of_rows,
            first.n,
            vectorized=True,
            bounds=first.box,
            sigma0=first.sigma0,
            integrality=first.integrality,
            noisy=any(one.noisy for one in given),
            name=name,
            differentiable=False if False in differentiable else None if None in differentiable else True,
            source=first.source,
        )
        self.objectives = given
        self.x_opts = tuple(one.x_opt for one in given)
        self.f_opts = np.array([np.nan if one.f_opt is None else one.f_opt for one in given])
        self._groups = _grouped(given)

    def __call__(self, x: Any) -> Any:
        """Values at x.

        Parameters
        ----------
        x : array_like, shape (r, ..., n)
            Points for each problem; (r, n) is one for each.

        Returns
        -------
        ndarray, shape (r, ...)
        """
        return self._values_of_rows(self._checked(x))

    def value_and_grad(self, x: Any) -> tuple[Any, FloatArray]:
        """Values and gradients at x.

        Parameters
        ----------
        x : array_like, shape (r, ..., n)

        Returns
        -------
        f : ndarray, shape (r, ...)
        g : ndarray, shape (r, ..., n)
        """
        if self.differentiable is False:
            names = [one.name for one in self.objectives if one.differentiable is False]
            raise ValueError(f"{names[0]} has no gradient, so this stack has none: use a method that needs only values")
        x = self._checked(x)
        inner = x.reshape(len(self), -1, x.shape[-1])
        f, g = np.empty(inner.shape[:-1]), np.empty(inner.shape)
        for group in self._groups:
            f[group.rows], g[group.rows] = group.value_and_grad(inner[group.rows])
        return f.reshape(x.shape[:-1]), g.reshape(x.shape)

    def _values_of_rows(self, x: Any) -> Any:
        inner = x.reshape(len(self), -1, x.shape[-1]) if x.ndim != 3 else x
        if len(self._groups) == 1:
            f = self._groups[0](inner)
        else:
            f = np.empty(inner.shape[:-1])
            for group in self._groups:
                f[group.rows] = group(inner[group.rows])
        return f.reshape(x.shape[:-1]) if x.ndim != 3 else f

    def _checked(self, x: Any) -> FloatArray:
        if type(x) is not np.ndarray or x.dtype != np.float64:
            x = np.asarray(points(x), dtype=np.float64)
        n = "n" if self.n is None else self.n
        if x.ndim < 2 or x.shape[0] != len(self) or (self.n is not None and x.shape[-1] != self.n):
            raise ValueError(
                f"x must have shape ({len(self)}, ..., {n}), a row for each of the {len(self)} problems, got {x.shape}"
            )
        return np.ascontiguousarray(x)

    def take(self, rows: Any) -> Stack:
        """The problems of these rows, in their order; one may come several times, and then shares its noise.

        Parameters
        ----------
        rows : array_like of int or of bool, or slice
            Indices, or a mask of the rows to keep.
        """
        chosen = np.arange(len(self))[rows]
        each = chosen.tolist()
        taken = Stack.__new__(Stack)
        taken.__dict__.update(self.__dict__)
        taken.fun = taken._values_of_rows
        taken.objectives = tuple(self.objectives[i] for i in each)
        if not taken.objectives:
            raise ValueError(f"rows must name at least one of the {len(self)} problems, got none")
        taken.x_opts, taken.f_opts = tuple(self.x_opts[i] for i in each), self.f_opts[chosen]
        taken._groups = []
        for group in self._groups:
            places = np.full(len(self), -1)
            places[group.indices] = np.arange(group.indices.size)
            part = group.take(chosen, places)
            if part is not None:
                taken._groups.append(part)
        return taken

    def x0(self, rng: Any = None) -> FloatArray:
        """A start point for each problem, (r, n), drawn from one stream."""
        draw = np.random.default_rng(rng)
        return np.stack([one.x0(draw) for one in self.objectives])

    def reseed(self, seed: Any) -> None:
        """Start the noise of each problem anew, from one stream."""
        draw = np.random.default_rng(seed)
        for one in self.objectives:
            one.reseed(draw)

    def __len__(self) -> int:
        return len(self.objectives)

    def __repr__(self) -> str:
        return f"<Stack of {len(self)} problems, {self.name}, n={self.n}>"

    def __reduce__(self) -> tuple[type[Stack], tuple[tuple[Objective, ...]]]:
        return Stack, (self.objectives,)


def stack(objectives: Sequence[Objective]) -> Stack:
    """Put problems side by side, to be evaluated in one call; see `Stack`.

    Parameters
    ----------
    objectives : sequence of Objective

    Returns
    -------
    Stack

    Examples
    --------
    >>> from problems import get
    >>> both = stack([get("sphere", n=3, shifted=1.0), get("sphere", n=3, shifted=2.0)])
    >>> both(np.ones((2, 3)))
    array([0., 3.])
    """
    return Stack(objectives)


class _Member:
    """fun(x, **parameters): one of a family, or with parameters (r, 1, ...) r of them side by side."""

    def __init__(self, fun: Callable[..., Any], parameters: Mapping[str, Any]) -> None:
        self.fun, self.parameters = fun, dict(parameters)

    def __call__(self, x: Any) -> Any:
        return self.fun(x, **self.parameters)

    @property
    def kind(self) -> Hashable:
        return (_Member, id(self.fun), tuple((name, np.shape(value)) for name, value in self.parameters.items()))

    @classmethod
    def beside(cls, members: Sequence[_Member]) -> _Member:
        names = members[0].parameters
        return _Member(members[0].fun, {name: abreast([m.parameters[name] for m in members]) for name in names})

    def take(self, rows: Any) -> _Member:
        return _Member(self.fun, {name: value[rows] for name, value in self.parameters.items()})


def family(
    fun: Callable[..., Any], n: int | None = None, *, settings: Mapping[str, Any] | None = None, **parameters: Any
) -> Stack:
    """One formula with other parameters in each row, as a stack.

    Parameters
    ----------
    fun : callable
        `fun(x, **parameters)` for x of shape (..., n), giving (...). Alone it gets one problem's parameters; in the
        stack x is (r, k, n) and a parameter has an axis of length 1 for the k points behind its first: (r, n) comes as
        (r, 1, n), which meets x, (r,) as (r, 1), which meets values, and (r, 1) as (r, 1, 1), which meets x again.
    n : int, optional
        Number of variables.
    settings : mapping, optional
        What `Objective` takes, the same for all: bounds, x0, sigma0, ...
    **parameters
        Arrays with a leading axis of one length r.

    Raises
    ------
    ValueError
        Parameters of different length, or none.

    Examples
    --------
    >>> def bowl(x, centre, height):
    ...     return ((x - centre) ** 2).sum(-1) + height
    >>> two = family(bowl, 3, centre=np.array([[0.0] * 3, [1.0] * 3]), height=np.array([10.0, 20.0]))
    >>> two(np.zeros((2, 4, 3)))[:, 0]
    array([10., 23.])
    >>> two.objectives[1](np.zeros(3))
    23.0
    """
    arrays = {name: numbers(name, value) for name, value in parameters.items()}
    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if not arrays or len(set(lengths.values())) > 1 or 0 in lengths.values():
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items()) or "no parameters"
        raise ValueError(f"parameters must have a leading axis of one length, a row for each problem, got {told}")
    named = {"name": getattr(fun, "__name__", type(fun).__name__)}
    shared: dict[str, Any] = {"vectorized": True, "pure": True} | named | dict(settings or {})
    count = next(iter(lengths.values()))
    return Stack(
        [Objective(_Member(fun, {key: value[i] for key, value in arrays.items()}), n, **shared)
         for i in range(count)]
    )  # fmt: skip


class _Group:
    """The rows of one kind."""

    def __init__(self, indices: npt.NDArray[np.intp], objectives: tuple[Objective, ...], funs: Rows | None) -> None:
        self.indices, self.objectives, self.funs = indices, objectives, funs
        self.rows = _as_slice(indices)
        self._gradient: Callable[[Any], tuple[Any, Any]] | None = None

    def __call__(self, x: FloatArray) -> FloatArray:
        """Values (r, k) at x (r, k, n)."""
        if self.funs is None:
            return np.stack([one(row) for one, row in zip(self.objectives, x, strict=True)])
        f = self.funs(x if self.objectives[0].pure else x.copy())
        if type(f) is not np.ndarray or f.shape != x.shape[:-1]:
            raise ValueError(
                f"{self.objectives[0].name} must give shape {x.shape[:-1]} in a stack of that many points, got "
                f"{np.shape(f)}: reduce over the last axis only"
            )
        return f

    def value_and_grad(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values (r, k) and gradients (r, k, n) at x (r, k, n)."""
        if self.funs is None or self.objectives[0].jac is not None:
            pairs = [one.value_and_grad(row) for one, row in zip(self.objectives, x, strict=True)]
            return np.stack([f for f, _ in pairs]), np.stack([g for _, g in pairs])
        if self._gradient is None:
            from autodiff import value_and_grad

            self._gradient = value_and_grad(self.funs)
        return self._gradient(x if self.objectives[0].pure else x.copy())

    def take(self, chosen: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> _Group | None:
        """Those of `chosen` that are here, or None; `places[i]` is where problem i of the whole stack stands here."""
        local = places[chosen]
        (kept,) = (local >= 0).nonzero()
        if not kept.size:
            return None
        local = local[kept]
        count = len(self.objectives)
        if local.size == count and np.count_nonzero(local == np.arange(count)) == count:
            return _Group(kept, self.objectives, self.funs)
        funs = None if self.funs is None else self.funs.take(local)
        return _Group(kept, tuple(self.objectives[i] for i in local.tolist()), funs)


def _as_slice(rows: npt.NDArray[np.intp]) -> Any:
    """Rising rows, as a slice where they follow each other, which copies nothing."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == rows.size else rows


def _grouped(objectives: tuple[Objective, ...]) -> list[_Group]:
    found: dict[Hashable, list[int]] = {}
    for i, one in enumerate(objectives):
        kind = kind_of(one.fun) if one.vectorized and one.jac is None else None
        found.setdefault(("alone", i) if kind is None else (kind, one.pure), []).append(i)
    groups = []
    for key, indices in found.items():
        members = tuple(objectives[i] for i in indices)
        funs = None if isinstance(key, tuple) and key[0] == "alone" else rows_of([one.fun for one in members])
        groups.append(_Group(np.array(indices), members, funs))
    return groups


def _check_alike(first: Objective, one: Objective, k: int) -> None:
    """Refuse what methods would have to know per row."""
    if one.n != first.n:
        raise ValueError(f"problems of a stack must have one n, got {first.n} and {one.n} (number {k}, {one.name})")
    if one.constraints:
        raise ValueError(f"problems of a stack must have no constraints, got {one.name} as number {k}")
    boxes = [None if o.box is None else (o.box.lb.tolist(), o.box.ub.tolist()) for o in (first, one)]
    if boxes[0] != boxes[1]:
        raise ValueError(f"problems of a stack must share their bounds, which {one.name} (number {k}) does not")
    whole = [None if o.integrality is None or not o.integrality.any() else o.integrality.tolist() for o in (first, one)]
    if whole[0] != whole[1]:
        raise ValueError(f"problems of a stack must share their integers, which {one.name} (number {k}) does not")
