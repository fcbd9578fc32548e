"""The rooms of autodiff.scipy: values as SciPy gives them, first and second derivatives by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.sparse
import scipy.special
import scipy.stats

import autodiff as ad
from autodiff.scipy import fft, integrate, linalg, ndimage, signal, stats
from autodiff.tree import leaves

RANDOM = np.random.default_rng(20240502)
A = RANDOM.normal(size=(4, 4)) + 4 * np.eye(4)
C = RANDOM.normal(size=(4, 4))
B = RANDOM.normal(size=(4, 3))
b = B[:, 0].copy()
SPD = A @ A.T
VECTOR = RANDOM.normal(size=7)
SHORT = RANDOM.normal(size=4)
IMAGE = RANDOM.normal(size=(6, 5))
KERNEL = RANDOM.normal(size=(3, 2))
BANDS = RANDOM.normal(size=(4, 6)) + np.array([[0], [0], [5], [0]])


def agrees(ours: Callable[..., Any], theirs: Callable[..., Any], *args: Any, order: int = 2) -> None:
    """The value on plain arrays and on traced ones is SciPy's, in shape too, and the derivatives are right."""
    expected = list(leaves(theirs(*args)))
    traced, _ = ad.vjp(ours, *args)
    for got in (ours(*args), traced):
        for a, e in zip(leaves(got), expected, strict=True):
            assert np.shape(a) == np.shape(e)
            np.testing.assert_allclose(a, e, rtol=1e-9, atol=1e-12)
    ad.check_grads(ours, *args, order=order)


def parts(z: Any) -> list[Any]:
    return [np.real(z), np.imag(z)]


# ------------------------------------------------------------------ linalg

LINALG: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    "solve_triangular": (linalg.solve_triangular, scipy.linalg.solve_triangular, (A, b)),
    "cho lower": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(a, True), b),
        lambda a, b: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a, True), b),
        (SPD, B),
    ),
    "cho upper": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b),
        lambda a, b: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), b),
        (SPD, b),
    ),
    "cholesky": (linalg.cholesky, scipy.linalg.cholesky, (SPD,)),
    "expm": (linalg.expm, scipy.linalg.expm, (C,)),
    "expm of a stack": (linalg.expm, scipy.linalg.expm, (np.stack([C, A / 4]),)),
    "logm": (linalg.logm, scipy.linalg.logm, (np.eye(4) + C / 9,)),
    "sqrtm": (linalg.sqrtm, scipy.linalg.sqrtm, (SPD,)),
    "solve_sylvester": (linalg.solve_sylvester, scipy.linalg.solve_sylvester, (A, A[:3, :3].copy(), B)),
    "solve_continuous_lyapunov": (
        linalg.solve_continuous_lyapunov, scipy.linalg.solve_continuous_lyapunov, (A, SPD)
    ),
    "solve_discrete_lyapunov": (
        linalg.solve_discrete_lyapunov, scipy.linalg.solve_discrete_lyapunov, (A / 12, SPD)
    ),
    "solve_banded": (
        lambda ab, b: linalg.solve_banded((1, 2), ab, b),
        lambda ab, b: scipy.linalg.solve_banded((1, 2), ab, b),
        (BANDS, VECTOR[:6].copy()),
    ),
    "solve_banded of columns": (
        lambda ab, b: linalg.solve_banded((2, 1), ab, b),
        lambda ab, b: scipy.linalg.solve_banded((2, 1), ab, b),
        (BANDS[[0, 2, 1, 3]], RANDOM.normal(size=(6, 2))),
    ),
    "toeplitz": (linalg.toeplitz, scipy.linalg.toeplitz, (b,)),
    "toeplitz of two": (linalg.toeplitz, scipy.linalg.toeplitz, (b, VECTOR)),
    "circulant": (linalg.circulant, scipy.linalg.circulant, (b,)),
    "hankel": (linalg.hankel, scipy.linalg.hankel, (b,)),
    "hankel of two": (linalg.hankel, scipy.linalg.hankel, (b, VECTOR)),
    "block_diag": (linalg.block_diag, scipy.linalg.block_diag, (A, B, b, np.float64(2.0))),
    "lu": (lambda a: linalg.lu(a), lambda a: scipy.linalg.lu(a), (C,)),
    "lu of a tall matrix": (lambda a: linalg.lu(a, True), lambda a: scipy.linalg.lu(a, True), (B,)),
    "lu of a wide matrix": (lambda a: linalg.lu(a)[1:], lambda a: scipy.linalg.lu(a)[1:], (B.T.copy(),)),
    "lu_solve": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), np.linalg.solve, (A[::-1].copy(), b)),
    "generalised eigenvalues": (
        linalg.eigvalsh, lambda a, b: scipy.linalg.eigh(a, b, eigvals_only=True), (C + C.T, SPD)
    ),
    "generalised eigenvectors": (
        lambda a, b: np.abs(linalg.eigh(a, b, lower=False)[1]),
        lambda a, b: np.abs(scipy.linalg.eigh(a, b, lower=False)[1]),
        (C + C.T, SPD),
    ),
    "inv": (linalg.inv, scipy.linalg.inv, (A,)),
    "det": (linalg.det, scipy.linalg.det, (A,)),
    "solve": (linalg.solve, scipy.linalg.solve, (A, b)),
    "norm": (linalg.norm, scipy.linalg.norm, (B,)),
    "pinv": (linalg.pinv, scipy.linalg.pinv, (B,)),
    "svdvals": (linalg.svdvals, scipy.linalg.svdvals, (B,)),
    "lstsq": (lambda a, b: linalg.lstsq(a, b)[0], lambda a, b: scipy.linalg.lstsq(a, b)[0], (B, b)),
    "eigh": (lambda a: linalg.eigh(a)[0], lambda a: scipy.linalg.eigh(a)[0], (C + C.T,)),
}  # fmt: skip


