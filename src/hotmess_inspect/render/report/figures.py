"""The figures of the report: drawn once, shown as SVG that follows the page's colours."""

from __future__ import annotations

import base64
import io
import itertools
import math
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from hotmess_inspect._extras import require
from hotmess_inspect.analyses.ensembling import ensemble_terms
from hotmess_inspect.analyses.plane import iso_incoherence_lines
from hotmess_inspect.decomposition.nested import NestedDecomposition
from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.render.frames import Rows, bucket_rows
from hotmess_inspect.render.text import csv_table, escaped, plain
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.intervals import GroupIntervals
from hotmess_inspect.results.questions import QuestionNumbers
from hotmess_inspect.results.study import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

# Stand-ins that the page swaps for its own colours; as they are they suit white paper.
INK, FAINT = "#1a1a2e", "#b4b4c0"
# Told apart by people with any colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#6b6b6b")
MARKERS = "os^Dv<>P"
WIDTH = 4.4
"""Inches: at the width of a telephone the text is still as large as the page's small print."""
_LINES = 4
"""Up to so many groups share the axes of a histogram; more stand below each other."""
_SHARES = 10
_PANELS, _ABREAST = 6, 3
"""Up to so many groups share the axes of lines; more have a panel each, so many abreast."""


@dataclass(frozen=True)
class Figure:
    """One figure in every form.

    Attributes:
        name: Short name, for files and anchors.
        title: What it shows.
        caption: How to read it.
        svg: The drawing, for white paper.
        png: The same as pixels.
        rows: The numbers in it.
    """

    name: str
    title: str
    caption: str
    svg: str
    png: bytes
    rows: Rows

    def inline_svg(self, prefix: str) -> str:
        """The drawing with the page's colours, without the XML header, named for those who do not see it.

        Args:
            prefix: What ids begin with, so that no two drawings of a page share one; unused ids are left out.
        """
        drawing = self.svg[self.svg.index("<svg") :]
        used = set(re.findall(r"[\"(]#([^\")]+)", drawing))
        drawing = re.sub(
            r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", drawing
        )
        drawing = re.sub(r"([\"(])#(?=[^\")]+[\")])(?![0-9a-f]{6}[\")])", rf"\1#{prefix}-", drawing)
        named = f'<svg role="img" aria-label="{escaped(f"{self.title}. {self.caption} The numbers stand below.")}"'
        return named + drawing[4:].replace(INK, "var(--ink)").replace(FAINT, "var(--faint)")

    @property
    def csv(self) -> str:
        """The numbers as CSV."""
        return csv_table(self.rows)

    def data_uri(self, form: str) -> str:
        """The figure as a link that needs no network: ``svg``, ``png`` or ``csv``."""
        kinds = {
            "svg": ("image/svg+xml", self.svg.encode()),
            "png": ("image/png", self.png),
            "csv": ("text/csv", self.csv.encode()),
        }
        kind, data = kinds[form]
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a figure shows, before it is drawn.

    Attributes:
        name: Short name, for files and anchors.
        title: What it shows.
        caption: How to read it.
        draw: Draws the groups given on the axes given.
        rows: The numbers in it.
        height: In inches.
        groups: Groups whose lines would hide each other: more than six of them have a panel each.
        alone: Whether the name of a group stands in the legend even where it is the only one.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Any, Collection[str]], None]
    rows: Rows
    height: float = 3.1
    groups: tuple[str, ...] = ()
    alone: bool = False

    def plotted(self) -> MatplotlibFigure:
        """The drawing as a figure of matplotlib, without pyplot: whoever has it decides what becomes of it."""
        with _style(self.name):
            from matplotlib.figure import Figure as MatplotlibFigure

            if len(self.groups) <= _PANELS:
                figure = MatplotlibFigure(figsize=(WIDTH, self.height), layout="constrained")
                axes = figure.subplots()
                self.draw(axes, self.groups)
                _legend(axes, alone=self.alone)
                _plain_ticks(axes)
                return figure
            from matplotlib.ticker import FixedLocator

            lines = -(-len(self.groups) // _ABREAST)
            figure = MatplotlibFigure(figsize=(WIDTH, 0.6 + 1.15 * lines), layout="constrained")
            panels = figure.subplots(lines, _ABREAST, sharex=True, sharey=True).flatten().tolist()
            whole = MatplotlibFigure().subplots()
            self.draw(whole, self.groups)
            for axes, group in zip(panels, self.groups, strict=False):
                self.draw(axes, [group])
                axes.set_title(
                    "\n".join(axes.get_legend_handles_labels()[1][:1]), loc="left", fontsize=7.5, pad=2
                )
                _plain_ticks(axes, 3)
                axes.tick_params(labelsize=7)
                ticks = axes.get_xticks()
                if isinstance(axes.xaxis.get_major_locator(), FixedLocator) and len(ticks) > 4:
                    axes.set_xticks(ticks[::2], [f"{at:g}" for at in ticks[::2]])
            panels[0].set(xlim=whole.get_xlim(), ylim=whole.get_ylim())
            for axes in panels[len(self.groups) :]:
                axes.set_axis_off()
            figure.supxlabel(panels[0].get_xlabel(), fontsize=8.5)
            figure.supylabel(panels[0].get_ylabel(), fontsize=8.5)
            for axes in panels:
                axes.set(xlabel="", ylabel="")
        return figure

    def figure(self) -> Figure:
        """The drawing in every form that the report offers."""
        figure = self.plotted()
        svg, png = io.StringIO(), io.BytesIO()
        with _style(self.name):
            figure.savefig(svg, format="svg", metadata={"Date": None}, transparent=True)
            figure.savefig(png, format="png", dpi=140, facecolor="white")
        clean = [
            {name: _clean(value) if isinstance(value, float) else value for name, value in row.items()}
            for row in self.rows
        ]
        return Figure(self.name, self.title, self.caption, svg.getvalue(), png.getvalue(), clean)


def _clean(value: float) -> float | None:
    """A number as the tables show it: what rounding left of a difference of equal numbers is nothing."""
    return None if not math.isfinite(value) else 0.0 if abs(value) < 1e-15 else value


def plane_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], among: Sequence[str] = ()
) -> Drawing | None:
    """Groups of one loss and estimator in the plane of bias² and variance.

    Args:
        results: One per group.
        labels: Their names.
        among: Names of all groups of the page, whose order gives each its colour and marker; the labels if not given. So in
            the other drawings.
    """
    points = [
        (label, r.accuracy, r.decomposition.incoherence,
         *(end for name in ("bias_squared", "variance") for end in (r.decomposition.mean(name), *r.intervals.of(name))))
        for r, label in zip(results, labels, strict=True)
        if not r.decomposition.incoherence_note
    ]  # fmt: skip
    if not points:
        return None
    names = ("group", "accuracy", "incoherence", "bias_squared", "bias_squared_low", "bias_squared_high",
             "variance", "variance_low", "variance_high")  # fmt: skip
    rows: Rows = [dict(zip(names, point, strict=True)) for point in points]
    right, top = (
        1.12 * max(max(row[name], _or(row[f"{name}_high"], 0)) for row in rows)
        for name in ("bias_squared", "variance")
    )
    right, top = (max(right, 0.05 * top), max(top, 0.05 * right)) if max(right, top) > 0 else (1.0, 1.0)

    apart = {
        name: _apart({row["group"]: row[name] for row in rows}, 0.012 * reach)
        for name, reach in (("bias_squared", right), ("variance", top))
    }

    def draw(axes: Any, chosen: Collection[str]) -> None:
        for line in iso_incoherence_lines(right, top):
            axes.plot([0, line.bias_squared], [0, line.variance], color=FAINT, linewidth=0.8, zorder=1)
            axes.annotate(
                f"{line.incoherence:g}",
                (line.bias_squared, line.variance),
                color=INK,
                fontsize=7,
                ha="right" if line.bias_squared > 0.99 * right else "left",
                va="top",
            )
        for row in rows:
            number = (among or labels).index(row["group"])
            x, y = ([row[name]] for name in ("bias_squared", "variance"))
            across, up = (_bars(row, name) for name in ("bias_squared", "variance"))
            x, y = [x[0] + apart["bias_squared"][row["group"]]], [y[0] + apart["variance"][row["group"]]]
            _points(axes, number, x, y, row["group"], xerr=across, yerr=up)
        least = min(0, *(row["bias_squared"] for row in rows))
        axes.set(xlim=(least, right), ylim=(0, top), xlabel="bias²", ylabel="variance")

    caption = "Grey rays join points of equal incoherence; error grows away from the origin. Bars: 95 % intervals over questions."
    if any(by for shifts in apart.values() for by in shifts.values()):
        caption += " Groups whose bars would hide each other are shifted apart by about 1 % of the axis; the data have their places."
    return Drawing("plane", "Bias and variance", caption, draw, rows)


