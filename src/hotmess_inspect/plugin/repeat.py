"""The scorer `hotmess/repeat`: adds the metadata that the decomposition reads to another scorer's verdicts."""

import builtins
import math
from collections.abc import Mapping, Sequence
from logging import getLogger
from typing import Any

from inspect_ai.scorer import Score, Scorer, Target, Value, accuracy, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import registry_create, registry_info

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect._inspect_versions import reason_of, score_with_reason, unscored
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.lengths import sample_lengths, sample_status
from hotmess_inspect.schema import Scale, class_index, class_label, epoch_metadata
from hotmess_inspect.verdicts import pick, verdict_to_float

logger = getLogger(__name__)

SOURCE = "hm_source"


# The parameter hides the decorator inside the function only.
@scorer(metrics=[accuracy(), stderr(), incoherence()], name="repeat")
def repeat(
    scorer: Scorer | str | None = None,
    source: str | None = None,
    key: str | int | None = None,
    perfect: float | None = None,
    range: str | list[float] | None = None,
    gradings: int = 1,
    args: str | dict[str, Any] | None = None,
) -> Scorer:
    """Repeat a verdict that exists, with what the decomposition needs beside it.

    Three uses: `inspect score LOG --scorer hotmess/repeat --action append` takes the verdicts stored in a
    log; in `Task(scorer=[theirs(), repeat()])` it takes the verdict of the scorer before it; with
    `scorer` it runs another scorer itself. Nothing is judged again in the first two.

    The value stays the verdict, so that accuracy is what the other scorer reports. Where the sample has
    choices with one right letter and the verdict agrees with the letter, the answer itself is
    decomposed (``hm_kind`` "answer"), otherwise the verdict as a number ("score").

    Args:
        scorer: Scorer to run, or its registered name; None reads scores that the sample has already.
        source: Name of the score to read where a sample has several.
        key: Key of the value where scores are dictionaries, index where they are lists.
        perfect: Score of a right answer; a wrong one gets 0, and 1 where a right one gets 0. None keeps what the
            repeated score says. A metric of the other scorer is not seen from here: what it says must be said again.
        range: Scores of a wrong and of a right answer, in place of `perfect`.
        gradings: How often `scorer` judges each completion: the first verdict counts, the further ones
            (``hm_regrades``) tell the judge's noise from the model's variance.
        args: Parameters of a scorer that is named, as for `hotmess/suite`.

    Returns:
        A scorer whose metadata hold the ``hm_*`` entries of :mod:`~hotmess_inspect.schema`, ``hm_target`` and ``hm_classes`` for
        choices, and ``hm_source``, the name of the score repeated. A sample without that score is left
        unscored and counted as such by Inspect.

    Raises:
        ValueError: If both `scorer` and `source`, or `perfect` and `range`, are given.
        PrerequisiteError: When scoring, if a sample has several scores and `source` is None, or a score
            is a dictionary of several keys and `key` names none of them.
    """
    if scorer is not None and source is not None:
        raise ValueError(f"source={source!r} reads a stored score and scorer runs one: give one of the two")

    scale = Scale.given(perfect, range)
    if gradings < 1 or (gradings > 1 and scorer is None):
        raise ValueError(f"gradings={gradings!r}: 1 or more, and above 1 a scorer must be named that judges")
    judge = _created(scorer, args) if isinstance(scorer, str) else scorer

    async def score(state: TaskState, target: Target) -> Score:
        further: list[Score | None] = []
        if judge is not None:
            name, verdict = _name(judge), await judge(state, target)
            further = [await judge(state, target) for _ in builtins.range(gradings - 1)]
        else:
            name, verdict = _stored(state.scores or {}, source)
        if verdict is None:
            return unscored(
                "scoring_failed", explanation=f"no score {name!r} to repeat", metadata={SOURCE: name}
            )
        repeated = _repeat(verdict, name, key, state, target, scale)
        return with_regrades(repeated, further, key)

    return score


def _created(name: str, args: str | dict[str, Any] | None) -> Scorer:
    """A scorer by its registered name, with its parameters."""
    from hotmess_inspect.plugin.suite_arguments import task_arguments

    try:
        return registry_create("scorer", name, **task_arguments(args))
    except (LookupError, TypeError, ValueError) as error:
        raise prerequisite_error(
            f"hotmess/repeat: scorer {name!r} cannot be made: {error}. Registered names have their package in front "
            "(inspect_ai's own need none), parameters stand in -S args='{name: value}'"
        ) from error


def with_regrades(score: Score, further: Sequence[Score | None], key: str | int | None = None) -> Score:
    """A score with the values of further gradings of the same completion in its metadata, those that are numbers."""
    values = [again.value for again in further if isinstance(again, Score)]
    if not values:
        return score
    if isinstance(score.value, Mapping):
        listed = {name: _as_texts([pick(value, name) for value in values]) for name in score.value}
        entry: Any = {name: texts for name, texts in listed.items() if texts}
    else:
        entry = _as_texts([pick(value, key) for value in values])
    return score.model_copy(update={"metadata": {**(score.metadata or {}), "hm_regrades": entry}})


