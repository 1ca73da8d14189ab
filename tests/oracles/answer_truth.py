r"""The true bias², variance and incoherence of ``hotmess/simulated``, from its probabilities alone.

Notation per question: p the distribution over the C options under one context, y the target, u the share of
unparsed answers, f the prediction of one epoch, m = E f, S = E‖f‖². Nothing here draws an answer; what is
stated is what infinitely many epochs would show, unless a number of epochs is given. numpy only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.schema import Unparsed
from hotmess_inspect.simulated.arguments import read_arguments
from hotmess_inspect.simulated.distribution import (
    Question,
    SimulatedArguments,
    context_distribution,
    question_distribution,
)

__all__ = ["Truth", "truth", "truth_from_probabilities", "truth_from_statements"]

FloatArray = NDArray[np.float64]
Format = Literal["letter", "probability", "logprob"]
Loss = Literal["brier", "kl", "verdict"]

# Number of ways to split R epochs over the options that are still summed one by one.
MAX_SPLITS = 400_000


@dataclass(frozen=True)
class Truth:
    """What a model of known distributions is bound to show, per question and over all.

    Attributes:
        error: Expected loss, shape (questions,); Brier in [0, 2], KL in nats, verdict in [0, 1].
        bias_squared: Shape (questions,), same unit.
        variance: Shape (questions,), same unit.
        between: Part of the variance that lies between few-shot contexts, shape (questions,); 0 without
            contexts, NaN where the loss has no such split (KL).
        within: The rest of the variance, shape (questions,).
        accuracy: Probability that an epoch's answer is right, shape (questions,); NaN for the probability
            format, whose answer has no closed form.
    """

    error: FloatArray
    bias_squared: FloatArray
    variance: FloatArray
    between: FloatArray
    within: FloatArray
    accuracy: FloatArray

    @property
    def incoherence(self) -> float:
        """Sum of variance over sum of error; NaN where there is no error."""
        error = float(np.sum(self.error))
        return float(np.sum(self.variance)) / error if error > 0 else math.nan

    def mean(self, name: str) -> float:
        """Mean over questions of one of the arrays."""
        return float(np.mean(getattr(self, name)))


def truth(
    questions: Sequence[Question],
    arguments: SimulatedArguments | Mapping[str, object] | None = None,
    *,
    targets: Sequence[int] | None = None,
    contexts: Sequence[str] | None = None,
    level: float = 0.0,
    loss: Loss = "brier",
    format: Format = "letter",
    unparsed: Unparsed = "uniform",
    epochs: int | None = None,
    smoothing: float = 1e-12,
) -> Truth:
    """State what ``hotmess/simulated`` is bound to show on some questions.

    Args:
        questions: The questions as the model sees them. With ``knowledge=target`` their targets shape the
            distributions.
        arguments: The model's arguments, as given with ``-M``; ``None`` for the defaults.
        targets: Index of the right option per question where the questions do not hold it (the model then
            does not know it either).
        contexts: Texts of the few-shot contexts, each taken equally often; ``None`` without contexts or,
            where ``context_variance`` is above 0, for infinitely many contexts.
        level: Level of the reasoning budget (`hotmess_inspect.simulated.distribution.budget_level`).
        loss: ``brier``, ``kl`` or ``verdict``; formulas in `truth_from_probabilities`.
        format: What an epoch predicts: ``letter``, ``probability`` or ``logprob``.
        unparsed: Treatment of unparsed answers: ``uniform``, ``class`` of its own, ``drop``.
        epochs: Number of epochs for KL on letters; ``None`` for infinitely many.
        smoothing: The constant δ of KL.

    Returns:
        The truth; arrays in the order of the questions.

    Raises:
        ValueError: If an argument is unknown or out of range, or a question has no target.
    """
    if isinstance(arguments, SimulatedArguments):
        known = arguments
    else:
        known = read_arguments(SimulatedArguments, arguments or {}, "hotmess/simulated")
    case = _Case(
        loss=loss,
        format=format,
        unparsed=unparsed,
        share_unparsed=known.unparsed,
        probability_variance=known.probability_variance,
        context_variance=known.context_variance if contexts is None else 0.0,
        decimals=known.decimals,
        epochs=epochs,
        smoothing=smoothing,
    )
    parts = []
    for place, question in enumerate(questions):
        target = question.target if targets is None else targets[place]
        if target is None:
            raise ValueError(f"question {place} ({question.text[:60]!r}) has no target; give targets")
        own = question_distribution(question, known, level=level)
        under = [context_distribution(question, own, context, known) for context in contexts or [""]]
        parts.append(_one_question(np.array(under), target, case))
    return _collected(parts)


def truth_from_probabilities(
    probabilities: Sequence[ArrayLike] | NDArray[np.float64],
    targets: Sequence[int],
    *,
    loss: Loss = "brier",
    format: Format = "letter",
    unparsed: Unparsed = "uniform",
    share_unparsed: float = 0.0,
    probability_variance: float = 0.0,
    context_variance: float = 0.0,
    decimals: int = 12,
    epochs: int | None = None,
    smoothing: float = 1e-12,
) -> Truth:
    r"""State the truth about given distributions, for instance those that a log's outputs carry.

    Brier: error = S - 2 m_y + 1, bias² = ‖m‖² - 2 m_y + 1, variance = S - ‖m‖². Letters: f is one-hot, S = 1;
    log-probabilities: f = p; probabilities: f is Dirichlet around p with E‖f‖² = ‖p‖² + v(1 - ‖p‖²). Over
    contexts k, equally frequent: between = E‖m_k - m‖², within = E(S_k - ‖m_k‖²); over infinitely many
    contexts, Dirichlet around p with share c: between = c(1 - ‖p‖²) for letters.

    KL, with l = E log((f + δ)/(1 + Cδ)): error = -l_y, variance = -logsumexp(l), bias² = the difference. With
    a number of epochs R (letters only) the expectation of the plug-in over all ways in which R answers can
    fall: the error is the same, the variance smaller.

    Verdict: a right or wrong verdict y ∈ {0, 1} per epoch with target 1: error = 1 - q, bias² = (1 - q)²,
    variance = q(1 - q), q the probability of a right answer; unparsed answers count as wrong.

    Args:
        probabilities: Per question an array (classes,), or (contexts, classes) for contexts that are equally
            frequent; the number of classes may differ between questions.
        targets: Index of the right class, shape (questions,).
        loss: ``brier``, ``kl`` or ``verdict``.
        format: What an epoch predicts: a letter, a drawn probability vector, or the distribution itself.
        unparsed: Treatment of unparsed answers: uniform distribution, a class of its own, dropped.
        share_unparsed: Share u of unparsed answers.
        probability_variance: Share v of the largest possible variance, probability format.
        context_variance: Share c for infinitely many contexts; 0 for the contexts given.
        decimals: Decimals to which probabilities are written; what rounds to 0 counts as 0 in KL.
        epochs: Number R of epochs for KL on letters; ``None`` for infinitely many.
        smoothing: δ of KL.

    Returns:
        The truth; arrays in the order of the questions.

    Raises:
        ValueError: If shapes disagree, rows do not sum to 1, or the case has no closed form here.
    """
    case = _Case(
        loss=loss,
        format=format,
        unparsed=unparsed,
        share_unparsed=share_unparsed,
        probability_variance=probability_variance,
        context_variance=context_variance,
        decimals=decimals,
        epochs=epochs,
        smoothing=smoothing,
    )
    if len(probabilities) != len(targets):
        raise ValueError(f"probabilities of {len(probabilities)} questions for {len(targets)} targets")
    parts = []
    for place, (row, target) in enumerate(zip(probabilities, targets, strict=True)):
        under = np.atleast_2d(np.asarray(row, dtype=np.float64))
        if under.ndim != 2 or np.any(under < 0) or np.any(np.abs(under.sum(axis=1) - 1) > 1e-6):
            raise ValueError(f"probabilities of question {place} are not distributions: {under.tolist()}")
        parts.append(_one_question(under, int(target), case))
    return _collected(parts)


def truth_from_statements(statements: Iterable[Mapping[str, Any]], **case: Any) -> Truth:
    """State the truth about a run from what its outputs say about themselves.

    Every output of ``hotmess/simulated`` carries the distribution that its answer was drawn from, in
    ``sample.output.metadata["simulated"]``. The epochs of a question count as its contexts, so that the
    between-context part is that of the contexts that were really used.

    Args:
        statements: One per epoch.
        **case: As for `truth_from_probabilities`.

    Returns:
        The truth; arrays in the order in which questions first appear.

    Raises:
        ValueError: If a statement has no target, or as `truth_from_probabilities`.
    """
    epochs: dict[str, list[Mapping[str, Any]]] = {}
    for statement in statements:
        if statement["target"] is None:
            raise ValueError(f"question {statement['question']} has no target; permitted is an index")
        epochs.setdefault(statement["question"], []).append(statement)
    # Statements list options in the order of their texts, so epochs with shuffled options agree.
    rows = [[statement["probabilities"] for statement in group] for group in epochs.values()]
    return truth_from_probabilities(rows, [group[0]["target"] for group in epochs.values()], **case)


Row = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What is predicted and how it is measured, checked."""

    loss: Loss
    format: Format
    unparsed: Unparsed
    share_unparsed: float
    probability_variance: float
    context_variance: float
    decimals: int
    epochs: int | None
    smoothing: float

    def __post_init__(self) -> None:
        for name, permitted in (("loss", Loss), ("format", Format), ("unparsed", Unparsed)):
            words = get_args(permitted)
            if getattr(self, name) not in words:
                raise ValueError(f"{name} is {getattr(self, name)!r}; permitted are: {', '.join(words)}")
        if self.epochs is not None and (self.loss, self.format, self.context_variance) != ("kl", "letter", 0):
            raise ValueError(
                f"epochs is {self.epochs}; only KL on letters without context variance is stated at a number "
                "of epochs, permitted otherwise is None"
            )
        if self.loss == "kl" and self.unparsed == "class" and self.lost:
            raise ValueError("unparsed is 'class' with loss 'kl'; permitted are: uniform, drop")
        if self.loss == "kl" and self.format != "letter" and self.context_variance:
            raise ValueError("KL over infinitely many contexts is stated for letters only; give contexts")

    @property
    def answered(self) -> float:
        """Share of the epochs that count in which an answer was parsed."""
        return 1.0 if self.unparsed == "drop" or self.format == "logprob" else 1.0 - self.share_unparsed

    @property
    def lost(self) -> float:
        return 1.0 - self.answered


