"""The grader's variance against values worked out by hand, and against worlds whose truth is known."""

import math

import numpy as np
import pytest

from hotmess_inspect.analyses.grader import count_passes, grader_noise
from hotmess_inspect.bits import encode_tests
from hotmess_inspect.decomposition import decompose


def first_gradings(outcomes: np.ndarray) -> np.ndarray:
    """(questions, epochs, gradings, tests) → predictions of the first grading."""
    return outcomes[:, :, 0, :].astype(float)


def noise_of(outcomes: np.ndarray, estimator: str = "unbiased"):
    questions, epochs, gradings, tests = outcomes.shape
    d = decompose(first_gradings(outcomes), np.ones((questions, tests)), loss="squared", estimator=estimator)
    passes = outcomes.sum(axis=2).reshape(-1, tests)
    times = np.full(questions * epochs, gradings)
    return d, grader_noise(passes, times, np.repeat(np.arange(questions), epochs), d)


def test_by_hand():
    # One question, two epochs, two tests, three gradings.
    # Epoch 1: test 1 passes 3 of 3, test 2 passes 1 of 3; epoch 2: test 1 passes 0 of 3, test 2 passes 3 of 3.
    # k (G - k) / (G (G - 1)): 0, 1·2/6 = 1/3, 0, 0; mean over tests 1/6 and 0, over epochs 1/12.
    # First gradings: (1, 1) and (0, 1): unbiased variance of test 1 = 1/2, of test 2 = 0; mean over tests 1/4.
    outcomes = np.array([[[[1, 1], [1, 0], [1, 0]], [[0, 1], [0, 1], [0, 1]]]])
    d, noise = noise_of(outcomes)
    assert d.variance[0] == pytest.approx(1 / 4)
    assert noise.grader_variance[0] == pytest.approx(1 / 12)
    assert noise.model_variance[0] == pytest.approx(1 / 4 - 1 / 12)
    # error of the first gradings: (0 + 1/2) / 2 = 1/4
    assert noise.incoherence_of_expected_verdict == pytest.approx((1 / 4 - 1 / 12) / (1 / 4 - 1 / 12))
    assert noise.epochs.tolist() == [2]


def test_masked_tests_and_single_gradings_take_no_part():
    d = decompose(np.array([[[1.0], [0.0]], [[1.0], [0.0]]]), np.ones((2, 1)), loss="squared")
    passes = np.array([[1.0, np.nan], [1.0, np.nan], [2.0, np.nan]])
    noise = grader_noise(passes, [2, 1, 4], [0, 0, 1], d)
    # Question 0: only its first epoch was graded twice, 1·1/2 = 1/2. Question 1: 2·2/12 = 1/3.
    assert noise.grader_variance == pytest.approx([1 / 2, 1 / 3])
    assert noise.epochs.tolist() == [1, 1]


def test_without_regrades_nothing_is_known():
    d = decompose(np.array([[[1.0], [0.0]]]), np.ones((1, 1)), loss="squared")
    noise = grader_noise(np.array([[1.0], [0.0]]), [1, 1], [0, 0], d)
    assert np.isnan(noise.grader_variance).all() and np.isnan(noise.model_variance).all()
    assert math.isnan(noise.incoherence_of_expected_verdict) and math.isnan(noise.mean("grader_variance"))


@pytest.mark.parametrize(
    ("passes", "gradings", "question", "message"),
    [
        ([[3.0]], [2], [0], "epoch 0 passes a test more often than its 2 gradings"),
        ([[1.0]], [2], [1], "question must be in 0 … 0"),
        ([[1.0]], [2, 2], [0], "must have the shape"),
    ],
)
def test_mistakes(passes, gradings, question, message):
    d = decompose(np.array([[[1.0], [0.0]]]), np.ones((1, 1)), loss="squared")
    with pytest.raises(ValueError, match=message):
        grader_noise(np.array(passes), gradings, question, d)


def test_all_three_terms_are_unbiased_in_a_world_with_a_flaky_test():
    # Test 1 passes with probability 0.6 by the model's doing; test 2 is solved by every patch, but its outcome
    # flips with p = 0.2 in each grading. Truth per question, means over the two tests:
    #   bias²  = ((1 - 0.6)² + (1 - 0.8)²) / 2 = (0.16 + 0.04) / 2 = 0.10
    #   model  = (0.6 · 0.4 + 0) / 2 = 0.12
    #   grader = (0 + 0.2 · 0.8) / 2 = 0.08
    rng = np.random.default_rng(7)
    questions, epochs, gradings = 4000, 6, 3
    solved = rng.random((questions, epochs, 1)) < 0.6
    first = np.broadcast_to(solved, (questions, epochs, gradings))
    second = rng.random((questions, epochs, gradings)) >= 0.2
    d, noise = noise_of(np.stack([first, second], axis=3))
    for found, truth in (
        (d.bias_squared, 0.10),
        (noise.model_variance, 0.12),
        (noise.grader_variance, 0.08),
    ):
        assert abs(found.mean() - truth) < 4 * found.std() / np.sqrt(questions)
    assert noise.incoherence_of_expected_verdict == pytest.approx(0.12 / 0.22, abs=0.02)
    assert d.error == pytest.approx(d.bias_squared + noise.model_variance + noise.grader_variance)


def test_the_order_of_epochs_changes_no_bit():
    rng = np.random.default_rng(3)
    outcomes = rng.random((20, 5, 4, 3)) < 0.7
    d, noise = noise_of(outcomes)
    passes = outcomes.sum(axis=2).reshape(-1, 3)
    question = np.repeat(np.arange(20), 5)
    order = rng.permutation(100)
    again = grader_noise(passes[order], np.full(100, 4), question[order], d)
    assert (again.grader_variance == noise.grader_variance).all()
    assert again.incoherence_of_expected_verdict == noise.incoherence_of_expected_verdict


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("f2p", [2.0, 1.0]),
        ("p2p", [2.0, 0.0, 1.0]),
        ("pooled", [2.0, 1.0, 2.0, 0.0, 1.0]),
        ("resolved", [0.0]),
    ],
)
def test_passes_are_counted_from_bit_strings(tests, expected):
    gradings = [
        encode_tests([True, True, True, False, True]),
        encode_tests([True, False, True, False, False]),
    ]
    counts = count_passes(gradings, 2, 3, tests)
    assert counts is not None and counts.tolist() == expected


def test_masked_tests_are_not_counted():
    gradings = [encode_tests([True, False, True]), encode_tests([True, False, False])]
    masked = np.array([False, True, True])
    counts = count_passes(gradings, 1, 2, "pooled", masked)
    assert counts is not None and counts[0] == 2.0 and np.isnan(counts[1:]).all()
    # Only the first test counts, and it passes twice.
    assert count_passes(gradings, 1, 2, "resolved", masked).tolist() == [2.0]


def test_gradings_of_fail_to_pass_alone_tell_of_nothing_else():
    short = [encode_tests([True] * 9), encode_tests([True])]
    assert count_passes(short, 1, 8, "f2p").tolist() == [2.0]
    assert count_passes(short, 1, 8, "pooled") is None
    assert count_passes(["ff8", "xyz"], 1, 8, "pooled") is None
