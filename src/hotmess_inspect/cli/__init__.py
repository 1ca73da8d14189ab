"""The command `hotmess`. Subcommands are imported when they are called, so that help is instant."""

from __future__ import annotations

import io
import sys
from importlib import import_module

import click

from hotmess_inspect import __version__

# Name → module that holds the command, and the line in the overview. Importing seven modules for a help
# text would cost more than everything else that it does.
COMMANDS: dict[str, tuple[str, str]] = {
    "analyze": ("hotmess_inspect.cli.analyze", "Error, bias², variance and incoherence of logs or tables."),
    "annotate": (
        "hotmess_inspect.cli.annotate",
        "Per-question numbers as scores in a log, for the log viewer.",
    ),
    "cleanup": ("hotmess_inspect.cli.cleanup", "Remove what killed runs left in the Docker engine."),
    "diverge": (
        "hotmess_inspect.cli.diverge",
        "At which step epochs of a question part, and what that decides.",
    ),
    "compare": ("hotmess_inspect.cli.compare", "Runs against each other, paired by question."),
    "demo": ("hotmess_inspect.cli.demo", "Analyze a bundled log and write its report; no model, no Docker."),
    "doctor": ("hotmess_inspect.cli.doctor", "What works on this machine and what to install."),
    "export": ("hotmess_inspect.cli.export", "Outcomes as a Parquet data set."),
    "gate": ("hotmess_inspect.cli.gate", "For CI: is a new run worse than an old one?"),
    "fork": ("hotmess_inspect.cli.fork", "Run an epoch again from one of its steps."),
    "glossary": ("hotmess_inspect.cli.glossary", "What the words of the output mean."),
    "horizon": ("hotmess_inspect.cli.horizon", "Human time at which success falls to 50 % and 80 %."),
    "images": ("hotmess_inspect.cli.images", "Sandbox images: pull, build, list, check, prune."),
    "optimizer": ("hotmess_inspect.cli.optimizer", "The synthetic optimizer: train, roll out, scale."),
    "plan": ("hotmess_inspect.cli.plan", "How many questions and epochs an interval needs."),
    "report": ("hotmess_inspect.cli.report", "One self-contained HTML page."),
    "run": ("hotmess_inspect.cli.run", "Run a task until an interval is narrow: adaptive epochs."),
    "study": ("hotmess_inspect.cli.study", "The paper's analyses across models, budgets and epochs."),
    "survey": ("hotmess_inspect.cli.survey", "Intelligence against incoherence, from logs or rankings."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Commands: {', '.join(sorted(COMMANDS))}."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            from hotmess_inspect._inspect_private import prerequisite_text

            if (text := prerequisite_text(error)) is None:
                raise
            raise click.ClickException(text) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hotmess")
def main() -> None:
    """Bias, variance and incoherence of model failures."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or pipe of another encoding shows a question mark where it lacks a character.
            stream.reconfigure(errors="replace")