def _collected(parts: Sequence[Row]) -> Truth:
    columns = np.array(parts, dtype=np.float64).reshape(len(parts), 6).T
    return Truth(*columns)


def _one_question(under: FloatArray, target: int, case: _Case) -> Row:
    """Error, bias², variance, between, within, accuracy of one question; `under` is (contexts, classes)."""
    if not 0 <= target < under.shape[1]:
        raise ValueError(f"target is {target}; permitted are 0 to {under.shape[1] - 1}")
    if case.loss == "verdict":
        return _verdict(under, target, case)
    if case.loss == "kl":
        error, variance = _Logs(case).error_and_variance(under, target)
        return error, error - variance, variance, math.nan, math.nan, _accuracy(under, target, case)
    means, squares = _moments(under, case)
    mean = means.mean(axis=0)
    between = float(np.mean(np.sum((means - mean) ** 2, axis=1)))
    variance = float(squares.mean()) - float(mean @ mean)
    if case.context_variance:
        between, variance = _over_all_contexts(under[0], variance, case)
    bias_squared = float(mean @ mean) - 2 * float(mean[target]) + 1
    accuracy = _accuracy(under, target, case)
    return bias_squared + variance, bias_squared, variance, between, variance - between, accuracy


def _accuracy(under: FloatArray, target: int, case: _Case) -> float:
    if case.format == "logprob":
        return float(np.mean(np.argmax(under, axis=1) == target))
    return math.nan if case.format == "probability" else float(under[:, target].mean()) * case.answered


