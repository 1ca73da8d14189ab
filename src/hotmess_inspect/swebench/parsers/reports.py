"""What runners of other languages write about their tests: JSON, JUnit XML, or lines where a runner has no report.

A reader turns the files of one command into cases. It does not forgive: a file that is missing, cut off or
contradicts itself gives no case at all, only the reason.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

_WORDS = {
    **dict.fromkeys(("pass", "passed", "ok", "."), "passed"),
    **dict.fromkeys(("fail", "failed", "FAILED", "F", "not ok"), "failed"),
    **dict.fromkeys(("error", "E"), "error"),
    **dict.fromkeys(("skip", "skipped", "pending", "todo", "disabled", "ignored"), "skipped"),
    **dict.fromkeys("SPON", "skipped"),
}


class BrokenReport(ValueError):
    """A report that says nothing; the message says why."""


@dataclass(frozen=True)
class Case:
    """One result of one test.

    Attributes:
        test: What the runner calls the test, file or package included: one test has one such name.
        names: Spellings under which official ids may mean it.
        status: passed, failed, error or skipped.
    """

    test: str
    names: tuple[str, ...]
    status: str


Reader = Callable[[Sequence[bytes], str], list[Case]]
"""Cases from the files of one command; the second argument is the path of the repository."""


def read_go(parts: Sequence[bytes], root: str) -> list[Case]:
    """``go test -json``: one event a line; lines of the go command itself are no JSON.

    Raises:
        BrokenReport: If a line is cut off, a package that ran tests has no end, or a test binary ended with status 0
            before its tests did, which :mod:`.runners` has noted in a second file.
    """
    if len(parts) > 1:
        raise BrokenReport("a test binary ended with status 0 before its tests did")
    cases: list[Case] = []
    begun: dict[tuple[str, str], None] = {}
    ended: set[tuple[str, str]] = set()
    for line in _one(parts).splitlines():
        if not line.startswith("{"):
            continue
        event = _json(line)
        key = str(event.get("Package", "")), str(event.get("Test", ""))
        action = event.get("Action")
        begun[key] = None
        if action in ("pass", "fail", "skip"):
            ended.add(key)
            if key[1]:
                cases.append(Case(" ".join(key), (key[1],), _WORDS[action]))
    for package, test in begun:
        if package and (package, "") not in ended:
            raise BrokenReport(f"the tests of {package} have no end")
        if test and (package, test) not in ended:
            cases.append(Case(f"{package} {test}", (test,), "failed"))
    return cases


def read_jest(parts: Sequence[bytes], root: str) -> list[Case]:
    """The JSON of Jest, which Vitest's JSON reporter writes as well."""
    return list(_fields(_jest_cases(_json(_one(parts)), root)))


def _jest_cases(document: Mapping[str, Any], root: str) -> Iterator[Case]:
    for suite in document["testResults"]:
        path = suite["name"].removeprefix(root.rstrip("/") + "/")
        for result in suite["assertionResults"]:
            title = result["title"].strip()
            titles = [*filter(None, result["ancestorTitles"]), title]
            full = " > ".join(titles)
            # A skipped test is printed with that word.
            names = (title, full, f"{path} > {full}", " ".join(titles), f"skipped {title}")
            yield Case(f"{path} > {full}", names, _WORDS[result["status"]])


def read_rspec(parts: Sequence[bytes], root: str) -> list[Case]:
    """The JSON of RSpec.

    Raises:
        BrokenReport: If it holds another number of examples than it counts.
    """
    document = _json(_one(parts))
    cases = list(_fields(_rspec_cases(document)))
    if document.get("summary", {}).get("example_count") != len(cases):
        raise BrokenReport("the report counts other examples than it holds")
    return cases


def _rspec_cases(document: Mapping[str, Any]) -> Iterator[Case]:
    for example in document["examples"]:
        short = example["description"]
        names = (short, f"{short} - {example['id']}", example["full_description"])
        yield Case(example["id"], names, _WORDS[example["status"]])


def junit_reader(names: Callable[[str, str], tuple[str, ...]]) -> Reader:
    """A reader of JUnit XML, one or several files.

    Args:
        names: Spellings from a case's class and name.
    """

    def read(parts: Sequence[bytes], root: str) -> list[Case]:
        if not parts:
            raise BrokenReport("there is no report")
        return [case for part in parts for case in _junit_cases(part, names)]

    return read


def _junit_cases(part: bytes, names: Callable[[str, str], tuple[str, ...]]) -> Iterator[Case]:
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise BrokenReport("the report declares entities")
    try:
        tree = ElementTree.fromstring(part)
    except ElementTree.ParseError as error:
        raise BrokenReport(f"the report is no complete XML: {error}") from None
    for case in tree.iter("testcase"):
        group, name = case.get("classname") or case.get("class") or "", case.get("name") or ""
        inner = {child.tag for child in case}
        skipped = "skipped" in inner or case.get("status") == "notrun" or case.get("result") == "suppressed"
        failed = inner & {"failure", "warning"}
        status = "error" if "error" in inner else "failed" if failed else "skipped" if skipped else "passed"
        yield Case(f"{case.get('file') or ''} {group} {name}", names(group, name), status)


