"""Few-shot contexts that all questions share were drawn as well: intervals know it."""

import numpy as np
import pytest
from scipy import stats

from hotmess_inspect.decomposition import decompose_nested, ratio_interval
from hotmess_inspect.inference.contexts import error_with_contexts, moves, ratio_moves, without_each_context


def draw(questions: int, contexts: int, repeats: int, effect: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(questions, 1)) * 1.3 + rng.normal(size=(1, contexts)) * effect
    right = rng.random((questions, contexts, repeats)) < 1 / (1 + np.exp(-logits))[:, :, None]
    right = right.reshape(questions, -1)
    return np.stack([right, ~right], axis=2).astype(float), np.repeat(np.arange(contexts), repeats)


def components(parts: np.ndarray, without: np.ndarray) -> tuple[float, float]:
    """Variances of Σ parts: by leaving out one context, and what of it is of one question in one context.

    Args:
        parts: What each question adds, shape (questions,).
        without: The same without each context, shape (contexts, questions).
    """
    contexts, questions = without.shape
    moved = without - parts
    together = moved.sum(axis=1) - moved.sum(axis=1).mean()
    rest = moved - moved.mean(axis=0) - together[:, None] / questions
    share = (contexts - 1) / contexts
    return share * np.square(together).sum(), share * questions / (questions - 1) * np.square(rest).sum()


def cochran(over: float, added: float, questions: int, contexts: int) -> float:
    """Mean of Student's quantiles of N - 1 and K - 1 degrees of freedom by shares of the variance."""
    own, other = (stats.t.ppf(0.975, count - 1) for count in (questions, contexts))
    return (over * own + added * other) / (over + added)


@pytest.mark.parametrize("quantity", ["error", "bias_squared", "variance"])
def test_the_interval_leaves_out_one_context_at_a_time(quantity: str) -> None:
    predictions, context = draw(40, 5, 3, 1.0)
    target = np.zeros(40, int)
    d = decompose_nested(predictions, target, context)
    low, high = d.interval(quantity, resamples=100)
    own = getattr(d, quantity)
    base = ratio_interval(own, np.ones(40), resamples=100)
    without = [
        getattr(decompose_nested(predictions[:, context != k], target, context[context != k]), quantity)
        for k in range(5)
    ]
    between, cells = components(own / 40, np.array(without) / 40)
    over, added = own.var(ddof=1) / 40, between - cells
    assert added > 0 and cells > 0.01 * over
    reach = cochran(over, added, 40, 5) * (over + added) ** 0.5
    middle = d.mean(quantity)
    assert (low, high) == pytest.approx(
        (min(base.low, middle - reach), max(base.high, middle + reach)), abs=1e-9
    )
    assert high - low > 1.2 * (base.high - base.low)


def test_contexts_add_their_component_of_a_crossed_analysis_of_variance() -> None:
    rng = np.random.default_rng(4)
    cells = rng.normal(size=(30, 1)) + rng.normal(size=(1, 6)) + 2 * rng.normal(size=(30, 6))
    means = cells.mean(axis=1)
    contexts = np.broadcast_to(np.arange(6), cells.shape)
    without = without_each_context(
        lambda kept: np.nanmean(np.where(kept, cells, np.nan), axis=1), contexts, np.ones_like(cells, bool)
    )
    moved = ratio_moves(means, np.ones(30), without)
    assert moved.sum(axis=1) == pytest.approx(without.mean(axis=1) - cells.mean(), abs=1e-12)
    found = error_with_contexts(0.3, 29.0, moved)
    of_contexts = 30 * cells.mean(axis=0).var(ddof=1)
    residual = cells - means[:, None] - cells.mean(axis=0) + cells.mean()
    component = (of_contexts - np.square(residual).sum() / (29 * 5)) / 30
    assert found.error**2 == pytest.approx(0.09 + component / 6, rel=1e-9)
    assert (found.freedom, found.of_contexts) == (29, 5)
    reach = cochran(0.09, component / 6, 30, 6) * found.error
    assert found.reach(0.95) == pytest.approx(reach, rel=1e-9)
    assert found.p_value(-reach) == pytest.approx(0.05, rel=1e-9)
    for distance in (0.0, 0.1, 1.0, 10.0):
        # Further from 0 than half the width of an interval of level 1 - p: exactly there.
        p = found.p_value(distance)
        assert found.reach(1 - p) == pytest.approx(distance, abs=1e-9, rel=1e-6)
    # Clusters of one question each are questions, and two copies of a question in one cluster are one question.
    assert error_with_contexts(0.3, 29.0, moved, np.arange(30)) == pytest.approx(found, rel=1e-12)
    twice = error_with_contexts(0.3, 29.0, np.tile(moved / 2, 2), np.tile(np.arange(30), 2))
    assert twice == pytest.approx(found, rel=1e-12)


def test_contexts_without_an_effect_of_their_own_add_nothing() -> None:
    # Effects of a context on questions that cancel each other: all of it is of the cells.
    moved = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    found = error_with_contexts(0.5, 2.0, moved)
    assert (found.error, found.freedom, found.share) == (0.5, 2.0, 0.0)
    assert found.reach(0.95) == pytest.approx(0.5 * stats.t.ppf(0.975, 2), rel=1e-9)
    assert found.p_value(1.0) == pytest.approx(2 * stats.t.sf(2.0, 2), rel=1e-9)


def test_moves_follow_any_estimate() -> None:
    rng = np.random.default_rng(5)
    sums = rng.random((50, 3)) + 0.5
    without = sums + rng.normal(0, 0.1, (4, 50, 3))

    def estimate(total: np.ndarray) -> np.ndarray:
        return np.log(total[:, 0] / total[:, 1]) * total[:, 2]

    found = moves(estimate, sums, without)
    total = sums.sum(axis=0)
    single = [[estimate((total - sums[q] + without[k, q])[None])[0] for q in range(50)] for k in range(4)]
    whole = [estimate(without[k].sum(axis=0)[None])[0] for k in range(4)]
    assert found.sum(axis=1) == pytest.approx(np.array(whole) - estimate(total[None])[0], rel=1e-9)
    each = np.array(single) - estimate(total[None])[0]
    assert np.abs(found - each).max() < 0.02 * np.abs(each).max()
    several = moves(lambda total: np.stack([estimate(total), total[:, 0]], axis=1), sums, without)
    assert several[:, :, 0] == pytest.approx(found, rel=1e-9)
    assert several[:, :, 1] == pytest.approx(without[:, :, 0] - sums[:, 0], rel=1e-6)


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
