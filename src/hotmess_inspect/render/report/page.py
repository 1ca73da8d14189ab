"""The page: headline first, then figures, then the questions to read, then how it was computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hotmess_inspect import __version__
from hotmess_inspect.io.logs import Inputs
from hotmess_inspect.io.writing import replacing
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report import figures
from hotmess_inspect.render.report.divergence import DIVERGENCE_STYLE, divergence_section
from hotmess_inspect.render.report.html import bullets, cell, interval, number, table
from hotmess_inspect.render.report.reading import Links, reading_list
from hotmess_inspect.render.report.sections import allowance_section, comparison_section, length_section
from hotmess_inspect.render.report.style import STYLE
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.divergence import GroupDivergence
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.results.study import StudyOptions, Waits, study
from hotmess_inspect.results.variants import VariantNames
from hotmess_inspect.results.verdict import leading_results, verdict
from hotmess_inspect.results.warnings import ItemCounts, count_warnings
from hotmess_inspect.schema import Problem

# No script can run, nothing can be fetched: whatever a log holds, the page only shows it.
STEP_QUESTIONS = 8
"""Questions at most whose epochs stand side by side on the page of a report."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class ReportOptions:
    """What the page shows.

    Attributes:
        analysis: Losses, estimator, buckets, seed.
        viewer: Where Inspect's log viewer answers, for links to transcripts.
        questions: How many questions to read first are listed per group.
        title: Heading.
        study: Sizes of models, reference and groups of difficulty for the paper's analyses.
    """

    analysis: Options = field(default_factory=Options)
    viewer: str = "http://127.0.0.1:7575"
    questions: int = 15
    title: str = "Bias, variance and incoherence"
    study: StudyOptions = field(default_factory=StudyOptions)

    def __post_init__(self) -> None:
        if not self.viewer.startswith(("http://", "https://")):
            raise ValueError(
                f"viewer must be an address that starts with http:// or https://, not {self.viewer!r}"
            )
        if self.questions < 0:
            raise ValueError(f"questions must be 0 or more, not {self.questions}")


def write_report(
    inputs: Inputs,
    path: str,
    options: ReportOptions | None = None,
    steps: Sequence[GroupDivergence] = (),
    waits: Waits | None = None,
    *,
    overwrite: bool = False,
) -> list[Problem]:
    """Write the page.

    Args:
        inputs: What was read.
        path: File to write; it is replaced in one step.
        options: What to show.
        steps: The account by step, for groups whose transcripts were read.
        waits: Hesitations per epoch, where transcripts were read.
        overwrite: Whether to replace a file that is no HTML page.

    Returns:
        All problems, those of reading and those of the analysis.

    Raises:
        Refused: If the file is one of the inputs, or holds something else than a page.
    """
    text, problems = report_html(inputs, options or ReportOptions(), steps, waits)
    write_page(text, path, inputs=[one.path for one in inputs.account.files], overwrite=overwrite)
    return problems


def divergence_page(steps: Sequence[GroupDivergence], inputs: Inputs, viewer: str, questions: int) -> str:
    """A page about nothing but where epochs part."""
    title = "Which step decides"
    body = [f"<h1>{title}</h1>", divergence_section(steps, Links(viewer, inputs.logs), questions)]
    return document(title, body)


def write_page(text: str, path: str, *, inputs: Iterable[str] = (), overwrite: bool = False) -> None:
    """Write a page; the file is replaced in one step.

    Args:
        text: The page.
        path: File to write.
        inputs: Files that were read, which are never written over.
        overwrite: Whether to replace a file that is no HTML page.
    """
    with replacing(path, "HTML", inputs=inputs, overwrite=overwrite) as part:
        Path(part).write_text(text, encoding="utf-8", errors="replace")


def report_html(
    inputs: Inputs,
    options: ReportOptions,
    steps: Sequence[GroupDivergence] = (),
    waits: Waits | None = None,
) -> tuple[str, list[Problem]]:
    """The page as text, and all problems; with the account by step of groups whose transcripts were read."""
    results, found = analyze(inputs.outcomes, options.analysis)
    problems = [*inputs.problems, *found]
    # One set of comparable figures per loss and estimator: axes of different losses have different units.
    sections: dict[tuple[str, str], list[GroupResult]] = defaultdict(list)
    for result in results:
        sections[result.decomposition.loss, result.decomposition.estimator].append(result)
    links = Links(options.viewer, inputs.logs)
    body = [
        f"<h1>{escaped(options.title)}</h1>",
        _lead(inputs, results),
        _verdicts(results, problems),
        _headline(results),
        bullets(VariantNames(results).key),
        _warnings(results, problems),
        *(_loss_section(loss, estimator, own, options) for (loss, estimator), own in sections.items()),
        _study_section(results, options, waits, problems),
        comparison_section(results),
        length_section(results),
        _reliability_section(results),
        allowance_section(results),
        divergence_section(steps, links, min(options.questions, STEP_QUESTIONS)),
        reading_list(_first_losses(results), links, options.questions) if options.questions else "",
        _coverage(results),
        _method(options),
    ]
    return document(options.title, body), problems


