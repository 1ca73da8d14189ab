"""Epochs that share few-shot contexts: the unbiased decomposition whose variance is split by context."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition import NestedDecomposition, decompose_nested
from hotmess_inspect.plugin.rows import IntArray, places

FloatArray = NDArray[np.float64]


def context_numbers(labels: Sequence[object]) -> IntArray:
    """Contexts as numbers from 0 in the order of their labels, -1 for an epoch without one.

    Labels that read the same are one context.
    """
    if set(map(type, labels)) <= {type(None)}:
        return np.full(len(labels), -1, dtype=np.int64)
    names = [None if label is None else str(label) for label in labels]
    rank: dict[str | None, int] = {
        name: place for place, name in enumerate(sorted({name for name in names if name is not None}))
    }
    rank[None] = -1
    return np.array([rank[name] for name in names], dtype=np.int64)


def nested_brier(
    probabilities: FloatArray, question: IntArray, questions: int, context: IntArray
) -> NestedDecomposition | None:
    """Decompose distributions whose class 0 is right, if their epochs share contexts.

    Args:
        probabilities: Distributions, shape (rows, classes).
        question: Question of each row, shape (rows,).
        questions: Number of questions.
        context: Context of each row, -1 for none, shape (rows,).

    Returns:
        The cross-context decomposition (`decompose_nested`) where some question has two epochs in one context
        and every question with two epochs has two contexts; else ``None``, and epochs count as independent.
    """
    if not _share_contexts(question, context, questions):
        return None
    place, width = places(question, questions)
    cube = np.full((questions, width, probabilities.shape[1]), np.nan)
    cube[question, place] = probabilities
    labels = np.full((questions, width), -1, dtype=np.int64)
    labels[question, place] = context
    return decompose_nested(cube, np.zeros(questions, dtype=np.int64), labels)


def mean_part(part: FloatArray) -> float:
    """Mean over the questions in which a part of the variance is defined, NaN without any."""
    known = np.sort(part[~np.isnan(part)])
    return float(known.mean()) if known.size else float("nan")


def _share_contexts(question: IntArray, context: IntArray, questions: int) -> bool:
    there = context >= 0
    if not there.any():
        return False
    epochs = np.bincount(question[there], minlength=questions)
    pairs = np.unique(question[there] * (int(context.max()) + 1) + context[there])
    contexts = np.bincount(pairs // (int(context.max()) + 1), minlength=questions)
    return bool((contexts < epochs).any() and not ((epochs >= 2) & (contexts < 2)).any())
