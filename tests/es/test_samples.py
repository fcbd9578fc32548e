"""Sums over samples against the same sums over samples that are moved to their ranks."""

import numpy as np
import pytest

from es.parts.samples import RankedSamples, Samples, add_product
from es.parts.shaping import by_rank
from es.registry import get_method
from tests.es.table import ellipsoid


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize(("h", "k"), [(6, 6), (3, 6), (4, 7)], ids=["all", "pairs", "odd"])
@pytest.mark.parametrize("n", [1, 5, 1300])
def test_ranked_sums(batch, h, k, n):
    rng = np.random.default_rng(0)
    samples = Samples(rng.standard_normal((*batch, h, n)), k)
    order = rng.random((*batch, k)).argsort(-1)
    P = rng.standard_normal((*batch, 1, n))
    samples.look(slice(0, 2), P, True)
    samples.look(slice(2, h), P, True)
    ranked = RankedSamples(samples, order)
    z = np.take_along_axis(samples.all, order[..., None], -2)
    np.testing.assert_array_equal(samples.all[..., h:, :], -samples.z[..., : k - h, :])
    np.testing.assert_array_equal(ranked.all, z)
    w, few, own = rng.standard_normal(k), rng.standard_normal(2), rng.standard_normal((*batch, k))
    total, first, mine, squares = ranked.sums(w, few, own, squares=w)
    np.testing.assert_allclose(total, w @ z, atol=1e-12)
    np.testing.assert_allclose(first, few @ z[..., :2, :], atol=1e-12)
    np.testing.assert_allclose(mine, (own[..., None, :] @ z)[..., 0, :], atol=1e-12)
    np.testing.assert_allclose(squares, w @ (z * z), atol=1e-12)
    np.testing.assert_allclose(ranked.square_lengths(), (z * z).sum(-1), rtol=1e-12)
    np.testing.assert_allclose(ranked.lengths_along(), (z * P).sum(-1), atol=1e-11)
    np.testing.assert_allclose(samples.sums(w)[0], w @ samples.all, atol=1e-12)


def test_weights_are_dealt_to_rows():
    order = np.array([[2, 0, 1], [1, 2, 0]])
    np.testing.assert_array_equal(by_rank(np.array([3.0, 1.0]), order), [[1, 0, 3], [0, 3, 1]])
    np.testing.assert_array_equal(by_rank(np.array([3.0, 2.0, 1.0]), order[0]), [2, 1, 3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [1, 2])
def test_products_are_added_in_place(dtype, m):
    rng = np.random.default_rng(0)
    for batch in ((), (3,)):
        along, Q, y = (rng.standard_normal((*batch, *shape)).astype(dtype) for shape in ((4, m), (m, 5), (4, 5)))
        expected = y + along @ Q
        add_product(along, Q, y)
        np.testing.assert_allclose(y, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["snes", "sep-cmaes", "r1nes", "crfmnes", "openai-es", "guided-es"])
@pytest.mark.parametrize("sampling", ["normal", "mirrored"])
def test_large_populations_are_the_small_ones(name, sampling, monkeypatch):
    """Points that are made again to see whether they were changed, in several blocks, against points that are kept."""
    n = 40
    options = {"popsize": 14, "sampling": sampling, "rng": 3}
    kept, made = (get_method(name)(np.ones(n), 0.5, **options) for _ in range(2))
    order = np.random.default_rng(0)
    for i in range(8):
        x = kept.ask()
        kept.tell(x, ellipsoid(x))
        with monkeypatch.context() as large:
            large.setattr("es.parts.linear_cost.BLOCK", 3 * n)
            large.setattr("es.parts.linear_cost.COPIED", 0)
            large.setattr("es.parts.samples.FEW", 0)
            large.setattr("es.parts.samples.SHORT", 0)
            large.setattr("es.parts.samples.BLOCK", 0)
            x = made.ask()
            assert made._copy is None and not made._drawn.few
            if i % 2:
                x = order.permutation(x)
            made.tell(x, ellipsoid(x))
    np.testing.assert_allclose(made.mean, kept.mean, rtol=1e-9)


@pytest.mark.parametrize("name", ["snes", "r1nes"])
def test_changed_points_are_noticed(name, monkeypatch):
    monkeypatch.setattr("es.parts.linear_cost.COPIED", 0)
    opt, other = (get_method(name)(np.zeros(4), 1.0, popsize=6, rng=1) for _ in range(2))
    x = opt.ask()
    x[3, 2] = np.nextafter(x[3, 2], 9)
    assert not opt._still(x, opt._drawn)
    assert opt._still(other.ask(), opt._drawn)
    x[3] = 5.0
    opt.tell(x, -np.arange(6.0))
    assert opt.x_best.tolist() == x[5].tolist() and np.isfinite(opt.mean).all()
