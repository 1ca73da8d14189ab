"""`hotmess analyze`: the numbers of logs and tables, as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, nothing_counted, reading_options
from hotmess_inspect.cli._options import analysis_options, checked_options, resamples_option, unparsed_option
from hotmess_inspect.cli._threads import one_thread

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@analysis_options
@unparsed_option
@resamples_option
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that read logs."
)
@click.option("--details", is_flag=True, help="Every measure, loss, guard and table of lengths.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
@reading_options
@click.option("--explain", is_flag=True, help="Show how each table was understood, and compute nothing.")
def analyze(
    inputs: Sequence[str],
    losses: Sequence[str],
    estimator: str | None,
    length: str | None,
    buckets: int,
    cluster: str | None,
    unparsed: str,
    pool: bool,
    seed: int,
    resamples: int,
    jobs: int,
    details: bool,
    as_json: bool,
    columns: Sequence[str],
    scale: Scale | None,
    show_account: bool,
    explain: bool,
) -> None:
    """Error, bias², variance and incoherence of logs or tables.

    INPUT is a log (.eval, .json), a folder, glob or URI of logs, a table (CSV, TSV, JSON, JSON lines, Parquet, any
    of them with .gz) with the columns question_id, epoch, and answer and target, or score (optional: model, task
    or dataset, scorer, context, cluster, length, p_A...), or a file of another harness.

    Exit status: 0 good, 1 some input was unusable (the rest is reported), 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._reading import reading_pool, reading_progress
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.analyze import analyze as analyze_outcomes

    options = checked_options(
        losses,
        estimator=estimator,
        length=length,
        buckets=buckets,
        unparsed=unparsed,
        pool=pool,
        seed=seed,
        resamples=resamples,
    )
    named = checked_columns(columns)
    if explain:
        sys.exit(_explain(inputs, named, cluster))
    with reading_progress(quiet=as_json) as progress, reading_pool(jobs) as executor:
        found = read_inputs(
            inputs, progress=progress, executor=executor, cluster=cluster, columns=named, scale=scale
        )
    results, problems = analyze_outcomes(found.outcomes, options)
    problems = [*found.problems, *problems]
    problems += nothing_counted(found.account, problems, anything=bool(results))
    if as_json:
        listed = [{"level": p.level, "input": p.input, "message": p.message} for p in problems]
        made = {
            "schema": 1,
            "groups": [r.as_json() for r in results],
            "problems": listed,
            "account": found.account.as_json(),
        }
        click.echo(json.dumps(made, indent=1))
    else:
        from hotmess_inspect.render.terminal import print_analysis

        print_analysis(results, problems, details=details, lengths=length is not None)
        if show_account:
            from hotmess_inspect.render.account import print_account

            print_account(found.account)
    sys.exit(1 if not results or any(p.level == "error" for p in problems) else 0)


def _explain(inputs: Sequence[str], columns: dict[str, str], cluster: str | None) -> int:
    """Print how each file was understood; returns the exit status."""
    from hotmess_inspect.io.logs import Reading, list_inputs, read_whole
    from hotmess_inspect.io.tables import TableReading
    from hotmess_inspect.render.account import print_explanation
    from hotmess_inspect.render.console import print_problems
    from hotmess_inspect.schema import Problem

    problems: list[Problem] = []
    for file in list_inputs(inputs, problems).files:
        reading = read_whole(file, Reading(cluster, columns))
        if reading.outcomes is None:
            problems += reading.problems
            continue
        said = reading.table or TableReading(
            reading.outcomes,
            0,
            reading.account.form,
            notes=[p.message for p in reading.problems],
            rows=reading.account.recorded,
        )
        print_explanation(file.path, said)
    print_problems(problems)
    return 1 if any(p.level == "error" for p in problems) else 0
