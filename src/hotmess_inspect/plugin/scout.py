"""A scanner for Inspect Scout: marks in each transcript the step at which it parts from its siblings.

    scout scan hotmess_inspect/parting_step -T logs
    scout scan hotmess_inspect/parting_step -T logs -S explain=openai/gpt-5

A transcript alone cannot say where it parts: the other epochs of its question are read from the same log, or from all
the logs that are given. Needs the extra ``scout``.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote, urlsplit

try:
    from inspect_scout import Reference, Result, Scanner, Transcript, scanner
except ImportError as missing:
    raise ImportError(
        "hotmess_inspect/parting_step needs inspect_scout: pip install 'hotmess-inspect[scout]'"
    ) from missing

from hotmess_inspect._inspect_private import register_as
from hotmess_inspect.plugin.explain import Parting, parting_of
from hotmess_inspect.render.divergence import main_parting, parting_sentence
from hotmess_inspect.results.divergence import DecisiveNode, DivergeOptions, QuestionDivergence, diverge
from hotmess_inspect.results.paths import read_with_paths

Found = dict[tuple[str, str, int], tuple[QuestionDivergence, int]]
"""By log, question and epoch: the question, and the place of the epoch in it."""
_one_reading = threading.Lock()


@scanner(events=["tool"], metadata=False, name="parting_step")
def parting_step(
    logs: str | Sequence[str] | None = None,
    grain: str = "target",
    measure: str | None = None,
    explain: str | None = None,
) -> Scanner[Transcript]:
    """Mark the step at which an epoch parts from the other epochs of its question.

    The value is the number of the step, from 0, that carries most of the question's variance among those at which the
    epoch parts; nothing where it parts from none. The answer is the branch that the epoch takes there, the explanation
    says how each branch ended, and the reference leads to the event. The metadata hold the siblings' branches.

    Args:
        logs: Logs, folders or URIs whose epochs are siblings; by default the transcript's own log.
        grain: When two steps are the same, as for `hotmess diverge`.
        measure: Which measure or scorer tells how epochs ended; the first by default.
        explain: An Inspect model that says what sets the two sides of the step apart. It is asked once per
            question and step that an epoch parts at, with about a thousand tokens; none by default.

    Returns:
        The scanner.

    Raises:
        ValueError: If the grain or the logs cannot be used.
    """
    options = DivergeOptions(grain=grain, measure=measure, permutations=1, resamples=1)
    listed = (logs,) if isinstance(logs, str) else tuple(logs or ())
    asked: dict[str, asyncio.Task[str]] = {}
    # Of this scan alone: a later one may find more epochs in the same folder.
    read = lru_cache(maxsize=8)(partial(_read, options))

    async def scan(transcript: Transcript) -> Result:
        if transcript.source_uri is None or transcript.task_id is None or transcript.task_repeat is None:
            return Result(value=None, explanation="The transcript names no log, question and epoch.")
        places = listed or (transcript.source_uri,)
        key = (_plain(transcript.source_uri), str(transcript.task_id), transcript.task_repeat)
        found = (await asyncio.to_thread(_epochs, places, read)).get(key)
        if found is None:
            return Result(value=None, explanation="The epoch has no verdict, or is in none of the logs.")
        question, place = found
        epoch = question.epochs[place]
        node, text = main_parting(question, place), parting_sentence(question, place)
        if epoch.parts_at is None:
            return Result(value=None, explanation=text, metadata=_metadata(question, place, None))
        parting = parting_of(question, node) if explain and node is not None else None
        if explain and parting is not None:
            text += " " + await _reading(parting, explain, asked)
        step = epoch.steps[min(epoch.parts_at, len(epoch.steps) - 1)] if epoch.steps else None
        cited = (
            [Reference(type="event", id=step.event, cite="[E1]")] if step is not None and step.event else []
        )
        return Result(
            value=epoch.parts_at,
            answer=epoch.branch,
            explanation=text + (" [E1]" if cited else ""),
            references=cited,
            metadata=_metadata(question, place, node),
        )

    return scan


register_as(parting_step, "hotmess/parting_step")


async def _reading(parting: Parting, name: str, asked: dict[str, asyncio.Task[str]]) -> str:
    """What the model says of a step, asked once however many epochs part there."""
    from inspect_ai.model import get_model

    async def ask() -> str:
        return (await get_model(name).generate(parting.prompt)).completion.strip()

    if parting.prompt not in asked:
        asked[parting.prompt] = asyncio.ensure_future(ask())
    return await asked[parting.prompt]


def _epochs(places: tuple[str, ...], read: Callable[[tuple[str, ...]], Found]) -> Found:
    """What `_read` finds; transcripts that are scanned at once wait for one reading instead of each making its own."""
    with _one_reading:
        return read(places)


def _read(options: DivergeOptions, places: tuple[str, ...]) -> Found:
    walked = read_with_paths([_plain(place) for place in places], options)
    results, _ = diverge(walked.inputs.outcomes, walked.paths.by_epoch, options)
    found: Found = {}
    for result in results:
        for question in result.questions:
            for place, epoch in enumerate(question.epochs):
                found.setdefault((_plain(epoch.log), question.question, epoch.epoch), (question, place))
    return found


def _plain(location: str) -> str:
    """A location as one spelling: files by their absolute path."""
    if location.startswith("file://"):
        location = unquote(urlsplit(location).path)
    return location if "://" in location else os.path.abspath(location)


def _metadata(question: QuestionDivergence, place: int, node: DecisiveNode | None) -> dict[str, Any]:
    epoch = question.epochs[place]
    branches = [] if node is None else [
        {
            "branch": way.name,
            "own": place in way.epochs,
            "epochs": [question.epochs[other].epoch for other in way.epochs],
            "correct": list(way.correct),
        }
        for way in node.branches
    ]  # fmt: skip
    return {
        "question": question.question,
        "epochs": len(question.epochs),
        "correct": epoch.correct,
        "leaves": epoch.leaves,
        "variance": question.variance,
        "branches": branches,
    }
