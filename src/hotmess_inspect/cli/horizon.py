"""`hotmess horizon`: success against the time that people take."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, nothing_counted, reading_options
from hotmess_inspect.cli._options import checked_options, cluster_option, resamples_option
from hotmess_inspect.cli._threads import one_thread

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--weights",
    metavar="COLUMN",
    help="Column of a table with the weight of each question's runs; invsqrt_task_weight of METR's runs. Default: alike.",
)
@click.option(
    "--k",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Epochs that pass^k asks to be all right.",
)
@click.option(
    "--regularisation",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="λ of the penalty λ/2·slope² beside the mean log loss. METR's published horizons have 0.1.",
)
@click.option(
    "--buckets", type=click.IntRange(1), default=5, show_default=True, help="Buckets of human time."
)
@cluster_option
@resamples_option
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
@reading_options
def horizon(
    inputs: Sequence[str],
    weights: str | None,
    k: int,
    regularisation: float,
    buckets: int,
    cluster: str | None,
    resamples: int,
    seed: int,
    as_json: bool,
    columns: Sequence[str],
    scale: Scale | None,
    show_account: bool,
) -> None:
    """The length of tasks, in the time that people take, at which success falls to 50 % and 80 %.

    INPUT is a log, folder, glob, URI or table as `hotmess analyze` reads it, or METR's runs.jsonl, whose questions
    say how long people take: a column human_minutes, or human_minutes, human_time or SWE-bench's difficulty in the
    samples' metadata.

    Exit status: 0 good, 1 some input was unusable or no horizon could be fitted, 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.formats.metr import WEIGHT, MetrRuns
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.horizon import horizons
    from hotmess_inspect.schema import Problem

    options = checked_options(
        (), estimator=None, length="human", buckets=buckets, resamples=resamples, seed=seed
    )
    named = checked_columns(columns)
    if weights is not None:
        named["weight"] = weights
    with reading_progress(quiet=as_json) as progress:
        read = read_inputs(inputs, progress=progress, cluster=cluster, columns=named, scale=scale)
    found, problems = horizons(
        read.outcomes, options, k=k, weighted="weight" in named, regularisation=regularisation
    )
    problems = [*read.problems, *problems]
    if weights not in (None, WEIGHT):
        problems += [
            Problem("error", one.path, f"--weights {weights}: of METR's runs {WEIGHT} alone is read")
            for one in read.account.files
            if one.form == MetrRuns.name
        ]
        if any(one.form == MetrRuns.name for one in read.account.files):
            found = []
    problems += nothing_counted(read.account, problems, anything=bool(found))
    if as_json:
        made = {
            "schema": 1,
            "groups": [one.as_json() for one in found],
            "problems": [{"level": p.level, "input": p.input, "message": p.message} for p in problems],
            "account": read.account.as_json(),
        }
        click.echo(json.dumps(made, indent=1))
    else:
        from hotmess_inspect.render.console import print_problems
        from hotmess_inspect.render.horizon import print_horizons

        print_horizons(found)
        print_problems(problems)
        if show_account:
            from hotmess_inspect.render.account import print_account

            print_account(read.account)
    sys.exit(1 if not found or any(p.level == "error" for p in problems) else 0)
