"""Reading of logs and tables into Outcomes, file by file; what is missing or left out is reported."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.account import Account, FileAccount
from hotmess_inspect.io.archive import Archive, DamagedLog, UnknownShape
from hotmess_inspect.io.clusters import drop_few_defaults, missing_cluster_text
from hotmess_inspect.io.copied_epochs import copied_epoch_warnings
from hotmess_inspect.io.exports import kept_exports, kept_names
from hotmess_inspect.io.formats import format_of, read_format, with_unapplied
from hotmess_inspect.io.json_log import decode_json_log, invalid_epochs, iter_samples, looks_like_log
from hotmess_inspect.io.log_rows import LogRows
from hotmess_inspect.io.raw_tables import JSON_SUFFIXES, MAX_TABLE_BYTES, PARQUET_SUFFIXES, looks_like_table
from hotmess_inspect.io.records import HeaderRecord, SummaryRecord, decode_header, iter_summaries
from hotmess_inspect.io.same_questions import Asked, Run, apply_change, settle
from hotmess_inspect.io.scales import rescaled
from hotmess_inspect.io.sources import SUFFIXES, File, find_files, folder_of
from hotmess_inspect.io.tables import TableReading, number_epochs, own_clusters, table_reading
from hotmess_inspect.io.transcripts import keeps_answers_apart, with_answers
from hotmess_inspect.io.variants import variant_of
from hotmess_inspect.schema import FORGEABLE, Problem, Scale
from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.table.outcomes import fold_keys
from hotmess_inspect.words import counted

KNOWN_VERSION = 2
"""The newest log schema that the fast reader knows; newer logs go through Inspect's own API."""

_LFS, _LFS_BYTES = b"version https://git-lfs", 1 << 10
_JOURNAL = re.compile(r"_journal/summaries/(\d+)\.json")

IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LogInfo:
    """What the header of a log says of the whole."""

    path: str
    task: str
    model: str
    task_id: str
    created: str
    status: str
    settings: str = "{}"
    asked: Mapping[str, Asked] = field(default_factory=dict)
    adaptive: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> Run:
        """The log among those that may be pooled with it."""
        return Run(self.path, (self.task, self.model, self.settings), self.created, self.asked)


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that was read.

    Attributes:
        outcomes: All rows.
        problems: What was left out or looks odd, in the order of the files.
        logs: The logs' headers.
        files: How many files were read.
        account: Every file seen, and what became of its epochs.
    """

    outcomes: Outcomes
    problems: list[Problem] = field(default_factory=list)
    logs: list[LogInfo] = field(default_factory=list)
    files: int = 0
    account: Account = field(default_factory=Account)


@dataclass(frozen=True, eq=False)
class FileReading:
    """What one file holds.

    Attributes:
        outcomes: Its rows, ``None`` if it could not be read or is neither a log nor a table.
        log: Its header, if it is a log.
        problems: What to say about it.
        account: What became of it.
        table: How it was understood, if it is a table.
    """

    outcomes: Outcomes | None
    log: LogInfo | None
    problems: list[Problem]
    account: FileAccount
    table: TableReading | None = None


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        cluster: As in `read_inputs`.
        columns: Role → name of a table's column, as in `read_inputs`.
    """

    cluster: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def read_inputs(
    locations: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
    cluster: str | None = None,
    columns: Mapping[str, str] | None = None,
    scale: Scale | None = None,
) -> Inputs:
    """Read logs and tables; what cannot be read becomes a problem and never stops the rest.

    Epochs that stand in several logs (the log of a run and of its retry, shards beside the merged log)
    are recognised by Inspect's uuid, in older logs by task id, question and epoch, and counted once: as
    in the log that was created last, scored rows before unscored ones. Exports that overlap count once, too.
    Logs that ask different things under one id are not pooled (`same_questions`).

    Args:
        locations: Paths, folders, glob patterns or URIs of logs, tables, and files of other harnesses; one or
            several.
        progress: Called after each file with the number of bytes read so far and in all.
        executor: Where files are read: a process pool, or the workers of a cluster
            (``dask.distributed.Client(...).get_executor()``), which need access to the same paths or URIs.
            ``None`` reads them here, one after the other. The rows are the same in the same order.
        cluster: Column of tables and metadata field of samples that names each question's cluster. ``None``
            takes a table's column ``cluster``, and of logs the subject or the repository of a sample where
            there are at least five; "none" reads no clusters.
        columns: Role → name of the column, for tables whose columns have other names
            (`hotmess_inspect.io.roles.ALIASES` lists the roles and the names that are known).
        scale: What scores outside of [0, 1] mean; ``None`` leaves scorers with such scores out.

    Returns:
        The outcomes and the problems.
    """
    problems: list[Problem] = []
    seen = list_inputs(locations, problems)
    total, done = sum(file.size for file in seen.files), 0
    readings: list[FileReading] = []
    read_one = partial(read_whole, how=Reading(cluster, dict(columns or {})))
    results = map(read_one, seen.files) if executor is None else executor.map(read_one, seen.files)
    for file, reading in zip(seen.files, results, strict=True):
        problems += reading.problems
        readings.append(reading)
        done += file.size
        if progress is not None:
            progress(done, total)
    held = [reading for reading in readings if reading.outcomes is not None]
    logs = [reading.log for reading in readings if reading.log is not None]
    if not held:
        return Inputs(_empty(), problems, logs, 0, Account([*(r.account for r in readings), *seen.passed]))
    tables = [reading.outcomes for reading in held if reading.outcomes is not None]
    changes, said = settle(log.run() for log in logs)
    problems += said
    tables = [
        apply_change(table, changes[reading.log.path])
        if reading.log and reading.log.path in changes
        else table
        for reading, table in zip(held, tables, strict=True)
    ]
    if cluster is None:
        tables = _without_few_clusters(tables, [reading.log is not None for reading in held])
    outcomes = with_unapplied(number_epochs(Outcomes.concatenate(tables)))
    owner = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
    outcomes, owner, again = _once(outcomes, owner, logs, problems)
    if again:
        problems.append(
            Problem(
                "note",
                "logs",
                f"{counted(again, 'epoch', 'stands in more than one log and counts', 'stand in more than one log and count')} once",
            )
        )
    outcomes, scaled = rescaled(outcomes, scale)
    problems += scaled
    accounts = _accounts(held, outcomes, owner)
    others = [reading.account for reading in readings if reading.outcomes is None]
    return Inputs(outcomes, problems, logs, len(held), Account([*accounts, *others, *seen.passed]))


def _once(
    outcomes: Outcomes, owner: IntArray, logs: Sequence[LogInfo], problems: list[Problem]
) -> tuple[Outcomes, IntArray, int]:
    """Every epoch once, whichever files hold it."""
    keep, again = kept_copies(outcomes, logs)
    if again:
        outcomes, owner = outcomes.take(keep), owner[keep]
    if not len(owner) or owner[0] == owner[-1]:
        return outcomes, owner, again
    keep = kept_names(outcomes)
    dropped = int((~keep).sum())
    if dropped:
        problems.append(
            Problem(
                "warning",
                "tables",
                f"{counted(dropped, 'row', 'stands in more than one export and counts', 'stand in more than one export and count')} once",
            )
        )
        outcomes, owner = outcomes.take(keep), owner[keep]
    keep, text = kept_exports(outcomes, owner, {log.path for log in logs})
    if text:
        problems.append(Problem("warning", "tables", text))
        outcomes, owner = outcomes.take(keep), owner[keep]
    return outcomes, owner, again


def _accounts(held: Sequence[FileReading], outcomes: Outcomes, owner: IntArray) -> list[FileAccount]:
    """The files' accounts, with the epochs that count in the end."""
    place, first = _epochs_of(outcomes, owner)
    size = int(place.max(initial=-1)) + 1
    read, scored, errored = (
        (np.bincount(place, weights=rows, minlength=size) > 0)[place] & first
        for rows in (~outcomes.status.equals("missing"), outcomes.scored, outcomes.status.equals("errored"))
    )
    counts = [np.bincount(owner[chosen], minlength=len(held)) for chosen in (read, scored, errored & ~scored)]
    return [
        reading.account.of_epochs(*(int(count[number]) for count in counts))
        for number, reading in enumerate(held)
    ]


