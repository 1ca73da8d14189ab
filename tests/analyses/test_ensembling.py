"""Ensembles against all subsets, exponents on simulated answers, and what must not matter."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose
from hotmess_inspect.analyses.ensembling import ensemble_terms, ensembling_curve

from .worlds import letters, shuffled


@pytest.mark.parametrize("seed", range(3))
def test_closed_form_is_the_mean_over_all_subsets(seed):
    rng = np.random.default_rng(seed)
    predictions = rng.dirichlet(np.ones(3), (4, 6))
    target = rng.integers(0, 3, 4)
    goal = np.eye(3)[target][:, None]
    for point in ensemble_terms(decompose(predictions, target), range(1, 7)):
        subsets = [list(members) for members in combinations(range(6), point.size)]
        averages = np.stack([predictions[:, members].mean(axis=1) for members in subsets], axis=1)
        error = ((averages - goal) ** 2).sum(axis=2).mean()
        assert point.error == pytest.approx(error, rel=1e-12)
        assert point.error == pytest.approx(point.bias_squared + point.variance, rel=1e-12)


def test_closed_form_in_terms_of_the_plugin():
    # error(m) = bias² + V·(R - m)/(m(R - 1)) with the plug-in terms of R epochs
    predictions, target = letters(np.random.default_rng(0), questions=9, epochs=5)
    plugin = decompose(predictions, target, estimator="plugin")
    for point in ensemble_terms(decompose(predictions, target), [1, 2, 5]):
        expected = plugin.bias_squared + plugin.variance * (5 - point.size) / (point.size * 4)
        assert point.error == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("estimator", ["unbiased", "plugin"])
def test_exponent_of_simulated_answers(estimator):
    predictions, target = letters(np.random.default_rng(2), questions=300, epochs=120)
    curve = ensembling_curve(
        predictions, target, sizes=[1, 2, 3, 4, 6, 8, 12], shuffles=4, estimator=estimator, level=0.999
    )
    assert curve.exponent == pytest.approx(-1.0, abs=0.03)
    assert curve.exponent_ci.low < -1.0 < curve.exponent_ci.high
    assert curve.fit.r_squared > 0.999
    closed = ensemble_terms(decompose(predictions, target), [p.size for p in curve.points])
    if estimator == "unbiased":
        for point, expected in zip(curve.points, closed, strict=True):
            assert point.bias_squared == pytest.approx(expected.bias_squared, rel=0.02)
            assert point.variance == pytest.approx(expected.variance, rel=0.03)
            assert point.incoherence == pytest.approx(expected.incoherence, rel=0.03)


def test_kl_bias_falls_and_stays_above_zero():
    rng = np.random.default_rng(3)
    centres = rng.dirichlet(np.ones(4), 100) * 20 + 0.5
    predictions = np.stack([rng.dirichlet(centre, 60) for centre in centres])
    curve = ensembling_curve(
        predictions, rng.integers(0, 4, 100), sizes=[1, 2, 6], loss="kl", estimator="plugin", resamples=10
    )
    bias = [point.bias_squared for point in curve.points]
    assert bias[0] > bias[1] > bias[2] > 0.5 * bias[0]


def test_ensembles_are_disjoint_and_hand_computed():
    # Two ensembles of two take all four epochs: answers 0, 0, 1, 1. Averages are (1/2, 1/2) twice, or
    # (1, 0) and (0, 1): error 2·(1/2)² = 1/2, or (0 + 2)/2 = 1.
    predictions = np.eye(2)[np.array([[0, 0, 1, 1]])]
    found = set()
    for seed in range(20):
        curve = ensembling_curve(
            predictions,
            np.zeros(1, int),
            sizes=[2],
            ensembles=2,
            rng=np.random.default_rng(seed),
            resamples=2,
        )
        found.add(round(curve.points[0].error, 12))
        # The two averages mirror each other: their mean is (1/2, 1/2), its loss 1/2, whatever the split.
        plugin = ensembling_curve(
            predictions, np.zeros(1, int), sizes=[2], ensembles=2, estimator="plugin", resamples=2
        )
        assert plugin.points[0].bias_squared == pytest.approx(0.5)
    assert found == {0.5, 1.0}


def test_votes_of_many_beat_one():
    # Right with probability 0.6 of two classes: an average of 3 is right with 0.6³ + 3·0.6²·0.4 = 0.648
    rng = np.random.default_rng(10)
    predictions = np.eye(2)[(rng.random((2000, 30)) > 0.6).astype(int)]
    curve = ensembling_curve(predictions, np.zeros(2000, int), sizes=[1, 2, 3], resamples=10)
    # A tie of two is half right: 0.36 + 0.48/2 = 0.6
    assert [p.accuracy for p in curve.points] == pytest.approx([0.6, 0.6, 0.648], abs=0.01)


def test_one_size_has_no_exponent_and_one_question_no_interval():
    predictions, target = letters(np.random.default_rng(4), questions=5, epochs=10)
    curve = ensembling_curve(predictions, target)
    assert [p.size for p in curve.points] == [1]
    assert np.isnan(curve.exponent) and np.isnan(curve.exponent_ci).all() and curve.fit.note
    single = np.eye(4)[np.array([[0, 1, 2, 3, 0, 0, 1, 3]])]
    one = ensembling_curve(single, np.zeros(1, int), ensembles=2, shuffles=30)
    assert np.isfinite(one.exponent) and np.isnan(one.exponent_ci).all()


def test_questions_with_too_few_epochs_are_counted():
    predictions, target = letters(np.random.default_rng(5), questions=6, epochs=20)
    predictions[0, 3:] = np.nan
    predictions[1] = np.nan
    curve = ensembling_curve(predictions, target, resamples=5)
    assert (curve.questions, curve.too_few_epochs_questions) == (4, 1)
    kept = ensembling_curve(predictions[2:], target[2:], resamples=5)
    assert curve.points == kept.points


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_order_changes_no_bit_and_doubling_no_closed_form(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=7, epochs=9, missing=0.05)
    options = {"ensembles": 3, "resamples": 20}
    (moved,), rows = shuffled(rng, predictions)
    assert repr(ensembling_curve(moved, target[rows], sizes=[1, 2], **options)) == repr(
        ensembling_curve(predictions, target, sizes=[1, 2], **options)
    )
    whole = decompose(predictions, target)
    twice = decompose(np.repeat(predictions, 2, axis=0), np.repeat(target, 2))
    for one, two in zip(ensemble_terms(whole, [1, 4]), ensemble_terms(twice, [1, 4]), strict=True):
        assert two.error == pytest.approx(one.error, nan_ok=True)


def test_order_of_tasks_changes_no_bit():
    rng = np.random.default_rng(9)
    outcomes = (rng.random((6, 8, 30)) < 0.6).astype(float)
    (moved,), _ = shuffled(rng, outcomes)
    options = {"loss": "squared", "ensembles": 3, "resamples": 20}
    assert repr(ensembling_curve(moved, 1.0, **options)) == repr(ensembling_curve(outcomes, 1.0, **options))


def test_points_in_space():
    rng = np.random.default_rng(6)
    points = rng.normal(size=(50, 80, 3)) + 2
    curve = ensembling_curve(points, np.zeros((50, 3)), loss="squared", sizes=[1, 2, 4, 8], shuffles=3)
    assert curve.exponent == pytest.approx(-1.0, abs=0.05)
    # Mean (2, 2, 2) and unit variance per dimension
    assert curve.points[0].bias_squared == pytest.approx(4, rel=0.05)
    assert curve.points[0].variance == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ensembles": 1}, "ensembles=1"),
        ({"shuffles": 0}, "shuffles=0"),
        ({"sizes": [0, 1]}, "permitted are 1 to 2"),
        ({"sizes": [1, 3]}, "permitted are 1 to 2"),
        ({"ensembles": 21}, "20 epochs do not make 21"),
        ({"level": 1}, "level=1"),
    ],
)
def test_bad_arguments(options, message):
    predictions, target = letters(np.random.default_rng(7), questions=3, epochs=20)
    with pytest.raises(ValueError, match=message):
        ensembling_curve(predictions, target, **options)


def test_closed_form_needs_unbiased_squares():
    predictions, target = letters(np.random.default_rng(8), questions=3, epochs=4)
    with pytest.raises(ValueError, match="'brier', 'plugin'"):
        ensemble_terms(decompose(predictions, target, estimator="plugin"), [1])
    with pytest.raises(ValueError, match="at least 1 epoch"):
        ensemble_terms(decompose(predictions, target), [0])
    right = np.eye(4)[np.zeros((2, 3), int)]
    assert np.isnan(ensemble_terms(decompose(right, np.zeros(2, int)), [2])[0].incoherence)
