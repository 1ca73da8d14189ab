"""The text tables of `hotmess analyze`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hotmess_inspect.analyses.grader import GraderNoise
from hotmess_inspect.analyses.lengths import LengthTrend, Slope
from hotmess_inspect.analyses.overthinking import Overthinking
from hotmess_inspect.render.console import cell, console, print_nothing, print_problems, print_table
from hotmess_inspect.render.text import plain
from hotmess_inspect.results.analyze import GroupResult, group_name
from hotmess_inspect.results.guards import Guards
from hotmess_inspect.results.labels import label_of
from hotmess_inspect.results.lengths import LengthFindings
from hotmess_inspect.results.variants import VariantNames, letter
from hotmess_inspect.results.verdict import (
    Verdict,
    about_kl,
    as_sentence,
    concerning,
    error_in_words,
    general_steps,
    leading_results,
    reading,
    verdict,
)
from hotmess_inspect.schema import Problem
from hotmess_inspect.words import FirstMentions, counted

_FEW = 3
"""Up to so many runs have their next steps, slopes and noise floors printed without being asked for."""
_WIDE = 104
"""Columns of a window that the whole table fits."""


def print_analysis(
    results: Sequence[GroupResult],
    problems: Sequence[Problem],
    *,
    details: bool = False,
    lengths: bool = False,
) -> None:
    """Print the finding in words and one compact table per run; more on request.

    Args:
        results: What the analysis found.
        problems: What it complained of.
        details: Whether every measure, loss, guard and table of lengths is printed.
        lengths: Whether the tables of lengths are printed.
    """
    out = console()
    if not results:
        print_nothing(problems, out)
    variants = VariantNames(results)
    runs = _by_run(results)
    if len(runs) > 1 and not details:
        _print_runs(out, runs, problems, variants, lengths)
    else:
        for members in runs:
            _print_run(out, members, problems, variants, details=details, lengths=lengths)
    if results and details:
        out.print(
            cell(
                "error = bias² + variance, means over questions; incoherence = Σ variance / Σ error; "
                "`hotmess glossary WORD` explains other words",
                "dim",
            )
        )
    shown = [r for own in runs for r in own] if details or any(map(_several_losses, runs)) else []
    for line in [*filter(None, [about_kl(shown)]), *variants.key]:
        out.print(cell(line, "dim"))
    said = {
        sentence for members in runs for sentence in verdict(leading_results(members)[0], problems).cautions
    }
    print_problems([p for p in concerning(problems, results) if as_sentence(p.message) not in said], out)


def _print_run(
    out: Console,
    members: Sequence[GroupResult],
    problems: Sequence[Problem],
    variants: VariantNames,
    *,
    details: bool,
    lengths: bool,
) -> None:
    """One run: its finding, its table, and the rest as far as it is asked for."""
    leading = leading_results(members)
    for result in leading[:1] if not details else leading:
        print_verdict(out, verdict(result, problems, members))
    shown = members if details or _several_losses(members) else leading
    print_table(out, _headline(shown, _title(shown[0], variants), out.width))
    for name, listed in _counts(shown):
        out.print(cell(f"{name}: {listed}", "dim"))
    if members[0].intervals.rests_on_more_than_questions:
        out.print(cell(members[0].intervals.speaks_of, "dim"))
    if details:
        for result in members:
            if result.guards is not None:
                _print_guards(out, result, result.guards)
            if result.grader is not None:
                _print_grader(out, result, result.grader)
        for result in [*{id(r.questions): r for r in reversed(members)}.values()][::-1]:
            _print_reliability(out, result)
            _print_spread(out, result)
    # Lengths of the first measure of each scorer; the others stand in the JSON.
    for result in leading:
        if result.lengths is None:
            continue
        if details or lengths:
            _print_lengths(out, result, result.lengths)
        else:
            _print_length_finding(out, result.lengths)
    if not details:
        _print_noise_floor(out, leading[0])
        _print_left(out, len(members) - len(shown))


def _print_runs(
    out: Console,
    runs: Sequence[Sequence[GroupResult]],
    problems: Sequence[Problem],
    variants: VariantNames,
    lengths: bool,
) -> None:
    """Several runs: a finding each under a letter, what may mislead in all of them once, and one table.

    Of more than three runs is said in which of them bias or variance makes the larger part; their numbers are left
    to the table.
    """
    letters = [letter(place) for place in range(len(runs))]
    leading = [leading_results(members) for members in runs]
    findings = [verdict(first[0], problems, own) for own, first in zip(runs, leading, strict=True)]
    every = [first for first, *_ in leading]
    names_of = [label_of(first, every) if len(runs) > _FEW else "" for first in every]
    mentions = FirstMentions(dict(zip(letters, names_of, strict=True)))
    about: dict[str, list[str]] = {}
    steps: dict[str, list[str]] = {}
    errors: dict[str, list[str]] = {}
    alike: dict[str, list[str]] = {}
    for name, said, (first, *_) in zip(letters, findings, leading, strict=True):
        if len(runs) <= _FEW:
            out.print(cell(f"{name}  {said.measured}"))
            out.print(cell(said.finding, "bold"))
            for sentence in said.next_steps:
                out.print(cell(f"Next: {sentence}"))
        else:
            errors.setdefault(error_in_words(first), []).append(name)
            alike.setdefault(as_sentence(reading(first) or said.finding), []).append(name)
            for sentence in general_steps(first, every):
                steps.setdefault(sentence, []).append(name)
        for sentence in said.cautions:
            about.setdefault(sentence, []).append(name)

    for what, names in errors.items():
        out.print(cell(f"Error ({mentions.of(names)}): {what}."))
    for sentence, names in alike.items():
        out.print(cell(f"{mentions.of(names, 'All')}: {sentence}", "bold"))
    for sentence, names in about.items():
        out.print(cell(f"Caution ({mentions.of(names)}): {sentence}", "yellow"))
    for sentence, names in steps.items():
        out.print(cell(f"Next ({mentions.of(names)}): {sentence}"))
    if len(runs) > _FEW:
        out.print(cell("Next: `hotmess report` shows them side by side, and which questions to read."))
    shown = [own if _several_losses(own) else first for own, first in zip(runs, leading, strict=True)]
    marks = [name for name, results in zip(letters, shown, strict=True) for _ in results]
    print_table(out, _headline([r for results in shown for r in results], "", out.width, marks))
    for name, results in zip(letters, shown, strict=True):
        odd = [f"; {listed}" for _, listed in _counts(results[:1])] if len(runs) > _FEW else []
        out.print(cell(f"{name}  {_title(results[0], variants)}{''.join(odd)}", "dim"))
        for _, listed in _counts(results[len(odd) :]):
            out.print(cell(f"{name}: {listed}", "dim"))
        if results[0].intervals.rests_on_more_than_questions:
            out.print(cell(results[0].intervals.speaks_of, "dim"))
        for result in results[:1]:
            if result.lengths is not None and lengths:
                _print_lengths(out, result, result.lengths)
            elif result.lengths is not None and len(runs) <= _FEW:
                _print_length_finding(out, result.lengths)
        if len(runs) <= _FEW:
            _print_noise_floor(out, results[0])
    _print_left(out, sum(map(len, runs)) - len(marks))


def _print_left(out: Console, rows: int) -> None:
    if rows:
        out.print(
            cell(
                f"--details shows {counted(rows, 'more row')}, lengths, and what accuracy alone allows", "dim"
            )
        )


def print_verdict(out: Console, said: Verdict) -> None:
    """The finding in words, before any table."""
    if said.measured:
        out.print(cell(said.measured))
    out.print(cell(said.finding, "bold"))
    for sentence in said.cautions:
        out.print(cell(f"Caution: {sentence}", "yellow"))
    for sentence in said.next_steps:
        out.print(cell(f"Next: {sentence}"))


def _print_length_finding(out: Console, found: LengthFindings) -> None:
    """One line where lengths say something: a slope whose interval leaves out 0."""
    trend = found.trend
    low, high = trend.slope_ci
    if not trend.fit.note and not math.isnan(low) and (low > 0 or high < 0):
        _print_slope(out, trend)


def _several_losses(members: Sequence[GroupResult]) -> bool:
    """Whether the losses were asked for, so that each is shown."""
    return bool(members[0].options.losses)


def _by_run(results: Sequence[GroupResult]) -> list[list[GroupResult]]:
    """The results of one task and model under one setting stand in one table."""
    runs: dict[tuple[str | None, ...], list[GroupResult]] = {}
    for result in results:
        key = (result.group.task, result.group.model, str(sorted(result.variant.items())))
        runs.setdefault(key, []).append(result)
    return list(runs.values())


def _title(lead: GroupResult, variants: VariantNames) -> str:
    """A run's task, model and settings, and how much there is of it."""
    questions = int((lead.decomposition.epochs > 0).sum())
    scored, planned = lead.counts["epochs_scored"], lead.counts["epochs_planned"]
    epochs = counted(scored, "epoch") if scored == planned else f"{scored:,} of {counted(planned, 'epoch')}"
    parts = (
        lead.group.task,
        lead.group.model,
        variants.of(lead),
        f"{counted(questions, 'question')}, {epochs}",
    )
    return " · ".join(part for part in parts if part)


