"""Does incoherence grow with the length of the answer? Buckets of questions by length, and their slope."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import (
    as_epoch_values,
    as_predictions,
    check_level,
    epoch_accuracy,
    mean_over_epochs,
    percentile_interval,
    present_epochs,
    seeded,
    take,
)
from hotmess_inspect.analyses.summaries import Summary, summarise
from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray, cluster_numbers, ratio
from hotmess_inspect.decomposition import Decomposition, decompose
from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.inference.power_laws import PowerLaw, fit_power_law, power_law_exponents
from hotmess_inspect.inference.resampling import canonical_order, cluster_sums, resampled_sums
from hotmess_inspect.schema import Estimator, Loss


@dataclass(frozen=True)
class LengthTrend:
    """Incoherence against length.

    Attributes:
        buckets: From the shortest to the longest; together they hold every question that counts.
        fit: Power law of incoherence in length over the buckets; its exponent is the slope.
        slope_ci: Interval of the slope over resampled questions.
        undefined_resamples: Replicates without a slope (too few buckets with a positive incoherence).
        unknown_length_questions: Questions left out because no epoch has a known length.
        single_epoch_questions: Questions left out because they have fewer than two epochs.
        censored: Per bucket the share of epochs whose length is only a lower bound, in [0, 1].
    """

    buckets: tuple[Summary, ...]
    fit: PowerLaw
    slope_ci: Interval
    undefined_resamples: int
    unknown_length_questions: int
    single_epoch_questions: int
    censored: tuple[float, ...]

    @property
    def slope(self) -> float:
        """Exponent α in incoherence ∝ length^α; NaN where `fit.note` gives a reason."""
        return self.fit.exponent


def length_buckets(
    predictions: ArrayLike,
    target: ArrayLike,
    lengths: ArrayLike,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    buckets: int = 5,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | None = None,
    correct: ArrayLike | None = None,
    censored: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> LengthTrend:
    """Sort questions by their mean length, cut them into equal-size buckets, and fit a slope.

    Buckets differ by at most one question in size, the larger ones come first. Equal lengths are told
    apart by what was measured, never by the order of the rows. The slope is fitted to the logarithms of
    the buckets' lengths and incoherences; its interval resamples questions (or clusters) and lets each
    stay in its bucket. Long answers go with hard questions: read the accuracy beside each incoherence.

    An epoch that a limit stopped has at least the length on record: its question's mean length is a lower
    bound. Censored epochs stay in (leaving them out would leave out the longest), and their share is
    stated per bucket. Limits stop the longest: the far end of the length axis is drawn in, incoherences
    stay, so |α| errs upward, the more so the larger the share in the last bucket. The slope without these
    epochs, from `uncensored(predictions, censored)`, errs by its selection instead; where both agree,
    censoring does not decide.

    Args:
        predictions: Shape (questions, epochs, classes), NaN rows for missing epochs.
        target: Right class, shape (questions,), or points for "squared".
        lengths: Tokens, actions or turns, shape (questions, epochs), NaN where unknown.
        loss: As in `decompose`. "zero_one" has no incoherence, hence no slope.
        estimator: As in `decompose`.
        buckets: How many; fewer when there are fewer questions.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        correct: How right each epoch is, shape (questions, epochs); see `Summary.accuracy`.
        censored: Whether a limit or a cut ended the epoch, shape (questions, epochs); None: no epoch.
        rng: Source of randomness; None is `np.random.default_rng(0)`.

    Returns:
        Buckets, slope and interval: equal bits for generators in equal states, whatever the order of
        questions and epochs.

    Raises:
        ValueError: If an argument is malformed; it names the argument and the first offending question.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    if buckets < 1:
        raise ValueError(f"buckets={buckets!r} must be at least 1")
    check_level(level, resamples)
    values = as_predictions(predictions)
    known = as_epoch_values("lengths", lengths, values.shape[:2])
    length = mean_over_epochs(np.where(present_epochs(values), known, np.nan))
    whole = decompose(values, target, loss=loss, estimator=estimator)
    accuracy = mean_over_epochs(epoch_accuracy(values, target, loss, correct))
    cut = _censored_shares(censored, present_epochs(values) & ~np.isnan(known))
    labels = None if clusters is None else cluster_numbers(clusters, len(length))
    rng = seeded(rng)

    order = _length_order(length, whole, accuracy)
    parts = np.array_split(order, min(buckets, len(order))) if len(order) else []
    groups = [None if labels is None else labels[part] for part in parts]
    found = []
    for part, group in zip(parts, groups, strict=True):
        members = take(whole, part)
        interval = members.interval(level=level, resamples=resamples, clusters=group, rng=rng)
        found.append(summarise(members, length[part], accuracy[part], interval))
    fit = fit_power_law([b.length for b in found], [b.incoherence for b in found])
    slopes = np.zeros(0)
    if not fit.note:
        slopes = _resampled_slopes(
            whole, length, parts, None if labels is None else labels[order], resamples, rng
        )
    # A cluster can have questions in every bucket, so buckets do not divide clusters.
    units = (len(order), len(parts)) if labels is None else (len(np.unique(labels[order])), 1)
    repeated = whole.epochs >= 2
    return LengthTrend(
        buckets=tuple(found),
        fit=fit,
        slope_ci=percentile_interval(slopes, level, *units),
        undefined_resamples=int(np.isnan(slopes).sum()),
        unknown_length_questions=int((repeated & np.isnan(length)).sum()),
        single_epoch_questions=int((~repeated).sum()),
        censored=tuple(_pooled_share(cut, part) for part in parts),
    )


