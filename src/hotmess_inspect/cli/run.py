"""`hotmess run`: run any Inspect task in waves of epochs until an interval is as narrow as wanted."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hotmess_inspect.cli._options import cluster_option
from hotmess_inspect.cli._threads import one_thread
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from hotmess_inspect.plugin.adaptive import AdaptiveRun


@click.command()
@click.argument("task")
@click.option("--model", required=True, help="Model, as `inspect eval` takes it.")
@click.option(
    "--width",
    type=click.FloatRange(0, min_open=True),
    default=0.05,
    show_default=True,
    help="Wanted width of the 95 % interval, high less low.",
)
@click.option(
    "--quantity",
    type=click.Choice(("incoherence", "variance", "error", "bias_squared", "accuracy")),
    default="incoherence",
    show_default=True,
    help="What the interval is for.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    help="Output tokens that may be spent at most. The pilot counts, but is run whatever it costs.",
)
@click.option(
    "--pilot", type=click.IntRange(3), default=6, show_default=True, help="First epochs of every question."
)
@click.option(
    "--most", type=click.IntRange(5), default=100, show_default=True, help="Most epochs of a question."
)
@click.option("-T", "task_args", multiple=True, metavar="NAME=VALUE", help="Argument of the task.")
@click.option("-M", "model_args", multiple=True, metavar="NAME=VALUE", help="Argument of the model.")
@click.option(
    "-E",
    "eval_args",
    multiple=True,
    metavar="NAME=VALUE",
    help="Argument of inspect_ai.eval, such as temperature=0.6 or message_limit=50.",
)
@click.option("--limit", type=click.IntRange(2), help="First questions of the task to take.")
@click.option("--scorer", help="Scorer that counts, where the task has several.")
@cluster_option
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False),
    help="Where the waves are, of this run and nothing else. Default: logs/adaptive/ and the names of task and model.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def run(
    task: str,
    model: str,
    width: float,
    quantity: str,
    budget: float | None,
    pilot: int,
    most: int,
    task_args: Sequence[str],
    model_args: Sequence[str],
    eval_args: Sequence[str],
    limit: int | None,
    scorer: str | None,
    cluster: str | None,
    log_dir: str | None,
    as_json: bool,
) -> None:
    """Run TASK with few epochs first, and then with more of those questions on which the interval depends.

    TASK is what `inspect eval` takes. Every wave is a log in --log-dir; the same command again goes on with whatever lacks
    there. `hotmess analyze` reads the folder as one run, with estimates that stay unbiased under the rule.

    Exit status: 0 the width is reached, 1 it is not (the last line says why), 2 usage.
    """
    one_thread()
    from hotmess_inspect._inspect_private import create_tasks
    from hotmess_inspect.plugin.adaptive import run_adaptive
    from hotmess_inspect.results.adaptive import AdaptiveOptions

    arguments = _arguments("-T", task_args)
    created = _arguments("-E", eval_args)
    taken = {"epochs", "limit", "sample_id", "log_dir", "model", "model_args", "tasks"} & set(created)
    if taken:
        raise click.UsageError(f"-E {sorted(taken)[0]}: the run sets this itself")
    try:
        options = AdaptiveOptions(width, quantity, pilot, most, budget, scorer, cluster)  # type: ignore[arg-type]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    folder = log_dir or "logs/adaptive/" + "_".join(re.sub(r"[^\w.-]+", "-", name) for name in (task, model))

    def load() -> Any:
        # Inspect looks for files below the working directory and takes no absolute path here.
        file, at, name = task.partition("@")
        tasks = create_tasks((os.path.relpath(file) if os.path.isabs(file) else file) + at + name, arguments)
        if not tasks:
            raise ValueError(f"there is no task {task}{_near(task)}")
        if len(tasks) != 1:
            raise ValueError(f"{task} names {len(tasks)} tasks; name one, such as FILE@NAME")
        return tasks[0]

    try:
        found = run_adaptive(
            load,
            model,
            options,
            folder,
            limit=limit,
            told=lambda text: click.echo(text, err=True),
            model_args=_arguments("-M", model_args),
            **created,
        )
    except (ValueError, TypeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(_json(found, folder), indent=1))
    else:
        seen = found.last
        waves = f"{found.waves} wave{'s' * (found.waves > 1)}"
        click.echo(f"{seen.said(options)}, from {counted(seen.epochs, 'epoch')} in {waves}: {seen.end}.")
        if found.missing:
            click.echo(
                f"{counted(found.missing, 'planned epoch')} ended in errors twice and {'is' if found.missing == 1 else 'are'} missing."
            )
        named = f" --cluster {shlex.quote(cluster)}" if cluster else ""
        click.echo(f"hotmess analyze {shlex.quote(folder)}{named}")
    sys.exit(0 if found.last.reached else 1)


def _near(task: str) -> str:
    """Names that resemble a mistyped one, or the folder in which its file was looked for."""
    from hotmess_inspect._inspect_private import registered_names
    from hotmess_inspect.plugin.suite_arguments import nearest

    if task.partition("@")[0].endswith(".py"):
        return f" in {os.getcwd()}"
    near = nearest(task, registered_names("task", task.partition("/")[0]))
    return f"; did you mean {near}?" if near else ""


def _json(found: AdaptiveRun, folder: str) -> dict[str, Any]:
    from hotmess_inspect.results.analyze import interval_json
    from hotmess_inspect.schema import finite_or_none

    seen = found.last
    return {
        "schema": 1,
        "log_dir": folder,
        "value": finite_or_none(seen.value),
        "ci": interval_json(seen.interval),
        "width": finite_or_none(seen.width),
        "width_floor": finite_or_none(seen.floor),
        "epochs": seen.epochs,
        "waves": found.waves,
        "missing": found.missing,
        "reached": seen.reached,
        "end": seen.end,
    }


def _arguments(option: str, given: Sequence[str]) -> dict[str, Any]:
    """Arguments as Inspect reads them: NAME=VALUE with the value as YAML, and commas for lists."""
    import yaml  # type: ignore[import-untyped]  # comes with Inspect, without types

    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise click.UsageError(f"{option} {text}: write NAME=VALUE")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            read = value
        if isinstance(read, str) and "," in read:
            read = [yaml.safe_load(part) for part in read.split(",")]
        found[name.replace("-", "_")] = read
    return found
