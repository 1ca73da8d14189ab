"""The account of what was read: every file seen, every epoch planned, found, read or left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class FileAccount:
    """What became of one file and its epochs.

    The columns add up: ``planned + unplanned = recorded - repeated + missing + stopped``, where the plan is
    known, and ``recorded = read + repeated + invalid + copies + unnamed``; ``read = scored + errored +
    unscored``.

    Attributes:
        path: The file.
        form: What kind of file it is, in words; empty where nobody knows.
        state: ``read``, ``unreadable`` (an error) or ``passed over`` (neither a log nor a table).
        reason: Why it was not read.
        planned: Epochs that were to be run; of tables, those that they hold.
        unplanned: Epochs with a record that the plan does not name.
        recorded: Records of epochs in the file.
        repeated: Records left out since the same epoch was recorded again later in the file.
        invalid: Epochs left out since they were marked invalid.
        copies: Epochs left out since another file holds them too.
        stopped: Planned epochs that were stopped early.
        missing: Planned epochs without a record.
        read: Epochs that count.
        scored: Those of them with a verdict of any scorer.
        errored: Those that ended in an error.
        unscored: Those without a verdict.
    """

    path: str
    form: str = ""
    state: str = "read"
    reason: str = ""
    planned: int | None = None
    unplanned: int = 0
    recorded: int = 0
    repeated: int = 0
    invalid: int = 0
    copies: int = 0
    stopped: int = 0
    missing: int = 0
    read: int = 0
    scored: int = 0
    errored: int = 0
    unscored: int = 0

    def as_json(self) -> dict[str, Any]:
        """The account of one file, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def of_epochs(self, read: int, scored: int, errored: int) -> FileAccount:
        """The account with what counts in the end; what is lacking stands in other files, too."""
        copies = self.recorded - self.repeated - self.invalid - read
        return replace(
            self, copies=copies, read=read, scored=scored, errored=errored, unscored=read - scored - errored
        )


EPOCHS = (
    "planned",
    "unplanned",
    "recorded",
    "repeated",
    "invalid",
    "copies",
    "stopped",
    "missing",
    "read",
    "scored",
    "errored",
    "unscored",
)
"""Counts of epochs, in the order in which they are shown."""


@dataclass(frozen=True)
class Account:
    """What was read of all inputs.

    Attributes:
        files: One entry per file seen.
    """

    files: Sequence[FileAccount] = field(default_factory=list)

    def totals(self) -> dict[str, int]:
        """Files by state, and epochs added up."""
        found = {"files": len(self.files)}
        for state in ("read", "unreadable", "passed over"):
            found[state.replace(" ", "_") + "_files"] = sum(one.state == state for one in self.files)
        return found | {name: sum(getattr(one, name) or 0 for one in self.files) for name in EPOCHS}

    def as_json(self) -> dict[str, Any]:
        """The account for JSON: a list of files, and totals."""
        return {"files": [one.as_json() for one in self.files], "totals": self.totals()}