def length_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], among: Sequence[str] = ()
) -> Drawing | None:
    """Incoherence of questions sorted by length, with the fitted slopes."""
    kept = [(r, label) for r, label in zip(results, labels, strict=True) if r.lengths is not None]
    rows = bucket_rows([r for r, _ in kept], [label for _, label in kept])
    if not any(row["incoherence"] is not None and row["length"] for row in rows):
        return None

    def draw(axes: Any, chosen: Collection[str]) -> None:
        for result, label in kept:
            number = (among or labels).index(label)
            if label not in chosen:
                continue
            own = [r for r in rows if r["group"] == label and r["incoherence"] is not None and r["length"]]
            if not own or result.lengths is None:
                continue
            x, y = [r["length"] for r in own], [r["incoherence"] for r in own]
            bars = [_bars(r, "incoherence") for r in own]
            fit, (low, high) = result.lengths.trend.fit, result.lengths.trend.slope_ci
            slope = "" if math.isnan(fit.exponent) else f"slope {fit.exponent:.2f}"
            name = slope if len(kept) == 1 and slope else f"{label} ({slope})" if slope else label
            _points(axes, number, x, y, name, yerr=[[b[0][0] for b in bars], [b[1][0] for b in bars]])
            if math.isnan(fit.exponent):
                continue
            lengths = [min(x) * (max(x) / min(x)) ** (step / 20) for step in range(21)]
            middle = math.exp(sum(map(math.log, x)) / len(x))

            def power(
                exponent: float, at: list[float] = lengths, about: float = middle, fit: Any = fit
            ) -> list[float]:
                return [
                    math.exp(fit.log_prefactor) * about**fit.exponent * (v / about) ** exponent for v in at
                ]

            axes.plot(lengths, power(fit.exponent), color=COLOURS[number % 8], linewidth=1)
            if not math.isnan(low):
                ends = [power(low), power(high)]
                band = (
                    [min(pair) for pair in zip(*ends, strict=True)],
                    [max(pair) for pair in zip(*ends, strict=True)],
                )
                axes.fill_between(lengths, *band, color=COLOURS[number % 8], alpha=0.12, linewidth=0)
        positive = all((r["incoherence"] or 1) > 0 for r in rows)
        axes.set(
            xscale="log",
            yscale="log" if positive else "linear",
            xlabel=_length_name(kept),
            ylabel="incoherence",
        )
        axes.set_ylim(
            None if positive else 0, max([1.15, *(1.15 * r["incoherence"] for r in rows if r["incoherence"])])
        )
        if positive:  # an interval that reaches to 0 would take most of a logarithmic axis
            axes.set_ylim(bottom=0.6 * min(r["incoherence"] for r in rows if r["incoherence"]))

    barred = any(row["incoherence_low"] is not None for row in rows if row["incoherence"] is not None)
    bars = ", bars: 95 % intervals" if barred else ""
    caption = f"Questions in equal-size buckets by their mean length{bars}; lines are power laws, shaded where their slope's interval lets them turn about the middle. Long answers go with hard questions: compare the accuracies in the data."
    shown = tuple(dict.fromkeys(label for _, label in kept))
    return Drawing("length", "Incoherence against length", caption, draw, rows, groups=shown, alone=True)


