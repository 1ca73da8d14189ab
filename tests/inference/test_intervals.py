"""Intervals against scipy, statsmodels and algebra."""

from itertools import combinations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose
from hotmess_inspect.decomposition import (
    difference_intervals,
    draw_weights,
    jackknife_ratios,
    ratio_interval,
    ratio_intervals,
)
from hotmess_inspect.inference.intervals import ratio_table

METHODS = ["studentised", "linearised", "jackknife"]


def pairs(seed, questions=40):
    """Numerators below denominators, some of both 0, ascending: the order the bootstrap draws in."""
    rng = np.random.default_rng(seed)
    table = np.round(rng.gamma(0.5, size=(questions, 2)), 1)
    table[:, 1] += table[:, 0]
    return table[np.lexsort(table.T[::-1])].T


def ratio(v, e, axis=-1):
    return v.sum(axis=axis) / e.sum(axis=axis)


@pytest.mark.parametrize("clustered", [False, True])
def test_linearised_equals_the_robust_regression_of_statsmodels(clustered):
    # Σv/Σe is the weighted least-squares slope of v on e through 0 with weights 1/e; the delta-method
    # error is its cluster-robust one.
    v, e = pairs(3)
    e = e + 0.1
    groups = np.arange(len(v)) // 4 if clustered else np.arange(len(v))
    fit = sm.WLS(v, e, weights=1 / e).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    found = ratio_interval(v, e, clusters=groups if clustered else None, method="linearised")
    assert found == pytest.approx(fit.conf_int()[0], abs=1e-9)


def test_a_linearised_mean_is_students_interval():
    v, _ = pairs(4)
    expected = scipy.stats.ttest_1samp(v, 0.0).confidence_interval(0.9)
    found = ratio_interval(v, np.ones_like(v), level=0.9, method="linearised")
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_studentised_equals_a_loop():
    v, e = pairs(5)
    n, theta = len(v), v.sum() / e.sum()

    def error(v, e):
        return np.sqrt(n / (n - 1) * np.square(v - v.sum() / e.sum() * e).sum()) / e.sum()

    pivots = []
    for draw in np.random.default_rng(7).integers(0, n, size=(300, n)):
        spread = np.sqrt((n * error(v[draw], e[draw]) ** 2 + error(v, e) ** 2) / (n + 1))
        pivots.append((v[draw].sum() / e[draw].sum() - theta) / spread)
    low, high = theta - np.quantile(pivots, [0.975, 0.025]) * error(v, e)
    found = ratio_interval(v, e, resamples=300, rng=np.random.default_rng(7))
    assert found == pytest.approx((low, high), abs=1e-9)


def test_quantiles_of_a_mean_go_part_of_the_way_to_student():
    # Most questions without error: the bootstrap draws the near end too near where the mean is by luck high.
    e = np.where(np.arange(40) < 32, 0.0, np.random.default_rng(3).random(40))
    counted = np.where(np.arange(40) % 7 == 3, 0.0, 1.0)
    e = e * counted
    order = np.lexsort((counted, e))  # the order the bootstrap draws in
    e, counted = e[order], counted[order]
    n, mean = 40, e.sum() / counted.sum()

    def influence(e, c):
        return (e - e.sum() / c.sum() * c) / c.sum()

    def error(e, c):
        return np.sqrt(n / (n - 1) * np.square(influence(e, c)).sum())

    pivots = []
    for draw in np.random.default_rng(7).integers(0, n, size=(300, n)):
        spread = np.sqrt((n * error(e[draw], counted[draw]) ** 2 + error(e, counted) ** 2) / (n + 1))
        pivots.append((e[draw].sum() / counted[draw].sum() - mean) / spread)
    u = influence(e, counted)
    carrying = np.square(np.square(u).sum()) / np.power(u, 4).sum()
    assert 4 < carrying < 8
    part = (1 - 2 / carrying) / 2
    student = scipy.stats.t.ppf([0.975, 0.025], n - 1)
    quantiles = (1 - part) * np.quantile(pivots, [0.975, 0.025]) + part * student
    found = ratio_interval(e, counted, resamples=300, rng=np.random.default_rng(7))
    assert found == pytest.approx(tuple(mean - quantiles * error(e, counted)), abs=1e-9)
    # A ratio has a denominator of its own, which Student's quantiles know nothing of.
    assert ratio_table([e[:, None], (e + counted)[:, None]], None).student_share == [0.0]


