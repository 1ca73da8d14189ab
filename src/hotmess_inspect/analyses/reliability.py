"""What users of repeated runs ask for: pass^k, pass@k, how much of the spread is the model's, how much is chance."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import check_level, percentile_interval
from hotmess_inspect.analyses.summaries import Estimate, question_mean, question_share
from hotmess_inspect.arrays import NAN, BoolArray, FloatArray, IntArray, Seed, cluster_numbers, seeded
from hotmess_inspect.inference.beta_binomial import (
    BetaBinomial,
    all_right,
    count_table,
    fit_beta_binomial,
    log_likelihood,
    probabilities,
)
from hotmess_inspect.inference.contexts import (
    moves,
    ratio_moves,
    widen_for_contexts,
    widen_ratio,
    without_each_context,
)
from hotmess_inspect.inference.intervals import (
    UNDEFINED,
    Interval,
    linearised_means,
    ratio_intervals,
)
from hotmess_inspect.inference.jackknife import jackknife
from hotmess_inspect.inference.quantiles import normal_quantile
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.inference.resampling import LARGE, canonical_order, cluster_sums, resampled_sums
from hotmess_inspect.words import counted

FARTHEST = 4
"""How many times the epochs at hand the beta-binomial is taken to."""

# Replicates of the model's two parameters; the ends of an interval move by some hundredths of its width.
_REPLICATES = 1000
# A step this small moves pass^k in the seventh decimal.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class PassRate:
    """Probability that k epochs of a question are all right, or that one of them is.

    Attributes:
        k: Epochs.
        value: Mean over questions, in [0, 1].
        interval: Over other questions (clusters).
        extrapolated: Whether it is that of the beta-binomial model, for more epochs than there are.
        questions: Questions it rests on: with k epochs, or all with two where it is extrapolated.
    """

    k: int
    value: float
    interval: Interval
    extrapolated: bool
    questions: int


@dataclass(frozen=True)
class GoodnessOfFit:
    """How the counts of right epochs compare with those that the beta-binomial model predicts.

    Attributes:
        epochs: The number of epochs n that most questions have.
        observed: Questions with 0 … n right epochs among those with n, shape (n + 1,).
        predicted: What the model predicts for as many questions.
        p_value: Share of data sets simulated from the fitted model, and fitted anew, that fit no better: small
            where the model is wrong. NaN where counts cannot tell (fewer than three epochs).
    """

    epochs: int
    observed: tuple[int, ...]
    predicted: tuple[float, ...]
    p_value: float


@dataclass(frozen=True)
class Reliability:
    """Reliability of pass/fail outcomes over repeated epochs.

    Attributes:
        pass_hat_k: pass^k for k from 1 to the most epochs R of a question and, extrapolated, to 4R.
        pass_at_k: pass@k for the same k.
        anchored: Whether what is extrapolated of pass^k, and of pass@k, goes on from the measured rate; else it is the model's
            own.
        model: The beta-binomial behind the extrapolation; NaN where `model_note` says why there is none.
        fit: Its goodness of fit; None where there is no model.
        model_note: Why nothing is extrapolated, or an empty string.
        flip_rate: Share of questions with two epochs that are neither always right nor always wrong.
        outcome_consistency: Mean of (2p - 1)², unbiased: 1 - 4 p(1 - p) with the unbiased variance.
        scores: What does not need pass/fail: intraclass correlation, dependability, noise floor.
    """

    pass_hat_k: tuple[PassRate, ...]
    pass_at_k: tuple[PassRate, ...]
    anchored: tuple[bool, bool]
    model: BetaBinomial
    fit: GoodnessOfFit | None
    model_note: str
    flip_rate: Estimate
    outcome_consistency: Estimate
    scores: "ScoreReliability"


@dataclass(frozen=True)
class ScoreReliability:
    """How much of the spread of scores is between questions, and how much between epochs of one question.

    Attributes:
        icc: Intraclass correlation ICC(1), (MSB - MSW)/(MSB + (n₀ - 1) MSW): the dependability of one epoch.
        within: Variance between epochs of a question, MSW.
        between: Variance between the true scores of questions, (MSB - MSW)/n₀; below 0 by chance.
        noise_floor: 1.96·√(2 E[s²]/N): two single runs on these N questions differ by no more in 95 of 100 cases.
        questions: Questions with two epochs, those that count.
        epochs: Mean number of epochs n₀ as the analysis of variance takes it.
    """

    icc: Estimate
    within: float
    between: float
    noise_floor: Estimate
    questions: int
    epochs: float

    def dependability(self, epochs: float) -> float:
        """Φ(R) = σ²_between/(σ²_between + σ²_within/R) of a question's mean over R epochs; NaN where undefined."""
        between = max(self.between, 0.0)
        total = between + self.within / epochs
        return between / total if total > 0 else NAN

    def epochs_for(self, dependability: float) -> float:
        """Epochs that a dependability in (0, 1) takes, Φ/(1 - Φ)·σ²_within/σ²_between; infinite without between.

        Raises:
            ValueError: If the dependability is outside (0, 1).
        """
        if not 0 < dependability < 1:
            raise ValueError(f"dependability={dependability!r} is outside (0, 1)")
        if np.isnan(self.between) or np.isnan(self.within):
            return NAN
        if self.within == 0:
            return 1.0
        return (
            dependability / (1 - dependability) * self.within / self.between if self.between > 0 else np.inf
        )


