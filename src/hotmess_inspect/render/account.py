"""The account of files and epochs as a table, and what was understood of a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from hotmess_inspect.io.account import EPOCHS, Account, FileAccount
from hotmess_inspect.io.tables import TableReading
from hotmess_inspect.render.console import cell, console, print_table
from hotmess_inspect.table import Outcomes
from hotmess_inspect.words import counted

_MOST_FILES = 200
_PREVIEW = 3


def print_account(account: Account) -> None:
    """Print one row per file, with the columns in which anything is counted, and totals."""
    out = console()
    totals = account.totals()
    shown = [name for name in EPOCHS if totals[name]]
    table = Table(title="account of files and epochs", title_justify="left", show_footer=True)
    table.add_column("file", "all", overflow="fold")
    table.add_column("state", f"{totals['read_files']} of {totals['files']} read", overflow="fold")
    for name in shown:
        table.add_column(name, f"{totals[name]:,}", justify="right", no_wrap=True)
    for one in account.files[:_MOST_FILES]:
        table.add_row(
            cell(one.path), cell(_state(one)), *(cell(_count(getattr(one, name))) for name in shown)
        )
    if len(account.files) > _MOST_FILES:
        table.add_row(
            cell(f"and {len(account.files) - _MOST_FILES:,} more (--json lists all)"), "", *[""] * len(shown)
        )
    print_table(out, table)


def _state(one: FileAccount) -> str:
    return one.form or one.state if one.state == "read" else f"{one.state}: {one.reason}"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def print_explanation(path: str, reading: TableReading) -> None:
    """Print how a table was understood: columns, kinds, classes, scale, groups, and its first rows as read."""
    out = console()
    outcomes = reading.outcomes
    lines = [f"{path}: {reading.form}, {counted(reading.rows, 'row')}"]
    lines += [f"  column {column!r} is {role}" for role, column in reading.columns.items()]
    if reading.unread:
        lines.append(f"  unread: {', '.join(reading.unread)}")
    lines += [f"  {line}" for line in explained(outcomes)]
    said = (*reading.warnings, *(note for note in reading.notes if " is read as " not in note))
    lines += [f"  {note}" for note in said]
    for line in lines:
        out.print(cell(line))
    print_preview(outcomes)


def explained(outcomes: Outcomes) -> list[str]:
    """Kinds, classes, scale and groups of rows, a line each."""
    kinds = outcomes.kind.compact().names
    lines = [f"kind: {', '.join(kinds) or 'none'}"]
    labels = sorted({*outcomes.answer.compact().names, *outcomes.target.compact().names})
    if "answer" in kinds and labels:
        more = f" and {len(labels) - 12} more" if len(labels) > 12 else ""
        lines.append(f"classes: {', '.join(label[:40] for label in labels[:12])}{more}")
    if "probabilities" in kinds:
        lines.append(f"classes: {int(outcomes.choices.max(initial=0))}, in the order of the columns")
    values = outcomes.value[outcomes.scored & outcomes.kind.equals("score")]
    if len(values):
        lines.append(f"scores: from {values.min():g} to {values.max():g}; 0 is wrong and 1 is right")
    for name in ("model", "task", "scorer", "variant", "cluster", "context"):
        found = getattr(outcomes, name).compact().names
        if found:
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            lines.append(f"{name}: {', '.join(label[:60] for label in found[:5])}{more}")
    questions = len(outcomes.question.compact().names)
    lines.append(
        f"{counted(questions, 'question')}, {int(outcomes.scored.sum()):,} of {counted(len(outcomes), 'row')} with a prediction"
    )
    return lines


def print_preview(outcomes: Outcomes) -> None:
    """Print the first rows as they were read."""
    if not len(outcomes):
        return
    columns = ("model", "task", "scorer", "question", "epoch", "status", "answer", "target", "value")
    table = Table(title="first rows as read", title_justify="left")
    rows: list[Sequence[object]] = []
    for name in columns:
        column = getattr(outcomes, name)
        values = column.values()[:_PREVIEW] if hasattr(column, "values") else column[:_PREVIEW].tolist()
        if all(value is None or value != value for value in values):
            continue
        table.add_column(name, overflow="fold")
        rows.append(["–" if value is None else value for value in values])
    for row in zip(*rows, strict=True):
        table.add_row(*map(cell, row))
    print_table(console(), table)