def overthinking_drawing(results: Sequence[GroupResult], labels: Sequence[str]) -> Drawing | None:
    """Shorter against longer epochs of the same questions."""
    rows: Rows = []
    for result, label in zip(results, labels, strict=True):
        split = result.lengths.overthinking if result.lengths else None
        if split is not None and not split.note:
            rows.append(
                {
                    "group": label, "shorter": split.below, "longer": split.above, "difference": split.difference,
                    "difference_low": split.difference_ci.low, "difference_high": split.difference_ci.high, "p_value": split.p_value,
                }
            )  # fmt: skip
    if not rows:
        return None

    def draw(axes: Any, chosen: Collection[str]) -> None:
        for place, row in enumerate(rows):
            low, high = (_or(row[f"difference_{end}"], row["difference"]) for end in ("low", "high"))
            ends = [row["shorter"] + low, row["shorter"] + high]
            least, most = (
                f(possible, row["shorter"], row["longer"]) for f, possible in ((min, 0.0), (max, 1.0))
            )
            clipped = [min(max(end, least), most) for end in ends]
            axes.plot(clipped, [place, place], color=FAINT, linewidth=4, zorder=1)
            for end, cut, mark in zip(ends, clipped, "<>", strict=True):
                if end != cut:
                    axes.plot([cut], [place], color=FAINT, marker=mark, markersize=8, zorder=1)
        places = range(len(rows))
        axes.scatter(
            [r["shorter"] for r in rows],
            places,
            facecolors="none",
            edgecolors=INK,
            label="shorter half",
            zorder=2,
        )
        axes.scatter(
            [r["longer"] for r in rows], places, color=INK, marker="D", label="longer half", zorder=2
        )
        named = rows if len(rows) > 1 else []
        axes.set_yticks(range(len(named)), [_wrapped(row["group"], 22) for row in named])
        axes.set(xlabel="incoherence", ylim=(len(rows) - 0.5, -0.7))

    caption = "Each question's epochs split into equal halves by their own lengths, ties by chance. Grey: 95 % interval of the difference, laid from the shorter half; where it covers the ring, the halves cannot be told apart; an arrow where it reaches beyond what incoherence can be."
    return Drawing("overthinking", "Natural overthinking", caption, draw, rows, height=1.3 + 0.4 * len(rows))


