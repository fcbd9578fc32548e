"""Both updates of the factor give A' A'^T = A S A^T and T^-1 q, with negative weights and without full rank."""

import numpy as np
import pytest

from es.parts.factor import cholesky_update, lowrank_update


def case(n, k, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) + 3 * np.eye(n)
    z, q = rng.standard_normal((k, n)), rng.standard_normal(n)
    rates = np.append(rng.uniform(-0.3, 1, k) / (k * n), 0.02)[:, None]
    return A, q, z, rates, 0.97


def expected(A, q, z, rates, a):
    V = np.vstack([z, q])
    return A @ (a * np.eye(len(A)) + V.T @ (rates * V)) @ A.T


@pytest.mark.parametrize(("n", "k"), [(1, 4), (2, 6), (10, 10), (10, 200), (60, 12)])
def test_cholesky_update(n, k):
    A, q, z, rates, a = case(n, k)
    B, p = cholesky_update(A, q, z, rates, rates[-1, 0], a * np.eye(n + 1))
    C = expected(A, q, z, rates, a)
    np.testing.assert_allclose(B @ B.T, C, atol=1e-13 * abs(C).max())
    np.testing.assert_allclose(B @ p, A @ q, atol=1e-11)


@pytest.mark.parametrize("kind", ["random", "mirrored", "first generation"])
@pytest.mark.parametrize("n", [60, 150])
def test_lowrank_update(n, kind):
    A, q, z, rates, a = case(n, 14)
    if kind == "mirrored":
        z[7:] = -z[:7]
    elif kind == "first generation":
        q = np.linspace(1, 0, 7) @ z[:7]
    C = expected(A, q, z, rates, a)
    B = A.copy()
    p = lowrank_update(B, q, z, A @ q, z @ A.T, rates, a)
    np.testing.assert_allclose(B @ B.T, C, atol=1e-11 * abs(C).max())
    np.testing.assert_allclose(B @ p, A @ q, atol=1e-8)


def test_updates_agree_over_many_generations():
    """The factors differ by a rotation; C does not."""
    n, k = 60, 12
    rng = np.random.default_rng(1)
    A, q = np.eye(n), np.zeros(n)
    B, p = A.copy(), q.copy()
    rates = np.append(np.linspace(0.02, -0.005, k) / n, 0.003)[:, None]
    for _ in range(100):
        z = rng.standard_normal((k, n))
        # The same steps for both: those that z gives with A.
        z_B = np.linalg.solve(B, A @ z.T).T
        step = 0.3 * z[0]
        q, p = 0.9 * q + step, 0.9 * p + np.linalg.solve(B, A @ step)
        p = lowrank_update(B, p, z_B, B @ p, z_B @ B.T, rates, 0.98)
        A, q = cholesky_update(A, q, z, rates, rates[-1, 0], 0.98 * np.eye(n + 1))
    C = A @ A.T
    np.testing.assert_allclose(B @ B.T, C, atol=1e-8 * abs(C).max())


def test_stack_gives_the_bits_of_each():
    cases = [case(5, 8, seed) for seed in range(4)]
    A, q, z, rates = (np.array([c[i] for c in cases]) for i in range(4))
    B, p = cholesky_update(A, q, z, rates, 0.02, np.broadcast_to(0.97 * np.eye(6), (4, 6, 6)))
    for i in range(4):
        b, r = cholesky_update(A[i], q[i], z[i], rates[i], 0.02, 0.97 * np.eye(6))
        np.testing.assert_array_equal(B[i], b)
        np.testing.assert_array_equal(p[i], r)
