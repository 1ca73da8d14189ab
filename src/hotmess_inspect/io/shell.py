"""What a shell command runs and which files it touches, from a parsed command line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_COMMAND = 1 << 16
"""Characters of a command line that are looked at; what follows is nearly always data."""

# Programs that prepare or only filter what another one prints.
_SILENT = frozenset(
    (
        "cd",
        "export",
        "set",
        "source",
        ".",
        "true",
        ":",
        "echo",
        "printf",
        "[",
        "test",
        "[[",
        "mktemp",
        "exit",
        "command",
        "alias",
        "unset",
        "shopt",
        "ulimit",
        "sleep",
        "wait",
        "pushd",
        "popd",
        "clear",
        "false",
    )
)
_FILTERS = frozenset(
    (
        "head",
        "tail",
        "wc",
        "sort",
        "uniq",
        "grep",
        "egrep",
        "less",
        "more",
        "cat",
        "tr",
        "cut",
        "awk",
        "sed",
        "tee",
        "nl",
        "column",
        "jq",
    )
)
_WRAPPERS = frozenset(("sudo", "env", "time", "timeout", "nice", "nohup", "xargs", "stdbuf", "exec"))
_INTERPRETERS = re.compile(r"^(?:python[\d.]*|node|perl|ruby|php|Rscript)$")
_SHELLS = frozenset(("bash", "sh", "zsh", "dash"))
_WITH_VERB = frozenset(
    ("git", "pip", "npm", "docker", "cargo", "go", "apt", "apt-get", "conda", "make", "uv")
)
# All operands of these are files or directories, whatever they look like.
_ON_FILES = frozenset(
    ("ls", "cat", "tree", "rm", "mkdir", "rmdir", "cp", "mv", "touch", "less", "nl", "wc", "stat")
)
# The first operand of these is a pattern or a script, not a file.
_WITH_PATTERN = frozenset(("grep", "egrep", "fgrep", "rg", "ag", "sed", "awk", "perl"))
_PATTERN_OPTIONS = re.compile(r"^(?:-[a-zA-Z]*[ef]|--regexp|--file|--expression)$")

_PATH = re.compile(
    r"^[\w.@+~,=-]*(?:/[\w.@+~,=-]*)+$|^[\w@+~-][\w.@+~-]*\.[A-Za-z]\w{0,7}$|^\.{1,2}$|^\.\w+$"
)
_QUOTED_PATH = re.compile(r"""['"]([\w.@+-]*/?(?:[\w.@+-]+/)*[\w@+-]+\.[A-Za-z]\w{0,4})['"]""")
_PATCHED = re.compile(r"^(?:\+\+\+ (?:b/)?|\*\*\* (?:Update|Add|Delete) File: )(\S+)", re.MULTILINE)
_ROOT = re.compile(
    r"^/(?:testbed|workspace|workspaces|repos?|app|code|project|root|home/[^/]+|mnt/[^/]+|tmp/tmp\w{6,})(?:/|$)"
)
_OTHER = re.compile(rb"[\x80-\xff]")
_TEMPORARY = re.compile(r"\btmp[._-]?[A-Za-z0-9_]{6,}\b")


@dataclass(frozen=True, slots=True)
class ShellAction:
    """A command line in short.

    Attributes:
        program: What it runs, such as ``sed``, ``git diff``, ``pytest``; several are joined by " + ".
        target: Files and directories that it names, joined by ", "; empty if there is none.
    """

    program: str
    target: str


def normal_path(path: str, folder: str = "") -> str:
    """A path without what differs from sandbox to sandbox.

    The roots of repositories in images (``/testbed``, ``/workspace``, a home) are taken off, temporary names
    become ``tmp*``, and a relative path is taken from `folder`.

    Example:
        >>> normal_path("/testbed/src/../a.py"), normal_path("./b.py", "/testbed/src")
        ('a.py', 'src/b.py')
    """
    full = posixpath.normpath(posixpath.join(folder, path)) if path else ""
    full = _ROOT.sub("", full.replace("//", "/")) or "."
    return _TEMPORARY.sub("tmp*", full)


@lru_cache(maxsize=1 << 14)
def shell_action(command: str) -> ShellAction:
    """Parse a command line and say in short what it does.

    Changing directories, setting variables and filters of a pipe (``| head -n 20``) are left out; what runs
    another program (``timeout 60 …``, ``bash -c …``) stands for that program; a program text for an interpreter
    counts with the files that it names. A line that is no shell still gives its first word.

    Args:
        command: The command line, of any number of lines.

    Returns:
        Programs and targets.

    Example:
        >>> shell_action("cd /testbed && sed -n '1,20p' src/a.py | head -5")
        ShellAction(program='sed', target='src/a.py')
    """
    text = command[:MAX_COMMAND]
    source = text.encode("utf-8", "replace")
    # The grammar's scanner asks the C library what a character is, which holds for ASCII alone: others crash it.
    root = _parser().parse(_OTHER.sub(b"x", source)).root_node
    programs: list[str] = []
    targets: list[str] = []
    silent: list[str] = []
    folder = ""
    for node, filtering in _commands(root):
        words = _words(node, source)
        bodies, written = _redirected(node, source)
        program, operands = _program(words)
        if program == "cd" and operands and "$" not in operands[0] and not _alternative(node):
            folder = posixpath.join(folder, operands[0])
        if program in _SHELLS and "-c" in words and words.index("-c") + 1 < len(words):
            inner = shell_action(words[words.index("-c") + 1])
            programs.append(inner.program)
            targets += inner.target.split(", ") if inner.target else []
            continue
        paths = [normal_path(word, folder) for word in _paths(program, operands)]
        paths += [normal_path(word, folder) for word in written if _PATH.match(word)]
        for body in [*bodies, *(operands if _INTERPRETERS.match(program) else [])]:
            paths += [normal_path(path, folder) for path in _PATCHED.findall(body)]
            if _INTERPRETERS.match(program):
                paths += [normal_path(path, folder) for path in _QUOTED_PATH.findall(body)]
        name = _with_verb(program, operands)
        if program in _SILENT and not written:
            silent.append(name)
        elif not (filtering and program in _FILTERS and not paths):
            programs.append("write" if written and program in ("cat", "echo", "printf", "tee") else name)
            targets += paths
    named = list(dict.fromkeys(p for p in programs if p)) or silent[:1] or text.split()[:1]
    return ShellAction(" + ".join(named[:4]), ", ".join(sorted(set(targets))[:6]))


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _commands(root: Node) -> Iterator[tuple[Node, bool]]:
    """Every command in the order of the text, and whether it reads what another one printed."""
    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, filtering = waiting.pop()
        if node.type in ("command", "test_command"):
            yield node, filtering
            continue
        if node.type in ("command_substitution", "process_substitution"):
            continue
        children = node.named_children
        piped = node.type == "pipeline"
        waiting += [
            (child, filtering or (piped and n > 0)) for n, child in reversed(list(enumerate(children)))
        ]


