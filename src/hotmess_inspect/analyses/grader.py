"""Variance of the grader, separated from the model's by grading the same patch or completion several times."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.bits import decode_tests
from hotmess_inspect.decomposition import Decomposition

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GraderNoise:
    """How the variance of outcomes parts into that of the model and that of the grader.

    Attributes:
        grader_variance: Variance of the outcomes of one and the same patch or completion, shape (questions,), in
            [0, 0.5]; NaN for a question none of whose epochs was graded twice.
        model_variance: What is left of the variance, shape (questions,); unbiased, so it may be a little
            below 0 where the model's variance is near 0. NaN where either variance is.
        incoherence_of_expected_verdict: Σ model_variance / Σ (error - grader_variance) over the questions that
            have both: the incoherence of each epoch's expected verdict, its pass rate over gradings. It is not
            what a grader without noise would have found, whose verdicts are 0 or 1. NaN if there are no such
            questions, or no error.
        epochs: Epochs that were graded more than once, shape (questions,).
    """

    grader_variance: FloatArray
    model_variance: FloatArray
    incoherence_of_expected_verdict: float
    epochs: NDArray[np.int64]

    @property
    def share(self) -> float:
        """Σ grader_variance / Σ variance over the questions that have both; NaN where there is no variance."""
        known = ~np.isnan(self.model_variance)
        grader, model = np.sort(self.grader_variance[known]).sum(), np.sort(self.model_variance[known]).sum()
        return float(grader / (grader + model)) if grader + model > 0 else float("nan")

    def mean(self, name: str) -> float:
        """Mean of ``grader_variance`` or ``model_variance`` over the questions that have both; NaN of none."""
        values: FloatArray = getattr(self, name)
        known = np.sort(values[~np.isnan(self.model_variance)])
        return float(known.mean()) if known.size else float("nan")


def grader_noise(
    passes: ArrayLike, gradings: ArrayLike, question: ArrayLike, decomposition: Decomposition
) -> GraderNoise:
    """Part the variance of coverage error into the model's and the grader's.

    Epoch r's patch passes test j with probability m_rj when it is graded once, its expected verdict; a grader
    without noise has m_rj in {0, 1}. By the law of total variance the outcome f_rj of one grading has

        Var(f_j) = Var_r(m_rj) + E_r[m_rj (1 - m_rj)] = model + grader.

    With k of G gradings of a patch passed, k (G - k) / (G (G - 1)) is the sample variance of its outcomes,
    whose expectation is m (1 - m) exactly. So, with means over the tests of a question as in the coverage
    error and over its epochs graded at least twice,

        grader_variance = mean_r mean_j k_rj (G_r - k_rj) / (G_r (G_r - 1))
        model_variance  = variance - grader_variance

    where ``variance`` is that of the first grading of every epoch (the score). Both are unbiased if
    ``variance`` is, whichever epochs were graded again as long as that did not depend on their outcome, and
    error = bias_squared + model_variance + grader_variance.

    Args:
        passes: How often each test passed, shape (epochs of all questions, tests); NaN where a test does not
            exist or is masked.
        gradings: How often each epoch was graded, the first time included, shape (epochs,).
        question: Index of each epoch's question, shape (epochs,).
        decomposition: Decomposition of the first gradings, by question. With the estimator "plugin" the
            model's variance is too low by (variance of one epoch) / R, as the plug-in is.

    Returns:
        Both terms per question.

    Raises:
        ValueError: If the shapes disagree, a count of passes is above that of gradings, or a question's
            index is beyond the decomposition's.

    References:
        Law of total variance; components of variance in a one-way layout: Searle, Casella, McCulloch (1992),
        Variance Components, ch. 3.
    """
    counts = np.asarray(passes, dtype=np.float64)
    times = np.asarray(gradings, dtype=np.float64)
    index = np.asarray(question, dtype=np.int64)
    questions = len(decomposition.error)
    _check(counts, times, index, questions)
    again = times >= 2
    within = _mean_over_tests(counts[again] * (times[again, None] - counts[again]))
    within /= times[again] * (times[again] - 1)
    used = ~np.isnan(within)
    return _parted(within[used], index[again][used], decomposition)


def judge_noise(gradings: ArrayLike, question: ArrayLike, decomposition: Decomposition) -> GraderNoise:
    """Part the variance of scores into the model's and the judge's, from completions that were graded again.

    Two levels: epoch r's completion has the expected score m_r, and one grading is m_r and the judge's noise, so that
    Var(score) = Var_r(m_r) + E_r Var(score | completion). The sample variance of the G_r gradings of a completion has
    the second term's expectation, whatever the judge's noise depends on; the model's is what is left of the unbiased
    variance of single gradings, as in `grader_noise`, which this is for 0 and 1.

    Args:
        gradings: Scores of each completion, from 0 to 1, the one that counts among them, shape (epochs of all
            questions, gradings); NaN where there are fewer.
        question: Index of each epoch's question, shape (epochs,).
        decomposition: Decomposition of the score that counts, by question.

    Returns:
        Both terms per question.

    Raises:
        ValueError: If the shapes disagree, or a question's index is beyond the decomposition's.

    Examples:
        >>> import numpy as np
        >>> from hotmess_inspect import decompose
        >>> d = decompose(np.array([[[1.0], [0.0], [1.0]]]), np.ones((1, 1)), loss="squared")
        >>> noise = judge_noise([[1, 0], [0, 0], [1, 1]], [0, 0, 0], d)
        >>> noise.grader_variance.round(4).tolist(), noise.model_variance.round(4).tolist()
        ([0.1667], [0.1667])
    """
    values, index = np.asarray(gradings, dtype=np.float64), np.asarray(question, dtype=np.int64)
    _check(values, np.full(len(values), np.inf), index, len(decomposition.error))
    known = ~np.isnan(values)
    again = known.sum(axis=1) >= 2
    kept = np.sort(values[again], axis=1)  # NaN last; equal bits in any order of the gradings
    count = known[again].sum(axis=1)
    mean = np.nansum(kept, axis=1) / count
    within = np.nansum(np.square(kept - mean[:, None]), axis=1) / (count - 1)
    return _parted(within, index[again], decomposition)


def _parted(within: FloatArray, owner: NDArray[np.int64], decomposition: Decomposition) -> GraderNoise:
    """Both terms from the variance within each epoch that was graded again, shape (epochs,)."""
    questions = len(decomposition.error)
    order = np.lexsort((within, owner))  # sums with equal bits in whatever order the epochs came
    epochs = np.bincount(owner, minlength=questions)
    sums = np.bincount(owner[order], weights=within[order], minlength=questions)
    grader = np.full(questions, np.nan)
    np.divide(sums, epochs, out=grader, where=epochs > 0)
    model = np.where(decomposition.repeated, decomposition.variance, np.nan) - grader
    both = ~np.isnan(model)
    error = float(np.sort((decomposition.error - grader)[both]).sum())
    share = float(np.sort(model[both]).sum()) / error if error > 0 else float("nan")
    return GraderNoise(grader, model, share, epochs.astype(np.int64))


def _mean_over_tests(products: FloatArray) -> FloatArray:
    known = ~np.isnan(products)
    number = known.sum(axis=1)
    totals = np.where(known, products, 0.0).sum(axis=1)  # whole numbers, exact in any order
    means = np.full(len(products), np.nan)
    np.divide(totals, number, out=means, where=number > 0)
    return means


def _check(counts: FloatArray, times: FloatArray, index: NDArray[np.int64], questions: int) -> None:
    if counts.ndim != 2 or times.shape != (len(counts),) or index.shape != (len(counts),):
        raise ValueError(
            f"passes must have the shape (epochs, tests), gradings and question (epochs,), not "
            f"{counts.shape}, {times.shape} and {index.shape}"
        )
    if len(index) and not (0 <= index.min() and index.max() < questions):
        raise ValueError(f"question must be in 0 … {questions - 1}, not {index.min()} … {index.max()}")
    with np.errstate(invalid="ignore"):
        wrong = ((counts < 0) | (counts > times[:, None])).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"epoch {row} passes a test more often than its {times[row]:g} gradings, or below 0")


def count_passes(
    gradings: Sequence[str], f2p: int, p2p: int, tests: str, masked: NDArray[np.bool_] | None = None
) -> FloatArray | None:
    """How often each test of a set passed in several gradings of one patch.

    Args:
        gradings: Bit strings as :func:`~hotmess_inspect.bits.encode_tests` writes them, the score's own first;
            of all tests, or of FAIL_TO_PASS alone.
        f2p: Number of FAIL_TO_PASS tests.
        p2p: Number of PASS_TO_PASS tests.
        tests: ``f2p``, ``p2p``, ``pooled``, or ``resolved``: all tests passing as one outcome.
        masked: Which tests do not count, shape (f2p + p2p,).

    Returns:
        Number of passes, shape (tests of the set,), NaN where masked; None if the gradings do not tell.
    """
    sizes = {-(-(f2p + p2p) // 4): f2p + p2p}
    if tests == "f2p":
        sizes = {-(-f2p // 4): f2p} | sizes
    try:
        runs = [decode_tests(text, sizes[len(text)]) for text in gradings]
    except (KeyError, ValueError):
        return None
    hidden = np.zeros(f2p + p2p, dtype=bool) if masked is None else masked[: f2p + p2p]
    if tests == "resolved":
        return np.array([float(sum(bool((run | hidden).all()) for run in runs))])
    first, last = {"f2p": (0, f2p), "p2p": (f2p, f2p + p2p), "pooled": (0, f2p + p2p)}[tests]
    counts: FloatArray = np.stack([run[first:last] for run in runs]).sum(axis=0, dtype=np.float64)
    counts[hidden[first:last]] = np.nan
    return counts
