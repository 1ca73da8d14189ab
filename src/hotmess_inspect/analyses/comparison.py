"""Two runs on the same questions: differences whose interval and test are one construction."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_deviations,
    content_order,
    digests,
    in_few_dimensions,
    present_epochs,
)
from hotmess_inspect.analyses._halves import squared_sums
from hotmess_inspect.arrays import (
    NAN,
    BoolArray,
    FloatArray,
    IntArray,
    Seed,
    check_choice,
    cluster_numbers,
    mean_over_epochs,
    seeded,
)
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.nested import (
    ContextSums,
    decompose_nested,
)
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.inference.contexts import (
    StandardError,
    error_with_contexts,
    ratio_moves,
    widen_for_contexts,
    without_each_context,
)
from hotmess_inspect.inference.exchange import (
    Exchanges,
    exchange,
    exchange_critical_value,
    exchange_p_value,
    interval_of_test,
    p_error,
    rejects,
)
from hotmess_inspect.inference.intervals import (
    FEW_CLUSTERS,
    Interval,
    Method,
    difference_intervals,
    ratio_table,
)
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.inference.ratios import RatioTable, effective_number
from hotmess_inspect.inference.resampling import LARGE
from hotmess_inspect.schema import QUANTITIES, Estimator, Loss, Quantity
from hotmess_inspect.words import counted

PERMUTATIONS = 999
TEST = "within-question permutation test (epochs change places between the two runs; mid-p)"
"""What p-values of a comparison are of, in words."""
NO_DIFFERENCE = "no interval: the runs do not differ on any question"
# Two numbers that should be equal differ by less than this share of their size, from rounding.
_DUST = 1e-12
_RESAMPLES = 1000
# Erring questions (clusters) of each run that these differences need: with fewer, intervals cover 80 to 91 %.
_FEWEST = {"bias_squared": 3.0 - 1e-9, "incoherence": 3.0 - 1e-9}
_TERMS = ("accuracy", "error", "variance", "pass_hat")


Decomposer: TypeAlias = Callable[[FloatArray, IntArray, IntArray], Decomposition]


class Difference(NamedTuple):
    """A difference between two runs with its confidence interval, and how many questions it rests on."""

    estimate: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True, eq=False)
class RunEpochs:
    """The epochs of one run.

    Attributes:
        predictions: Shape (questions, epochs, classes or dims), NaN rows for missing epochs.
        correct: How right each epoch is, in [0, 1], shape (questions, epochs), NaN where unknown.
        contexts: Label of each epoch's few-shot context, shape (questions, epochs); None where all epochs
            are independent, each a context of its own.
        lengths: Length of each epoch, same shape, NaN where unknown; None where nothing is asked of them.
    """

    predictions: FloatArray
    correct: FloatArray
    contexts: NDArray[Any] | None = None
    lengths: FloatArray | None = None


@dataclass(frozen=True)
class PairedDifference:
    """First run less second run in one quantity.

    Attributes:
        quantity: "accuracy", "error", "bias_squared", "variance", "incoherence" or "pass_hat_k" with the
            number k in place of the letter.
        first: The quantity of the first run, over the questions that count.
        second: That of the second run.
        estimate: First less second; NaN where undefined.
        low: Low end of its interval; NaN where undefined.
        high: High end.
        p_value: Two-sided mid-p value of the hypothesis that both runs answer alike. Below 1 - level exactly where
            the interval leaves out 0, wherever both are defined.
        questions: Questions that count.
        standard_error: Standard error of the difference over questions (or clusters); NaN where undefined.
        degrees_of_freedom: Of Student's t that goes with it; NaN where undefined.
        note: Why the interval or the difference is undefined, or an empty string.
        p_error: Standard error of the p-value from drawing divisions at random: another seed moves it by about as much. NaN
            where p is undefined, 0 where it is Student's.
    """

    quantity: str
    first: float
    second: float
    estimate: float
    low: float
    high: float
    p_value: float
    questions: int
    standard_error: float = NAN
    degrees_of_freedom: float = NAN
    note: str = ""
    p_error: float = NAN

    def reach(self, level: float, interval_level: float = 0.95) -> float:
        """How far the interval of some level reaches from the estimate towards 0: its own reach, with Student's quantiles in proportion.

        Of an estimate of 0 the further side counts.

        Args:
            level: Coverage asked for, inside (0, 1).
            interval_level: Coverage of `low` and `high`.
        """
        sides = [self.estimate - self.low] * (self.estimate >= 0) + [self.high - self.estimate] * (
            self.estimate <= 0
        )
        # The test may tell apart what Student's quantile alone would not; an end cut off at the largest difference does not.
        own = max(sides) if self.low > 0 or self.high < 0 else max(*sides, self._student(interval_level))
        return own * self._student(level) / self._student(interval_level)

    def found_with(self, power: float, level: float, interval_level: float = 0.95) -> float:
        """The difference whose interval of a level leaves out 0 with a probability: `reach` and Student's quantile of power."""
        return self.reach(level, interval_level) + self._student(2 * power - 1)

    def power_of(self, size: float, level: float, interval_level: float = 0.95) -> float:
        """Probability that an interval of a level leaves out 0 where the difference has a size: turns `found_with` round."""
        from scipy.special import stdtr

        away = (size - self.reach(level, interval_level)) / self.standard_error
        return float(stdtr(self.degrees_of_freedom, away))

    def _student(self, level: float) -> float:
        return student_quantile(self.degrees_of_freedom, (1 + level) / 2) * self.standard_error

    def p_hangs_on_seed(self, limit: float = 0.05) -> bool:
        """Whether a limit lies within two standard errors of p, so that another seed may put p on its other side."""
        return self.p_error > 0 and abs(self.p_value - limit) <= 2 * self.p_error

    def oriented(self, sign: int) -> "PairedDifference":
        """The same for 1, second less first for -1; for 0, where both are one, an interval symmetric about 0."""
        if sign == 0:
            reach = max(-self.low, self.high)
            return replace(self, low=-reach, high=reach)
        if sign > 0:
            return self
        estimate, low, high = 0.0 - self.estimate, 0.0 - self.high, 0.0 - self.low
        words = {"the first run": "the second run", "the second run": "the first run"}
        note = re.sub("|".join(words), lambda found: words[found[0]], self.note)
        runs = replace(self, first=self.second, second=self.first, note=note)
        return replace(runs, estimate=estimate, low=low, high=high)


