"""Sections of tables: comparisons, lengths, what accuracy allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hotmess_inspect.analyses.comparison import TEST
from hotmess_inspect.analyses.lengths import LengthTrend
from hotmess_inspect.analyses.overthinking import Overthinking
from hotmess_inspect.io.words import p_word
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report.html import Html, interval, number, table
from hotmess_inspect.render.text import escaped
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.compare import QUANTITIES, comparisons


def comparison_section(results: Sequence[GroupResult], letters: Mapping[str, str]) -> str:
    """Models, budgets and settings on one task, less the first of them, question by question."""
    found = comparisons(results)
    if not found:
        return ""
    rows = []
    for one in found:
        row = [
            _short(one.first, results, letters),
            _short(one.second, results, letters),
            one.first.decomposition.loss,
        ]
        row += [str(one.questions), f"{one.first.accuracy - one.second.accuracy:+z.3f}"]
        for quantity in QUANTITIES:
            d = one.differences.get(quantity)
            if d is None or d.estimate != d.estimate:
                row.append("–")
            else:
                row.append(
                    Html(
                        f"{d.estimate:+z.3f}<br>[{interval((d.low, d.high), 3, '+')}]<br>p {escaped(p_word(d.p_value))}"
                    )
                )
        rows.append(row)
    names = [
        "group",
        "minus",
        "loss",
        "shared questions",
        "accuracy",
        "error",
        "bias²",
        "variance",
        "incoherence",
    ]
    return (
        "<h2>Side by side</h2><p>Differences on the questions that both have, in pairs: what both share "
        "(some questions are hard) cancels. The interval leaves out 0 where p is below 0.05 and nowhere else; p: "
        f"{TEST}. Accuracy is over all questions of each. Where accuracies differ, so does the incoherence that they allow: look at bias² and "
        f"variance.</p>{table(names, rows, text_columns=3)}"
    )


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
