"""The numbers that belong together: never an incoherence without its accuracy and its absolute terms."""

from dataclasses import dataclass

from hotmess_inspect.decomposition import Decomposition, Interval
from hotmess_inspect.statistics._arrays import FloatArray, ordered_mean


@dataclass(frozen=True)
class Summary:
    """What a set of questions says.

    Attributes:
        length: Mean over the questions of their mean length over epochs, in the unit of the lengths; NaN
            where unknown.
        questions: How many questions the set holds.
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


def summarise(part: Decomposition, length: FloatArray, accuracy: FloatArray, interval: Interval) -> Summary:
    """Gather the means of a set of questions.

    Args:
        part: Decomposition of the questions.
        length: Mean length of each question, shape (questions,), NaN where unknown.
        accuracy: Share of right epochs of each question, shape (questions,).
        interval: Interval of the incoherence.
    """
    return Summary(
        length=ordered_mean(length),
        questions=len(part.error),
        accuracy=ordered_mean(accuracy),
        error=part.mean("error"),
        bias_squared=part.mean("bias_squared"),
        variance=part.mean("variance"),
        incoherence=part.incoherence,
        incoherence_ci=interval,
    )
