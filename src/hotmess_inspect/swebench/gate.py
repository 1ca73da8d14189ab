"""Check of an instance before its agent's first token: the image's digest, and grading of the reference fix.

The check runs in a hook that Inspect calls before it makes an epoch's sandbox, so it takes nothing from the
epoch's time limit, and only instances that really run are checked. The solver here then writes down what was
found, or ends the epoch with an error where the instance cannot be used.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import anyio
from anyio import to_thread
from inspect_ai.hooks import Hooks, SampleInit, hooks
from inspect_ai.solver import Generate, Solver, TaskState, solver

from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.sandbox import Resources
from hotmess_inspect.words import counted

Say = Callable[[str], None]

FORGET_AFTER = 60.0
"""Seconds after which a check that failed is tried again; a stopped engine may be back."""
PREFLIGHT = "preflight"
"""Sample metadata: which check the sample's epochs wait for; samples without it are none of ours."""


class PreflightError(RuntimeError):
    """An instance cannot be used on this machine; the message says why."""


@dataclass(frozen=True)
class Findings:
    """What a check found that grading must know.

    Attributes:
        digest: Digest of the image that was checked.
        unstable_tests: Tests to be masked.
        own_user: Whether the tests run as the image's own user.
        skipped_tests: Tests that the reference fix skips here, which may be skipped.
    """

    digest: str
    unstable_tests: tuple[str, ...] = ()
    own_user: bool = False
    skipped_tests: tuple[str, ...] = ()


@dataclass
class InstanceCheck:
    """One instance's check, done once per image, whichever epoch comes first.

    Attributes:
        instance: The instance.
        repeats: Gradings of the reference fix and of no fix; 0 for none.
        resources: Limits of a container.
        timeout: Seconds that one test run may take.
        say: Called with a sentence when a check was done and not only read from the cache.
    """

    instance: Instance
    repeats: int
    resources: Resources
    timeout: int
    say: Say
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _findings: Findings | None = None
    _failure: tuple[float, Exception] | None = None

    async def findings(self) -> Findings:
        """Check the instance in the image of now if that was not done: what the grading of its epochs must know.

        Raises:
            PreflightError: If the instance cannot be used here.
            ImageError: If the engine or the image fails.
            GradingError: If a grading fails for a reason of the instrument.
        """
        async with self._lock:
            digest = await current_digest(self.instance.image)
            if self._findings is None or self._findings.digest != digest:
                if self._failure and time.monotonic() - self._failure[0] < FORGET_AFTER:
                    raise self._failure[1]
                try:
                    self._findings = await self._check(digest)
                except Exception as error:
                    self._failure = (time.monotonic(), error)
                    raise
        return self._findings

    async def _check(self, digest: str) -> Findings:
        from hotmess_inspect.swebench.check import check_instance
        from hotmess_inspect.swebench.stability import read_cached

        if not self.repeats:
            return Findings(digest)
        known = await to_thread.run_sync(read_cached, self.instance, digest)
        found = known
        if found is None or found.repeats < self.repeats:
            began = time.monotonic()
            found = await check_instance(
                self.instance,
                digest,
                repeats=self.repeats,
                resources=self.resources,
                timeout=self.timeout,
                grades=_limiter(),
            )
            masked = f", {counted(len(found.unstable_tests), 'test')} masked" if found.unstable_tests else ""
            user = ", tests run as the image's own user" if found.own_user else ""
            verdict = found.problem or f"the reference fix passes and no fix fails{masked}{user}"
            self.say(
                f"checked {self.instance.instance_id} with {found.repeats} gradings each in "
                f"{time.monotonic() - began:.0f} s: {verdict}."
            )
        if found.problem:
            raise PreflightError(f"{self.instance.instance_id} is not run: {found.problem}")
        return Findings(digest, found.unstable_tests, found.own_user, found.skipped)


_checks: dict[str, InstanceCheck] = {}
_shared: dict[str, Any] = {}


def register_checks(
    instances: Sequence[Instance], repeats: int, *, resources: Resources, timeout: int, say: Say
) -> dict[str, str]:
    """Let the epochs of these instances be checked when they begin.

    Args:
        instances: What may run in this process.
        repeats: Gradings of the reference fix and of no fix, per instance and image.
        resources: Limits of a container.
        timeout: Seconds that one test run may take.
        say: Called with a sentence for each check that was done.

    Returns:
        By instance id the name of its check, which belongs into its sample's metadata as ``preflight``. It is a hash
        of the row and of everything above, so that evaluations of one process meet no other's findings.
    """
    _shared.pop("limiter", None)
    # Here and not at import, so that other people's runs are left alone.
    hooks(name="preflight", description="checks SWE-bench images before an agent's first token")(Preflight)
    names = {}
    for instance in instances:
        text = json.dumps([asdict(instance), repeats, asdict(resources), timeout], sort_keys=True)
        name = names[instance.instance_id] = hashlib.sha256(text.encode()).hexdigest()[:16]
        _checks[name] = InstanceCheck(instance, repeats, resources, timeout, say)
    return names


def _check_of(metadata: Mapping[str, Any]) -> InstanceCheck | None:
    check = _checks.get(str(metadata.get(PREFLIGHT)))
    return check if check is not None and check.instance.image == metadata.get("image") else None


class Preflight(Hooks):
    """Runs an instance's check before its sandbox is made."""

    async def on_sample_init(self, data: SampleInit) -> None:
        """Check the instance; what is wrong is said by :func:`swebench_gate`, where it ends the epoch."""
        check = _check_of(data.summary.metadata)
        if check is not None and check.repeats:
            try:
                await check.findings()
            except Exception:  # Inspect would only warn of it; the solver raises it again
                return


@solver
def swebench_gate() -> Solver:
    """Write the image's digest and the tests to be masked into the sample's metadata, or end the epoch."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        check = _check_of(state.metadata)
        if check is not None:
            findings = await check.findings()
            state.metadata["unstable_tests"] = list(findings.unstable_tests)
            if findings.skipped_tests:
                state.metadata["skipped_tests"] = list(findings.skipped_tests)
            if findings.own_user:
                state.metadata["tests_user"] = None
            state.metadata["image_digest"] = findings.digest
        return state

    return solve


async def current_digest(image: str) -> str:
    """Digest of an image that is present.

    Raises:
        PreflightError: If it is not.
        ImageError: If the engine does not answer.
    """
    from hotmess_inspect.swebench.engine import image_digest
    from hotmess_inspect.swebench.engine_exec import shared_client

    digest = await to_thread.run_sync(lambda: image_digest(shared_client(), image))
    if digest is None:
        raise PreflightError(f"image {image} is not on this machine: hotmess images pull")
    return digest


def _limiter() -> anyio.CapacityLimiter:
    if "limiter" not in _shared:
        _shared["limiter"] = anyio.CapacityLimiter(max(1, os.cpu_count() or 1))
    limiter: anyio.CapacityLimiter = _shared["limiter"]
    return limiter
