"""The one rule by which a group of outcomes is decomposed: class counts, shared contexts, estimator.

The metric, `hotmess analyze` and everything that it prints, reports, annotations and studies go through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition.adaptive import decompose_adaptive, folds_of
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.embedding import embedding_decomposition
from hotmess_inspect.decomposition.nested import contexts_shared, decompose_epochs
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.sufficient import SufficientStatistics
from hotmess_inspect.schema import CLASS_LOSSES, ESTIMATORS, TEXT_LOSSES, Estimator, Loss, TextLoss
from hotmess_inspect.table import Questions

Wanted = Sequence[tuple[Loss | TextLoss, Estimator]]


def decompose_questions(
    questions: Questions, wanted: Wanted, *, smoothing: float = 1e-12
) -> list[Decomposition]:
    """Decompose the epochs of each question in all the ways wanted.

    - Classes: questions with equally many classes go together, since the smoothing of KL gives every class a
      little, so that a class that a question does not have would change its terms.
    - Epochs that share few-shot contexts (:func:`is_nested`): the unbiased terms come from pairs of epochs of
      different contexts.
    - A score v under a loss for classes is the distribution (v, 1 - v) over right and wrong.
    - Epochs whose number depends on answers (`Questions.pilot`): `decompose_adaptive`, and without the pilot what has no
      such terms.
    - Text: the variance of embeddings, or of a kernel.
    - Answers without a target: the disagreement of all pairs of epochs; losses that need a target are NaN.

    Args:
        questions: A group as arrays.
        wanted: Loss and estimator of each decomposition.
        smoothing: δ of the KL loss.

    Returns:
        One decomposition for each of the wanted, terms of shape (questions,) in the questions' order.

    Raises:
        ValueError: If a loss does not apply to the kind of the predictions, or lacks the estimator.
    """
    if questions.pilot is not None:
        return _adaptive(questions, wanted, smoothing)
    nested = any(estimator == "unbiased" for _, estimator in wanted) and is_nested(questions)
    found: dict[tuple[str, str], Decomposition] = {}
    flat: list[tuple[Loss, Estimator]] = []
    for loss, estimator in dict.fromkeys(wanted):
        if loss == "disagreement":
            found[loss, estimator] = replace(
                embedding_decomposition(
                    questions.predictions, estimator="unbiased" if estimator == "unbiased" else "plugin"
                ),
                loss=loss,
            )
        elif questions.untargeted:
            epochs = (~np.isnan(questions.predictions).all(axis=2)).sum(axis=1)
            unknown = np.full(len(epochs), np.nan)
            found[loss, estimator] = Decomposition(unknown, unknown, unknown, epochs, loss, estimator)
        elif loss in TEXT_LOSSES:
            found[loss, estimator] = embedding_decomposition(
                questions.predictions,
                kernel="linear" if loss == "embedding" else "rbf",
                estimator="unbiased" if estimator == "unbiased" else "plugin",
            )
        elif nested and estimator == "unbiased" and loss == ("brier" if questions.classes else "squared"):
            found[loss, estimator] = decompose_epochs(
                questions.predictions,
                questions.target,
                questions.context,
                loss=cast(Loss, loss),
                estimator=estimator,
            )
        else:
            flat.append((cast(Loss, loss), estimator))
    found.update(zip(flat, _flat(questions, flat, smoothing), strict=True))
    return [found[pair] for pair in wanted]


def _adaptive(questions: Questions, wanted: Wanted, smoothing: float) -> list[Decomposition]:
    """Of an adaptive run: unbiased terms of all its epochs; what has none, and shared contexts, without the pilot."""
    later = questions.without_pilot()
    own = ("brier" if questions.classes else "squared", "unbiased")
    plain = questions.untargeted or is_nested(questions)
    return [
        decompose_adaptive(
            questions.predictions,
            questions.target,
            cast(Any, questions.pilot),
            folds=folds_of(questions.ids),
            loss=cast(Any, pair[0]),
        )
        if pair == own and not plain
        else decompose_questions(later, [pair], smoothing=smoothing)[0]
        for pair in wanted
    ]


def chosen_estimator(loss: Loss | TextLoss, wanted: Estimator | None) -> Estimator:
    """The estimator asked for where the loss has it, else the loss's own: unbiased where that exists."""
    return wanted if wanted is not None and wanted in ESTIMATORS[loss] else ESTIMATORS[loss][0]


def is_nested(questions: Questions) -> bool:
    """Whether the questions' epochs share few-shot contexts; see `contexts_shared`."""
    if questions.context.max(initial=-1) < 0:
        return False
    return contexts_shared(~np.isnan(questions.predictions).all(axis=2), questions.context)


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


def _flat(
    questions: Questions, wanted: Sequence[tuple[Loss, Estimator]], smoothing: float
) -> list[Decomposition]:
    """Independent epochs, questions with equally many classes at a time."""
    if not wanted:
        return []
    predictions, target, counts = questions.predictions, questions.target, questions.class_counts
    if not questions.classes and any(loss in CLASS_LOSSES for loss, _ in wanted):
        predictions, target = (
            np.concatenate([predictions, 1.0 - predictions], axis=2),
            np.zeros(len(target), np.intp),
        )
    if counts is None or (counts == predictions.shape[2]).all():
        return _cube(predictions, target, wanted, smoothing)
    terms = np.full((len(wanted), 3, len(counts)), np.nan)
    epochs = np.zeros(len(counts), dtype=np.int64)
    floors = [0.0] * len(wanted)
    for count in np.unique(counts):
        rows = counts == count
        columns = _columns(int(count), predictions.shape[2], int(questions.unparsed_class))
        for i, part in enumerate(_cube(predictions[rows][:, :, columns], target[rows], wanted, smoothing)):
            terms[i][:, rows] = part.error, part.bias_squared, part.variance
            epochs[rows] = part.epochs
            floors[i] = max(floors[i], part.error_floor)
    return [
        Decomposition(error, bias, variance, epochs, loss, estimator, floor)
        for (error, bias, variance), (loss, estimator), floor in zip(terms, wanted, floors, strict=True)
    ]


def _columns(count: int, width: int, own: int) -> NDArray[np.intp]:
    """The classes of a question with so many: the first ones, and that of unparsed answers, which is last."""
    return np.append(np.arange(count - own), np.full(own, width - 1))


def _cube(
    predictions: NDArray[np.float64],
    target: NDArray[np.intp] | NDArray[np.float64],
    wanted: Sequence[tuple[Loss, Estimator]],
    smoothing: float,
) -> list[Decomposition]:
    """Decompose one array in all the ways wanted, summing over its epochs once."""
    losses = tuple(dict.fromkeys(loss for loss, estimator in wanted if estimator != "jackknife"))
    sums = (
        SufficientStatistics.from_predictions(predictions, target, losses=losses, smoothing=smoothing)
        if losses
        else None
    )
    found = []
    for loss, estimator in wanted:
        if sums is None or estimator == "jackknife":
            found.append(decompose(predictions, target, loss=loss, estimator=estimator, smoothing=smoothing))
        else:
            plan: Literal["plugin", "unbiased"] = "unbiased" if estimator == "unbiased" else "plugin"
            found.append(sums.decomposition(loss, plan))
    return found
