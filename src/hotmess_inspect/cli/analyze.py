"""`hotmess analyze`: the numbers of logs and tables, as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from hotmess_inspect.cli._options import analysis_options, checked_options
from hotmess_inspect.cli._threads import one_thread


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@analysis_options
@click.option(
    "--unparsed",
    type=click.Choice(("uniform", "class", "drop")),
    default="uniform",
    show_default=True,
    help="What an answer that could not be read counts as.",
)
@click.option(
    "--resamples", type=click.IntRange(1), default=2000, show_default=True, help="Bootstrap replicates."
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that read logs."
)
@click.option("--details", is_flag=True, help="Every measure, loss, guard and table of lengths.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
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
) -> None:
    """Error, bias², variance and incoherence of logs or tables.

    INPUT is a log (.eval, .json), a folder, glob or URI of logs, or a CSV or Parquet table with the columns
    question_id, epoch, answer, target (optional: model, task or dataset, context, cluster, length, p_A...).

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
    with reading_progress(quiet=as_json) as progress, reading_pool(jobs) as executor:
        found = read_inputs(inputs, progress=progress, executor=executor, cluster=cluster)
    results, problems = analyze_outcomes(found.outcomes, options)
    problems = [*found.problems, *problems]
    if as_json:
        listed = [{"level": p.level, "input": p.input, "message": p.message} for p in problems]
        click.echo(
            json.dumps({"schema": 1, "groups": [r.as_json() for r in results], "problems": listed}, indent=1)
        )
    else:
        from hotmess_inspect.render.terminal import print_analysis

        print_analysis(results, problems, details=details, lengths=length is not None)
    sys.exit(1 if any(p.level == "error" for p in problems) else 0)
