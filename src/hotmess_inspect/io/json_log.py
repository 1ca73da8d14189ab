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
from hotmess_inspect.words import counted

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
    input: msgspec.Raw = msgspec.Raw()
    invalidation: Any = None

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
            input=self.input,
            invalid=self.invalidation is not None,
        )


class JsonLogRecord(HeaderRecord, gc=False, frozen=True):
    """A log in one JSON document: the header's fields with the samples beside them."""

    samples: list[SampleRecord] | None = None


_LOG = msgspec.json.Decoder(JsonLogRecord)
_SAMPLE = msgspec.json.Decoder(SampleRecord)


class _TopLevel(msgspec.Struct, gc=False, frozen=True):
    """What a JSON document needs to be a log."""

    eval: msgspec.Raw
    version: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()
    samples: msgspec.Raw = msgspec.Raw()


_TOP_LEVEL = msgspec.json.Decoder(_TopLevel)
_FIRST_KEY = re.compile(rb'\s*\{\s*"([a-z_]+)"\s*:')
_LOG_KEYS = frozenset(
    b"version status eval plan results stats error invalidated samples reductions location etag log_updates".split()
)
# The logs.json beside the logs of an eval set: headers by the names of their files.
_LISTING = re.compile(rb'\s*\{\s*"[^"]*\.(?:eval|json)"\s*:')


def looks_like_log(file: File) -> bool:
    """Whether a JSON file is a log, whatever the order of its keys; folders of logs hold other JSON files too."""
    start = file.read(0, _SNIFFED_BYTES)
    if _LISTING.match(start):
        return False
    if start.lstrip()[:1] == b"{" and b'"version"' in start and b'"eval"' in start and b'"task"' in start:
        return True
    first = _FIRST_KEY.match(start)
    if first is None or first[1] not in _LOG_KEYS or file.size > MAX_JSON_BYTES:
        return False
    # Sorted keys or samples first: only the whole tells.
    try:
        found = _TOP_LEVEL.decode(file.read(0, file.size))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b'"eval"' in start and b'"version"' in start
    return bool(bytes(found.version) or bytes(found.samples))


def decode_json_log(file: File) -> tuple[HeaderRecord, list[SummaryRecord]]:
    """Read a log in JSON.

    Raises:
        DamagedLog: If it is larger than ``MAX_JSON_BYTES``, damaged, or no log.
    """
    if file.size > MAX_JSON_BYTES:
        raise DamagedLog(
            f"a JSON log of {counted(file.size, 'byte')}; at most {MAX_JSON_BYTES:,} are read (convert it to .eval)"
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


class _Validity(msgspec.Struct, gc=False, frozen=True):
    """Whether a sample was marked invalid."""

    id: int | str
    epoch: Count
    invalidation: Any = None


_VALIDITY = msgspec.json.Decoder(_Validity)


def invalid_epochs(archive: Archive) -> set[tuple[str, int]]:
    """Question and epoch of the samples that were marked invalid, which only transcripts tell.

    Args:
        archive: Opened with its transcripts.

    Raises:
        DamagedLog: If a transcript cannot be read.
    """
    found = set()
    for name in archive.members:
        if name.startswith("samples/") and name.endswith(".json"):
            sample = decode_as(_VALIDITY, archive.read(name, FREE_BYTES * 4), _Validity, name)
            if sample.invalidation is not None:
                found.add((str(sample.id), sample.epoch))
    return found
