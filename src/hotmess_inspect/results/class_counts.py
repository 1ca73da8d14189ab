"""Questions with different numbers of classes, each measured over its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition import Decomposition, decompose
from hotmess_inspect.schema import Estimator
from hotmess_inspect.table import Questions

__all__ = ["decompose_by_class_count", "known_class_counts"]


def decompose_by_class_count(questions: Questions, estimator: Estimator) -> Decomposition:
    """Decompose the KL loss, questions with equally many classes at a time.

    Smoothing gives every class a little, so a class that a question does not have would change its terms.

    Args:
        questions: Predictions over classes, with the number of classes of each question.
        estimator: "plugin" or "jackknife".

    Returns:
        The decomposition of all questions, in their order.
    """
    counts = questions.class_counts
    if counts is None or (counts == questions.predictions.shape[2]).all():
        return decompose(questions.predictions, questions.target, loss="kl", estimator=estimator)
    terms = np.full((3, len(counts)), np.nan)
    epochs = np.zeros(len(counts), dtype=np.int64)
    floor = 0.0
    for count in np.unique(counts):
        rows = counts == count
        part = decompose(
            questions.predictions[rows][:, :, _columns(questions, int(count))],
            questions.target[rows],
            loss="kl",
            estimator=estimator,
        )
        terms[:, rows] = part.error, part.bias_squared, part.variance
        epochs[rows] = part.epochs
        floor = max(floor, part.error_floor)
    return Decomposition(terms[0], terms[1], terms[2], epochs, "kl", estimator, floor)


def known_class_counts(questions: Questions) -> NDArray[np.intp] | None:
    """Number of classes of each question, 0 where what could be answered is not known: the labels are open.

    Args:
        questions: A group as arrays.

    Returns:
        Shape (questions,); None without classes.
    """
    counts = questions.class_counts
    if counts is None or not questions.open_labels:
        return counts
    return np.zeros_like(counts)


def _columns(questions: Questions, count: int) -> NDArray[np.intp]:
    """The classes of a question with so many: the first ones, and that of unparsed answers, which is last."""
    own = int(questions.unparsed_class)
    return np.append(np.arange(count - own), np.full(own, questions.predictions.shape[2] - 1))
