"""Groups of difficulty, exponents against size, and whether they are equal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotmess_inspect.analyses.groups import difficulty_groups, scaling_laws, slope_equality
from hotmess_inspect.decomposition import Decomposition

SIZES = np.array([1.0, 2.0, 4.0, 8.0])


def models(rng, questions=60, bias=(-1.0, -1.0), variance=(-0.5, -0.5), noise=0.3):
    """Decompositions of four models whose terms follow one exponent per half of the questions."""
    half = np.arange(questions) * 2 // questions
    found = []
    for size in SIZES:
        parts = [
            size ** np.array(exponents)[half] * rng.lognormal(-(noise**2) / 2, noise, questions)
            for exponents in (bias, variance)
        ]
        found.append(Decomposition(sum(parts), *parts, np.full(questions, 5), "brier", "unbiased"))
    return found, half


def test_groups_by_hand():
    lengths = np.array([[30.0, 50], [10, 10], [np.nan, np.nan], [20, np.nan], [90, 70], [60, 60]])
    # Means 40, 10, unknown, 20, 80, 60: 10 20 40 | 60 80
    assert difficulty_groups(lengths, groups=2).tolist() == [0, 0, -1, 0, 1, 1]
    assert difficulty_groups([3.0, 1, 2], groups=3).tolist() == [2, 0, 1]
    assert difficulty_groups([], groups=2).tolist() == []


def test_equal_lengths_stay_together_or_go_by_name():
    lengths = [5.0, 5, 5, 9]
    assert difficulty_groups(lengths, groups=2).tolist() == [0, 0, 0, 1]
    assert difficulty_groups(lengths, groups=2, ids=["c", "a", "b", "d"]).tolist() == [1, 0, 0, 1]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 5), st.randoms())
def test_groups_ignore_the_order_of_questions(lengths, groups, random):
    names = [f"q{i}" for i in range(len(lengths))]
    order = list(range(len(lengths)))
    random.shuffle(order)
    for ids in (None, names):
        number = difficulty_groups(np.array(lengths, float), groups=groups, ids=ids)
        moved = difficulty_groups(
            np.array([lengths[i] for i in order], float),
            groups=groups,
            ids=None if ids is None else [names[i] for i in order],
        )
        assert moved.tolist() == number[order].tolist()
    sizes = np.bincount(number, minlength=groups)
    assert sizes.max(initial=0) - sizes.min(initial=len(lengths)) <= 1
    # Longer is never in an earlier group.
    assert (np.diff(number[np.argsort(lengths, kind="stable")]) >= 0).all() or ids is not None


def test_exact_exponents():
    parts, half = models(np.random.default_rng(0), bias=(-1.5, -0.5), variance=(-1, -1), noise=0.0)
    laws = scaling_laws(SIZES, parts, half, resamples=20)
    assert [g.bias_squared.exponent for g in laws.groups] == pytest.approx([-1.5, -0.5])
    assert [g.variance.exponent for g in laws.groups] == pytest.approx([-1, -1])
    assert [g.difference for g in laws.groups] == pytest.approx([-0.5, 0.5])
    assert laws.groups[0].mean_bias_squared == pytest.approx(SIZES**-1.5)
    assert [g.questions for g in laws.groups] == [30, 30]


def test_equality_is_kept_or_rejected():
    rng = np.random.default_rng(1)
    # One draw: at 99 % it may miss once in a hundred, at 95 % once in twenty.
    same = scaling_laws(SIZES, *models(rng, questions=200, bias=(-1, -1)), level=0.99)
    assert same.bias_squared_equality.p_value > 0.01
    assert same.groups[0].equality.p_value < 1e-6  # -1 against -0.5
    assert same.groups[0].bias_squared_ci.low < -1 < same.groups[0].bias_squared_ci.high
    assert same.groups[0].difference_ci.high < 0
    other = scaling_laws(SIZES, *models(rng, questions=200, bias=(-1, -0.8), variance=(-1, -1)))
    assert other.bias_squared_equality.p_value < 1e-4
    assert other.variance_equality.p_value > 0.01
    assert other.bias_squared_equality.degrees_of_freedom == 1


def test_wald_statistic_by_hand():
    # Replicates of three exponents from 20 questions; contrasts to the first, their covariance times 20/19,
    # and the quadratic form, which times 18/(2·19) is F with 2 and 18 degrees of freedom.
    rng = np.random.default_rng(2)
    replicates = rng.normal(size=(500, 3)) * [1, 2, 3]
    estimates = np.array([0.0, 1.0, 4.0])
    contrasts = np.array([[-1.0, 1, 0], [-1, 0, 1]])
    middle = np.linalg.inv(contrasts @ np.cov(replicates.T) @ contrasts.T) * 19 / 20
    expected = contrasts @ estimates @ middle @ contrasts @ estimates
    found = slope_equality(estimates, replicates, 20)
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    assert found.p_value == pytest.approx(stats.f.sf(expected * 18 / 38, 2, 18), rel=1e-9)


@pytest.mark.parametrize(
    ("exponents", "replicates", "units"),
    [
        ([1.0], np.ones((9, 1)), 9),
        ([1.0, np.nan], np.ones((9, 2)), 9),
        ([1.0, 2.0], np.ones((9, 2)), 9),
        ([1.0, 2.0], np.full((9, 2), np.nan), 9),
        ([1.0, 2.0], np.arange(18.0).reshape(9, 2) ** 2, 1),
    ],
)
def test_no_test_without_spread(exponents, replicates, units):
    assert np.isnan(slope_equality(exponents, replicates, units).p_value)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_order_of_questions_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    parts, half = models(rng, questions=14)
    order = rng.permutation(14)
    moved = [
        Decomposition(d.error[order], d.bias_squared[order], d.variance[order], d.epochs[order])
        for d in parts
    ]
    assert repr(scaling_laws(SIZES, moved, half[order], resamples=30)) == repr(
        scaling_laws(SIZES, parts, half, resamples=30)
    )


def test_doubled_questions_keep_exponents_and_clusters_keep_their_intervals():
    rng = np.random.default_rng(4)
    parts, half = models(rng, questions=40)
    twice = [
        Decomposition(*(np.repeat(a, 6) for a in (d.error, d.bias_squared, d.variance, d.epochs)))
        for d in parts
    ]
    once = scaling_laws(SIZES, parts, half).groups[0]
    plain = scaling_laws(SIZES, twice, np.repeat(half, 6)).groups[0]
    honest = scaling_laws(
        SIZES, twice, np.repeat(half, 6), clusters=np.repeat(np.arange(40), 6).tolist()
    ).groups[0]
    assert plain.variance.exponent == pytest.approx(once.variance.exponent)
    width = [g.variance_ci.high - g.variance_ci.low for g in (once, plain, honest)]
    assert width[1] < 0.6 * width[0]
    assert width[2] == pytest.approx(width[0], rel=0.15)


def test_what_is_left_out_is_counted():
    parts, half = models(np.random.default_rng(5), questions=10)
    parts[2].variance[0] = np.nan
    group = half.copy()
    group[9] = -1
    laws = scaling_laws(SIZES, parts, group, resamples=10)
    assert (laws.incomplete_questions, laws.ungrouped_questions) == (1, 1)
    assert [g.questions for g in laws.groups] == [4, 4]


def test_no_bias_left_means_no_exponent():
    parts, half = models(np.random.default_rng(6), questions=10)
    for part in parts[1:]:
        part.bias_squared[:] = -0.01
    group = scaling_laws(SIZES, parts, half, resamples=10).groups[0]
    assert np.isnan(group.bias_squared.exponent)
    assert "only the points of the smallest x are positive" in group.bias_squared.note
    assert np.isnan([group.difference, *group.difference_ci, group.equality.p_value]).all()
    assert np.isfinite(group.variance.exponent)
    assert np.isfinite(group.variance_ci).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": [1, 2, 3]}, "there are 4 decompositions"),
        ({"sizes": [1, 2, 3, 0]}, "must be positive"),
        ({"groups": [0, 1]}, "decomposition 0 has 60 questions"),
        ({"groups": [0.5] * 60}, "groups must hold integers"),
        ({"level": 2}, "level=2"),
        ({"clusters": ["a"]}, "clusters has 1 label"),
    ],
)
def test_bad_arguments(change, message):
    parts, half = models(np.random.default_rng(7))
    arguments = {"sizes": SIZES, "decompositions": parts, "groups": half} | change
    with pytest.raises(ValueError, match=message):
        scaling_laws(**arguments)


def test_bad_groups():
    with pytest.raises(ValueError, match="groups=0"):
        difficulty_groups([1.0], groups=0)
    with pytest.raises(ValueError, match="ids has 1 name"):
        difficulty_groups([1.0, 2], ids=["a"])
