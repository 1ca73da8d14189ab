"""What an epoch did, call by call: from the transcripts of logs, streamed one sample at a time."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Generic, TypeVar

import msgspec

from hotmess_inspect.io.archive import FREE_BYTES, Archive, DamagedLog
from hotmess_inspect.io.json_log import looks_like_log
from hotmess_inspect.io.records import Count, decode_as
from hotmess_inspect.io.sources import File

_T = TypeVar("_T")
_MAX_SAMPLE = FREE_BYTES * 4
_ATTACHED = "attachment://"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool.

    Attributes:
        tool: Name of the tool.
        arguments: Its arguments; text where they were no JSON object.
        result: What the tool answered, as text.
        event: Id of the log's event, for links into the log viewer; empty where there is none.
    """

    tool: str
    arguments: dict[str, Any] | str
    result: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One epoch of one question.

    Attributes:
        log: The log's path, as in the outcomes.
        question: Question id.
        epoch: Epoch number, from 1.
        calls: Tool calls in the order in which they were made.
        text: What the model thought and wrote between its calls, or without any.
        seconds: Working time; NaN where unknown.
        tests: Names of the unit tests that count, FAIL_TO_PASS first; empty where the log has none.
    """

    log: str
    question: str
    epoch: int
    calls: tuple[Call, ...]
    text: str = ""
    seconds: float = float("nan")
    tests: tuple[str, ...] = ()


class _Function(msgspec.Struct, gc=False, frozen=True):
    id: str = ""
    function: str = ""
    arguments: Any = None


class _Message(msgspec.Struct, gc=False, frozen=True):
    role: str = ""
    content: Any = None
    tool_calls: list[_Function] | None = None
    tool_call_id: str | None = None


class _Choice(msgspec.Struct, gc=False, frozen=True):
    message: _Message = _Message()


class _Output(msgspec.Struct, gc=False, frozen=True):
    choices: list[_Choice] = []


class _Event(msgspec.Struct, gc=False, frozen=True):
    """The fields of tool calls, of model calls and of spans; other events are passed over."""

    event: str = ""
    uuid: str | None = None
    id: Any = None
    function: str | None = None
    arguments: Any = None
    result: Any = None
    error: Any = None
    name: Any = None
    role: Any = None
    tools: Any = None
    output: Any = None


class _About(msgspec.Struct, gc=False, frozen=True):
    fail_to_pass: Any = None
    pass_to_pass: Any = None

    @property
    def tests(self) -> tuple[str, ...]:
        parts = [part if isinstance(part, list) else [] for part in (self.fail_to_pass, self.pass_to_pass)]
        return tuple(str(name) for part in parts for name in part)


class _Sample(msgspec.Struct, gc=False, frozen=True):
    id: int | str
    epoch: Count
    messages: list[_Message] = []
    events: list[_Event] = []
    attachments: dict[str, str] = {}
    working_time: float | None = None
    metadata: _About | None = None


class _JsonLog(msgspec.Struct, gc=False, frozen=True):
    samples: list[_Sample] | None = None


_SAMPLE = msgspec.json.Decoder(_Sample)
_LOG = msgspec.json.Decoder(_JsonLog)


def iter_trajectories(
    files: Iterable[File],
    *,
    failed: Callable[[str, str], None],
    progress: Callable[[int], None] | None = None,
    wanted: Callable[[str, str, int], bool] | None = None,
    alone: tuple[str, int] | None = None,
) -> Iterator[Trajectory]:
    """The epochs of logs, one after the other; at no time is more than one sample of an archive in memory.

    Args:
        files: Logs (``.eval``, ``.json``) and τ-bench results; tables hold no calls and are passed over.
        failed: Told of each log or sample that cannot be read, as (file, reason); the rest goes on.
        progress: Called after each sample with the bytes of its file that are behind it.
        alone: Question and epoch of a file that holds the trajectory of one trial without naming it.
        wanted: Whether an epoch, as (log, question, epoch), is of interest; all are by default.

    Yields:
        Trajectories in the order of the files.
    """
    for file in files:
        try:
            for trajectory in _of_file(file, failed, progress, alone):
                if wanted is None or wanted(trajectory.log, trajectory.question, trajectory.epoch):
                    yield trajectory
        except (ValueError, OSError, EOFError) as error:
            failed(file.path, str(error))
        if progress is not None:
            progress(file.size)


def _of_file(
    file: File,
    failed: Callable[[str, str], None],
    progress: Callable[[int], None] | None,
    alone: tuple[str, int] | None,
) -> Iterator[Trajectory]:
    if file.suffix == ".eval" or file.read(0, 4) == b"PK\x03\x04":
        archive = Archive(file, transcripts=True)
        for member in archive.members.values():
            if not (member.name.startswith("samples/") and member.name.endswith(".json")):
                continue
            try:
                data = archive.read(member.name, _MAX_SAMPLE)
                yield _of_sample(file.path, decode_as(_SAMPLE, data, _Sample, member.name))
            except DamagedLog as error:
                failed(file.path, str(error))
            if progress is not None:
                progress(member.offset + member.compressed)
    elif alone is not None and (beside := trajectory_beside(file.path)) is not None:
        yield _atif_trajectory(file.path, beside, *alone)
    elif looks_like_tau(file):
        yield from _tau_trajectories(file)
    elif file.suffix == ".json" and looks_like_log(file):
        log = decode_as(_LOG, file.read(0, file.size), _JsonLog, "the log")
        yield from (_of_sample(file.path, sample) for sample in log.samples or [])


def _of_sample(log: str, sample: _Sample) -> Trajectory:
    attached = sample.attachments

    def resolve(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(_ATTACHED):
            return attached.get(value[len(_ATTACHED) :], value)
        if isinstance(value, dict):
            return {key: resolve(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [resolve(entry) for entry in value]
        return value

    calls = tuple(_as_call(call, resolve) for call in _called(sample) or _called_in_text(sample, resolve))
    written = [_written(resolve(m.content)) for m in sample.messages if m.role == "assistant"]
    return Trajectory(
        log,
        str(sample.id),
        sample.epoch,
        calls,
        "\n\n".join(text for text in written if text),
        float("nan") if sample.working_time is None else sample.working_time,
        sample.metadata.tests if sample.metadata else (),
    )


@dataclass(slots=True)
class _Found:
    tool: str
    arguments: Any
    result: Any = None
    event: str = ""


class CallsById(Generic[_T]):
    """What was asked for, to be matched with its answers by ids.

    Ids are unique with most providers, but some number the calls of every turn anew, or use a tool's name. So an id
    stands for the first call under it that has no answer yet.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[_T]] = {}

    def waiting(self, name: str) -> _T | None:
        """The first call under this id without an answer."""
        return next(iter(self._open.get(name, ())), None)

    def ask(self, name: str, call: _T) -> None:
        """Note a call."""
        self._open.setdefault(name, []).append(call)

    def answer(self, name: str | None) -> _T | None:
        """The call that an answer under this id belongs to, which is then no longer waiting."""
        waiting = self._open.get(name or "")
        return waiting.pop(0) if waiting else None