def _epochs_of(outcomes: Outcomes, owner: IntArray | None = None) -> tuple[IntArray, BoolArray]:
    """Number of each row's epoch, which several scorers share, and which rows are the first of theirs."""
    rows = len(outcomes)
    if len(outcomes.scorer.names) < 2 and not (outcomes.scorer.missing.any() and outcomes.scorer.names):
        return np.arange(rows, dtype=np.int32), np.ones(rows, dtype=np.bool_)
    names = (outcomes.log, outcomes.model, outcomes.task, outcomes.context, outcomes.question)
    keys = [*([] if owner is None else [owner]), *(name.codes for name in names), outcomes.epoch]
    _, at, place = np.unique(fold_keys(keys), return_index=True, return_inverse=True)
    first = np.zeros(rows, dtype=np.bool_)
    first[at] = True
    return place.astype(np.int32), first


def _without_few_clusters(tables: list[Outcomes], from_logs: list[bool]) -> list[Outcomes]:
    """Clusters of logs by default only where a task has enough of them, whichever of its logs hold them."""
    logs = [table for table, is_log in zip(tables, from_logs, strict=True) if is_log]
    if all(table.cluster.missing.all() for table in logs):
        return tables
    # One table, so that the shards of a run count together; cut apart again where it was put together.
    joined = drop_few_defaults(Outcomes.concatenate(logs))
    ends = np.cumsum([len(table) for table in logs])
    parts = iter(joined.take(np.arange(end - len(table), end)) for table, end in zip(logs, ends, strict=True))
    return [next(parts) if is_log else table for table, is_log in zip(tables, from_logs, strict=True)]


@dataclass(frozen=True)
class Seen:
    """What lies at the locations.

    Attributes:
        files: Files that by their name may be logs or tables, each once.
        passed: The others.
    """

    files: list[File]
    passed: list[FileAccount]


def list_inputs(
    locations: str | PathLike[str] | Iterable[str | PathLike[str]], problems: list[Problem]
) -> Seen:
    """What lies at locations; one without anything, and links to nothing, become problems."""
    listed = [locations] if isinstance(locations, str | PathLike) else locations
    files: dict[str, File] = {}
    passed: dict[str, FileAccount] = {}
    for location in [fspath(one) for one in listed]:
        try:
            found = list(find_files(location))
            folder = folder_of(location)
        except (OSError, ImportError, ValueError) as error:
            problems.append(Problem("error", location, _without_path(str(error), location)))
            continue
        for file in found:
            files.setdefault(os.path.realpath(file.path) if "://" not in file.path else file.path, file)
        for path in folder.dangling if folder else ():
            problems.append(Problem("error", path, "a link to nothing"))
            passed[path] = FileAccount(path, state="unreadable", reason="a link to nothing")
        others = folder.others if folder else []
        passed |= {
            path: FileAccount(path, state="passed over", reason="neither a log nor a table by its name")
            for path in others
        }
        if not found:
            problems.append(Problem("error", location, "holds no log and no table" + _kinds(others)))
        elif others:
            problems.append(
                Problem("note", location, f"{counted(len(others), 'file')} passed over{_kinds(others)}")
            )
    return Seen(list(files.values()), list(passed.values()))


def _kinds(paths: Sequence[str]) -> str:
    """How many files there are of which suffix."""
    if not paths:
        return ""
    suffixes = Counter(os.path.splitext(path)[1].lower() or "no suffix" for path in paths).most_common(4)
    return " (" + ", ".join(f"{number} {suffix}" for suffix, number in suffixes) + ")"