def distribution_drawing(
    results: Sequence[GroupResult],
    labels: Sequence[str],
    numbers: Sequence[list[QuestionNumbers]],
    among: Sequence[str] = (),
) -> Drawing | None:
    """How many questions have which share of right epochs."""
    import numpy as np
    from scipy.stats import binomtest

    # One bar per number of right epochs where there are few, so that no bar is empty because no share can fall in it.
    most = max((int(result.decomposition.epochs.max(initial=0)) for result in results), default=0)
    bins = most + 1 if 0 < most < _SHARES else _SHARES
    rows: Rows = []
    for result, label, lines in zip(results, labels, numbers, strict=True):
        shares = np.array([line.share_correct for line in lines])
        known = ~np.isnan(shares)
        places = np.minimum((shares[known] * bins).astype(int), bins - 1)
        for place in range(bins):
            inside = int((places == place).sum())
            ends = (math.nan, math.nan)
            if len(places) and result.questions.clusters is None:
                ends = binomtest(inside, len(places)).proportion_ci(method="wilson")
            rows.append(
                {
                    "group": label, "from": place / bins, "to": (place + 1) / bins, "questions": inside,
                    "share": inside / max(len(places), 1), "share_low": ends[0], "share_high": ends[1],
                }
            )  # fmt: skip
    if not any(row["questions"] for row in rows):
        return None
    tall = len(labels) > _LINES
    of_tests = {result.group.measure not in (None, "resolved") for result in results}
    right = "share of epochs that are right"
    if True in of_tests:
        right = "mean share of tests that pass"
    if len(of_tests) > 1:
        right += ", or of epochs that are right"

    def draw(axes: Any, chosen: Collection[str]) -> None:
        table = np.array([row["share"] for row in rows]).reshape(-1, bins)
        axes.set_xlabel(right)
        if tall:
            axes.imshow(table, cmap="Blues", aspect="auto", vmin=0, extent=(0, 1, len(labels) - 0.5, -0.5))
            dark = 0.6 * max(table.max(), 1e-9)
            for (group, place), share in np.ndenumerate(table):
                colour = "white" if share > dark else "#1a1a2f"
                axes.text(
                    (place + 0.5) / bins,
                    group,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color=colour,
                )
            axes.set_yticks(range(len(labels)), [_wrapped(label, 22) for label in labels])
            return
        for place, (label, shares) in enumerate(zip(labels, table, strict=True)):
            number = (among or labels).index(label)
            own = rows[place * bins : (place + 1) * bins]
            aside = (place - (len(labels) - 1) / 2) * 0.06 / max(len(labels), 1)
            centres = [row["from"] + 0.5 / bins + aside for row in own]
            bars = [_bars(row, "share") for row in own]
            _points(
                axes,
                number,
                centres,
                shares.tolist(),
                label,
                yerr=[[b[0][0] for b in bars], [b[1][0] for b in bars]],
            )
            axes.stairs(
                shares,
                [edge / bins for edge in range(bins + 1)],
                color=COLOURS[number % 8],
                linewidth=0.7,
            )
        axes.set(ylabel="share of questions", xlim=(0, 1), ylim=(0, None))

    how = "Numbers: per cent of the group's questions." if tall else "Bars: 95 % intervals of Wilson."
    caption = f"Questions at 0 fail every time, and those at 1 never; what lies between differs from epoch to epoch. {how}"
    height = 1.1 + 0.28 * len(labels) if tall else 3.1
    title = "Questions by share of right epochs"
    if True in of_tests:
        title = "Questions by share of tests that pass"
        caption = (
            f"A question's mean over its epochs: at 0 no test ever passes, at 1 all pass every time. {how}"
        )
    return Drawing("distribution", title, caption, draw, rows, height=height)


