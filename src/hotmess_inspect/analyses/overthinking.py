"""Natural overthinking: does one question fail less coherently in the epochs that thought longer?

Difficulty cannot explain a difference here, since both halves answer the same questions; a few-shot context that
makes answers longer can, and is kept apart where epochs share contexts.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_deviations,
    as_epoch_values,
    as_predictions,
    check_level,
    content_order,
    epoch_accuracy,
    in_few_dimensions,
    line_up,
    present_epochs,
)
from hotmess_inspect.analyses._halves import Border, half_terms, squared_sums
from hotmess_inspect.analyses._units import WIDEST_TIED, unit_terms
from hotmess_inspect.analyses.summaries import Summary, summarise
from hotmess_inspect.arrays import (
    NAN,
    BoolArray,
    FloatArray,
    IntArray,
    Seed,
    check_estimator,
    cluster_numbers,
    mean_over_epochs,
    ratio,
    seeded,
)
from hotmess_inspect.decomposition import (
    Decomposition,
    NestedDecomposition,
    decompose,
    decompose_epochs,
)
from hotmess_inspect.decomposition.brier import without_dust
from hotmess_inspect.inference.contexts import widen_for_contexts, widen_ratio
from hotmess_inspect.inference.exchange import interval_of_test, rejects
from hotmess_inspect.inference.intervals import (
    UNDEFINED,
    Interval,
    difference_intervals,
    ratio_intervals,
    ratio_table,
)
from hotmess_inspect.inference.permutation import PermutationOutcome, Sizes, make_pool, permutation_test
from hotmess_inspect.inference.resampling import LARGE
from hotmess_inspect.schema import Estimator, Loss

Split: TypeAlias = Literal["equal", "paper"]
SPLITS: tuple[str, ...] = get_args(Split)

# Values per block of gathered predictions: a few megabytes.
_BLOCK = 1 << 20
# Draws over which ties are averaged.
_TIE_BREAKS = 16
# Share of questions of very many that may have halves of another size than usual, and are computed apart.
_MOST_ODD = 0.2
# A variance needs two epochs.
_FEWEST = 2


@dataclass(frozen=True)
class Overthinking:
    """Incoherence of the longer epochs against that of the shorter ones, question by question.

    Attributes:
        shorter: Epochs below the question's own median length.
        longer: Epochs above it (at or above it in the paper's split).
        difference: Incoherence of the longer less that of the shorter; NaN where `note` gives a reason.
        difference_ci: Its interval, both halves of a question resampled together; it leaves out 0 exactly where
            `p_value` is below 1 - level, if there is a test.
        p_value: Two-sided, of the hypothesis that within every question predictions have nothing to do
            with lengths.
        permutations: How many rearrangements the observed difference was compared with.
        exhaustive: Whether these were all there are.
        undefined_permutations: Rearrangements set aside since one half was without error.
        split: "equal" or "paper".
        questions: Questions with at least two epochs in either half, those that count.
        too_few_epochs_questions: Questions left out for having fewer.
        unknown_length_epochs: Epochs left out because their length is not known.
        middle_epochs: Epochs at the median of an odd number, in neither of two equal halves.
        tied_questions: Questions in which two equal halves part epochs of equal lengths: their terms are means
            over all choices of which goes where; the paper's split sends them all to the longer ones.
        tie_breaks: Draws of such choices that were averaged where the mean over all has no closed form ("kl",
            "zero_one", shared contexts); else 1.
        note: Why there is no difference, or an empty string.
    """

    shorter: Summary
    longer: Summary
    difference: float
    difference_ci: Interval
    p_value: float
    permutations: int
    exhaustive: bool
    undefined_permutations: int
    split: str
    questions: int
    too_few_epochs_questions: int
    unknown_length_epochs: int
    middle_epochs: int
    tied_questions: int
    tie_breaks: int
    note: str

    @property
    def below(self) -> float:
        """Incoherence of the shorter epochs."""
        return self.shorter.incoherence

    @property
    def above(self) -> float:
        """Incoherence of the longer epochs."""
        return self.longer.incoherence


def overthinking(
    predictions: ArrayLike,
    target: ArrayLike,
    lengths: ArrayLike,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    split: Split = "equal",
    level: float = 0.95,
    resamples: int = 2000,
    permutations: int = 999,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    correct: ArrayLike | None = None,
    contexts: ArrayLike | None = None,
    rng: Seed = None,
    lined_up: "LinedUp | None" = None,
) -> Overthinking:
    """Split each question's epochs at its own median length, and compare the two incoherences.

    "equal" orders the epochs of a question by length and takes as many from the short end as from the long
    end; the middle one of an odd number is in neither half. Where a boundary parts epochs of equal length,
    the terms of the question are means over all choices of who goes where, in the estimate and in every
    rearrangement alike: in closed form for squared losses of independent epochs (`half_terms`, which `compare_overthinking`
    uses, too), else over sixteen draws of them. "paper" puts the epochs
    below the median against those at or above it: ties make the second set larger, the plug-in variance
    grows with the number of epochs, and so a difference appears where there is none.

    The test rearranges the predictions of a question over its lengths, which under the hypothesis are as
    likely as the observed arrangement, and asks how often the difference is at least as large. All
    rearrangements are tried where there are no more than `permutations`; else that many are drawn, each
    question's from a pool of its own that includes the observed one, and p = (1 + k)/(1 + permutations).
    The level is exact in both cases, with ties and without, for any number of questions. Where epochs share
    contexts, they change places within their context: a context that makes answers both longer and less
    coherent is no overthinking.

    With lengths that a limit cut, the hypothesis is about the lengths on record. Where such epochs fail, outcome
    and length are related by the limit alone, and a small p says no more than that.

    Args:
        predictions: Shape (questions, epochs, classes), NaN rows for missing epochs.
        target: Right class, shape (questions,), or points for "squared".
        lengths: Tokens, actions or turns, shape (questions, epochs), NaN where unknown.
        loss: As in `decompose`. "zero_one" has no incoherence, hence no difference.
        estimator: As in `decompose`; "plugin" and "paper" together reproduce the paper.
        split: "equal" or "paper".
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        permutations: Rearrangements at most; 0 leaves the test out.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        correct: How right each epoch is, shape (questions, epochs); see `Summary.accuracy`.
        contexts: Context of each epoch where epochs share contexts, as `decompose_epochs` takes it; both halves
            are then decomposed by pairs of contexts, and a question needs two contexts in either half.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).
        lined_up: These predictions, target, lengths, contexts and `correct` in order, where another split of them
            has the same use for it.

    Returns:
        Both halves, difference, interval and p-value: equal bits for generators in equal states,
        whatever the order of questions and epochs.

    Raises:
        ValueError: If an argument is malformed; it names the argument and the first offending question.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045, for the paper's split;
        Hemerik and Goeman (2018), doi:10.1007/s11749-017-0571-1, for tests with random permutations.
    """
    if split not in SPLITS:
        raise ValueError(f"split={split!r} is not one of {', '.join(map(repr, SPLITS))}")
    if permutations < 0:
        raise ValueError(f"permutations={permutations!r} must be at least 0")
    check_level(level, resamples)
    check_estimator(loss, estimator)
    rng = seeded(rng)
    if lined_up is None:
        lined_up = LinedUp.of(predictions, target, lengths, loss=loss, correct=correct, contexts=contexts)
    closed = loss in ("brier", "squared") and lined_up.contexts is None
    table = _EpochTable.build(
        lined_up, clusters, split, drawn=permutations > 0 or (split == "equal" and not closed)
    )
    table, breaks = (table, None) if closed else table.with_tie_breaks(rng)
    halves, parts = _halves(table, breaks, loss, estimator)
    both = parts[0].repeated & parts[1].repeated
    if not both.all():
        # In a nested design a half can have a single context left.
        if breaks is not None:
            breaks = breaks[:, both[table.parted]]
        table = table.take(both)
        halves, parts = _halves(table, breaks, loss, estimator)
    note = _note(parts)
    intervals = _intervals(parts, table.clusters, level, resamples, rng)
    shorter, longer = (
        summarise(part, half.lengths, half.accuracy, interval)
        for part, half, interval in zip(parts, halves, intervals, strict=False)
    )
    outcome = None
    if permutations and not note:
        tied = table.parted
        if _in_units(table, loss):
            terms, pool = unit_terms(
                table.predictions,
                table.sizes,
                tied,
                table.lengths,
                rng,
                unbiased=estimator == "unbiased",
                target=None if loss == "squared" else table.target,
            )
        else:
            # The places of the table are in order of length already.
            pool = make_pool(
                np.tile(np.arange(table.lengths.shape[1]), (len(table.lengths), 1)),
                table.sizes,
                permutations,
                table.predictions.shape[2] * (1 if breaks is None else len(breaks)),
                rng,
                strata=table.contexts,
                enumerate_halves=not tied.any(),
            )
            terms = _pool_terms(table, pool.orders, breaks, loss, estimator)
        floor = parts[0].error_floor * (1 + 1e-6)
        outcome = permutation_test(
            terms,
            pool,
            table.sizes,
            permutations,
            floor,
            rng,
            swaps=not tied.any() and table.contexts is None,
        )
    return Overthinking(
        shorter=shorter,
        longer=longer,
        difference=longer.incoherence - shorter.incoherence,
        difference_ci=_agreeing(longer.incoherence - shorter.incoherence, intervals[2], outcome, level),
        p_value=outcome.p_value if outcome else NAN,
        permutations=outcome.compared if outcome else 0,
        exhaustive=outcome.exhaustive if outcome else False,
        undefined_permutations=outcome.undefined if outcome else 0,
        split=split,
        questions=len(table.target),
        too_few_epochs_questions=table.too_few,
        unknown_length_epochs=table.unknown_lengths,
        middle_epochs=int((table.sizes.known - table.sizes.below - table.sizes.above).sum()),
        tied_questions=int(table.tied.sum()),
        tie_breaks=1 if breaks is None or not table.parted.any() else len(breaks),
        note=note,
    )


@dataclass(frozen=True, eq=False)
class _HalfArrays:
    predictions: FloatArray
    lengths: FloatArray
    accuracy: FloatArray
    contexts: IntArray | None


@dataclass(frozen=True, eq=False)
class LinedUp:
    """The epochs of each question from short to long, those of unknown length last and without values.

    Attributes:
        predictions: Shape (questions, epochs, classes); deviations from the target for "squared".
        lengths: Shape (questions, epochs), NaN where unknown.
        right: How right each epoch is, shape (questions, epochs).
        target: Right class, shape (questions,), or points.
        contexts: Context of each epoch, shape (questions, epochs); None where they share none.
        there: Questions with an epoch, shape (questions,).
        unknown_lengths: Epochs left out because their length is not known.
    """

    predictions: FloatArray
    lengths: FloatArray
    right: FloatArray
    target: NDArray[Any]
    contexts: IntArray | None
    there: BoolArray
    unknown_lengths: int

    @classmethod
    def of(
        cls,
        predictions: ArrayLike,
        target: ArrayLike,
        lengths: ArrayLike,
        *,
        loss: Loss,
        correct: ArrayLike | None = None,
        contexts: ArrayLike | None = None,
    ) -> "LinedUp":
        """Check the arguments of `overthinking`, and put epochs in order.

        Raises:
            ValueError: As `overthinking`.
        """
        values = as_predictions(predictions)
        present = present_epochs(values)
        known = as_epoch_values("lengths", lengths, present.shape)
        # One pass over everything first, so that an error names the caller's question.
        decompose(values, target, loss=loss, estimator="plugin")
        right = epoch_accuracy(values, target, loss, correct)
        goal = np.asarray(target)
        if loss == "squared":
            values, goal = as_deviations(values, target), np.zeros((len(values), 1))
        unknown = present & np.isnan(known)
        if contexts is not None:
            label = np.asarray(contexts, dtype=np.float64)
            if label.shape != present.shape:
                raise ValueError(f"contexts has shape {label.shape}; these predictions need {present.shape}")
            # The context goes along as one more column of each epoch.
            values = np.concatenate([values, np.where(present, label, np.nan)[:, :, None]], axis=2)
        ordered, right, lined_up = line_up(values, right, np.where(present, known, np.nan))
        own = None
        if contexts is not None:
            ordered, own = ordered[:, :, :-1], _own_contexts(np.nan_to_num(ordered[:, :, -1]))
        if loss == "squared":
            ordered = in_few_dimensions(ordered)
        there = np.asarray(present.any(axis=1))
        return cls(ordered, lined_up, right, goal, own, there, int(unknown.sum()))


@dataclass(frozen=True, eq=False)
class _EpochTable:
    """The questions that count, and their epochs from short to long, in an order made of contents alone.

    Whatever is drawn for the rows of these arrays does not depend on how the caller's rows were ordered.
    """

    predictions: FloatArray
    lengths: FloatArray
    right: FloatArray
    target: NDArray[Any]
    clusters: IntArray | None
    contexts: IntArray | None
    sizes: Sizes
    split: Split
    too_few: int
    unknown_lengths: int

    @classmethod
    def build(
        cls,
        all_: LinedUp,
        clusters: Sequence[Hashable] | NDArray[Any] | None,
        split: Split,
        *,
        drawn: bool,
    ) -> "_EpochTable":
        labels = None if clusters is None else cluster_numbers(clusters, len(all_.lengths))
        sizes = _split_sizes(all_.lengths, split)
        counts = np.minimum(sizes.below, sizes.above) >= _FEWEST
        chosen = np.flatnonzero(counts)
        arrays = [all_.predictions, all_.right, all_.lengths, all_.target]
        if not counts.all():
            arrays = [array[chosen] for array in arrays]
        # Where nothing is drawn for the questions, they may stay in the order in which they came.
        if drawn:
            order = content_order(*arrays)
            arrays, chosen = [array[order] for array in arrays], chosen[order]
        predictions, right, lengths, target = arrays
        return cls(
            predictions=predictions,
            right=right,
            lengths=lengths,
            target=target,
            clusters=None if labels is None else labels[chosen],
            contexts=None if all_.contexts is None else all_.contexts[chosen],
            sizes=Sizes(sizes.known[chosen], sizes.below[chosen], sizes.above[chosen]),
            split=split,
            too_few=int((all_.there & ~counts).sum()),
            unknown_lengths=all_.unknown_lengths,
        )

    def take(self, rows: BoolArray) -> "_EpochTable":
        """Some of the questions; the others have too few epochs for their design."""
        sizes = Sizes(self.sizes.known[rows], self.sizes.below[rows], self.sizes.above[rows])
        return replace(
            self,
            predictions=self.predictions[rows],
            lengths=self.lengths[rows],
            right=self.right[rows],
            target=self.target[rows],
            clusters=None if self.clusters is None else self.clusters[rows],
            contexts=None if self.contexts is None else self.contexts[rows],
            sizes=sizes,
            too_few=self.too_few + int((~rows).sum()),
        )

    def with_tie_breaks(self, rng: np.random.Generator) -> "tuple[_EpochTable, IntArray]":
        """The questions with epochs of equal length in an order of chance, and further such orders of places.

        Returns:
            The table, and orders of the places of its tied questions from short to long, shape
            (draws, tied questions, epochs): one draw where no question is tied. The first leaves every place as it is.
        """
        chance = rng.random(self.lengths.shape)
        # Lengths alone order the epochs of most questions.
        some = np.flatnonzero(self.parted)
        first = np.lexsort((chance[some], self.lengths[some]), axis=1)
        rows = some[:, None]
        self.predictions[some] = self.predictions[rows, first]
        self.right[some] = self.right[rows, first]
        if self.contexts is not None:
            self.contexts[some] = self.contexts[rows, first]
        places = np.broadcast_to(np.arange(chance.shape[1]), (len(some), chance.shape[1]))
        further = []
        for _ in range(_TIE_BREAKS - 1 if len(some) else 0):
            keys = rng.random(chance.shape)[some] if len(self.target) <= LARGE else rng.random(places.shape)
            further.append(np.lexsort((keys, self.lengths[some]), axis=1))
        return self, np.stack([places, *further])

    def half(self, longer: bool) -> tuple[_HalfArrays, BoolArray]:
        """The epochs of one half of each question, NaN rows behind them.

        Returns:
            The half, and the questions of very many whose half has another size than usual and is not this one.
        """
        size = self.sizes.above if longer else self.sizes.below
        first = self.sizes.known - size if longer else np.zeros_like(size)
        odd = np.zeros(len(size), dtype=bool)
        if len(size):
            kinds, times = np.unique(first * (self.lengths.shape[1] + 1) + size, return_counts=True)
            start, count = divmod(int(kinds[times.argmax()]), self.lengths.shape[1] + 1)
            odd = (first != start) | (size != count)
            if not odd.any() or (len(size) > LARGE and odd.mean() < _MOST_ODD):
                own = slice(start, start + count)
                return _HalfArrays(
                    self.predictions[:, own],
                    mean_over_epochs(self.lengths[:, own]),
                    mean_over_epochs(self.right[:, own]),
                    None if self.contexts is None else self.contexts[:, own],
                ), odd
        order = np.broadcast_to(np.arange(self.lengths.shape[1]), self.lengths.shape)
        return self.half_in(order, longer), np.zeros(len(size), dtype=bool)

    def half_in(self, order: IntArray, longer: bool) -> _HalfArrays:
        """The same with the places in another order, shape (questions, epochs)."""
        index, inside = self.half_index(order[:, None], slice(None), longer)
        rows = np.arange(len(index))[:, None]
        picked = np.where(inside[:, 0], 1.0, np.nan)
        accuracy = mean_over_epochs(self.right[rows, index[:, 0]] * picked)
        predictions = self.predictions[rows, index[:, 0]] * picked[:, :, None]
        contexts = None if self.contexts is None else self.contexts[rows, index[:, 0]]
        lengths = mean_over_epochs(self.lengths[rows, index[:, 0]] * picked)
        return _HalfArrays(predictions, lengths, accuracy, contexts)

    def half_index(self, orders: IntArray, rows: slice, longer: bool) -> tuple[IntArray, BoolArray]:
        """Epochs of one half in each order, and which of these places are taken.

        Args:
            orders: Orders of the questions in `rows`, shape (rows, pool, epochs).
            rows: Which questions.
            longer: Which half.
        """
        size = (self.sizes.above if longer else self.sizes.below)[rows]
        first = self.sizes.known[rows] - size if longer else np.zeros_like(size)
        place = np.arange(int(size.max(initial=0)))
        inside = np.broadcast_to((place < size[:, None])[:, None], (*orders.shape[:2], len(place)))
        column = np.minimum(first[:, None] + place, orders.shape[2] - 1)
        return np.take_along_axis(orders, np.broadcast_to(column[:, None], inside.shape), axis=2), inside

    @property
    def parted(self) -> BoolArray:
        """Questions whose halves part epochs of equal lengths, shape (questions,): none in the paper's split."""
        return self.tied if self.split == "equal" else np.zeros(len(self.target), dtype=bool)

    @property
    def tied(self) -> BoolArray:
        """Questions in which two equal halves would part epochs of equal lengths, shape (questions,)."""
        if not len(self.target):
            return np.zeros(0, dtype=bool)
        rows = np.arange(len(self.target))
        half = self.sizes.known // 2
        last, first = half - 1, self.sizes.known - half
        inner = self.lengths[rows, last] == self.lengths[rows, last + 1]
        outer = self.lengths[rows, first] == self.lengths[rows, first - 1]
        return np.asarray(inner | outer)


