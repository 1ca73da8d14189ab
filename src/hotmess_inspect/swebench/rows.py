"""SWE-bench rows: one typed instance per row, from the bundled set, a local file or the hub."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess_inspect.io.hub import load_from_hub
from hotmess_inspect.io.human_time import minutes_of_text
from hotmess_inspect.swebench.row_ids import normalised
from hotmess_inspect.words import counted


@dataclass(frozen=True)
class HubSource:
    """Where an official set lives.

    Attributes:
        path: Name of the data set on the hub.
        revision: Commit that is loaded unless another one is asked for.
        instances: Number of rows of the test split at that commit.
    """

    path: str
    revision: str
    instances: int


HUB_SETS = {
    "verified": HubSource(
        "princeton-nlp/SWE-bench_Verified", "c104f840cc67f8b6eec6f759ebc8b2693d585d4a", 500
    ),
    "lite": HubSource("princeton-nlp/SWE-bench_Lite", "6ec7bb89b9342f664a54a6e0a6ea6501d3437cc2", 300),
    "full": HubSource("princeton-nlp/SWE-bench", "e48e2bd1e9fecd5bbd641e9414ac59da9f2e69f6", 2294),
}

# Instances that cannot be graded with the network closed, with the reason.
NEEDS_NETWORK = {"psf/requests": "its tests call a network service, and sandboxes have no network"}

_OFFICIAL_ENVIRONMENT = (
    "if [ -e /opt/miniconda3/bin/activate ]; then "
    "source /opt/miniconda3/bin/activate; conda activate testbed; fi"
)

_LIVE_IMAGES = "starryzhang"
_START, _END = "Start Test Output", "End Test Output"

# Languages of other sets, by the endings of the files of tests.
_LANGUAGES = {
    **dict.fromkeys((".c", ".h"), "C"),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hpp"), "C++"),
    ".cs": "C#",
    ".go": "Go",
    **dict.fromkeys((".java", ".kt", ".groovy"), "Java"),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".vue"), "JavaScript"),
    **dict.fromkeys((".php", ".phpt"), "PHP"),
    ".rb": "Ruby",
    ".rs": "Rust",
    **dict.fromkeys((".ts", ".tsx"), "TypeScript"),
}

_COPYING = re.compile(r"(?:python -m )?pip install .*\.(?:\[|['\"]|\s|$)|python setup\.py install\b")
_PREPARING = re.compile(r"(source|conda activate|export) ?")
# Within the markers what follows on && or ; may be the tests.
_ONLY_PREPARING = re.compile(r"(?:source|conda activate|export) [^;&|]*$")
_EDITABLE = re.compile(r"\s(?:-e|--editable)\s")

REQUIRED = (
    "instance_id",
    "repo",
    "base_commit",
    "problem_statement",
    "patch",
    "test_patch",
    "FAIL_TO_PASS",
    "PASS_TO_PASS",
)


@dataclass(frozen=True)
class Instance:
    """One SWE-bench row, checked.

    Attributes:
        instance_id: Unique name such as ``pallets__flask-5063``.
        repo: Repository such as ``pallets/flask``.
        version: Version of the repository that the environment was made for.
        base_commit: Commit that the issue was reported against.
        problem_statement: The issue's text, which the agent reads.
        patch: The reference fix ("gold"); the agent never sees it.
        test_patch: Changes to the tests, applied only when grading.
        fail_to_pass: Tests that the fix must make pass, in the order of the data set.
        pass_to_pass: Tests that must keep passing, in the order of the data set.
        image: Container image with the repository at the base commit in ``/testbed``.
        eval_script: The official evaluation script; empty in the 2024 schema.
        dropped: Entries of the row's test lists that name no test (:mod:`.row_ids`).
        difficulty: Time that a fix takes people, in the words of SWE-bench Verified; empty in other sets.
        log_parser: Name of the row's own parser, which tells how its ids are spelled; empty if it names none.
    """

    instance_id: str
    repo: str
    version: str
    base_commit: str
    problem_statement: str
    patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    image: str
    eval_script: str
    dropped: tuple[str, ...] = ()
    difficulty: str = ""
    log_parser: str = ""

    @property
    def tests(self) -> tuple[str, ...]:
        """All tests that count: FAIL_TO_PASS first, then PASS_TO_PASS."""
        return self.fail_to_pass + self.pass_to_pass


@dataclass(frozen=True)
class Excluded:
    """An instance that was left out, and why."""

    instance_id: str
    reason: str


def parse_row(row: Mapping[str, Any], *, where: str) -> Instance:
    """Check one row and give it types.

    Args:
        row: A row in the official schema of 2024 or of August 2026.
        where: File and line, for the error.

    Returns:
        The instance. Without an ``image`` the official name on Docker Hub is used, or that of SWE-bench Live for a
        row with ``test_cmds``.

    Raises:
        ValueError: If a field is missing, a test list is not a list of texts, no test is to be
            fixed, a test stands in both lists, or the row is one of SWE-bench Pro.
    """
    name = row.get("instance_id", "(no instance_id)")
    if "dockerhub_tag" in row or "selected_test_files_to_run" in row:
        raise ValueError(
            f"{where}: {name!r} is a row of SWE-bench Pro, which has its repository in /app and its tests in scripts that "
            "no row holds: run that set as a Harbor set with hotmess/suite (docs/drop_in.md)"
        )
    missing = [field for field in REQUIRED if not isinstance(row.get(field), str | list)]
    if missing:
        raise ValueError(f"{where}: instance {name!r} lacks {', '.join(missing)}")
    fail_to_pass, junk = _test_ids(row["FAIL_TO_PASS"], f"{where}: FAIL_TO_PASS of {name!r}")
    pass_to_pass, more = _test_ids(row["PASS_TO_PASS"], f"{where}: PASS_TO_PASS of {name!r}")
    if not fail_to_pass:
        raise ValueError(f"{where}: FAIL_TO_PASS of {name!r} is empty, so nothing could be solved")
    both = set(fail_to_pass) & set(pass_to_pass)
    if both:
        raise ValueError(f"{where}: {name!r} has {sorted(both)[0]!r} in FAIL_TO_PASS and in PASS_TO_PASS")
    return Instance(
        instance_id=row["instance_id"],
        repo=row["repo"],
        version=str(row.get("version") or ""),
        base_commit=row["base_commit"],
        problem_statement=row["problem_statement"],
        patch=row["patch"],
        test_patch=row["test_patch"],
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
        # SWE-bench Live has docker_image.
        image=row.get("image")
        or row.get("docker_image")
        or official_image(row["instance_id"], _LIVE_IMAGES if "test_cmds" in row else "swebench"),
        eval_script=row.get("eval_script") or _script(row.get("rebuild_cmds"), row.get("test_cmds")),
        dropped=junk + more,
        # SWE-bench Live has counts of files and lines there.
        difficulty=row["difficulty"] if isinstance(row.get("difficulty"), str) else "",
        log_parser=str(row.get("log_parser") or ""),
    )


def official_image(instance_id: str, owner: str = "swebench") -> str:
    """Name of the official image on Docker Hub, where ``__`` is written ``_1776_``."""
    return f"{owner}/sweb.eval.x86_64.{instance_id.replace('__', '_1776_').lower()}:latest"


def _script(rebuild: Any, tests: Any) -> str:
    """The commands of a row of SWE-bench Live, which has no script, as one: those for the tests between the markers."""
    before, lines = ([part] if isinstance(part, str) else list(part or ()) for part in (rebuild, tests))
    script = [_OFFICIAL_ENVIRONMENT, *before, f": '>>>>> {_START}'", *lines, f": '>>>>> {_END}'"]
    return "\n".join(map(str, script)) if lines else ""


def _test_ids(value: Any, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        ids = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is not JSON: {error}") from None
    if not isinstance(ids, list) or not all(isinstance(i, str) and i for i in ids):
        raise ValueError(f"{where} is not a list of test ids")
    return normalised(ids)


def read_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Read rows from a local JSON, JSON Lines (also gzipped) or Parquet file.

    Yields:
        Where the row stands (file and line or row number), and the row.

    Raises:
        ValueError: If the ending is unknown or a line is not a JSON object.
        FileNotFoundError: If there is no such file.
    """
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        from pyarrow import parquet

        yield from (
            (f"{path}, row {i}", row) for i, row in enumerate(parquet.read_table(path).to_pylist(), 1)
        )
    elif name.endswith((".json", ".jsonl")):
        text = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
        yield from _json_rows(text.decode("utf-8"), path)
    else:
        raise ValueError(f"dataset {str(path)!r} must end in .json, .jsonl, .jsonl.gz or .parquet")