def _as_texts(values: Sequence[object]) -> list[str]:
    numbers = map(verdict_to_float, values)
    return [repr(number) for number in numbers if not math.isnan(number)]


def _name(scorer: Scorer) -> str:
    """Name of a scorer without its package, as logs have it."""
    try:
        return registry_info(scorer).name.rsplit("/", 1)[-1]
    except ValueError:
        return getattr(scorer, "__name__", "scorer")


def _stored(scores: Mapping[str, Score], source: str | None) -> tuple[str, Score | None]:
    """The score to repeat, never one that was itself repeated."""
    originals = {name: score for name, score in scores.items() if SOURCE not in (score.metadata or {})}
    if source is not None:
        if originals and source not in originals:
            logger.warning(
                "hotmess/repeat: no score %r in a sample that has %s", source, ", ".join(map(repr, originals))
            )
        return source, originals.get(source)
    if len(originals) > 1:
        names = ", ".join(map(repr, originals))
        raise prerequisite_error(
            f"hotmess/repeat: source={source!r}, but the sample has several scores; choose one of {names} "
            "(on the command line: -S source=NAME)"
        )
    return next(iter(originals.items()), ("any", None))


def _repeat(
    verdict: Score,
    name: str,
    key: str | int | None,
    state: TaskState,
    target: Target,
    scale: Scale | None,
) -> Score:
    value = _value(verdict.value, key)
    own = {entry: found for entry, found in (verdict.metadata or {}).items() if entry.startswith("hm_")}
    scale = scale or Scale.of_entry(own.get("hm_range"), _only_key(verdict.value, key))
    metadata = (
        own
        if own.get("hm_kind") is not None and key is None
        else describe_verdict(value, verdict.answer, state, target, scale)
    )
    if scale is not None:
        metadata = {**metadata, "hm_range": scale.entry()}
    # A verdict without any number (model graders that failed) is unscored, not wrong.
    no_number = (
        metadata["hm_kind"] == "score" and math.isnan(verdict_to_float(value)) and not isinstance(value, str)
    )
    return score_with_reason(
        reason_of(verdict),
        value=math.nan if no_number else value,
        answer=verdict.answer,
        explanation=verdict.explanation,
        metadata={**metadata, SOURCE: name},
    )


def _value(value: Value, key: str | int | None) -> Any:
    picked = pick(value, key)
    if picked is None and isinstance(value, Mapping) and (key is None or key not in value) and len(value) > 1:
        names = ", ".join(map(repr, value))
        raise prerequisite_error(
            f"hotmess/repeat: key={key!r}, but the score is a dictionary; choose one of {names} "
            "(on the command line: -S key=NAME)"
        )
    return math.nan if picked is None else picked


def _only_key(value: Value, key: str | int | None) -> str | None:
    """The key by which a score is read, its only one where none is named."""
    if key is None and isinstance(value, Mapping) and len(value) == 1:
        return str(next(iter(value)))
    return None if key is None else str(key)


def describe_verdict(
    value: Any, answer: str | None, state: TaskState, target: Target, scale: Scale | None = None
) -> dict[str, Any]:
    """The ``hm_*`` entries of a verdict: an answer where it agrees with a letter, else a plain score.

    On a scale of its own it is always a score: a right letter may be what is not wanted there.
    """
    status = sample_status(state)
    lengths = sample_lengths(state)
    label = _answered(answer, len(state.choices))
    right = _single_label(target.text, len(state.choices))
    if (
        scale in (None, Scale())
        and label is not None
        and right is not None
        and verdict_to_float(value) == float(label == right)
    ):
        return epoch_metadata(
            kind="answer",
            epoch=state.epoch,
            status=status if label or status != "ok" else "unparsed",
            answer=label,
            target=right,
            classes=len(state.choices),
            lengths=lengths,
        )
    return epoch_metadata(kind="score", epoch=state.epoch, status=status, lengths=lengths, scale=scale)


def _answered(answer: str | None, choices: int) -> str | None:
    """The label answered, "" for none or several of them, None where the scorer's answers are no labels."""
    parts = [part for part in (answer or "").replace(",", " ").split() if part]
    if answer is None or any(_single_label(part, choices) is None for part in parts):
        return None
    return (_single_label(parts[0], choices) or "") if len(parts) == 1 else ""


def _single_label(text: str, choices: int) -> str | None:
    """The label of a choice, upper case; None for none, several, or one beyond the choices."""
    index = class_index(text.strip().upper())
    return class_label(index) if index is not None and index < choices and choices > 1 else None
