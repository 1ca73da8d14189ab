"""Sandbox images of a data set: which are here, how large they are, and pulling those that are not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hotmess_inspect.swebench.build import ImageError
from hotmess_inspect.swebench.rows import Instance

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ImageState:
    """One image that instances of a data set need.

    Attributes:
        name: Name and tag, as the rows give it.
        instances: How many of the instances use it.
        present: Whether the engine has it.
        size: Bytes on disk, layers shared with other images included; 0 if absent.
        identity: Digest of the image's content (its id), which a floating tag does not pin; empty if absent.
    """

    name: str
    instances: int
    present: bool
    size: int
    identity: str


def image_states(instances: Sequence[Instance], *, client: Any) -> list[ImageState]:
    """Look up the images that instances need, in the order of their first use.

    Args:
        instances: The instances.
        client: A ``docker.DockerClient``.

    Returns:
        One entry per image name.
    """
    from docker.errors import ImageNotFound

    counts: dict[str, int] = {}
    for instance in instances:
        counts[instance.image] = counts.get(instance.image, 0) + 1
    states = []
    for name, count in counts.items():
        try:
            image = client.images.get(name)
        except ImageNotFound:
            states.append(ImageState(name, count, False, 0, ""))
        else:
            states.append(ImageState(name, count, True, int(image.attrs["Size"]), image.id))
    return states


def pull_images(names: Sequence[str], *, client: Any, progress: Progress) -> Iterator[tuple[str, str]]:
    """Pull images one after the other; what is here already is not pulled again.

    Args:
        names: Names with tags.
        client: A ``docker.DockerClient``.
        progress: Called with the name, the bytes received and the bytes known of so far.

    Yields:
        The name and an empty text, or the name and why it could not be pulled. The next one is tried
        either way, so that a rate limit or a missing image costs only itself; run it again to resume.

    Raises:
        ImageError: If the engine stops answering.
    """
    from docker.errors import APIError, DockerException, ImageNotFound

    for name in names:
        try:
            client.images.get(name)
        except ImageNotFound:
            try:
                _pull(client, name, progress)
            except (APIError, ImageError) as error:
                yield name, str(getattr(error, "explanation", None) or error)
                continue
        except DockerException as error:
            raise ImageError(f"the Docker engine stopped answering: {error}") from error
        yield name, ""


def _pull(client: Any, name: str, progress: Progress) -> None:
    repository, _, tag = name.rpartition(":")
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    for event in client.api.pull(repository, tag=tag, stream=True, decode=True, platform="linux/amd64"):
        if "error" in event:
            raise ImageError(str(event["error"]))
        layer, detail = event.get("id", ""), event.get("progressDetail") or {}
        if "total" in detail and event.get("status") == "Downloading":
            done[layer], total[layer] = int(detail.get("current", 0)), int(detail["total"])
        elif event.get("status") == "Download complete":
            done[layer] = total.get(layer, 0)
        progress(name, sum(done.values()), sum(total.values()))
