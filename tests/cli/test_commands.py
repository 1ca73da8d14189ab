"""What the command line says of a command that there is not."""

from click.testing import CliRunner

from hotmess_inspect.cli import COMMANDS, main


def test_a_mistyped_command_gets_a_suggestion() -> None:
    done = CliRunner().invoke(main, ["anlyze", "logs"])
    assert done.exit_code == 2 and "Did you mean 'analyze'?" in done.output


def test_an_unknown_command_gets_the_list() -> None:
    done = CliRunner().invoke(main, ["xyz"])
    assert done.exit_code == 2 and all(name in done.output for name in COMMANDS)