@pytest.mark.parametrize("name", LINALG)
def test_linalg(name: str) -> None:
    ours, theirs, args = LINALG[name]
    agrees(ours, theirs, *args)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("trans", [0, 1, "C"])
@pytest.mark.parametrize("unit", [False, True])
def test_every_triangle(lower: bool, trans: Any, unit: bool) -> None:
    agrees(
        lambda a, b: linalg.solve_triangular(a, b, trans, lower, unit),
        lambda a, b: scipy.linalg.solve_triangular(a, b, trans, lower, unit_diagonal=unit),
        A,
        B,
    )


@pytest.mark.parametrize(
    "fun",
    [
        linalg.expm,
        linalg.sqrtm,
        linalg.logm,
        lambda a: linalg.solve_triangular(a, B + 1j, 2),
        lambda a: linalg.solve_sylvester(a, a, a @ a),
        lambda a: linalg.solve_continuous_lyapunov(a, a),
        lambda a: linalg.solve_discrete_lyapunov(a / 5, a),
        lambda a: linalg.lu_solve(linalg.lu_factor(a), b),
        lambda a: linalg.toeplitz(a[0]),
    ],
)
def test_complex_matrices(fun: Any) -> None:
    ad.check_grads(lambda x, y: parts(fun(x + 1j * y)), A / 3, C / 3, order=2)


def test_a_real_matrix_with_a_complex_root() -> None:
    ad.check_grads(lambda a: parts(linalg.sqrtm(a)), np.diag([-1.0, 2, 3]) + 0.1 * C[:3, :3], order=2)


# ------------------------------------------------------------------ stats

