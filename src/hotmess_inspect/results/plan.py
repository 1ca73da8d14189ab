"""How many questions and epochs an interval of a given width needs, from a pilot or from stated assumptions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.planning import (
    DifferenceMoments,
    Moments,
    PairSums,
    PassMoments,
    Quantity,
    beta_moment,
    beta_size,
    pair_moments,
    pair_sums,
    pass_fail_moments,
    pass_moments,
)
from hotmess_inspect.analyses.reliability import FARTHEST
from hotmess_inspect.arrays import ordered_mean
from hotmess_inspect.inference.ratios import FEWEST
from hotmess_inspect.io.usage import EpochCost
from hotmess_inspect.results.analyze import GroupResult, group_name
from hotmess_inspect.schema import finite_or_none, quantity_word
from hotmess_inspect.table import Questions
from hotmess_inspect.words import counted

EPOCHS = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30)
"""Epochs per question that a plan looks at."""
MOST_QUESTIONS = 10_000_000
LEVEL = 0.95


@dataclass(frozen=True)
class Design:
    """What one design costs and buys.

    Attributes:
        questions: Questions; ``None`` where no number up to ten million reaches the width.
        epochs: Epochs per question.
        width: Predicted width of the 95 % interval, high less low.
        output_tokens: Tokens that the model writes in all, NaN where the pilot does not say, as in the next three.
        input_tokens: Tokens that it reads in all.
        cost: What both cost at the prices given.
        hours: Wall-clock time at the pilot's own parallelism.
    """

    questions: int | None
    epochs: int
    width: float
    output_tokens: float
    input_tokens: float = math.nan
    cost: float = math.nan
    hours: float = math.nan

    @property
    def runs(self) -> int | None:
        """Epochs in all."""
        return None if self.questions is None else self.questions * self.epochs

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess plan --json`; undefined numbers are ``None``."""
        return {
            "questions": self.questions,
            "epochs": self.epochs,
            "runs": self.runs,
            "width": finite_or_none(self.width),
            "output_tokens": finite_or_none(self.output_tokens),
            "input_tokens": finite_or_none(self.input_tokens),
            "cost": finite_or_none(self.cost),
            "hours": finite_or_none(self.hours),
        }


@dataclass(frozen=True)
class Clusters:
    r"""What clusters of questions add to the variance over questions, for any number of questions in the same clusters.

    Values of two questions of a cluster have a covariance C that no number of epochs changes. Of N questions drawn from these
    clusters in the same proportions, each shares its cluster with (N - 1) ρ others: the variance of a question's value
    counts as variance + (N - 1) ρ C, and the clusters as N/(1 + (N - 1) ρ) equal ones.

    Attributes:
        number: Clusters of the pilot.
        together: C, the mean product of the centred values of two questions of one cluster.
        alike: ρ, the share of pairs of questions that are of one cluster.
        squares: Mean square of the questions' weights over their squared mean: 1 but for ratios.
        products: The same for the sum over pairs of one cluster, over all pairs: ρ but for ratios.
    """

    number: int
    together: float
    alike: float
    squares: float
    products: float

    def extra(self, questions: int) -> float:
        """What is to be added to the variance of one question's value."""
        return max(self.together, 0.0) * (questions - 1) * self.alike

    def equal(self, questions: int) -> float:
        """Equal clusters as which so many questions in these clusters count by their sizes n: (Σn)²/Σn²."""
        return questions / (1 + (questions - 1) * self.alike)

    def effective(self, questions: int) -> float:
        """The same, or by what carries a ratio where that is more uneven: the interval's degrees of freedom are 1 less."""
        return min(self.equal(questions), questions / (self.squares + (questions - 1) * self.products))


