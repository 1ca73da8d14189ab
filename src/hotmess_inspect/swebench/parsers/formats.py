"""What a test runner's format is made of; one module per format fills it in."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from hotmess_inspect.swebench.parsers.report import Report
from hotmess_inspect.swebench.patch import patched_files
from hotmess_inspect.swebench.rows import Instance

SHARED = ("hotmess_channel.py", "hotmess_bodies.py", "hotmess_tools.py")
"""Files of :mod:`hotmess_inspect.swebench.inside` that every runner's part needs."""

MAX_FILES = 50
"""Files of tests that are read for what their functions must be."""


@dataclass(frozen=True)
class Canaries:
    """Tests under random names: one that must pass, and one for each kind of check that must fail.

    Attributes:
        path: Their file in the repository.
        source: What stands in it.
        passing: Names of those that must pass, in the runner's own spelling.
        failing: Names of the others.
        argument: What names them on the runner's command line.
    """

    path: str
    source: str
    passing: tuple[str, ...]
    failing: tuple[str, ...]
    argument: str

    def trusted(self, statuses: Mapping[str, str]) -> bool:
        """Whether all came out as they must."""
        return all(statuses.get(name) == "passed" for name in self.passing) and all(
            statuses.get(name) in ("failed", "error") for name in self.failing
        )


@dataclass(frozen=True)
class Format:
    """How one project's tests are started, and under which names their outcomes are looked up.

    Attributes:
        name: Name of the runner.
        inside: Files of :mod:`hotmess_inspect.swebench.inside` that the run needs.
        default: The official command for rows that hold none, from the instance.
        command: The command that is run, from the row's command, the folder of the files and the canaries;
            None if the row's command is not one of this runner.
        canaries: Makes the canaries of one run.
        status: Status of a test under its official id, ``absent`` if no test ran under it.
        twins: Whether the runner plants twins for the tests that count, so that each must be reported.
    """

    name: str
    inside: tuple[str, ...]
    default: Callable[[Instance], str]
    command: Callable[[str, str, Canaries], str | None]
    canaries: Callable[[Instance], Canaries]
    status: Callable[[str, Report], str]
    twins: bool = False


def tests_folder(instance: Instance) -> PurePosixPath:
    """Folder of the first Python file of the test patch, where canaries are found like its tests."""
    first = next((t for t in patched_files(instance.test_patch) if t.endswith(".py")), "test_x.py")
    return PurePosixPath(first).parent


def random_names(instance: Instance, count: int) -> tuple[str, ...]:
    """Names of a canaries' module and its tests, made of words from the names of the instance's tests.

    The randomness keeps a patch from knowing them; it does not enter any statistic.

    Args:
        instance: The instance.
        count: How many names.
    """
    taken = {name for test in instance.tests for name in re.findall(r"\w+", test)}
    words = sorted({word for name in taken for word in re.findall(r"[a-z]{3,}", name)} - {"test", "tests"})
    words += ["case", "value", "result", "basic", "empty", "order", "issue", "parse"]
    found: dict[str, None] = {}
    while len(found) < count:
        name = "_".join(["test", *(secrets.choice(words) for _ in range(3))])
        name += f"_{secrets.randbelow(1000)}" if secrets.randbelow(2) else ""
        if name not in taken:
            found[name] = None
    return tuple(found)


def class_name(name: str) -> str:
    """A name of a test case from one of a test: ``test_a_b`` becomes ``TestAB``."""
    return "".join(word.capitalize() for word in name.split("_"))


def test_files(instance: Instance) -> tuple[str, ...]:
    """Files that hold the tests that count, as far as ids and the test patch name them."""
    named = [test.split("::")[0] for test in instance.tests if "::" in test]
    patched = [path for path in patched_files(instance.test_patch) if path.endswith(".py")]
    return tuple(dict.fromkeys([*patched, *named]))[:MAX_FILES]


test_files.__test__ = False  # type: ignore[attr-defined]  # no test, whatever pytest may think of the name
