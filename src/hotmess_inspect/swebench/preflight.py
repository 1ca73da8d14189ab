"""What is checked, built and said before the first token is spent."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hotmess_inspect.swebench.build import ImageError, build_mini, connect
from hotmess_inspect.swebench.local import local_package
from hotmess_inspect.swebench.rows import HUB_SETS, Excluded, Instance
from hotmess_inspect.swebench.sandbox import Provider

Say = Callable[[str], None]

MINI_OWNER = "hotmess-mini/"
IMAGE_GB = 2.7  # middle of the official images' 2.4–2.9 GB, before shared layers


def prepare(
    provider: Provider, dataset: str, instances: Sequence[Instance], excluded: Sequence[Excluded], *, say: Say
) -> None:
    """Make ready what the run needs, and say what it will cost.

    Bundled images that are missing are built; official ones are left to be pulled when the run starts,
    and their number and size are said.

    Args:
        provider: Where the sandboxes run.
        dataset: Name of the data set.
        instances: What will run.
        excluded: What was left out.
        say: Called with each sentence.

    Raises:
        ImageError: If no engine answers or a bundled image cannot be built.
        ValueError: If an instance cannot run in the local sandbox.
    """
    for line in _left_out(excluded):
        say(line)
    if provider == "local":
        for instance in instances:
            local_package(instance.repo)
        say("No container is used: commands of the simulated agent run on this machine, as you.")
        return
    bundled = {local_package(i.repo) for i in instances if i.repo.startswith(MINI_OWNER)}
    client = connect(timeout=900.0)
    try:
        if bundled:
            build_mini(sorted(bundled), client=client, progress=say)
        missing = {i.image for i in instances if not i.repo.startswith(MINI_OWNER)} - _present(client)
    finally:
        client.close()
    if missing:
        total = (
            HUB_SETS[dataset].disk_gb
            if dataset in HUB_SETS and len(missing) > 100
            else IMAGE_GB * len(missing)
        )
        say(
            f"{len(missing)} images are not on this machine and will be pulled: up to {total:.0f} GB on disk; "
            "Docker Hub allows 100 anonymous pulls in 6 hours."
        )


def _left_out(excluded: Sequence[Excluded]) -> Iterator[str]:
    by_reason = Counter(entry.reason for entry in excluded)
    for reason, count in sorted(by_reason.items()):
        ids = [entry.instance_id for entry in excluded if entry.reason == reason]
        shown = ", ".join(ids[:5]) + (", …" if count > 5 else "")
        yield f"{count} instances are left out because {reason}: {shown}"


def _present(client: object) -> set[str]:
    images = client.images.list()  # type: ignore[attr-defined]
    return {tag for image in images for tag in image.tags}


__all__ = ["ImageError", "prepare"]