def test_jackknife_equals_leaving_out_one_by_one_and_two_by_two():
    v, e = pairs(7, questions=12)
    n, theta = 12, v.sum() / e.sum()
    one = np.mean([np.delete(v, i).sum() / np.delete(e, i).sum() for i in range(n)])
    two = np.mean([np.delete(v, ij).sum() / np.delete(e, ij).sum() for ij in combinations(range(n), 2)])
    expected = (n**2 * theta - 2 * (n - 1) ** 2 * one + (n - 2) ** 2 * two) / 2
    assert jackknife_ratios(v[:, None], e[:, None])[0] == pytest.approx(expected, abs=1e-10)


def test_jackknife_of_many_questions_is_of_first_order():
    v, e = pairs(7, questions=201)
    one = np.mean([(v.sum() - a) / (e.sum() - b) for a, b in zip(v, e, strict=True)])
    expected = 201 * v.sum() / e.sum() - 200 * one
    assert jackknife_ratios(v[:, None], e[:, None])[0] == pytest.approx(expected, abs=1e-10)


def test_jackknife_takes_away_the_bias_of_a_ratio():
    # Tables of 10 questions with v = 1/2 and E e = 1: Σe is Gamma(10), so E Σv/Σe = 5 E 1/Σe = 5/9, not 1/2.
    rng = np.random.default_rng(0)
    e = rng.gamma(1.0, size=(10, 20_000))
    v = np.full_like(e, 0.5)
    plain = (v.sum(axis=0) / e.sum(axis=0)).mean()
    assert plain == pytest.approx(5 / 9, abs=0.006)
    assert jackknife_ratios(v, e).mean() == pytest.approx(0.5, abs=0.006)


def test_many_columns_share_resamples_with_single_ones():
    table = np.sort(np.random.default_rng(0).gamma(1.0, size=(30, 3)), axis=0)
    together = ratio_intervals(table, np.ones((30, 1)), resamples=200, rng=np.random.default_rng(1))
    alone = [
        ratio_interval(column, np.ones(30), resamples=200, rng=np.random.default_rng(1)) for column in table.T
    ]
    assert together == pytest.approx(np.array(alone), abs=1e-12)


def test_kept_weights_replace_the_generator():
    v, e = pairs(8)
    kept = draw_weights(len(v), 200, np.random.default_rng(9))
    a = ratio_intervals(v[:, None], e[:, None], weights=kept)
    b = ratio_intervals(v[:, None], e[:, None], resamples=200, rng=np.random.default_rng(9))
    assert np.array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(METHODS), clustered=st.booleans())
def test_order_changes_no_bit(seed, method, clustered):
    v, e = pairs(seed, questions=20)
    clusters = np.random.default_rng(seed).integers(0, 8, 20)
    order = np.random.default_rng(seed + 1).permutation(20)

    def interval(index):
        labels = clusters[index] if clustered else None
        return ratio_interval(v[index], e[index], resamples=60, clusters=labels, method=method)

    assert np.array_equal(interval(np.arange(20)), interval(order), equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 100), method=st.sampled_from(METHODS))
def test_scale_of_the_loss_does_not_matter(seed, scale, method):
    v, e = pairs(seed)
    a = ratio_interval(v, e, resamples=60, method=method)
    b = ratio_interval(v * scale, e * scale, resamples=60, method=method)
    assert b == pytest.approx(a, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("method", METHODS)
def test_too_little_to_rest_on_is_nan(method):
    assert np.isnan(ratio_interval([], [], method=method)).all()
    assert np.isnan(ratio_interval([1.0], [2.0], method=method)).all()
    assert np.isnan(ratio_interval([1.0, 0.0, 0.0], [2.0, 0.0, 0.0], method=method)).all()
    assert np.isnan(ratio_interval([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], method=method)).all()
    assert np.isnan(ratio_interval([1.0, 2.0], [2.0, 3.0], clusters=np.array([0, 0]), method=method)).all()


def test_one_erring_resample_does_not_unbind_an_end():
    v = np.zeros(20)
    v[:2] = 1.0, 0.5
    low, high = ratio_interval(v, np.ones(20))
    assert np.isfinite([low, high]).all() and low < v.mean() < high


def test_large_tables_take_the_delta_method():
    v, e = pairs(0, questions=10_001)
    assert ratio_interval(v, e) == ratio_interval(v, e, method="linearised")
    v, e = pairs(0, questions=300)
    assert ratio_interval(v, e) == ratio_interval(v, e, method="studentised")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, r"level=1.0 is outside \(0, 1\)"),
        ({"resamples": 0}, "resamples=0 must be at least 1"),
        ({"method": "magic"}, "method='magic'.*'studentised'"),
        ({"clusters": np.zeros(3)}, r"clusters has shape \(3,\)"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        ratio_interval([1.0, 2.0], [2.0, 3.0], **options)


def test_wrong_columns():
    with pytest.raises(ValueError, match="numerators of question 1 are not finite"):
        ratio_interval([1.0, np.nan], [2.0, 3.0])
    with pytest.raises(ValueError, match="disagree"):
        ratio_interval([1.0, 2.0], [2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="paired"):
        difference_intervals((np.ones((2, 1)), np.ones((2, 1))), (np.ones((3, 1)), np.ones((3, 1))))


def answers(seed=0, questions=60, epochs=6):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.6, 0.3, 0.3], size=questions)
    drawn = (rng.random((questions, epochs, 1)) > p.cumsum(axis=1)[:, None, :2]).sum(axis=2)
    return np.eye(3)[drawn], np.zeros(questions, int)


