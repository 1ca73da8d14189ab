"""Columns for Inspect's `samples_df`: what our scorers say of an epoch, and an annotation of its question.

```python
from inspect_ai.analysis import SampleSummary, samples_df
from hotmess_inspect.analysis.columns import EPOCH_COLUMNS, QUESTION_COLUMNS

frame = samples_df("logs", columns=[*SampleSummary, *EPOCH_COLUMNS, *QUESTION_COLUMNS])
```
"""

from __future__ import annotations

from inspect_ai.analysis import Column, SampleColumn
from pydantic import JsonValue

from hotmess_inspect.io.records import ANNOTATION


def hm_entries(scores: JsonValue) -> dict[str, JsonValue]:
    """The `hm_*` metadata of the first score that has them, without the prefix.

    Args:
        scores: A sample's scores, by scorer.
    """
    for metadata in _metadata(scores):
        if "hm_kind" in metadata:
            return {k.removeprefix("hm_"): v for k, v in metadata.items() if k.startswith("hm_")}
    return {}


def question_entries(scores: JsonValue) -> dict[str, JsonValue]:
    """The numbers that `hotmess annotate` wrote for the sample's question, and their loss and estimator.

    Args:
        scores: A sample's scores, by scorer.
    """
    score = scores.get(ANNOTATION) if isinstance(scores, dict) else None
    if not isinstance(score, dict) or not isinstance(score.get("value"), dict):
        return {}
    metadata = score.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    return {**score["value"], **{k: said[k] for k in ("loss", "estimator") if k in said}}  # type: ignore[dict-item]


def _metadata(scores: JsonValue) -> list[dict[str, JsonValue]]:
    found = (
        [s.get("metadata") for s in scores.values() if isinstance(s, dict)]
        if isinstance(scores, dict)
        else []
    )
    return [metadata for metadata in found if isinstance(metadata, dict)]


EPOCH_COLUMNS: list[Column] = [SampleColumn("hm_*", path="scores", value=hm_entries, full=False)]
"""`hm_kind`, `hm_answer`, `hm_output_tokens`, …: from the log's summaries, without transcripts."""

QUESTION_COLUMNS: list[Column] = [
    SampleColumn("question_*", path="scores", value=question_entries, full=False)
]
"""`question_error`, `question_bias_squared`, `question_variance`, `question_incoherence`, …"""
