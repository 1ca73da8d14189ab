"""What every analysis asks of its arrays: shapes, missing epochs, sums that ignore the order of rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition, decompose
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.quantiles import normal_cdf, sample_quantiles, student_quantile
from hotmess_inspect.inference.resampling import LARGE, row_hashes
from hotmess_inspect.schema import Loss

# Larger than any exponent.
_BEYOND = 1e100
# Up to so many columns sorting by each in turn is faster than by a digest of all.
_FEW_COLUMNS = 16


def as_predictions(predictions: ArrayLike) -> FloatArray:
    """Predictions as floats with the axes (questions, epochs, classes)."""
    array = np.asarray(predictions, dtype=np.float64)
    if array.ndim != 3:
        raise ValueError(f"predictions must have the axes (questions, epochs, classes); got {array.shape}")
    return array


def as_epoch_values(name: str, values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Numbers per epoch, shape (questions, epochs): finite and not negative, or NaN where unknown."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; these predictions need {shape}")
    places = np.argwhere((array < 0) | np.isinf(array))
    if len(places):
        question, epoch = places[0].tolist()
        raise ValueError(
            f"{name} of question {question}, epoch {epoch} is {array[question, epoch]}; "
            "permitted: finite numbers from 0, or NaN where unknown"
        )
    return array


def check_level(level: float, resamples: int) -> None:
    """Raise ValueError unless the options of an interval are in their ranges."""
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is outside (0, 1)")
    if resamples < 1:
        raise ValueError(f"resamples={resamples!r} must be at least 1")


def present_epochs(predictions: FloatArray) -> BoolArray:
    """Epochs that hold a prediction, shape (questions, epochs)."""
    if not predictions.shape[2]:
        return np.zeros(predictions.shape[:2], dtype=bool)
    # An epoch with its first value is there; the others of few epochs need a look.
    present = ~np.isnan(predictions[:, :, 0])
    unsure = np.nonzero(~present)
    present[unsure] = ~np.isnan(predictions[unsure]).all(axis=1)
    return np.asarray(present)


def epoch_accuracy(
    predictions: FloatArray, target: ArrayLike, loss: Loss, correct: ArrayLike | None = None
) -> FloatArray:
    """How right each epoch is, in [0, 1], shape (questions, epochs); NaN where missing.

    Taken from `correct` where given; else an epoch is right whose most probable class is the target, and
    1/k right where k classes share the top. NaN for points, whose rightness the predictions do not tell.
    """
    questions, epochs, classes = predictions.shape
    if correct is not None:
        values = as_epoch_values("correct", correct, (questions, epochs))
        return np.where(present_epochs(predictions), values, np.nan)
    if loss == "squared":
        return np.full((questions, epochs), np.nan)
    gold = np.asarray(target)
    if gold.shape != (questions,):
        raise ValueError(f"target has shape {gold.shape}; predictions need ({questions},)")
    wrong = decompose(
        predictions.reshape(-1, 1, classes), np.repeat(gold, epochs), loss="zero_one", estimator="plugin"
    ).error
    return 1.0 - wrong.reshape(questions, epochs)


def as_deviations(predictions: FloatArray, target: ArrayLike) -> FloatArray:
    """Points less their target, scaled so that a mean over all dims is one over those that exist.

    Args:
        predictions: As for the squared loss, shape (questions, epochs, dims), already checked.
        target: Points, shape (questions, dims) or broadcastable to it.

    Returns:
        Shape (questions, epochs, dims): 0 in dimensions that do not exist, NaN in missing epochs. Their
        squared errors about 0 are those of the predictions about the target.
    """
    questions, _, dims = predictions.shape
    goal = np.asarray(target, dtype=np.float64)
    goal = goal[:, None] if goal.shape == (questions,) and dims == 1 else goal
    exists = (~np.isnan(predictions)).any(axis=1)
    weight = np.sqrt(dims / np.maximum(exists.sum(axis=1), 1))
    deviation = (predictions - np.broadcast_to(goal, (questions, dims))[:, None]) * weight[:, None, None]
    return np.where(present_epochs(predictions)[:, :, None], np.nan_to_num(deviation), np.nan)


def in_few_dimensions(deviations: FloatArray) -> FloatArray:
    """The same distances in no more dimensions than there are epochs.

    The epochs of a question span a space of at most R dimensions: turned into a frame of that space,
    3,000 unit tests become R numbers, and the squared loss of any subset of the epochs stays the same.

    Args:
        deviations: Points about a target of 0, shape (questions, epochs, dims), NaN rows for missing
            epochs.

    Returns:
        Shape (questions, epochs, min(epochs, dims)). It depends on the order of the epochs.
    """
    _, epochs, dims = deviations.shape
    if dims <= epochs:
        return deviations
    plain = np.nan_to_num(deviations)
    # All that matters are the inner products of epochs; their square root is a set of coordinates.
    values, frame = np.linalg.eigh(plain @ np.swapaxes(plain, 1, 2))
    turned = frame * np.sqrt(np.maximum(values, 0.0) * (epochs / dims))[:, None, :]
    return np.where(present_epochs(deviations)[:, :, None], turned, np.nan)


def take(decomposition: Decomposition, questions: NDArray[Any] | Sequence[int]) -> Decomposition:
    """The decomposition of some of the questions, by index or mask."""
    index = np.asarray(questions)
    if isinstance(decomposition, NestedDecomposition):
        kept = decomposition.by_context
        names = ("between_context", "within_context", "grader")
        decomposition = replace(
            decomposition,
            by_context=None if kept is None else kept.take(index),
            **{name: getattr(decomposition, name)[index] for name in names},
        )
    return replace(
        decomposition,
        error=decomposition.error[index],
        bias_squared=decomposition.bias_squared[index],
        variance=decomposition.variance[index],
        epochs=decomposition.epochs[index],
    )


def percentile_interval(replicates: FloatArray, level: float, units: int, strata: int = 1) -> Interval:
    """Quantiles of the defined replicates, expanded for the narrowness of few units.

    Replicates of n units spread too little by √((n - 1)/n), and their tails are those of a normal
    distribution where Student's t is due. The quantiles are taken as far out as makes up for both.

    Args:
        replicates: Shape (resamples,); NaN where undefined, and infinite ones count as what they are.
        level: Nominal coverage.
        units: Questions or clusters that were resampled.
        strata: Parts of equal size that they fall into, such as length buckets.

    Returns:
        The interval; NaN where no replicate is defined, all are the same but for rounding (units that do not differ say
        nothing of others), a part has a single unit, an end is infinite, or the quantiles lie beyond the replicates that draw one unit alone (below 5 units at 95 %): the farthest values that there can
        be hold the truth less often than the level says.

    References:
        Hesterberg (2015), What teachers should know about the bootstrap,
        doi:10.1080/00031305.2015.1089789
    """
    defined = replicates[~np.isnan(replicates)]
    if not defined.size or units <= strata:
        return UNDEFINED
    finite = defined[np.isfinite(defined)]
    if finite.size and np.ptp(finite) <= 1e-9 * max(1.0, float(np.abs(finite).max())):
        return UNDEFINED
    reach = student_quantile(units - strata, (1 + level) / 2) * np.sqrt(units / (units - strata))
    tail = normal_cdf(-reach)
    if tail < float(units) ** -units:
        return UNDEFINED
    # Quantiles between an infinite value and a finite one are beyond any number all the same.
    low, high = sample_quantiles(np.clip(defined, -_BEYOND, _BEYOND), [tail, 1 - tail])
    if max(-low, high) > _BEYOND * 1e-6:
        return UNDEFINED
    return Interval(float(low), float(high))


def line_up(predictions: FloatArray, right: FloatArray, lengths: FloatArray) -> tuple[FloatArray, ...]:
    """Epochs of each question from short to long, equal lengths by contents, unknown ones last.

    Args:
        predictions: Shape (questions, epochs, classes).
        right: How right each epoch is, shape (questions, epochs).
        lengths: Shape (questions, epochs); an epoch with NaN is not used and becomes NaN throughout.

    Returns:
        The three arrays in that order: whatever is drawn for their places does not depend on the order
        in which epochs came.
    """
    order = np.argsort(lengths, axis=1, kind="stable")
    rows = np.arange(len(order))[:, None]
    ordered = lengths[rows, order]
    # Lengths alone order the epochs of most questions.
    tied = np.flatnonzero(~strictly_ascending(ordered))
    if len(tied):
        order[tied] = np.lexsort((right[tied], *_contents(predictions[tied]), lengths[tied]), axis=1)
        ordered = lengths[rows, order]
    flat = (rows * order.shape[1] + order).reshape(-1)
    predictions = predictions.reshape(-1, predictions.shape[2]).take(flat, axis=0).reshape(predictions.shape)
    right = right.reshape(-1).take(flat).reshape(right.shape)
    unused = np.isnan(ordered)
    predictions[unused] = np.nan
    right[unused] = np.nan
    return predictions, right, ordered


def strictly_ascending(values: FloatArray) -> BoolArray:
    """Rows in which every value is above the one before it, none of them NaN; shape (rows,)."""
    return np.asarray((values[:, 1:] > values[:, :-1]).all(axis=1))


def _contents(predictions: FloatArray) -> list[NDArray[Any]]:
    """Keys that sort epochs by what they hold, each of shape (questions, epochs)."""
    if predictions.shape[2] <= _FEW_COLUMNS:
        return list(np.moveaxis(predictions, 2, 0))
    joined = b"".join(digests(predictions.reshape(-1, predictions.shape[2])))
    return list(np.moveaxis(np.frombuffer(joined, np.uint64).reshape(*predictions.shape[:2], 2), 2, 0))


def content_order(*arrays: NDArray[Any]) -> IntArray:
    """Order of questions by what their rows hold: in whatever order they came, they leave in one.

    The order has no meaning beyond that. Equal questions are interchangeable.

    Args:
        arrays: Each of shape (questions, ...).
    """
    if len(arrays[0]) > LARGE:
        return np.argsort(row_hashes(*arrays)).astype(np.int64, copy=False)
    keys = digests(*arrays)
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def digests(*arrays: NDArray[Any]) -> list[bytes]:
    """Sixteen bytes for the contents of each row of arrays of shape (rows, ...)."""
    parts = []
    for array in arrays:
        values = np.asarray(array, dtype=np.float64)
        # Adding zero turns -0.0 into 0.0, and one bit pattern stands for every NaN.
        parts.append(np.ascontiguousarray(np.where(np.isnan(values), np.nan, values) + 0.0))
    found = []
    for rows in zip(*parts, strict=True):
        digest = hashlib.blake2b(digest_size=16)
        for row in rows:
            digest.update(row.tobytes())
        found.append(digest.digest())
    return found