def ensembling_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], among: Sequence[str] = ()
) -> Drawing | None:
    """Error of averages of E epochs, in closed form."""
    sizes = (1, 2, 3, 5, 10, 20, 50)
    rows: Rows = []
    for result, label in zip(results, labels, strict=True):
        d = result.decomposition
        if d.loss in ("brier", "squared") and d.estimator == "unbiased" and not d.incoherence_note:
            for p in ensemble_terms(d, sizes):
                ends = _averaged(result, p.size)
                rows.append(
                    {
                        "group": label, "epochs": p.size, "error": p.error, "error_low": ends.low, "error_high": ends.high,
                        "bias_squared": p.bias_squared, "variance": p.variance, "incoherence": p.incoherence,
                    }
                )  # fmt: skip
    if not rows:
        return None

    def draw(axes: Any, chosen: Collection[str]) -> None:
        for label in chosen:
            number = (among or labels).index(label)
            own = [r for r in rows if r["group"] == label]
            bars = [_bars(r, "error") for r in own]
            aside = 1.5 ** (
                0.5 * _aside(list(chosen).index(label), len(chosen))
            )  # 1.5: the least ratio of two sizes
            _points(
                axes, number, [aside * r["epochs"] for r in own], [r["error"] for r in own], label, line=True,
                yerr=[[b[0][0] for b in bars], [b[1][0] for b in bars]],
            )  # fmt: skip
            axes.axhline(own[0]["bias_squared"], color=COLOURS[number % 8], linestyle=":", linewidth=1)
        axes.set(xscale="log", xlabel="epochs averaged", ylabel="error of the average", ylim=(0, None))
        axes.set_xticks(sizes, [str(s) for s in sizes])

    caption = "Averaging E predictions divides the variance by E and leaves the bias (dotted): what incoherence costs, averaging mends. Bars: 95 % intervals over questions. Beyond the number of epochs this is extrapolated."
    return Drawing("ensembling", "Averages of several epochs", caption, draw, rows, groups=_groups(rows))