@dataclass(frozen=True, eq=False)
class Plan:
    """Widths of the interval of one quantity under other numbers of questions and epochs.

    Attributes:
        name: Which group, pair of groups or assumption this is about.
        quantity: What the interval is for; "difference of …" for two models on the same questions.
        value: The pilot's estimate.
        moments: What one question contributes, by how many epochs two pairs share.
        effective_share: Effective number of questions that carry the quantity, (Σe)²/Σe², over their number.
        pilot: The pilot's own design, with the width that is predicted for it.
        observed_width: The width that the pilot's interval has; NaN where that is undefined.
        tokens_per_epoch: Mean of the tokens written in an epoch, NaN where unknown.
        silent: Why the pilot says nothing about other questions, which leaves all widths undefined; or empty.
        clusters: Clusters of the pilot's questions, over which the intervals are; ``None`` where questions are independent.
        input_per_epoch: Tokens read in an epoch, NaN where unknown.
        seconds_per_epoch: Wall-clock time of the pilot over its epochs, NaN where unknown.
        price: Money for a million tokens read and for a million written, NaN where not given.
    """

    name: str
    quantity: str
    value: float
    moments: Moments
    effective_share: float
    pilot: Design
    observed_width: float
    tokens_per_epoch: float
    silent: str = ""
    clusters: Clusters | None = None
    input_per_epoch: float = math.nan
    seconds_per_epoch: float = math.nan
    price: tuple[float, float] = (math.nan, math.nan)

    def design(self, questions: int | None, epochs: int, width: float) -> Design:
        """A design with what it costs."""
        runs = math.nan if questions is None else questions * epochs
        read, written = runs * self.input_per_epoch, runs * self.tokens_per_epoch
        cost = (read * self.price[0] + written * self.price[1]) / 1e6
        return Design(questions, epochs, width, written, read, cost, runs * self.seconds_per_epoch / 3600)

    def with_costs(self, cost: EpochCost | None, price: tuple[float, float] | None) -> Plan:
        """The plan with what its pilot's logs say of tokens read and time, and with prices."""
        made = self
        if cost is not None:
            made = replace(made, input_per_epoch=cost.input_tokens, seconds_per_epoch=cost.seconds)
        made = made if price is None else replace(made, price=price)
        pilot = made.pilot
        return (
            replace(made, pilot=made.design(pilot.questions, pilot.epochs, pilot.width))
            if pilot.questions
            else made
        )

    def width(self, questions: int, epochs: int) -> float:
        """Predicted width of the 95 % interval.

        Twice Student's quantile with as many degrees of freedom as effective questions (or clusters) less one, times the
        standard error. With clusters the questions are of the pilot's clusters, more or fewer of each.

        Args:
            questions: Questions, from 2.
            epochs: Epochs per question, from 2.

        Returns:
            The width; NaN below two effective questions, where no interval is defined, and where the pilot is
            silent: a pilot in which nothing varies does not make an interval of no width.
        """
        effective = self._effective(questions)
        if questions < 2 or effective < 2 or self.silent:
            return math.nan
        return self._reach(questions, self.moments.variance(epochs))

    def _effective(self, questions: int) -> float:
        """Equal units as which so many questions count."""
        own = self.effective_share * questions
        return own if self.clusters is None else min(own, self.clusters.effective(questions))

    def _reach(self, questions: int, variance: float) -> float:
        """Width by the variance of one question's value."""
        from scipy.special import stdtrit

        quantile = float(stdtrit(max(self._effective(questions), 2.0) - 1, (1 + LEVEL) / 2))
        extra = 0.0 if self.clusters is None else self.clusters.extra(questions)
        return 2 * quantile * math.sqrt((variance + extra) / questions)

    def questions_for(self, width: float, epochs: int) -> int | None:
        """The least number of questions whose interval is at most so wide; ``None`` beyond ten million."""
        if self.silent:
            return None
        low, high = 1, 2
        while not self.width(high, epochs) <= width:
            low, high = high, high * 2
            if high > MOST_QUESTIONS:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.width(middle, epochs) <= width else (middle, high)
        return high

    def designs(self, width: float, epochs: Sequence[int] = EPOCHS) -> list[Design]:
        """The questions that each number of epochs needs for a width."""
        found = []
        for r in epochs:
            questions = self.questions_for(width, r)
            reached = math.nan if questions is None else self.width(questions, r)
            found.append(self.design(questions, r, reached))
        return found

    def same_questions(self, epochs: Sequence[int] = EPOCHS) -> list[Design]:
        """The widths that other numbers of epochs give on as many questions as the pilot has."""
        n = self.pilot.questions or 0
        return [self.design(n, r, self.width(n, r)) for r in epochs]

    def best(self, width: float) -> Design | None:
        """The design that reaches a width with the fewest epochs in all."""
        reached = [d for d in self.designs(width) if d.runs is not None]
        return min(reached, key=lambda d: (d.runs or 0, d.epochs), default=None)

    def advice(self, width: float) -> str:
        """What to do next, in a sentence or two."""
        if self.silent:
            return f"The pilot cannot tell: {self.silent}. Run more questions."
        return f"{self._next(width)} {self.about_clusters}".rstrip()

    @property
    def of_two(self) -> bool:
        """Whether it is a paired difference, whose own interval `hotmess compare` gives."""
        return isinstance(self.moments, DifferenceMoments)

    @property
    def about_clusters(self) -> str:
        """What the widths take for granted about clusters, or an empty string."""
        if self.clusters is None:
            return ""
        own = "is undefined" if math.isnan(self.observed_width) else f"is {self.observed_width:.3f} wide"
        own = "" if self.of_two else f": its own interval {own}"
        equal, count = (
            of(self.pilot.questions or 2) for of in (self.clusters.equal, self.clusters.effective)
        )
        by_error = f", by their errors as {count:.1f}" if f"{count:.1f}" != f"{equal:.1f}" else ""
        return (
            f"Widths are over the pilot's {counted(self.clusters.number, 'cluster')} of questions (as good as {equal:.1f} equal ones"
            f"{by_error}), with more or fewer questions in each{own}. More clusters narrow it further."
        )

    def _next(self, width: float) -> str:
        best = self.best(width)
        if best is None or best.questions is None:
            of = (
                "" if self.clusters is None else f" in the pilot's {counted(self.clusters.number, 'cluster')}"
            )
            return (
                f"No number of questions up to {MOST_QUESTIONS:,}{of} gives an interval of width {width:g}."
            )
        have = self.pilot.questions or 0
        if have and self.pilot.width <= width:
            return (
                f"The pilot's {counted(have, 'question')} with {counted(self.pilot.epochs, 'epoch')} already give an interval of width "
                f"{self.pilot.width:.3f}."
            )
        text = (
            f"For an interval of width {width:g} run {counted(best.questions, 'question')} with {counted(best.epochs, 'epoch')} each "
            f"({counted(best.questions * best.epochs, 'epoch')} in all): no other number of epochs needs fewer."
        )
        enough = [d for d in self.same_questions() if d.width <= width] if have else []
        if enough:
            text += (
                f" With the pilot's {counted(have, 'question')} {counted(enough[0].epochs, 'epoch')} each do."
            )
        if have and self.moments.shared_none <= 0:
            return text + (
                f" The pilot's {counted(have, 'question')} differ from each other by no more than chance alone explains with so "
                "few epochs: what many more epochs of them would give is a guess, and more questions are the safer way."
            )
        if have and not enough:
            floor = self._reach(have, max(self.moments.shared_none, 0.0))
            return text + (
                f" More epochs of the pilot's {counted(have, 'question')} cannot go below {floor:.3f}, since questions differ."
            )
        return text

    def as_json(self, width: float | None) -> dict[str, Any]:
        """A plan as `hotmess plan --json` prints it."""
        return {
            "name": self.name,
            "quantity": self.quantity,
            "value": finite_or_none(self.value),
            "pilot": self.pilot.as_json(),
            "observed_width": finite_or_none(self.observed_width),
            "tokens_per_epoch": finite_or_none(self.tokens_per_epoch),
            "same_questions": [d.as_json() for d in self.same_questions()] if self.pilot.questions else None,
            "width": width,
            "designs": None if width is None else [d.as_json() for d in self.designs(width)],
            "advice": None if width is None else self.advice(width),
            "note": self.silent or self.about_clusters or None,
        }