def _own_contexts(labels: FloatArray) -> IntArray:
    """Contexts as numbers from 0, an epoch without one (-1) having one of its own, shape (questions, epochs)."""
    numbers = labels.astype(np.int64)
    single = numbers.max(initial=-1) + 1 + np.arange(labels.shape[1])
    return np.where(numbers < 0, single, numbers)


def _halves(
    table: _EpochTable, breaks: IntArray | None, loss: Loss, estimator: Estimator
) -> tuple[list[_HalfArrays], list[Decomposition]]:
    """Both halves of every question; those that part equal lengths as means over all choices, or over draws of them."""

    def terms(part: _EpochTable, half: _HalfArrays) -> Decomposition:
        return decompose_epochs(half.predictions, part.target, half.contexts, loss=loss, estimator=estimator)

    tied = table.parted
    usual = np.arange(table.lengths.shape[1])[None, None]
    halves, parts = [], []
    for longer in (False, True):
        half, odd = table.half(longer)
        part = terms(table, half)
        # The halves of tied questions are whole before their means, those of odd ones are not.
        for rows, orders, kept in ((odd, usual, ~odd), (tied, breaks, np.ones_like(tied))):
            if orders is None or not rows.any():
                continue
            among = table.take(rows)
            drawn = [among.half_in(np.broadcast_to(order, among.lengths.shape), longer) for order in orders]
            half.accuracy[rows] = np.mean([one.accuracy for one in drawn], axis=0)
            half.lengths[rows] = drawn[0].lengths
            found = [terms(among, one) for one in drawn]
            error, variance = (
                np.mean([getattr(one, name) for one in found], axis=0) for name in ("error", "variance")
            )
            bias_squared = np.mean([one.bias_squared for one in found], axis=0)
            part = _with_terms(part, rows, (error, bias_squared, variance, found[0].epochs), kept)
        halves.append(half)
        parts.append(part)
    if breaks is None and tied.any():
        among = table.take(tied)
        places = np.broadcast_to(usual, (len(among.target), 1, usual.shape[2]))
        means = _choice_terms(among, places, loss, estimator)[:, 0]
        for place, (half, part) in enumerate(zip(halves, parts, strict=True)):
            variance, error = means[:, 2 * place], means[:, 2 * place + 1]
            own = Border.of(among.lengths, ~np.isnan(among.lengths), longer=bool(place))
            weight = np.where(np.isnan(among.right), 0.0, own.single)
            half.accuracy[tied] = ratio((weight * np.nan_to_num(among.right)).sum(axis=1), weight.sum(axis=1))
            epochs = part.epochs[tied]
            bias_squared = without_dust(error - variance, epochs * error)
            parts[place] = _with_terms(
                part, tied, (error, bias_squared, variance, epochs), np.ones_like(tied)
            )
    return halves, parts


