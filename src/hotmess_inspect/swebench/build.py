"""Build the images of the bundled instances with the Docker engine.

One image holds one repository; instances of a repository share it. An image that exists under its name
is never built again: the name holds a hash of what is in it (:mod:`hotmess_inspect.swebench.mini.source`).
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess_inspect.swebench.mini.source import base_commit, build_context, mini_image, mini_packages

BASE_IMAGE = "hotmess/base:1"
"""Name of the base image that ``sandbox/base-image.sh`` makes where no registry answers."""

REGISTRY_BASE_IMAGE = "python:3.11-slim-bookworm"
"""Base image that is pulled when no other is chosen."""

BASE_IMAGE_VARIABLE = "HOTMESS_BASE_IMAGE"
"""Environment variable that chooses another base image."""

Progress = Callable[[str], None]

_logger = logging.getLogger(__name__)


class ImageError(RuntimeError):
    """An image cannot be made or found; the message says what mends it."""


@dataclass(frozen=True)
class MiniImage:
    """An image of the bundled instances that is present in the engine.

    Attributes:
        package: Name of the repository in it.
        name: Name of the image, ``hotmess/mini.<package>:<content hash>``.
        commit: The one commit at ``/testbed``.
        built: Whether it was built by this call, or was there before.
    """

    package: str
    name: str
    commit: str
    built: bool


def connect(*, timeout: float = 60.0) -> Any:
    """Connect to the Docker engine that the ``docker`` command line would use.

    Args:
        timeout: Seconds to wait for an answer of the engine.

    Returns:
        A ``docker.DockerClient``; the caller closes it.

    Raises:
        ImageError: If no engine answers.
    """
    import docker
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        if os.environ.get("DOCKER_HOST"):
            client = docker.from_env(timeout=timeout)
        else:
            # The SDK alone ignores contexts, and Docker Desktop's socket is known only to its context.
            context = ContextAPI.get_current_context()
            client = docker.DockerClient(base_url=context.Host, tls=context.TLSConfig, timeout=timeout)
        client.ping()
    except (DockerException, OSError) as error:
        raise ImageError(
            f"no Docker engine answers ({error}): start Docker, or on a bare Debian machine run sandbox/engine.sh"
        ) from error
    return client


def missing_mini_images(packages: Sequence[str] | None = None, *, client: Any) -> list[str]:
    """Which bundled repositories have no image yet; takes about a millisecond each.

    Args:
        packages: Names of repositories; None means all.
        client: A ``docker.DockerClient``.

    Returns:
        Names of repositories, in the order given.

    Raises:
        ValueError: If there is no such repository.
    """
    return [package for package in _chosen(packages) if not _exists(client, mini_image(package))]


def build_mini(
    packages: Sequence[str] | None = None,
    *,
    client: Any = None,
    base: str | None = None,
    progress: Progress = _logger.info,
) -> list[MiniImage]:
    """Make sure that the images of the bundled instances exist, building those that do not.

    The base image is the first of: ``base``; the environment variable ``HOTMESS_BASE_IMAGE``; the local
    image ``hotmess/base:1``; ``python:3.11-slim-bookworm`` from the registry. It needs Python 3.9 or
    newer; git, patch and pytest are installed only where it lacks them. Two processes may call this at
    once: one builds, the other waits and finds the images.

    Args:
        packages: Names of repositories; None means all.
        client: A ``docker.DockerClient``; None connects to the engine and closes the connection after.
        base: Name of the base image.
        progress: Called with a line of text for each step.

    Returns:
        One entry per repository, in the order given.

    Raises:
        ImageError: If no engine answers, no base image can be had, a build fails, or the commit in the
            image is not the one that the rows name.
        ValueError: If there is no such repository.
    """
    chosen = _chosen(packages)
    if client is None:
        client = connect(timeout=900.0)
        try:
            return build_mini(chosen, client=client, base=base, progress=progress)
        finally:
            client.close()
    built: set[str] = set()
    if missing_mini_images(chosen, client=client):
        with _one_at_a_time():
            missing = missing_mini_images(chosen, client=client)
            if missing:
                base_name = _base_image(client, base, progress)
                for package in missing:
                    _build(client, package, base_name, progress)
                built.update(missing)
    return [
        MiniImage(package, mini_image(package), base_commit(package), package in built) for package in chosen
    ]


def _chosen(packages: Sequence[str] | None) -> list[str]:
    known = mini_packages()
    if packages is None:
        return list(known)
    for package in packages:
        if package not in known:
            raise ValueError(f"packages must be among {', '.join(known)}, not {package!r}")
    return list(packages)


def _exists(client: Any, name: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        client.api.inspect_image(name)
    except ImageNotFound:
        return False
    return True


def _base_image(client: Any, base: str | None, progress: Progress) -> str:
    chosen = base or os.environ.get(BASE_IMAGE_VARIABLE)
    if chosen is None and _exists(client, BASE_IMAGE):
        return BASE_IMAGE
    name = chosen or REGISTRY_BASE_IMAGE
    if not _exists(client, name):
        _pull(client, name, progress)
    return name


def _pull(client: Any, name: str, progress: Progress) -> None:
    from docker.errors import DockerException

    progress(f"pulling base image {name}")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "latest"
    try:
        client.images.pull(name if "@" in name else repository, tag=None if "@" in name else tag)
    except (DockerException, OSError) as error:
        raise ImageError(
            f"base image {name} is not here and cannot be pulled ({error}): make one with "
            f"sandbox/base-image.sh, or set {BASE_IMAGE_VARIABLE} to a local image with Python 3.9 or newer"
        ) from error


def _build(client: Any, package: str, base: str, progress: Progress) -> None:
    from docker.errors import DockerException

    name = mini_image(package)
    progress(f"building {name} on {base}")
    lines: list[str] = []
    try:
        # The SDK's high-level call reads the context from a folder or has no archive with several files.
        for event in client.api.build(
            fileobj=build_context(package),
            custom_context=True,
            tag=name,
            buildargs={"BASE": base, "COMMIT": base_commit(package), "PACKAGE": package},
            rm=True,
            forcerm=True,
            decode=True,
        ):
            lines.append(event.get("stream") or event.get("error") or "")
            if "error" in event:
                tail = "".join(lines).strip().splitlines()[-20:]
                raise ImageError("\n".join([f"building {name} on {base} failed:", *tail]))
    except (DockerException, OSError) as error:
        raise ImageError(f"building {name} on {base} failed: {error}") from error
    if not _exists(client, name):
        raise ImageError(f"the engine reported no error, but {name} does not exist")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock against other processes of this user, so that an image is not built twice at once."""
    try:
        import fcntl
    except ImportError:  # Windows: building twice costs time, and the same name wins.
        yield
        return
    user = os.getuid()
    with Path(tempfile.gettempdir(), f"hotmess-build-{user}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
