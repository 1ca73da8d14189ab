"""Does incoherence grow with the length of the answer? Buckets of questions by length, and their slope."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_epoch_values,
    as_predictions,
    check_level,
    epoch_accuracy,
    present_epochs,
    take,
)
from hotmess_inspect.analyses.nulls import excess_variance, matched_variances
from hotmess_inspect.analyses.summaries import Summary, summarise
from hotmess_inspect.arrays import (
    NAN,
    BoolArray,
    FloatArray,
    IntArray,
    Seed,
    cluster_numbers,
    mean_over_epochs,
    ratio,
    seeded,
)
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition, decompose_epochs
from hotmess_inspect.inference.contexts import moves, widen_for_contexts
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.jackknife import jackknife
from hotmess_inspect.inference.power_laws import PowerLaw, fit_power_law, power_law_exponents
from hotmess_inspect.inference.resampling import canonical_order, cluster_sums
from hotmess_inspect.schema import Estimator, Loss


@dataclass(frozen=True)
class Slope:
    """Exponent of a quantity in the length, over the buckets.

    Attributes:
        fit: Power law in the length; its exponent is the slope.
        interval: Interval of the slope for other questions (clusters), from leaving out each in turn, and other
            few-shot contexts where these are shared; NaN where fewer than 1.5 effective ones carry the slope.
        effective_questions: Effective number of questions (clusters) that carry the slope.
        spread: Standard error behind the interval, and its degrees of freedom.
    """

    fit: PowerLaw
    interval: Interval
    effective_questions: float
    spread: tuple[float, float] = (NAN, NAN)


@dataclass(frozen=True)
class LengthTrend:
    """Incoherence against length.

    Attributes:
        buckets: From the shortest to the longest; together they hold every question that counts.
        fit: Power law of incoherence in length over the buckets; its exponent is the slope.
        slope_ci: Interval of the slope, see `Slope`.
        effective_questions: Effective number of questions (clusters) that carry the slope.
        unknown_length_questions: Questions left out because no epoch has a known length.
        single_epoch_questions: Questions left out because their variance is not defined: they have fewer
            than two epochs or, where epochs share contexts, two contexts.
        censored: Per bucket the share of epochs whose length is only a lower bound, in [0, 1].
        tied_questions: Questions whose length is that of questions in another bucket: each belongs to all
            of these buckets in part.
        excess: Slope of the incoherence above the lower end of its accuracy-matched range; None where
            there is no such range (another loss than "brier", or contexts are shared).
        position: Slope of the position in that range, (incoherence - low)/(high - low), which difficulty
            alone does not move; None as for `excess`.
    """

    buckets: tuple[Summary, ...]
    fit: PowerLaw
    slope_ci: Interval
    effective_questions: float
    unknown_length_questions: int
    single_epoch_questions: int
    censored: tuple[float, ...]
    tied_questions: int
    excess: Slope | None
    position: Slope | None

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
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    correct: ArrayLike | None = None,
    censored: ArrayLike | None = None,
    contexts: ArrayLike | None = None,
    class_counts: ArrayLike | None = None,
    rng: Seed = None,
) -> LengthTrend:
    """Sort questions by their mean length, cut them into equal-size buckets, and fit a slope.

    Buckets differ by at most one question in size, the larger ones come first. Questions of equal length
    are never told apart: where a boundary falls among k of them, each belongs to both sides by the share
    that falls there. Every sum of a bucket is thereby its mean over all orders of the tied questions.

    The slope α is that of Σ variance = Σ error · c·length^α over the buckets, by Poisson pseudo-maximum
    likelihood (`fit_power_law`): buckets without variance stay in. Its interval leaves out each question
    (or cluster) in turn and lets the others stay in their buckets; it takes buckets as they are cut.

    Long answers go with hard questions, and incoherence depends on accuracy by construction: questions that
    differ in nothing but difficulty have a slope. Beside it stand the slope of the excess over the lower
    end of the accuracy-matched range, and that of the position in this range, which has no part of it.

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
        resamples: Bootstrap replicates behind the intervals of the buckets.
        clusters: Label of each question's cluster, shape (questions,), resampled or left out as a whole.
        correct: How right each epoch is, shape (questions, epochs); see `Summary.accuracy`.
        censored: Whether a limit or a cut ended the epoch, shape (questions, epochs); None: no epoch.
        contexts: Context of each epoch where epochs share contexts, as `decompose_epochs` takes it; None
            where they do not.
        class_counts: Number of classes of each question, as `accuracy_matched_range` takes it.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

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
    whole = decompose_epochs(values, target, contexts, loss=loss, estimator=estimator)
    accuracy = mean_over_epochs(epoch_accuracy(values, target, loss, correct))
    cut = _censored_shares(censored, present_epochs(values) & ~np.isnan(known))
    labels = None if clusters is None else cluster_numbers(clusters, len(length))
    rng = seeded(rng)

    counted = np.flatnonzero(whole.repeated & ~np.isnan(length))
    belongs = bucket_shares(length[counted], min(buckets, max(len(counted), 1)))
    found, shares = [], []
    for share in belongs.T if len(counted) else ():
        part, weight = counted[share > 0], share[share > 0]
        members = take(whole, part)
        interval = _weighted(members, weight).interval(
            level=level, resamples=resamples, clusters=None if labels is None else labels[part], rng=rng
        )
        found.append(summarise(members, length[part], accuracy[part], interval, weight))
        shares.append(_pooled_share(cut[part], weight))
    sums = _bucket_table(take(whole, counted), length[counted], belongs)
    pairs = [(sums.variance, sums.error)]
    has_range = loss == "brier" and estimator != "jackknife" and not isinstance(whole, NestedDecomposition)
    if has_range:
        ends = matched_variances(
            values,
            target,
            class_counts=class_counts,
            estimator="plugin" if estimator == "plugin" else "unbiased",
        )
        low, high = ends.low[counted], ends.high[counted]
        above = excess_variance(whole.variance[counted], low)[:, None] * belongs
        pairs += [(above, sums.error), (above, (high - low)[:, None] * belongs)]
    labels = None if labels is None else labels[counted]
    slopes = _slopes(sums, pairs, labels, level)
    slopes[0] = _over_contexts(slopes[0], whole, sums, counted, labels, level)
    return LengthTrend(
        buckets=tuple(found),
        fit=slopes[0].fit,
        slope_ci=slopes[0].interval,
        effective_questions=slopes[0].effective_questions,
        unknown_length_questions=int((whole.repeated & np.isnan(length)).sum()),
        single_epoch_questions=int((~whole.repeated).sum()),
        censored=tuple(shares),
        tied_questions=int(((belongs > 0) & (belongs < 1)).any(axis=1).sum()),
        excess=slopes[1] if has_range else None,
        position=slopes[2] if has_range else None,
    )


