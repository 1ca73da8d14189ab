"""`hotmess compare`: runs against each other, question by question."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options, reading_words
from hotmess_inspect.cli._options import analysis_options, checked_options
from hotmess_inspect.cli._threads import one_thread

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="A [B...]", nargs=-1, required=True)
@analysis_options
@reading_options
@click.option("--details", is_flag=True, help="Print every pair where they are more than six.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def compare(
    inputs: Sequence[str],
    losses: Sequence[str],
    estimator: str | None,
    length: str | None,
    buckets: int,
    cluster: str | None,
    pool: bool,
    seed: int,
    scale: Scale | None,
    columns: Sequence[str],
    show_account: bool,
    details: bool,
    as_json: bool,
) -> None:
    """Differences between runs, paired by question: accuracy, error, bias², variance, incoherence, pass^k.

    A and B are logs, folders, globs, URIs or tables, each as `hotmess analyze` reads it; one that holds several models or
    settings needs no other. A difference is the earlier one less the later one, and the first sentence says which errs
    less. Its interval leaves out 0 where p is below 0.05 and nowhere else; p is of a within-question permutation test
    (epochs change places between the two runs; mid-p). Without --loss classes are compared by Brier, all else by squared
    error.

    Exit status: 0 good, 1 some input was unusable or nothing could be compared, 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.results.compare import compare_all
    from hotmess_inspect.results.contenders import read_contenders

    options = checked_options(
        losses, estimator=estimator, length=length, buckets=buckets, pool=pool, seed=seed
    )
    named = checked_columns(columns)
    with reading_progress(quiet=as_json) as progress:
        contenders, problems, account = read_contenders(
            inputs,
            options,
            cluster=cluster,
            scale=scale,
            columns=named,
            progress=progress,
        )
    pairs, rankings, found = compare_all(contenders)
    if len(inputs) == 1 and contenders and not pairs and not found:
        names = list(dict.fromkeys(contender.name for contender in contenders))
        of = "" if len(names) == 1 else " of each task"
        raise click.UsageError(
            f"{inputs[0]} holds one run{of}, {', '.join(names)}: name another input beside it, or one with several models"
        )
    problems = [*problems, *found]
    asked = [*(inputs if len(inputs) <= 2 else ("A", "B")), *reading_words(cluster, scale, named)]
    if as_json:
        from hotmess_inspect.results.contenders import comparison_json

        click.echo(json.dumps(comparison_json(pairs, rankings, problems, account, asked), indent=1))
    else:
        from hotmess_inspect.render.comparison import print_comparison

        print_comparison(pairs, rankings, problems, details=details, asked=asked)
        if show_account:
            from hotmess_inspect.render.account import print_account

            print_account(account)
    sys.exit(1 if not pairs or any(p.level == "error" for p in problems) else 0)
