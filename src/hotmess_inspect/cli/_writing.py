"""Errors of writing a file, as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files there that are of another kind."
)


@contextmanager
def sentences(path: str) -> Iterator[None]:
    """Refusals become usage errors (exit status 2), a missing, read-only or full folder exit status 1."""
    from hotmess_inspect.io.writing import Refused
    from hotmess_inspect.render.text import plain

    try:
        yield
    except Refused as error:
        raise click.UsageError(plain(error)) from error
    except OSError as error:
        raise click.ClickException(plain(f"{path} cannot be written: {error.strerror or error}")) from error