SHAPES = {
    "norm": (), "t": (3.3,), "gamma": (2.2,), "beta": (2.2, 1.7), "chi2": (3.1,), "laplace": (), "logistic": (),
    "lognorm": (0.8,), "expon": (), "cauchy": (), "uniform": (),
}  # fmt: skip
METHODS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("method", METHODS)
def test_distributions(name: str, method: str) -> None:
    ours, theirs = getattr(getattr(stats, name), method), getattr(getattr(scipy.stats, name), method)
    parameters = [*map(np.float64, SHAPES[name]), np.float64(0.1), np.float64(1.7)]
    agrees(ours, theirs, np.array([0.21, 0.5, 0.83, 1.4]), *parameters)
    everywhere = np.array([[-2.3, -0.4, 0.15], [0.7, 1.75, 30.0]])
    np.testing.assert_allclose(ours(everywhere, *parameters), theirs(everywhere, *parameters), rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(ours(everywhere, *SHAPES[name], 0, -1.0), np.full((2, 3), np.nan))
    g = ad.grad(lambda x: np.sum(np.where(np.isfinite(theirs(x.detach(), *parameters)), ours(x, *parameters), 0)))
    assert np.isfinite(g(everywhere)).all()
    assert ours(0.5, *SHAPES[name], scale=2.0) == pytest.approx(theirs(0.5, *SHAPES[name], scale=2.0), rel=1e-9)


def test_the_middle_and_the_ends_of_distributions() -> None:
    """At a kink of the density, at the end of the support, and where a probability is too small for a number."""
    for method, slope in (("cdf", 0.5), ("sf", -0.5), ("logcdf", 1.0), ("logsf", -1.0)):
        f = getattr(stats.laplace, method)
        assert ad.grad(f)(0.0) == slope
        np.testing.assert_allclose(ad.grad(lambda p, f=f: f(1.0, p[0], p[1]))(np.array([1.0, 2.0])), [-slope / 2, 0])
        with pytest.warns(RuntimeWarning, match="of laplace has no second derivative at 0"):
            assert np.isnan(ad.hessian(f)(0.0))
    for name in ("norm", "logistic", "expon"):
        ours, theirs = getattr(stats, name).logsf, getattr(scipy.stats, name).logsf
        for x in (40.0, 1000.0):
            assert ours(x) == pytest.approx(theirs(x))
            assert ad.grad(ours)(x) == pytest.approx((theirs(x + 1e-3) - theirs(x - 1e-3)) / 2e-3, rel=1e-6)
    assert ad.grad(stats.laplace.logsf)(1000.0) == -1.0
    for method in ("logpdf", "logcdf"):
        assert getattr(stats.lognorm, method)(0.0, 0.7) == -np.inf


@pytest.mark.parametrize(("name", "shapes"), [("poisson", (2.3,)), ("bernoulli", (0.3,)), ("binom", (5, 0.3))])
@pytest.mark.parametrize("method", ["logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"])
def test_counts(name: str, shapes: Any, method: str) -> None:
    ours, theirs = getattr(getattr(stats, name), method), getattr(getattr(scipy.stats, name), method)
    k = np.array([-1.0, 0, 1, 2, 2.5, 5])
    np.testing.assert_allclose(ours(k, *shapes), theirs(k, *shapes), rtol=1e-9, atol=1e-13)
    finite = k[np.isfinite(theirs(k, *shapes))]
    ad.check_grads(lambda p: ours(finite, *shapes[:-1], p), np.float64(shapes[-1]), order=2)


def test_multivariate_normal_and_dirichlet() -> None:
    cov, x, mean = SPD[:3, :3], B, VECTOR[:3].copy()
    ours, theirs = stats.multivariate_normal.logpdf, scipy.stats.multivariate_normal.logpdf
    agrees(lambda x, m, c: ours(x, m, (c + c.T) / 2), lambda x, m, c: theirs(x, m, (c + c.T) / 2), x, mean, cov)
    for args in ((x[0], mean, cov), (x, mean, [1.0, 2.0, 3.0]), (x[:, 0],), (x[:, 0], None, 2.0), (0.3, 0.1, 2.0)):
        np.testing.assert_allclose(ours(*args), theirs(*args), rtol=1e-12)
    alpha, shares = np.array([1.0, 2.2, 3.0]), np.array([0.2, 0.3, 0.5])
    columns = np.stack([shares, shares[::-1]], axis=1)
    agrees(lambda a: stats.dirichlet.logpdf(columns, a), lambda a: scipy.stats.dirichlet.logpdf(columns, a), alpha)
    ad.check_grads(lambda x: stats.dirichlet.pdf(x, alpha), shares[:2], order=2)
    assert stats.norm(1.0, 2.0).cdf(3.0) == pytest.approx(scipy.stats.norm(1.0, 2.0).cdf(3.0), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: stats.gamma.pdf(1.0), "gamma needs a"),
        (lambda: stats.norm.pdf(1.0, 0, 1, 2), "takes the parameters loc, scale, got 3"),
        (lambda: stats.norm.pdf(1.0, sigma=2), "sigma is not a parameter"),
        (lambda: stats.norm(0, 1).rvs(3), "no 'rvs'"),
        (lambda: stats.dirichlet.pdf([0.3, 0.3, 0.3], [1.0, 1, 1]), "sum to 1"),
        (lambda: linalg.solve_triangular(A, b, 5), "trans must be"),
        (lambda: linalg.lu(np.stack([A, A])), "one matrix"),
        (lambda: linalg.sqrtm(B), "one square matrix"),
        (lambda: signal.convolve(VECTOR, SHORT, "all"), "mode must be"),
        (lambda: signal.fftconvolve(VECTOR, KERNEL), "as many axes"),
        (lambda: fft.dct(VECTOR, 7), "type must be"),
        (lambda: ndimage.map_coordinates(IMAGE, KERNEL.T[:, :1], mode="wrap"), "mode must be one of"),
        (lambda: ndimage.map_coordinates(IMAGE, KERNEL), "one per axis"),
        (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [1.0], "BDF"), "method must be one of"),
        (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [1.0], events=[]), "no gradient for events="),
        (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), 1.0), "y0 must be a vector"),
        (lambda: ad.special.multigammaln(0.5, 3), "greater than"),
        (lambda: ad.scipy.optimize, "no room 'optimize'"),
    ],
)
def test_sentences(call: Any, text: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError), match=text):
        call()