def reliability(
    right: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    simulations: int = 499,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    contexts: ArrayLike | None = None,
    rng: Seed = None,
) -> Reliability:
    """pass^k, pass@k and what goes with them, from outcomes that are right or wrong.

    With c of n epochs right, pass^k = C(c, k)/C(n, k) and pass@k = 1 - C(n - c, k)/C(n, k) per question, unbiased
    for k independent epochs, and means over the questions with at least k epochs. For pass/fail they are the
    decomposition in other words: variance = pass¹ - pass², bias² = 1 - 2 pass¹ + pass², so that

        incoherence = (pass¹ - pass²)/(1 - pass¹).

    Beyond the epochs at hand, the pass rates of questions are taken to follow one beta distribution, fitted by
    maximum likelihood to (c, n). It says how pass^k goes on from the measured pass^m, m being the epochs that every
    question with two has: pass^k = pass^m · B(a + k, b)/B(a + m, b), and 1 - pass@k likewise from 1 - pass@m. So the
    curve has no step where measuring ends, and what the model misses up to m does not count. Where pass^m rests on fewer
    than two questions that are ever right m times of m (effectively; an observed 0 above all), it tells nothing of larger k:
    there pass^k is the model's own, B(a + k, b)/B(a, b), without an interval, and likewise 1 - pass@k. Nothing is extrapolated
    beyond 4R epochs.

    pass^k falls with k, pass@k rises, and both are one curve, since pass^1 = pass@1. So each upper end is cut to the least of the
    higher rates' and each lower end raised to the largest of the lower rates' (among k that rest on the same questions):
    where all intervals hold their rates these do, too, and none gets wider. To sort the ends would hand those of a large k, on which
    few questions decide, to the small ones.

    Intervals are for other questions (or clusters), never for other epochs of these: what epochs add by chance is
    in the spread between questions already.

    Args:
        right: 1 for right, 0 for wrong, NaN for a missing epoch, shape (questions, epochs).
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        simulations: Simulated and refitted data sets behind the p-value of the goodness of fit; 0 leaves it out.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        contexts: Number of each epoch's few-shot context where questions share contexts, shape (questions, epochs).
            Intervals then speak of other contexts, too, by leaving out each (see `widen_for_contexts`): there is none
            of pass^k and pass@k where k epochs are more than are left.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The numbers; equal bits for generators in equal states, whatever the order of questions and epochs.

    Raises:
        ValueError: If an outcome is neither 0 nor 1, or an argument is malformed.

    References:
        Chen et al. (2021), https://arxiv.org/abs/2107.03374, for pass@k; Yao et al. (2024),
        https://arxiv.org/abs/2406.12045, for pass^k; Griffiths (1973), doi:10.2307/2529131, for the model.

    Example:
        Two questions, three epochs: right in 3 and in 1 of them.

        >>> found = reliability([[1, 1, 1], [1, 0, 0]])
        >>> [round(rate.value, 3) for rate in found.pass_hat_k if not rate.extrapolated]
        [0.667, 0.5, 0.5]
    """
    check_level(level, resamples)
    values = _outcomes(right)
    labels = None if clusters is None else cluster_numbers(clusters, len(values))
    rng = seeded(rng)
    epochs = (~np.isnan(values)).sum(axis=1)
    wins = np.nansum(values, axis=1).astype(np.int64)
    options = _Options(level, resamples, rng)
    shown = int(epochs.max(initial=0))
    sample = _Sample(wins, epochs, labels)
    context = None if contexts is None or not shown else np.asarray(contexts)
    present = ~np.isnan(values)

    def left(of: Callable[[IntArray, IntArray], FloatArray]) -> FloatArray | None:
        """What wins and epochs say of a question without each shared context."""
        if context is None:
            return None
        return without_each_context(
            lambda kept: of(
                np.nansum(np.where(kept, values, NAN), axis=1).astype(np.int64), (present & kept).sum(axis=1)
            ),
            context,
            present,
        )

    def counts(won: IntArray, n: IntArray) -> FloatArray:
        return np.stack([won, n], axis=1)

    measured, carried = _pass_rates(sample, shown, options, left(lambda won, n: _rates_of(won, n, shown)))
    model, note = sample.model
    fit = None
    beyond: tuple[tuple[PassRate, ...], tuple[PassRate, ...]] = ((), ())
    if not note:
        fit = _goodness(sample, model, simulations, rng)
        beyond = _extrapolated(sample, shown, carried, left(counts), options)
    flips = _flips(wins, epochs)
    every, some = _monotone((*measured[0], *beyond[0]), (*measured[1], *beyond[1]))
    return Reliability(
        pass_hat_k=every,
        pass_at_k=some,
        anchored=(False, False) if note else (bool(sample.anchored[0]), bool(sample.anchored[1])),
        model=model,
        fit=fit,
        model_note=note,
        flip_rate=_flip_rate(flips, labels, options, left(_flips)),
        outcome_consistency=_mean(
            1 - 4 * _variances(wins, epochs),
            labels,
            options,
            (-1.0, 1.0),
            left(lambda won, n: 1 - 4 * _variances(won, n)),
        ),
        scores=score_reliability(
            values, level=level, resamples=resamples, clusters=labels, contexts=context, rng=rng
        ),
    )