def planned_quantity(name: str) -> str:
    """The name of a quantity, checked; pass^k as "pass^3".

    Raises:
        ValueError: If there is no such quantity.
    """
    if name in get_args(Quantity) or _pass_k(name):
        return name
    raise ValueError(f"{name!r} is not one of {', '.join(get_args(Quantity))}, pass^K with a number for K")


def _pass_k(quantity: str) -> int:
    """The k of pass^k, 0 for other quantities."""
    found = re.fullmatch(r"pass\^([1-9]\d?)", quantity)
    return int(found[1]) if found else 0


def _passes(result: GroupResult) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Right epochs and epochs of every question."""
    correct = result.plain[0].correct
    known = correct[~np.isnan(correct)]
    if not ((known == 0) | (known == 1)).all():
        raise ValueError(f"{group_name(result.group)}: pass^k needs epochs that are right or wrong")
    return np.nansum(correct, axis=1), (~np.isnan(correct)).sum(axis=1)


def _all_right(right: NDArray[np.float64], epochs: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Pass^k of every question, NaN with fewer than k epochs."""
    counts = zip(right.astype(int).tolist(), epochs.tolist(), strict=True)
    return np.array([math.comb(c, k) / math.comb(n, k) if n >= k else math.nan for c, n in counts])


def _plan_passes(result: GroupResult, quantity: str) -> Plan:
    """Plan an interval of pass^k."""
    k = _pass_k(quantity)
    right, epochs = _passes(result)
    moments = pass_moments(right, epochs, k)
    if 2 * k > FARTHEST * int(epochs.max()):
        raise ValueError(
            f"{group_name(result.group)}: the spread of pass^{k} rests on {2 * k} epochs, more than {FARTHEST} times the "
            f"{int(epochs.max())} of the pilot: run more epochs"
        )
    repeated = epochs >= 2
    n, r = moments.questions, round(float(epochs[repeated].mean()))
    rates = right[repeated] / epochs[repeated]
    alike = min(_effective(rates), _effective(1 - rates)) < FEWEST
    values = _all_right(right, epochs, k)
    plan = Plan(
        name=group_name(result.group),
        quantity=quantity,
        value=moments.powers[0],
        moments=moments,
        effective_share=1.0,
        pilot=Design(n, r, math.nan, math.nan),
        observed_width=math.nan,
        tokens_per_epoch=ordered_mean(result.group.outcomes.output_tokens),
        silent="fewer than two of its questions, counted by how unequal they are, differ from the rest"
        if alike
        else "",
        clusters=_clusters(result.plain[0].clusters, values - np.nanmean(values), np.ones(len(values))),
    )
    return replace(plan, pilot=plan.design(n, r, plan.width(n, r)))