def _verdict(under: FloatArray, target: int, case: _Case) -> Row:
    if case.format != "letter":
        raise ValueError(f"format is {case.format!r} with loss 'verdict'; permitted is letter")
    hits = under[:, target] * case.answered
    share = float(hits.mean())
    mean = float(under[:, target].mean())
    between = float(np.var(hits)) + case.context_variance * mean * (1 - mean) * case.answered**2
    variance = share * (1 - share)
    return 1 - share, (1 - share) ** 2, variance, between, variance - between, share


def _moments(under: FloatArray, case: _Case) -> tuple[FloatArray, FloatArray]:
    """Mean prediction, shape (contexts, classes), and mean square norm, shape (contexts,)."""
    norms = np.sum(under**2, axis=1)
    squares = {
        "letter": np.ones(len(under)),
        "probability": norms + case.probability_variance * (1 - norms),
        "logprob": norms,
    }[case.format]
    lost = 1 - case.answered
    if lost == 0:
        return under, squares
    if case.unparsed == "class":
        own = np.full((len(under), 1), lost)
        return np.hstack([case.answered * under, own]), case.answered * squares + lost
    classes = under.shape[1]
    return case.answered * under + lost / classes, case.answered * squares + lost / classes


def _over_all_contexts(own: FloatArray, variance: float, case: _Case) -> tuple[float, float]:
    """Between-context and total variance when the contexts are a Dirichlet population around `own`."""
    spread = case.context_variance * (1 - float(own @ own))
    # E‖p_k‖² = ‖p‖² + spread enters the mean square norm of formats that state probabilities.
    added = {"letter": 0.0, "probability": (1 - case.probability_variance) * spread, "logprob": spread}
    return case.answered**2 * spread, variance + case.answered * added[case.format]


