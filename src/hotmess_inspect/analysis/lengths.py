"""How incoherence goes with the length of the answer, in the shape of the command line's JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from hotmess_inspect.decomposition import Decomposition, Estimator
from hotmess_inspect.outcomes import Questions
from hotmess_inspect.statistics.lengths import LengthTrend, length_buckets
from hotmess_inspect.statistics.overthinking import Overthinking, overthinking


@dataclass(frozen=True, eq=False)
class LengthFindings:
    """What lengths say about one group.

    Attributes:
        trend: Incoherence per length bucket, and the slope over them.
        overthinking: Shorter against longer epochs of the same questions, in equal halves.
        paper_split: The same as the paper splits: at the median, ties to the longer epochs, plug-in.
    """

    trend: LengthTrend
    overthinking: Overthinking
    paper_split: Overthinking

    def buckets_json(self) -> list[dict[str, Any]]:
        """The buckets from the shortest to the longest."""
        return [json_value(asdict(bucket)) for bucket in self.trend.buckets]

    def slope_json(self) -> dict[str, Any]:
        """Slope of the log-log fit over the buckets."""
        fit = self.trend.fit
        return {
            "slope": json_value(fit.exponent),
            "slope_ci": json_value(self.trend.slope_ci),
            "r_squared": json_value(fit.r_squared),
            "buckets": fit.points,
            "note": fit.note or None,
            "unknown_length_questions": self.trend.unknown_length_questions,
        }

    def overthinking_json(self) -> dict[str, Any]:
        """The split of each question's epochs at its own median length."""
        return {**_split_json(self.overthinking), "paper_split": _split_json(self.paper_split)}


def length_findings(
    questions: Questions, lengths: np.ndarray, d: Decomposition, *, buckets: int, resamples: int, seed: int
) -> LengthFindings:
    """Buckets, slope and overthinking split of one group under the loss and estimator of ``d``.

    Args:
        questions: The group as arrays.
        lengths: Length of each epoch, NaN where unknown, shape (questions, epochs).
        d: The group's decomposition, for its loss and estimator.
        buckets: Number of length buckets.
        resamples: Bootstrap replicates.
        seed: Each analysis draws from a generator of its own with this seed.

    Returns:
        The findings.
    """
    arrays = (questions.predictions, questions.target, lengths)
    shared: dict[str, Any] = {"loss": d.loss, "resamples": resamples, "correct": questions.correct}
    trend = length_buckets(
        *arrays, estimator=_name(d), buckets=buckets, rng=np.random.default_rng(seed), **shared
    )
    equal = overthinking(
        *arrays, estimator=_name(d), split="equal", rng=np.random.default_rng(seed), **shared
    )
    paper = overthinking(
        *arrays, estimator="plugin", split="paper", permutations=0, rng=np.random.default_rng(seed), **shared
    )
    return LengthFindings(trend, equal, paper)


def _name(d: Decomposition) -> Estimator:
    return cast(Estimator, d.estimator)


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
            "shorter": asdict(split.shorter),
            "longer": asdict(split.longer),
            "note": split.note or None,
        }
    )
    return found


def json_value(value: Any) -> Any:
    """Numbers, lists and dictionaries with ``None`` for what is undefined; an undefined interval is ``None``."""
    if isinstance(value, dict):
        return {key: json_value(v) for key, v in value.items()}
    if isinstance(value, tuple | list):
        items = [json_value(v) for v in value]
        return None if items and all(v is None for v in items) else items
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    return value
