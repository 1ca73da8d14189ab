"""The bootstrap engine against plain loops and its own promises."""

import numpy as np
import pytest

from hotmess_inspect.decomposition import canonical_order, cluster_sums, draw_weights, resampled_sums


def test_weights_are_counts_of_the_draws():
    weights = draw_weights(7, 5, np.random.default_rng(3))
    draws = np.random.default_rng(3).integers(0, 7, size=(5, 7))
    assert weights.tolist() == [np.bincount(row, minlength=7).tolist() for row in draws]


def test_weights_have_the_moments_of_a_multinomial():
    # Each count has mean 1 and variance 1 - 1/N, two counts the covariance -1/N.
    weights = draw_weights(10, 20_000, np.random.default_rng(0)).astype(float)
    covariance = np.cov(weights.T)
    assert weights.mean(axis=0) == pytest.approx(np.ones(10), abs=0.03)
    assert np.diag(covariance) == pytest.approx(np.full(10, 0.9), abs=0.05)
    assert covariance[0, 1:] == pytest.approx(np.full(9, -0.1), abs=0.03)


def test_sums_equal_those_of_resampled_rows():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(11, 3))
    draws = np.random.default_rng(5).integers(0, 11, size=(40, 11))
    sums = resampled_sums(table, resamples=40, rng=np.random.default_rng(5))
    assert sums == pytest.approx(np.stack([table[row].sum(axis=0) for row in draws]), abs=1e-12)


def test_kept_weights_give_the_same_bits_as_fresh_ones():
    # More counts than fit one block, so that several are drawn.
    table = np.random.default_rng(1).normal(size=(3000, 2))
    kept = draw_weights(3000, 800, np.random.default_rng(5))
    fresh = resampled_sums(table, resamples=800, rng=np.random.default_rng(5))
    assert np.array_equal(fresh, resampled_sums(table, weights=kept))


def test_canonical_order_undoes_a_shuffle():
    table = np.random.default_rng(0).integers(0, 3, size=(50, 3)).astype(float)
    shuffled = table[np.random.default_rng(1).permutation(50)]
    assert np.array_equal(table[canonical_order(table)], shuffled[canonical_order(shuffled)])


def test_cluster_sums_add_the_rows_of_each_label():
    table = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    sums = cluster_sums(table, np.array(["b", "a", "b"]))
    assert sorted(sums.tolist()) == [[2.0, 20.0], [5.0, 50.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_weights(0, 5, np.random.default_rng(0)), "questions=0"),
        (lambda: draw_weights(5, 0, np.random.default_rng(0)), "resamples=0"),
        (lambda: resampled_sums(np.zeros(3)), r"\(questions, columns\)"),
        (
            lambda: resampled_sums(np.zeros((3, 1)), weights=np.zeros((2, 4), np.uint8)),
            "do not fit 3 questions",
        ),
    ],
)
def test_wrong_sizes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_weights_that_are_kept_change_no_bit_and_no_later_draw():
    table = np.random.default_rng(1).random((30, 2))
    first, second, other = (np.random.default_rng(seed) for seed in (5, 5, 6))
    found = resampled_sums(table, resamples=50, rng=first)
    expected = draw_weights(30, 50, np.random.default_rng(5)).astype(float) @ table
    np.testing.assert_array_equal(found, expected)
    # The second generator is in the state of the first: the same sums, and both go on alike.
    np.testing.assert_array_equal(resampled_sums(table, resamples=50, rng=second), expected)
    assert first.random() == second.random()
    assert (resampled_sums(table, resamples=50, rng=other) != expected).any()
    assert (resampled_sums(table, resamples=50, rng=first) != expected).any()
    for seed in range(20):
        resampled_sums(table, resamples=50, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(resampled_sums(table, resamples=50, rng=np.random.default_rng(5)), expected)
