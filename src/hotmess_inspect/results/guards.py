"""Guards against misreading an incoherence: the range that accuracy alone allows, and shares of failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hotmess_inspect.analyses.nulls import (
    AccuracyMatchedRange,
    FailureShares,
    accuracy_matched_range,
    failure_shares,
)
from hotmess_inspect.analyses.summaries import Estimate, Share
from hotmess_inspect.decomposition.of_questions import known_class_counts
from hotmess_inspect.schema import finite_or_none
from hotmess_inspect.table import Outcomes, Questions
from hotmess_inspect.words import counted


@dataclass(frozen=True, eq=False)
class Guards:
    """For classes: the range that accuracy leaves to incoherence, and how failures come about.

    Attributes:
        matched: Incoherence if all wrong answers to a question were alike, if they were evenly spread,
            and where the model stands between.
        failures: Shares of questions that fail always, sometimes, and by the same wrong answer in every epoch.
    """

    matched: AccuracyMatchedRange
    failures: FailureShares

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess analyze --json`; undefined numbers are ``None``."""
        matched = {name: getattr(self.matched, name) for name in ("low", "high", "excess", "position")}
        failures = {
            name: getattr(self.failures, name)
            for name in (
                "always_right",
                "sometimes_right",
                "always_wrong",
                "unanimous_failures",
                "modal_share",
            )
        }
        return {
            "accuracy_matched": {
                **{name: _estimate(value) for name, value in matched.items()},
                "high_note": self.matched.high_note or None,
            },
            "failures": {name: _estimate(value) for name, value in failures.items()},
        }


def guards(
    questions: Questions, *, resamples: int, seed: int, estimator: Literal["plugin", "unbiased"] = "unbiased"
) -> Guards:
    """Compute both from the predictions of a group of classes.

    Args:
        questions: Predictions of shape (questions, epochs, classes).
        estimator: That of the incoherence which the range stands beside.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap.
    """
    return Guards(
        accuracy_matched_range(
            questions.predictions,
            questions.target,
            class_counts=known_class_counts(questions),
            estimator=estimator,
            resamples=resamples,
            clusters=questions.clusters,
            rng=np.random.default_rng(seed),
        ),
        failure_shares(
            questions.predictions,
            questions.target,
            resamples=resamples,
            clusters=questions.clusters,
            rng=np.random.default_rng(seed),
        ),
    )


def mixed_images(outcomes: Outcomes) -> dict[str, tuple[str, ...]]:
    """Questions whose scored epochs ran in sandbox images of different digests, and these digests.

    Their variance holds the difference between the images beside that of the model. Epochs without a
    digest on record tell nothing.

    Args:
        outcomes: Rows of one group.

    Returns:
        Digests, sorted, by question; questions in the order of their ids.
    """
    known = outcomes.scored & ~outcomes.digest.missing
    if not known.any():
        return {}
    pairs = np.unique(
        np.stack([outcomes.question.codes[known], outcomes.digest.codes[known]], axis=1), axis=0
    )
    found: dict[str, list[str]] = {}
    for question, digest in pairs.tolist():
        found.setdefault(outcomes.question.names[question], []).append(outcomes.digest.names[digest])
    return {question: tuple(sorted(own)) for question, own in sorted(found.items()) if len(own) > 1}


def mixed_images_warning(outcomes: Outcomes) -> str | None:
    """One sentence about epochs of one question from different images, ``None`` if there are none."""
    mixed = mixed_images(outcomes)
    if not mixed:
        return None
    question, digests = next(iter(mixed.items()))
    return (
        f"{counted(len(mixed), 'question', 'has', 'have')} epochs from different sandbox images (such as {question!r}: {', '.join(digests)}): "
        "the variance holds the difference between the images too; run all epochs in one image"
    )


def _estimate(found: Estimate | Share) -> dict[str, Any]:
    interval = found.interval
    return {
        "value": finite_or_none(found.value),
        "ci": None if np.isnan(interval).any() else [float(end) for end in interval],
    }
