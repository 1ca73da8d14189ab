"""The one rule for outputs, tried on every command that writes: which these are is read off the commands' own options."""

import ast
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import hotmess_inspect
from hotmess_inspect.cli import main

SOURCE = Path(hotmess_inspect.__file__).parent
LOG = next((SOURCE / "demo").glob("*.eval"))
STRANGER = b"\x00 somebody's own file"
TABLE = "question_id,epoch,score\n" + "".join(
    f"q{q},{e},{int(e > q)}\n" for q in range(6) for e in range(1, 6)
)
RANKS = "rater,question,entity,rank\n" + "".join(
    f"r{r},{question},e{e},{(e + r * (question == 'coherence')) % 5 + 1}\n"
    for r in range(4)
    for question in ("intelligence", "coherence")
    for e in range(5)
)
TORCH = ("--preset", "tiny", "--steps", "2", "--workers", "1", "--device", "cpu")

Recipe = Callable[[str, Path], list[str]]
RECIPES: dict[str, tuple[str, Recipe]] = {
    "annotate": ("log", lambda given, out: [given, "-o", str(out / "a.eval")]),
    "demo": ("", lambda given, out: ["-o", str(out), "--no-open"]),
    "diverge": (
        "log",
        lambda given, out: [given, "-o", str(out / "d.html"), "--permutations", "5", "--resamples", "5"],
    ),
    "export": ("table", lambda given, out: [given, "-o", str(out)]),
    "gate": ("table", lambda given, out: [given, "--against", given, "--junit", str(out / "g.xml")]),
    "optimizer scaling": ("", lambda given, out: [str(out), *TORCH, "--starts", "4"]),
    "optimizer train": ("", lambda given, out: [*TORCH, "--no-report", "-o", str(out), "--sizes", "3k"]),
    "plan": ("table", lambda given, out: [given, "--figure", str(out / "p.png")]),
    "report": ("table", lambda given, out: [given, "-o", str(out / "r.html"), "--no-steps"]),
    "study": ("table", lambda given, out: [given, "--csv", str(out), "--only", "stabilisation"]),
    "survey": ("ranks", lambda given, out: [given, "-o", str(out), "--resamples", "10"]),
}
"""What each command is given, and how it is called on that with a place to write to."""