def score_reliability(
    scores: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    contexts: ArrayLike | None = None,
    rng: Seed = None,
) -> ScoreReliability:
    """Intraclass correlation, dependability and noise floor of scores over repeated epochs.

    One-way analysis of variance over the questions with at least two epochs; with unequal numbers of epochs
    n₀ = (Σn - Σn²/Σn)/(N - 1). The interval of ICC(1) leaves out each question (cluster) in turn.

    Args:
        scores: How right each epoch is, NaN where missing, shape (questions, epochs).
        level: Coverage of the intervals.
        resamples: Bootstrap replicates behind the noise floor's interval.
        clusters: Label of each question's cluster, shape (questions,).
        contexts: As in `reliability`.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The components; NaN with fewer than two questions of two epochs.

    References:
        Shrout and Fleiss (1979), doi:10.1037/0033-2909.86.2.420; Shavelson and Webb (1991), Generalizability
        Theory.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"scores must have the axes (questions, epochs); got shape {values.shape}")
    labels = None if clusters is None else cluster_numbers(clusters, len(values))
    spread, columns, counted = _analysis_of_variance(values)
    labels = None if labels is None else labels[counted]
    questions = len(columns)
    options = _Options(level, resamples, seeded(rng))
    without: tuple[FloatArray | None, FloatArray | None] = (None, None)
    if contexts is not None:
        label = np.asarray(contexts)
        owns = np.unique(label[~np.isnan(values)])
        left, sums = (
            np.full((len(owns), len(values)), NAN),
            np.zeros((len(owns), len(values), columns.shape[1])),
        )
        for place, own in enumerate(owns):
            within, part, repeated = _analysis_of_variance(np.where(label == own, NAN, values))
            left[place, repeated], sums[place, repeated] = within, part
        without = left[:, counted], sums[:, counted]
    floor = _mean(spread, labels, options, (0.0, np.inf), without[0])
    share = normal_quantile((1 + level) / 2)
    width = [NAN] * 3
    if questions:
        width = [
            float(share * np.sqrt(2 * np.maximum(v, 0.0) / questions)) for v in (floor.value, *floor.interval)
        ]
    noise = Estimate(width[0], Interval(width[1], width[2]))
    if questions < 2:
        return ScoreReliability(Estimate(NAN, UNDEFINED), NAN, NAN, noise, questions, NAN)
    units = columns if labels is None else cluster_sums(columns, labels)
    units = units[canonical_order(units)]
    found = jackknife(units, lambda sums: _components(sums)[:, :1], level)
    icc, within, between, mean_epochs = _components(units.sum(axis=0)[None])[0].tolist()
    ends = Interval(*map(float, found.intervals[0]))
    if without[1] is not None and not np.isnan(ends.low):
        error, freedom = float(np.sqrt(found.covariance[0, 0])), float(found.freedom[0])
        moved = moves(lambda sums: _components(sums)[:, 0], columns, without[1])
        ends = widen_for_contexts(ends, icc, error, freedom, moved, level, labels)
    return ScoreReliability(
        Estimate(icc, _within(ends, icc, (-1.0, 1.0))), within, between, noise, questions, mean_epochs
    )


def _analysis_of_variance(values: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Of the questions with two epochs: variances within, and what each adds to the sums of `_components`.

    Returns:
        Shapes (counted,) and (counted, 6); and which questions these are, shape (questions,).
    """
    known = np.sort(values, axis=1)
    number = (~np.isnan(known)).sum(axis=1).astype(np.float64)
    counted = number >= 2
    known, number = known[counted], number[counted]
    total = np.nansum(known, axis=1)
    inside = np.nansum(np.square(known - (total / np.maximum(number, 1))[:, None]), axis=1)
    columns = [np.ones(len(number)), number, np.square(number), total, np.square(total) / number, inside]
    return inside / np.maximum(number - 1, 1), np.stack(columns, axis=1), counted


