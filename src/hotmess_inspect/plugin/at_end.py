"""Hook at the end of an eval of our own tasks: writes each question's numbers into the log.

Inspect calls this hook when the run is over and its logs are written. Nothing heavy is imported before.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from inspect_ai.hooks import Hooks, RunEnd, hooks

VARIABLE = "HOTMESS_ANNOTATE"
"""Environment variable that switches the annotation off (`off`, `no`, `false`, `0`)."""
MAX_BYTES = 200 * 2**20
"""Logs above this are left alone: annotating holds the whole log in memory, transcripts included."""


def subscribe() -> None:
    """Subscribe to Inspect's events; done when a task of ours is made, so that other runs are left alone."""
    hooks(
        name="annotate",
        description=f"per-question bias, variance and incoherence in logs of hotmess tasks ({VARIABLE}=off: none)",
    )(AnnotateAtEnd)


class AnnotateAtEnd(Hooks):
    """Annotates the finished logs of a run in place, where nobody else will write to them any more."""

    def enabled(self) -> bool:
        """Whether the user did not switch this off."""
        return os.environ.get(VARIABLE, "").strip().lower() not in ("off", "no", "false", "0")

    async def on_run_end(self, data: RunEnd) -> None:
        """Annotate what the run wrote; whatever goes wrong is a sentence, never a failed eval."""
        from anyio import to_thread

        if data.eval_set_id is not None or data.exception is not None:
            # An eval set takes the samples of its logs over into later logs, with the numbers of now.
            return
        for log in data.logs:
            if may_be_ours(log):
                sentence = await to_thread.run_sync(annotate_quietly, log.location)
                if sentence:
                    print(sentence, file=sys.stderr)


def may_be_ours(log: Any) -> bool:
    """Whether a header is that of a finished, local log with several epochs."""
    if log.status != "success" or (log.eval.config.epochs or 1) < 2 or not log.location:
        return False
    return "://" not in log.location or log.location.startswith("file://")


def has_our_scores(location: str) -> bool:
    """Whether the first epoch of a log was scored by a scorer of ours, from the summaries alone.

    Args:
        location: Path of a log.

    Raises:
        ValueError: If it cannot be read.
    """
    from hotmess_inspect.io.archive import Archive
    from hotmess_inspect.io.json_log import decode_json_log
    from hotmess_inspect.io.records import iter_summaries
    from hotmess_inspect.io.sources import find_files

    (file,) = find_files(location)
    if file.suffix == ".json":
        summaries = decode_json_log(file)[1]
    else:
        summaries = next(iter(iter_summaries(Archive(file).open("summaries.json"))), [])
    scored = [row.scores for row in summaries if row.scores]
    found = [score.metadata for score in scored[0].values() if score] if scored else []
    return any(metadata is not None and metadata.hm_kind is not None for metadata in found)


def annotate_quietly(location: str) -> str:
    """Annotate a log in place if its verdicts are those of a scorer of ours.

    Args:
        location: Path of a finished log.

    Returns:
        Why it was left as it is, or nothing.
    """
    try:
        from hotmess_inspect.plugin.annotate import annotate_log
        from hotmess_inspect.results.analyze import Options

        if not has_our_scores(location):
            return ""
        size = os.path.getsize(location.removeprefix("file://"))
        if size > MAX_BYTES:
            return (
                f"hotmess: {location} has {size >> 20} MB, more than the {MAX_BYTES >> 20} MB that are annotated "
                "at the end of a run; hotmess annotate does it when there is memory to hold the log"
            )
        annotate_log(location, location, options=Options(resamples=1))
    except Exception as error:  # an eval that has succeeded stays one, whatever fails here
        return f"hotmess: {location} is left without per-question numbers: {error}"
    return ""
