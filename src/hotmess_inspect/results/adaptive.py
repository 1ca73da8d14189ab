"""What an adaptive run does next, from the epochs of its waves so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from hotmess_inspect.analyses.adaptive import (
    LEAST_LATER,
    NEAR_FLOOR,
    AdaptiveEpochs,
    allocate,
    influence_of,
    make_strata,
)
from hotmess_inspect.analyses.planning import Quantity, deviations
from hotmess_inspect.decomposition.of_questions import decompose_questions, is_nested
from hotmess_inspect.results.analyze import GroupResult, group_name
from hotmess_inspect.results.plan import points_of
from hotmess_inspect.schema import Loss
from hotmess_inspect.words import counted

_FEW = ("fewer than two questions err", "fewer than two questions err or fewer than two are ever right")


@dataclass(frozen=True)
class AdaptiveOptions:
    """What an adaptive run is for.

    Attributes:
        width: Wanted width of the 95 % interval.
        quantity: What the interval is for.
        pilot: First epochs of every question, from 3: they say how much a question scatters.
        most: Most epochs of a question.
        budget: Output tokens that may be spent; ``None`` for no bound.
        scorer: Scorer that counts where there are several.
        cluster: What the interval rests on, as in `read_inputs`.
    """

    width: float
    quantity: Quantity = "incoherence"
    pilot: int = 6
    most: int = 100
    budget: float | None = None
    scorer: str | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"width={self.width!r} must be above 0")
        if self.pilot < 3:
            raise ValueError(
                f"pilot={self.pilot!r} must be at least 3: fewer epochs do not say how much a question scatters"
            )
        if self.most < self.pilot + LEAST_LATER:
            raise ValueError(
                f"most={self.most!r} must be at least {self.pilot + LEAST_LATER}, the pilot and {LEAST_LATER} more"
            )
        if self.budget is not None and not self.budget > 0:
            raise ValueError(f"budget={self.budget!r} must be above 0")


@dataclass(frozen=True)
class Look:
    """What was seen after a wave.

    Attributes:
        until: Epochs of each question after the next wave; as many as there are where the run ends.
        value: The quantity so far.
        interval: Its 95 % interval, the one that `hotmess analyze` prints: it decides.
        epochs: Epochs so far.
        floor: Width that endless epochs of these questions would leave, as predicted; NaN after the pilot.
        end: Why the run ends, or an empty string.
        reached: Whether it ends because the width is reached.
    """

    until: Mapping[str, int]
    value: float
    interval: tuple[float, float]
    epochs: int
    floor: float
    end: str = ""
    reached: bool = False

    @property
    def width(self) -> float:
        """High less low."""
        return self.interval[1] - self.interval[0]

    def said(self, options: AdaptiveOptions) -> str:
        """What was seen, as a clause."""
        if np.isnan(self.value):
            return f"{options.quantity} undefined so far"
        low, high = self.interval
        known = f"95 % interval {low:.3f} … {high:.3f}, width {self.width:.3f} of {options.width:g}"
        return f"{options.quantity} {self.value:.3f}, {'no interval so far' if np.isnan(low) else known}"


def group_for(results: Sequence[GroupResult], scorer: str | None) -> GroupResult:
    """The group whose interval the run is for: unbiased, of Brier or squared loss, the first scorer's.

    Args:
        results: What `analyze` gave.
        scorer: Its scorer; ``None`` where there is one.

    Raises:
        ValueError: If there is none, or several and no name.
    """
    usable = [
        r
        for r in results
        if r.decomposition.loss in ("brier", "squared")
        and r.decomposition.estimator == "unbiased"
        and (scorer is None or r.group.scorer == scorer)
    ]
    names = list(dict.fromkeys(r.group.scorer or "" for r in usable))
    if not usable:
        known = ", ".join(dict.fromkeys(r.group.scorer or "–" for r in results)) or "none"
        raise ValueError(
            f"no scorer whose error can be measured{f' is called {scorer!r}' if scorer else ''}; there are: {known}"
        )
    if len(names) > 1:
        raise ValueError(f"the task has the scorers {', '.join(names)}; name one with --scorer")
    if len({r.group.variant for r in usable}) > 1:
        raise ValueError(
            f"{group_name(usable[0].group)}: the folder holds waves with different settings; use another --log-dir"
        )
    return usable[0]


def look(result: GroupResult, until: Mapping[str, int], options: AdaptiveOptions) -> Look:
    """Decide what comes next, from the epochs of a finished wave.

    Args:
        result: The group of the run, as `group_for` picks it.
        until: Epochs of each question after the last wave, as it was planned.
        options: What the run is for.

    Returns:
        The next wave, or why there is none.

    Raises:
        ValueError: If epochs share few-shot contexts, whose effect would be taken for that of questions.
    """
    if is_nested(result.questions):
        raise ValueError(
            "epochs share few-shot contexts, which adaptive epochs do not know: run without, such as -T contexts=0"
        )
    quantity, d = options.quantity, result.decomposition
    value = result.accuracy if quantity == "accuracy" else d.mean(quantity)
    interval = result.intervals.accuracy if quantity == "accuracy" else result.intervals.of(quantity)
    epochs = int(d.epochs.sum())
    seen = Look(dict(until), value, (interval[0], interval[1]), epochs, math.nan)
    begun = max(until.values(), default=0) > options.pilot
    if begun and math.isnan(seen.width):
        return replace(seen, end=f"no interval is defined: {_FEW[quantity == 'accuracy']}")
    reached = seen.width <= options.width
    more, floor, enough = _allocation(result, options, seen.width)
    seen = replace(seen, floor=floor)
    if enough and not reached:
        if NEAR_FLOOR * seen.floor > options.width:
            text = (
                f"epochs alone cannot make it narrower than {seen.floor:.3f}, since questions differ: "
                f"about {counted(_questions_needed(result, seen.width, options.width), 'question')} would do"
            )
            return replace(seen, end=text)
        return replace(seen, end=_all_had(options))
    if enough:
        return _at_width(seen)
    # Further epochs go on from what was planned, also where an error took one of these away.
    wanted = dict(until) | {
        name: min(until[name] + int(n), max(options.most, until[name]))
        for name, n in zip(result.questions.ids, more, strict=True)
    }
    following = _within_budget(result, seen, until, wanted, options)
    if wanted == dict(until):
        following = replace(seen, end=_all_had(options))
    return _at_width(seen) if reached and following.end else following


def _at_width(seen: Look) -> Look:
    return replace(seen, end="the width is reached", reached=True)


def _all_had(options: AdaptiveOptions) -> str:
    return f"every question that matters has had --most {counted(options.most, 'epoch')}"


def _allocation(
    result: GroupResult, options: AdaptiveOptions, width_now: float
) -> tuple[np.ndarray, float, bool]:
    """Further epochs of each question, the floor of the width, and whether that is all."""
    questions, d, quantity = result.questions, result.decomposition, options.quantity
    assert questions.pilot is not None
    points, goal, loss = points_of(questions, d.loss)
    away, there = deviations(points, goal, loss)
    pilot = questions.pilot & there
    epochs = AdaptiveEpochs(questions.ids, away, questions.correct, there, pilot)
    first = replace(
        questions,
        predictions=np.where(pilot[:, :, None], questions.predictions, np.nan),
        outcomes=replace(questions.outcomes, pilot=np.zeros_like(questions.outcomes.pilot)),
    )
    (start,) = decompose_questions(first, [(cast(Loss, d.loss), "unbiased")])
    alone = replace(epochs, present=pilot)
    stratum = make_strata(
        epochs.scatter(quantity, pilot, pilot).at(start.mean("error"), start.mean("bias_squared")),
        influence_of(alone, quantity, start.variance, start.error),
    )
    found = allocate(
        epochs,
        stratum,
        quantity,
        variance=d.variance,
        error=d.error,
        width_now=width_now,
        width=options.width,
        most=options.most,
    )
    return found.later - (there & ~pilot).sum(axis=1), found.floor, found.enough


def _questions_needed(result: GroupResult, width: float, wanted: float) -> int:
    return math.ceil(len(result.questions.ids) * (width / wanted) ** 2)


def _within_budget(
    result: GroupResult,
    seen: Look,
    until: Mapping[str, int],
    wanted: Mapping[str, int],
    options: AdaptiveOptions,
) -> Look:
    """The wave as far as the tokens go: of every question the same share of what it was to get."""
    if options.budget is None:
        return replace(seen, until=dict(wanted))
    tokens = result.group.outcomes.output_tokens
    known = np.sort(tokens[~np.isnan(tokens)])
    if not known.size or not known.sum():
        raise ValueError("--budget needs a model that reports its tokens; this one does not")
    extra = {name: wanted[name] - until[name] for name in wanted}
    price = float(known.mean()) * sum(extra.values())
    left = options.budget - float(known.sum())
    share = min(1.0, max(left, 0.0) / price) if price else 1.0
    given = {name: until[name] + math.floor(share * extra[name] + 1e-9) for name in wanted}
    # A single later epoch is no pair: all questions get two of them or the run ends with its pilot.
    short = any(options.pilot < n < options.pilot + LEAST_LATER for n in given.values())
    if short or given == dict(until):
        return replace(
            seen, end=f"the budget of {options.budget:,.0f} output tokens is spent: {known.sum():,.0f} used"
        )
    return replace(seen, until=given)
