"""Sections of tables: comparisons, lengths, what accuracy allows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from hotmess_inspect.analyses.comparison import TEST
from hotmess_inspect.analyses.lengths import LengthTrend
from hotmess_inspect.analyses.overthinking import Overthinking
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report.html import (
    Html,
    bullets,
    code,
    first_bullets,
    interval,
    named,
    number,
    table,
)
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.compare import QUANTITIES, Contender, PairResult, Ranking, compare_all
from hotmess_inspect.results.comparison_verdict import least_in_words, pair_verdict
from hotmess_inspect.results.verdict import Verdict, by_loss, leading_results
from hotmess_inspect.schema import quantity_word
from hotmess_inspect.words import p_word

_FEW_PAIRS = 6
"""Pairs that are shown at once; more of them unfold."""


def comparison_section(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """Every group against every other of its task, question by question; three or more with letters first.

    Of up to three groups all measures and losses are compared, of more the measure of the finding and issues resolved.
    """
    runs = {(g.task, g.model, g.variant) for g in (r.group for r in results)}
    wanted, of = list(results), ""
    if len(runs) > 3:
        (loss, _), wanted = by_loss(results)[0]
        leading = {id(r) for r in leading_results(wanted)}
        wanted = [r for r in wanted if id(r) in leading or r.group.measure == "resolved"]
        of = (
            f" Compared by the first loss ({escaped(loss)}); <code>hotmess compare --loss</code> takes others."
            if len(by_loss(results)) > 1
            else ""
        )
    contenders = [Contender(_short(r, results, letters), r) for r in wanted]
    pairs, rankings, problems = compare_all(contenders, overthinking=False)
    said: dict[str, list[str]] = defaultdict(list)
    # The sentence above says of all that accuracies differ; which single p is near 0.05 decides nothing among many pairs.
    quiet = ("Accuracies reach", *(["divisions are drawn at random"] if len(pairs) > _FEW_PAIRS else []))
    for one in problems:
        if not one.message.startswith(quiet):
            said[one.message].append(one.input.partition(",")[0])
    notes = first_bullets([f"{'; '.join(dict.fromkeys(names))}: {text}" for text, names in said.items()])
    if not pairs:
        return f"<h2 id=side-by-side>Side by side</h2>{notes}" if notes else ""
    rows = [
        [
            f"{pair.first.name} − {pair.second.name}", pair.comparison.first.decomposition.loss,
            str(pair.comparison.questions), *(_difference(pair, quantity, bool(rankings)) for quantity in _COMPARED),
        ]
        for pair in pairs
    ]  # fmt: skip
    words = [quantity_word(quantity) for quantity in _COMPARED]
    every = table(["groups", "loss", "shared questions", *words], rows, text_columns=2)
    if len(pairs) > _FEW_PAIRS:
        summary = f"All {len(pairs)} pairs with their differences, intervals and p"
        every = f"<details><summary>{summary}</summary>{every}</details>"
    shared = (
        "<p>Groups that share a small letter in a column cannot be told apart there (5 % over all pairs, "
        "Holm's correction); that does not make them equal.</p>"
        if rankings
        else ""
    )
    first = {id(r) for r in leading_results(results)}
    verdicts = [pair_verdict(one) for one in pairs if id(one.comparison.first) in first]
    finding = ""
    if len(verdicts) <= _FEW_PAIRS:
        finding = bullets([_in_words(one) for one in verdicts])
    else:
        finding = bullets(
            [
                Html(f"{escaped(one.task + ': ' if one.task else '')}<b>{escaped(least_in_words(one))}</b>")
                for one in rankings
                if one.quantity == "error" and one.measure != "resolved"
            ]
        )
    corrected = " (in brackets after Holm, over all pairs of one measure and loss)" if rankings else ""
    return (
        f"<h2 id=side-by-side>Side by side</h2>{finding}<p>Every group against every other on the questions that both have, in pairs: what both "
        "share (some questions are hard) cancels. Where accuracies differ, so does the incoherence that they allow: look "
        f"at bias² and variance.{of}</p>{shared}{_letter_tables(rankings, results, letters)}{every}<p>Each cell: the first less the second, "
        f"its 95 % interval, and p{corrected}, of a {TEST}. The interval leaves out 0 where the uncorrected p is below 0.05 "
        f"and nowhere else.</p>{notes}"
    )


def _in_words(said: Verdict) -> Html:
    """What a pair's differences mean, the first sentence in bold, and what to do next."""
    first, stop, rest = said.finding.partition(". ")
    steps = " ".join(said.next_steps).replace("plan A B", "plan FIRST SECOND")
    return Html(f"<b>{escaped(first + stop)}</b>{code(f'{rest} {steps}')}")


_COMPARED = ("accuracy", *QUANTITIES)


