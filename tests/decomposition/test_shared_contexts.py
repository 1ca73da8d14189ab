"""Few-shot contexts that all questions share were drawn as well: intervals know it."""

import numpy as np
import pytest
from scipy import stats

from hotmess_inspect.decomposition import decompose_nested, ratio_interval


def draw(questions: int, contexts: int, repeats: int, effect: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(questions, 1)) * 1.3 + rng.normal(size=(1, contexts)) * effect
    right = rng.random((questions, contexts, repeats)) < 1 / (1 + np.exp(-logits))[:, :, None]
    right = right.reshape(questions, -1)
    return np.stack([right, ~right], axis=2).astype(float), np.repeat(np.arange(contexts), repeats)


def test_the_interval_leaves_out_one_context_at_a_time() -> None:
    predictions, context = draw(40, 5, 3, 1.0)
    target = np.zeros(40, int)
    d = decompose_nested(predictions, target, context)
    low, high = d.interval("error", resamples=100)
    base = ratio_interval(d.error, np.ones(40), resamples=100)
    without = [
        decompose_nested(predictions[:, context != k], target, context[context != k]).mean("error")
        for k in range(5)
    ]
    between = 4 / 5 * np.square(np.array(without) - np.mean(without)).sum()
    over = d.error.var(ddof=1) / 40
    freedom = min((over + between) ** 2 / (over**2 / 39 + between**2 / 4), 8, 39)
    reach = stats.t.ppf(0.975, freedom) * (over + between) ** 0.5
    middle = d.mean("error")
    assert (low, high) == pytest.approx(
        (min(base.low, middle - reach), max(base.high, middle + reach)), abs=1e-9
    )
    assert high - low > 1.5 * (base.high - base.low)


def test_contexts_of_each_question_alone_change_nothing() -> None:
    predictions, context = draw(30, 4, 3, 1.0)
    own = np.arange(30)[:, None] * 10 + context
    target = np.zeros(30, int)
    shared, alone = (decompose_nested(predictions, target, c) for c in (context, own))
    assert shared.shared_contexts == 4 and alone.shared_contexts == 0
    assert shared.incoherence == pytest.approx(alone.incoherence, abs=1e-12)
    expected = ratio_interval(alone.variance, alone.error)
    assert tuple(alone.interval()) == pytest.approx(tuple(expected), abs=1e-12)
    assert shared.interval().high - shared.interval().low > expected.high - expected.low


def test_two_contexts_leave_no_interval_of_the_variance() -> None:
    predictions, context = draw(30, 2, 5, 0.5)
    d = decompose_nested(predictions, np.zeros(30, int), context)
    assert np.isnan(d.interval("incoherence")).all() and np.isnan(d.interval("variance")).all()
    assert np.isfinite(d.interval("error")).all()


def test_order_of_epochs_and_questions_changes_no_bit() -> None:
    predictions, context = draw(20, 4, 2, 0.7)
    rng = np.random.default_rng(3)
    order, epochs = rng.permutation(20), rng.permutation(8)
    one = decompose_nested(predictions, np.zeros(20, int), context).interval()
    other = decompose_nested(predictions[order][:, epochs], np.zeros(20, int), context[epochs]).interval()
    assert one == other


def test_covers_where_questions_alone_do_not() -> None:
    # Main effect of sd 1 in logits: intervals over questions alone cover some 60 %.
    rng = np.random.default_rng(9)
    logits = rng.normal(size=(4000, 1)) * 1.3 + rng.normal(size=(1, 4000))
    truth = 2 * (1 - 1 / (1 + np.exp(-logits))).mean()
    covered = 0
    for seed in range(100):
        predictions, context = draw(100, 6, 2, 1.0, seed)
        low, high = decompose_nested(predictions, np.zeros(100, int), context).interval("error", resamples=50)
        covered += low <= truth <= high
    assert covered >= 88