def plan_group(result: GroupResult, quantity: str) -> Plan:
    """Plan from one group of a pilot.

    Args:
        result: A group under Brier or squared loss, with at least four epochs of some question.
        quantity: What the interval is for.

    Returns:
        The plan.

    Raises:
        ValueError: If the loss has no such moments, or the pilot has too few epochs.
    """
    if _pass_k(quantity):
        return _plan_passes(result, quantity)
    d = result.decomposition
    predictions, target, loss = points_of(result.plain[0], result.decomposition.loss)
    sums = pair_sums(
        predictions, target, cast(Quantity, quantity), loss=loss, correct=result.plain[0].correct
    )
    try:
        moments = pair_moments(sums)
    except ValueError as error:
        raise ValueError(f"{group_name(result.group)}: {error}") from error
    repeated = d.repeated
    weights = d.error[repeated] if quantity == "incoherence" else np.ones(int(repeated.sum()))
    share = _effective(weights) / max(int(repeated.sum()), 1)
    questions, epochs = int(repeated.sum()), round(float(d.epochs[repeated].mean()))
    value = {
        "incoherence": d.incoherence,
        "accuracy": result.accuracy,
    }.get(quantity)
    if value is None:
        value = d.mean(quantity)  # type: ignore[arg-type]
    observed = (
        result.intervals.accuracy if quantity == "accuracy" else result.intervals.of(cast(Any, quantity))
    )
    plan = Plan(
        name=group_name(result.group),
        quantity=quantity,
        value=float(value),
        moments=moments,
        effective_share=share,
        pilot=Design(questions, epochs, math.nan, math.nan),
        observed_width=observed[1] - observed[0],
        tokens_per_epoch=ordered_mean(result.group.outcomes.output_tokens),
        silent=_silent(sums, weights, quantity),
        clusters=_clusters(
            result.plain[0].clusters,
            sums.value,
            d.error if quantity == "incoherence" else np.ones(len(sums.value)),
        ),
    )
    return replace(plan, pilot=plan.design(questions, epochs, plan.width(questions, epochs)))


