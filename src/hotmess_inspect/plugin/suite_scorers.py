"""Their scorers as they are, with what the decomposition needs in each score's metadata."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from logging import getLogger
from typing import Any, TypeAlias

from inspect_ai.scorer import Metric, Score, Scorer, Target, Value, scorer
from inspect_ai.solver import TaskState
from inspect_ai.util import registry_info

from hotmess_inspect._inspect_private import creation_parameters
from hotmess_inspect.plugin.repeat import describe_verdict
from hotmess_inspect.verdicts import verdict_to_float

logger = getLogger(__name__)

Metrics: TypeAlias = Sequence[Metric | Mapping[str, Sequence[Metric]]] | Mapping[str, Sequence[Metric]]


def with_metric(metrics: Metrics, metric: Metric) -> list[Metric | dict[str, list[Metric]]]:
    """Their metrics, and ours behind them so that no key of theirs changes; once only."""
    theirs = [metrics] if isinstance(metrics, Mapping) else list(metrics)
    kept = [
        {key: list(inner) for key, inner in entry.items()} if isinstance(entry, Mapping) else entry
        for entry in theirs
    ]
    present = (entry for entry in kept if not isinstance(entry, dict))
    name = registry_info(metric).name.rpartition("/")[2]
    if any(registry_info(entry).name.rpartition("/")[2] == name for entry in present):
        return kept
    return [*kept, metric]


def described(theirs: Scorer, metric: Metric, *, perfect: float = 1.0) -> Scorer:
    """A scorer that scores as theirs does, under its name, and describes each epoch.

    Value, answer, explanation and metadata stay what they were; the ``hm_*`` entries come beside them.
    Letters of choices are described as answers where the verdict agrees with them, everything else as plain
    scores. A value that is no score is left as it is, and said once in a warning.

    Args:
        theirs: A scorer that carries Inspect's registry information.
        metric: Our metric, put behind their own.
        perfect: Score of a right answer, for the warning about scores beyond it.

    Returns:
        The scorer, to stand in place of theirs.
    """
    info = registry_info(theirs)
    package, _, name = info.name.rpartition("/")
    if package in ("hotmess", "hotmess_inspect"):
        return theirs  # describes its epochs itself, and has the metric
    metadata = {key: entry for key, entry in info.metadata.items() if key not in ("metrics", "name")}
    said: set[str] = set()

    async def score(state: TaskState, target: Target) -> Score | None:
        verdict = await theirs(state, target)
        # Scorers may decline; Inspect then leaves the sample without their score.
        if not isinstance(verdict, Score):
            return verdict
        for sentence in _doubts(verdict.value, name, perfect):
            if sentence not in said:
                said.add(sentence)
                logger.warning(sentence)
        return _with_description(verdict, state, target)

    # Registered beside theirs, never in its place: names of ours start with this package.
    @scorer(metrics=with_metric(info.metadata["metrics"], metric), name=name, **metadata)
    def scored(**parameters: Any) -> Scorer:
        return score

    return scored(**creation_parameters(theirs))


def _with_description(verdict: Score, state: TaskState, target: Target) -> Score:
    own = verdict.metadata or {}
    if own.get("hm_kind") is not None:
        return verdict
    value = verdict.value if isinstance(verdict.value, str | int | float | bool) else math.nan
    entries = describe_verdict(value, verdict.answer, state, target)
    return verdict.model_copy(update={"metadata": {**own, **entries}})


def _doubts(value: Value, name: str, perfect: float) -> Iterator[str]:
    """Sentences on values that the metric cannot read, or reads in another way than meant."""
    leaves = dict(_leaves(value))
    numbers = {key: verdict_to_float(leaf) for key, leaf in leaves.items()}
    if any(isinstance(leaf, float) and math.isnan(leaf) for leaf in leaves.values()):
        return  # a score that its scorer declares missing
    if all(map(math.isnan, numbers.values())):
        yield (
            f"hotmess/suite: scorer {name!r} gives values that are no scores, such as {str(value)[:60]!r} (numbers, "
            "booleans, C, P, I, N, yes, no are); its epochs are counted as unscored"
        )
    large = next((n for n in numbers.values() if not math.isnan(n) and not 0 <= n <= max(perfect, 0)), None)
    if large is not None:
        yield (
            f"hotmess/suite: scorer {name!r} gives scores outside 0 … {perfect:g}; the error is the squared distance "
            "to the score of a right answer: say what that is with -T perfect=NUMBER"
        )


def _leaves(value: Value) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    else:
        yield "", value
