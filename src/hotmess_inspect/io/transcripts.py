"""Answers from transcripts, for logs whose summaries have none.

Inspect wrote verdicts without answers into the summaries for a while, until 0.3.12x. Without answers a
multiple-choice log is one of rights and wrongs: no classes, and nothing about which wrong answer was given.
"""

from __future__ import annotations

import re

from hotmess_inspect.io.archive import Archive, DamagedLog
from hotmess_inspect.io.json_log import iter_samples
from hotmess_inspect.io.log_rows import LogRows
from hotmess_inspect.io.records import HeaderRecord
from hotmess_inspect.io.sources import File, RemoteFile
from hotmess_inspect.words import counted

FIRST_WITH_ANSWERS = 130
"""Inspect 0.3.x from which on summaries surely hold answers."""
MAX_TRANSCRIPTS = 20_000
MAX_REMOTE_TRANSCRIPTS = 200
"""Each costs a request of its own."""

_VERSION = re.compile(r"0\.3\.(\d{1,6})")


def keeps_answers_apart(header: HeaderRecord) -> bool:
    """Whether a version of Inspect wrote the log that may have left answers out of its summaries."""
    version = header.eval.packages.get("inspect_ai")
    found = _VERSION.match(version) if isinstance(version, str) else None
    return found is not None and int(found[1]) < FIRST_WITH_ANSWERS


def with_answers(file: File, rows: LogRows, transcripts: int) -> LogRows:
    """The rows as the transcripts tell them, where these hold answers and all of the epochs.

    Args:
        file: The archive.
        rows: What its summaries say.
        transcripts: How many transcripts it holds.

    Returns:
        Rows from the transcripts, or the given ones with a note if reading them would take too long, if
        they are damaged, or if they are not as many as the summaries. The given ones as they are if
        transcripts hold no answers either.
    """
    samples = iter_samples(Archive(file, transcripts=True))
    found = LogRows(rows.location, rows.header, rows.cluster)
    try:
        found.add(next(samples, []))
        if found.without_answers or not len(found):
            return rows
        most = MAX_REMOTE_TRANSCRIPTS if isinstance(file, RemoteFile) else MAX_TRANSCRIPTS
        if transcripts > most:
            rows.notes.append(
                f"its answers stand in {counted(transcripts, 'transcript')}, not in its summaries; at most {most:,} are "
                "read, so its verdicts count as scores"
            )
            return rows
        for batch in samples:
            found.add(batch)
    except DamagedLog as error:
        rows.notes.append(f"its answers stand in its transcripts, which cannot be read: {error}")
        return rows
    if len(found) != len(rows):
        rows.notes.append(
            f"its answers stand in its transcripts, which are {len(found)} and not {len(rows)} as its summaries; "
            "its verdicts count as scores"
        )
        return rows
    found.notes.append("its summaries hold no answers: read from its transcripts")
    return found
