"""The text tables of `hotmess diverge`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from hotmess_inspect.analyses.divergence.account import KINDS
from hotmess_inspect.render.console import cell, console, print_nothing, print_problems, print_table
from hotmess_inspect.render.text import plain
from hotmess_inspect.results.analyze import group_name
from hotmess_inspect.results.branch_names import told_apart
from hotmess_inspect.results.divergence import (
    ANSWERS,
    Branch,
    DecisiveNode,
    GroupDivergence,
    QuestionDivergence,
)
from hotmess_inspect.results.verdict import concerning
from hotmess_inspect.schema import Problem
from hotmess_inspect.words import counted

NO_VARIANCE = 1e-12
"""What is left of sums that cancel."""
_ROWS = 12
_LISTED = 6

KIND_NAMES = {
    "other_tool": "another tool",
    "other_target": "the same tool on another file",
    "other_arguments": "the same with other arguments",
    "stopped_earlier": "one stops, the other goes on",
}
ANSWER_NAMES = {
    "tool_answers_differ_first": "a tool answered differently first (environment)",
    "actions_differ_first": "actions differ after equal answers (the model's own draw)",
    "nothing_differs": "nothing but the outcome differs",
}


def print_divergence(
    results: Sequence[GroupDivergence], problems: Sequence[Problem], *, questions: int
) -> None:
    """Print where variance arises: by step, by kind of parting, by tool and file, and the questions to read."""
    out = console()
    if not results:
        print_nothing(problems, out)
    for result in results:
        _print_group(out, result, questions)
    print_problems(concerning(problems, ()), out)


def _print_group(out: Console, result: GroupDivergence, questions: int) -> None:
    out.print(cell(group_name(result.group)))
    out.print(cell(verdict(result), "bold"))
    clearest = clearest_question(result)
    if clearest is not None:
        out.print(cell(clearest[1]))
    print_table(out, _steps(result))
    for sentence in share_sentences(result):
        out.print(cell(sentence))
    _print_consistency(out, result)
    ranked = sorted(result.questions, key=lambda q: (-np.nan_to_num(q.variance), q.question))
    for question in [q for q in ranked if q.variance > NO_VARIANCE][:questions]:
        out.print(question_tree(question))


def _steps(result: GroupDivergence) -> Table:
    account, null = result.account, result.null
    share, pairs = result.shares(account.by_step), account.pairs.sum(axis=0) / max(len(account.pairs), 1)
    undecided = result.shares(account.undecided)
    title = f"variance {result.variance:.4f} over {counted(len(account.variance), 'question')}"
    table = Table(title=plain(f"{title} · grain {result.grain}"), title_justify="left")
    for name in (
        "parts at step",
        "pairs",
        "share of variance",
        "95 % interval",
        "expected",
        "p",
        "undecided",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for n, step in list(enumerate(account.steps))[:_ROWS]:
        table.add_row(
            str(step), percent(pairs[n]), percent(share[n]), ends(result.intervals["steps"][n]),
            percent(null.expected[n]), p_value(null.p_values[n]), percent(undecided[n]),
        )  # fmt: skip
    if len(account.steps) > _ROWS:
        rest = slice(_ROWS, None)
        table.add_row(
            f"later ({counted(len(account.steps) - _ROWS, 'step')})", percent(pairs[rest].sum()), percent(share[rest].sum()), "",
            percent(null.expected[rest].sum()), "", percent(undecided[_ROWS]),
        )  # fmt: skip
    table.add_row(
        "never", percent(float(account.never_pairs.mean()) if len(account.never_pairs) else math.nan),
        percent(result.shares(account.never[:, None])[0]), ends(result.intervals["never"][0]),
        percent(null.expected_never), p_value(null.p_never), "",
    )  # fmt: skip
    return table


def verdict(result: GroupDivergence) -> str:
    """What the steps say, in a sentence."""
    null = result.null
    if not len(null.p_values) or np.isnan(null.p_values).all():
        return "There is no variance to split, or no step at which epochs part."
    share = result.shares(result.account.by_step)
    best = int(np.nanargmax(share - null.expected))
    step = result.account.steps[best]
    if null.p_values[best] < 0.05:
        return (
            f"Step {step} decides: the pairs that part there carry {percent(share[best])} of the variance, "
            f"{percent(null.expected[best])} would be expected by chance (p = {p_value(null.p_values[best])}, corrected "
            f"over {counted(len(share), 'step')})."
        )
    return (
        f"No single step carries more variance than chance would give it: the largest excess is at step {step}, "
        f"{percent(share[best])} against {percent(null.expected[best])} expected (p = {p_value(null.p_values[best])})."
    )


def clearest_question(result: GroupDivergence) -> tuple[QuestionDivergence, str] | None:
    """The question whose own epochs single out a step most clearly, and that step with what became of each branch.

    Its p-value is the smallest of several questions; a step is only said to decide where it is below .05 divided by
    their number.
    """
    tested = [q for q in result.questions if not math.isnan(q.p) and q.variance > NO_VARIANCE]
    if not tested:
        return None
    found = min(tested, key=lambda q: (q.p, -q.variance, q.question))
    node = found.nodes[0]
    ways = "; ".join(f"{branch_sentence(way)}, took “{way.name}”" for way in node.branches[:3])
    others = f"; {others_of(node, 3)}" if len(node.branches) > 3 else ""
    share = of_question(found, node)
    where = f"step {node.step}{came_from(found, node)}"
    smallest = f"p = {p_value(found.p)}" + (
        f", the smallest of {counted(len(tested), 'question')}, held against {0.05 / len(tested):.2g}"
        if len(tested) > 1
        else ""
    )
    if found.p * len(tested) < 0.05:
        return found, f"In {found.question} {where} decides ({share}): {ways}{others} ({smallest})."
    start = (
        f"In {found.question} {where} comes first"
        if len(tested) == 1
        else f"No question of its own shows a step that decides. The clearest is {found.question} at {where}"
    )
    return found, (
        f"{start} ({share}): {ways}{others}; among {counted(len(found.epochs), 'epoch')} that can be chance ({smallest})."
    )


def of_question(question: QuestionDivergence, node: DecisiveNode) -> str:
    """How much of its question's variance a step carries."""
    share = node.variance / question.variance if question.variance > NO_VARIANCE else math.nan
    return f"{percent(share)} of its variance"


