"""Moments of pairs of epochs against loops over epochs, and predicted widths against what simulated studies scatter."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.analyses.planning import (
    DifferenceMoments,
    PairMoments,
    pair_moments,
    pair_sums,
    pass_moments,
)


def letters(rng: np.random.Generator, p: np.ndarray, epochs: int) -> np.ndarray:
    drawn = (
        (rng.random((len(p), epochs, 1)) > p.cumsum(axis=1)[:, None, :]).sum(axis=2).clip(0, p.shape[1] - 1)
    )
    return np.eye(p.shape[1])[drawn]


def one_hot(questions: int, classes: int) -> np.ndarray:
    return np.tile(np.eye(classes)[0], (questions, 1))


@pytest.mark.parametrize("quantity", ["error", "variance", "bias_squared", "incoherence", "accuracy"])
def test_moments_equal_loops_over_distinct_epochs(quantity: str) -> None:
    rng = np.random.default_rng(3)
    # Questions that differ: no moment is negative, and all are the unbiased ones.
    weights = [[20, 1, 1], [1, 20, 1], [0.3, 0.3, 0.3], [30, 1, 1], [0.3, 0.3, 0.3], [1, 40, 1]]
    predictions = np.stack([rng.dirichlet(own, 5) for own in weights])
    predictions[2, 4] = np.nan  # one epoch less
    target = one_hot(6, 3)
    correct = predictions[:, :, 0]
    sums = pair_sums(predictions, target, quantity, loss="brier", correct=correct)  # type: ignore[arg-type]
    found = pair_moments(sums)

    def error(q: int, a: int) -> float:
        return float(((predictions[q, a] - target[q]) ** 2).sum())

    def spread(q: int, a: int, b: int) -> float:
        return float(((predictions[q, a] - predictions[q, b]) ** 2).sum() / 2)

    epochs = [[r for r in range(5) if not np.isnan(predictions[q, r, 0])] for q in range(6)]
    pairs = [list(permutations(e, 2)) for e in epochs]
    mean_error = np.mean([np.mean([error(q, a) for a in epochs[q]]) for q in range(6)])
    mean_spread = np.mean([np.mean([spread(q, a, b) for a, b in pairs[q]]) for q in range(6)])
    mean_right = np.mean([np.mean([correct[q, a] for a in epochs[q]]) for q in range(6)])

    def kernel(q: int, a: int, b: int) -> float:
        e, v = (error(q, a) + error(q, b)) / 2, spread(q, a, b)
        return {
            "error": e - mean_error,
            "variance": v - mean_spread,
            "bias_squared": e - v - (mean_error - mean_spread),
            "incoherence": (v - mean_spread / mean_error * e) / mean_error,
            "accuracy": (correct[q, a] + correct[q, b]) / 2 - mean_right,
        }[quantity]

    both = [np.mean([kernel(q, a, b) ** 2 for a, b in pairs[q]]) for q in range(6)]
    one = [
        np.mean([kernel(q, a, b) * kernel(q, a, c) for a, b, c in permutations(epochs[q], 3)])
        for q in range(6)
    ]
    none = [
        np.mean([kernel(q, a, b) * kernel(q, c, d) for a, b, c, d in permutations(epochs[q], 4)])
        for q in range(6)
    ]
    expected = [6 / 5 * np.mean(m) for m in (both, one, none)]
    assert expected[2] > 0
    assert [found.shared_both, found.shared_one, found.shared_none] == pytest.approx(expected, abs=1e-12)


def test_the_value_of_each_question_is_the_unbiased_estimate() -> None:
    rng = np.random.default_rng(5)
    predictions, target = letters(rng, rng.dirichlet([2, 1, 1], 7), 4), one_hot(7, 3)
    d = decompose(predictions, np.zeros(7, dtype=int), loss="brier", estimator="unbiased")
    for quantity in ("error", "variance", "bias_squared"):
        value = pair_sums(predictions, target, quantity, loss="brier").value  # type: ignore[arg-type]
        assert value + d.mean(quantity) == pytest.approx(getattr(d, quantity), abs=1e-12)  # type: ignore[arg-type]


@pytest.mark.parametrize("epochs", [2, 8, 20])
@pytest.mark.parametrize("quantity", ["incoherence", "variance", "accuracy"])
def test_a_pilot_of_five_epochs_predicts_the_scatter_at_others(quantity: str, epochs: int) -> None:
    rng = np.random.default_rng(11)
    pilot_p = rng.dirichlet([1.2, 0.6, 0.6, 0.6], 4000)
    pilot = letters(rng, pilot_p, 5)
    moments = pair_moments(
        pair_sums(pilot, one_hot(4000, 4), quantity, loss="brier", correct=pilot[:, :, 0])  # type: ignore[arg-type]
    )
    questions = 200
    found = []
    for _ in range(600):
        study = letters(rng, rng.dirichlet([1.2, 0.6, 0.6, 0.6], questions), epochs)
        if quantity == "accuracy":
            found.append(float(study[:, :, 0].mean()))
        else:
            d = decompose(study, np.zeros(questions, dtype=int), loss="brier", estimator="unbiased")
            found.append(d.incoherence if quantity == "incoherence" else d.mean("variance"))
    # The scatter of 600 studies is known to 1/√1200 = 2.9 %.
    assert moments.standard_error(questions, epochs) == pytest.approx(float(np.std(found)), rel=0.1)


@pytest.mark.parametrize("quantity", ["error", "variance", "bias_squared", "incoherence", "accuracy"])
def test_no_pilot_promises_an_interval_without_width(quantity: str) -> None:
    """Nine questions that are all alike: in every second pilot the estimated variance between them is negative."""
    negative = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        right = (rng.random((9, 5)) < 0.6).astype(float)
        sums = pair_sums(right[:, :, None], np.ones((9, 1)), quantity, loss="squared", correct=right)  # type: ignore[arg-type]
        found = pair_moments(sums)
        value = sums.value
        # What the pilot's questions scatter by is what it predicts for its own epochs.
        assert found.variance(5) == pytest.approx(value.var(ddof=1), rel=1e-9)
        widths = [found.standard_error(9, epochs) for epochs in range(2, 200)]
        assert all(low < high for high, low in pairwise(widths))
        # Epochs alone take away at most their number's share.
        assert widths[-1] >= widths[3] * np.sqrt(5 * 4 / (199 * 198)) * 0.99
        negative += found.shared_none == 0
    assert 8 < negative < 36


def test_pass_hat_of_few_questions_keeps_a_width() -> None:
    for seed in range(40):
        right = np.random.default_rng(seed).binomial(6, 0.7, 9)
        if 0 < right.mean() < 6:
            found = pass_moments(right, np.full(9, 6), 2)
            assert found.shared_none >= -1e-12
            assert found.variance(6) > found.variance(60) > 0


def test_a_difference_of_equal_models_keeps_a_width() -> None:
    one = PairMoments(0.2, 0.11, 0.1, 9)
    both = DifferenceMoments(one, one, together=0.15, questions=9)
    assert both.shared_none < 0
    assert both.variance(5) > both.variance(50) > 0


def test_unit_tests_take_the_mean_over_the_tests_that_a_question_has() -> None:
    rng = np.random.default_rng(2)
    outcomes = (rng.random((5, 4, 3)) < 0.5).astype(float)
    outcomes[:2, :, 2] = np.nan
    d = decompose(outcomes, np.array(1.0), loss="squared", estimator="unbiased")
    value = pair_sums(outcomes, np.ones((5, 3)), "variance", loss="squared").value
    assert value + d.mean("variance") == pytest.approx(d.variance, abs=1e-12)


def test_what_a_pilot_cannot_say() -> None:
    with pytest.raises(ValueError, match="4 epochs"):
        pair_moments(pair_sums(np.eye(2)[[[0, 1, 0]]], one_hot(1, 2), "variance", loss="brier"))
    with pytest.raises(ValueError, match="quantity='speed'"):
        pair_sums(np.eye(2)[[[0, 1]]], one_hot(1, 2), "speed", loss="brier")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="epochs=1"):
        PairMoments(1.0, 0.5, 0.2, 10).variance(1)
