"""`hotmess/optimizer`: does a model that walks downhill miss the minimum the same way every time?

Each sample is a start on an ill-conditioned quadratic, each epoch a stochastic walk from it, each action one update of
the position. The error is the squared distance of the last position to the minimum, in the surface's own norm.

    inspect eval hotmess/optimizer --model hotmess/optimizer
    inspect eval hotmess/optimizer --model hotmess/optimizer -M size=3k -T starts=16
    inspect eval hotmess/optimizer --model hotmess/optimizer -M checkpoint=out/50k.npz -T checkpoint=out/50k.npz
    inspect eval hotmess/optimizer --model openai/gpt-5-mini -T dims=4 -T starts=4 -T steps=20

Everything that is asked and answered is text, so any language model can take the trained one's place.

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.4, https://arxiv.org/abs/2601.23045
"""

from typing import TYPE_CHECKING

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig

from hotmess_inspect.experiments.optimizer.scorer import walk_end, walk_incoherence
from hotmess_inspect.experiments.optimizer.walk import START, problem_fields, walk

if TYPE_CHECKING:
    from hotmess_inspect.experiments.optimizer.problem import ProblemConfig

DEFAULT_STARTS = 4
DEFAULT_STEPS = 150
DEFAULT_EPOCHS = 8


@task
def optimizer(
    starts: int = DEFAULT_STARTS,
    steps: int = DEFAULT_STEPS,
    epochs: int = DEFAULT_EPOCHS,
    temperature: float = 1.0,
    seed: int = 0,
    checkpoint: str | None = None,
    dims: int | None = None,
    condition_number: float | None = None,
    step_norm: float | None = None,
    start_half_width: float | None = None,
    minimum_distance: float | None = None,
    precision: int | None = None,
    schedule: str | None = None,
    surface_seed: int | None = None,
    estimator: str = "unbiased",
) -> Task:
    """Walks down a quadratic over repeated epochs, decomposed into bias and variance per start.

    Args:
        starts: Number of samples.
        steps: Updates in each walk, one model call each.
        epochs: Walks from each start.
        temperature: Of the model; at 0 all epochs are the same walk.
        seed: Of the starts.
        checkpoint: A trained optimizer (.npz) whose problem is asked about; the bundled models' if not given.
        dims: Dimensions, instead of that problem's.
        condition_number: Largest over smallest curvature, likewise.
        step_norm: Length of a step, likewise.
        start_half_width: Half width of the cube of the starts, likewise.
        minimum_distance: Distance of the minimum from the middle of that cube, likewise.
        precision: Mantissa digits after the first, likewise.
        schedule: How the teacher's step length changes (fixed, harmonic, tapered), likewise.
        surface_seed: Seed of the surface, likewise.
        estimator: Of the metric: "unbiased" or "plugin".
    """
    from hotmess_inspect.plugin.viewer import headlined, viewer_config

    for name, count, least in (("starts", starts, 1), ("steps", steps, 1), ("epochs", epochs, 1)):
        if count < least:
            raise ValueError(f"{name} must be at least {least}, not {count}")
    problem = task_problem(
        checkpoint,
        dims=dims,
        condition_number=condition_number,
        step_norm=step_norm,
        start_half_width=start_half_width,
        minimum_distance=minimum_distance,
        precision=precision,
        schedule=schedule,
        seed=surface_seed,
    )
    fields = problem_fields(problem)
    return Task(
        dataset=start_samples(problem, starts, seed),
        solver=walk(problem=fields, steps=steps),
        scorer=walk_end(problem=fields),
        metrics=[walk_incoherence(estimator=estimator)],
        config=GenerateConfig(temperature=temperature),
        epochs=epochs,
        viewer=viewer_config("walk_end"),
        **headlined("walk_end"),
    )


def task_problem(checkpoint: str | None, **changes: int | float | str | None) -> "ProblemConfig":
    """The problem of a checkpoint, or the bundled models', with the changes that are not None.

    Raises:
        ValueError: If a value is outside its range, or the checkpoint is none.
        PrerequisiteError: If there is no such checkpoint.
    """
    from dataclasses import replace
    from pathlib import Path

    from hotmess_inspect._inspect_private import prerequisite_error
    from hotmess_inspect.experiments.optimizer.problem import (
        LAPTOP_PROBLEM,
        ProblemConfig,
        missing_checkpoint,
        read_about,
    )

    try:
        problem = (
            LAPTOP_PROBLEM if checkpoint is None else ProblemConfig(**read_about(Path(checkpoint))["problem"])
        )
    except FileNotFoundError as error:
        raise prerequisite_error(missing_checkpoint(checkpoint)) from error
    given = {name: value for name, value in changes.items() if value is not None}
    changed: ProblemConfig = replace(problem, **given)  # type: ignore[arg-type]
    # Built once here, so that a bad value is named before the first model call.
    changed.teacher()
    changed.number  # noqa: B018
    return changed


def start_samples(problem: "ProblemConfig", starts: int, seed: int) -> MemoryDataset:
    """One sample per start: its first question, the minimum as target, the start as metadata."""
    import numpy as np

    from hotmess_inspect.experiments.optimizer.prompt import step_prompt
    from hotmess_inspect.experiments.optimizer.quadratic import random_starts

    number, surface = problem.number, problem.teacher().quadratic
    points = random_starts(starts, problem.dims, problem.start_half_width, np.random.default_rng(seed))
    units = number.decode_units(number.encode(points))
    samples = [
        Sample(
            input=step_prompt(problem, surface, start),
            target=number.to_text(number.encode(surface.minimum)),
            id=f"start-{place:04d}",
            metadata={START: number.to_text(number.encode_units(start))},
        )
        for place, start in enumerate(units)
    ]
    return MemoryDataset(samples, name="quadratic")
