"""`hotmess optimizer`: train transformers to imitate steepest descent, roll them out, measure how they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotmess_inspect.cli._writing import overwrite_option, sentences

if TYPE_CHECKING:
    from hotmess_inspect.experiments.optimizer.presets import Preset, Walks
    from hotmess_inspect.experiments.optimizer.train import Progress

PRESET_NAMES = ("tiny", "laptop", "laptop-4d", "paper")
Command = TypeVar("Command", bound=Callable[..., Any])


@contextmanager
def _usage_errors() -> Iterator[None]:
    """Bad values end with status 2 and one line, a missing extra with status 1 and the command that mends it."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from error
    except ImportError as error:
        raise click.ClickException(str(error)) from error


def _device_options(command: Command) -> Command:
    command = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, ...")(
        command
    )
    return click.option(
        "--jobs",
        "--workers",
        "workers",
        type=click.IntRange(1),
        help="Processes on a CPU. Default: one per core.",
    )(command)


@click.group()
def optimizer() -> None:
    """The synthetic optimizer: train, roll out, scale."""


@optimizer.command()
@click.option("--preset", type=click.Choice(PRESET_NAMES), default="laptop", show_default=True)
@click.option(
    "-o",
    "--output",
    "--out",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Default: ./optimizer-PRESET.",
)
@click.option("--sizes", help="Some of the preset's sizes, or others: 12k,50k.")
@click.option("--steps", type=click.IntRange(1), help="Training steps instead of the preset's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@_device_options
@click.option("--report/--no-report", default=True, help="Roll out and measure when trained.")
@click.option("--dry-run", is_flag=True, help="Only count the arithmetic that it would need.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the report (or the count) as JSON.")
def train(
    preset: str,
    out: Path | None,
    sizes: str | None,
    steps: int | None,
    seed: int,
    device: str,
    workers: int | None,
    report: bool,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Train every size of a preset, resuming where there are checkpoints; then roll out and report."""
    with _usage_errors():
        study = _chosen(preset, sizes, steps)
        if dry_run:
            _print_work(study, as_json)
            return
        from hotmess_inspect.experiments.optimizer.study import train_sizes
        from hotmess_inspect.io.writing import check_target

        folder = out or Path(f"optimizer-{preset}")
        with sentences(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            for size in study.sizes:
                check_target(str(folder / f"{size}.npz"), "NumPy", overwrite=overwrite)
        if report:
            _check_report(folder, figures=True, overwrite=overwrite)
        with sentences(str(folder)):
            train_sizes(
                study,
                folder,
                seed=seed,
                device=device,
                workers=workers,
                progress=echo_progress,
                overwrite=overwrite,
            )
        if report:
            _measure(folder, study.walks, device, workers, as_json, figures=True, overwrite=overwrite)


@optimizer.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--preset", type=click.Choice(PRESET_NAMES), default="laptop", show_default=True, help="How to roll out."
)
@click.option("--starts", type=click.IntRange(2), help="Starts instead of the preset's.")
@click.option("--steps", type=click.IntRange(1), help="Steps of a roll-out instead of the preset's.")
@_device_options
@click.option("--figures/--no-figures", default=True, help="Draw the figures too.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def scaling(
    folder: Path,
    preset: str,
    starts: int | None,
    steps: int | None,
    device: str,
    workers: int | None,
    figures: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Roll out every trained model in FOLDER and fit power laws against size; report and figures are written there."""
    with _usage_errors():
        walks = _changed(_chosen(preset, None, None).walks, starts=starts, steps=steps)
        _check_report(folder, figures=figures, overwrite=overwrite)
        _measure(folder, walks, device, workers, as_json, figures=figures, overwrite=overwrite)


@optimizer.command()
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--starts", type=click.IntRange(2), default=256, show_default=True)
@click.option("--steps", type=click.IntRange(1), default=300, show_default=True)
@click.option("--temperature", type=click.FloatRange(0), default=0.0, show_default=True)
@click.option(
    "--epochs", type=click.IntRange(2), default=16, show_default=True, help="Per start, above temperature 0."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def rollout(
    checkpoint: Path | None,
    starts: int,
    steps: int,
    temperature: float,
    epochs: int,
    seed: int,
    device: str,
    as_json: bool,
) -> None:
    """Roll out one trained model (default: the one that comes with the package).

    At temperature 0 the walks of all starts are decomposed together, beside the teacher's; above it the walks of every
    start by themselves.
    """
    with _usage_errors():
        from hotmess_inspect.experiments.optimizer.study import single_report

        found = single_report(
            checkpoint,
            starts=starts,
            steps=steps,
            temperature=temperature,
            epochs=epochs,
            seed=seed,
            device=device,
        )
    if as_json:
        click.echo(json.dumps(found))
        return
    _table(["step", "error", "bias²", "variance", "incoherence", "teacher's"], _curve_rows(found))
    click.echo(
        f"{found['size']}, {found['parameters']:,} parameters, held-out loss {found['held_out_loss']:.4f}"
    )


def echo_progress(size: str, progress: Progress) -> None:
    """One line per evaluation on stderr, from whichever process trains."""
    click.echo(
        f"{size:>5}  step {progress.step:>6}  train {progress.train_loss:.4f}  held out "
        f"{progress.held_out_loss:.4f}  {progress.tokens_per_second:,.0f} tokens/s",
        err=True,
    )


def _chosen(preset: str, sizes: str | None, steps: int | None) -> Preset:
    from hotmess_inspect.experiments.optimizer.model import shape_of
    from hotmess_inspect.experiments.optimizer.presets import preset_of

    study = preset_of(preset)
    if sizes is not None:
        names = tuple(name.strip().lower() for name in sizes.split(","))
        for name in names:
            shape_of(name)
        study = replace(study, sizes=names)
    if steps is not None:
        study = replace(study, training=replace(study.training, steps=steps))
    return study


def _changed(walks: Walks, **changes: int | None) -> Walks:
    return replace(walks, **{name: value for name, value in changes.items() if value is not None})


def _check_report(folder: Path, *, figures: bool, overwrite: bool) -> None:
    """Whether the report may be written, asked before hours of work."""
    from hotmess_inspect.experiments.optimizer.figures import FIGURES
    from hotmess_inspect.io.writing import check_target

    with sentences(str(folder)):
        check_target(str(folder / "report.json"), "JSON", overwrite=overwrite)
        for name in FIGURES if figures else ():
            check_target(str(folder / name), "PNG", overwrite=overwrite)


def _measure(
    folder: Path,
    walks: Walks,
    device: str,
    workers: int | None,
    as_json: bool,
    *,
    figures: bool,
    overwrite: bool,
) -> None:
    from hotmess_inspect.experiments.optimizer.study import study_report, write_report

    found = study_report(folder, walks, device=device, workers=workers)
    with sentences(str(folder)):
        write_report(found, folder / "report.json", overwrite=overwrite)
        if figures:
            from hotmess_inspect.experiments.optimizer.figures import save_figures

            save_figures(found, folder, overwrite=overwrite)
    if as_json:
        json.dump(found, sys.stdout)
        return
    _table(
        ["size", "parameters", "loss", "error", "bias²", "variance", "incoherence", "teacher's", "per start"],
        [_size_row(size, found["teacher"]) for size in found["sizes"]],
    )
    _table(["against size", "of", "exponent", "95 % over starts", "95 % of fit", "paper"], _law_rows(found))
    click.echo(f"report and figures in {folder}")


def _size_row(size: dict[str, Any], teacher: dict[str, Any]) -> list[str]:
    last = {name: values[-1] for name, values in size["over_starts"].items()}
    return [
        size["size"],
        f"{size['parameters']:,}",
        _number(size["held_out_loss"]),
        *(_number(last[name]) for name in ("error", "bias_squared", "variance", "incoherence")),
        _number(teacher["incoherence"][-1]),
        _number(size["per_start"]["incoherence"][-1]),
    ]


def _law_rows(found: dict[str, Any]) -> list[list[str]]:
    rows = []
    for group, laws in found["laws"].items():
        for term, law in laws.items():
            paper = found["paper_exponents"].get(term) if group.startswith("over_starts") else None
            intervals = [_interval(law["interval"]), _interval(law["fit_interval"])]
            rows.append(
                [group, term, _number(law["exponent"]), *intervals, "" if paper is None else _number(paper)]
            )
    return rows


def _curve_rows(found: dict[str, Any]) -> list[list[str]]:
    curve, teacher = found["curve"], found["teacher"]
    chosen = sorted({round(i * (len(curve["steps"]) - 1) / 10) for i in range(11)})
    names = ("error", "bias_squared", "variance", "incoherence")
    return [
        [
            str(curve["steps"][i]),
            *(_number(curve[name][i]) for name in names),
            _number(teacher["incoherence"][i]),
        ]
        for i in chosen
    ]


def _print_work(study: Preset, as_json: bool) -> None:
    from hotmess_inspect.experiments.optimizer.presets import work

    amounts = work(study)
    if as_json:
        click.echo(json.dumps([vars(amount) for amount in amounts]))
        return
    # A hundred gigaflops is what two laptop cores sustain on these shapes, a hundred teraflops a tenth of a data-centre GPU.
    rows = [
        [
            amount.size,
            f"{amount.training_flops:.2e}",
            f"{amount.rollout_flops:.2e}",
            *(f"{(amount.training_flops + amount.rollout_flops) / rate / 3600:.2f}" for rate in (1e11, 1e14)),
        ]
        for amount in amounts
    ]
    _table(["size", "training FLOP", "roll-out FLOP", "hours at 0.1 TFLOP/s", "hours at 100 TFLOP/s"], rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _interval(bounds: list[float | None]) -> str:
    return "-" if None in bounds else f"{_number(bounds[0])} to {_number(bounds[1])}"


def _table(header: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table

    from hotmess_inspect.render.console import cell, console

    table = Table(*header)
    for row in rows:
        table.add_row(*map(cell, row))
    console().print(table)