def java_names(group: str, name: str) -> tuple[str, ...]:
    """``Class#method`` and ``Class > name``, with and without the package; a class alone means all of its tests."""
    found = []
    for spelled in (group, group.rpartition(".")[2]):
        method = re.match(r"[\w$]*", name)
        found += [f"{spelled}#{method[0] if method else name}", f"{spelled} > {name}", spelled]
    return tuple(found)


def php_names(group: str, name: str) -> tuple[str, ...]:
    """Class without its namespace and ``Test``, then the method without ``test``; see :func:`php_key`."""
    short = re.split(r"[.\\]", group)[-1].removesuffix("Test")
    return (f"{short} > {re.sub('^test_?', '', name)}",)


def php_key(name: str) -> str:
    """What TestDox keeps of a name when it makes words of it: letters and digits, in lower case."""
    group, _, test = name.partition(" > ")
    return ">".join("".join(c for c in part.lower() if c.isalnum()) for part in (group, test))


def mocha_names(group: str, name: str) -> tuple[str, ...]:
    """All titles in a row, also as TAP has them: without ``#``, and with its mark where skipped."""
    full = f"{group} {name}".strip()
    return tuple(dict.fromkeys((full, full.replace("#", ""), name, f"{full.replace('#', '')} # SKIP -")))


@dataclass(frozen=True)
class Lines:
    """A runner that prints a line for each test, and how many they were.

    Attributes:
        line: One test, with groups ``name`` and ``word``.
        total: The line with the numbers, whose groups add up to the number of tests before it.
    """

    line: re.Pattern[str]
    total: re.Pattern[str]


_LINES = {
    "cargo test": Lines(
        re.compile(r"test (?P<name>\S.*?) \.\.\. (?P<word>ok|FAILED|ignored)(?:, .*)?"),
        re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured; .*"),
    ),
    "minitest": Lines(
        re.compile(r"(?P<name>\S.*?) = \d+\.\d+ s = (?P<word>[.FES])"),
        re.compile(r"(\d+) (?:runs|tests), \d+ assertions, \d+ failures, \d+ errors, \d+ skips"),
    ),
    "test-unit": Lines(
        re.compile(r"\s*(?:test: )?(?P<name>\S.*?):\s+(?P<word>[.FEPON])(?:: \([\d.]+\))?"),
        re.compile(r"(\d+) tests, \d+ assertions, \d+ failures, \d+ errors, \d+ pendings, .*"),
    ),
    "qunit": Lines(
        re.compile(r"(?P<word>ok|not ok) \d+ (?P<name>.+?)(?P<skip> # (?:SKIP|TODO).*)?"),
        re.compile(r"1\.\.(\d+)"),
    ),
}


def read_lines(parts: Sequence[bytes], root: str) -> list[Case]:
    """Lines of ``cargo test``, ``ruby -v`` with minitest or test-unit, or QUnit, where each run says how many tests it had.

    Raises:
        BrokenReport: If no run says so, one says fewer than there are lines, or lines follow the last one.
    """
    lines = [line.rstrip() for line in _one(parts).splitlines()]
    form = next((f for f in _LINES.values() if any(f.total.fullmatch(line) for line in lines)), None)
    if form is None:
        raise BrokenReport("no run of tests came to its end")
    cases: list[Case] = []
    block: list[Case] = []
    for line in lines:
        if total := form.total.fullmatch(line):
            if len(block) > sum(map(int, total.groups())):
                raise BrokenReport("more results are printed than the runner counts")
            cases += block
            block = []
        elif found := form.line.fullmatch(line):
            name = found["name"].strip()
            word = "skip" if found.groupdict().get("skip") else found["word"]
            block.append(Case(name, tuple(dict.fromkeys((name, name.rstrip(". ")))), _WORDS[word]))
    if block:
        raise BrokenReport("the last run of tests has no end")
    return cases


def _one(parts: Sequence[bytes]) -> str:
    if len(parts) != 1 or not parts[0].strip():
        raise BrokenReport("there is no report" if not parts else "the report is empty")
    return parts[0].decode("utf-8", "replace")


def _json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BrokenReport(f"the report is no complete JSON: {str(error)[:100]}") from None
    if not isinstance(document, dict):
        raise BrokenReport("the report is no JSON object")
    return document


def _fields(cases: Iterator[Case]) -> Iterator[Case]:
    try:
        yield from cases
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenReport(f"the report lacks a field: {type(error).__name__} {error}") from None
