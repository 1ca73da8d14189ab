"""`hotmess report`: one self-contained HTML page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import analysis_options, checked_options
from hotmess_inspect.cli._writing import sentences
from hotmess_inspect.cli.study import checked_study, study_options

if TYPE_CHECKING:
    from hotmess_inspect.results.divergence import GroupDivergence
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="HTML file to write.")
@analysis_options
@click.option(
    "--questions",
    type=click.IntRange(0),
    default=15,
    show_default=True,
    help="Questions to read first, per group.",
)
@click.option(
    "--viewer",
    default="http://127.0.0.1:7575",
    show_default=True,
    help="Where `inspect view` answers, for links.",
)
@click.option(
    "--steps/--no-steps",
    default=True,
    show_default=True,
    help="Read transcripts, and show at which step epochs part.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is no HTML page.")
@study_options
@reading_options
@click.option("--title", default="Bias, variance and incoherence", show_default=True, help="Heading.")
def report(
    inputs: Sequence[str],
    output: str,
    losses: Sequence[str],
    estimator: str | None,
    length: str | None,
    buckets: int,
    cluster: str | None,
    pool: bool,
    questions: int,
    viewer: str,
    steps: bool,
    title: str,
    seed: int,
    overwrite: bool,
    sizes: Sequence[str],
    reference: str | None,
    groups: int,
    columns: Sequence[str],
    scale: Scale | None,
    show_account: bool,
) -> None:
    """Write one HTML page about logs or tables: no network, no scripts, light and dark, printable.

    Exit status: 0 good, 1 some input was unusable (the rest is reported), 2 usage.
    """
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.io.writing import check_target
    from hotmess_inspect.render.console import print_problems
    from hotmess_inspect.render.report import ReportOptions, write_report
    from hotmess_inspect.render.text import plain
    from hotmess_inspect.results.paths import TestNames, group_steps, note_tests
    from hotmess_inspect.results.study import Waits, count_waits

    analysis = checked_options(
        losses, estimator=estimator, length=length, buckets=buckets, pool=pool, seed=seed
    )
    try:
        options = ReportOptions(
            analysis=analysis,
            viewer=viewer,
            questions=questions,
            title=title,
            study=checked_study(sizes, reference, groups),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    named = checked_columns(columns)
    with sentences(output):
        check_target(output, "HTML", inputs=inputs, overwrite=overwrite)
    with reading_progress(quiet=False) as progress:
        found = read_inputs(inputs, progress=progress, cluster=cluster, columns=named, scale=scale)
    if not len(found.outcomes):
        print_problems(found.problems)
        raise click.ClickException("nothing was read, so nothing is written")
    try:
        walked: list[GroupDivergence] = []
        waits: Waits = {}
        tests: TestNames = {}
        if steps:
            with reading_progress(quiet=False) as progress:
                walked = group_steps(
                    found,
                    inputs,
                    seed=seed,
                    progress=progress,
                    passing=lambda read: note_tests(tests, count_waits(waits, read)),
                )
        with sentences(output):
            problems = write_report(found, output, options, walked, waits, tests, overwrite=overwrite)
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    print_problems([p for p in problems if p.level != "note"])
    if show_account:
        from hotmess_inspect.render.account import print_account

        print_account(found.account)
    click.echo(plain(output))
    sys.exit(1 if any(p.level == "error" for p in problems) else 0)