def _called(sample: _Sample) -> list[_Found]:
    """Every call: what the model asked for, and what ran without being asked for.

    Some agents shorten their messages, and agents inside of a sandbox never write them: events hold them all.
    Scoring is no part of the epoch, nor is what models in another role do. An answer of the model that is recorded
    twice before its calls run is one.
    """
    found: list[_Found] = []
    calls: CallsById[_Found] = CallsById()
    for event in sample.events:
        if event.event == "span_begin" and event.name == "scorers":
            break
        if event.event == "model" and event.role is None and not event.error and event.output:
            try:
                output = msgspec.convert(event.output, _Output)
            except msgspec.ValidationError:
                continue
            own = (output.choices[0].message.tool_calls if output.choices else None) or []
            before = [(call, calls.waiting(call.id)) for call in own]
            if all(w and (w.tool, w.arguments) == (call.function, call.arguments) for call, w in before):
                continue
            for call in own:
                found.append(_Found(call.function, call.arguments, event=event.uuid or ""))
                calls.ask(call.id, found[-1])
        elif event.event == "tool" and event.function:
            made = calls.answer(event.id) if isinstance(event.id, str) else None
            if made is None:
                found.append(made := _Found(event.function, event.arguments))
            made.tool, made.arguments, made.event = event.function, event.arguments, event.uuid or ""
            made.result = event.error.get("message") if isinstance(event.error, dict) else event.result
    if not found:
        # Logs of Inspect's first versions, and of other writers, have messages only.
        for message in sample.messages:
            for call in message.tool_calls or []:
                found.append(_Found(call.function, call.arguments))
                calls.ask(call.id, found[-1])
            if message.role == "tool" and (made := calls.answer(message.tool_call_id)) is not None:
                made.result = message.content
    return found