# ------------------------------------------------------------------ signal, fft


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "fftconvolve", "correlate", "oaconvolve"])
def test_convolutions(name: str, mode: str) -> None:
    ours, theirs = getattr(signal, name), getattr(scipy.signal, name)
    for pair in ((VECTOR, SHORT), (SHORT, VECTOR), (IMAGE, KERNEL)):
        agrees(lambda x, y: ours(x, y, mode), lambda x, y: theirs(x, y, mode), *pair)
    z = VECTOR + 1j * VECTOR[::-1]
    np.testing.assert_allclose(ours(z, SHORT * 1j, mode), theirs(z, SHORT * 1j, mode), rtol=1e-9)
    ad.check_grads(lambda x, y: parts(ours(x + 1j * y, x[:3] - 2j * y[1:4], mode)), VECTOR, VECTOR[::-1].copy())


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
def test_convolve2d(mode: str, boundary: str) -> None:
    agrees(
        lambda x, y: signal.convolve2d(x, y, mode, boundary, 1.5),
        lambda x, y: scipy.signal.convolve2d(x, y, mode, boundary, 1.5),
        IMAGE,
        KERNEL,
    )


def test_filters() -> None:
    a = np.array([2.0, 0.3, -0.2])
    agrees(signal.lfilter, scipy.signal.lfilter, SHORT, a, IMAGE)
    agrees(
        lambda b, x: signal.lfilter(b, 1.0, x, axis=0),
        lambda b, x: scipy.signal.lfilter(b, 1.0, x, axis=0),
        SHORT,
        IMAGE,
    )
    agrees(
        lambda x, y: signal.fftconvolve(x, y, axes=1),
        lambda x, y: scipy.signal.fftconvolve(x, y, axes=1),
        IMAGE,
        IMAGE[:, :2].copy(),
    )


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
@pytest.mark.parametrize("type", [1, 2, 3, 4])
def test_cosine_and_sine_transforms(name: str, type: int) -> None:
    ours, theirs = getattr(fft, name), getattr(scipy.fft, name)
    for norm in (None, "ortho", "forward"):
        for orthogonalize in (None, True, False):
            agrees(
                lambda x, n=norm, o=orthogonalize: ours(x, type, norm=n, orthogonalize=o),
                lambda x, n=norm, o=orthogonalize: theirs(x, type, norm=n, orthogonalize=o),
                VECTOR,
                order=1,
            )
    for n in (4, 9):
        agrees(lambda x, n=n: ours(x, type, n, 0), lambda x, n=n: theirs(x, type, n, 0), IMAGE, order=1)
    several, of_scipy = getattr(fft, name + "n"), getattr(scipy.fft, name + "n")
    agrees(lambda x: several(x, type, norm="ortho"), lambda x: of_scipy(x, type, norm="ortho"), IMAGE, order=1)
    agrees(lambda x: several(x, type, (4, 8)), lambda x: of_scipy(x, type, (4, 8)), IMAGE, order=1)
    assert ours(VECTOR.astype(np.float32), type).dtype == np.float32