def others_of(node: DecisiveNode, shown: int) -> str:
    """How many branches are not listed."""
    left = len(node.branches) - shown
    return f"{left} other way{'s' if left > 1 else ''}"


def share_sentences(result: GroupDivergence) -> list[str]:
    """How the variance divides by kind of parting, by what differs first, by tool and by file; the largest first."""
    account = result.account
    if not len(account.variance) or not account.variance.sum() > 0:
        return []
    files = [file_name(name) for name in account.files]
    lines = []
    for title, names, parts in (
        ("how epochs part", [KIND_NAMES[k] for k in KINDS], account.by_kind),
        ("what differs first", [ANSWER_NAMES[k] for k in ANSWERS], result.answers),
        ("tool", account.tools, account.by_tool),
        ("file", files if len(files) > 1 else [], account.by_file[:, : len(files) if len(files) > 1 else 0]),
    ):
        ranked = sorted(
            zip(names, result.shares(parts).tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])
        )
        listed = [f"{name} {percent(share)}" for name, share in ranked[:_LISTED] if abs(share) >= 0.0005]
        if len(ranked) > _LISTED:
            listed.append(f"{len(ranked) - _LISTED} others {percent(sum(s for _, s in ranked[_LISTED:]))}")
        if listed:
            lines.append(f"share of the variance by {title}: {'; '.join(listed)}")
    return lines


CONSISTENCY_NAMES = {
    "js_divergence": "Jensen–Shannon divergence of actions (bits)",
    "edit_distance": "edit distance",
    "cv_steps": "CV of steps",
    "cv_tokens": "CV of tokens",
    "cv_seconds": "CV of time",
}


def _print_consistency(out: Console, result: GroupDivergence) -> None:
    for who, measures in result.consistency.items():
        listed = [
            f"{CONSISTENCY_NAMES[name]} {value:.3f}"
            for name, (value, _, _) in measures.items()
            if not math.isnan(value)
        ]
        if listed:
            out.print(cell(f"likeness of {who} epochs: {', '.join(listed)}", "dim"))


def question_tree(question: QuestionDivergence) -> Tree:
    """A question's decisive steps with what became of each branch."""
    tree = Tree(
        cell(
            f"{question.question}: {counted(len(question.epochs), 'epoch')}, {percent(question.share)} of the group's variance",
            "bold",
        )
    )
    for node in question.nodes[:3]:
        if node.variance <= NO_VARIANCE:
            continue
        text = (
            f"step {node.step}{came_from(question, node)}: {of_question(question, node)}, {pairs_part(node)}"
        )
        branch = tree.add(cell(text, ""))
        ways = node.branches[:_LISTED]
        for way, rest in zip(ways, _rests(ways), strict=True):
            branch.add(_way(way, rest))
        if len(node.branches) > _LISTED:
            branch.add(cell(others_of(node, _LISTED), "dim"))
        if node.read_first is not None:
            branch.add(cell(_read_first(question, node), "dim"))
    return tree


