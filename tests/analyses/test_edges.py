"""Small and empty sets go through every analysis: NaN and counts, never a crash or a warning."""

import numpy as np
import pytest

from hotmess_inspect.analyses.answers import answer_changes, top_answers
from hotmess_inspect.analyses.budgets import reasoning_budgets
from hotmess_inspect.analyses.lengths import length_buckets
from hotmess_inspect.analyses.nulls import (
    accuracy_matched_range,
    failure_shares,
    wrong_answer_concentration,
)
from hotmess_inspect.analyses.overthinking import overthinking

WORLDS = {
    "no question": np.zeros((0, 4, 3)),
    "no epoch": np.zeros((3, 0, 3)),
    "one class": np.ones((3, 4, 1)),
    "one question": np.eye(3)[np.array([[0, 1, 2, 1, 1, 0]])],
    "nothing scored": np.full((2, 4, 3), np.nan),
    "one epoch": np.eye(3)[np.array([[0], [1]])],
    "all right": np.eye(3)[np.zeros((3, 4), int)],
    "all wrong, all alike": np.eye(3)[np.ones((3, 4), int)],
    "two epochs": np.eye(3)[np.array([[0, 1], [1, 2], [2, 2]])],
}
OPTIONS = {"resamples": 20, "rng": np.random.default_rng(0)}


@pytest.fixture(params=WORLDS.values(), ids=WORLDS.keys())
def world(request):
    predictions = request.param
    return predictions, np.zeros(len(predictions), int), np.ones(predictions.shape[:2])


def test_lengths(world):
    trend = length_buckets(*world, **OPTIONS)
    assert np.isnan(trend.slope) and trend.fit.note
    counted = sum(bucket.questions for bucket in trend.buckets)
    assert counted + trend.single_epoch_questions == len(world[0])


@pytest.mark.parametrize("split", ["equal", "paper"])
@pytest.mark.parametrize(
    ("loss", "estimator"), [("brier", "unbiased"), ("kl", "jackknife"), ("kl", "plugin")]
)
def test_overthinking(world, split, loss, estimator):
    result = overthinking(
        *world,
        split=split,
        loss=loss,
        estimator=estimator,
        permutations=20,
        clusters=[0] * len(world[0]),
        **OPTIONS,
    )
    assert bool(result.note) == np.isnan(result.difference)
    assert result.questions + result.too_few_epochs_questions <= len(world[0])
    if split == "paper":
        assert result.note  # equal lengths: nothing is below the median


def test_guards(world):
    predictions, target, lengths = world
    matched = accuracy_matched_range(predictions, target, **OPTIONS)
    assert bool(matched.note) == np.isnan(matched.observed.value)
    concentration = wrong_answer_concentration(predictions, target, **OPTIONS)
    assert (concentration.questions == 0) == np.isnan(concentration.value)
    shares = failure_shares(predictions, target, **OPTIONS)
    parts = (shares.always_right, shares.sometimes_right, shares.always_wrong)
    assert sum(part.value for part in parts) == pytest.approx(
        1.0 if parts[0].questions else np.nan, nan_ok=True
    )
    changes = answer_changes(top_answers(predictions), **OPTIONS)
    assert np.isnan(changes.context.value)
    point = reasoning_budgets(["all"], [predictions], target, [lengths], permutations=20, **OPTIONS)[0]
    assert point.summary.questions == len(predictions)