def _letter_tables(
    rankings: Sequence[Ranking], results: Sequence[GroupResult], letters: Mapping[str, str]
) -> str:
    """A table per task, measure and loss: every group's values, with the letters of those it cannot be told from."""
    kinds: dict[str, dict[str, Ranking]] = defaultdict(dict)
    for one in rankings:
        kinds[" · ".join(part for part in (one.task, one.measure, one.loss) if part)][one.quantity] = one
    names = {letter: name for name, letter in letters.items()}
    parts = []
    for kind, own in kinds.items():
        shown = [quantity for quantity in _COMPARED if quantity in own]
        members = sorted({name for one in own.values() for name in one.values}, key=list(names).index)
        rows = [
            [named(names[name], letters), *(_lettered(own[quantity], name) for quantity in shown)]
            for name in members
        ]
        parts.append(
            f"<h3>{escaped(kind)}</h3>"
            + table(["group", *(quantity_word(quantity) for quantity in shown)], rows, text_columns=1)
        )
    return "".join(parts)


def _lettered(ranking: Ranking, name: str) -> Html:
    if name not in ranking.values:
        return Html("–")
    return Html(f"{number(ranking.values[name])} <b>{ranking.letters[name]}</b>")


def _difference(pair: PairResult, quantity: str, several: bool) -> str:
    d = pair.comparison.differences.get(quantity)
    if d is None or math.isnan(d.estimate):
        return "–"
    p = f"p {p_word(d.p_value)}" + (f" ({p_word(pair.holm[quantity])})" if several else "")
    return Html(f"{d.estimate:+z.3f}<br>[{interval((d.low, d.high), 3, '+')}]<br>{escaped(p)}")


def length_section(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """Slopes and shorter against longer epochs, with and without epochs that a limit ended."""
    slopes, splits = [], []
    for result in results:
        found = result.lengths
        if found is None:
            continue
        head = [
            _short(result, results, letters),
            result.decomposition.loss,
            (result.length or "").replace("_", " "),
        ]
        share = f"{found.censored / found.epochs:.0%}" if found.epochs else "–"
        slopes.append([*head, "all", share, *_slope(found.trend)])
        splits.append([*head, "all", *_split(found.overthinking)])
        if found.uncensored:
            trend, split = found.uncensored
            slopes.append([*head, "not ended by a limit", "0%", *_slope(trend)])
            splits.append([*head, "not ended by a limit", *_split(split)])
    if not slopes:
        return ""
    names = ["group", "loss", "length", "epochs"]
    beside = (
        ": beside it stand the slopes of what accuracy does not fix, the excess over the lower end at equal "
        "accuracy and the position in the range that accuracy allows"
    )
    slope = ["lower bounds", "slope", "95 % interval", "R²"]
    slope += ["slope of the excess", "95 % interval", "slope of the position", "95 % interval"]
    if all(row[-4:] == ["–"] * 4 for row in slopes):
        slope, slopes = slope[:-4], [row[:-4] for row in slopes]
        beside = ""
    split_names = ["shorter", "longer", "difference", "95 % interval", "p"]
    return (
        "<h2>Length</h2><p>Slope of log incoherence against log length over buckets of questions. "
        f"Difficulty makes a slope by itself{beside}. Where a "
        "limit or a cut ended an epoch, its length is a lower bound: slopes then err upward, and the line without "
        f"such epochs errs by its selection instead.</p>{table([*names, *slope], slopes, text_columns=4)}"
        "<p>The incoherence of the shorter and of the longer epochs of the same questions (natural overthinking):</p>"
        f"{table([*names, *split_names], splits, text_columns=4)}"
    )


def _short(result: GroupResult, results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """A group's letter, its name where it is the only one."""
    name = label_of(result, results)
    return letters[name] or name


def _slope(trend: LengthTrend) -> list[str]:
    beside = [
        part
        for slope in (trend.excess, trend.position)
        for part in (
            ["–", "–"] if slope is None else [number(slope.fit.exponent, 3), interval(slope.interval)]
        )
    ]
    return [number(trend.slope, 3), interval(trend.slope_ci), number(trend.fit.r_squared, 2), *beside]


def _split(split: Overthinking) -> list[str]:
    if split.note:
        return ["–"] * 5
    difference = f"{split.difference:+z.3f}"
    return [
        number(split.below, 3), number(split.above, 3), difference, interval(split.difference_ci, 3, "+"),
        number(split.p_value, 3),
    ]  # fmt: skip


def allowance_section(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """Where accuracy alone would put the incoherence, and how the failures divide."""
    rows = []
    for result in results:
        if result.guards is None:
            continue
        null, shares = result.guards.matched, result.guards.failures
        numbers = (
            null.low,
            null.observed,
            null.high,
            null.position,
            shares.always_right,
            shares.sometimes_right,
        )
        rest = (shares.always_wrong, shares.unanimous_failures, shares.modal_share)
        rows.append(
            [_short(result, results, letters), *(number(found.value, 3) for found in (*numbers, *rest))]
        )
    if not rows:
        return ""
    names = [
        "group",
        "all on one distractor",
        "observed",
        "spread evenly",
        "position",
        "always right",
        "sometimes",
    ]
    names += ["always wrong", "same wrong answer", "modal share"]
    return (
        "<h2>What accuracy alone allows</h2><p>Accuracy is built into incoherence. With the share of right epochs of "
        "every question as it is, incoherence could only lie between what it were with all wrong answers of a "
        "question on one distractor and what it were with them spread evenly over the other choices; the position says where.</p>"
        + table(names, rows, text_columns=1)
    )
