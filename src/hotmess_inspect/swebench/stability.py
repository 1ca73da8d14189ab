"""What repeated grading of the reference fix and of no fix says about an instance on this machine.

Equal patches must get equal outcomes. Where they do not, the grader is noisy: its noise would be taken for
the model's variance, so such tests are masked. A test that the reference fix does not pass here says nothing
of a model either.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from hotmess_inspect.swebench.rows import Instance

CACHE_VARIABLE = "HOTMESS_CACHE_DIR"
"""Environment variable that moves the cache; otherwise it lies in the user's cache folder."""

_SCHEMA = 3
# What cannot change a verdict; a change of anything else makes what was cached worthless.
_NOT_GRADER = {
    *(
        "agent.py",
        "build.py",
        "check.py",
        "checkpoints.py",
        "checks.py",
        "cleanup.py",
        "concurrency.py",
        "engine.py",
        "gate.py",
    ),
    *("images.py", "owner.py", "preflight.py", "pulling.py", "scorer.py", "stability.py"),
}
_FOLDERS = ("inside", "parsers")

Outcomes = tuple[tuple[bool, ...], ...]


@dataclass(frozen=True)
class Stability:
    """Outcomes of repeated gradings of one instance in one image.

    Attributes:
        instance_id: The instance.
        tests: Its tests, FAIL_TO_PASS first.
        f2p: How many of them are FAIL_TO_PASS.
        gold: Whether each test passed under the reference fix, shape (gradings, tests).
        empty: The same without any fix, shape (gradings, tests).
        future_commits: Commits in the image's repository that are later than the base commit and do not lead
            to it: an agent could read the fix there.
        own_user: Whether the tests run as the image's own user, because as ``nobody`` some of them fail under
            the reference fix that pass so.
        skipped: Tests that a grading of the reference fix skipped; elsewhere they may be skipped as well.
    """

    instance_id: str
    tests: tuple[str, ...]
    f2p: int
    gold: Outcomes = ()
    empty: Outcomes = ()
    future_commits: tuple[str, ...] = ()
    own_user: bool = False
    skipped: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """Gradings of each of the two patches."""
        return min(len(self.gold), len(self.empty))

    @property
    def flipping(self) -> tuple[str, ...]:
        """Tests whose outcome differs between gradings of the same patch."""
        return self._where(lambda n: _varies(self.gold, n) or _varies(self.empty, n))

    @property
    def broken(self) -> tuple[str, ...]:
        """Tests that the reference fix never passes on this machine."""
        return self._where(lambda n: bool(self.gold) and not any(run[n] for run in self.gold))

    @property
    def unstable_tests(self) -> tuple[str, ...]:
        """Tests to be masked: those that flip and those that are broken, in the order of the tests."""
        masked = {*self.flipping, *self.broken}
        return tuple(test for test in self.tests if test in masked)

    @property
    def problem(self) -> str:
        """Why the instance cannot be used on this machine, empty if it can."""
        if self.future_commits:
            return (
                f"{len(self.future_commits)} commits after the base commit are in the image, for example "
                f"{self.future_commits[0][:12]}: an agent could read the fix there"
            )
        if not self.repeats:
            return ""
        masked = set(self.unstable_tests)
        usable = [n for n in range(self.f2p) if self.tests[n] not in masked]
        if not usable:
            return "the reference fix passes none of its FAIL_TO_PASS tests every time"
        if all(run[n] for run in self.empty for n in usable):
            return "all FAIL_TO_PASS tests pass without any fix, so nothing can be solved"
        return ""

    def with_gradings(self, gold: Outcomes, empty: Outcomes) -> "Stability":
        """The same with further gradings added."""
        return replace(self, gold=self.gold + gold, empty=self.empty + empty)

    def _where(self, condition: Any) -> tuple[str, ...]:
        return tuple(test for n, test in enumerate(self.tests) if condition(n))


def _varies(runs: Outcomes, test: int) -> bool:
    return len({run[test] for run in runs}) > 1


def untested(instance: Instance) -> Stability:
    """An instance before its first grading."""
    return Stability(instance.instance_id, instance.tests, len(instance.fail_to_pass))


def cache_key(instance: Instance, digest: str) -> str:
    """Name under which gradings are kept: a hash of image digest, row and grader.

    Args:
        instance: The row.
        digest: Digest of the image.

    Returns:
        32 hexadecimal digits.
    """
    row = json.dumps({k: v for k, v in asdict(instance).items() if k != "difficulty"}, sort_keys=True)
    text = "\0".join([str(_SCHEMA), digest, row, grader_version()])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def grader_version() -> str:
    """A hash of the source of everything that decides on a verdict, 12 hexadecimal digits."""
    here = files("hotmess_inspect.swebench")
    sources = {entry.name: entry for entry in here.iterdir() if entry.name not in _NOT_GRADER}
    for folder in _FOLDERS:
        if here.joinpath(folder).is_dir():
            sources |= {f"{folder}/{entry.name}": entry for entry in here.joinpath(folder).iterdir()}
    digest = hashlib.sha256()
    for name, source in sorted(sources.items()):
        if name.endswith(".py"):
            digest.update(name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:12]


def cache_folder() -> Path:
    """Folder of the kept gradings: one small file per image and row."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen) / "stability"
    from platformdirs import user_cache_path

    return user_cache_path("hotmess") / "stability"


def read_cached(instance: Instance, digest: str) -> Stability | None:
    """What is known of an instance in an image; None if nothing is, or the file is broken."""
    path = cache_folder() / f"{cache_key(instance, digest)}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        known = Stability(
            instance.instance_id,
            instance.tests,
            len(instance.fail_to_pass),
            _runs(record["gold"], len(instance.tests)),
            _runs(record["empty"], len(instance.tests)),
            tuple(str(commit) for commit in record["future_commits"]),
            bool(record["own_user"]),
            tuple(test for test in instance.tests if test in set(record["skipped"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a file that was cut off or written by another version is made anew
    return known


def write_cached(stability: Stability, instance: Instance, digest: str) -> None:
    """Keep what was found; a folder that cannot be written to costs time later and nothing else."""
    record = {
        "instance_id": stability.instance_id,
        "image": instance.image,
        "digest": digest,
        "gold": [_bits(run) for run in stability.gold],
        "empty": [_bits(run) for run in stability.empty],
        "future_commits": list(stability.future_commits),
        "own_user": stability.own_user,
        "skipped": list(stability.skipped),
    }
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(record, file)
            # Readers see the old file or the new one, never half of one.
            os.replace(name, folder / f"{cache_key(instance, digest)}.json")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return


def _bits(run: Sequence[bool]) -> str:
    return "".join("1" if passed else "0" for passed in run)


def _runs(texts: Sequence[str], tests: int) -> Outcomes:
    runs = tuple(tuple(bit == "1" for bit in text) for text in texts)
    if any(len(run) != tests or set(text) - {"0", "1"} for run, text in zip(runs, texts, strict=True)):
        raise ValueError("outcomes of another number of tests")
    return runs
