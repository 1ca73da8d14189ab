"""`hotmess images`: the sandbox images that SWE-bench instances run in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hotmess_inspect.cli._engine import engine
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from hotmess_inspect.swebench.rows import Instance

_dataset = click.argument("dataset", default="mini")
_instances = click.option("--instances", help="Only these instance ids, separated by commas.")


@click.group()
def images() -> None:
    """Sandbox images: build the bundled ones; pull, list, check and prune those of a data set.

    DATASET is mini (the default), verified, lite, full, or a local file of rows in the official schema.
    """


@images.command()
@click.option(
    "--base", help="Base image with Python 3.9+; default: HOTMESS_BASE_IMAGE, hotmess/base, else pulled."
)
def build(base: str | None) -> None:
    """Build the images of the bundled instances; those that exist are left alone."""
    from hotmess_inspect.swebench.build import build_mini

    with engine() as client:
        for image in build_mini(client=client, base=base, progress=_note):
            click.echo(f"{image.name}  {'built' if image.built else 'already here'}")


@images.command("list")
@_dataset
@_instances
def list_(dataset: str, instances: str | None) -> None:
    """List the images of a data set with size and digest."""
    from hotmess_inspect.swebench.images import image_states

    with engine() as client:
        states = image_states(_load(dataset, instances), client=client)
    for state in states:
        found = (
            f"{state.size / 1e9:6.2f} GB  {state.digest[7:19]}" if state.present else f"{'absent':>9}{'':14}"
        )
        click.echo(f"{found}  {state.instances:>3} instances  {state.name}")
    here = sum(state.present for state in states)
    click.echo(f"{here} of {counted(len(states), 'image')} {'is' if here == 1 else 'are'} here")


@images.command()
@_dataset
@_instances
@click.option("--jobs", default=4, show_default=True, type=click.IntRange(1), help="Pulls at once.")
@click.option(
    "--patience",
    default=8.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Hours to wait at a rate limit.",
)
@click.option(
    "--force", is_flag=True, help="Pull even if the disk seems too small or the processor is another."
)
def pull(dataset: str, instances: str | None, jobs: int, patience: float, force: bool) -> None:
    """Pull the images of a data set that are not here.

    Several at once; where the registry limits pulls it waits and goes on by itself. What is here is not
    asked for again, so an interrupted pull is resumed by running it again. Exit status: 0 if all images are
    here at the end, else 1.
    """
    from hotmess_inspect.swebench.images import image_states

    with engine() as client:
        missing = [s.name for s in image_states(_load(dataset, instances), client=client) if not s.present]
        _check_pull(client, missing, force=force)
    failed = _pull(missing, jobs, patience) if missing else 0
    click.echo(
        f"{len(missing) - failed} pulled, {failed} failed" + ("; run it again to go on" if failed else "")
    )
    sys.exit(1 if failed else 0)


def _check_pull(client: Any, missing: list[str], *, force: bool) -> None:
    from hotmess_inspect.swebench.engine import architecture_problem, engine_architecture, free_bytes
    from hotmess_inspect.swebench.images import disk_estimate

    needed, free = disk_estimate(missing), free_bytes(client)
    room = "" if free is None else f"; {free / 1e9:.0f} GB are free"
    _note(f"{counted(len(missing), 'image')} to pull, about {needed / 1e9:.0f} GB on disk{room}")
    if force or not missing:
        return
    if problem := architecture_problem(engine_architecture(client)):
        raise click.ClickException(problem)
    if free is not None and needed > free:
        raise click.ClickException(
            f"about {needed / 1e9:.0f} GB are needed and {free / 1e9:.0f} GB are free: choose fewer with --instances, "
            "make room with hotmess images prune, or pass --force"
        )


def _pull(names: list[str], jobs: int, patience: float) -> int:
    """Pull and show it; the number of images that failed."""
    from hotmess_inspect.cli._progress import pull_display
    from hotmess_inspect.swebench.build import connect
    from hotmess_inspect.swebench.pulling import Puller

    failed = 0
    with pull_display(len(names)) as (say, watch):
        puller = Puller(lambda: connect(timeout=900.0), parallel=jobs, patience=patience * 3600, say=say)
        watch(puller.progress)
        for pulled in puller.pull(names):
            failed += bool(pulled.problem)
            say(f"{pulled.name}: {pulled.problem or ('already here' if pulled.already else 'pulled')}")
    return failed


@images.command()
@_dataset
@_instances
@click.option(
    "--gradings",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Gradings of each of the two patches.",
)
@click.option("--jobs", type=click.IntRange(1), help="Containers at once; default: one per processor.")
@click.option(
    "--timeout", default=1800, show_default=True, type=click.IntRange(1), help="Seconds of one test run."
)
@click.option("--fresh", is_flag=True, help="Forget earlier results.")
def check(
    dataset: str, instances: str | None, gradings: int, jobs: int | None, timeout: int, fresh: bool
) -> None:
    """Check the images that are here: is grading stable, and is the fix out of an agent's reach?

    Each instance's reference fix and no fix are graded several times, by the grader and under the limits of
    a run. Results are kept for each image, row and version of the grader; a run reads them. Exit status: 0 if
    every instance can be used, else 1.
    """
    from hotmess_inspect.swebench.checks import check_all
    from hotmess_inspect.swebench.concurrency import engine_machine
    from hotmess_inspect.swebench.engine import engine_problem
    from hotmess_inspect.swebench.images import image_states

    chosen = _load(dataset, instances)
    with engine() as client:
        if problem := engine_problem(client):
            raise click.ClickException(problem)
        digests = {s.name: s.digest for s in image_states(chosen, client=client) if s.present}
        at_once = jobs or engine_machine(client).processors
    bad = 0
    for result in check_all(chosen, digests, gradings=gradings, jobs=at_once, timeout=timeout, fresh=fresh):
        bad += bool(result.problem)
        click.echo(result.line)
        for test in result.unstable_tests:
            click.echo(f"    masked: {test}")
    absent = sum(instance.image not in digests for instance in chosen)
    click.echo(
        f"{counted(len(chosen) - absent - bad, 'instance')} can be used, {bad} cannot"
        + (f", {absent} have no image here: hotmess images pull" if absent else "")
    )
    sys.exit(1 if bad or absent else 0)


@images.command()
@click.argument("dataset", required=False)
@click.option("--yes", is_flag=True, help="Remove without asking.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--keep", help="Instance ids whose images stay, separated by commas.")
def prune(dataset: str | None, yes: bool, dry_run: bool, keep: str | None) -> None:
    """Remove sandbox images of this package: bundled and official ones, and those of DATASET's rows.

    Images that a container uses, and all other images, stay.
    """
    from hotmess_inspect.swebench.images import removable_images, remove_image

    rows = _load(dataset, None) if dataset else []
    kept = {name.strip() for name in (keep or "").split(",") if name.strip()}
    unknown = kept - {row.instance_id for row in rows}
    if unknown:
        raise click.UsageError(f"--keep {sorted(unknown)[0]} is not among the instances of DATASET")
    with engine() as client:
        found = removable_images(
            client=client,
            also={row.image for row in rows},
            keep={row.image for row in rows if row.instance_id in kept},
        )
        free = [image for image in found if not image.used]
        for image in found:
            note = "  (in use, stays)" if image.used else ""
            click.echo(f"{image.size / 1e9:6.2f} GB  {', '.join(image.names)}{note}")
        total = sum(image.size for image in free) / 1e9
        click.echo(f"{len(free)} of {counted(len(found), 'image')} can be removed, up to {total:.1f} GB")
        if dry_run or not free:
            return
        if not yes and not click.confirm("Remove them?", err=True):
            return
        problems = [f"{i.names[0]}: {text}" for i in free if (text := remove_image(i, client=client))]
    for text in problems:
        click.echo(text, err=True)
    click.echo(f"{len(free) - len(problems)} removed")
    sys.exit(1 if problems else 0)


def _note(line: str) -> None:
    click.echo(line, err=True)


def _load(dataset: str, instances: str | None) -> list[Instance]:
    from hotmess_inspect.swebench.rows import load_instances

    chosen = [name.strip() for name in (instances or "").split(",") if name.strip()]
    try:
        return load_instances(dataset, instances=chosen, other_languages=True)[0]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
