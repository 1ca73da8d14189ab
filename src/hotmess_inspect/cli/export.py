"""`hotmess export`: outcomes as a Parquet data set."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import cluster_option

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False), help="Folder of the data set."
)
@click.option("--overwrite", is_flag=True, help="Replace a file of the same content's name.")
@cluster_option
@reading_options
def export(
    inputs: Sequence[str],
    output: str,
    overwrite: bool,
    cluster: str | None,
    columns: Sequence[str],
    scale: Scale | None,
    show_account: bool,
) -> None:
    """Write outcomes as Parquet: one row per epoch and scorer.

    Every call adds one file to the folder, named after what it holds, so exports of several machines can
    be put into one folder. Every command reads the folder back.

    Exit status: 0 good, 1 some input was unusable (the rest is written), 2 usage.
    """
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.render.console import print_problems
    from hotmess_inspect.render.export import export_outcomes
    from hotmess_inspect.render.text import plain
    from hotmess_inspect.words import counted

    named = checked_columns(columns)
    with reading_progress(quiet=False) as progress:
        found = read_inputs(inputs, progress=progress, cluster=cluster, columns=named, scale=scale)
    print_problems(found.problems)
    try:
        path = export_outcomes(found.outcomes, output, overwrite=overwrite) if len(found.outcomes) else None
    except FileExistsError as error:
        if error.errno is not None:
            raise click.ClickException(f"{plain(output)} is not a folder") from error
        raise click.UsageError(f"{plain(error)} (--overwrite replaces it)") from error
    except OSError as error:
        raise click.ClickException(f"{plain(output)} cannot be written: {error.strerror or error}") from error
    if show_account:
        from hotmess_inspect.render.account import print_account

        print_account(found.account)
    rows = counted(len(found.outcomes), "row")
    click.echo(f"{plain(path)}: {rows}" if path else "no row was found, nothing is written")
    sys.exit(1 if path is None or any(p.level == "error" for p in found.problems) else 0)
