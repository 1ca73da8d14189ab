"""What commands write: never over an input or a stranger's file, whole or not at all, and inert where it is shown."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.writing import Refused, check_target, replacing

ROWS = "question_id,epoch,answer,target\nq0,1,A,A\nq0,2,B,A\nq1,1,A,A\nq1,2,A,A\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(ROWS)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_a_report_never_replaces_an_input_or_a_stranger(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "run.eval"
    other.write_bytes(b"PK\x03\x04 somebody's log")
    before = (table.read_bytes(), other.read_bytes())
    for arguments in (
        ("report", "-o", other, tmp_path / "nothere"),
        ("report", "-o", other, table),
        ("report", "-o", table, table),
        ("report", "--overwrite", "-o", table, table),
        ("report", "-o", table, tmp_path),
    ):
        done = run(*arguments)
        assert done.exit_code in (1, 2), arguments
        assert "Traceback" not in done.output
        assert (table.read_bytes(), other.read_bytes()) == before, arguments
    assert "exists and is no HTML file: --overwrite replaces it" in run("report", "-o", other, table).output
    assert run("report", "--overwrite", "--no-steps", "-o", other, table).exit_code == 0
    assert other.read_bytes().lower().startswith(b"<!doctype html")


def test_a_report_replaces_a_report(table: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("report", "--no-steps", "-o", page, table).exit_code == 0
    assert run("report", "--no-steps", "-o", page, table, "--title", "Second").exit_code == 0
    assert "Second" in page.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "t.csv"]


def test_nothing_is_written_where_nothing_was_read(tmp_path: Path) -> None:
    page, folder = tmp_path / "page.html", tmp_path / "out"
    assert run("report", "-o", page, tmp_path / "nothere").exit_code == 1
    assert run("export", "-o", folder, tmp_path / "nothere").exit_code == 1
    assert not page.exists()
    assert not folder.exists()


@pytest.mark.parametrize("command", ["report", "export"])
def test_folders_that_cannot_be_written_give_one_sentence(command: str, table: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    target = blocked / "x" if command == "report" else blocked
    done = run(command, "-o", target, table)
    assert done.exit_code in (1, 2)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    missing = run("report", "-o", tmp_path / "no" / "page.html", table)
    assert "does not exist: make it first" in missing.output


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("<html>old")

    def write_half() -> None:
        with replacing(str(target), "HTML") as part:
            Path(part).write_text("<html>ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_half()
    assert target.read_text() == "<html>old"
    assert list(tmp_path.iterdir()) == [target]


def test_mode_and_link_are_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "page.html", tmp_path / "link.html"
    target.write_text("<html>old")
    target.chmod(0o600)
    link.symlink_to(target)
    with replacing(str(link), "HTML") as part:
        Path(part).write_text("<html>new")
    assert link.is_symlink()
    assert target.read_text() == "<html>new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_to_an_input_is_the_input(table: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(table)
    with pytest.raises(Refused, match="is an input"):
        check_target(str(link), "HTML", inputs=[str(table)], overwrite=True)


def test_what_a_killed_command_leaves_is_never_read(table: Path, tmp_path: Path) -> None:
    (tmp_path / ".hotmess-abc.part").write_bytes(b"junk")
    folder = tmp_path / ".hotmess-dir"
    folder.mkdir()
    (folder / "part.eval").write_bytes(b"PK half a log")
    found = read_inputs(tmp_path)
    assert [Path(one.path).name for one in found.account.files] == ["t.csv"]
    assert not [p for p in found.problems if p.level == "error"]


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_killed_at_any_moment_a_file_is_the_old_or_the_new_one(sign: int, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    program = (
        "import signal, sys\nfrom pathlib import Path\nfrom hotmess_inspect.io.writing import replacing\n"
        # A shell starts jobs in the background with this signal ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "print('ready', flush=True)\n"
        "for n in range(10**6):\n"
        "    with replacing(sys.argv[1], 'HTML') as part:\n"
        "        Path(part).write_text('<html>' + str(n) * 50000 + '</html>')\n"
    )
    for delay in (0.0, 0.003, 0.01, 0.03):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(sign)
        child.wait()
        child.stdout.close()
        if target.exists():
            text = target.read_text()
            assert text.startswith("<html>")
            assert text.endswith("</html>")
        assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".hotmess-")] in (
            [],
            ["page.html"],
        )


def test_exit_status_where_nothing_counts(tmp_path: Path) -> None:
    (tmp_path / "head.csv").write_text("question_id,epoch,answer,target\n")
    (tmp_path / "empty.csv").write_text("question_id,epoch,score\nq,1,\nq,2,\n")
    for name, words in (
        ("head.csv", "a header and no row"),
        ("empty.csv", "none of its epochs has a verdict"),
    ):
        done = run("analyze", "--json", tmp_path / name)
        assert done.exit_code == 1
        told = [p for p in json.loads(done.stdout)["problems"] if p["level"] == "error"]
        assert any(p["input"].endswith(name) and words in p["message"] for p in told), told


def test_account_columns_range_and_explanation(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("case,lauf,punkte\nq,1,10\nq,2,0\nq,3,5\n")
    named = ["--columns", "question_id=case,epoch=lauf", "--columns", "score=punkte"]
    refused = run("analyze", path, *named)
    assert refused.exit_code == 1
    assert "scores go from 0 to 10" in refused.output
    done = run("analyze", "--json", path, *named, "--perfect", 10)
    found = json.loads(done.stdout)
    assert found["groups"][0]["accuracy"] == 0.5
    assert found["account"]["totals"]["scored"] == 3
    assert "account of files and epochs" in run("analyze", path, *named, "--range", 0, 10, "--account").output
    told = run("analyze", "--explain", path, *named)
    assert told.exit_code == 0
    for words in (
        "CSV, separated by commas, 3 rows",
        "column 'punkte' is score",
        "from 0 to 10",
        "first rows",
    ):
        assert words in told.output
    assert run("analyze", path, "--columns", "nope=case").exit_code == 2
    assert run("analyze", path, "--perfect", 1, "--range", 0, 1).exit_code == 2


@pytest.mark.parametrize(
    "command", [("analyze",), ("report", "--no-steps", "-o", "page.html"), ("export", "-o", "out")]
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_names_that_are_no_text_and_terminals_of_other_encodings(
    command: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9 \xe2\x82\xac.csv")
    (tmp_path / name).write_text(ROWS.replace("q0", "q\u20ac"))
    done = subprocess.run(
        [sys.executable, "-m", "hotmess_inspect.cli", *command, name],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    "mark", ["\x1b]0;X\x07", "\u061c", "\u200b", "\u202e", "\u2066", "\ufeff", "\x9b31m"]
)
def test_nothing_of_a_table_steers_a_terminal(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [
        {"id": f"q{mark}", "trial": n, "reward": n % 2, "model": f"m{mark}", "task": f"t{mark}"}
        for n in range(4)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    for arguments in (("analyze", path), ("analyze", "--account", path), ("analyze", "--explain", path)):
        assert mark not in run(*arguments).output


def test_what_does_the_same_is_named_alike_in_all_commands() -> None:
    named: dict[str, set[tuple[str, ...]]] = {}

    def walk(command: click.Command) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                walk(found)
            return
        for option in command.params:
            if isinstance(option, click.Option):
                for name in option.opts:
                    named.setdefault(name, set()).add(
                        (option.opts[0], option.opts[1] if len(option.opts) > 1 else "")
                    )

    walk(main)
    # A folder or file to write, processes, and figures on or off each have one first name.
    assert {first[1] for first in named["-o"]} == {"--output"}
    assert {first[0] for first in named["--jobs"]} == {"--jobs"}
    assert named["--figures"] and all(names[0] == "--figures" for names in named["--figures"])


def test_nothing_that_a_folder_or_a_pattern_stands_for_is_written_over(tmp_path: Path) -> None:
    own = tmp_path / "deep" / "ensembling.csv"
    own.parent.mkdir()
    own.write_text(ROWS)
    page = tmp_path / "deep" / "page.html"
    page.write_text("<!doctype html>")
    for place in (str(tmp_path), f"file://{tmp_path}", str(tmp_path / "*" / "*.csv"), str(tmp_path / "**")):
        with pytest.raises(Refused, match="is an input of this command"):
            check_target(str(own), "CSV", inputs=[place], overwrite=True)
        check_target(str(page), "HTML", inputs=[place])
        check_target(str(tmp_path / "new.csv"), "CSV", inputs=[place])
    check_target(str(own), "CSV", inputs=[str(tmp_path / "other")])
    done = CliRunner().invoke(
        main, ["study", str(tmp_path), "--csv", str(own.parent), "--only", "ensembling"]
    )
    assert done.exit_code == 2 and own.read_text() == ROWS, done.output