def bucket_shares(values: ArrayLike, buckets: int) -> FloatArray:
    """Cut questions into equal-size sets by a value of each, equal values in equal shares.

    A set takes the next n/buckets places in ascending order, one more in the first sets where that does not
    divide. Questions of equal value share their places alike.

    Args:
        values: Shape (questions,), none of them NaN.
        buckets: Number of sets, at most as many as questions.

    Returns:
        Share of each question in each set, shape (questions, buckets). Rows add up to 1, columns to the
        sizes of the sets.
    """
    column = np.asarray(values, dtype=np.float64)
    if not column.size:
        return np.zeros((0, buckets))
    _, which, same = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(same)
    first = last - same
    size, rest = divmod(len(column), buckets)
    edges = np.arange(buckets + 1) * size + np.minimum(np.arange(buckets + 1), rest)
    inside = np.minimum(last[:, None], edges[1:]) - np.maximum(first[:, None], edges[:-1])
    shares: FloatArray = np.maximum(inside, 0) / same[:, None]
    return shares[which]


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


def _pooled_share(counts: IntArray, weights: FloatArray) -> float:
    epochs, cut = (np.sort(column * weights).sum() for column in counts.T)
    return float(cut / epochs)


def _weighted(part: Decomposition, weights: FloatArray) -> Decomposition:
    """The terms times weights: sums over questions become those of the shares that belong to a bucket."""
    if isinstance(part, NestedDecomposition) and part.by_context is not None:
        kept = part.by_context
        part = replace(part, by_context=replace(kept, weight=kept.weight * weights))
    return replace(
        part,
        error=part.error * weights,
        bias_squared=part.bias_squared * weights,
        variance=part.variance * weights,
    )