@dataclass(frozen=True)
class _Options:
    level: float
    resamples: int
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class _Sample:
    """Counts per question, and their sums in an order of their own: what is drawn depends on nothing else."""

    wins: IntArray
    epochs: IntArray
    clusters: IntArray | None

    @property
    def anchor(self) -> int:
        """Epochs m ≥ 2 that all questions with two epochs have: what is extrapolated starts at the measured pass^m."""
        return int(self.epochs[self.epochs >= 2].min())

    @cached_property
    def table(self) -> FloatArray:
        """What the questions with two epochs or more add to the sums, by cluster where there are any.

        Sufficient counts of the model, and in the last two columns pass^m and its mirror, all m epochs wrong.
        """
        repeated = self.epochs >= 2
        wins, epochs = self.wins[repeated], self.epochs[repeated]
        many = self.clusters is None and len(wins) > LARGE
        if many:
            order = np.argsort(wins * (int(epochs.max()) + 1) + epochs)
            wins, epochs = wins[order], epochs[order]
        ends = [_all_of(count, epochs, self.anchor)[:, -1:] for count in (wins, epochs - wins)]
        table = np.concatenate([count_table(wins, epochs), *ends], axis=1)
        if self.clusters is not None:
            table = cluster_sums(table, self.clusters[repeated])
        return table if many else table[canonical_order(table)]

    @cached_property
    def model(self) -> tuple[BetaBinomial, str]:
        """The beta-binomial, and why there is none."""
        repeated = self.epochs >= 2
        wins, epochs = self.wins[repeated], self.epochs[repeated]
        note = ""
        if len(wins) < 2:
            note = f"{counted(len(wins), 'question', 'has', 'have')} two epochs or more, and two are needed"
        elif not ((wins > 0) & (wins < epochs)).any():
            note = "no question is right in some epochs and wrong in others: nothing tells how often one would be"
        if note:
            return BetaBinomial(np.array(NAN), np.array(NAN)), f"nothing is extrapolated: {note}"
        return fit_beta_binomial(self.table.sum(axis=0)[:-2]), ""

    @cached_property
    def anchored(self) -> BoolArray:
        """Whether enough questions tell pass^m, and 1 - pass@m, to go on from, shape (2,)."""
        told: BoolArray = effective_number(self.table[:, -2:]) >= FEWEST
        return told

    def beyond(self, k: IntArray) -> FloatArray:
        """pass^k and pass@k for more epochs than there are, shape (2, k); NaN without a model."""
        if self.model[1]:
            return np.full((2, len(k)), NAN)
        model = BetaBinomial(*(part[None] for part in self.model[0]))
        sums = self.table.sum(axis=0)[None]
        found: FloatArray = _beyond(sums, model, self.anchor, k)[:, 0]
        alone = _beyond(sums, model, 0, k)[:, 0]
        return np.where(self.anchored[:, None], found, alone)


