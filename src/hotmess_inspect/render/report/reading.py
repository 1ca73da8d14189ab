"""The questions that a person should read first, with links to the transcripts of their epochs."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import numpy as np

from hotmess_inspect.bits import decode_tests
from hotmess_inspect.io.log_file import is_remote
from hotmess_inspect.io.logs import LogInfo
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report.html import Html, number, table
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.paths import TestNames
from hotmess_inspect.results.questions import QuestionNumbers, question_numbers
from hotmess_inspect.results.verdict import leading_results, short_name
from hotmess_inspect.table import Outcomes
from hotmess_inspect.table.columns import Labels
from hotmess_inspect.table.questions import masked_tests
from hotmess_inspect.words import counted

_EPOCHS_SHOWN, _EPOCHS_LISTED, _TESTS_LISTED = 12, 100, 60
_QUESTION, _ANSWER = 80, 120
"""Characters of a question's name and of an answer that are shown."""


class Links:
    """Addresses of samples in the log viewer, for logs below one folder or one prefix of a bucket.

    Attributes:
        folder: What `inspect view --log-dir` is to be started with; ``None`` without logs, or where they
            share none.
    """

    def __init__(self, viewer: str, logs: Sequence[LogInfo]) -> None:
        self._viewer = viewer.rstrip("/")
        self._paths = {path: _absolute(path) for path in (log.path for log in logs)}
        self.folder = _common_folder(list(self._paths.values()))

    def sample(self, log: str, question: str, epoch: int) -> str | None:
        """Where the viewer shows an epoch of a question."""
        path = self._paths.get(log)
        if self.folder is None or path is None:
            return None
        name = quote(path[len(self.folder) :].lstrip("/" + os.sep).replace(os.sep, "/"))
        return f"{self._viewer}/#/logs/{name}/samples/sample/{quote(question, safe='')}/{epoch}/"

    def event(self, log: str, question: str, epoch: int, event: str) -> str | None:
        """Where the viewer shows an event of an epoch; the epoch itself where the event has no id."""
        address = self.sample(log, question, epoch)
        if address is None or not event:
            return address
        return f"{address}transcript?event={quote(event, safe='')}"


def reading_list(
    results: Sequence[GroupResult], links: Links, questions: int, tests: TestNames
) -> tuple[str, dict[int, tuple[str, str]]]:
    """Per group the questions that add most to the variance, and below the epochs of each.

    Args:
        results: Every group once.
        links: Where transcripts are.
        questions: How many per group.
        tests: Names of unit tests.

    Returns:
        The section; and by id of a group the name and the anchor of the first question.
    """
    leading = {id(result) for result in leading_results(results)}
    lists: dict[bool, list[str]] = {True: [], False: []}
    anchors: dict[tuple[str | None, ...], str] = {}
    epochs: dict[tuple[str | None, ...], list[str]] = defaultdict(list)
    runs: dict[tuple[str | None, ...], str] = {}
    places: dict[int, tuple[str, str]] = {}
    for result in sorted(results, key=lambda one: id(one) not in leading):
        lines = [line for line in question_numbers(result) if line.variance > 0]
        worst = sorted(lines, key=lambda line: (-line.variance, line.question))[:questions]
        if not worst:
            continue
        group = result.group
        label = label_of(result, results)
        run = (group.task, group.model, group.variant, group.scorer)
        runs.setdefault(run, label)
        for line in worst:
            if (*run, line.question) not in anchors:
                anchors[*run, line.question] = anchor = f"epochs-{len(anchors)}"
                epochs[run].append(_epochs(result, line, links, tests, anchor))
        own = [anchors[*run, line.question] for line in worst]
        places[id(group)] = escaped(short_name(worst[0].question)), own[0]
        # No answer that is most frequent where outcomes are no answers; lengths have a unit.
        dropped = [_NAMES.index("modal answer")] * (not any(line.modal_answer for line in worst))
        cells = [
            [*_NAMES[:-1], _unit(result)],
            *(_cells(result, line, links, anchor) for line, anchor in zip(worst, own, strict=True)),
        ]
        names, *rows = ([cell for place, cell in enumerate(row) if place not in dropped] for row in cells)
        lists[id(result) in leading].append(f"<h3>{escaped(label)}</h3>" + table(names, rows, text_columns=2))
    if not epochs:
        return "", {}
    each = "".join(
        f"<details><summary>{escaped(runs[run])}</summary>{''.join(own)}</details>"
        if len(epochs) > 1
        else "".join(own)
        for run, own in epochs.items()
    )
    start = (
        "<p>Links in the column of transcripts open an epoch in Inspect's log viewer, once it runs: "
        f"<code>inspect view --log-dir {escaped(links.folder)}</code>. ✓ right, ✗ wrong, ~ between.</p>"
        if links.folder
        else "<p>✓ right, ✗ wrong, ~ between.</p>"
    )
    other = "".join(lists[False])
    shown = (
        "<h2 id=read-first>Questions to read first</h2><p>Those that add most to the variance: the same question, other "
        "answers. A question's name leads to its epochs. Where unit tests are measured, two epochs that pass as many "
        f"tests, but other ones, differ.</p>{start}{''.join(lists[True])}"
        + (f"<details><summary>By the other measures</summary>{other}</details>" if other else "")
        + f"<section class=epochs><h3>Epoch by epoch</h3>{each}</section>"
    )
    return shown, places


