r"""Unbiased terms where the number of a question's epochs depends on its own first epochs.

An adaptive run gives every question the same :math:`r` *pilot* epochs. How many *later* epochs a question gets,
:math:`n`, may depend on its pilot: questions that were always right get few. Pooled as if they had been planned, the
epochs of a question are then biased: a pass rate of .9 stops after three right answers more often than after others. What
stays true is that, given the pilot, later epochs are independent draws of the question. So for a kernel :math:`h` of two
epochs with mean :math:`\theta = E[h(X, X')]` the three means over pairs

.. math:: U_{11},\ U_{12},\ U_{22}: \quad\text{both in the pilot, one in each part, both later,}

are each unbiased: :math:`U_{11}` whatever follows; :math:`E[U_{22} \mid \text{pilot}] = \theta`; and
:math:`E[U_{12} \mid \text{pilot}]` is a mean of :math:`g(x) = E[h(x, X')]` over pilot epochs, whose mean is θ. Hence

.. math:: U = w_{11} U_{11} + w_{12} U_{12} + w_{22} U_{22}, \qquad w_{11} + w_{12} + w_{22} = 1

is unbiased for every question if the weights do not depend on its answers. Questions are parted into *folds* by their names
(`folds_of`), and how many later epochs those of a fold have is decided by the answers of the other folds, but for the
stratum that a question's own pilot puts it into. The weights are those that pairs have in a question with :math:`r` pilot and
:math:`n^*` later epochs, :math:`n^* = \sum n^2 / \sum n` over the questions of the fold, which is also the other folds'
decision but for how many of the fold's pilots fall into each stratum. With equal numbers of epochs :math:`U` is the usual
unbiased term of all epochs together. For allocations in proportion to each stratum's standard deviation this :math:`n^*` gives
pilot and later epochs the weights of the smallest variance. Kernels: error
:math:`(|d_a|^2 + |d_b|^2)/2` of the deviations d from the target, squared bias :math:`d_a \cdot d_b`, variance their
difference, so that error = bias² + variance.

References:
    Neyman (1938), Contribution to the theory of sampling human populations (double sampling);
    Hoeffding (1948), A class of statistics with asymptotically normal distribution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray, check_choice
from hotmess_inspect.decomposition.brier import without_dust
from hotmess_inspect.decomposition.nested import NestedLoss, _deviations
from hotmess_inspect.decomposition.result import Decomposition

FOLDS = 10
"""Folds; half as many with fewer questions than `PER_FOLD` in each."""
PER_FOLD = 20


def folds_of(ids: Sequence[str]) -> IntArray:
    """Fold of each question, shape (questions,): by its name alone, so that every reader of a run finds the same.

    Examples:
        >>> folds_of([f"q{i}" for i in range(12)]).tolist()
        [0, 1, 1, 3, 1, 1, 0, 1, 1, 1, 4, 1]
    """
    folds = FOLDS if len(ids) >= FOLDS * PER_FOLD else FOLDS // 2
    digests = (hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in ids)
    return np.array([digest[0] % folds for digest in digests], dtype=np.int64)


def pair_weights(pilot: BoolArray, later: BoolArray, folds: IntArray | None = None) -> FloatArray:
    """Weights of pairs inside the pilot, across, and inside the later epochs; shape (questions, 3).

    A question that lacks epochs, as after an error, has the weights of the pairs that it has, in the same
    proportions; all are 0 with fewer than two epochs.

    Args:
        pilot: Epochs of the pilot that are there, shape (questions, epochs).
        later: Later epochs that are there, same shape.
        folds: Fold of each question, shape (questions,); ``None`` for one.
    """
    first, second = pilot.sum(axis=1), later.sum(axis=1)
    own = np.zeros(len(second), np.int64) if folds is None else folds
    r, many = float(first.max(initial=0)), np.maximum(np.bincount(own, second), 1)
    n = (np.bincount(own, np.square(second)) / many)[own]
    ideal = np.stack([np.full(len(n), r * (r - 1)), 2 * r * n, n * np.maximum(n - 1, 0.0)], axis=1)
    has = np.stack([first >= 2, (first >= 1) & (second >= 1), second >= 2], axis=1)
    weights = np.where(has, ideal, 0.0)
    # Pairs that no ideal question has are all that an odd question may have.
    weights = np.where((weights.sum(axis=1) == 0)[:, None], has.astype(np.float64), weights)
    sums = weights.sum(axis=1, keepdims=True)
    return weights / np.where(sums > 0, sums, 1.0)


def epoch_weights(pilot: BoolArray, later: BoolArray, folds: IntArray | None = None) -> FloatArray:
    """Weight of each epoch in a question's mean, shape (questions, epochs), 0 where there is no epoch.

    The weights of a question add up to 1; a single epoch has the weight 1.
    """
    pairs = pair_weights(pilot, later, folds)
    found = np.zeros(pilot.shape)
    for part, weight in ((pilot, pairs[:, 0] + pairs[:, 1] / 2), (later, pairs[:, 2] + pairs[:, 1] / 2)):
        found += np.where(part, (weight / np.maximum(part.sum(axis=1), 1))[:, None], 0.0)
    alone = (pilot | later).sum(axis=1) == 1
    found[alone] = (pilot | later)[alone]
    return found


def adaptive_means(values: FloatArray, pilot: BoolArray, folds: IntArray | None = None) -> FloatArray:
    """Unbiased mean of a number per epoch for every question, shape (questions,); NaN without an epoch.

    Args:
        values: Shape (questions, epochs), NaN where there is no epoch.
        pilot: Which epochs are of the pilot, same shape.
        folds: Fold of each question, shape (questions,); ``None`` for one.
    """
    there = ~np.isnan(values)
    weights = epoch_weights(pilot & there, there & ~pilot, folds)
    # In ascending order, so that the order of the epochs changes no bit.
    means = np.sort(np.where(there, weights * np.nan_to_num(values), 0.0), axis=1).sum(axis=1)
    return np.where(there.any(axis=1), means, np.nan)


def decompose_adaptive(
    predictions: ArrayLike,
    target: ArrayLike,
    pilot: NDArray[np.bool_],
    *,
    folds: IntArray | None = None,
    loss: NestedLoss = "brier",
) -> Decomposition:
    """Unbiased error, squared bias and variance of every question of an adaptive run.

    Args:
        predictions: As in `decompose`, shape (questions, epochs, classes or dims).
        target: As in `decompose`.
        pilot: Which epochs every question got, whatever it answered, shape (questions, epochs).
        folds: Fold of each question, as `folds_of` gives them, shape (questions,); ``None`` for one.
        loss: "brier" or "squared".

    Returns:
        Terms of shape (questions,); squared bias and variance are NaN with fewer than two epochs.

    Raises:
        ValueError: As `decompose`, or if `pilot` has another shape.

    Examples:
        >>> import numpy as np
        >>> letters = np.eye(2)[[[0, 0, 0, 0, 0], [0, 1, 1, 0, 1]]]
        >>> letters[0, 4] = np.nan
        >>> pilot = np.array([[True, True, False, False, False]] * 2)
        >>> decompose_adaptive(letters, [0, 0], pilot).variance.round(3).tolist()
        [0.0, 0.602]
    """
    check_choice("loss", loss, ("brier", "squared"))
    deviation, present, weight = _deviations(predictions, target, loss)
    if pilot.shape != present.shape:
        raise ValueError(f"pilot has shape {pilot.shape}; there are epochs of shape {present.shape}")
    # One order of the epochs of each part, made of contents alone.
    key = deviation @ np.sqrt(np.arange(2.0, deviation.shape[2] + 2))
    order = np.lexsort((key, ~pilot, ~present), axis=1)
    deviation = np.take_along_axis(deviation, order[:, :, None], axis=1)
    present, pilot = (np.take_along_axis(values, order, axis=1) for values in (present, pilot))
    parts = (present & pilot, present & ~pilot)
    weights = pair_weights(*parts, folds)
    squares = np.square(deviation).sum(axis=2) * weight[:, None]
    error = adaptive_means(np.where(present, squares, np.nan), pilot, folds)
    # About one epoch of the question, so that the spread of equal epochs is 0 and not rounding.
    moved = np.where(present[:, :, None], deviation - deviation[:, :1], 0.0)
    sums, norms, counts = [], [], []
    for part in parts:
        own = np.where(part[:, :, None], moved, 0.0)
        sums.append(own.sum(axis=1))
        norms.append(np.square(own).sum(axis=(1, 2)))
        counts.append(part.sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = [
            (norm - np.square(total).sum(axis=1) / count) / (count - 1)
            for total, norm, count in zip(sums, norms, counts, strict=True)
        ]
        across = (norms[0] / counts[0] + norms[1] / counts[1]) / 2 - (sums[0] * sums[1]).sum(axis=1) / (
            counts[0] * counts[1]
        )
    pairs = np.stack([inside[0], across, inside[1]], axis=1)
    variance = weight * np.where(weights > 0, weights * np.maximum(pairs, 0.0), 0.0).sum(axis=1)
    variance = np.where(present.sum(axis=1) >= 2, variance, np.nan)
    epochs = present.sum(axis=1)
    return Decomposition(
        error, without_dust(error - variance, epochs * error), variance, epochs, loss, "unbiased"
    )