_FENCED = re.compile(r"^```(?:bash|sh|shell|mswea_bash_command)[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _called_in_text(sample: _Sample, resolve: Callable[[Any], Any]) -> list[_Found]:
    """Shell commands of agents that write them between fences, where what they printed comes as the next message.

    Where a model had tools to call, what it wrote instead was not run, and the next message only tells it to go on.
    """
    if any(event.event == "model" and event.tools for event in sample.events):
        return []
    return [
        _Found("bash", {"command": command.strip()}, after.content)
        for message, after in pairwise(sample.messages)
        if message.role == "assistant" and after.role == "user"
        for command in _FENCED.findall(_written(resolve(message.content)))
    ]


def _as_call(found: _Found, resolve: Callable[[Any], Any]) -> Call:
    return Call(
        found.tool, _arguments(resolve(found.arguments)), _written(resolve(found.result)), found.event
    )


def _arguments(arguments: Any) -> dict[str, Any] | str:
    return arguments if isinstance(arguments, dict) else _parsed(arguments)


def _parsed(arguments: Any) -> dict[str, Any] | str:
    """Arguments as an object, or as the text that they are."""
    if isinstance(arguments, str):
        try:
            value = json.loads(arguments)
        except (ValueError, RecursionError):
            return arguments
        return value if isinstance(value, dict) else arguments
    return "" if arguments is None else json.dumps(arguments, sort_keys=True)


def _written(content: Any) -> str:
    """The text of a message or of a tool's answer, reasoning included."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [
            part
            if isinstance(part, str)
            else str(part.get("text") or part.get("reasoning") or part.get("type") or "")
            for part in content
            if isinstance(part, str | dict)
        ]
        return "\n\n".join(part for part in parts if part)
    return json.dumps(content, sort_keys=True)


# Harbor: the trajectory of a trial lies beside its result, in the Agent Trajectory Interchange Format (ATIF).


class _AtifCall(msgspec.Struct, gc=False, frozen=True):
    tool_call_id: str = ""
    function_name: str = ""
    arguments: Any = None


class _AtifResult(msgspec.Struct, gc=False, frozen=True):
    source_call_id: str | None = None
    content: Any = None


class _AtifObservation(msgspec.Struct, gc=False, frozen=True):
    results: list[_AtifResult] = []


class _AtifStep(msgspec.Struct, gc=False, frozen=True):
    source: str = ""
    message: Any = None
    reasoning_content: Any = None
    tool_calls: list[_AtifCall] | None = None
    observation: _AtifObservation | None = None


class _Atif(msgspec.Struct, gc=False, frozen=True):
    steps: list[_AtifStep]


_ATIF = msgspec.json.Decoder(_Atif)


def trajectory_beside(path: str) -> str | None:
    """The ATIF trajectory of the trial whose local result this is, ``None`` without one."""
    if "://" in path or os.path.basename(path) != "result.json":
        return None
    found = os.path.join(os.path.dirname(path), "agent", "trajectory.json")
    return found if os.path.isfile(found) else None


def _atif_trajectory(log: str, path: str, question: str, epoch: int) -> Trajectory:
    if os.path.getsize(path) > _MAX_SAMPLE:
        raise DamagedLog(f"{path} has more than {_MAX_SAMPLE:,} bytes")
    with open(path, "rb") as file:
        steps = decode_as(_ATIF, file.read(), _Atif, path).steps
    found: list[_Found] = []
    asked: CallsById[_Found] = CallsById()
    for step in steps:
        for call in step.tool_calls or []:
            found.append(_Found(call.function_name, call.arguments))
            asked.ask(call.tool_call_id, found[-1])
        for result in step.observation.results if step.observation else []:
            if (made := asked.answer(result.source_call_id)) is not None:
                made.result = result.content
    calls = tuple(_as_call(one, lambda value: value) for one in found)
    told = [_written(part) for s in steps if s.source == "agent" for part in (s.reasoning_content, s.message)]
    return Trajectory(log, question, epoch, calls, "\n\n".join(t for t in told if t))


# τ-bench: a list of runs, each with task_id, trial, reward and traj, the messages as OpenAI's API has them.


class _TauFunction(msgspec.Struct, gc=False, frozen=True):
    name: str = ""
    arguments: Any = None


class _TauCall(msgspec.Struct, gc=False, frozen=True):
    """A call; τ² writes name and arguments without the function around them."""

    id: str = ""
    function: _TauFunction = _TauFunction()
    name: str = ""
    arguments: Any = None


class _TauMessage(msgspec.Struct, gc=False, frozen=True):
    role: str = ""
    content: Any = None
    tool_calls: list[_TauCall] | None = None
    tool_call_id: str | None = None
    id: Any = None


class TauRun(msgspec.Struct, gc=False, frozen=True):
    """One run of one τ-bench task."""

    task_id: int | str
    trial: int = 0
    traj: list[_TauMessage] | None = None
    messages: list[_TauMessage] | None = None

    @property
    def talk(self) -> list[_TauMessage]:
        """The messages, under either name."""
        return self.traj or self.messages or []


class TauSimulations(msgspec.Struct, gc=False, frozen=True):
    """A result file of τ²-bench."""

    simulations: list[TauRun]


_TAU = msgspec.json.Decoder(list[TauRun])
_TAU2 = msgspec.json.Decoder(TauSimulations)


def looks_like_tau(file: File) -> bool:
    """Whether a file starts as the results of τ-bench do, compressed or not."""
    name = PurePosixPath(file.path.lower())
    if name.suffix not in (".json", ".gz"):
        return False
    start = file.read(0, 1 << 16)
    if start[:2] == b"\x1f\x8b":
        import zlib

        start = zlib.decompressobj(31).decompress(start, 1 << 16)
    head = start.lstrip()[: 1 << 12]
    if head[:1] == b"{":
        return b'"agent_info"' in start and b'"environment_info"' in start
    return head[:1] == b"[" and b'"task_id"' in head


def read_tau(file: File) -> list[TauRun]:
    """The runs of a τ-bench result file (``.json`` or ``.json.gz``).

    Raises:
        DamagedLog: If the file is not such a list, or inflates beyond bounds.
    """
    data = file.read(0, file.size)
    if data[:2] == b"\x1f\x8b":
        import io

        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            data = packed.read(_MAX_SAMPLE * 4 + 1)
        if len(data) > _MAX_SAMPLE * 4:
            raise DamagedLog(f"inflates to more than {_MAX_SAMPLE * 4:,} bytes")
    if data.lstrip()[:1] == b"{":
        return decode_as(_TAU2, data, TauSimulations, os.path.basename(file.path)).simulations
    return decode_as(_TAU, data, list[TauRun], os.path.basename(file.path))


def _tau_trajectories(file: File) -> Iterator[Trajectory]:
    for run in read_tau(file):
        found: list[_Found] = []
        asked: CallsById[_Found] = CallsById()
        for message in run.talk:
            for call in (message.tool_calls if message.role == "assistant" else None) or []:
                own = call.function if call.function.name else call
                found.append(_Found(own.name, own.arguments))
                asked.ask(call.id, found[-1])
            # τ² gives a tool's message the id of its call.
            if (
                message.role == "tool"
                and (made := asked.answer(message.tool_call_id or message.id)) is not None
            ):
                made.result = message.content
        calls = tuple(_as_call(one, lambda value: value) for one in found)
        text = "\n\n".join(_written(m.content) for m in run.talk if m.role == "assistant" and m.content)
        yield Trajectory(file.path, str(run.task_id), run.trial, calls, text)
