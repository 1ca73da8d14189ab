"""Test runners of other languages: how a row's command is made to write a report, and who reads it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hotmess_inspect.swebench.parsers.reports import (
    Reader,
    java_names,
    junit_reader,
    mocha_names,
    php_key,
    php_names,
    read_go,
    read_jest,
    read_lines,
    read_rspec,
)


def _word(name: str) -> str:
    """A program's name as a word of a shell command, with or without its folder."""
    return rf"(?<![^\s;&|(])(?:[\w./@~-]*/)?{name}(?=\s|$)"


@dataclass(frozen=True)
class Runner:
    """One runner.

    Attributes:
        name: What it is called in messages.
        word: Where it stands in a command.
        read: What reads its report.
        after: What is added behind the word; ``{file}`` is the report's path.
        before: What is added before it.
        helper: A shell script that ``after`` names as ``{helper}``.
        without: Options of the row's command that would send the report elsewhere.
        printed: Whether the report is what the command prints on standard output.
        tree: Where in the repository the runner writes its files, which are moved away, as a pattern of ``find``.
        key: What names and official ids are compared by.
        scripts: Official parsers that say that a package's script ``test`` starts this runner.
    """

    name: str
    word: str
    read: Reader
    after: str = ""
    before: str = ""
    helper: str = ""
    without: str = ""
    printed: bool = False
    tree: str = ""
    key: Callable[[str], str] = str.strip
    scripts: tuple[str, ...] = ()


def _unlabelled(name: str) -> str:
    return re.sub(r"^\|[^|]+\| ", "", name.strip())


# The profile is written when all tests of a binary are through, so one that prints results and exits has none.
_GO_HELPER = """\
binary=$1; shift
"$binary" -test.memprofile={folder}/$$ "$@"
status=$?
[ $status != 0 ] || [ -s {folder}/$$ ] || : >{folder}/early
rm -f {folder}/$$
exit $status
"""

_REPORTER = r"\s(?:-R|--reporter)[ =]\S+"
_NODE_TEST = r"(?=\s.*(?<=\s)--test\b)"
_RUBY_VERBOSE = r"(?=\s.*(?<=\s)(?:-v|--verbose)\b)"
_BY_NAME = junit_reader(lambda group, name: (name,))

RUNNERS = (
    Runner(
        "go test", _word("go test"), read_go, " -json -exec 'sh {helper}'", helper=_GO_HELPER, printed=True
    ),
    Runner("jest", _word("jest"), read_jest, " --json --outputFile={file}", scripts=("jest", "jest_json")),
    Runner(
        "vitest",
        _word("vitest"),
        read_jest,
        " --reporter=json --outputFile={file}",
        key=_unlabelled,
        scripts=("vitest",),
    ),
    Runner(
        "mocha",
        _word("_?mocha"),
        junit_reader(mocha_names),
        " --reporter xunit -O output={file}",
        without=_REPORTER,
    ),
    Runner(
        "node --test",
        _word("node") + _NODE_TEST,
        _BY_NAME,
        " --test-reporter=junit --test-reporter-destination={file}",
    ),
    Runner("rspec", _word("rspec"), read_rspec, " --format json --out {file}"),
    Runner("PHPUnit", _word("phpunit"), junit_reader(php_names), " --log-junit {file}", key=php_key),
    Runner("Maven", _word("mvn[dw]?"), junit_reader(java_names), tree="*/*-reports/TEST-*.xml"),
    Runner("Gradle", _word("gradlew?"), junit_reader(java_names), tree="*/test-results/*/TEST-*.xml"),
    Runner("cargo nextest", _word("cargo nextest"), _BY_NAME, tree="*/nextest/*/junit.xml"),
    Runner("cargo test", _word("cargo test"), read_lines, printed=True),
    Runner("ruby -v", _word("ruby") + _RUBY_VERBOSE, read_lines, printed=True),
    Runner("qunit", _word("qunit"), read_lines, printed=True),
    Runner(
        "GoogleTest",
        _word("ctest"),
        junit_reader(lambda g, n: (f"{g}.{n}",)),
        before="GTEST_OUTPUT=xml:{folder}/ ",
    ),
)

