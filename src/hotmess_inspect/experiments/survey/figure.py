"""The scatter of the survey: intelligence across, incoherence up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.survey.entities import CATEGORIES
from hotmess_inspect.experiments.survey.study import PUBLISHED_SPEARMAN, Survey
from hotmess_inspect.io.writing import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by people who confuse red and green; the shapes say the same in print.
_COLOURS = ("#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#6b6b6b")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_MOST_LABELS = 80


def save_figure(found: Survey, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Draw ``survey.png`` and ``survey.svg``.

    Args:
        found: The survey.
        folder: Where to; made if it is not there.
        overwrite: Whether to replace files of other kinds.

    Returns:
        The files.

    Raises:
        ImportError: If matplotlib is not installed; the message names the extra.
    """
    figure = plot_survey(found)
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "survey.png", folder / "survey.svg"]
    # Text that stays text, and neither a date nor random ids: the same survey gives the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "survey"}):
        for file in files:
            metadata = {"Date": None} if file.suffix == ".svg" else {}
            kind = file.suffix[1:]
            with replacing(str(file), kind.upper(), overwrite=overwrite) as part:
                figure.savefig(part, dpi=150, facecolor="white", metadata=metadata, format=kind)
    return files


def plot_survey(found: Survey) -> Figure:
    """Mean ranks of all entities with their standard errors, coloured by category, highest to the right and top."""
    require("matplotlib", extra="analysis", purpose="Drawing the survey")
    from matplotlib.figure import Figure

    # Not through pyplot: no window, no global state, nothing to close.
    figure = Figure(figsize=(9.5, 7.2), layout="constrained")
    axes = figure.subplots()
    count = len(found.entities)
    for place, name in enumerate(_in_order(found)):
        _scatter(axes, found, name, place)
    if count <= _MOST_LABELS:
        _label(axes, found)
    # Ranks: 1 is the most, so both axes run backwards and "more" lies to the right and up.
    axes.set_xlim(count + 2, -1)
    axes.set_ylim(count + 2, -1)
    axes.set_xlabel("mean intelligence rank (more intelligent →)")
    axes.set_ylabel("mean incoherence rank (less coherent →)")
    axes.set_title(_title(found), fontsize=10, loc="left")
    axes.grid(color="#e4e4ea", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="best", fontsize=8, frameon=True, framealpha=0.9)
    return figure


def _in_order(found: Survey) -> list[str]:
    own = set(found.entities.categories)
    return [name for name in CATEGORIES if name in own] + sorted(own - set(CATEGORIES))


def _scatter(axes: Axes, found: Survey, category: str, place: int) -> None:
    chosen = [i for i, name in enumerate(found.entities.categories) if name == category]
    within = found.by_category.get(category)
    label = CATEGORIES.get(category, category or "other")
    if within is not None and not math.isnan(within.value):
        label = f"{label}, ρ = {within.value:.2f}"
    axes.errorbar(
        found.intelligence[chosen],
        found.incoherence[chosen],
        xerr=np.nan_to_num(found.intelligence_error[chosen]),
        yerr=np.nan_to_num(found.incoherence_error[chosen]),
        fmt=_MARKERS[place % len(_MARKERS)],
        color=_COLOURS[place % len(_COLOURS)],
        markersize=5,
        elinewidth=0.8,
        alpha=0.9,
        label=label,
    )


def _label(axes: Axes, found: Survey) -> None:
    """Names beside the points, clear of the error bars; in the first corner that is free and inside the frame."""
    count = len(found.entities)
    width, height = count / 66, count / 44
    taken: list[tuple[float, float, float]] = []
    for i in np.argsort(found.incoherence, kind="stable"):
        x, y = float(found.intelligence[i]), float(found.incoherence[i])
        text = _short(found.entities.names[i])
        span = len(text) * width
        # The axes run backwards: a name begins at its larger end, and above is a smaller rank.
        corners = [(side, rise) for rise in (1, -1) for side in ("left", "right")]
        boxes = [(x if side == "left" else x + span, y - rise * height / 2) for side, rise in corners]
        fitting = [n for n, box in enumerate(boxes) if _fits(box, span, height, count, taken)]
        inside = [n for n, box in enumerate(boxes) if _fits(box, span, height, count, [])]
        place = next(iter([*fitting, *inside, 0]))
        side, rise = corners[place]
        taken.append((*boxes[place], span))
        axes.annotate(
            text,
            (x, y),
            xytext=(3 if side == "left" else -3, 3 if rise == 1 else -3),
            textcoords="offset points",
            ha=side,
            va="bottom" if rise == 1 else "top",
            fontsize=5.5,
            color="#33333d",
            # Names come from files: a dollar sign is no formula.
            parse_math=False,
        )


def _fits(
    box: tuple[float, float],
    span: float,
    height: float,
    count: int,
    taken: list[tuple[float, float, float]],
) -> bool:
    begin, level = box
    inside = begin <= count + 2 and begin - span >= -1
    return inside and all(
        abs(level - other) >= height or begin - span > start or begin < start - length
        for start, other, length in taken
    )


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"


def _title(found: Survey) -> str:
    value, (low, high) = found.correlation.value, found.correlation.both
    interval = "" if math.isnan(low) else f" [{low:.2f} … {high:.2f}]"
    rho = "undefined" if math.isnan(value) else f"{value:.2f}{interval}"
    raters = f"{found.raters['intelligence']} + {found.raters['coherence']} raters"
    return f"Spearman's ρ = {rho}, {len(found.entities)} entities, {raters}; published ρ ≈ {PUBLISHED_SPEARMAN:.2f}"
