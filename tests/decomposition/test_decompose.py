"""Edges, errors and invariances of the decomposition."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose

COMBINATIONS = [
    ("kl", "plugin"),
    ("kl", "jackknife"),
    ("brier", "plugin"),
    ("brier", "unbiased"),
    ("zero_one", "plugin"),
    ("squared", "plugin"),
    ("squared", "unbiased"),
]


def random_case(seed, loss="brier", questions=6, epochs=5, classes=3, ragged=True, sharp=False):
    """Random predictions; some epochs are missing, one question has one epoch and one has none."""
    rng = np.random.default_rng(seed)
    if loss == "squared":
        predictions, target = (
            rng.normal(size=(questions, epochs, classes)),
            rng.normal(size=(questions, classes)),
        )
    else:
        predictions = rng.dirichlet(np.full(classes, 0.5), size=(questions, epochs))
        if sharp:
            predictions = np.eye(classes)[predictions.argmax(axis=2)]
        target = rng.integers(0, classes, questions)
    if ragged:
        predictions[rng.random((questions, epochs)) < 0.2] = np.nan
        predictions[1] = np.nan
        predictions[2, 1:] = np.nan
        predictions[2, 0] = 1 / classes
    return predictions, target


def naive_terms(rows, y, loss, estimator, smoothing=1e-12):
    """One question by the textbook, with plain Python numbers: error, bias², variance."""
    rows = [[float(v) for v in row] for row in rows if not math.isnan(row[0])]
    n = len(rows)
    if n == 0:
        return math.nan, math.nan, math.nan
    width = len(rows[0])
    if loss in ("brier", "squared"):
        point = [1.0 * (c == y) for c in range(width)] if loss == "brier" else list(y)
        weight = 1.0 if loss == "brier" else 1.0 / width
        mean = [math.fsum(row[c] for row in rows) / n for c in range(width)]
        error = weight * math.fsum((row[c] - point[c]) ** 2 for row in rows for c in range(width)) / n
        variance = weight * math.fsum((row[c] - mean[c]) ** 2 for row in rows for c in range(width)) / n
    elif loss == "zero_one":
        # An epoch whose k top classes tie votes 1/k for each.
        tops = [[c for c in range(width) if row[c] == max(row)] for row in rows]
        votes = [math.fsum((c in top) / len(top) for top in tops) for c in range(width)]
        error = 1 - votes[y] / n
        bias = 0.0 if votes[y] > max(votes) - 1e-6 else 1.0
        return error, bias if n > 1 else math.nan, error - bias if n > 1 else math.nan
    else:
        rows = [[(v + smoothing) / (1 + width * smoothing) for v in row] for row in rows]
        error = math.fsum(-math.log(row[y]) for row in rows) / n

        def spread(rows):
            g = [math.exp(math.fsum(math.log(row[c]) for row in rows) / len(rows)) for c in range(width)]
            g = [v / math.fsum(g) for v in g]
            return math.fsum(g[c] * math.log(g[c] / row[c]) for row in rows for c in range(width)) / len(rows)

        variance = spread(rows)
        if estimator == "jackknife" and n > 1:
            left_out = [spread(rows[:r] + rows[r + 1 :]) for r in range(n)]
            variance = n * variance - (n - 1) * math.fsum(left_out) / n
    if n == 1:
        return error, math.nan, math.nan
    if estimator == "unbiased":
        variance *= n / (n - 1)
    return error, error - variance, variance


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    combination=st.sampled_from(COMBINATIONS),
    epochs=st.integers(1, 9),
    classes=st.integers(2, 5),
    sharp=st.booleans(),
)
def test_equals_the_textbook(seed, combination, epochs, classes, sharp):
    loss, estimator = combination
    predictions, target = random_case(seed, loss, epochs=epochs, classes=classes, sharp=sharp)
    d = decompose(predictions, target, loss=loss, estimator=estimator)
    for q in range(len(predictions)):
        expected = naive_terms(predictions[q], target[q], loss, estimator)
        # Leave-one-out values are multiplied by R, and KL sums reach 27 nats an epoch.
        assert (d.error[q], d.bias_squared[q], d.variance[q]) == pytest.approx(
            expected, abs=1e-10, nan_ok=True
        )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), combination=st.sampled_from(COMBINATIONS))
def test_error_is_bias_squared_plus_variance(seed, combination):
    loss, estimator = combination
    d = decompose(*random_case(seed, loss), loss=loss, estimator=estimator)
    repeated = d.epochs >= 2
    assert np.abs(d.error - d.bias_squared - d.variance)[repeated].max(initial=0.0) <= 1e-12


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), combination=st.sampled_from(COMBINATIONS))
def test_order_changes_no_bit(seed, combination):
    loss, estimator = combination
    predictions, target = random_case(seed, loss, epochs=9)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(predictions))
    shuffled = predictions[order]
    for question in shuffled:
        rng.shuffle(question)
    a = decompose(predictions, target, loss=loss, estimator=estimator)
    b = decompose(shuffled, target[order], loss=loss, estimator=estimator)
    for name in ("error", "bias_squared", "variance"):
        assert np.array_equal(getattr(a, name)[order], getattr(b, name), equal_nan=True)
        assert np.array_equal(a.mean(name), b.mean(name), equal_nan=True)
        assert np.array_equal(a.interval(name, resamples=50), b.interval(name, resamples=50), equal_nan=True)
    assert np.array_equal(a.incoherence, b.incoherence, equal_nan=True)
    assert np.array_equal(a.interval(resamples=50), b.interval(resamples=50), equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), combination=st.sampled_from(COMBINATIONS), sharp=st.booleans())
def test_relabelled_classes_change_nothing(seed, combination, sharp):
    loss, estimator = combination
    predictions, target = random_case(seed, loss, sharp=sharp)
    relabel = np.random.default_rng(seed).permutation(predictions.shape[2])
    swapped = target[:, relabel] if loss == "squared" else np.argsort(relabel)[target]
    a = decompose(predictions, target, loss=loss, estimator=estimator)
    b = decompose(predictions[:, :, relabel], swapped, loss=loss, estimator=estimator)
    assert b.variance == pytest.approx(a.variance, abs=1e-12, nan_ok=True)
    assert b.incoherence == pytest.approx(a.incoherence, abs=1e-12, nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), combination=st.sampled_from(COMBINATIONS))
def test_duplicated_questions_leave_the_incoherence(seed, combination):
    loss, estimator = combination
    predictions, target = random_case(seed, loss)
    once = decompose(predictions, target, loss=loss, estimator=estimator)
    twice = decompose(
        np.concatenate([predictions] * 2), np.concatenate([target] * 2), loss=loss, estimator=estimator
    )
    assert twice.incoherence == pytest.approx(once.incoherence, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(("loss", "estimator"), COMBINATIONS)
def test_one_epoch_has_an_error_and_no_variance(loss, estimator):
    predictions, target = random_case(3, loss, epochs=1, ragged=False)
    d = decompose(predictions, target, loss=loss, estimator=estimator)
    assert np.isfinite(d.error).all()
    assert np.isnan(d.variance).all() and np.isnan(d.bias_squared).all()
    assert np.isnan(d.incoherence)
    assert d.single_epoch_questions == 6
    assert d.mean("error") == pytest.approx(d.error.mean())
    assert np.isnan(d.mean("variance"))
    assert d.interval("error", resamples=50).low <= d.mean("error") <= d.interval("error", resamples=50).high
    assert np.isnan(d.interval("variance", resamples=50)).all()
    assert np.isnan(d.interval(resamples=50)).all()


def test_reasons_for_an_undefined_incoherence():
    one = np.eye(3)[np.zeros((2, 1), int)]
    assert "two epochs" in decompose(one, [1, 1]).incoherence_note
    right = np.eye(3)[np.zeros((2, 4), int)]
    assert "no question with two epochs has any error" in decompose(right, [0, 0]).incoherence_note
    assert decompose(right, [0, 1]).incoherence_note == ""


@pytest.mark.parametrize("smoothing", [1e-12, 1e-6, 1e-2])
def test_no_error_is_undefined_whatever_the_smoothing_adds(smoothing):
    right = np.eye(4)[np.full((3, 5), 2)]
    d = decompose(right, [2, 2, 2], loss="kl", estimator="plugin", smoothing=smoothing)
    assert np.isnan(d.incoherence)
    assert d.zero_error_questions == 3


def test_counts():
    predictions = np.eye(2)[np.array([[0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0]])]
    predictions[2, 1:] = np.nan
    predictions[3] = np.nan
    d = decompose(predictions, [0, 0, 0, 0])
    assert d.epochs.tolist() == [3, 3, 1, 0]
    assert (d.zero_error_questions, d.single_epoch_questions, d.empty_questions) == (1, 1, 1)
    # Question 1: error 2/3, plug-in variance 4/9, times 3/2; question 2 has one epoch and stays out.
    assert d.incoherence == pytest.approx((4 / 9 * 3 / 2) / (2 / 3))
    assert d.mean("error") == pytest.approx((0 + 2 / 3) / 2)


@pytest.mark.parametrize(("loss", "estimator"), COMBINATIONS)
def test_no_questions(loss, estimator):
    target = np.zeros((0, 3)) if loss == "squared" else np.zeros(0, int)
    d = decompose(np.zeros((0, 4, 3)), target, loss=loss, estimator=estimator)
    assert d.error.shape == d.variance.shape == (0,)
    assert np.isnan(d.incoherence) and np.isnan(d.mean("error"))
    assert np.isnan(d.interval()).all()


@pytest.mark.parametrize(("loss", "estimator"), COMBINATIONS)
def test_no_epochs(loss, estimator):
    target = np.zeros((2, 3)) if loss == "squared" else np.zeros(2, int)
    d = decompose(np.zeros((2, 0, 3)), target, loss=loss, estimator=estimator)
    assert np.isnan(d.error).all() and d.empty_questions == 2


def test_unbiased_terms_may_be_negative_and_sum_to_the_right_value():
    # One of two epochs wrong, two classes: error 1, plug-in variance 1/2, unbiased 1, bias² 0;
    # all ways to draw two epochs from p = 1/2 average to the true 1/2 of both terms.
    draws = np.eye(2)[np.array([[0, 0], [0, 1], [1, 0], [1, 1]])]
    d = decompose(draws, [0, 0, 0, 0])
    assert d.variance.mean() == pytest.approx(0.5)
    assert d.bias_squared.mean() == pytest.approx(0.5)
    three = decompose(np.eye(2)[[[0, 0, 1]]], [0])
    # p̂ = 1/3 wrong: error 2/3, variance 4/9 · 3/2 = 2/3, bias² 0; with three classes it falls below 0.
    assert three.bias_squared[0] == pytest.approx(0.0)
    spread = decompose(np.eye(3)[[[0, 1, 2]]], [0])
    # Error 4/3 (two of three wrong), variance 2/3 · 3/2 = 1, bias² 1/3.
    assert [spread.error[0], spread.variance[0], spread.bias_squared[0]] == pytest.approx([4 / 3, 1, 1 / 3])


def test_unbiased_is_exact_over_all_draws():
    # All 3^3 draws of three epochs from p = (.5, .3, .2): true error 2(1 - .5) = 1, variance 1 - Σp² = .62.
    p = np.array([0.5, 0.3, 0.2])
    draws = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    d = decompose(np.eye(3)[draws], np.zeros(len(draws), int))
    weight = p[draws].prod(axis=1)
    assert weight @ d.error == pytest.approx(1.0)
    assert weight @ d.variance == pytest.approx(0.62)
    assert weight @ d.bias_squared == pytest.approx(0.38)


def test_coverage_error_counts_the_tests_that_exist():
    # Question 0 has two tests, question 1 three. Outcomes (epochs × tests), target 1.
    nan = np.nan
    outcomes = np.array([[[1, 0, nan], [1, 1, nan]], [[0, 1, 0], [0, 1, 1]]])
    d = decompose(outcomes, 1, loss="squared", estimator="plugin")
    # Question 0: one failure of four; test 2 has mean 1/2: variance (0 + 1/4)/2, bias² (0 + 1/4)/2.
    # Question 1: 3 failures of 6; means 0, 1, 1/2: bias² (1 + 0 + 1/4)/3, variance (1/4)/3.
    assert d.error == pytest.approx([1 / 4, 1 / 2])
    assert d.bias_squared == pytest.approx([1 / 8, 5 / 12])
    assert d.variance == pytest.approx([1 / 8, 1 / 12])


def test_two_outcomes_have_their_pass_rate_as_incoherence():
    outcomes = np.zeros((1, 10, 1))
    outcomes[0, :7] = 1
    assert decompose(outcomes, 1, loss="squared", estimator="plugin").incoherence == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "log"}, "loss='log'.*'brier', 'kl', 'zero_one', 'squared'"),
        ({"estimator": "fair"}, "estimator='fair'.*'plugin', 'unbiased', 'jackknife'"),
        ({"loss": "kl", "estimator": "unbiased"}, "use 'plugin' or 'jackknife'"),
        ({"loss": "zero_one", "estimator": "unbiased"}, "use 'plugin'"),
        ({"loss": "brier", "estimator": "jackknife"}, "use 'unbiased' or 'plugin'"),
        ({"smoothing": -1.0}, r"smoothing=-1.0 is outside \[0, 1\)"),
    ],
)
def test_wrong_options(arguments, message):
    predictions, target = random_case(0)
    with pytest.raises(ValueError, match=message):
        decompose(predictions, target, **arguments)


def broken(position, row):
    predictions, _ = random_case(0, ragged=False)
    predictions[position] = row
    return predictions


@pytest.mark.parametrize(
    ("predictions", "target", "message"),
    [
        (np.zeros((2, 3)), [0, 0], r"\(questions, epochs, classes\); got shape \(2, 3\)"),
        (np.zeros((2, 3, 0)), [0, 0], "empty axis classes"),
        ([[[0.5, 0.5], [1.0]]], [0], "predictions must be a rectangular array"),
        ("abc", [0], "predictions must be a rectangular array of numbers"),
        (broken((4, 1), [0.5, 0.6, 0.1]), np.zeros(6, int), "question 4 .* sum to 1.2, not 1"),
        (broken((3, 0), [1.5, -0.5, 0.0]), np.zeros(6, int), r"question 3 .* outside \[0, 1\]"),
        (broken((2, 4), [np.inf, 0, 0]), np.zeros(6, int), r"question 2 .* outside \[0, 1\]"),
        (broken((5, 2), [np.nan, 0.5, 0.5]), np.zeros(6, int), "question 5 is NaN in part"),
        (broken((5, 2), [0.5, 0.5, np.nan]), np.zeros(6, int), "question 5 is NaN in part"),
        (broken((0, 0), [1, 0, 0]), np.zeros(5, int), r"target has shape \(5,\)"),
        (broken((0, 0), [1, 0, 0]), [0, 1, 2, 3, 0, 0], "target of question 3 is 3; permitted: 0 to 2"),
        (broken((0, 0), [1, 0, 0]), [0, -1, 0, 0, 0, 0], "target of question 1 is -1"),
        (broken((0, 0), [1, 0, 0]), [0.0] * 6, "integer class indices"),
    ],
)
@pytest.mark.parametrize("loss", ["brier", "kl", "zero_one"])
def test_malformed_probabilities(predictions, target, message, loss):
    with pytest.raises(ValueError, match=message):
        decompose(predictions, target, loss=loss, estimator="plugin")


def test_the_first_offending_question_is_named_in_large_arrays():
    predictions = np.full((30_000, 2, 4), 0.25)
    predictions[29_990, 1, 0] = 0.75
    predictions[29_995, 1, 0] = 0.75
    with pytest.raises(ValueError, match="question 29990 "):
        decompose(predictions, np.zeros(30_000, int))


def test_a_zero_probability_needs_smoothing():
    predictions = np.array([[[0.5, 0.5], [0.4, 0.6]], [[1.0, 0.0], [0.5, 0.5]]])
    with pytest.raises(ValueError, match="question 1 has a probability of 0"):
        decompose(predictions, [0, 0], loss="kl", estimator="plugin", smoothing=0.0)
    d = decompose(predictions[:1], [0], loss="kl", estimator="plugin", smoothing=0.0)
    assert d.error[0] == pytest.approx(-(math.log(0.5) + math.log(0.4)) / 2)


@pytest.mark.parametrize(
    ("predictions", "target", "message"),
    [
        ([[[1.0, 2.0], [np.nan, 2.0]]], 0, "question 0 are NaN in part of an epoch"),
        ([[[1.0, np.inf]]], 0, "question 0 hold an infinite value"),
        ([[[1.0, 2.0]], [[1.0, 2.0]]], [[1.0, 1.0], [np.nan, 1.0]], "target of question 1 is not finite"),
        ([[[1.0, 2.0]]], [1.0, 2.0, 3.0], r"does not broadcast to \(questions, dims\) = \(1, 2\)"),
    ],
)
def test_malformed_points(predictions, target, message):
    with pytest.raises(ValueError, match=message):
        decompose(predictions, target, loss="squared")


def test_one_score_per_question_takes_one_target_per_question():
    scores = np.array([[[1.0], [3.0]], [[5.0], [5.0]]])
    d = decompose(scores, [2.0, 4.0], loss="squared", estimator="plugin")
    assert d.error.tolist() == [1.0, 1.0]
    assert d.variance.tolist() == [1.0, 0.0]


def test_tiny_errors_keep_their_digits():
    # Off by 1e-9 in each of two classes, alternating in sign: error 2e-18, variance 2e-18, bias² 0.
    rows = np.array([[[1 - 1e-9, 1e-9], [1 - 1e-9, 1e-9]]])
    d = decompose(rows, [0], estimator="plugin")
    assert d.error[0] == pytest.approx(2e-18, rel=1e-6)
    assert d.bias_squared[0] == pytest.approx(2e-18, rel=1e-6)


def test_import_brings_numpy_only():
    code = (
        "import sys, hotmess_inspect; "
        "print([m for m in ('scipy', 'pandas', 'inspect_ai', 'torch', 'matplotlib', 'datasets') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_callers_arrays_stay_as_they_are() -> None:
    # One question and one epoch: turned round, the array is contiguous as it is, and no copy is made by itself.
    predictions = np.array([[[0.5, 0.5]]])
    decompose(predictions, [0], loss="kl", estimator="plugin")
    assert predictions.tolist() == [[[0.5, 0.5]]]


def test_arrays_that_cannot_be_written_to_are_told_apart_by_what_they_hold():
    # Answers of such arrays are counted once; a new array in the memory of an old one is another array.
    rng = np.random.default_rng(2)
    for _ in range(50):
        answers = rng.integers(0, 3, (4, 5))
        fixed = np.eye(3)[answers].copy()
        expected = decompose(fixed, np.zeros(4, int)).error
        fixed.flags.writeable = False
        for _ in range(2):
            found = decompose(fixed, np.zeros(4, int)).error
            np.testing.assert_array_equal(found, 2 * (answers != 0).mean(axis=1))
            np.testing.assert_array_equal(found, expected)
        del fixed