_TEXTS = ("what", "loss", "estimator")
_NUMBERS = ("accuracy", "error", "bias²", "variance", "incoherence", "95 % interval")


def _headline(members: Sequence[GroupResult], title: str, width: int, marks: Sequence[str] = ()) -> Table:
    """A row per result. Where the window is narrow, words that all rows share stand in the title."""
    rows = [_headline_cells(result) for result in members]
    said = [place for place in range(3) if any(row[place] != "–" for row in rows)]
    texts = [_TEXTS[place] for place in said]
    narrow = width < _WIDE + (4 if marks else 0)
    if narrow:
        same = [place for place in range(3) if len({row[place] for row in rows}) == 1]
        title = "\n".join(
            part
            for part in (title, ", ".join(rows[0][place] for place in same if rows[0][place] != "–"))
            if part
        )
        kept = [place for place in said if place not in same]
        texts = ["what"] if kept else []
        rows = [
            [
                *([" ".join(row[place] for place in kept)] if kept else []),
                *row[3:8],
                row[8].replace(" … ", "…"),
            ]
            for row in rows
        ]
    else:
        rows = [[*(row[place] for place in said), *row[3:]] for row in rows]
    table = Table(
        title="\n".join(map(plain, title.split("\n"))) or None,
        title_justify="left",
        box=SIMPLE_HEAD if narrow else HEAVY_HEAD,
    )
    for name in ["", *texts] if marks else texts:
        table.add_column(
            name, overflow="fold", min_width=min(8, len(name)) if not narrow else 1 if not name else 8
        )
    for name in _NUMBERS:
        table.add_column(
            name,
            justify="right",
            no_wrap=not narrow,
            min_width=max(len(name.split()[-1]), 6) if narrow else None,
        )
    for place, row in enumerate(rows):
        table.add_row(*map(cell, [marks[place], *row] if marks else row))
    return table


