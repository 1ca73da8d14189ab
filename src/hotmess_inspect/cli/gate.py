"""`hotmess gate`: a check for CI that a new run is no worse than an old one."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import cluster_option
from hotmess_inspect.cli._threads import one_thread
from hotmess_inspect.cli._writing import overwrite_option, sentences

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


class _Usage(click.UsageError):
    """An error of use that ends with 64: 1 and 2 are answers of the gate."""

    exit_code = 64


class _Unwritable(click.ClickException):
    """A file that cannot be written, which is no answer either."""

    exit_code = 64


class _GateCommand(click.Command):
    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise _Usage(error.format_message(), error.ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _Usage(error.format_message(), error.ctx) from error
        except click.ClickException as error:
            raise _Unwritable(error.format_message()) from error
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted: no answer.", err=True)
            sys.exit(130)
        except Exception:
            # Python itself would end with 1, which says harm.
            traceback.print_exc()
            sys.exit(70)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """A reader that closes the pipe, such as `| head`, does not change the answer: the rest goes nowhere."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich ends the process with 1 where the pipe is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command(cls=_GateCommand)
@click.argument("new", metavar="NEW...", nargs=-1, required=True)
@click.option(
    "--against", metavar="OLD", multiple=True, required=True, help="The run to compare with; may be repeated."
)
@click.option(
    "--on",
    default="accuracy,error,variance",
    show_default=True,
    help="Quantities: accuracy, error, bias_squared, variance, incoherence, pass^K.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, min_open=True),
    default=0.05,
    show_default=True,
    help="Change for the worse that would matter, in the unit of each quantity.",
)
@cluster_option
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the exchanged epochs."
)
@click.option(
    "--junit", type=click.Path(dir_okay=False), help="Write the checks as JUnit XML into this file."
)
@overwrite_option
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def gate(
    new: Sequence[str],
    against: Sequence[str],
    on: str,
    margin: float,
    cluster: str | None,
    seed: int,
    junit: str | None,
    overwrite: bool,
    scale: Scale | None,
    columns: Sequence[str],
    show_account: bool,
    as_json: bool,
) -> None:
    """Whether NEW is worse than OLD, question by question, with a kept rate of false alarms.

    Two runs that answer alike are called harmful in at most 5 % of all cases, over all quantities together. No harm is
    shown where a change for the worse as large as the margin is excluded.

    Exit status: 0 no harm shown, 1 harm, 2 these data cannot tell (and what would suffice), 64 wrong usage, or a file that
    cannot be written (2 means wrong usage in the other commands, not here), 70 a fault of this program, 130 interrupted.
    """
    one_thread()
    from hotmess_inspect.io.account import Account
    from hotmess_inspect.io.writing import replacing
    from hotmess_inspect.render.account import print_account
    from hotmess_inspect.render.console import cell, console, print_problems
    from hotmess_inspect.results.analyze import Options
    from hotmess_inspect.results.contenders import read_contenders
    from hotmess_inspect.results.gate import checked_quantities
    from hotmess_inspect.results.gate import gate as decide
    from hotmess_inspect.results.verdict import concerning

    try:
        quantities = checked_quantities(on.split(","))
    except ValueError as error:
        raise _Usage(f"--on: {error}") from error
    options, named = Options(seed=seed), checked_columns(columns)
    sides = [
        read_contenders(list(places), options, cluster=cluster, scale=scale, columns=named)
        for places in (new, against)
    ]
    found = decide(sides[0][0], sides[1][0], quantities, margin)
    problems = [*sides[0][1], *sides[1][1], *found.problems]
    account = Account([*sides[0][2].files, *sides[1][2].files])
    if junit:
        from hotmess_inspect.render.junit import junit_xml

        with (
            sentences(junit),
            replacing(junit, "JUnit XML", inputs=(*new, *against), overwrite=overwrite) as part,
        ):
            Path(part).write_text(junit_xml(found), encoding="utf-8")
    with _reader_may_leave():
        if as_json:
            made = {
                "schema": 1,
                "decision": found.decision,
                "exit_status": found.exit_status,
                "sentence": found.sentence(),
                "checks": [check.as_json() for check in found.checks],
                "problems": [{"level": p.level, "input": p.input, "message": p.message} for p in problems],
                "account": account.as_json(),
            }
            click.echo(json.dumps(made, indent=1))
        else:
            out = console()
            out.print(cell(found.sentence(), "bold"))
            for check in found.checks:
                out.print(cell(f"{check.sentence()} {check.power_sentence()}".strip()))
            print_problems(concerning(problems, ()))
            if show_account:
                print_account(account)
    sys.exit(found.exit_status)