def reliability_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], among: Sequence[str] = ()
) -> Drawing | None:
    """pass^k of groups whose epochs are right or wrong, measured and beyond the epochs at hand."""
    rows: Rows = [
        {
            "group": label, "k": rate.k, "pass_hat_k": rate.value, "low": rate.interval.low,
            "high": rate.interval.high, "extrapolated": rate.extrapolated, "questions": rate.questions,
        }
        for result, label in zip(results, labels, strict=True)
        if result.reliability is not None and result.reliability.passes is not None
        for rate in result.reliability.passes.pass_hat_k
    ]  # fmt: skip
    if not any(row["k"] > 1 for row in rows):
        return None

    def draw(axes: Any, chosen: Collection[str]) -> None:
        for label in chosen:
            number = (among or labels).index(label)
            own = [row for row in rows if row["group"] == label]
            measured = [row for row in own if not row["extrapolated"]]
            colour = COLOURS[number % len(COLOURS)]
            _points(
                axes,
                number,
                [r["k"] for r in measured],
                [r["pass_hat_k"] for r in measured],
                label,
                line=True,
            )
            beyond = [*measured[-1:], *own[len(measured) :]]
            axes.plot(
                [r["k"] for r in beyond], [r["pass_hat_k"] for r in beyond], color=colour, linestyle="--"
            )
            known = [r for r in own if not math.isnan(r["low"])]
            ends = [[r[name] for r in known] for name in ("k", "low", "high")]
            axes.fill_between(*ends, color=colour, alpha=0.15, linewidth=0)
        axes.set(xlabel="k", ylabel="pass^k: all of k epochs right", ylim=(0, None))

    caption = (
        "Chance that k epochs of a question are all right: measured up to the epochs at hand, dashed where a "
        "beta-binomial over the questions takes it further. Shaded: 95 % intervals over questions (clusters)."
    )
    if any(math.isnan(row["low"]) for row in rows):
        caption += " Where the shading stops or is absent, no interval is defined."
    return Drawing(
        "reliability", "How often all of k epochs are right", caption, draw, rows, groups=_groups(rows)
    )