def uncensored(predictions: ArrayLike, censored: ArrayLike) -> FloatArray:
    """The predictions without the epochs that a limit or a cut ended.

    What is left is a selection: short epochs stay more often than long ones, and where a stopped epoch
    counts as failed, failures go. Read numbers on it beside those of all epochs, not instead of them.

    Args:
        predictions: Shape (questions, epochs, classes or dims).
        censored: Shape (questions, epochs).

    Returns:
        A copy with rows of NaN for the epochs left out, same shape.

    Raises:
        ValueError: If the shapes do not fit.
    """
    values = as_predictions(predictions)
    return np.where(_as_flags(censored, values.shape[:2])[:, :, None], np.nan, values)


def _as_flags(censored: ArrayLike, shape: tuple[int, ...]) -> BoolArray:
    flags = np.asarray(censored)
    if flags.shape != shape or flags.dtype != np.bool_:
        raise ValueError(f"censored must be booleans of shape {shape}, not {flags.dtype} of {flags.shape}")
    return flags


def _censored_shares(censored: ArrayLike | None, counted: BoolArray) -> IntArray:
    """Epochs of known length, and censored ones among them, shape (questions, 2)."""
    flags = np.zeros_like(counted) if censored is None else _as_flags(censored, counted.shape)
    return np.stack([counted.sum(axis=1), (flags & counted).sum(axis=1)], axis=1)


def _pooled_share(counts: IntArray, part: IntArray) -> float:
    epochs, cut = counts[part].sum(axis=0)
    return float(cut / epochs)


def _length_order(length: FloatArray, whole: Decomposition, accuracy: FloatArray) -> IntArray:
    """Questions that count, from short to long; equal ones are told apart by their measurements."""
    counted = np.flatnonzero(whole.repeated & ~np.isnan(length))
    table = np.column_stack([length, whole.error, whole.bias_squared, whole.variance, accuracy, whole.epochs])
    order: IntArray = counted[canonical_order(table[counted])]
    return order


def _resampled_slopes(
    whole: Decomposition,
    length: FloatArray,
    parts: list[IntArray],
    clusters: IntArray | None,
    resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Slopes of replicates, shape (resamples,); NaN where a replicate has none."""
    # One column per bucket and sum: a single matrix of weights then resamples all buckets together.
    table = np.zeros((sum(map(len, parts)), 4, len(parts)))
    start = 0
    for number, part in enumerate(parts):
        rows = slice(start, start + len(part))
        table[rows, 0, number] = whole.variance[part]
        table[rows, 1, number] = whole.error[part]
        table[rows, 2, number] = length[part]
        table[rows, 3, number] = 1.0
        start += len(part)
    flat = table.reshape(len(table), -1)
    if clusters is not None:
        flat = cluster_sums(flat, clusters)
        flat = flat[canonical_order(flat)]
    if len(flat) < 2:
        return np.zeros(0)
    sums = resampled_sums(flat, resamples=resamples, rng=rng).reshape(resamples, 4, len(parts))
    return power_law_exponents(ratio(sums[:, 2], sums[:, 3]), ratio(sums[:, 0], sums[:, 1]))
