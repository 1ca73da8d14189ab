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
