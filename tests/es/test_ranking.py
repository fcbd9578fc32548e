"""Ranking: best first, equal values in the order in which they came, what is not finite last."""

import numpy as np
import pytest

from es.core.ranking import rank_best_first

SHAPES = [(1,), (7,), (300,), (1000,), (3, 8), (90, 8), (40, 64), (12, 512), (300, 2), (250, 1)]


def values(kind, shape):
    draw = np.random.default_rng(1)
    f = draw.standard_normal(shape)
    if kind == "equal":
        f = np.round(f, 1)
    elif kind == "two equal":
        f[..., -1] = f[..., 0]
    elif kind == "zeros":
        f = np.where(f > 0, 0.0, -0.0)
    elif kind == "odd":
        f = draw.choice([np.nan, np.inf, -np.inf, 1.0, 2.0, -0.0, 0.0], shape)
    elif kind == "nan":
        f[..., 0] = np.nan
    elif kind == "huge":
        f *= 3e307
    return f


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["plain", "equal", "two equal", "zeros", "odd", "nan", "huge"])
def test_it_is_a_stable_sort(kind, shape):
    f = values(kind, shape)
    order, ranked, clean = rank_best_first(f)
    counts = np.where(f < np.inf, f, np.inf)
    expected = np.array(
        [sorted(range(shape[-1]), key=row.__getitem__) for row in counts.reshape(-1, shape[-1])]
    ).reshape(shape)
    assert np.array_equal(order, expected)
    assert np.array_equal(ranked, np.take_along_axis(counts, expected, -1))
    assert clean == np.isfinite(f).all()


def test_a_row_has_the_ranks_that_it_has_alone():
    f = values("equal", (40, 20))
    order, ranked, _ = rank_best_first(f)
    for row, of_row, sorted_row in zip(f, order, ranked, strict=True):
        alone = rank_best_first(row)
        assert np.array_equal(alone[0], of_row) and np.array_equal(alone[1], sorted_row)
