"""Jackknife, smoothing curve, embeddings, norms, shards, comparisons."""

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.decomposition import (
    SufficientStatistics,
    embedding_variance,
    paired_difference,
    ratio_interval,
    smoothing_curve,
)


def probabilities(seed=0, questions=40, epochs=6, classes=4):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes), size=(questions, epochs)), rng.integers(0, classes, questions)


def test_the_jackknife_takes_most_of_the_bias_of_kl():
    # Truth: with 400 epochs the plug-in bias, which is of order 1/R, is some hundredth of that at 6.
    rng = np.random.default_rng(0)
    predictions = rng.dirichlet([2.0, 1.0, 1.0], size=(300, 400))
    target = np.zeros(300, int)
    truth = decompose(predictions, target, loss="kl", estimator="jackknife").variance.mean()
    short = predictions[:, :396].reshape(300 * 66, 6, 3)
    repeated = np.zeros(len(short), int)
    plugin = decompose(short, repeated, loss="kl", estimator="plugin").variance.mean()
    jackknife = decompose(short, repeated, loss="kl", estimator="jackknife").variance.mean()
    assert plugin - truth < -0.05 * truth
    assert abs(jackknife - truth) < 0.2 * abs(plugin - truth)


def test_smoothing_curve_tends_to_the_closed_form():
    # One-hot answers: as δ → 0 the incoherence tends to Σ(1 - p_max)/Σ(1 - p_y).
    counts = np.array([[6, 4, 0], [2, 7, 1], [0, 5, 5]])
    predictions = np.stack([np.repeat(np.eye(3), row, axis=0) for row in counts])
    target = np.zeros(3, int)
    p = counts / 10
    limit = (1 - p.max(axis=1)).sum() / (1 - p[:, 0]).sum()
    curve = smoothing_curve(predictions, target, smoothings=(1e-300, 1e-12, 1e-2))
    assert curve.incoherence[0] == pytest.approx(limit, abs=2e-3)
    assert abs(curve.incoherence[1] - limit) > abs(curve.incoherence[0] - limit)
    assert (np.diff(curve.error) < 0).all()
    single = decompose(predictions, target, loss="kl", estimator="plugin", smoothing=1e-2)
    assert curve.incoherence[2] == single.incoherence
    assert curve.variance[2] == pytest.approx(single.variance.mean())


def test_embedding_variance_by_hand():
    # Points 0 and 2 on each of two axes: mean (1, 1), squared distance 2 from either.
    points = np.array([[[0.0, 0.0], [2.0, 2.0]], [[1.0, 0.0], [np.nan, np.nan]]])
    assert embedding_variance(points, estimator="plugin") == pytest.approx([2.0, np.nan], nan_ok=True)
    assert embedding_variance(points) == pytest.approx([4.0, np.nan], nan_ok=True)


def test_embedding_variance_is_the_sum_of_column_variances():
    points = np.random.default_rng(0).normal(size=(5, 7, 3)) + 1e6
    assert embedding_variance(points) == pytest.approx(points.var(axis=1, ddof=1).sum(axis=1))
    reordered = embedding_variance(points[:, ::-1])
    assert np.array_equal(reordered, embedding_variance(points))


def test_broken_embeddings_are_named():
    points = np.zeros((3, 2, 2))
    points[1, 0, 0] = np.nan
    with pytest.raises(ValueError, match="embeddings of question 1 "):
        embedding_variance(points)


@pytest.mark.parametrize("loss", ["kl", "brier", "zero_one"])
def test_shards_add_to_the_whole(loss):
    predictions, target = probabilities(epochs=9)
    predictions[3, 2:] = np.nan
    predictions[4, :5] = np.nan
    whole = SufficientStatistics.from_predictions(predictions, target)
    parts = [SufficientStatistics.from_predictions(predictions[:, i : i + 3], target) for i in (0, 3, 6)]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    a, b = whole.decomposition(loss), merged.decomposition(loss)
    assert a.epochs.tolist() == b.epochs.tolist()
    assert b.variance == pytest.approx(a.variance, abs=1e-12)
    assert b.incoherence == pytest.approx(a.incoherence, abs=1e-12, nan_ok=True)
    direct = decompose(predictions, target, loss=loss, estimator="plugin")
    assert np.array_equal(a.variance, direct.variance, equal_nan=True)


def test_shards_of_one_hot_answers_add_exactly():
    predictions, target = probabilities(epochs=8)
    predictions = np.eye(4)[predictions.argmax(axis=2)]
    whole = SufficientStatistics.from_predictions(predictions, target, losses=("brier", "zero_one"))
    halves = [
        SufficientStatistics.from_predictions(predictions[:, part], target, losses=("brier", "zero_one"))
        for part in (slice(0, 3), slice(3, 8))
    ]
    merged = halves[0].merge(halves[1])
    for loss in ("brier", "zero_one"):
        assert np.array_equal(whole.decomposition(loss).variance, merged.decomposition(loss).variance)


