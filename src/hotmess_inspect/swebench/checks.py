"""Check many instances, for `hotmess images check`."""

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import anyio

from hotmess_inspect.swebench.build import ImageError
from hotmess_inspect.swebench.check import check_instance
from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.words import counted


@dataclass(frozen=True)
class Checked:
    """What the check of one instance found.

    Attributes:
        instance_id: The instance.
        problem: Why it cannot be used here, or why the check itself failed; empty if all is well.
        gradings: Gradings of each of the two patches that are known.
        unstable_tests: Tests that a run masks.
        seconds: Wall time of the check, next to nothing where the result was known.
    """

    instance_id: str
    problem: str
    gradings: int
    unstable_tests: tuple[str, ...]
    seconds: float

    @property
    def line(self) -> str:
        """One line for a person."""
        masked = f", {counted(len(self.unstable_tests), 'test')} masked" if self.unstable_tests else ""
        verdict = f"✗ {self.problem}" if self.problem else f"✓ {self.gradings} gradings each agree{masked}"
        return f"{self.instance_id}: {verdict} ({self.seconds:.1f} s)"


def check_all(
    instances: Sequence[Instance],
    digests: Mapping[str, str],
    *,
    gradings: int,
    jobs: int,
    timeout: int,
    fresh: bool = False,
) -> Iterator[Checked]:
    """Check all instances whose image is present.

    Args:
        instances: The instances.
        digests: Digest by image name, for the images that are here.
        gradings: Gradings of the reference fix, and as many of no fix.
        jobs: Containers at once.
        timeout: Seconds that one test run may take.
        fresh: Forget earlier results.

    Yields:
        One entry per instance, as they finish.
    """
    results: queue.Queue[Checked | None] = queue.Queue()

    async def one(instance: Instance, limiter: anyio.CapacityLimiter) -> None:
        began = time.monotonic()
        try:
            found = await check_instance(
                instance,
                digests[instance.image],
                repeats=gradings,
                timeout=timeout,
                fresh=fresh,
                grades=limiter,
            )
        except (ImageError, GradingError, TimeoutError) as error:
            results.put(Checked(instance.instance_id, str(error), 0, (), time.monotonic() - began))
            return
        seconds = time.monotonic() - began
        results.put(
            Checked(instance.instance_id, found.problem, found.repeats, found.unstable_tests, seconds)
        )

    async def every() -> None:
        limiter = anyio.CapacityLimiter(jobs)
        async with anyio.create_task_group() as group:
            for instance in instances:
                if instance.image in digests:
                    group.start_soon(one, instance, limiter)

    def work() -> None:
        try:
            anyio.run(every)
        finally:
            results.put(None)

    # In a thread of its own, so that results can be shown as they come, and inside of a running event loop too.
    thread = threading.Thread(target=work, name="check", daemon=True)
    thread.start()
    while (result := results.get()) is not None:
        yield result
    thread.join()