_SCRIPT = re.compile(r"(?<![^\s;&|(])(?P<tool>npm|yarn|pnpm)(?: run)? test(?=\s|$)")


@dataclass(frozen=True)
class Step:
    """One command of the row between the two marks.

    Attributes:
        command: As the row has it, without what it pipes its output into.
        runner: What runs tests there; None where nothing does (``cd tests``).
        script: Whether it is a package's script, whose options stand at the end.
    """

    command: str
    runner: Runner | None
    script: bool = False

    def shell(self, folder: str) -> str:
        """The command with its report in a folder of its own, and its exit status beside it."""
        runner = self.runner
        if runner is None:
            return self.command
        places = {"file": f"{folder}/report", "folder": folder, "helper": f"{folder}.helper"}
        after, before = runner.after.format(**places), runner.before.format(**places)
        command = re.sub(runner.without, "", self.command) if runner.without else self.command
        if self.script:
            npm = command.lstrip().startswith("npm") and " -- " not in command
            command += " --" * npm + after
        else:
            command = re.sub(runner.word, lambda found: before + found[0] + after, command, count=1)
        lines = [f"mkdir -m 755 {folder}"]
        if runner.helper:
            lines.append(f"cat >{folder}.helper <<'END'\n{runner.helper.format(**places)}END")
        lines += [f"{{ {command}", f"}}{f' >{folder}/report' * runner.printed}"]
        lines.append(f"echo $? >{folder}.status")
        lines += [f"cat {folder}/report"] * runner.printed
        if runner.tree:
            lines.append(
                f"find \"$PWD\" -path '{runner.tree}' -type f -exec mv --backup=numbered -t {folder} {{}} +"
            )
        return "\n".join(lines)


def steps_of(lines: Sequence[str], log_parser: str) -> tuple[Step, ...]:
    """The commands of the lines between the marks.

    Args:
        lines: The lines; a command may go on over several.
        log_parser: Name of the row's official parser, which tells what a package's script starts.
    """
    return tuple(_step(_unpiped(command), log_parser) for command in _commands(lines))


def _step(command: str, log_parser: str) -> Step:
    found = [(match.start(), n) for n, r in enumerate(RUNNERS) if (match := re.search(r.word, command))]
    if found:
        return Step(command, RUNNERS[min(found)[1]])
    if _SCRIPT.search(command) and not re.search(r"[;&|]", re.sub(r"'[^']*'|\"[^\"]*\"", "", command)):
        for runner in RUNNERS:
            if log_parser.removeprefix("parse_log_") in runner.scripts:
                return Step(command, runner, script=True)
    return Step(command, None)


def _commands(lines: Sequence[str]) -> list[str]:
    """Join lines that belong together: behind a backslash, or within quotes."""
    found: list[str] = []
    kept = ""
    for line in lines:
        kept += line
        if kept.endswith("\\"):
            kept = kept[:-1] + " "
        elif _open_quote(kept):
            kept += "\n"
        else:
            if (text := kept.strip()) and not text.startswith("#") and not re.fullmatch(r"\w+=\$\?", text):
                found.append(text)
            kept = ""
    return [*found, kept.strip()] if kept.strip() else found


def _open_quote(text: str) -> str:
    """The quote that a text leaves open, empty if it leaves none."""
    quote = ""
    for part in re.finditer(r"\\.|['\"]", text, re.DOTALL):
        sign = part[0]
        if sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote = sign
    return quote


def _unpiped(command: str) -> str:
    """A command up to what it pipes its output into: what is made of a report's text there is not needed."""
    for place in re.finditer(r"(?<!\|)\|(?![|&])", command):
        if not _open_quote(command[: place.start()]):
            return command[: place.start()].rstrip()
    return command
