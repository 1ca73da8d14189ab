"""Logs and transcripts read together: the outcomes of epochs, and the steps that led to them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from hotmess_inspect.io.logs import Inputs, all_files, read_inputs
from hotmess_inspect.io.sources import File
from hotmess_inspect.io.trajectories import Trajectory, iter_trajectories
from hotmess_inspect.results.divergence import DivergeOptions, GroupDivergence, Paths, diverge
from hotmess_inspect.results.study import Waits, count_waits
from hotmess_inspect.schema import Problem, Scale
from hotmess_inspect.words import counted

TestNames: TypeAlias = dict[tuple[str, str], tuple[str, ...]]
"""Names of the unit tests of a question, FAIL_TO_PASS first, by (log, question)."""


@dataclass(frozen=True, eq=False)
class Walked:
    """Outcomes with the steps that led to them.

    Attributes:
        inputs: The outcomes, as `read_inputs` gives them.
        paths: Steps by epoch.
    """

    inputs: Inputs
    paths: Paths


def read_with_paths(
    locations: Sequence[str],
    options: DivergeOptions,
    *,
    cluster: str | None = None,
    scale: Scale | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Walked:
    """Read logs and the files of other harnesses with their transcripts, one sample at a time.

    Args:
        locations: Paths, folders, patterns or URIs.
        options: At which grain steps are kept.
        cluster: Field that names clusters of questions, as for `read_inputs`.
        scale: As for `read_inputs`.
        columns: As for `read_inputs`.
        progress: Called with the bytes of transcripts read so far and in all.

    Returns:
        Outcomes and steps; what could not be read is among the problems.

    Raises:
        ValueError: If the grain's function cannot be imported.
    """
    paths = Paths(options)
    found = read_inputs(locations, cluster=cluster, scale=scale, columns=columns)
    read_paths(found, list(all_files(locations, [])), paths, progress=progress)
    return Walked(found, paths)


def read_paths(
    inputs: Inputs,
    files: Sequence[File],
    paths: Paths | None,
    *,
    progress: Callable[[int, int], None] | None = None,
    passing: Callable[[Iterator[Trajectory]], Iterator[Trajectory]] | None = None,
) -> None:
    """Read the transcripts of epochs whose outcomes are known, one sample at a time.

    Args:
        inputs: The outcomes; transcripts that cannot be read are added to its problems.
        files: The files that they come from.
        paths: Takes the steps; None where they are only looked at by `passing`.
        progress: Called with the bytes of transcripts read so far and in all.
        passing: Sees the transcripts on their way.
    """
    outcomes = inputs.outcomes
    known = set(outcomes.log.names)
    logs = outcomes.log.values()
    wanted = set(zip(logs, outcomes.question.values(), outcomes.epoch.tolist(), strict=True))
    # The trajectory of a trial in a file of its own does not name its question; its outcome does.
    rows = Counter(logs)
    alone = {log: (question or "", epoch) for log, question, epoch in wanted if rows[log] == 1}
    chosen = [file for file in files if file.path in known]
    total = sum(file.size for file in chosen)
    unread: dict[str, list[str]] = {}
    done = 0
    for file in chosen:

        def behind(size: int, start: int = done) -> None:
            if progress is not None:
                progress(start + size, total)

        transcripts = iter_trajectories(
            [file],
            alone=alone.get(file.path),
            failed=lambda log, reason: unread.setdefault(log, []).append(reason),
            progress=behind,
            wanted=lambda log, question, epoch: (log, question, epoch) in wanted,
        )
        transcripts = transcripts if passing is None else passing(transcripts)
        if paths is None:
            deque(transcripts, maxlen=0)
        else:
            paths.add_all(transcripts)
        done += file.size
    for log, reasons in unread.items():
        text = f"{counted(len(reasons), 'transcript')} cannot be read, the first because: {reasons[0]}"
        inputs.problems.append(Problem("error", log, text))


def read_waits(
    inputs: Inputs, locations: Sequence[str], *, progress: Callable[[int, int], None] | None = None
) -> Waits:
    """Count hesitations in the transcripts of epochs that were read before; empty where there are none."""
    waits: Waits = {}
    read_paths(
        inputs, list(all_files(locations, [])), None, progress=progress, passing=partial(count_waits, waits)
    )
    return waits


def note_tests(names: TestNames, trajectories: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Note the names of unit tests while transcripts pass by."""
    for trajectory in trajectories:
        if trajectory.tests:
            names[trajectory.log, trajectory.question] = trajectory.tests
        yield trajectory


def group_steps(
    inputs: Inputs,
    locations: Sequence[str],
    *,
    seed: int = 0,
    scorer: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    passing: Callable[[Iterator[Trajectory]], Iterator[Trajectory]] | None = None,
) -> list[GroupDivergence]:
    """The account by step of groups that were read before, where their epochs call tools.

    Args:
        inputs: What was read.
        locations: Where it was read from.
        seed: Seed of permutations and bootstrap.
        scorer: The scorer whose verdicts count; all if not given.
        progress: As for `read_paths`.
        passing: As for `read_paths`.
    """
    options = DivergeOptions(seed=seed)
    paths = Paths(options)
    read_paths(inputs, list(all_files(locations, [])), paths, progress=progress, passing=passing)
    found, _ = diverge(inputs.outcomes, paths.by_epoch, options)
    return [
        group
        for group in found
        if group.calls and group.account.steps and scorer in (None, group.group.scorer)
    ]
