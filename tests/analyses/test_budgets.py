"""Runs with several reasoning budgets."""

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.analyses.budgets import reasoning_budgets
from hotmess_inspect.analyses.overthinking import overthinking

from .worlds import letters

OPTIONS = {"resamples": 20, "permutations": 20}


def runs():
    rng = np.random.default_rng(0)
    first, target = letters(rng, questions=12, epochs=6)
    second = first.copy()
    second[:4, :] = np.eye(4)[target[:4]][:, None]  # the larger budget solves four questions
    lengths = [rng.gamma(2, scale, (12, 6)) for scale in (100, 400)]
    return [first, second], target, lengths


def test_each_budget_is_measured_alone():
    predictions, target, lengths = runs()
    points = reasoning_budgets(["low", "high"], predictions, target, lengths, **OPTIONS)
    assert [p.budget for p in points] == ["low", "high"]
    for point, run, length in zip(points, predictions, lengths, strict=True):
        expected = decompose(run, target)
        assert point.summary.incoherence == pytest.approx(expected.incoherence)
        assert point.summary.error == pytest.approx(expected.error.mean())
        assert point.summary.length == pytest.approx(length.mean())
        assert point.summary.accuracy == pytest.approx((run.argmax(2) == target[:, None]).mean())
        assert point.overthinking.difference == pytest.approx(
            overthinking(run, target, length, **OPTIONS).difference, nan_ok=True
        )
    assert points[1].summary.accuracy > points[0].summary.accuracy


def test_without_lengths_there_is_no_split():
    predictions, target, _ = runs()
    point = reasoning_budgets([1024, 4096], predictions, target, resamples=5)[0]
    assert point.budget == 1024 and point.overthinking is None and np.isnan(point.summary.length)


def test_epochs_may_differ_between_budgets():
    predictions, target, lengths = runs()
    points = reasoning_budgets(
        [1, 2], [predictions[0], predictions[1][:, :4]], target, [lengths[0], lengths[1][:, :4]], **OPTIONS
    )
    assert points[1].summary.incoherence == pytest.approx(
        decompose(predictions[1][:, :4], target).incoherence
    )


def test_one_array_per_budget():
    predictions, target, lengths = runs()
    with pytest.raises(ValueError, match="predictions has 2 arrays; there are 3 budgets"):
        reasoning_budgets([1, 2, 3], predictions, target)
    with pytest.raises(ValueError, match="lengths has 1 arrays"):
        reasoning_budgets([1, 2], predictions, target, lengths[:1])


def test_budgets_are_compared_with_the_first_in_pairs():
    predictions, target, _ = runs()
    first, second = reasoning_budgets(["low", "high"], predictions, target, permutations=199, resamples=20)
    assert first.differences == ()
    found = {one.quantity: one for one in second.differences}
    terms = [decompose(run, target) for run in predictions]
    for quantity in ("error", "variance", "incoherence"):
        expected = terms[1].mean(quantity) - terms[0].mean(quantity)
        assert found[quantity].estimate == pytest.approx(expected, abs=1e-12)
    # Four of twelve questions are solved: their error is what the runs differ in.
    error = found["error"]
    solved = terms[0].error[:4].sum() / 12
    assert error.estimate == pytest.approx(-solved)
    for one in second.differences:
        assert np.isnan(one.low) or (one.p_value < 0.05) == (one.low > 0 or one.high < 0)


def test_budgets_rest_on_clusters():
    predictions, target, lengths = runs()
    plain = reasoning_budgets(["low", "high"], predictions, target, lengths, **OPTIONS)
    labels = np.arange(12) // 3
    clustered = reasoning_budgets(["low", "high"], predictions, target, lengths, clusters=labels, **OPTIONS)
    for one, other in zip(plain, clustered, strict=True):
        assert one.summary.incoherence == other.summary.incoherence
    expected = decompose(predictions[0], target).interval(clusters=labels, resamples=20)
    assert clustered[0].summary.incoherence_ci == expected != plain[0].summary.incoherence_ci


def test_budgets_in_shared_contexts_use_pairs_of_contexts():
    predictions, target, _ = runs()
    contexts = [np.broadcast_to(np.repeat(np.arange(3), 2), (12, 6))] * 2
    points = reasoning_budgets(["low", "high"], predictions, target, contexts=contexts, **OPTIONS)
    found = {one.quantity: one for one in points[1].differences}
    gap = points[1].summary.incoherence - points[0].summary.incoherence
    assert found["incoherence"].estimate == pytest.approx(gap, abs=1e-12)
