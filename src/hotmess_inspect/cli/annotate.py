"""`hotmess annotate`: per-question numbers as scores, for the log viewer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import scale_options

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Path or URI; default: the log's name with .annotated. One log only.",
)
@click.option("--in-place", is_flag=True, help="Replace the logs themselves.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is no annotation of the log.")
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
@scale_options
def annotate(
    logs: Sequence[str],
    output: str | None,
    in_place: bool,
    scorer: str | None,
    loss: str | None,
    estimator: str | None,
    overwrite: bool,
    scale: Scale | None,
) -> None:
    """Add each question's error, bias², variance, incoherence, share correct and modal answer to logs.

    LOG is a log, a folder or pattern of logs, or a URI of either. `inspect view` then shows coloured columns
    that can be sorted. The originals stay as they are unless --in-place is given.

    Exit status: 0 good, 1 some log cannot be annotated (the rest is), 2 usage.
    """
    from hotmess_inspect.io.log_file import find_logs
    from hotmess_inspect.io.writing import is_same
    from hotmess_inspect.plugin.annotate import annotate_log
    from hotmess_inspect.render.console import print_problems
    from hotmess_inspect.render.text import plain
    from hotmess_inspect.results.analyze import Options
    from hotmess_inspect.words import counted

    if in_place and output is not None:
        raise click.UsageError("--in-place and --output exclude each other")
    try:
        options = Options(losses=(loss,) if loss else (), estimator=estimator, resamples=1)  # type: ignore[arg-type]
        paths = find_logs(logs)
    except (ValueError, OSError, ImportError) as error:
        raise click.UsageError(str(error)) from error
    if output is not None and len(paths) != 1:
        raise click.UsageError(f"--output names one log, but {len(paths)} are to be annotated")
    if output is not None and is_same(output, paths[0]):
        raise click.UsageError(plain(f"{output} is the log itself: --in-place replaces it"))
    failed = False
    for path in paths:
        try:
            target = path if in_place else output
            done = annotate_log(
                path, target, scorer=scorer, options=options, scale=scale, overwrite=overwrite
            )
        except (ValueError, OSError, ImportError) as error:
            failed = True
            text = str(error.strerror if isinstance(error, OSError) and error.strerror else error)
            where = "" if path in text else f"{path}: "
            click.echo(plain(f"Error: {where}{text}"), err=True)
            continue
        print_problems([p for p in done.problems if p.level != "note"])
        said = f"{counted(done.questions, 'question')} of {done.group} on {counted(done.samples, 'sample')}"
        click.echo(plain(f"{done.path}: {said}"))
    sys.exit(1 if failed else 0)
