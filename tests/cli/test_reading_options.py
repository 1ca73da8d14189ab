"""Every command that reads has the options of reading, with the same meaning."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main

COMMANDS = ("analyze", "compare", "diverge", "export", "gate", "horizon", "plan", "report", "study")


@pytest.mark.parametrize("command", COMMANDS)
def test_all_have_the_options(command: str) -> None:
    names = {name for parameter in main.get_command(None, command).params for name in parameter.opts}  # type: ignore[union-attr,arg-type]
    assert {"--columns", "--range", "--perfect", "--account", "--cluster"} <= names


def test_clusters_are_named_alike_everywhere() -> None:
    """One option, so that no command can call it or explain it otherwise."""
    said = {
        (parameter.metavar, parameter.help)
        for command in (*COMMANDS, "run")
        for parameter in main.get_command(None, command).params  # type: ignore[union-attr,arg-type]
        if isinstance(parameter, click.Option) and "--cluster" in parameter.opts
    }
    assert len(said) == 1


def table(path: Path, shift: int) -> str:
    """Scores of 0 and 10 under names that nobody knows."""
    rows = [f"q{q},{e},{10 * ((q * e + shift) % 3 > 0)}" for q in range(6) for e in range(1, 6)]
    path.write_text("case,go,points\n" + "\n".join(rows) + "\n")
    return str(path)


@pytest.mark.parametrize("command", ["analyze", "compare", "gate", "plan"])
def test_columns_scale_and_account_reach_the_reading(command: str, tmp_path: Path) -> None:
    one, other = table(tmp_path / "a.csv", 0), table(tmp_path / "b.csv", 1)
    inputs = {"compare": [one, other], "gate": [one, "--against", other]}.get(command, [one])
    options = ["--columns", "question_id=case,epoch=go,score=points", "--perfect", "10"]
    done = CliRunner().invoke(main, [command, *inputs, *options, "--json"])
    document = json.loads(done.stdout)
    assert not [p for p in document["problems"] if p["level"] == "error"], document["problems"]
    files = 2 if len(inputs) > 1 else 1
    assert document["account"]["totals"]["scored"] == 30 * files
    shown = CliRunner().invoke(main, [command, *inputs, *options, "--account"])
    assert "account of files and epochs" in shown.stdout
    # Without them the tables cannot be read.
    assert "is missing" in CliRunner().invoke(main, [command, *inputs]).output
