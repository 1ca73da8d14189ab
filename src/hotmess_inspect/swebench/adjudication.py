"""The swebench package's own verdict, as a second opinion on the same patch.

Its parsers read the printed summary of the row's own command, so that command runs once more, in a
container of its own and without anything of ours: no plug-in, no canaries, no other user. What it prints can
be forged by the code under test; the second opinion is for comparison and never replaces the verdict.
"""

import base64
import shlex
import tempfile
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from inspect_ai.util import SandboxEnvironment

from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.parsers import format_of
from hotmess_inspect.swebench.patch import check_patch
from hotmess_inspect.swebench.rows import Instance, official_run
from hotmess_inspect.swebench.transfer import git_command

_START, _END, _EXIT = ">>>>> Start Test Output", ">>>>> End Test Output", ">>>>> Test Exit Code"
_LOG_TAIL = 7_000_000
_PLAIN_PARSER = "parse_log_pytest"


class AdjudicationError(RuntimeError):
    """The swebench package is missing, or is of a kind that is not known here."""


@dataclass(frozen=True)
class OfficialVerdict:
    """What the swebench package makes of a run.

    Attributes:
        resolved: Whether it counts the instance as resolved.
        tests: Its word for each test that it found.
        version: Version of the package.
    """

    resolved: bool
    tests: dict[str, str]
    version: str


def swebench_version() -> str:
    """Version of the installed swebench package.

    Raises:
        AdjudicationError: If there is none; it says how to install one.
    """
    try:
        return version("swebench")
    except PackageNotFoundError:
        raise AdjudicationError(
            "adjudicate needs the swebench package: pip install 'swebench>=4.1,<6'"
        ) from None


def read_official(instance: Instance, log: str) -> OfficialVerdict:
    """Let the swebench package read a log.

    Args:
        instance: The instance.
        log: Output of the row's own command between the official markers, as :func:`run_official` gives it.

    Returns:
        Its verdict.

    Raises:
        AdjudicationError: If the package is missing, has other names than versions 4 and 5, or does not know
            the repository.
    """
    found = swebench_version()
    try:
        grading = import_module("swebench.harness.grading")
        names = ("get_logs_eval", "get_eval_tests_report", "get_resolution_status")
        read, compare, resolution = (getattr(grading, name) for name in names)
    except (ImportError, AttributeError) as error:
        raise AdjudicationError(f"swebench {found} has not the names of 4.1 to 5.0: {error}") from error
    specification = SimpleNamespace(
        instance_id=instance.instance_id,
        repo=instance.repo,
        version=instance.version,
        log_parser=_parser_name(instance.repo),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "test_output.txt")
        path.write_text(log, encoding="utf-8")
        try:
            tests, _ = read(specification, str(path))
        except KeyError as error:
            raise AdjudicationError(f"swebench {found} does not know {instance.repo}: {error}") from error
    gold = {"FAIL_TO_PASS": list(instance.fail_to_pass), "PASS_TO_PASS": list(instance.pass_to_pass)}
    resolved = resolution(compare(tests, gold)) == "RESOLVED_FULL"
    return OfficialVerdict(resolved, dict(tests), found)


def _parser_name(repo: str) -> str:
    """The name under which version 5 keeps a repository's parser; version 4 goes by the repository itself."""
    parsers: Any = import_module("swebench.harness.log_parsers")
    registry = getattr(parsers, "PARSER_REGISTRY", {})
    python: Any = import_module("swebench.harness.log_parsers.python")
    chosen = getattr(python, "MAP_REPO_TO_PARSER_PY", {}).get(repo)
    return next((name for name, parser in registry.items() if parser is chosen), _PLAIN_PARSER)


async def run_official(
    sandbox: SandboxEnvironment,
    root: str,
    instance: Instance,
    patch: bytes,
    *,
    timeout: int,
    setup: tuple[str, ...] = (),
) -> str:
    """Run the row's own command on a patch and return its log with the official markers.

    Args:
        sandbox: A container of the instance's image, unused so far.
        root: Path of the repository in it.
        instance: The instance.
        patch: The agent's work; what the host does not let through is left out here too.
        timeout: Seconds that the tests may take.
        setup: Shell lines that come before the tests.

    Raises:
        GradingError: If a patch does not apply or the tests take longer.
    """
    checked = check_patch(patch, gold=instance.patch, test_patch=instance.test_patch)
    lines, given = official_run(instance)
    command = given or format_of(instance.repo, instance.log_parser).default(instance)
    git = shlex.join(git_command("."))
    script = "\n".join(
        [
            f"cd {shlex.quote(root)} || exit 21; log=$(mktemp)",
            *(_apply(git, text) for text in (checked.text, instance.test_patch.encode()) if text),
            *lines,
            *setup,
            f"({command}) >$log 2>&1 </dev/null; status=$?",
            f"tail -c {_LOG_TAIL} $log | base64 -w0; echo; echo $status; rm -f $log",
        ]
    )
    try:
        result = await sandbox.exec(
            ["bash", "-s"], input=script, timeout=timeout, timeout_retry=False, concurrency=False
        )
    except TimeoutError:
        raise GradingError(f"{instance.instance_id}: the official run took longer than {timeout} s") from None
    printed = result.stdout.splitlines()
    if not result.success or len(printed) != 2:
        raise GradingError(f"{instance.instance_id}: the official run failed: {result.stderr.strip()[-300:]}")
    log = base64.b64decode(printed[0]).decode("utf-8", "replace")
    return f"{_START}\n{log}\n{_END}\n{_EXIT}: {printed[1]}\n"


def _apply(git: str, patch: bytes) -> str:
    text = base64.encodebytes(patch).decode()
    return f"base64 -d <<'HOTMESS_END' | {git} apply --whitespace=nowarn - || exit 22\n{text}HOTMESS_END"