def _outcomes(right: ArrayLike) -> FloatArray:
    values = np.asarray(right, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"right must have the axes (questions, epochs); got shape {values.shape}")
    places = np.argwhere(~(np.isnan(values) | (values == 0) | (values == 1)))
    if len(places):
        question, epoch = places[0].tolist()
        raise ValueError(
            f"right of question {question}, epoch {epoch} is {values[question, epoch]:g}; permitted: 0, 1, or NaN"
        )
    return values


def _variances(wins: IntArray, epochs: IntArray) -> FloatArray:
    """Unbiased variance c(n - c)/(n(n - 1)) of each question's outcome, NaN with one epoch."""
    pairs = (epochs * (epochs - 1)).astype(np.float64)
    found: FloatArray = wins * (epochs - wins) / np.where(pairs > 0, pairs, np.nan)
    return found


def _all_of(count: IntArray, epochs: IntArray, largest: int) -> FloatArray:
    """C(count, k)/C(epochs, k) for k = 1 … largest, 0 where the question has fewer, shape (questions, largest)."""
    step = np.arange(largest)
    factors = np.maximum(count[:, None] - step, 0) / np.maximum(epochs[:, None] - step, 1)
    return np.cumprod(factors, axis=1)


def _rates_of(wins: IntArray, epochs: IntArray, largest: int) -> FloatArray:
    """pass^k and pass@k of each question for k from 1 to R, NaN beyond its epochs, shape (questions, 2R)."""
    has = np.tile(epochs[:, None] > np.arange(largest), 2)
    every, none = (_all_of(count, epochs, largest) for count in (wins, epochs - wins))
    return np.where(has, np.concatenate([every, 1 - none], axis=1), NAN)


def _flips(wins: IntArray, epochs: IntArray) -> FloatArray:
    """Whether a question is right in some epochs and wrong in others, NaN with one epoch, shape (questions,)."""
    return np.where(epochs >= 2, (wins > 0) & (wins < epochs), NAN)


def _pass_rates(
    sample: _Sample, largest: int, options: _Options, without: FloatArray | None
) -> tuple[list[list[PassRate]], list[bool]]:
    """pass^k and pass@k for k from 1 to R, all from the same resampled questions.

    And whether questions alone give either an interval at R, whatever contexts leave of it.
    """
    if not largest:
        return [[], []], [False, False]
    wins, epochs, times = sample.wins, sample.epochs, np.ones(len(sample.wins))
    many = len(wins) > LARGE and sample.clusters is None
    if many:
        # All that matters are the distinct pairs of counts.
        pairs, counts = np.unique(wins * (largest + 1) + epochs, return_counts=True)
        wins, epochs, times = pairs // (largest + 1), pairs % (largest + 1), counts.astype(np.float64)
    rates = _rates_of(wins, epochs, largest)
    all_rates = _rates_of(sample.wins, sample.epochs, largest) if many else rates
    values, counted = np.nan_to_num(rates), (~np.isnan(rates)).astype(np.float64)
    if many:
        intervals = linearised_means(values, counted, times, options.level)
    else:
        # Of what is lacking, as the accuracy's, which pass^1 is.
        lacking = ratio_intervals(
            counted - values,
            counted,
            level=options.level,
            resamples=options.resamples,
            clusters=sample.clusters,
            rng=options.rng,
        )
        intervals = 1 - lacking[:, ::-1]
    # As for the accuracy: fewer than two questions that are ever right, or ever wrong, say nothing about others.
    for side in (values, counted - values):
        total, squares = (times[:, None] * side).sum(axis=0), (times[:, None] * np.square(side)).sum(axis=0)
        few = (np.square(total) < FEWEST * squares) | (total == 0.0)
        if sample.clusters is not None:
            few = effective_number(side, sample.clusters) < FEWEST
        intervals[few] = np.nan
    found = []
    for place, ends in enumerate(intervals):
        questions = int((times * counted[:, place]).sum())
        value = float(np.sort(times * values[:, place]).sum() / questions)
        if without is not None:
            above = all_rates[:, place]
            below = (~np.isnan(above)).astype(np.float64)
            above = np.nan_to_num(above)
            moved = ratio_moves(above, below, without[:, :, place])
            own = Interval(float(ends[0]), float(ends[1]))
            ends = widen_ratio(own, above, below, sample.clusters, moved, options.level)
        found.append(PassRate(place % largest + 1, value, _within(ends, value), False, questions))
    carried = [bool(~np.isnan(intervals[place, 0])) for place in (largest - 1, -1)]
    return [found[:largest], found[largest:]], carried


