"""How incoherence goes with the length of the answer, in the shape of the command line's JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.lengths import LengthTrend, Slope, length_buckets, uncensored
from hotmess_inspect.analyses.overthinking import LinedUp, Overthinking, overthinking
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition
from hotmess_inspect.decomposition.of_questions import known_class_counts
from hotmess_inspect.schema import Estimator, json_value
from hotmess_inspect.table import Outcomes, Questions
from hotmess_inspect.words import counted

CENSORED_SHARE = 0.05
"""Share of lengths that are lower bounds from which on a reader is warned."""
_NO_SPLIT = "the length is the question's own and the same in all its epochs"


@dataclass(frozen=True, eq=False)
class LengthFindings:
    """What lengths say about one group.

    Attributes:
        trend: Incoherence per length bucket, and the slope over them.
        overthinking: Shorter against longer epochs of the same questions, in equal halves.
        paper_split: The same as the paper splits: at the median, ties to the longer epochs, plug-in.
        epochs: Epochs of known length.
        censored: Of these, epochs that a limit or a cut ended: their lengths are lower bounds.
        uncensored: Buckets and split without these epochs; ``None`` if there are none.
    """

    trend: LengthTrend
    overthinking: Overthinking
    paper_split: Overthinking
    epochs: int
    censored: int
    uncensored: tuple[LengthTrend, Overthinking] | None

    def buckets_json(self) -> list[dict[str, Any]]:
        """The buckets from the shortest to the longest."""
        return [
            json_value({**asdict(bucket), "censored": share})
            for bucket, share in zip(self.trend.buckets, self.trend.censored, strict=True)
        ]

    def slope_json(self) -> dict[str, Any]:
        """Slope of the log-log fit over the buckets."""
        return {
            **_slope_json(self.trend),
            "censored_epochs": self.censored,
            "censored_share": json_value(self.censored / self.epochs if self.epochs else math.nan),
            "uncensored": _slope_json(self.uncensored[0]) if self.uncensored else None,
        }

    def overthinking_json(self) -> dict[str, Any]:
        """The split of each question's epochs at its own median length."""
        return {
            **_split_json(self.overthinking),
            "paper_split": _split_json(self.paper_split),
            "uncensored": _split_json(self.uncensored[1]) if self.uncensored else None,
        }


def censored_rows(outcomes: Outcomes) -> NDArray[np.bool_]:
    """Scored epochs that a limit stopped or whose output was cut off, shape (rows,).

    They would have gone on: what is on record as their length is a lower bound.
    """
    ended = outcomes.status.equals("limit") | outcomes.status.equals("truncated") | ~outcomes.limit.missing
    return np.asarray(outcomes.scored & ended)


def censoring_warning(questions: Questions, column: str) -> str | None:
    """One sentence where more than :data:`CENSORED_SHARE` of the lengths are lower bounds, else ``None``."""
    known = ~np.isnan(questions.lengths(column))
    cut = int((known & _censored(questions)).sum())
    if cut <= CENSORED_SHARE * known.sum():
        return None
    was, bound = (
        ("was", "its length is a lower bound") if cut == 1 else ("were", "their lengths are lower bounds")
    )
    return (
        f"{cut} of {counted(known.sum(), 'epoch')} ({cut / known.sum():.0%}) {was} ended by a limit or cut off: {bound}; "
        "compare the slope and the overthinking with those without these epochs"
    )


def _censored(questions: Questions) -> NDArray[np.bool_]:
    """Whether each epoch is censored, shape (questions, epochs)."""
    return np.append(censored_rows(questions.outcomes), False)[questions.row]