def test_shards_of_coverage_add_where_tests_are_missing():
    outcomes = np.array([[[1, 0, np.nan], [1, 1, np.nan], [0, 1, np.nan]], [[1, 1, 1], [0, 0, 1], [1, 0, 0]]])
    whole = SufficientStatistics.from_predictions(outcomes, 1, losses=("squared",))
    late = outcomes.copy()
    late[0, 1:] = np.nan
    early = outcomes.copy()
    early[0, 0] = np.nan
    early[1] = np.nan
    merged = SufficientStatistics.from_predictions(late, 1, losses=("squared",)).merge(
        SufficientStatistics.from_predictions(early, 1, losses=("squared",))
    )
    a, b = whole.decomposition("squared", "unbiased"), merged.decomposition("squared", "unbiased")
    assert b.error == pytest.approx(a.error) and b.variance == pytest.approx(a.variance)


def test_questions_of_shards_join():
    predictions, target = probabilities()
    whole = SufficientStatistics.from_predictions(predictions, target)
    joined = SufficientStatistics.concatenate(
        [
            SufficientStatistics.from_predictions(predictions[i : i + 15], target[i : i + 15])
            for i in (0, 15, 30)
        ]
    )
    assert np.array_equal(whole.decomposition("kl").variance, joined.decomposition("kl").variance)


def test_shards_that_do_not_fit():
    predictions, target = probabilities()
    stats = SufficientStatistics.from_predictions(predictions, target)
    with pytest.raises(ValueError, match="the two parts differ in target"):
        stats.merge(SufficientStatistics.from_predictions(predictions, (target + 1) % 4))
    with pytest.raises(ValueError, match="the two parts differ in smoothing"):
        stats.merge(SufficientStatistics.from_predictions(predictions, target, smoothing=0.1))
    with pytest.raises(ValueError, match="has shapes"):
        stats.merge(SufficientStatistics.from_predictions(predictions[:5], target[:5]))
    with pytest.raises(ValueError, match="cannot merge losses"):
        stats.merge(SufficientStatistics.from_predictions(predictions, target, losses=("kl",)))
    with pytest.raises(ValueError, match="goes alone"):
        SufficientStatistics.from_predictions(predictions, target, losses=("kl", "squared"))
    with pytest.raises(ValueError, match="loss='squared' is not one of"):
        stats.decomposition("squared")
    with pytest.raises(ValueError, match="nothing to join"):
        SufficientStatistics.concatenate([])


def test_single_precision_probabilities_pass():
    predictions, target = probabilities()
    single = decompose(predictions.astype(np.float32), target)
    assert single.incoherence == pytest.approx(decompose(predictions, target).incoherence, abs=1e-5)


def test_paired_difference_cancels_what_runs_share():
    predictions, target = probabilities(questions=80, epochs=10)
    noisy = 0.9 * predictions + 0.1 * np.eye(4)[target][:, None]
    a, b = decompose(predictions, target), decompose(noisy, target)
    found = paired_difference(a, b)
    assert found.estimate == pytest.approx(a.incoherence - b.incoherence)
    assert found.low < found.estimate < found.high and found.questions == 80
    separate = sum((i.high - i.low) ** 2 for i in (a.interval(), b.interval())) ** 0.5
    assert found.high - found.low < 0.5 * separate
    mean = paired_difference(a, b, "error", method="linearised")
    assert mean[:3] == pytest.approx(
        (
            (a.error - b.error).mean(),
            *ratio_interval(a.error - b.error, np.ones(80), method="linearised"),
        )
    )


def test_a_run_does_not_differ_from_itself():
    d = decompose(*probabilities())
    found = paired_difference(d, d)
    # No question differs, which does not tell how others would: no interval of no width.
    assert found.estimate == 0.0 and np.isnan([found.low, found.high]).all()


def test_runs_that_cannot_be_compared():
    predictions, target = probabilities()
    d = decompose(predictions, target)
    with pytest.raises(ValueError, match="differ in estimator: unbiased and plugin"):
        paired_difference(d, decompose(predictions, target, estimator="plugin"))
    with pytest.raises(ValueError, match="40 and 39 questions"):
        paired_difference(d, decompose(predictions[1:], target[1:]))
    right = decompose(np.eye(4)[np.zeros((40, 3), int)], np.zeros(40, int))
    assert np.isnan(paired_difference(d, right)[:3]).all()
    assert paired_difference(d, right, "error").estimate == pytest.approx(d.mean("error"))
