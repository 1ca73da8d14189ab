"""The fields of a log that count, typed; whatever else a log holds is skipped while decoding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias, TypeVar, cast

import msgspec

from hotmess_inspect.io.archive import DamagedLog, Readable, UnknownShape
from hotmess_inspect.schema import EpochMetadata

ANNOTATION = "hotmess_question"
"""Name of the score that `hotmess annotate` writes: numbers about verdicts, never a verdict."""

MAX_RECORD_BYTES = 1 << 25
"""Longest stretch of a summaries file that may hold no complete record."""
BUFFER_BYTES = 1 << 18
"""Text that is decoded at once; it stays in the second-level cache from inflating to the last field."""

_T = TypeVar("_T")
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
Buffer: TypeAlias = bytes | bytearray | memoryview


class ScoreRecord(msgspec.Struct, gc=False, frozen=True):
    """One scorer's verdict on one epoch."""

    value: Any = None
    answer: str | None = None
    metadata: EpochMetadata | None = None


class Usage(msgspec.Struct, gc=False, frozen=True):
    """Tokens of one model in one epoch."""

    output_tokens: Amount | None = None
    reasoning_tokens: Amount | None = None


class SummaryRecord(msgspec.Struct, gc=False, frozen=True):
    """One epoch of one question, as the log's summaries tell it."""

    id: int | str
    epoch: Count
    target: str | list[str] = ""
    choices: list[str] | None = None
    scores: dict[str, ScoreRecord | None] | None = None
    model_usage: dict[str, Usage] | None = None
    error: str | None = None
    limit: str | None = None
    retries: Count | None = None
    completed: bool = False
    message_count: Count | None = None
    turn_count: Count | None = None
    uuid: str | None = None
    # Undecoded: long, and of use for the first epoch of each question alone.
    metadata: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    invalid: bool = False


class DatasetRecord(msgspec.Struct, gc=False, frozen=True):
    """The data set as planned."""

    samples: int | None = None
    sample_ids: list[int | str] | None = None
    name: Any = None
    location: Any = None


class ConfigRecord(msgspec.Struct, gc=False, frozen=True):
    """Settings of the evaluation that change what an epoch is."""

    epochs: Count | None = None
    message_limit: int | None = None
    token_limit: int | None = None
    turn_limit: int | None = None
    time_limit: int | None = None
    working_limit: int | None = None
    cost_limit: float | None = None
    token_limit_type: str | None = None
    approval: Any = None
    review: Any = None
    sentinel: Any = None


class EvalRecord(msgspec.Struct, gc=False, frozen=True):
    """What was evaluated."""

    task: str
    model: str
    task_id: str = ""
    created: str = ""
    task_version: Any = None
    task_args: dict[str, Any] = {}
    solver: str | None = None
    solver_args: dict[str, Any] | None = None
    model_generate_config: dict[str, Any] = {}
    model_args: Any = None
    model_base_url: str | None = None
    model_roles: Any = None
    scorers: Any = None
    dataset: DatasetRecord = DatasetRecord()
    sandbox: Any = None
    config: ConfigRecord = ConfigRecord()
    packages: dict[str, Any] = {}
    metadata: Any = None


class PlanRecord(msgspec.Struct, gc=False, frozen=True):
    """How it was evaluated."""

    steps: Any = None
    config: dict[str, Any] = {}


class StopRecord(msgspec.Struct, gc=False, frozen=True):
    """An epoch that a manager of early stopping left out."""

    id: int | str
    epoch: Count


class StoppingRecord(msgspec.Struct, gc=False, frozen=True):
    """What was stopped early, and by whom."""

    manager: str = ""
    early_stops: list[StopRecord] = []


class ResultsRecord(msgspec.Struct, gc=False, frozen=True):
    """How many epochs were planned, and which were stopped early."""

    total_samples: int = 0
    completed_samples: int = 0
    early_stopping: StoppingRecord | None = None


class HeaderRecord(msgspec.Struct, gc=False, frozen=True):
    """``header.json``, or the journal's ``start.json`` of a log without results."""

    eval: EvalRecord
    version: int = 2
    status: str = "started"
    plan: PlanRecord = PlanRecord()
    results: ResultsRecord | None = None
    invalidated: bool = False


_SUMMARIES = msgspec.json.Decoder(list[SummaryRecord])
_HEADER = msgspec.json.Decoder(HeaderRecord)
# What parts two records: without spaces as Inspect writes them now, indented in old logs, with spaces after
# other tools. A quotation
# mark inside a string is escaped, so none of these can stand inside one.
_SEAMS = (b'},{"id":', b'},\n  {\n    "id":', b'}, {"id":')


