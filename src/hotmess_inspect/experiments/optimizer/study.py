"""A study from end to end: train every size, roll each out, decompose, fit power laws, write the report."""

import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.measures import (
    Curve,
    Estimator,
    Scaling,
    about_teacher,
    excess,
    loss_scaling,
    over_starts,
    per_start,
    per_start_scaling,
    size_scaling,
    teacher_walk,
)
from hotmess_inspect.experiments.optimizer.model import forward_flops
from hotmess_inspect.experiments.optimizer.presets import Preset, Walks
from hotmess_inspect.experiments.optimizer.problem import BUNDLED, ProblemConfig, trained_files
from hotmess_inspect.experiments.optimizer.quadratic import FloatArray, random_starts
from hotmess_inspect.experiments.optimizer.rollout import rollout
from hotmess_inspect.experiments.optimizer.steps import recorded_steps
from hotmess_inspect.experiments.optimizer.train import Progress, TrainConfig, one_thread, pick_device, train
from hotmess_inspect.experiments.optimizer.trained import Trained, from_result, load_trained, save_trained
from hotmess_inspect.io.writing import replacing

require("torch", extra="optimizer", purpose="A study of trained optimizers")

import torch  # noqa: E402

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")

# Exponents against size, read off a figure of arXiv 2601.23045 and not given there as numbers.
PAPER_EXPONENTS = {"bias_squared": -2.165, "variance": -0.878}
SCHEMA = 1


