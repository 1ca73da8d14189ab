"""The split of uncertainty against a naive reference, closed forms and the bias that the page states."""

from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from hotmess_inspect.analyses.uncertainty import inner_and_outer
from hotmess_inspect.decomposition import decompose

PAGE = Path(__file__).parents[2] / "docs" / "analyses.md"


def entropy(p):
    return -sum(q * log(q) for q in p if q > 0)


def gini(p):
    return 1 - sum(q * q for q in p)


def mean(rows):
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def naive(rows, labels, measure):
    """Delete-m jackknife of the measure of the mean, and mean of the measure; plain lists."""
    groups = sorted(set(labels))
    if len(groups) < 2:
        return [np.nan] * 3
    total = len(groups) * measure(mean(rows))
    for label in groups:
        rest = [row for row, other in zip(rows, labels, strict=True) if other != label]
        total -= len(rest) / len(rows) * measure(mean(rest))
    within = sum(map(measure, rows)) / len(rows)
    return [total, within, total - within]


@given(seed=st.integers(0, 2**32 - 1), shared=st.booleans())
@settings(max_examples=40, deadline=None)
def test_equals_a_naive_reference(seed, shared):
    rng = np.random.default_rng(seed)
    predictions = rng.dirichlet([0.3] * 3, (6, 5))
    predictions[rng.random((6, 5)) < 0.2] = np.nan
    predictions[0, 0] = [1, 0, 0]
    contexts = rng.integers(0, 3, (6, 5)) if shared else np.tile(np.arange(5), (6, 1))
    found = inner_and_outer(predictions, contexts if shared else None, resamples=5)
    for split, measure in ((found.entropy, entropy), (found.sampling, gini)):
        expected = []
        for rows, labels in zip(predictions, contexts, strict=True):
            kept = ~np.isnan(rows[:, 0])
            expected.append(naive(rows[kept].tolist(), labels[kept].tolist(), measure))
        assert split.by_question == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
        if split.questions:
            assert split.between.value == pytest.approx(np.nanmean(np.array(expected)[:, 2]), abs=1e-12)
            assert split.total.value == pytest.approx(split.within.value + split.between.value, abs=1e-12)


def test_between_epochs_is_the_unbiased_brier_variance():
    rng = np.random.default_rng(2)
    predictions = rng.dirichlet([1.0] * 4, (9, 6))
    between = inner_and_outer(predictions, resamples=5).sampling.by_question[:, 2]
    brier = decompose(predictions, np.zeros(9, int), loss="brier", estimator="unbiased").variance
    assert between == pytest.approx(brier, abs=1e-12)


def test_the_issues_two_models_are_told_apart():
    stated = np.tile([0.32, 0.34, 0.34], (3, 6, 1))
    found = inner_and_outer(stated).entropy
    assert found.between.value == 0.0 and found.within.value == pytest.approx(entropy([0.32, 0.34, 0.34]))
    certain = np.tile([0.0, 1.0, 0.0], (3, 6, 1))
    found = inner_and_outer(certain).entropy
    assert (found.within.value, found.between.value, found.total.value) == (0.0, 0.0, 0.0)


def remaining_bias(epochs, alpha, questions=100_000, seed=0):
    """Mean error of the mutual information, and that of the plug-in, for epochs from a Dirichlet, in nats."""
    rng = np.random.default_rng(seed)
    alpha = np.asarray(alpha)
    total = alpha.sum()
    truth = entropy(alpha / total) - (digamma(total + 1) - (alpha / total * digamma(alpha + 1)).sum())
    predictions = rng.dirichlet(alpha, (questions, epochs))
    split = inner_and_outer(predictions, resamples=1).entropy.by_question
    mean = predictions.mean(axis=1)
    plugin = -(mean * np.log(np.maximum(mean, 1e-300))).sum(axis=1) - split[:, 1]
    return truth, split[:, 2].mean() - truth, plugin.mean() - truth


@pytest.mark.parametrize("epochs", [3, 5, 10, 30])
def test_the_bias_is_as_the_page_says(epochs):
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {epochs} epochs |")]
    (cells,) = [[float(cell) for cell in line.split("|")[2:-1]] for line in lines]
    for alpha, stated in zip(
        ([2.0, 1.0, 0.5, 0.5], [0.2, 0.1, 0.05, 0.05]), (cells[:2], cells[2:]), strict=True
    ):
        _, corrected, plugin = remaining_bias(epochs, alpha, questions=20_000, seed=7)
        # Standard errors of 20,000 questions are below 0.004 nats.
        assert [corrected, plugin] == pytest.approx(stated, abs=0.012)
        assert abs(corrected) < abs(plugin) / 2


def test_bad_input():
    with pytest.raises(ValueError, match="contexts must have the axes"):
        inner_and_outer([[[1.0, 0.0], [0.5, 0.5]]], [[0]])
    with pytest.raises(ValueError, match="clusters has 2 labels"):
        inner_and_outer([[[1.0, 0.0], [0.5, 0.5]]], clusters=[0, 1])
    alone = inner_and_outer([[[1.0, 0.0], [np.nan, np.nan]]])
    assert alone.entropy.questions == 0 and np.isnan(alone.entropy.total.value)
