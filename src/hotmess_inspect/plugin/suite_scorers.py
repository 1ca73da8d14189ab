"""Other people's scorers unchanged, with the metadata that the decomposition reads added to each score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from logging import getLogger
from typing import Any, TypeAlias

from inspect_ai.scorer import Metric, Score, Scorer, Target, Value, scorer
from inspect_ai.solver import TaskState
from inspect_ai.util import registry_info

from hotmess_inspect._inspect_private import creation_parameters
from hotmess_inspect.plugin.repeat import describe_verdict, with_regrades
from hotmess_inspect.schema import Scale
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


def described(
    theirs: Scorer,
    metric: Metric,
    *,
    scale: Scale | None = None,
    key: str | None = None,
    gradings: int = 1,
) -> Scorer:
    """A scorer that scores as theirs does, under its name, and describes each epoch.

    Value, answer, explanation and metadata stay what they were; the ``hm_*`` entries come beside them.
    Letters of choices are described as answers where the verdict agrees with them, everything else as plain
    scores. A value that is no score is left as it is, and said once in a warning.

    Args:
        theirs: A scorer that carries Inspect's registry information.
        metric: Our metric, put behind their own.
        scale: What scores mean where that is not 0 for wrong and 1 for right; written with each of them.
        key: The key of dictionaries that it is the scale of; None: of all.
        gradings: How often each completion is judged: the first verdict counts.

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
        for sentence in _doubts(verdict.value, name, scale, key):
            if sentence not in said:
                said.add(sentence)
                logger.warning(sentence)
        made = _with_description(verdict, state, target, scale, key)
        return with_regrades(made, [await theirs(state, target) for _ in range(gradings - 1)])

    # Registered beside theirs, never in its place: names of ours start with this package.
    @scorer(metrics=with_metric(info.metadata["metrics"], metric), name=name, **metadata)
    def scored(**parameters: Any) -> Scorer:
        return score

    return scored(**creation_parameters(theirs))


def _with_description(
    verdict: Score, state: TaskState, target: Target, scale: Scale | None, key: str | None
) -> Score:
    own = verdict.metadata or {}
    if own.get("hm_kind") is not None:
        return verdict
    value = verdict.value if isinstance(verdict.value, str | int | float | bool) else math.nan
    entries = describe_verdict(value, verdict.answer, state, target, scale)
    if scale is not None and key is not None:
        entries |= {
            "hm_range": scale.entry(key if isinstance(verdict.value, Mapping | list | tuple) else None)
        }
    return verdict.model_copy(update={"metadata": {**own, **entries}})


def _doubts(value: Value, name: str, scale: Scale | None, key: str | None) -> Iterator[str]:
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
    ends = scale or Scale()
    low, high = sorted((ends.low, ends.high))
    measured = [numbers[key]] if key in numbers else numbers.values()
    large = next((n for n in measured if not math.isnan(n) and not low <= n <= high), None)
    if large is not None:
        yield (
            f"hotmess/suite: scorer {name!r} gives scores outside {low:g} … {high:g}, such as {large:g}, so that none of "
            "them can be read: say what a right answer gets with -T perfect=NUMBER, or -T range=WRONG,RIGHT"
        )


def _leaves(value: Value) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    else:
        yield "", value
