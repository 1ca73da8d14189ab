"""Array types and the checks of array arguments that decompositions, inference and analyses share.

What leaves here is a float64 (or float32) array whose shape the kernels can trust; a ValueError names the argument
and the first offending question.
"""

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.schema import ESTIMATORS, LOSSES, Estimator
from hotmess_inspect.words import counted

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

Seed: TypeAlias = int | np.random.Generator | None
"""Where randomness comes from: a generator, a number that seeds one, or None for the seed 0."""

NAN = float("nan")


def seeded(rng: Seed) -> np.random.Generator:
    """The generator given, or one with the seed given."""
    return np.random.default_rng(0 if rng is None else rng)


def check_choice(name: str, value: object, permitted: Sequence[str]) -> None:
    """Raise ValueError unless ``value`` is one of the permitted words."""
    if value not in permitted:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, permitted))}")


def check_estimator(loss: str, estimator: str) -> None:
    """Raise ValueError unless the estimator exists for the loss, and say which do."""
    check_choice("loss", loss, LOSSES)
    check_choice("estimator", estimator, get_args(Estimator))
    if estimator not in ESTIMATORS[loss]:
        alternatives = " or ".join(map(repr, ESTIMATORS[loss]))
        raise ValueError(f"estimator={estimator!r} does not exist for loss={loss!r}; use {alternatives}")


def check_smoothing(smoothing: float) -> None:
    """Raise ValueError unless the smoothing is a number in [0, 1)."""
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing={smoothing!r} is outside [0, 1); the paper uses 1e-12")


def first(mask: BoolArray) -> int:
    """Index of the first question for which the mask is true."""
    return int(np.flatnonzero(mask)[0])


def as_floats(name: str, values: ArrayLike) -> NDArray[np.floating[Any]]:
    """The values as a float array (single precision stays as it is), or a ValueError that names them."""
    try:
        array = np.asarray(values)
        floats: NDArray[np.floating[Any]] = array if array.dtype.kind == "f" else array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from error
    return floats


def as_predictions(predictions: ArrayLike, last_axis: str) -> NDArray[np.floating[Any]]:
    """Predictions with three axes and a last axis that is not empty."""
    array = as_floats("predictions", predictions)
    if array.ndim != 3:
        raise ValueError(
            f"predictions must have the axes (questions, epochs, {last_axis}); got shape {array.shape}"
        )
    if array.shape[2] == 0:
        raise ValueError(f"predictions of shape {array.shape} have an empty axis {last_axis}")
    return array


def as_class_target(target: ArrayLike, questions: int, classes: int) -> IntArray:
    """Class indices of shape (questions,), each in 0 … classes - 1."""
    array = np.asarray(target)
    if array.shape != (questions,):
        raise ValueError(
            f"target has shape {array.shape}; predictions of {counted(questions, 'question')} need ({questions},)"
        )
    if questions and array.dtype.kind not in "iu":
        raise ValueError(f"target must hold integer class indices; got dtype {array.dtype}")
    wrong = (array < 0) | (array >= classes)
    if wrong.any():
        question = first(wrong)
        raise ValueError(f"target of question {question} is {array[question]}; permitted: 0 to {classes - 1}")
    return array.astype(np.int64)


def as_point_target(target: ArrayLike, questions: int, dims: int) -> NDArray[np.floating[Any]]:
    """Target points, broadcast to (questions, dims); one value per question is taken when dims is 1."""
    array = as_floats("target", target)
    if array.shape == (questions,) and dims == 1:
        array = array[:, None]
    try:
        return np.broadcast_to(array, (questions, dims))
    except ValueError as error:
        raise ValueError(
            f"target of shape {array.shape} does not broadcast to (questions, dims) = ({questions}, {dims})"
        ) from error


def cluster_numbers(clusters: Sequence[Hashable] | NDArray[Any], questions: int | None = None) -> IntArray:
    """Clusters as integers, shape (questions,); the numbering has no meaning beyond that.

    Raises:
        ValueError: If there are not as many labels as questions, where these are given.
    """
    if questions is not None and len(clusters) != questions:
        raise ValueError(
            f"clusters has {counted(len(clusters), 'label')}; there are {counted(questions, 'question')}"
        )
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in clusters], dtype=np.int64)


def ordered_mean(values: FloatArray) -> float:
    """Mean in ascending order, of the values that are not NaN; NaN when none is left."""
    known = np.sort(values[~np.isnan(values)])
    return float(known.mean()) if known.size else NAN


def mean_over_epochs(values: FloatArray) -> FloatArray:
    """Mean of the values that are not NaN, shape (questions,), with equal bits in any order; NaN where there are none.

    Args:
        values: Shape (questions, epochs).
    """
    count = values.shape[1]
    # Whole numbers add up exactly in any order, and NaN is none.
    if values.size and np.array_equal(np.rint(values), values) and np.abs(values).max() < 2.0**53 / count:
        exact: FloatArray = values @ np.ones(count) / count
        return exact
    known = np.count_nonzero(~np.isnan(values), axis=1)
    total: FloatArray = np.nan_to_num(np.sort(values, axis=1)).sum(axis=1)
    return total / np.where(known > 0, known, np.nan)


def ratio(numerator: FloatArray, denominator: FloatArray | IntArray) -> FloatArray:
    """Quotient, NaN where the denominator is not positive."""
    quotient: FloatArray = numerator / np.where(denominator > 0, denominator, np.nan)
    return quotient
