"""Where epochs part, on the page: the undecided variance, the deciding steps, and epochs side by side."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from hotmess_inspect.render.divergence import (
    NO_VARIANCE,
    branch_sentence,
    came_from,
    clearest_question,
    ends,
    of_question,
    others_of,
    p_value,
    pairs_part,
    percent,
    share_sentences,
    verdict,
)
from hotmess_inspect.render.report.html import Html, bullets, table
from hotmess_inspect.render.report.reading import Links
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import group_name
from hotmess_inspect.results.branch_names import Described, branch_names
from hotmess_inspect.results.divergence import (
    DecisiveNode,
    EpochPath,
    GroupDivergence,
    QuestionDivergence,
)
from hotmess_inspect.results.verdict import as_sentence
from hotmess_inspect.words import counted

_STEPS_SHOWN = 80
_ROWS = 20
_CELL = 40
_WAYS = 6

DIVERGENCE_STYLE = """
.walks { overflow: auto; max-height: 85vh; border: 1px solid var(--line); margin: 0.5rem 0 1rem; }
.walks table { border-collapse: separate; border-spacing: 0; font-size: 0.72rem; }
.walks td, .walks th { padding: 0.1rem 0.35rem; border: 0 solid var(--line); border-bottom-width: 1px; border-left-width: 1px; height: 1.45rem; max-width: 11rem; min-width: 5rem; vertical-align: top; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.walks thead th { min-width: 2.2rem; position: sticky; top: 0; background: var(--paper); z-index: 2; text-align: left; }
.walks th.who { position: sticky; left: 0; background: var(--paper); z-index: 1; min-width: 6.5rem; max-width: 9rem; text-align: left; font-weight: 400; border-left-width: 0; }
.walks thead th.who { z-index: 3; }
.walks td.parts { border-left: 3px solid var(--ink); }
.walks td.decides { border-left: 5px double var(--link); font-weight: 600; }
.walks td.over { color: var(--quiet); }
.walks td small { display: block; font-weight: 400; }
.walks td.one small { display: inline; }
.walks td.common { min-width: 2.2rem; max-width: 4.2rem; }
.walks .right, .walks th.who.right { background: color-mix(in srgb, #0072b2 var(--deep), var(--paper)); }
.walks .wrong, .walks th.who.wrong { background: color-mix(in srgb, #d55e00 var(--deep), var(--paper)); }
.ways li { margin: 0.15rem 0; }
figure.curve > svg { max-width: 40rem; }
@media (min-width: 62rem) { .figures > .steps { grid-column: span 2; } }
@media print {
  .walks { max-height: none; overflow: visible; }
  .walks table { font-size: 0.5rem; table-layout: fixed; width: 100%; }
  .walks td, .walks th, .walks td.common, .walks th.who, .walks thead th { min-width: 0; max-width: none; padding: 0.05rem 0.15rem; white-space: normal; overflow-wrap: anywhere; height: auto; position: static; }
}
"""


def divergence_section(results: Sequence[GroupDivergence], links: Links, questions: int) -> str:
    """What `hotmess diverge` says, per group, and the questions to read.

    Args:
        results: One per group.
        links: Where transcripts are.
        questions: How many questions per group are shown with their epochs side by side.
    """
    parts = [_group(result, links, questions, number) for number, result in enumerate(results)]
    if not parts:
        return ""
    return (
        "<h2>Where epochs part</h2><details><summary>How to read this</summary><p>Steps are counted "
        "from 0. Two epochs of a question part at the first step where they do different things, or where one of them "
        "stops. The variance of a question is a mean over the pairs of its epochs, so it splits by the step at which "
        "each pair parts, with no remainder. Most pairs part early: a step decides where it carries more of the "
        "variance than its pairs would by chance (“expected”: outcomes permuted among the epochs of each question). "
        "“Undecided” is what is left of the variance among epochs that agree up to a step.</p></details>"
        + "\n".join(parts)
    )


def _linked(
    sentence: str, question: QuestionDivergence, number: int, shown: Sequence[QuestionDivergence]
) -> str:
    """A sentence about a question, linked to where its epochs stand side by side."""
    text, name = escaped(sentence), escaped(question.question)
    if question not in shown:
        return text
    return text.replace(name, f'<a href="#walk-{number}-{shown.index(question)}">{name}</a>', 1)


_KEY = (
    "<p>Each row is an epoch, each column a step; a cell spans the epochs that agree up to it. Thick lines: here epochs "
    "part; double line: the step that carries most of the question's variance. Blue: right, orange: wrong, deeper where "
    "more of a cell's epochs ended alike; “0.50 right”: half of the tests pass, or half of the score. Hovering shows the whole command.</p>"
)


def _group(result: GroupDivergence, links: Links, questions: int, number: int) -> str:
    account = result.account
    title = f"<h3>{escaped(group_name(result.group))}</h3>"
    if not len(account.variance) or not account.variance.sum() > 0:
        return f"{title}<p>There is no variance to split.</p>"
    ranked = sorted(
        (q for q in result.questions if q.variance > NO_VARIANCE), key=lambda q: (-q.variance, q.question)
    )
    shown = ranked[:questions]
    clearest = clearest_question(result)
    if clearest is not None and clearest[0] in ranked[questions:] and shown:
        shown[-1] = clearest[0]
    return (
        f"{title}<p class=finding>{escaped(verdict(result))}</p>"
        + (f"<p>{_linked(clearest[1], clearest[0], number, shown)}</p>" if clearest else "")
        + f"<p>Variance {result.variance:.4f} over {counted(len(account.variance), 'question')}; "
        f"steps compared by {escaped(result.grain)}.</p>"
        f"<div class=figures>{_curve(result)}<div class=steps>{_step_table(result)}</div></div>"
        + bullets([as_sentence(one) for one in share_sentences(result)])
        + _decisive(result, number, shown)
        + (_KEY if shown else "")
        + "".join(
            _question(question, links, f"walk-{number}-{place}", result.group.model or "")
            for place, question in enumerate(shown)
        )
    )


def _step_table(result: GroupDivergence) -> str:
    account, null = result.account, result.null
    share, undecided = result.shares(account.by_step), result.shares(account.undecided)
    pairs = account.pairs.mean(axis=0)
    rows = [
        [str(step), percent(pairs[n]), percent(share[n]), ends(result.intervals["steps"][n]),
         percent(null.expected[n]), p_value(null.p_values[n]), percent(undecided[n])]
        for n, step in enumerate(account.steps)
    ]  # fmt: skip
    never = [
        "never", percent(float(account.never_pairs.mean())), percent(result.shares(account.never[:, None])[0]),
        ends(result.intervals["never"][0]), percent(null.expected_never), p_value(null.p_never), "",
    ]  # fmt: skip
    names = [
        "parts at step",
        "pairs",
        "share of variance",
        "95 % interval",
        "expected",
        "p",
        "undecided",
    ]
    first = table(names, [*rows[:_ROWS], never], text_columns=1)
    if len(rows) <= _ROWS:
        return first
    rest = table(names, rows[_ROWS:], text_columns=1)
    return f"{first}<details><summary>{counted(len(rows) - _ROWS, 'later step')}</summary>{rest}</details>"


def _curve(result: GroupDivergence) -> str:
    """The share of the variance that is undecided before each step, with its interval, as a drawing."""
    account = result.account
    last = max(account.steps, default=0) + 1
    undecided = result.shares(account.undecided)
    band = result.intervals["undecided"]
    steps = [*account.steps, last]
    after = float(result.shares(account.never[:, None])[0])
    values = [*undecided.tolist(), after]
    low = [*(v if math.isnan(b[0]) else b[0] for v, b in zip(undecided.tolist(), band, strict=True)), after]
    high = [*(v if math.isnan(b[1]) else b[1] for v, b in zip(undecided.tolist(), band, strict=True)), after]
    about = (
        " (too few questions for an interval)"
        if np.isnan(band).all()
        else "; the band is a 95 % interval over questions"
    )
    wide, tall, left, top = 440.0, 200.0, 44.0, 12.0

    def x(step: float) -> float:
        return left + step / last * wide

    def y(share: float) -> float:
        return top + (1 - min(max(share, 0.0), 1.05)) * tall

    def stairs(heights: Sequence[float]) -> list[str]:
        # U(t) holds from after the step before up to step t, where the pairs that part at t are decided.
        points, start = [], 0.0
        for step, height in zip(steps, heights, strict=True):
            points += [f"{x(start):.1f},{y(height):.1f}", f"{x(step):.1f},{y(height):.1f}"]
            start = step
        return points

    area = " ".join([*stairs(high), *reversed(stairs(low))])
    marks = "".join(
        f'<line x1="{left}" x2="{left + wide}" y1="{y(share)}" y2="{y(share)}" stroke="var(--line)"/>'
        f'<text x="{left - 6}" y="{y(share) + 4}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    every = max(1, math.ceil(last / 10))
    ticks = "".join(
        f'<text x="{x(step):.1f}" y="{top + tall + 16}" text-anchor="middle">{step}</text>'
        for step in range(0, last + 1, every)
    )
    return (
        "<figure class=curve><h4>Variance still undecided</h4>"
        f'<svg viewBox="0 0 {left + wide + 12} {top + tall + 40}" role="img" aria-label="Share of the variance that is '
        'undecided among epochs that agree up to a step" font-size="11" fill="var(--ink)">'
        f'{marks}{ticks}<polygon points="{area}" fill="var(--link)" opacity="0.18"/>'
        f'<polyline points="{" ".join(stairs(values))}" fill="none" stroke="var(--link)" stroke-width="2"/>'
        f'<text x="{left + wide / 2}" y="{top + tall + 34}" text-anchor="middle">step</text></svg>'
        f"<figcaption>Share of the variance that is left among epochs that agree up to a step{about}. "
        "Where it drops, outcomes are decided. The numbers are in the table.</figcaption></figure>"
    )


def _decisive(result: GroupDivergence, number: int, shown: Sequence[QuestionDivergence]) -> str:
    """The nodes of all questions that carry most of the variance."""
    places = {question.question: place for place, question in enumerate(shown)}
    nodes = sorted(
        (
            (node, question)
            for question in result.questions
            for node in question.nodes
            if node.variance > NO_VARIANCE
        ),
        key=lambda pair: (-pair[0].variance, pair[1].question, pair[0].step),
    )[: _ROWS // 2]
    rows = []
    for node, question in nodes:
        name: str = question.question
        if name in places:
            name = Html(f'<a href="#walk-{number}-{places[name]}">{escaped(name)}</a>')
        ways = "; ".join(f"{way.name} ({branch_sentence(way)})" for way in node.branches[:3])
        more = f"; {others_of(node, 3)}" if len(node.branches) > 3 else ""
        rows.append([name, str(node.step), percent(node.share), str(node.pairs), ways + more])
    if not rows:
        return ""
    names = ["question", "step", "share of the group's variance", "pairs", "ways on"]
    cells = [[row[0], row[4], row[1], row[2], row[3]] for row in rows]
    return "<h4>Steps that carry most of the variance</h4>" + table(
        [names[0], names[4], names[1], names[2], names[3]], cells, text_columns=2
    )


def _question(question: QuestionDivergence, links: Links, name: str, model: str) -> str:
    nodes = [node for node in question.nodes if node.variance > NO_VARIANCE][:3]
    listed = "".join(_node(question, node, links) for node in nodes)
    right = [epoch.correct for epoch in question.epochs if not math.isnan(epoch.correct)]
    known = f", {sum(v == 1 for v in right)} right" if right else ""
    return (
        f'<section id="{escaped(name)}"><h4>{escaped(question.question)}: {counted(len(question.epochs), "epoch")}{known}, '
        f"{percent(question.share)} of the group's variance</h4><ul class=ways>{listed}</ul>{_walks(question, links, model)}</section>"
    )


def _node(question: QuestionDivergence, node: DecisiveNode, links: Links) -> str:
    ways = "; ".join(
        f"<code>{escaped(way.name)}</code>: {escaped(branch_sentence(way))}" for way in node.branches[:_WAYS]
    )
    if len(node.branches) > _WAYS:
        ways += f"; {others_of(node, _WAYS)}"
    read = ""
    if node.read_first is not None:
        both = [_event_link(question, question.epochs[place], node.step, links) for place in node.read_first]
        read = f" Read first: {both[0]} and {both[1]}."
    before = escaped(came_from(question, node))
    return f"<li><b>Step {node.step}</b>{before} ({of_question(question, node)}, {pairs_part(node)}): {ways}.{read}</li>"


def _event_link(question: QuestionDivergence, epoch: EpochPath, step: int, links: Links) -> str:
    """An epoch, linked at the event of a step where the viewer can show it."""
    text = f"epoch {epoch.epoch}"
    # An epoch that ends at the step is shown at its last one.
    place = min(step, len(epoch.steps) - 1)
    event = epoch.steps[place].event if epoch.steps else ""
    address = links.event(epoch.log, question.question, epoch.epoch, event)
    return f'<a href="{escaped(address)}" rel="noreferrer">{text}</a>' if address else text


def _walks(question: QuestionDivergence, links: Links, model: str) -> str:
    """Epochs as rows, steps as columns; a cell spans the epochs that agree up to and with its step."""
    epochs = sorted(question.epochs, key=lambda e: [(s.tool, s.target, s.label, s.final) for s in e.steps])
    labels = [[(s.tool, s.target, s.label, s.final) for s in epoch.steps] for epoch in epochs]
    longest = max((len(row) for row in labels), default=0)
    width = min(longest, _STEPS_SHOWN)
    decisive = {node.step for node in question.nodes[:1] if node.variance > NO_VARIANCE}
    head = "".join(f"<th scope=col>{step}</th>" for step in range(width))
    more = f"<th scope=col>… {longest - width} more</th>" if longest > width else ""
    names = _Names(epochs, labels)
    body = "".join(
        f"<tr>{_who(question, epochs[row], links)}{''.join(_cells(names, row, width, decisive, links, question))}</tr>"
        for row in range(len(epochs))
    )
    return (
        f'<div class=walks tabindex=0 role=region aria-label="Epochs of {escaped(question.question)} side by side, {escaped(model)}"><table>'
        f"<thead><tr><th class=who scope=col>epoch</th>{head}{more}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _who(question: QuestionDivergence, epoch: EpochPath, links: Links) -> str:
    mark = (
        "" if math.isnan(epoch.correct) else "✓" if epoch.correct == 1 else "✗" if epoch.correct == 0 else "~"
    )
    address = links.sample(epoch.log, question.question, epoch.epoch)
    name = f"epoch {epoch.epoch}"
    shown = f'<a href="{escaped(address)}" rel="noreferrer">{name}</a>' if address else name
    partly = f" {epoch.correct:.2f}" if mark == "~" else ""
    tint, deep = _tint([epoch.correct])
    return f'<th class="who {tint}" style="--deep:{deep}%" scope=row>{mark}{partly} {shown}</th>'


_Label: TypeAlias = tuple[str, str, str, bool]


class _Names:
    """What the cells of some epochs say, which are sorted by their paths."""

    def __init__(self, epochs: Sequence[EpochPath], labels: Sequence[Sequence[_Label]]) -> None:
        self.epochs, self.labels = epochs, labels
        self._known: dict[tuple[int, int], dict[_Label, str]] = {}

    def family(self, row: int, step: int) -> tuple[int, int]:
        """The epochs that agree with a row up to a step: its neighbours, from the first to behind the last."""
        prefix = self.labels[row][:step]
        low, high = row, row + 1
        while low > 0 and self.labels[low - 1][:step] == prefix:
            low -= 1
        while high < len(self.labels) and self.labels[high][:step] == prefix:
            high += 1
        return low, high

    def name(self, row: int, step: int) -> str:
        """A step in short, unlike the other steps that epochs took there."""
        low, high = self.family(row, step)
        if (low, step) not in self._known:
            members: dict[_Label, list[str]] = defaultdict(list)
            for place in range(low, high):
                if len(self.labels[place]) > step:
                    members[self.labels[place][step]].append(self.epochs[place].steps[step].shown)
            described = [Described(k[0], k[1], v[0], k[2], len(set(v)) == 1) for k, v in members.items()]
            names = branch_names(described, _CELL)
            self._known[low, step] = dict(zip(members, names, strict=True))
        return self._known[low, step][self.labels[row][step]]


def _cells(
    names: _Names,
    row: int,
    width: int,
    decisive: set[int],
    links: Links,
    question: QuestionDivergence,
) -> Iterator[str]:
    epochs, labels = names.epochs, names.labels
    own = labels[row]
    before = labels[row - 1] if row else None
    for step in range(min(len(own), width)):
        prefix = own[: step + 1]
        if before is not None and before[: step + 1] == prefix:
            continue  # the cell above spans this row
        span = 1
        while row + span < len(labels) and labels[row + span][: step + 1] == prefix:
            span += 1
        # Siblings are the epochs that agree up to here; more of them than the cell spans have parted.
        low, high = names.family(row, step)
        parted = high - low > span
        members = epochs[row : row + span]
        classes = []
        if parted:
            classes.append("decides" if step in decisive else "parts")
        if span == len(epochs) and span > 1:
            # What all epochs share needs little room; the whole step is shown on hovering.
            classes.append("common")
        if span == 1:
            classes.append("one")
        tint, deep = _tint([epoch.correct for epoch in members])
        classes.append(tint)
        step_shown = members[0].steps[step]
        size = ""
        if parted and span > 1:
            known = [e.correct for e in members if not math.isnan(e.correct)]
            right = f", {sum(v == 1 for v in known)} right" if known else ""
            size = f"<small>{span} epochs{right}</small>"
        address = links.event(members[0].log, question.question, members[0].epoch, step_shown.event)
        text = escaped(names.name(row, step))
        if parted and address:
            text = f'<a href="{escaped(address)}" rel="noreferrer">{text}</a>'
        spans = f" rowspan={span}" if span > 1 else ""
        yield (
            f'<td class="{" ".join(c for c in classes if c)}" style="--deep:{deep}%"{spans} '
            f'title="{escaped(step_shown.shown)}">{text}{size}</td>'
        )
    left = width - len(own)
    if left > 0:
        yield f"<td class=over colspan={left}>ends</td>"


def _tint(correct: Sequence[float]) -> tuple[str, int]:
    """Blue for right, orange for wrong, the deeper the surer; never so deep that a link on it is hard to read."""
    known = [value for value in correct if not math.isnan(value)]
    if not known:
        return "", 0
    mean = sum(known) / len(known)
    return ("right" if mean >= 0.5 else "wrong"), round(6 + 44 * abs(mean - 0.5))
