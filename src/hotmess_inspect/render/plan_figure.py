"""The figure of `hotmess plan`: predicted width of the interval against epochs, a line per number of questions."""

from __future__ import annotations

from collections.abc import Sequence

from hotmess_inspect._extras import require
from hotmess_inspect.io.writing import replacing
from hotmess_inspect.results.plan import EPOCHS, Plan
from hotmess_inspect.words import counted


def save_plan_figure(
    plans: Sequence[Plan], width: float, path: str, *, inputs: Sequence[str] = (), overwrite: bool = False
) -> None:
    """Draw one panel per plan and write it to a PNG or SVG file.

    Args:
        plans: Plans of groups.
        width: Wanted width, drawn as a dashed line.
        path: Where to; the ending says which format.
        inputs: What was read, which is never written over.
        overwrite: Whether to replace a file of another kind.
    """
    require("matplotlib", extra="analysis", purpose="Drawing figures")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6 * len(plans)), layout="constrained")
    axes = figure.subplots(len(plans), 1, squeeze=False)[:, 0]
    for axis, plan in zip(axes, plans, strict=True):
        start = plan.pilot.questions or 100
        for factor in (0.5, 1, 2, 4):
            questions = max(2, round(start * factor))
            axis.plot(
                EPOCHS,
                [plan.width(questions, r) for r in EPOCHS],
                marker=".",
                label=f"{counted(questions, 'question')}",
            )
        axis.axhline(width, linestyle="--", color="0.5", linewidth=1)
        axis.set(
            xlabel="epochs per question",
            ylabel=f"width of the 95 % interval\nof {plan.quantity}",
            xscale="log",
        )
        axis.set_xticks(EPOCHS, [str(r) for r in EPOCHS])
        axis.set_title(plan.name, fontsize=9, wrap=True)
        axis.set_ylim(bottom=0)
        # Without any known width no limits follow from what is drawn.
        axis.set_xlim(0.9 * EPOCHS[0], 1.1 * EPOCHS[-1])
        axis.legend(fontsize=8)
    kind = "SVG" if path.lower().endswith(".svg") else "PNG"
    with replacing(path, kind, inputs=inputs, overwrite=overwrite) as part:
        figure.savefig(part, dpi=150, format=kind.lower())