# ------------------------------------------------------------------ ndimage, integrate


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("mode", ["constant", "nearest", "mirror", "reflect", "grid-wrap"])
def test_map_coordinates(order: int, mode: str) -> None:
    """Between the knots of the spline, where it is smooth."""
    inside = RANDOM.integers(0, 4, size=(2, 7)) + RANDOM.uniform(0.1, 0.4, size=(2, 7))
    anywhere = RANDOM.integers(-6, 9, size=(2, 40)) + RANDOM.uniform(0.1, 0.4, size=(2, 40))
    agrees(
        lambda x, c: ndimage.map_coordinates(x, c, order, mode),
        lambda x, c: scipy.ndimage.map_coordinates(x, c, order=order, mode=mode),
        IMAGE,
        inside,
    )
    np.testing.assert_allclose(
        ndimage.map_coordinates(IMAGE, anywhere, order, mode, 1.5),
        scipy.ndimage.map_coordinates(IMAGE, anywhere, order=order, mode=mode, cval=1.5),
        rtol=1e-8,
        atol=1e-11,
    )
    if order > 1:
        ad.check_grads(lambda c: ndimage.map_coordinates(IMAGE, c, order, mode), anywhere)


def test_shift_and_coefficients() -> None:
    agrees(ndimage.shift, scipy.ndimage.shift, IMAGE, np.array([0.3, -1.2]))
    agrees(
        lambda x, c: ndimage.map_coordinates(x, c, prefilter=False),
        lambda x, c: scipy.ndimage.map_coordinates(x, c, prefilter=False),
        VECTOR,
        np.array([[0.3, 2.2, 4.9]]),
    )
    agrees(ndimage.spline_filter, scipy.ndimage.spline_filter, IMAGE, order=1)


def oscillator(t: Any, y: Any, k: Any, w: Any) -> list[Any]:
    return [y[1], -k * y[0] - w * y[1] + np.sin(t)]


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853"])
def test_solve_ivp(method: str) -> None:
    y0, k, w = np.array([1.0, 0.3]), np.float64(2.0), np.float64(0.3)
    plain = scipy.integrate.solve_ivp(oscillator, (0, 2), y0, method, args=(k, w))
    got = integrate.solve_ivp(oscillator, (0, 2), y0, method, args=(k, w))
    np.testing.assert_allclose(got.y[:, -1], plain.y[:, -1], rtol=1e-12)
    assert got.success and got.status == 0 and got.nfev == plain.nfev

    def at_times(y: Any, k: Any, w: Any, t: Any) -> Any:
        return integrate.solve_ivp(
            oscillator, (0, t[-1]), y, method, t_eval=t, args=(k, w), rtol=1e-8, atol=1e-8, first_step=0.1, max_step=0.1
        ).y

    ad.check_grads(at_times, y0, k, w, np.array([0.5, 1.0, 2.0]), order=1, rtol=1e-5, atol=1e-6)


def test_solutions_that_are_known() -> None:
    """y' = -k y, so y(1) = exp(-k), through a closure, backward in time, and twice differentiated."""

    def end(k: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: -k * y, (0.0, 1.0), [1.0], "DOP853", rtol=1e-11, atol=1e-13).y[0, -1]

    for n, f in enumerate((end, ad.grad(end), ad.grad(ad.grad(end)))):
        assert f(2.0) == pytest.approx((-1) ** n * np.exp(-2.0), rel=1e-9)
    back = ad.grad(lambda T: integrate.solve_ivp(lambda t, y: y, (T, 0.0), [1.0], rtol=1e-10, atol=1e-12).y[0, -1])
    assert back(1.5) == pytest.approx(-np.exp(-1.5), rel=1e-7)
    t = np.array([0.0, 0.5, 1.0])
    y = ad.vjp(lambda k: integrate.odeint(lambda y, t, k: -k * y, 1.0, t, (k,)), 2.0)
    np.testing.assert_allclose(y[0][:, 0], scipy.integrate.odeint(lambda y, t: -2.0 * y, 1.0, t)[:, 0], rtol=1e-6)
    assert y[1](np.array([[0.0], [0.0], [1.0]])) == pytest.approx(-np.exp(-2.0), rel=1e-6)