def decode_header(data: bytes) -> HeaderRecord:
    """Decode ``header.json`` or ``start.json``."""
    return decode_as(_HEADER, data, HeaderRecord, "header")


def iter_summaries(
    source: Readable, name: str = "summaries.json", size: int = BUFFER_BYTES
) -> Iterator[list[SummaryRecord]]:
    """Decode a list of summaries piece by piece, so that memory stays small whatever its length.

    The list is cut where one record ends and the next begins. A cut inside of a record would leave a
    bracket open, which fails to decode, so a wrong guess is noticed and the text kept for the next try.

    Args:
        source: The JSON text.
        name: What errors call it.
        size: How long the text is, if that is known; a short one takes little memory.

    Yields:
        Lists of records in the order of the file; their undecoded fields hold until the next list is asked for.

    Raises:
        DamagedLog: If the text is no list of summaries or one record is longer than ``MAX_RECORD_BYTES``.
    """
    buffer, held, tried = bytearray(min(size, BUFFER_BYTES) + 1), 0, 0
    while True:
        if held == len(buffer):
            if held > MAX_RECORD_BYTES:
                raise DamagedLog(f"{name} holds a record of more than {MAX_RECORD_BYTES:,} bytes")
            buffer = buffer + bytes(held)
        count = source.readinto(memoryview(buffer)[held:])
        if not count:
            break
        held += count
        cut = _last_seam(buffer, held)
        # After a wrong guess as much text again must come before the next: bad text costs no more than good.
        if cut < 0 or held < 2 * tried:
            continue
        # The comma between two records becomes the end of the list: no copy of the text is needed.
        buffer[cut + 1] = ord("]")
        try:
            yield decode_as(_SUMMARIES, memoryview(buffer)[: cut + 2], list[SummaryRecord], name)
        except UnknownShape:
            raise
        except DamagedLog:
            if held > MAX_RECORD_BYTES:
                raise
            buffer[cut + 1] = ord(",")
            tried = held
        else:
            rest = held - cut - 2
            buffer[: rest + 1] = b"[" + buffer[cut + 2 : held]
            held, tried = rest + 1, 0
    yield decode_as(_SUMMARIES, memoryview(buffer)[:held], list[SummaryRecord], name)


def _last_seam(text: bytearray, end: int) -> int:
    return next((at for seam in _SEAMS if (at := text.rfind(seam, 0, end)) > 0), -1)


def decode_as(decoder: msgspec.json.Decoder[_T], data: Buffer, type_: Any, name: str) -> _T:
    """Decode typed JSON; constants that are not JSON (NaN, Infinity) are understood.

    Raises:
        UnknownShape: If the JSON is sound and its types are not as expected.
        DamagedLog: If it is no JSON.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        # Raised at the first wrong type, before the rest of the text has been looked at.
        if _is_json(data):
            raise UnknownShape(f"{name} is not as Inspect writes it: {error}") from error
        return cast(_T, _decode_constants(data, type_, name))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Inspect writes NaN and Infinity, which JSON does not have; the standard library reads them.
        return cast(_T, _decode_constants(data, type_, name))


def _is_json(data: Buffer) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _decode_constants(data: Buffer, type_: Any, name: str) -> Any:
    try:
        return msgspec.convert(_with_raw_metadata(_without_lone_surrogates(json.loads(bytes(data)))), type_)
    except msgspec.ValidationError as error:
        raise UnknownShape(f"{name} is not as Inspect writes it: {error}") from error
    except RecursionError as error:
        raise DamagedLog(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise DamagedLog(f"{name} is not valid JSON: {error}") from error


def _with_raw_metadata(document: Any) -> Any:
    """Metadata and input of samples as JSON text again, which is what the records hold."""
    samples = document.get("samples") or [document] if isinstance(document, dict) else document
    for sample in samples if isinstance(samples, list) else []:
        for name in ("metadata", "input") if isinstance(sample, dict) else ():
            if name in sample:
                sample[name] = msgspec.Raw(json.dumps(sample[name]).encode())
    return document


def _without_lone_surrogates(value: Any) -> Any:
    """Half characters, which JSON can spell and no file can hold, become replacement characters."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_lone_surrogates(v) for v in value]
    if isinstance(value, dict):
        return {_without_lone_surrogates(k): _without_lone_surrogates(v) for k, v in value.items()}
    return value