def all_files(locations: Iterable[str], problems: list[Problem]) -> Iterator[File]:
    """The files at locations, each once; a location without any becomes a problem."""
    yield from list_inputs(locations, problems).files


def read_file(
    file: File, cluster: str | None = None
) -> tuple[Outcomes | None, LogInfo | None, list[Problem]]:
    """Read one log or table.

    Returns:
        Its rows (``None`` if it could not be read), its header if it is a log, and what to say about it.
    """
    reading = read_whole(file, Reading(cluster))
    return reading.outcomes, reading.log, reading.problems


def read_whole(file: File, how: Reading) -> FileReading:
    """Read one log or table, with its account; whatever is wrong with it becomes a problem."""
    try:
        return _reading(file, how)
    except (ValueError, OSError) as error:
        text = _without_path(str(error), file.path)
    except Exception as error:  # a fault of ours that one odd file shows: it must not stop the others
        text = f"cannot be read ({type(error).__name__}: {error})"
    account = FileAccount(file.path, state="unreadable", reason=text)
    return FileReading(None, None, [Problem("error", file.path, text)], account)


def _reading(file: File, how: Reading) -> FileReading:
    if file.size < _LFS_BYTES and file.read(0, len(_LFS)) == _LFS:
        raise DamagedLog("a pointer of Git LFS, not the file itself: fetch it with git lfs pull")
    if file.suffix == ".eval" or (file.suffix not in SUFFIXES and file.read(0, 4) == b"PK\x03\x04"):
        rows, header = _read_archive(file, how.cluster)
        form = "Inspect log"
    elif file.suffix == ".json" and looks_like_log(file):
        rows, header = _read_json(file, how.cluster)
        form = "Inspect log in JSON"
    elif file.suffix in JSON_SUFFIXES and (form_of := format_of(file)) is not None:
        foreign = read_format(form_of, file)
        kept = own_clusters(foreign.outcomes, file.path, how.cluster)
        return _table_read(file, how, replace(foreign, outcomes=kept))
    elif file.suffix != ".json" or file.named or looks_like_table(file):
        return _read_table(file, how)
    else:
        text = "JSON that is neither a log nor a table"
        return FileReading(None, None, [], FileAccount(file.path, state="passed over", reason=text))
    spec = header.eval
    outcomes = rows.finish()
    info = LogInfo(
        file.path,
        spec.task,
        spec.model,
        spec.task_id,
        spec.created,
        header.status,
        variant_of(header),
        rows.asked,
        rows.adaptive,
    )
    notes = [Problem("warning", file.path, text) for text in (*_status_notes(header), *rows.warnings)]
    notes += [Problem("note", file.path, text) for text in rows.notes]
    lacking = missing_cluster_text(outcomes, how.cluster)
    notes += [Problem("warning", file.path, lacking)] if lacking else []
    if not len(outcomes):
        notes.append(Problem("warning", file.path, "the log holds no sample"))
    counts = rows.counts
    account = FileAccount(
        file.path,
        form,
        planned=counts.planned,
        unplanned=counts.unplanned,
        recorded=counts.recorded,
        repeated=counts.repeated,
        invalid=counts.invalid,
        stopped=counts.stopped,
        missing=counts.missing,
    )
    return FileReading(outcomes, info, notes, account)


def _without_path(text: str, path: str) -> str:
    return text.removeprefix(f"{path}: ")


def _read_table(file: File, how: Reading) -> FileReading:
    import pyarrow as pa

    if file.size > MAX_TABLE_BYTES:
        raise DamagedLog(
            f"a table of {counted(file.size, 'byte')}; at most {MAX_TABLE_BYTES:,} are read at once"
        )
    source: str | io.BytesIO = (
        file.path
        if type(file) is File and file.suffix in PARQUET_SUFFIXES
        else io.BytesIO(file.read(0, file.size))
    )
    try:
        reading = table_reading(source, file.path, how.columns, how.cluster)
    except ValueError:
        if file.suffix not in SUFFIXES:
            raise DamagedLog(
                "neither a log (.eval, .json) nor a table (.csv, .tsv, .jsonl, .parquet)"
            ) from None
        raise
    # What Arrow read for a moment it keeps for the next table: as much as all columns of this one.
    pa.default_memory_pool().release_unused()
    return _table_read(file, how, reading)


