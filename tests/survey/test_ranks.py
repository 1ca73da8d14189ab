import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from scipy import stats

from hotmess_inspect.experiments.survey.ranks import (
    kendall_w,
    mean_ranks,
    rank_errors,
    ranks_from_order,
    spearman,
)

TABLES = stnp.arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(3, 8)), elements=st.integers(0, 5))


def test_full_and_partial_rankings_by_hand():
    np.testing.assert_array_equal(ranks_from_order([2, 0, 1], 3), [2, 3, 1])
    # 3 of 5: the i-th of three random ones is expected at i · 6 / 4; the other two at 3.
    np.testing.assert_allclose(ranks_from_order([4, 0, 1], 5), [3.0, 4.5, 3.0, 3.0, 1.5])


@given(st.integers(3, 7), st.data())
def test_expected_ranks_are_those_over_all_ways_to_complete(n, data):
    k = data.draw(st.integers(1, n))
    order = data.draw(st.permutations(range(n)))[:k]
    found = ranks_from_order(order, n)
    assert found.mean() == pytest.approx((n + 1) / 2)
    # Every full ranking that agrees with the partial one, equally likely.
    import itertools

    agreeing = [p for p in itertools.permutations(range(n)) if [x for x in p if x in order] == list(order)]
    expected = np.mean([[p.index(entity) + 1 for entity in range(n)] for p in agreeing], axis=0)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("order", [[0, 0], [3], [-1]])
def test_what_is_no_ranking_is_refused(order):
    with pytest.raises(ValueError, match="is no ranking of 3 entities"):
        ranks_from_order(order, 3)


def test_means_errors_and_weights():
    table = [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [1.0, 3.0, 2.0]]
    np.testing.assert_allclose(mean_ranks(table), [5 / 3, 7 / 3, 2])
    # Deviations of (1, 3, 1): -2/3, 4/3, -2/3; s² = 24/9/2 = 4/3; √(4/3/3).
    assert rank_errors(table)[0] == pytest.approx(2 / 3)
    np.testing.assert_allclose(mean_ranks(table, [[2, 1, 0]]), [[5 / 3, 2, 7 / 3]])
    assert np.isnan(rank_errors(table[:1])).all()


@given(TABLES)
def test_concordance_is_friedmans_statistic(table):
    raters, entities = table.shape
    if all(len(set(row)) == 1 for row in table):
        assert np.isnan(kendall_w(table))
        return
    # scipy's Friedman test takes measurements of repeated samples, tie-corrected: χ² = m (n - 1) W.
    statistic, _ = stats.friedmanchisquare(*table.T)
    assert kendall_w(table) == pytest.approx(statistic / (raters * (entities - 1)), abs=1e-12)


def test_concordance_at_its_ends():
    assert kendall_w([[1, 2, 3, 4]] * 5) == pytest.approx(1.0)
    assert kendall_w([[1, 2, 3], [3, 2, 1]]) == 0.0
    assert np.isnan(kendall_w([[1, 2, 3]]))


@given(TABLES, st.randoms(use_true_random=False))
def test_spearman_is_scipys_row_by_row(table, random):
    other = np.array([random.sample(range(table.shape[1]), table.shape[1]) for _ in table])
    for row, against, found in zip(table, other, spearman(table, other), strict=True):
        if len(set(row)) == 1:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(stats.spearmanr(row, against).statistic, abs=1e-12)


def test_two_entities_have_no_correlation():
    assert np.isnan(spearman([1.0, 2.0], [1.0, 2.0]))