def finding_drawing(
    finding: Finding,
    short: Callable[[str], str] = str,
    drawn: Callable[[str], bool] = bool,
    among: Sequence[str] = (),
) -> Drawing:
    """One of the paper's analyses: a line for each group, with the intervals of its table.

    Args:
        finding: The analysis.
        short: What stands in the drawing for the name of a group.
        drawn: Whether a group is drawn; the numbers of those that are not stay in the data.
        among: Names of all groups of the page, as in `plane_drawing`: what is called by one of them, with a loss beside it,
            has its colour, and where there are several such a marker and a kind of line each.
    """
    known = [row for row in finding.rows if row[finding.y] is not None and row[finding.x] is not None]
    rows = [row for row in known if drawn(str(row["group"]))] or known
    names = not all(isinstance(row[finding.x], int | float) for row in rows)
    places = list(dict.fromkeys(row[finding.x] for row in rows)) if names else []
    at = [] if names else sorted({row[finding.x] for row in rows})
    looks = _looks(_groups(rows), among)
    # Groups that share a place of a numerical axis would hide each other: they share part of the least distance there.
    shared = len(at) > 1 and len({(row["group"], row[finding.x]) for row in rows}) > len(at)
    log = finding.log_x and bool(at) and at[0] > 0
    ratio = min(b / a for a, b in itertools.pairwise(at)) if shared and log else 1.0
    gap = min(b - a for a, b in itertools.pairwise(at)) if shared and finding.line and not log else 0.0

    def draw(axes: Any, chosen: Collection[str]) -> None:
        side_by_side = list(chosen or _groups(rows))
        for place, group in enumerate(side_by_side):
            number, repeat = looks[group]
            own = [row for row in rows if row["group"] == group]
            y = [row[finding.y] for row in own]
            x = [places.index(row[finding.x]) if names else row[finding.x] for row in own]
            if names:
                # Side by side where they stand at one name.
                x = [at + 0.5 * _aside(place, len(side_by_side)) for at in x]
            else:
                aside = 0.5 * _aside(place, len(side_by_side))
                x = [at * ratio**aside + gap * aside for at in x]
            ends = [_bars(row, finding.y) for row in own]
            bars = [[end[side][0] for end in ends] for side in (0, 1)]
            line = finding.line and not names and len(set(x)) > 2
            _points(axes, number, x, y, short(str(group)), repeat, yerr=bars, line=line)
        said = {"plugin": "incoherence, plug-in"}.get(finding.y, finding.y.replace("_", " "))
        axes.set(xlabel=finding.x.replace("_", " "), ylabel=said)
        if names:
            shown = [_wrapped(short(str(place)), 22) for place in places]
            turned = {"rotation": 20, "ha": "right"} if sum(map(len, shown)) > 60 else {}
            turned = {"rotation": 90} if len(places) > 8 and turned else turned
            axes.set_xticks(range(len(places)), shown, fontsize=7, **turned)
            axes.set_xlim(-0.5, len(places) - 0.5)
        elif finding.log_x and all(row[finding.x] > 0 for row in rows):
            axes.set(xscale="log")
            values = sorted({row[finding.x] for row in rows})
            near = any(after < 1.15 * before for before, after in itertools.pairwise(values))
            if len(values) <= 8 and not near:
                axes.set_xticks(values, [f"{value:g}" for value in values])

    # Lines hide each other where there are many; points at places of their own do not.
    apart = _groups(rows) if finding.line and not names and len(at) > 2 else ()
    shown = {_wrapped(short(str(row["group"])), 52) for row in rows}
    below = sum(label.count("\n") + 1 for label in shown) if len(shown) > 1 else 0
    below += max((_wrapped(short(str(place)), 14).count("\n") for place in places), default=0)
    name = finding.name.replace("_", "-")
    height = 3.1 + 0.17 * max(0, below - 2)
    return Drawing(name, finding.title, finding.caption, draw, finding.rows, height=height, groups=apart)


def _looks(groups: Sequence[str], among: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Each group's number on the page, and how many of the groups before it have that number."""
    longest = sorted(among, key=len, reverse=True)
    found: dict[str, tuple[int, int]] = {}
    others = [group for group in groups if not any(name in group for name in among)]
    for group in groups:
        name = next((name for name in longest if name in group), None)
        number = len(among) + others.index(group) if name is None else among.index(name)
        found[group] = number, sum(number == other for other, _ in found.values())
    return found


def _groups(rows: Rows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row["group"] for row in rows))


def _averaged(result: GroupResult, size: int) -> Interval:
    """Interval of the error of an average of so many epochs; none where contexts are shared by questions."""
    d = result.decomposition
    if isinstance(d, NestedDecomposition):
        return Interval(math.nan, math.nan)
    averaged = replace(d, error=d.bias_squared + d.variance / size, variance=d.variance / size)
    return GroupIntervals(result.questions, averaged, result.options.resamples, result.options.seed).of(
        "error"
    )


