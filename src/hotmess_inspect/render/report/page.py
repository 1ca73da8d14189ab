"""The page: headline first, then figures, then the questions to read, then how it was computed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from hotmess_inspect import __version__
from hotmess_inspect.inference.multiplicity import holm
from hotmess_inspect.io.logs import Inputs
from hotmess_inspect.io.writing import replacing
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report import figures
from hotmess_inspect.render.report.divergence import DIVERGENCE_STYLE, divergence_section
from hotmess_inspect.render.report.html import (
    Html,
    bullets,
    cell,
    code,
    first_bullets,
    interval,
    named,
    number,
    table,
)
from hotmess_inspect.render.report.reading import Links, reading_list
from hotmess_inspect.render.report.sections import allowance_section, comparison_section, length_section
from hotmess_inspect.render.report.style import STYLE
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.divergence import GroupDivergence
from hotmess_inspect.results.paths import TestNames
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.results.study import StudyOptions, Waits, study
from hotmess_inspect.results.variants import VariantNames, letter, settings_text
from hotmess_inspect.results.verdict import (
    TESTS,
    about_kl,
    as_sentence,
    by_loss,
    concerning,
    general_steps,
    leading_results,
    reading,
    verdict,
)
from hotmess_inspect.results.warnings import ItemCounts, count_warnings
from hotmess_inspect.schema import Problem
from hotmess_inspect.words import FirstMentions, counted, listed

# No script can run, nothing can be fetched: whatever a log holds, the page only shows it.
_FILES, _FEW_GROUPS = 50, 6
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
    tests: TestNames | None = None,
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
        tests: Names of unit tests, where transcripts were read.
        overwrite: Whether to replace a file that is no HTML page.

    Returns:
        All problems, those of reading and those of the analysis.

    Raises:
        Refused: If the file is one of the inputs, or holds something else than a page.
    """
    text, problems = report_html(inputs, options or ReportOptions(), steps, waits, tests)
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
    tests: TestNames | None = None,
) -> tuple[str, list[Problem]]:
    """The page as text, and all problems; with the account by step of groups whose transcripts were read."""
    results, found = analyze(inputs.outcomes, options.analysis)
    problems = [*inputs.problems, *found]
    links = Links(options.viewer, inputs.logs)
    names = list(dict.fromkeys(label_of(r, results) for r in results))
    # With one group there is nothing to tell apart.
    letters = {name: letter(place) if len(names) > 1 else "" for place, name in enumerate(names)}
    listed, places = reading_list(_first_losses(results), links, options.questions, tests or {})
    counted_first = {id(r) for r in _first_losses(results)}
    verdicts, said = _verdicts(results, problems, letters, places)
    compared = comparison_section(results, letters)
    body = [
        f"<h1>{escaped(options.title)}</h1>",
        _lead(inputs, results),
        verdicts,
        _headline(results, letters, compared=bool(compared)),
        bullets(VariantNames(results).key),
        _warnings(results, problems, letters, said),
        *(
            _loss_section(loss, estimator, own, [label_of(r, results) for r in own], letters, counted_first)
            for (loss, estimator), own in by_loss(results)
        ),
        _study_section(results, options, waits, problems, letters),
        compared,
        length_section(results, letters),
        _reliability_section(results, letters),
        allowance_section(results, letters),
        divergence_section(steps, links, min(options.questions, STEP_QUESTIONS)),
        listed,
        _coverage(results, letters),
        _sources(inputs),
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


def _verdicts(
    results: Sequence[GroupResult],
    problems: Sequence[Problem],
    letters: Mapping[str, str],
    places: Mapping[int, tuple[str, str]],
) -> tuple[str, set[str]]:
    """The finding in words, per task and model, before any table; and the cautions that it said.

    A caution that several groups share is said once. Of more than three groups is said in which of them bias
    or variance makes the larger part, and what to do next; their numbers are left to the table.
    """
    leading = leading_results(results)
    found = [(label_of(r, results), verdict(r, problems, results)) for r in leading]
    firsts = [places.get(id(r.group), ("", "")) for r in leading]
    several, many = len(found) > 1, len(found) > 3
    about: dict[str, list[str]] = defaultdict(list)
    for name, said in found:
        for sentence in said.cautions:
            about[sentence].append(letters[name])
    mentions = FirstMentions({letters[name]: name * many for name, _ in found})
    steps: dict[str, list[str]] = defaultdict(list)
    parts = []
    if many:
        alike: dict[str, list[str]] = defaultdict(list)
        for result, (name, said) in zip(leading, found, strict=True):
            alike[as_sentence(reading(result) or said.finding)].append(letters[name])
            for sentence in general_steps(result, leading):
                steps[sentence].append(letters[name])
        lines = (
            f"<li><b>{escaped(mentions.of(names, 'All'))}:</b> {code(text)}</li>"
            for text, names in alike.items()
        )
        parts = [f"<section class=verdict><ul class=finding>{''.join(lines)}</ul></section>"]
    for (name, said), first in [] if many else zip(found, firsts, strict=True):
        own = "" if several else _steps("Caution", said.cautions)
        heading = f"<h2>{named(name, letters)}</h2>" if several else ""
        parts.append(
            f"<section class=verdict>{heading}<p>{code(said.measured)}</p>"
            f"<p class=finding>{code(said.finding)}</p><ul>{own}{_linked(_steps('Next', said.next_steps), *first)}</ul></section>"
        )
    if many or (several and about):
        shared = [_steps(f"Caution ({mentions.of(names)})", [text]) for text, names in about.items()]
        shared += [_steps(f"Next ({mentions.of(names)})", [text]) for text, names in steps.items()]
        if any(name for name, _ in firsts) and many:
            shared.append(
                '<li><b>Next:</b> Read the epochs of the <a href="#read-first">questions that vary most</a>.</li>'
            )
        parts.append(f"<section class=verdict><ul>{''.join(shared)}</ul></section>")
    return "\n".join(parts), set(about)


def _linked(text: str, name: str, anchor: str) -> str:
    """A question's name in a text as a link to its epochs."""
    return text.replace(name, f'<a href="#{anchor}">{name}</a>', 1) if name else text


def _steps(kind: str, sentences: Iterable[str]) -> str:
    return "".join(f"<li><b>{escaped(kind)}:</b> {code(sentence)}</li>" for sentence in sentences)


def _lead(inputs: Inputs, results: Sequence[GroupResult]) -> str:
    groups = len({id(r.group) for r in results})
    measures = " (one for each measure)" if groups > len(leading_results(results)) else ""
    return (
        f"<p class=lead>{counted(inputs.files, 'file')}, {counted(len(inputs.outcomes), 'epoch')}, {counted(groups, 'group')}{measures}. "
        "A model that fails the same way every time has bias; one that fails differently every time has variance. "
        "<b>Incoherence</b> is the share of its error that is variance: Σ variance / Σ error over questions, from 0 "
        "(all bias) to 1 (all variance).</p>"
    )


_COLUMNS = ("task", "loss", "estimator", "questions", "epochs")


def _headline(results: Sequence[GroupResult], letters: Mapping[str, str], *, compared: bool) -> str:
    """The table of numbers; what is the same in all rows stands in the line above it."""
    columns = [
        [r.group.task or "–", r.decomposition.loss, r.decomposition.estimator,
         str(int((r.decomposition.epochs > 0).sum())), _of(r)]
        for r in results
    ]  # fmt: skip
    differing = [place for place in range(len(_COLUMNS)) if len({row[place] for row in columns}) > 1]
    if len({label_of(r, results) for r in results}) > len(
        {(r.group.model, r.group.measure) for r in results}
    ):
        differing = [place for place in differing if place]  # the groups' names hold the task already
    rows = [
        [
            named(label_of(r, results), letters), *(row[place] for place in differing), number(r.accuracy),
            interval(r.intervals.accuracy), number(r.decomposition.mean("error")), number(r.decomposition.mean("bias_squared")),
            number(r.decomposition.mean("variance")), number(r.decomposition.incoherence, 3),
            interval(r.incoherence_ci),
        ]
        for r, row in zip(results, columns, strict=True)
    ]  # fmt: skip
    names = ["group", *(_COLUMNS[place] for place in differing)]
    names += ["accuracy", "95 % interval", "error", "bias²", "variance", "incoherence", "95 % interval"]
    texts = 1 + sum(_COLUMNS[place] in ("task", "loss", "estimator") for place in differing)
    same = ", ".join(
        f"{_COLUMNS[place]} {columns[0][place]}"
        for place in range(len(_COLUMNS))
        if columns and len({row[place] for row in columns}) == 1
    )
    where = "with <code>hotmess compare</code>"
    if compared:
        where = f'<a href="#side-by-side">side by side</a> below, or {where}'
    note = f"Error = bias² + variance, each a mean over questions, in the unit of the loss; intervals are those of the column before them. Accuracy is built into incoherence: it ranks no models of different accuracy. Compare their bias² and variance, {where}."
    leading = {id(r) for _, own in by_loss(results) for r in leading_results(own)}
    quiet = {place for place, r in enumerate(results) if id(r) not in leading}
    measures = [m for m in TESTS if any(r.group.measure == m for r in results)]
    if len(measures) > 1:
        note += " Error of " + "; ".join(f"<b>{m}</b>: {TESTS[m]}" for m in measures) + "."
    note = " ".join(filter(None, [note, escaped(about_kl(results))]))
    return (
        f"<h2>Headline</h2>{f'<p>All rows: {escaped(same)}.</p>' if same else ''}"
        + table(names, rows, text_columns=texts, quiet=quiet)
        + f"<p>{note}</p>"
        + _single_notes(results)
    )


def _single_notes(results: Sequence[GroupResult]) -> str:
    notes = [
        f"{label_of(r, results)} ({r.decomposition.loss}): incoherence {r.decomposition.incoherence_note}"
        for r in results
        if r.decomposition.incoherence_note
    ]
    return bullets(notes)


def _warnings(
    results: Sequence[GroupResult], problems: Sequence[Problem], letters: Mapping[str, str], already: set[str]
) -> str:
    # One bullet per sentence, with all that it is said of; nothing that stands with the verdicts.
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for problem in concerning(problems, results):
        if as_sentence(problem.message) not in already:
            said[f"{problem.level}: ", problem.message].append(problem.input)
    for result in {id(r.group): r for r in results}.values():
        name = label_of(result, results)
        for text in count_warnings(item_counts(result)):
            few = text.partition(" ha")[0] + " " if text.startswith("Only ") else text
            if not any(one.startswith(few) for one in already):  # that so few err is a caution of the finding
                said["", text].append(letters[name] or name)
    tested = [
        (r, r.lengths.overthinking)
        for r in results
        if r.lengths is not None and not r.lengths.overthinking.note and r.lengths.overthinking.p_value <= 1
    ]
    leading = {id(r) for r in leading_results(results)}
    corrected = holm([split.p_value for _, split in tested])
    for (result, split), p_value in zip(tested, corrected.tolist(), strict=True):
        if id(result) not in leading or not p_value < 0.05:
            continue
        text = (
            f"the {'longer' if split.difference > 0 else 'shorter'} half of a question's epochs is the less coherent "
            f"(incoherence of the shorter {split.below:.2f}, of the longer {split.above:.2f}; p = {p_value:.2g}"
            f"{f' after the correction by Holm for {len(tested)} such tests' if len(tested) > 1 else ''})"
        )
        name = label_of(result, results)
        said["note: ", text].append(letters[name] or name)
    lines = [code(f"{level}{listed(names, _FILES)}: {text}") for (level, text), names in said.items()]
    return f"<h2>Before you read on</h2>{first_bullets(lines)}" if said else ""


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


def _loss_section(
    loss: str,
    estimator: str,
    results: Sequence[GroupResult],
    names: Sequence[str],
    letters: Mapping[str, str],
    counted_first: Collection[int],
) -> str:
    """The figures of one loss: of the measure that the finding speaks of, and of all measures on request."""
    leading = leading_results(results)
    place = [at for at, result in enumerate(results) if any(result is one for one in leading)]
    first = [names[at] for at in place]
    shown = _loss_figures([results[at] for at in place], first, letters, f"{loss}-{estimator}", counted_first)
    if not shown:
        return ""
    lettered = "".join(f"<li>{named(name, letters)}</li>" for name in names if letters[name])
    key = f"<ul class=key>{lettered}</ul>" if lettered else ""
    if len(first) < len(results):
        drawn = _among(letters, first)
        key += f"<p>The figures draw the measure that the finding speaks of{drawn}; all measures unfold below them.</p>"
        every = _loss_figures(results, names, letters, f"{loss}-{estimator}-all", counted_first)
        shown += f"<details><summary>The same figures with all measures</summary>{every}</details>"
    return f"<h2>{escaped(_LOSSES.get(loss, loss))}, {escaped(estimator)} estimator</h2>\n{key}{shown}"


def _loss_figures(
    results: Sequence[GroupResult],
    names: Sequence[str],
    letters: Mapping[str, str],
    prefix: str,
    counted_first: Collection[int],
) -> str:
    shown, among = [letters[name] or name for name in names], _shown(letters)
    # Shares of right epochs are the same in every loss: they are drawn with each group's first.
    fresh = [(r, label) for r, label in zip(results, shown, strict=True) if id(r) in counted_first]
    first, labels = [r for r, _ in fresh], [label for _, label in fresh]
    drawn = [
        figures.plane_drawing(results, shown, among),
        figures.length_drawing(results, shown, among),
        figures.overthinking_drawing(results, shown),
        figures.ensembling_drawing(results, shown, among),
        figures.distribution_drawing(first, labels, [question_numbers(r) for r in first], among),
    ]
    made = [_figure(one.figure(), prefix, dict(zip(shown, names, strict=True))) for one in drawn if one]
    return f"<div class=figures>{''.join(made)}</div>" if made else ""


def _shown(letters: Mapping[str, str]) -> list[str]:
    """What stands for each group of the page in its drawings, in the order that gives each a colour."""
    return [mark or name for name, mark in letters.items()]


_LOSSES = {
    "brier": "Brier score (0: right and certain, 2: wrong and certain)",
    "kl": "Negative log-probability of the right answer, in nats (kl)",
    "squared": "Squared distance from the best score (squared)",
    "zero_one": "Wrong or right by the most frequent answer (zero_one)",
}


def _study_section(
    results: Sequence[GroupResult],
    options: ReportOptions,
    waits: Waits | None,
    problems: list[Problem],
    letters: Mapping[str, str],
) -> str:
    """The paper's analyses across groups, a figure each with its table and sentences."""
    found, odd = study(results, options.study, waits)
    problems += odd
    longest = sorted(letters, key=len, reverse=True)
    leading = {label_of(r, results) for r in leading_results(results)}

    def short(text: str) -> str:
        for name in longest:
            text = text.replace(name, letters[name] or name)
        return text

    # Of many groups only the first loss; the data hold all.
    others = [loss for (loss, _), _ in by_loss(results)[1:]] if len(leading) > _FEW_GROUPS else []

    def drawn(group: str) -> bool:
        known = next((name in leading for name in longest if name in group), True)
        return known and not any(group.startswith(f"{o}, ") or group.endswith(f", {o}") for o in others)

    shown, flat, words = [], [], []
    for one in found:
        values = {row[one.y] for row in one.rows if row[one.y] is not None}
        if values == {0}:
            flat.append(f"{one.title}: {one.y.replace('_', ' ')} is 0 throughout.")
        elif values:
            figure = figures.finding_drawing(one, short, drawn, list(letters)).figure()
            shown.append(_figure(figure, "study"))
            if one.said:
                said = first_bullets([*dict.fromkeys(map(short, one.said))])
                words.append(f"<div><h3>{escaped(one.title)}</h3>{said}</div>")
    if not shown and not flat:
        return ""
    rest = ""
    if len(leading) < len(letters):
        rest = f"<p>The figures draw that measure{_among(letters, leading)}; their data hold all.</p>"
    elif others:
        rest = f"<p>The figures draw the first loss ({escaped(by_loss(results)[0][0][0])}); their data hold all.</p>"
    return (
        f"<h2>Across models, settings and epochs</h2>\n{rest}<div class=figures>{''.join(shown)}</div>"
        + (f"<div class=words>{''.join(words)}</div>" if words else "")
        + bullets(flat)
    )


def _among(letters: Mapping[str, str], names: Iterable[str]) -> Html:
    """The letters of some groups, in brackets."""
    return Html(f" (<b>{', '.join(sorted(letters[name] for name in names))}</b>)")


def _figure(figure: figures.Figure, prefix: str, key: Mapping[str, str] = MappingProxyType({})) -> str:
    name = f"{prefix}-{figure.name}"
    # The data name the groups, whatever letters the drawing has.
    figure = replace(
        figure,
        rows=[
            {name: key.get(value, value) if name == "group" else value for name, value in row.items()}
            for row in figure.rows
        ],
    )
    links = " ".join(
        f'<a download="{escaped(name)}.{form}" href="{figure.data_uri(form)}">{form.upper()}</a>'
        for form in ("svg", "png", "csv")
    )
    columns = list(figure.rows[0])
    cells = [[cell(value) for value in row.values()] for row in figure.rows]
    return (
        f'<figure id="{escaped(name)}"><h3>{escaped(figure.title)}</h3>{figure.inline_svg(escaped(name))}'
        f"<figcaption>{escaped(figure.caption)} <span class=links>{links}</span></figcaption>"
        f"<details><summary>Data</summary>{table(columns, cells, text_columns=1, stacks=False)}</details></figure>"
    )


def _reliability_section(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """pass^k, shares of the spread and the noise floor, once per group: no loss is in them."""
    own = [r for r in _first_losses(results) if r.reliability is not None]
    if not own:
        return ""
    labels = [label_of(r, results) for r in own]
    shown_as = [letters[label] or label for label in labels]
    drawn = figures.reliability_drawing(own, shown_as, _shown(letters))
    key = dict(zip(shown_as, labels, strict=True))
    shown = f"<div class=figures>{_figure(drawn.figure(), 'epochs', key)}</div>" if drawn else ""
    said = []
    for r, label in zip(own, labels, strict=True):
        name, text = named(label, letters), bullets(r.reliability.sentences() if r.reliability else [])
        folded = f"<details class=rest><summary>{name}</summary>{text}</details>"
        said.append(folded if len(own) > _FEW_GROUPS else f"<h3>{name}</h3>{text}" if len(own) > 1 else text)
    return f"<h2>Reliability of single epochs</h2>\n{shown}\n" + "\n".join(said)


def _first_losses(results: Sequence[GroupResult]) -> list[GroupResult]:
    """Every group once, with its headline loss."""
    first: dict[int, GroupResult] = {}
    for result in results:
        first.setdefault(id(result.group), result)
    return list(first.values())


def _coverage(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    own = _first_losses(results)
    if not own:
        return ""
    names = list(own[0].counts)
    labels = [label_of(r, results) for r in own]
    rows = [
        [letters[n] or n, *(f"{r.counts[name]:,}" for name in names)]
        for n, r in zip(labels, own, strict=True)
    ]
    return (
        "<h2>Coverage</h2><p>How many epochs were planned and scored, and what is missing or odd among them.</p>"
        + table(["group", *(n.replace("_", " ") for n in names)], rows, text_columns=1)
    )


def _sources(inputs: Inputs) -> str:
    """What was read: logs with their dates and settings, and other files."""
    logs = {log.path: log for log in inputs.logs}
    rows = []
    for path in dict.fromkeys([*logs, *(one.path for one in inputs.account.files)]):
        log = logs.get(path)
        settings = settings_text(json.loads(log.settings)) if log else ""
        cells = (
            [log.task, log.model, log.created[:16].replace("T", " "), settings or "–"] if log else ["–"] * 4
        )
        rows.append([path.replace("\\", "/").rsplit("/", 1)[-1], *cells])
    if not rows:
        return ""
    names = ["file", "task", "model", "made", "settings"]
    return (
        "<h2>What was read</h2>"
        + table(names, rows[:_FILES], text_columns=5)
        + (f"<p>and {counted(len(rows) - _FILES, 'other file')}.</p>" if len(rows) > _FILES else "")
    )


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
