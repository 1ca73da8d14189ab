"""Figures of a study: walks over contours, incoherence along the walk, bias and variance against size."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.quadratic import FloatArray, Quadratic
from hotmess_inspect.io.writing import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by people who confuse red and green.
BIAS_COLOUR, VARIANCE_COLOUR, ERROR_COLOUR, TEACHER_COLOUR = "#0072B2", "#D55E00", "#000000", "#7f7f7f"


FIGURES = ("trajectories.png", "incoherence.png", "scaling.png")


def save_figures(report: dict[str, Any], folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Draw every figure of a report that :func:`study_report` made.

    Args:
        report: The report.
        folder: Receives ``trajectories.png``, ``incoherence.png`` and ``scaling.png``.
        overwrite: Whether to replace files of these names that are no PNG.

    Returns:
        The files.

    Raises:
        ImportError: If matplotlib is not installed; the message names the extra.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = (plot_trajectories(report), plot_incoherence(report), plot_scaling(report))
    paths = [folder / name for name in FIGURES]
    for path, figure in zip(paths, drawn, strict=True):
        with replacing(str(path), "PNG", overwrite=overwrite) as part:
            figure.savefig(part, dpi=140, bbox_inches="tight", format="png")
    return paths


def _figure(
    columns: int, width: float = 4.2, height: float = 3.6, *, share: bool = False
) -> "tuple[Figure, list[Axes]]":
    require("matplotlib", extra="optimizer", purpose="Drawing figures")
    from matplotlib.figure import Figure

    # Not through pyplot: no window, no global state, nothing to close.
    figure = Figure(figsize=(width * columns, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, sharex=share, sharey=share)[0]
    return figure, list(axes)


def plot_trajectories(report: dict[str, Any]) -> "Figure":
    """Greedy walks over the surface's contours, one panel per size and one for the teacher.

    In more than two dimensions everything is shown in the plane of the flattest and the steepest direction through the
    minimum, and the contours are those of the surface in that plane.
    """
    surface = Quadratic(np.array(report["surface"]["matrix"]), np.array(report["surface"]["minimum"]))
    panels = [("teacher", report["teacher"]["examples"])]
    panels += [(named_size(size), size["examples"]) for size in report["sizes"]]
    figure, axes = _figure(len(panels), 2.9, 3.1, share=True)
    if surface.dims == 2:
        plane, labels = np.eye(2), ("$x_1$", "$x_2$")
    else:
        plane = np.linalg.eigh(surface.matrix)[1][:, [0, -1]]
        labels = ("flattest direction", "steepest direction")
    walks = [(np.array(walk) - surface.minimum) @ plane for _, walk in panels]
    reach = 1.05 * max(float(np.abs(walk).max()) for walk in walks)
    for axis, (name, _), walk in zip(axes, panels, walks, strict=True):
        _contours(axis, plane.T @ surface.matrix @ plane, reach)
        for steps in walk:
            axis.plot(steps[:, 0], steps[:, 1], color=BIAS_COLOUR, linewidth=0.8)
            axis.plot(*steps[0], marker="o", markersize=3, color=BIAS_COLOUR)
            axis.plot(*steps[-1], marker="s", markersize=3.5, color=VARIANCE_COLOUR)
        axis.plot(0, 0, marker="*", markersize=9, color=ERROR_COLOUR)
        axis.set(title=name, xlabel=f"{labels[0]} from minimum", aspect="equal")
    axes[0].set_ylabel(f"{labels[1]} from minimum")
    return figure


def _contours(axis: "Axes", matrix: FloatArray, reach: float) -> None:
    ticks = np.linspace(-reach, reach, 160)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    height = np.einsum("...i,ij,...j->...", grid, matrix, grid) / 2
    levels = height.max() * 4.0 ** np.arange(-7, 1)
    axis.contour(ticks, ticks, height, levels=levels, colors="#bbbbbb", linewidths=0.6)


def plot_incoherence(report: dict[str, Any]) -> "Figure":
    """Along the walk: incoherence over starts and per start, error over starts; the teacher's in grey."""
    figure, (over, single, error) = _figure(3)
    teacher = report["teacher"]
    over.plot(
        teacher["steps"],
        _floats(teacher["incoherence"]),
        color=TEACHER_COLOUR,
        linestyle="--",
        label="teacher",
    )
    error.plot(
        teacher["steps"], _floats(teacher["error"]), color=TEACHER_COLOUR, linestyle="--", label="teacher"
    )
    for size, colour in zip(report["sizes"], _shades(len(report["sizes"])), strict=True):
        name = named_size(size)
        for axis, curve, column in (
            (over, size["over_starts"], "incoherence"),
            (single, size["per_start"], "incoherence"),
            (error, size["over_starts"], "error"),
        ):
            axis.plot(curve["steps"], _floats(curve[column]), color=colour, label=name)
    over.set(title="incoherence over starts", xlabel="step", ylabel="variance / error", ylim=(0, 1.02))
    single.set(title="incoherence per start, over draws", xlabel="step", ylim=(0, 1.02))
    error.set(title="error over starts", xlabel="step", ylabel=r"$E\,\|x-b\|_A^2$", yscale="log")
    error.legend(fontsize=8, frameon=False)
    return figure


def plot_scaling(report: dict[str, Any]) -> "Figure":
    """Bias and variance against the number of parameters, over starts and per start, and the held-out loss."""
    figure, axes = _figure(3)
    parameters = np.array([size["parameters"] for size in report["sizes"]], dtype=np.float64)
    panels = (("over_starts_unbiased", "over starts"), ("per_start", "per start, over draws"))
    for axis, (group, title) in zip(axes, panels, strict=False):
        for term, colour, name in (
            ("bias_squared", BIAS_COLOUR, "bias²"),
            ("variance", VARIANCE_COLOUR, "variance"),
        ):
            _law(axis, parameters, report["laws"][group][term], colour, name)
        axis.set(title=title, ylabel=r"squared A-norm")
    _law(axes[2], parameters, report["laws"]["held_out"]["loss"], ERROR_COLOUR, "loss")
    axes[2].set(title="held-out loss", ylabel="nats per token")
    for axis in axes:
        axis.set(xscale="log", yscale="log", xlabel="parameters")
        axis.set_xticks(parameters, labels=[named_size(size) for size in report["sizes"]])
        axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        axis.legend(fontsize=8, frameon=False)
    return figure


def _law(axis: "Axes", parameters: FloatArray, law: dict[str, Any], colour: str, name: str) -> None:
    values = np.array(_floats(law["values"]))
    shown = values > 0
    left_out = f", {law['left_out']} not positive" if law["left_out"] else ""
    exponent = "no line" if law["exponent"] is None else f"exponent {law['exponent']:.2f}"
    if None not in law["interval"]:
        exponent += " ({:.2f} to {:.2f})".format(*law["interval"])
    axis.plot(parameters[shown], values[shown], "o", color=colour, label=f"{name}: {exponent}{left_out}")
    if law["exponent"] is not None:
        logs = np.log(parameters[shown])
        height = np.log(values[shown]).mean() + law["exponent"] * (logs - logs.mean())
        axis.plot(parameters[shown], np.exp(height), color=colour, linewidth=1)


def named_size(size: dict[str, Any]) -> str:
    """Size as a title: 13.9K."""
    count = size["parameters"]
    return f"{count / 1e6:.1f}M" if count >= 1e6 else f"{count / 1e3:.3g}K"


def _shades(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["viridis"](0.1 + 0.75 * place / max(count - 1, 1)) for place in range(count)]


def _floats(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
