"""`hotmess demo`: the bundled log analysed at once, without a model, a key or Docker."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hotmess_inspect.cli._threads import one_thread

REPORT = "report.html"


@click.command()
@click.option(
    "-o",
    "--output",
    default="hotmess-demo",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Folder for the log and the report.",
)
@click.option(
    "--open/--no-open",
    "open_report",
    default=None,
    help="Open the report in a browser. Default: on a terminal.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier demo.")
def demo(output: str, open_report: bool | None, overwrite: bool) -> None:
    """Analyze a bundled log: a simulated agent on nine small SWE-bench instances, five epochs each.

    Prints the finding and the numbers, and writes the log and a report into a folder.

    Exit status: 0 good, 1 nothing could be written, 2 usage.
    """
    one_thread()
    from hotmess_inspect.cli._writing import sentences
    from hotmess_inspect.demo import LOG, demo_log
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.io.writing import check_target, replacing
    from hotmess_inspect.render.console import cell, console
    from hotmess_inspect.render.report import ReportOptions, write_report
    from hotmess_inspect.render.terminal import print_analysis
    from hotmess_inspect.results.analyze import analyze
    from hotmess_inspect.results.paths import TestNames, group_steps, note_tests
    from hotmess_inspect.results.study import Waits, count_waits

    folder = Path(output)
    log, page = folder / LOG, folder / REPORT
    with sentences(output):
        folder.mkdir(parents=True, exist_ok=True)
        data = demo_log()
        if log.exists() and not overwrite and log.read_bytes() != data:
            raise click.UsageError(f"{log} exists and is another log; --overwrite replaces it")
        check_target(str(page), "HTML", overwrite=overwrite)
        with replacing(str(log), "Inspect log", overwrite=overwrite) as part:
            Path(part).write_bytes(data)
    out = console()
    out.print(
        cell(
            "A simulated agent worked on nine small SWE-bench instances, five times each, in Docker. Its log says:",
            "dim",
        )
    )
    found = read_inputs([str(log)])
    results, problems = analyze(found.outcomes)
    print_analysis(results, [*found.problems, *problems])
    waits: Waits = {}
    tests: TestNames = {}
    steps = group_steps(found, [str(log)], passing=lambda read: note_tests(tests, count_waits(waits, read)))
    with sentences(str(page)):
        write_report(
            found,
            str(page),
            ReportOptions(title="A demo of hotmess-inspect"),
            steps,
            waits,
            tests,
            overwrite=overwrite,
        )
    out.print(cell(f"report: {page}", "bold"))
    out.print(cell(f"every epoch: inspect view --log-dir {folder}"))
    if open_report or (open_report is None and sys.stdout.isatty()):
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