def _headline_cells(result: GroupResult) -> list[str]:
    d = result.decomposition
    low, high = result.incoherence_ci
    return [
        result.group.measure or result.group.scorer or "–",
        d.loss,
        d.estimator,
        number(result.accuracy),
        number(d.mean("error")),
        number(d.mean("bias_squared")),
        number(d.mean("variance")),
        number(d.incoherence),
        "–" if math.isnan(low) else f"{low:.3f} … {high:.3f}",
    ]


def _counts(results: Sequence[GroupResult]) -> Iterator[tuple[str, str]]:
    """What is missing or odd among the epochs, by name of each group that has any of it."""
    for result in {id(r.group): r for r in results}.values():
        counts = {
            k: v for k, v in result.counts.items() if v and k not in ("epochs_planned", "epochs_scored")
        }
        if result.decomposition.zero_error_questions:
            error_free = result.decomposition.zero_error_questions
            counts["question without error" if error_free == 1 else "questions without error"] = error_free
        if counts:
            listed = ", ".join(f"{value} {key}" for key, value in counts.items())
            yield group_name(result.group), listed


def _print_grader(out: Console, result: GroupResult, noise: GraderNoise) -> None:
    """How the variance parts where the same patches or completions were graded again."""
    ends = result.grader_intervals

    def shown(value: float, name: str) -> str:
        low, high = ends[name]
        return number(value) + ("" if math.isnan(low) else f" [{low:.4f} … {high:.4f}]")

    out.print(
        cell(
            f"{result.group.measure or result.group.scorer or 'score'}: variance "
            f"{shown(noise.mean('grader_variance'), 'grader_variance')} is the grader's, "
            f"{shown(noise.mean('model_variance'), 'model_variance')} the model's; incoherence of the expected verdict "
            f"{shown(noise.incoherence_of_expected_verdict, 'incoherence_of_expected_verdict')} "
            f"({counted(int(noise.epochs.sum()), 'epoch')} graded more than once)",
            "dim",
        )
    )


