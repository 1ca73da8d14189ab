"""`hotmess images`: the sandbox images that SWE-bench instances run in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hotmess_inspect.swebench.rows import Instance

_dataset = click.argument("dataset", default="mini")


@click.group()
def images() -> None:
    """Sandbox images: build the bundled ones, list and pull those of a data set.

    DATASET is mini (the default), verified, lite, full, or a local file of rows in the official schema.
    """


@images.command()
@click.option(
    "--base", help="Base image with Python 3.9+; default: HOTMESS_BASE_IMAGE, hotmess/base, else pulled."
)
def build(base: str | None) -> None:
    """Build the images of the bundled instances; those that exist are left alone."""
    from hotmess_inspect.swebench.build import build_mini

    with _engine() as client:
        for image in build_mini(client=client, base=base, progress=lambda line: click.echo(line, err=True)):
            click.echo(f"{image.name}  {'built' if image.built else 'already here'}")


@images.command("list")
@_dataset
def list_(dataset: str) -> None:
    """List the images of a data set with size and content digest."""
    from hotmess_inspect.swebench.images import image_states

    with _engine() as client:
        states = image_states(_instances(dataset), client=client)
    for state in states:
        found = (
            f"{state.size / 1e9:6.2f} GB  {state.identity[7:19]}"
            if state.present
            else f"{'absent':>9}{'':14}"
        )
        click.echo(f"{found}  {state.instances:>3} instances  {state.name}")
    here = sum(state.present for state in states)
    click.echo(f"{here} of {len(states)} images are here")


@images.command()
@_dataset
def pull(dataset: str) -> None:
    """Pull the images of a data set that are not here; run it again to go on after a rate limit."""
    from hotmess_inspect.swebench.images import image_states, pull_images

    from ._console import console

    out = console()
    failed = 0
    with _engine() as client:
        missing = [s.name for s in image_states(_instances(dataset), client=client) if not s.present]
        click.echo(f"{len(missing)} images to pull, up to {2.7 * len(missing):.0f} GB on disk", err=True)
        with out.status("waiting for the registry") as status:

            def show(name: str, received: int, known: int) -> None:
                status.update(f"{name}: {received / 1e6:.0f} of {known / 1e6:.0f} MB")

            for name, problem in pull_images(missing, client=client, progress=show):
                failed += bool(problem)
                click.echo(f"{name}: {problem or 'pulled'}", err=bool(problem))
    sys.exit(1 if failed else 0)


@contextmanager
def _engine() -> Iterator[Any]:
    from hotmess_inspect.swebench.build import ImageError, connect

    try:
        client = connect(timeout=900.0)
        try:
            yield client
        finally:
            client.close()
    except ImageError as error:
        raise click.ClickException(str(error)) from error


def _instances(dataset: str) -> list[Instance]:
    from hotmess_inspect.swebench.rows import load_instances

    try:
        return load_instances(dataset)[0]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
