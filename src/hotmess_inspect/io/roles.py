"""Which column of a table says what: canonical names, the names that others use, and the user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ALIASES: Mapping[str, tuple[str, ...]] = {
    "question_id": (
        "question_id",
        "question",
        "id",
        "qid",
        "item_id",
        "doc_id",
        "task_id",
        "instance_id",
        "problem_id",
        "example_id",
        "prompt_id",
        "sample_id",
    ),
    "epoch": ("epoch", "trial", "repeat", "attempt", "rollout", "replicate", "run", "trial_id", "attempt_id"),
    "answer": ("answer", "prediction", "predicted", "pred", "model_answer", "choice"),
    "target": (
        "target",
        "label",
        "gold",
        "correct_answer",
        "expected",
        "reference",
        "ground_truth",
        "gold_label",
    ),
    "score": (
        "score",
        "reward",
        "correct",
        "is_correct",
        "resolved",
        "passed",
        "success",
        "acc",
        "accuracy",
        "exact_match",
        "score_binarized",
        "grade",
        "rating",
    ),
    "model": ("model", "model_name", "model_id", "llm"),
    "task": ("task", "dataset", "task_name", "benchmark", "eval_name"),
    "context": ("context", "context_id"),
    "scorer": ("scorer", "metric", "filter"),
    "variant": ("variant", "condition"),
    "log": ("log", "eval_id"),
    "uuid": ("uuid",),
    "cluster": ("cluster",),
    "length": ("length",),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "reasoning_tokens": ("reasoning_tokens",),
    "reasoning_characters": ("reasoning_characters",),
    "actions": ("actions", "num_actions", "n_actions", "tool_calls", "num_tool_calls"),
    "turns": ("turns", "num_turns", "n_turns", "turn_count"),
    "messages": ("messages", "num_messages", "message_count"),
    "human_minutes": ("human_minutes",),
    "weight": (),
}
"""Role → names by which a column of that role is known, the first is ours. Case, spaces, hyphens and a "?", "#" or ":" at the end
don't count. A column
of weights is one only where it is named as such."""

_CLASS = re.compile(r"p_(\S+)", re.DOTALL)
_NO_CLASS = frozenset({"value", "val", "adj", "adjusted"})
"""`p_value` and its like are results of a test, not the probability of a class."""
_INVISIBLE = " \t\r\n\v\f\u00a0\u200b\u2060\ufeff"
_SCORE_OF = re.compile(r"score_(\S+)")


@dataclass(frozen=True)
class Roles:
    """How the columns of one table are understood.

    Attributes:
        columns: Role → name of the column.
        classes: Class → name of the column with its probability, in the order of the columns.
        scores: Scorer → name of the column with its scores, where each scorer has a column.
        unread: Columns that say nothing to us.
        notes: What was decided, a sentence each.
    """

    columns: dict[str, str]
    classes: dict[str, str] = field(default_factory=dict)
    scores: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def used(self) -> list[str]:
        """Every column that is read, once."""
        return list(dict.fromkeys([*self.columns.values(), *self.classes.values(), *self.scores.values()]))


def assign_roles(names: Sequence[str], chosen: Mapping[str, str] | None = None) -> Roles:
    """Decide what each column is.

    A column named by the user comes first, then our own name, then the first of the names that others use.
    Each column has one role at most.

    Args:
        names: The table's column names, as they stand there.
        chosen: Role → column name, as the user gave them.

    Returns:
        The roles.

    Raises:
        ValueError: If a chosen role or column does not exist, or two columns have one name.
    """
    by_name: dict[str, list[str]] = {}
    for name in names:
        by_name.setdefault(_normal(name), []).append(name)
    roles: dict[str, str] = {}
    for role, wanted in (chosen or {}).items():
        if role not in ALIASES:
            raise ValueError(f"{role!r} is no role of a column; permitted: {', '.join(ALIASES)}")
        roles[role] = _only(by_name, wanted)
    notes: list[str] = []
    # A column may name the clusters and something else besides.
    taken = {column for role, column in roles.items() if role != "cluster"}
    exports = {"sample_id", "id", "epoch"} <= by_name.keys()
    for role, aliases in ALIASES.items():
        if role in roles:
            continue
        # Inspect's `samples_df` calls the question `id` and a single epoch `sample_id`.
        known = list(aliases)
        if exports:
            known = ["sample_id"] if role == "uuid" else [a for a in aliases if a != "sample_id"]
        for alias in known:
            if alias in by_name and not taken & set(by_name[alias]):
                roles[role] = _only(by_name, alias)
                taken.add(roles[role])
                if alias != aliases[0]:
                    notes.append(f"column {roles[role]!r} is read as {role}")
                break
    if "question_id" not in roles and "task" in roles and "task" not in (chosen or {}):
        # A table of tasks and trials: the task is what is repeated.
        roles["question_id"] = roles.pop("task")
        notes.append(
            f"column {roles['question_id']!r} is read as question_id: no other column names the question"
        )
    scores = {} if "score" in roles else _per_scorer(by_name, taken, exports)
    classes = _classes(by_name, taken)
    found = Roles(roles, classes, scores, notes=notes)
    found.unread.extend(name for name in names if name not in set(found.used))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip(_INVISIBLE).rstrip("?#:" + _INVISIBLE)).lower()


def _only(by_name: Mapping[str, list[str]], name: str) -> str:
    same = by_name.get(_normal(name), [])
    if not same:
        raise ValueError(
            f"column {name!r} is missing; found: {', '.join(c for own in by_name.values() for c in own)}"
        )
    if name in same and same.count(name) == 1 and name != _normal(name):
        return name
    if len(same) > 1:
        raise ValueError(
            f"column {name!r} stands {len(same)} times ({', '.join(map(repr, same))}): rename all but the one that counts"
        )
    return same[0]


def _per_scorer(by_name: Mapping[str, list[str]], taken: set[str], exports: bool) -> dict[str, str]:
    """`score_<scorer>` columns, as `samples_df` writes them."""
    found = {}
    for name, columns in by_name.items():
        match = _SCORE_OF.fullmatch(name)
        if match and exports and not taken & set(columns):
            found[columns[0].strip().removeprefix("score_")] = _only(by_name, columns[0])
    return found


def _classes(by_name: Mapping[str, list[str]], taken: set[str]) -> dict[str, str]:
    found = {}
    for columns in by_name.values():
        match = _CLASS.fullmatch(columns[0].strip())
        if match and match[1].lower() not in _NO_CLASS and columns[0] not in taken:
            if len(columns) > 1:
                # p_a and p_A are two classes; the same name twice is none.
                distinct = dict.fromkeys(c.strip() for c in columns)
                if len(distinct) < len(columns):
                    raise ValueError(
                        f"column {columns[0]!r} stands twice: rename all but the one that counts"
                    )
            for column in columns:
                found[column.strip().removeprefix("p_")] = column
    return found
