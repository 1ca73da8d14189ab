"""Fallback reader of logs: Inspect's own API, for what the fast reader does not know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from hotmess_inspect.io.archive import DamagedLog
from hotmess_inspect.io.records import HeaderRecord, SummaryRecord
from hotmess_inspect.schema import EpochMetadata


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
        if path.lower().endswith(".json"):
            # One document, which is read as a whole in any case.
            log = read_eval_log(path)
            summaries = [_summary(sample) for sample in log.samples or []]
        else:
            log = read_eval_log(path, header_only=True)
            summaries = read_eval_log_sample_summaries(path)
    except Exception as error:  # Inspect promises no exception types for files that it cannot read
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DamagedLog(f"Inspect cannot read it either: {first_line}") from error
    try:
        header = msgspec.convert(log.model_dump(exclude={"samples", "reductions"}), HeaderRecord)
        return header, [_record(summary) for summary in summaries]
    except msgspec.ValidationError as error:
        raise DamagedLog(f"Inspect reads it, but it says things of unknown form: {error}") from error


def _summary(sample: Any) -> Any:
    """A sample's summary, which says nothing of tokens where the sample does not."""
    summary = sample.summary()
    if "model_usage" not in sample.model_fields_set:
        summary.model_fields_set.discard("model_usage")
    return summary


def _record(summary: Any) -> SummaryRecord:
    record = msgspec.convert(_fields(summary), SummaryRecord)
    metadata = json.dumps(summary.metadata, default=str).encode()
    input_ = json.dumps(summary.model_dump(mode="json", include={"input"})["input"]).encode()
    return msgspec.structs.replace(record, metadata=msgspec.Raw(metadata), input=msgspec.Raw(input_))


_APART = frozenset({"scores", "model_usage", "metadata", "input", "invalid"})


def _fields(summary: Any) -> dict[str, Any]:
    """A summary as the plain values that are checked on the way into a record."""
    names = [f for f in SummaryRecord.__struct_fields__ if f not in _APART]
    fields: dict[str, Any] = {name: getattr(summary, name) for name in names}
    scores = summary.scores
    fields["scores"] = None if scores is None else {name: _score(score) for name, score in scores.items()}
    if "model_usage" in summary.model_fields_set:
        # Old logs say nothing of tokens, and so nothing of caches.
        fields["model_usage"] = {name: usage.model_dump() for name, usage in summary.model_usage.items()}
    return fields


def _score(score: Any) -> dict[str, Any]:
    metadata = {k: v for k, v in (score.metadata or {}).items() if k.startswith("hm_")}
    try:
        msgspec.convert(metadata, EpochMetadata)
    except msgspec.ValidationError:
        # Entries of this name that are not ours: the verdict itself still counts.
        metadata = {}
    return {"value": score.value, "answer": score.answer, "metadata": metadata}