def train_sizes(
    preset: Preset,
    folder: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
    progress: Callable[[str, Progress], None] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Train every size of a study, each resuming from its checkpoint where it has one.

    All sizes see the same trajectories in the same order. On a CPU each is trained in a process of its own on a single
    thread, the largest first: matrices this small do not gain from several threads, and the weights do not depend on
    the number of cores.

    Args:
        preset: The study.
        folder: Receives ``<size>.npz`` and ``checkpoints/``.
        seed: Of trajectories, order and weights.
        device: See :func:`train`.
        workers: Processes on a CPU; None takes one per core, and 1 works in this one.
        progress: Called with size and progress at every evaluation, in the process that trains.
        overwrite: Whether to replace files of a size's name that are no NumPy files.

    Returns:
        The trained models' files, in the order of the sizes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    largest_first = sorted(preset.sizes, key=lambda size: -preset.config(size).flops_per_sequence)
    jobs = [
        _Training(preset.config(size), seed, device, folder, progress, overwrite) for size in largest_first
    ]
    in_parallel(_train_one, jobs, device, workers)
    return [folder / f"{size}.npz" for size in preset.sizes]


@dataclass(frozen=True)
class _Training:
    config: TrainConfig
    seed: int
    device: str
    folder: Path
    progress: Callable[[str, Progress], None] | None
    overwrite: bool


def _train_one(job: _Training) -> None:
    size = job.config.size
    result = train(
        job.config,
        np.random.default_rng(job.seed),
        device=job.device,
        checkpoint=job.folder / "checkpoints" / f"{size}.pt",
        data_dir=job.folder / "checkpoints",
        progress=None if job.progress is None else partial(job.progress, size),
    )
    save_trained(from_result(result), job.folder / f"{size}.npz", overwrite=job.overwrite)


def in_parallel(
    work: Callable[[Argument], Answer], jobs: Iterable[Argument], device: str, workers: int | None
) -> list[Answer]:
    """Do independent jobs: on a CPU each on a single thread in processes, on an accelerator one after the other."""
    waiting = list(jobs)
    if pick_device(device).type != "cpu":
        return [work(job) for job in waiting]
    count = min(workers or os.cpu_count() or 1, len(waiting))
    if count == 1:
        with one_thread(pick_device(device)):
            return [work(job) for job in waiting]
    # Spawned and not forked: a forked child inherits torch's threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_single_thread) as pool:
        return list(pool.map(work, waiting))


def _single_thread() -> None:
    torch.set_num_threads(1)


@dataclass(frozen=True)
class SizeWalks:
    """The roll-outs of one size.

    Attributes:
        about: Size, parameters, held-out loss, provenance, throughput.
        greedy: From every start, (starts, recorded, dims).
        repeated: Stochastic, (repeated starts, epochs, recorded, dims).
        saturated: Greedy walks that left the range that can be written.
    """

    about: dict[str, Any]
    greedy: FloatArray
    repeated: FloatArray
    saturated: int


def study_starts(problem: ProblemConfig, walks: Walks) -> FloatArray:
    """The starts of the roll-outs, (starts, dims); the repeated ones are the first of them."""
    count = max(walks.starts, walks.repeated_starts)
    return random_starts(count, problem.dims, problem.start_half_width, np.random.default_rng(walks.seed))


def walk_seeds(walks: Walks) -> list[int]:
    """A seed for every stochastic walk, epochs of the first start first."""
    count = walks.repeated_starts * walks.epochs
    return [int(seed) for seed in np.random.default_rng((walks.seed, 1)).integers(2**62, size=count)]


def walk_size(path: Path, walks: Walks, device: str = "auto") -> SizeWalks:
    """Roll out one trained model as the study says."""
    trained = load_trained(path, pick_device(device))
    problem, model = trained.problem, trained.model
    starts = study_starts(problem, walks)
    began = time.perf_counter()
    greedy = rollout(model, problem, starts[: walks.starts], walks.steps, record_every=walks.record_every)
    seconds = time.perf_counter() - began
    again = np.repeat(starts[: walks.repeated_starts], walks.epochs, axis=0)
    stochastic = rollout(
        model,
        problem,
        again,
        walks.steps,
        temperature=walks.temperature,
        seeds=walk_seeds(walks),
        record_every=walks.record_every,
    )
    updates = walks.starts * walks.steps
    flops = forward_flops(model.shape, range(problem.context - 1)) * updates
    about = {
        "size": trained.size,
        "parameters": model.parameter_count,
        "held_out_loss": trained.provenance["held_out_loss"],
        "rollout": {
            "seconds": seconds,
            "updates_per_second": updates / seconds,
            "flops_per_second": flops / seconds,
        },
        "provenance": trained.provenance,
    }
    repeated = stochastic.points.reshape(walks.repeated_starts, walks.epochs, -1, problem.dims)
    return SizeWalks(about, greedy.points, repeated, greedy.saturated)


def study_report(
    folder: Path, walks: Walks, *, device: str = "auto", workers: int | None = None, examples: int = 6
) -> dict[str, Any]:
    """Roll out every trained model of a folder and measure.

    Args:
        folder: Holds ``<size>.npz`` of one problem.
        walks: How to roll out.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        workers: Processes on a CPU; None takes one per core, and 1 works in this one.
        examples: Greedy walks of each size that are kept as points, for the figure.

    Returns:
        A report of plain values, ready for JSON: ``problem``, ``walks``, ``teacher`` and ``exact_teacher`` (curves),
        ``sizes`` (per size curves over starts, their excess over the teacher, about the teacher, and per start) and
        ``laws`` (power laws against the number of parameters). Undefined is None.

    Raises:
        ValueError: If the models are of different problems, or there are none.
    """
    files = trained_files(folder)
    problems = {path: load_trained(path).problem for path in files}
    problem = problems[files[0]]
    if len(set(problems.values())) > 1:
        raise ValueError(f"the models in {folder} imitate different problems: {problems}")
    measured = in_parallel(partial(walk_size, walks=walks, device=device), files[::-1], device, workers)
    measured.sort(key=lambda size: size.about["parameters"])
    surface, steps = problem.teacher().quadratic, recorded_steps(walks.steps, walks.record_every)
    starts = study_starts(problem, walks)[: walks.starts]
    walked = partial(teacher_walk, problem, starts, walks.steps, record_every=walks.record_every)
    written, exact = walked(written=True), walked(written=False)
    floor = over_starts(written, steps, surface)
    sizes = []
    for size in measured:
        curve = over_starts(size.greedy, steps, surface)
        sizes.append(
            size.about
            | {
                "saturated": size.saturated,
                "over_starts": as_columns(curve),
                "excess": asdict_arrays(excess(curve, floor)),
                "about_teacher": as_columns(about_teacher(size.greedy, written, steps, surface)),
                "per_start": as_columns(per_start(size.repeated, steps, surface)),
                "examples": size.greedy[:examples].tolist(),
            }
        )
    report = {
        "schema": SCHEMA,
        "problem": asdict(problem),
        "surface": {"matrix": surface.matrix.tolist(), "minimum": surface.minimum.tolist()},
        "walks": asdict(walks),
        "teacher": as_columns(floor) | {"examples": written[:examples].tolist()},
        "exact_teacher": as_columns(over_starts(exact, steps, surface)),
        "sizes": sizes,
        "laws": _laws(measured, written, walks, problem),
        "paper_exponents": PAPER_EXPONENTS,
    }
    cleaned: dict[str, Any] = none_for_nan(report)
    return cleaned


def _laws(
    measured: list[SizeWalks], written: FloatArray, walks: Walks, problem: ProblemConfig
) -> dict[str, Any]:
    """Power laws over the last recorded steps: over starts (plug-in and unbiased), per start, and of the loss."""
    surface = problem.teacher().quadratic
    last = math.ceil(walks.window * written.shape[1])
    parameters = [size.about["parameters"] for size in measured]
    greedy = [size.greedy[:, -last:] for size in measured]
    laws: dict[str, dict[str, Scaling]] = {}
    estimators: tuple[Estimator, ...] = ("unbiased", "plugin")
    for estimator in estimators:
        laws[f"over_starts_{estimator}"] = size_scaling(
            parameters,
            greedy,
            written[:, -last:],
            surface,
            estimator=estimator,
            rng=np.random.default_rng(walks.seed),
        )
    laws["per_start"] = per_start_scaling(
        parameters,
        [size.repeated[:, :, -last:] for size in measured],
        surface,
        rng=np.random.default_rng(walks.seed),
    )
    laws["held_out"] = {"loss": loss_scaling(parameters, [size.about["held_out_loss"] for size in measured])}
    return {group: {name: asdict_scaling(law) for name, law in by.items()} for group, by in laws.items()}


def as_columns(curve: Curve) -> dict[str, Any]:
    """A curve's columns as lists, incoherence among them."""
    return asdict_arrays(curve) | {"incoherence": curve.incoherence.tolist()}


def asdict_arrays(record: Any) -> dict[str, Any]:
    """A dataclass of arrays as a dictionary of lists."""
    return {name: values.tolist() for name, values in asdict(record).items()}


def asdict_scaling(scaling: Scaling) -> dict[str, Any]:
    """A power law's numbers, by name."""
    return {
        "values": list(scaling.values),
        "exponent": scaling.law.exponent,
        "interval": list(scaling.interval),
        "fit_interval": list(scaling.fit_interval),
        "r_squared": scaling.law.r_squared,
        "sizes": scaling.law.points,
        "left_out": scaling.law.left_out,
        "note": scaling.law.note,
    }


def none_for_nan(value: Any) -> Any:
    """Plain values with None in the place of every number that is not finite, as JSON has no other word for it."""
    if isinstance(value, dict):
        return {key: none_for_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [none_for_nan(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_report(report: dict[str, Any], path: Path, *, overwrite: bool = False) -> None:
    """Write a report as JSON, seven significant digits each; with ``overwrite`` over a file of any kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(report), indent=None, separators=(",", ":")) + "\n"
    with replacing(str(path), "JSON", overwrite=overwrite) as part:
        Path(part).write_text(text, encoding="utf-8")


def rounded(value: Any) -> Any:
    """Plain values with numbers cut to seven significant digits."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def single_report(
    checkpoint: Path | None,
    *,
    starts: int,
    steps: int,
    temperature: float,
    epochs: int,
    seed: int,
    device: str = "auto",
) -> dict[str, Any]:
    """Roll out one model and decompose: over starts at temperature 0, per start above it.

    Args:
        checkpoint: A ``.npz`` file; None is the largest model that comes with the package.
        starts: Number of starts.
        steps: Updates to make.
        temperature: See :func:`rollout`.
        epochs: Walks from each start, above temperature 0.
        seed: Of starts and draws.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...

    Returns:
        ``size``, ``parameters``, ``held_out_loss``, ``provenance``, and the curves ``curve`` and ``teacher``, the
        latter over the same starts. Undefined is None.
    """
    place = pick_device(device)
    trained = load_trained(checkpoint or trained_files(BUNDLED)[-1], place)
    with one_thread(place):
        return _single_report(trained, starts, steps, temperature, epochs, seed)


def _single_report(
    trained: Trained, starts: int, steps: int, temperature: float, epochs: int, seed: int
) -> dict[str, Any]:
    problem, surface = trained.problem, trained.problem.teacher().quadratic
    every = max(1, steps // 100)
    walks = Walks(starts=starts, steps=steps, repeated_starts=starts, epochs=epochs, seed=seed)
    points = study_starts(problem, walks)
    written = teacher_walk(problem, points, steps, record_every=every)
    if temperature == 0:
        walked = rollout(trained.model, problem, points, steps, record_every=every)
        curve = over_starts(walked.points, walked.steps, surface)
    else:
        walked = rollout(
            trained.model,
            problem,
            np.repeat(points, epochs, axis=0),
            steps,
            temperature=temperature,
            seeds=walk_seeds(walks),
            record_every=every,
        )
        grouped = walked.points.reshape(starts, epochs, -1, problem.dims)
        curve = per_start(grouped, walked.steps, surface)
    cleaned: dict[str, Any] = none_for_nan(
        {
            "size": trained.size,
            "parameters": trained.model.parameter_count,
            "held_out_loss": trained.provenance["held_out_loss"],
            "provenance": trained.provenance,
            "curve": as_columns(curve),
            "teacher": as_columns(over_starts(written, walked.steps, surface)),
        }
    )
    return cleaned