def plan_difference(first: GroupResult, second: GroupResult, quantity: str) -> Plan:
    """Plan a paired difference of two models on the same questions.

    The moments of the difference of a question's two values: those of both models add, less twice the covariance
    between the models over questions, which sampling within a question does not touch.

    Args:
        first: Pilot of one model.
        second: Pilot of the other; the questions that both have count.
        quantity: What is compared.

    Raises:
        ValueError: If fewer than two questions are shared, or a pilot has too few epochs.
    """
    shared = sorted(set(first.questions.ids) & set(second.questions.ids))
    if len(shared) < 2:
        raise ValueError(
            f"{group_name(first.group)} and {group_name(second.group)} share {counted(len(shared), 'question')}; 2 are needed"
        )
    both, own = [], list[Moments]()
    for result in (first, second):
        place = {name: i for i, name in enumerate(result.plain[0].ids)}
        rows = np.array([place[name] for name in shared])
        if k := _pass_k(quantity):
            right, epochs_of = (values[rows] for values in _passes(result))
            own.append(pass_moments(right, epochs_of, k))
            values = _all_right(right, epochs_of, k)
            both.append(values - np.nanmean(values))
            continue
        predictions, target, loss = points_of(result.plain[0], result.decomposition.loss)
        sums = pair_sums(
            predictions[rows],
            target[rows],
            cast(Quantity, quantity),
            loss=loss,
            correct=result.plain[0].correct[rows],
        )
        both.append(sums.value)
        own.append(pair_moments(sums))
    known = ~np.isnan(both[0]) & ~np.isnan(both[1])
    n = int(known.sum())
    together = float((both[0][known] * both[1][known]).sum() / max(n - 1, 1))
    moments = DifferenceMoments(own[0], own[1], together, n)
    singles = [plan_group(result, quantity) for result in (first, second)]
    epochs = min(s.pilot.epochs for s in singles)
    plan = Plan(
        name=f"{singles[0].name} less {singles[1].name}",
        quantity=f"difference of {quantity}",
        value=singles[0].value - singles[1].value,
        moments=moments,
        effective_share=min(s.effective_share for s in singles),
        pilot=Design(n, epochs, math.nan, math.nan),
        observed_width=math.nan,
        tokens_per_epoch=sum(s.tokens_per_epoch for s in singles),
        silent=next((s.silent for s in singles if s.silent), ""),
        clusters=_shared_clusters(first, second, shared, both[0] - both[1], singles),
    )
    return replace(plan, pilot=plan.design(n, epochs, plan.width(n, epochs)))


def plan_assumed(accuracy: float, incoherence: float, quantity: str) -> Plan:
    """Plan without a pilot: pass/fail outcomes whose pass rates follow the beta distribution of two assumed numbers.

    Args:
        accuracy: Assumed mean pass rate, in (0, 1).
        incoherence: Assumed share of variance in the error, in (0, 1); for pass/fail outcomes it must lie between 0 (every
            question always or never passes) and the accuracy (all questions pass equally often).
        quantity: What the interval is for.

    Raises:
        ValueError: If the two numbers cannot go together.
    """
    name = f"assumed: pass/fail, accuracy {accuracy:g}, incoherence {incoherence:g}"
    nothing = Design(None, 0, math.nan, math.nan)
    pairs, share = pass_fail_moments(
        accuracy, incoherence, "accuracy" if _pass_k(quantity) else cast(Quantity, quantity)
    )
    if k := _pass_k(quantity):
        size = beta_size(accuracy, incoherence)
        powers = [beta_moment(accuracy * size, (1 - accuracy) * size, t, 0) for t in range(k, 2 * k + 1)]
        return Plan(
            name, quantity, powers[0], PassMoments(tuple(powers), 0), 1.0, nothing, math.nan, math.nan
        )
    value = {
        "accuracy": accuracy,
        "error": 1 - accuracy,
        "variance": incoherence * (1 - accuracy),
        "bias_squared": (1 - incoherence) * (1 - accuracy),
        "incoherence": incoherence,
    }[quantity]
    return Plan(name, quantity, value, pairs, share, nothing, math.nan, math.nan)


