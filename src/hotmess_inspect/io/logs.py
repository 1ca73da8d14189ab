"""Logs and tables to Outcomes: file by file, within bounds, and never silent about what is missing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.archive import Archive, DamagedLog, UnknownShape
from hotmess_inspect.io.clusters import drop_few_defaults, missing_cluster_text
from hotmess_inspect.io.json_log import decode_json_log, iter_samples, looks_like_log
from hotmess_inspect.io.log_rows import LogRows
from hotmess_inspect.io.raw_tables import MAX_TABLE_BYTES
from hotmess_inspect.io.records import HeaderRecord, SummaryRecord, decode_header, iter_summaries
from hotmess_inspect.io.sources import SUFFIXES, File, find_files
from hotmess_inspect.io.tables import table_reading
from hotmess_inspect.io.transcripts import keeps_answers_apart, with_answers
from hotmess_inspect.results.warnings import copied_epoch_warnings
from hotmess_inspect.schema import Problem
from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.table.outcomes import fold_keys

KNOWN_VERSION = 2
"""The newest log schema that the fast reader knows; newer logs go through Inspect's own API."""
TABLE_SUFFIXES = frozenset(SUFFIXES) - {".eval", ".json"}

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


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that was read.

    Attributes:
        outcomes: All rows.
        problems: What was left out or looks odd, in the order of the files.
        logs: The logs' headers.
        files: How many files were read.
    """

    outcomes: Outcomes
    problems: list[Problem] = field(default_factory=list)
    logs: list[LogInfo] = field(default_factory=list)
    files: int = 0


def read_inputs(
    locations: Sequence[str],
    *,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
    cluster: str | None = None,
) -> Inputs:
    """Read logs and tables; what cannot be read becomes a problem and never stops the rest.

    Epochs that stand in several logs (the log of a run and of its retry, shards beside the merged log)
    are recognised by Inspect's uuid, in older logs by task id, question and epoch, and counted once: as
    in the log that was created last, scored rows before unscored ones.

    Args:
        locations: Paths, folders, glob patterns or URIs of ``.eval`` and ``.json`` logs, CSV and Parquet
            tables.
        progress: Called after each file with the number of bytes read so far and in all.
        executor: Where files are read: a process pool, or the workers of a cluster
            (``dask.distributed.Client(...).get_executor()``), which need access to the same paths or URIs.
            ``None`` reads them here, one after the other. The rows are the same in the same order.
        cluster: Column of tables and metadata field of samples that names each question's cluster. ``None``
            takes a table's column ``cluster``, and of logs the subject or the repository of a sample where
            there are at least five; "none" reads no clusters.

    Returns:
        The outcomes and the problems.
    """
    problems: list[Problem] = []
    files = list(all_files(locations, problems))
    total, done = sum(file.size for file in files), 0
    tables: list[Outcomes] = []
    from_logs: list[bool] = []
    logs: list[LogInfo] = []
    read = 0
    read_one = partial(read_file, cluster=cluster)
    results = map(read_one, files) if executor is None else executor.map(read_one, files)
    for file, (table, log, found) in zip(files, results, strict=True):
        problems += found
        if table is not None:
            lacking = missing_cluster_text(table, cluster)
            problems += [Problem("warning", file.path, lacking)] if lacking else []
            tables.append(table)
            from_logs.append(log is not None)
            read += 1
        if log is not None:
            logs.append(log)
        done += file.size
        if progress is not None:
            progress(done, total)
    if cluster is None:
        tables = _without_few_clusters(tables, from_logs)
    outcomes, again = without_copies(Outcomes.concatenate(tables), logs) if tables else (_empty(), 0)
    if again:
        problems.append(Problem("note", "logs", f"{again} epochs stand in more than one log and count once"))
    return Inputs(outcomes, problems, logs, read)


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


def all_files(locations: Iterable[str], problems: list[Problem]) -> Iterator[File]:
    """The files at locations, each once; a location without any becomes a problem."""
    seen: set[str] = set()
    for location in locations:
        try:
            files = list(find_files(location))
        except (OSError, ImportError, ValueError) as error:
            problems.append(Problem("error", location, str(error)))
            continue
        if not files:
            problems.append(Problem("error", location, "holds no log and no table"))
        for file in files:
            if file.path not in seen:
                seen.add(file.path)
                yield file


def read_file(
    file: File, cluster: str | None = None
) -> tuple[Outcomes | None, LogInfo | None, list[Problem]]:
    """Read one log or table.

    Returns:
        Its rows (``None`` if it could not be read), its header if it is a log, and what to say about it.
    """
    try:
        if file.suffix in TABLE_SUFFIXES:
            return _read_table(file, cluster)
        if file.suffix == ".eval" or (file.suffix != ".json" and file.read(0, 4) == b"PK\x03\x04"):
            rows, header = _read_archive(file, cluster)
        elif file.suffix == ".json" or file.read(0, 1) == b"{":
            if not file.named and not looks_like_log(file):
                return None, None, []
            rows, header = _read_json(file, cluster)
        else:
            raise DamagedLog("neither a log (.eval, .json) nor a table (.csv, .parquet)")
    except (ValueError, OSError) as error:
        return None, None, [Problem("error", file.path, _without_path(str(error), file.path))]
    spec = header.eval
    info = LogInfo(file.path, spec.task, spec.model, spec.task_id, spec.created, header.status)
    outcomes = rows.finish()
    notes = [Problem("warning", file.path, text) for text in _status_notes(header)]
    notes += [Problem("note", file.path, text) for text in rows.notes]
    if not len(outcomes):
        notes.append(Problem("warning", file.path, "the log holds no sample"))
    return outcomes, info, notes


def _without_path(text: str, path: str) -> str:
    return text.removeprefix(f"{path}: ")


def _read_table(file: File, cluster: str | None) -> tuple[Outcomes, None, list[Problem]]:
    if file.size > MAX_TABLE_BYTES:
        raise DamagedLog(f"a table of {file.size:,} bytes; at most {MAX_TABLE_BYTES:,} are read at once")
    reading = table_reading(io.BytesIO(file.read(0, file.size)), name=file.path, cluster=cluster)
    text = f"{reading.dropped} rows repeat model, task, context, question and epoch of a later one; the last counts"
    found = [Problem("warning", file.path, text)] if reading.dropped else []
    found += [Problem("warning", file.path, warning) for warning in reading.warnings]
    return reading.outcomes, None, found + [Problem("note", file.path, note) for note in reading.notes]


def _read_archive(file: File, cluster: str | None) -> tuple[LogRows, HeaderRecord]:
    archive = Archive(file)
    name = "header.json" if "header.json" in archive.members else "_journal/start.json"
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
    if rows.without_answers and keeps_answers_apart(header):
        rows = with_answers(file, rows, archive.samples)
    return rows, header


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
    if header.invalidated:
        yield "samples of this log were marked invalid"
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
        return outcomes, 0
    epochs = fold_keys([outcomes.log.codes, outcomes.question.codes, outcomes.epoch])
    return outcomes.take(keep), len(np.unique(epochs[~keep & ~outcomes.status.equals("missing")]))


def _first_of_each(columns: list[IntArray], eligible: BoolArray, order: NDArray[np.intp]) -> BoolArray:
    """Which rows are the first of their key in the given order; rows that are not eligible all are."""
    ordered = order[eligible[order]]
    _, first = np.unique(fold_keys(columns)[ordered], return_index=True)
    keep = ~eligible
    keep[ordered[first]] = True
    return keep


def _empty() -> Outcomes:
    return Outcomes.build(0, {"kind": [], "status": []})