def _print_guards(out: Console, result: GroupResult, found: Guards) -> None:
    """Where the incoherence stands in the range that the accuracy leaves to it, and how failures come about."""
    matched, failures = found.matched, found.failures
    if not matched.note:
        low, high = matched.excess.interval
        interval = "" if math.isnan(low) else f" [{low:+z.3f} … {high:+z.3f}]"
        out.print(
            cell(
                f"{result.decomposition.loss}: at this accuracy the incoherence could lie between {number(matched.low.value)} "
                f"(wrong answers to a question all alike) and {number(matched.high.value)} (spread evenly); "
                f"{matched.excess.value:+z.3f}{interval} above the lower end",
                "dim",
            )
        )
    shares = (
        ("always right", failures.always_right),
        ("sometimes", failures.sometimes_right),
        ("never right", failures.always_wrong),
        ("the same wrong answer in every epoch", failures.unanimous_failures),
    )
    listed = ", ".join(f"{share.value:.1%} {name}" for name, share in shares if not math.isnan(share.value))
    if listed:
        out.print(cell(f"questions: {listed}", "dim"))


def _print_reliability(out: Console, result: GroupResult) -> None:
    """What repeated epochs say about the reliability of single ones, once per measure."""
    if result.reliability is None:
        return
    if result.group.measure:
        out.print(cell(f"{result.group.measure}:", "dim"))
    for sentence in result.reliability.sentences():
        out.print(cell(sentence, "dim"))


def _print_noise_floor(out: Console, result: GroupResult) -> None:
    """What every comparison of two accuracies has to exceed."""
    sentence = result.reliability.noise_floor_sentence() if result.reliability is not None else ""
    if sentence:
        out.print(cell(sentence, "dim"))


def _print_spread(out: Console, result: GroupResult) -> None:
    """How far answers agree, and what single epochs are unsure of."""
    if result.spread is not None:
        for sentence in result.spread.sentences():
            out.print(cell(sentence, "dim"))