def _json_rows(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if text.lstrip().startswith("["):
        rows: Iterable[tuple[int, Any]] = enumerate(_load(text, str(path)), 1)
        unit = "row"
    else:
        lines = ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
        rows = ((n, _load(line, f"{path}, line {n}")) for n, line in lines)
        unit = "line"
    for number, row in rows:
        where = f"{path}, {unit} {number}"
        if not isinstance(row, dict):
            raise ValueError(f"{where} is not a JSON object")
        yield where, row


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is not JSON: {error}") from None


def load_instances(
    dataset: str,
    *,
    revision: str | None = None,
    split: str = "test",
    instances: Sequence[str] = (),
    difficulty: Sequence[str] = (),
    other_languages: bool = False,
) -> tuple[list[Instance], list[Excluded]]:
    """Load the instances of a data set.

    Args:
        dataset: ``mini`` (bundled), ``verified``, ``lite``, ``full`` (from the hub), or the path of a
            local ``.json``, ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` file in the official schema.
        revision: Commit of a hub data set; the pinned one if not given.
        split: Split of a hub data set.
        instances: Instance ids to keep, in the data set's order; all if empty.
        difficulty: Difficulties to keep, as the rows have them (``<15 min fix``, ``15 min - 1 hour``, ``1-4 hours``,
            ``>4 hours``) or as another text for the same time (``<15min``); all if empty.
        other_languages: Whether rows stay whose tests are in another language than Python and have a runner whose own
            report is read (:mod:`.report_grading`).

    Returns:
        The instances that can be graded here, and those that were left out with the reason.

    Raises:
        ValueError: If the data set, one of the ids or one of the difficulties is unknown, or a row is broken.
    """
    rows = _dataset_rows(dataset, revision=revision, split=split)
    found = [parse_row(row, where=where) for where, row in rows]
    doubled = sorted({i.instance_id for i in found if sum(j.instance_id == i.instance_id for j in found) > 1})
    if doubled:
        raise ValueError(f"dataset {dataset!r} has {doubled[0]!r} more than once")
    known = {i.instance_id for i in found}
    unknown = [i for i in instances if i not in known]
    if unknown:
        raise ValueError(
            f"instances: {unknown[0]!r} is not in dataset {dataset!r}, which has {counted(len(known), 'instance')}, "
            f"for example {', '.join(sorted(known)[:3])}"
        )
    chosen = [i for i in found if not instances or i.instance_id in instances]
    if difficulty:
        chosen = _of_difficulty(chosen, dataset, difficulty)
    excluded = [
        Excluded(i.instance_id, reason)
        for i in chosen
        if (reason := exclusion(i, other_languages=other_languages))
    ]
    out = {e.instance_id for e in excluded}
    return [i for i in chosen if i.instance_id not in out], excluded


def _of_difficulty(instances: Sequence[Instance], dataset: str, wanted: Sequence[str]) -> list[Instance]:
    known = Counter(i.difficulty for i in instances if i.difficulty)
    found: set[str] = set()
    for text in wanted:
        minutes = minutes_of_text(text)  # NaN, which equals nothing, where it is no time
        same = {name for name in known if name == text.strip() or minutes_of_text(name) == minutes}
        if not same:
            has = ", ".join(f"{name!r} ({count})" for name, count in known.most_common()) or "none"
            raise ValueError(f"difficulty: no instance of dataset {dataset!r} has {text!r}; there are {has}")
        found |= same
    return [i for i in instances if i.difficulty in found]


def languages_of(instance: Instance) -> tuple[str, ...]:
    """Languages that the tests of a row are in where it is none of Python; empty for rows of Python."""
    from hotmess_inspect.swebench.patch import patched_files

    files = patched_files(instance.test_patch)
    if any(".py" in name for name in (*files, *instance.tests)):
        return ()
    return tuple(sorted({_LANGUAGES[Path(name).suffix] for name in files if Path(name).suffix in _LANGUAGES}))


def exclusion(instance: Instance, *, other_languages: bool = False) -> str | None:
    """Why an instance cannot be graded here, or None if it can."""
    # The formats are made of instances.
    from hotmess_inspect.swebench.parsers import Canaries, format_of

    if instance.repo in NEEDS_NETWORK:
        return NEEDS_NETWORK[instance.repo]
    if languages := languages_of(instance):
        from hotmess_inspect.swebench.report_grading import refusal

        why = refusal(instance)
        if why or other_languages:
            return f"its tests are in {' and '.join(languages)}: {why}" if why else None
        return (
            f"its tests are in {' and '.join(languages)}, and the code under test can forge their runner's report: "
            "-T other_languages=true runs them all the same"
        )
    form = format_of(instance.repo, instance.log_parser)
    commands = test_commands(instance)
    if len(commands) > 1:
        return f"its tests take {counted(len(commands), 'command')}, and one run of one command is graded"
    given = commands[0] if commands else form.default(instance)
    if form.command(given, "", Canaries("", "", (), (), "x")) is None:
        return f"its test command {given[:80]!r} is none of {form.name}'s runner"
    return None


def _dataset_rows(
    dataset: str, *, revision: str | None, split: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if dataset == "mini":
        from hotmess_inspect.swebench.mini import mini_rows

        return ((f"mini, row {n}", row) for n, row in enumerate(mini_rows(), 1))
    if dataset in HUB_SETS:
        return _hub_rows(HUB_SETS[dataset], revision=revision, split=split)
    path = Path(dataset).expanduser()
    if not path.is_file():
        raise ValueError(
            f"dataset {dataset!r} is neither one of mini, {', '.join(HUB_SETS)} nor an existing "
            ".json, .jsonl, .jsonl.gz or .parquet file"
        )
    return read_rows(path)


def _hub_rows(
    source: HubSource, *, revision: str | None, split: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    commit = revision or source.revision
    try:
        rows = load_from_hub(source.path, split=split, revision=commit)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{source.path} at {commit[:12]} could not be loaded from the hub ({type(error).__name__}: {error}); "
            "without a network, pass the path of a local file as the dataset"
        ) from error
    return ((f"{source.path} at {commit[:12]}, row {n}", row) for n, row in enumerate(rows, 1))


def official_run(instance: Instance) -> tuple[list[str], str]:
    """How the official evaluation script runs an instance's tests.

    The command stands in the script between two markers.

    Returns:
        Shell lines that prepare the environment (conda activation, exports), and the test command. Rows of
        2024 have no script: the command is empty, and the environment is that of the official images where
        the image has it.
    """
    if not instance.eval_script:
        return [_OFFICIAL_ENVIRONMENT], ""
    commands = test_commands(instance)
    lines = instance.eval_script.splitlines()
    # The official script installs the patched tree again. That is needed where the image holds a copy of the
    # package instead of a pointer to the tree; the tree then comes first on the path, without an installation.
    copied = any(_COPYING.match(line) and not _EDITABLE.search(line) for line in lines)
    prepare = [s for line in lines if _PREPARING.match(s := line.strip()) and s not in commands]
    prepare = [_OFFICIAL_ENVIRONMENT, *prepare] if _OFFICIAL_ENVIRONMENT in lines else prepare
    prepare += ['export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'] if copied else []
    return list(dict.fromkeys(prepare)), commands[-1] if commands else ""


def marked_lines(script: str) -> tuple[list[str], list[str]]:
    """The lines of an official script before the first marker, and those between the two."""
    lines = script.splitlines()
    start = next((n for n, line in enumerate(lines) if _START in line), len(lines))
    end = next((n for n, line in enumerate(lines) if n > start and _END in line), len(lines))
    return lines[:start], lines[start + 1 : end]


def test_commands(instance: Instance) -> list[str]:
    """The lines between the two markers of the official script that run something; none in rows of 2024."""
    inner = [line.strip() for line in marked_lines(instance.eval_script)[1]]
    return [line for line in inner if line and not line.startswith("#") and not _ONLY_PREPARING.match(line)]


test_commands.__test__ = False  # type: ignore[attr-defined]  # no test, whatever pytest may think of the name
