"""Natural overthinking: hand-computed halves, exact tests against scipy and a loop, levels, symmetry."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotmess_inspect import decompose
from hotmess_inspect.analyses.overthinking import LinedUp, overthinking
from hotmess_inspect.decomposition import decompose_nested

from .worlds import letters, shuffled


def one_hot(answers, classes=4):
    return np.eye(classes)[np.array(answers)]


# Gold 0. First question by length: 0, 1 | 0, 2; second: 1, 1 | 1, 2.
PREDICTIONS = one_hot([[0, 2, 1, 0], [1, 1, 2, 1]])
LENGTHS = np.array([[10.0, 40, 20, 30], [1, 2, 3, 4]])
TARGET = np.zeros(2, int)


def test_hand_computed_halves():
    result = overthinking(PREDICTIONS, TARGET, LENGTHS, resamples=50)
    # Two epochs that differ: V = (1 - 1/2)·2 = 1; that agree: 0. Error is 2 per wrong answer.
    # Shorter: V = 1 + 0, error (0 + 2)/2 + 2 = 3. Longer: V = 1 + 1, error 1 + 2 = 3.
    assert result.below == pytest.approx(1 / 3)
    assert result.above == pytest.approx(2 / 3)
    assert result.difference == pytest.approx(1 / 3)
    assert (result.shorter.error, result.longer.error) == pytest.approx((1.5, 1.5))
    assert (result.shorter.accuracy, result.longer.accuracy) == pytest.approx((0.25, 0.25))
    # Means (15 + 1.5)/2 and (35 + 3.5)/2
    assert (result.shorter.length, result.longer.length) == pytest.approx((8.25, 19.25))
    # Six splits of either question, 36 in all, of which those with V different in the halves of the
    # second question (3 of 6 have both... counted by the loop below) decide.
    assert result.exhaustive and result.permutations == 36
    assert result.p_value == pytest.approx(naive_p_value(PREDICTIONS, LENGTHS))


def naive_p_value(predictions, lengths):
    """All rearrangements of all questions, in loops."""
    goal = np.eye(predictions.shape[2])[0]

    def terms(half):
        mean = np.mean(half, axis=0)
        return np.sum((half - mean) ** 2) / (len(half) - 1), np.mean(np.sum((half - goal) ** 2, axis=1))

    per_question = []
    for answers, length in zip(predictions, lengths, strict=True):
        ordered = answers[np.argsort(length)]
        size = len(ordered) // 2
        splits = []
        for below in combinations(range(len(ordered)), size):
            rest = [i for i in range(len(ordered)) if i not in below]
            for above in combinations(rest, size):
                splits.append(terms(ordered[list(below)]) + terms(ordered[list(above)]))
        first = terms(ordered[:size]) + terms(ordered[-size:])
        per_question.append((first, splits))

    def difference(rows):
        low_v, low_e, high_v, high_e = np.sum(rows, axis=0)
        return high_v / high_e - low_v / low_e if low_e > 0 and high_e > 0 else np.nan

    observed = abs(difference([first for first, _ in per_question]))
    everything = np.array([difference(rows) for rows in product(*(splits for _, splits in per_question))])
    defined = everything[~np.isnan(everything)]
    return np.mean(np.abs(defined) >= observed - 1e-12)


@pytest.mark.parametrize("epochs", [4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_enumeration_equals_a_loop(epochs, seed):
    rng = np.random.default_rng(seed)
    predictions, _ = letters(rng, questions=2, epochs=epochs, classes=3)
    predictions[:, 0] = [0, 1, 0]  # no half of nothing but right answers throughout
    lengths = rng.permuted(np.arange(2.0 * epochs).reshape(2, epochs) + 1, axis=1)
    result = overthinking(predictions, np.zeros(2, int), lengths, permutations=1000, resamples=2)
    if result.note:
        pytest.fail(f"the world of seed {seed} has no difference: {result.note}")
    assert result.exhaustive
    assert result.p_value == pytest.approx(naive_p_value(predictions, lengths), abs=1e-12)
    assert result.middle_epochs == 2 * (epochs % 2)


@pytest.mark.parametrize("seed", range(5))
def test_one_question_equals_scipy(seed):
    # Probability vectors that never hit the target: every half has an error.
    rng = np.random.default_rng(seed)
    predictions = rng.dirichlet(np.ones(4), 10)[None]
    lengths = rng.permutation(10.0 + np.arange(10))[None]
    order = np.argsort(lengths[0])

    def statistic(below, above):
        parts = [decompose(predictions[:, order[np.array(i, int)]], TARGET[:1]) for i in (below, above)]
        return parts[1].incoherence - parts[0].incoherence

    expected = stats.permutation_test(
        (np.arange(5), np.arange(5, 10)), statistic, n_resamples=np.inf, vectorized=False
    )
    result = overthinking(predictions, TARGET[:1], lengths, resamples=2)
    assert result.exhaustive and result.permutations == 252
    assert result.difference == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_drawn_permutations_agree_with_all_of_them():
    rng = np.random.default_rng(2)
    predictions = rng.dirichlet(np.ones(3), (3, 6))
    lengths = rng.random((3, 6))
    everything = overthinking(predictions, np.zeros(3, int), lengths, permutations=8000, resamples=2)
    drawn = overthinking(predictions, np.zeros(3, int), lengths, permutations=7999, resamples=2)
    assert everything.exhaustive and everything.permutations == 20**3
    assert not drawn.exhaustive and drawn.permutations == 7999
    # Binomial error √(p(1 - p)/7999) is below 0.006
    assert drawn.p_value == pytest.approx(everything.p_value, abs=0.025)


def test_many_questions_that_share_pools_keep_the_null_spread():
    # Over 1,000 questions are joined at random; the z of a normal approximation must agree.
    rng = np.random.default_rng(5)
    predictions, target = letters(rng, questions=1200, epochs=4)
    lengths = rng.integers(1, 9, (1200, 4)).astype(float)
    lengths += 2.0 * (predictions[:, :, 1] > 0)  # some connection: answer B takes longer
    result = overthinking(predictions, target, lengths, permutations=999, resamples=1000)
    width = result.difference_ci.high - result.difference_ci.low
    normal = 2 * stats.norm.sf(abs(result.difference) / (width / 3.92))
    assert result.p_value == pytest.approx(normal, abs=0.05)


def test_a_real_effect_is_found():
    # Long epochs guess at random, short ones always give the same wrong answer.
    rng = np.random.default_rng(0)
    lengths = rng.permuted(np.tile(np.arange(10.0), (60, 1)), axis=1)
    answers = np.where(lengths < 5, 1, rng.integers(0, 4, (60, 10)))
    result = overthinking(one_hot(answers), np.zeros(60, int), lengths)
    assert result.below == 0.0
    # Guesses over four classes: V = 3/4, error 2·3/4
    assert result.above == pytest.approx(0.5, abs=0.06)
    assert result.p_value == pytest.approx(0.001)
    assert result.difference_ci.low > 0.4


def rejections(worlds, questions, split, estimator, **options):
    """Share of p-values of at most 0.05, and of intervals without 0, in worlds without any effect."""
    low_p = outside = 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        predictions, target = letters(rng, questions=questions, epochs=8)
        lengths = rng.integers(1, 5, (questions, 8)).astype(float)
        result = overthinking(
            predictions, target, lengths, split=split, estimator=estimator, rng=rng, **options
        )
        low_p += result.p_value <= 0.05
        outside += not result.difference_ci.low <= 0 <= result.difference_ci.high
    return low_p / worlds, outside / worlds


def test_level_with_tied_lengths():
    # benchmarks/overthinking_level.py has the worlds that bound the level; these few catch a broken test.
    low_p, outside = rejections(100, 30, "equal", "unbiased", permutations=99, resamples=200)
    assert low_p <= 0.12
    assert outside <= 0.13
    _, paper = rejections(40, 120, "paper", "plugin", permutations=0, resamples=200)
    assert paper >= 0.4


def test_paper_split_sends_ties_to_the_longer_half():
    lengths = np.array([[1.0, 2, 2, 2, 3, 1]])  # median 2: two below, four at or above
    predictions = one_hot([[0, 1, 1, 1, 2, 1]])
    result = overthinking(
        predictions, np.zeros(1, int), lengths, split="paper", estimator="plugin", resamples=2
    )
    # Below: 0, 1 → V 1/2, error 1. At or above: 1, 1, 1, 2 → V = 1 - 10/16 = 3/8, error 2.
    assert result.below == pytest.approx(0.5)
    assert result.above == pytest.approx(3 / 16)
    # 6!/(2!4!) rearrangements; those with the right answer among the longer four leave the shorter
    # V 0 of 2 or 1/2 of 2, by the loop over pairs:
    assert result.exhaustive and result.permutations == 15
    assert result.tied_questions == 1


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_questions_and_epochs_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=9, epochs=7, missing=0.1)
    lengths = rng.integers(1, 4, (9, 7)).astype(float)
    (moved, moved_lengths), rows = shuffled(rng, predictions, lengths)
    options = {"resamples": 30, "permutations": 50}
    assert repr(overthinking(moved, target[rows], moved_lengths, **options)) == repr(
        overthinking(predictions, target, lengths, **options)
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_estimates_survive_doubling_renaming_and_reversal(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=8, epochs=6)
    lengths = rng.permuted(np.tile(np.arange(1.0, 7), (8, 1)), axis=1)
    options = {"resamples": 2, "permutations": 0}
    before = overthinking(predictions, target, lengths, **options)

    twice = overthinking(*(np.repeat(a, 2, axis=0) for a in (predictions, target, lengths)), **options)
    names = rng.permutation(4)
    renamed = overthinking(predictions[:, :, np.argsort(names)], names[target], lengths, **options)
    for after in (twice, renamed):
        assert (after.below, after.above) == pytest.approx((before.below, before.above), nan_ok=True)
    reversed_ = overthinking(predictions, target, 10 - lengths, **options)
    assert (reversed_.below, reversed_.above) == pytest.approx((before.above, before.below), nan_ok=True)


def test_loss_and_estimator_are_those_of_decompose():
    rng = np.random.default_rng(4)
    predictions = rng.dirichlet(np.ones(4), (5, 6))
    target = rng.integers(0, 4, 5)
    lengths = np.tile(np.arange(6.0), (5, 1))
    for loss, estimator in [("kl", "plugin"), ("kl", "jackknife"), ("brier", "plugin")]:
        result = overthinking(
            predictions, target, lengths, loss=loss, estimator=estimator, resamples=20, permutations=20
        )
        for half, part in [(result.shorter, predictions[:, :3]), (result.longer, predictions[:, 3:])]:
            expected = decompose(part, target, loss=loss, estimator=estimator)
            assert half.incoherence == pytest.approx(expected.incoherence, rel=1e-12)
            assert half.bias_squared == pytest.approx(expected.mean("bias_squared"), rel=1e-12)
        assert 0 < result.p_value <= 1


def test_many_unit_tests_in_few_dimensions():
    # 50 tests, 6 epochs, one task without the last 20 tests: the same numbers as without the reduction.
    rng = np.random.default_rng(8)
    outcomes = (rng.random((4, 6, 50)) < 0.7).astype(float)
    outcomes[1, :, 30:] = np.nan
    lengths = rng.permuted(np.tile(np.arange(6.0), (4, 1)), axis=1)
    result = overthinking(outcomes, 1.0, lengths, loss="squared", resamples=20, permutations=20)
    short = np.stack([rows[np.argsort(x)[:3]] for rows, x in zip(outcomes, lengths, strict=True)])
    expected = decompose(short, 1.0, loss="squared")
    assert result.below == pytest.approx(expected.incoherence, rel=1e-12)
    assert result.shorter.error == pytest.approx(expected.mean("error"), rel=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_order_of_tasks_and_epochs_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    outcomes = (rng.random((5, 6, 30)) < 0.6).astype(float)
    outcomes[2, :, 20:] = np.nan
    outcomes[3, 1] = np.nan
    lengths = rng.integers(1, 4, (5, 6)).astype(float)
    (moved, moved_lengths), _ = shuffled(rng, outcomes, lengths)
    options = {"loss": "squared", "resamples": 20, "permutations": 20}
    assert repr(overthinking(moved, 1.0, moved_lengths, **options)) == repr(
        overthinking(outcomes, 1.0, lengths, **options)
    )


def test_what_does_not_count_is_counted():
    predictions = one_hot([[1, 2, 1, 2, 1], [1, 2, 1, 2, 1], [1, 2, 1, 2, 3]])
    lengths = np.tile(np.arange(1.0, 6), (3, 1))
    lengths[1, :2] = np.nan  # three known: halves of one
    lengths[2, 4] = np.nan  # four known
    result = overthinking(predictions, np.zeros(3, int), lengths, resamples=5)
    assert result.questions == 2
    assert result.too_few_epochs_questions == 1
    assert result.unknown_length_epochs == 3
    assert result.middle_epochs == 1
    assert result.tied_questions == 0


def test_undefined_is_nan_with_a_reason():
    right = overthinking(one_hot(np.zeros((3, 6), int)), np.zeros(3, int), np.arange(18.0).reshape(3, 6))
    assert np.isnan([right.below, right.above, right.difference, right.p_value, *right.difference_ci]).all()
    assert "no question with two epochs has any error" in right.note

    # All errors in the longer half.
    half = overthinking(one_hot([[0, 0, 1, 2]]), np.zeros(1, int), np.arange(4.0)[None])
    assert np.isnan(half.below) and half.above == pytest.approx(0.5) and np.isnan(half.p_value)
    assert half.note.startswith("shorter epochs: undefined") and "longer" not in half.note

    kl = overthinking(
        one_hot([[0, 0, 1, 2]]), np.zeros(1, int), np.arange(4.0)[None], loss="kl", estimator="plugin"
    )
    assert np.isnan(kl.below) and np.isnan(kl.difference)

    none = overthinking(PREDICTIONS, TARGET, np.full((2, 4), np.nan))
    assert none.questions == 0 and np.isnan(none.difference) and "no question has two epochs" in none.note

    mode = overthinking(PREDICTIONS, TARGET, LENGTHS, loss="zero_one", estimator="plugin")
    assert np.isnan(mode.difference) and "zero-one" in mode.note
    assert mode.shorter.error == pytest.approx(0.75)


def test_undefined_rearrangements_are_set_aside():
    # One wrong answer in four: the half without it has no error, in every arrangement but those counted.
    predictions = one_hot([[0, 1, 0, 2]])
    result = overthinking(predictions, np.zeros(1, int), np.arange(4.0)[None])
    # {0,0} against {1,2} and its mirror are undefined: 2 of 6.
    assert result.undefined_permutations == 2
    assert result.permutations == 4
    assert result.p_value == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "median"}, "split='median' is not one of 'equal', 'paper'"),
        ({"permutations": -1}, "permutations=-1"),
        ({"level": 0}, "level=0"),
        ({"clusters": ["a"]}, "clusters has 1 label"),
        ({"loss": "kl"}, "does not exist"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        overthinking(PREDICTIONS, TARGET, LENGTHS, **options)


def test_errors_name_the_callers_question():
    wrong = PREDICTIONS.copy()
    wrong[1, 2] = [0.5, 0.2, 0, 0]
    with pytest.raises(ValueError, match=r"question 1 has probabilities that sum to 0\.7"):
        overthinking(wrong, TARGET, LENGTHS)


def shared_contexts(rng, questions=40, contexts=4, repeats=4):
    """Letters whose distribution changes with the context, lengths with the context too, and nothing else."""
    label = np.tile(np.repeat(np.arange(contexts), repeats), (questions, 1))
    pools = rng.dirichlet([0.4] * 4, (questions, contexts))
    # The last two contexts are long-winded and their answers are anyone's guess.
    pools[:, contexts // 2 :] = 0.25
    p = np.take_along_axis(pools, label[:, :, None], axis=1)
    answers = (rng.random((*label.shape, 1)) > p.cumsum(axis=2)[:, :, :-1]).sum(axis=2)
    lengths = rng.gamma(20, 5, label.shape) + 40.0 * (label >= contexts // 2)
    return np.eye(4)[answers], np.zeros(questions, int), lengths, label


def test_contexts_that_answer_longer_and_worse_are_no_overthinking():
    plain = within = 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 3])
        predictions, target, lengths, label = shared_contexts(rng)
        options = {"permutations": 99, "resamples": 2, "rng": rng}
        plain += overthinking(predictions, target, lengths, **options).p_value <= 0.05
        within += overthinking(predictions, target, lengths, contexts=label, **options).p_value <= 0.05
    # 5 % with a standard error of 2.8 points; rearranged across contexts, the contexts are found instead.
    assert within / 60 < 0.14
    assert plain / 60 > 0.3


def test_halves_of_shared_contexts_are_nested():
    rng = np.random.default_rng(0)
    predictions, target, lengths, label = shared_contexts(rng, questions=8, repeats=2)
    label[0] = 1  # one context left: no variance in either half
    found = overthinking(predictions, target, lengths, contexts=label, permutations=0, resamples=2)
    order = np.argsort(lengths, axis=1)
    for half, part in ((found.shorter, order[:, :4]), (found.longer, order[:, 4:])):
        rows = np.arange(8)[:, None]
        picked = decompose_nested(predictions[rows, part], target, label[rows, part])
        good = ~np.isnan(picked.variance)
        assert not good[0]
        if good[1:].all():
            assert half.incoherence == pytest.approx(picked.variance[1:].sum() / picked.error[1:].sum())
            assert half.questions == found.questions == 7
    assert found.too_few_epochs_questions >= 1


@pytest.mark.parametrize("loss", ["brier", "kl"])
def test_of_ties_the_seed_moves_nothing_or_hardly_anything(loss):
    rng = np.random.default_rng(2)
    predictions, target = letters(rng, questions=60, epochs=8)
    predictions = predictions * 0.9 + 0.025
    lengths = rng.integers(2, 4, (60, 8)).astype(float)
    options = {"loss": loss, "estimator": "plugin", "resamples": 2}
    found = [
        overthinking(predictions, target, lengths, permutations=199, rng=seed, **options) for seed in range(4)
    ]
    assert all(
        split.tie_breaks == (1 if loss == "brier" else 16) and split.tied_questions > 40 for split in found
    )
    p_values = [split.p_value for split in found]
    # One draw of the ties each would spread p over most of [0, 1]: its own spread is that of 199 permutations.
    assert max(p_values) - min(p_values) < 0.45
    spread = np.std([split.difference for split in found])
    assert spread == 0 if loss == "brier" else spread < 0.02


def test_ties_count_with_all_choices_of_who_goes_where():
    # Two epochs of length 1, two of length 2, two of length 3: halves of three part the middle pair.
    predictions = np.eye(2)[np.array([[0, 1, 0, 1, 0, 0]] * 2)]
    lengths = np.array([[1.0, 1, 2, 2, 3, 3]] * 2)
    right = np.array([[1, 0, 0, 1, 1, 1.0]] * 2)
    found = overthinking(predictions, np.zeros(2, int), lengths, permutations=0, resamples=2, correct=right)
    # The short half is (0, 1) with the middle 0 or 1: errors 2/3 or 4/3, variances 2/3 either way; the long half has
    # the other one: errors 2/3 and 0, variances 2/3 and 0. Of `correct` the middle pair has one of two.
    assert (found.shorter.error, found.longer.error) == pytest.approx((1, 1 / 3))
    assert (found.shorter.variance, found.longer.variance) == pytest.approx((2 / 3, 1 / 3))
    assert (found.shorter.bias_squared, found.longer.bias_squared) == pytest.approx((1 / 3, 0))
    assert (found.shorter.accuracy, found.longer.accuracy) == pytest.approx((0.5, 2.5 / 3))


@pytest.mark.parametrize("first", ["equal", "paper"])
def test_splits_that_share_their_epochs_in_order_are_those_of_their_own(first):
    rng = np.random.default_rng(8)
    predictions, target = letters(rng, questions=40, epochs=7, missing=0.15)
    # Lengths of few values: ties within questions, which each split breaks for itself.
    lengths = rng.integers(1, 5, (40, 7)).astype(float)
    lengths[rng.random(lengths.shape) < 0.1] = np.nan
    shared = LinedUp.of(predictions, target, lengths, loss="brier")
    options = {"equal": {"permutations": 99}, "paper": {"permutations": 0, "estimator": "plugin"}}
    second = {"equal": "paper", "paper": "equal"}[first]
    for split in (first, second, first):
        alone = overthinking(predictions, target, lengths, split=split, rng=3, **options[split])
        found = overthinking(
            predictions, target, lengths, split=split, rng=3, lined_up=shared, **options[split]
        )
        assert repr(found) == repr(alone)
