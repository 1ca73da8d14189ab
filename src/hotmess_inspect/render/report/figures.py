"""The figures of the report: drawn once, shown as SVG that follows the page's colours."""

from __future__ import annotations

import base64
import io
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hotmess_inspect._extras import require
from hotmess_inspect.analyses.ensembling import ensemble_terms
from hotmess_inspect.analyses.plane import bias_variance_plane, iso_incoherence_lines
from hotmess_inspect.render.frames import Rows, bucket_rows
from hotmess_inspect.render.text import csv_table, plain
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.questions import QuestionNumbers
from hotmess_inspect.results.study import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

# Stand-ins that the page swaps for its own colours; as they are they suit white paper.
INK, FAINT = "#1a1a2e", "#b4b4c0"
# Told apart by people with any colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#6b6b6b")
MARKERS = "os^Dv<>P"


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

    @property
    def inline_svg(self) -> str:
        """The drawing with the page's colours, without the XML header."""
        drawing = self.svg[self.svg.index("<svg") :]
        return drawing.replace(INK, "var(--ink)").replace(FAINT, "var(--faint)")

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
        draw: Draws it on the axes given.
        rows: The numbers in it.
        height: In inches.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Any], None]
    rows: Rows
    height: float = 3.6

    def plotted(self) -> MatplotlibFigure:
        """The drawing as a figure of matplotlib, without pyplot: whoever has it decides what becomes of it."""
        with _style(self.name):
            from matplotlib.figure import Figure as MatplotlibFigure

            figure = MatplotlibFigure(figsize=(6.4, self.height), layout="constrained")
            axes = figure.subplots()
            self.draw(axes)
            _plain_ticks(axes)
        return figure

    def figure(self) -> Figure:
        """The drawing in every form that the report offers."""
        figure = self.plotted()
        svg, png = io.StringIO(), io.BytesIO()
        with _style(self.name):
            figure.savefig(svg, format="svg", metadata={"Date": None}, transparent=True)
            figure.savefig(png, format="png", dpi=140, facecolor="white")
        clean = [
            {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in row.items()}
            for row in self.rows
        ]
        return Figure(self.name, self.title, self.caption, svg.getvalue(), png.getvalue(), clean)