def _unit(result: GroupResult) -> str:
    return (result.length or "length").replace("_", " ")


def _epochs(result: GroupResult, line: QuestionNumbers, links: Links, tests: TestNames, anchor: str) -> str:
    """One question epoch by epoch: how right, what was answered, how long, and where it is recorded; its unit tests."""
    outcomes = result.group.outcomes
    marked = list(_marked(result, line.question, links))
    lengths = getattr(outcomes, result.length) if result.length else np.full(len(outcomes), np.nan)
    rows = [
        [
            shown, _label(outcomes.log, row).replace("\\", "/").rsplit("/", 1)[-1], _label(outcomes.context, row),
            _shortened(_label(outcomes.answer, row), _ANSWER), number(right, 2), number(float(lengths[row]), 0),
        ]
        for row, right, shown in marked[:_EPOCHS_LISTED]
    ]  # fmt: skip
    names = ["epoch", "file", "context", "answer", "share correct", _unit(result)]
    where = {row[1] for row in rows}
    alone = next(iter(where)) if len(where) == 1 else "–"
    kept = [
        at
        for at in range(len(names))
        if any(row[at] != "–" for row in rows) and not (at == 1 and len(where) == 1)
    ]
    left = len(marked) - len(rows)
    return (
        f"<details><summary><b>{escaped(_shortened(line.question, _QUESTION))}</b></summary>"
        f"<div id={anchor}><p>Sample <code>{escaped(line.question)}</code>"
        + (f" of <code>{escaped(alone)}</code>" if alone != "–" else "")
        + ".</p>"
        + table(
            [names[at] for at in kept],
            [[row[at] for at in kept] for row in rows],
            text_columns=sum(at < 4 for at in kept),
        )
        + (f"<p>and {counted(left, 'more epoch')}.</p>" if left > 0 else "")
        + _unit_tests(outcomes, [row for row, _, _ in marked], line.question, tests)
        + "</div></details>"
    )