@dataclass(frozen=True, eq=False)
class _BucketTable:
    """What each question adds to the sums of each bucket, each of shape (questions, buckets)."""

    variance: FloatArray
    error: FloatArray
    length: FloatArray
    questions: FloatArray


def _bucket_table(part: Decomposition, length: FloatArray, belongs: FloatArray) -> _BucketTable:
    # A question without error has the floor of the loss, which is no exposure to any variance.
    error = np.where(part.error > part.error_floor * (1 + 1e-6), part.error, 0.0)
    if part.loss == "zero_one":
        error = np.zeros_like(error)
    return _BucketTable(
        part.variance[:, None] * belongs, error[:, None] * belongs, length[:, None] * belongs, belongs
    )


def _slopes(
    table: _BucketTable,
    pairs: Sequence[tuple[FloatArray, FloatArray]],
    clusters: IntArray | None,
    level: float,
) -> list[Slope]:
    """Power laws in the length of ratios of bucket sums.

    Args:
        table: The buckets.
        pairs: Numerators and denominators of each ratio, each of shape (questions, buckets).
        clusters: Cluster of each question, shape (questions,).
        level: Coverage of the intervals.
    """
    columns = [table.length, table.questions, *(part for pair in pairs for part in pair)]
    flat = np.concatenate(columns, axis=1)
    flat = flat if clusters is None else cluster_sums(flat, clusters)
    # One order for the sums, whatever the order of the questions.
    flat = flat[canonical_order(flat)]
    buckets = table.length.shape[1]

    def exponents(sums: FloatArray) -> FloatArray:
        parts = sums.reshape(len(sums), len(columns), buckets)
        length = ratio(parts[:, 0], parts[:, 1])
        return np.stack(
            [power_law_exponents(length, parts[:, at], parts[:, at + 1]) for at in range(2, len(columns), 2)],
            axis=1,
        )

    sums = flat.sum(axis=0).reshape(len(columns), buckets)
    fits = [_fit(sums[[0, 1, at, at + 1]]) for at in range(2, len(columns), 2)]
    found = jackknife(flat, exponents, level)
    return [
        Slope(
            fit,
            UNDEFINED if fit.note else Interval(*map(float, found.intervals[place])),
            0.0 if fit.note else float(found.effective[place]),
            (float(np.sqrt(found.covariance[place, place])), float(found.freedom[place])),
        )
        for place, fit in enumerate(fits)
    ]


def _over_contexts(
    slope: Slope,
    whole: Decomposition,
    table: _BucketTable,
    counted: IntArray,
    clusters: IntArray | None,
    level: float,
) -> Slope:
    """The slope with its interval widened for few-shot contexts that questions share; buckets as they are cut."""
    kept = whole.by_context if isinstance(whole, NestedDecomposition) else None
    if kept is None or not kept.shared or np.isnan(slope.interval.low):
        return slope
    error, bias_squared = kept.take(counted).without_each()
    known = ~np.isnan(bias_squared)
    top, bottom = np.where(known, error - bias_squared, 0.0), np.where(known, error, 0.0)
    length = ratio(table.length.sum(axis=0), table.questions.sum(axis=0))
    buckets = len(length)

    def exponent(sums: FloatArray) -> FloatArray:
        return power_law_exponents(
            np.broadcast_to(length, (len(sums), buckets)), sums[:, :buckets], sums[:, buckets:]
        )

    without = np.concatenate([part[:, :, None] * table.questions for part in (top, bottom)], axis=2)
    moved = moves(exponent, np.concatenate([table.variance, table.error], axis=1), without)
    interval = widen_for_contexts(slope.interval, slope.fit.exponent, *slope.spread, moved, level, clusters)
    return replace(slope, interval=interval)


def _fit(sums: FloatArray) -> PowerLaw:
    length, questions, top, bottom = sums
    return fit_power_law(ratio(length, questions), top, bottom)
