"""Labels in, one-hot predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from hotmess_inspect.arrays import FloatArray, IntArray
from hotmess_inspect.schema import normalise_label
from hotmess_inspect.words import counted

_SCALARS = (str, bytes, int, float, np.generic, type(None))


def are_labels(predictions: object) -> bool:
    """Whether predictions are one label per question and epoch rather than vectors."""
    if hasattr(predictions, "__array__"):
        array = np.asarray(predictions)
        # Whole numbers beside a gap become floating-point ones; without a gap those are no labels.
        return array.ndim == 2 and (array.dtype.kind != "f" or bool(np.isnan(array).any()))
    rows = list(cast("Sequence[Any]", predictions)) if isinstance(predictions, list | tuple) else []
    held = [row for row in rows if np.iterable(row) and not isinstance(row, str | bytes)]
    return bool(rows) and len(held) == len(rows) and all(isinstance(v, _SCALARS) for row in held for v in row)


def one_hot(answers: Any, target: Any) -> tuple[FloatArray, IntArray]:
    """Labels as one-hot vectors, with as many classes as the question with the most labels has.

    Args:
        answers: Label of each question and epoch, rows of any length: strings, which are compared as everywhere
            (without white space around them, and a single letter as a capital), or whole numbers. None and NaN
            are missing epochs.
        target: The right label of each question.

    Returns:
        Predictions of shape (questions, epochs, classes) and places of the targets, shape (questions,).

    Raises:
        ValueError: Naming the first question whose labels are empty, mixed or no labels, or that has no target.
    """
    given = [_listed(row) for row in _listed(answers)]
    gaps = any(_missing(value) for row in given for value in row)
    rows = [_labels(row, f"answers of question {place}", gaps) for place, row in enumerate(given)]
    goals = (
        _labels(_listed(target), "target", gaps)
        if np.iterable(target) and not isinstance(target, str)
        else []
    )
    if len(goals) != len(rows):
        raise ValueError(
            f"target must hold one label per question: {len(goals)} for {counted(len(rows), 'question')}"
        )
    known: list[dict[str | int, int]] = []
    for place, (row, goal) in enumerate(zip(rows, goals, strict=True)):
        if goal is None:
            raise ValueError(f"target of question {place} is missing")
        labels = {goal, *row} - {None}
        if len(set(map(type, labels))) > 1:
            raise ValueError(
                f"question {place} mixes strings and numbers: {goal!r} is right; use one of them"
            )
        ordered = sorted(cast("set[Any]", labels))
        known.append({label: number for number, label in enumerate(ordered)})
    classes = max([2, *map(len, known)])
    predictions = np.zeros((len(rows), max(map(len, rows), default=0), classes))
    for question, (row, places) in enumerate(zip(rows, known, strict=True)):
        for epoch in range(predictions.shape[1]):
            label = row[epoch] if epoch < len(row) else None
            if label is None:
                predictions[question, epoch] = np.nan
            else:
                predictions[question, epoch, places[label]] = 1.0
    right = [own[cast("str | int", goal)] for own, goal in zip(known, goals, strict=True)]
    return predictions, np.asarray(right, dtype=np.int64)


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else list(np.asarray(values).tolist())


def _missing(value: Any) -> bool:
    # pandas' NA is not equal to itself either, but does not say so.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _labels(values: list[Any], name: str, gaps: bool) -> list[str | int | None]:
    """Labels as strings or whole numbers, None where missing."""
    return [None if _missing(value) else _label(value, name, gaps) for value in values]


def _label(value: Any, name: str, gaps: bool) -> str | int:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str):
        label = normalise_label(value)
        if not label:
            raise ValueError(
                f"{name}: an empty label; None is a missing epoch, and an answer that could not be read needs a label "
                "of its own"
            )
        return label
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and gaps and value.is_integer():
        return int(value)
    raise ValueError(
        f"{name}: {value!r} is no label (strings and whole numbers are); class probabilities need the axes "
        "(questions, epochs, classes)"
    )