def _print_lengths(out: Console, result: GroupResult, lengths: LengthFindings) -> None:
    measure = result.group.measure or result.group.scorer or "–"
    name = f"{measure} by {result.length}, {result.decomposition.loss} {result.decomposition.estimator}"
    table = Table(title=plain(name), title_justify="left")
    for column in (
        "length",
        "questions",
        "accuracy",
        "error",
        "bias²",
        "variance",
        "incoherence",
        "95 % interval",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for b in lengths.trend.buckets:
        interval = (
            "–"
            if math.isnan(b.incoherence_ci.low)
            else f"{b.incoherence_ci.low:.3f} … {b.incoherence_ci.high:.3f}"
        )
        numbers = map(number, (b.accuracy, b.error, b.bias_squared, b.variance, b.incoherence))
        table.add_row(f"{b.length:.1f}", str(b.questions), *numbers, interval)
    print_table(out, table)
    if lengths.trend.tied_questions:
        out.print(
            cell(
                f"{counted(lengths.trend.tied_questions, 'question', 'has', 'have')} the length of questions in another bucket, and belong "
                "to both in part",
                "dim",
            )
        )
    _print_slope(out, lengths.trend)
    _print_overthinking(out, lengths.overthinking, lengths.censored)
    if lengths.uncensored:
        share = lengths.censored / lengths.epochs
        out.print(
            f"without the {counted(lengths.censored, 'epoch')} ({share:.0%}) ended by a limit or cut off:"
        )
        _print_slope(out, lengths.uncensored[0])
        _print_overthinking(out, lengths.uncensored[1])


def _print_slope(out: Console, trend: LengthTrend) -> None:
    """The slope, and beside it what difficulty alone does not explain."""
    name = "slope of log incoherence against log length"
    if trend.fit.note:
        out.print(cell(f"{name}: {trend.fit.note}", "dim"))
        return
    out.print(f"{name}: {_exponent(Slope(trend.fit, trend.slope_ci, trend.effective_questions))}")
    if trend.excess is None or trend.position is None:
        return
    if trend.excess.fit.note and trend.position.fit.note:
        text = "accuracy fixes the incoherence of these questions: this slope is that of their difficulty"
        out.print(cell(text, "dim"))
        return
    excess, position = (slope.fit.note or _exponent(slope) for slope in (trend.excess, trend.position))
    out.print(
        f"beside difficulty, which makes a slope by itself: excess over the lower end at equal accuracy {excess}; "
        f"position in the range {position}"
    )


def _exponent(slope: Slope) -> str:
    """An exponent with its interval and what it rests on."""
    fit, (low, high) = slope.fit, slope.interval
    interval = f" [{low:.3f} … {high:.3f}]"
    if math.isnan(low):
        carried = slope.effective_questions
        reason = "no question moves it" if math.isnan(carried) else f"{carried:.1f} effective questions"
        interval = f" (no interval: {reason})"
    zeros = f", {fit.zeros} of them at 0" if fit.zeros else ""
    return f"{fit.exponent:.3f}{interval}, {fit.points} buckets{zeros}, R² {number(fit.r_squared)}"


def _print_overthinking(out: Console, split: Overthinking, censored: int = 0) -> None:
    if split.note:
        out.print(cell(f"shorter against longer epochs of the same question: {split.note}", "dim"))
        return
    low, high = split.difference_ci
    interval = "" if math.isnan(low) else f" [{low:+z.3f} … {high:+z.3f}]"
    p = "" if math.isnan(split.p_value) else f", p = {split.p_value:.3f}"
    out.print(
        f"shorter against longer epochs of the same question: {split.below:.3f} against {split.above:.3f}, "
        f"difference {split.difference:+z.3f}{interval}{p}"
    )
    if split.tied_questions:
        out.print(
            cell(
                f"in {counted(split.tied_questions, 'question')} epochs of equal length stand on both sides of the split: "
                "a mean over all ways to divide them",
                "dim",
            )
        )
    if p and censored:
        out.print(
            cell(
                f"p is about the lengths on record: {counted(censored, 'epoch', 'was', 'were')} ended by a limit, and where such epochs fail, "
                "length and outcome are related by that alone",
                "dim",
            )
        )


def number(value: float) -> str:
    """Four decimals without a minus before zero, a dash where undefined."""
    return f"{round(value, 4) + 0.0:.4f}" if math.isfinite(value) else "–"