def _monotone(
    every: tuple[PassRate, ...], some: tuple[PassRate, ...]
) -> tuple[tuple[PassRate, ...], tuple[PassRate, ...]]:
    """pass^k and pass@k whose ends ascend, as the rates do, from the last pass^k over k = 1 to the last pass@k.

    An upper end of a rate is one of every lower rate, too, and a lower end one of every higher rate. Among the k that rest on
    the same questions: each number of them is a set of its own, since the questions with k epochs hold those with more.
    """
    curve = [*reversed(every), *some[1:]]
    for questions in {rate.questions for rate in curve}:
        places = [
            place
            for place, rate in enumerate(curve)
            if rate.questions == questions and not np.isnan(rate.interval.low)
        ]
        ends = np.array([curve[place].interval for place in places]).reshape(-1, 2)
        low, high = np.maximum.accumulate(ends[:, 0]), np.minimum.accumulate(ends[::-1, 1])[::-1]
        for place, least, most in zip(places, low.tolist(), high.tolist(), strict=True):
            # Equal rates differ by rounding.
            interval = Interval(min(least, curve[place].value), max(most, curve[place].value))
            curve[place] = replace(curve[place], interval=interval)
    return tuple(reversed(curve[: len(every)])), tuple(curve[len(every) - 1 :]) if every else ()


def _extrapolated(
    sample: _Sample,
    largest: int,
    carried: Sequence[bool],
    left: FloatArray | None,
    options: _Options,
) -> tuple[tuple[PassRate, ...], tuple[PassRate, ...]]:
    """pass^k and pass@k for k from R + 1 to 4R.

    Right and all epochs of each question without each shared few-shot context (`left`, shape (contexts, questions, 2))
    widen the intervals, by the spread of the replicates.

    Where too few questions tell the measured rate at R apart from 0 or 1 for an interval of its own (not `carried`), there is
    none beyond either.
    """
    k = np.arange(largest + 1, FARTHEST * largest + 1)
    table = sample.table
    questions, units = int((sample.epochs >= 2).sum()), len(table)
    drawn = np.zeros((2, 0, len(k)))
    # Units that are all alike say nothing about how others would be.
    if units >= 2 and (table != table[0]).any():
        sums = _resampled(table, min(options.resamples, _REPLICATES), options.rng)
        drawn = _beyond(sums, fit_beta_binomial(sums[:, :-2], _TOLERANCE), sample.anchor, k)
    estimates = sample.beyond(k)
    moved = None if left is None else _moves_beyond(sample, left.astype(np.int64), largest, k)
    found: list[tuple[PassRate, ...]] = []
    for side, told in enumerate(carried):
        rates = []
        for place, number in enumerate(k.tolist()):
            value, column, interval = float(estimates[side, place]), drawn[side, :, place], UNDEFINED
            if told and sample.anchored[side]:
                interval = percentile_interval(column, options.level, units)
            if moved is not None and not np.isnan(interval.low):
                spread, own = float(np.nanstd(column)), moved[:, :, side * len(k) + place]
                interval = widen_for_contexts(
                    interval, value, spread, units - 1.0, own, options.level, sample.clusters
                )
            rates.append(PassRate(number, value, _within(interval, value), True, questions))
        found.append(tuple(rates))
    return found[0], found[1]


