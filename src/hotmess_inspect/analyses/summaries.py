"""Summary of a decomposition: accuracy, error, bias², variance and incoherence together."""

from dataclasses import dataclass

import numpy as np

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray, ordered_mean
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.contexts import ratio_moves, widen_ratio
from hotmess_inspect.inference.intervals import UNDEFINED, Interval, ratio_interval, ratio_table
from hotmess_inspect.inference.quantiles import normal_quantile, student_quantile
from hotmess_inspect.inference.ratios import FEWEST


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes:
        value: NaN where undefined.
        interval: Confidence interval over questions or clusters, and over the few-shot contexts that they share.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Share(Estimate):
    """A share of questions, or a mean over questions, each of which weighs the same.

    Attributes:
        value: NaN where no question can tell.
        interval: Wilson's for a share of independent questions, which is not empty at 0 or 1; else as that of any
            mean over questions.
        questions: Questions that can tell.
    """

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
    # As every interval of an incoherence: in its range, with the estimate inside.
    low, high = interval
    if not np.isnan(low + incoherence):
        interval = Interval(max(low, min(0.0, incoherence)), min(high, max(1.0, incoherence)))
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


def question_share(
    happens: BoolArray,
    told: BoolArray,
    level: float,
    clusters: IntArray | None = None,
    without: FloatArray | None = None,
) -> Share:
    """Share of questions to which something happens, with Wilson's interval.

    Of clusters it is that of p(1 - p)/se² questions, se being the jackknife's over clusters, but of no more than there
    are, and with Student's quantile; where all questions are alike, that of as many as there are effective clusters.

    Args:
        happens: Shape (questions,).
        told: Questions that can tell, shape (questions,).
        level: Coverage of the interval.
        clusters: Number of each question's cluster, shape (questions,); None: questions are independent.
        without: As in `question_mean`.

    References:
        Wilson (1927), doi:10.1080/01621459.1927.10502953; Korn and Graubard (1998), Confidence intervals for
        proportions with small expected number of positive counts estimated from survey data, for the clusters.
    """
    values = np.where(told, happens, np.nan)[told]
    count = len(values)
    if not count:
        return Share(float("nan"), UNDEFINED, 0)
    value, number, z = int(values.sum()) / count, float(count), normal_quantile((1 + level) / 2)
    labels = None if clusters is None else clusters[told]
    ones = np.ones(count)
    table = ratio_table([values[:, None], ones[:, None]], labels)
    if table.sizes is not None:
        freedom = float(table.degrees_of_freedom[0])
        if freedom < FEWEST - 1:
            return Share(value, UNDEFINED, count)
        z, spread = student_quantile(freedom, (1 + level) / 2), float(table.jackknife_error[0])
        number = min(number, value * (1 - value) / spread**2) if spread > 0 else freedom + 1
    shrunk = 1.0 + z**2 / number
    middle = (value + z**2 / (2 * number)) / shrunk
    reach = z / shrunk * (value * (1 - value) / number + z**2 / (4 * number**2)) ** 0.5
    interval = Interval(middle - reach, middle + reach)
    if without is not None and count > 1:
        moved = ratio_moves(values, ones, without[:, told])
        interval = widen_ratio(interval, values, ones, labels, moved, level)
    # Rounding must not take an end past the share itself.
    low, high = interval
    return Share(value, Interval(max(min(low, value), 0.0), min(max(high, value), 1.0)), count)


def question_mean(
    values: FloatArray,
    permitted: tuple[float, float],
    level: float,
    resamples: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
    without: FloatArray | None = None,
) -> Share:
    """Mean of one number per question, and its interval over questions or clusters, and over shared contexts.

    Args:
        values: Shape (questions,), NaN for questions that cannot tell.
        permitted: Smallest and largest true value; the interval ends there, but holds the mean.
        level: Coverage of the interval.
        resamples: Bootstrap replicates.
        rng: Source of randomness.
        clusters: Number of each question's cluster, shape (questions,): clusters are resampled.
        without: The values without each few-shot context that questions share, shape (contexts, questions), which widen
            the interval (`widen_for_contexts`); None where they share none.
    """
    known = ~np.isnan(values)
    counted, value = values[known], ordered_mean(values)
    if len(counted) < 2:
        return Share(value, UNDEFINED, len(counted))
    labels, ones = None if clusters is None else clusters[known], np.ones(len(counted))
    interval = ratio_interval(counted, ones, level=level, resamples=resamples, clusters=labels, rng=rng)
    if without is not None:
        moved = ratio_moves(counted, ones, without[:, known])
        interval = widen_ratio(interval, counted, ones, labels, moved, level)
    bottom, top = permitted
    low, high = interval
    return Share(value, Interval(max(low, min(bottom, value)), min(high, max(top, value))), len(counted))
