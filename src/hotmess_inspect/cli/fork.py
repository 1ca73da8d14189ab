"""`hotmess fork`: run an epoch again from one of its steps."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import scale_options
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("log")
@click.option("--question", required=True, help="Id of the question.")
@click.option("--epoch", type=click.IntRange(1), required=True, help="Number of the epoch to go on from.")
@click.option(
    "--at", "step", type=click.IntRange(0), required=True, help="Step, from 0, that the model makes anew."
)
@click.option(
    "--epochs", type=click.IntRange(1), default=10, show_default=True, help="How often the model goes on."
)
@click.option("--model", help="Another model to go on. Default: the log's own.")
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False),
    help="Where the new log is written. Default: Inspect's own.",
)
@scale_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def fork(
    log: str,
    question: str,
    epoch: int,
    step: int,
    epochs: int,
    model: str | None,
    log_dir: str | None,
    scale: Scale | None,
    as_json: bool,
) -> None:
    """Replay an epoch of LOG up to a step in a fresh sandbox, and let the model go on from there.

    What was recorded is replayed through the task's own agent without calling a model; then the model goes on
    --epochs times. An ordinary log is written, and the variance of the outcome given the path so far is shown beside
    what the recorded epochs say.

    Exit status: 0 good, 1 the fork failed or a replay did not lead to the recorded state, 2 usage.
    """
    import dataclasses
    import json

    from hotmess_inspect.io.log_file import find_logs
    from hotmess_inspect.plugin.fork import fork_log
    from hotmess_inspect.render.text import plain

    try:
        paths = find_logs([log])
    except (ValueError, OSError, ImportError) as error:
        raise click.UsageError(str(error)) from error
    if len(paths) != 1:
        raise click.UsageError(f"{log} holds {len(paths)} logs; name one")

    try:
        found = fork_log(
            paths[0],
            question=question,
            epoch=epoch,
            step=step,
            epochs=epochs,
            model=model,
            log_dir=log_dir,
            scale=scale,
            told=lambda text: click.echo(text, err=True),
        )
    except (ValueError, OSError) as error:
        raise click.ClickException(plain(error)) from error
    if as_json:
        fields = dataclasses.asdict(found) | {"verified": found.verified}
        click.echo(json.dumps({k: _defined(v) for k, v in fields.items()}, indent=1))
    else:
        low, high = found.interval
        ends = "" if math.isnan(low) else f" [{low:.4f} … {high:.4f}]"
        click.echo(found.log)
        click.echo(
            f"{counted(found.replayed, 'turn')} replayed, {counted(found.epochs, 'epoch')} from step {step} on"
        )
        click.echo(f"variance given the path so far: {found.variance:.4f}{ends}")
        same = "–" if math.isnan(found.observed) else f"{found.observed:.4f}"
        click.echo(f"recorded epochs on the same path: {same} ({counted(found.observed_epochs, 'epoch')})")
        click.echo(f"all recorded epochs of the question: {found.whole:.4f}")
    if not found.verified:
        click.echo(_doubts(found.states, found.recorded, found.differing), err=True)
    sys.exit(0 if found.verified else 1)


def _doubts(states: tuple[str | None, ...], recorded: str | None, differing: tuple[int, ...]) -> str:
    told = []
    if None in states or not states:
        told.append("the state of the sandbox could not be read (sh, find and sha256sum are needed)")
    elif len(states) > 1:
        told.append(f"replays led to {len(states)} different states of the sandbox's files")
    elif recorded not in (None, *states):
        told.append("the files of the sandbox are not those of the recorded epoch")
    if differing:
        told.append(f"tools answered otherwise than recorded at turns {', '.join(map(str, differing))}")
    return "Not verified: " + "; ".join(told)


def _defined(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return [_defined(v) for v in value] if isinstance(value, tuple) else value