def _moves_beyond(sample: _Sample, left: IntArray, largest: int, k: IntArray) -> FloatArray:
    """`moves` of pass^k and pass@k for more epochs than there are, shape (contexts, questions, 2k).

    From the measured pass^m where m is the epochs that all questions with two have without any context.
    """
    most = np.where(left[:, :, 1] >= 2, left[:, :, 1], largest)
    anchor = min(int(most.min()), sample.anchor)

    def table(counts: IntArray) -> FloatArray:
        wins, epochs = np.where(counts[:, 1:] >= 2, counts, 0).T
        ends = [_all_of(count, epochs, anchor)[:, -1:] for count in (wins, epochs - wins)]
        return np.concatenate([count_table(wins, epochs, largest), *ends], axis=1)

    def rates(sums: FloatArray) -> FloatArray:
        found = _beyond(sums, fit_beta_binomial(sums[:, :-2]), anchor, k)
        return np.concatenate(list(found), axis=1)

    whole = table(np.stack([sample.wins, sample.epochs], axis=1))
    return moves(rates, whole, np.array([table(counts) for counts in left]))


def _beyond(sums: FloatArray, fits: BetaBinomial, anchor: int, k: IntArray) -> FloatArray:
    """pass^k and pass@k from the measured rates at m epochs and the model's change from m to k.

    Args:
        sums: Sums of `_Sample.table`, shape (sets, columns).
        fits: The model of each, shape (sets,).
        anchor: m; 0 for the model alone.
        k: More epochs.

    Returns:
        Shape (2, sets, k).
    """
    # [n > 0], which every question has, heads the last third of the counts.
    questions = sums[:, 2 * (sums.shape[1] - 2) // 3]
    mirrored = BetaBinomial(1 - fits.mean, fits.concentration)
    sides = []
    for fit, measured in ((fits, sums[:, -2]), (mirrored, sums[:, -1])):
        if not anchor:
            sides.append(all_right(fit, k))
            continue
        modelled = all_right(fit, np.append(anchor, k))
        start = np.where(modelled[:, :1] > 0, modelled[:, :1], 1.0)
        sides.append((measured / questions)[:, None] * modelled[:, 1:] / start)
    return np.stack([sides[0], 1 - sides[1]])


def _resampled(table: FloatArray, resamples: int, rng: np.random.Generator) -> FloatArray:
    """`resampled_sums`; above 10,000 rows in sorted order, by how often each distinct row is drawn."""
    if len(table) <= LARGE:
        return resampled_sums(table, resamples=resamples, rng=rng)
    starts = np.flatnonzero(np.append(True, (table[1:] != table[:-1]).any(axis=1)))
    times = np.diff(starts, append=len(table))
    drawn = rng.multinomial(len(table), times / len(table), size=resamples)
    sums: FloatArray = drawn.astype(np.float64) @ table[starts]
    return sums


def _goodness(
    sample: _Sample, model: BetaBinomial, simulations: int, rng: np.random.Generator
) -> GoodnessOfFit:
    """Observed and predicted counts, and the parametric bootstrap of their G² distance."""
    repeated = sample.epochs >= 2
    order = np.lexsort((sample.wins[repeated], sample.epochs[repeated]))
    wins, epochs = sample.wins[repeated][order], sample.epochs[repeated][order]
    sizes, questions = np.unique(epochs, return_counts=True)
    usual = int(questions.argmax())
    observed = _histograms(wins[None], sizes, questions)
    predicted = probabilities(model, int(sizes[usual])) * questions[usual]
    p_value = NAN
    if sizes.max() >= 3 and simulations:
        # Two parameters describe the counts of two epochs without a rest: three tell.
        simulated = [
            rng.multinomial(count, chances / chances.sum(), size=simulations).astype(np.int64)
            for count, chances in (
                (c, probabilities(model, n)) for n, c in zip(sizes.tolist(), questions, strict=True)
            )
        ]
        gap = float(_distance(observed, fit_beta_binomial(_summed(observed)))[0])
        gaps = _distance(simulated, fit_beta_binomial(_summed(simulated), _TOLERANCE))
        p_value = float((1 + (gaps >= gap - 1e-9).sum()) / (1 + simulations))
    return GoodnessOfFit(
        int(sizes[usual]), tuple(observed[usual][0].tolist()), tuple(predicted.tolist()), p_value
    )


def _histograms(wins: IntArray, sizes: IntArray, questions: IntArray) -> list[IntArray]:
    """Questions with 0 … n right of n epochs, for each n; each of shape (sets, n + 1).

    Args:
        wins: Right epochs, questions with the same number of epochs side by side, shape (sets, questions).
        sizes: Numbers of epochs.
        questions: How many questions have each of them.
    """
    ends = np.cumsum(questions)
    found = []
    for size, start, stop in zip(sizes.tolist(), (ends - questions).tolist(), ends.tolist(), strict=True):
        place = wins[:, start:stop] + (size + 1) * np.arange(len(wins))[:, None]
        counts = np.bincount(place.ravel(), minlength=len(wins) * (size + 1))
        found.append(counts.reshape(len(wins), size + 1).astype(np.int64))
    return found


def _summed(histograms: list[IntArray]) -> FloatArray:
    """Sums of `count_table` over the questions of each set, shape (sets, 3R)."""
    largest = max(counts.shape[1] - 1 for counts in histograms)
    sums = np.zeros((3, len(histograms[0]), largest))
    for counts in histograms:
        size = counts.shape[1] - 1
        # Questions with more than i right: all counts above i.
        more = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1][:, 1:]
        fewer = np.cumsum(counts, axis=1)[:, ::-1][:, 1:]
        sums[0, :, :size] += more
        sums[1, :, :size] += fewer
        sums[2, :, :size] += counts.sum(axis=1)[:, None]
    return np.concatenate(list(sums), axis=1)