def points_of(questions: Questions, loss: str) -> tuple[NDArray[np.float64], NDArray[np.float64], Any]:
    """Predictions, each question's wanted point and the loss, as `pair_sums` takes them."""
    if loss not in ("brier", "squared"):
        raise ValueError(f"a plan needs Brier or squared loss, not {loss!r}")
    if loss == "brier":
        classes = questions.predictions.shape[2]
        return questions.predictions, np.eye(classes)[questions.target.astype(int)], loss
    goal = np.asarray(questions.target, dtype=np.float64)
    goal = np.broadcast_to(goal, (questions.predictions.shape[0], questions.predictions.shape[2]))
    return questions.predictions, goal, loss


def _silent(sums: PairSums, weights: NDArray[np.float64], quantity: str) -> str:
    """Why a pilot says nothing about other questions, or an empty string."""
    if not weights.any():
        return "none of its questions has any error"
    values = sums.value[~np.isnan(sums.value)]
    if len(values) < 2 or float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max()):
        return (
            "it has one question"
            if len(values) < 2
            else f"its questions do not differ in {quantity_word(quantity)}"
        )
    # Centred values: those of questions that are always right (or wrong) are one and the same.
    extremes = (
        [values - values.min(), values.max() - values] if quantity in ("accuracy", "error") else [weights]
    )
    if min(_effective(part) for part in extremes) < FEWEST:
        return "fewer than two of its questions, counted by how unequal they are, differ from the rest"
    return ""


def _clusters(
    labels: NDArray[Any] | None, values: NDArray[np.float64], weights: NDArray[np.float64]
) -> Clusters | None:
    """What clusters add, from centred values and weights per question; ``None`` where no two share a cluster.

    Centred values lack the variance of their mean, which is a sum over clusters, too: with raw means s² of squares and c of
    products of pairs, and m = Σn²/Σn questions in a question's cluster, C = (c + s²/N)/(1 - (m - 1)/N).
    """
    if labels is None:
        return None
    known = ~np.isnan(values) & ~np.isnan(weights)
    names, which = np.unique(np.asarray(labels)[known], return_inverse=True)
    v, w, n = values[known], weights[known], int(known.sum())
    sizes = np.bincount(which).astype(np.float64)
    pairs = float((sizes * (sizes - 1)).sum())
    if not pairs or n < 2:
        return None
    v = v - v.mean()

    def products(x: NDArray[np.float64]) -> float:
        return float(np.square(np.bincount(which, x)).sum() - np.square(x).sum())

    share = pairs / n / n
    together = (products(v) / pairs + float(np.square(v).mean()) / n) / max(1 - share, 1 / n)
    mean = float(w.mean()) ** 2
    return Clusters(
        len(names),
        together,
        pairs / (n * (n - 1)),
        float(np.square(w).mean()) / mean if mean else 1.0,
        products(w) / (n * (n - 1)) / mean if mean else 0.0,
    )


def _shared_clusters(
    first: GroupResult,
    second: GroupResult,
    shared: Sequence[str],
    values: NDArray[np.float64],
    singles: Sequence[Plan],
) -> Clusters | None:
    """Clusters of a paired difference; how unequally they weigh is that of the more unequal run."""
    labels = first.plain[0].clusters if first.plain[0].clusters is not None else second.plain[0].clusters
    if labels is None:
        return None
    ids = (first if first.plain[0].clusters is not None else second).plain[0].ids
    place = {name: i for i, name in enumerate(ids)}
    own = _clusters(labels[np.array([place[name] for name in shared])], values, np.ones(len(values)))
    known = [s.clusters for s in singles if s.clusters is not None]
    if own is None or not known:
        return own
    worst = max(known, key=lambda c: c.products)
    return replace(own, squares=worst.squares, products=worst.products)


def _effective(weights: NDArray[np.float64]) -> float:
    total = float((weights**2).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0


QUANTITIES: tuple[str, ...] = get_args(Quantity)