def _choice_terms(table: _EpochTable, orders: IntArray, loss: Loss, estimator: Estimator) -> FloatArray:
    """Terms of equal halves in every order, means over all choices among equal lengths, shape (questions, pool, 4)."""
    known = ~np.isnan(table.lengths)
    sums = squared_sums(table.predictions, known, table.target, loss, "unbiased")
    questions, size, epochs = orders.shape
    terms = np.empty((questions, size, 4))
    step = max(1, _BLOCK // (size * epochs * table.predictions.shape[2]))
    for start in range(0, questions, step):
        rows = np.arange(start, min(start + step, questions))
        terms[rows] = half_terms(
            sums,
            orders[rows],
            table.lengths[rows, None],
            known[rows, None],
            rows,
            unbiased=estimator == "unbiased",
        )
    return terms


def _with_terms(
    part: Decomposition, rows: BoolArray, values: Sequence[FloatArray | IntArray], kept: BoolArray
) -> Decomposition:
    """Error, bias², variance and epochs of some questions replaced; contexts are those of the kept."""
    error, bias_squared, variance, epochs = (
        getattr(part, name).copy() for name in ("error", "bias_squared", "variance", "epochs")
    )
    error[rows], bias_squared[rows], variance[rows], epochs[rows] = values
    contexts = part.by_context if isinstance(part, NestedDecomposition) else None
    terms = (error, bias_squared, variance, epochs, part.loss, part.estimator, part.error_floor)
    if contexts is None:
        return Decomposition(*terms)
    return NestedDecomposition(*terms, by_context=replace(contexts, present=contexts.present & kept[:, None]))


def _split_sizes(lengths: FloatArray, split: Split) -> Sizes:
    """How the epochs of each question divide, from lengths that ascend and are NaN behind those that are known."""
    known = (~np.isnan(lengths)).sum(axis=1)
    if not lengths.shape[1]:
        return Sizes(known, known, known)
    if split == "equal":
        return Sizes(known, known // 2, known // 2)
    rows, last = np.arange(len(known)), np.maximum(known - 1, 0)
    # Of a question without known lengths NaN, which nothing is below.
    middle = (lengths[rows, last // 2] + lengths[rows, (last + 1) // 2]) / 2
    below = (lengths < middle[:, None]).sum(axis=1)
    return Sizes(known, below, known - below)


def _pool_terms(
    table: _EpochTable, orders: IntArray, breaks: IntArray | None, loss: Loss, estimator: Estimator
) -> FloatArray:
    """Variance and error of either half in every order, means where equal lengths are parted, (questions, pool, 4)."""
    tied = table.parted
    if breaks is None and tied.all():
        return _choice_terms(table, orders, loss, estimator)
    terms = _order_terms(table, orders, loss, estimator)
    if tied.any():
        part, own = table.take(tied), orders[tied]
        if breaks is None:
            terms[tied] = _choice_terms(part, own, loss, estimator)
        else:
            # The draws shuffle places of equal length: what stands there is the order's business.
            drawn = [
                _order_terms(
                    part,
                    np.take_along_axis(own, np.broadcast_to(places[:, None], own.shape), axis=2),
                    loss,
                    estimator,
                )
                for places in breaks[1:]
            ]
            terms[tied] = np.mean([terms[tied], *drawn], axis=0)
    return terms


def _in_units(table: _EpochTable, loss: Loss) -> bool:
    """Whether whole units of questions are rearranged: very many questions, under a loss that adds up in products."""
    return (
        len(table.target) > LARGE
        and loss in ("brier", "squared")
        and table.contexts is None
        and (not table.parted.any() or int(table.sizes.known.max()) <= WIDEST_TIED)
    )


def _order_terms(table: _EpochTable, orders: IntArray, loss: Loss, estimator: Estimator) -> FloatArray:
    """Variance and error of either half in every order, shape (questions, pool, 4)."""
    questions, size, epochs = orders.shape
    terms = np.empty((questions, size, 4))
    step = max(1, _BLOCK // (size * epochs * table.predictions.shape[2]))
    for start in range(0, questions, step):
        rows = slice(start, min(start + step, questions))
        target = np.repeat(table.target[rows], size, axis=0)
        for longer in (False, True):
            index, inside = table.half_index(orders[rows], rows, longer)
            flat = index.reshape(len(index), -1)
            picked = np.take_along_axis(table.predictions[rows], flat[:, :, None], axis=1).reshape(
                *index.shape, -1
            )
            picked[~inside] = np.nan
            contexts = None
            if table.contexts is not None:
                contexts = np.take_along_axis(table.contexts[rows], flat, axis=1).reshape(len(target), -1)
            part = decompose_epochs(
                picked.reshape(len(target), index.shape[2], -1),
                target,
                contexts,
                loss=loss,
                estimator=estimator,
            )
            terms[rows, :, 2 * longer] = part.variance.reshape(-1, size)
            terms[rows, :, 2 * longer + 1] = part.error.reshape(-1, size)
    return terms


def _intervals(
    parts: Sequence[Decomposition],
    clusters: IntArray | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> list[Interval]:
    """Of the shorter half, the longer half, and the longer less the shorter."""
    undefined = [bool(part.incoherence_note) for part in parts]
    if all(undefined):
        return [UNDEFINED] * 3
    # A half without an incoherence takes no part; its place is held by what gives no interval.
    tops, bottoms = (
        np.column_stack(
            [np.zeros(len(values)) if no else values for values, no in zip(terms, undefined, strict=True)]
        )
        for terms in ([part.variance for part in parts], [part.error for part in parts])
    )
    single = ratio_intervals(tops, bottoms, level=level, resamples=resamples, clusters=clusters, rng=rng)
    found = [Interval(float(low), float(high)) for low, high in single]
    moved = _context_moves(parts)
    if moved is not None:
        found = [
            interval if no else widen_ratio(interval, top, bottom, clusters, own, level)
            for interval, no, top, bottom, own in zip(found, undefined, tops.T, bottoms.T, moved, strict=True)
        ]
    if any(undefined):
        return [*found, UNDEFINED]
    low, high = difference_intervals(
        (tops[:, 1:], bottoms[:, 1:]),
        (tops[:, :1], bottoms[:, :1]),
        level=level,
        resamples=resamples,
        clusters=clusters,
        rng=rng,
    )[0]
    between = Interval(float(low), float(high))
    if moved is not None and not np.isnan(between.low):
        columns: list[FloatArray] = [tops[:, 1:], bottoms[:, 1:], tops[:, :1], bottoms[:, :1]]
        table = ratio_table(columns, clusters)
        spread = float((table.standard_error if clusters is None else table.jackknife_error)[0])
        freedom, estimate = float(table.erring_degrees_of_freedom[0]), float(table.estimate[0])
        apart = moved[1] - moved[0]
        between = widen_for_contexts(between, estimate, spread, freedom, apart, level, clusters)
    return [*found, between]


def _context_moves(parts: Sequence[Decomposition]) -> FloatArray | None:
    """How far leaving out each few-shot context moves either half's incoherence, see `moves`; None where none is shared.

    Shape (2, contexts, questions). A context in one half only is left out of that one.
    """
    sums = [part.by_context for part in parts if isinstance(part, NestedDecomposition)]
    if len(sums) < len(parts) or not all(own is not None and own.shared for own in sums):
        return None
    labels = np.union1d(*(own.labels for own in sums))  # type: ignore[union-attr]
    found = np.zeros((len(parts), len(labels), len(parts[0].error)))
    for values, part, own in zip(found, parts, sums, strict=True):
        moved = own.moves("incoherence", part.variance, part.error)  # type: ignore[union-attr]
        values[np.searchsorted(labels, own.labels)] = moved  # type: ignore[union-attr]
    return found


def _agreeing(
    difference: float, interval: Interval, outcome: PermutationOutcome | None, level: float
) -> Interval:
    """The interval over questions, made to leave out 0 exactly where the test rejects, within [-1, 1].

    Where neither questions nor the order of their epochs make any difference it would have no width, and is undefined.
    """
    low, high = interval
    if outcome is not None and not np.isnan(low) and not np.isnan(difference):
        reach = outcome.critical(level)
        low, high = interval_of_test(difference, interval, reach, rejects(outcome.p_value, level))
        low, high = max(low, min(-1.0, difference)), min(high, max(1.0, difference))
    return Interval(low, high) if high - low > 1e-12 else UNDEFINED


def _note(parts: Sequence[Decomposition]) -> str:
    """Why there is no difference: what keeps either half from having an incoherence."""
    names = ("shorter", "longer")
    reasons = [f"{name} epochs: {p.incoherence_note}" for name, p in zip(names, parts, strict=True)]
    return "; ".join(reason for reason, p in zip(reasons, parts, strict=True) if p.incoherence_note)
