"""What a decomposition returns: three numbers per question, their ratio of sums, their intervals."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray, Seed, check_choice, cluster_numbers
from hotmess_inspect.inference.intervals import (
    Interval,
    Method,
    jackknife_ratios,
    ratio_interval,
    ratio_table,
)
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.schema import QUANTITIES, Quantity, quantity_word
from hotmess_inspect.words import counted

# Effective questions that err below which nearly equal ratios give no interval, and how nearly.
_FEW_ERRING, _NEARLY_ONE = 10.0, 0.05


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Error, squared bias and variance per question: error = bias_squared + variance.

    The unit is that of the loss: nats for "kl", squared probability in [0, 2] for "brier", a share for
    "zero_one", squared units of the points for "squared". A value that is undefined is NaN: all three
    for a question without an epoch, bias_squared and variance for a question with one. Unbiased terms
    can be slightly negative for single questions and must stay so, or their sums become biased.

    Attributes:
        error: Mean loss over the epochs, shape (questions,).
        bias_squared: Loss of the mean prediction, shape (questions,).
        variance: Spread of the predictions about their mean, shape (questions,).
        epochs: Epochs present, shape (questions,).
        loss: Name of the loss.
        estimator: Name of the estimator.
        error_floor: Error of a fully right answer, above 0 only for "kl" (smoothing). A question whose
            error is not above it counts as one without error.
    """

    error: FloatArray
    bias_squared: FloatArray
    variance: FloatArray
    epochs: IntArray
    loss: str = "brier"
    estimator: str = "plugin"
    error_floor: float = 0.0

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.error, self.bias_squared, self.variance, self.epochs)}
        if len(shapes) != 1 or self.error.ndim != 1:
            raise ValueError(
                f"error, bias_squared, variance and epochs need one shape (questions,); got {shapes}"
            )

    @property
    def repeated(self) -> BoolArray:
        """Questions whose variance is defined, those that incoherence is about; shape (questions,).

        They have at least two epochs, in nested designs at least two contexts.
        """
        repeated: BoolArray = ~np.isnan(self.variance)
        return repeated

    @property
    def incoherence(self) -> float:
        """Σ variance / Σ error over the questions with at least two epochs, without a unit.

        NaN where `incoherence_note` gives a reason. In [0, 1] for plug-in terms; unbiased ones can
        leave that range a little by chance.
        """
        if self.incoherence_note:
            return float("nan")
        variance, error = (self._total(quantity)[0] for quantity in ("variance", "error"))
        return float(variance / error)

    @cached_property
    def incoherence_note(self) -> str:
        """Why the incoherence is undefined, or an empty string."""
        if self.loss == "zero_one":
            return "undefined: zero-one terms do not add over questions"
        if self.loss in ("embedding", "kernel"):
            return "undefined: free text has no target, hence no error and no bias"
        if self.loss == "disagreement" or (self.epochs.any() and np.isnan(self.error[self.epochs > 0]).all()):
            return "undefined: no question has a target, hence no error and no bias"
        if not self.repeated.any():
            return "undefined: no question has two epochs (in a nested design, two contexts)"
        if not self._erring.any():
            return "undefined: no question with two epochs has any error"
        return ""

    @property
    def zero_error_questions(self) -> int:
        """How many questions with at least one epoch have no error at all."""
        return int(((self.epochs > 0) & (self.error <= self._zero)).sum())

    @property
    def single_epoch_questions(self) -> int:
        """How many questions have one epoch, and so no variance; they are left out of the incoherence."""
        return int((self.epochs == 1).sum())

    @property
    def empty_questions(self) -> int:
        """How many questions have no epoch at all."""
        return int((self.epochs == 0).sum())

    def mean(self, quantity: Quantity) -> float:
        """Mean of a quantity over the questions that `interval` resamples; NaN when there are none.

        These are the questions with at least two epochs, so that error = bias_squared + variance holds
        for means too; where no question has two, the error alone is averaged over those with one.
        For "incoherence" it is the ratio of sums.
        """
        check_choice("quantity", quantity, QUANTITIES)
        if quantity == "incoherence":
            return self.incoherence
        total, questions = self._total(quantity)
        return float(total / questions) if questions else float("nan")

    @cached_property
    def _totals(self) -> dict[str, tuple[np.float64, int]]:
        return {}

    def _total(self, quantity: Quantity) -> tuple[np.float64, int]:
        """Sum over the questions that a mean is about, and how many these are."""
        if quantity not in self._totals:
            # Summed in ascending order: equal bits whatever the order of the questions.
            values = np.sort(getattr(self, quantity)[self.counted(quantity)])
            self._totals[quantity] = values.sum(), values.size
        return self._totals[quantity]

    def interval(
        self,
        quantity: Quantity = "incoherence",
        level: float = 0.95,
        resamples: int = 2000,
        clusters: Sequence[Hashable] | np.ndarray | None = None,
        rng: Seed = None,
        method: Method | None = None,
    ) -> Interval:
        """Confidence interval of a mean over questions, or of the incoherence, by resampling questions.

        Args:
            quantity: "error", "bias_squared", "variance" or "incoherence".
            level: Nominal coverage, inside (0, 1).
            resamples: Bootstrap replicates.
            clusters: Label of each question's cluster, shape (questions,): whole clusters are resampled.
            rng: Source of randomness; a generator, or an integer that seeds one (None: 0). Generators in equal states
                give equal bits, whatever the order of the questions.
            method: See `ratio_intervals`; None takes the one that the calibration study recommends:
                "studentised", and "linearised" above 10,000 questions.

        Returns:
            Interval(low, high), inside the range of the quantity; both NaN where it is undefined, or
            where it would rest on fewer than two questions (clusters) that err, counted by their effective
            number (ΣE)²/ΣE², or where all of them say the same (of an incoherence, fewer than ten nearly the same):
            a resampled constant would claim to know other questions.

        Raises:
            ValueError: If an option is outside its range or `clusters` has another length.
        """
        check_choice("quantity", quantity, QUANTITIES)
        if self.interval_note(quantity, clusters):
            return Interval(float("nan"), float("nan"))
        used = self.counted(quantity)
        labels = None if clusters is None else cluster_numbers(clusters)[used]
        numerator, denominator = self.ratio_parts(quantity)
        low, high = ratio_interval(
            numerator[used],
            denominator[used],
            level=level,
            resamples=resamples,
            clusters=labels,
            rng=rng,
            method=method,
        )
        low, high = self._with_other_draws(quantity, Interval(low, high), level, clusters)
        # The true value lies in the range of the loss; an estimate outside it stays inside its interval.
        bottom, top = self.range_of(quantity)
        middle = self.mean(quantity)
        if np.isnan(low) or np.isnan(middle):
            return Interval(low, high)
        return Interval(max(low, min(bottom, middle)), min(high, max(top, middle)))

    def interval_note(
        self,
        quantity: Quantity = "incoherence",
        clusters: Sequence[Hashable] | np.ndarray | None = None,
    ) -> str:
        """Why `interval` is undefined, or an empty string; contexts that questions share are not looked at.

        Args:
            quantity: "error", "bias_squared", "variance" or "incoherence".
            clusters: Label of each question's cluster, shape (questions,).

        Raises:
            ValueError: If an option is outside its range or `clusters` has another length.
        """
        check_choice("quantity", quantity, QUANTITIES)
        if clusters is not None and len(clusters) != len(self.error):
            raise ValueError(
                f"clusters has {counted(len(clusters), 'label')}; there are {counted(len(self.error), 'question')}"
            )
        if quantity == "incoherence" and self.incoherence_note:
            return self.incoherence_note
        used = self.counted(quantity)
        if not used.any():
            return f"no question has {'an epoch' if quantity == 'error' else 'two epochs'}"
        labels = None if clusters is None else cluster_numbers(clusters)[used]
        numerator, denominator = (part[used] for part in self.ratio_parts(quantity))
        table = ratio_table([numerator[:, None], denominator[:, None]], labels)
        units = "questions" if table.sizes is None else "clusters of questions"
        if table.sizes is not None and (equal := float(effective_number(table.sizes))) < FEWEST:
            return f"there are too few {units} to say how certain that is ({len(table.sizes)}, as good as {equal:.1f} equal ones)"
        erring = np.maximum(self.error[used] - self._zero, 0.0)
        # Free text has no error at all, only a variance.
        if not np.isnan(erring).all():
            if effective_number(erring, labels) < FEWEST:
                return f"too few {units} err to say how certain that is ({_as_good_as(erring, labels)})"
            right = self.range_of("error")[1] - self.error[used]
            # The same from the other end: fewer than two questions with anything right.
            if quantity == "error" and np.isfinite(right).all() and effective_number(right, labels) < FEWEST:
                return f"too few {units} are ever right to say how certain that is ({_as_good_as(right, labels)})"
        below = table.parts[1][:, 0]
        if not table.defined[0]:
            return f"too few {units} count to say how certain that is ({_as_good_as(below)})"
        if not table.spread[0] and np.isfinite(table.standard_error[0]):
            ratio = quantity == "incoherence"
            word = "variance" if ratio else quantity_word(quantity)
            same = f"the same {'share of ' * ratio}{word}" if table.parts[0].any() else f"no {word}"
            return f"all {units}{' that err' * ratio} have {same}, which says nothing of how others would be"
        if quantity == "incoherence" and _alike(table.parts[0][:, 0], below):
            return f"too few {units} err to say how certain that is ({_as_good_as(below)}), and their shares of variance happen to be nearly equal"
        return ""

    def _with_other_draws(
        self,
        quantity: Quantity,
        interval: Interval,
        level: float,
        clusters: Sequence[Hashable] | np.ndarray | None,
    ) -> Interval:
        """The interval, widened for what was drawn once for all questions; nothing here."""
        return interval

    def incoherence_without_ratio_bias(
        self, clusters: Sequence[Hashable] | np.ndarray | None = None
    ) -> float:
        """Incoherence without the ratio's own bias over few questions, by `jackknife_ratios`.

        A ratio of two unbiased means is biased by O(1/N), some percent at 30 questions; over clusters by
        O(1/G). NaN where the incoherence is undefined, or rests on one question (cluster).

        Args:
            clusters: Label of each question's cluster, shape (questions,): left out as a whole.

        Raises:
            ValueError: If `clusters` has another length.
        """
        labels = None if clusters is None else cluster_numbers(clusters, len(self.error))
        if self.incoherence_note:
            return float("nan")
        variance, error = (part[self.repeated][:, None] for part in self.ratio_parts("incoherence"))
        kept = None if labels is None else labels[self.repeated]
        return float(jackknife_ratios(variance, error, kept)[0])

    @property
    def corrected_incoherence(self) -> float:
        """`incoherence_without_ratio_bias` of questions without clusters."""
        return self.incoherence_without_ratio_bias()

    @property
    def _zero(self) -> float:
        # Relative slack for the rounding of the floor itself; exact 0 where there is no floor.
        return self.error_floor * (1.0 + 1e-6) + (1e-15 if self.error_floor else 0.0)

    @property
    def _erring(self) -> BoolArray:
        erring: BoolArray = self.repeated & (self.error > self._zero)
        return erring

    def ratio_parts(self, quantity: Quantity) -> tuple[FloatArray, FloatArray]:
        """Per-question numerator and denominator whose sums make the quantity, each of shape (questions,)."""
        if quantity == "incoherence":
            if not self.error_floor:
                return self.variance, self.error
            # What smoothing leaves to right answers is no error, and tells questions apart by rounding alone.
            erring = ~(self.error <= self._zero)
            return np.where(erring, self.variance, 0.0), np.where(erring, self.error, 0.0)
        values: FloatArray = getattr(self, quantity)
        return values, np.ones(len(values))

    def range_of(self, quantity: Quantity) -> tuple[float, float]:
        """Smallest and largest true value of a quantity."""
        if quantity == "incoherence":
            return 0.0, 1.0
        if self.loss == "zero_one":
            return -1.0 if quantity == "variance" else 0.0, 1.0
        return 0.0, {"brier": 2.0, "disagreement": 1.0}.get(self.loss, np.inf)

    def counted(self, quantity: Quantity) -> BoolArray:
        """The questions that a quantity's mean and interval are about, shape (questions,)."""
        if quantity == "incoherence" and self.incoherence_note:
            return np.zeros_like(self.repeated)
        if quantity == "error" and not self.repeated.any():
            single: BoolArray = self.epochs == 1
            return single
        return self.repeated


def _as_good_as(weights: FloatArray, clusters: IntArray | None = None) -> str:
    """How many units there are of a weight, and of how many of equal weight they are worth."""
    sums = weights if clusters is None else np.bincount(clusters, weights).astype(np.float64)
    return f"{int((sums > 0).sum())}, as good as {float(effective_number(sums)):.1f} of equal weight"


def _alike(top: FloatArray, bottom: FloatArray) -> bool:
    """Whether a few questions (clusters) that err all have nearly one ratio: they say little about others.

    Fewer than ten effective ones, whose ratios v/e, weighed by e², deviate by less than a twentieth of the estimate.
    Where right answers have no error at all, equal ratios leave no spread; this is the same where they have a little.
    """
    total = bottom.sum()
    if not total > 0 or effective_number(bottom) >= _FEW_ERRING:
        return False
    ratio = top.sum() / total
    deviation = np.sqrt(np.square(top - ratio * bottom).sum() / np.square(bottom).sum())
    return bool(deviation < _NEARLY_ONE * abs(ratio))