def _distance(histograms: list[IntArray], fits: BetaBinomial) -> FloatArray:
    """Log-likelihood of the observed shares of counts less that of the model, shape (sets,)."""
    free = np.zeros(len(histograms[0]))
    for counts in histograms:
        steps = np.arange(1, counts.shape[1])
        choose = np.concatenate([[0.0], np.cumsum(np.log((counts.shape[1] - steps) / steps))])
        shares = np.where(counts > 0, counts, 1) / counts.sum(axis=1, keepdims=True)
        free += (counts * (np.log(np.where(counts > 0, shares, 1.0)) - choose)).sum(axis=1)
    distance: FloatArray = free - log_likelihood(_summed(histograms), fits)
    return distance


def _flip_rate(
    flips: FloatArray, clusters: IntArray | None, options: _Options, without: FloatArray | None
) -> Estimate:
    return question_share(flips == 1, ~np.isnan(flips), options.level, clusters, without)


def _mean(
    values: FloatArray,
    clusters: IntArray | None,
    options: _Options,
    bounds: tuple[float, float],
    without: FloatArray | None,
) -> Estimate:
    return question_mean(values, bounds, options.level, options.resamples, options.rng, clusters, without)


def _within(ends: FloatArray | Interval, value: float, bounds: tuple[float, float] = (0.0, 1.0)) -> Interval:
    """An interval cut to the range of the quantity, but never to less than its estimate."""
    low, high = (float(end) for end in ends)
    if np.isnan(low) or np.isnan(high):
        return UNDEFINED
    return Interval(max(low, min(bounds[0], value)), min(high, max(bounds[1], value)))


def _components(sums: FloatArray) -> FloatArray:
    """ICC(1), MSW, variance between questions and n₀ from sums; shape (sets, 4).

    Args:
        sums: Σ1, Σn, Σn², ΣS, ΣS²/n and Σ(x - x̄)² over the questions, S being a question's sum, shape (sets, 6).
    """
    count, number, squares, total, by_question, inside = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_epochs = (number - squares / number) / (count - 1)
        between = (by_question - np.square(total) / number) / (count - 1)
        within = inside / (number - count)
        icc = (between - within) / (between + (mean_epochs - 1) * within)
        return np.stack([icc, within, (between - within) / mean_epochs, mean_epochs], axis=1)