def compare_runs(
    first: RunEpochs,
    second: RunEpochs,
    target: ArrayLike,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    level: float = 0.95,
    permutations: int = PERMUTATIONS,
    pass_hat: int | None = None,
    decomposed: Decomposer | None = None,
    rng: Seed = None,
) -> list[PairedDifference]:
    """First run less second run, on the questions that both answered, with interval and test.

    A question counts if both runs have two epochs of it (where no question has that: one). For each
    quantity let d be the difference of the runs and s its standard error over questions, or clusters of
    them (delete-one jackknife), from paired differences. Two things can make d ≠ 0 by chance:

    - which epochs were drawn: T = |d|/s is compared with its values after dividing the pooled epochs of
      every question anew between the runs, which are as likely if both answer alike, and p counts values equal to T
      by half (mid-p, `exchange_p_value`); q is the quantile of these values at the level;
    - which questions were drawn: t is Student's quantile at the level.

    Few-shot contexts that the questions share were drawn once for all of them: the variance of contexts is
    added to s² (see `widen_for_contexts`), a context that both runs had being left out of both. Where one run has contexts
    and the other's epochs are independent, each is decomposed by its own design, so that both say how an epoch in a fresh
    context varies; their epochs cannot change places, and p and the interval are Student's, by s alone.

    The interval is d ± max(q, t) s, and p is the larger of the two p-values: it is below 1 - level exactly
    where the interval leaves out 0. Equal models are told apart in about 1 - level of all cases, in fewer where few
    questions differ (docs/statistics.md has the measured levels); few questions that differ give a wide interval, not an
    over-confident one. Of bias² and
    incoherence there is no interval where fewer than three questions (clusters) err in one of the runs, counted by their
    effective number (ΣE)²/ΣE²: it covers 80 to 91 %.

    Args:
        first: Epochs of one run.
        second: Epochs of the other, of the same questions in the same order.
        target: Right class, shape (questions,), or points for "squared".
        loss: As in `decompose`.
        estimator: As in `decompose`.
        clusters: Label of each question's cluster, shape (questions,).
        level: Coverage of the intervals, inside (0, 1).
        permutations: Random divisions of the epochs to begin with; up to five times as many where a p-value may be below
            1 - level.
        pass_hat: The k of pass^k; None takes the fewest epochs of a question that counts.
        decomposed: Makes the decomposition of predictions of shape (rows, epochs, classes), from the number
            of each row's question and the number of each epoch's context; for "squared" the predictions come less
            their target. None: `decompose`, or `decompose_nested` where a run has contexts and the estimator is
            "unbiased".
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        One difference for accuracy, error, bias_squared, variance, incoherence and, for right and wrong
        answers, pass_hat_k. Equal bits for generators in equal states, whatever the order of questions and epochs;
        with the runs in the other order every difference and interval is the mirror image and every p the same.

    Raises:
        ValueError: If the runs disagree in shape or an option is outside its range.

    References:
        Hemerik and Goeman (2018), doi:10.1007/s11749-017-0571-1; Chung and Romano (2013),
        doi:10.1214/13-AOS1090, for studentised permutation tests.
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is outside (0, 1)")
    if permutations < 1:
        raise ValueError(f"permutations={permutations!r} must be at least 1")
    rng = seeded(rng)
    oriented = Pooled.oriented(first, second, target, loss, clusters)
    if oriented is None:
        return []
    pooled, sign = oriented
    if pass_hat is not None:
        if not 1 <= pass_hat <= pooled.fewest:
            raise ValueError(
                f"pass^{pass_hat} needs {counted(pass_hat, 'epoch')} of every question in both runs; the fewest are {pooled.fewest}"
            )
        pooled = replace(pooled, pass_hat=pass_hat)
    nested = (first.contexts is not None or second.contexts is not None) and estimator == "unbiased"
    if decomposed is None and loss in ("brier", "squared") and not nested:
        terms = pooled.squared_terms(loss, estimator)
    elif decomposed is None and loss in ("brier", "squared"):
        terms = pooled.general_terms(pooled.nested_decomposer(loss))
    else:
        terms = pooled.general_terms(decomposed or pooled.decomposer(loss, estimator))
    found = exchange(
        pooled.first,
        pooled.present,
        pooled.cells,
        pooled.alike | (not pooled.exchangeable),
        terms,
        rng,
        pooled.predictions.shape[2],
    )
    made = _differences(pooled, found, loss, level, permutations, rng)
    return [one.oriented(sign) for one in made]


@dataclass(frozen=True, eq=False)
class Pooled:
    """The epochs of both runs side by side, in an order made of contents alone.

    Attributes:
        predictions: Shape (questions, epochs, dims), for "squared" less their target.
        correct: How right each epoch is, shape (questions, epochs).
        present: Which epochs there are, same shape.
        first: Which of them are the first run's, same shape.
        cells: Number of each epoch's few-shot context, same shape.
        target: Right class or point of each question.
        clusters: Number of each question's cluster, shape (questions,), or None.
        place: Which of the caller's questions these are, shape (questions,).
        pass_hat: The k of pass^k; None for the fewest epochs.
        lengths: Length of each epoch, NaN where unknown, shape (questions, epochs), or None.
        exchangeable: Whether epochs may change places between the runs: not where one alone has contexts.
    """

    predictions: FloatArray
    correct: FloatArray
    present: BoolArray
    first: BoolArray
    cells: IntArray
    target: NDArray[Any]
    clusters: IntArray | None
    place: IntArray
    pass_hat: int | None = None
    lengths: FloatArray | None = None
    exchangeable: bool = True

    @classmethod
    def build(
        cls,
        first: RunEpochs,
        second: RunEpochs,
        target: ArrayLike,
        loss: Loss,
        clusters: Sequence[Hashable] | NDArray[Any] | None,
    ) -> "Pooled | None":
        """The questions that both runs answered, see `compare_runs`; None without any.

        Raises:
            ValueError: If the runs disagree in shape.
        """
        questions = len(first.predictions)
        for name, run in (("first", first), ("second", second)):
            if run.predictions.ndim != 3 or len(run.predictions) != questions:
                raise ValueError(
                    f"the runs have predictions of shapes {first.predictions.shape} and "
                    f"{second.predictions.shape}; they are paired by question"
                )
            if run.correct.shape != run.predictions.shape[:2]:
                raise ValueError(f"correct of the {name} run has shape {run.correct.shape}")
        if first.predictions.shape[2] != second.predictions.shape[2]:
            raise ValueError("the runs have predictions of different widths")
        predictions = np.concatenate([first.predictions, second.predictions], axis=1)
        correct = np.concatenate([first.correct, second.correct], axis=1)
        present = present_epochs(predictions)
        of_first = np.arange(predictions.shape[1]) < first.predictions.shape[1]
        counts = [(present & (of_first == own)).sum(axis=1) for own in (True, False)]
        fewest = np.minimum(*counts)
        counted = fewest >= (2 if (fewest >= 2).any() else 1)
        if not counted.any():
            return None
        labels = None if clusters is None else cluster_numbers(clusters, questions)[counted]
        goal = np.asarray(target)
        goal = goal[counted] if goal.ndim and len(goal) == questions else goal
        predictions, correct, present = predictions[counted], correct[counted], present[counted]
        cells = _cells(first, second, counted)
        lengths = None
        if first.lengths is not None and second.lengths is not None:
            lengths = np.concatenate([first.lengths, second.lengths], axis=1)[counted]
        if loss == "squared":
            # Unit tests that only one run has tell nothing about a difference.
            shared = [np.isfinite(predictions[:, of_first == own]).any(axis=1) for own in (True, False)]
            predictions = np.where((shared[0] & shared[1])[:, None], predictions, np.nan)
            predictions = in_few_dimensions(as_deviations(predictions, goal))
            goal = np.zeros((len(predictions), 1))
        ours = np.broadcast_to(of_first, present.shape)
        key = np.nan_to_num(predictions) @ np.sqrt(np.arange(2.0, predictions.shape[2] + 2))
        # Absent epochs go last, and as many columns as no question fills go.
        most = int(present.sum(axis=1).max())
        far = np.zeros_like(key) if lengths is None else np.nan_to_num(lengths, nan=-1.0)
        order = np.lexsort((~ours, far, np.nan_to_num(correct, nan=-1.0), key, cells, ~present), axis=1)[
            :, :most
        ]
        predictions = np.take_along_axis(predictions, order[:, :, None], axis=1)
        correct, cells = (np.take_along_axis(values, order, axis=1) for values in (correct, cells))
        present, ours = (np.take_along_axis(values, order, axis=1) for values in (present, ours))
        held = [predictions, correct, cells, ours & present, goal]
        if lengths is not None:
            lengths = np.where(present, np.take_along_axis(lengths, order, axis=1), np.nan)
            held.append(lengths)
        question, labels = _question_order(labels, *held)
        return cls(
            predictions[question],
            correct[question],
            present[question],
            (ours & present)[question],
            cells[question],
            goal[question],
            labels,
            np.flatnonzero(counted)[question],
            lengths=None if lengths is None else lengths[question],
            exchangeable=(first.contexts is None) == (second.contexts is None),
        )

    @classmethod
    def oriented(
        cls,
        first: RunEpochs,
        second: RunEpochs,
        target: ArrayLike,
        loss: Loss,
        clusters: Sequence[Hashable] | NDArray[Any] | None,
    ) -> "tuple[Pooled, int] | None":
        """`build` with the runs in an order made of contents alone, so that draws do not hang on who comes first.

        Returns:
            The epochs and 1 where their first run is the caller's, -1 where it is the caller's second one, 0 where
            both orders are the same; None without any question.
        """
        pooled = cls.build(first, second, target, loss, clusters)
        other = cls.build(second, first, target, loss, clusters)
        if pooled is None or other is None:
            return None
        own, theirs = pooled._contents(), other._contents()
        return (pooled if own <= theirs else other), (own < theirs) - (own > theirs)

    def _contents(self) -> bytes:
        held = (
            self.predictions,
            self.correct,
            self.first,
            self.cells,
            self.target,
            self.clusters,
            self.lengths,
        )
        return b"".join(digests(*(np.asarray(array)[None] for array in held if array is not None)))

    @property
    def alike(self) -> BoolArray:
        """Questions whose epochs are all the same in both runs, shape (questions,)."""
        there = self.present[:, :, None]
        values = np.concatenate([self.predictions, self.correct[:, :, None]], axis=2)
        low = np.where(there, np.nan_to_num(values), np.inf).min(axis=1)
        high = np.where(there, np.nan_to_num(values), -np.inf).max(axis=1)
        same: BoolArray = (low == high).all(axis=1)
        return same

    @property
    def right_or_wrong(self) -> bool:
        """Whether every epoch is right or wrong."""
        known = self.correct[self.present]
        return bool(((known == 0) | (known == 1)).all())

    @property
    def fewest(self) -> int:
        """Fewest epochs that a question has in a run."""
        own = self.first.sum(axis=1)
        return int(np.minimum(own, self.present.sum(axis=1) - own).min())

    def squared_terms(self, loss: Loss, estimator: Estimator) -> Callable[[BoolArray, IntArray], FloatArray]:
        """Terms of divisions under squared losses."""
        sums = squared_sums(self.predictions, self.present, self.target, loss, estimator)

        def terms(divisions: BoolArray, question: IntArray) -> FloatArray:
            made = np.empty((*divisions.shape[:2], 2, len(_TERMS)))
            for side, (error, variance) in enumerate(sums(divisions, question, rest=True)):
                made[:, :, side, 1], made[:, :, side, 2] = error, variance
            self._correct_terms(made, divisions.astype(np.float64), question)
            return made

        return terms

    def general_terms(self, decomposed: Decomposer) -> Callable[[BoolArray, IntArray], FloatArray]:
        """Terms of any loss and design, by decomposing every division."""

        def terms(divisions: BoolArray, question: IntArray) -> FloatArray:
            made = np.empty((*divisions.shape[:2], 2, len(_TERMS)))
            width = self.predictions[0].size
            step = max(1, (1 << 21) // max(1, divisions.shape[1] * width))
            for start in range(0, len(question), step):
                rows = slice(start, start + step)
                own = question[rows]
                for side in (0, 1):
                    inside = divisions[rows] if side == 0 else self.present[own][:, None] & ~divisions[rows]
                    values = np.where(inside[..., None], self.predictions[own][:, None], np.nan)
                    flat = values.reshape(-1, *values.shape[2:])
                    row = np.repeat(own, divisions.shape[1])
                    d = decomposed(flat, self.place[row], self.cells[row])
                    made[rows, :, side, 1] = d.error.reshape(inside.shape[:2])
                    made[rows, :, side, 2] = d.variance.reshape(inside.shape[:2])
            self._correct_terms(made, divisions.astype(np.float64), question)
            return made

        return terms

    def context_moves(self, loss: Loss, terms: FloatArray) -> FloatArray | None:
        """How far leaving out each few-shot context that questions share moves the differences, see `moves`.

        Args:
            loss: As in `decompose`.
            terms: Of the observed runs, shape (questions, 2, terms).

        Returns:
            Shape (contexts, questions, 6) in the order of `_quantities`, NaN where undefined; None where contexts are
            not shared. A context that one run has is left out of that one.
        """
        if loss not in ("brier", "squared"):
            return None
        dims = self.predictions.shape[2]
        goal = np.eye(dims)[self.target][:, None] if loss == "brier" else 0.0
        deviation = np.nan_to_num(self.predictions - goal)
        weight = np.full(len(deviation), 1.0 if loss == "brier" else 1.0 / dims)
        sides = [
            ContextSums(np.where(own[:, :, None], deviation, 0.0), own, self.cells, weight)
            for own in (self.present & self.first, self.present & ~self.first)
        ]
        sharing = [side.shared >= 2 for side in sides]
        if not (any if not self.exchangeable else all)(sharing):
            return None
        shared = [side.labels if own else side.labels[:0] for side, own in zip(sides, sharing, strict=True)]
        labels = np.union1d(*shared)
        found = np.zeros((len(labels), len(deviation), 6))
        names: tuple[Quantity | None, ...] = (None, "error", "bias_squared", "variance", None, "incoherence")
        for column, name in enumerate(names):
            parts = [part[:, 0] for part in _parts(terms, column)]
            for place, (side, own) in enumerate(zip(sides, sharing, strict=True)):
                if not own:
                    continue
                top, bottom = parts[2 * place : 2 * place + 2]
                if column == 0:
                    known = np.where(side.present, self.correct, NAN)
                    moved = ratio_moves(
                        top,
                        bottom,
                        without_each_context(
                            lambda kept, known=known: mean_over_epochs(np.where(kept, known, NAN)),  # type: ignore[misc]
                            self.cells,
                            side.present,
                        ),
                    )
                elif name is None:
                    moved = np.full((len(side.labels), len(deviation)), NAN)
                else:
                    moved = side.moves(name, top, bottom)
                found[np.searchsorted(labels, side.labels), :, column] += (1 - 2 * place) * moved
        return found

    def decomposer(self, loss: Loss, estimator: Estimator) -> Decomposer:
        """`decompose` for the questions numbered as the caller numbers them."""
        target = np.zeros(int(self.place.max()) + 1, dtype=self.target.dtype)
        target[self.place] = self.target

        def decomposed(predictions: FloatArray, question: IntArray, _: IntArray) -> Decomposition:
            return decompose(predictions, target[question], loss=loss, estimator=estimator)

        return decomposed

    def nested_decomposer(self, loss: Loss) -> Decomposer:
        """`decompose_nested` for the same; points come less their target."""
        target = np.zeros((int(self.place.max()) + 1, *self.target.shape[1:]), dtype=self.target.dtype)
        target[self.place] = self.target

        def nested(predictions: FloatArray, question: IntArray, contexts: IntArray) -> Decomposition:
            own: Any = target[question] if loss == "brier" else 0.0
            return decompose_nested(
                predictions, own, contexts, loss="brier" if loss == "brier" else "squared"
            )

        return nested

    def _epochs(self, question: IntArray, side: int) -> IntArray:
        own: IntArray = self.first[question].sum(axis=1)
        return own if side == 0 else self.present[question].sum(axis=1) - own

    def _correct_terms(self, made: FloatArray, chosen: FloatArray, question: IntArray) -> None:
        """Accuracy and pass^k of every division, in place."""
        known = np.where(self.present, self.correct, 0.0)[question][:, :, None]
        ours = (chosen @ known)[:, :, 0]
        fewest = self.pass_hat or self.fewest
        binary = self.right_or_wrong
        for side, right in ((0, ours), (1, known.sum(axis=1) - ours)):
            epochs = self._epochs(question, side)
            made[:, :, side, 0] = right / epochs[:, None]
            made[:, :, side, 3] = _pass_hat(right, epochs, fewest) if binary else NAN


def _question_order(clusters: IntArray | None, *arrays: NDArray[Any]) -> tuple[IntArray, IntArray | None]:
    """Order of questions by their contents and by those of their clusters, and the clusters in that order.

    Returns:
        Indices, and numbers of clusters from 0 in the order in which they first appear; equal questions of
        equal clusters are interchangeable.
    """
    if clusters is None:
        return content_order(*arrays), None
    own = digests(*arrays)
    members: dict[int, list[bytes]] = {}
    for cluster, digest in zip(clusters.tolist(), own, strict=True):
        members.setdefault(cluster, []).append(digest)
    of_cluster = {cluster: b"".join(sorted(held)) for cluster, held in members.items()}
    keys = [
        (digest, of_cluster[cluster], cluster) for digest, cluster in zip(own, clusters.tolist(), strict=True)
    ]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    number: dict[int, int] = {}
    labels = [number.setdefault(cluster, len(number)) for cluster in clusters[order].tolist()]
    return order, np.array(labels, dtype=np.int64)


def _pass_hat(right: FloatArray, epochs: IntArray, k: int) -> FloatArray:
    """C(c, k)/C(n, k) for c right of n epochs, shape (questions, divisions)."""
    if not len(epochs):
        return np.zeros_like(right)
    most = int(epochs.max())
    ways = np.array([comb(c, k) for c in range(most + 1)], dtype=np.float64)
    found: FloatArray = ways[np.rint(np.nan_to_num(right)).astype(np.int64)] / ways[epochs][:, None]
    return np.where(np.isnan(right), NAN, found)


def _cells(first: RunEpochs, second: RunEpochs, counted: BoolArray) -> IntArray:
    """Number of the few-shot context of each epoch of both runs; one number where there are none.

    Where one run has none, each of its epochs has a number of its own, below those of the other's contexts.
    """
    runs = (first, second)
    shapes = [(int(counted.sum()), run.correct.shape[1]) for run in runs]
    if first.contexts is None and second.contexts is None:
        return np.zeros((shapes[0][0], shapes[0][1] + shapes[1][1]), np.int64)
    if first.contexts is not None and second.contexts is not None:
        both = np.concatenate([first.contexts[counted], second.contexts[counted]], axis=1)
        return np.unique(both, return_inverse=True)[1].reshape(both.shape).astype(np.int64)
    parts = []
    for run, shape in zip(runs, shapes, strict=True):
        if run.contexts is None:
            parts.append(np.arange(shape[0] * shape[1]).reshape(shape) - shape[0] * shape[1])
        else:
            parts.append(np.unique(run.contexts[counted], return_inverse=True)[1].reshape(shape))
    return np.concatenate(parts, axis=1).astype(np.int64)


def _differences(
    pooled: Pooled,
    found: Exchanges,
    loss: Loss,
    level: float,
    permutations: int,
    rng: np.random.Generator,
) -> list[PairedDifference]:
    clusters = pooled.clusters

    def measure(terms: FloatArray) -> FloatArray:
        difference, error = _linearised(terms, clusters)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(np.where(difference == 0.0, 0.0, difference / error))

    observed = measure(found.observed[None])[0]
    estimate, spread = (values[0] for values in _linearised(found.observed[None], clusters))
    drawn = found.drawn_for(observed, permutations, rng, measure, level)
    contexts = pooled.context_moves(loss, found.observed)
    erring = _fewest_erring(*np.moveaxis(found.observed[:, :, 1], 1, 0), clusters=clusters)
    made = []
    for column, name in enumerate(_quantities(pooled)):
        if name is None:
            continue
        parts = _parts(found.observed, column)
        table = ratio_table(parts, clusters)
        runs = [float(parts[i].sum() / total) if (total := parts[i + 1].sum()) else NAN for i in (0, 2)]
        known = drawn[:, column][~np.isnan(drawn[:, column])]
        difference = float(estimate[column])
        result = PairedDifference(name, runs[0], runs[1], difference, NAN, NAN, NAN, len(found.observed))
        if not pooled.exchangeable and name.startswith("pass_hat"):
            note = "undefined: epochs of one run share few-shot contexts and fail together, those of the other do not"
            made.append(replace(result, estimate=NAN, note=note))
            continue
        if np.isnan(difference) or not len(known):
            made.append(replace(result, estimate=NAN, note=_undefined_note(runs, loss, name)))
            continue
        p_exchange = exchange_p_value(float(observed[column]), known) if pooled.exchangeable else NAN
        result = replace(result, p_error=p_error(p_exchange, len(known)))
        note = _interval_note(table, difference, float(spread[column]), erring < _FEWEST.get(name, 0.0))
        if note:
            made.append(replace(result, p_value=p_exchange, note=note))
            continue
        error = float((table.standard_error if clusters is None else table.jackknife_error)[0])
        freedom = float(table.erring_degrees_of_freedom[0])
        whole = StandardError(error, freedom)
        reach = student_quantile(freedom, (1 + level) / 2) * error
        low, high = difference - reach, difference + reach
        if len(table.parts[0]) <= LARGE and (table.sizes is None or freedom >= FEW_CLUSTERS - 1):
            # Where few questions (clusters) differ, the bootstrap knows better how far away from 0 the truth may be.
            ends = difference_intervals(
                (parts[0], parts[1]),
                (parts[2], parts[3]),
                level=level,
                resamples=_RESAMPLES,
                clusters=clusters,
                rng=np.random.default_rng(0),
                method="studentised",
            )[0]
            low, high = min(low, float(ends[0])), max(high, float(ends[1]))
        if contexts is not None:
            moved = contexts[:, :, column]
            low, high = widen_for_contexts(
                Interval(low, high), difference, error, freedom, moved, level, clusters
            )
            whole = error_with_contexts(error, freedom, moved, clusters)
            if np.isnan(low):
                note = (
                    "no interval: it is undefined without one of the few-shot contexts that questions share"
                )
                made.append(replace(result, p_value=p_exchange, note=note))
                continue
        near = exchange_critical_value(float(observed[column]), known, level) * float(spread[column])
        if not pooled.exchangeable:
            p_exchange = whole.p_value(difference)
            result = replace(result, p_error=0.0)
            near = whole.reach(level)
        low, high = interval_of_test(difference, (low, high), near, rejects(p_exchange, level))
        bound = 2.0 if loss == "brier" and name in ("error", "bias_squared", "variance") else 1.0
        bound = np.inf if loss == "kl" and name in ("error", "bias_squared", "variance") else bound
        low, high = max(low, min(-bound, difference)), min(high, max(bound, difference))
        result = replace(result, standard_error=whole.error, degrees_of_freedom=freedom)
        made.append(replace(result, low=low, high=high, p_value=p_exchange))
    return made


def _quantities(pooled: Pooled) -> list[str | None]:
    """Names by column of the statistics; None where a quantity does not exist for these runs."""
    has_correct = not np.isnan(pooled.correct[pooled.present]).all()
    repeated = pooled.fewest >= 2
    return [
        "accuracy" if has_correct else None,
        "error",
        "bias_squared" if repeated else None,
        "variance" if repeated else None,
        f"pass_hat_{pooled.pass_hat or pooled.fewest}"
        if repeated and has_correct and pooled.right_or_wrong
        else None,
        "incoherence" if repeated else None,
    ]


def _parts(terms: FloatArray, column: int) -> list[FloatArray]:
    """Numerators and denominators of both runs in one quantity, each of shape (questions, 1)."""
    sides = []
    for side in (0, 1):
        accuracy, error, variance, passed = np.moveaxis(terms[:, side], -1, 0)
        top = (accuracy, error, error - variance, variance, passed, variance)[column]
        sides += [top[:, None], (error if column == 5 else np.ones_like(error))[:, None]]
    return sides


def _linearised(terms: FloatArray, clusters: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Differences of all quantities and their delta-method errors, from terms (draws, questions, 2, terms).

    Returns:
        Each of shape (draws, 6), in the order of `_quantities`.
    """
    sides = [np.moveaxis(terms[:, :, side], -1, 0) for side in (0, 1)]
    tops = [
        np.stack([accuracy, error, error - variance, variance, passed])
        for accuracy, error, variance, passed in sides
    ]
    gap = tops[0] - tops[1]
    # A squared bias near 0 is rounding of the two terms that it is the difference of.
    sizes = [np.stack([a, e, np.abs(e) + np.abs(v), v, p]) for a, e, v, p in sides]
    gap[np.abs(gap) <= _DUST * (np.abs(sizes[0]) + np.abs(sizes[1]))] = 0.0
    questions = terms.shape[1]
    means = gap.mean(axis=2)
    # So is the mean of differences that cancel.
    means[np.abs(means) <= _DUST * np.abs(gap).mean(axis=2)] = 0.0
    influence = np.concatenate([(gap - means[:, :, None]) / questions, np.zeros_like(gap[:1])])
    ratios = np.zeros(len(terms))
    scale = np.zeros_like(gap[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        for sign, (_, error, variance, _) in zip((1.0, -1.0), sides, strict=True):
            total = error.sum(axis=1)
            total = np.where(total > 0, total, np.nan)
            ratio = variance.sum(axis=1) / total
            ratios = ratios + sign * ratio
            own = (variance - ratio[:, None] * error) / total[:, None]
            scale = scale + (np.abs(variance) + np.abs(ratio[:, None] * error)) / total[:, None]
            influence[-1] += sign * own
        influence[-1][np.abs(influence[-1]) <= _DUST * scale] = 0.0
        ratios = np.where(np.abs(ratios) <= _DUST * 2, 0.0, ratios)
    units = influence
    if clusters is not None:
        member = (clusters[:, None] == np.unique(clusters)).astype(np.float64)
        units = influence @ member
    count = units.shape[2]
    if count < 2:
        # One question, or one cluster, has no spread to measure differences by: they are compared as they are.
        return np.column_stack([means.T, ratios]), np.ones((len(terms), 6))
    error = np.sqrt(count / (count - 1) * np.square(units).sum(axis=2))
    return np.column_stack([means.T, ratios]), error.T


def _undefined_note(runs: Sequence[float], loss: Loss, name: str) -> str:
    if name == "incoherence" and loss == "zero_one":
        return "undefined: zero-one terms do not add over questions"
    if name == "incoherence":
        which = " and ".join(n for n, v in zip(("first", "second"), runs, strict=True) if np.isnan(v))
        return f"undefined: the {which or 'first'} run has no error on these questions"
    return "undefined"


def _fewest_erring(*errors: FloatArray, clusters: IntArray | None) -> float:
    """The least effective number (ΣE)²/ΣE² of erring questions (clusters) of runs that have errors at all."""
    return min(
        (
            float(effective_number(np.maximum(error, 0.0), clusters))
            for error in errors
            if not np.isnan(error).all()
        ),
        default=np.inf,
    )


def _interval_note(table: RatioTable, difference: float, spread: float, few: bool) -> str:
    """Why the interval is undefined, or an empty string."""
    if len(table.parts[0]) < 2:
        return "no interval: one question, or one cluster of them, tells nothing about others"
    if not table.defined[0]:
        return (
            "no interval: it would rest on fewer than two questions (or clusters) that err, counted by how "
            "unequal they are"
        )
    if few:
        return (
            "no interval: in one of the runs fewer than three questions (or clusters) err, counted by how unequal "
            "they are"
        )
    if spread == 0.0 or np.isnan(spread):
        return (
            NO_DIFFERENCE
            if difference == 0.0
            else "no interval: every question differs by the same, which tells nothing about others"
        )
    return ""


def paired_difference(
    first: Decomposition,
    second: Decomposition,
    quantity: Quantity = "incoherence",
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | np.ndarray | None = None,
    rng: Seed = None,
    method: Method | None = None,
) -> Difference:
    """First run minus second run, over the questions for which both are defined.

    Questions are resampled in pairs, so what both runs share (some questions are hard) cancels; the
    interval is far narrower than one from two separate intervals. Where the epochs are at hand,
    `compare_runs` has a test beside the interval, too.

    Args:
        first: Decomposition of one run.
        second: Decomposition of the other, of the same questions in the same order.
        quantity: "error", "bias_squared", "variance" (mean over questions) or "incoherence".
        level: Nominal coverage, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,).
        rng: Source of randomness; a generator, or an integer that seeds one. None: 0, for
            each of the two intervals that stand where `method` is None.
        method: "studentised", "linearised" or "jackknife". None takes that of `ratio_intervals`
            for clusters; else, at each end, the further of "studentised" and "linearised": where most
            questions have no error at all, either alone takes equal runs for different ones too often.

    Returns:
        Estimate, interval and number of questions; NaN where undefined. The interval stays in the range of
        a difference, and is NaN where the runs do not differ on any question, and for bias² and incoherence
        where fewer than three questions (clusters) err in one of them, counted as (ΣE)²/ΣE².

    Raises:
        ValueError: If the runs differ in loss, estimator or number of questions, or an option is wrong.
    """
    check_choice("quantity", quantity, QUANTITIES)
    for name in ("loss", "estimator"):
        if getattr(first, name) != getattr(second, name):
            raise ValueError(f"the runs differ in {name}: {getattr(first, name)} and {getattr(second, name)}")
    if len(first.error) != len(second.error):
        raise ValueError(
            f"the runs have {len(first.error)} and {len(second.error)} questions; they are paired"
        )
    if clusters is not None and len(clusters) != len(first.error):
        raise ValueError(
            f"clusters has {counted(len(clusters), 'label')}; there are {counted(len(first.error), 'question')}"
        )
    rng = None if rng is None else seeded(rng)
    both = first.repeated & second.repeated
    runs = [[part[both][:, None] for part in run.ratio_parts(quantity)] for run in (first, second)]
    undefined = quantity == "incoherence" and (first.incoherence_note or second.incoherence_note)
    if undefined or not both.any():
        return Difference(np.nan, np.nan, np.nan, int(both.sum()))
    sums = [[np.sort(part, axis=0).sum() for part in run] for run in runs]
    if 0 in (sums[0][1], sums[1][1]):
        return Difference(np.nan, np.nan, np.nan, int(both.sum()))
    labels = None if clusters is None else cluster_numbers(clusters)[both]
    methods: Mapping[bool, tuple[Method | None, ...]] = {
        True: (method,),
        False: ("studentised", "linearised"),
    }
    ends = [
        difference_intervals(
            (runs[0][0], runs[0][1]),
            (runs[1][0], runs[1][1]),
            level=level,
            resamples=resamples,
            clusters=labels,
            rng=rng,
            method=each,
        )[0]
        for each in methods[method is not None or labels is not None]
    ]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    bottom, top = first.range_of(quantity)
    estimate = float(sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1])
    erring = _fewest_erring(first.error[both], second.error[both], clusters=labels)
    if low == high or erring < _FEWEST.get(quantity, 0.0):
        low = high = np.nan
    elif not np.isnan(low):
        low, high = max(low, min(bottom - top, estimate)), min(high, max(top - bottom, estimate))
    return Difference(estimate, float(low), float(high), int(both.sum()))
