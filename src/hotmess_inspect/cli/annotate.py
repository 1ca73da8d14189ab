"""`hotmess annotate`: per-question numbers as scores, for the log viewer."""

from __future__ import annotations

import click


@click.command()
@click.argument("log", metavar="LOG", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Default: LOG's name with .annotated.")
@click.option("--in-place", is_flag=True, help="Replace LOG itself.")
@click.option("--scorer", help="Whose verdicts count, where there are several scorers.")
@click.option(
    "--loss",
    type=click.Choice(("kl", "brier", "zero_one", "squared")),
    help="Default: brier for classes, squared otherwise.",
)
@click.option(
    "--estimator",
    type=click.Choice(("plugin", "unbiased", "jackknife")),
    help="Default: unbiased where it exists, else plugin.",
)
def annotate(
    log: str, output: str | None, in_place: bool, scorer: str | None, loss: str | None, estimator: str | None
) -> None:
    """Add each question's error, bias², variance, incoherence, share correct and modal answer to a log.

    `inspect view` then shows them as coloured columns that can be sorted. The original stays as it is
    unless --in-place is given.

    Exit status: 0 good, 1 the log cannot be annotated, 2 usage.
    """
    from hotmess_inspect.analysis.analyze import Options
    from hotmess_inspect.analysis.annotate import annotate_log

    from ._console import print_problems

    if in_place and output is not None:
        raise click.UsageError("--in-place and --output exclude each other")
    try:
        options = Options(losses=(loss,) if loss else (), estimator=estimator, resamples=1)  # type: ignore[arg-type]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        done = annotate_log(log, log if in_place else output, scorer=scorer, options=options)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    print_problems([p for p in done.problems if p.level != "note"])
    click.echo(f"{done.path}: {done.questions} questions of {done.group} on {done.samples} samples")
