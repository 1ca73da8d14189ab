"""Reading of logs on many machines: each tallies its logs, and the tallies are added here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.logs import LogInfo, all_files, read_file, without_copies
from hotmess_inspect.io.same_questions import Change, apply_change, settle
from hotmess_inspect.io.scales import rescaled
from hotmess_inspect.io.sources import File
from hotmess_inspect.schema import Problem
from hotmess_inspect.table import Outcomes
from hotmess_inspect.table.tally import Tally
from hotmess_inspect.words import counted

# Tallies waiting to be added: few enough to stay small, many enough to sort seldom.
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Tallied:
    """What was read and added.

    Attributes:
        tally: All epochs.
        problems: What was left out or looks odd.
        logs: The logs' headers.
        files: How many files were read.
    """

    tally: Tally
    problems: list[Problem] = field(default_factory=list)
    logs: list[LogInfo] = field(default_factory=list)
    files: int = 0


@dataclass(frozen=True, eq=False)
class _Part:
    """What a worker sends back about one file: a tally, and a mark per epoch by which copies are known."""

    tally: Tally | None
    log: LogInfo | None
    problems: list[Problem]
    marks: NDArray[np.uint64]


def tally_inputs(
    locations: Sequence[str],
    *,
    executor: Executor | None = None,
    precision: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> Tallied:
    """Read logs and tables as `read_inputs` does, but bring home counts instead of rows.

    Each file becomes a tally on a worker. Files that hold copies of the same epochs (a retry beside its
    first try, shards beside the merged log) are recognised here, by task id and by a 64-bit mark of
    Inspect's uuid per epoch, and are read again together, on one worker. Then everything is added. The
    analysis of the sum equals that of `read_inputs` bit for bit with `precision=0`.

    Args:
        locations: Paths, folders, glob patterns or URIs that the workers can read too.
        executor: A process pool, or `dask.distributed.Client(...).get_executor()`; ``None`` works here.
        precision: As in `Tally.of`.
        progress: Called after each file with the number of bytes read so far and in all.

    Returns:
        The tally; 8 bytes per epoch are held here while copies are looked for, the rest does not grow
        with the number of epochs once lengths are rounded.
    """
    problems: list[Problem] = []
    files = list(all_files(locations, problems))
    work = map if executor is None else executor.map
    total, done = sum(file.size for file in files), 0
    parts: list[_Part] = []
    for file, part in zip(files, work(partial(_tally_file, precision=precision), files), strict=True):
        parts.append(part)
        problems += part.problems
        done += file.size
        if progress is not None:
            progress(done, total)
    changes, said = settle(part.log.run() for part in parts if part.log is not None)
    problems += said
    together = _sharing_epochs(parts)
    # A log whose letters or ids have to be mapped is read again, alone or with those that share its epochs.
    shared = {i for own in together for i in own}
    together += [
        [i]
        for i, part in enumerate(parts)
        if part.log is not None and part.log.path in changes and i not in shared
    ]
    joined = list(
        work(
            partial(_tally_files, precision=precision, changes=changes),
            [[files[i] for i in own] for own in together],
        )
    )
    again = sum(count for _, count in joined)
    if again:
        problems.append(
            Problem(
                "note",
                "logs",
                f"{counted(again, 'epoch', 'stands in more than one log and counts', 'stand in more than one log and count')} once",
            )
        )
    alone = set(range(len(parts))) - {i for own in together for i in own}
    tallies = [tally for i in sorted(alone) if (tally := parts[i].tally) is not None]
    tallies += [tally for tally, _ in joined]
    tally = _added(tallies, precision)
    rows, scaled = rescaled(tally.rows, None)
    return Tallied(
        replace(tally, rows=rows),
        [*problems, *scaled],
        [part.log for part in parts if part.log is not None],
        sum(part.tally is not None for part in parts),
    )


def _added(tallies: list[Tally], precision: float) -> Tally:
    while len(tallies) > 1:
        tallies = [Tally.merge(tallies[i : i + _BATCH]) for i in range(0, len(tallies), _BATCH)]
    return (
        tallies[0]
        if tallies
        else Tally.of(Outcomes.build(0, {"kind": [], "status": []}), precision=precision)
    )


def _tally_file(file: File, precision: float) -> _Part:
    outcomes, log, problems = read_file(file)
    if outcomes is None:
        return _Part(None, log, problems, np.zeros(0, dtype=np.uint64))
    outcomes, again = without_copies(outcomes, [] if log is None else [log])
    if again:
        problems = [
            *problems,
            Problem(
                "note",
                file.path,
                f"{counted(again, 'epoch', 'stands in it twice and counts', 'stand in it twice and count')} once",
            ),
        ]
    return _Part(Tally.of(outcomes, precision=precision), log, problems, _marks(outcomes))


def _tally_files(files: list[File], precision: float, changes: Mapping[str, Change]) -> tuple[Tally, int]:
    found = [read_file(file) for file in files]
    tables = [
        apply_change(outcomes, changes[log.path]) if log is not None and log.path in changes else outcomes
        for outcomes, log, _ in found
        if outcomes is not None
    ]
    outcomes, again = without_copies(
        Outcomes.concatenate(tables), [log for _, log, _ in found if log is not None]
    )
    return Tally.of(outcomes, precision=precision), again


def _marks(outcomes: Outcomes) -> NDArray[np.uint64]:
    """A 64-bit digest of each uuid, sorted; by chance two of 10⁸ agree in 3 of 10,000 runs, which costs a re-reading."""
    names = (outcomes.uuid.names[code] for code in np.unique(outcomes.uuid.codes) if code >= 0)
    digests = [
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names
    ]
    return np.sort(np.frombuffer(b"".join(digests), dtype=np.uint64))


def _sharing_epochs(parts: Sequence[_Part]) -> list[list[int]]:
    """Sets of files that may hold the same epochs, each of at least two."""
    leader = list(range(len(parts)))

    def find(i: int) -> int:
        while leader[i] != i:
            i = leader[i] = leader[leader[i]]
        return i

    runs: dict[str, int] = {}
    for i, part in enumerate(parts):
        if part.log is not None and part.log.task_id and part.tally is not None:
            leader[find(i)] = find(runs.setdefault(part.log.task_id, i))
    marks = np.concatenate([part.marks for part in parts]) if parts else np.zeros(0, dtype=np.uint64)
    owner = np.repeat(np.arange(len(parts)), [len(part.marks) for part in parts])
    order = np.argsort(marks, kind="stable")
    equal = np.flatnonzero(marks[order][1:] == marks[order][:-1])
    for i, j in np.unique(np.stack([owner[order[equal]], owner[order[equal + 1]]], axis=1), axis=0).tolist():
        leader[find(i)] = find(j)
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(parts)):
        if parts[i].tally is not None:
            members[find(i)].append(i)
    return [own for own in members.values() if len(own) > 1]