def test_sums_on_grids() -> None:
    x = np.arange(5) ** 1.5
    agrees(lambda y: integrate.simpson(y, dx=0.3), lambda y: scipy.integrate.simpson(y, dx=0.3), VECTOR)
    agrees(lambda y: integrate.simpson(y, x=x), lambda y: scipy.integrate.simpson(y, x=x), IMAGE)
    agrees(
        lambda y, x: integrate.cumulative_trapezoid(y, x, initial=0),
        lambda y, x: scipy.integrate.cumulative_trapezoid(y, x, initial=0),
        IMAGE,
        x,
    )
    agrees(lambda y: integrate.trapezoid(y, axis=0), lambda y: scipy.integrate.trapezoid(y, axis=0), IMAGE)


# ------------------------------------------------------------------ sparse, other frameworks


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "lil", "bsr", "dok"])
@pytest.mark.parametrize("matrix", [False, True])
def test_sparse_products(kind: str, matrix: bool) -> None:
    dense = np.where(RANDOM.uniform(size=(4, 3)) < 0.6, RANDOM.normal(size=(4, 3)), 0)
    a = getattr(scipy.sparse, f"{kind}_{'matrix' if matrix else 'array'}")(dense)
    x, y = B[:3, :2].copy(), B[:, :2].T.copy()
    np.testing.assert_allclose(ad.jacobian(lambda v: a @ v)(x[:, 0]), dense)
    np.testing.assert_allclose(ad.jacobian(lambda v: a.dot(v))(x[:, 0]), dense)
    np.testing.assert_allclose(ad.jacobian(lambda v: v @ a)(b), dense.T)
    ad.check_grads(lambda x, y: np.sin(a @ x).sum() * np.cos(y @ a).sum(), x, y, order=2)
    if matrix:
        np.testing.assert_allclose(ad.jacobian(lambda v: a * v)(x[:, 0]), dense)
    else:
        with pytest.raises(TypeError, match="no gradient rule"):
            ad.grad(lambda v: (a * v).sum())(x[:, 0])
    leaf = ad.tensor(x[:, 0], requires_grad=True)
    (a @ leaf).sum().backward()
    np.testing.assert_allclose(leaf.grad, dense.sum(0))
    np.testing.assert_allclose(a @ x, dense @ x, rtol=1e-14)


@pytest.mark.heavy
def test_functions_of_pytorch_name_jac() -> None:
    torch = pytest.importorskip("torch")
    x = np.array([0.3, 0.5])
    for fun in (
        lambda x: torch.sum(torch.sin(x)),
        lambda x: (torch.ones(2) * x).sum(),
        lambda x: torch.as_tensor(x).sum(),
        lambda x: torch.tensor(x).sum(),
        lambda x: torch.from_numpy(x).sum(),
        lambda x: torch.nn.functional.relu(x).sum(),
    ):
        with pytest.raises(ad.LostGradient, match="jac="):
            ad.grad(fun)(x)


def test_jax_asks_for_jac() -> None:
    """JAX calls this method of whatever it is handed."""
    with pytest.raises(ad.LostGradient, match="jac="):
        ad.grad(lambda x: x.__jax_array__())(1.0)


# ------------------------------------------------------------------ special

P = np.array([0.3, 1.2, 2.7])
sc = scipy.special
SPECIAL: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "lambertw": (lambda x: parts(ad.special.lambertw(x)), (P,)),
    "lambertw, branch -1": (lambda x: parts(ad.special.lambertw(-x / 10, -1)), (P,)),
    "multigammaln": (lambda x: ad.special.multigammaln(x + 2, 3), (P,)),
    "sici": (lambda x: list(sc.sici(x)), (P,)),
    "shichi": (lambda x: list(sc.shichi(x)), (P,)),
    "fresnel": (lambda x: list(sc.fresnel(x)), (P,)),
    "airy": (lambda x: list(sc.airy(x)), (P,)),
    "one of two values": (lambda x: sc.sici(x)[1], (P,)),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special(name: str) -> None:
    fun, args = SPECIAL[name]
    agrees(fun, fun, *args)


def test_special_is_scipys() -> None:
    np.testing.assert_array_equal(ad.special.lambertw(P), sc.lambertw(P))
    np.testing.assert_allclose(ad.special.multigammaln(P + 2, 3), sc.multigammaln(P + 2, 3), rtol=1e-14)
    for z in (0.0, 3.0, -0.7, 20.0):
        np.testing.assert_allclose(sc.sici(z), ad.vjp(sc.sici, z)[0], rtol=1e-15)
