"""The options that say how inputs are read, and what to say where nothing of them counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from hotmess_inspect.io.account import Account
    from hotmess_inspect.schema import Problem, Scale

_Command = TypeVar("_Command", bound=Callable[..., Any])

_COLUMNS = click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=NAME",
    help="A table's column by its role, such as question_id=case or answer=said. May be given several times.",
)
_RANGE = click.option(
    "--range",
    "range_",
    type=float,
    nargs=2,
    metavar="WRONG RIGHT",
    help="Scores of an all wrong and of an all right epoch. Default: what the log says, else 0 and 1.",
)
_PERFECT = click.option(
    "--perfect",
    type=float,
    metavar="SCORE",
    help="Score of an all right epoch; an all wrong one gets 0, and 1 where a right one gets 0.",
)
_ACCOUNT = click.option(
    "--account", "show_account", is_flag=True, help="Show what became of every file and epoch."
)


def scale_options(command: _Command) -> _Command:
    """Give a command the options --range and --perfect, which reach it as one parameter ``scale``."""

    @wraps(command)
    def scaled(*args: Any, range_: tuple[float, float] | None, perfect: float | None, **options: Any) -> Any:
        from hotmess_inspect.schema import Scale

        if range_ and perfect is not None:
            raise click.UsageError("--range and --perfect exclude each other")
        try:
            scale = Scale.given(perfect, range_)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return command(*args, scale=scale, **options)

    return _RANGE(_PERFECT(cast(_Command, scaled)))


def reading_options(command: _Command) -> _Command:
    """Give a command the options --columns, --range, --perfect and --account."""
    return _COLUMNS(scale_options(_ACCOUNT(command)))


def checked_columns(columns: Sequence[str]) -> dict[str, str]:
    """Role → column of what the user typed; a usage error where it is of another form."""
    from hotmess_inspect.io.roles import ALIASES

    found = {}
    for text in (part for given in columns for part in given.split(",")):
        role, sign, name = text.partition("=")
        if not sign or role.strip() not in ALIASES or not name.strip():
            raise click.UsageError(
                f"--columns {text}: wanted is ROLE=NAME with a role of {', '.join(ALIASES)}"
            )
        found[role.strip()] = name.strip()
    return found


def reading_words(cluster: str | None, scale: Scale | None, columns: Mapping[str, str]) -> list[str]:
    """The options of the command line that read inputs in the same way."""
    words = [] if cluster is None else ["--cluster", cluster]
    words += [] if scale is None else ["--range", f"{scale.low:g}", f"{scale.high:g}"]
    return [*words, *(word for role, name in columns.items() for word in ("--columns", f"{role}={name}"))]


def nothing_counted(account: Account, problems: Sequence[Problem], *, anything: bool) -> list[Problem]:
    """Files that were read and of which no epoch has a verdict, where nothing else says why.

    Args:
        account: What was read.
        problems: What is said already.
        anything: Whether anything was analysed; if nothing was, each is an error.
    """
    from hotmess_inspect.schema import Problem

    told = {problem.input for problem in problems if problem.level == "error"}
    return [
        Problem(
            "warning" if anything else "error",
            one.path,
            "nothing to analyse: none of its epochs has a verdict that counts",
        )
        for one in account.files
        if one.state == "read" and not one.scored and not one.copies and one.path not in told
    ]