def _unit_tests(outcomes: Outcomes, rows: Sequence[int], question: str, tests: TestNames) -> str:
    """How often each unit test passed, and in which epochs; those that always passed are counted."""
    rows = [row for row in rows if outcomes.f2p[row] + outcomes.p2p[row] and outcomes.tests.codes[row] >= 0]
    if not rows:
        return ""
    split, count = int(outcomes.f2p[rows[0]]), int(outcomes.f2p[rows[0]] + outcomes.p2p[rows[0]])
    # Epochs that were graded by other tests say nothing of these.
    rows = [row for row in rows if (outcomes.f2p[row], outcomes.p2p[row]) == (split, count - split)]
    passed = np.array([decode_tests(_label(outcomes.tests, row), count) for row in rows])
    known = tests.get((_label(outcomes.log, rows[0]), question), ())
    masked = masked_tests(outcomes.take(np.array(rows)), np.zeros(len(rows), dtype=np.int64)).get(0)
    cells = []
    for place in np.flatnonzero(~passed.all(axis=0)).tolist():
        kind = "FAIL_TO_PASS" if place < split else "PASS_TO_PASS"
        name = known[place] if len(known) == count else f"test {place + 1 - split * (place >= split)}"
        hidden = ", does not count" if masked is not None and masked[place] else ""
        each = ["✓" if one else "✗" for one in passed[:, place]]
        cells.append([name, kind + hidden, f"{int(passed[:, place].sum())} of {len(rows)}", *each])
    always = count - len(cells)
    said = f"{counted(always, 'test')} passed in every epoch" if always else ""
    if len(cells) > _TESTS_LISTED:
        said = "; ".join(part for part in (said, f"{len(cells) - _TESTS_LISTED} more did not") if part)
    heads = ["unit test", "kind", "passed", *(f"epoch {outcomes.epoch[row]}" for row in rows)]
    shown = table(heads, cells[:_TESTS_LISTED], text_columns=2) if cells else ""
    return f"{shown}<p>{said}.</p>" if said else shown


def _label(column: Labels, row: int) -> str:
    code = int(column.codes[row])
    return column.names[code] if code >= 0 else "–"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


_NAMES = (
    "question",
    "transcripts",
    "share correct",
    "modal answer",
    "error",
    "bias²",
    "variance",
    "incoherence",
    "length",
)


def _cells(result: GroupResult, line: QuestionNumbers, links: Links, anchor: str) -> list[str]:
    name = Html(f'<a href="#{anchor}">{escaped(_shortened(line.question, _QUESTION))}</a>')
    return [
        name, _transcripts(result, line, links), number(line.share_correct, 2), line.modal_answer or "–",
        number(line.error), number(line.bias_squared), number(line.variance), number(line.incoherence, 3),
        number(line.length, 1),
    ]  # fmt: skip


def _transcripts(result: GroupResult, line: QuestionNumbers, links: Links) -> str:
    """Every epoch with its mark, linked where the viewer can show it."""
    shown = [text for _, _, text in _marked(result, line.question, links)]
    rest = len(shown) - _EPOCHS_SHOWN
    return Html(" ".join(shown[:_EPOCHS_SHOWN]) + (f" and {rest} more" if rest > 0 else ""))


def _marked(result: GroupResult, question: str, links: Links) -> Iterator[tuple[int, float, Html]]:
    """Row, share correct, and number with its mark of every scored epoch, linked where the viewer can show it."""
    questions, outcomes = result.questions, result.group.outcomes
    place = questions.ids.index(question)
    for row, right in zip(questions.row[place].tolist(), questions.correct[place].tolist(), strict=True):
        if row < 0 or not outcomes.scored[row]:
            continue
        log = outcomes.log.names[outcomes.log.codes[row]] if outcomes.log.codes[row] >= 0 else ""
        epoch = int(outcomes.epoch[row])
        mark = "" if np.isnan(right) else "✓" if right == 1 else "✗" if right == 0 else "~"
        address = links.sample(log, question, epoch)
        text = f"{epoch}{mark}"
        yield (
            row,
            right,
            Html(f'<a href="{escaped(address)}" rel="noreferrer">{text}</a>' if address else text),
        )


def _absolute(path: str) -> str:
    return path if is_remote(path) else os.path.abspath(path.removeprefix("file://"))


def _common_folder(paths: Sequence[str]) -> str | None:
    if not paths or len({path.split("://")[0] if is_remote(path) else "" for path in paths}) > 1:
        return None
    if is_remote(paths[0]):
        scheme = paths[0].split("://")[0] + "://"
        folders = [posixpath.dirname(path.removeprefix(scheme)) for path in paths]
        shared = posixpath.commonpath(folders) if all(folders) else ""
        return scheme + shared if shared else None
    try:
        return os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # two drives
        return None
