"""Nested designs: exact expectations over all draws, and pairs counted by hand."""

from itertools import product

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.decomposition import decompose_nested


def naive_pairs(rows, y, context, answer):
    """Means of ⟨d, d'⟩ by kind of pair, with plain loops."""
    kinds = {"self": [], "answer": [], "context": [], "other": []}
    d = [row - y for row in rows]
    for i, j in product(range(len(rows)), repeat=2):
        if np.isnan(rows[i]).any() or np.isnan(rows[j]).any():
            continue
        if i == j:
            kind = "self"
        elif context[i] != context[j]:
            kind = "other"
        else:
            kind = "answer" if answer[i] == answer[j] else "context"
        kinds[kind].append(float(d[i] @ d[j]))
    return {kind: np.mean(values) if values else np.nan for kind, values in kinds.items()}


@pytest.mark.parametrize("graded", [False, True])
def test_equals_loops_over_pairs(graded):
    rng = np.random.default_rng(0)
    predictions = rng.dirichlet([1, 1, 1], size=(5, 12))
    predictions[rng.random((5, 12)) < 0.15] = np.nan
    target = rng.integers(0, 3, 5)
    contexts = rng.permuted(np.repeat(["a", "b", "c"], 4)[None].repeat(5, axis=0), axis=1)
    answers = rng.integers(0, 2, size=(5, 12)) if graded else np.tile(np.arange(12), (5, 1))
    d = decompose_nested(predictions, target, contexts, answers=answers if graded else None)
    for q in range(5):
        pairs = naive_pairs(predictions[q], np.eye(3)[target[q]], contexts[q], answers[q])
        same = pairs["answer"] if graded else pairs["self"]
        assert d.error[q] == pytest.approx(pairs["self"])
        assert d.bias_squared[q] == pytest.approx(pairs["other"])
        assert d.variance[q] == pytest.approx(pairs["self"] - pairs["other"])
        assert d.within_context[q] == pytest.approx(same - pairs["context"])
        assert d.between_context[q] == pytest.approx(pairs["context"] - pairs["other"])
        assert d.grader[q] == pytest.approx(
            pairs["self"] - pairs["answer"] if graded else np.nan, nan_ok=True
        )


def test_exact_over_all_draws():
    # Two contexts (A: always right, B: right half the time), each drawn with probability 1/2, two
    # epochs in each of two draws. P(right) = 3/4 over all, so in one-hot Brier terms of two classes:
    # error 2·1/4 = 1/2, bias² 2·(1/4)² = 1/8, variance 3/8; within a context E 2p(1-p) = 1/4, between 1/8.
    expected = np.zeros(5)
    naive = 0.0
    for first, second in product((1.0, 0.5), repeat=2):
        for outcome in product((0, 1), repeat=4):
            p = np.array([first, first, second, second])
            chance = np.where(np.array(outcome) == 0, p, 1 - p).prod() / 4
            if chance == 0:
                continue
            rows = np.eye(2)[[outcome]]
            d = decompose_nested(rows, [0], [0, 0, 1, 1])
            terms = [d.error, d.bias_squared, d.variance, d.within_context, d.between_context]
            expected += chance * np.array([term[0] for term in terms])
            naive += chance * decompose(rows, [0]).variance[0]
    assert expected == pytest.approx([1 / 2, 1 / 8, 3 / 8, 1 / 4, 1 / 8])
    # Taking the epochs as independent loses a share of the between-context variance.
    assert naive == pytest.approx(3 / 8 - 1 / 8 / 3)


def test_one_epoch_per_context_is_the_flat_unbiased_estimate():
    rng = np.random.default_rng(1)
    predictions, target = rng.dirichlet([1, 1, 1], size=(8, 6)), rng.integers(0, 3, 8)
    nested = decompose_nested(predictions, target, np.arange(6))
    flat = decompose(predictions, target)
    assert nested.variance == pytest.approx(flat.variance, abs=1e-12)
    assert nested.incoherence == pytest.approx(flat.incoherence, abs=1e-12)
    assert np.isnan(nested.within_context).all() and np.isnan(nested.between_context).all()


def test_coverage_error_of_nested_runs():
    # Target 1, two tests; context 0 passes (1, 0), (1, 1), context 1 passes (0, 0), (1, 0).
    outcomes = np.array([[[1, 0], [1, 1], [0, 0], [1, 0]]], dtype=float)
    d = decompose_nested(outcomes, 1, [0, 0, 1, 1], loss="squared")
    # d = (0,-1), (0,0), (-1,-1), (0,-1): squares 1, 0, 2, 1, mean over tests 4/4/2 = 1/2.
    # Between contexts: (0,-1)·(-1,-1) = 1, (0,-1)·(0,-1) = 1, (0,0)·… = 0: mean 2/4/2 = 1/4.
    # Inside: 0 and (-1,-1)·(0,-1) = 1: mean 1/2/2 = 1/4.
    assert [d.error[0], d.bias_squared[0], d.variance[0]] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert [d.within_context[0], d.between_context[0]] == pytest.approx([1 / 4, 0])


def test_one_context_has_no_variance():
    predictions, target = np.random.default_rng(0).dirichlet([1, 1], size=(3, 4)), [0, 0, 1]
    d = decompose_nested(predictions, target, np.zeros(4, int))
    assert np.isfinite(d.error).all() and np.isnan(d.variance).all()
    assert np.isnan(d.incoherence) and "two contexts" in d.incoherence_note


def test_order_of_epochs_and_questions_changes_no_bit():
    rng = np.random.default_rng(3)
    predictions, target = rng.dirichlet([1, 1, 1], size=(6, 9)), rng.integers(0, 3, 6)
    contexts = np.repeat([0, 1, 2], 3)[None].repeat(6, axis=0)
    a = decompose_nested(predictions, target, contexts)
    order = rng.permutation(6)
    epochs = np.stack([rng.permutation(9) for _ in range(6)])
    shuffled = np.take_along_axis(predictions[order], epochs[:, :, None], axis=1)
    b = decompose_nested(shuffled, target[order], np.take_along_axis(contexts[order], epochs, axis=1))
    for name in ("error", "bias_squared", "variance", "within_context", "between_context"):
        assert np.array_equal(getattr(a, name)[order], getattr(b, name))
    assert a.interval() == b.interval()


@pytest.mark.parametrize(
    ("contexts", "message"),
    [
        (np.zeros(5, int), r"contexts of shape \(5,\) does not fit"),
        (np.array([0.0, np.nan, 1.0, 1.0]), "contexts of question 0 is NaN"),
    ],
)
def test_wrong_labels(contexts, message):
    with pytest.raises(ValueError, match=message):
        decompose_nested(np.full((2, 4, 2), 0.5), [0, 0], contexts)


def test_wrong_loss():
    with pytest.raises(ValueError, match="loss='kl' is not one of 'brier', 'squared'"):
        decompose_nested(np.full((2, 4, 2), 0.5), [0, 0], np.arange(4), loss="kl")
