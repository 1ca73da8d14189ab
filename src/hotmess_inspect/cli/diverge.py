"""`hotmess diverge`: at which step the epochs of a question part, and how much of the variance that decides."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import cluster_option, resamples_option, unparsed_option
from hotmess_inspect.cli._threads import one_thread
from hotmess_inspect.cli._writing import sentences
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from inspect_ai.model import Model

    from hotmess_inspect.results.divergence import GroupDivergence
    from hotmess_inspect.schema import Scale


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--grain",
    default="target",
    show_default=True,
    metavar="tool|target|exact|state|MODULE:FUNCTION",
    help="When two steps are the same: same tool, same program or tool on the same files, same arguments, same "
    "set of files changed so far, or what a function of (tool, arguments) returns.",
)
@click.option(
    "--text-steps",
    type=click.Choice(("paragraph", "sentence")),
    default="paragraph",
    show_default=True,
    help="What a step is where there are no tool calls.",
)
@click.option(
    "--measure", help="f2p, p2p, pooled, resolved, the name of a scorer, or all. Default: the first."
)
@cluster_option
@unparsed_option
@click.option(
    "--questions", type=click.IntRange(0), default=3, show_default=True, help="Questions shown as trees."
)
@click.option(
    "--permutations", type=click.IntRange(1), default=10_000, show_default=True, help="Of the null."
)
@resamples_option
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of permutations and bootstrap."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Also write a page (HTML) with epochs side by side.",
)
@click.option(
    "--viewer",
    default="http://127.0.0.1:7575",
    show_default=True,
    help="Where `inspect view` answers, for links of the page.",
)
@click.option(
    "--explain",
    "explainer",
    metavar="MODEL",
    help="An Inspect model that explains the deciding steps. Default: none.",
)
@click.option(
    "--explanations", type=click.IntRange(1), default=3, show_default=True, help="How many it explains."
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is no HTML page.")
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def diverge(
    inputs: Sequence[str],
    grain: str,
    text_steps: str,
    measure: str | None,
    cluster: str | None,
    unparsed: str,
    questions: int,
    permutations: int,
    resamples: int,
    seed: int,
    output: str | None,
    viewer: str,
    explainer: str | None,
    explanations: int,
    overwrite: bool,
    scale: Scale | None,
    columns: Sequence[str],
    show_account: bool,
    as_json: bool,
) -> None:
    """Show at which step epochs of the same question part, and which partings decide the outcome.

    INPUT is a log with transcripts (.eval, .json), a folder, glob or URI of logs, a result file of τ-bench
    (.json, .json.gz), or a job of Harbor with its trajectories. The variance is split exactly by the step at which each pair of epochs parts, and compared
    with what is expected where outcomes have nothing to do with the path.

    Exit status: 0 good, 1 some input was unusable (the rest is reported), 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.writing import check_target
    from hotmess_inspect.render.text import plain
    from hotmess_inspect.results.divergence import DivergeOptions
    from hotmess_inspect.results.divergence import diverge as split
    from hotmess_inspect.results.paths import read_with_paths

    if output is not None:
        with sentences(output):
            check_target(output, "HTML", inputs=inputs, overwrite=overwrite)
    named = checked_columns(columns)
    reader: Model | None = None
    try:
        if explainer:
            from inspect_ai.model import get_model

            reader = get_model(explainer)  # a wrong name is refused before anything is read
        options = DivergeOptions(
            grain=grain,
            unit=text_steps,  # type: ignore[arg-type]
            measure=measure,
            unparsed=unparsed,  # type: ignore[arg-type]
            permutations=permutations,
            resamples=resamples,
            seed=seed,
        )
        with reading_progress(quiet=as_json) as progress:
            walked = read_with_paths(
                inputs, options, cluster=cluster, scale=scale, columns=named, progress=progress
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    results, problems = split(walked.inputs.outcomes, walked.paths.by_epoch, options)
    problems = [*walked.inputs.problems, *problems]
    if output is not None and results:
        from hotmess_inspect.render.report import divergence_page, write_page

        page = divergence_page(results, walked.inputs, viewer, max(questions, 1))
        with sentences(output):
            files = [one.path for one in walked.inputs.account.files]
            write_page(page, output, inputs=files, overwrite=overwrite)
    told = _explained(results, reader, explanations) if reader else []
    if as_json:
        listed = [{"level": p.level, "input": p.input, "message": p.message} for p in problems]
        groups = [result.as_json() for result in results]
        click.echo(
            json.dumps(
                {
                    "schema": 1,
                    "groups": groups,
                    "problems": listed,
                    "account": walked.inputs.account.as_json(),
                    **({"explanations": told} if told else {}),
                },
                indent=1,
            )
        )
    else:
        from hotmess_inspect.render.divergence import print_divergence

        print_divergence(results, problems, questions=questions)
        if show_account:
            from hotmess_inspect.render.account import print_account

            print_account(walked.inputs.account)
        for line in told:
            click.echo(plain(f"{line['question']}, step {line['step']}: {line['explanation']}"))
    sys.exit(1 if not results or any(p.level == "error" for p in problems) else 0)


def _explained(results: Sequence[GroupDivergence], reader: Model, count: int) -> list[dict[str, Any]]:
    """A model's reading of the deciding steps; what it costs is said before it is asked."""
    from hotmess_inspect.plugin.explain import explain, partings_to_explain

    partings = partings_to_explain(results, count)
    tokens = sum(len(parting.prompt) for parting in partings) // 4
    click.echo(
        f"{counted(len(partings), 'call')} of {reader}, about {tokens:,} tokens of input in all", err=True
    )
    return [
        {"question": parting.question, "step": parting.step, "explanation": text}
        for parting, text in zip(partings, explain(partings, reader), strict=True)
    ]
