"""Logs in Inspect's JSON format, and the transcripts of archives without summaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from hotmess_inspect.io.archive import FREE_BYTES, Archive, DamagedLog
from hotmess_inspect.io.records import (
    Count,
    HeaderRecord,
    ScoreRecord,
    SummaryRecord,
    Usage,
    decode_as,
)
from hotmess_inspect.io.sources import File

MAX_JSON_BYTES = 1 << 30
_SNIFFED_BYTES = 1 << 12


class Skipped(msgspec.Struct, gc=False, frozen=True):
    """Something that is counted and not looked into."""


class LimitRecord(msgspec.Struct, gc=False, frozen=True):
    """The limit that stopped a sample."""

    type: str


class SampleRecord(msgspec.Struct, gc=False, frozen=True):
    """A whole sample; messages are counted, not read."""

    id: int | str
    epoch: Count
    target: str | list[str] = ""
    choices: list[str] | None = None
    scores: dict[str, ScoreRecord | None] | None = None
    score: ScoreRecord | None = None
    model_usage: dict[str, Usage] | None = None
    error: Any = None
    error_retries: list[Skipped] | None = None
    limit: LimitRecord | None = None
    messages: list[Skipped] = []
    turn_count: Count | None = None
    uuid: str | None = None
    metadata: msgspec.Raw = msgspec.Raw()

    def summary(self) -> SummaryRecord:
        """What the log's summaries would say of the sample."""
        # Logs of Inspect's first versions have one score, without a name.
        scores: dict[str, ScoreRecord | None] | None = (
            self.scores if self.score is None else {"score": self.score}
        )
        return SummaryRecord(
            id=self.id,
            epoch=self.epoch,
            target=self.target,
            choices=self.choices,
            scores=scores,
            model_usage=self.model_usage,
            error=None if self.error is None else str(self.error),
            limit=None if self.limit is None else self.limit.type,
            retries=None if self.error_retries is None else len(self.error_retries),
            completed=True,
            message_count=len(self.messages),
            turn_count=self.turn_count,
            uuid=self.uuid,
            metadata=self.metadata,
        )


class JsonLogRecord(HeaderRecord, gc=False, frozen=True):
    """A log in one JSON document: the header's fields with the samples beside them."""

    samples: list[SampleRecord] | None = None


_LOG = msgspec.json.Decoder(JsonLogRecord)
_SAMPLE = msgspec.json.Decoder(SampleRecord)

# The logs.json beside the logs of an eval set: headers by the names of their files.
_LISTING = re.compile(rb'\s*\{\s*"[^"]*\.(?:eval|json)"\s*:')


def looks_like_log(file: File) -> bool:
    """Whether a JSON file starts as a log does; folders of logs hold other JSON files too."""
    start = file.read(0, _SNIFFED_BYTES)
    if _LISTING.match(start):
        return False
    return start.lstrip()[:1] == b"{" and b'"version"' in start and b'"eval"' in start


def decode_json_log(file: File) -> tuple[HeaderRecord, list[SummaryRecord]]:
    """Read a log in JSON.

    Raises:
        DamagedLog: If it is larger than ``MAX_JSON_BYTES``, damaged, or no log.
    """
    if file.size > MAX_JSON_BYTES:
        raise DamagedLog(
            f"a JSON log of {file.size:,} bytes; at most {MAX_JSON_BYTES:,} are read (convert it to .eval)"
        )
    if file.size == 0:
        raise DamagedLog("the file is empty")
    log = decode_as(_LOG, file.read(0, file.size), JsonLogRecord, "the log")
    samples, spec = log.samples or [], log.eval
    if spec.dataset.sample_ids is None:
        # Old logs don't list what was planned. Inspect, too, then takes what left a record.
        dataset = replace(spec.dataset, sample_ids=list(dict.fromkeys(sample.id for sample in samples)))
        spec = replace(spec, dataset=dataset)
    header = HeaderRecord(spec, log.version, log.status, log.plan, log.results, log.invalidated)
    return header, [sample.summary() for sample in samples]


def iter_samples(archive: Archive) -> Iterator[list[SummaryRecord]]:
    """Summaries made from the transcripts of an archive that has none, a sample at a time."""
    for name in archive.members:
        if name.startswith("samples/") and name.endswith(".json"):
            yield [decode_as(_SAMPLE, archive.read(name, FREE_BYTES * 4), SampleRecord, name).summary()]
