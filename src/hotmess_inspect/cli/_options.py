"""The options that every command about numbers shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotmess_inspect.schema import UNPARSED

if TYPE_CHECKING:
    from hotmess_inspect.results.analyze import Options

_Command = TypeVar("_Command", bound=Callable[..., Any])

cluster_option = click.option(
    "--cluster",
    metavar="COLUMN|none",
    help="What intervals rest on: a column of tables or a field of the samples' metadata. Default: a table's "
    "column cluster; subjects and repositories of logs.",
)
_SHARED = (
    click.option(
        "--loss",
        "losses",
        multiple=True,
        type=click.Choice(("kl", "brier", "zero_one", "squared")),
        help="May be given several times. Default: brier and kl for classes, squared for scores and tests.",
    ),
    click.option(
        "--estimator",
        type=click.Choice(("plugin", "unbiased", "jackknife")),
        help="Default: unbiased where it exists, else plugin.",
    ),
    click.option(
        "--length",
        type=click.Choice(("tokens", "reasoning", "characters", "actions", "turns", "human")),
        help="What the length of an epoch is, or human: the minutes that people take for the question. Default: the table's own, actions for unit tests, else tokens.",
    ),
    click.option("--buckets", type=click.IntRange(1), default=5, show_default=True, help="Length buckets."),
    cluster_option,
    click.option("--pool", is_flag=True, help="All tasks of a model as one group."),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Seed of bootstrap, tie-breaks and permutations.",
    ),
)


unparsed_option = click.option(
    "--unparsed",
    type=click.Choice(UNPARSED),
    default="uniform",
    show_default=True,
    help="What an answer that could not be read counts as.",
)
resamples_option = click.option(
    "--resamples", type=click.IntRange(1), default=2000, show_default=True, help="Bootstrap replicates."
)


def analysis_options(command: _Command) -> _Command:
    """Give a command the options --loss, --estimator, --length, --buckets, --cluster, --pool and --seed."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def checked_options(losses: Sequence[str], **options: Any) -> Options:
    """What the user typed as options of the analysis; a usage error where it does not fit together."""
    from hotmess_inspect.results.analyze import Options

    try:
        return Options(losses=tuple(dict.fromkeys(losses)), **options)  # type: ignore[arg-type]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