def plane_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], seed: int, resamples: int
) -> Drawing | None:
    """Groups of one loss and estimator in the plane of bias² and variance."""
    import numpy as np

    kept = [
        (r, label) for r, label in zip(results, labels, strict=True) if not r.decomposition.incoherence_note
    ]
    if not kept:
        return None
    points = bias_variance_plane(
        [label for _, label in kept],
        [r.decomposition for r, _ in kept],
        [r.accuracy for r, _ in kept],
        resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    right = 1.12 * max(max(p.bias_squared, _or(p.bias_squared_ci.high, 0)) for p in points)
    top = 1.12 * max(max(p.variance, _or(p.variance_ci.high, 0)) for p in points)
    right, top = (max(right, 0.05 * top), max(top, 0.05 * right)) if max(right, top) > 0 else (1.0, 1.0)

    def draw(axes: Any) -> None:
        for line in iso_incoherence_lines(right, top):
            axes.plot([0, line.bias_squared], [0, line.variance], color=FAINT, linewidth=0.8, zorder=1)
            axes.annotate(
                f"{line.incoherence:g}",
                (line.bias_squared, line.variance),
                color=INK,
                fontsize=7,
                ha="right",
                va="top",
            )
        for number, point in enumerate(points):
            spread = [
                _bars(v, ci)
                for v, ci in (
                    (point.bias_squared, point.bias_squared_ci),
                    (point.variance, point.variance_ci),
                )
            ]
            _points(
                axes,
                number,
                [point.bias_squared],
                [point.variance],
                plain(point.label),
                xerr=spread[0],
                yerr=spread[1],
            )
        axes.set(
            xlim=(min(0, *(p.bias_squared for p in points)), right),
            ylim=(0, top),
            xlabel="bias²",
            ylabel="variance",
        )
        _legend(axes)

    rows = [
        {
            "group": p.label, "accuracy": p.accuracy, "bias_squared": p.bias_squared, "variance": p.variance,
            "incoherence": p.incoherence, "bias_squared_low": p.bias_squared_ci.low, "bias_squared_high": p.bias_squared_ci.high,
            "variance_low": p.variance_ci.low, "variance_high": p.variance_ci.high,
        }
        for p in points
    ]  # fmt: skip
    caption = "Grey rays join points of equal incoherence; error grows away from the origin. Bars: 95 % intervals over questions."
    return Drawing("plane", "Bias and variance", caption, draw, rows)


def length_drawing(results: Sequence[GroupResult], labels: Sequence[str]) -> Drawing | None:
    """Incoherence of questions sorted by length, with the fitted slopes."""
    kept = [(r, label) for r, label in zip(results, labels, strict=True) if r.lengths is not None]
    rows = bucket_rows([r for r, _ in kept], [label for _, label in kept])
    if not any(row["incoherence"] is not None and row["length"] for row in rows):
        return None

    def draw(axes: Any) -> None:
        for number, (result, label) in enumerate(kept):
            own = [r for r in rows if r["group"] == label and r["incoherence"] is not None and r["length"]]
            if not own or result.lengths is None:
                continue
            x, y = [r["length"] for r in own], [r["incoherence"] for r in own]
            low = [max(0.0, r["incoherence"] - _or(r["incoherence_low"], r["incoherence"])) for r in own]
            high = [max(0.0, _or(r["incoherence_high"], r["incoherence"]) - r["incoherence"]) for r in own]
            fit = result.lengths.trend.fit
            slope = "" if math.isnan(fit.exponent) else f" (slope {fit.exponent:.2f})"
            _points(axes, number, x, y, f"{plain(label)}{slope}", yerr=[low, high])
            if not math.isnan(fit.exponent):
                ends = [min(x), max(x)]
                axes.plot(
                    ends,
                    [math.exp(fit.log_prefactor) * e**fit.exponent for e in ends],
                    color=COLOURS[number % 8],
                    linewidth=1,
                )
        positive = all((r["incoherence"] or 1) > 0 for r in rows)
        axes.set(
            xscale="log",
            yscale="log" if positive else "linear",
            xlabel=_length_name(kept),
            ylabel="incoherence",
        )
        _legend(axes)

    caption = "Questions in equal-size buckets by their mean length; lines are power laws. Long answers go with hard questions: compare the accuracies in the data."
    return Drawing("length", "Incoherence against length", caption, draw, rows)


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

    def draw(axes: Any) -> None:
        for place, row in enumerate(rows):
            axes.plot([row["shorter"], row["longer"]], [place, place], color=FAINT, linewidth=2, zorder=1)
        places = range(len(rows))
        axes.scatter(
            [r["shorter"] for r in rows],
            places,
            facecolors="none",
            edgecolors=COLOURS[0],
            label="shorter half",
            zorder=2,
        )
        axes.scatter(
            [r["longer"] for r in rows], places, color=COLOURS[1], marker="D", label="longer half", zorder=2
        )
        axes.set_yticks(list(places), [plain(r["group"]) for r in rows])
        axes.set(xlabel="incoherence", ylim=(len(rows) - 0.5, -0.7))
        _legend(axes)

    caption = "Each question's epochs split into equal halves by their own lengths, ties by chance; p from a permutation within questions."
    return Drawing("overthinking", "Natural overthinking", caption, draw, rows, height=1.2 + 0.35 * len(rows))


def distribution_drawing(
    results: Sequence[GroupResult], labels: Sequence[str], numbers: Sequence[list[QuestionNumbers]]
) -> Drawing | None:
    """How many questions have which share of right epochs."""
    bins = 10
    rows: Rows = []
    for label, lines in zip(labels, numbers, strict=True):
        shares = [line.share_correct for line in lines if not math.isnan(line.share_correct)]
        for place in range(bins):
            inside = [s for s in shares if min(int(s * bins), bins - 1) == place]
            rows.append(
                {"group": label, "from": place / bins, "to": (place + 1) / bins, "questions": len(inside)}
            )
    if not any(row["questions"] for row in rows):
        return None

    def draw(axes: Any) -> None:
        for number, label in enumerate(labels):
            own = [r["questions"] for r in rows if r["group"] == label]
            total = sum(own) or 1
            edges = [place / bins for place in range(bins + 1)]
            axes.stairs(
                [v / total for v in own], edges, color=COLOURS[number % 8], linewidth=1.6, label=plain(label)
            )
        axes.set(
            xlabel="share of epochs that are right", ylabel="share of questions", xlim=(0, 1), ylim=(0, None)
        )
        _legend(axes)

    caption = (
        "Questions at 0 fail every time, and those at 1 never; what lies between differs from epoch to epoch."
    )
    return Drawing("distribution", "Questions by share of right epochs", caption, draw, rows)


def ensembling_drawing(results: Sequence[GroupResult], labels: Sequence[str]) -> Drawing | None:
    """Error of averages of E epochs, in closed form."""
    sizes = (1, 2, 3, 5, 10, 20, 50)
    rows: Rows = []
    for result, label in zip(results, labels, strict=True):
        d = result.decomposition
        if d.loss in ("brier", "squared") and d.estimator == "unbiased" and not d.incoherence_note:
            rows += [
                {
                    "group": label,
                    "epochs": p.size,
                    "error": p.error,
                    "bias_squared": p.bias_squared,
                    "variance": p.variance,
                    "incoherence": p.incoherence,
                }
                for p in ensemble_terms(d, sizes)
            ]
    if not rows:
        return None

    def draw(axes: Any) -> None:
        for number, label in enumerate(dict.fromkeys(r["group"] for r in rows)):
            own = [r for r in rows if r["group"] == label]
            _points(
                axes, number, [r["epochs"] for r in own], [r["error"] for r in own], plain(label), line=True
            )
            axes.axhline(own[0]["bias_squared"], color=COLOURS[number % 8], linestyle=":", linewidth=1)
        axes.set(xscale="log", xlabel="epochs averaged", ylabel="error of the average", ylim=(0, None))
        axes.set_xticks(sizes, [str(s) for s in sizes])
        _legend(axes)

    caption = "Averaging E predictions divides the variance by E and leaves the bias (dotted): what incoherence costs, averaging mends. Beyond the number of epochs this is extrapolated."
    return Drawing("ensembling", "Averages of several epochs", caption, draw, rows)


def reliability_drawing(results: Sequence[GroupResult], labels: Sequence[str]) -> Drawing | None:
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

    def draw(axes: Any) -> None:
        for number, label in enumerate(dict.fromkeys(row["group"] for row in rows)):
            own = [row for row in rows if row["group"] == label]
            measured = [row for row in own if not row["extrapolated"]]
            colour = COLOURS[number % len(COLOURS)]
            _points(
                axes,
                number,
                [r["k"] for r in measured],
                [r["pass_hat_k"] for r in measured],
                plain(label),
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
        _legend(axes)

    caption = (
        "Chance that k epochs of a question are all right: measured up to the epochs at hand, dashed where a "
        "beta-binomial over the questions takes it further. Shaded: 95 % intervals over questions (clusters)."
    )
    return Drawing("reliability", "How often all of k epochs are right", caption, draw, rows)


def finding_drawing(finding: Finding) -> Drawing:
    """One of the paper's analyses: a line for each group, with the intervals of its table."""
    rows = [row for row in finding.rows if row[finding.y] is not None and row[finding.x] is not None]
    names = not all(isinstance(row[finding.x], int | float) for row in rows)
    places = list(dict.fromkeys(row[finding.x] for row in rows)) if names else []
    low, high = f"{finding.y}_low", f"{finding.y}_high"

    def draw(axes: Any) -> None:
        groups = list(dict.fromkeys(row["group"] for row in rows))
        for number, group in enumerate(groups):
            own = [row for row in rows if row["group"] == group]
            y = [row[finding.y] for row in own]
            x = [places.index(row[finding.x]) if names else row[finding.x] for row in own]
            if names:
                # Side by side where they stand at one name.
                x = [at + 0.5 * ((number + 0.5) / len(groups) - 0.5) for at in x]
            bars = [
                [max(0.0, v - _or(row[low], v)) for v, row in zip(y, own, strict=True)],
                [max(0.0, _or(row[high], v) - v) for v, row in zip(y, own, strict=True)],
            ]
            _points(axes, number, x, y, plain(group), yerr=bars, line=not names)
        axes.set(xlabel=finding.x.replace("_", " "), ylabel=finding.y.replace("_", " "))
        if names:
            axes.set_xticks(range(len(places)), [plain(str(place)) for place in places], fontsize=7)
        elif finding.log_x and all(row[finding.x] > 0 for row in rows):
            axes.set(xscale="log")
        _legend(axes)

    return Drawing(finding.name.replace("_", "-"), finding.title, finding.caption, draw, finding.rows)


def _plain_ticks(axes: Any) -> None:
    """Few ticks with plain numbers, on logarithmic axes too: their own labels are formulas."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_minor_locator(NullLocator())
            if not isinstance(axis.get_major_locator(), FixedLocator):
                axis.set_major_locator(MaxNLocator(5))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    if not isinstance(axes.xaxis.get_major_locator(), FixedLocator):
        axes.xaxis.set_major_locator(MaxNLocator(6))


@contextmanager
def _style(name: str) -> Iterator[None]:
    require("matplotlib", extra="analysis", purpose="the report's figures")
    import matplotlib

    settings: Any = {  # the stubs want every key to be a literal
        "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and restyled
        "svg.hashsalt": name,
        "text.parse_math": False,  # a model's name is no formula, whatever signs are in it
        "font.family": "sans-serif",
        "font.size": 9,
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
    axes: Any, number: int, x: list[float], y: list[float], label: str, *, line: bool = False, **errors: Any
) -> None:
    colour = COLOURS[number % len(COLOURS)]
    axes.errorbar(
        x, y, **errors, fmt=MARKERS[number % len(MARKERS)] + ("-" if line else ""), color=colour, ecolor=colour,
        elinewidth=1, markersize=5, label=label, zorder=3,
    )  # fmt: skip


def _legend(axes: Any) -> None:
    """Names below the axes, where they cover nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        columns = 2 if max(map(len, labels)) < 38 else 1
        axes.figure.legend(handles, labels, loc="outside lower left", ncols=columns, fontsize=8)


def _bars(value: float, ci: Any) -> list[list[float]] | None:
    if math.isnan(ci.low):
        return None
    return [[max(0.0, value - ci.low)], [max(0.0, ci.high - value)]]


def _or(value: float | None, other: float) -> float:
    return other if value is None or math.isnan(value) else value


def _length_name(kept: Sequence[tuple[GroupResult, str]]) -> str:
    names = {(r.length or "").replace("_", " ") for r, _ in kept}
    return names.pop() if len(names) == 1 else "length"
