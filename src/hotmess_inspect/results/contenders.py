"""The runs that a comparison is about: read one input after the other, named so that they can be told apart."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotmess_inspect.io.account import Account, FileAccount
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.compare import Contender, PairResult, Ranking
from hotmess_inspect.results.comparison_verdict import pair_verdict
from hotmess_inspect.results.variants import VariantNames
from hotmess_inspect.results.warnings import COMPARE_ADVICE
from hotmess_inspect.schema import Problem, Scale, finite_or_none


def read_contenders(
    inputs: Sequence[str],
    options: Options,
    *,
    cluster: str | None = None,
    scale: Scale | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Contender], list[Problem], Account]:
    """Read and analyse every input by itself; each group of it is a contender.

    Args:
        inputs: Logs, folders, globs, URIs or tables.
        options: What to compute. Without losses, classes are compared by Brier, all else by squared error.
        cluster: As in `read_inputs`.
        scale: As in `read_inputs`, for every input.
        columns: As in `read_inputs`, for every input.
        progress: As in `read_inputs`, for each input in turn.

    Returns:
        Contenders in the order of the inputs, what could not be read or looks odd, and what became of every file.
    """
    found: list[tuple[str, GroupResult]] = []
    problems: list[Problem] = []
    files: list[FileAccount] = []
    for place in inputs:
        read = read_inputs([place], progress=progress, cluster=cluster, scale=scale, columns=columns)
        files += read.account.files
        results, odd = analyze(read.outcomes, options)
        problems += read.problems
        # Every pair's own accuracies are looked at when it is compared.
        problems += [one for one in odd if not one.message.endswith(COMPARE_ADVICE)]
        if not options.losses:
            results = [result for result in results if result.decomposition.loss in ("brier", "squared")]
        found += [(place, result) for result in results]
    return named(found), problems, Account(files)


def named(found: Sequence[tuple[str, GroupResult]]) -> list[Contender]:
    """Contenders with names that tell them apart: models, else inputs and models, else settings too.

    Args:
        found: Each group with the input it comes from.
    """
    return [Contender(name, result) for name, (_, result) in zip(_names(found), found, strict=True)]


def comparison_json(
    pairs: Sequence[PairResult],
    rankings: Sequence[Ranking],
    problems: Sequence[Problem],
    account: Account | None = None,
    asked: Sequence[str] | None = None,
) -> dict[str, Any]:
    """What `hotmess compare --json` prints; undefined numbers are ``None``. `asked`: as in `comparison_verdict`."""
    return {
        "schema": 1,
        "findings": [_finding_json(pair, asked) for pair in pairs],
        "comparisons": [row for pair in pairs for row in pair.as_json()],
        "groups": [
            {
                "task": one.task,
                "loss": one.loss,
                "measure": one.measure,
                "quantity": one.quantity,
                "members": [
                    {"name": name, "value": finite_or_none(value), "letters": one.letters[name]}
                    for name, value in one.values.items()
                ],
            }
            for one in rankings
        ],
        "changed": [{**_about(pair), "questions": pair.changed_questions()} for pair in pairs],
        "problems": [{"level": p.level, "input": p.input, "message": p.message} for p in problems],
        **({} if account is None else {"account": account.as_json()}),
    }


def _about(pair: PairResult) -> dict[str, Any]:
    group = pair.first.result.group
    return {
        "task": group.task,
        "loss": pair.first.result.decomposition.loss,
        "measure": group.measure or group.scorer,
        "a": pair.first.name,
        "b": pair.second.name,
    }


def _finding_json(pair: PairResult, asked: Sequence[str] | None) -> dict[str, Any]:
    said = pair_verdict(pair, asked)
    return {
        **_about(pair),
        "measured": said.measured,
        "finding": said.finding,
        "cautions": list(said.cautions),
        "next_steps": list(said.next_steps),
    }


def _names(found: Sequence[tuple[str, GroupResult]]) -> list[str]:
    """Models where they tell the runs apart, else inputs and models, else variants too."""
    bases = _base_names([place for place, _ in found])
    models = [result.group.model or base for base, (_, result) in zip(bases, found, strict=True)]
    with_inputs = [
        base if model == base else f"{base}: {model}" for base, model in zip(bases, models, strict=True)
    ]
    variants = VariantNames(result for _, result in found)
    settings = [
        f"{name} ({variants.of(result)})" if variants.of(result) else name
        for name, (_, result) in zip(with_inputs, found, strict=True)
    ]
    kinds = [(g.task, g.scorer, g.measure, g.kind, r.decomposition.loss) for _, r in found for g in [r.group]]
    for names in (models, with_inputs, settings):
        if max(Counter(zip(names, kinds, strict=True)).values(), default=1) == 1:
            return names
    return [f"{number}: {name}" for number, name in enumerate(settings, start=1)]


def _base_names(places: Sequence[str]) -> list[str]:
    """The last part of each path, or the whole path where last parts are alike."""
    last = {place: os.path.splitext(os.path.basename(place.rstrip("/")))[0] or place for place in places}
    alike = Counter(last.values())
    return [last[place] if alike[last[place]] == 1 else place for place in places]
