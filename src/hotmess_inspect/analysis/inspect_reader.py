"""The slow way into a log: Inspect's own API, for what the fast reader does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .archive import DamagedLog
from .records import HeaderRecord, HmMetadata, ScoreRecord, SummaryRecord, Usage


def read_by_inspect(path: str) -> tuple[HeaderRecord, Sequence[SummaryRecord]]:
    """Read a log's header and summaries with Inspect.

    Args:
        path: Path or URI.

    Returns:
        Header and summaries, as the fast reader would have found them.

    Raises:
        DamagedLog: If Inspect cannot read the log either.
    """
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

    try:
        log = read_eval_log(path, header_only=True)
        summaries = read_eval_log_sample_summaries(path)
    except Exception as error:  # Inspect promises no exception types for files that it cannot read
        raise DamagedLog(f"neither the fast reader nor Inspect can read it: {error}") from error
    header = msgspec.convert(log.model_dump(exclude={"samples", "reductions"}), HeaderRecord)
    return header, [_record(summary) for summary in summaries]


def _record(summary: Any) -> SummaryRecord:
    scores = summary.scores
    return SummaryRecord(
        id=summary.id,
        epoch=summary.epoch,
        target=summary.target,
        choices=summary.choices,
        scores=None if scores is None else {name: _score(score) for name, score in scores.items()},
        model_usage=_usage(summary),
        error=summary.error,
        limit=summary.limit,
        retries=summary.retries,
        completed=summary.completed,
        message_count=summary.message_count,
        turn_count=summary.turn_count,
        uuid=summary.uuid,
    )


def _usage(summary: Any) -> dict[str, Usage] | None:
    """Tokens per model; ``None`` in old logs, which say nothing of them and so say nothing of caches."""
    if "model_usage" not in summary.model_fields_set:
        return None
    return {name: Usage(u.output_tokens, u.reasoning_tokens) for name, u in summary.model_usage.items()}


def _score(score: Any) -> ScoreRecord:
    metadata = {k: v for k, v in (score.metadata or {}).items() if k.startswith("hm_")}
    try:
        known = msgspec.convert(metadata, HmMetadata)
    except msgspec.ValidationError:
        # Entries of this name that are not ours: the verdict itself still counts.
        known = None
    return ScoreRecord(score.value, score.answer, known)
