"""`hotmess study`: the paper's analyses across models, settings and epochs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import analysis_options, checked_options
from hotmess_inspect.cli._threads import one_thread
from hotmess_inspect.cli._writing import sentences

if TYPE_CHECKING:
    from hotmess_inspect.results.study import StudyOptions
    from hotmess_inspect.schema import Scale

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SHARED = (
    click.option(
        "--size",
        "sizes",
        multiple=True,
        metavar="MODEL=SIZE",
        help="Size of a model, in any unit. Several times. Default: read off the name, as 8 of Qwen3-8B.",
    ),
    click.option(
        "--reference",
        metavar="MODEL",
        help="Model whose lengths sort questions into groups of difficulty. Default: the largest.",
    ),
    click.option(
        "--groups", type=click.IntRange(1), default=5, show_default=True, help="Groups of difficulty."
    ),
)


def study_options(command: _Command) -> _Command:
    """Give a command the options --size, --reference and --groups."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def checked_study(
    sizes: Sequence[str], reference: str | None, groups: int, only: Sequence[str] = ()
) -> StudyOptions:
    """What the user typed; a usage error where it cannot be."""
    from hotmess_inspect.results.study import StudyOptions

    try:
        pairs = [text.rpartition("=") for text in sizes]
        if odd := [text for text, (name, _, _) in zip(sizes, pairs, strict=True) if not name]:
            raise ValueError(f"--size {odd[0]}: wanted is MODEL=SIZE")
        named = {name: float(size) for name, _, size in pairs}
        return StudyOptions(named, reference, groups, tuple(dict.fromkeys(only)))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="answer_changes, agreement, uncertainty, judge, dispersion, wait_ratio, size_length, scaling, variance_length, budgets, length_correlation, ensembling or stabilisation. "
    "Several times. Default: all that the inputs allow.",
)
@study_options
@click.option(
    "--csv", "folder", type=click.Path(file_okay=False), help="Write each table as CSV into this folder."
)
@click.option("--overwrite", is_flag=True, help="Replace files there that are no CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
@analysis_options
@reading_options
def study(
    inputs: Sequence[str],
    only: Sequence[str],
    sizes: Sequence[str],
    reference: str | None,
    groups: int,
    folder: str | None,
    overwrite: bool,
    as_json: bool,
    losses: Sequence[str],
    estimator: str | None,
    length: str | None,
    buckets: int,
    cluster: str | None,
    pool: bool,
    seed: int,
    columns: Sequence[str],
    scale: Scale | None,
    show_account: bool,
) -> None:
    """The paper's analyses of runs: answer changes, hesitation, size and length, budgets, ensembles, number of epochs.

    INPUT is what `hotmess analyze` reads; all models, budgets and settings of a task belong into one call. Every table
    has 95 % intervals; `hotmess report` draws the same.

    Exit status: 0 good, 1 some input was unusable or an analysis that was asked for has nothing to show, 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.analyze import analyze
    from hotmess_inspect.results.paths import read_waits
    from hotmess_inspect.results.study import study as all_of

    options = checked_options(
        losses, estimator=estimator, length=length, buckets=buckets, pool=pool, seed=seed
    )
    wanted = checked_study(sizes, reference, groups, only)
    with reading_progress(quiet=as_json) as progress:
        found = read_inputs(
            inputs, progress=progress, cluster=cluster, columns=checked_columns(columns), scale=scale
        )
    results, problems = analyze(found.outcomes, options)
    waits = {}
    if not wanted.only or "wait_ratio" in wanted.only:
        with reading_progress(quiet=as_json) as progress:
            waits = read_waits(found, inputs, progress=progress)
    findings, odd = all_of(results, wanted, waits)
    problems = [*found.problems, *problems, *odd]
    if folder is not None:
        from hotmess_inspect.io.writing import replacing
        from hotmess_inspect.render.text import csv_table

        for one in findings:
            path = str(Path(folder) / f"{one.name}.csv")
            with sentences(path):
                Path(folder).mkdir(parents=True, exist_ok=True)
                with replacing(path, "CSV", inputs=inputs, overwrite=overwrite) as part:
                    Path(part).write_text(csv_table(one.rows), encoding="utf-8")
    if as_json:
        listed = [{"level": p.level, "input": p.input, "message": p.message} for p in problems]
        made = {"schema": 1, "analyses": [one.as_json() for one in findings], "problems": listed}
        click.echo(json.dumps(made, indent=1))
    else:
        from hotmess_inspect.render.study import print_study
        from hotmess_inspect.results.verdict import concerning

        print_study(findings, concerning(problems, results))
        if show_account:
            from hotmess_inspect.render.account import print_account

            print_account(found.account)
    sys.exit(1 if not findings or any(p.level == "error" for p in problems) else 0)
