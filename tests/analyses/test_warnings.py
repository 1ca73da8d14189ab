"""Sentences with the right counts, and silence where there is nothing to say."""

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.results.warnings import (
    ItemCounts,
    accuracy_warnings,
    copied_epoch_warnings,
    count_warnings,
    unequal_epoch_warnings,
)


def test_counts_of_a_decomposition():
    predictions = np.full((5, 3, 2), np.nan)
    predictions[0] = np.eye(2)[[0, 0, 0]]  # no error
    predictions[1] = np.eye(2)[[0, 1, 1]]
    predictions[2, 0] = [0, 1]  # one epoch
    predictions[3, :2] = np.eye(2)[[1, 0]]
    counts = ItemCounts.of(decompose(predictions, np.zeros(5, int)), epochs_planned=15, unparsed=2)
    assert counts == ItemCounts(
        questions=4,
        epochs_scored=9,
        epochs_planned=15,
        zero_error_questions=1,
        single_epoch_questions=1,
        empty_questions=1,
        unparsed=2,
    )


def test_every_count_has_its_sentence():
    counts = ItemCounts(
        1200, 5990, 6000, 200, 3, 1, unparsed=7, truncated=8, limited=9, retried=1500, cached=11
    )
    text = count_warnings(counts)
    for part in (
        "10 epochs of 6,000 planned have no score",
        "1 question has no scored epoch",
        "3 questions have one epoch, hence no variance",
        "200 of 1,200 questions have no error",
        "rests on the other 1,000",
        "7 of 5,990 epochs gave no readable answer",
        "8 of 5,990 epochs were cut off",
        "9 of 5,990 epochs ran into a limit",
        "1,500 of 5,990 epochs were run again",
        "11 of 5,990 epochs came from a cache",
    ):
        assert sum(part in sentence for sentence in text) == 1, part
    assert len(text) == 9
    assert all(sentence.endswith(".") for sentence in text)


def test_nothing_to_count_is_silence():
    assert count_warnings(ItemCounts(100, 500, 500)) == []
    assert ItemCounts.of(decompose(np.eye(2)[np.array([[0, 1]])], [1])).epochs_planned == 2


def test_few_questions_with_errors():
    (sentence,) = count_warnings(ItemCounts(29, 100, 100))
    assert "Only 29 questions have an error" in sentence
    assert count_warnings(ItemCounts(30, 100, 100)) == []
    assert "Only 1 question has an error" in count_warnings(ItemCounts(3, 9, 9, zero_error_questions=2))[1]


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="retried=-1"):
        ItemCounts(1, 1, 1, retried=-1)


def test_unequal_epochs_between_groups():
    epochs = {"small": np.full(10, 5), "large": np.full(10, 30)}
    (sentence,) = unequal_epoch_warnings(epochs, "plugin")
    assert "small 5, large 30" in sentence
    # (R - 1)/R: 80 % and 97 %
    assert "80%" in sentence and "97%" in sentence
    assert unequal_epoch_warnings(epochs, "unbiased") == []
    assert unequal_epoch_warnings({"a": [5, 5], "b": [5]}, "plugin") == []


def test_unequal_epochs_within_a_group():
    (sentence,) = unequal_epoch_warnings({"m": [5, 30, 1, 0]}, "plugin")
    assert sentence.startswith("m: questions have 5 to 30 epochs")
    # Questions with one epoch take no part and make nothing unequal.
    assert unequal_epoch_warnings({"m": [5, 5, 1, 0], "n": []}, "plugin") == []
    with pytest.raises(ValueError, match="must hold integers"):
        unequal_epoch_warnings({"m": [1.5]}, "plugin")


def test_copies_are_told():
    text = copied_epoch_warnings(
        temperatures=[0.0, 1.0, None],
        seeds=[42, None, None],
        epochs=3000,
        cached=1200,
    )
    assert [
        part in sentence
        for part, sentence in zip(
            (
                "Temperature is 0 in 1 of 3 runs",
                "A sampling seed is fixed in 1 of 3 runs",
                "1,200 of 3,000 epochs came from a cache",
            ),
            text,
            strict=True,
        )
    ] == [True] * 3


def test_independent_runs_are_silent():
    assert copied_epoch_warnings() == []
    assert copied_epoch_warnings(temperatures=[0.7], seeds=[None], epochs=9) == []


def test_unlike_accuracies():
    (sentence,) = accuracy_warnings({"a": 0.4, "b": 0.75, "c": float("nan")})
    assert "40.0% (a) to 75.0% (b)" in sentence
    assert accuracy_warnings({"a": 0.4, "b": 0.42}) == []
    assert accuracy_warnings({"a": 0.4, "c": float("nan")}) == []