def document(title: str, body: Iterable[str]) -> str:
    """A whole page: its head with all styles, and the parts of its body."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}{DIVERGENCE_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _verdicts(results: Sequence[GroupResult], problems: Sequence[Problem]) -> str:
    """The finding in words, per task and model, before any table."""
    leading = leading_results(results)
    parts = []
    for result in leading:
        said = verdict(result, problems)
        cautions = "".join(f"<li><b>Caution:</b> {escaped(sentence)}</li>" for sentence in said.cautions)
        steps = "".join(f"<li><b>Next:</b> {escaped(sentence)}</li>" for sentence in said.next_steps)
        heading = f"<h3>{escaped(label_of(result, leading))}</h3>" if len(leading) > 1 else ""
        listed = f"<ul>{cautions}{steps}</ul>" if cautions or steps else ""
        parts.append(
            f"<section class=verdict>{heading}<p>{escaped(said.measured)}</p>"
            f"<p class=finding>{escaped(said.finding)}</p>{listed}</section>"
        )
    return "\n".join(parts)


def _lead(inputs: Inputs, results: Sequence[GroupResult]) -> str:
    groups = len({id(r.group) for r in results})
    return (
        f"<p class=lead>{inputs.files} files, {len(inputs.outcomes):,} rows, {groups} groups. "
        "A model that fails the same way every time has bias; one that fails differently every time has variance. "
        "<b>Incoherence</b> is the share of its error that is variance: Σ variance / Σ error over questions.</p>"
    )


def _headline(results: Sequence[GroupResult]) -> str:
    rows = [
        [
            label_of(r, results), r.group.task or "–", r.decomposition.loss, r.decomposition.estimator,
            str(int((r.decomposition.epochs > 0).sum())), _of(r), number(r.accuracy),
            number(r.decomposition.mean("error")), number(r.decomposition.mean("bias_squared")),
            number(r.decomposition.mean("variance")), number(r.decomposition.incoherence, 3),
            interval(r.incoherence_ci),
        ]
        for r in results
    ]  # fmt: skip
    names = [
        "group",
        "task",
        "loss",
        "estimator",
        "questions",
        "epochs",
        "accuracy",
        "error",
        "bias²",
        "variance",
        "incoherence",
        "95 % interval",
    ]
    return "<h2>Headline</h2>" + table(names, rows, text_columns=4) + _single_notes(results)


def _single_notes(results: Sequence[GroupResult]) -> str:
    notes = [
        f"{label_of(r, results)} ({r.decomposition.loss}): incoherence {r.decomposition.incoherence_note}"
        for r in results
        if r.decomposition.incoherence_note
    ]
    return bullets(notes)


def _warnings(results: Sequence[GroupResult], problems: Sequence[Problem]) -> str:
    # One bullet per sentence, with all that it is said of.
    said: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        said[problem.message].append(f"{problem.level}: {problem.input}")
    for result in {id(r.group): r for r in results}.values():
        for text in count_warnings(item_counts(result)):
            said[text].append(label_of(result, results))
    lines = [f"{'; '.join(dict.fromkeys(names))}: {text}" for text, names in said.items()]
    return f"<h2>Before you read on</h2>{bullets(lines)}" if lines else ""


def item_counts(result: GroupResult) -> ItemCounts:
    """What a group's numbers rest on."""
    counts = result.counts
    return ItemCounts.of(
        result.decomposition,
        epochs_planned=max(counts["epochs_planned"], int(result.decomposition.epochs.sum())),
        unparsed=counts["unparsed"],
        truncated=counts["truncated"],
        limited=counts["limit"],
        retried=counts["retried"],
        cached=counts["cached"],
    )