@dataclass(frozen=True)
class _Logs:
    """Expected log predictions, for KL."""

    case: _Case

    def error_and_variance(self, under: FloatArray, target: int) -> tuple[float, float]:
        mean = np.mean([self._expected_log(row) for row in under], axis=0)
        if self.case.epochs is None:
            return -float(mean[target]), -_log_sum_exp(mean)
        if len(under) > 1:
            raise ValueError(f"epochs is {self.case.epochs} with contexts; permitted is None")
        return -float(mean[target]), self._variance_at(under[0], self.case.epochs)

    def _letter_logs(self, classes: int) -> FloatArray:
        """Log prediction of each class, rows: the letter that was given, then an unparsed answer."""
        grid = np.log((np.eye(classes) + self.case.smoothing) / (1 + classes * self.case.smoothing))
        return np.vstack([grid, np.full(classes, -math.log(classes))])

    def _expected_log(self, row: FloatArray) -> FloatArray:
        classes = len(row)
        if self.case.format == "letter":
            return np.append((1 - self.case.lost) * row, self.case.lost) @ self._letter_logs(classes)
        if self.case.format == "logprob" or self.case.probability_variance == 0:
            logs = np.log((row + self.case.smoothing) / (1 + classes * self.case.smoothing))
        else:
            total = (1 - self.case.probability_variance) / self.case.probability_variance
            logs = np.array([self._beta_log(p * total, (1 - p) * total) for p in row])
            logs -= math.log1p(classes * self.case.smoothing)
        return np.asarray((1 - self.case.lost) * logs - self.case.lost * math.log(classes))

    def _beta_log(self, a: float, b: float) -> float:
        """E log(f + δ) for f ~ Beta(a, b), written to so many decimals; by Gauss-Legendre quadrature.

        x = t**(1/a) near 0 and x = 1 - s**(1/b) near 1 take the poles out of the density.
        """
        if a <= 0 or b <= 0:
            return math.log((1.0 if b <= 0 else 0.0) + self.case.smoothing)
        scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
        smallest = 0.5 * 10.0**-self.case.decimals
        zero = _integral(lambda t: (1 - t ** (1 / a)) ** (b - 1), 0.0, smallest**a) / a
        low = (
            _integral(
                lambda t: np.log(t ** (1 / a) + self.case.smoothing) * (1 - t ** (1 / a)) ** (b - 1),
                smallest**a,
                0.5**a,
            )
            / a
        )
        high = (
            _integral(
                lambda s: np.log(1 - s ** (1 / b) + self.case.smoothing) * (1 - s ** (1 / b)) ** (a - 1),
                0.0,
                0.5**b,
            )
            / b
        )
        return scale * (zero * math.log(self.case.smoothing) + low + high)

    def _variance_at(self, row: FloatArray, epochs: int) -> float:
        """E[-logsumexp of the mean log prediction] over all splits of `epochs` answers."""
        shares = np.append((1 - self.case.lost) * row, self.case.lost)
        grid = self._letter_logs(len(row))[shares > 0]
        shares = shares[shares > 0]
        splits = math.comb(epochs + len(shares) - 1, len(shares) - 1)
        if splits > MAX_SPLITS:
            raise ValueError(
                f"epochs is {epochs}: {len(shares)} answers can fall in {splits} ways; permitted are {MAX_SPLITS}"
            )
        counts = _splits(epochs, len(shares))
        factorials = np.array([math.lgamma(count + 1) for count in range(epochs + 1)])
        weights = np.exp(factorials[epochs] - factorials[counts].sum(axis=1) + counts @ np.log(shares))
        means = counts @ grid / epochs
        top = means.max(axis=1)
        return -float(weights @ (top + np.log(np.exp(means - top[:, None]).sum(axis=1))))


def _splits(total: int, parts: int) -> NDArray[np.int64]:
    """All ways to write `total` as an ordered sum of `parts` whole numbers, shape (ways, parts)."""
    bars = np.array(list(itertools.combinations(range(total + parts - 1), parts - 1)), dtype=np.int64)
    bars = bars.reshape(math.comb(total + parts - 1, parts - 1), parts - 1)
    ends = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), total + parts - 1)])
    return np.diff(ends, axis=1) - 1


def _log_sum_exp(values: FloatArray) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))


def _integral(integrand: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    nodes, weights = _nodes()
    points = low + (high - low) * nodes
    return float((high - low) * (weights @ integrand(points)))


def _nodes(pieces: int = 64, order: int = 16) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1], finer towards 0, where log predictions bend."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    edges = np.concatenate([[0.0], np.geomspace(1e-12, 1.0, pieces)])
    widths = np.diff(edges)
    points = edges[:-1, None] + widths[:, None] * (nodes + 1) / 2
    return points.ravel(), (widths[:, None] * weights / 2).ravel()