def _table_read(file: File, how: Reading, reading: TableReading) -> FileReading:
    """What is said of a table, and its account."""
    found = []
    if reading.dropped:
        text = (
            f"{counted(reading.dropped, 'row')} with the model, task, context, question and epoch of a later one: the last "
            "counts"
        )
        found.append(Problem("warning", file.path, text))
    found += [Problem("warning", file.path, warning) for warning in reading.warnings]
    found += [Problem("note", file.path, note) for note in reading.notes]
    if not reading.rows and not reading.notes:
        found.append(Problem("error", file.path, "the table has a header and no row"))
    lacking = missing_cluster_text(reading.outcomes, how.cluster)
    found += [Problem("warning", file.path, lacking)] if lacking else []
    place, first = _epochs_of(reading.outcomes)
    there = ~reading.outcomes.status.equals("missing")
    recorded = int((np.bincount(place[there]) > 0).sum())
    missing = int(first.sum()) - recorded
    account = FileAccount(
        file.path,
        reading.form,
        planned=recorded + missing,
        recorded=recorded + reading.dropped,
        repeated=reading.dropped,
        missing=missing,
    )
    return FileReading(reading.outcomes, None, found, account, reading)


def _read_archive(file: File, cluster: str | None) -> tuple[LogRows, HeaderRecord]:
    archive = Archive(file)
    name = "header.json" if "header.json" in archive.members else "_journal/start.json"
    if name not in archive.members and not archive.samples:
        raise DamagedLog("a ZIP archive that is no Inspect log: it holds neither header.json nor a journal")
    try:
        archive.prefetch(["summaries.json", name])
        header = decode_header(archive.read(name))
        if header.version > KNOWN_VERSION:
            raise UnknownShape(
                f"the log's schema version is {header.version}; the fast reader knows {KNOWN_VERSION}"
            )
        rows = LogRows(file.path, header, cluster)
        for batch in _summary_batches(archive, file):
            rows.add(batch)
    except UnknownShape as reason:
        # Inspect sets no bounds of its own: what it is to read must pass ours.
        archive.check(["header.json", "summaries.json"])
        return _read_by_inspect(file, reason, cluster)
    gone = _missing_parts(archive)
    if gone:
        rows.warnings.append(
            f"parts of its journal are missing ({', '.join(map(str, gone[:5]))}): it holds {counted(archive.samples, 'transcript')}, "
            f"and {counted(len(rows), 'epoch')} can be told"
        )
    if header.invalidated:
        rows.invalid |= invalid_epochs(Archive(file, transcripts=True))
    if rows.without_answers and keeps_answers_apart(header):
        rows = with_answers(file, rows, archive.samples)
    return rows, header


def _missing_parts(archive: Archive) -> list[int]:
    """Numbers of the journal's parts that are not there, of a log without summaries."""
    if "summaries.json" in archive.members:
        return []
    there = {int(match[1]) for match in map(_JOURNAL.fullmatch, archive.members) if match}
    return [number for number in range(1, min(max(there, default=0), 10_000)) if number not in there]


def _summary_batches(archive: Archive, file: File) -> Iterator[Sequence[SummaryRecord]]:
    if "summaries.json" in archive.members:
        yield from iter_summaries(archive.open("summaries.json"))
        return
    journal = sorted((int(m[1]), m[0]) for m in map(_JOURNAL.fullmatch, archive.members) if m)
    for _, name in journal:
        yield from iter_summaries(archive.open(name), name, archive.members[name].inflated)
    if not journal and archive.samples:
        yield from iter_samples(Archive(file, transcripts=True))


def _read_json(file: File, cluster: str | None) -> tuple[LogRows, HeaderRecord]:
    try:
        header, samples = decode_json_log(file)
    except UnknownShape as reason:
        return _read_by_inspect(file, reason, cluster)
    rows = LogRows(file.path, header, cluster)
    rows.add(samples)
    return rows, header