def leaves(command: click.Command = main, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands by their full name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            inner = command.get_command(context, part)
            assert inner is not None
            yield from leaves(inner, f"{name} {part}".strip())
    else:
        yield name, command


def outputs(command: click.Command) -> list[click.Option]:
    """Options that name a file or folder which need not be there: what is written."""
    options = (p for p in command.params if isinstance(p, click.Option))
    return [o for o in options if isinstance(o.type, click.Path) and not o.type.exists]


def logs_of_inspect(option: click.Option) -> bool:
    """Whether it is a folder in which Inspect writes logs, each under a name of its own."""
    return option.opts[0] == "--log-dir"


def has_overwrite(command: click.Command) -> bool:
    return any("--overwrite" in param.opts for param in command.params)


def test_every_command_that_writes_has_the_option_and_is_tried_here() -> None:
    writing = {name for name, command in leaves() if any(not logs_of_inspect(o) for o in outputs(command))}
    offering = {name for name, command in leaves() if has_overwrite(command)}
    assert writing <= offering == set(RECIPES)
    # An option that names a file as plain text would go unseen above.
    for name, command in leaves():
        for param in command.params:
            if isinstance(param, click.Option) and {"-o", "--output", "--out", "--log-dir"} & set(param.opts):
                assert isinstance(param.type, click.Path), (name, param.opts)


@pytest.fixture(params=sorted(RECIPES))
def name(request: pytest.FixtureRequest) -> str:
    if request.param.startswith("optimizer") and not find_spec("torch"):
        pytest.skip(f"{request.param} needs the extra that brings torch")
    return str(request.param)


def given_to(name: str, folder: Path) -> str:
    """A fresh input of the kind that a command reads, empty text where it reads none."""
    kind = RECIPES[name][0]
    if kind == "log":
        return str(shutil.copy(LOG, folder / "run.eval"))
    if not kind:
        return ""
    path = folder / f"{kind}.csv"
    path.write_text(TABLE if kind == "table" else RANKS)
    return str(path)


def call(name: str, given: str, out: Path, *more: str) -> Result:
    found = CliRunner().invoke(main, [*name.split(), *RECIPES[name][1](given, out), *more])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert "Traceback" not in found.output
    return found


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones too."""
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def place(name: str, tmp_path: Path) -> Path:
    """A folder to write to, with what the command needs to find there."""
    out = tmp_path / "out"
    out.mkdir()
    if name == "optimizer scaling":
        for size in ("3k", "12k", "25k"):
            shutil.copy(SOURCE / "experiments" / "optimizer" / "trained_set" / f"{size}.npz", out)
    return out


def written(name: str, tmp_path: Path) -> tuple[str, Path, list[str]]:
    """Input, folder, and the names of the files that the command wrote there when it was called once."""
    given, out = given_to(name, tmp_path), place(name, tmp_path)
    before = contents(out)
    done = call(name, given, out)
    assert done.exit_code in (0, 2 if name == "gate" else 0), done.output
    made = [one for one, text in contents(out).items() if before.get(one) != text]
    assert made and not [one for one in made if Path(one).name.startswith(".")], done.output
    return given, out, [one for one in made if not one.startswith("checkpoints/")]


def test_a_strangers_file_stays_until_overwrite_is_given(name: str, tmp_path: Path) -> None:
    given, out, made = written(name, tmp_path)
    whole = contents(out)
    for one in made:
        (out / one).write_bytes(STRANGER)
        before = contents(out)
        done = call(name, given, out)
        # 1 and 2 are answers of the gate.
        assert done.exit_code == {"annotate": 1, "gate": 64}.get(name, 2), (one, done.output)
        assert "--overwrite" in " ".join(done.output.split()), (one, done.output)
        assert contents(out) == before
        (out / one).write_bytes(whole[one])
    for one in made:
        (out / one).write_bytes(STRANGER)
    assert call(name, given, out, "--overwrite").exit_code in (0, 2 if name == "gate" else 0)
    assert set(contents(out)) == set(whole) and STRANGER not in contents(out).values()


def test_an_input_is_never_written_over(name: str, tmp_path: Path) -> None:
    if not RECIPES[name][0]:
        pytest.skip("it reads no file that a user names")
    given, out, made = written(name, tmp_path)
    for one in made:
        for more in ((), ("--overwrite",)):
            content = Path(given).read_bytes()
            (out / one).write_bytes(content)
            done = call(name, str(out / one), out, *more)
            assert contents(out)[one] == content, (one, more, done.output)
            link = tmp_path / f"link{Path(one).suffix}"
            link.unlink(missing_ok=True)
            link.symlink_to(out / one)
            call(name, str(link), out, *more)
            assert contents(out)[one] == content, (one, more)


def test_nothing_is_written_where_nothing_was_read(name: str, tmp_path: Path) -> None:
    if not RECIPES[name][0]:
        pytest.skip("it reads no file that a user names")
    out = place(name, tmp_path)
    empty = tmp_path / "empty.csv"
    empty.write_text("question_id,epoch,score\n")
    for given in (str(tmp_path / "nothere"), str(empty)):
        done = call(name, given, out)
        assert done.exit_code in (1, 2), done.output
        # A file for CI says that nothing could be compared: an old one beside a failure would still pass.
        kept = (
            contents(out)
            if name != "gate"
            else {k: v for k, v in contents(out).items() if b"<error" not in v}
        )
        assert not kept


def test_what_cannot_be_written_is_one_sentence_and_leaves_what_was_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = given_to(name, tmp_path)
    if name != "optimizer scaling":
        blocked = tmp_path / "file"
        blocked.write_text("no folder")
        assert call(name, given, blocked / "deep").exit_code in ((64,) if name == "gate" else (1, 2))
        assert blocked.read_text() == "no folder"
    (tmp_path / "again").mkdir()
    given, out, _ = written(name, tmp_path / "again")
    before = contents(out)

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    done = call(name, given, out, "--overwrite")
    failed = done.exit_code in ((64,) if name == "gate" else (1, 2))
    assert failed and "No space left on device" in " ".join(done.output.split()), done.output
    assert contents(out) == before


ALLOWED = {
    "io/writing.py",  # the rule itself
    "swebench/adjudication.py",  # a temporary folder
    "swebench/stability.py",  # a cache of ours, moved into place
    "simulated/plan.py",  # text of a program that an agent runs in a sandbox
}
WRITERS = {
    "write_text",
    "write_bytes",
    "savefig",
    "savez",
    "savez_compressed",
    "to_csv",
    "write_table",
    "copyfile",
}
RULES = {"replacing", "part_beside", "part_for"}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _writes(node: ast.Call) -> bool:
    if _called(node) == "open":
        modes = [
            a.value
            for a in [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
            if isinstance(a, ast.Constant)
        ]
        return any(isinstance(mode, str) and set(mode) & set("wax") for mode in modes)
    return _called(node) in WRITERS


def test_nothing_writes_beside_the_rule() -> None:
    found = []

    def look(node: ast.AST, inside: bool, path: str) -> None:
        if isinstance(node, ast.With):
            inside |= any(
                isinstance(i.context_expr, ast.Call) and _called(i.context_expr) in RULES for i in node.items
            )
        if isinstance(node, ast.Call) and _writes(node) and not inside:
            found.append(f"{path}:{node.lineno}")
        for child in ast.iter_child_nodes(node):
            look(child, inside, path)

    for file in sorted(SOURCE.rglob("*.py")):
        if str(file.relative_to(SOURCE)) not in ALLOWED:
            look(ast.parse(file.read_text()), False, str(file.relative_to(SOURCE)))
    assert {one.split(":")[0] for one in found} <= {
        "render/report/figures.py",  # pictures in memory
        "io/arrow_tables.py",  # writes where it is told, by the export into a part
        "swebench/mini/source.py",  # an archive in memory
        "swebench/local.py",  # an archive in memory
    }, found