def length_findings(
    questions: Questions,
    lengths: np.ndarray,
    d: Decomposition,
    *,
    buckets: int,
    resamples: int,
    seed: int,
    of_question: bool = False,
) -> LengthFindings:
    """Buckets, slope and overthinking split of one group under the loss and estimator of ``d``.

    Args:
        questions: The group as arrays.
        lengths: Length of each epoch, NaN where unknown, shape (questions, epochs).
        d: The group's decomposition, for its loss and estimator.
        buckets: Number of length buckets.
        resamples: Bootstrap replicates.
        seed: Each analysis draws from a generator of its own with this seed.
        of_question: Whether the length is the question's own and the same in all its epochs: nothing is censored
            and no question can be split by it.

    Returns:
        The findings.
    """
    shared: dict[str, Any] = {
        "loss": d.loss,
        "resamples": resamples,
        "correct": questions.correct,
        "clusters": questions.clusters,
    }
    if of_question:
        _check_one_length(questions, lengths)
    cut = np.zeros_like(_censored(questions)) if of_question else _censored(questions)
    # A question's own length splits no question.
    of_epochs = np.full_like(lengths, np.nan) if of_question else lengths

    # Where epochs share contexts, they do so below the headline too.
    contexts = questions.context if isinstance(d, NestedDecomposition) else None

    own = {**shared, "estimator": _name(d)}
    known = ~np.isnan(lengths)
    censored = int((known & cut).sum())
    kept = uncensored(questions.predictions, cut) if censored else None

    def trend(predictions: NDArray[np.float64]) -> LengthTrend:
        return length_buckets(
            predictions,
            questions.target,
            lengths,
            buckets=buckets,
            censored=cut,
            contexts=contexts,
            class_counts=known_class_counts(questions),
            rng=np.random.default_rng(seed),
            **own,
        )

    def split(predictions: NDArray[np.float64], lined_up: LinedUp | None = None) -> Overthinking:
        found = overthinking(
            predictions,
            questions.target,
            of_epochs,
            split="equal",
            contexts=contexts,
            rng=np.random.default_rng(seed),
            lined_up=lined_up,
            **own,
        )
        return replace(found, note=_NO_SPLIT) if of_question else found

    # All trends first: the epochs in order of length are a second copy of all predictions, for the splits alone.
    trends = [trend(each) for each in (questions.predictions, kept) if each is not None]
    flat = LinedUp.of(
        questions.predictions, questions.target, of_epochs, loss=shared["loss"], correct=questions.correct
    )
    paper = overthinking(
        questions.predictions,
        questions.target,
        of_epochs,
        estimator="plugin",
        split="paper",
        permutations=0,
        rng=np.random.default_rng(seed),
        lined_up=flat,
        **shared,
    )
    if of_question:
        paper = replace(paper, note=_NO_SPLIT)
    whole = split(questions.predictions, flat if contexts is None else None)
    without = None if kept is None else (trends[1], split(kept))
    return LengthFindings(trends[0], whole, paper, int(known.sum()), censored, without)


def _check_one_length(questions: Questions, lengths: NDArray[np.float64]) -> None:
    low, high = (np.where(np.isnan(lengths), end, lengths) for end in (np.inf, -np.inf))
    for place in np.flatnonzero(low.min(axis=1, initial=np.inf) < high.max(axis=1, initial=-np.inf))[:1]:
        raise ValueError(f"question {questions.ids[place]!r} has two values of human_minutes")


def _name(d: Decomposition) -> Estimator:
    return cast(Estimator, d.estimator)


def _slope_json(trend: LengthTrend) -> dict[str, Any]:
    return {
        **_fit_json(Slope(trend.fit, trend.slope_ci, trend.effective_questions)),
        "unknown_length_questions": trend.unknown_length_questions,
        "tied_questions": trend.tied_questions,
        "excess": None if trend.excess is None else _fit_json(trend.excess),
        "position": None if trend.position is None else _fit_json(trend.position),
    }


def _fit_json(slope: Slope) -> dict[str, Any]:
    fit = slope.fit
    return {
        "slope": json_value(fit.exponent),
        "slope_ci": json_value(slope.interval),
        "r_squared": json_value(fit.r_squared),
        "buckets": fit.points,
        "zero_buckets": fit.zeros,
        "effective_questions": json_value(slope.effective_questions),
        "note": fit.note or None,
    }


def _split_json(split: Overthinking) -> dict[str, Any]:
    found: dict[str, Any] = json_value(
        {
            "below": split.below,
            "above": split.above,
            "difference": split.difference,
            "difference_ci": split.difference_ci,
            "p_value": split.p_value,
            "permutations": split.permutations,
            "questions": split.questions,
            "tied_questions": split.tied_questions,
            "tie_breaks": split.tie_breaks,
            "shorter": asdict(split.shorter),
            "longer": asdict(split.longer),
            "note": split.note or None,
        }
    )
    return found