def pairs_part(node: DecisiveNode) -> str:
    """How many pairs of epochs part at a node."""
    return f"{counted(node.pairs, 'pair')} part{'s' if node.pairs == 1 else ''}"


def _way(way: Branch, rest: str) -> Text:
    text = cell(f"{branch_sentence(way)}: {way.name}")
    # Of epochs that took unlike steps at this grain, one stands for all.
    return text.append_text(cell(f"  {'' if way.same else 'e.g. '}{rest}", "dim")) if rest else text


def _rests(ways: Sequence[Branch]) -> list[str]:
    """What tells the commands of branches apart, where it says more than their names."""
    shown = told_apart([way.shown for way in ways])
    return [
        "" if rest.lstrip("… ") in way.name or shown.count(rest) > 1 else rest
        for way, rest in zip(ways, shown, strict=True)
    ]


def file_name(name: str) -> str:
    """A target in words."""
    return {"": "no file", ".": "the working directory"}.get(name, name)


def came_from(question: QuestionDivergence, node: DecisiveNode) -> str:
    """What the epochs of a node did last in common, where epochs part at that step in other branches too."""
    if not node.step or sum(other.step == node.step for other in question.nodes) < 2:
        return ""
    last = question.epochs[node.branches[0].epochs[0]].steps[node.step - 1]
    return f" after {last.tool} {last.target}".rstrip()


def branch_sentence(way: Branch) -> str:
    """How many epochs took a branch, and how they ended."""
    count = len(way.epochs)
    verb = "epoch" if count == 1 else "epochs"
    known = [value for value in way.correct if not math.isnan(value)]
    if not known:
        return f"{count} {verb}"
    right = sum(value == 1 for value in known)
    if all(value in (0, 1) for value in known):
        return f"{count} {verb}, {right} right"
    if count == 1:
        return f"1 epoch, {known[0]:.2f} right"
    return f"{count} {verb}, {right} right, {sum(known) / len(known):.2f} on average"


def main_parting(question: QuestionDivergence, place: int) -> DecisiveNode | None:
    """The node at which an epoch parts from siblings, where it is one of the question's largest."""
    step = question.epochs[place].parts_at
    return next(
        (
            node
            for node in question.nodes
            if node.step == step and any(place in way.epochs for way in node.branches)
        ),
        None,
    )


def parting_sentence(question: QuestionDivergence, place: int) -> str:
    """At which step an epoch parts from its siblings, what they did there, and how each branch ended."""
    step, node = question.epochs[place].parts_at, main_parting(question, place)
    if step is None:
        return f"None of the {counted(len(question.epochs), 'epoch')} takes another step than this one."
    if node is None:
        return f"It parts at step {step}."
    share = ""
    if question.variance > NO_VARIANCE:
        share = f", which carries {node.variance / question.variance:.0%} of the question's variance"
    ways = "; ".join(f"{way.name}: {branch_sentence(way)}" for way in node.branches)
    return f"It parts at step {step}{share}. {ways}."


def _read_first(question: QuestionDivergence, node: DecisiveNode) -> str:
    first, second = (question.epochs[place] for place in node.read_first or (0, 0))
    same = first.log == second.log
    return (
        f"read first: epochs {first.epoch} and {second.epoch}" + (f" of {first.log}" if first.log else "")
        if same
        else f"read first: epoch {first.epoch} of {first.log} and epoch {second.epoch} of {second.log}"
    )


def percent(value: float) -> str:
    """A share with one decimal, a dash where undefined."""
    # Sums that cancel leave a rest of either sign in the last digit.
    return "–" if math.isnan(value) else f"{100 * value if abs(value) >= 5e-4 else 0.0:.1f} %"


def ends(interval: np.ndarray) -> str:
    """Both ends of an interval of a share."""
    low, high = (float(end) for end in interval)
    return "–" if math.isnan(low) else f"{100 * low:.1f} … {100 * high:.1f}"


def p_value(value: float) -> str:
    """A p-value with as many digits as it has meaning."""
    return "–" if math.isnan(value) else f"{value:.4f}" if value < 0.01 else f"{value:.3f}"
