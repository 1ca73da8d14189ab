"""The numbers that belong together: never an incoherence without its accuracy and its absolute terms."""

from dataclasses import dataclass

import numpy as np

from hotmess_inspect.analyses._arrays import ordered_mean
from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.intervals import UNDEFINED, Interval, ratio_interval
from hotmess_inspect.inference.quantiles import normal_quantile


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes:
        value: NaN where undefined.
        interval: Confidence interval over resampled questions.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Share:
    """A share of questions, or a mean over questions, each of which weighs the same.

    Attributes:
        value: In [0, 1]; NaN where no question can tell.
        interval: Confidence interval: Wilson's for a share of questions, which is not empty at 0 or 1;
            over resampled questions for a mean.
        questions: Questions that can tell.
    """

    value: float
    interval: Interval
    questions: int


@dataclass(frozen=True)
class Summary:
    """What a set of questions says.

    Attributes:
        length: Mean over the questions of their mean length over epochs, in the unit of the lengths; NaN
            where unknown.
        questions: How many questions the set holds; shares of a question add up.
        accuracy: Mean share of right epochs, in [0, 1]; NaN for points of unknown rightness.
        error: Mean error over the questions with two epochs, in the unit of the loss.
        bias_squared: Mean squared bias over the same questions.
        variance: Mean variance; error = bias_squared + variance.
        incoherence: Σ variance / Σ error; NaN where there is no error.
        incoherence_ci: Its confidence interval over resampled questions.
    """

    length: float
    questions: int
    accuracy: float
    error: float
    bias_squared: float
    variance: float
    incoherence: float
    incoherence_ci: Interval


def summarise(
    part: Decomposition,
    length: FloatArray,
    accuracy: FloatArray,
    interval: Interval,
    weights: FloatArray | None = None,
) -> Summary:
    """Gather the means of a set of questions.

    Args:
        part: Decomposition of the questions.
        length: Mean length of each question, shape (questions,), NaN where unknown.
        accuracy: Share of right epochs of each question, shape (questions,).
        interval: Interval of the incoherence.
        weights: Share of each question that belongs to the set, in (0, 1], shape (questions,); None: whole
            questions. Weighted means are over the questions whose variance is defined.
    """
    if weights is None:
        error, bias_squared, variance = part.mean("error"), part.mean("bias_squared"), part.mean("variance")
        incoherence, questions = part.incoherence, len(part.error)
    else:
        error, bias_squared, variance = (
            weighted_mean(values, weights) for values in (part.error, part.bias_squared, part.variance)
        )
        incoherence = float("nan") if part.incoherence_note else variance / error
        questions = round(float(np.sort(weights).sum()))
    return Summary(
        length=weighted_mean(length, weights),
        questions=questions,
        accuracy=weighted_mean(accuracy, weights),
        error=error,
        bias_squared=bias_squared,
        variance=variance,
        incoherence=incoherence,
        incoherence_ci=interval,
    )


def weighted_mean(values: FloatArray, weights: FloatArray | None) -> float:
    """Mean of the values that are not NaN, in ascending order; NaN when none is left.

    Args:
        values: Shape (questions,).
        weights: Positive, shape (questions,); None weighs all alike.
    """
    if weights is None:
        return ordered_mean(values)
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    return float(np.sort((values * weights)[known]).sum() / np.sort(weights[known]).sum())


def share(happens: BoolArray, told: BoolArray, level: float) -> Share:
    """Share of questions to which something happens, with Wilson's interval.

    Args:
        happens: Shape (questions,).
        told: Questions that can tell, shape (questions,).
        level: Coverage of the interval.

    References:
        Wilson (1927), doi:10.1080/01621459.1927.10502953
    """
    count = int(told.sum())
    if not count:
        return Share(float("nan"), UNDEFINED, 0)
    value = int((happens & told).sum()) / count
    z = normal_quantile((1 + level) / 2)
    shrunk = 1.0 + z**2 / count
    middle = (value + z**2 / (2 * count)) / shrunk
    reach = z / shrunk * (value * (1 - value) / count + z**2 / (4 * count**2)) ** 0.5
    return Share(value, Interval(max(middle - reach, 0.0), min(middle + reach, 1.0)), count)


def mean_share(
    values: FloatArray,
    told: BoolArray,
    level: float,
    resamples: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
) -> Share:
    """Mean of one number per question, with an interval over resampled questions.

    Args:
        values: Shape (questions,); NaN only for questions that cannot tell.
        told: Questions that can tell, shape (questions,).
        level: Coverage of the interval.
        resamples: Bootstrap replicates.
        rng: Source of randomness.
        clusters: Number of each question's cluster, shape (questions,): clusters are resampled.
    """
    counted = values[told]
    if not counted.size:
        return Share(float("nan"), UNDEFINED, 0)
    labels = None if clusters is None else clusters[told]
    interval = ratio_interval(
        counted, np.ones(len(counted)), level=level, resamples=resamples, clusters=labels, rng=rng
    )
    return Share(ordered_mean(counted), interval, len(counted))