@pytest.mark.parametrize("quantity", ["error", "bias_squared", "variance", "incoherence"])
def test_decomposition_intervals_hold_their_estimate_and_repeat(quantity):
    d = decompose(*answers())
    a = d.interval(quantity, rng=np.random.default_rng(3))
    assert a == d.interval(quantity, rng=np.random.default_rng(3))
    assert a != d.interval(quantity, rng=np.random.default_rng(4))
    assert a.low < d.mean(quantity) < a.high
    wide = d.interval(quantity, level=0.99, rng=np.random.default_rng(3))
    assert wide.low < a.low and a.high < wide.high


def test_an_interval_of_incoherence_stays_in_its_range():
    predictions, target = answers(seed=1, questions=6, epochs=3)
    low, high = decompose(predictions, target).interval(level=0.999)
    assert low >= 0.0 and high <= 1.0


def test_clusters_widen_the_interval_by_what_they_share():
    # Every question stands in the table five times: five-fold clusters undo the false precision.
    predictions, target = answers(seed=2)
    once = decompose(predictions, target)
    copies = decompose(np.repeat(predictions, 5, axis=0), np.repeat(target, 5))
    labels = [f"question {i}" for i in np.repeat(np.arange(60), 5)]
    naive, honest = copies.interval(), copies.interval(clusters=labels)
    linear = copies.interval(clusters=labels, method="linearised")
    assert tuple(linear) == pytest.approx(tuple(once.interval(method="linearised")), abs=1e-12)
    # By default clusters that hardly err count for less, so it is wider, not narrower.
    assert honest.high - honest.low > linear.high - linear.low
    assert naive.high - naive.low < 0.6 * (honest.high - honest.low)


def test_wrong_clusters_of_a_decomposition():
    with pytest.raises(ValueError, match="clusters has 3 labels; there are 60 questions"):
        decompose(*answers()).interval(clusters=[1, 2, 3])


def test_correction_of_the_ratio():
    d = decompose(*answers())
    v, e = d.variance, d.error
    expected = jackknife_ratios(v[:, None], e[:, None])[0]
    assert d.corrected_incoherence == expected
    assert np.isnan(decompose(np.eye(2)[[[0, 0], [0, 0]]], [0, 0]).corrected_incoherence)


def test_the_default_covers_few_questions():
    # Thirty questions of which one in three errs, half of its errors incoherent on average: E v/E e = 1/2.
    # docs/statistics.md has the full study; these few worlds catch a broken interval.
    rng = np.random.default_rng(0)
    e = rng.gamma(1.0, size=(30, 600)) * (rng.random((30, 600)) < 1 / 3)
    v = e * rng.beta(1.0, 1.0, size=e.shape)
    low, high = ratio_intervals(v, e, resamples=500, rng=np.random.default_rng(1)).T
    assert 0.92 <= np.mean((low <= 0.5) & (0.5 <= high)) <= 0.97


def test_resampled_clusters_cover_what_questions_do_not():
    # Forty clusters of five questions that share how incoherent they are: E v/E e = 1/2 again.
    rng = np.random.default_rng(0)
    e = rng.gamma(2.0, size=(200, 400))
    v = e * np.repeat(rng.beta(1.0, 1.0, size=(40, 400)), 5, axis=0)
    covered = {}
    for name, clusters in (("questions", None), ("clusters", np.repeat(np.arange(40), 5))):
        ends = ratio_intervals(v, e, resamples=500, clusters=clusters, rng=np.random.default_rng(1))
        covered[name] = np.mean((ends[:, 0] <= 0.5) & (ends[:, 1] >= 0.5))
    assert 0.92 <= covered["clusters"] <= 0.98
    assert covered["questions"] < 0.80
