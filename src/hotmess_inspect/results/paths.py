"""Logs and transcripts read together: the outcomes of epochs, and the steps that led to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hotmess_inspect.io.logs import Inputs, all_files, read_inputs
from hotmess_inspect.io.sources import File
from hotmess_inspect.io.trajectories import iter_trajectories, looks_like_tau, read_tau
from hotmess_inspect.results.divergence import DivergeOptions, GroupDivergence, Paths, diverge
from hotmess_inspect.schema import Problem
from hotmess_inspect.table import Outcomes


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
    progress: Callable[[int, int], None] | None = None,
) -> Walked:
    """Read logs and τ-bench results with their transcripts, one sample at a time.

    Args:
        locations: Paths, folders, patterns or URIs.
        options: At which grain steps are kept.
        cluster: Field that names clusters of questions, as for `read_inputs`.
        progress: Called with the bytes of transcripts read so far and in all.

    Returns:
        Outcomes and steps; what could not be read is among the problems.

    Raises:
        ValueError: If the grain's function cannot be imported.
    """
    paths = Paths(options)
    problems: list[Problem] = []
    files = list(all_files(locations, problems))
    tau = [file for file in files if looks_like_tau(file)]
    others = [file.path for file in files if file not in tau]
    found = read_inputs(others, cluster=cluster) if others else None
    tables, failures = [found.outcomes] if found is not None else [], list(problems)
    failures += found.problems if found is not None else []
    for file in tau:
        try:
            tables.append(_tau_outcomes(file))
        except (ValueError, OSError, EOFError) as error:
            failures.append(Problem("error", file.path, str(error)))
    outcomes = Outcomes.concatenate(tables) if tables else Outcomes.build(0, {"kind": [], "status": []})
    inputs = Inputs(outcomes, failures, found.logs if found is not None else [], len(files))
    read_paths(inputs, files, paths, progress=progress)
    return Walked(inputs, paths)


def read_paths(
    inputs: Inputs,
    files: Sequence[File],
    paths: Paths,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Read the transcripts of epochs whose outcomes are known, one sample at a time.

    Args:
        inputs: The outcomes; transcripts that cannot be read are added to its problems.
        files: The files that they come from.
        paths: Takes the steps.
        progress: Called with the bytes of transcripts read so far and in all.
    """
    outcomes = inputs.outcomes
    known = set(outcomes.log.names)
    logs = outcomes.log.values()
    wanted = set(zip(logs, outcomes.question.values(), outcomes.epoch.tolist(), strict=True))
    chosen = [file for file in files if file.path in known]
    total = sum(file.size for file in chosen)
    unread: dict[str, list[str]] = {}
    done = 0
    for file in chosen:

        def behind(size: int, start: int = done) -> None:
            if progress is not None:
                progress(start + size, total)

        paths.add_all(
            iter_trajectories(
                [file],
                failed=lambda log, reason: unread.setdefault(log, []).append(reason),
                progress=behind,
                wanted=lambda log, question, epoch: (log, question, epoch) in wanted,
            )
        )
        done += file.size
    for log, reasons in unread.items():
        text = f"{len(reasons)} transcripts cannot be read, the first because: {reasons[0]}"
        inputs.problems.append(Problem("error", log, text))


def group_steps(
    inputs: Inputs,
    locations: Sequence[str],
    *,
    seed: int = 0,
    scorer: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[GroupDivergence]:
    """The account by step of groups that were read before, where their epochs call tools.

    Args:
        inputs: What was read.
        locations: Where it was read from.
        seed: Seed of permutations and bootstrap.
        scorer: The scorer whose verdicts count; all if not given.
        progress: As for `read_paths`.
    """
    options = DivergeOptions(seed=seed)
    paths = Paths(options)
    read_paths(inputs, list(all_files(locations, [])), paths, progress=progress)
    found, _ = diverge(inputs.outcomes, paths.by_epoch, options)
    return [
        group
        for group in found
        if group.calls and group.account.steps and scorer in (None, group.group.scorer)
    ]


def _tau_outcomes(file: File) -> Outcomes:
    runs = read_tau(file)
    name = os.path.basename(file.path).removesuffix(".gz").removesuffix(".json")
    return Outcomes.build(
        len(runs),
        {
            "kind": "score",
            "status": "ok",
            "log": file.path,
            "task": name,
            "question": [str(run.task_id) for run in runs],
            "epoch": [run.trial + 1 for run in runs],
            "value": [run.reward for run in runs],
            "actions": [sum(len(m.tool_calls or []) for m in run.traj) for run in runs],
            "turns": [sum(m.role == "assistant" for m in run.traj) for run in runs],
        },
    )