def _read_by_inspect(file: File, reason: UnknownShape, cluster: str | None) -> tuple[LogRows, HeaderRecord]:
    from hotmess_inspect.io.inspect_reader import read_by_inspect

    try:
        header, summaries = read_by_inspect(file.path)
    except DamagedLog as error:
        raise DamagedLog(f"{reason}; {error}") from error
    rows = LogRows(file.path, header, cluster)
    rows.notes.append(f"read through Inspect's API: {reason}")
    rows.add(summaries)
    return rows, header


def _status_notes(header: HeaderRecord) -> Iterator[str]:
    if header.status == "started":
        yield "the log is of a run that goes on or has crashed; what is recorded so far counts"
    elif header.status != "success":
        yield f"the log's status is {header.status}; what it holds counts"
    if isinstance(header.eval.metadata, dict) and (runners := header.eval.metadata.get(FORGEABLE)):
        yield (
            f"tests were graded by the reports of {runners}, which the code under test can forge: read solved patches "
            "before a comparison is built on them (docs/swebench_grading.md)"
        )
    # The model's own configuration goes over the plan's only where it says something.
    own = {k: v for k, v in header.eval.model_generate_config.items() if v is not None}
    drawn = header.plan.config | own
    if header.eval.config.epochs != 1:
        yield from copied_epoch_warnings(temperatures=[drawn.get("temperature")], seeds=[drawn.get("seed")])


def without_copies(outcomes: Outcomes, logs: Sequence[LogInfo]) -> tuple[Outcomes, int]:
    """Count an epoch once that several logs hold.

    Copies are rows with one uuid, and rows of one task id with one question and epoch: a retry keeps its
    task id. Of several, a scored row stays before an unscored one, then the row of the log created last.

    Returns:
        The rows that stay, and how many recorded epochs were copies.
    """
    keep, again = kept_copies(outcomes, logs)
    return (outcomes, 0) if keep.all() else (outcomes.take(keep), again)


def kept_copies(outcomes: Outcomes, logs: Sequence[LogInfo]) -> tuple[BoolArray, int]:
    """Which rows stay where several logs hold an epoch, and how many recorded epochs were copies."""
    if not logs and outcomes.uuid.missing.all():
        return np.ones(len(outcomes), dtype=np.bool_), 0
    by_path = {log.path: log for log in logs}
    found = [by_path.get(name) for name in outcomes.log.names]
    created = [log.created if log else "" for log in found]
    tasks = Labels.encode([(log.task_id or None) if log else None for log in found] + [None])
    rank = np.asarray([sorted(created).index(c) for c in created] + [-1])[outcomes.log.codes]
    best_first = np.lexsort((outcomes.log.sorted().codes, rank, outcomes.scored))[::-1]
    run = tasks.codes[outcomes.log.codes]
    keep = _first_of_each(
        [run, outcomes.scorer.codes, outcomes.question.codes, outcomes.epoch], run >= 0, best_first
    )
    keep &= (
        _first_of_each(
            [outcomes.uuid.codes, outcomes.scorer.codes], keep & ~outcomes.uuid.missing, best_first
        )
        | ~keep
    )
    if keep.all():
        return keep, 0
    epochs = fold_keys([outcomes.log.codes, outcomes.question.codes, outcomes.epoch])
    return keep, len(np.unique(epochs[~keep & ~outcomes.status.equals("missing")]))


def _first_of_each(columns: list[IntArray], eligible: BoolArray, order: NDArray[np.intp]) -> BoolArray:
    """Which rows are the first of their key in the given order; rows that are not eligible all are."""
    ordered = order[eligible[order]]
    _, first = np.unique(fold_keys(columns)[ordered], return_index=True)
    keep = ~eligible
    keep[ordered[first]] = True
    return keep


def _empty() -> Outcomes:
    return Outcomes.build(0, {"kind": [], "status": []})
