"""The questions that a person should read first, with links to the transcripts of their epochs."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from hotmess_inspect.io.log_file import is_remote
from hotmess_inspect.io.logs import LogInfo
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report.html import Html, number, table
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.questions import QuestionNumbers, question_numbers

_EPOCHS_SHOWN = 12


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


def reading_list(results: Sequence[GroupResult], links: Links, questions: int) -> str:
    """Per group the questions that add most to the variance.

    Args:
        results: Every group once.
        links: Where transcripts are.
        questions: How many per group.
    """
    parts = []
    for result in results:
        lines = [line for line in question_numbers(result) if line.variance > 0]
        worst = sorted(lines, key=lambda line: (-line.variance, line.question))[:questions]
        if worst:
            # No answer that is most frequent where outcomes are no answers; lengths have a unit.
            dropped = [_NAMES.index("modal answer")] * (not any(line.modal_answer for line in worst))
            unit = (result.length or "length").replace("_", " ")
            cells = [[*_NAMES[:-1], unit], *(_cells(result, line, links) for line in worst)]
            names, *rows = ([cell for place, cell in enumerate(row) if place not in dropped] for row in cells)
            heading = f"<h3>{escaped(label_of(result, results))}</h3>"
            parts.append(heading + table(names, rows, text_columns=2))
    if not parts:
        return ""
    start = (
        "<p>Links open an epoch in Inspect's log viewer, once it runs: "
        f"<code>inspect view --log-dir {escaped(links.folder)}</code>. ✓ right, ✗ wrong, ~ between.</p>"
        if links.folder
        else ""
    )
    return (
        "<h2>Questions to read first</h2><p>Those that add most to the variance: the same question, other "
        "answers. Where unit tests are measured, two epochs that pass as many tests, but other ones, differ."
        f"</p>{start}" + "\n".join(parts)
    )


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


def _cells(result: GroupResult, line: QuestionNumbers, links: Links) -> list[str]:
    shown = line.question if len(line.question) <= 80 else line.question[:79] + "…"
    return [
        shown, _transcripts(result, line, links), number(line.share_correct, 2), line.modal_answer or "–",
        number(line.error), number(line.bias_squared), number(line.variance), number(line.incoherence, 3),
        number(line.length, 1),
    ]  # fmt: skip


def _transcripts(result: GroupResult, line: QuestionNumbers, links: Links) -> str:
    """Every epoch with its mark, linked where the viewer can show it."""
    questions, outcomes = result.questions, result.group.outcomes
    place = questions.ids.index(line.question)
    shown = []
    for row, right in zip(questions.row[place].tolist(), questions.correct[place].tolist(), strict=True):
        if row < 0 or not outcomes.scored[row]:
            continue
        log = outcomes.log.names[outcomes.log.codes[row]] if outcomes.log.codes[row] >= 0 else ""
        epoch = int(outcomes.epoch[row])
        mark = "" if np.isnan(right) else "✓" if right == 1 else "✗" if right == 0 else "~"
        address = links.sample(log, line.question, epoch)
        text = f"{epoch}{mark}"
        shown.append(f'<a href="{escaped(address)}" rel="noreferrer">{text}</a>' if address else text)
    rest = len(shown) - _EPOCHS_SHOWN
    return Html(" ".join(shown[:_EPOCHS_SHOWN]) + (f" and {rest} more" if rest > 0 else ""))


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