def _loss_section(loss: str, estimator: str, results: Sequence[GroupResult], options: ReportOptions) -> str:
    labels = [label_of(r, results) for r in results]
    numbers = [question_numbers(r) for r in results]
    analysis = options.analysis
    drawn = [
        figures.plane_drawing(results, labels, analysis.seed, analysis.resamples),
        figures.length_drawing(results, labels),
        figures.overthinking_drawing(results, labels),
        figures.ensembling_drawing(results, labels),
        figures.distribution_drawing(results, labels, numbers),
    ]
    shown = "\n".join(_figure(one.figure(), f"{loss}-{estimator}") for one in drawn if one is not None)
    return (
        f"<h2>{escaped(loss)}, {escaped(estimator)}</h2>\n<div class=figures>{shown}</div>" if shown else ""
    )


def _study_section(
    results: Sequence[GroupResult], options: ReportOptions, waits: Waits | None, problems: list[Problem]
) -> str:
    """The paper's analyses across groups, a figure each with its table and sentences."""
    found, odd = study(results, options.study, waits)
    problems += odd
    shown = [
        _figure(figures.finding_drawing(one).figure(), "study") + bullets(one.said)
        for one in found
        if any(row[one.y] is not None for row in one.rows)
    ]
    return (
        f"<h2>Across models, settings and epochs</h2>\n<div class=figures>{''.join(shown)}</div>"
        if shown
        else ""
    )


def _figure(figure: figures.Figure, prefix: str) -> str:
    name = f"{prefix}-{figure.name}"
    links = " ".join(
        f'<a download="{escaped(name)}.{form}" href="{figure.data_uri(form)}">{form.upper()}</a>'
        for form in ("svg", "png", "csv")
    )
    columns = list(figure.rows[0])
    cells = [[cell(value) for value in row.values()] for row in figure.rows]
    return (
        f'<figure id="{escaped(name)}"><h3>{escaped(figure.title)}</h3>{figure.inline_svg}'
        f"<figcaption>{escaped(figure.caption)} <span class=links>{links}</span></figcaption>"
        f"<details><summary>Data</summary>{table(columns, cells, text_columns=1)}</details></figure>"
    )


def _reliability_section(results: Sequence[GroupResult]) -> str:
    """pass^k, shares of the spread and the noise floor, once per group: no loss is in them."""
    own = [r for r in _first_losses(results) if r.reliability is not None]
    if not own:
        return ""
    labels = [label_of(r, results) for r in own]
    drawn = figures.reliability_drawing(own, labels)
    shown = f"<div class=figures>{_figure(drawn.figure(), 'epochs')}</div>" if drawn else ""
    said = [
        (f"<h3>{escaped(label)}</h3>" if len(own) > 1 else "") + bullets(r.reliability.sentences())
        for r, label in zip(own, labels, strict=True)
        if r.reliability is not None
    ]
    return f"<h2>Reliability of single epochs</h2>\n{shown}\n" + "\n".join(said)


def _first_losses(results: Sequence[GroupResult]) -> list[GroupResult]:
    """Every group once, with its headline loss."""
    first: dict[int, GroupResult] = {}
    for result in results:
        first.setdefault(id(result.group), result)
    return list(first.values())


def _coverage(results: Sequence[GroupResult]) -> str:
    own = _first_losses(results)
    if not own:
        return ""
    names = list(own[0].counts)
    rows = [[label_of(r, results), *(f"{r.counts[name]:,}" for name in names)] for r in own]
    return "<h2>Coverage</h2>" + table(["group", *(n.replace("_", " ") for n in names)], rows, text_columns=1)


def _method(options: ReportOptions) -> str:
    analysis = options.analysis
    return (
        "<h2>How this was computed</h2>"
        f"<p>hotmess-inspect {escaped(__version__)}, seed {analysis.seed}, {analysis.resamples:,} bootstrap replicates over questions, "
        f"unparsed answers counted as {escaped(analysis.unparsed)}. Per question error = bias² + variance. The unbiased estimator "
        "multiplies the variance of R epochs by R/(R − 1) and takes it from the error, so that numbers do not depend on R; the "
        "plug-in is the paper's and does. Definitions: Hägele, Gema, Sleight, Perez, Sohl-Dickstein, <i>The Hot Mess of AI</i>, "
        '<a href="https://arxiv.org/abs/2601.23045" rel="noreferrer">arXiv 2601.23045</a>.</p>'
    )


def _of(result: GroupResult) -> str:
    counts = result.counts
    scored, planned = counts["epochs_scored"], counts["epochs_planned"]
    return f"{scored:,}" if scored == planned else f"{scored:,} of {planned:,}"
