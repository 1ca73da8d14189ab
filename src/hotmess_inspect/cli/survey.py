"""`hotmess survey`: intelligence against incoherence, from logs or from people's rankings."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._writing import overwrite_option, sentences

if TYPE_CHECKING:
    from rich.console import Console

    from hotmess_inspect.experiments.survey.reading import Found
    from hotmess_inspect.experiments.survey.study import Correlation, Survey


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "--out",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for tables and figure.",
)
@click.option(
    "--entities", type=click.Path(exists=True, dir_okay=False), help="CSV of entity, category; for CSV input."
)
@click.option(
    "--figures/--no-figures", "--figure/--no-figure", "figure", default=True, help="Draw the scatter too."
)
@overwrite_option
@click.option("--resamples", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def survey(
    inputs: Sequence[str],
    out: Path | None,
    entities: str | None,
    figure: bool,
    overwrite: bool,
    resamples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Mean ranks, agreement and Spearman's correlation of intelligence with incoherence.

    INPUT is one CSV of people's rankings (rater, question, entity, rank) or comparisons (rater, question, winner,
    loser), or logs and folders of logs of the task hotmess/survey.

    Exit status: 0 good, 1 an extra is missing, 2 the input cannot be used.
    """
    from hotmess_inspect.experiments.survey.study import survey_study
    from hotmess_inspect.experiments.survey.tables import write_tables
    from hotmess_inspect.render.text import plain

    try:
        votes = _read(inputs, entities)
        found = survey_study(votes.entities, votes.votes, resamples=resamples, seed=seed)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    read = [*inputs, *([entities] if entities else [])]
    with sentences(str(out)):
        files = write_tables(found, out, inputs=read, overwrite=overwrite) if out else []
    if as_json:
        click.echo(json.dumps(found.as_json() | {"notes": votes.notes}, indent=1))
    else:
        _print(found, votes.notes)
    if out and figure:
        from hotmess_inspect.experiments.survey.figure import save_figure

        try:
            with sentences(str(out)):
                files += save_figure(found, out, overwrite=overwrite)
        except ImportError as error:
            raise click.ClickException(f"{error}; --no-figure goes without") from error
    for file in files:
        click.echo(plain(f"wrote {file}"), file=sys.stderr)


def _read(inputs: Sequence[str], entities: str | None) -> Found:
    from hotmess_inspect.experiments.survey.entities import load_entities
    from hotmess_inspect.experiments.survey.reading import read_csv, read_logs
    from hotmess_inspect.io.sources import find_files

    files = [file for location in inputs for file in find_files(location)]
    tables = [file for file in files if file.suffix == ".csv"]
    if not tables:
        if entities is not None:
            raise ValueError("--entities is for CSV input; logs hold their own list")
        return read_logs([file.path for file in files if file.suffix in (".eval", ".json")])
    if len(files) > 1:
        raise ValueError(f"{len(files)} inputs with a CSV among them; permitted is one CSV, or logs")
    return read_csv(tables[0].path, None if entities is None else load_entities(entities))


def _print(found: Survey, notes: Sequence[str]) -> None:
    from hotmess_inspect.experiments.survey.entities import CATEGORIES
    from hotmess_inspect.experiments.survey.study import PUBLISHED_SPEARMAN
    from hotmess_inspect.render.console import cell, console
    from hotmess_inspect.render.terminal import number

    out = console()
    for question, raters in found.raters.items():
        faults = ", ".join(f"{count} {fault}" for fault, count in found.faults[question].items() if count)
        out.print(
            cell(
                f"{question}: {raters} raters, Kendall's W {number(found.agreement[question])}"
                + (f"; {faults}" if faults else "")
            )
        )
    _print_line(out, "all", found.correlation)
    for name, part in found.by_category.items():
        _print_line(out, CATEGORIES.get(name, name), part)
    out.print(cell(f"published for comparison: ρ ≈ {PUBLISHED_SPEARMAN}", "dim"))
    for note in notes:
        out.print(cell(f"note: {note}", "dim"))


def _print_line(out: Console, name: str, found: Correlation) -> None:
    import math

    from hotmess_inspect.render.console import cell

    def interval(low_high: tuple[float, float]) -> str:
        return "–" if math.isnan(low_high[0]) else f"{low_high[0]:+z.3f} … {low_high[1]:+z.3f}"

    rho = "–" if math.isnan(found.value) else f"{found.value:+z.3f}"
    out.print(
        cell(
            f"ρ(intelligence, incoherence), {name}: {rho} over {found.entities} entities; 95 %: raters "
            f"{interval(found.raters)}, entities {interval(found.over_entities)}, both {interval(found.both)}"
            + (f" ({found.note})" if found.note else "")
        )
    )
