"""How far the answers of a group agree, and what single epochs are unsure of: for JSON and in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from hotmess_inspect.analyses.agreement import Agreement, answer_agreement
from hotmess_inspect.analyses.answers import AnswerChanges, answer_changes, top_answers
from hotmess_inspect.analyses.summaries import Estimate, Share
from hotmess_inspect.analyses.uncertainty import Uncertainty, UncertaintySplit, inner_and_outer
from hotmess_inspect.decomposition.of_questions import is_nested
from hotmess_inspect.results.intervals import estimate_json, shared_contexts
from hotmess_inspect.schema import finite_or_none, json_value
from hotmess_inspect.table import Questions

_FIELDS = (
    "disagreement",
    "answer_entropy",
    "modal_share",
    "answer_changes",
    "entropy",
    "sampling_variance",
)


@dataclass(frozen=True, eq=False)
class SpreadFindings:
    """What answers say without any target. Unparsed answers are left out, unless they are a class of their own.

    Attributes:
        agreement: Disagreement, entropy and modal share; of distributions, those of their likeliest answers.
        changes: How often answers change, and with what.
        uncertainty: Inner and outer uncertainty where epochs state distributions; None for plain labels.
    """

    agreement: Agreement
    changes: AnswerChanges
    uncertainty: Uncertainty | None

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess analyze --json`; undefined numbers are ``None``."""
        stated = self.uncertainty
        return {
            "disagreement": estimate_json(self.agreement.disagreement),
            "answer_entropy": estimate_json(self.agreement.entropy),
            "modal_share": estimate_json(self.agreement.modal_share),
            "answer_changes": self._changes_json(),
            "entropy": None if stated is None else _split_json(stated.entropy),
            "sampling_variance": None if stated is None else _split_json(stated.sampling),
        }

    def _changes_json(self) -> dict[str, Any]:
        changes = self.changes
        return {
            "by_resampling": _per_cent_json(changes.within_a_context),
            "by_context": _per_cent_json(changes.context),
            "by_both": _per_cent_json(changes.either),
        }

    def sentences(self) -> list[str]:
        """The same for a reader, a line each."""
        lines = []
        found = self.agreement
        if not math.isnan(found.disagreement.value):
            lines.append(
                f"two epochs of one question answer differently with probability {_shown(found.disagreement)}; entropy of "
                f"the answers {_shown(found.entropy)} nats; {_shown(found.modal_share)} of the epochs give the most "
                "frequent answer"
            )
        changes = self.changes
        # Without contexts to change, any two answers are two of the same context.
        named = [("by resampling", changes.within_a_context)]
        if changes.context.questions:
            named += [("by context", changes.context), ("by both", changes.either)]
        parts = [f"{name} {_per_cent(one)}" for name, one in named if one.questions]
        if parts:
            lines.append(f"answers change: {', '.join(parts)}")
        if self.uncertainty is not None and self.uncertainty.entropy.questions:
            lines += [
                f"{name} {_shown(split.total)} = {_shown(split.within)} within epochs + {_shown(split.between)} between them"
                for name, split in (
                    ("predictive entropy in nats:", self.uncertainty.entropy),
                    ("variance if letters were sampled:", self.uncertainty.sampling),
                )
            ]
        return lines


def no_spread_json() -> dict[str, None]:
    """The fields where there are no answers."""
    return dict.fromkeys(_FIELDS)


_found: WeakKeyDictionary[Questions, dict[tuple[int, int, str], SpreadFindings | None]] = WeakKeyDictionary()


def spread_findings(questions: Questions, kind: str, *, resamples: int, seed: int) -> SpreadFindings | None:
    """Agreement of one group's answers; computed once for all of its losses, since it depends on none of them.

    Args:
        questions: The group as arrays.
        kind: What its predictions are.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap.

    Returns:
        The findings; None where predictions are no answers.
    """
    known = _found.setdefault(questions, {})
    key = (resamples, seed, kind)
    if key not in known:
        known[key] = _findings(questions, kind, resamples, seed) if questions.classes else None
    return known[key]


def _findings(questions: Questions, kind: str, resamples: int, seed: int) -> SpreadFindings:
    options: dict[str, Any] = {"resamples": resamples, "clusters": questions.clusters}
    predictions = questions.predictions
    if not questions.unparsed_class:
        # What counts as the uniform distribution in the error states nothing here.
        unparsed = np.append(questions.outcomes.status.equals("unparsed"), True)[questions.row]
        if kind == "probabilities":
            unparsed |= np.append(questions.outcomes.vector.sizes == 0, True)[questions.row]
        if (unparsed & ~np.isnan(predictions[:, :, 0])).any():
            predictions = np.where(unparsed[:, :, None], np.nan, predictions)
    answers = top_answers(predictions)
    uncertainty = None
    if kind == "probabilities":
        contexts = questions.context if is_nested(questions) else None
        uncertainty = inner_and_outer(predictions, contexts, rng=np.random.default_rng(seed), **options)
    shared = questions.context if shared_contexts(questions) else None
    return SpreadFindings(
        answer_agreement(answers, contexts=shared, rng=np.random.default_rng(seed), **options),
        answer_changes(answers, questions.context, rng=np.random.default_rng(seed), **options),
        uncertainty,
    )


def _split_json(split: UncertaintySplit) -> dict[str, Any]:
    return {
        "total": estimate_json(split.total),
        "within": estimate_json(split.within),
        "between": estimate_json(split.between),
        "questions": split.questions,
    }


def _per_cent_json(found: Share) -> dict[str, Any]:
    return {
        "percent": finite_or_none(100 * found.value),
        "ci": json_value(tuple(100 * end for end in found.interval)),
        "questions": found.questions,
    }


def _shown(found: Estimate) -> str:
    low, high = found.interval
    return f"{found.value:.3f}" + ("" if math.isnan(low) else f" [{low:.3f} … {high:.3f}]")


def _per_cent(found: Share) -> str:
    low, high = found.interval
    return f"{100 * found.value:.2f} %" + (
        "" if math.isnan(low) else f" [{100 * low:.2f} … {100 * high:.2f}]"
    )