def _alternative(node: Node) -> bool:
    """Whether a command runs only where another one failed."""
    parent = node.parent
    return parent is not None and any(child.type == "||" for child in parent.children)


def _words(node: Node, source: bytes) -> list[str]:
    """The words of a command without quotes; assignments in front of it are left out."""
    if node.type == "test_command":
        return ["["]
    words = []
    for child in node.named_children:
        if child.type in ("variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect"):
            continue
        words.append(_text(child, source))
    return words


def _text(node: Node, source: bytes) -> str:
    text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if node.type == "raw_string" or (node.type == "string" and len(text) > 1):
        return text[1:-1]
    return text


def _redirected(node: Node, source: bytes) -> tuple[list[str], list[str]]:
    """Bodies of here-documents for a command, and the files that it writes to."""
    bodies, written = [], []
    # In `a && b > f` the parser hangs the redirection on the whole list; it belongs to its last command.
    last, parent = node, node.parent
    while parent is not None and parent.type in ("list", "pipeline") and parent.named_children[-1] == last:
        last, parent = parent, parent.parent
    places = [node, *([parent] if parent is not None and parent.type == "redirected_statement" else [])]
    for place in places:
        for child in place.named_children:
            if child.type == "heredoc_redirect":
                bodies += [
                    _text(part, source) for part in child.named_children if part.type == "heredoc_body"
                ]
                written += [
                    name
                    for part in child.named_children
                    if part.type == "file_redirect"
                    for name in _written(part, source)
                ]
            elif child.type == "file_redirect":
                written += _written(child, source)
    return bodies, written


def _written(redirect: Node, source: bytes) -> list[str]:
    if not any(child.type in (">", ">>", "&>", ">|") for child in redirect.children):
        return []
    names = [_text(child, source) for child in redirect.named_children if child.type != "file_descriptor"]
    return [name for name in names if name not in ("/dev/null", "/dev/stderr", "/dev/stdout")]


def _program(words: list[str]) -> tuple[str, list[str]]:
    """The program and its operands and options, with wrappers such as ``timeout 60`` taken off."""
    rest = list(words)
    while rest:
        # A program in a variable ("$PYTHON", with quotes or without) goes by the variable's name.
        name = posixpath.basename(rest[0].strip("\"'"))
        name = name.strip('${}"').lower() if name.startswith("$") else name
        if name not in _WRAPPERS or len(rest) == 1:
            return name, rest[1:]
        rest = rest[1:]
        while len(rest) > 1 and (
            rest[0].startswith("-") or "=" in rest[0] or re.match(r"^\d+[smh]?$", rest[0])
        ):
            rest = rest[1:]
    return "", []


def _with_verb(program: str, operands: list[str]) -> str:
    if _INTERPRETERS.match(program):
        if "-m" in operands and operands.index("-m") + 1 < len(operands):
            return operands[operands.index("-m") + 1]
        return re.sub(r"[\d.]+$", "", program)
    if program in _WITH_VERB:
        verb = next((word for word in operands if not word.startswith("-")), "")
        return f"{program} {verb}".strip()
    if program == "sed" and any(word.startswith("-i") or word == "--in-place" for word in operands):
        return "sed -i"
    return program


def _paths(program: str, operands: list[str]) -> list[str]:
    """Operands that look like files or directories."""
    plain = [word for word in operands if not word.startswith("-")]
    if program in _WITH_PATTERN and plain and not any(_PATTERN_OPTIONS.match(word) for word in operands):
        plain = plain[1:]
    if program == "find":
        # What follows the first option are tests on names, not files.
        first = next(
            (n for n, word in enumerate(operands) if word.startswith(("-", "(", "!"))), len(operands)
        )
        return operands[:first] or ["."]
    found = []
    for word in plain:
        # `pytest tests/a.py::test` and `git show HEAD:a.py` are about the file.
        name = word.split("::")[0]
        likely = _PATH.match(name) or (program in _ON_FILES and re.match(r"^[\w@+~][\w.@+~-]*$", name))
        if "$" not in name and "://" not in name and likely and not _is_script(program, name):
            found.append(name)
    return found


def _is_script(program: str, word: str) -> bool:
    return program in ("sed", "awk", "perl") and bool(re.match(r"^(?:s/|/|\d+,)", word))