def _plain_ticks(axes: Any, most: int = 5) -> None:
    """Few ticks with plain numbers, on logarithmic axes too: their own labels are formulas."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_minor_locator(NullLocator())
            if not isinstance(axis.get_major_locator(), FixedLocator):
                axis.set_major_locator(MaxNLocator(4))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    if not isinstance(axes.xaxis.get_major_locator(), FixedLocator):
        axes.xaxis.set_major_locator(MaxNLocator(most, integer=axes.get_xlabel() in ("epochs", "k")))


@contextmanager
def _style(name: str) -> Iterator[None]:
    require("matplotlib", extra="analysis", purpose="the report's figures")
    import matplotlib

    settings: Any = {  # the stubs want every key to be a literal
        "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and restyled
        "svg.hashsalt": name,
        "text.parse_math": False,  # a model's name is no formula, whatever signs are in it
        "font.family": "sans-serif",
        "font.size": 8.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "axes.unicode_minus": True,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
        ),
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Signs that the drawing font lacks are drawn by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _points(
    axes: Any,
    number: int,
    x: list[float],
    y: list[float],
    label: str,
    repeat: int = 0,
    *,
    line: bool = False,
    **errors: Any,
) -> None:
    colour = COLOURS[number % len(COLOURS)]
    # No two of 64 groups look alike.
    marker = MARKERS[(number + number // len(COLOURS) + 3 * repeat) % len(MARKERS)]
    axes.errorbar(
        x, y, **errors, fmt=marker + (("-", "--", ":")[repeat % 3] if line else ""), color=colour, ecolor=colour,
        elinewidth=1, markersize=4.5, label=_wrapped(label, 52), zorder=3,
    )  # fmt: skip


def _legend(axes: Any, *, alone: bool = False) -> None:
    """Names below the axes, where they cover nothing; that of a single group only where it says more."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1 or (labels and alone):
        columns = max(1, min(len(labels), 6, 60 // (6 + max(map(len, labels)))))
        axes.figure.legend(handles, labels, loc="outside lower left", ncols=columns, fontsize=8)


def _wrapped(label: str, width: int) -> str:
    """A name in lines, broken inside a word where there is no space."""
    return "\n".join(wrap(plain(label), width)) or "–"


def _bars(row: dict[str, Any], name: str) -> list[list[float]]:
    """How far an interval reaches below and above its value; nowhere where there is none."""
    value = row[name]
    low, high = (_or(row[f"{name}_{end}"], value) for end in ("low", "high"))
    return [[max(0.0, value - low)], [max(0.0, high - value)]]


def _apart(values: dict[str, float], step: float) -> dict[str, float]:
    """By how much each of several values is moved so that those nearer to each other than a step stand a step apart."""
    names = sorted(values, key=lambda name: values[name])
    shifts = dict.fromkeys(names, 0.0)
    start = 0
    for end in range(1, len(names) + 1):
        if end < len(names) and values[names[end]] - values[names[end - 1]] < step:
            continue
        near = names[start:end]
        middle = sum(values[name] for name in near) / len(near)
        for place, name in enumerate(near if len(near) > 1 else ()):
            shifts[name] = middle + step * (place - (len(near) - 1) / 2) - values[name]
        start = end
    return shifts


def _aside(number: int, groups: int) -> float:
    """Where a group stands beside others at one place, from -0.5 to 0.5."""
    return (number + 0.5) / groups - 0.5


def _or(value: float | None, other: float) -> float:
    return other if value is None or math.isnan(value) else value


def _length_name(kept: Sequence[tuple[GroupResult, str]]) -> str:
    names = {(r.length or "").replace("_", " ") for r, _ in kept}
    return names.pop() if len(names) == 1 else "length"
